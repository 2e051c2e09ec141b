"""Compiled equals eager, whatever the arguments are: dtypes, special values, layouts in memory, empty arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf  # type: ignore[import-untyped]

import bibun as bb
from tests.compiler.agreement import agrees, precision, same
from tests.compiler.words import WORDS
from tests.laws.cases import Case, cases
from tests.laws.samples import draw
from tests.laws.table import SCIPY_FUNCTIONS, TABLE

# Functions of SciPy's that are no ufuncs look at their arguments themselves; tests/scipy asks them.
ROWS = [row for name, row in TABLE.items() if row.kind != "constant" and name not in SCIPY_FUNCTIONS]
ELEMENTWISE = [row for row in ROWS if row.kind == "elementwise"]


def named(rows: list[Any]) -> Any:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


def called(row: Any, case: Case) -> Any:
    return lambda *inputs: row(*inputs, **case.settings)


# ---- dtypes ---------------------------------------------------------------------------------------


# Some functions of SciPy's do not return for whole numbers of few bits; what NumPy calls is NumPy's matter.
OWN = [
    row
    for row in ROWS
    if row.native is not None or not isinstance(row.function, np.ufunc) or row.function in vars(np).values()
]


@named(OWN)
def test_other_dtypes(row: Any) -> None:
    """Truth values, and whole numbers from 1 to 4 as other dtypes, where NumPy takes them."""
    case = cases(row)[min(1, len(cases(row)) - 1)]
    taken = 0
    for char in "?Bile":
        inputs = tuple(_whole(x, char) if isinstance(x, tuple) else x for x in case.inputs)
        try:
            with np.errstate(all="ignore"):
                called(row, case)(*inputs)
        except (TypeError, ValueError, np.linalg.LinAlgError, RuntimeWarning):  # a singular matrix of such numbers
            continue
        with np.errstate(all="ignore"):
            agrees(called(row, case), inputs)
        taken += 1
    assert taken or row.name == "cholesky"  # of a symmetric matrix


def _whole(shape: tuple[int, ...], char: str) -> Any:
    return np.random.default_rng(len(shape)).integers(1, 5, shape).astype(char)


# ---- special values -------------------------------------------------------------------------------

inf, nan = np.inf, np.nan
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, inf, -inf, nan, 5e-324, -1e-310, 1e-30, -1e16, 1e300, -1e300)


def special(row: Any, dtype: type) -> tuple[Any, ...]:
    """Every combination of special values, as arrays."""
    held = [domain in ("whole", "tolerance") for domain in row.domain]
    with np.errstate(all="ignore"):
        numbers = np.array(SPECIAL).astype(dtype)
    columns = [np.arange(4) if fixed else numbers for fixed in held]
    if len(columns) > 2:
        columns = [column[::2] for column in columns]
    return tuple(grid.ravel() for grid in np.meshgrid(*columns))


# Where both are 0 NumPy's own loops differ in the sign.
SIGN_OF_ZERO_IS_OPEN = {"maximum", "minimum", "fmax", "fmin"}
# Where NumPy or SciPy is further from the truth: at whole numbers (the sine of a rounded multiple of pi), at the smallest
# numbers (0 or inf instead), in the sign of 0.
TRUTH = {
    **{name: WORDS[name].truth for name in ("sinc", "gammaln", "erfinv")},
    "special.expm1": mp.expm1, "rgamma": mp.rgamma, "special.round": mp.nint,
}  # fmt: skip


def _is_true(name: str, at: list[Any], got: Any, error: float) -> bool:
    """Whether the result is the truth, for a row that may differ from SciPy."""
    if name not in TRUTH or not np.isfinite([*at, got]).all():
        return False
    truth = TRUTH[name](*(mpf(float(x)) for x in at))
    return bool(abs(mpf(float(got)) - truth) <= error * abs(truth))


# SciPy's own code crashes or does not return at such orders; rows without native code are the same call anyway.
CALLABLE = [row for row in ELEMENTWISE if row.native]


@named(CALLABLE)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_special_values(row: Any, dtype: type) -> None:
    """nan and infinity at the same places, zeros with the same sign; in vectors, and as numbers."""
    inputs = special(row, dtype)
    numbers = tuple(x[3:5].reshape(2, 1)[0, 0] for x in inputs)
    with np.errstate(all="ignore"):
        want, number = row.function(*inputs), row.function(*numbers)
        compiled = bb.compile(row)
        got, got_number = compiled(*inputs), compiled(*numbers)
    same(got_number, number, error=precision(inputs))
    assert got.dtype == want.dtype
    open_sign = row.name in SIGN_OF_ZERO_IS_OPEN
    wrong = [
        (*at, a, b)
        for *at, a, b in zip(*inputs, got, want, strict=True)
        if not (
            _alike(a, b, precision(inputs)) or (open_sign and a == b) or _is_true(row.name, at, a, precision(inputs))
        )
    ]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize(
    "f", [lambda x: 1 / (x + 0.0), lambda x: 1 / (0 + x), lambda x: 1 / (x - 0.0), lambda x: 1 / (x + -0.0)]
)
def test_a_zero_that_is_added(f: Any) -> None:
    """-0 + 0 is 0, and 1 / 0 has its sign."""
    numbers = np.array(SPECIAL)
    with np.errstate(all="ignore"):
        agrees(f, (numbers,))
        agrees(lambda x: f(np.exp(x)), (numbers,))


def test_the_root_of_arrays_as_a_power() -> None:
    """NumPy takes the square root of an array, of -infinity nan, and the power of a number, of -infinity infinity."""
    numbers = np.array([-inf, -0.0, 0.0, -1.0, 2.0, inf, nan])
    with np.errstate(all="ignore"):
        got = bb.compile(lambda x: x**0.5)(numbers)
        np.testing.assert_array_equal(got, np.sqrt(numbers))
        assert np.signbit(got[1])
        agrees(lambda x: x**0.5, (np.float64(-inf),))


def _alike(got: Any, want: Any, error: float) -> bool:
    if np.iscomplexobj(want):
        return _alike(got.real, want.real, error) and _alike(got.imag, want.imag, error)
    if not np.isfinite(want) or want == 0:
        return bool((got == want and np.signbit(got) == np.signbit(want)) or (np.isnan(got) and np.isnan(want)))
    return bool(abs(got - want) <= error * abs(want))


# ---- layouts --------------------------------------------------------------------------------------


def strided(x: Any) -> Any:
    wide = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    view = wide[(slice(None, None, 2),) * x.ndim]
    view[...] = x
    return view


def reversed_(x: Any) -> Any:
    return np.ascontiguousarray(np.flip(x))[(slice(None, None, -1),) * x.ndim]


def read_only(x: Any) -> Any:
    made = x.copy()
    made.setflags(write=False)
    return made


def unaligned(x: Any) -> Any:
    memory = np.zeros(x.nbytes + 1, np.uint8)
    made = np.ndarray(x.shape, x.dtype, memory.data, offset=1)
    made[...] = x
    return made


def repeated(x: Any) -> Any:
    """One number at every place, in no memory of its own."""
    return np.broadcast_to(x.ravel()[:1].reshape((1,) * x.ndim), x.shape)


LAYOUTS = (strided, reversed_, np.asfortranarray, read_only, unaligned, repeated)
PICKED = [row for row in ROWS if row.kind not in ("elementwise", "several")] + [TABLE["exp"], TABLE["hypot"]]


@named(PICKED)
def test_layouts_in_memory(row: Any) -> None:
    """One program for all of them, whichever is recorded; arguments stay as they are."""
    index = max(range(len(cases(row))), key=lambda k: sum(len(x) for x in cases(row)[k].inputs if isinstance(x, tuple)))
    s = draw(row.name, index, "d")
    moving = [i for i, layout in enumerate(LAYOUTS) if layout is not repeated or row.name not in REPEATED_IS_SINGULAR]
    for first in (np.ascontiguousarray, strided):
        layouts = [first, *(LAYOUTS[i] for i in moving)]
        calls = [tuple(layout(x) if np.ndim(x) else x for x in s.primals) for layout in layouts]
        before = [[x.copy() for x in args] for args in calls]
        agrees(s.call, *calls)
        for args, values in zip(calls, before, strict=True):
            for x, value in zip(args, values, strict=True):
                np.testing.assert_array_equal(x, value)


REPEATED_IS_SINGULAR = {
    "solve",
    "inv",
    "det",
    "slogdet",
    "cholesky",
    "cofactor",
    "pinv",
    "eigh",
    "eigvalsh",
    "svd",
    "svdvals",
}


# ---- empty arrays ---------------------------------------------------------------------------------


def emptied(case: Case) -> Iterator[tuple[Any, ...]]:
    """Inputs in which all axes of one length have length 0."""
    shapes = [x for x in case.inputs if isinstance(x, tuple)]
    for length in sorted({n for shape in shapes for n in shape}):
        yield tuple(tuple(0 if n == length else n for n in x) if isinstance(x, tuple) else x for x in case.inputs)


@named(ROWS)
def test_empty_arrays(row: Any) -> None:
    """What NumPy does, error or not."""
    for case in cases(row)[:3]:
        for inputs in emptied(case):
            arrays = tuple(np.zeros(x) if isinstance(x, tuple) else x for x in inputs)
            f = called(row, case)
            try:
                f(*arrays)
            except (ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
                with pytest.raises(type(error)):
                    bb.compile(f)(*arrays)
            else:
                agrees(f, arrays)


# ---- the order of dicts ----------------------------------------------------------------------------


def first_less_second(p: dict[Any, Any]) -> Any:
    first, second = p.values()
    return first - 2 * second


def test_the_order_of_a_dict_is_the_calls_own() -> None:
    compiled = bb.compile(first_less_second)
    for _ in range(2):
        assert compiled({"b": 1.0, "a": 2.0}) == -3.0
        assert compiled({"a": 1.0, "b": 2.0}) == -3.0
        assert compiled({"a": 5.0, "b": 2.0}) == 1.0
    assert len(compiled.careful.paths) == 2
    agrees(first_less_second, ({"b": 1.0, "a": 2.0},), ({"b": 4.0, "a": 3.0},))


def test_the_order_of_keywords_and_of_dicts_in_containers() -> None:
    by_name = bb.compile(lambda **p: first_less_second(p))
    nested = bb.compile(lambda p: first_less_second(p[0]["in"]))
    for _ in range(2):
        assert by_name(b=1.0, a=2.0) == by_name(a=1.0, b=2.0) == -3.0
        assert nested([{"in": {"b": 1.0, "a": 2.0}, "out": 0.0}]) == -3.0
        assert nested([{"out": 0.0, "in": {"a": 1.0, "b": 2.0}}]) == -3.0


def test_keys_of_several_classes_keep_their_values() -> None:
    """optree numbers the leaves of such a dict by the names of the classes."""
    compiled, made = bb.compile(lambda p: p["x"] - 2 * p[1]), bb.compile(lambda x: {"x": x, 1: 2 * x})
    for _ in range(2):
        assert compiled({"x": 1.0, 1: 2.0}) == compiled({1: 2.0, "x": 1.0}) == -3.0
        assert list(made(1.0).items()) == [("x", 1.0), (1, 2.0)]


def test_a_key_of_another_class_that_is_equal() -> None:
    compiled = bb.compile(lambda p: p[1] if type(next(iter(p))) is int else -p[1])
    assert [compiled({key: 3.0}) for key in (1, True, 1.0, 1, True)] == [3.0, -3.0, -3.0, 3.0, -3.0]


def test_a_key_that_is_equal_and_not_the_same_object() -> None:
    """The program need not ask Python for that."""
    word = "weights"
    agrees(lambda p: 2 * p[word], ({"weights": 1.0},), ({"".join(["wei", "ghts"]): 2.0},), ({("w" + word)[1:]: 3.0},))


def test_results_keep_the_order_of_their_dicts() -> None:
    doubled = bb.compile(lambda p: {key: 2 * value for key, value in p.items()})
    for p in ({"b": 1.0, "a": 2.0}, {"a": 1.0, "b": 2.0}, {"b": 3.0, "a": 2.0}):
        assert list(doubled(p).items()) == [(key, 2 * value) for key, value in p.items()]


@pytest.mark.parametrize("given", [(0, None), (-1, "stable"), (0, "stable", None)])
def test_settings_by_their_place(given: tuple[Any, ...]) -> None:
    """What is no number has no program as an operand: it is a setting, np.argsort(x, -1, "stable")."""
    x = np.array([3.0, 1.0, 2.0, 1.0])
    compiled = bb.compile(lambda x: x[np.argsort(x, *given)] * np.argmax(x, None))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(compiled(x), [0.0, 0.0, 0.0, 0.0])
        np.testing.assert_array_equal(compiled(x[::-1].copy()), [3.0, 3.0, 6.0, 9.0])


CHANGES: dict[str, Callable[[Any, Any], Any]] = {
    "a dict gets an entry": lambda x, c: c["d"].update(n=x * 2) or x,
    "an entry is another one": lambda x, c: c["d"].update(k=x * 3) or x,
    "an entry goes": lambda x, c: x * c["d"].pop("k"),
    "a list grows": lambda x, c: c["l"].append(x) or x * len(c["l"]),
    "a list is sorted": lambda x, c: c["l"].reverse() or x * c["l"][0],
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_f_does_to_containers_is_done(name: str) -> None:
    f, x = CHANGES[name], np.array([1.0, 2.0])

    def containers() -> dict[str, Any]:
        return {"d": {"k": 3.0}, "l": [1.0, 2.0]}

    compiled, want = bb.compile(f), containers()
    expected = f(x, want)
    with pytest.warns(bb.CompileWarning, match="changes a container among its arguments"):
        found = compiled(x, (got := containers()))
    for _ in range(2):
        np.testing.assert_array_equal(found, expected)
        assert repr(got) == repr(want)
        found = compiled(x, (got := containers()))


def test_numbers_of_classes_of_their_own_are_asked_themselves() -> None:
    class Money(np.float64):
        def __mul__(self, other: Any) -> Any:
            return np.float64(float(self) * 100 * other)

    assert bb.compile(lambda m: m * 2)(Money(3.0)) == 600.0


def test_dtypes_that_say_more_are_asked_themselves() -> None:
    compiled = bb.compile(lambda x: x * x.dtype.metadata["unit"])
    for unit in (2.0, 3.0):
        x = np.ones(2, np.dtype("f8", metadata={"unit": unit}))
        np.testing.assert_array_equal(compiled(x), [unit, unit])
