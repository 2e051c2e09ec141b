"""Geometric transforms and filters of ranks: SciPy's values for every mode and order, and the slopes of these."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.ndimage as plain

import bibun as bb
from bibun.core.traced import bare
from bibun.scipy import ndimage
from tests.families.agreement import check_first
from tests.scipy.agreement import check_beside

_random = np.random.default_rng(0)
M, VOLUME = _random.normal(size=(6, 7)), _random.normal(size=(3, 4, 5))
PLACES = _random.uniform(-9, 15, size=(2, 40))
WHOLE = _random.integers(-8, 14, size=(2, 40)).astype(float)
MODES = ("constant", "grid-constant", "nearest", "wrap", "mirror", "reflect", "grid-mirror", "grid-wrap")


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("mode", MODES)
def test_places_within_and_beyond_the_edges(mode: str, order: int) -> None:
    for places in (PLACES, WHOLE):
        for prefilter in (True, False):
            settings: Any = {"order": order, "mode": mode, "cval": 0.7, "prefilter": prefilter}
            y, slope = bb.jvp(lambda x: ndimage.map_coordinates(x, places, **settings), (M,), (M[::-1],))
            np.testing.assert_allclose(y, plain.map_coordinates(M, places, **settings), rtol=1e-9, atol=1e-9)
            settings["cval"] = 0.0  # what is linear is its own slope
            np.testing.assert_allclose(slope, plain.map_coordinates(M[::-1], places, **settings), rtol=1e-9, atol=1e-9)


NEAR = _random.uniform(-2, 8, size=(2, 5))
MATRIX, OFFSET = np.array([[0.913, 0.127], [-0.121, 0.937]]), np.array([0.21, 0.43])
TRANSFORMS: dict[str, Any] = {
    "linear": (lambda m, x, c: m.map_coordinates(x, c, order=1, mode="reflect"), M, NEAR),
    "cubic": (lambda m, x, c: m.map_coordinates(x, c), M, NEAR),
    "of degree 5": (lambda m, x, c: m.map_coordinates(x, c, order=5, mode="grid-wrap"), M, NEAR),
    "steps": (lambda m, x: m.map_coordinates(x, NEAR, order=0, mode="nearest"), M),
    "a constant around": (lambda m, x, c: m.map_coordinates(x, c, order=2, mode="grid-constant", cval=0.3), M, NEAR),
    "the edge around": (lambda m, x, c: m.map_coordinates(x, c, mode="nearest"), M, NEAR),
    "shift": (lambda m, x, s: m.shift(x, s, mode="wrap"), M, np.array([0.3, 1.2])),
    "one shift": (lambda m, x, s: m.shift(x, s, order=1, cval=2.0), M, 0.3),
    "zoom": (lambda m, x: m.zoom(x, 1.5), M),
    "zoom of cells": (lambda m, x: m.zoom(x, (2, 0.5), order=1, mode="grid-constant", grid_mode=True), M),
    "no zoom": (lambda m, x: m.zoom(x, 1), M),
    "rotate": (lambda m, x: m.rotate(x, 20.0, order=1), M),
    "rotate in a volume": (lambda m, x, a: m.rotate(x, a, axes=(0, 2), reshape=False, mode="mirror"), VOLUME, 20.0),
    "affine": (lambda m, x, a, o: m.affine_transform(x, a, o, order=1, mode="reflect"), M, MATRIX, OFFSET),
    "affine, homogeneous": (
        lambda m, x, a: m.affine_transform(x, a, output_shape=(4, 4)),
        M,
        np.column_stack([MATRIX, OFFSET]),
    ),
    "affine, diagonal": (lambda m, x, a: m.affine_transform(x, a, 0.31), M, np.array([0.83, 0.71])),
    "coefficients": (lambda m, x: m.spline_filter(x, 4, mode="reflect") + m.spline_filter1d(x, 3, axis=0), M),
}


@pytest.mark.parametrize("case", TRANSFORMS.values(), ids=TRANSFORMS.keys())
def test_transforms(case: Any) -> None:
    f, *xs = case
    check_beside(f, ndimage, plain, *xs, rtol=1e-5, value=1e-10)


def test_a_mapping_that_reads_traced_numbers() -> None:
    def total(m: Any, k: Any) -> Any:
        return np.sum(m.geometric_transform(M, lambda place: (place[0] * k + 0.2, place[1] * k)))

    truth = (total(plain, 0.83 + 1e-5) - total(plain, 0.83 - 1e-5)) / 2e-5
    np.testing.assert_allclose(bb.grad(lambda k: total(ndimage, k))(0.83), truth, rtol=1e-6)
    y = ndimage.geometric_transform(M, lambda place: (place[0], place[1]), order=1)
    np.testing.assert_array_equal(y, M)


def test_angles_that_turn_entries_onto_entries() -> None:
    for angle in (0.0, 90.0, 180.0):
        y = bb.jvp(lambda x, a=angle: ndimage.rotate(x, a, order=1), (M,), (M,))[0]
        np.testing.assert_array_equal(y, plain.rotate(M, angle, order=1))


def test_an_image_is_aligned() -> None:
    smooth = plain.gaussian_filter(_random.normal(size=(20, 20)), 2.0, mode="wrap")
    moved = plain.shift(smooth, [1.3, -0.7], mode="grid-wrap")
    by, energy = (
        np.zeros(2),
        bb.value_and_grad(lambda s: np.sum((ndimage.shift(smooth, s, mode="grid-wrap") - moved) ** 2)),
    )
    for _ in range(200):
        by = by - 0.3 * energy(by)[1]
    np.testing.assert_allclose(by, [1.3, -0.7], atol=1e-3)


CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
RANKS: dict[str, Any] = {
    "maximum": lambda m, x: m.maximum_filter(x, 3),
    "minimum, even": lambda m, x: m.minimum_filter(x, (2, 4), mode="nearest", origin=(0, 1)),
    "along an axis": lambda m, x: m.maximum_filter1d(x, 4, axis=0, mode="constant", cval=0.1, origin=-1),
    "smallest along an axis": lambda m, x: m.minimum_filter1d(x, 3, mode="wrap"),
    "median": lambda m, x: m.median_filter(x, 3, mode="mirror"),
    "median of a cross": lambda m, x: m.median_filter(x, footprint=CROSS),
    "median of one axis": lambda m, x: m.median_filter(x, 3, axes=1),
    "rank": lambda m, x: m.rank_filter(x, -2, footprint=CROSS, mode="wrap"),
    "percentile": lambda m, x: m.percentile_filter(x, 30, size=(3, 2)),
    "high percentile": lambda m, x: m.percentile_filter(x, -5, size=3),
}


@pytest.mark.parametrize("f", RANKS.values(), ids=RANKS.keys())
def test_ranks(f: Any) -> None:
    check_beside(f, ndimage, plain, M)
    check_first(lambda x: f(ndimage, x), M)


def test_images_without_entries() -> None:
    for shape in ((0,), (0, 3)):
        for f in (lambda m, x: m.median_filter(x, 3), lambda m, x: m.gaussian_filter(x, 1.0)):
            y, pullback = bb.vjp(lambda x, f=f: f(ndimage, x), np.zeros(shape))
            assert np.shape(y) == np.shape(pullback(y)[0]) == np.shape(f(plain, np.zeros(shape))) == shape


def test_ranks_of_whole_numbers_and_of_single_precision() -> None:
    y = bb.jvp(lambda x: ndimage.median_filter(x, 3), (M.astype(np.float32),), (M.astype(np.float32),))[0]
    np.testing.assert_array_equal(y, plain.median_filter(M.astype(np.float32), 3))


REFUSED: dict[str, Any] = {
    "a traced zoom": (lambda x: ndimage.zoom(M, x[0, 0]), r"affine_transform\(x, 1 / zoom\)"),
    "labels": (lambda x: ndimage.label(x), "it finds places"),
    "output": (lambda x: ndimage.shift(x, 0.5, output=np.zeros((6, 7))), "leave it away"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused(case: Any) -> None:
    f, message = case
    with pytest.raises(bb.NoDerivativeError, match=message):
        bb.jvp(f, (M,), (M,))
    with pytest.raises(bb.NoDerivativeError, match="write reshape=False"):
        bb.vmap(lambda a: ndimage.rotate(M, a))(np.array([10.0, 20.0]))


def test_a_traced_angle_under_compile_finds_each_shape() -> None:
    compiled = bb.compile(bb.grad(lambda a: np.sum(ndimage.rotate(M, a, order=1) ** 2)))
    for angle in (10.0, 33.0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bb.CompileWarning)  # it runs plainly
            compiled(angle)
        np.testing.assert_allclose(
            compiled(angle), bb.grad(lambda a: np.sum(ndimage.rotate(M, a, order=1) ** 2))(angle)
        )


OF_WHOLE_NUMBERS: dict[str, Any] = {
    "uniform": lambda m, x, **to: m.uniform_filter(x, 3, **to),
    "uniform1d": lambda m, x, **to: m.uniform_filter1d(x, 3, **to),
    "gaussian": lambda m, x, **to: m.gaussian_filter(x, 1.0, **to),
    "sobel": lambda m, x, **to: m.sobel(x, **to),
    "laplace": lambda m, x, **to: m.laplace(x, **to),
    "gaussian_laplace": lambda m, x, **to: m.gaussian_laplace(x, 1.0, **to),
    "gaussian_gradient_magnitude": lambda m, x, **to: m.gaussian_gradient_magnitude(x, 1.0, **to),
    "spline_filter": lambda m, x, **to: m.spline_filter(x, **to),
    "map_coordinates": lambda m, x, **to: m.map_coordinates(x, NEAR, order=1, mode="mirror", **to),
    "shift": lambda m, x, **to: m.shift(x, (0.3, -1.2), **to),
    "rotate": lambda m, x, **to: m.rotate(x, 30.0, order=2, **to),
    "zoom": lambda m, x, **to: m.zoom(x, 1.7, **to),
    "affine": lambda m, x, **to: m.affine_transform(x, MATRIX, OFFSET, **to),
}


@pytest.mark.parametrize("dtype", ["int32", "uint16", "float32"])
@pytest.mark.parametrize("name", OF_WHOLE_NUMBERS)
def test_whole_numbers_are_what_scipy_makes_of_them(name: str, dtype: str) -> None:
    f, x = OF_WHOLE_NUMBERS[name], np.random.default_rng(1).integers(100, 900, (6, 7)).astype(dtype)
    unsigned_ends = dtype == "uint16" and name in (
        "sobel",
        "laplace",
        "gaussian_laplace",
        "gaussian_gradient_magnitude",
    )
    for to in ({"output": np.float64}, {"output": np.int64}) + (() if unsigned_ends else ({},)):
        expected = f(plain, x, **to)
        for found in (bare(f(ndimage, bb.Variable(x), **to)), bb.compile(lambda x, to=to: f(ndimage, x, **to))(x)):
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, rtol=1e-12 if found.dtype == float else 1e-6)


def test_an_image_of_whole_numbers_has_slopes_by_the_width() -> None:
    x = np.random.default_rng(1).integers(0, 255, (6, 7)).astype(np.uint8)
    y, slope = bb.jvp(lambda s: ndimage.gaussian_filter(x, s, output=float, radius=4), (1.1,), (1.0,))
    ends = [plain.gaussian_filter(x, 1.1 + h, output=float, radius=4) for h in (-1e-5, 0.0, 1e-5)]
    np.testing.assert_allclose(y, ends[1], rtol=1e-12)
    np.testing.assert_allclose(slope, (ends[2] - ends[0]) / 2e-5, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_places_in_the_middle_of_two_entries(mode: str) -> None:
    places = np.stack([np.arange(-9.5, 16), np.arange(16, -9.6, -1)])
    settings: Any = {"order": 0, "mode": mode}
    found = bb.vjp(lambda x: ndimage.map_coordinates(x, places, **settings), M)[0]
    np.testing.assert_array_equal(found, plain.map_coordinates(M, places, **settings))
