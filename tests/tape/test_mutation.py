"""Arrays that change between the call and the derivative: the recorded value is used, or an error names both places."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun import Variable
from bibun.core import captured
from bibun.interpreters import recorders

X = np.array([0.5, -1.5, 2.0, 0.25])
M = np.array([[1.0, 2.0, 3.0, 4.0], [0.5, -1.0, 2.5, -2.0], [3.0, 1.0, -1.0, 0.5], [2.0, 0.0, 1.0, 5.0]])
FLOATS = np.array([2.0, 3.0, -1.0, 0.5])
POSITIVE = np.array([2.0, 3.0, 1.0, 0.5])
INDICES = np.array([3, 1, 1, 0])
MASK = np.array([True, False, True, True])


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every array counts as too large to be copied."""
    monkeypatch.setattr(captured, "COPIED", 1)
    monkeypatch.setattr(recorders, "COPIED", 1)
    monkeypatch.setattr(recorders, "_SMALL", 1)


# Each reads x and one plain array, whose values the derivative needs.
CALLS: dict[str, tuple[Callable[[Any, Any], Any], np.ndarray]] = {
    "x * c": (lambda x, c: x * c, FLOATS),
    "c * x": (lambda x, c: c * x, FLOATS),
    "(x + 0) * c": (lambda x, c: (x + 0.0) * c, FLOATS),
    "c * (x + 0)": (lambda x, c: c * (x + 0.0), FLOATS),
    "x / c": (lambda x, c: x / c, FLOATS),
    "c / x": (lambda x, c: c / x, FLOATS),
    "x ** c": (lambda x, c: np.abs(x) ** c, FLOATS),
    "c ** x": (lambda x, c: c**x, POSITIVE),
    "broadcast": (lambda x, c: x * c[:, None], FLOATS),
    "multiply": (lambda x, c: np.multiply(x, c), FLOATS),
    "multiply where": (lambda x, c: np.multiply(x, 3.0, where=c), MASK),
    "multiply.outer": (lambda x, c: np.multiply.outer(c, x), FLOATS),
    "maximum": (lambda x, c: np.maximum(x, c), FLOATS),
    "arctan2": (lambda x, c: np.arctan2(x, c), POSITIVE),
    "hypot": (lambda x, c: np.hypot(c, x), FLOATS),
    "matmul": (lambda x, c: c @ x, M),
    "matmul left": (lambda x, c: x @ c, M),
    "dot": (lambda x, c: np.dot(x, c), FLOATS),
    "inner": (lambda x, c: np.inner(c, x), FLOATS),
    "outer": (lambda x, c: np.outer(x, c), FLOATS),
    "tensordot": (lambda x, c: np.tensordot(c, x, axes=[[1], [0]]), M),
    "einsum": (lambda x, c: np.einsum("ij,j->i", c, x), M),
    "kron": (lambda x, c: np.kron(x, c), FLOATS),
    "solve": (lambda x, c: np.linalg.solve(c, x), M),
    "solve right": (lambda x, c: np.linalg.solve(x[:, None] * np.eye(4) + 5, c), FLOATS),
    "where condition": (lambda x, c: np.where(c, x, 2 * x), MASK),
    "where value": (lambda x, c: np.where(x > 0, x * c, c), FLOATS),
    "select": (lambda x, c: np.select([c, ~c], [x, 3 * x]), MASK),
    "clip": (lambda x, c: np.clip(x, c, 1.5), -FLOATS),
    "x[indices]": (lambda x, c: x[c], INDICES),
    "x[mask]": (lambda x, c: x[c], MASK),
    "x[list of arrays]": (lambda x, c: (x[:, None] * x)[c, c[::-1]], INDICES),
    "x[indices] in place": (lambda x, c: _stored(x, c, x[::-1]), INDICES),
    "x[mask] in place": (lambda x, c: _stored(x, c, 0.0), MASK),
    "add.at": (lambda x, c: _added(x, c), INDICES),
    "take": (lambda x, c: np.take(x, c), INDICES),
    "take_along_axis": (lambda x, c: np.take_along_axis(x, c, 0), INDICES),
    "choose": (lambda x, c: np.choose(c % 2, [x, 3 * x]), INDICES),
    "compress": (lambda x, c: np.compress(c, x), MASK),
    "repeat": (lambda x, c: np.repeat(x, c), INDICES),
    "average": (lambda x, c: np.average(x, weights=c), POSITIVE),
    "sum where": (lambda x, c: np.sum(x, where=c), MASK),
    "max where": (lambda x, c: np.max(x, where=c, initial=-9.0), MASK),
    "copyto where": (lambda x, c: _copied(x, c), MASK),
    "diff": (lambda x, c: np.diff(x * x, prepend=c[:1]) * c, FLOATS),
    "trapezoid": (lambda x, c: np.trapezoid(x, np.cumsum(np.abs(c))), FLOATS),
    "list of numbers": (lambda x, c: x * _emptied(c), FLOATS),
    "tuple of arrays": (lambda x, c: x * (c, c), FLOATS),
    "Function": (lambda x, c: _Times()(x, c), FLOATS),
    "checkpoint": (lambda x, c: bb.checkpoint(lambda x, c: x * c)(x, c), FLOATS),
    "vmap": (lambda x, c: bb.vmap(lambda x, c: x * c)(x, c), FLOATS),
    "jvp": (lambda x, c: bb.jvp(lambda v: v * v * c, (x,), (c,))[1], FLOATS),
    "vjp": (lambda x, c: bb.vjp(lambda v: v * v, x)[1](c)[0], FLOATS),
    "grad": (lambda x, c: bb.grad(lambda v: np.sum(v * v * c))(x), FLOATS),
}


