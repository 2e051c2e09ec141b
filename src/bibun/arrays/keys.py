"""Basic keys of brackets (numbers, slices, None, ...) put together: x[a][b] is x[composed(a, b)]. Reads no array."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

_BASIC = (int, slice, type(None), type(Ellipsis), np.integer)


def is_basic(key: tuple[Any, ...]) -> bool:
    """Whether NumPy gives a view for it."""
    for k in key:  # noqa: SIM110  every x[key] asks this, and a loop is quicker
        if not isinstance(k, _BASIC) or k is True or k is False:
            return False
    return True


def composed(outer: tuple[Any, ...], inner: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...] | None:
    """The key of x[outer][inner], for x of this shape; None where it is not basic."""
    if not is_basic(inner):
        return None
    # what stands along each axis of x or in front of one: a number, a range of the axis, or None
    places = _applied([range(n) for n in shape], outer)
    if places is None or (places := _applied(places, inner)) is None:
        return None
    return tuple(_slice(place) if isinstance(place, range) else place for place in places)


def _applied(places: list[Any], key: tuple[Any, ...]) -> list[Any] | None:
    """The places after a further key, whose numbers and slices belong to the ranges and Nones; None where that fails."""
    axes = sum(not isinstance(place, int) for place in places)
    taken = sum(k is not None and k is not Ellipsis for k in key)
    if taken > axes or key.count(Ellipsis) > 1:
        return None
    rest = (slice(None),) * (axes - taken)
    at = key.index(Ellipsis) if Ellipsis in key else len(key)
    waiting = [*key[:at], *rest, *key[at + 1 :]]
    found: list[Any] = []
    for place in places:
        if isinstance(place, int):
            found.append(place)
            continue
        while waiting and waiting[0] is None:
            found.append(waiting.pop(0))
        k = waiting.pop(0)
        part = (range(1) if place is None else place)[k if isinstance(k, slice) else index(k)]
        if place is not None:
            found.append(part)
        elif isinstance(part, range):
            if not part:
                return None  # nothing of an axis that x does not have
            found.append(None)
    return found + waiting


def _slice(places: range) -> slice:
    """The slice of an axis that takes these places."""
    if not places:
        return slice(0, 0)
    stop = places[-1] + (1 if places.step > 0 else -1)
    return slice(places[0], None if stop < 0 else stop, places.step)
