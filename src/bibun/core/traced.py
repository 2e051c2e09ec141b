"""What every interpreter's value is: a value of a lower level, seen from a level. Owns the levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from sys import getrefcount
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from bibun.core.primitive import Primitive

# Each run of a transform takes the next number, so an inner run is always above the runs around it, in
# whatever thread. Level 0 is the tape of Variables that users make themselves. count() is atomic. The two numbers below
# each are for how its tangents depend on what could be otherwise (see interpreters/turning.py).
new_level: Callable[[], int] = count(3, 3).__next__

DEFINE_BY_RUN = 0


def is_masked(value: Any) -> bool:
    """Whether it is an array of np.ma: taken as an array, it has no mask any more."""
    return type(value) is not np.ndarray and isinstance(value, np.ndarray) and of_masked(type(value))


def of_masked(kind: type) -> bool:
    """Whether it is a class of np.ma, which need not be imported to ask."""
    return kind.__module__.startswith("numpy.ma")


class Traced:
    """A value as one interpreter sees it. `value` is plain, or belongs to a lower level."""

    __slots__ = ("kin", "level", "view_of", "value", "views", "written", "__weakref__")
    __hash__ = object.__hash__

    level: int
    value: Any
    # Of views of one another (see arrays/in_place.py); unset in all other values.
    view_of: Any  # of a view: the array that it shows, and the call of a row that made it
    views: Any
    kin: Any  # in a recording, what would share its memory if arguments lay otherwise (see arrays/kinship.py)
    written: bool  # set where entries were written: reading a few of it copies them, so that nothing holds its memory
    word: ClassVar[str] = "a traced value"
    loses: ClassVar[str] = "its derivative would be lost"
    records: ClassVar[bool] = False  # a recording of the compiler's: what is read from it must be recorded too

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Everything that an ndarray has, from arrays/array.py."""

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Apply the primitive at this level, which is the innermost among the arguments."""
        raise NotImplementedError

    @property
    def stand_in(self) -> Any:
        """What has its shape, dtype and class; the entries may be any."""
        return self.value

    def constant(self, value: Any) -> Any:
        """A value of this level that depends on nothing."""
        raise NotImplementedError

    def alone(self, views: list[Any]) -> bool:
        """Whether nobody but this object and these views of it holds the memory of its value, at any level."""
        return False

    def below(self, value: Any) -> Any:
        """A plain value as the level below keeps it: see `beside`."""
        return beside(self.value, value)

    def alias(self) -> Any:
        """Another object that stands for the same value, which in-place updates of this one do not reach."""
        raise NotImplementedError

    def strong(self) -> Any:
        """Another object for the same value: as np.asarray(value)[()], a number of NumPy's where it has shape ()."""
        return self.alias()

    def become(self, other: Any) -> None:
        """Take over what `other`, of the same class, stands for."""
        raise NotImplementedError


class Holder:
    """What holds traced arrays without being one, and has operators of its own: a sparse matrix of traced entries."""

    __slots__ = ()


def unlisted(value: Any) -> Any:
    """A list, tuple or range in the place of an array as one: a traced one, where there is a traced value in it."""
    if isinstance(value, range):
        return np.asarray(value)
    if not isinstance(value, (list, tuple)):
        return value
    entries = [unlisted(v) for v in value]
    return np.stack(entries) if any(isinstance(v, Traced) for v in entries) else np.asarray(value)


def alone(array: Any, views: list[Any], slot: str = "value") -> bool:
    """Whether only this object holds what is in the slot, and what is in that of the views only them."""
    lent = 0
    for view in views:
        shows = getattr(getattr(view, slot), "base", None) is getattr(array, slot)
        lent += shows
        if (shows or isinstance(getattr(view, slot), Traced)) and getrefcount(getattr(view, slot)) > ONE_SLOT:
            return False
    if getrefcount(getattr(array, slot)) > ONE_SLOT + lent:
        return False
    return owned(getattr(array, slot), [getattr(view, slot) for view in views])


def owned(value: Any, views: list[Any]) -> bool:
    """Whether a value owns memory that can be written to: it, and the views of it, are held by one name each."""
    if isinstance(value, Traced):
        return all(isinstance(view, Traced) for view in views) and value.alone(views)
    return type(value) is np.ndarray and value.base is None and value.flags.writeable


def _count_of_one_slot() -> int:
    """What getrefcount says of a value that only a slot of an object holds, in this CPython."""
    holder = Traced()
    holder.value = object()
    return getrefcount(getattr(holder, "value"))  # noqa: B009  as it is asked in `alone`


ONE_SLOT = _count_of_one_slot()


def plain(value: Any) -> Any:
    """The value below all levels, for deciding by it: a bare ndarray or scalar; a recorded value stays one.

    So a decision that a rule takes under `compile` is recorded, and taken again in every call.
    """
    while isinstance(value, Traced) and not value.records:
        value = value.value
    return value


def bare(value: Any) -> Any:
    """The bare ndarray or scalar below all levels: its dtype and memory may be used, its entries only be shown."""
    while isinstance(value, Traced):
        value = value.value
    return value


def strong(value: Any) -> Any:
    """A value as an array or a number of NumPy's; of a traced one another object, for the same (see Traced.strong)."""
    return value.strong() if isinstance(value, Traced) else np.asarray(value)[()]


def alike(value: Any) -> Any:
    """A bare ndarray or scalar of the same shape, dtype and class: for deciding by these, not by entries."""
    while isinstance(value, Traced):
        value = value.stand_in
    return value


def beside(value: Any, made: Any) -> Any:
    """A plain array or number made for use beside `value`: if that is recorded, one of the recording's."""
    return made if recorded(value) is None or isinstance(made, Traced) else value.constant(made)


def recorded(value: Any) -> Any:
    """The recorded value below all levels; None where nothing records."""
    while isinstance(value, Traced):
        if value.records:
            return value
        value = value.value
    return None
