"""What operators of Python's numbers give, in the first call and in all others: what Python gives, or raises."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler import compiled
from tests.compiler.agreement import same

Calls = list[tuple[Any, ...]]
WHOLE: Calls = [(3, 2), (-7, 2), (7, -2), (1, 62), (1, 63), (1, 64), (3, -1), (2**40 - 1, 40), (-(2**63), -1),
                (-(2**63), 1), (2**62, 1), (0, 0), (0, -1)]  # fmt: skip
TRUTHS: Calls = [(True, False), (True, True), (False, False)]
FLOATS: Calls = [(3.0, 2.0), (0.0, -1.0), (1e200, 2.0), (-8.0, 1 / 3), (np.inf, 1.0), (2.0, 2.0)]
MIXED: Calls = [(3, 2.0), (2**53 + 1, float(2**53)), (2**60, float(2**60)), (-(2**53) - 1, -float(2**53)), (5, np.nan)]
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.fixture(params=["machine code", "through NumPy"], autouse=True)
def way(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "through NumPy":
        monkeypatch.setattr(compiled, "available", lambda: False)


def _as_plainly(f: Callable[..., Any], calls: Calls) -> None:
    """One compiled function, called twice each time, and one made for each of the calls."""
    once = bb.compile(f)
    for args in calls:
        for call in (once, once, bb.compile(f)):
            try:
                want = f(*args)
            except (ArithmeticError, ValueError, TypeError) as error:
                with pytest.raises(type(error)):
                    call(*args)
            else:
                same(call(*args), want)


@pytest.mark.parametrize("f", [*BITS, *ARITHMETIC, *COMPARISONS, divmod], ids=lambda f: f.__name__)
def test_operators(f: Callable[..., Any]) -> None:
    """a & b was np.int64, 1 << 63 was -2**63, 3 << -1 was 0, a == b of 2**53 + 1 and 2.0**53 was True."""
    _as_plainly(f, WHOLE)
    _as_plainly(f, TRUTHS)
    if f not in BITS:
        _as_plainly(f, FLOATS)
        _as_plainly(f, MIXED)
        _as_plainly(f, [args[::-1] for args in MIXED])


def test_a_power_of_three_arguments_runs_plainly() -> None:
    with pytest.warns(bb.CompileWarning, match="pow has three arguments"):
        assert bb.compile(lambda a, b: pow(a, b, 7))(5, 6) == 1


@pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")
@pytest.mark.parametrize("f", [operator.neg, operator.pos, operator.abs, operator.inv], ids=lambda f: f.__name__)
def test_operators_of_one(f: Callable[..., Any]) -> None:
    """-a was -2**63 for a = -2**63, ~(a > 0) was False."""
    _as_plainly(f, [(3,), (-(2**63),), (2**63 - 1,), (0,)])
    _as_plainly(f, [(True,), (False,)])
    _as_plainly(lambda a: f(a > 0), [(3,), (-1,)])


def test_sums_of_comparisons_count() -> None:
    """They were np.bool, whose sum is a logical or: steps(35.0) was 37.0."""
    _as_plainly(lambda t: t + 2.0 * ((t > 20) + (t > 25) + (t > 30)), [(35.0,), (27.0,), (2.0,)])
    _as_plainly(lambda a, b: ((a > b) - (a < b), -(a > b), (a > 1) * 2, a > 1.5, (a > 0) ^ (b > 0)), [(2.0, 1.0)])
    _as_plainly(lambda a, b: ((a > b) << (a >= b), (a > b) // ((a < b) + 1), (a > b) ** (b > a)), [(2.0, 1.0)])
    _as_plainly(lambda a: sum(a > k for k in (1.0, 2.0, 3.0)), [(2.5,), (0.0,), (9.0,)])
    _as_plainly(
        lambda a, b, c: "yes" if (a > 0) + (b > 0) + (c > 0) >= 2 else "no", [(1.0, 1.0, -1.0), (1.0, -1.0, -1.0)]
    )
    _as_plainly(lambda a: np.ones(2, np.float32) * (a > 0), [(1.0,), (-1.0,)])


def test_a_comparison_counts_as_a_whole_number() -> None:
    _as_plainly(
        lambda a: ([10, 20][a > 0] * a, "s" * (a > 0), len(range(a > 0)), {1: 2.0, 0: 3.0}[a > 0]), [(2.0,), (-1.0,)]
    )


def test_comparisons_of_numpys_numbers_stay_numpys() -> None:
    f = lambda a: ((a > 0) + (a > 1), a == 2)  # noqa: E731
    _as_plainly(f, [(np.float64(2),), (np.float64(0.5),)])
    _as_plainly(lambda a: f(a[0]), [(np.array([2.0, 1.0]),)])
    with pytest.raises(TypeError):
        bb.compile(lambda a: [10.0, 20.0][a > 0] * a)(np.float64(2))


@pytest.mark.parametrize("transform", [bb.grad, bb.value_and_grad, lambda f: lambda x: bb.jvp(f, (x,), (1.0,))])
def test_transforms_are_compiled_as_they_run(transform: Any) -> None:
    """A transform makes NumPy's number of its argument, whose comparisons are NumPy's."""
    _as_plainly(transform(lambda v: ((v > 0) + (v < 5)) * v * 1.5), [(2.0,), (7.0,)])


def test_complex_numbers_have_no_order() -> None:
    _as_plainly(lambda a: a > 1, [(1j,), (2 + 0j,)])
    _as_plainly(lambda a: (a == 2, a.conjugate()), [(1j,), (2 + 0j,)])


@pytest.mark.parametrize(
    "f",
    [lambda a: a**2, lambda a: a**-1, lambda a: a**3.0, lambda a: a**1, lambda a: abs(a)],
    ids=["square", "inverse", "cube", "itself", "absolute"],
)
def test_what_overflows(f: Any) -> None:
    """a**2 of 1e200 was infinity, where Python raises."""
    _as_plainly(f, [(2.0,), (1e200,), (0.0,), (-3.0,), (np.inf,)])
    _as_plainly(f, [(2j,), (0j,), (1e200j,), (3 + 4j,)])
    _as_plainly(f, [(2,), (2**40,), (-(2**31),), (-(2**63),)])


def test_an_absolute_value_that_overflows() -> None:
    _as_plainly(abs, [(3 + 4j,), (1e308 + 1.7e308j,)])


def test_rounding() -> None:
    """round(2.675, 2) was np.round's 2.68, round(nan) was -2**63."""
    floats: Calls = [(2.0,), (2.675,), (1.555,), (0.5,), (1.5,), (-0.3,), (1e30,), (np.nan,), (-np.inf,), (1e200,)]
    for f in (round, lambda a: round(a, 2), lambda a: round(a, -2), lambda a: round(a, 1) * 0.5):
        _as_plainly(f, floats)
        _as_plainly(f, [(3,), (1250,), (2**63 - 1,), (-(2**63),)])
        _as_plainly(f, [(True,), (False,)])
        _as_plainly(f, [(1j,)])
    for number in (np.float64, np.float32):
        _as_plainly(round, [(number(x),) for (x,) in floats[:9]])
        _as_plainly(lambda a: round(a, 1), [(number(2.25),), (number(0.35),)])
    _as_plainly(lambda a: np.ones(2, np.float32) * round(a) * round(a, 1), floats[:3])
    _as_plainly(round, [(np.int64(5),), (np.int64(-3),)])


