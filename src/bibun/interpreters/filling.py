"""How a Buffer becomes a name for a traced array, with all its views, when a traced value is to be stored in it.

What a Buffer is, and the storing itself, are in buffer.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import in_place
from bibun.arrays.keys import is_basic
from bibun.arrays.layouts import repeated
from bibun.arrays.registry import row
from bibun.core.traced import Traced, bare
from bibun.errors import LostDerivativeError, located
from bibun.primitives.memory import getitem_apart
from bibun.tree import named

_getitem = row("getitem")


def make_room(buffer: Any, values: Any) -> None:
    """Let it hold these values: if one of them is traced, it and its family become names for arrays of that level."""
    top = highest(values)
    root = buffer if buffer.root is None else buffer.root
    held = root.value
    if top is None or (isinstance(held, Traced) and held.level >= top.level):
        return
    if top.level > root.made:
        raise LostDerivativeError(
            f"{located()}{top.word} was stored in an array that was made outside of the function which is transformed, and "
            "outlives it. Make the array inside the function, or return the value."
        )
    views = [view for weak in root.shows if (view := weak()) is not None]
    _check_alone(root, views)
    for view in views:
        if view.key is None and view.value.size:
            view.key = _places(view.value, held)
    root.value = in_place.memory(_raised(held, top))
    for view in views:
        if not view.value.size:
            view.value = top.constant(bare(view.value))
            continue
        settings = {"key": view.key}
        take = _getitem if is_basic(view.key) else getitem_apart
        view.value = in_place.view(root.value, take(root.value, **settings), take, settings)


def highest(values: Any) -> Any:
    """The traced value of the innermost level in nested containers of arguments; None where nothing is traced."""
    top = None
    for value in values:
        value = named(value)
        if isinstance(value, (list, tuple)):
            value = highest(value)
        if isinstance(value, Traced) and (top is None or value.level > top.level):
            top = value
    return top


def _raised(held: Any, top: Traced) -> Any:
    """A value of the level of `top` with these entries."""
    if isinstance(held, Traced):
        return top.constant(held.alias())
    return repeated(top, held) if held.size and (held == held.flat[0]).all() else top.constant(held)


def _check_alone(root: Any, views: list[Any]) -> None:
    """Refuse where something shows the entries that could not follow."""
    ours = [view.value for view in views]
    others = [weak() for weak in getattr(root.value, "views", ())] if isinstance(root.value, Traced) else []
    if any(other is not None and not any(other is mine for mine in ours) for other in others):
        raise LostDerivativeError(
            f"{located()}a value of an inner transform was stored in an array of which there is a view that holds values of "
            "an outer one. Make the array inside the inner function, or return the value."
        )
    foreign = root.shown is not None and root.shown() is not None
    if foreign or any(view.dtype != root.dtype for view in views):
        raise LostDerivativeError(
            f"{located()}a traced value was stored in an array whose memory an ndarray shows (np.asarray(y) of NumPy's, "
            "y.real of a complex y), and that ndarray could not follow. Store into a copy: y = y.copy()."
        )


def _places(part: Any, whole: Any) -> tuple[Any, ...]:
    """The key of the entries of `whole`, which lie in row-major order, that an ndarray shows."""
    size = whole.dtype.itemsize
    first = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    steps = np.zeros(part.shape, int) + first // size
    for axis, stride in enumerate(part.strides):
        steps += (np.arange(part.shape[axis]) * (stride // size)).reshape(-1, *(1,) * (part.ndim - axis - 1))
    return np.unravel_index(steps, whole.shape) if whole.ndim else (None,) * part.ndim
