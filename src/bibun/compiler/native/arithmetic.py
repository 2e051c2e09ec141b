"""What the words of elementwise rows (`native=`) stand for: instructions, or calls of the mathematics' functions.

A word of WORDS is a function of Values of one kind (those of `select` excepted) that gives a Value. Owns no loop.
"""

from __future__ import annotations

from collections.abc import Callable
from math import frexp, inf, isfinite, pi

import numpy as np

from bibun.compiler.native.code import Value, absolute, copysign, fma, select, square_root

WORDS: dict[str, Callable[..., Value]] = {}

# How much longer than an addition they take, about: what is worth storing instead of computing it again.
COSTS = {"fdiv": 8, "reciprocal": 8, "sqrt": 10, "pow": 40, "gammaln": 60, "digamma": 60, "fmod": 40, "remainder": 40}
_MATHEMATICS = 16


def cost(word: str) -> int:
    """Of one entry, beside an addition."""
    return COSTS.get(word, _MATHEMATICS if word in _CALLED else 1)


def word(*names: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Register an instruction, or several."""

    def register(function: Callable[..., Value]) -> Callable[..., Value]:
        WORDS.update(dict.fromkeys(names, function))
        return function

    return register


def _called(name: str) -> Callable[..., Value]:
    return lambda *xs: xs[0].code.call(name, *xs)


_CALLED = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "erfc",
    "erfinv",
    "pow",
    "cbrt",
    "hypot",
    "logaddexp",
    "logaddexp2",
    "gammaln",
    "gamma",
    "digamma",
    "expit",
    "log_expit",
    "logit",
    "ndtr",
    "log_ndtr",
    "ndtri",
]
WORDS.update({name: _called(name) for name in _CALLED})

WORDS["fadd"] = lambda a, b: a + b if a.kind != "i1" else a | b
WORDS["fsub"] = lambda a, b: a - b
WORDS["fmul"] = lambda a, b: a * b if a.kind != "i1" else a & b
WORDS["fdiv"] = lambda a, b: a / b
WORDS["fneg"] = lambda x: -x
WORDS["positive"] = lambda x: x
WORDS["square"] = lambda x: x * x
WORDS["reciprocal"] = lambda x: 1 / x
WORDS["sqrt"] = square_root
WORDS["select"] = select
WORDS["copysign"] = copysign
WORDS["degrees"] = lambda x: x * (180 / pi)
WORDS["radians"] = lambda x: x * (pi / 180)
WORDS["less"] = lambda a, b: a < b
WORDS["less_equal"] = lambda a, b: a <= b
WORDS["greater"] = lambda a, b: a > b
WORDS["greater_equal"] = lambda a, b: a >= b
WORDS["equal"] = lambda a, b: a.equals(b)
WORDS["not_equal"] = lambda a, b: a.differs(b)
WORDS["logical_and"] = WORDS["bitwise_and"] = WORDS["and"] = lambda a, b: a & b
WORDS["logical_or"] = WORDS["bitwise_or"] = WORDS["or"] = lambda a, b: a | b
WORDS["logical_xor"] = WORDS["bitwise_xor"] = lambda a, b: a ^ b
WORDS["logical_not"] = WORDS["invert"] = lambda x: ~x


def quotient(x: Value, divisor: float) -> Value:
    """x / divisor, rounded once: a product with the reciprocal, and then with what that lacks.

    Of vectors this takes a fifth of the time of a division. After Markstein, Computation of elementary functions on the
    IBM RISC System/6000 processor (IBM Journal of Research and Development 34, 1990). An infinite or exact product stays;
    within 2**53 of the smallest number an ulp may be lost.
    """
    number = np.float64 if x.kind == "f64" else np.float32
    inverse = float(number(1) / number(divisor))
    product = x * inverse
    rest = fma(product, -divisor, x)
    size = absolute(rest)
    return select((size > 0.0) & (size < inf), fma(rest, inverse, product), product)


def is_tame(divisor: float, kind: str) -> bool:
    """Whether nothing that is not at the ends of the range leaves it in `quotient`."""
    exponent = abs(frexp(divisor)[1])
    return divisor != 0 and isfinite(divisor) and exponent < (400 if kind == "f64" else 40)


@word("fabs")
def _fabs(x: Value) -> Value:
    return absolute(x) if x.kind[0] == "f" else select(x < 0, -x, x)


def _rounded(name: str) -> Callable[..., Value]:
    return lambda x: x.code.intrinsic(name, x) if x.kind[0] == "f" else x


WORDS.update({name: _rounded(name) for name in ("floor", "ceil", "trunc", "rint")})


@word("maximum")
def _maximum(a: Value, b: Value) -> Value:
    """nan where one is nan."""
    larger = select(a >= b, a, b)
    return larger if a.kind[0] != "f" else select(a.is_nan(), a, larger)


@word("minimum")
def _minimum(a: Value, b: Value) -> Value:
    """nan where one is nan."""
    smaller = select(a <= b, a, b)
    return smaller if a.kind[0] != "f" else select(a.is_nan(), a, smaller)


@word("fmax")
def _fmax(a: Value, b: Value) -> Value:
    """The other where one is nan."""
    larger = select(a >= b, a, b)
    return larger if a.kind[0] != "f" else select(b.is_nan(), a, larger)


@word("fmin")
def _fmin(a: Value, b: Value) -> Value:
    """The other where one is nan."""
    smaller = select(a <= b, a, b)
    return smaller if a.kind[0] != "f" else select(b.is_nan(), a, smaller)


@word("sign")
def _sign(x: Value) -> Value:
    """-1, 0, 1; nan for nan."""
    one, zero = (x.code.constant(n, x.kind, x.lanes) for n in (1, 0))
    sign = select(x > 0, one, select(x < 0, -1, zero))
    return sign if x.kind[0] != "f" else select(x.is_nan(), x, sign)


@word("heaviside")
def _heaviside(a: Value, b: Value) -> Value:
    step = select(a > 0, 1, select(a < 0, 0, b))
    return select(a.is_nan(), a, step)


@word("guarded_times")
def _guarded_times(a: Value, b: Value) -> Value:
    """a b, and 0 where a is 0, whatever b is."""
    return select(a.equals(0), 0, a * b)


@word("fmod")
def _fmod(a: Value, b: Value) -> Value:
    return a.code.binary("frem", a, b)


@word("remainder")
def _remainder(a: Value, b: Value) -> Value:
    """With the sign of b, as Python's."""
    rest = _fmod(a, b)
    turned = select((rest < 0) ^ (b < 0), rest + b, rest)
    return select(rest.equals(0), copysign(0, b), turned)


@word("floor_divide")
def _floor_divide(a: Value, b: Value) -> Value:
    """As Python's: the quotient without its rest, rounded to the integer it is, and one less where the rest is of b's other
    side. So of -1 and infinity -1, of which (a - remainder) / b would make nan.
    """
    rest = _fmod(a, b)
    quotient = (a - rest) / b
    quotient = select(((rest < 0) ^ (b < 0)) & rest.differs(0), quotient - 1, quotient)
    whole = quotient.code.intrinsic("floor", quotient)
    whole = select(quotient - whole > 0.5, whole + 1, whole)
    whole = select(quotient.equals(0), copysign(0, a / b), whole)
    return select(b.equals(0), a / b, whole)


@word("isfinite")
def _isfinite(x: Value) -> Value:
    return (x - x).equals(0)


@word("isnan")
def _isnan(x: Value) -> Value:
    return x.is_nan()


@word("isinf")
def _isinf(x: Value) -> Value:
    return absolute(x).equals(float("inf"))


@word("signbit")
def _signbit(x: Value) -> Value:
    return x.bits() < 0


def suits(name: str, kind: str) -> bool:
    """Whether a word has native code for operands of this kind."""
    if name not in WORDS:
        return False
    if kind in ("f64", "f32"):
        return name not in _INTEGERS_ONLY
    if kind in ("i64", "i32"):
        return name in _INTEGER or (name in _INTEGERS_ONLY and name not in ("logical_and", "logical_or", "logical_not"))
    return name in _TRUTH


_INTEGERS_ONLY = {"bitwise_and", "bitwise_or", "bitwise_xor", "invert", "and", "or"}
_INTEGER = {
    "fadd", "fsub", "fmul", "times", "fneg", "square", "fabs", "maximum", "minimum", "fmax", "fmin", "sign", "select",
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal",
}  # fmt: skip
_TRUTH = {
    "logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "invert",
    "and", "or", "select", "equal", "not_equal", "fadd", "fmul",
}  # fmt: skip


def two_sum(a: Value, b: Value) -> tuple[Value, Value]:
    """a + b rounded, and what rounding has lost (Knuth, The Art of Computer Programming 2, 4.2.2)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)
