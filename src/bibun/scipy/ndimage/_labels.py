"""Numbers of the regions of an image: sums, means, extremes, the centre of mass of the entries that have a label. No row.

By the image; which entry has which label is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.reductions import root_of_squares
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy.ndimage._edges import wide


def _regions(input: Any, labels: Any, index: Any, of: Callable[[Any], Any], empty: Any = None) -> Any:
    """of(entries) of a region, or along a first axis those of the regions with the labels in `index`.

    A region is all of the image, or what has a positive label, or the label that is given; `empty` is what is returned of none.
    """
    x = as_array(input)
    if holds_traced(labels) or holds_traced(index):
        raise no_rule("a number of labelled regions", "labels are whole numbers, which are given as plain ones")
    if labels is None:
        return of(np.reshape(x, -1))
    labels = np.asarray(labels)
    shape = np.broadcast_shapes(x.shape, labels.shape)
    x, labels = np.broadcast_to(x, shape), np.broadcast_to(labels, shape)
    if index is None or np.ndim(index) == 0:
        return of(x[labels > 0 if index is None else labels == index])
    if not np.size(index):
        return np.reshape(np.reshape(x, -1)[:0] if empty is not None else wide(np.reshape(x, -1)[:0]), np.shape(index))
    places = [labels == label for label in np.asarray(index).ravel()]
    none = None if empty is None else np.asarray(empty, np.result_type(x.dtype, empty))
    found = [of(x[place]) if none is None or place.any() else none for place in places]
    return np.reshape(np.stack([as_array(y) for y in found]), np.shape(index))


def _mean(x: Any) -> Any:
    return np.sum(x) / np.float64(x.size)


def _variance(x: Any) -> Any:
    return np.sum(np.abs(x - _mean(x)) ** 2) / np.float64(x.size)


def _of_regions(name: str, doc: str, of: Callable[[Any], Any], empty: Any = None, double: bool = False) -> Any:
    @stands_for(getattr(source, name))
    def call(input: Any, labels: Any = None, index: Any = None) -> Any:
        """Of each region."""
        y = _regions(input, labels, index, of, empty)
        return wide(y) if double and labels is not None and np.ndim(index) else y

    call.__doc__ = doc
    return call


# What has no entry is 0 for SciPy, or nan as 0 / 0
sum = _of_regions("sum", "The sum of the entries.", np.sum, double=True)
sum_labels = _of_regions("sum_labels", "The sum of the entries.", np.sum, double=True)
mean = _of_regions("mean", "The mean of the entries.", _mean)
variance = _of_regions("variance", "The mean squared distance from the mean.", _variance)
standard_deviation = _of_regions("standard_deviation", "Its root.", lambda x: root_of_squares(_variance(x)))
minimum = _of_regions("minimum", "The smallest entry.", np.min, 0)
maximum = _of_regions("maximum", "The largest entry.", np.max, 0)
median = _of_regions(
    "median",
    "The median of the entries; nan for a label of `index` that no entry has, where SciPy takes that of another region.",
    np.median,
    np.nan,
)


@stands_for(source.center_of_mass)
def center_of_mass(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Σ place x / Σ x, a number for each axis: a tuple, or a list of them, along the last axis of `index`."""
    x = as_array(input)
    total = sum_labels(x, labels, index)
    grids = np.indices(x.shape, dtype=float, sparse=True)
    found = [sum_labels(x * grid, labels, index) / total for grid in grids]
    return [tuple(place) for place in np.stack(found).T] if np.ndim(found[0]) else tuple(found)


@stands_for(source.labeled_comprehension)
def labeled_comprehension(
    input: Any, labels: Any, index: Any, func: Any, out_dtype: Any, default: Any, pass_positions: bool = False
) -> Any:
    """func(entries) of each region, and `default` of one that has none."""
    if pass_positions:
        raise no_rule("labeled_comprehension", "pass_positions= is for plain arrays; write the calls")
    if index is None:
        return _regions(input, labels, None, func)
    if labels is None:
        raise ValueError("index without defined labels")
    labels, given = np.asarray(labels), np.asarray(index)
    if not given.size or np.any(given.astype(labels.dtype).astype(given.dtype) != given):
        raise ValueError(f"labeled_comprehension: index {index} must hold labels, of dtype {labels.dtype}")
    y = _regions(input, labels, np.atleast_1d(given), func, np.nan if default is None else default)
    return np.reshape(y, given.shape).astype(np.dtype(out_dtype))