def test_bits_are_as_weak_as_other_numbers() -> None:
    for dtype in ("f4", "i4", "i2"):
        _as_plainly(lambda x, k: x * (k & 1), [(np.ones(2, dtype), 3), (np.ones(2, dtype), 2)])


def test_hashes_of_64_bits() -> None:
    """An OverflowError that taught nothing."""
    mask = 0xFFFFFFFFFFFFFFFF
    f = lambda h, b: ((h ^ b) * 1099511628211) & mask  # noqa: E731
    hashed = bb.compile(f)
    with pytest.warns(bb.CompileWarning, match=r"18446744073709551615 has more than 64 bits.*np\.uint64"):
        assert hashed(1, 2) == f(1, 2) == 3298534884633
    for args in ((1, 2), (2**60, 7), (-1, 5)):
        assert hashed(*args) == f(*args)


def test_numbers_of_more_than_64_bits_beside_others() -> None:
    for f in (lambda a: a < 2**63, lambda a: a >= 2**70, lambda a: a == 2**63, lambda a: a * 1.5 < 10**20):
        _as_plainly(f, [(5,), (2**63 - 1,), (-(2**63),)])
        _as_plainly(f, [(5.0,), (2.0**63,), (-(2.0**63),), (1e30,)])
        _as_plainly(f, [(np.array([5, 2**63 - 1, -(2**63)]),)])
    _as_plainly(lambda x: x * 2**70 + 10**20, [(np.ones(3),), (1.0,)])


