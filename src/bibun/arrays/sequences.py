"""Stand-ins for arrays made of numbers that may be traced: sequences of equal steps or ratios, and their indices."""

from __future__ import annotations

from math import nan, prod
from operator import index
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.arrays.deciding import anywhere, whole
from bibun.arrays.registry import FUNCTIONS, implements, row
from bibun.arrays.shapes import lengths
from bibun.core.traced import Traced, unlisted

_rounded_product = row("rounded_product")
_PLACES = "the place of an entry is a whole number: it does not vary continuously"


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """start + i (stop - start) / n, for n steps, the last of which is left out unless `endpoint`."""
    num = index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    start, stop = unlisted(start), unlisted(stop)
    have = np.result_type(start, stop)  # Python's numbers give way
    have = have if have.kind in "fc" else np.dtype(float)
    start, stop = np.broadcast_arrays(as_array(start).astype(have), as_array(stop).astype(have))
    steps = num - 1 if endpoint else num
    line = np.reshape(np.arange(num, dtype=have), (-1,) + (1,) * start.ndim)
    step: Any = (stop - start) / steps if steps > 0 else nan
    if steps > 0 and start.ndim and anywhere(np.equal(step, 0)):  # NumPy then rounds all lines in this order
        y = _rounded_product(line / steps, stop - start) + start
    else:
        y = _rounded_product(line, step if steps > 0 else stop - start) + start
    if endpoint and num > 1:
        y = np.concatenate([y[:-1], stop[None]])
    if axis:
        y = np.moveaxis(y, 0, axis)
    if dtype is not None:
        y = (np.floor(y) if np.issubdtype(dtype, np.integer) else y).astype(dtype)
    return (y, step) if retstep else y


@implements(np.logspace)
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """base to the powers of the sequence from start to stop."""
    base = unlisted(base)
    if np.ndim(base):
        start, stop, base = np.broadcast_arrays(as_array(start), as_array(stop), as_array(base))
        base = np.expand_dims(base, axis)
    y = np.power(base, linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else y.astype(dtype)


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Numbers from start to stop, each the same multiple of the one before; complex ones on a spiral."""
    start, stop, num = as_array(start), as_array(stop), index(num)
    if anywhere(np.equal(start, 0)) or anywhere(np.equal(stop, 0)):
        raise ValueError("Geometric sequence cannot include zero")
    have = np.result_type(start, stop, float(num), np.zeros((), dtype))
    start, stop = np.broadcast_arrays(start.astype(have), stop.astype(have))
    sign = np.sign(start)  # so that the logarithm is of a positive number
    first, last = start / sign, stop / sign
    y = logspace(np.log10(first), np.log10(last), num, endpoint, dtype=have)
    if num > 0:  # exactly, which a power of a logarithm is not
        ends = [last[None]] if num > 1 and endpoint else []
        y = np.concatenate([first[None], y[1 : num - len(ends)], *ends])
    y = np.moveaxis(y * sign, 0, axis) if axis else y * sign
    return y if dtype is None else y.astype(dtype)


def _arange(*limits: Any, dtype: Any = None, device: Any = None, **named: Any) -> Any:
    """np.arange with limits that may be traced: linear in the start and the step; the length is a constant."""
    names = ("start", "stop", "step")[: len(limits)] if len(limits) > 1 else ("stop",)
    given: dict[str, Any] = {"start": 0, "step": 1} | dict(zip(names, limits, strict=True)) | named
    if given.get("stop") is None:
        given = given | {"start": 0, "stop": given["start"]}
    start, stop, step = given["start"], given["stop"], given["step"]
    if not any(isinstance(x, Traced) for x in (start, stop, step)):
        plain: Any = np.arange
        return plain(start, stop, step, dtype)
    length = max(whole(np.ceil((stop - start) / step).astype(int), "the length of np.arange"), 0)
    y = start + _rounded_product(
        np.arange(length), (start + step) - start
    )  # the step between the first two, as NumPy has it
    return y.astype(np.result_type(start, stop, step) if dtype is None else dtype)


FUNCTIONS[np.arange] = _arange  # only with like=, as NumPy dispatches it


@implements(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """Vectors, each along an axis of its own."""
    made = []
    for axis, x in enumerate(map(as_array, args)):
        if x.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        x = np.flatnonzero(x) if x.dtype.kind == "b" else x
        made.append(np.reshape(x, (1,) * axis + (-1,) + (1,) * (len(args) - axis - 1)))
    return tuple(made)


def _whole(indices: Any) -> Any:
    """Indices as an array; floats are refused, as NumPy does."""
    indices = as_array(indices)
    if indices.dtype.kind not in "iu":
        raise TypeError("only int indices permitted")
    return indices


@implements(np.unravel_index, plain=_PLACES)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """The index along each axis of positions in row-major (C) or column-major (F) order."""
    shape, rest = lengths(shape), _whole(indices)
    if anywhere(np.less(rest, 0) | np.greater_equal(rest, prod(shape))):
        raise ValueError(f"np.unravel_index: an index is out of bounds for an array of {prod(shape)} entries.")
    found = []
    for length in shape if order == "F" else reversed(shape):
        found.append(rest % length)
        rest = rest // length
    return tuple(found if order == "F" else reversed(found))


@implements(np.ravel_multi_index, plain=_PLACES)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """The positions, in row-major (C) or column-major (F) order, of these indices along the axes."""
    dims, places = lengths(dims), [_whole(i) for i in multi_index]
    modes = (mode,) * len(dims) if isinstance(mode, str) else tuple(mode)
    total: Any = 0
    triples = list(zip(places, dims, modes, strict=True))
    for i, length, how in reversed(triples) if order == "F" else triples:
        if how == "raise" and anywhere(np.less(i, 0) | np.greater_equal(i, length)):
            raise ValueError("invalid entry in coordinates array")
        inside = i % length if how == "wrap" else np.clip(i, 0, length - 1) if how == "clip" else i
        total = total * length + inside
    return total


def _of_shape(numpy_function: Any) -> None:
    """Indices that depend on the shape of an array only."""

    @implements(numpy_function, plain=_PLACES)
    def indices(arr: Any, *args: Any, **settings: Any) -> Any:
        return numpy_function(np.broadcast_to(np.zeros(()), arr.shape), *args, **settings)


_of_shape(np.diag_indices_from)
_of_shape(np.tril_indices_from)
_of_shape(np.triu_indices_from)
