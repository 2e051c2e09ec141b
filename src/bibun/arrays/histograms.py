"""Stand-ins for counting entries by the bin or the number that they have.

Which bin an entry falls into, and how many bins there are, does not vary continuously: counts are constants. What does
vary is the weights, of which a bin is the sum; edges between the smallest and the largest entry; and so the density.
"""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import anywhere, whole
from bibun.arrays.registry import implements, row
from bibun.core.traced import Traced, unlisted
from bibun.primitives.indexing import Place

_scatter_add, _scatter_add_at = row("scatter_add"), row("scatter_add_at")
_counts, _automatic_bins = row("counts"), row("automatic_bins")


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """y[k] = the sum of the weights at which x is k; without weights, how many these are."""
    x, minlength = as_array(x), index(minlength)
    if x.ndim != 1:
        raise ValueError(
            "object too deep for desired array" if x.ndim else "object of too small depth for desired array"
        )
    if x.dtype.kind not in "iub":
        raise TypeError(f"Cannot cast array data from {x.dtype!r} to dtype('int64') according to the rule 'safe'")
    x = x.astype(np.intp) if x.dtype.kind == "b" else x  # counted as 0 and 1; as an index they would be a mask
    if anywhere(np.less(x, 0)):
        raise ValueError("'list' argument must have no negative elements")
    length = max(minlength, whole(np.max(x), "the largest entry of np.bincount") + 1) if x.size else minlength
    if weights is None:
        return _counts(x, length=length)
    weights = _real(as_array(weights))
    if weights.shape != x.shape:
        raise ValueError("The weights and list don't have the same length.")
    return _totals(weights, x, length)


def _real(weights: Any) -> Any:
    """As np.bincount takes them."""
    if weights.dtype.kind == "c":
        raise TypeError("Cannot cast array data from complex to float64: np.bincount adds up real weights only.")
    return weights.astype(float)


def _totals(weights: Any, places: Any, length: int) -> Any:
    """The weights added up at their places."""
    if not isinstance(places, Traced):
        return _scatter_add(weights, key=(np.array(places),), shape=(length,))  # a copy: its owner may change it
    return _scatter_add_at(weights, places, key=(Place(0),), shape=(length,))


def _outer_edges(a: Any, range_: Any) -> tuple[Any, Any]:
    if range_ is not None:
        low, high = range_
        if anywhere(np.greater(low, high)):
            raise ValueError("max must be larger than min in range parameter.")
    elif not a.size:
        low, high = 0, 1
    else:
        low, high = np.min(a), np.max(a)
    if anywhere(~(np.isfinite(low) & np.isfinite(high))):
        raise ValueError(f"np.histogram: the range from {low} to {high} is not finite.")
    if anywhere(np.equal(low, high)):
        same = np.equal(low, high)
        low, high = np.where(same, low - 0.5, low), np.where(same, high + 0.5, high)
    return low, high


def _edges(a: Any, bins: Any, range_: Any, *, weighted: bool = False) -> Any:
    """The edges of the bins: given, or at equal distances."""
    if isinstance(bins, str):
        if weighted:
            raise TypeError("Automated estimation of the number of bins is not supported for weighted data")
        low_high = None if range_ is None else tuple(range_)
        count = _automatic_bins(a, bins=bins, range=low_high)
        bins = whole(count, f"the number of bins of bins={bins!r}")
    bins = unlisted(bins)
    if np.ndim(bins) > 1:
        raise ValueError("`bins` must be 1d, when an array")
    if np.ndim(bins) == 1:
        if anywhere(np.greater(bins[:-1], bins[1:])):
            raise ValueError("`bins` must increase monotonically, when an array")
        return bins
    try:
        count = index(bins)
    except TypeError:
        raise TypeError("`bins` must be an integer, a string, or an array") from None
    if count < 1:
        raise ValueError("`bins` must be positive, when an integer")
    low, high = _outer_edges(a, range_)
    dtype = np.result_type(low, high, a)
    edges = np.linspace(low, high, count + 1, dtype=dtype if dtype.kind in "fc" else None)
    if anywhere(np.greater_equal(edges[:-1], edges[1:])):
        raise ValueError(f"Too many bins for data range. Cannot create {count} finite-sized bins.")
    return edges


def _bins_of(a: Any, edges: Any) -> Any:
    """1 + the number of the bin of each entry, the last one with its right edge; 0 below, one more than there are above."""
    return np.searchsorted(edges, a, side="right") - np.equal(a, edges[-1])


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """The edges of the bins; those at equal distances vary with the smallest and the largest entry."""
    return _edges(np.reshape(as_array(a), (-1,)), bins, range, weighted=weights is not None)


@implements(np.histogram)
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> tuple[Any, Any]:
    """How many entries each bin has, or the sum of their weights; per length of the bin and of all, as `density`."""
    a = as_array(a)
    if weights is not None:
        weights = as_array(weights)
        if weights.shape != a.shape:
            raise ValueError("weights should have the same shape as a.")
        weights = np.reshape(weights, (-1,))
    a = np.reshape(a, (-1,))
    edges = _edges(a, bins, range, weighted=weights is not None)
    length = edges.shape[0] + 1
    places = _bins_of(a, edges)
    n = _counts(places, length=length) if weights is None else _totals(weights, places, length)
    n = n[1:-1]
    if density:
        n = n / np.diff(edges).astype(float) / np.sum(n)
    return n, edges


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, list[Any]]:
    """The same in several dimensions: a row of `sample` is a point (or a sequence of the coordinates of all points)."""
    points = sample if len(getattr(sample, "shape", ())) == 2 else np.atleast_2d(as_array(sample)).T
    d = points.shape[1]
    each = list(bins) if isinstance(bins, (list, tuple)) or np.ndim(bins) else [bins] * d
    if len(each) != d:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    ranges = [None] * d if range is None else list(range)
    if len(ranges) != d:
        raise ValueError("range argument must have one entry per dimension")
    columns = list(points.T)
    edges = [_edges(*three) for three in zip(columns, each, ranges, strict=True)]
    lengths = [e.shape[0] + 1 for e in edges]
    places: Any = np.zeros(points.shape[0], np.intp)
    for column, edge, length in zip(columns, edges, lengths, strict=True):
        places = places * length + _bins_of(column, edge)
    total = int(np.prod(lengths))
    if weights is None:
        hist = _counts(places, length=total).astype(float)
    else:
        weights = _real(as_array(weights))
        if weights.shape != places.shape:
            raise ValueError("The weights and list don't have the same length.")
        hist = _totals(weights, places, total)
    hist = np.reshape(hist, lengths)[(slice(1, -1),) * d]
    if density:
        hist = hist / np.sum(hist)
        for i, edge in enumerate(edges):
            hist = hist / np.reshape(np.diff(edge), (-1,) + (1,) * (d - 1 - i))
    return hist, edges


@implements(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, Any, Any]:
    """The same of points (x, y)."""
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):
        bins = [as_array(bins)] * 2
    hist, edges = histogramdd(np.stack([as_array(x), as_array(y)], axis=1), bins, range, density, weights)
    return hist, edges[0], edges[1]
