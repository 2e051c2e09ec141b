"""x less the nearest multiple of pi / 2, for every double. Owns the parts of pi and the bits of 2 / pi; takes no sine.

Up to 2**21 the multiple is subtracted in three parts with fused multiplications (Cody and Waite, Software Manual for the
Elementary Functions, 1980). From there on x 2 / pi is formed as an integer, modulo 4, from the 192 bits of 2 / pi that
matter for the exponent of x (Payne and Hanek, Radian reduction for trigonometric functions, SIGNUM Newsletter 18, 1983).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bibun.compiler.native.code import Code, Value, absolute, fma, muladd, select
from bibun.compiler.native.mathematics.arithmetic import ROUNDING, rarely_all
from bibun.compiler.native.mathematics.registry import part

TWO_OVER_PI = 0.6366197723675814
# pi / 2 = HALF_PI + MIDDLE + LOWEST to 2**-138; MIDDLE has 30 bits, so that n MIDDLE is exact for n < 2**23
HALF_PI, MIDDLE, LOWEST = 1.5707963267948966, 6.12323399409214e-17, 1.6446256936324258e-26
REST = 6.123233995736766e-17  # pi / 2 - HALF_PI
LARGE = 2.0**21  # n LOWEST is good to 2**-117 below, and no double there is nearer to a multiple than 2**-60.5
LARGE_SINGLE = 2.0**30  # a float is never so near to one that HALF_PI + REST would not do


class Reduced(NamedTuple):
    """x = n pi / 2 + (r - low), |r| <= pi / 4. The two lowest bits of `quadrant` are n's; no `low` where r needs none."""

    quadrant: Value
    r: Value
    low: Value | None


def moderate(x: Value, *, single: bool) -> Reduced:
    """x reduced, for |x| up to LARGE (LARGE_SINGLE).

    x - n HALF_PI is exact: a multiple of 2**-53 below 1. The next difference is rounded, and what it lost is exact again.
    """
    integer = muladd(x, TWO_OVER_PI, ROUNDING)
    n = integer - ROUNDING
    exact = fma(n, -HALF_PI, x)
    if single:
        return Reduced(integer.bits(), fma(n, -REST, exact), None)
    r = fma(n, -MIDDLE, exact)
    return Reduced(integer.bits(), r, fma(n, LOWEST, fma(n, MIDDLE, r - exact)))


def reduced(x: Value, *, single: bool) -> Reduced:
    """x reduced, whatever its size; r is nan where x is nan or infinite."""
    usual = moderate(x, single=single)
    parts = [usual.quadrant, usual.r] if usual.low is None else [usual.quadrant, usual.r, usual.low]
    large = absolute(x) > (LARGE_SINGLE if single else LARGE)

    def careful() -> list[Value]:
        n, r, low = lane_by_lane(x, _of_large)
        others = [(n + ROUNDING).bits(), r + (x - x), low]
        return [select(large, other, common) for other, common in zip(others, parts, strict=False)]

    quadrant, r, *low = rarely_all(large, parts, careful)
    return Reduced(quadrant, r, low[0] if low else None)


def lane_by_lane(x: Value, function: Callable[[Value], list[Value]]) -> list[Value]:
    """The values of a function of one lane, for every lane, in a loop."""
    if not x.lanes:
        return function(x)
    code = x.code
    before, loop, end, after, lane, following = (code.fresh() for _ in range(6))
    code.lines += [f"  br label {before}", f"{before[1:]}:", f"  br label {loop}", f"{loop[1:]}:"]
    code.line(f"{lane} = phi i64 [ 0, {before} ], [ {following}, {end} ]")
    place = len(code.lines)
    results = function(code.emit(f"extractelement {x.typed}, i64 {lane}", x.kind))
    vectors = []
    for result in results:
        old = Value(code, code.fresh(), result.kind, x.lanes)
        new = code.emit(f"insertelement {old.typed}, {result.typed}, i64 {lane}", result.kind, x.lanes)
        code.lines.insert(place, f"  {old.text} = phi {old.type} [ poison, {before} ], [ {new.text}, {end} ]")
        vectors.append(new)
    code.lines += [f"  br label {end}", f"{end[1:]}:"]
    code.line(f"{following} = add i64 {lane}, 1")
    more = code.emit(f"icmp ult i64 {following}, {x.lanes}", "i1")
    code.lines += [f"  br i1 {more.text}, label {loop}, label {after}", f"{after[1:]}:"]
    return vectors


