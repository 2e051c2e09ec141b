"""The words of the errors for lost derivatives, and for derivatives that do not exist."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
import bibun.numpy as xp

HERE = __file__
NUMBER = bb.Variable(np.array(2.0))
VECTOR = bb.Variable(np.ones(3))
PLAIN = np.zeros(3)

LOST = "and its derivative would be lost"
STORE = "Make y an array that can hold it: y = np.zeros_like(x) or y = np.zeros(n, like=x) instead of y = np.zeros(n)."
STACK = "Write np.stack([x, y]) instead of np.array([x, y]), and x instead of np.asarray(x)."


def by_float() -> Any:
    return float(NUMBER)


def by_int() -> Any:
    return int(NUMBER)


def by_math() -> Any:
    return math.sin(NUMBER)


def by_array() -> Any:
    return np.array([NUMBER, NUMBER])


def by_asarray() -> Any:
    return np.asarray(VECTOR)


def by_item() -> Any:
    return NUMBER.item()


def by_tolist() -> Any:
    return VECTOR.tolist()


def by_store() -> None:
    PLAIN[0] = NUMBER


def by_store_of_many() -> None:
    PLAIN[:] = VECTOR


def by_out() -> Any:
    return np.add(VECTOR, 1, out=PLAIN)


CASES = [
    (by_float, "float(NUMBER)", "a plain Python number", "()", "(x instead of float(x), np.sin(x) instead of math.sin(x))."),
    (by_int, "int(NUMBER)", "a plain Python number", "()", "write int(x.astype(int))."),
    (by_math, "math.sin(NUMBER)", "a plain Python number", "()", "Write np.sin(NUMBER) instead of math.sin(NUMBER)."),
    (by_array, "np.array([NUMBER, NUMBER])", "a plain ndarray", "()", STACK),
    (by_asarray, "np.asarray(VECTOR)", "a plain ndarray", "(3,)", STACK),
    (by_item, "NUMBER.item()", "a plain Python number", "()", "Keep the array: x[()] instead of x.item()."),
    (by_tolist, "VECTOR.tolist()", "a plain Python number", "(3,)", "iterate over it (for entry in x), or index it."),
    (by_store, "PLAIN[0] = NUMBER", "an entry of a plain ndarray", "()", STORE),
    (by_store_of_many, "PLAIN[:] = VECTOR", "entries of a plain ndarray", "(3,)", STORE),
    (by_out, "np.add(VECTOR, 1, out=PLAIN)", "entries of a plain ndarray (np.add(..., out=))", "(3,)", "np.zeros(n, like=x)."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lose", "expression", "becomes", "shape", "advice"), CASES, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_lost_derivative_names_the_place(
    lose: Callable[[], Any], expression: str, becomes: str, shape: str, advice: str
) -> None:
    with pytest.raises(bb.LostDerivativeError) as raised:
        lose()
    text = str(raised.value)
    line = lose.__code__.co_firstlineno + 1
    assert text.startswith(
        f"at {HERE}:{line} ({expression}): a Variable of shape {shape} would become {becomes}, {LOST}. "
    )
    assert text.endswith(advice)
    assert (PLAIN == 0).all()


def test_the_line_that_is_named_holds_the_expression() -> None:
    with pytest.raises(bb.LostDerivativeError) as raised:
        by_math()
    line = int(str(raised.value).split(":")[1].split()[0])
    assert "math.sin(NUMBER)" in Path(HERE).read_text().splitlines()[line - 1]


ASKED = [
    (
        lambda: bb.grad(lambda x: x * 2)(np.ones(3)),
        bb.DerivativeValueError,
        "grad: the function returned shape (3,); a gradient is that of one number. Sum it (np.sum), or use jacobian for the "
        "derivative of every entry.",
    ),
    (
        lambda: bb.grad(lambda x: x * x)(2),
        bb.NoDerivativeError,
        "grad: argument 0 has dtype int64, and integers do not vary continuously. Pass floats (2.0 instead of 2), or choose "
        "other arguments with argnums=.",
    ),
    (
        lambda: bb.grad(lambda x: np.sum(x["w"]))({"w": np.arange(3)}),
        bb.NoDerivativeError,
        "grad: argument 0['w'] has dtype int64, and integers do not vary continuously. Pass floats (x.astype(float)), or "
        "choose other arguments with argnums=.",
    ),
    (
        lambda: bb.grad(lambda x: 3.0)(1.0),
        bb.DerivativeValueError,
        "grad: the function's result does not depend on argument 0, so there is no derivative to take. If it should depend: "
        "was the value taken out of the array, or another argument meant (argnums=)?",
    ),
    (
        lambda: bb.grad(lambda x: x * 1j)(1.0),
        bb.DerivativeValueError,
        "Take np.real, np.imag or np.abs of it, or use jacobian.",
    ),
    (
        lambda: bb.grad(lambda x: x, argnums=1)(1.0),
        TypeError,
        "grad: argnums=1, but the function was called with 1 positional arguments. Keyword arguments are not differentiated: "
        "pass it by position.",
    ),
    (
        lambda: bb.vmap(lambda x: x if x > 0 else -x)(np.ones(3)),
        bb.DerivativeValueError,
        "Write np.where(condition, a, b).",
    ),
    (
        lambda: bb.square(bb.Variable(np.array(3))).backward(),
        bb.NoDerivativeError,
        "backward: a Variable of dtype int64 has no derivative: integers do not vary continuously. Make it a float: "
        "Variable(data.astype(float)).",
    ),
]


@pytest.mark.parametrize(("ask", "error", "text"), ASKED, ids=[text[:40] for *_, text in ASKED])
def test_a_derivative_that_does_not_exist(ask: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as raised:
        ask()
    assert str(raised.value).endswith(text)


def test_an_unknown_function() -> None:
    with pytest.raises(bb.NoDerivativeError, match=r"isalpha has no derivative rule in bibun"):
        bb.grad(lambda x: np.sum(np.strings.isalpha(x)))(np.ones(3))


def test_every_refusal_offers_the_numerical_derivative() -> None:
    special = pytest.importorskip("scipy.special")
    linalg = pytest.importorskip("bibun.scipy.linalg")
    for f in (
        lambda x: np.strings.isalpha(x),
        lambda x: special.jv(x, 2.0),
        lambda x: special.bdtrik(x, 5.0, 0.5),
        lambda x: linalg.hessenberg(np.eye(2) * x),
    ):
        with pytest.raises(
            bb.NoDerivativeError, match=r"numerical one, with its error bar: bibun\.numerical_fallback\(f\)\.$"
        ):
            bb.grad(lambda x, f=f: f(x))(0.5)
    # and it is one
    black_box = bb.numerical_fallback(lambda x: special.jv(x, 2.0))
    found, want = bb.grad(black_box)(0.5), bb.numerical.gradient(lambda x: special.jv(x, 2.0), 0.5)
    assert abs(found - want.value) <= want.error


def test_an_index_into_what_numpy_has_just_made() -> None:
    """It is the index that is traced, not the length."""
    with pytest.raises(bb.LostDerivativeError, match=r"write np\.asarray\(x, like=i\)\[i\] instead of x\[i\]"):
        bb.vmap(lambda i: np.arange(5)[i])(np.array([1, 2]))
    with pytest.raises(bb.LostDerivativeError, match=r"np\.arange: how many entries it has"):
        bb.vmap(lambda n: np.arange(n))(np.array([1, 2]))


@pytest.mark.parametrize("text", ["a", b"a"])
def test_a_text_is_not_repeated_by_an_array(text: Any) -> None:
    for x in (NUMBER, VECTOR):
        with pytest.raises(TypeError, match=r"unsupported operand.*int\(n\.astype\(int\)\)"):
            x * text
        with pytest.raises(TypeError, match=r"unsupported operand.*int\(n\.astype\(int\)\)"):
            text * x
        with pytest.raises(TypeError, match="unsupported operand"):
            bb.jvp(lambda t: t * text, (1.0,), (1.0,))


def test_storing_in_a_flat_view() -> None:
    """NumPy puts an error of its own in the place of ours, which is then a warning."""
    y = np.zeros((2, 3))
    with (
        pytest.warns(RuntimeWarning, match=r"entry of a plain ndarray, .*y = np\.zeros_like\(x\)"),
        pytest.raises(ValueError, match="setting single item"),
    ):
        y.flat[1] = NUMBER
    with pytest.raises(bb.LostDerivativeError, match=r"y = np\.zeros_like\(x\)"):
        y.flat[1:2] = NUMBER


def test_storing_by_the_method() -> None:
    with pytest.raises(bb.LostDerivativeError, match="Make y an array that can hold it"):
        np.zeros(2, int).__setitem__(0, NUMBER)


def test_a_polynomial_of_a_list_says_how_to_make_its_coefficients() -> None:
    with pytest.raises(bb.LostDerivativeError, match=r"Write np\.stack\(\[x, y\]\) instead of np\.array"):
        bb.grad(lambda x: np.poly1d([x[0], 1.0])(0.5))(np.ones(2))


@pytest.mark.parametrize(
    "read", [lambda x: float(str(x)), lambda x: int(f"{x:.0f}"), lambda x: float(format(x)), lambda x: float(f"{x}")]
)
def test_a_number_read_from_the_text_of_a_recorded_one(read: Callable[[Any], Any]) -> None:
    """It would be that of the first call in all others."""
    with pytest.raises(bb.LostDerivativeError, match="would keep the number of this one call"):
        bb.compile(lambda x: x[0] * read(x[1]))(np.array([2.0, 3.0]))


@pytest.mark.parametrize("generator", [np.random.default_rng(3), np.random.RandomState(3), np.random])
@pytest.mark.parametrize(
    "transformed",
    [
        lambda f, x: bb.vjp(f, x),
        lambda f, x: bb.jvp(f, (x,), (x,)),
        lambda f, x: bb.vmap(f)(np.stack([x, x])),
        lambda f, x: f(xp.zeros((4, 3))),
    ],
)
def test_rows_are_not_swapped_by_views_of_them(transformed: Any, generator: Any) -> None:
    """NumPy's shuffle does so with what is no ndarray, whose rows then stand there twice."""

    def shuffled(x: Any) -> Any:
        y = x[:]
        generator.shuffle(y)
        return y

    with pytest.raises(bb.NoDerivativeError, match=r"Write x\[\.\.\.\] = x\[rng\.permutation\(len\(x\)\)\]"):
        transformed(shuffled, np.ones((4, 3)))


