"""A recording as what can be compared along it: one code a call, and where its operands are. Finds nothing; periods.py does.

Arguments, captured arrays and constants are taken out of the stream: where they happen to appear first must not break a
period. Whole numbers in a key (x[i], x[i:i + 3]) are not part of the code either: they may move with a loop.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from copy import copy
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from bibun.compiler.flat import Flat
from bibun.compiler.graph import frozen
from bibun.compiler.rolling.rolled import Turn, TurnSlice
from bibun.interpreters.likeness import Like
from bibun.interpreters.recording import CAPTURED, CONSTANT, GUARD, INPUT, PART
from bibun.primitives.indexing import Place

Array = np.ndarray[Any, Any]
OPERANDS = 32  # a call of more is not looked for in loops
SMALL = 16  # entries of a value around a loop that takes turns with others in a loop inside of it
MOVING = 8  # whole numbers in a key, at most
LEAF = -1  # the position of an operand that is not in the stream; below it are those of entries
ENTRY = "entry"  # in the recording of a loop's body: an input that is another entry of a stack in each turn (again.py)
_KEYED = ("getitem", "put", "scatter_add", "getitem_at", "put_at", "scatter_add_at")
LEAVES = (INPUT, CAPTURED, CONSTANT, ENTRY)


class Stream:
    """The calls of a recording that compute something. (What is compared along it is made when somebody asks.)

    numbers     of each call in the recording
    places      of each call of the recording its place here; LEAF for a leaf, LEAF - 1 - k for entry k of a stack
    positions   (call, operand): the operand's place
    leaves      (call, operand): the operand's number in the recording where it is a leaf (negative: a constant)
    wide        of each call of more than OPERANDS operands their places, which `positions` leaves out
    """

    def __init__(self, flat: Flat) -> None:
        self._flat = flat
        self._leaves = flat.numbers_of(lambda row, *_: row in LEAVES)
        computed = np.ones(len(flat), bool)
        computed[self._leaves] = False
        self.numbers = np.flatnonzero(computed)
        # Constants are numbered from -1 downwards, as are the entries of an array from its end
        self.places = np.full(len(flat) + len(flat.constants), LEAF)
        self.places[self.numbers] = np.arange(len(self.numbers))
        for n in flat.numbers_of(lambda row, *_: row is ENTRY):
            self.places[n] = LEAF - 1 - flat[n][2].place
        counts = flat.counts[flat.codes[self.numbers]]
        self.wide: dict[int, list[int]] = {}
        for at in np.flatnonzero(counts > OPERANDS).tolist():
            self.wide[at] = self.places[list(flat[self.numbers[at]][1])].tolist()
            counts[at] = 0
        self.positions = np.full((max(2, counts.max(initial=0)), len(counts)), LEAF).T
        self.leaves = np.zeros_like(self.positions)
        self._columns: list[tuple[Array, Array]] = []  # the calls that have so many operands, and these
        for k in range(self.positions.shape[1]):
            calls = np.flatnonzero(counts > k)
            operands = flat.operands[flat.starts[self.numbers[calls]] + k]
            self.positions[calls, k] = self.places[operands]
            self.leaves[calls, k] = operands
            self._columns.append((calls, operands))

    @cached_property
    def codes(self) -> Array:
        """Equal for calls of the same row, with the same settings, kinds of operands and likeness of the value.

        What is carried from turn to turn so is alike from the first turn on: integers may have become floats before."""
        codes, kinds = self._without_kinds[0].copy(), self._kinds()
        for calls, operands in self._columns:
            _tell_apart(codes, calls, kinds[operands])
        wide = list(self.wide)
        codes[wide] = np.arange(len(wide)) + codes.max() + 1
        return codes

    @property
    def moving(self) -> Array:
        """(call, k): whole numbers in its key."""
        return self._without_kinds[1]

    def named(self, known: dict[Hashable, int]) -> Array:
        """Of each call a number that is that of all such calls, whatever their operands and the whole numbers in their keys
        are; in other streams too, where `known` is theirs."""
        flat, codes = self._flat, self.codes
        names = np.zeros(codes.max(initial=-1) + 1, np.int64)
        for code, at in zip(*np.unique(codes, return_index=True), strict=True):
            row, read, settings, like = flat[self.numbers[at]]
            likes = [flat.like(n) for n in read]
            fixed, _ = skeleton(_name(row), settings, likes, like)
            keyed = (
                likes[0] if _name(row) in _KEYED else None
            )  # x[-1] and y[7] have one number, and are written in two ways
            names[code] = known.setdefault((row, fixed, like, len(read), keyed), len(known))
        return names[codes]

    def columns(self) -> list[tuple[Array, int, int]]:
        """What of positions and moving is not empty: a column, and from where to where something is in it."""
        return [*_used(self.positions, LEAF), *_used(self.moving, 0)]

    def without_numbers(self, places: Sequence[int]) -> Stream:
        """The same calls, but for the numbers in the keys of these."""
        other = copy(self)
        other.codes, moving = self.codes.copy(), self.moving.copy()
        other.codes[places] += other.codes.max() + 1  # what keeps its numbers is another call
        moving[places] = 0
        other._without_kinds = other.codes, moving
        return other

    @cached_property
    def _without_kinds(self) -> tuple[Array, Array]:
        """Codes that leave out what the operands are; the numbers that may move.

        Calls of one head have them in common. Where keys are counted from the beginning of their axis, operands of one head
        too: they are alike."""
        flat = self._flat
        groups = flat.codes[self.numbers]
        keyed = np.array([_name(row) in _KEYED for row, *_ in flat.heads], bool)[groups]
        heads = np.concatenate((flat.codes, len(flat.heads) + np.arange(len(flat.constants)))) + 1
        for calls, operands in self._columns:
            _tell_apart(groups, calls, np.where(keyed[calls], heads[operands], 0))
        first = np.full(groups.max(initial=-1) + 1, -1)
        first[groups[::-1]] = np.arange(len(groups))[::-1]
        codes = np.zeros_like(first)
        found: list[tuple[int, ...]] = [()] * len(first)
        known: dict[Hashable, int] = {}
        for group in np.flatnonzero(first >= 0).tolist():
            row, read, settings, like = flat[self.numbers[first[group]]]
            fixed, found[group] = skeleton(_name(row), settings, [flat.like(n) for n in read], like)
            codes[group] = known.setdefault((row, fixed, like, len(read)), len(known))
        most = max(map(len, found), default=0)
        moving = np.array([numbers + (0,) * (most - len(numbers)) for numbers in found], np.int64)
        return codes[groups], moving.reshape(len(found), most)[groups]

    def _kinds(self) -> Array:
        """Of each call, and each constant, a number that must be equal for two of them to take turns."""
        flat = self._flat
        kinds = np.zeros_like(self.places)
        known: dict[Hashable, int] = {}
        likes = [known.setdefault((PART, like), len(known) + 1) for _, _, like, _ in flat.heads]
        kinds[self.numbers] = np.array(likes, np.int64)[flat.codes[self.numbers]]
        for n in range(-len(flat.constants), 0):
            kinds[n] = known.setdefault((CONSTANT, type(flat.constants[-1 - n])), len(known) + 1)
        for n in self._leaves:
            row, _, settings, like = flat[n]
            kind: Hashable = row, n
            if row is CAPTURED:
                kind = row, like, settings.strides
            elif row is ENTRY:
                kind = row, settings.stack, like
            elif type(settings) is tuple and settings[0] == "stay" and prod(like.shape) <= SMALL:
                kind = settings[0], like
            kinds[n] = known.setdefault(kind, len(known) + 1)
        return kinds


def leaves_first(flat: Flat) -> tuple[Flat, Array]:
    """The same calls, behind the leaves, so that none of these is between the turns of a loop; of each its number there."""
    leaf = np.array([row in LEAVES for row, *_ in flat.heads], bool)[flat.codes]
    order = np.argsort(~leaf, kind="stable")
    places = np.append(np.argsort(order), np.arange(-len(flat.constants), 0))  # constants keep their numbers
    codes = flat.codes[order]
    counts = flat.counts[codes]
    ends = np.cumsum(counts)
    operands = flat.operands[np.repeat(flat.starts[order] - ends + counts, counts) + np.arange(ends[-1])]
    made = flat.changed(flat.heads, codes, places[operands], flat.constants)
    made.alone = {int(places[n]): alone for n, alone in flat.alone.items()}
    return made, places


def _name(row: Any) -> str:
    return row if isinstance(row, str) else str(row.name)


def _tell_apart(codes: Array, calls: Array, kinds: Array) -> None:
    """Give calls of one code, but of different kinds, codes of their own. Those of kind 0 keep theirs."""
    calls, kinds = calls[kinds > 0], kinds[kinds > 0]
    if len(calls):
        pairs = codes[calls] * (kinds.max() + 1) + kinds
        if pairs.max() > 2 * len(codes):
            pairs = np.unique(pairs, return_inverse=True)[1]
        codes[calls] = codes.max() + 1 + pairs


def _used(table: np.ndarray[Any, Any], rest: int) -> Iterator[tuple[np.ndarray[Any, Any], int, int]]:
    """The columns of a table in which something is, each with the first place of it and that behind the last."""
    for column in np.ascontiguousarray(table.T):
        places = np.flatnonzero(column != rest)
        if len(places):
            yield column, int(places[0]), int(places[-1]) + 1


def skeleton(name: str, settings: Any, likes: Sequence[Like | None], like: Like) -> tuple[Hashable, tuple[int, ...]]:
    """Settings without the whole numbers of a key, and those, counted from the beginning of their axis."""
    if settings is None or (type(settings) is dict and not settings):
        return None, ()
    if name in (GUARD, PART):
        return (type(settings), settings), ()
    if name not in _KEYED:
        return frozen(settings), ()
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
        elif _moves(k):
            start, stop, _ = k.indices(length)
            found += (start, stop)
            entries.append((slice, max(stop - start, 0)))
        else:
            entries.append(frozen(k))
    if len(found) > MOVING:
        return frozen(settings), ()
    rest = {key: value for key, value in settings.items() if key != "key"}
    return (tuple(entries), frozen(rest)), tuple(found)


def with_numbers(settings: Any, numbers: Sequence[int]) -> Any:
    """Settings whose key has these whole numbers in place of its own, as `skeleton` has found them."""
    rest = iter(numbers)
    key = [next(rest) if type(k) is int else slice(next(rest), next(rest)) if _moves(k) else k for k in settings["key"]]
    return settings | {"key": tuple(key)}


def _moves(k: Any) -> bool:
    """Whether it is a slice that may move."""
    return type(k) is slice and type(k.start) is type(k.stop) is int and k.step is None


def axes_of_key(flat: Flat, number: int) -> list[int]:
    """For each entry of the key of a call the length of its axis."""
    row, operands, settings, like = flat[number]
    likes = [flat.like(n) for n in operands]
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
