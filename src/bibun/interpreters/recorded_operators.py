"""Operators and ufuncs of one input on recorded values, by the shortest way: as a row would record them, without its questions.

What they do not know (large or pending values, other levels) goes to the row. What a Recorded is, is in recording.py.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.arrays import indexing, lost, protocol
from bibun.arrays.array import COMPARISONS, FOREIGN, OPERATORS, UNARY, way_of_power
from bibun.arrays.sparse import beside
from bibun.core.primitive import LIKE_ARRAYS, Primitive
from bibun.core.traced import Traced
from bibun.errors import UnrecordableError
from bibun.interpreters import stand_ins
from bibun.interpreters.likeness import FLOAT64, SCALARS, likeness
from bibun.interpreters.python_numbers import decide, fit
from bibun.primitives import TABLE

new = object.__new__

_TO_THE_ROW = (Traced, *LIKE_ARRAYS)


def _unary(cls: Any, primitive: Primitive, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The recorder of function(x), which is the row's ufunc or Python's operator: Python's numbers tell them apart."""

    def record(x: Any) -> Any:
        if type(x) is not cls:
            return primitive(x)
        recording, held = x.recording, x.held
        if (isinstance(held, np.ndarray) and held.size >= stand_ins.LARGE) or (
            recording.pending and x.number in recording.pending
        ):
            return primitive(x)
        try:
            value = function(held)
        except Exception as error:
            recording.raised = type(error).__name__
            raise
        made: Any = new(cls)
        made.level = recording.level
        made.held = value
        made.recording = recording
        made.like = like = FLOAT64 if type(value) is np.float64 else likeness(value)
        calls = recording.calls
        made.number = len(calls)
        calls.append((primitive, (x.number,), None, like))
        if type(value) in SCALARS:
            decide(recording, primitive, (held,), made)
        return made

    return record


def _binary(
    cls: Any, primitive: Primitive, function: Callable[[Any, Any], Any], *, reflected: bool = False
) -> Callable[[Any, Any], Any]:
    """The recorder of a op b, by Python's operator, for a recorded `x`; `reflected`: x is b."""

    def record(x: Any, other: Any) -> Any:
        recording, kind = x.recording, type(other)
        if kind is cls and other.recording is recording:
            plain, number = other.held, other.number
        elif kind is float or kind is int:
            plain, number = other, recording.number_of(other)
        elif FOREIGN[kind]:
            return beside(primitive, other, x) if reflected else beside(primitive, x, other)
        elif isinstance(other, _TO_THE_ROW):
            if _is_python_s(primitive, x.held, other):
                return _with_sequence(primitive, function, x, other, reflected)
            return primitive(other, x) if reflected else primitive(x, other)
        else:
            plain, number = other, recording.operand(other)
        held, pending = x.held, recording.pending
        if (
            (isinstance(held, np.ndarray) and held.size >= stand_ins.LARGE)
            or (isinstance(plain, np.ndarray) and plain.size >= stand_ins.LARGE)
            or (pending and (x.number in pending or number in pending))
        ):
            return primitive(other, x) if reflected else primitive(x, other)
        left, right, operands = (plain, held, (number, x.number)) if reflected else (held, plain, (x.number, number))
        try:
            value = function(left, right)
        except Exception as error:
            recording.raised = type(error).__name__
            raise
        made: Any = new(cls)
        made.level = recording.level
        made.held = value
        made.recording = recording
        made.like = like = FLOAT64 if type(value) is np.float64 else likeness(value)
        calls = recording.calls
        made.number = len(calls)
        calls.append((primitive, operands, None, like))
        if type(value) in SCALARS:
            decide(recording, primitive, (left, right), made)
        elif type(left) is int:
            fit(recording, ((operands[0], left),), value.dtype)
        elif type(right) is int:
            fit(recording, ((operands[1], right),), value.dtype)
        return made

    return record


def _is_python_s(primitive: Primitive, number: Any, sequence: Any) -> bool:
    """Whether an operator of this value and a list is Python's: of Python's own numbers, and where it repeats the list of
    NumPy's too. Of arrays, and of other operators of NumPy's numbers, the list is an array."""
    if type(number) in SCALARS:
        return isinstance(sequence, (list, tuple, range))
    return primitive.name == "multiply" and isinstance(sequence, (list, tuple)) and not isinstance(number, np.ndarray)


def _with_sequence(
    primitive: Primitive, function: Callable[[Any, Any], Any], x: Any, sequence: Any, reflected: bool
) -> Any:
    """The list repeated, as often as a whole number says, which is a decision; or Python's error."""
    repeats = primitive.name == "multiply" and isinstance(x.held, (int, np.integer))
    number = operator.index(x) if repeats else x.held
    try:
        return function(sequence, number) if reflected else function(number, sequence)
    except Exception as error:
        x.recording.raised = type(error).__name__
        raise


def _power(record: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The only operator that may have a third operand, and that is not always its ufunc."""

    def power(x: Any, other: Any, *modulo: Any) -> Any:
        if modulo:
            raise UnrecordableError("pow has three arguments")
        way = way_of_power(x, other)
        return record(x, other) if way is None else way(x)

    return power


def _entry(primitive: Primitive) -> Callable[[Any, Any], Any]:
    """The recorder of x[i], a number of a vector. Other brackets are indexing.py's."""

    def record(x: Any, key: Any) -> Any:
        recording, held = x.recording, x.held
        if (
            type(key) is not int
            or type(held) is not np.ndarray
            or held.ndim != 1
            or held.size >= stand_ins.LARGE
            or (recording.pending and x.number in recording.pending)
            or hasattr(x, "written")
        ):
            return indexing.get(x, key)
        try:
            value = held[key]
        except IndexError as error:
            recording.raised = type(error).__name__
            raise
        return recording.add(primitive, (x.number,), {"key": (key,)}, value)

    return record


def install(cls: Any) -> None:
    """Give the class of recorded values its operators, and NumPy's protocol of ufuncs."""
    recorders = {
        row.function: _unary(cls, row, row.function)
        for row in TABLE.values()
        if row.kind == "elementwise" and len(row.partials) == 1
    }

    def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        if not settings and method == "__call__" and len(inputs) == 1:
            record = recorders.get(ufunc)
            if record is not None:
                return record(*inputs)
        return protocol.ufunc(self, ufunc, method, inputs, settings)

    cls.__array_ufunc__ = array_ufunc
    cls.__getitem__ = _entry(TABLE["getitem"])
    lost.keep_our_words(cls)
    for name, primitive in (OPERATORS | COMPARISONS).items():
        if name == "matmul":  # Array's, which knows sparse matrices
            continue
        function = getattr(operator, f"__{name}__")
        record = _binary(cls, TABLE[primitive], function)
        setattr(cls, f"__{name}__", _power(record) if name == "pow" else record)
        if name in OPERATORS:
            setattr(cls, f"__r{name}__", _binary(cls, TABLE[primitive], function, reflected=True))
    for name, primitive in UNARY.items():
        setattr(cls, f"__{name}__", _unary(cls, TABLE[primitive], getattr(operator, f"__{name}__")))
