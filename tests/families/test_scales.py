"""Linear algebra from one end of the range to the other.

The truth: a function f of degree d, f(s a) = s**d f(a), has the slope s**(d - 1) f'(a) at s a; by a power of two that is exact.
The slopes at the scale 1 are held against differences elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.errors import DerivativeValueError
from tests.families.agreement import sample

linalg: Any = np.linalg
SQUARE, TALL = sample(4, 4), sample(5, 3, seed=1)
SYMMETRIC, ORTHOGONAL = SQUARE + SQUARE.T, linalg.qr(sample(4, 4, seed=2))[0]
EQUAL = (ORTHOGONAL * [1.0, 1.0, 2.0, 3.0]) @ ORTHOGONAL.T
LAST = 8  # powers of two that are left to the ends of the range, for sums
SCALES = {
    np.float64: [2.0**k for k in (1024 - LAST, 700, 505, -505, -540, -700, LAST - 1022)],
    np.float32: [2.0**k for k in (128 - LAST, 85, 62, -62, -75, -85, LAST - 126)],
}


def weighed(y: Any) -> Any:
    return np.sum(y * sample(*np.shape(y), seed=3).astype(y.dtype))


def projector(v: Any) -> Any:
    """On the space of the two first vectors."""
    return v[:, :2] @ v[:, :2].T


def beyond(q: Any) -> Any:
    """The projector on what the first three vectors leave."""
    return q[:, 3:] @ q[:, 3:].T


DEGREE_0: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "eigh, vectors": (lambda a: linalg.eigh(a)[1] ** 2, SYMMETRIC),
    "eigh, repeated values": (lambda a: projector(linalg.eigh(a)[1]), EQUAL),
    "svd, vectors": (lambda a: linalg.svd(a, full_matrices=False)[0] ** 2, TALL),
    "svd, repeated values": (lambda a: beyond(linalg.svd(a)[0]), TALL),
    "svd, completed": (lambda a: (lambda u: u[:, 2:] @ u[:, 2:].T)(linalg.svd(a)[0]), EQUAL),
    "eig, vectors": (lambda a: np.abs(linalg.eig(a)[1]) ** 2, SQUARE),
    "qr, q": (lambda a: linalg.qr(a)[0], TALL),
    "qr, completed": (lambda a: beyond(linalg.qr(a, mode="complete")[0]), TALL),
    "lstsq": (lambda a: linalg.lstsq(a, a[::-1, :2], rcond=None)[0], TALL),
    "lstsq, wide": (lambda a: linalg.lstsq(a, a[::-1, :2], rcond=None)[0], TALL.T),
    "cond": (linalg.cond, SQUARE),
    "cond by columns": (lambda a: linalg.cond(a, 1), SQUARE),
    "cond by squares": (lambda a: linalg.cond(a, "fro"), SQUARE),
}
DEGREE_1: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "eigvalsh": (linalg.eigvalsh, SYMMETRIC),
    "eigvalsh, repeated values": (linalg.eigvalsh, EQUAL),
    "a function of a symmetric matrix": (lambda a: (lambda w, v: (v * w) @ v.T)(*linalg.eigh(a)), EQUAL),
    "svdvals, repeated values": (linalg.svdvals, EQUAL),
    "u s v": (lambda a: (lambda u, s, vh: (u * s) @ vh)(*linalg.svd(a)), EQUAL),
    "svdvals": (linalg.svdvals, TALL),
    "eigvals": (lambda a: np.sort(np.abs(linalg.eigvals(a))), SQUARE),
    "qr, r": (lambda a: linalg.qr(a)[1], TALL),
    "lstsq, singular values": (lambda a: linalg.lstsq(a, a[::-1], rcond=None)[3], TALL),
    "norm": (linalg.norm, TALL),
    "norm of rows": (lambda a: linalg.norm(a, axis=1), TALL),
    "vector_norm": (lambda a: linalg.vector_norm(a, axis=0, keepdims=True), TALL),
}


def slope(f: Any, a: Any) -> Any:
    return bb.grad(lambda x: weighed(f(x)))(a)


def check(f: Any, a: Any, dtype: Any, degree: int) -> None:
    """Reverse and forward mode, of tangents as large as a, and of the size 1."""
    a = a.astype(dtype)
    t = a.copy() if np.array_equal(a, EQUAL.astype(dtype)) else sample(*a.shape, seed=4).astype(dtype)
    by_a, along = slope(f, a), bb.jvp(f, (a,), (t,))[1]
    tolerance: Any = {"rtol": 1e3 * np.finfo(dtype).eps, "atol": 1e3 * np.finfo(dtype).eps}
    for scale in map(dtype, SCALES[dtype]):
        factor = np.ones((), dtype) if degree == 1 else scale
        np.testing.assert_allclose(slope(f, scale * a) * factor, by_a, **tolerance, err_msg=f"at {scale}")
        tangent = bb.jvp(f, (scale * a,), (scale * t,))[1] / (scale if degree == 1 else 1)
        np.testing.assert_allclose(tangent, along, **tolerance, err_msg=f"at {scale}")
    for scale in map(dtype, SCALES[dtype][1:-1]):
        tangent = bb.jvp(f, (scale * a,), (t,))[1] * (scale if degree == 0 else 1)
        np.testing.assert_allclose(tangent, along, **tolerance, err_msg=f"at {scale}, of a tangent of the size 1")


@pytest.mark.filterwarnings(
    "ignore:overflow encountered:RuntimeWarning"
)  # in NumPy's value of the norm, and in what is
@pytest.mark.filterwarnings("ignore:invalid value encountered in reduce:RuntimeWarning")  # computed from it
@pytest.mark.parametrize("dtype", SCALES)
@pytest.mark.parametrize("name", [*DEGREE_0, *DEGREE_1])
def test_slopes_scale(name: str, dtype: Any) -> None:
    f, a = (DEGREE_0 | DEGREE_1)[name]
    check(f, a, dtype, int(name in DEGREE_1))


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # in the squares that least squares leave
@pytest.mark.filterwarnings("ignore:invalid value encountered in reduce:RuntimeWarning")
@pytest.mark.parametrize("dtype", SCALES)
@pytest.mark.parametrize(
    "name",
    [
        "eigh, vectors",
        "svd, vectors",
        "eig, vectors",
        "qr, q",
        "lstsq",
        "cond",
        "cond by columns",
        "norm",
        "vector_norm",
    ],
)
def test_second_derivatives_scale(name: str, dtype: Any) -> None:
    """They have two degrees less than f, and along a tangent as large as a one less."""
    f, a = (DEGREE_0 | DEGREE_1)[name]
    a, t = a.astype(dtype), sample(*a.shape, seed=4).astype(dtype)

    def along(a: Any, t: Any) -> Any:
        return bb.hvp(lambda x: weighed(f(x)), (a,), (t,))

    expected, eps = along(a, t), np.finfo(dtype).eps
    for scale in map(dtype, SCALES[dtype][1:-1]):
        found = along(scale * a, scale * t) * (scale if name in DEGREE_0 else 1)
        np.testing.assert_allclose(found, expected, rtol=1e4 * eps, atol=1e4 * eps * np.max(np.abs(expected)))


@pytest.mark.parametrize("dtype", SCALES)
def test_pseudo_inverses_have_slopes_beside_tangents_and_cotangents_of_their_size(dtype: Any) -> None:
    """The slope of degree -2 times a size of degree 1."""
    for a, cutoff in product((TALL.astype(dtype), TALL.T.astype(dtype)), (1e-6, 0.5)):
        pinv = partial(linalg.pinv, rtol=cutoff)
        t, g = sample(*a.shape, seed=4).astype(dtype), sample(*a.T.shape, seed=5).astype(dtype)
        along, (pulled,) = bb.jvp(pinv, (a,), (t,))[1], bb.vjp(pinv, a)[1](g)
        tolerance: Any = {"rtol": 1e3 * np.finfo(dtype).eps, "atol": 1e3 * np.finfo(dtype).eps}
        for scale in map(dtype, SCALES[dtype][1:-1]):
            np.testing.assert_allclose(bb.jvp(pinv, (scale * a,), (scale * t,))[1] * scale, along, **tolerance)
            np.testing.assert_allclose(bb.vjp(pinv, scale * a)[1](scale * g)[0] * scale, pulled, **tolerance)


def test_nothing_is_scaled_by_zeros() -> None:
    """The matrix keeps its rank 0, so the slopes are 0."""
    zeros, b = np.zeros((3, 2)), np.array([10.0, 20.0, 30.0])
    for f in (
        lambda a: linalg.lstsq(a, b, rcond=None)[0],
        lambda a: 1e3 * linalg.pinv(a),
        lambda a: 1e3 * linalg.norm(a),
    ):
        np.testing.assert_array_equal(slope(f, zeros), zeros)
        np.testing.assert_array_equal(bb.jvp(f, (zeros,), (zeros + 9.0,))[1], np.zeros_like(f(zeros)))


@pytest.mark.parametrize("dtype", ["int8", "int64"])
def test_least_squares_of_a_matrix_of_integers(dtype: str) -> None:
    a, b = np.array([[1, 2], [3, 4], [5, 7]], dtype), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(
        bb.jacobian(lambda b: linalg.lstsq(a, b, rcond=None)[0])(b), linalg.pinv(a.astype(float)), rtol=1e-12
    )


@pytest.mark.parametrize("dtype", SCALES)
def test_singular_values_of_least_squares_have_slopes_where_the_solution_has_none(dtype: Any) -> None:
    """The slope of x = a^+ b is as large as |a|^-2."""
    a, b = TALL.astype(dtype), np.ones(5, dtype)
    expected = slope(linalg.svdvals, a)
    for scale in map(dtype, SCALES[dtype]):
        found = slope(lambda a: linalg.lstsq(a, b, rcond=None)[3], scale * a)
        np.testing.assert_allclose(found, expected, rtol=1e3 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", SCALES)
def test_the_two_norm_has_a_slope_beside_tangents_of_any_size(dtype: Any) -> None:
    """x t / |x|, for x = (3, 4) s, |x| = 5 s and t = (1, 2) r: 11 r / 5."""
    x, t = np.array([3.0, 4.0], dtype), np.array([1.0, 2.0], dtype)
    tolerance: Any = {"rtol": 4 * np.finfo(dtype).eps}
    for scale, size in product(map(dtype, SCALES[dtype]), repeat=2):
        with np.errstate(over="ignore"):  # of NumPy's values
            for norm in (linalg.norm, linalg.vector_norm, lambda x: linalg.norm(x, keepdims=True)[0]):
                np.testing.assert_allclose(bb.jvp(norm, (scale * x,), (size * t,))[1], size * dtype(2.2), **tolerance)
            (pulled,) = bb.vjp(linalg.norm, scale * x)[1](size)
            np.testing.assert_allclose(pulled, size * np.array([0.6, 0.8], dtype), **tolerance)


# What depends on an arbitrary basis has no derivative, however small or large it is


ARBITRARY = {
    "eigh": (lambda a: linalg.eigh(a)[1][0, 0], EQUAL),
    "svd": (lambda a: linalg.svd(a)[0][0, 2], EQUAL),
    "svd, completed": (lambda a: linalg.svd(a)[0][0, 3], TALL),
    "qr, completed": (lambda a: linalg.qr(a, mode="complete")[0][0, 3], TALL),
}


@pytest.mark.parametrize("dtype", SCALES)
@pytest.mark.parametrize("name", ARBITRARY)
def test_what_depends_on_a_basis_is_an_error_at_every_scale(name: str, dtype: Any) -> None:
    f, a = ARBITRARY[name]
    a = a.astype(dtype)
    for scale in map(dtype, SCALES[dtype]):
        with pytest.raises(DerivativeValueError):
            bb.grad(f)(scale * a)
        with pytest.raises(DerivativeValueError):
            bb.grad(lambda x, scale=scale: scale * f(x))(a)
        with pytest.raises(DerivativeValueError):
            bb.jvp(f, (a,), (scale * sample(*a.shape, seed=4).astype(dtype),))


@pytest.mark.parametrize("dtype", SCALES)
def test_what_depends_on_no_basis_has_a_slope_at_every_scale_of_its_cotangent(dtype: Any) -> None:
    for name in ("eigh, repeated values", "svd, repeated values", "svd, completed", "qr, completed", "both"):
        f, a = (DEGREE_0 | {"both": DEGREE_1["a function of a symmetric matrix"]})[name]
        a = a.astype(dtype)
        expected = slope(f, a)
        for scale in map(dtype, SCALES[dtype]):
            found = slope(lambda x, f=f, scale=scale: scale * f(x), a) / scale
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e3 * np.finfo(dtype).eps, err_msg=name)
