"""Python's numbers in a recording: where their operators do in another call what numbers of 64 bits would not do.

x / 0 raises, a whole number grows as long as it has to, x**y has the class that its value needs. A program computes with
floats and integers of 64 bits, so each of these is a decision, which the program checks; where it falls otherwise the
function runs plainly. Of whole numbers a range is known, so that sums of truth values, say, need no check.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from bibun.core.primitive import Primitive
from bibun.errors import UnrecordableError

if TYPE_CHECKING:
    from bibun.interpreters.recording import Recording

Range = tuple[int, int]
WHOLE = 2.0**63 - 2.0**11  # what is below in floating point fits into 64 bits
_ALL: Range = (-(2**63), 2**63 - 1)
_EXACT: Range = (-(2**53), 2**53)  # every whole number there is a float
_UNGUARDED = frozenset(("add", "subtract", "multiply", "negative", "positive"))  # of floats and complex numbers
_DIVISIONS = ("divide", "floor_divide", "remainder")
_SHIFTS = ("left_shift", "right_shift")
_COMPARISONS = frozenset(("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"))
_NARROW = frozenset(map(np.dtype, "bhiBHILQ")) - {np.dtype(np.int64)}


def decide(recording: Recording, primitive: Primitive, values: tuple[Any, ...], made: Any) -> None:
    """After an operator of Python's numbers: what has to hold in another call, for a program to do the same."""
    name, kind = primitive.name, type(made.held)
    if kind is not int and kind is not bool and name in _UNGUARDED:
        return
    numbers = recording.calls[made.number][1]
    if name in _COMPARISONS:
        if not _compared(recording, numbers, values):
            made.become(recording.constant(made.held))
        return
    operands: list[Any] = [
        recording.known(n, value) if n >= 0 else value for n, value in zip(numbers, values, strict=True)
    ]
    if numbers[-1] >= 0:
        if name in _DIVISIONS:
            bool(operands[1] != 0)
        elif name in _SHIFTS or (name == "power" and type(values[1]) is int):
            bool(operands[1] >= 0)
    if kind is int:
        _whole(recording, primitive, numbers, values, made)
    elif name == "power" or (name == "absolute" and type(values[0]) is complex):
        _finite(name, values, operands, made)


def fit(recording: Recording, wholes: Sequence[tuple[int, int]], dtype: np.dtype[Any]) -> None:
    """That whole numbers of Python's fit into the integers that NumPy makes of them: where they do not it raises, and a
    program would take the last bits. `wholes`: the number of each in the recording, and its value."""
    if dtype in _NARROW:
        ends = np.iinfo(dtype)
        for number, value in wholes:
            _between(recording, number, value, (ends.min, ends.max))


def _between(recording: Recording, number: int, value: int, ends: Range) -> None:
    """That a whole number is in a range; what is known of it already is not asked."""
    low, high = ends
    if not low <= value <= high:
        raise UnrecordableError(
            f"a whole number of Python's is not from {low} to {high}, as those that meet these integers or floats have to be",
            once=number >= 0,
        )
    if number < 0:
        return
    least, largest = _range(recording, number, value)
    x: Any = recording.known(number, value)
    if least < low:
        bool(x >= low)
    if largest > high:
        bool(x <= high)
    recording.ranges[number] = max(low, least), min(high, largest)


def _range(recording: Recording, number: int, value: int) -> Range:
    """Where a whole number is in every call."""
    if number < 0:
        return value, value
    return (0, 1) if type(value) is bool else recording.ranges.get(number, _ALL)


def _whole(
    recording: Recording, primitive: Primitive, numbers: Sequence[int], values: Sequence[Any], made: Any
) -> None:
    """A whole number of 64 bits, in another call too."""
    for number, value in zip(numbers, values, strict=True):
        if number < 0 and not _inside((value, value)):
            raise UnrecordableError(
                f"{value} has more than 64 bits, as a program's whole numbers have not. Write np.uint64 for hashes"
            )
    known = _RANGES[primitive.name](*(_range(recording, n, v) for n, v in zip(numbers, values, strict=True)))
    if known is not None and _inside(known):
        recording.ranges[made.number] = known
        return
    floats = [
        recording.known(n, x).astype(float) if n >= 0 else np.float64(x) for n, x in zip(numbers, values, strict=True)
    ]
    with np.errstate(all="ignore"):
        if primitive.name == "left_shift":
            size = np.abs(np.multiply(floats[0], np.exp2(floats[1])))
        else:
            size = np.abs(primitive(*floats))
    if not size < WHOLE:
        raise UnrecordableError("a whole number has more than 64 bits", once=True)


