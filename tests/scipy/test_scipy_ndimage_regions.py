"""Regions, morphology and products of transforms of images: SciPy's numbers, and the slopes of these."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.scipy.agreement import check_beside

plain = pytest.importorskip("scipy.ndimage")
from bibun.scipy import ndimage  # noqa: E402

_random = np.random.default_rng(0)
M, x, V, S = (_random.normal(size=shape) for shape in ((5, 6), 9, (3, 4, 5), (3, 2)))
pos = np.exp(M)
L = np.array([[0, 1, 1, 2, 2, 2], [1, 1, 0, 2, 0, 3], [3, 3, 3, 0, 7, 7], [0, 0, 7, 7, 1, 1], [2, 0, 1, 3, 3, 3]])
F = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)


def flat(*xs: Any) -> Any:
    """The real and imaginary parts of all of them."""
    return np.concatenate([f(np.reshape(np.atleast_1d(x), -1)) for x in xs for f in (np.real, np.imag)])


CASES: dict[str, tuple[Any, ...]] = {
    **{
        f"{n} {k}": (lambda m, x, n=n, a=a: getattr(m, n)(x, *a), M)
        for n in ("sum", "sum_labels", "mean", "variance", "standard_deviation", "minimum", "maximum", "median")
        for k, a in (
            ("all", ()),
            ("positive", (L,)),
            ("one", (L, 2)),
            ("many", (L, [3, 1, 7])),
            ("grid", (L, np.array([[3, 1], [7, 2]]))),
        )
    },
    **{
        f"empty {n}": (lambda m, x, n=n: getattr(m, n)(x, L, [3, 5]), M)
        for n in ("sum", "mean", "variance", "minimum", "maximum")
    },
    "center_of_mass": (lambda m, x: np.stack(m.center_of_mass(x)), pos),
    "center_of_mass of a region": (lambda m, x: np.stack(m.center_of_mass(x, L, 2)), pos),
    "center_of_mass of several": (lambda m, x: np.stack([np.stack(v) for v in m.center_of_mass(x, L, [2, 7])]), pos),
    "labeled_comprehension": (lambda m, x: m.labeled_comprehension(x, L, [1, 5, 2], np.ptp, float, -1.0), M),
    **{
        f"{n} {k}": (lambda m, x, n=n, a=a: getattr(m, n)(x, **a), M)
        for n in [
            "grey_erosion",
            "grey_dilation",
            "grey_opening",
            "grey_closing",
            "morphological_gradient",
            "morphological_laplace",
            "white_tophat",
            "black_tophat",
        ]
        for k, a in (
            ("size", {"size": 3}),
            ("even", {"size": (2, 3), "mode": "constant", "cval": 0.3}),
            ("foot", {"footprint": F, "mode": "mirror"}),
            ("structure", {"structure": S, "mode": "wrap"}),
            ("axes", {"size": (3,), "axes": (1,)}),
        )
    },
    "by structure": (lambda m, x, s: m.grey_closing(x, structure=s), M, S),
    "by structure and foot": (
        lambda m, x, s: m.grey_dilation(x, footprint=F, structure=s, origin=(0, 1)),
        M,
        S[:, [0, 1, 0]],
    ),
    **{
        f"{n} {k}": (lambda m, x, s, n=n, a=a: flat(getattr(m, n)(x, s, **a)), X, w)
        for n in ["fourier_gaussian", "fourier_uniform", "fourier_shift"]
        for k, X, w, a in (
            ("line", x, 1.3, {}),
            ("image", M, np.array([1.3, 2.1]), {}),
            ("volume", V, 1.2, {}),
            ("real", M, 1.3, {"n": 10, "axis": 1}),
        )
    },
    **{
        f"fourier_ellipsoid {k}": (lambda m, x, s, a=a: flat(m.fourier_ellipsoid(x, s, **a)), X, w)
        for k, X, w, a in (
            ("line", x, 1.3, {}),
            ("image", M, np.array([1.3, 2.1]), {}),
            ("volume", V, np.array([1.2, 2.0, 3.0]), {}),
            ("real", M, 1.3, {"n": 10, "axis": 1}),
        )
    },
    "fourier_uniform, complex": (lambda m, s: flat(m.fourier_uniform(np.fft.fft2(M), s)), np.array([3.0, 2.0])),
    "generic_laplace": (
        lambda m, x: m.generic_laplace(
            x, lambda y, axis, out, mode, c, k: m.correlate1d(y, [1, k, 1], axis, out, mode, c), extra_arguments=(-2,)
        ),
        M,
    ),
    "generic_gradient_magnitude": (lambda m, x: m.generic_gradient_magnitude(x, m.sobel, mode=["wrap", "nearest"]), M),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the mean of no entries
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_beside_scipy(case: Any) -> None:
    f, *xs = case
    check_beside(f, ndimage, plain, *xs, rtol=1e-5)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_single_precision_keeps_the_dtypes_of_scipy() -> None:
    for name in ("sum", "mean", "variance", "minimum", "median"):
        for labels in ((), (L, 2), (L, [2, 3])):
            image = M.astype(np.float32)
            theirs = getattr(plain, name)(image, *labels)
            found = bb.vjp(lambda x, name=name, labels=labels: getattr(ndimage, name)(x, *labels), image)[0]
            np.testing.assert_allclose(found, theirs, rtol=1e-5)
            assert np.result_type(found) == np.result_type(theirs), (name, labels)
    for name in ("grey_opening", "morphological_gradient"):
        found = bb.vjp(lambda x, name=name: getattr(ndimage, name)(x, structure=S), M.astype(np.float32))[0]
        assert found.dtype == np.float32


def test_refused() -> None:
    for call, message in (
        (lambda x: ndimage.mean(M, x, 1), "given as plain ones"),
        (lambda x: ndimage.extrema(x), "write minimum and maximum"),
        (lambda x: ndimage.labeled_comprehension(x, L, [1], np.sum, float, 0, pass_positions=True), "plain arrays"),
    ):
        with pytest.raises(bb.NoDerivativeError, match=message):
            bb.jvp(call, (M,), (M,))
    with pytest.raises(ValueError, match="must be specified"):
        ndimage.grey_erosion(bb.Variable(M))
    assert np.isnan(ndimage.median(bb.Variable(M), L, [5]).data)
