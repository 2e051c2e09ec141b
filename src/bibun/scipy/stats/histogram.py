"""Bins: the distribution of a histogram, by the point, the counts and the edges; and statistics of what is in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy._levels import is_traced, without
from bibun.scipy._objects import Beside, plainly
from bibun.scipy.interpolate.piecewise import taken
from bibun.scipy.stats.distribution import doubles, nan_unless


class rv_histogram(Beside, of=stats.rv_histogram):
    """A density that is constant in each bin. histogram: counts, and the edges, one more; see SciPy's for `density`."""

    _instead = "write it by pdf, cdf, ppf, mean or var, which have derivatives"

    def __init__(self, histogram: Any, *args: Any, density: bool | None = None, **settings: Any) -> None:
        theirs = None if is_traced(histogram) else stats.rv_histogram(histogram, *args, density=density, **settings)
        counts, edges = (doubles(part) for part in histogram)
        if len(counts) + 1 != len(edges):
            raise ValueError(
                "Number of elements in histogram content and histogram boundaries do not match, expected n and n+1."
            )
        widths = np.diff(edges)
        heights = counts if density is None or density else counts / widths
        heights = heights / np.sum(heights * widths)
        if density is None:
            # Densities, as SciPy has it. Between equal edges it takes counts, which is the same, but not for a derivative;
            # of edges that are equal to 1e-5 it is nearly the same, and a constant.
            equal = np.all(np.isclose(without(widths, 0), without(widths[0], 0)))
            heights = heights + np.where(equal, without(counts / widths / np.sum(counts) - heights, 0), 0.0)
        self._edges, self._heights = edges, heights
        self._sums = np.concatenate([np.zeros(1), np.cumsum(self._heights * widths)])
        self._scipy = theirs

    @plainly
    def pdf(self, x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The density: of a bin, that to the right of an edge."""
        z = (as_array(x) - loc) / scale
        padded = np.concatenate([np.zeros(1), self._heights, np.zeros(1)])
        y = taken(padded, np.searchsorted(self._edges, z, side="right")) / scale + 0.0 * z
        return nan_unless(as_array(scale) > 0, y, x, loc, scale)

    @plainly
    def logpdf(self, x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """log pdf"""
        return np.log(self.pdf(x, loc, scale))

    @plainly
    def cdf(self, x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The probability of at most x: straight in each bin."""
        y = np.interp((as_array(x) - loc) / scale, self._edges, self._sums)
        return nan_unless(as_array(scale) > 0, y, x, loc, scale)

    @plainly
    def sf(self, x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The probability of more than x."""
        return 1 - self.cdf(x, loc, scale)

    @plainly
    def ppf(self, q: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The x with cdf(x) = q."""
        q = as_array(q)
        y = loc + scale * np.interp(q, self._sums, self._edges)
        return nan_unless((as_array(scale) > 0) & (q >= 0) & (q <= 1), y, q, loc, scale)

    @plainly
    def isf(self, q: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The x with sf(x) = q."""
        return self.ppf(1 - as_array(q), loc, scale)

    @plainly
    def mean(self, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The expectation."""
        return nan_unless(as_array(scale) > 0, loc + scale * self._moment(1), loc, scale)

    @plainly
    def var(self, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The variance."""
        return nan_unless(as_array(scale) > 0, scale**2 * (self._moment(2) - self._moment(1) ** 2), scale)

    @plainly
    def std(self, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The standard deviation."""
        return np.sqrt(self.var(loc, scale))

    def _moment(self, n: int) -> Any:
        return np.sum(self._heights * np.diff(self._edges ** (n + 1))) / (n + 1)


_IN_BINS: dict[str, Callable[..., Any]] = {
    "mean": np.mean, "median": np.median, "sum": np.sum, "std": np.std, "min": np.min, "max": np.max,
}  # fmt: skip


class BinnedStatisticResult(NamedTuple):
    """What binned_statistic returns, as SciPy's of that name."""

    statistic: Any
    bin_edges: Any
    binnumber: Any


@stands_for(stats.binned_statistic)
def binned_statistic(
    x: Any, values: Any, statistic: Any = "mean", bins: Any = 10, range: Any = None
) -> BinnedStatisticResult:
    """A statistic of the values whose x is in each bin, by the values."""
    if holds_traced(x) or holds_traced(bins) or holds_traced(range):
        raise no_rule("binned_statistic", "in which bin x is jumps; differentiate by the values only")
    values = doubles(values)
    if np.shape(values)[-1] != len(x):
        raise AttributeError("The number of `values` elements must match the length of each `sample` dimension.")
    counts, edges, places = stats.binned_statistic(x, x, "count", bins, range)
    if statistic == "count":
        return BinnedStatisticResult(np.broadcast_to(counts, (*np.shape(values)[:-1], len(counts))), edges, places)
    if callable(statistic):
        empty = _of_none(statistic)
        each = [
            statistic(row[places == k + 1]) if n else empty
            for row in np.reshape(values, (-1, len(x)))
            for k, n in enumerate(counts)
        ]
        found = np.reshape(np.stack([doubles(y) for y in each]), (*np.shape(values)[:-1], len(counts)))
        return BinnedStatisticResult(found, edges, places)
    if statistic not in _IN_BINS:
        raise ValueError(f"invalid statistic {statistic!r}")
    nothing = np.full(np.shape(values)[:-1], 0.0 if statistic == "sum" else np.nan)
    bins_of = [
        _IN_BINS[statistic](values[..., places == k + 1], axis=-1) if n else nothing for k, n in enumerate(counts)
    ]
    return BinnedStatisticResult(np.stack(bins_of, axis=-1), edges, places)


def _of_none(statistic: Callable[..., Any]) -> Any:
    """What SciPy has for a bin without values: nan, unless the function knows."""
    with catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        simplefilter("ignore", RuntimeWarning)
        try:
            return statistic([])
        except Exception:  # noqa: BLE001  whatever it raises
            return np.nan