def _inside(known: Range) -> bool:
    return _ALL[0] <= known[0] and known[1] <= _ALL[1]


def _compared(recording: Recording, numbers: Sequence[int], values: Sequence[Any]) -> bool:
    """Python compares a whole number with a float exactly, a program the float that is next to it. Gives whether the result
    varies: all whole numbers of 64 bits compare alike with one that has more."""
    pairs = list(zip(numbers, values, strict=True))
    if all(type(value) in (int, bool) for value in values):
        return not any(number < 0 and not _inside((value, value)) for number, value in pairs)
    for number, value in pairs:
        if type(value) is int and (number >= 0 or not _is_a_float(value)):
            _between(recording, number, value, _EXACT)
    return True


def _is_a_float(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def _finite(name: str, values: Sequence[Any], operands: list[Any], made: Any) -> None:
    """Of powers and absolute values: neither infinite, for which Python raises, nor complex where numbers are real."""
    exponent = operands[-1] if name == "power" else None
    if type(exponent) in (int, float) and exponent in (0, 1):
        return
    grown = isinstance(made.held, complex) and complex not in map(type, values)
    if grown or not np.isfinite(made):
        raise UnrecordableError(f"{name} of Python's numbers is infinite, nan or complex", once=True)


def _corners(function: Callable[[int, int], int]) -> Callable[[Range, Range], Range]:
    """The range of a function that has its extremes at the ends of its operands' ranges."""

    def found(a: Range, b: Range) -> Range:
        ends = [function(x, y) for x, y in product(a, b)]
        return min(ends), max(ends)

    return found


def _shifted(a: Range, b: Range) -> Range | None:
    return _corners(operator.lshift)(a, b) if b[0] >= 0 and b[1] <= 64 else None


def _raised(a: Range, b: Range) -> Range | None:
    size = max(abs(a[0]), abs(a[1]))
    return (-(size ** b[1]), size ** b[1]) if b[0] >= 0 and b[1] <= 64 else None


def _masked(a: Range, b: Range) -> Range:
    """From 0 to what is never negative; else of as many bits as both have."""
    above = [high for low, high in (a, b) if low >= 0]
    return (0, min(above)) if above else _joined(a, b)


def _joined(a: Range, b: Range) -> Range:
    """Of as many bits as the longer one."""
    size = 1 << max((end if end >= 0 else ~end).bit_length() for end in (*a, *b))
    return -size if min(a[0], b[0]) < 0 else 0, size - 1


def _divided(a: Range, b: Range) -> Range:
    """From what the whole is, with the signs that it can get, to -1 or 0."""
    low, high = _corners(operator.mul)(a, (1 if b[0] > 0 else -1, -1 if b[1] < 0 else 1))
    return min(low, -1), max(high, 0)


def _rest(a: Range, b: Range) -> Range:
    return min(b[0] + 1, 0), max(b[1] - 1, 0)


# Where the result of a row is, from where its operands are; None where that is not known.
_RANGES: dict[str, Callable[..., Range | None]] = {
    "add": _corners(operator.add),
    "subtract": _corners(operator.sub),
    "multiply": _corners(operator.mul),
    "power": _raised,
    "left_shift": _shifted,
    "right_shift": lambda a, b: (min(a[0], 0), max(a[1], 0)),
    "floor_divide": _divided,
    "remainder": _rest,
    "bitwise_and": _masked,
    "bitwise_or": _joined,
    "bitwise_xor": _joined,
    "negative": lambda a: (-a[1], -a[0]),
    "absolute": lambda a: (0, max(abs(a[0]), abs(a[1]))),
    "positive": lambda a: a,
    "invert": lambda a: (~a[1], ~a[0]),
}
