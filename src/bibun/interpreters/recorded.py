"""Values that take part in a recording: plain ones, each with its number there. What a recording is, is in recording.py."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from operator import attrgetter, index
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bibun.arrays import lost
from bibun.arrays.array import Array
from bibun.arrays.keys import python_numbers
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, alone
from bibun.errors import UnrecordableError, located
from bibun.interpreters.likeness import SCALARS, Like
from bibun.interpreters.python_numbers import WHOLE, fit
from bibun.interpreters.recorded_operators import install
from bibun.interpreters.stand_ins import may_be_large, stand_in
from bibun.primitives import TABLE
from bibun.primitives.memory import MEANS, put_into

if TYPE_CHECKING:
    from bibun.interpreters.recording import Recording

_NO_OPERANDS = frozenset((type(None), str))
_OF_WHOLE = ("add", "subtract", "divide")  # what np.arange does with its limits before it asks for a number


class Pending:
    """A call whose value nobody has asked for."""

    __slots__ = ("args", "known", "primitive", "settings", "value")

    def __init__(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> None:
        self.primitive = primitive
        self.args = args
        self.settings = settings
        self.known = False
        self.value: Any = None

    def compute(self) -> None:
        """The value, of operands that are known."""
        values = [arg.value if isinstance(arg, Recorded) else arg for arg in self.args]
        self.value, self.known, self.args = self.primitive.function(*values, **self.settings), True, ()


def _strong(value: Any, primitive: Primitive) -> Any:
    """A Python number as NumPy's, for a function that takes arrays; for one that moves entries, as np.squeeze, an array without
    axes, which it leaves one. Ufuncs take both: to them its dtype gives way."""
    if type(value) not in SCALARS:
        return value
    return np.asarray(value) if primitive.kind == "linear" else np.asarray(value)[()]


def _by_name(
    primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """np.argsort(x, -1, "stable"): what is no number, and all behind it, are settings and no operands."""
    first = next(n for n, arg in enumerate(args) if type(arg) in _NO_OPERANDS)
    try:
        names = list(signature(primitive.function).parameters)
    except ValueError:  # of a builtin
        return args, settings
    if len(names) < len(args):
        return args, settings
    return args[:first], {**dict(zip(names[first:], args[first:], strict=False)), **settings}


class Text(str):
    """What a recorded value is shown as. Made a number again, it would be that of the first call in all others."""

    value: Any

    def of(self, value: Any) -> Text:
        """The text of that value."""
        self.value = value
        return self

    def __float__(self) -> float:
        raise lost.as_number(self.value, "float")

    def __int__(self) -> int:
        raise lost.as_number(self.value, "int")


class Recorded(Array):
    """A plain value, and its number in a recording."""

    __slots__ = ("held", "like", "number", "recording")

    held: Any
    like: Like
    number: int
    recording: Recording
    shape = property(attrgetter("like.shape"), doc="The lengths of the axes.")
    dtype = property(attrgetter("like.dtype"), doc="The type of the entries.")
    word = "a value that compile records"
    loses = "the compiled function would keep the number of this one call"
    records = True

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Call on the values, and record. A row that is not of the table is a user's function: its calls are recorded."""
        row = MEANS.get(primitive, primitive)  # what it does to memory is of this run
        if not _NO_OPERANDS.isdisjoint(map(type, args)):
            args, settings = _by_name(primitive, args, settings)
        if primitive.once or TABLE.get(row.name) is not row:
            return primitive.function(*args, **settings)
        if row is not primitive and not isinstance(args[0], Recorded):
            primitive = row  # a plain array is captured, and stays as it is
        recording = self.recording
        if "key" in settings:
            settings = {**settings, "key": python_numbers(settings["key"])}
        by_entry = primitive.kind == "elementwise" or isinstance(primitive.function, np.ufunc)
        said = settings or (None if by_entry else settings)  # as operators say it
        operands = tuple([recording.operand(arg) for arg in args])
        held = [arg.held if isinstance(arg, Recorded) else arg for arg in args]
        if primitive.kind == "elementwise" and all(type(value) in SCALARS for value in held):
            return recording.add(row, operands, said, primitive.function(*held))
        wholes = [(number, value) for number, value in zip(operands, held, strict=True) if type(value) is int]
        if recording.pending or any(map(may_be_large, held)):
            later = self._pending(row if primitive is put_into else primitive, args, held, settings)
            if later is not None:
                fit(recording, wholes, later.dtype)
                return recording.add(row, operands, said, later)
        values = [arg.value if isinstance(arg, Recorded) else arg for arg in args] if recording.pending else held
        del held  # a row that writes where its array stands has it alone
        takes_numbers = isinstance(primitive.function, np.ufunc) or primitive.name == "where"
        if not takes_numbers and not SCALARS.isdisjoint(map(type, values)):
            values = [
                _strong(x, primitive) if isinstance(arg, Recorded) else x for arg, x in zip(args, values, strict=True)
            ]
        try:
            y = primitive.function(*values, **settings)
        except Exception as error:
            recording.raised = type(error).__name__
            raise
        recording.counts(primitive, args)
        if not isinstance(y, tuple):
            made = recording.add(row, operands, said, y)
            fit(recording, wholes, made.dtype)
            return made
        parts = recording.add_parts(row, operands, said, y)
        return type(y)._make(parts) if hasattr(y, "_make") else tuple(parts)

    def _pending(
        self, primitive: Primitive, args: tuple[Any, ...], held: list[Any], settings: Mapping[str, Any]
    ) -> Any:
        """Something of the shape and dtype of the value, which stays pending; None where the value is computed now."""
        pending = self.recording.pending
        waits = any(isinstance(arg, Recorded) and arg.number in pending for arg in args)
        made = stand_in(primitive, held, settings, waits=waits)
        if made is None:
            return None
        recording = self.recording
        operands = [recording.captured(arg) if isinstance(arg, np.ndarray) else arg for arg in args]
        now = tuple([x.alias() if isinstance(x, Recorded) else x for x in operands])  # in place, args become others
        pending[len(recording.calls)] = Pending(primitive, now, settings)
        return made

    @property
    def value(self) -> Any:
        """The plain value."""
        pending = self.recording.pending
        return self.recording.computed(self.number) if self.number in pending else self.held

    @property
    def stand_in(self) -> Any:
        """What has its shape, dtype and class."""
        return self.held

    @property
    def data(self) -> Any:
        """Refused: what is computed from it would be of this one call."""
        raise lost.as_ndarray(self)

    def constant(self, value: Any) -> Recorded:
        """The same recording's entry for a plain value."""
        recording = self.recording
        if isinstance(value, Traced):
            recording.operand(value)
        if isinstance(value, np.ndarray):
            return recording.captured(value)
        return recording.constant(value)

    def __repr__(self) -> str:
        self.recording.shown = True
        return super().__repr__()

    def __format__(self, spec: str) -> str:
        """As the plain value's: of a whole number it is a decision, since it may be the name of something."""
        if self._is_whole_number():
            return format(self.recording.guard(self, self.held), spec)
        self.recording.shown = True
        return Text(format(self.value, spec)).of(self)

    def __str__(self) -> str:
        return format(self)

    def alone(self, views: list[Any]) -> bool:
        """Whether nobody else holds its value, and no call that waits for it."""
        return self.number not in self.recording.pending and alone(self, views, "held")

    def alias(self) -> Recorded:
        """Another Recorded of the same value."""
        return self.recording.known(self.number, self.held)

    def strong(self) -> Recorded:
        """A Python number as NumPy's, so that it keeps its dtype; an array of shape () as its number."""
        if type(self.held) not in SCALARS:
            held = self.held
            return self.recording.known(self.number, held if held.shape else held[()])
        value = np.asarray(self.held)[()]
        return self.recording.add(TABLE["astype"], (self.number,), {"dtype": value.dtype}, value)

    def lie_as(self, made: Any) -> None:
        """Be held as this array, which has the same entries."""
        self.held = made

    def depend_on_order(self) -> None:
        """Note that the program is for arguments that lie in memory as those of this run do."""
        self.recording.by_order = True

    def become(self, other: Recorded) -> None:
        """Be what `other` is."""
        self.level, self.held, self.like = other.level, other.held, other.like
        self.recording, self.number = other.recording, other.number

    def __bool__(self) -> bool:
        return bool(self.recording.guard(self, bool(self.value)))

    def __int__(self) -> int:
        outcome = self._tried(int, self.value)  # nan has none, nor has infinity
        if not -WHOLE < outcome < WHOLE:
            raise UnrecordableError("a whole number has more than 64 bits", once=True)
        whole = self if self.dtype.kind in "iub" else self.astype(np.int64)
        return int(self.recording.guard(whole, outcome))

    def _tried(self, function: Any, *values: Any) -> Any:
        """function(*values); that it raised an exception is noted, since f may handle it."""
        try:
            return function(*values)
        except Exception as error:
            self.recording.raised = type(error).__name__
            raise

    def __round__(self, ndigits: Any = None) -> Any:
        """Of numbers as Python has it: without digits a whole number, with them a float; arrays have none."""
        held, this = self.value, cast("Any", self)
        if self.shape or isinstance(held, np.ndarray) or self.dtype.kind == "c":
            kind = type(held)
            name = f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__
            raise TypeError(f"type {name} doesn't define __round__ method")
        if ndigits is None:
            return self._whole(self._tried(round, held))
        ndigits = index(ndigits)
        if type(held) not in SCALARS:
            return super().__round__(ndigits)
        if type(held) is not float and ndigits >= 0:
            return +this
        found = self._tried(round, held, ndigits)
        if not abs(found) < WHOLE and type(found) is int:
            raise UnrecordableError("a whole number has more than 64 bits", once=True)
        return self.recording.add(TABLE["decimals"], (self.number,), {"ndigits": ndigits}, found)

    def _whole(self, rounded: int) -> Any:
        """The whole number next to it, as one of Python's."""
        whole: Any = self
        if type(self.held) in (int, bool):
            return +whole
        if not -WHOLE < rounded < WHOLE:
            raise UnrecordableError("a whole number has more than 64 bits", once=True)
        if self.dtype.kind == "f":
            bool(np.abs(self) < WHOLE)
            whole = np.rint(self)
        return self.recording.add(TABLE["astype"], (whole.number,), {"dtype": np.dtype(np.int64)}, rounded)

    def conjugate(self) -> Any:
        """Of Python's numbers Python's."""
        if type(self.held) not in SCALARS:
            return super().conjugate()
        if self.dtype.kind != "c":
            return +cast("Any", self)
        return self.recording.add(TABLE["conjugate"], (self.number,), {}, self.held.conjugate())

    def _is_whole_number(self) -> bool:
        return isinstance(self.held, (int, np.integer, np.bool)) and self.number not in self.recording.pending

    def __hash__(self) -> int:
        """Of a whole number it is a decision, so that it finds its place in a dict; of an array one of the object."""
        if self._is_whole_number():
            return hash(self.recording.guard(self, self.held))
        if not self.shape:
            raise UnrecordableError(f"{located()}a number is looked up in a dict or a set, by its value")
        return object.__hash__(self)

    def __index__(self) -> int:
        if self.dtype.kind not in "iub" or self.shape:
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(self.recording.guard(self, index(self.value)))

    def __float__(self) -> float:
        """Of a whole number, and of a sum or quotient of such and constants, as np.arange(n) asks for it: guarded."""
        if self.shape:
            raise lost.as_number(self, "float")
        if self.dtype.kind in "iub":
            return float(self.recording.guard(self, np.asarray(self.value).item()))
        row, operands, *_ = self.recording.calls[self.number]
        if getattr(row, "name", "") not in _OF_WHOLE or not all(map(self.recording.is_whole, operands)):
            raise lost.as_number(self, "float")
        value = float(self.value)
        bool(np.equal(self, value))
        return value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """A whole number, guarded, for np.arange(n) and its like; refused for what varies continuously."""
        if self.dtype.kind not in "iub":
            raise lost.as_ndarray(self)
        if self.shape:
            raise UnrecordableError(
                f"{located()}a plain array is indexed by what is computed. Write np.asarray(a, like=i)[i] instead of a[i]"
            )
        return np.array(self.recording.guard(self, np.asarray(self.value).item()), dtype or self.dtype)

    def item(self, *args: Any) -> Any:
        """A whole number or a truth value, guarded; refused for what varies continuously."""
        if self.dtype.kind not in "iub":
            raise lost.as_number(self, "item")
        entry = self.reshape(-1)[args[0]] if len(args) == 1 else self[args] if args else self.reshape(())
        return entry.recording.guard(entry, np.asarray(entry.value).item())


install(Recorded)
