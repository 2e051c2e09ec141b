"""What every interpreter's value is: a value of a lower level, seen from a level. Owns the levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from bibun.core.primitive import Primitive

# Each run of a transform takes the next number, so an inner run is always above the runs around it, in
# whatever thread. Level 0 is the tape of Variables that users make themselves. count() is atomic.
new_level: Callable[[], int] = count(1).__next__

DEFINE_BY_RUN = 0


class Traced:
    """A value as one interpreter sees it. `value` is plain, or belongs to a lower level."""

    __slots__ = ("base", "level", "value", "views", "__weakref__")
    __hash__ = object.__hash__

    level: int
    value: Any
    # Of views of one another (see arrays/in_place.py); unset in all other values.
    base: Any
    views: Any
    word: ClassVar[str] = "a traced value"

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Everything that an ndarray has, from arrays/array.py."""

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Apply the primitive at this level, which is the innermost among the arguments."""
        raise NotImplementedError

    def constant(self, value: Any) -> Any:
        """A value of this level that depends on nothing."""
        raise NotImplementedError

    def alias(self) -> Any:
        """Another object that stands for the same value, which in-place updates of this one do not reach."""
        raise NotImplementedError

    def become(self, other: Any) -> None:
        """Take over what `other`, of the same class, stands for."""
        raise NotImplementedError


def plain(value: Any) -> Any:
    """The plain value below all levels, for reading: a bare ndarray or scalar."""
    while isinstance(value, Traced):
        value = value.value
    return value
