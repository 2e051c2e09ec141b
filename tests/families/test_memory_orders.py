"""Results lie in memory as NumPy's do, where a program can tell: ravel("K"), views that reshape makes, or does not make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.test_shapes import LAID

RESULTS: dict[str, Any] = {
    "sort": lambda x: np.sort(x, axis=0),
    "partition": lambda x: np.partition(x, 1, axis=-1),
    "sorted in place": lambda x: (y := x * 1.0, y.sort(axis=0))[0],
    "pad": lambda x: np.pad(x, 1),
    "pad by edges": lambda x: np.pad(x, 1, mode="edge"),
    "pad by means": lambda x: np.pad(x, 1, mode="mean"),
    "pad by ramps": lambda x: np.pad(x, 1, mode="linear_ramp"),
    "pad by odd reflection": lambda x: np.pad(x, 1, mode="reflect", reflect_type="odd"),
    "pad with nothing": lambda x: np.pad(x, 0, mode="mean"),
    "select": lambda x: np.select([x > 9, x < 3], [x, 2 * x]),
    "choose": lambda x: np.choose((x > 9).astype(int), [x, 2 * x]),
    "gradient": lambda x: np.gradient(x, axis=1),
    "unwrap": lambda x: np.unwrap(x, axis=0),
    "round": lambda x: np.round(x, 1),
    "round to whole numbers": np.round,
    "median": lambda x: np.median(x, axis=0),
    "quantile": lambda x: np.quantile(x, [0.1, 0.5], axis=1),
    "quantile of numbers": lambda x: np.quantile(x, [0.1, 0.5], axis=-1, keepdims=True),
    "nanquantile": lambda x: np.nanquantile(x, [0.3, 0.4], axis=0),
    "cholesky": lambda x: np.linalg.cholesky(np.swapaxes(x, -1, -2) @ x + 1000 * np.eye(x.shape[-1]), upper=True),
    "full_like": lambda x: np.full_like(x, x[:1]),
    "full_like, in F": lambda x: np.full_like(x, x[0], order="F"),
    "round complex": lambda x: np.real(np.round(x + 1j * x, 1)),
    "running maximum": lambda x: np.maximum.accumulate(x + 0.1 * x[..., :1] + 0.01 * x[:, :1], axis=1),
    "ufunc, in C": lambda x: np.add(x, 1, order="C"),
    "ufunc, in F": lambda x: np.add(x, x[0], order="F"),
    "ufunc of two results, in F": lambda x: np.modf(x / 3, order="F")[0],
    "einsum, axes moved": lambda x: np.einsum("ijk->kij", x),
    "einsum, a diagonal": lambda x: np.einsum("iijk->kij", np.stack([x[:2], 2 * x[:2]], axis=1)),
    "einsum, in C": lambda x: np.einsum("ijk,ijk->ijk", x, x, order="C"),
    "einsum, in F": lambda x: np.einsum("ijk,ijk->ijk", x, x, order="F"),
    "einsum, in A": lambda x: np.einsum("ijk,ijk->ijk", x, x, order="A"),
}


@pytest.mark.parametrize("lie", LAID)
@pytest.mark.parametrize("name", RESULTS)
def test_results_lie_as_those_of_numpy(name: str, lie: str) -> None:
    f = lambda x: RESULTS[name](LAID[lie](x)).ravel("K")  # noqa: E731
    x = np.arange(24.0).reshape(2, 3, 4) % 7
    expected = f(x)
    np.testing.assert_allclose(bb.vjp(f, x)[0], expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(bb.jvp(f, (x,), (x,))[0], expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(bb.vmap(f)(np.stack([x + 1, x]))[1], expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("subscripts", ["ij->ji", "ij->ij", "ii->i"])
def test_einsum_of_one_array_is_a_view_to_write_through(subscripts: str) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        part = np.einsum(subscripts, y)
        part *= 10.0
        part.reshape(-1, order="F")[:1] *= 3.0
        return np.concatenate([y.ravel(), part.ravel()])

    x = np.arange(1.0, 10.0).reshape(3, 3)
    np.testing.assert_array_equal(bb.vjp(f, x)[0], f(x))
    np.testing.assert_array_equal(bb.jvp(f, (x,), (x,))[1], f(x))  # f is linear
    np.testing.assert_array_equal(bb.vmap(f)(x[None])[0], f(x))


def test_reshape_of_a_diagonal_is_a_copy_where_numpy_makes_one() -> None:
    def f(x: Any) -> Any:
        y = np.stack([x, 2 * x])
        r = np.einsum("iij->ij", y).reshape(-1)
        r *= 10.0
        return y.ravel()

    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(bb.vjp(f, x)[0], f(x))
    np.testing.assert_array_equal(bb.jvp(f, (x,), (x,))[1], f(x))


def test_power_0_lies_as_the_matrix() -> None:
    """Its entries cannot tell, but which views there are: reshape of one in F is a copy."""

    def f(x: Any) -> Any:
        y = np.linalg.matrix_power(x.T * 1.0, 0)
        y.reshape(-1)[1:2] = 9.0
        return y + x

    x = np.arange(4.0).reshape(2, 2)
    np.testing.assert_array_equal(bb.vjp(f, x)[0], f(x))
    np.testing.assert_array_equal(bb.vmap(f)(x[None])[0], f(x))


def test_padding_with_nothing_is_a_copy() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        padded = np.pad(y, 0, mode="maximum")
        padded *= 2.0
        return np.sum(y)

    assert bb.value_and_grad(f)(np.ones(3))[0] == f(np.ones(3)) == 3.0


BY_MEMORY: dict[str, Any] = {
    "flatten": lambda x: x.T.flatten("A"),
    "reshape": lambda x: x.T.reshape(-1, order="A"),
    "ravel": lambda x: np.swapaxes(x, 0, 1).ravel("A"),
}
GRID = np.arange(48.0).reshape(6, 8)
GAPS = {
    "rows": GRID[::2],
    "columns": GRID[:, ::2],
    "both": GRID[::2, ::2],
    "backwards": GRID[::-1],
    "one side": GRID[:, 1:6],
}


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("name", BY_MEMORY)
def test_an_argument_with_gaps_in_memory_is_seen_to_have_them(name: str, gaps: str) -> None:
    f, x = BY_MEMORY[name], GAPS[gaps]
    want = f(x)
    y, pullback = bb.vjp(f, x)
    np.testing.assert_array_equal(y, want)
    weights = np.arange(float(want.size))
    (slope,) = pullback(weights)
    np.testing.assert_array_equal(slope.ravel()[np.argsort(x.ravel())], weights[np.argsort(want)])  # its entries differ


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("shown", [np.ravel, lambda x: np.reshape(x, (-1,)), lambda x: np.reshape(x, (2, -1))])
def test_a_write_to_another_shape_of_it_reaches_it_where_numpys_does(shown: Any, gaps: str) -> None:
    def f(x: Any) -> Any:
        shown(x)[0] = 99.0
        return x * 2

    x = GAPS[gaps]
    y = bb.vjp(f, x)[0]
    assert x[0, 0] != 99.0
    held = x.copy()
    try:
        want = f(x)
    finally:
        x[...] = held
    np.testing.assert_array_equal(y, want)


REPEATED = {
    "tile": lambda x: np.tile(x, (3, 1)),
    "tile of one": lambda x: np.tile(x[:1], (2, 3)),
    "repeat of a row": lambda x: np.repeat(x[None], 3, axis=0),
    "repeat of a column": lambda x: x[:, None].repeat(4, axis=1),
    "repeat of one": lambda x: np.repeat(x[:1], 3),
    "repeat": lambda x: np.repeat(np.stack([x, x]).T, 2, axis=1),
    "vander": lambda x: np.vander(x),
    "vander, increasing": lambda x: np.vander(x, increasing=True),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_is_written_through_a_view_of_repeats_arrives(name: str) -> None:
    """Their ravel is a view, as NumPy's."""
    make = REPEATED[name]

    def f(x: Any) -> Any:
        y = make(x)
        y.reshape(-1)[::2] = 9.0
        y.ravel()[1] = 5 * x[0]
        return np.sum(y * np.arange(1.0, 1 + y.size).reshape(y.shape))

    x, step = np.array([1.0, 2.0, 3.0]), 1e-6
    slopes = [(f(x + step * d) - f(x - step * d)) / (2 * step) for d in np.eye(3)]
    assert bb.value_and_grad(f)(x)[0] == f(x)
    np.testing.assert_allclose(bb.grad(f)(x), slopes, atol=1e-7)
    np.testing.assert_allclose(bb.jacfwd(f)(x), slopes, atol=1e-7)
    np.testing.assert_allclose(bb.compile(bb.grad(f))(x), slopes, atol=1e-7)
    np.testing.assert_allclose(bb.vmap(f, in_axes=1)(np.stack([x, 2 * x], 1)), [f(x), f(2 * x)])