# floor(2**1168 / pi), which is floor(2**1167 2 / pi)
TWO_OVER_PI_BITS = int(
    "517CC1B727220A94FE13ABE8FA9A6EE06DB14ACC9E21C820FF28B1D5EF5DE2B0DB92371D2126E9700324977504E8C90E7F"
    "0EF58E5894D39F74411AFA975DA24274CE38135A2FBF209CC8EB1CC1A99CFA4E422FC5DEFC941D8FFC4BFFEF02CC07F797"
    "88C5AD05368FB69B3F6793E584DBA7A31FB34F2FF516BA93DD63F5F2F8BD9E839CFBC529497535FDAFD88FC6AE842B01",
    16,
)
POINT = 1167
FRACTION = 190  # bits after the point of x 2 / pi: 53 are lost to the significand of x, 62 to the nearest multiple
LEAST_EXPONENT = 1023 + 21


def _of_large(x: Value) -> list[Value]:
    """(n, r, low) of one double, by a function that all words of the module share."""
    name = x.code.module.function("large_angle", "f64", 0)
    found = x.code.emit(f"call fastcc <4 x double> @{name}({x.typed})", "f64", 4)
    return [x.code.emit(f"extractelement {found.typed}, i64 {i}", "f64") for i in range(3)]


@part
def large_angle(x: Value) -> Value:
    """(n, r, low, 0) of one double, |x| >= LARGE: x 2 / pi modulo 4 in 128 bits, 126 of them after the point."""
    code = x.code
    bits = absolute(x).bits()
    field = bits.shifted_right(52)
    field = select(field < LEAST_EXPONENT, LEAST_EXPONENT, field)
    significand = (bits & ((1 << 52) - 1)) | (1 << 52)
    # x = significand 2**(field - 1075). Bits of 2 / pi above those that make a product of 2 would only add multiples of 4.
    first, second, third = _bits_from(code, POINT - FRACTION + 1075 - field)
    product = _wide(first) * _wide(significand)
    product = product.shifted_right(64) + _wide(second) * _wide(significand)
    product = product + ((_wide(third) * _wide(significand)) << 64)
    half = 1 << 125
    n = _narrow((product + half).shifted_right(126))
    turns = product - (_wide(n) << 126)
    r, low = _radians(turns)
    negative = x < 0.0
    n = n.to("f64")
    values = select(negative, -n, n), select(negative, -r, r), select(negative, -low, low)
    result = Value(code, "zeroinitializer", "f64", 4)
    for i, value in enumerate(values):
        result = code.emit(f"insertelement {result.typed}, {value.typed}, i64 {i}", "f64", 4)
    return result


def _wide(x: Value) -> Value:
    return x.code.cast("zext", x, "i128")


def _narrow(x: Value) -> Value:
    return x.code.cast("trunc", x, "i64")


def _bits_from(code: Code, first: Value) -> list[Value]:
    """192 bits of 2 / pi, from the one that `first` others follow, in three integers, the lowest first."""
    words = ", ".join(f"i64 {TWO_OVER_PI_BITS >> (64 * i) & (2**64 - 1)}" for i in range(20))
    table = code.module.constant("two_over_pi", f"[20 x i64] [{words}]")
    place = first.shifted_right(6)
    addresses = [code.emit(f"getelementptr i64, ptr {table}, {(place + i).typed}", "ptr") for i in range(4)]
    loaded = [code.emit(f"load i64, {address.typed}", "i64") for address in addresses]
    return [code.intrinsic("fshr", loaded[i + 1], loaded[i], first) for i in range(3)]


def _radians(turns: Value) -> tuple[Value, Value]:
    """turns 2**-126 pi / 2 as (r, low), of its leading 106 bits."""
    code = turns.code
    negative = turns < 0
    size = select(negative, -turns, turns)
    code.module.declare("@llvm.ctlz.i128", "i128 @llvm.ctlz.i128(i128, i1)")
    zeros = code.emit(f"call i128 @llvm.ctlz.i128({size.typed}, i1 false)", "i128")
    leading = size << zeros
    scale = ((1023 + 128 - 126 - 53 - _narrow(zeros)) << 52).as_float()
    first = _narrow(leading.shifted_right(128 - 53)).to("f64") * scale
    second = (_narrow(leading.shifted_right(128 - 106)) & ((1 << 53) - 1)).to("f64") * (scale * 2.0**-53)
    r = first * HALF_PI
    error = fma(first, HALF_PI, -r) + muladd(first, REST, second * HALF_PI)
    return select(negative, -r, r), select(negative, error, -error)
