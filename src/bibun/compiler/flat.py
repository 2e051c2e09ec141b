"""A recording as a few arrays of numbers: what the compiler reads, and small enough to be kept.

Each call is the number of its *head* (row, settings, likeness, how many operands), then come its operands. A long recording
has few heads, so what can be said of a head is said once. What a program's code depends on is `parts`: the text of the heads
names settings and constants exactly (exactly.py), and captured arrays by their place: what they hold is read in each call,
but how they lie in memory, and who else may change them, is part of the code.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from bibun.compiler.exactly import InexactError, exactly
from bibun.compiler.rewriting.rules import is_identity_matrix, repeated_number
from bibun.core.captured import owner
from bibun.interpreters.likeness import FLOAT64, Like, likeness
from bibun.interpreters.recording import CAPTURED, Recording

Array = np.ndarray[Any, Any]
Head = tuple[Any, Any, Any, int]


class Flat:
    """A recording. `flat[n]` is entry n of its list of calls.

    heads       (row, settings, likeness, how many operands), each once; each captured array has one of its own
    counts      of each head, how many operands
    codes       of each call the number of its head
    operands    of all calls, one after the other
    starts      of each call where its operands begin
    alone       of each captured array, by number, whether nobody but the recording holds it
    origins     of one made of another: the numbers of captured arrays there
    lags        at which distances it repeats, where that is known
    """

    lags: Sequence[int] = ()

    def __init__(
        self, recording: Recording, alone: dict[int, bool] | None = None, origins: Mapping[int, int] | None = None
    ) -> None:
        self.constants, self.places, self.origins = recording.constants, recording.places, origins or {}
        self.heads: list[Head] = []
        self._lay(*self._read(recording.calls))
        captured = self.numbers_of(lambda row, *_: row is CAPTURED)
        # before more than the recording holds them
        self.alone = {n: recording.alone(n) for n in captured} if alone is None else alone
        for n in captured:
            row, _, like, count = self.heads[self.codes[n]]
            self.heads[self.codes[n]] = row, recording.calls[n][2], like, count

    def _lay(self, codes: Array, operands: Array) -> None:
        self.codes, self.operands = codes, operands
        self.counts = np.array([count for *_, count in self.heads], np.int64)
        counts = self.counts[codes]
        self.starts = np.cumsum(counts) - counts

    def changed(self, heads: list[Head], codes: Array, operands: Array, constants: list[Any]) -> Flat:
        """Of as many calls, those of captured arrays among them as they are."""
        other = copy(self)
        other.heads, other.constants = heads, constants
        other._lay(codes, operands)
        return other

    def _read(self, calls: Sequence[Any]) -> tuple[Array, Array]:
        """One pass over the calls: what is done for each of them is what reading a long recording costs."""
        known: dict[Hashable, int] = {}
        heads, same = self.heads, self._same
        codes: list[int] = []
        numbers: list[int] = []
        for row, operands, settings, like in calls:
            # Likenesses of equal, yet different dtypes are equal
            kind = 0 if like is FLOAT64 else like and (like, like.dtype.num)
            key = row, kind, settings if settings is None else same(settings), len(operands)
            code = known.get(key)
            if code is None:
                code = known[key] = len(heads)
                heads.append((row, None if row is CAPTURED else settings, like, len(operands)))
            codes.append(code)
            numbers += operands
        return np.array(array("q", codes)), np.array(array("q", numbers))  # NumPy takes a list slowly

    @staticmethod
    def _same(settings: Any) -> Hashable:
        """Equal for the same settings. Where these are whole numbers alone, their equality is that, and soon found."""
        if type(settings) is int:
            return settings
        if type(settings) is not dict:
            return _exact(settings)
        for value in settings.values():
            if type(value) is tuple:
                for number in value:
                    if type(number) is not int:
                        return _exact(settings)
            elif type(value) is not int:
                return _exact(settings)
        return (*settings, *settings.values())

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, number: int) -> tuple[Any, tuple[int, ...], Any, Any]:
        row, settings, like, count = self.heads[self.codes[number]]
        start = self.starts[number]
        return row, tuple(self.operands[start : start + count].tolist()), settings, like

    def __iter__(self) -> Iterator[tuple[Any, tuple[int, ...], Any, Any]]:
        return map(self.__getitem__, range(len(self)))

    def numbers_of(self, chosen: Callable[..., Any]) -> list[int]:
        """Of the calls whose head is chosen: chosen(row, settings, likeness, how many operands)."""
        heads = np.array([bool(chosen(*head)) for head in self.heads], bool)
        return np.flatnonzero(heads[self.codes]).tolist()

    def like(self, number: int) -> Like | None:
        """What an operand is; None for one of several outputs together."""
        return self.heads[self.codes[number]][2] if number >= 0 else likeness(self.constants[-1 - number])

    @property
    def arrays(self) -> dict[int, Array]:
        """The captured ones, by number."""
        return {n: self.heads[self.codes[n]][1] for n in self.alone}

    def parts(self, outputs: Sequence[int]) -> Iterator[bytes]:
        """All that another recording must have in common, to have the same code. outputs: which numbers are returned.

        Raises InexactError where there is no exact text."""
        arrays = self.arrays
        texts = list(map(exactly, self.constants))
        texts += [f"{n} {exactly(repeated_number(arrays[n])) if a else a}" for n, a in self.alone.items()]
        texts += [*_lie(arrays.values()), *map(_text, self.heads)]
        yield "\n".join(texts).encode()
        for numbers in (self.codes, self.operands, np.array(outputs, np.int64)):
            yield numbers.tobytes()


def _exact(settings: Any) -> Hashable:
    """The exact text. What has none, or is a captured array, is like itself only."""
    if not isinstance(settings, np.ndarray):
        try:
            return exactly(settings)
        except InexactError:
            pass
    return (id(settings),)


def _text(head: Head) -> str:
    row, settings, like, count = head
    name = row if isinstance(row, str) else f"{row.name},{row.kind},{row.native},{_batch(row)}"
    return f"{name};{'' if row is CAPTURED else exactly(settings)};{like and exactly((*like,))};{count}"


def _batch(row: Any) -> str:
    return row.batch if isinstance(row.batch, str) else "special"


def _lie(arrays: Any) -> Iterator[str]:
    """How arrays lie in memory: by themselves, and those that show the same memory to each other."""
    first: dict[int, tuple[int, int]] = {}  # of each owner of memory: its number, and where the first array lies
    for each in arrays:
        whole = owner(each)
        where = each.__array_interface__["data"][0]
        number, start = first.setdefault(id(whole), (len(first), where))
        apart = (number, where - start, each.base is None, whole.base is None)
        yield exactly((each.strides, each.flags.num, *apart, is_identity_matrix(each)))
