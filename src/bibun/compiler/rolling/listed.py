"""Keys that are short lists, written as one call for each entry of the list: a number in a key may move with a loop.

y[[i, j]] = v is y[i] = v[0], y[j] = v[1], in this order; y[[i, j]] is a stack. Any other key is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.rolling.periods import TURNS
from bibun.interpreters.likeness import FLOAT64, Like, likeness
from bibun.interpreters.recording import CAPTURED, Recording
from bibun.primitives import TABLE

SHORT = 4  # entries of a list, at most
_OPERANDS = {TABLE["getitem"]: 1, TABLE["put"]: 2, TABLE["scatter_add"]: 1}


def spelled_out(flat: Flat, numbers: Sequence[int]) -> tuple[Flat, Sequence[int]]:
    """The recording, or one of the same values with more calls, and the numbers in it of these of its calls."""
    listed = flat.numbers_of(_entries)
    if len(listed) < TURNS:
        return flat, numbers
    spelled = _Spelled(flat, set(listed))
    return Flat(spelled.made, spelled.alone, spelled.origins), [spelled.place(n) for n in numbers]


def _entries(row: Any, settings: Any, like: Like, operands: int) -> int:
    """How many entries the lists of a call's key have; 0 where there is none to be spelled out."""
    if operands != _OPERANDS.get(row):
        return 0
    arrays = [k for k in settings["key"] if isinstance(k, np.ndarray)]
    if not arrays or arrays[0].size > SHORT:
        return 0
    rest = (k for k in settings["key"] if not isinstance(k, np.ndarray))
    plain = all(a.ndim == 1 and a.dtype.kind in "iu" and len(a) == len(arrays[0]) for a in arrays)
    return len(arrays[0]) if plain and all(isinstance(k, slice) for k in rest) else 0


class _Spelled:
    """The other recording, and where the calls of the first one are in it."""

    def __init__(self, flat: Flat, listed: set[int]) -> None:
        self.made = Recording()
        self.made.constants, self.made.places = flat.constants, flat.places
        self.alone: dict[int, bool] = {}
        self.origins: dict[int, int] = {}
        self._places: list[int] = []
        for number, (row, operands, settings, like) in enumerate(flat):
            moved = tuple(map(self.place, operands))
            if number in listed:
                self._places.append(getattr(self, f"_{row.name}")(moved, settings, like))
                continue
            self._places.append(self._add(row, moved, settings, like))
            if row is CAPTURED:
                self.alone[self._places[-1]] = flat.alone[number]
                self.origins[self._places[-1]] = number

    def place(self, number: int) -> int:
        """Where a call is; constants stay."""
        return number if number < 0 else self._places[number]

    def _add(self, row: Any, operands: tuple[int, ...], settings: Any, like: Like) -> int:
        self.made.calls.append((row, operands, settings, like))
        return len(self.made.calls) - 1

    def _like(self, number: int) -> Like:
        like: Like = self.made.calls[number][3] if number >= 0 else likeness(self.made.constants[-1 - number])
        return like

    def _keys(self, key: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
        count = next(len(k) for k in key if isinstance(k, np.ndarray))
        for n in range(count):
            yield n, {"key": tuple(int(k[n]) if isinstance(k, np.ndarray) else k for k in key)}

    def _taken(self, number: int, axis: int, n: int) -> int:
        """Entry n of a value along an axis, counted from its end; the value where it is the same all along."""
        like = self._like(number)
        at = len(like.shape) + axis
        if at < 0:
            return number
        shape = (*like.shape[:at], *like.shape[at + 1 :])
        key = (*(slice(None),) * at, n if like.shape[at] > 1 else 0)
        return self._add(TABLE["getitem"], (number,), {"key": key}, _like_of(shape, like.dtype))

    def _getitem(self, operands: tuple[int, ...], settings: Any, like: Like) -> int:
        axis = _block(settings["key"])
        part = _like_of((*like.shape[:axis], *like.shape[axis + 1 :]), like.dtype)
        parts = [self._add(TABLE["getitem"], operands, one, part) for _, one in self._keys(settings["key"])]
        return self._add(TABLE["stack"], tuple(parts), {"axis": axis}, like)

    def _put(self, operands: tuple[int, ...], settings: Any, like: Like) -> int:
        whole, value = operands
        key = settings["key"]
        dimensions = len(like.shape) - sum(isinstance(k, np.ndarray) for k in key) + 1  # of what the key takes
        for n, one in self._keys(key):
            part = self._taken(value, _block(key) - dimensions, n)
            whole = self._add(TABLE["put"], (whole, part), one, like)
        return whole

    def _scatter_add(self, operands: tuple[int, ...], settings: Any, like: Like) -> int:
        (value,) = operands
        axis = _block(settings["key"]) - len(self._like(value).shape)
        total: int | None = None
        for n, one in self._keys(settings["key"]):
            part = self._add(TABLE["scatter_add"], (self._taken(value, axis, n),), settings | one, like)
            total = part if total is None else self._add(TABLE["add"], (total, part), None, like)
        assert total is not None
        return total


def _block(key: Sequence[Any]) -> int:
    """The axis of what is taken that stands for the lists: where they are, or in front if they are apart."""
    places = [n for n, k in enumerate(key) if isinstance(k, np.ndarray)]
    return places[0] if places[-1] - places[0] + 1 == len(places) else 0


def _like_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Like:
    like = Like(shape, dtype, None if shape else dtype.type)
    return FLOAT64 if like == FLOAT64 else like