def test_results_have_their_own_memory_in_row_major_order() -> None:
    x = np.arange(6.0).reshape(2, 3)
    compiled = bb.compile(lambda x: (x.T, (2 * x).copy("F"), np.broadcast_to(x[0], (4, 3)), x[:, ::2]))
    for _ in range(2):
        for y in compiled(x):
            assert y.flags.c_contiguous
            assert y.flags.writeable
            assert not np.shares_memory(x, y)


def test_an_overflow_that_is_handled() -> None:
    def size(z: Any) -> Any:
        try:
            return abs(z)
        except OverflowError:
            return -1.0

    _as_plainly(size, [(1e308 + 1.7e308j,), (3 + 4j,)])


@pytest.mark.parametrize("kind", [int, np.int32, np.uint8, np.int64, bool, np.bool_, float, np.float64, np.array])
def test_lists_beside_numbers(kind: Any) -> None:
    """[0.0] * n was the array of 0.0 * n; where Python or NumPy raises, it was an array too."""
    for f in (
        lambda n: [0.5, n] * n,
        lambda n: n * (1, 2),
        lambda n: [0] * n + [1.5] * (n + 1),
        lambda n: np.sum(np.stack([np.ones(2)] * n), axis=0) if kind is not np.array else 0,
        lambda n: [1, 2] + n,
        lambda n: (n == [1, 2]) if kind in (int, float, bool) else 0,
        lambda n: range(3) * n,
    ):
        _as_plainly(f, [(kind(3),), (kind(0),), (kind(2),)])


ON_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "squeeze": np.squeeze,
    "reshape": lambda x: np.reshape(x, ()),
    "transpose": np.transpose,
    "moveaxis": lambda x: np.moveaxis(x, (), ()),
    "copy": np.copy,
    "copy in columns": lambda x: np.copy(x, order="F"),
    "broadcast_to": lambda x: np.broadcast_to(x, ()),
    "real_if_close": np.real_if_close,
    "block": np.block,
    "expand_dims": lambda x: np.squeeze(np.expand_dims(x, 0)),
    "real": np.real,
    "sum": np.sum,
    "ravel": lambda x: np.ravel(x)[0],
}


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_functions_of_arrays_on_numbers(name: str) -> None:
    """np.squeeze(1.5) is an array without axes; it was a number."""
    f = ON_NUMBERS[name]
    for x in (1.5, 2, True, np.float64(1.5), np.float32(1.5), np.int32(2), np.array(1.5)):
        compiled = bb.compile(f)
        for _ in range(2):
            found, want = compiled(x), f(x)
            assert type(found) is type(want)
            assert np.result_type(found) == np.result_type(want)
            assert found == want