@pytest.mark.filterwarnings("ignore:you are shuffling")
@pytest.mark.parametrize(
    "shuffle",
    [
        lambda function, y: function(y),
        lambda function, y: [*map(function, [y])],
        lambda function, y: partial(function, y)(),
        lambda function, y: function(y.T),
        lambda function, y: function(*[y[1:]]),
    ],
)
@pytest.mark.parametrize(
    "transformed",
    [
        lambda f, x: bb.vjp(f, x),
        lambda f, x: bb.jvp(f, (x,), (x,)),
        lambda f, x: bb.vmap(f)(np.stack([x, x])),
        lambda f, x: f(xp.zeros((4, 3))),
    ],
)
def test_a_shuffle_by_another_name_swaps_no_views(transformed: Any, shuffle: Any) -> None:
    function = np.random.default_rng(3).shuffle

    def shuffled(x: Any) -> Any:
        y = x[:]
        shuffle(function, y)
        return y

    with pytest.raises(bb.NoDerivativeError, match=r"Write x\[\.\.\.\] = x\[rng\.permutation\(len\(x\)\)\]"):
        transformed(shuffled, np.arange(12.0).reshape(4, 3))


@pytest.mark.parametrize("store", [operator.setitem, lambda x, i, row: x.__setitem__(i, row)])
def test_rows_stored_in_place_of_others_are_no_shuffle(store: Any) -> None:
    def stored(x: Any) -> Any:
        y = x[: len(x)]
        for i in range(len(y) - 1):
            store(y, i, y[i + 1])
        y[0], y[1] = y[1], y[0]  # of views: one of the two is lost
        return y

    x = np.arange(12.0).reshape(4, 3)
    expected = stored(x.copy())
    np.testing.assert_array_equal(bb.jvp(stored, (x,), (x,))[1], expected)
    np.testing.assert_array_equal(bb.vjp(lambda x: stored(1 * x), x)[0], expected)


