"""Recordings: what `compile` reads. A Recorded is a plain value and its number in the list of all calls of one run.

The run is a real one: rows are called on real values, so that `if`, `while` and `range` on them just run, and each such
decision is one more entry of the list, a guard. Owns the list; what becomes of it is the compiler's.

Large arrays that nobody looks at need not be computed for that. What is `held` of those is a stand-in (stand_ins.py), and
`value` computes the array when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from sys import getrefcount
from typing import Any

import numpy as np

from bibun.arrays import lost
from bibun.arrays.array import Array
from bibun.arrays.keys import python_numbers
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, alone, new_level
from bibun.errors import UnrecordableError, located, user_line
from bibun.interpreters.likeness import SCALARS, likeness
from bibun.interpreters.recorded_operators import install
from bibun.interpreters.snapshots import Snapshot, changeable, owner
from bibun.interpreters.stand_ins import may_be_large, stand_in
from bibun.primitives import TABLE
from bibun.primitives.memory import getitem_apart, put_into

new = object.__new__
_COMPLEX = (complex, np.complex64, np.complex128, np.clongdouble)
_NUMPY = (np.ndarray, np.generic)
WHOLE = 2.0**63 - 2.0**11  # what is below in floating point fits into 64 bits
_RECORDED_AS = {put_into: TABLE["put"], getitem_apart: TABLE["getitem"]}  # done in memory of their own, in this run
_NO_OPERANDS = frozenset((type(None), str))
_OFTEN = 4096  # bytes of a captured array that is looked at each time that it is read
_LOOKS = 2**26  # of larger ones, together
_COUNTS = {"getitem_at": 1, "nonzero": 0, "flatnonzero": 0, "argwhere": 0}  # the first operand that is counted

_OF_WHOLE = ("add", "subtract", "divide")  # what np.arange does with its limits before it asks for a number


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
        "_looked",
        "_numbers",
        "_snapshots",
        "_views",
        "calls",
        "changed",
        "constants",
        "holders",
        "level",
        "origins",
        "pending",
        "places",
        "raised",
        "shown",
    )

    def __init__(self) -> None:
        self.level = new_level()
        self.calls: list[Any] = []
        self.constants: list[Any] = []
        self.places: list[str] = []  # of the guards, in the user's code
        self.raised: str | None = None  # an exception that a row has raised
        self.shown = False  # whether a text was made of a value
        self.pending: dict[int, Pending] = {}  # of the entries that are stand-ins
        self.holders: dict[int, bool] = {}  # whether a captured array is alone, once that is known
        self.origins: dict[int, int] = {}  # of one made of another: the numbers of captured arrays there
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
        self.calls.append((row, operands, settings, likeness(value)))
        return made

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
            memory = *lies, array.dtype, array.flags.writeable
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
        if number not in self.holders:
            array = self.calls[number][2]
            holders = 4 + self.snapped(number)  # calls, arrays, `array`, getrefcount's argument; _snapshots
            self.holders[number] = array.base is None and getrefcount(array) <= holders
        return self.holders[number]

    def snapped(self, number: int) -> bool:
        """Whether a captured array is one that can change."""
        return number in self._snapshots

    def known(self, number: int, value: Any) -> Recorded:
        """Another Recorded for an entry that there is."""
        made: Recorded = new(Recorded)
        made.level, made.held, made.recording, made.number = self.level, value, self, number
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

    def attempt(self, function: Callable[..., Any], *values: Any) -> Any:
        """function(*values); that it raised an exception is noted, since f may handle it."""
        try:
            return function(*values)
        except Exception as error:
            self.raised = type(error).__name__
            raise

    def python(self, primitive: Primitive, values: tuple[Any, Any], made: Recorded) -> None:
        """Decide where an operator of Python's numbers did what NumPy's would not do in another call: x / 0 raises, and
        x**y has the class that its value needs, as has a whole number that outgrows 64 bits."""
        _, b = operands = [
            self.known(number, value) if number >= 0 else value
            for number, value in zip(self.calls[made.number][1], values, strict=True)
        ]
        if primitive.name in ("divide", "floor_divide", "remainder") and isinstance(b, Recorded):
            bool(np.not_equal(b, 0))
        if primitive.name == "power" and isinstance(b, Recorded) and not isinstance(values[1], float):
            bool(np.real(b) >= 0)
        if type(made.held) is int and primitive.name in ("add", "subtract", "multiply", "power"):
            size = np.abs(
                primitive(*[np.float64(v) if not isinstance(v, Recorded) else v.astype(float) for v in operands])
            )
            if not size < WHOLE:
                raise UnrecordableError("a whole number has more than 64 bits", once=True)
        elif (
            primitive.name == "power"
            and not (type(b) is int and b >= 0)
            and complex not in map(type, values)
            and (isinstance(made.held, complex) or not np.isfinite(made))
        ):
            raise UnrecordableError("a power of Python's numbers is infinite or complex", once=True)

    def counts(self, primitive: Primitive, args: tuple[Any, ...]) -> None:
        """Of a row whose shape depends on how many entries are true: that is a decision, whoever reads the entries."""
        if primitive.name not in _COUNTS:
            return
        for mask in args[_COUNTS[primitive.name] :]:
            if isinstance(mask, Recorded) and (primitive.name != "getitem_at" or mask.dtype.kind == "b"):
                count = TABLE["count_nonzero"](mask)
                self.guard(count, int(count.value))


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


def _strong(value: Any) -> Any:
    """A Python number as NumPy's, for a function that takes arrays. Ufuncs take both: to them its dtype gives way."""
    return np.asarray(value)[()] if type(value) in SCALARS else value


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


