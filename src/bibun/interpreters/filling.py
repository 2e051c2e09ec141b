"""How a Buffer becomes a name for a traced array, with all its views, when a traced value is to be stored in it.

What a Buffer is, and the storing itself, are in buffer.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bibun.arrays import in_place
from bibun.arrays.layouts import repeated
from bibun.arrays.places import calls
from bibun.arrays.registry import row
from bibun.core.traced import Traced, bare
from bibun.errors import LostDerivativeError, located
from bibun.interpreters.snapshots import writeable
from bibun.tree import named

_broadcast_to = row("broadcast_to")  # nobody may write to what it shows


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
        if view.calls is None and view.value.size:
            view.calls = calls(view.value, held)
            if not writeable(view.value):
                view.calls += ((_broadcast_to, {"shape": view.value.shape}),)
    root.value = in_place.memory(_raised(held, top))
    for view in views:
        if not view.value.size:
            view.value = top.constant(bare(view.value))
            continue
        value = root.value
        for primitive, settings in view.calls:
            value = in_place.view(value, primitive(value, **settings), primitive, settings)
        view.value = value


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
    ours = {id(value) for view in views for value in _from_root(view.value)}
    if isinstance(root.value, Traced) and any(id(other) not in ours for other in in_place.views_of(root.value)):
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


def _from_root(value: Any) -> Iterator[Any]:
    """A traced view, and what lies between it and the array that it shows."""
    while isinstance(value, Traced) and (origin := getattr(value, "view_of", None)) is not None:
        yield value
        value = origin[0]
