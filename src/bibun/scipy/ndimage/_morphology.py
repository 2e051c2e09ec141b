"""Morphology of grey images: the smallest and the largest of a window, to whose entries a structure is added. No row.

Where entries of a window are equal, the derivative is that of np.min and np.max.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._calls import stands_for
from bibun.scipy.ndimage._edges import chosen, each, given, wide
from bibun.scipy.ndimage._ranks import windows


def _added(x: Any, size: Any, footprint: Any, structure: Any, sign: int, *edges: Any) -> Any:
    """The windows, with the structure added or taken away."""
    if size is None and footprint is None and structure is None:
        raise ValueError("size, footprint, or structure must be specified")
    if structure is None:
        return windows(x, size, footprint, *edges)
    structure = as_array(structure)
    footprint = np.ones(structure.shape, bool) if footprint is None else np.asarray(footprint, bool)
    heights = structure[footprint]
    return windows(wide(x), None, footprint, *edges) + sign * np.reshape(heights, (-1,) + (1,) * x.ndim)


def _eroded(x: Any, size: Any, footprint: Any, structure: Any, mode: Any, cval: Any, origin: Any, axes: Any) -> Any:
    return np.min(_added(x, size, footprint, structure, -1, mode, cval, origin, axes), axis=0)


def _dilated(x: Any, size: Any, footprint: Any, structure: Any, mode: Any, cval: Any, origin: Any, axes: Any) -> Any:
    """By the window turned about its middle."""
    footprint, structure = (None if v is None else np.flip(as_array(v)) for v in (footprint, structure))
    count = len(chosen(axes, x.ndim))
    given_shape = footprint if footprint is not None else structure
    lengths = each(size, count) if given_shape is None else given_shape.shape
    turned = [-shift - (n % 2 == 0) for shift, n in zip(each(origin, count), lengths, strict=True)]
    return np.max(_added(x, size, footprint, structure, 1, mode, cval, turned, axes), axis=0)


def _of_windows(name: str, doc: str, of: Callable[..., Any]) -> Any:
    @stands_for(getattr(source, name))
    def call(
        input: Any, size: Any = None, footprint: Any = None, structure: Any = None, output: Any = None, mode: Any = "reflect",
        cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
    ) -> Any:  # fmt: skip
        """By the window about each entry."""
        x = as_array(input)
        settings = (size, footprint, structure, mode, cval, origin, axes)

        def eroded(y: Any) -> Any:
            return given(_eroded(y, *settings), x, None)

        def dilated(y: Any) -> Any:
            return given(_dilated(y, *settings), x, None)

        return given(of(x, eroded, dilated), x, output)

    call.__doc__ = doc
    return call


grey_erosion = _of_windows("grey_erosion", "The smallest of x less the structure.", lambda x, e, d: e(x))
grey_dilation = _of_windows("grey_dilation", "The largest of x and the structure.", lambda x, e, d: d(x))
grey_opening = _of_windows("grey_opening", "The erosion dilated.", lambda x, e, d: d(e(x)))
grey_closing = _of_windows("grey_closing", "The dilation eroded.", lambda x, e, d: e(d(x)))
white_tophat = _of_windows("white_tophat", "What the opening takes away.", lambda x, e, d: x - d(e(x)))
black_tophat = _of_windows("black_tophat", "What the closing adds.", lambda x, e, d: e(d(x)) - x)
morphological_gradient = _of_windows(
    "morphological_gradient", "The dilation less the erosion.", lambda x, e, d: d(x) - e(x)
)
morphological_laplace = _of_windows(
    "morphological_laplace", "The dilation and the erosion, less twice the image.", lambda x, e, d: d(x) + e(x) - x - x
)
