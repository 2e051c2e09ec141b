"""How a row runs on a batch: `values` have it as their first axis where `batched`, and so has what is returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bibun.errors import DerivativeValueError, located

Values = list[Any]
Batched = list[bool]
Settings = Mapping[str, Any]


def elementwise(primitive: Any, values: Values, batched: Batched, settings: Settings) -> Any:
    """Give all the same number of axes behind the batch; broadcasting does the rest, with settings that are arrays too."""
    most = max(np.ndim(v) - mine for v, mine in zip(values, batched, strict=True))
    if settings:
        most = max([most, *(s.ndim for s in settings.values() if isinstance(s, np.ndarray))])
    return primitive(*(padded(v, most) if mine else v for v, mine in zip(values, batched, strict=True)), **settings)


def padded(value: Any, ndim: int) -> Any:
    """Axes of length 1 between the batch and the rest, up to `ndim` axes behind the batch."""
    shape = np.shape(value)
    missing = ndim - (len(shape) - 1)
    return np.reshape(value, (shape[0], *(1,) * missing, *shape[1:])) if missing else value


def reduction(primitive: Any, values: Values, batched: Batched, settings: Settings) -> Any:
    """The same axes, one further back."""
    (value,) = values
    return primitive(value, **{**settings, "axis": tuple(axis + 1 for axis in settings["axis"])})


def axis(primitive: Any, values: Values, batched: Batched, settings: Settings) -> Any:
    """The same axis, one further back."""
    (value,) = values
    return primitive(value, **{**settings, "axis": settings["axis"] + 1})


def leading(primitive: Any, values: Values, batched: Batched, settings: Settings) -> Any:
    """The function broadcasts over leading axes: as for elementwise rows, as far as every input is batched or matches.

    An entry without two axes is not a matrix: the batch would be taken for one of its axes.
    """
    most = max(np.ndim(v) - mine for v, mine in zip(values, batched, strict=True))
    least = min(np.ndim(v) - mine for v, mine in zip(values, batched, strict=True))
    if least != most or least < 2:
        return loop(primitive, values, batched, settings)
    return primitive(*values, **settings)


def loop(primitive: Any, values: Values, batched: Batched, settings: Settings) -> Any:
    """Once an entry, stacked."""
    size = next(np.shape(v)[0] for v, mine in zip(values, batched, strict=True) if mine)
    entries = [
        primitive(*(v[i] if mine else v for v, mine in zip(values, batched, strict=True)), **settings)
        for i in range(size)
    ]
    if not entries:
        raise DerivativeValueError(
            f"vmap: {primitive.name} over an empty batch: there is no entry to take a shape from."
        )
    if isinstance(entries[0], tuple):
        parts = [_stacked(primitive, part) for part in zip(*entries, strict=True)]
        return type(entries[0])._make(parts) if hasattr(entries[0], "_make") else tuple(parts)
    return _stacked(primitive, entries)


def _stacked(primitive: Any, entries: Sequence[Any]) -> Any:
    shapes = sorted({np.shape(entry) for entry in entries})
    if len(shapes) > 1:
        raise DerivativeValueError(
            f"{located()}{primitive.name} inside vmap would have another shape for each entry of the batch: {shapes[0]}, "
            f"{shapes[-1]}. Keep the shape, as np.where(mask, x, 0) and x[mask] = value do, or call the function in a loop."
        )
    return np.stack(entries)


# "aligned": the function broadcasts over the axes before those it works on, whose number is fixed.
WAYS = {
    "elementwise": elementwise, "aligned": elementwise, "reduction": reduction, "axis": axis, "leading": leading, "loop": loop,
}  # fmt: skip
