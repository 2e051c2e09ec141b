"""Images at places between their entries: scipy.ndimage's interpolation by splines, and the geometric transforms made of it.

By the image and by the places (coordinates, shifts, matrices, angles). At a point where a spline's pieces meet, the slope is
that of the piece to the right. A place beyond the edges is seen as SciPy's modes say. No row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import product
from math import prod
from operator import and_
from typing import Any

import numpy as np
import scipy.ndimage as source  # type: ignore[import-untyped]
from scipy import special

from bibun.arrays.creation import as_array, holds_traced
from bibun.core.traced import Traced, bare
from bibun.scipy._calls import beside, no_rule, stands_for
from bibun.scipy._levels import batches, refuse_recorded
from bibun.scipy.interpolate.bases import uniform
from bibun.scipy.interpolate.piecewise import taken
from bibun.scipy.ndimage._edges import given, wide

_PAD = 12  # as many entries as SciPy adds beyond each edge, before it looks for the coefficients of a spline
_PERIODS: dict[str, Callable[[int], int]] = {  # after how many entries beyond the edges they repeat
    "mirror": lambda n: max(2 * n - 2, 1), "reflect": lambda n: 2 * n, "grid-wrap": lambda n: n
}  # fmt: skip
_MODES = {"constant", "grid-constant", "nearest", "wrap", *_PERIODS}


def _filtered(x: Any, order: int, mode: str, axis: int) -> Any:
    """The coefficients of the spline through the entries along one axis: a product with the matrix of SciPy's filter."""
    if order < 2 or x.shape[axis] < 2:
        return x
    filtering = source.spline_filter1d(np.eye(x.shape[axis]), order, axis=0, mode=mode)
    return np.moveaxis(np.tensordot(filtering, x, (1, axis)), 0, axis)


def _interpolated(x: Any, places: list[Any], order: int, mode: str, cval: Any, prefilter: bool) -> Any:
    """The spline of the image at places, an array of each axis."""
    mode = "reflect" if mode == "grid-mirror" else mode
    if mode not in _MODES:
        raise RuntimeError("boundary mode not supported")
    if not 0 <= order <= 5:
        raise RuntimeError("spline order not supported")
    x = wide(x)
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            how: Any = {"mode": "edge"} if mode == "nearest" else {"constant_values": cval}
            x, places = np.pad(beside(x, cval), _PAD, **how), [place + _PAD for place in places]
        for axis in range(x.ndim):
            x = _filtered(x, order, mode, axis)
    inside: Any = True
    taps = []
    for place, n in zip(places, x.shape, strict=True):
        if mode == "constant":
            inside = inside & (place >= 0) & (place <= n - 1)
        elif mode == "wrap" and n > 1:
            place = np.where(place < 0, n - 1 - (-place) % (n - 1), np.where(place > n - 1, place % (n - 1), place))
        elif order == 0 and mode in ("mirror", "reflect"):
            place = _reflected(place, n, mode)
        first, weights = uniform(place, order)
        taps.append([(*_index(first + j, n, mode), weight) for j, weight in enumerate(weights)])
    flat, strides = np.reshape(x, -1), [prod(x.shape[i + 1 :]) for i in range(x.ndim)]
    y: Any = 0.0
    for chosen in product(*taps):
        place = sum(index * stride for (index, _, _), stride in zip(chosen, strides, strict=True))
        entry = taken(flat, place)
        if mode == "grid-constant":
            entry = np.where(reduce(and_, (known for _, known, _ in chosen)), entry, cval)
        for _, _, weight in chosen:
            entry = entry * weight
        y = y + entry
    return y if inside is True else np.where(inside, y, cval)


def _reflected(place: Any, n: int, mode: str) -> Any:
    """Where it is in the image: SciPy rounds a place in the middle of two entries up there, not beyond the edges."""
    period = _PERIODS[mode](n)
    turned = place % period
    beyond = (turned >= n) | ((turned > n - 1) & (place < 0) & (mode == "mirror"))
    return np.where(beyond, period - turned - (mode == "reflect"), turned)


def _rounded(y: Any, like: Any, output: Any) -> Any:
    """As output= asks. SciPy's transforms write the nearest whole numbers, and unsigned ones keep to their ends."""
    dtype = like.dtype if output is None or isinstance(output, (np.ndarray, Traced)) else np.dtype(output)
    if dtype.kind == "u":
        y = np.minimum(np.where(y > 0, y + 0.5, 0.0), float(np.iinfo(dtype).max))
    elif dtype.kind == "i":
        y = np.where(y > 0, y + 0.5, y - 0.5)
    return given(y, like, output)


def _index(index: Any, n: int, mode: str) -> tuple[Any, Any]:
    """Which entry stands at an index beyond the edges, and whether any does."""
    if mode == "grid-constant":
        return np.clip(index, 0, n - 1), (index >= 0) & (index < n)
    if mode == "nearest":
        return np.clip(index, 0, n - 1), True
    kind = mode if mode in _PERIODS else "mirror"
    period = _PERIODS[kind](n)
    index = index % period
    return np.where(index < n, index, period - index - (kind == "reflect")), True