@pytest.mark.filterwarnings("ignore:you are shuffling")
def test_a_shuffle_of_an_array_that_holds_traced_values() -> None:
    function = np.random.default_rng(3).shuffle

    def shuffled(x: Any) -> Any:
        y = xp.zeros((4, 3))
        y[...] = x
        function(y)
        return y.sum()

    with pytest.raises(bb.NoDerivativeError, match="shuffle swaps rows"):
        bb.grad(shuffled)(np.arange(12.0).reshape(4, 3))


def test_numbers_are_shuffled_and_lengths_told() -> None:
    x = np.arange(6.0)

    def shuffled(x: Any) -> Any:
        y = x[0] * 1
        np.random.default_rng(len(x)).shuffle(y)
        np.random.default_rng(2).shuffle(np.arange(len(x)))
        return y

    with pytest.warns(UserWarning, match="shuffle"):
        got = bb.vjp(shuffled, np.stack([x, x]))[0]
    np.random.default_rng(2).shuffle(x)
    np.testing.assert_array_equal(got, x)


OBJECTS = np.array([1, 2, 3], object)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: OBJECTS * x,
        lambda x: np.dot(OBJECTS, x),
        lambda x: OBJECTS @ x,
        lambda x: np.inner(x, OBJECTS),
        lambda x: np.vdot(OBJECTS, x),
        lambda x: np.vecdot(OBJECTS, x),
        lambda x: np.einsum("i,i", OBJECTS, x),
    ],
)
def test_products_with_arrays_of_objects(f: Callable[[Any], Any]) -> None:
    with pytest.raises(bb.NoDerivativeError, match=r"an array of objects takes part.*np\.asarray\(x, float\)"):
        bb.vjp(f, np.arange(3.0))
