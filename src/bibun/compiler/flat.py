"""A recording as a few arrays of numbers: small enough to be kept, and all that a program's code depends on.

Each call is the number of its *head* (row, settings, likeness, how many operands), then come its operands. The text of the
heads names settings and constants exactly (exactly.py), and captured arrays by their place: what they hold is read in each
call, but how they lie in memory, and who else may change them, is part of the code.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from bibun.compiler.exactly import exactly
from bibun.compiler.rewriting.rules import is_identity_matrix, repeated_number
from bibun.core.captured import owner
from bibun.interpreters.likeness import FLOAT64
from bibun.interpreters.recording import CAPTURED, Recording


class Flat:
    """A recording, and which of its numbers are returned. Raises InexactError where it has no exact text."""

    def __init__(self, recording: Recording, outputs: Sequence[int]) -> None:
        self.outputs = list(outputs)
        self._constants, self._places = recording.constants, recording.places
        captured = [n for n, call in enumerate(recording.calls) if call[0] is CAPTURED]
        self._alone = {n: recording.alone(n) for n in captured}  # before more than the recording holds them
        self.arrays = {n: recording.calls[n][2] for n in captured}
        self._heads: list[tuple[Any, Any, Any, int]] = []
        self._codes, self._operands = array("l"), array("l")
        self._texts: list[str] = list(map(exactly, recording.constants))
        self._texts += [f"{n} {exactly(repeated_number(self.arrays[n])) if a else a}" for n, a in self._alone.items()]
        self._texts += _lie(self.arrays.values())
        self._read(recording)

    def _read(self, recording: Recording) -> None:
        known: dict[Hashable, int] = {}
        rows: dict[Any, str] = {}
        add, extend = self._codes.append, self._operands.extend
        for row, operands, settings, like in recording.calls:
            # Likenesses of equal, yet different dtypes are equal; one array is as good as another where it is named
            kind = id(like) if like is FLOAT64 or like is None else (like, like.dtype.num)
            captured = row is CAPTURED
            key = (row, None if captured or settings is None else self._same(settings), kind, len(operands))
            code = None if captured else known.get(key)
            if code is None:
                code = known[key] = len(self._heads)
                self._heads.append((row, settings, like, len(operands)))
                if row not in rows:
                    rows[row] = row if isinstance(row, str) else f"{row.name},{row.kind},{row.native},{_batch(row)}"
                self._texts.append(
                    f"{rows[row]};{'' if captured else exactly(settings)};{like and exactly((*like,))};{len(operands)}"
                )
            add(code)
            extend(operands)

    @staticmethod
    def _same(settings: Any) -> Hashable:
        """Equal for the same settings. Where these are whole numbers alone, their equality is that, and soon found."""
        if type(settings) is int:
            return settings
        if type(settings) is not dict:
            return exactly(settings)
        for value in settings.values():
            if type(value) is tuple:
                for number in value:
                    if type(number) is not int:
                        return exactly(settings)
            elif type(value) is not int:
                return exactly(settings)
        return (*settings.items(),)

    def parts(self) -> Iterator[bytes]:
        """All that another recording must have in common, to have the same code."""
        yield "\n".join(self._texts).encode()
        for numbers in (self._codes, self._operands, array("l", self.outputs)):
            yield numbers.tobytes()

    def recording(self) -> Recording:
        """The recording, to be read again; nothing can be added to it."""
        made = Recording()
        made.constants, made.places, made.holders = self._constants, self._places, self._alone
        at = 0
        for code in self._codes:
            row, settings, like, count = self._heads[code]
            made.calls.append((row, tuple(self._operands[at : at + count]), settings, like))
            at += count
        return made


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