JOINED = {
    "concatenate": lambda x: np.concatenate([x[None], x[None]]),
    "stack": lambda x: np.stack([x, x]),
    "vstack": lambda x: np.vstack([x, 2 * x]),
    "append": lambda x: np.append(x[None], x[None], axis=0),
    "of zeros": lambda x: np.concatenate([np.zeros((1, 3), like=x) + x, x[None]]),
    "array of a list": lambda x: np.array([np.outer(x, x).T, np.outer(x, x).T], like=x),
    "product with a number": lambda x: np.dot(np.outer(x, x).T, 2.0),
    "vectorized": lambda x: np.vectorize(lambda v: v * 2.0)(np.outer(x, x).T),
}


@pytest.mark.parametrize("name", JOINED)
def test_what_is_written_through_a_view_of_what_is_joined_arrives(name: str) -> None:
    """Alone and in batches, whichever axis of the batch lies innermost."""

    def f(x: Any) -> Any:
        y = JOINED[name](x)
        y.ravel()[1] = 9.0
        return np.sum(y * np.arange(1.0, 1 + y.size).reshape(y.shape))

    x, step = np.array([1.0, 2.0, 3.0]), 1e-6
    slopes = [(f(x + step * d) - f(x - step * d)) / (2 * step) for d in np.eye(3)]
    np.testing.assert_allclose(bb.grad(f)(x), slopes, atol=1e-6)
    for axis in (0, 1):
        batch = np.stack([x, 2 * x], axis)
        np.testing.assert_allclose(bb.vmap(f, in_axes=axis)(batch), [f(x), f(2 * x)])
        np.testing.assert_allclose(bb.vmap(bb.grad(f), in_axes=axis)(batch)[0], slopes, atol=1e-6)
