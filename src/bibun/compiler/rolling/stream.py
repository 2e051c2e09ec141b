"""A recording as arrays of numbers: one code a call, and where its operands are. Finds nothing; periods.py does.

Arguments, captured arrays and constants are taken out of the stream: where they happen to appear first must not break a
period. Whole numbers in a key (x[i], x[i:i + 3]) are not part of the code either: they may move with a loop.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from copy import copy
from math import prod
from typing import Any

import numpy as np

from bibun.compiler.graph import frozen
from bibun.compiler.rolling.rolled import Turn, TurnSlice
from bibun.interpreters.likeness import FLOAT64, Like, likeness
from bibun.interpreters.recording import CAPTURED, CONSTANT, GUARD, INPUT, PART, Recording
from bibun.primitives.indexing import Place

OPERANDS = 32  # a call of more is not looked for in loops
SMALL = 16  # entries of a value around a loop that takes turns with others in a loop inside of it
MOVING = 8  # whole numbers in a key, at most
LEAF = -1  # the position of an operand that is not in the stream; below it are those of entries
ENTRY = "entry"  # in the recording of a loop's body: an input that is another entry of a stack in each turn (again.py)
_KEYED = ("getitem", "put", "scatter_add", "getitem_at", "put_at", "scatter_add_at")


class Stream:
    """The calls of a recording that compute something.

    numbers     of each call in the recording
    codes       equal for calls of the same row, with the same settings, kinds of operands and likeness of the value
    positions   (call, operand): the operand's place in the stream; LEAF for a leaf, LEAF - 1 - k for entry k of a stack
    leaves      (call, operand): the operand's number in the recording where it is a leaf (negative: a constant)
    moving      (call, k): whole numbers in its key
    keyed       the calls that have any
    wide        of each call of more than OPERANDS operands their places, which `positions` leaves out
    columns     what of positions and moving is not empty: a column, and from where to where something is in it
    """

    def __init__(self, recording: Recording) -> None:
        self.numbers: list[int] = []
        self.wide: dict[int, list[int]] = {}
        self._codes: list[int] = []
        self._known: dict[Hashable, int] = {}
        self._seen: dict[Hashable, tuple[Hashable, tuple[int, ...]]] = {}
        self._positions: tuple[list[int], ...] = tuple([] for _ in range(OPERANDS))
        self._leaves: tuple[list[int], ...] = tuple([] for _ in range(OPERANDS))
        self._moving: dict[int, tuple[int, ...]] = {}
        self._read(recording)
        count = len(self._codes)
        self.codes = np.array(self._codes, np.int64)
        self.positions = _columns(self._positions, count, LEAF)
        self.leaves = _columns(self._leaves, count, 0)
        self.moving = np.zeros((count, MOVING), np.int64)
        for at, numbers in self._moving.items():
            self.moving[at, : len(numbers)] = numbers
        self.keyed = list(self._moving)
        self.columns = [*_used(self.positions, LEAF), *_used(self.moving, 0)]

    def without_numbers(self, places: Sequence[int]) -> Stream:
        """The same calls, but for the numbers in the keys of these."""
        other = copy(self)
        other.moving, other.codes = self.moving.copy(), self.codes.copy()
        other.moving[places] = 0
        other.codes[places] += len(self._known)  # what keeps its numbers is another call
        other.columns = [*_used(other.positions, LEAF), *_used(other.moving, 0)]
        return other

    def _read(self, recording: Recording) -> None:
        """One pass over the calls; what is done for each of them is what rolling up a long loop costs."""
        kinds = _leaf_kinds(recording)
        place = [LEAF] * len(recording.calls)
        numbers, codes, known = self.numbers, self._codes, self._known
        (first, second, *_), (first_leaf, second_leaf, *_) = self._positions, self._leaves
        for number, (row, operands, settings, like) in enumerate(recording.calls):
            if row is INPUT or row is CAPTURED or row is CONSTANT:
                continue
            if row is ENTRY:
                place[number] = LEAF - 1 - settings.place
                continue
            at = len(codes)
            place[number] = at
            numbers.append(number)
            if len(operands) > 2:
                codes.append(self._wide(recording, at, row, operands, settings, like, place, kinds))
                continue
            a = b = LEAF
            kind_a = kind_b = None
            if operands:
                n = operands[0]
                a = place[n] if n >= 0 else LEAF
                if a <= LEAF:
                    kind_a = kinds[n]
                first_leaf.append(n)
                if len(operands) == 2:
                    n = operands[1]
                    b = place[n] if n >= 0 else LEAF
                    if b <= LEAF:
                        kind_b = kinds[n]
                    second_leaf.append(n)
                else:
                    second_leaf.append(0)
            else:
                first_leaf.append(0)
                second_leaf.append(0)
            first.append(a)
            second.append(b)
            fixed = None
            if settings is not None and settings != {}:
                fixed = self._skeleton(recording, at, row, operands, settings, like)
            key = (id(row), fixed, id(like) if like is FLOAT64 else like, kind_a, kind_b, len(operands))
            code = known.get(key)
            if code is None:
                code = known[key] = len(known)
            codes.append(code)

    def _skeleton(
        self, recording: Recording, at: int, row: Any, operands: Sequence[int], settings: Any, like: Like
    ) -> Hashable:
        """Settings without the numbers that may move; these are noted."""
        name = row if isinstance(row, str) else row.name
        key: tuple[Any, ...] = settings["key"] if name in _KEYED else ()
        if len(key) == 1 and type(key[0]) is int:  # x[i], the commonest: most often it has been seen before
            shape = _indexed_shape(name, settings, like_of(recording, operands[0]), like)
            same = (name, key[0], shape, len(settings))
            found = self._seen.get(same)
            if found is None:
                found = self._seen[same] = skeleton(recording, name, operands, settings, like)
        else:
            found = skeleton(recording, name, operands, settings, like)
        fixed, moving = found
        if moving:
            self._moving[at] = moving
        return fixed

    def _wide(
        self,
        recording: Recording,
        at: int,
        row: Any,
        operands: Any,
        settings: Any,
        like: Any,
        place: list[int],
        kinds: dict[int, Hashable],
    ) -> int:
        """The code of a call of more than two operands."""
        where = [place[n] if n >= 0 else LEAF for n in operands]
        if len(operands) > OPERANDS:
            self.wide[at], where, operands = where, [LEAF, LEAF], (0, 0)
        for column, values, rest in ((self._positions, where, LEAF), (self._leaves, operands, 0)):
            for k, value in enumerate(values):
                if k > 1:  # the others are as long as the stream
                    column[k].extend([rest] * (at - len(column[k])))
                column[k].append(value)
        if at in self.wide:
            return -1 - at
        fixed = self._skeleton(recording, at, row, operands, settings, like)
        which = [kinds[n] if p <= LEAF else None for n, p in zip(operands, where, strict=True)]
        return self._known.setdefault((id(row), fixed, like, *which), len(self._known))


def like_of(recording: Recording, number: int) -> Like | None:
    """What an operand is; None for one of several outputs together."""
    return recording.calls[number][3] if number >= 0 else likeness(recording.constants[-1 - number])


def _columns(columns: Sequence[list[int]], count: int, rest: int) -> np.ndarray[Any, Any]:
    """Lists that may end early as the columns of an array; without those at the end that nothing is in."""
    used = [column for column in columns if column]
    result = np.full((count, len(used)), rest, np.int64)
    for k, column in enumerate(used):
        result[: len(column), k] = column
    return result


def _used(table: np.ndarray[Any, Any], rest: int) -> Iterator[tuple[np.ndarray[Any, Any], int, int]]:
    """The columns of a table in which something is, each with the first place of it and that behind the last."""
    for column in np.ascontiguousarray(table.T):
        places = np.flatnonzero(column != rest)
        if len(places):
            yield column, int(places[0]), int(places[-1]) + 1


def _leaf_kinds(recording: Recording) -> dict[int, Hashable]:
    """Of each leaf what must be equal for two of them to take turns."""
    kinds: dict[int, Hashable] = {-1 - k: ("constant", type(value)) for k, value in enumerate(recording.constants)}
    for number, (row, _, settings, like) in enumerate(recording.calls):
        if row is CAPTURED:
            kinds[number] = (row, like, settings.strides)
        elif row is INPUT or row is CONSTANT:
            small = type(settings) is tuple and settings[0] == "stay" and prod(like.shape) <= SMALL
            kinds[number] = (*settings[:1], like) if small else (row, number)
        elif row is ENTRY:
            kinds[number] = (row, settings.stack, like)
    return kinds


def skeleton(
    recording: Recording, name: str, operands: Sequence[int], settings: Any, like: Like
) -> tuple[Hashable, tuple[int, ...]]:
    """Settings without the whole numbers of a key, and those, counted from the beginning of their axis."""
    if settings is None or (type(settings) is dict and not settings):
        return None, ()
    if name in (GUARD, PART):
        return (type(settings), settings), ()
    if name not in _KEYED:
        return frozen(settings), ()
    likes = [like_of(recording, n) for n in operands]
    axes = _axes(settings["key"], _indexed_shape(name, settings, likes[0], like), likes)
    if axes is None:
        return frozen(settings), ()
    found: list[int] = []
    entries: list[Hashable] = []
    for k, length in zip(settings["key"], axes, strict=True):
        if type(k) is int:
            found.append(k % length)
            entries.append(int)
        elif isinstance(k, (Turn, TurnSlice)):  # in the body of another loop
            found.append(k.start)
            entries.append((type(k), *k[1:]))
        elif type(k) is slice and type(k.start) is type(k.stop) is int and k.step is None:
            start, stop, _ = k.indices(length)
            found += (start, stop)
            entries.append((slice, max(stop - start, 0)))
        else:
            entries.append(frozen(k))
    if len(found) > MOVING:
        return frozen(settings), ()
    rest = {key: value for key, value in settings.items() if key != "key"}
    return (tuple(entries), frozen(rest)), tuple(found)


def axes_of_key(recording: Recording, number: int) -> list[int]:
    """For each entry of the key of a call the length of its axis."""
    row, operands, settings, like = recording.calls[number]
    likes = [like_of(recording, n) for n in operands]
    return _axes(settings["key"], _indexed_shape(row.name, settings, likes[0], like), likes) or []


def _indexed_shape(name: str, settings: Any, first: Like | None, like: Like) -> tuple[int, ...]:
    """The shape of the array that the key belongs to; first: the likeness of the first operand."""
    if name.startswith("scatter_add"):
        return settings["shape"]  # type: ignore[no-any-return]
    if name.startswith("put"):
        return like.shape
    return first.shape if first is not None else ()


def _axes(key: Sequence[Any], shape: tuple[int, ...], likes: Sequence[Like | None]) -> list[int] | None:
    """For each entry of a key the length of its axis, any number where it has none; None for a mask."""
    taken = 0
    places = sum(isinstance(k, Place) for k in key)  # these arrays are the last operands
    for k in key:
        array = likes[k.number - places] if isinstance(k, Place) else k
        kind = getattr(getattr(array, "dtype", None), "kind", "b" if isinstance(k, (bool, list)) else "i")
        if kind == "b":
            return None
        taken += k is not None and k is not Ellipsis
    found = []
    axis = 0
    for k in key:
        found.append(shape[axis] if k is not None and k is not Ellipsis else 0)
        axis += len(shape) - taken if k is Ellipsis else k is not None
    return found
