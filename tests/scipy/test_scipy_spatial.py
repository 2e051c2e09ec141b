"""Distances: SciPy's numbers and their slopes, and what is asked of a kernel of points that coincide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb

pytest.importorskip("scipy")
from scipy import spatial as plain

import bibun.scipy.spatial.distance
from bibun.scipy import spatial
from tests.scipy.agreement import check_beside

_random = np.random.default_rng(0)
U, V, W = _random.normal(size=4), _random.normal(size=4), 0.5 + _random.random(4)
X, Y = _random.normal(size=(5, 3)), _random.normal(size=(4, 3))
COV = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]])

METRICS = (
    "braycurtis",
    "canberra",
    "chebyshev",
    "cityblock",
    "correlation",
    "cosine",
    "euclidean",
    "sqeuclidean",
    "minkowski",
)


@pytest.mark.parametrize("name", METRICS)
def test_two_vectors(name: str) -> None:
    check_beside(lambda m, u, v: getattr(m.distance, name)(u, v), spatial, plain, U, V, rtol=1e-5)
    if name != "chebyshev":
        check_beside(lambda m, u, v, w: getattr(m.distance, name)(u, v, w=w), spatial, plain, U, V, W, rtol=1e-5)


@pytest.mark.parametrize("name", [*METRICS, "seuclidean", "mahalanobis"])
def test_all_pairs(name: str) -> None:
    check_beside(lambda m, x, y: m.distance.cdist(x, y, name), spatial, plain, X, Y, rtol=1e-5)
    check_beside(lambda m, x: m.distance.pdist(x, name), spatial, plain, X, rtol=1e-5)


SETTINGS: dict[str, Any] = {
    "cubes": lambda m, x, w: m.distance.cdist(x, Y, "minkowski", p=3, w=w**2),
    "largest": lambda m, x, w: m.distance.cdist(x, Y, "minkowski", p=np.inf) + w[0],
    "variances": lambda m, x, w: m.distance.cdist(x, Y, "seuclidean", V=w**2),
    "weights": lambda m, x, w: m.distance.pdist(x, m.distance.euclidean) + m.distance.pdist(x, "cityblock", w=w**2),
    "matrix": lambda m, x, w: m.distance.pdist(x, "mahalanobis", VI=COV + 0.0 * w[0]),
    "other powers": lambda m, x, w: m.distance_matrix(x, Y, p=1.5) + w[0],
    "square": lambda m, x, w: (
        w[0] * m.distance.squareform(m.distance.pdist(x)) @ m.distance.squareform(m.distance.pdist(x))
    ),
    "shares": lambda m, x, w: m.distance.jensenshannon(x**2, x[::-1] ** 2 + 0.1, base=1 + w[0], axis=1),
}


@pytest.mark.parametrize("f", SETTINGS.values(), ids=SETTINGS.keys())
def test_settings(f: Any) -> None:
    check_beside(f, spatial, plain, X, 0.5 + _random.random(3), rtol=1e-5)


def test_a_matrix_of_distances_and_back() -> None:
    d = np.arange(1.0, 7)
    y, slope = bb.jvp(lambda d: spatial.distance.squareform(d), (d,), (d,))
    np.testing.assert_array_equal(y, plain.distance.squareform(d))
    np.testing.assert_array_equal(slope, y)
    np.testing.assert_array_equal(bb.grad(lambda s: np.sum(spatial.distance.squareform(s) * d))(y), np.triu(y))


def test_a_kernel_of_points_beside_themselves() -> None:
    def evidence(x: Any, scale: Any) -> Any:  # with Matérn's kernel 3/2, whose derivative at 0 is 0
        r = np.sqrt(3) * spatial.distance.cdist(x / scale, x / scale)
        k = (1 + r) * np.exp(-r) + 0.1 * np.eye(5)
        return np.linalg.slogdet(k)[1] + X[:, 0] @ np.linalg.solve(k, X[:, 0])

    gradient = bb.grad(evidence, (0, 1))(X, 1.3)
    h, t = 1e-5, _random.normal(size=X.shape)
    np.testing.assert_allclose(
        np.sum(gradient[0] * t), (evidence(X + h * t, 1.3) - evidence(X - h * t, 1.3)) / 2 / h, rtol=1e-6
    )
    np.testing.assert_allclose(gradient[1], (evidence(X, 1.3 + h) - evidence(X, 1.3 - h)) / 2 / h, rtol=1e-6)
    np.testing.assert_allclose(bb.compile(bb.grad(evidence))(X, 1.3), gradient[0], rtol=1e-8, atol=1e-10)


REFUSED: dict[str, Any] = {
    "counts": (lambda x: spatial.distance.hamming(x[0], x[1]), r"it counts"),
    "metric that counts": (lambda x: spatial.distance.cdist(x, Y, "jaccard"), r"'jaccard' counts"),
    "function": (lambda x: spatial.distance.cdist(x, Y, lambda u, v: np.sum(u - v)), r"bibun\.vmap"),
    "hull": (lambda x: spatial.ConvexHull(x), r"x\[hull\.vertices\]"),
    "tree": (lambda x: spatial.KDTree(x), r"x\[indices\]"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused(case: Any) -> None:
    f, message = case
    with pytest.raises(bb.NoDerivativeError, match=message):
        bb.jvp(f, (X,), (X,))


def test_scipys_own_names_ours() -> None:
    with pytest.raises(bb.LostDerivativeError, match=r"Write bibun\.scipy\.spatial\.distance\.cdist\("):
        bb.grad(lambda x: np.sum(plain.distance.cdist(x, Y)))(X)
    with pytest.raises(bb.LostDerivativeError, match=r"ConvexHull has no derivative rule: .*x\[hull\.vertices\]"):
        bb.grad(lambda x: plain.ConvexHull(x).volume)(X)


def test_second_derivatives_where_points_share_a_coordinate() -> None:
    u, v = np.array([1.0, -0.5, 0.2]), np.array([1.0, 0.3, 0.1])
    euclidean = bb.hessian(lambda u: np.sqrt(np.sum((u - v) ** 2)))(u)
    square = np.array([1.0, 2.0])  # which is traced with x
    for f in (
        lambda u: spatial.distance.minkowski(u, v),
        lambda u: spatial.distance.pdist(np.stack([u, v]), "minkowski", p=2)[0],
        lambda u: spatial.distance.cdist(u[None], v[None], "minkowski")[0, 0],
        lambda u: spatial.distance_matrix(u[None], v[None])[0, 0],
        lambda u: spatial.distance.minkowski(u, v, square[1] + 0.0 * u[1]),
    ):
        for hessian in (bb.hessian(f), bb.jacrev(bb.jacrev(f)), bb.jacfwd(bb.jacfwd(f)), bb.compile(bb.hessian(f))):
            np.testing.assert_allclose(hessian(u), euclidean, rtol=1e-13, atol=1e-15)
    for p, curvature in ((1.0, 0.0), (1.5, np.inf), (2.5, 0.0), (3.0, 0.0), (4.0, 0.0)):
        first = bb.hessian(lambda u, p=p: spatial.distance.minkowski(u, v, p))(u)[0]
        np.testing.assert_array_equal(first, [curvature, 0.0, 0.0])
    fourth = bb.jacfwd(bb.jacfwd(bb.hessian(lambda u: spatial.distance.minkowski(u, v, 4.0) ** 4)))(u)
    assert fourth[0, 0, 0, 0] == pytest.approx(24.0, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e-90, 1e80, 1e100, 1e150])
@pytest.mark.parametrize("metric", ["cosine", "correlation", "seuclidean"])
def test_distances_that_do_not_depend_on_the_scale(metric: str, scale: float) -> None:
    points, moves = np.random.default_rng(0).normal(size=(2, 3, 4))
    value, slope = bb.jvp(lambda x: spatial.distance.pdist(x, metric), (points * scale,), (moves * scale,))
    np.testing.assert_allclose(value, plain.distance.pdist(points, metric), rtol=1e-12)
    np.testing.assert_allclose(
        slope, bb.jvp(lambda x: spatial.distance.pdist(x, metric), (points,), (moves,))[1], rtol=1e-10
    )
