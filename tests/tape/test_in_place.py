"""In-place updates: NumPy itself is the oracle of the values and of what shares memory, differences of the derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
import bibun.numpy
from bibun import Variable
from tests.laws.differences import directional

X = np.array([0.5, -1.5, 2.0, 0.25])


def box(value: Any) -> Variable:
    return Variable(np.array(value, float))


# ---- random programs on views ------------------------------------------------------------------------------------

SHAPE = (4, 6)
VIEWS: list[Callable[[Any], Any]] = [
    lambda a: a[1:],
    lambda a: a[::2],
    lambda a: a[::-1],
    lambda a: a[..., :-1],
    lambda a: a[..., None],
    lambda a: a[-1],
    lambda a: a[..., 0:2],
    lambda a: a.T,
    lambda a: a.reshape(-1),
    lambda a: a.ravel(),
    lambda a: a.ravel("F"),
    lambda a: a.ravel("K"),
    lambda a: a.reshape(-1, order="F"),
    lambda a: np.swapaxes(a, 0, -1),
    lambda a: np.expand_dims(a, 0),
    lambda a: np.squeeze(a),
    lambda a: np.flip(a, 0),
    lambda a: a[:],
    lambda a: a.view(),
    lambda a: np.moveaxis(a, 0, -1),
    lambda a: a[()],
    lambda a: a[(*(0,) * a.ndim, ...)],  # of shape (), and a view
]
UPDATES: list[Callable[[Any, Any], None]] = []


def update(function: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    UPDATES.append(function)
    return function


@update
def add_number(a: Any, b: Any) -> None:
    a += 0.5


@update
def multiply_number(a: Any, b: Any) -> None:
    a *= 0.5


@update
def assign_mean(a: Any, b: Any) -> None:
    a[...] = np.mean(b)


@update
def assign_first(a: Any, b: Any) -> None:
    a[0] = 0.25 * np.sum(b)


@update
def assign_function_of_itself(a: Any, b: Any) -> None:
    a[...] = np.sin(a)


@update
def assign_reversed(a: Any, b: Any) -> None:
    a[:] = a[::-1]  # the right side is read before anything is written


@update
def mask_negative(a: Any, b: Any) -> None:
    a[a < 0] *= 0.5


@update
def assign_where(a: Any, b: Any) -> None:
    a[a > 1] = np.tanh(np.max(b))


@update
def fancy_add(a: Any, b: Any) -> None:
    a[np.array([0, -1, 0])] += 1.0  # once for entry 0, as in NumPy


@update
def fancy_assign_repeated(a: Any, b: Any) -> None:
    index = np.array([0, -1, 0])
    a[index] = a[index] * np.array([2.0, 3.0, 0.5]).reshape((3,) + (1,) * (a.ndim - 1))  # the last of two counts


@update
def add_at(a: Any, b: Any) -> None:
    np.add.at(a, np.array([0, -1, 0]), 0.5)


@update
def out(a: Any, b: Any) -> None:
    np.multiply(a, 0.75, out=a)


@update
def out_of_another(a: Any, b: Any) -> None:
    np.cos(np.mean(b) + np.zeros(a.shape), out=a)


@update
def where_out(a: Any, b: Any) -> None:
    np.exp(-np.abs(a), out=a, where=a > 0)


@update
def subtract_mean(a: Any, b: Any) -> None:
    a -= np.mean(a)


@update
def fill(a: Any, b: Any) -> None:
    a.fill(0.125)


@update
def copyto(a: Any, b: Any) -> None:
    np.copyto(a, a * 0.5 + 0.1)


@update
def assign_product_with_another_row(a: Any, b: Any) -> None:
    a[-1] = np.sin(a[0]) * a[0] * 0.5  # the row that is read is kept for the way back


@update
def fill_rows_from_their_neighbours(a: Any, b: Any) -> None:
    for i in range(1, len(a)):
        a[i] = 0.5 * a[i - 1] * a[i]


@update
def multiply_keeping_the_old(a: Any, b: Any) -> None:
    old = a * a
    a[0] *= 0.5
    a[...] = np.tanh(old + a)


@update
def negative_at(a: Any, b: Any) -> None:
    np.multiply.at(a, 0, 0.5)


OF_NUMBERS = (
    add_number, multiply_number, assign_mean, assign_function_of_itself, out, subtract_mean, fill, copyto
)  # fmt: skip
steps = st.lists(
    st.tuples(st.booleans(), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)),
    min_size=1,
    max_size=12,
)


def program(plan: list[tuple[bool, int, int, int]], x: Any) -> tuple[Any, list[Any]]:
    """Make views of views and update them, as the plan says; the same text for ndarrays and for Variables."""
    base = x * 1.0
    pool = [base]
    for makes_view, which, first, second in plan:
        a, b = pool[first % len(pool)], pool[second % len(pool)]
        if makes_view:
            view = VIEWS[which % len(VIEWS)]
            if a.ndim and a.size:
                seen = view(a)
                if np.ndim(seen) or view is VIEWS[-1]:  # another one of shape () is a number
                    pool.append(seen)
        elif a.size and b.size and (a.ndim or UPDATES[which % len(UPDATES)] in OF_NUMBERS):
            UPDATES[which % len(UPDATES)](a, b)
    weighed = sum((np.sum(a * (n + 1.0)) for n, a in enumerate(pool)), 0.0)
    return weighed, pool


@settings(max_examples=200)
@given(steps, st.integers(0, 2**32 - 1))
def test_random_updates_of_views(plan: list[tuple[bool, int, int, int]], seed: int) -> None:
    generator = np.random.default_rng(seed)
    data, direction = generator.normal(size=(2, *SHAPE))
    value, pool = program(plan, data.copy())
    x = Variable(data.copy())
    total, variables = program(plan, x)
    for expected, found in zip(pool, variables, strict=True):
        assert_allclose(found.data, expected, rtol=1e-10, atol=1e-10)
    assert_allclose(total.data, value, rtol=1e-9, atol=1e-9)
    assert_array_equal(x.data, data)
    total.backward()
    reverse = 0.0 if x.grad is None else np.sum(x.grad * direction)
    f = lambda v: program(plan, v)[0]  # noqa: E731
    forward = bb.jvp(f, (data,), (direction,))[1]
    assert_allclose(reverse, forward, rtol=1e-9, atol=1e-9)
    assert_allclose(bb.jvp(f, (data,), (direction,))[0], value, rtol=1e-9, atol=1e-9)
    if any(UPDATES[which % len(UPDATES)] is mask_negative for makes_view, which, *_ in plan if not makes_view):
        return  # the entries of a batch would have a[a < 0] of different lengths
    batch = np.stack([data, data[::-1]])
    assert_allclose(bb.vmap(f)(batch), [f(data), f(data[::-1].copy())], rtol=1e-9, atol=1e-9)


SMOOTH = [
    u for u in range(len(UPDATES)) if UPDATES[u] not in (mask_negative, assign_where, where_out)
]  # the others choose by the values, which a step of a difference may change


@settings(max_examples=60)
@given(steps, st.integers(0, 2**32 - 1))
def test_derivatives_of_random_updates(plan: list[tuple[bool, int, int, int]], seed: int) -> None:
    plan = [(v, w if v else SMOOTH[w % len(SMOOTH)], a, b) for v, w, a, b in plan]
    generator = np.random.default_rng(seed)
    data, direction = generator.normal(size=(2, *SHAPE))
    expected = directional(lambda s: program(plan, data + s * direction)[0])[0]
    f = lambda v: program(plan, v)[0]  # noqa: E731
    assert_allclose(bb.jvp(f, (data,), (direction,))[1], expected, rtol=1e-6, atol=1e-6)


# ---- one by one --------------------------------------------------------------------------------------------------


def test_a_view_updates_its_base_and_its_other_views() -> None:
    a = np.arange(6.0)
    x = box(np.arange(6.0))
    for v in (a, x):
        b = v[1:5]
        c = b[::2]
        d = v[3:]
        c += 10.0
        d *= 2.0
        b[0] = -1.0
    assert_array_equal(x.data, a)
    assert_array_equal(a, [0.0, -1.0, 2.0, 26.0, 8.0, 10.0])


def test_an_update_of_the_base_is_seen_in_its_views() -> None:
    x = box(X) * 1.0
    view = x[1:3]
    square = view.reshape(2, 1)
    x += 1.0
    assert_array_equal(view.data, X[1:3] + 1)
    assert_array_equal(square.data, (X[1:3] + 1)[:, None])
    x[...] = 7.0
    assert_array_equal(square.data, [[7.0], [7.0]])


@pytest.mark.parametrize("make", [lambda: box(np.ones((2, 3))), lambda: bibun.numpy.ones((2, 3))])
def test_the_base_of_a_view_is_what_it_shows(make: Callable[[], Any]) -> None:
    y = make()
    assert y.base is None
    assert all(view.base is y for view in (y[1:], y.T[0], y.reshape(3, 2)[::2], y[0, ...]))
    assert y[[0, 1]].base is None


def test_a_copy_is_no_view() -> None:
    x = box(X) * 1.0
    others = [
        x.copy(),
        np.copy(x),
        x + 0.0,
        x[np.array([0, 1, 2, 3])],
        x[x > -9],
        x.flatten(),
        x.astype(float),
        x.repeat(1),
    ]
    for other in others:
        other[:] = 99.0
    assert_array_equal(x.data, X)


def test_results_computed_before_an_update_stay() -> None:
    x = box(X)
    y = x * 1.0
    before = np.sin(y)
    y += 1.0
    after = np.sin(y)
    np.sum(before * 10.0 + after).backward()
    assert_allclose(before.data, np.sin(X))
    assert_allclose(x.grad, 10 * np.cos(X) + np.cos(X + 1))


def test_saved_values_are_those_before_the_update() -> None:
    x = box(X)
    y = x * 1.0
    z = y * y
    y *= 0.0
    np.sum(z).backward()
    assert_allclose(x.grad, 2 * X)


def test_an_updated_leaf_keeps_its_gradient() -> None:
    """x += 1 computes from x: its gradient is that of what x was made with."""
    data = X.copy()
    x = Variable(data)
    same = x
    x += 1.0
    assert x is same
    assert_array_equal(data, X)
    np.sum(x * x).backward()
    assert_allclose(x.grad, 2 * (X + 1))
    x.cleargrad()
    assert x.grad is None
    x *= 3.0
    np.sum(x).backward()
    assert_allclose(x.grad, np.full(4, 3.0))


def test_an_updated_view_of_a_leaf() -> None:
    x = box(X)
    tail = x[2:]
    tail *= x[:2]
    x[0] = 5.0
    np.sum(x).backward()
    assert_array_equal(x.data, [5.0, -1.5, 2.0 * 0.5, 0.25 * -1.5])
    assert_allclose(x.grad, [2.0, 1.0 + 0.25, 0.5, -1.5])


def test_overwritten_entries_have_no_derivative() -> None:
    def f(x: Any) -> Any:
        y = x * x
        y[1] = 3.0
        y[2] = y[0]
        return np.sum(y)

    assert_allclose(bb.grad(f)(X), [4 * X[0], 0.0, 0.0, 2 * X[3]])


def test_rows_of_zeros_filled_one_by_one() -> None:
    def by_like(x: Any) -> Any:
        y = np.zeros_like(x, shape=(4, 4))
        for i in range(4):
            y[i] = x[i] * x
        return y

    def by_shape(x: Any) -> Any:
        y = np.zeros((4, 4), like=x)
        for i in range(4):
            for j in range(4):
                y[i, j] = x[i] * x[j]
        return y

    for fill_in in (by_like, by_shape):
        f = lambda x, fill_in=fill_in: np.sum(fill_in(x) * np.arange(16.0).reshape(4, 4))  # noqa: E731
        weights = np.arange(16.0).reshape(4, 4)
        expected = (weights + weights.T) @ X
        assert_allclose(bb.grad(f)(X), expected)
        assert_allclose(bb.jvp(f, (X,), (np.ones(4),))[1], np.sum(expected))
        assert_allclose(bb.vmap(bb.grad(f))(np.stack([X, -X])), [expected, -expected])
        assert_allclose(bb.grad(lambda xs, f=f: np.sum(bb.vmap(f)(xs)))(np.stack([X, -X])), [expected, -expected])
        assert_allclose(bb.hessian(f)(X), weights + weights.T)
        variable = Variable(X.copy())
        assert_allclose(fill_in(variable).data, np.outer(X, X))


@pytest.mark.parametrize("make", [np.zeros, np.ones, np.empty])
def test_arrays_made_like_a_traced_one(make: Any) -> None:
    def f(x: Any) -> Any:
        y = make(4, like=x)
        y[:] = 2.0
        y[1:] += x[1:] ** 2
        y[0] = x[0]
        return np.sum(y)

    assert_allclose(bb.grad(f)(X), [1.0, *(2 * X[1:])])


def test_a_recurrence_in_place() -> None:
    """u[n + 1] = u[n] + h u[n] (1 - u[n]): the derivative by a recurrence of its own."""

    def f(start: Any) -> Any:
        u = np.zeros(50, like=start)
        u[0] = start
        for n in range(49):
            u[n + 1] = u[n] + 0.1 * u[n] * (1 - u[n])
        return u

    u, slope = [0.2], [1.0]
    for _ in range(49):
        slope.append(slope[-1] * (1.1 - 0.2 * u[-1]))
        u.append(u[-1] + 0.1 * u[-1] * (1 - u[-1]))
    assert_allclose(bb.jacfwd(f)(0.2), slope)
    assert_allclose(bb.jacrev(f)(0.2), slope)
    assert_allclose(f(Variable(np.array(0.2))).data, u)


# ---- operators and out= ------------------------------------------------------------------------------------------

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {}


def operator(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    OPERATORS[function.__name__] = function
    return function


@operator
def iadd(a: Any, b: Any) -> Any:
    a += b
    return a


@operator
def isub(a: Any, b: Any) -> Any:
    a -= b
    return a


@operator
def imul(a: Any, b: Any) -> Any:
    a *= b
    return a


@operator
def itruediv(a: Any, b: Any) -> Any:
    a /= b
    return a


@operator
def ipow(a: Any, b: Any) -> Any:
    a **= 3.0
    return a


@operator
def imatmul(a: Any, b: Any) -> Any:
    a = a.reshape(2, 2)
    a @= b.reshape(2, 2)
    return a


@operator
def imod(a: Any, b: Any) -> Any:
    a %= b
    return a


@operator
def ifloordiv(a: Any, b: Any) -> Any:
    a //= b
    return a


@pytest.mark.parametrize("name", OPERATORS)
def test_augmented_assignment(name: str) -> None:
    function = OPERATORS[name]
    other = np.array([1.5, 2.0, -0.75, 3.0])
    expected = function(X.copy(), other)
    direction = np.array([1.0, -2.0, 0.5, 3.0])
    slope = directional(lambda s: function(X + s * direction, other))[0]
    for which in ("left", "both"):
        f = {"left": lambda x: function(x * 1.0, other), "both": lambda x: function(x * 1.0, x * 0.0 + other)}[which]
        y, dy = bb.jvp(f, (X,), (direction,))
        assert_allclose(y, expected)
        assert_allclose(dy, slope, rtol=1e-7, atol=1e-7)
        _, pullback = bb.vjp(f, X)
        g = np.arange(1.0, 5.0).reshape(np.shape(y))
        assert_allclose(np.sum(pullback(g)[0] * direction), np.sum(g * dy))


def test_out_writes_into_the_array_and_returns_it() -> None:
    x = box(X)
    y = x * 1.0
    view = y[:2]
    found = np.exp(x, out=y)
    assert found is y
    assert_allclose(view.data, np.exp(X[:2]))
    np.add.reduce(np.stack([x, x]), axis=0, out=y)
    assert_allclose(view.data, 2 * X[:2])
    np.sum(x, keepdims=True, out=y[3:])
    assert_allclose(y.data, [*(2 * X[:3]), np.sum(X)])
    np.sum(y).backward()
    assert_allclose(x.grad, [3.0, 3.0, 3.0, 1.0])


def test_out_broadcasts_and_casts_as_numpy_does() -> None:
    x = box(X)
    y = np.zeros((2, 4), np.float32, like=x)
    np.multiply(x, 2.0, out=y, casting="same_kind")
    assert y.dtype == np.float32
    assert_array_equal(y.data, np.float32([2 * X, 2 * X]))
    np.sum(y).backward()
    assert_allclose(x.grad, np.full(4, 4.0))


def spread_by_out(y: Any, x: Any) -> Any:
    return np.sin(x[:2, None], out=y)


def spread_by_full_like(y: Any, x: Any) -> Any:
    return np.full_like(y, x)


def spread_by_full_like_of_a_transpose(y: Any, x: Any) -> Any:
    return np.full_like(y.T, x[:, None])


@pytest.mark.parametrize("spread", [spread_by_out, spread_by_full_like, spread_by_full_like_of_a_transpose])
def test_what_is_spread_over_an_array_has_memory_of_its_own(spread: Callable[[Any, Any], Any]) -> None:
    """So the same reshapes are views as with NumPy."""

    def filled(x: Any) -> Any:
        y = spread(np.zeros((2, 4), **({} if type(x) is np.ndarray else {"like": x})), x)
        y.reshape(-1)[1] = 99.0
        y.reshape(-1, order="F")[2] = 77.0
        return y

    assert_array_equal(filled(box(X)).data, filled(X))
    slope = (np.sum(filled(X + 1e-5)) - np.sum(filled(X - 1e-5))) / 2e-5
    assert_allclose(np.sum(bb.grad(lambda x: np.sum(filled(x)))(X)), slope, rtol=1e-6)


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    x = box(X)
    y = x * 1.0
    with pytest.raises(ValueError, match=r"a result of shape \(3, 4\) does not fit into an array of shape \(4,\)"):
        y += np.ones((3, 4))
    with pytest.raises(TypeError, match=r"a result of complex128 cannot be stored in an array of float64"):
        y *= 1j
    with pytest.raises(ValueError, match="could not broadcast|shape mismatch"):
        y[:2] = np.ones(3)
    with pytest.raises(IndexError):
        y[7] = 1.0
    integers = np.zeros(3, int, like=x)
    with pytest.raises(bb.NoDerivativeError, match=r"x holds int64 and value float64; storing it would round it"):
        integers[0] = x[0]
    with pytest.raises(TypeError, match="cannot be stored in an array of int64"):
        integers += x[:3]
    assert_array_equal(y.data, X)


def test_ufunc_at() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        np.add.at(y, [0, 1, 0], x[:3])
        np.subtract.at(y, np.array([3]), x[0])
        return y

    plain = X.copy()
    np.add.at(plain, [0, 1, 0], X[:3])
    np.subtract.at(plain, np.array([3]), X[0])
    expected = np.eye(4) + [[1, 0, 1, 0], [0, 1, 0, 0], [0] * 4, [-1, 0, 0, 0]]
    assert_allclose(f(Variable(X.copy())).data, plain)
    assert_allclose(bb.jacrev(f)(X), expected)
    assert_allclose(bb.jacfwd(f)(X), expected)


def test_the_last_of_repeated_indices_wins() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(3, like=x)
        y[np.array([0, 2, 0, 0])] = x
        return y

    expected = np.zeros((3, 4))
    expected[0, 3] = expected[2, 1] = 1
    assert_array_equal(f(Variable(X.copy())).data, [X[3], 0.0, X[1]])
    assert_array_equal(bb.jacrev(f)(X), expected)
    assert_array_equal(bb.jacfwd(f)(X), expected)
    assert_array_equal(bb.vmap(f)(np.stack([X, -X])), [[X[3], 0.0, X[1]], [-X[3], 0.0, -X[1]]])


def test_views_that_broadcast_are_read_only_as_in_numpy_or_go_to_the_base() -> None:
    """A transposed, reshaped, flipped, moved, expanded or diagonal view of a matrix: the update reaches it."""
    matrix = np.arange(6.0).reshape(2, 3)
    for name, take in {
        "T": lambda a: a.T,
        "reshape": lambda a: a.reshape(3, 2),
        "flip": lambda a: np.flip(a),
        "moveaxis": lambda a: np.moveaxis(a, 0, 1),
        "expand": lambda a: a[None],
        "fliplr of T": lambda a: np.fliplr(a.T),
        "rows of T": lambda a: a.T[1:],
        "rot90": lambda a: np.rot90(a),
        "split": lambda a: np.split(a, [1], axis=1)[1],
        "at least 3d": lambda a: np.atleast_3d(a),
        "real": lambda a: a.real,
        "flat": lambda a: a.reshape(-1)[1:5],
    }.items():
        plain, x = matrix.copy(), Variable(matrix.copy())
        y = x * 1.0
        for a in (plain, y):
            view = take(a)
            view *= 2.0
            view[0] = view[-1]
            view[..., 0] += 1.0
        assert_array_equal(y.data, plain, err_msg=name)


def test_a_reshape_that_copies_is_no_view() -> None:
    plain, y = np.arange(6.0).reshape(2, 3), box(np.arange(6.0).reshape(2, 3)) * 1.0
    for a in (plain, y):
        copy = a.T.reshape(-1)
        copy[:] = 0.0
    assert_array_equal(y.data, plain)


def test_swapping_through_views() -> None:
    """A bubble sort by slices: NumPy's own result, and the permutation as its derivative."""

    def bubble(x: Any) -> Any:
        y = np.copy(x)
        for end in range(3, 0, -1):
            for i in range(end):
                if y[i] > y[i + 1]:
                    pair = y[i : i + 2]
                    pair[:] = pair[::-1]
        return y

    assert_array_equal(bubble(Variable(X.copy())).data, np.sort(X))
    expected = np.eye(4)[np.argsort(X)]
    assert_array_equal(bb.jacrev(bubble)(X), expected)
    assert_array_equal(bb.jacfwd(bubble)(X), expected)