def _stored(x: Any, key: Any, value: Any) -> Any:
    y = x * x
    y[key] = value[: np.sum(key) if key.dtype == bool else None] if np.ndim(value) else value
    return y


def _added(x: Any, key: Any) -> Any:
    y = np.zeros_like(x)
    np.add.at(y, key, x * x)
    return y


def _copied(x: Any, mask: Any) -> Any:
    y = x * x
    np.copyto(y, 3 * x, where=mask)
    return y


class _Emptied(list[float]):
    """A list that a test empties along with the array it came from."""


_lists: list[_Emptied] = []


def _emptied(c: np.ndarray) -> list[float]:
    _lists.append(_Emptied(c.tolist()))
    return _lists[-1]


class _Times(bb.Function):
    def forward(self, a: Any, b: Any) -> Any:
        return a * b

    def backward(self, gy: Any) -> Any:
        a, b = self.inputs
        return gy * b, gy * a


def _spoil(array: np.ndarray) -> None:
    array[...] = ~array if array.dtype == bool else array[::-1].copy() + 1 if array.dtype == float else 2
    while _lists:
        _lists.pop()[:] = [0.0] * 4


@pytest.mark.parametrize("name", CALLS)
def test_a_plain_array_is_used_as_it_was_recorded(name: str) -> None:
    f, constant = CALLS[name]
    x = Variable(X.copy())
    np.sum(f(x, constant.copy())).backward()
    expected = x.grad
    x.cleargrad()
    array = constant.copy()
    y = f(x, array)
    value = y.data.copy()
    _spoil(array)
    np.sum(y).backward()
    assert_array_equal(y.data, value)
    assert_allclose(x.grad, expected, rtol=1e-12)


@pytest.mark.parametrize("name", CALLS)
def test_the_data_of_a_leaf_is_used_as_it_was_recorded(name: str) -> None:
    f, constant = CALLS[name]
    x = Variable(X.copy())
    np.sum(f(x, constant.copy())).backward()
    expected = x.grad
    x.cleargrad()
    y = f(x, constant.copy())
    value = y.data.copy()
    x.data[:] = 77.0
    np.sum(y).backward()
    assert_array_equal(y.data, value)
    assert_allclose(x.grad, expected, rtol=1e-12)


@pytest.mark.parametrize("name", CALLS)
def test_above_the_limit_it_is_right_or_an_error(name: str, small_is_large: None) -> None:
    f, constant = CALLS[name]
    x = Variable(X.copy())
    np.sum(f(x, constant.copy())).backward()
    expected = x.grad
    for spoil_leaf in (False, True):
        x = Variable(X.copy())
        array = constant.copy()
        y = f(x, array)
        if spoil_leaf:
            x.data[:] = 77.0
        else:
            _spoil(array)
        try:
            np.sum(y).backward()
        except bb.MutatedArrayError:
            assert x.grad is None
        else:
            assert_allclose(x.grad, expected, rtol=1e-12)


@pytest.mark.parametrize("name", CALLS)
def test_above_the_limit_an_array_that_stays_is_used(name: str, small_is_large: None) -> None:
    f, constant = CALLS[name]
    x = Variable(X.copy())
    y = np.sum(f(x, constant.copy()))
    y.backward(create_graph=True)
    gradient = x.grad
    _, expected = bb.value_and_grad(lambda v: np.sum(f(v, constant.copy())))(X)
    assert_allclose(gradient.data, expected, rtol=1e-12)
    if gradient.creator is not None:
        x.cleargrad()
        np.sum(gradient * FLOATS).backward()
        second = bb.grad(lambda v: np.sum(bb.grad(lambda w: np.sum(f(w, constant.copy())))(v) * FLOATS))(X)
        found = np.zeros(4) if x.grad is None else x.grad
        assert_allclose(found, second, rtol=1e-10, atol=1e-12)


