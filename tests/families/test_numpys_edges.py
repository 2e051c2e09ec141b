"""Empty arrays, dtypes beside one another, nan and zeros among coefficients: NumPy's own results are the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun import tree

Case = tuple[Callable[..., Any], tuple[Any, ...]]


def same(got: Any, want: Any) -> None:
    """Of the same shapes, dtypes and classes."""
    found, expected = tree.flatten(got)[0], tree.flatten(want)[0]
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        a = a.data if isinstance(a, bb.Variable) else a
        np.testing.assert_allclose(a, b, rtol=1e-6 if np.result_type(b) == np.float32 else 1e-12, strict=True)
        assert type(a) is type(b)


EMPTY: dict[str, Case] = {
    "median of all": (lambda x: np.median(x, axis=(0, 1), keepdims=True), (np.zeros((2, 0)),)),
    "median along no axis": (lambda x: np.median(x, keepdims=True), (np.zeros((2, 0)),)),
    "nanmedian": (lambda x: np.nanmedian(x, axis=0, keepdims=True), (np.zeros((0, 2)),)),
    "unique rows without entries": (lambda x: np.unique(x, axis=0), (np.zeros((2, 0)),)),
    "unique of no rows": (lambda x: np.unique(x, axis=0), (np.zeros((0, 2)),)),
    "unique columns without entries": (lambda x: np.unique(x, axis=1, return_counts=True), (np.zeros((0, 2)),)),
    "polymul": (np.polymul, (np.zeros(0), np.zeros(0))),
    "polymul by something": (np.polymul, (np.zeros(0), np.ones(2))),
    **{
        f"cond of no matrices, {p}": (lambda x, p=p: np.linalg.cond(x, p), (np.zeros((0, 3, 3)),))
        for p in (None, -2, 1, -np.inf, "fro")
    },
}
POLYNOMIALS: dict[str, Case] = {
    "poly of an infinite zero": (np.poly, (np.array([np.inf, 1.0]),)),
    "poly of nan": (np.poly, (np.array([1.0, np.nan, 2.0]),)),
    **{
        f"polydiv {u} {v}": (np.polydiv, (np.array(u), np.array(v)))
        for u, v in (
            ([1.0, 2, 3], [0.0, 0]), ([1.0, 2], [0.0]), ([1.0, 2, 1], [0.0, 1, 1]), ([1.0, np.nan, 3], [1.0, 2]),
            ([1.0, 2, np.inf, 3], [1.0, 2]), ([np.inf, 2, 1, 3], [1.0, 2]), ([1.0, 2, 1, 1], [np.inf, 1]),
            ([1.0, 3, 3, 1], [1.0, 1]), ([1.0, 2, 3], [3.0]), ([1.0], [2.0, 3.0]), ([1e9, 2e9, 1], [49.0, 3]),
        )
    },
}  # fmt: skip
FLAGS, WHOLE = np.array([[True, False, True, True]]), np.array([[1, 2]])
X, W = np.arange(1.0, 6) ** 2, np.arange(1.0, 6)
DTYPES: dict[str, Case] = {
    "initial of flags": (lambda x, s: np.amax(x, initial=s, axis=1), (FLAGS, 0.5)),
    "initial of whole numbers": (lambda x, s: np.amin(x, initial=s, axis=1), (WHOLE, 0.5)),
    "sum of whole numbers and a start": (lambda x, s: np.sum(x, initial=s, axis=1), (WHOLE, 0.5)),
    "product of flags and a start": (lambda x, s: np.prod(x, initial=s, axis=1), (FLAGS, np.array(2.5))),
    "slopes of flags": (lambda x, h: np.gradient(x, h, axis=1, edge_order=2), (FLAGS, np.array([0.0, 0.5, 1.2, 1.5]))),
    "cutoff of a fit": (lambda x, y: np.polyfit(x, y, 2, full=True)[4], (W, X)),
    "cutoff of a fit in single precision": (
        lambda x, y: np.polyfit(x, y, 2, full=True)[4], (W.astype(np.float32), X.astype(np.float32)),
    ),
    **{
        f"weighted {f.__name__}{', ' if kept else ''}{kept}": (
            lambda x, w, f=f, kept=kept: f(x, 0.5, weights=w, method="inverted_cdf", **kept), (X, W),
        )
        for f in (np.quantile, np.nanquantile, np.percentile, np.nanpercentile) for kept in ({}, {"keepdims": True})
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY | POLYNOMIALS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_traced(name: str) -> None:
    f, xs = (EMPTY | POLYNOMIALS)[name]
    same(f(*map(bb.Variable, xs)), f(*xs))


@pytest.mark.parametrize("name", EMPTY | POLYNOMIALS | DTYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_compiled(name: str) -> None:
    f, xs = (EMPTY | POLYNOMIALS | DTYPES)[name]
    same(bb.compile(f)(*xs), f(*xs))


REPEATING: dict[str, Callable[..., Any]] = {
    "sum": np.sum, "prod": np.prod, "mean": np.mean, "var": np.var, "any": np.any, "all": np.all, "nansum": np.nansum,
    "max": lambda x, **given: np.max(x, initial=0.0, **given), "min": lambda x, **given: np.min(x, initial=9.0, **given),
}  # fmt: skip


@pytest.mark.parametrize("name", REPEATING)
@pytest.mark.parametrize("shape", [(1, 4), (4,)], ids=str)
def test_where_does_not_repeat_entries(name: str, shape: tuple[int, ...]) -> None:
    x, where = np.ones(shape), np.ones((3, 4), bool)
    for of in (x, bb.Variable(x)):
        with pytest.raises(ValueError, match=r"non-broadcastable|remapp|would repeat the entries"):
            REPEATING[name](of, axis=0, where=where)
    x = np.arange(12.0).reshape(3, 4)
    got, want = (REPEATING[name](of, axis=0, where=where[:1]) for of in (bb.Variable(x), x))
    np.testing.assert_array_equal(got.data if isinstance(got, bb.Variable) else got, want)


def test_ends_of_differences_that_do_not_fit_their_dtype() -> None:
    whole, single = np.array([1, 4, 9]), np.ones(3, np.float32)
    for end in ("to_begin", "to_end"):
        for value in (np.array(0.7), bb.Variable(np.array(0.7))):
            with pytest.raises(
                TypeError, match=f"`{end}` must be compatible with input `ary` under the `same_kind` rule"
            ):
                np.ediff1d(whole, **{end: value})
    same(np.ediff1d(single, to_begin=bb.Variable(np.array(0.7))), np.ediff1d(single, to_begin=np.array(0.7)))


NARROW: dict[str, Callable[[Any], Any]] = {
    "a number by name": lambda x: np.vectorize(lambda a, k=2.0: a**k)(x, k=3.0),
    "a number": lambda x: np.vectorize(lambda a, k=2.0: a**k)(x, 3.0),
    "alone": lambda x: np.vectorize(lambda a: a * a / 3)(x),
    "otypes": lambda x: np.vectorize(lambda a: a * a / 3, otypes=[float])(x),
    "two results": lambda x: np.vectorize(lambda a: (a / 3, np.sin(a)))(x)[1],
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", NARROW)
def test_vectorized_functions_are_given_pythons_numbers(name: str, dtype: Any) -> None:
    x = np.array([1.1, 2.7], dtype)
    same(NARROW[name](bb.Variable(x)), NARROW[name](x))
    same(bb.compile(NARROW[name])(x), NARROW[name](x))
    assert bb.grad(lambda x: np.sum(NARROW[name](x)))(x).dtype == dtype


AXES: dict[str, Case] = {
    "integral over a table of places": (np.trapezoid, (X, np.arange(15.0).reshape(3, 5) ** 2)),
    "integral of a table over one more axis": (np.trapezoid, (np.ones((2, 5)), np.arange(10.0).reshape(1, 2, 5))),
    "integral along the first axis": (lambda y, x: np.trapezoid(y, x, axis=0), (np.ones((5, 2)), X)),
    "a range as a shape": (lambda x: np.reshape(x, range(3, 5)), (np.arange(12.0),)),
    "a range as a shape, by the method": (lambda x: x.reshape(range(3, 5)), (np.arange(12.0),)),
    "a range as the shape of views": (lambda x: np.broadcast_to(x, range(2, 5)), (np.arange(4.0),)),
    "a range as the shape of zeros": (lambda x: np.zeros_like(x, shape=range(2, 4)), (X,)),
    "a chain of two": (lambda a, b: np.linalg.multi_dot([a, b]), (np.eye(3), np.arange(18.0).reshape(2, 3, 3))),
    "a chain of two, a number": (lambda a, b: np.linalg.multi_dot([a, b]), (np.eye(3), np.array(2.0))),
    **{
        f"{f.__name__} from nan, of {np.size(x)} {x}": (lambda x, f=f: f(x, axis=-1, initial=np.nan), (np.array(x),))
        for f in (np.nanmax, np.nanmin)
        for x in ([1.0, 2.0], [1.0, np.nan], [np.nan, np.nan], [], [[1.0, np.nan], [np.nan, np.nan]])
    },
    "nanmax from a number": (lambda x: np.nanmax(x, initial=3.0), (np.array([np.nan]),)),
}


@pytest.mark.parametrize("name", AXES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_shapes_and_starts(name: str) -> None:
    f, xs = AXES[name]
    for found in (f(*map(bb.Variable, xs)).data, bb.vmap(f)(*(x[None] for x in xs))[0]):
        np.testing.assert_array_equal(np.asarray(found), np.asarray(f(*xs)), strict=True)


def test_a_start_of_nan_has_no_slope() -> None:
    g = bb.grad(lambda x, s: np.nanmax(x, initial=s), argnums=(0, 1))(np.array([1.0, 2.0]), np.nan)
    np.testing.assert_array_equal(g[0], [0, 1])
    np.testing.assert_array_equal(g[1], 0)


WEIGHTS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "histogram2d": (lambda x, w: np.histogram2d(x, x, weights=w), (1,)),
    "histogramdd": (lambda x, w: np.histogramdd(np.stack([x, x], axis=1), weights=w), (2,)),
    "histogramdd, a number": (lambda x, w: np.histogramdd(np.stack([x, x], axis=1), weights=w), ()),
    "histogramdd, a column": (lambda x, w: np.histogramdd(np.stack([x, x], axis=1), weights=w), (5, 1)),
    "histogram": (lambda x, w: np.histogram(x, weights=w), (5, 1)),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_another_shape(name: str) -> None:
    f, shape = WEIGHTS[name]
    for x, w in ((X, np.ones(shape)), (X, bb.Variable(np.ones(shape))), (bb.Variable(X), np.ones(shape))):
        with pytest.raises(ValueError, match=r"same length|same shape|object (too deep|of too small depth)"):
            f(x, w)
