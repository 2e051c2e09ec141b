"""Matrices of entries near the limits of floats, or beyond them: determinants, singular values, norms, conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import sample

I = np.eye(3)  # noqa: E741
MATRICES = {
    "regular": sample(3, 3),
    "large": sample(20, 20, seed=1) * 4,
    "singular": np.outer([1.0, 2, 3], [3.0, -1, 2]) + np.outer([1.0, 0, 1], [0.0, 1, 1]),
    "complex": sample(4, 4) + 1j * sample(4, 4, seed=2),
    "stack": np.stack([sample(3, 3), np.zeros((3, 3)), sample(3, 3, seed=1)]),
}


def determinants(a: Any) -> Any:
    return np.sum(np.real(np.linalg.det(a)))


def of_second_order(a: Any, h: Any) -> Any:
    return bb.hvp(determinants, (a,), (h,))


@pytest.mark.parametrize("power", [-900, -500, -60, 60, 480, 900])
@pytest.mark.parametrize("name", MATRICES)
def test_derivatives_of_det_scale_as_powers(name: str, power: int) -> None:
    """Of n rows, cofactors are of degree n - 1 and their derivatives of degree n - 2. The determinant may leave the range."""
    a = MATRICES[name]
    n = a.shape[-1]
    power = power // (n - 1)
    scale = 2.0**power
    h = sample(*a.shape, seed=5).astype(a.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # of the determinants themselves
        first, second = bb.grad(determinants)(a * scale), of_second_order(a * scale, h)
    with np.errstate(over="raise", invalid="raise"):
        expected = bb.grad(determinants)(a) * scale ** (n - 1), of_second_order(a, h) * scale ** (n - 2)
    for found, true in zip((first, second), expected, strict=True):
        size = np.max(np.abs(true), axis=(-2, -1), keepdims=True)
        assert np.all(np.abs(found - true) <= 1e-11 * size)


@pytest.mark.parametrize("scale", [1e-150, 1e-110, 1e-82, 1.0, 1e120, 1e150])
def test_determinants_of_multiples_of_the_identity(scale: float) -> None:
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(bb.grad(np.linalg.det)(scale * I), scale * scale * I, rtol=1e-12)
        hessian = bb.hessian(np.linalg.det)(scale * I)
    np.testing.assert_allclose([hessian[0, 0, 1, 1], hessian[0, 1, 1, 0]], [scale, -scale], rtol=1e-12)


BAD = [(place, value) for place in ((0, 0), (1, 2)) for value in (np.nan, np.inf, -np.inf)]


def stack_with(place: tuple[int, int], value: float) -> np.ndarray:
    stack = np.stack([sample(3, 3), I, sample(3, 3, seed=1)])
    stack[(1, *place)] = value
    return stack


@pytest.mark.parametrize(("place", "value"), BAD)
def test_a_matrix_that_is_not_finite_harms_no_other_determinant(place: tuple[int, int], value: float) -> None:
    stack = stack_with(place, value)
    h = sample(3, 3, 3, seed=2)
    with np.errstate(invalid="ignore"):
        for f in (
            lambda a, h: bb.grad(determinants)(a),
            of_second_order,
            lambda a, h: bb.jvp(bb.grad(determinants), (a,), (h,))[1],
            lambda a, h: bb.vmap(bb.grad(np.linalg.det))(a) if a.ndim == 3 else bb.grad(np.linalg.det)(a),
        ):
            found = f(stack, h)
            assert np.all(np.isnan(found[1]))
            for i in (0, 2):
                np.testing.assert_allclose(found[i], f(stack[i], h[i]), rtol=1e-12)


@pytest.mark.parametrize("place", [(0, 0), (1, 2)])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_matrix_harms_no_other_norm(value: float, place: tuple[int, int]) -> None:
    """Its singular values are nan for NumPy, which looks for vectors of it for ever."""
    stack = stack_with(place, value)
    for f in (
        lambda a: np.linalg.norm(a, 2, (-2, -1)),
        lambda a: np.linalg.norm(a, "nuc", (-2, -1)),
        np.linalg.cond,
        lambda a: np.sum(np.linalg.svdvals(a), axis=-1),
    ):
        np.testing.assert_array_equal(bb.vmap(f)(stack), f(stack))
        found = bb.grad(lambda a, f=f: np.sum(f(a)))(stack)
        assert np.all(np.isnan(found[1]))
        for i in (0, 2):
            np.testing.assert_allclose(found[i], bb.grad(f)(stack[i]), rtol=1e-12)
            tangent = bb.jvp(f, (stack,), (np.ones_like(stack),))[1][i]
            np.testing.assert_allclose(tangent, np.sum(found[i]), rtol=1e-10)


def test_vectors_of_nan_do_not_exist() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        bb.grad(lambda a: np.sum(np.linalg.svd(a).U))(stack_with((0, 1), np.nan))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("power", [-400, 400, -300, 300])
def test_the_second_derivative_of_det_beside_tangents_as_large_as_the_matrix(power: int) -> None:
    """Of degree 2 for 3 rows, whether the determinant itself is in range or not."""
    a, t = np.random.default_rng(0).normal(size=(2, 3, 3))
    scale = 2.0**power
    slope = bb.grad(np.linalg.det)
    found = bb.jvp(slope, (a * scale,), (t * scale,))[1]
    np.testing.assert_allclose(found / scale**2, bb.jvp(slope, (a,), (t,))[1], rtol=1e-10)
