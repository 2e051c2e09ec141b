"""What shares memory with what only for the order in which the arguments of a recording lie. Owns no array.

Whether y.ravel() is a view of y or a copy hangs on how y lies, and that on how arguments lie. A program computes the same either
way, unless one of the two is written to while the other is there. So a recording notes who would share memory with whom, and
where one of them is written to, that its program is for arguments that lie like those of the run.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from weakref import ref

from bibun.core.traced import recorded

_FEW = 16  # kin of one array before the dead are looked for


def related(a: Any, y: Any) -> Any:
    """Say that y shows the memory of a, or is a copy, for the way in which a lies. Returns y."""
    if recorded(a) is None:
        return y
    root, other = root_of(a), root_of(y)
    kin = getattr(root, "kin", None)
    if kin is None:
        kin = root.kin = [ref(root)]
    if len(kin) >= _FEW and not len(kin) & (len(kin) - 1):  # at powers of two: constant cost a call
        kin[:] = [weak for weak in kin if weak() is not None]
    kin.append(ref(y if other is root else other))
    other.kin = kin
    return y


def asked(a: Any) -> None:
    """Note that what is computed hangs on how this array lies."""
    below = recorded(a)
    if below is not None and sum(n > 1 for n in a.shape) > 1:
        below.depend_on_order()


def check_written(root: Any) -> None:
    """Before entries of this array change: note it, where there is somebody who sees that for the way in which arrays lie."""
    kin = getattr(root, "kin", ())
    if sum(weak() is not None for weak in kin) > 1 and (below := recorded(root)) is not None:
        below.depend_on_order()


@cache
def joins(shape: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Whether a reshape makes one axis of several, of which NumPy has a view only where they lie suitably.

    Both shapes are cut where the products of their lengths agree; a piece in which there are two axes to begin with is joined.
    """
    if 0 in shape:
        return False
    before, after = ([n for n in lengths if n > 1][::-1] for lengths in (shape, new))
    while before:
        old, made, axes = before.pop(), after.pop(), 1
        while old != made:
            if old < made:
                old *= before.pop()
                axes += 1
            else:
                made *= after.pop()
        if axes > 1:
            return True
    return False


def root_of(array: Any) -> Any:
    """What has the memory that a view shows."""
    while (origin := getattr(array, "view_of", None)) is not None:
        array = origin[0]
    return array
