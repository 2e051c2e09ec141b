"""Recordings: what `compile` reads. A Recorded is a plain value and its number in the list of all calls of one run.

The run is a real one: rows are called on real values, so that `if`, `while` and `range` on them just run, and each such
decision is one more entry of the list, a guard. Owns the list; what becomes of it is the compiler's.

Large arrays that nobody looks at need not be computed for that. What is `held` of those is a stand-in (stand_ins.py), and
`value` computes the array when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, new_level
from bibun.errors import UnrecordableError, user_line
from bibun.interpreters.likeness import likeness
from bibun.interpreters.python_numbers import Range
from bibun.interpreters.recorded import Pending, Recorded
from bibun.interpreters.snapshots import Snapshot, changeable, memory_of, writeable
from bibun.primitives import TABLE

new = object.__new__
_COMPLEX = (complex, np.complex64, np.complex128, np.clongdouble)
_OFTEN = 4096  # bytes of a captured array that is looked at each time that it is read
_LOOKS = 2**26  # of larger ones, together
_COUNTS = {"getitem_at": 1, "nonzero": 0, "flatnonzero": 0, "argwhere": 0}  # the first operand that is counted


INPUT, CAPTURED, CONSTANT, PART, GUARD = "input", "captured", "constant", "part", "guard"


class Recording:
    """The calls of one run, in order; the number of an entry is its place. An entry is a tuple:

    row         the row that was called, or a word
    operands    numbers of earlier entries; -1 - k is constant number k
    settings    the row's settings, or what the word needs
    like        shape, dtype and class of the value, as `likeness` gives them

    Besides rows there are five words:

    input       an argument; settings: which leaf of the arguments
    captured    an array that the function reads from outside; settings: the array, read at each call
    constant    a number that does not vary
    part        one output of several; settings: which
    guard       a decision; settings: how it fell (True, False, an integer)
    """

    __slots__ = (
        "arrays",
        "by_order",
        "_looked",
        "_numbers",
        "_snapshots",
        "_views",
        "calls",
        "changed",
        "constants",
        "level",
        "pending",
        "places",
        "ranges",
        "raised",
        "shown",
    )

    def __init__(self) -> None:
        self.level = new_level()
        self.calls: list[Any] = []
        self.constants: list[Any] = []
        self.places: list[str] = []  # of the guards, in the user's code
        self.raised: str | None = None  # an exception that a row has raised: f may handle it
        self.by_order = False  # whether what is computed depends on how arguments lie in memory
        self.shown = False  # whether a text was made of a value
        self.pending: dict[int, Pending] = {}  # of the entries that are stand-ins
        self.ranges: dict[int, Range] = {}  # of Python's whole numbers, where they are in every call
        self.changed: list[Snapshot] = []  # of captured arrays that have become other ones
        self._looked = 0  # bytes of large captured arrays, to see whether they are what they were
        self._snapshots: dict[int, Snapshot] = {}  # of captured arrays that can change, by number
        self._numbers: dict[Any, int] = {}  # of constants, by type and value
        self._views: dict[tuple[Any, ...], int] = {}  # by where and how an array lies in memory
        self.arrays: dict[int, tuple[int, Any]] = {}  # captured ones by identity; kept alive, so that it stays theirs

    def add(self, row: Any, operands: tuple[int, ...], settings: Any, value: Any) -> Recorded:
        """Append a call and give its value."""
        made: Recorded = new(Recorded)
        made.level = self.level
        made.held = value
        made.recording = self
        made.number = len(self.calls)
        made.like = likeness(value)
        self.calls.append((row, operands, settings, made.like))
        return made

    def add_parts(self, row: Any, operands: tuple[int, ...], settings: Any, values: Sequence[Any]) -> list[Recorded]:
        """Append a call of several outputs, and give these."""
        whole = len(self.calls)
        self.calls.append((row, operands, settings, None))
        return [self.add(PART, (whole,), k, value) for k, value in enumerate(values)]

    def constant(self, value: Any) -> Recorded:
        """A number that does not vary, as a value."""
        return self.add(CONSTANT, (self.operand(value),), None, value)

    def input(self, leaf: int, value: Any) -> Recorded:
        """An argument."""
        return self.add(INPUT, (), leaf, value)

    def operand(self, value: Any) -> int:
        """The number of what a row is called with."""
        if isinstance(value, Recorded) and value.recording is self:
            return value.number
        if isinstance(value, Traced):
            raise UnrecordableError(f"{value.word} of another transform takes part", once=True)
        if isinstance(value, np.ndarray):
            return self.captured(value).number
        return self.number_of(value)

    def number_of(self, value: Any) -> int:
        """Of a constant."""
        plain = value == value and value != 0 and type(value) not in _COMPLEX  # 1+0j and 1-0j are equal
        key = (type(value), value if plain else repr(value))
        try:
            found = self._numbers.get(key)
        except TypeError:  # not hashable
            raise UnrecordableError(f"a {type(value).__name__} is an operand") from None
        if found is None:
            self.constants.append(value)
            found = self._numbers[key] = -len(self.constants)
        return found

    def captured(self, array: np.ndarray[Any, Any]) -> Recorded:
        """An array from outside, once, and views that are alike once; of one number repeated without memory, that number.
        One that has changed since is another one, and there will be no program."""
        found = self.arrays.get(id(array))
        memory = None
        if found is None:
            if type(array) not in (np.ndarray, np.memmap) or array.dtype.kind not in "biufc":
                raise UnrecordableError(f"a {type(array).__name__} of dtype {array.dtype} is captured")
            lies = array.__array_interface__["data"][0], array.shape, array.strides
            memory = *lies, array.dtype, writeable(array)
            if array.size and memory in self._views:
                found = self.arrays[id(array)] = self._views[memory], array
        if found is not None:
            snapshot = self._snapshots.get(found[0])
            if snapshot is None:
                return self.known(found[0], array)
            if self._stands(snapshot):
                return self.known(found[0], snapshot.held)
            self.changed.append(snapshot)
        if _is_repeated(array):
            number = self.operand(array[(0,) * array.ndim])
            made = self.add(TABLE["broadcast_to"], (number,), {"shape": array.shape}, array)
        else:
            made = self.add(CAPTURED, (), array, array)
            if changeable(array):
                snapshot = self._snapshots[made.number] = Snapshot(array)
                made.held = snapshot.held
        self.arrays[id(array)] = made.number, array
        if memory is not None:
            self._views[memory] = made.number
        return made

    def _stands(self, snapshot: Snapshot) -> bool:
        """Whether an array that is read again is what it was. Of large ones not each time: the end of the run is looked at."""
        if snapshot.array.nbytes > _OFTEN:
            self._looked += snapshot.array.nbytes
            if self._looked > _LOOKS:
                return True
        return snapshot.stands()

    def alone(self, number: int) -> bool:
        """Whether nobody but this recording holds a captured array, so that its entries stay as they are."""
        array = self.calls[number][2]
        holders = 4 + self.snapped(number)  # calls, arrays, `array`, getrefcount's argument; _snapshots
        return array.base is None and getrefcount(array) <= holders

    def snapped(self, number: int) -> bool:
        """Whether a captured array is one that can change."""
        return number in self._snapshots

    def known(self, number: int, value: Any) -> Recorded:
        """Another Recorded for an entry that there is."""
        made: Recorded = new(Recorded)
        made.level, made.held, made.recording, made.number = self.level, value, self, number
        made.like = self.calls[number][3]
        return made

    def computed(self, number: int) -> Any:
        """The value of a pending entry, computed now with all that it waits for."""
        waiting = [number]
        while waiting:
            entry = self.pending[waiting[-1]]
            missing = [
                arg.number
                for arg in entry.args
                if isinstance(arg, Recorded) and arg.number in self.pending and not self.pending[arg.number].known
            ]
            if missing and not entry.known:
                waiting += missing
                continue
            waiting.pop()
            if not entry.known:
                self._unchanged([arg for arg in entry.args if isinstance(arg, Recorded)])
                entry.compute()
        return self.pending[number].value

    def check(self) -> None:
        """Raise where the run did what another one may not do: handled an exception, or changed a captured array."""
        if self.raised is not None:
            raise UnrecordableError(f"{self.raised} was raised, and handled", once=True)
        self.changed += [snapshot for snapshot in self._snapshots.values() if not snapshot.stands()]
        if self.changed:
            raise _changed(self.changed[0])

    @property
    def late(self) -> bool:
        """Whether something may have been computed of what a large array holds after its change, as derivatives are."""
        return any(not snapshot.copied for snapshot in self.changed)

    def _unchanged(self, values: list[Recorded]) -> None:
        """Raise where one of them is a large array of outside that has changed since."""
        for value in values:
            snapshot = self._snapshots.get(value.number)
            if snapshot is not None and not snapshot.copied and not snapshot.stands():
                raise _changed(snapshot)

    def guard(self, value: Recorded, outcome: Any) -> Any:
        """A decision that the run has taken by this value."""
        if value.dtype.kind in "iu" and value.dtype.itemsize < 8:  # programs compare numbers of 64 bits
            value = value.astype(np.int64)
        self.calls.append((GUARD, (value.number,), outcome, None))
        self.places.append(user_line())
        return outcome

    def is_whole(self, number: int) -> bool:
        """Whether an operand is a constant, or a recorded whole number."""
        if number < 0:
            return True
        *_, like = self.calls[number]
        return like is not None and like.dtype.kind in "iub" and not like.shape

    def counts(self, primitive: Primitive, args: tuple[Any, ...]) -> None:
        """Of a row whose shape depends on how many entries are true: that is a decision, whoever reads the entries."""
        if primitive.name not in _COUNTS:
            return
        for mask in args[_COUNTS[primitive.name] :]:
            if isinstance(mask, Recorded) and (primitive.name != "getitem_at" or mask.dtype.kind == "b"):
                count = TABLE["count_nonzero"](mask)
                self.guard(count, int(count.value))


def _changed(snapshot: Snapshot) -> UnrecordableError:
    return UnrecordableError(f"a plain array of shape {snapshot.array.shape}, which it reads, changes while it runs")


def _is_repeated(array: np.ndarray[Any, Any]) -> bool:
    """Whether it is one number repeated, as np.broadcast_to makes it, in memory that nobody else holds."""
    if not array.shape or not array.size or any(array.strides) or writeable(array):
        return False
    return not changeable(array) or getrefcount(memory_of(array)) <= 2  # the view, the argument
