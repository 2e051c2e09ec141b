"""The same functions on single precision, on arrays without axes and on arrays without entries: NumPy's shape and dtype."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.core.traced import Traced
from bibun.errors import NoDerivativeError

MATRIX = np.linspace(-1.3, 1.7, 12).astype(np.float32).reshape(3, 4)
VECTOR = np.array([0.5, -1.2, 2.0, 0.3, 1.1], np.float32)
NUMBER, EMPTY, NO_ROWS = np.array(0.7), np.zeros(0), np.zeros((0, 3))

SINGLE_MATRIX: list[Any] = [
    lambda a: np.median(a),
    lambda a: np.median(a, axis=0),
    lambda a: np.quantile(a, 0.3),
    lambda a: np.quantile(a, [0.3, 0.6]),
    lambda a: np.quantile(a, np.float32(0.3)),
    lambda a: np.percentile(a, 30, axis=1, method="hazen"),
    lambda a: np.nanmedian(a, axis=0),
    lambda a: np.nanquantile(a, 0.3, axis=0),
    lambda a: np.nanquantile(a, [0.3], axis=0),
    lambda a: np.nanmean(a, axis=0),
    lambda a: np.nanvar(a, axis=0),
    lambda a: np.nanstd(a),
    lambda a: np.nanmax(a),
    lambda a: np.nansum(a, axis=0),
    lambda a: np.nancumsum(a),
    lambda a: np.cov(a),
    lambda a: np.corrcoef(a),
    lambda a: np.average(a, axis=0),
    lambda a: np.average(a, weights=np.ones((3, 4))),
    lambda a: np.histogram(a, 4),
    lambda a: np.histogram(a, 4, density=True),
    lambda a: np.histogram(a, 4, weights=a),
    lambda a: np.histogram_bin_edges(a, 4),
    lambda a: np.histogram2d(a[0], a[1], 2),
    lambda a: np.apply_along_axis(np.sum, 0, a),
    lambda a: np.piecewise(a, [a > 0], [np.sin, 0.0]),
]
SINGLE_VECTOR: list[Any] = [
    lambda a: np.bincount([0, 1, 1, 2, 0], weights=a),
    lambda a: np.convolve(a, a),
    lambda a: np.correlate(a, a, "same"),
    lambda a: np.interp(a, [-2.0, 0, 2], [1.0, 2, 5]),
    lambda a: np.poly(a),
    lambda a: np.polyadd(a, a),
    lambda a: np.polymul(a, [1.0, 2]),
    lambda a: np.polydiv(a, a[:2]),
    lambda a: np.polyval(a, a),
    lambda a: np.polyval(a, 2.0),
    lambda a: np.polyder(a),
    lambda a: np.polyint(a),
    lambda a: np.polyfit(a, a * a, 2),
    lambda a: np.roots(a),
    lambda a: np.vander(a),
    lambda a: np.unique(a),
    lambda a: np.union1d(a, a),
    lambda a: np.trim_zeros(a),
    lambda a: np.linspace(a, 1.0, 4),
    lambda a: np.linspace(0, 1.0, 4) * a[:4],
    lambda a: np.linspace(a[0], a[1], 4),
    lambda a: np.logspace(a, 1.0, 4),
    lambda a: np.logspace(a[0], a[1], 4, base=2),
    lambda a: np.geomspace(a[2], 8.0, 4),
]
WITHOUT_AXES: list[Any] = [
    lambda a: np.median(a),
    lambda a: np.quantile(a, 0.5),
    lambda a: np.nanmean(a),
    lambda a: np.nansum(a),
    lambda a: np.cov(a),
    lambda a: np.corrcoef(a),
    lambda a: np.unique(a),
    lambda a: np.histogram(a, 2),
    lambda a: np.convolve(a, a),
    lambda a: np.interp(a, [0.0, 1], [2.0, 5]),
    lambda a: np.polyval([1.0, 2.0], a),
    lambda a: np.polyadd(a, a),
    lambda a: np.piecewise(a, [a > 0], [np.sin]),
    lambda a: np.linspace(a, 1, 3),
    lambda a: np.geomspace(a, 1, 3),
    lambda a: np.average(a),
    lambda a: np.insert(a, 0, 1.0),
    lambda a: np.delete(a, 0),
    lambda a: np.repeat(a, 2),
    lambda a: np.tile(a, 2),
]
WITHOUT_ENTRIES: list[Any] = [
    lambda a: np.trim_zeros(a),
    lambda a: np.unique(a),
    lambda a: np.union1d(a, a),
    lambda a: np.intersect1d(a, [1.0]),
    lambda a: np.setdiff1d(a, [1.0]),
    lambda a: np.setxor1d(a, [1.0]),
    lambda a: np.nansum(a),
    lambda a: np.nanprod(a),
    lambda a: np.nancumsum(a),
    lambda a: np.histogram(a, 2),
    lambda a: np.histogram(a, 2, weights=a),
    lambda a: np.interp(a, [0.0, 1], [2.0, 5]),
    lambda a: np.polyval([1.0, 2], a),
    lambda a: np.vander(a, 2),
    lambda a: np.roots(a),
    lambda a: np.poly(a),
    lambda a: np.linspace(a, a, 3),
    lambda a: np.piecewise(a, [a > 0], [np.sin]),
    lambda a: np.median(a),
    lambda a: np.nanmedian(a),
    lambda a: np.nanquantile(a, 0.5),
    lambda a: np.insert(a, 0, 1.0),
    lambda a: np.tile(a, 2),
    lambda a: np.repeat(a, 2),
    lambda a: np.average(a),
    lambda a: np.mean(a),
    lambda a: np.std(a),
    lambda a: np.meshgrid(a, [1.0]),
]
WITHOUT_ROWS: list[Any] = [
    lambda a: np.nanmean(a, axis=0),
    lambda a: np.quantile(a, 0.5, axis=1),
    lambda a: np.median(a, axis=1),
    lambda a: np.cov(a),
    lambda a: np.histogramdd(a, 2),
]
CASES = [
    (f, a)
    for functions, a in (
        (SINGLE_MATRIX, MATRIX),
        (SINGLE_VECTOR, VECTOR),
        (WITHOUT_AXES, NUMBER),
        (WITHOUT_ENTRIES, EMPTY),
        (WITHOUT_ROWS, NO_ROWS),
    )
    for f in functions
]


def parts(y: Any) -> list[Any]:
    """The arrays of nested results."""
    return [part for each in y for part in parts(each)] if isinstance(y, (tuple, list)) else [y]


@pytest.mark.parametrize(("f", "a"), CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_shapes_and_dtypes(f: Any, a: Any) -> None:
    seen: list[Any] = []

    def total(a: Any) -> Any:
        seen.append(parts(f(a)))
        return sum([np.sum(np.real(part)) for part in seen[-1] if isinstance(part, Traced)], 0 * np.sum(a))

    gradient = bb.grad(total)(a)
    assert np.shape(gradient) == a.shape
    assert gradient.dtype == a.dtype
    bb.jvp(total, (a,), (np.ones_like(a),))
    for got in seen:
        for part, want in zip(got, parts(f(a)), strict=True):
            assert np.shape(part) == np.shape(want)
            assert np.result_type(part) == np.result_type(want)
            plain = part.data if isinstance(part, Traced) else part
            np.testing.assert_allclose(plain, want, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_matrices_are_refused() -> None:
    """np.matrix: M * x is a matrix product, and a sum over an axis keeps it. Nobody may get another function's derivative."""
    m = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    x = np.array([[1.0, 2.0], [3.0, 5.0]])
    for f in (
        lambda x: m * x,
        lambda x: m @ x,
        lambda x: x * m,
        lambda x: x + m,
        lambda x: np.add(m, x),
        lambda x: x @ m,
    ):
        with pytest.raises(NoDerivativeError, match=r"Write M = np\.asarray\(M\)"):
            bb.jacobian(f)(x)
        with pytest.raises(NoDerivativeError, match=r"Write M = np\.asarray\(M\)"):
            bb.jvp(f, (x,), (x,))
    with pytest.raises(NoDerivativeError, match="is matrix, which is neither an array"):
        bb.grad(np.sum)(m)
    with pytest.raises(TypeError, match="matrix"):
        bb.Variable(m)


