"""Plain arrays that a run makes anew and alike each time it needs them, (0.5 * K) @ x in a loop: in its recording they are one.

Only such as nobody else holds: they stay what they are, so which of them a call reads makes no difference.
"""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from sys import getrefcount
from typing import Any

import numpy as np

from bibun.interpreters.recording import CAPTURED, Recording
from bibun.interpreters.snapshots import token


def merge_alike(recording: Recording, outputs: list[int]) -> list[int]:
    """Let all calls read the first of captured arrays that are alike. Returns the numbers of the outputs."""
    recording.pending.clear()  # the run is over; what waits there holds arrays
    first: dict[Any, int] = {}
    same: dict[int, int] = {}
    for n in _held_here(recording):
        array = recording.calls[n][2]
        found = first.setdefault((array.shape, array.strides, array.dtype, token(array)), n)
        if found != n and recording.calls[found][2].tobytes() == array.tobytes():
            same[n] = found
    if same:
        recording.calls[:] = [
            (row, tuple([same.get(n, n) for n in operands]), settings, like)
            if any(n in same for n in operands)
            else (row, operands, settings, like)
            for row, operands, settings, like in recording.calls
        ]
    return [same.get(n, n) for n in outputs]


def _held_here(recording: Recording) -> list[int]:
    """The captured arrays of whose memory nobody but the recording holds a part: no array, and no view."""
    views = Counter(id(array.base) for _, array in recording.arrays.values())
    foreign: set[int] = set()
    for number, array in recording.arrays.values():
        captured = array is recording.calls[number][2]  # else a view like one
        here = (2 + recording.snapped(number) if captured else 1) + views[id(array)]  # calls, snapshots, arrays; views
        if getrefcount(array) > here + 2:  # `array`, the argument
            foreign.add(id(array if array.base is None else array.base))
    for _, array in recording.arrays.values():
        owner = array.base
        if owner is not None and id(owner) not in recording.arrays:
            mine = type(owner) is np.ndarray and owner.base is None
            if not mine or getrefcount(owner) > views[id(owner)] + 2:  # `owner`, the argument
                foreign.add(id(owner))
    return [
        number
        for number, array in sorted(recording.arrays.values(), key=itemgetter(0))
        if recording.calls[number][0] is CAPTURED
        and array is recording.calls[number][2]
        and id(array if array.base is None else array.base) not in foreign
    ]