def _changed(snapshot: Snapshot) -> UnrecordableError:
    return UnrecordableError(f"a plain array of shape {snapshot.array.shape}, which it reads, changes while it runs")


def _is_repeated(array: np.ndarray[Any, Any]) -> bool:
    """Whether it is one number repeated, as np.broadcast_to makes it, in memory that nobody else holds."""
    if not array.shape or not array.size or any(array.strides) or array.flags.writeable:
        return False
    return not changeable(array) or getrefcount(owner(array)) <= 2  # the view, the argument


class Recorded(Array):
    """A plain value, and its number in a recording."""

    __slots__ = ("held", "number", "recording")

    held: Any
    number: int
    recording: Recording
    word = "a value that compile records"
    loses = "the compiled function would keep the number of this one call"
    records = True

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Call on the values, and record. A row that is not of the table is a user's function: its calls are recorded."""
        row = _RECORDED_AS.get(primitive, primitive)
        if not _NO_OPERANDS.isdisjoint(map(type, args)):
            args, settings = _by_name(primitive, args, settings)
        if primitive.once or TABLE.get(row.name) is not row:
            return primitive.function(*args, **settings)
        if row is not primitive and not isinstance(args[0], Recorded):
            primitive = row  # a plain array is captured, and stays as it is
        recording = self.recording
        if "key" in settings:
            settings = {**settings, "key": python_numbers(settings["key"])}
        operands = tuple([recording.operand(arg) for arg in args])
        held = [arg.held if isinstance(arg, Recorded) else arg for arg in args]
        if primitive.kind == "elementwise" and all(type(value) in SCALARS for value in held):
            return recording.add(row, operands, settings, primitive.function(*held))
        if recording.pending or any(map(may_be_large, held)):
            later = self._pending(row, args, held, settings)
            if later is not None:
                return recording.add(row, operands, settings, later)
        del held  # a row that writes where its array stands has it alone
        values = [arg.value if isinstance(arg, Recorded) else arg for arg in args]
        if not isinstance(primitive.function, np.ufunc) and primitive.name != "where":
            values = [_strong(x) if isinstance(arg, Recorded) else x for arg, x in zip(args, values, strict=True)]
        y = recording.attempt(partial(primitive.function, **settings), *values)
        recording.counts(primitive, args)
        if not isinstance(y, tuple):
            return recording.add(row, operands, settings, y)
        whole = len(recording.calls)
        recording.calls.append((row, operands, settings, None))
        parts = [recording.add(PART, (whole,), k, part) for k, part in enumerate(y)]
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
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        value = self.held
        return value.shape if isinstance(value, _NUMPY) else np.shape(value)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        value = self.held
        return value.dtype if isinstance(value, _NUMPY) else np.result_type(value)

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
        return recording.add(CONSTANT, (recording.operand(value),), None, value)

    def __repr__(self) -> str:
        self.recording.shown = True
        return super().__repr__()

    def __format__(self, spec: str) -> str:
        """As the plain value's: of a whole number it is a decision, since it may be the name of something."""
        if self._is_whole_number():
            return format(self.recording.guard(self, self.held), spec)
        self.recording.shown = True
        return format(self.value, spec)

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

    def become(self, other: Recorded) -> None:
        """Be what `other` is."""
        self.level, self.held = other.level, other.held
        self.recording, self.number = other.recording, other.number

    def __bool__(self) -> bool:
        return bool(self.recording.guard(self, bool(self.value)))

    def __int__(self) -> int:
        outcome = self.recording.attempt(int, self.value)  # nan has none, nor has infinity
        if not -WHOLE < outcome < WHOLE:
            raise UnrecordableError("a whole number has more than 64 bits", once=True)
        whole = self if self.dtype.kind in "iub" else self.astype(np.int64)
        return int(self.recording.guard(whole, outcome))

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
        return int(self.recording.guard(self, self.value.__index__()))

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
