"""Formulas of complex numbers, in real and imaginary parts: arithmetic as NumPy's, functions as C's standard has them.

Where parts are infinite or nan too, results are those of NumPy, but for signs that the standard leaves open.
"""

from __future__ import annotations

from math import exp, inf, log

from bibun.compiler.fusing.complexes import Complex, Real, complex_of, complexes, formula, kind_of_parts, packed
from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.lowering import Lowering
from bibun.compiler.graph import Node
from bibun.compiler.rewriting.patterns import number_of

_FAR = 709.0  # exp of a little more is infinite

# ---- arithmetic ---------------------------------------------------------------------------------


@formula("positive", "copy", "tied")
def _same(z: Complex) -> Complex:
    return z


@formula("subtract")
def _subtract(a: Complex, b: Complex) -> Complex:
    return Complex(a.real - b.real, a.imag - b.imag)


@formula("negative")
def _negative(z: Complex) -> Complex:
    return Complex(-z.real, -z.imag)


@formula("conjugate")
def _conjugate(z: Complex) -> Complex:
    return Complex(z.real, -z.imag)


@formula("real")
def _real(z: Complex) -> Real:
    return z.real


@formula("imag")
def _imag(z: Complex) -> Real:
    return z.imag


@formula("rectangular")
def _rectangular(a: Complex, b: Complex) -> Complex:
    return Complex(a.real, b.real)


@formula("absolute")
def _absolute(z: Complex) -> Real:
    return z.real.map("hypot", z.imag)


@formula("angle")
def _angle(z: Complex) -> Real:
    return z.imag.map("atan2", z.real)


@formula("multiply", "rounded_product")
def _multiply(a: Complex, b: Complex) -> Complex:
    """As it is written, for infinities too: what is real has an imaginary part of 0, which makes nan of them."""
    return Complex(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)


@formula("square")
def _square(z: Complex) -> Complex:
    return _multiply(z, z)


@formula("guarded_times")
def _guarded_times(a: Complex, b: Complex) -> Complex:
    """a b, and 0 where a is 0, whatever b is."""
    zero = a.real.equals(0) & a.imag.equals(0)
    real, imag = _multiply(a, b)
    return Complex(real.of(0).where(zero, real), imag.of(0).where(zero, imag))


@formula("divide")
def _divide(a: Complex, b: Complex) -> Complex:
    """Smith, Algorithm 116: Complex division (1962): by the larger part of b first. Of b = 0 the quotients by |0|.

    Products are rounded before anything is added to them, so that an imaginary part that is 0 in NumPy is 0 here.
    """
    p, q, large, small = a.real, a.imag, b.real, b.imag
    swap = None
    if not b.imag.is_zero:
        swap = abs(b.real) < abs(b.imag)
        p, q = q.where(swap, p), p.where(swap, q)
        large, small = small.where(swap, large), large.where(swap, small)
    zero = large.equals(0) if swap is None else large.equals(0) & small.equals(0)
    ratio = large.of(0).where(zero, small / large)
    scale = abs(large).where(zero, large + small.map("times", ratio)).map("reciprocal")
    real, imag = p + q.map("times", ratio), q - p.map("times", ratio)
    if swap is not None:
        imag = (p.map("times", ratio) - q).where(swap, imag)
    return Complex(a.real.where(zero, real) * scale, a.imag.where(zero, imag) * scale)


@formula("reciprocal")
def _reciprocal(z: Complex) -> Complex:
    swap = abs(z.real) < abs(z.imag)
    large, small = z.imag.where(swap, z.real), z.real.where(swap, z.imag)
    ratio = small / large
    scale = large + small * ratio
    one = large.of(1)
    return Complex(ratio.where(swap, one) / scale, -(one.where(swap, ratio) / scale))


@formula("equal")
def _equal(a: Complex, b: Complex) -> Real:
    return a.real.equals(b.real) & a.imag.equals(b.imag)


@formula("not_equal")
def _not_equal(a: Complex, b: Complex) -> Real:
    return a.real.differs(b.real) | a.imag.differs(b.imag)


@formula("isnan")
def _isnan(z: Complex) -> Real:
    return z.real.map("isnan", kind="i1") | z.imag.map("isnan", kind="i1")


@formula("isinf")
def _isinf(z: Complex) -> Real:
    return z.real.map("isinf", kind="i1") | z.imag.map("isinf", kind="i1")


@formula("isfinite")
def _isfinite(z: Complex) -> Real:
    return z.real.map("isfinite", kind="i1") & z.imag.map("isfinite", kind="i1")


@formula("isreal")
def _isreal(z: Complex) -> Real:
    return z.imag.equals(0)


