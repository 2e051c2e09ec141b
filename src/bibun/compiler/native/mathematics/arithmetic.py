"""What the words share: polynomials, sums and products with their rounding errors, rare cases apart. No word of its own.

A number of twice the precision is a pair (high, low), |low| at most about an ulp of high. Nothing here may be contracted
or reassociated by the compiler, and nothing is: the operators of Values carry no flags.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bibun.compiler.native.code import Value, fma, muladd, select

ROUNDING = 6755399441055744.0  # 1.5 * 2**52: added to |x| < 2**51, leaves x, rounded to an integer, in the low bits
ROUNDING_BITS = 0x4338000000000000
ONE_BITS = 1023 << 52  # of 1.0, the exponent's bias in its place
INFINITY = float("inf")
NAN = float("nan")

Pair = tuple[Value, Value]


def polynomial(coefficients: Sequence[float | Value], x: Value) -> Value:
    """c[0] + c[1] x + c[2] x**2 + ...

    A scalar is waited for: pairs, pairs of pairs and so on (Estrin), a latency of log2(len) steps. A vector is one of
    many: two chains (Horner in x**2), the fewest instructions that still overlap.
    """
    return chains(coefficients, x) if x.lanes else _pairs(coefficients, x)


def chains(coefficients: Sequence[float | Value], x: Value) -> Value:
    """The same always in two chains: pairs of pairs round the greatest terms more often, which shows where |x| > 1/2."""
    if len(coefficients) < 4:
        return chain(coefficients, x)
    square = x * x
    return muladd(chain(coefficients[1::2], square), x, chain(coefficients[::2], square))


def chain(coefficients: Sequence[float | Value], x: Value) -> Value:
    """The same by Horner's rule itself, where no power of x is rounded: for series whose sum depends on a great one."""
    *rest, last = coefficients
    total = last if isinstance(last, Value) else constant(last, x)
    for c in reversed(rest):
        total = muladd(total, x, c)
    return total


def accurate_polynomial(coefficients: Sequence[float], x: Value) -> Value:
    """The same, the constant term added last and alone: for |x| up to about 1, or a result that is mostly that term."""
    return muladd(x, chains(coefficients[1:], x), coefficients[0])


def muladd_polynomial(factor: Value, coefficients: Sequence[float], x: Value, start: Value) -> Value:
    """start + factor (c[0] + c[1] x + ...), for a scalar with the lower terms added before the higher ones are known."""
    if x.lanes or len(coefficients) < 5:
        return muladd(factor, polynomial(coefficients, x), start)
    half = 2
    while 3 * half < len(coefficients):  # both parts are then ready at about the same time
        half *= 2
    power = x
    for _ in range(half.bit_length() - 1):
        power = power * power
    low = muladd(factor, _pairs(coefficients[:half], x), start)
    return muladd(factor * power, _pairs(coefficients[half:], x), low)


def _pairs(coefficients: Sequence[float | Value], x: Value) -> Value:
    terms: list[Value | float] = list(coefficients)
    while True:
        *pairs, last = (terms[i : i + 2] for i in range(0, len(terms), 2))
        terms = [muladd(x, high, low) for low, high in pairs]
        terms.append(muladd(x, last[1], last[0]) if len(last) == 2 else last[0])
        if len(terms) == 1:
            only = terms[0]
            return only if isinstance(only, Value) else constant(only, x)
        x = x * x


def constant(number: float, like: Value) -> Value:
    """A number of the type of another value."""
    return like.code.constant(number, like.kind, like.lanes)


def clamped(x: Value, low: float, high: float) -> Value:
    """x within [low, high]; nan stays."""
    return at_least(low, at_most(high, x))


def at_most(high: float, x: Value) -> Value:
    """The smaller; nan stays."""
    return select(x > high, high, x)


def at_least(low: float, x: Value) -> Value:
    """The greater; nan stays."""
    return select(x < low, low, x)


def fast_two_sum(a: Value, b: Value) -> Pair:
    """a + b and its rounding error, where |a| >= |b| or a = 0 (Dekker, Numerische Mathematik 18, 1971)."""
    total = a + b
    return total, b - (total - a)


def two_sum(a: Value, b: Value) -> Pair:
    """a + b and its rounding error (Knuth, The Art of Computer Programming, 4.2.2)."""
    total = a + b
    c = total - a
    return total, (a - (total - c)) + (b - c)


def two_product(a: Value, b: Value) -> Pair:
    """a b and its rounding error, which is exact while it does not underflow."""
    product = a * b
    return product, fma(a, b, -product)


def rarely(condition: Value, common: Value, careful: Callable[[], Value]) -> Value:
    """`common`; but if the condition holds in any lane, every lane is `careful()`, computed in a block of its own.

    So a word pays for its special arguments only when they occur: one branch, which the processor predicts. What follows
    stands in a new block.
    """
    return rarely_all(condition, [common], lambda: [careful()])[0]


def rarely_all(condition: Value, common: Sequence[Value], careful: Callable[[], Sequence[Value]]) -> list[Value]:
    """The same for several values: a word goes on with them in one way, however they were found."""
    code = condition.code
    before, rare, end, after = (code.fresh()[1:] for _ in range(4))
    if condition.lanes:
        mask = f"i{condition.lanes}"
        condition = code.emit(f"icmp ne {mask} {code.emit(f'bitcast {condition.typed} to {mask}', mask).text}, 0", "i1")
    odds = '!prof !{!"branch_weights", i32 1, i32 4000}'
    code.lines += [
        f"  br label %{before}",
        f"{before}:",
        f"  br i1 {condition.text}, label %{rare}, label %{after}, {odds}",
        f"{rare}:",
    ]
    others = careful()
    code.lines += [f"  br label %{end}", f"{end}:", f"  br label %{after}", f"{after}:"]
    return [
        code.emit(f"phi {value.type} [ {value.text}, %{before} ], [ {other.text}, %{end} ]", value.kind, value.lanes)
        for value, other in zip(common, others, strict=True)
    ]


def divided(a: Pair, b: Pair) -> Value:
    """a / b of pairs, rounded once: one division, its remainder divided by multiplying with the reciprocal."""
    inverse = 1.0 / b[0]
    quotient = a[0] * inverse
    excess = fma(quotient, b[0], -a[0]) + fma(quotient, b[1], -a[1])
    return fma(-excess, inverse, quotient)  # in this order -0 / 1 stays -0
