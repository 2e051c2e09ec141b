"""Quantiles, reductions without nan, covariances and histograms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.core.traced import plain
from tests.families.agreement import check, check_first, check_second, sample

X = sample(3, 4)
Y = 0.83 * sample(3, 4, seed=1)
V = np.array([-1.7, 0.31, 1.23, -0.4, 0.87, 1.9, -1.1])  # none near an edge of bins between the first and the last
W = np.array([0.7, 1.2, 0.4, 2.1, 1.7, 0.9, 1.1])
HOLES = np.zeros((3, 4))
HOLES[0, 1] = HOLES[2, 3] = HOLES[1, 1] = np.nan
METHODS = [
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
]


def joined(parts: Any) -> Any:
    """All numbers of several results in one vector."""
    return np.concatenate([np.ravel(part) for part in parts])


def mixed(x: Any, y: Any) -> Any:
    """In which entries stay as far apart as those of x are."""
    return x + 0.05 * np.sin(y)


@pytest.mark.parametrize("method", METHODS)
def test_quantiles_by_every_method(method: str) -> None:
    check(lambda x, y: np.quantile(mixed(x, y), [0.0, 0.1, 0.5, 0.83, 1.0], axis=1, method=method), X, Y)
    check(lambda x, y: np.nanpercentile(mixed(x, y) + HOLES, 37, axis=0, method=method), X, Y, batch=False)
    check(lambda x: np.percentile(mixed(x, x), 62.0, method=method, keepdims=True), X)


QUANTILES: dict[str, Any] = {
    "median": lambda x, y: np.median(mixed(x, y)),
    "median of lines": lambda x, y: np.median(mixed(x, y), axis=-1, keepdims=True),
    "median of an odd number": lambda x, y: np.median(mixed(x, y), axis=0),
    "median over axes": lambda x, y: np.median(np.stack([x, y]), axis=(0, 2)),
    "nanmedian": lambda x, y: np.nanmedian(mixed(x, y) + HOLES),
    "nanmedian of lines": lambda x, y: np.nanmedian(mixed(x, y) + HOLES, axis=1, keepdims=True),
    "q of two axes": lambda x, y: np.quantile(mixed(x, y), [[0.1, 0.2], [0.3, 0.6]], axis=0),
    "overwrite_input": lambda x, y: np.percentile(mixed(x, y), 30, axis=0, overwrite_input=True),
    "weights": lambda x, y: np.quantile(mixed(x, y), [0.3, 0.6], axis=1, weights=[1.0, 2, 3, 1], method="inverted_cdf"),
    "weights and nan": lambda x, y: np.nanquantile(
        mixed(x, y) + HOLES, [0.1, 0.6], axis=1, weights=np.array([[1.0, 2, 3, 1]] * 3), method="inverted_cdf"
    ),
}


@pytest.mark.parametrize("name", QUANTILES)
def test_quantile(name: str) -> None:
    check(QUANTILES[name], X, Y, batch="nan" not in name)


def test_quantiles_by_their_fraction() -> None:
    """Between two entries it moves from one to the other: (n - 1) times their distance."""
    f = lambda x, q: np.quantile(x, q)  # noqa: E731
    check_first(f, V, np.array([0.3, 0.55]))
    check_second(f, V, np.array([0.3, 0.55]))
    ordered = np.sort(V)
    assert bb.grad(np.quantile, argnums=1)(V, 0.3) == pytest.approx(6 * (ordered[2] - ordered[1]))
    assert bb.grad(lambda q: np.quantile(V, q, method="nearest") + q)(0.3) == 1


def test_a_quantile_by_the_weights_moves_in_steps() -> None:
    f = lambda x, w: np.quantile(x, 0.4, weights=w, method="inverted_cdf") + 0 * np.sum(w)  # noqa: E731
    check_first(f, V, W)


def test_nan_in_a_line_is_its_quantile() -> None:
    f = lambda x: np.quantile(x + HOLES, 0.5, axis=0)  # noqa: E731
    np.testing.assert_array_equal(bb.jvp(f, (X,), (X,))[0], f(X))


def test_what_quantiles_refuse() -> None:
    for q in (1.5, -0.1, np.nan):
        with pytest.raises(ValueError, match=r"Quantiles must be in the range \[0, 1\]"):
            bb.grad(np.quantile)(V, q)
    with pytest.raises(ValueError, match="not a valid method"):
        bb.grad(lambda x: np.quantile(x, 0.5, method="middle"))(V)
    with pytest.raises(ValueError, match="Only method 'inverted_cdf' supports weights"):
        bb.grad(lambda x: np.quantile(x, 0.5, weights=W))(V)
    with pytest.raises(TypeError, match="real numbers"):
        bb.grad(lambda x: np.real(np.quantile(x, 0.5)))(V + 0j)


WITHOUT_NAN: dict[str, Any] = {
    "nansum": lambda x, y: np.nansum(mixed(x, y) + HOLES, axis=1, initial=2.0, where=[True, False, True, True]),
    "nanprod": lambda x, y: np.nanprod(mixed(x, y) + HOLES, axis=0, keepdims=True),
    "nanmean": lambda x, y: np.nanmean(mixed(x, y) + HOLES),
    "nanmean of lines": lambda x, y: np.nanmean(mixed(x, y) + HOLES, axis=0, where=[[True], [False], [True]]),
    "nanvar": lambda x, y: np.nanvar(mixed(x, y) + HOLES, axis=1, ddof=1),
    "nanstd": lambda x, y: np.nanstd(mixed(x, y) + HOLES, axis=1, correction=1, keepdims=True),
    "nanmax": lambda x, y: np.nanmax(mixed(x, y) + HOLES, axis=1),
    "nanmin": lambda x, y: np.nanmin(mixed(x, y) + HOLES, axis=0, initial=0.3),
    "nancumsum": lambda x, y: np.nancumsum(mixed(x, y) + HOLES, axis=1),
    "nancumprod": lambda x, y: np.nancumprod(mixed(x, y) + HOLES),
}


@pytest.mark.parametrize("name", WITHOUT_NAN)
def test_without_nan(name: str) -> None:
    check(WITHOUT_NAN[name], X, Y)


def test_lines_of_nothing_but_nan() -> None:
    for f, text in (
        (np.nanmax, "All-NaN slice"),
        (np.nanmean, "Mean of empty slice"),
        (np.nanvar, "Degrees of freedom"),
    ):
        with pytest.warns(RuntimeWarning, match=text):
            y = bb.jvp(lambda x, f=f: f(x * [[np.nan], [1.0], [2.0]], axis=1), (X,), (X,))[0]
        assert np.isnan(y[0])
        np.testing.assert_allclose(y[1:], f(X * [[1.0], [1.0], [2.0]], axis=1)[1:])


COVARIANCES: dict[str, Any] = {
    "cov": lambda x, y: np.cov(x, y),
    "of columns": lambda x, y: np.cov(x, y, rowvar=False, bias=True),
    "ddof": lambda x, y: np.cov(x * y, ddof=2),
    "fweights": lambda x, y: np.cov(x * y, fweights=[1, 2, 1, 3]),
    "aweights": lambda x, y: np.cov(x, aweights=y[0] * y[0] + 0.3),
    "both": lambda x, y: np.cov(x, fweights=[1, 2, 1, 3], aweights=y[0] * y[0] + 0.3),
    "of one": lambda x, y: np.cov(x[0] * y[0]),
    "corrcoef": lambda x, y: np.corrcoef(x, y),
    "corrcoef of columns": lambda x, y: np.corrcoef(x * y, rowvar=False),
    "average": lambda x, y: np.average(x, axis=1, weights=y * y),
    "average returned": lambda x, y: joined(np.average(x, axis=0, weights=y[:, 0] ** 2, returned=True)),
}


@pytest.mark.parametrize("name", COVARIANCES)
def test_covariance(name: str) -> None:
    f = COVARIANCES[name]
    check_first(f, X, Y)
    check_second(f, X, Y)


def test_complex_covariances() -> None:
    for f in (np.cov, np.corrcoef):
        check_first(f, X + 1j * Y)
        check_second(f, X + 1j * Y)


@pytest.mark.parametrize("more", [{}, {"aweights": W[:4]}, {"ddof": 0}], ids=str)
def test_covariances_of_a_dtype(more: Any) -> None:
    for f in (np.cov, np.corrcoef) if not more else (np.cov,):
        for dtype in (np.float32, np.float64, np.complex64):
            expected = f(X, dtype=dtype, **more)
            for found in (bb.Variable(X), bb.Variable(X.astype(np.float32))):
                y = f(found, dtype=dtype, **more)
                assert y.dtype == expected.dtype
                np.testing.assert_allclose(y.data, expected, rtol=1e-5)


HISTOGRAMS: dict[str, Any] = {
    "weights": lambda v, w: np.histogram(V, bins=4, weights=w * v)[0],
    "given edges": lambda v, w: np.histogram(v, bins=[-2.0, -1, 0.1, 2], weights=w)[0],
    "range": lambda v, w: np.histogram(v, bins=4, range=(-1.8, 1.95), weights=w, density=True)[0],
    "edges": lambda v, w: np.histogram_bin_edges(v * w, bins=4),
    "edges by a rule": lambda v, w: np.histogram_bin_edges(v * w, bins="sturges"),
    "density": lambda v, w: np.histogram(v, bins=3, density=True)[0] * np.sum(w),
    "a list of traced edges": lambda v, w: np.histogram(v, bins=[-2.0, 0.1 * v[0], 2.0], density=True)[0] * w[:2],
    "traced edges": lambda v, w: np.histogram(V, bins=[-2.0, 0.0, 2.0] + 0.1 * v[:3], density=True)[0] * w[:2],
    "in two dimensions": lambda v, w: np.histogram2d(V, W, bins=[2, 3], weights=v * w)[0],
    "in two dimensions, density": lambda v, w: joined(np.histogram2d(v, w, bins=2, density=True)),
    "in several": lambda v, w: np.histogramdd((V, W), bins=[[-2.0, 0.01, 2], 3], weights=v * w, density=True)[0],
    "of a list of coordinates": lambda v, w: joined(np.histogramdd([v, w], bins=2, density=True)[1]),
    "bincount": lambda v, w: np.bincount([0, 2, 2, 1, 4, 0, 1], weights=v * w, minlength=6),
}


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_histogram(name: str) -> None:
    f = HISTOGRAMS[name]
    check_first(f, V, W)
    check_second(f, V, W)


def test_counts_are_constants() -> None:
    seen: list[Any] = []

    def f(v: Any) -> Any:
        seen.extend([np.histogram(v, bins=3)[0], np.bincount((v > 0).astype(int)), np.digitize(v, [-1.0, 1.0])])
        return np.sum(v * np.digitize(v, [-1.0, 1.0]))

    np.testing.assert_array_equal(bb.grad(f)(V), np.digitize(V, [-1.0, 1.0]))
    for got, want in zip(seen, (np.histogram(V, 3)[0], [np.sum(V <= 0), np.sum(V > 0)]), strict=False):
        assert isinstance(got, np.ndarray)
        np.testing.assert_array_equal(got, want)
    assert bb.grad(lambda v: np.sum(v) + 0.0 * np.histogram(v, 2)[0][0])(V).tolist() == [1.0] * 7


def test_histograms_of_a_batch() -> None:
    stacked = np.stack([V, 0.9 * V[::-1]])
    f = lambda v: np.histogram(v, bins=3, weights=v, density=True)[0]  # noqa: E731
    np.testing.assert_allclose(bb.vmap(f)(stacked), [f(v) for v in stacked])
    with pytest.raises(bb.DerivativeValueError, match=r"inside vmap the number of bins of bins='auto'"):
        bb.vmap(lambda v: np.histogram(v, bins="auto")[1])(np.stack([V, V**3]))


def test_compiled_statistics_decide_again() -> None:
    def f(v: Any, w: Any) -> Any:
        low, high = np.quantile(v, [0.2, 0.8])
        return np.histogram(v, bins=4, weights=w, density=True)[0][0] + high - low + np.median(v) * np.cov(v, w)[0, 1]

    compiled = bb.compile(bb.value_and_grad(f, argnums=(0, 1)))
    for v in (V, V[::-1] * 1.1, np.sort(V)):
        value, gradients = compiled(v, W)
        expected, plain = bb.value_and_grad(f, argnums=(0, 1))(v, W)
        np.testing.assert_allclose(value, expected)
        for a, b in zip(gradients, plain, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_reductions_of_nothing() -> None:
    for f in (np.mean, np.var, np.std):
        with pytest.warns(RuntimeWarning, match=r"Mean of empty slice|Degrees of freedom"):
            assert np.isnan(bb.jvp(f, (np.zeros(0),), (np.zeros(0),))[0])


@pytest.mark.parametrize(
    "f",
    [
        np.median,
        np.nanmedian,
        lambda x: np.quantile(x, 0.3),
        lambda x: np.nanpercentile(x, 30.0, method="nearest"),
        lambda x: np.linalg.norm(np.reshape(x, (2, 3)), 2),
        lambda x: np.linalg.norm(np.reshape(x, (2, 3)), -2),
    ],
)
def test_compiled_a_number_is_a_number(f: Any) -> None:
    """It was an array of shape ()."""
    compiled, x = bb.compile(f), np.linspace(0.2, 1.7, 6) ** 2
    for _ in range(2):
        assert type(compiled(x)) is type(f(x)) is np.float64
        np.testing.assert_allclose(compiled(x), f(x), rtol=1e-13)


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")  # NumPy's own nanvar
@pytest.mark.parametrize("name", ["std", "var", "nanstd", "nanvar"])
@pytest.mark.parametrize("dtype", [complex, np.complex64, np.float32, None])
def test_variances_of_a_dtype(name: str, dtype: Any) -> None:
    f = lambda x: getattr(np, name)(x, axis=0, dtype=dtype)  # noqa: E731
    x = np.array([[1.0, 2.0], [4.0, -1.0], [0.5, 3.0]])
    expected, found = f(x), bb.vjp(f, x)[0]
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    slope = bb.jvp(lambda x: np.real(getattr(np, name)(x, dtype=dtype)), (x,), (x,))[1]
    np.testing.assert_allclose(slope, (2 if "var" in name else 1) * getattr(np, name)(x), rtol=1e-6)  # homogeneous


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("name", ["std", "var", "nanstd", "nanvar", "nanmean"])
@pytest.mark.parametrize("dtype", [int, np.int8, bool])
@pytest.mark.parametrize("settings", [{}, {"axis": 0}, {"keepdims": True}], ids=repr)
def test_variances_in_whole_numbers(name: str, dtype: Any, settings: dict[str, Any]) -> None:
    """NumPy has the root of one of them, and nothing of what may be nan."""
    x = np.array([[1.0, 2.5, 7.0], [3.0, 5.0, 11.3]])

    def outcome(x: Any) -> Any:
        try:
            y = np.asarray(plain(getattr(np, name)(x, dtype=dtype, **settings)))
        except TypeError:
            return TypeError
        return y.dtype, y.tolist()

    assert outcome(bb.Variable(x)) == outcome(x)
