"""Methods and attributes of ndarray that show its memory, which a traced array does not have: each says what to write instead."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import lost
from bibun.errors import LostDerivativeError, NoDerivativeError, located, scipy_function

# For the value alone, where `data` is the array below.
_OF_THE_VALUE = ("tobytes", "tofile", "dump", "dumps", "getfield")
_INSTEAD = {
    "byteswap": "it has no derivative. Write x.data.byteswap() for the value alone",
    "setfield": "it has no derivative. Write x[key] = value",
    "setflags": "and whether it may be written to is not its own. Leave the call away",
}
_ATTRIBUTES = ("strides", "flags", "ctypes")
_OF_NUMBERS = ("bit_count", "bit_length", "denominator", "hex", "numerator", "to_bytes")


class Refused:
    """Mixed into Array."""

    __slots__ = ()

    def resize(self, *shape: Any, refcheck: bool = True) -> None:
        """Refused, but for the shape that it has: another one would be another array."""
        array: Any = self
        wanted = shape[0] if len(shape) == 1 else shape
        if np.broadcast_shapes(wanted) != array.shape:
            raise NoDerivativeError(
                f"{located()}x.resize{shape} would change the shape of {array.word} in place, which nothing that shares its "
                "memory could follow. Write x = np.resize(x, shape), or np.reshape."
            )

    @property
    def matvec(self) -> Any:
        """Not there. Where scipy.sparse.linalg looks for it, as it does of what is no ndarray, what to write instead."""
        if scipy_function()[0].startswith("scipy.sparse.linalg"):
            raise lost.as_ndarray(self)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute 'matvec'")

    def as_integer_ratio(self) -> Any:
        """Refused: Python's statistics and fractions ask it of numbers, and go on with integers."""
        raise lost.as_number(self, "float")

    def __reduce__(self) -> Any:
        """Refused: what is pickled has no derivative. (copy and deepcopy do not ask for it.)"""
        array: Any = self
        raise LostDerivativeError(
            f"{located()}{array.word} of shape {array.shape} cannot be pickled: its numbers alone would be kept, and "
            f"{array.loses}. Pickle x.data, and make a Variable of it where it is read."
        )

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__reduce__()


def _value_only(name: str) -> Any:
    def refuse(self: Any, *args: Any, **settings: Any) -> Any:
        raise LostDerivativeError(
            f"{located()}x.{name}() would turn {self.word} of shape {self.shape} into bytes, and {self.loses}. Write "
            f"x.data.{name}() for the value alone."
        )

    return refuse


def _never(name: str, reason: str) -> Any:
    def refuse(self: Any, *args: Any, **settings: Any) -> Any:
        module, function = scipy_function()
        instead = lost.scipy_advice(module, function) if function else reason
        raise NoDerivativeError(f"{located()}x.{name}() works on memory, which {self.word} does not have: {instead}.")

    return refuse


def _attribute(name: str) -> property:
    def refuse(self: Any) -> Any:  # as an AttributeError, so that hasattr says that it is not there
        module, function = scipy_function()
        instead = f" {lost.scipy_advice(module, function)}." if function else ""
        raise AttributeError(
            f"{located() if function else ''}x.{name} is about memory, which {self.word} does not have; x.data.{name} is that of "
            f"its value.{instead}"
        )

    return property(refuse)


def _of_numbers(name: str) -> property:
    def refuse(self: Any) -> Any:
        raise AttributeError(
            f"x.{name} is of Python's numbers, and {self.word} has the methods of arrays. Of a whole number write "
            f"int(x).{name}, "
            + ("which keeps a program for each number." if self.records else "of x.data where it is one.")
        )

    return property(refuse)


for _name in _OF_THE_VALUE:
    setattr(Refused, _name, _value_only(_name))
for _name, _reason in _INSTEAD.items():
    setattr(Refused, _name, _never(_name, _reason))
for _name in _ATTRIBUTES:
    setattr(Refused, _name, _attribute(_name))
for _name in _OF_NUMBERS:
    setattr(Refused, _name, _of_numbers(_name))
