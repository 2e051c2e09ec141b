"""asin, acos, atan, atan2."""

from __future__ import annotations

from bibun.compiler.native.code import Value, absolute, copysign, fma, muladd, select, square_root
from bibun.compiler.native.mathematics.arithmetic import INFINITY, constant, polynomial, rarely
from bibun.compiler.native.mathematics.reduction import HALF_PI, REST
from bibun.compiler.native.mathematics.registry import word

# (t - atan(t)) / t**3 of z = t**2, on [0.0, 0.2501], degree 11, error 2**-57.83
ARCTANGENT = (
    0.33333333333332993,
    -0.19999999999905543,
    0.14285714276575204,
    -0.11111110667042014,
    0.0909089641373432,
    -0.07692076343154082,
    0.06663833550356912,
    -0.058584429428718714,
    0.05122602308027939,
    -0.04188069298699757,
    0.027458515192308044,
    -0.010132361637615321,
)
# (t - atan(t)) / t**3 of z = t**2, on [0.0, 0.2501], degree 5, error 2**-31.93
ARCTANGENT_SINGLE = (
    0.3333332707524793,
    -0.19999498189848358,
    0.1427222930439758,
    -0.1094217083889574,
    0.07988319558019133,
    -0.03877998378891578,
)


@word
def atan(x: Value, *, single: bool) -> Value:
    """The angle in [-pi / 2, pi / 2] whose tangent is x. Source: see atan2."""
    size = absolute(x)
    return copysign(_angle(size, constant(1.0, x), size + 1.0, None, single=single), x)


@word
def atan2(y: Value, x: Value, *, single: bool) -> Value:
    """The angle in [-pi, pi] of the point (x, y), as C99 has it for zeros and infinities.

    The nearest of the directions 0, pi / 4 and pi / 2 is subtracted as the tangents are, t = (v - u c) / (u + v c), so that
    |t| <= 1/2, then t - t**3 p(t**2). Source: FDLIBM s_atan.c and e_atan2.c (Sun Microsystems, 1993), with three directions.
    """
    u, v = absolute(x), absolute(y)
    total = u + v
    common = _angle(v, u, total, x, single=single)

    def careful() -> Value:
        both = u.equals(v)
        equal = both & (u.equals(INFINITY) | u.equals(0.0))  # inf and inf are as far as 1 and 1; 0 and 0 are as 0 and 1
        scale = select(total > 2.0**1000, constant(2.0**-100, x), 1.0)
        a = select(equal, 1.0, u * scale)
        b = select(equal, select(u.equals(0.0), constant(0.0, x), 1.0), v * scale)
        return copysign(_angle(b, a, a + b, x, single=single), y)

    usual = (total > 0.0) & (total < 2.0**1000)
    return rarely(~usual, copysign(common, y), careful)


def _angle(v: Value, u: Value, total: Value, side: Value | None, *, single: bool) -> Value:
    """The angle of (u, v), both >= 0, total = u + v; of (-u, v) where `side` is negative."""
    steep, flat = v >= u * 2.0, v * 2.0 < u
    top = select(steep, -u, select(flat, v, v - u))
    eighths = select(steep, constant(2.0, v), select(flat, constant(0.0, v), 1.0))
    t = top / select(steep, v, select(flat, u, total))
    if side is not None:
        minus = side.bits() & (-1 << 63)
        t = (t.bits() ^ minus).as_float()
        eighths = select(minus < 0, 4.0 - eighths, eighths)
    z = t * t
    if single:
        return muladd(eighths, HALF_PI / 2, t - t * z * polynomial(ARCTANGENT_SINGLE, z))
    tail = muladd(t * z, polynomial(ARCTANGENT, z), eighths * (-REST / 2))
    return fma(eighths, HALF_PI / 2, t - tail)


# (asin(s) - s) / s**3 of z = s**2, on [0.0, 0.25], degree 12, error 2**-59.82
ARCSINE = (
    0.16666666666666763,
    0.07499999999970168,
    0.04464285717519536,
    0.030381942680528726,
    0.022372215736913437,
    0.01735159886486519,
    0.013980974691605976,
    0.011397677694556378,
    0.010787032427206952,
    0.0036812937638070363,
    0.02176743271190249,
    -0.021082467511091968,
    0.03267991365772365,
)
# (asin(s) - s) / s**3 of z = s**2, on [0.0, 0.25], degree 4, error 2**-27.59
ARCSINE_SINGLE = (
    0.16666753807858925,
    0.07495245870993383,
    0.04547667713887995,
    0.02414929776326818,
    0.04221622005760287,
)


def _half_angle(size: Value, *, single: bool) -> tuple[Value, Value, Value]:
    """(size > 1/2, s, asin(s) - s) with s = |x|, or where that is large sqrt((1 - |x|) / 2), the sine of half of acos(|x|)."""
    large = size > 0.5
    z = select(large, muladd(size, -0.5, 0.5), size * size)
    s = select(large, square_root(z), size)
    return large, s, s * z * polynomial(ARCSINE_SINGLE if single else ARCSINE, z)


@word
def asin(x: Value, *, single: bool) -> Value:
    """The angle in [-pi / 2, pi / 2] whose sine is x: s + s**3 p(s**2), or pi / 2 less twice that. Source: FDLIBM e_asin.c."""
    large, s, rest = _half_angle(absolute(x), single=single)
    quarter = HALF_PI / 2  # 2 s is subtracted from pi / 4 and that from pi / 4: the first is exact near 1/2
    complement = quarter - (muladd(s, 2.0, -quarter) + muladd(rest, 2.0, -REST))
    return copysign(select(large, complement, s + rest), x)


@word
def acos(x: Value, *, single: bool) -> Value:
    """The angle in [0, pi] whose cosine is x. Source: FDLIBM e_acos.c."""
    large, s, rest = _half_angle(absolute(x), single=single)
    minus = select(large, x.code.constant(0, "i64", x.lanes), x.bits() & (-1 << 63))
    s, rest = (s.bits() ^ minus).as_float(), (rest.bits() ^ minus).as_float()
    complement = HALF_PI - (s + (rest - REST))
    return select(large, select(x < 0.0, complement, s + rest) * 2.0, complement)