@formula("iscomplex")
def _iscomplex(z: Complex) -> Real:
    return z.imag.differs(0)


@complexes("power")
def _power(lower: Lowering, node: Node, operands: list[Expression]) -> Expression | None:
    """Of 1, 2 and 3 the products that NumPy makes."""
    number, kind = number_of(node.operands[1]), kind_of_parts(node)
    if number not in (1, 2, 3):
        return None
    z = power = complex_of(lower.make, operands[0], kind)
    for _ in range(int(number.real) - 1):
        power = _multiply(z, power)
    return packed(lower, node, power)


# ---- functions ----------------------------------------------------------------------------------


def _scaled_exp(x: Real) -> tuple[Real, Real]:
    """Two factors of e**x, of which the first one does not overflow before x is twice as large as it may be."""
    far = x.of(_FAR) < x
    return (x - _FAR).where(far, x).map("exp"), x.of(exp(_FAR)).where(far, 1)


@formula("exp", double=True)
def _exp(z: Complex) -> Complex:
    """e**x (cos y + i sin y)"""
    x, y = z
    size, more = _scaled_exp(x)
    real, imag = (size * y.map(word) * more for word in ("cos", "sin"))
    strange = ~y.map("isfinite", kind="i1")
    nothing, endless = x.equals(-inf) & strange, x.equals(inf) & strange
    real = x.of(0).where(nothing, x.of(inf).where(endless, real))
    return Complex(real, y.where(y.equals(0), x.of(0).where(nothing, imag)))


@formula("log", double=True)
def _log(z: Complex) -> Complex:
    """log |z| + i angle"""
    return Complex(z.real.map("log_hypot", z.imag), z.imag.map("atan2", z.real))


@formula("log2", double=True)
def _log2(z: Complex) -> Complex:
    return _times(_log(z), 1 / log(2))


@formula("log10", double=True)
def _log10(z: Complex) -> Complex:
    return _times(_log(z), 1 / log(10))


def _times(z: Complex, factor: float) -> Complex:
    return Complex(z.real * factor, z.imag * factor)


@formula("sqrt", double=True)
def _sqrt(z: Complex) -> Complex:
    """t = sqrt((|x| + |z|) / 2) and |y| / 2t are the parts, in this order where x is positive."""
    a, b = abs(z.real), abs(z.imag)
    larger = a.map("maximum", b)
    far, near = larger.of(1e300) < larger, larger < 1e-290
    scale = larger.of(2.0**-4).where(far, larger.of(2.0**108).where(near, 1))
    back = larger.of(4.0).where(far, larger.of(2.0**-54).where(near, 1))
    a, b = a * scale, b * scale
    t = ((a + a.map("hypot", b)) * 0.5).map("sqrt")
    u = t.where(t.equals(0), b / (t * 2)) * back
    t = t * back
    endless, left = b.equals(inf), z.real < 0
    real = b.where(endless, u.where(left, t))
    return Complex(real, b.where(endless, t.where(left, u)).map("copysign", z.imag))


def _hyperbolic(x: Real) -> tuple[Real, Real, Real]:
    """sinh x and cosh x over a factor, and that."""
    size, more = _scaled_exp(abs(x))
    far = more.differs(1)
    half = size * 0.5
    return half.map("copysign", x).where(far, x.map("sinh")), half.where(far, x.map("cosh")), more


@formula("sinh", double=True)
def _sinh(z: Complex) -> Complex:
    """sinh x cos y + i cosh x sin y"""
    x, y = z
    sinh, cosh, more = _hyperbolic(x)
    edge = (x.equals(0) | abs(x).equals(inf)) & ~y.map("isfinite", kind="i1")
    real = x.where(edge, sinh * y.map("cos") * more)
    return Complex(real, y.where(y.equals(0), cosh * y.map("sin") * more))


@formula("cosh", double=True)
def _cosh(z: Complex) -> Complex:
    """cosh x cos y + i sinh x sin y"""
    x, y = z
    sinh, cosh, more = _hyperbolic(x)
    strange = ~y.map("isfinite", kind="i1")
    real = abs(x).where(abs(x).equals(inf) & strange, cosh * y.map("cos") * more)
    imag = x.where(x.equals(0) & strange, sinh * y.map("sin") * more)
    return Complex(real, (y * x.of(1).map("copysign", x)).where(y.equals(0), imag))


@formula("sin", double=True)
def _sin(z: Complex) -> Complex:
    """-i sinh(i z)"""
    turned = _sinh(Complex(-z.imag, z.real))
    return Complex(turned.imag, -turned.real)


@formula("cos", double=True)
def _cos(z: Complex) -> Complex:
    """cosh(i z)"""
    return _cosh(Complex(-z.imag, z.real))