FRACTIONS: dict[str, Any] = {
    "times": (lambda y, c: y * c, 1 / 3, 0.0),
    "reflected": (lambda y, c: c * y, 1 / 3, 0.0),
    "plus": (lambda y, c: (c + y) ** 2, 14 / 3, 2.0),
    "over": (lambda y, c: c / y, -1 / 12, 1 / 12),
    "power": (lambda y, c: y ** (6 * c), 4.0, 2.0),
    "multiply": (lambda y, c: np.multiply(y, c), 1 / 3, 0.0),
    "maximum": (lambda y, c: np.maximum(y, c), 1.0, 0.0),
    "where": (lambda y, c: np.where(y > 0, y * y, c), 4.0, 2.0),
}


@pytest.mark.parametrize("name", FRACTIONS)
def test_fractions_are_numbers(name: str) -> None:
    f, first, second = FRACTIONS[name]
    at = lambda y: f(y, Fraction(1, 3))  # noqa: E731
    np.testing.assert_allclose(bb.grad(at)(2.0), first)
    np.testing.assert_allclose(bb.grad(bb.grad(at))(2.0), second)
    np.testing.assert_allclose(bb.compile(bb.grad(at))(2.0), first)
    np.testing.assert_allclose(bb.jvp(at, (2.0,), (1.0,))[1], first)
    rows = bb.vmap(at)(np.array([1.0, 2.0]))
    assert rows.dtype == float
    np.testing.assert_allclose(rows[1], float(at(2.0)))
    y, slope = bb.value_and_grad(lambda x: np.sum(at(x)))(np.array([2.0, 2.0], np.float32))
    assert y.dtype == slope.dtype == np.float32