@stands_for(source.map_coordinates)
def map_coordinates(
    input: Any, coordinates: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    """The image at places, whose coordinates stand along the first axis."""
    x, places = as_array(input), as_array(coordinates)
    if places.shape[0] != x.ndim:
        raise RuntimeError("invalid shape for coordinate array")
    return _rounded(_interpolated(x, list(places), order, mode, cval, prefilter), x, output)


def _grid(shape: Any) -> list[Any]:
    return list(np.indices(tuple(map(int, shape)), dtype=float, sparse=True))


@stands_for(source.shift)
def shift(
    input: Any,
    shift: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """The image moved by so many entries along each axis."""
    x = as_array(input)
    by = np.broadcast_to(as_array(shift), (x.ndim,))
    places = [grid - by[i] for i, grid in enumerate(_grid(x.shape))]
    return _rounded(_interpolated(x, places, order, mode, cval, prefilter), x, output)


@stands_for(source.zoom)
def zoom(
    input: Any, zoom: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True, *, grid_mode: bool = False,
) -> Any:  # fmt: skip
    """The image with so many times the entries along each axis."""
    if holds_traced(zoom):
        raise no_rule("zoom", "its factor decides how many entries there are; write affine_transform(x, 1 / zoom)")
    x = as_array(input)
    shape = [round(n * z) for n, z in zip(x.shape, np.broadcast_to(zoom, (x.ndim,)).tolist(), strict=True)]
    if prefilter and all(np.broadcast_to(zoom, (x.ndim,)) == 1):
        return given(x, x, output)
    places = []
    for grid, n, m in zip(_grid(shape), x.shape, shape, strict=True):
        step = n / m if grid_mode else (n - 1) / (m - 1) if m > 1 else 1.0
        places.append((grid + 0.5) * step - 0.5 if grid_mode else grid * step)
    return _rounded(_interpolated(x, places, order, mode, cval, prefilter), x, output)


@stands_for(source.affine_transform)
def affine_transform(
    input: Any, matrix: Any, offset: Any = 0.0, output_shape: Any = None, output: Any = None, order: int = 3,
    mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    """The image at matrix @ place + offset, for each place of the result."""
    x, matrix = as_array(input), as_array(matrix)
    n = x.ndim
    if matrix.ndim == 2 and matrix.shape[1] == n + 1:
        matrix, offset = matrix[:n, :n], matrix[:n, n]
    if matrix.ndim == 1:
        matrix = np.diag(matrix)
    if matrix.shape != (n, n):
        raise RuntimeError("improper affine matrix")
    offset = np.broadcast_to(as_array(offset), (n,))
    grid = _grid(x.shape if output_shape is None else output_shape)
    places = [sum((matrix[i, j] * grid[j] for j in range(n)), offset[i]) for i in range(n)]
    return _rounded(_interpolated(x, places, order, mode, cval, prefilter), x, output)


@stands_for(source.rotate)
def rotate(
    input: Any, angle: Any, axes: Any = (1, 0), reshape: bool = True, output: Any = None, order: int = 3,
    mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    """The image turned by an angle, in degrees, in the plane of two axes."""
    x = as_array(input)
    first, second = sorted(axis % x.ndim for axis in axes)
    plane = np.array([x.shape[first], x.shape[second]])
    c, s = special.cosdg(angle), special.sindg(angle)
    shape = list(x.shape)
    if reshape:
        refuse_recorded(angle)
        if batches(angle):
            raise no_rule("rotate", "inside vmap the angles decide how many entries there are; write reshape=False")
        turned = np.array([[bare(c), bare(s)], [-bare(s), bare(c)]]) @ [
            [0, 0, plane[0], plane[0]],
            [0, plane[1], 0, plane[1]],
        ]
        shape[first], shape[second] = (np.ptp(turned, axis=1) + 0.5).astype(int).tolist()
    out, middle = (np.array([shape[first], shape[second]]) - 1) / 2, (plane - 1) / 2
    places = _grid(shape)
    down, right = places[first] - out[0], places[second] - out[1]
    places[first], places[second] = c * down + s * right + middle[0], c * right - s * down + middle[1]
    return _rounded(_interpolated(x, places, order, mode, cval, prefilter), x, output)


def geometric_transform(
    input: Any, mapping: Callable[..., Any], output_shape: Any = None, output: Any = None, order: int = 3,
    mode: str = "constant", cval: Any = 0.0, prefilter: bool = True, extra_arguments: Any = (), extra_keywords: Any = None,
) -> Any:  # fmt: skip
    """The image at mapping(place), for each place of the result; the mapping may read traced numbers."""
    shape = tuple(np.shape(input) if output_shape is None else output_shape)
    found = [mapping(place, *extra_arguments, **(extra_keywords or {})) for place in np.ndindex(shape)]
    if not holds_traced(input) and not any(map(holds_traced, found)):
        settings = {"output_shape": output_shape, "output": output, "order": order, "mode": mode, "cval": cval}
        more = {"prefilter": prefilter, "extra_arguments": extra_arguments, "extra_keywords": extra_keywords or {}}
        return source.geometric_transform(input, mapping, **settings, **more)
    places = np.stack([np.stack([as_array(v) for v in place]) for place in found], axis=1)
    return map_coordinates(input, np.reshape(places, (-1, *shape)), output, order, mode, cval, prefilter)


@stands_for(source.spline_filter1d)
def spline_filter1d(input: Any, order: int = 3, axis: int = -1, output: Any = np.float64, mode: str = "mirror") -> Any:
    """The coefficients of the spline through the entries along an axis."""
    x = as_array(input)
    return given(_filtered(wide(x), order, mode, axis % x.ndim), x, output)


@stands_for(source.spline_filter)
def spline_filter(input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror") -> Any:
    """The coefficients of the spline through the entries."""
    x = as_array(input)
    y = x
    for axis in range(x.ndim):
        y = given(_filtered(wide(y), order, mode, axis), x, output)
    return given(y, x, output)