# ---- leaves ------------------------------------------------------------------------------------------------------


def test_a_view_of_a_leaf() -> None:
    for take in (lambda v: v[1:3], lambda v: v.reshape(2, 2), lambda v: v[::-1], lambda v: v.T, lambda v: np.ravel(v)):
        x = Variable(X.copy())
        y = take(x)
        z = y * y
        x.data[:] = 100.0
        z.backward()
        assert_allclose(np.sum(x.grad), np.sum(2 * take(X)))
        assert_array_equal(y.data, take(X))


def test_the_name_that_the_caller_still_has() -> None:
    data = X.copy()
    x = Variable(data)
    y = np.sin(x)
    data *= 0.0
    y.backward()
    assert_allclose(x.grad, np.cos(X))


def test_a_scalar_leaf() -> None:
    data = np.array(2.0)
    x = Variable(data)
    y = x * x * x
    data[...] = 5.0
    y.backward()
    assert x.grad == 12.0


def test_the_step_of_a_training_loop_in_the_array() -> None:
    """w.data -= rate * w.grad after each backward, as the books do it: least squares to the closed form."""
    generator = np.random.default_rng(0)
    features, targets = generator.normal(size=(30, 3)), generator.normal(size=30)
    w = Variable(np.zeros(3))
    for _ in range(400):
        w.cleargrad()
        loss = np.mean((features @ w - targets) ** 2)
        loss.backward()
        w.data -= 0.3 * w.grad
    assert_allclose(w.data, np.linalg.lstsq(features, targets)[0], rtol=1e-8)


def test_arguments_of_transforms_that_change_inside_the_function() -> None:
    array = X.copy()

    def f(x: Any) -> Any:
        y = x * x * 3.0
        z = np.sin(x)
        array[:] = 50.0
        return np.sum(y + z)

    expected = 6 * X + np.cos(X)
    assert_allclose(bb.grad(f)(array), expected)
    array[:] = X
    _, pullback = bb.vjp(lambda x: x * x, array)
    array[:] = 50.0
    assert_allclose(pullback(np.ones(4))[0], 2 * X)
    array[:] = X
    _, push = bb.linearize(lambda x: x * x * x, array)
    array[:] = 50.0
    assert_allclose(push(np.ones(4)), 3 * X**2)


def test_what_vjp_returns_may_be_written_to() -> None:
    y, pullback = bb.vjp(np.exp, X)
    y *= 0.0
    assert_allclose(pullback(np.ones(4))[0], np.exp(X))
    y, pullback, aux = bb.vjp(lambda x: (np.sin(np.exp(x)), [np.exp(x)]), X, has_aux=True)
    aux[0][:] = 0.0
    y[:] = 0.0
    assert_allclose(pullback(np.ones(4))[0], np.cos(np.exp(X)) * np.exp(X))
    gradients = pullback(np.ones(4))[0]
    gradients[:] = 0.0
    assert_allclose(pullback(np.ones(4))[0], np.cos(np.exp(X)) * np.exp(X))


def test_what_vjp_returns_may_be_written_to_inside_another_transform() -> None:
    def f(x: Any) -> Any:
        y, pullback = bb.vjp(np.exp, x)
        y *= 0.0
        return np.sum(pullback(x)[0])  # exp(x) x

    assert_allclose(bb.grad(f)(X), np.exp(X) * (1 + X))


def test_a_cotangent_that_changes_afterwards() -> None:
    g = np.ones(4)
    _, pullback = bb.vjp(lambda x: x + 1.0, X)
    found = pullback(g)[0]
    g[:] = 9.0
    assert_array_equal(found, np.ones(4))
    found[:] = 5.0
    assert_array_equal(g, np.full(4, 9.0))


def test_outer_values_that_an_inner_function_updates() -> None:
    """An inner transform keeps what it read; the update afterwards is another value."""

    def f(x: Any) -> Any:
        scale = x * 2.0
        y, pullback = bb.vjp(lambda v: v * scale, x)
        scale *= 100.0
        scale[0] = 0.0
        return np.sum(pullback(np.ones(4))[0])  # 2 sum(x)

    assert_allclose(bb.grad(f)(X), np.full(4, 2.0))


# ---- read-only and large arrays ----------------------------------------------------------------------------------


def test_a_read_only_array_is_not_copied() -> None:
    constant = FLOATS.copy()
    constant.setflags(write=False)
    x = Variable(X.copy())
    y = (x + 0.0) * constant
    assert y.node.saved is constant
    y.backward()
    assert_allclose(x.grad, FLOATS)