def test_updates_between_levels() -> None:
    """An inner function writes values of the outer one into its own arrays, by every way there is."""

    def f(x: Any) -> Any:
        def inner(v: Any) -> Any:
            y = np.zeros_like(v)
            y[0] = x[0]
            y[1:] += x[1:]
            np.multiply(x, 2.0, out=y, where=np.array([False, True, False, False]))
            np.copyto(y[3:], x[3:])
            return np.sum(y * v * v)

        gradient = bb.grad(inner)(np.ones(4))  # 2 y
        tangent = bb.jvp(inner, (np.ones(4),), (np.ones(4),))[1]  # sum(2 y)
        batch = bb.vmap(inner)(np.ones((2, 4)))  # sum(y), twice
        return np.sum(gradient) + tangent + np.sum(batch)

    assert_allclose(bb.grad(f)(X), np.array([6.0, 12.0, 6.0, 6.0]))


def test_an_inner_value_does_not_fit_into_an_outer_array() -> None:
    def outer(transform: Callable[[Any, Any], Any]) -> Any:
        def f(x: Any) -> Any:
            kept = np.zeros_like(x)

            def inner(v: Any) -> Any:
                kept[0] = v
                return v * v

            transform(inner, x[0])
            return np.sum(kept * x)

        return bb.grad(f)(X)

    for transform in (
        lambda f, v: bb.grad(f)(v),
        lambda f, v: bb.jvp(f, (v,), (1.0,)),
        lambda f, v: bb.vmap(f)(np.stack([v, v])),
    ):
        with pytest.raises(bb.LostDerivativeError, match="an array of an outer function"):
            outer(transform)


def test_many_views_cost_linear_time() -> None:
    """A loop over slices of one array makes views that die; they are not all visited at each update."""
    x = box(np.zeros(2_000))
    y = x * 1.0
    for i in range(2_000):
        part = y[i : i + 1]
        _ = part * 2.0
    y += 1.0
    assert len(y.views) < 100
