"""Basic keys of brackets (numbers, slices, None, ...) put together: x[a][b] is x[composed(a, b)]. Reads no entry of x."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from bibun.core.traced import Traced

_BASIC = (int, slice, type(None), type(Ellipsis), np.integer)


def is_basic(key: tuple[Any, ...]) -> bool:
    """Whether NumPy gives a view for it."""
    for k in key:  # every x[key] asks this, and a loop is quicker
        if not isinstance(k, _BASIC) or k is True or k is False:
            return False
        if type(k) is slice and (
            isinstance(k.stop, Traced) or isinstance(k.start, Traced) or isinstance(k.step, Traced)
        ):
            return False
    return True


def python_numbers(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key with NumPy's whole numbers, also of slices, as Python's; slices of step 1 say nothing of it."""
    return tuple(map(_python_number, key))


def _python_number(k: Any) -> Any:
    if isinstance(k, np.integer):
        return int(k)
    if type(k) is slice and (k.step == 1 or any(isinstance(n, np.integer) for n in (k.start, k.stop, k.step))):
        step = None if k.step == 1 else k.step
        return slice(*map(_python_number, (k.start, k.stop, step)))
    return k


def with_bounds(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """The bounds of its slices as whole numbers; those of a recording are thereby decided."""
    return tuple([_whole(k) if isinstance(k, slice) else k for k in key])


def _whole(k: slice) -> slice:
    return slice(*(index(n) if isinstance(n, Traced) else n for n in (k.start, k.stop, k.step)))


def composed(outer: tuple[Any, ...], inner: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...] | None:
    """The key of x[outer][inner], for x of this shape; None where it is not one of slices, or of one list and slices."""
    lists = [k for k in inner if isinstance(k, np.ndarray)]
    if not is_basic(tuple(k for k in inner if not isinstance(k, np.ndarray))) or not all(map(_is_list, lists)):
        return None
    # what stands along each axis of x or in front of one: a number, a range of the axis, a list of places, or None
    places = _applied([range(n) for n in shape], outer)
    if places is None or (lists and not all(isinstance(place, range) for place in places)):
        return None  # a number beside a list counts as one too, and NumPy would move their axes
    if (places := _applied(places, inner)) is None:
        return None
    return spelled(places, shape)


def spelled(places: Sequence[Any], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The key of these places along the axes of an array, in one way: equal places have equal keys."""
    key: list[Any] = []
    lengths = iter(shape)
    for place in places:
        length = None if place is None else next(lengths)
        if not isinstance(place, range):
            key.append(place)
        else:
            key.append(slice(None) if place == range(length or 0) else slice_of(place))
    while len(key) > 1 and isinstance(key[-1], slice) and key[-1] == slice(None):
        key.pop()
    return tuple(key)


def _is_list(k: np.ndarray[Any, Any]) -> bool:
    """Whether it takes the entries of one axis that it numbers."""
    return k.ndim > 0 and k.dtype.kind in "iu"


def _applied(places: list[Any], key: tuple[Any, ...]) -> list[Any] | None:
    """The places after a further key, whose numbers and slices belong to the ranges and Nones; None where that fails."""
    axes = sum(not isinstance(place, int) for place in places)
    taken = sum(k is not None and k is not Ellipsis for k in key)
    gaps = [n for n, k in enumerate(key) if k is Ellipsis]
    if taken > axes or len(gaps) > 1:
        return None
    rest = (slice(None),) * (axes - taken)
    at = gaps[0] if gaps else len(key)
    waiting = [*key[:at], *rest, *key[at + 1 :]]
    found: list[Any] = []
    for place in places:
        if isinstance(place, int):
            found.append(place)
            continue
        while waiting and waiting[0] is None:
            found.append(waiting.pop(0))
        k = waiting.pop(0)
        along = range(1) if place is None else place
        if isinstance(k, np.ndarray):
            part: Any = np.arange(along.start, along.stop, along.step)[k]
        else:
            part = along[k if isinstance(k, slice) else index(k)]
        if place is not None:
            found.append(part)
        elif isinstance(part, range):
            if not part:
                return None  # nothing of an axis that x does not have
            found.append(None)
    return found + waiting


def slice_of(places: range) -> slice:
    """The slice of an axis that takes these places."""
    if not places:
        return slice(0, 0)
    stop = places[-1] + (1 if places.step > 0 else -1)
    return slice(places[0], None if stop < 0 else stop, places.step)