def test_a_read_only_view_of_an_array_that_changes() -> None:
    constant = FLOATS.copy()
    view = constant.view()
    view.setflags(write=False)
    x = Variable(X.copy())
    y = x * view
    z = x * np.broadcast_to(constant[:1], 4)
    constant[:] = 100.0
    np.sum(y + z).backward()
    assert_allclose(x.grad, FLOATS + FLOATS[0])


ERROR = re.compile(
    r"^an array of shape \((?P<shape>.*)\), recorded at (?P<captured>.*), was changed before the derivative that needs it "
    r"was taken at (?P<used>.*)\. Arrays above 16 MiB are not copied when they are recorded\. Change a copy instead "
    r"\(array = array\.copy\(\)\), or take the derivative first\.$"
)


def test_the_error_names_both_places() -> None:
    """Once with an array that really is large."""
    large = np.ones(2**21 + 1)  # 8 bytes more than 16 MiB
    x = Variable(np.array(2.0))
    y = np.sum(x * large)
    large[-1] = 2.0
    with pytest.raises(bb.MutatedArrayError) as caught:
        y.backward()
    found = ERROR.match(str(caught.value))
    assert found
    assert found["shape"] == "2097153,"
    assert re.fullmatch(r".*test_mutation\.py:\d+ \(x \* large\)", found["captured"])
    assert re.fullmatch(r".*test_mutation\.py:\d+ \(y\.backward\(\)\)", found["used"])
    assert x.grad is None


def test_a_large_array_that_stays_is_used_and_not_copied() -> None:
    large = np.linspace(0.0, 1.0, 2**21 + 1)
    x = Variable(np.array(2.0))
    y = np.sum(x * large)
    y.backward()
    assert_allclose(x.grad, np.sum(large))
    leaf = Variable(large)
    np.sum(leaf * leaf).backward()
    assert_allclose(leaf.grad[-1], 2.0)


def test_a_large_leaf(small_is_large: None) -> None:
    x = Variable(X.copy())
    y = np.sum(np.sin(x) * x)
    x.data[0] = 3.0
    with pytest.raises(bb.MutatedArrayError, match=r"an array of shape \(4,\), recorded at .*test_mutation.py"):
        y.backward()
    x.data[0] = X[0]  # as it was
    y.backward()
    assert_allclose(x.grad, np.cos(X) * X + np.sin(X))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64, np.complex128, ">f8"])
def test_large_arrays_of_every_dtype(dtype: Any, small_is_large: None) -> None:
    array = np.array([1.0, 2.0, 3.0, 4.0], dtype)
    x = Variable(X.copy())
    y = np.sum(np.real(x * array))
    y.backward()
    assert_allclose(x.grad, [1.0, 2.0, 3.0, 4.0])
    x.cleargrad()
    array[1] = 0.0
    with pytest.raises(bb.MutatedArrayError):
        y.backward()


@pytest.mark.parametrize("change", [lambda a: a[::2], lambda a: a.reshape(2, 2).T, lambda a: a[::-1]])
def test_large_arrays_of_every_layout(change: Any, small_is_large: None) -> None:
    base = FLOATS.copy()
    array = change(base)
    x = Variable(np.ones(array.shape))
    y = x * array
    expected = array.copy()
    base[:] = 9.0
    try:
        y.backward()
    except bb.MutatedArrayError:
        assert x.grad is None
    else:
        assert_array_equal(x.grad, expected)


def test_several_outputs_of_a_large_leaf(small_is_large: None) -> None:
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    x = Variable(matrix.copy())
    values, vectors = np.linalg.eigh(x)
    np.sum(values**2).backward()
    assert_allclose(x.grad + x.grad.T, 4 * matrix)


def test_a_function_that_stores_a_large_input_may_be_wrong_only_by_hand(small_is_large: None) -> None:
    """Above the limit forward gets the caller's array; what the tape reads of it is checked."""

    class Cube(bb.Function):
        def forward(self, x: Any) -> Any:
            return x**3

        def backward(self, gy: Any) -> Any:
            return 3 * self.input.data**2 * gy

    x = Variable(X.copy())
    y = Cube()(x)
    x.data[:] = 1.0
    with pytest.raises(bb.MutatedArrayError):
        y.backward()


def test_places_of_a_count_that_change_afterwards() -> None:
    places, weights = np.array([3, 1, 2]), np.array([0.0, 1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        return np.sum(np.bincount(places, weights=x) * weights)

    x = Variable(np.ones(3))
    y, (_, pullback), (_, pushforward) = f(x), bb.vjp(f, np.ones(3)), bb.linearize(f, np.ones(3))
    places[:] = 0
    y.backward()
    assert_array_equal(x.grad, [3.0, 1.0, 2.0])
    assert_array_equal(pullback(1.0)[0], [3.0, 1.0, 2.0])
    assert_array_equal(pushforward(np.array([1.0, 10.0, 100.0])), 213.0)
