"""The texts of the errors, word for word: what happened with the values, why, and what to write instead.

An error inside the user's code begins with the file, the line and the expression: {place} stands for the first two.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun import Variable

X = np.array([1.0, 2.0, 3.0])


def message(run: Callable[[], Any], error: type[Exception]) -> str:
    """The text of the error, with {place} instead of this file and line."""
    with pytest.raises(error) as caught:
        run()
    assert isinstance(caught.value, bb.BibunError) or error in (TypeError, ValueError)
    return re.sub(re.escape(str(Path(__file__))) + r":\d+", "{place}", str(caught.value))


def leaf() -> tuple[Variable, Variable]:
    """A vector and a number."""
    return Variable(X.copy()), Variable(np.array(2.0))


x, s = leaf()

# ---- derivatives that would be lost ------------------------------------------------------------------------------

NUMBER = "would become a plain Python number, and its derivative would be lost"
ARRAY = "would become a plain ndarray, and its derivative would be lost"
ENTRY = "would become an entry of a plain ndarray, and its derivative would be lost"
ENTRIES = "would become entries of a plain ndarray, and its derivative would be lost"
KEEP = "Keep the array: NumPy's functions take it as it is (x instead of float(x), np.sin(x) instead of math.sin(x))"
STACK = "Write np.stack([x, y]) instead of np.array([x, y]), and x instead of np.asarray(x)"
STORE = "Make y an array that can hold it: y = np.zeros_like(x) or y = np.zeros(n, like=x) instead of y = np.zeros(n)"
FIRST = "it looks for traced arrays in its first argument alone"
LEAVE = "Leave out= away, or make the array with np.zeros_like(x) or np.zeros(n, like=x)"
INTEGER = "An integer does not vary continuously: where only its value is meant, write int(x.astype(int))"


y0 = np.zeros(3)


def unasked(name: str, first: str, argument: str) -> str:
    """What is said of an argument in which NumPy looks for no traced arrays."""
    traced = "y" if first == "x" else "x"
    call = f"{name}(np.asarray({first}, like={traced}), ..., {argument}={traced})"
    return f"{name} does not look for traced arrays in {argument}=: write {call}"


def store_number(y: Any) -> None:
    y[0] = s


def store_one(y: Any) -> None:
    y[0] = x[:1]


def store_many(y: Any) -> None:
    y[:] = x


def store_at_indices(y: Any) -> None:
    y[[0, 1]] = x[:2]


def store_at_mask(y: Any) -> None:
    y[y == 0] = s


def add_to_entry(y: Any) -> None:
    y[0] += s


def add_to_array(y: Any) -> None:
    y += x


def subtract_from_array(y: Any) -> None:
    y -= x


LOST: dict[str, tuple[Callable[[], Any], str]] = {
    "float": (lambda: float(s), f"at {{place}} (float(s)): a Variable of shape () {NUMBER}. {KEEP}."),
    "float of an expression": (
        lambda: 1.0 + float(s * 2) / 3.0,
        f"at {{place}} (float(s * 2)): a Variable of shape () {NUMBER}. {KEEP}.",
    ),
    "float of a vector": (lambda: float(x), f"at {{place}} (float(x)): a Variable of shape (3,) {NUMBER}. {KEEP}."),
    "int": (lambda: int(s), f"at {{place}} (int(s)): a Variable of shape () {NUMBER}. {INTEGER}."),
    "range": (lambda: range(s), f"at {{place}} (range(s)): a Variable of shape () {NUMBER}. {INTEGER}."),
    "index of a list": (
        lambda: [1, 2, 3][s],  # type: ignore[call-overload]
        f"at {{place}} ([1, 2, 3][s]): a Variable of shape () {NUMBER}. {INTEGER}.",
    ),
    "complex": (
        lambda: complex(s),
        f"at {{place}} (complex(s)): a Variable of shape () {NUMBER}. Keep the array: NumPy's functions take it as it is "
        "(x.astype(complex) instead of complex(x)).",
    ),
    "math.sin": (
        lambda: math.sin(s),
        f"at {{place}} (math.sin(s)): a Variable of shape () {NUMBER}. Write np.sin(s) instead of math.sin(s).",
    ),
    "math.sqrt of an expression": (
        lambda: math.sqrt(s * 2 + 1),
        f"at {{place}} (math.sqrt(s * 2 + 1)): a Variable of shape () {NUMBER}. "
        "Write np.sqrt(s * 2 + 1) instead of math.sqrt(s * 2 + 1).",
    ),
    "math.hypot": (
        lambda: math.hypot(1.0, s),
        f"at {{place}} (math.hypot(1.0, s)): a Variable of shape () {NUMBER}. "
        "Write np.hypot(1.0, s) instead of math.hypot(1.0, s).",
    ),
    "math.gamma, which NumPy has not": (
        lambda: math.gamma(s),
        f"at {{place}} (math.gamma(s)): a Variable of shape () {NUMBER}. math.gamma takes plain numbers: write "
        "scipy.special.gamma(x).",
    ),
    "item": (
        lambda: s.item(),
        f"at {{place}} (s.item()): a Variable of shape () {NUMBER}. Keep the array: x[()] instead of x.item().",
    ),
    "tolist": (
        lambda: x.tolist(),
        f"at {{place}} (x.tolist()): a Variable of shape (3,) {NUMBER}. "
        "Keep the array: iterate over it (for entry in x), or index it.",
    ),
    "np.array": (
        lambda: np.array([s, 2.0]),
        f"at {{place}} (np.array([s, 2.0])): a Variable of shape () {ARRAY}. {STACK}.",
    ),
    "np.array of vectors": (
        lambda: np.array([x, x]),
        f"at {{place}} (np.array([x, x])): a Variable of shape (3,) {ARRAY}. {STACK}.",
    ),
    "np.asarray": (lambda: np.asarray(x), f"at {{place}} (np.asarray(x)): a Variable of shape (3,) {ARRAY}. {STACK}."),
    "np.full": (
        lambda: np.full(3, s),
        f"at {{place}} (np.full(3, s)): a Variable of shape () {ARRAY}. "
        "Write np.full(shape, x, like=x) instead of np.full(shape, x).",
    ),
    "np.full within an expression": (
        lambda: np.linalg.det(np.full((2, 2), s) + np.eye(2)),
        f"at {{place}} (np.full((2, 2), s)): a Variable of shape () {ARRAY}. "
        "Write np.full(shape, x, like=x) instead of np.full(shape, x).",
    ),
    "unwrap with a period": (
        lambda: np.unwrap(X, period=s),
        f"at {{place}} (np.unwrap(X, period=s)): a Variable of shape (2,) {ARRAY}. {unasked('np.unwrap', 'p', 'period')}.",
    ),
    "interp with a period": (
        lambda: np.interp(1.5, X, X, period=s),
        f"at {{place}} (np.interp(1.5, X, X, period=s)): a Variable of shape (5,) {ARRAY}. "
        f"{unasked('np.interp', 'x', 'period')}.",
    ),
    "interp with a value on the left": (
        lambda: np.interp(0.5, X, X, left=s),
        f"at {{place}} (np.interp(0.5, X, X, left=s)): a Variable of shape () {NUMBER}. {unasked('np.interp', 'x', 'left')}.",
    ),
    "max with a first value": (
        lambda: np.max(X, initial=s),
        f"at {{place}} (np.max(X, initial=s)): a Variable of shape () {NUMBER}. {unasked('np.max', 'a', 'initial')}.",
    ),
    "a sum of an array with a first value": (
        lambda: X.sum(initial=s),
        f"at {{place}} (X.sum(initial=s)): a Variable of shape () {NUMBER}. {unasked('np.sum', 'a', 'initial')}.",
    ),
    "reduce with a first value": (
        lambda: np.add.reduce(X, initial=s),
        f"at {{place}} (np.add.reduce(X, initial=s)): a Variable of shape () {NUMBER}. "
        f"{unasked('np.add.reduce', 'a', 'initial')}.",
    ),
    "var with a number of degrees of freedom": (
        lambda: np.var(X, ddof=s),
        f"at {{place}} (np.var(X, ddof=s)): a Variable of shape () {ARRAY}. {unasked('np.var', 'a', 'ddof')}.",
    ),
    "nan_to_num": (
        lambda: np.nan_to_num(X, nan=s),
        f"at {{place}} (np.nan_to_num(X, nan=s)): a Variable of shape () {ENTRIES}. {unasked('np.nan_to_num', 'x', 'nan')}.",
    ),
    "a tolerance": (
        lambda: np.linalg.pinv(np.eye(2), rcond=s),
        f"at {{place}} (np.linalg.pinv(np.eye(2), rcond=s)): a Variable of shape () {ARRAY}. rcond= of np.linalg.pinv is a "
        "bound for a decision, which goes in steps: give a number, rcond=x.data.",
    ),
    "put": (
        lambda: np.put(np.zeros(3), [0], s),
        "at {place} (np.put(np.zeros(3), [0], s)): a Variable of shape () would become entries of a plain ndarray (np.put), "
        f"and its derivative would be lost. {STORE}.",
    ),
    "putmask": (
        lambda: np.putmask(y0, y0 == 0, s),
        "at {place} (np.putmask(y0, y0 == 0, s)): a Variable of shape () would become entries of a plain ndarray "
        f"(np.putmask), and its derivative would be lost. {STORE}.",
    ),
    "y[0] = x": (
        lambda: store_number(np.zeros(3)),
        f"at {{place}} (y[0] = s): a Variable of shape () {ENTRY}. {STORE}.",
    ),
    "y[0] = x of one entry": (
        lambda: store_one(np.zeros(3)),
        f"at {{place}} (y[0] = x[:1]): a Variable of shape (1,) {ENTRY}. {STORE}.",
    ),
    "y[:] = x": (
        lambda: store_many(np.zeros(3)),
        f"at {{place}} (y[:] = x): a Variable of shape (3,) {ENTRIES}. {STORE}.",
    ),
    "y[indices] = x": (
        lambda: store_at_indices(np.zeros(3)),
        f"at {{place}} (y[[0, 1]] = x[:2]): a Variable of shape (2,) {ENTRIES}. {STORE}.",
    ),
    "y[mask] = x": (
        lambda: store_at_mask(np.zeros(3)),
        f"at {{place}} (y[y == 0] = s): a Variable of shape () {ENTRIES}. {STORE}.",
    ),
    "y[0] += x": (
        lambda: add_to_entry(np.zeros(3)),
        f"at {{place}} (y[0] += s): a Variable of shape () {ENTRY}. {STORE}.",
    ),
    "y += x": (
        lambda: add_to_array(np.zeros(3)),
        "at {place} (y += x): a Variable of shape (3,) would become entries of a plain ndarray (np.add(..., out=)), "
        f"and its derivative would be lost. {STORE}.",
    ),
    "y -= x": (
        lambda: subtract_from_array(np.zeros(3)),
        "at {place} (y -= x): a Variable of shape (3,) would become entries of a plain ndarray (np.subtract(..., out=)), "
        f"and its derivative would be lost. {STORE}.",
    ),
    "out=": (
        lambda: np.sin(x, out=np.zeros(3)),
        "at {place} (np.sin(x, out=np.zeros(3))): a Variable of shape (3,) would become entries of a plain ndarray "
        f"(np.sin(..., out=)), and its derivative would be lost. {LEAVE}.",
    ),
    "out= of a function": (
        lambda: np.sum(x, out=np.zeros(())),
        "at {place} (np.sum(x, out=np.zeros(()))): a Variable of shape () would become entries of a plain ndarray "
        f"(np.sum(..., out=)), and its derivative would be lost. {LEAVE}.",
    ),
    "copyto": (
        lambda: np.copyto(np.zeros(3), x),
        "at {place} (np.copyto(np.zeros(3), x)): a Variable of shape (3,) would become entries of a plain ndarray "
        f"(np.copyto), and its derivative would be lost. {STORE}.",
    ),
    "full_like of a plain array": (
        lambda: np.full_like(X, s),
        "at {place} (np.full_like(X, s)): a Variable of shape () would become entries of a plain ndarray, and its derivative "
        f"would be lost. np.full_like: {FIRST}: write np.full_like(np.asarray(a, like=x), ...).",
    ),
    "pad of a plain array": (
        lambda: np.pad(X, 1, constant_values=s),
        f"at {{place}} (np.pad(X, 1, constant_values=s)): a Variable of shape () {ARRAY}. np.pad: {FIRST}: write "
        "np.pad(np.asarray(a, like=x), ...).",
    ),
    "select with a default": (
        lambda: np.select([X > 1], [2.0], default=x),
        f"at {{place}} (np.select([X > 1], [2.0], default=x)): a Variable of shape (3,) {ARRAY}. np.select: it asks neither "
        "the default nor lists among the choices: write np.select([*conditions, True], [*choices, x]).",
    ),
    "fill_diagonal of a plain array": (
        lambda: np.fill_diagonal(np.eye(3), s),
        f"at {{place}} (np.fill_diagonal(np.eye(3), s)): a Variable of shape () {ARRAY}. np.fill_diagonal: {FIRST}: make "
        "that with a = np.asarray(a, like=x).",
    ),
    "a method of a plain array": (
        lambda: X.dot(x),
        f"at {{place}} (X.dot(x)): a Variable of shape (3,) {ARRAY}. A method of a plain array takes plain arrays: write "
        "np.dot(a, x) instead of a.dot(x).",
    ),
    "a random generator": (
        lambda: np.random.default_rng(0).normal(s),
        f"at {{place}} (np.random.default_rng(0).normal(s)): a Variable of shape () {ARRAY}. A generator takes plain "
        "numbers. Instead of normal: write loc + scale * rng.standard_normal(size).",
    ),
    "np.testing": (
        lambda: np.testing.assert_allclose(x, [1, 2, 3]),
        f"at {{place}} (np.testing.assert_allclose(x, [1, 2, 3])): a Variable of shape (3,) {ARRAY}. np.testing compares plain "
        "arrays: write np.testing.assert_allclose(x.data, ...).",
    ),
    "a masked array": (
        lambda: np.ma.masked_where(X > 1, x),
        f"at {{place}} (np.ma.masked_where(X > 1, x)): a Variable of shape (3,) {ARRAY}. A masked array holds plain numbers: "
        "write np.where(mask, 0, x), or where= of np.sum and np.mean.",
    ),
    "a list for a function of np.linalg": (
        lambda: np.linalg.norm([s, 2.0]),
        f"at {{place}} (np.linalg.norm([s, 2.0])): a Variable of shape () {ARRAY}. np.linalg.norm makes a plain array of a "
        "list: write np.stack([x, y]) instead of [x, y].",
    ),
    "a list for a function of np.fft": (
        lambda: np.fft.fft([s, 2.0]),
        f"at {{place}} (np.fft.fft([s, 2.0])): a Variable of shape () {ARRAY}. np.fft.fft makes a plain array of a list: "
        "write np.stack([x, y]) instead of [x, y].",
    ),
    "fill": (
        lambda: np.zeros(3).fill(s),
        f"at {{place}} (np.zeros(3).fill(s)): a Variable of shape () {ENTRIES}. {STORE}.",
    ),
    "add.at": (
        lambda: np.add.at(np.zeros(3), [0], s),
        "at {place} (np.add.at(np.zeros(3), [0], s)): np.add.at would write a traced array into a plain ndarray, and its "
        "derivative would be lost. Make the array with np.zeros_like(x) or np.zeros(n, like=x).",
    ),
    "astype(object)": (
        lambda: x.astype(object),
        "at {place} (x.astype(object)): astype(object) would make Python numbers of a Variable of shape (3,), and its "
        "derivative would be lost. Keep its dtype, or use astype(float).",
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lost_derivative(name: str) -> None:
    run, expected = LOST[name]
    assert message(run, bb.LostDerivativeError) == expected


def test_nditer_lets_only_other_errors_through() -> None:
    assert message(lambda: np.nditer(x), bb.DerivativeValueError) == (
        f"at {{place}} (np.nditer(x)): a Variable of shape (3,) {ARRAY}. np.nditer: it gives plain numbers: write for i in "
        "np.ndindex(x.shape) with x[i], or for entry in np.ravel(x)."
    )


def test_it_is_a_type_error_too() -> None:
    """As it is for code that asks float() of what cannot be one."""
    with pytest.raises(TypeError):
        float(s)


def test_the_line_is_that_of_the_expression() -> None:
    def several_lines(v: Any) -> Any:
        y = v * 2
        return np.sin(y) + float(y)

    first = inspect.getsourcelines(several_lines)[1]
    with pytest.raises(bb.LostDerivativeError) as caught:
        bb.grad(several_lines)(2.0)
    assert str(caught.value).startswith(f"at {__file__}:{first + 2} (float(y)): a Variable of shape ()")


def test_an_expression_over_several_lines_is_named_by_its_first() -> None:
    # fmt: off
    def f(v: Any) -> Any:
        return float(
            v
        )
    # fmt: on

    first = inspect.getsourcelines(f)[1]
    with pytest.raises(bb.LostDerivativeError) as caught:
        bb.grad(f)(2.0)
    assert str(caught.value).startswith(f"at {__file__}:{first + 1} (return float():")


def test_code_without_a_file() -> None:
    names: dict[str, Any] = {}
    exec(compile("def f(v):\n    return float(v)", "<generated>", "exec"), names)
    with pytest.raises(bb.LostDerivativeError, match=r"^at <generated>:2: a Variable of shape \(\) would become"):
        bb.grad(names["f"])(2.0)


@pytest.mark.parametrize(
    ("transform", "word"),
    [
        (lambda f: bb.grad(f)(2.0), "a Variable"),
        (lambda f: bb.jvp(f, (2.0,), (1.0,)), "a traced value of forward mode"),
        (lambda f: bb.vmap(f)(X), "a batch"),
        (lambda f: bb.hessian(f)(2.0), "a Variable"),
        (lambda f: bb.jacfwd(f)(2.0), "a traced value of forward mode"),
        (lambda f: bb.linearize(f, 2.0), "a Variable"),
        (lambda f: bb.checkpoint(lambda v: f(s * v))(1.0), "a Variable"),
    ],
)
def test_every_transform_names_what_it_traces(transform: Any, word: str) -> None:
    expected = f"at {{place}} (float(v)): {word} of shape () {NUMBER}. {KEEP}."
    assert message(lambda: transform(lambda v: float(v) * v), bb.LostDerivativeError) == expected


ONE_FOR_EACH = "Inside vmap it is another number for each entry: write np.asarray(x, like=i)[i] instead of x[i]"


@pytest.mark.parametrize(
    ("f", "expression", "becomes"),
    [
        (lambda i: X[int(i)], "int(i)", NUMBER),
        (lambda i: X[i:], "X[i:]", NUMBER),
        (lambda i: X[i], "X[i]", ARRAY),
    ],
)
def test_an_index_that_is_a_batch(f: Any, expression: str, becomes: str) -> None:
    found = message(lambda: bb.vmap(f)(np.array([0, 1])), bb.LostDerivativeError)
    assert found == f"at {{place}} ({expression}): a batch of shape () {becomes}. {ONE_FOR_EACH}."


# ---- questions that have no answer -------------------------------------------------------------------------------

_, PULLBACK = bb.vjp(np.sin, X)
_, F_JVP = bb.linearize(np.sin, X)
DATES = (
    "has no derivative rule: it is about dates, which are whole days: no floating-point number goes in or comes out."
)
DEPEND = (
    "so there is no derivative to take. If it should depend: was the value taken out of the array, or another argument meant "
    "(argnums=)?"
)
KEYWORD = "Keyword arguments are not differentiated: pass it by position."

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a vector output": (
        lambda: bb.grad(np.sin)(X),
        bb.DerivativeValueError,
        "grad: the function returned shape (3,); a gradient is that of one number. Sum it (np.sum), or use jacobian for the "
        "derivative of every entry.",
    ),
    "a vector output of value_and_grad": (
        lambda: bb.value_and_grad(np.sin)(X[:1]),
        bb.DerivativeValueError,
        "value_and_grad: the function returned shape (1,); a gradient is that of one number. Sum it (np.sum), or use jacobian "
        "for the derivative of every entry.",
    ),
    "several outputs": (
        lambda: bb.grad(lambda x: [x, x])(2.0),
        bb.DerivativeValueError,
        "grad: the function returned list of 2 values; a gradient is that of one number. With has_aux=True it may return "
        "(number, aux); for several outputs use jacobian.",
    ),
    "a complex output": (
        lambda: bb.grad(np.exp)(0j),
        bb.DerivativeValueError,
        "grad: the function returned a complex number, Variable(array(1.+0.j)); a gradient is that of a real one. "
        "Take np.real, np.imag or np.abs of it, or use jacobian.",
    ),
    "an output that is no number": (
        lambda: bb.grad(lambda x: "text")(2.0),
        bb.NoDerivativeError,
        "grad: the function returned str ('text'), which is neither an array nor a number.",
    ),
    "an output that does not depend": (
        lambda: bb.grad(lambda x: 3.0)(2.0),
        bb.DerivativeValueError,
        f"grad: the function's result does not depend on argument 0, {DEPEND}",
    ),
    "an output that depends on another argument": (
        lambda: bb.grad(lambda x, p, y: y, (0, 1))(2.0, {"a": 1.0}, 3.0),
        bb.DerivativeValueError,
        f"grad: the function's result does not depend on argument 0, argument 1['a'], {DEPEND}",
    ),
    "an output that went through integers": (
        lambda: bb.grad(lambda x: x.astype(int) * 2.0)(2.0),
        bb.DerivativeValueError,
        "grad: the function's result does not depend on argument 0, so there is no derivative to take. The last function that "
        "made a plain value of it is astype_step: rounding to integers, or to True and False, goes in steps: it does not vary "
        "continuously. If it should depend: was the value taken out of the array, or another argument meant (argnums=)?",
    ),
    "nothing to differentiate by": (
        lambda: bb.grad(lambda x: 3.0)({}),
        bb.DerivativeValueError,
        "grad: what argnums names holds no arrays, so there is nothing to differentiate by.",
    ),
    "an integer": (
        lambda: bb.grad(np.sin)(2),
        bb.NoDerivativeError,
        "grad: argument 0 has dtype int64, and integers do not vary continuously. Pass floats (2.0 instead of 2), or choose "
        "other arguments with argnums=.",
    ),
    "an integer array": (
        lambda: bb.jacobian(np.sin)(np.arange(3)),
        bb.NoDerivativeError,
        "jacobian: argument 0 has dtype int64, and integers do not vary continuously. Pass floats (x.astype(float)), or choose "
        "other arguments with argnums=.",
    ),
    "an integer in a container": (
        lambda: bb.jvp(lambda p: p["a"][0], ({"a": [1]},), ({"a": [1.0]},)),
        bb.NoDerivativeError,
        "jvp: argument 0['a'][0] has dtype int64, and integers do not vary continuously. Pass floats (2.0 instead of 2), or "
        "choose other arguments with argnums=.",
    ),
    "a string": (
        lambda: bb.grad(np.sin)("text"),
        bb.NoDerivativeError,
        "grad: argument 0 is str, which is neither an array nor a number. Pass an array, or choose the arguments to "
        "differentiate by with argnums=.",
    ),
    "an array of objects": (
        lambda: bb.grad(np.sum)(np.array([1.0, None])),
        bb.NoDerivativeError,
        "grad: argument 0 has dtype object, whose entries are no numbers of NumPy's.",
    ),
    "no such argument": (
        lambda: bb.grad(np.sin, 1)(2.0),
        TypeError,
        f"grad: argnums=1, but the function was called with 1 positional arguments. {KEYWORD}",
    ),
    "no such argument among several": (
        lambda: bb.hessian(np.multiply, (0, -3))(2.0, 3.0),
        TypeError,
        f"hessian: argnums=(0, -3), but the function was called with 2 positional arguments. {KEYWORD}",
    ),
    "an argument by keyword": (
        lambda: bb.grad(lambda x: x)(x=2.0),
        TypeError,
        f"grad: argnums=0, but the function was called with 0 positional arguments. {KEYWORD}",
    ),
    "an argument twice": (
        lambda: bb.grad(np.multiply, (0, -2))(2.0, 3.0),
        ValueError,
        "grad: argnums=(0, -2) names an argument twice.",
    ),
    "argnums that is a name": (
        lambda: bb.grad(np.sin, "x")(2.0),  # type: ignore[arg-type]
        TypeError,
        "grad: argnums='x', but it is the number of an argument (from 0), or a tuple of them.",
    ),
    "no auxiliary output": (
        lambda: bb.grad(lambda x: x, has_aux=True)(2.0),
        TypeError,
        "grad: with has_aux=True the function must return a pair (output, aux), not Variable.",
    ),
    "too many auxiliary outputs": (
        lambda: bb.grad(lambda x: (x, 1, 2), has_aux=True)(2.0),
        TypeError,
        "grad: with has_aux=True the function must return a pair (output, aux), not tuple of 3.",
    ),
    "a cotangent of another shape": (
        lambda: PULLBACK(np.ones(2)),
        ValueError,
        "pullback: a cotangent of shape (2,) for an output of shape (3,); it has the shape of the output.",
    ),
    "too many cotangents": (
        lambda: PULLBACK((X, X)),
        ValueError,
        "pullback: 2 cotangents for 1 outputs; one for each is needed.",
    ),
    "a complex cotangent": (
        lambda: PULLBACK(1j * X),
        TypeError,
        "pullback: a complex cotangent for a real output, which has no imaginary part. Take the real part of the cotangent.",
    ),
    "a tangent of another shape": (
        lambda: bb.jvp(lambda p: p["a"], ({"a": X},), ({"a": np.ones(2)},)),
        ValueError,
        "jvp: a tangent of shape (2,) for argument 0['a'] of shape (3,); they are alike.",
    ),
    "a tangent of linearize of another shape": (
        lambda: F_JVP(np.ones(2)),
        ValueError,
        "f_jvp: a tangent of shape (2,) for argument 0 of shape (3,); they are alike.",
    ),
    "too many tangents": (lambda: bb.jvp(np.sin, (X,), (X, X)), TypeError, "jvp: 1 primals, but 2 tangents."),
    "too many tangents in a container": (
        lambda: bb.jvp(lambda p: p["a"], ({"a": X},), ({"a": X, "b": X},)),
        ValueError,
        "jvp: 2 tangents for 1 primals; one for each is needed.",
    ),
    "primals that are no tuple": (
        lambda: bb.hvp(np.sum, X, X),
        TypeError,
        "hvp: primals must be a tuple, one entry an argument of f, not ndarray. Write (x,).",
    ),
    "a complex tangent": (
        lambda: bb.jvp(np.sin, (X,), (1j * X,)),
        TypeError,
        "jvp: a complex tangent for argument 0, which is real: it cannot move by an imaginary number. Pass it as complex "
        "(x.astype(complex)), or take the real part of the tangent.",
    ),
    "a Hessian by a complex argument": (
        lambda: bb.hessian(lambda z: np.abs(z) ** 2)(1j),
        bb.DerivativeValueError,
        "hessian: argument 0 is complex, and the gradient of a real function of a + i b, df/da - i df/db, is not holomorphic. "
        "Differentiate by the parts: lambda a, b: f(a + 1j * b).",
    ),
    "a function without a rule": (
        lambda: np.is_busday(x),
        bb.NoDerivativeError,
        f"at {{place}} (np.is_busday(x)): np.is_busday {DATES}",
    ),
    "pieces that differ along a batch": (
        lambda: bb.vmap(lambda i: np.add.reduceat(X, i))(np.array([[0, 1]])),
        bb.NoDerivativeError,
        "at {place} (np.add.reduceat(X, i)): add.reduceat with indices that are traced: the lengths of its pieces would differ. "
        "Give plain indices.",
    ),
    "ufunc.at with two indices of which one differs along a batch": (
        lambda: bb.vmap(lambda i: np.multiply.at(np.zeros((2, 3), like=i), (i, 0), 2.0))(np.array([[0, 1]])),
        bb.NoDerivativeError,
        "at {place} (np.multiply.at(np.zeros((2, 3), like=i), (i, 0), 2.0)): multiply.at with several indices of which one is "
        "traced has no derivative rule. Index a flat array by one: np.ravel_multi_index gives the places.",
    ),
    "if on a batch": (
        lambda: bb.vmap(lambda v: v if v > 0 else -v)(X),
        bb.DerivativeValueError,
        "at {place} (v > 0): inside vmap a condition is a batch: it may be true for one entry and false for another, so `if` "
        "cannot choose. Write np.where(condition, a, b).",
    ),
    "if on a batch below another transform": (
        lambda: bb.vmap(bb.grad(lambda v: v if v > 0 else -v))(X),
        bb.DerivativeValueError,
        "at {place} (v > 0): inside vmap a condition is a batch: it may be true for one entry and false for another, so `if` "
        "cannot choose. Write np.where(condition, a, b).",
    ),
    "a mask that is a batch": (
        lambda: bb.vmap(lambda v: v[v > 0])(np.stack([X, -X])),
        bb.DerivativeValueError,
        "at {place} (v[v > 0]): x[mask] inside vmap, with a mask that is a batch, would have another length for each entry. "
        "Write np.where(mask, x, 0), or x[mask] = value.",
    ),
    "as many places as each entry of a batch has": (
        lambda: bb.vmap(lambda v: v[np.nonzero(v > 0)])(np.array([[1.0, -1.0], [1.0, 1.0]])),
        bb.DerivativeValueError,
        "at {place} (np.nonzero(v > 0)): nonzero inside vmap would have another shape for each entry of the batch: (1,), "
        "(2,). Keep the shape, as np.where(mask, x, 0) and x[mask] = value do, or call the function in a loop.",
    ),
    "data of a batch": (
        lambda: bb.vmap(lambda v: v * v.data)(X),
        bb.DerivativeValueError,
        "at {place} (v.data): inside vmap a value is another one for each entry, so it has no data. Compute with it as it is.",
    ),
    "backward of a constant": (
        lambda: np.zeros_like(x).backward(),
        bb.DerivativeValueError,
        "backward: this Variable does not depend on any other, so it has no derivative.",
    ),
    "backward to an integer": (
        lambda: (Variable(np.array(3)) * 2.0).backward(),
        bb.NoDerivativeError,
        "backward: a Variable of dtype int64 has no derivative: integers do not vary continuously. "
        "Make it a float: Variable(data.astype(float)).",
    ),
    "backward from a complex number": (
        lambda: np.sum(x * 1j).backward(),
        bb.DerivativeValueError,
        "backward: this Variable is complex; a gradient is that of a real number. Take np.real, np.imag or np.abs of it, or set "
        "its grad, the cotangent to start from.",
    ),
    "a Variable of a number": (lambda: Variable(1.0), TypeError, "<class 'float'> is not supported"),  # type: ignore[arg-type]
    "another view of the bytes": (
        lambda: x.view(np.int64),
        bb.NoDerivativeError,
        "view(int64) of an array of float64 reads its bytes as something else, which has no derivative. Write x.astype(dtype), "
        "or x.real and x.imag of a complex array.",
    ),
    "a value that outlived its transform": (
        lambda: bb.grad(lambda v: _escaped(v) * v)(2.0),
        bb.DerivativeValueError,
        "grad: the function returned a Variable of an inner transform that has ended. Return it from the inner function, "
        "instead of storing it outside.",
    ),
    "an inner value in an outer array": (
        lambda: bb.grad(_stored_outside)(X),
        bb.LostDerivativeError,
        "an array of an outer function (a Variable) was updated in place with a value that an inner transform traces (a "
        "Variable). Make the array inside the inner function, or return the value.",
    ),
}


def _escaped(v: Any) -> Any:
    found: list[Any] = []
    bb.grad(lambda u: found.append(u) or u * v)(1.0)
    return found[0]


def _stored_outside(v: Any) -> Any:
    outer = np.zeros_like(v)

    def inner(u: Any) -> Any:
        outer[0] = u
        return u * u

    bb.grad(inner)(1.0)
    return np.sum(outer)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal(name: str) -> None:
    run, error, expected = REFUSED[name]
    assert message(run, error) == expected


# ---- Python's and NumPy's own errors stay ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda: x + "a", r"unsupported operand type\(s\) for \+: 'Variable' and 'str'"),
        (lambda: None * x, r"unsupported operand type\(s\) for \*: 'NoneType' and 'Variable'"),
        (lambda: {} - (x + 0.0), r"unsupported operand type\(s\) for -: 'dict' and 'Variable'"),
        (lambda: x < "a", r"'<' not supported between instances of 'Variable' and 'str'"),
        (lambda: pow(s, 2, 3), r"unsupported operand type\(s\) for \*\* or pow\(\): 'Variable'"),
        (lambda: bb.jvp(lambda v: pow(v, 2, 3), (1.0,), (1.0,)), r"unsupported operand type\(s\) for \*\* or pow\(\)"),
        (lambda: bb.grad(3)(2.0), "'int' object is not callable"),
        (lambda: x & 1, "ufunc 'bitwise_and' not supported"),
    ],
)
def test_type_errors_of_python_and_numpy(run: Callable[[], Any], expected: str) -> None:
    with pytest.raises(TypeError, match=expected):
        run()


def test_value_errors_of_numpy() -> None:
    with pytest.raises(ValueError, match="operands could not be broadcast together with shapes \\(3,\\) \\(2,\\)"):
        x + np.ones(2)
    with pytest.raises(ValueError, match="matmul"):
        x @ np.ones((2, 2))
    with pytest.raises(ValueError, match="cannot reshape array of size 3 into shape \\(2,2\\)"):
        x.reshape(2, 2)


def test_an_exception_of_the_users_passes_unchanged() -> None:
    class Theirs(Exception):
        pass

    def f(v: Any) -> Any:
        raise Theirs("as it was")

    for transform in (
        lambda: bb.grad(f)(1.0),
        lambda: bb.jvp(f, (1.0,), (1.0,)),
        lambda: bb.vmap(f)(X),
        lambda: bb.hessian(f)(X),
        lambda: bb.jacobian(f)(X),
        lambda: bb.checkpoint(f)(1.0),
    ):
        with pytest.raises(Theirs, match="^as it was$"):
            transform()


def test_comparisons_with_anything_are_as_in_python() -> None:
    assert (x == "a") is False
    assert (x != None) is True  # noqa: E711
    assert x in [x]
    assert len({x, s}) == 2
