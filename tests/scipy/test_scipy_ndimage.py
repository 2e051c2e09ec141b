"""bibun.scipy.ndimage against SciPy's own values and numerical derivatives of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage as plain

import bibun as bb
from bibun.scipy import ndimage
from tests.families.agreement import check, check_first

_random = np.random.default_rng(0)
x, M, K, h = (_random.normal(size=shape) for shape in (9, (4, 6), (3, 2), 4))


@pytest.mark.parametrize("mode", ["reflect", "mirror", "nearest", "wrap", "constant", "grid-wrap"])
def test_weights(mode: str) -> None:
    check(lambda x, w: ndimage.correlate(x, w, mode=mode, cval=0.5), M, K)
    check_first(lambda x, w: ndimage.convolve(x, w, mode=mode, cval=0.5, origin=(1, 0)), M, K)
    check_first(lambda x, w: ndimage.correlate1d(x, w, 0, mode=mode, origin=-1), M, h)
    check_first(lambda x, w: ndimage.convolve1d(x, w, mode=mode, origin=1), x, h)
    check_first(lambda x: ndimage.gaussian_filter1d(x, 1.3, order=1, mode=mode), x)


@pytest.mark.parametrize("name", ["correlate", "correlate1d", "convolve", "convolve1d"])
def test_complex_weights(name: str) -> None:
    """Correlations conjugate them, convolutions do not; linear in the image, so that the slope is the value."""
    weights = np.array([1.0 - 0.5j, 2.0j, 0.3, 0.7 + 1.2j])
    w = weights if name.endswith("1d") else np.outer([1.0, 0.5 + 1j], weights[:3])
    f = lambda x, w: getattr(ndimage, name)(x, w, mode="wrap")  # noqa: E731
    for image in (M, M * (1 + 0.4j)):
        truth = getattr(plain, name)(image, w, mode="wrap")
        for found in (bb.vjp(f, image, w)[0], *bb.jvp(lambda x: f(x, w), (image,), (image,))):
            np.testing.assert_allclose(found, truth, rtol=1e-13)
        step = 0.3 * w[::-1]
        truth = getattr(plain, name)(image, step, mode="wrap")
        np.testing.assert_allclose(bb.jvp(lambda w, x=image: f(x, w), (w,), (step,))[1], truth, rtol=1e-13)


FILTERS = {
    "axes in another order": (lambda x, w: ndimage.correlate(x, w, axes=(1, 0)), M, K),
    "uniform": (lambda x: ndimage.uniform_filter(x, (3, 4)), M),
    "uniform, one axis": (lambda x: ndimage.uniform_filter1d(x, 5, 0), M),
    "gaussian": (lambda x: ndimage.gaussian_filter(x, (0.7, 1.0), order=(3, 0)), M),
    "gaussian along one axis": (lambda x: ndimage.gaussian_filter(x, 1.0, axes=1), M),
    "sobel": (lambda x: ndimage.sobel(x, 0), M),
    "prewitt": (lambda x: ndimage.prewitt(x, mode="wrap"), M),
    "laplace": (lambda x: ndimage.laplace(x), M),
    "laplace of a gaussian": (lambda x: ndimage.gaussian_laplace(x, 1.0), M),
    "gradient of a gaussian": (lambda x: ndimage.gaussian_gradient_magnitude(x, 1.0, truncate=3.0), M),
}


@pytest.mark.parametrize("case", FILTERS.values(), ids=FILTERS.keys())
def test_filters(case: Any) -> None:
    check(*case)


def test_the_width_of_a_gaussian() -> None:
    check_first(lambda x, s: ndimage.gaussian_filter1d(x, s, order=2), x, np.array(1.3))
    check_first(lambda s: ndimage.gaussian_filter(M, s, order=(0, 1)), np.array([1.3, 0.9]))
    compiled = bb.compile(bb.grad(lambda s: np.sum(ndimage.gaussian_filter(M, s) ** 2)))
    for s in (1.1, 2.3):  # their filters differ in length
        h = 1e-5
        power = [np.sum(plain.gaussian_filter(M, s + t) ** 2) for t in (h, -h)]
        np.testing.assert_allclose(compiled(s), (power[0] - power[1]) / (2 * h), rtol=1e-6)


def test_single_precision_is_computed_in_double() -> None:
    short = M.astype(np.float32)
    y = bb.vjp(lambda x: ndimage.gaussian_filter(x, 1.0), short)[0]
    np.testing.assert_array_equal(y, plain.gaussian_filter(short, 1.0))


def test_refused() -> None:
    with pytest.raises(bb.NoDerivativeError, match=r"generic_filter has no derivative rule.*called with plain arrays"):
        bb.grad(lambda x: np.sum(ndimage.generic_filter(x, np.ptp, 3)))(x)
    with pytest.raises(bb.NoDerivativeError, match="leave it away, or give a dtype"):
        bb.grad(lambda x: np.sum(ndimage.laplace(x, output=np.zeros(9))))(x)
    with pytest.raises(bb.NoDerivativeError, match="give radius="):
        bb.vmap(lambda s: ndimage.gaussian_filter1d(x, s))(np.array([1.0, 2.0]))
    with pytest.raises(bb.LostDerivativeError, match=r"Write bibun\.scipy\.ndimage\.gaussian_filter\("):
        bb.grad(lambda x: np.sum(plain.gaussian_filter(x, 1.0)))(x)
