"""The fast recorders put to use: Variable's operators and ufuncs, and the books' convenient functions square and exp."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from bibun.arrays import array, lost, protocol
from bibun.arrays.registry import LISTENERS
from bibun.core.primitive import Primitive
from bibun.interpreters.recorders import Binary, entry, recorder
from bibun.interpreters.variable import Variable
from bibun.primitives import TABLE

float64 = np.float64
_found: dict[Any, Any] = {}
RECORDERS: dict[Any, Callable[..., Any]] = {}
_recorder = RECORDERS.get


def _add(rows: Iterable[Primitive]) -> None:
    for row in rows:
        record = recorder(row)
        if record is not None:
            _found[row.function] = record
            RECORDERS[row.function] = record.any if isinstance(record, Binary) else record


_add(TABLE.values())
LISTENERS.append(_add)


def _array_ufunc(self: Variable, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
    if not settings and method == "__call__":
        record = _recorder(ufunc)
        if record is not None:
            return record(*inputs)
    return protocol.ufunc(self, ufunc, method, inputs, settings)


def _power(self: Any, exponent: Any, modulo: None = None) -> Any:
    if modulo is not None:
        return NotImplemented
    value = self.value
    if type(value) is not float64 and value.dtype.kind == "c" and not array.FOREIGN[type(exponent)]:
        return array.raised(self, exponent)
    return square(self) if type(exponent) is int and exponent == 2 else power(self, exponent)


def _power_by_function(a: Any, b: Any) -> Any:
    """np.power of complex numbers is not the operator, by which the recorder computes."""
    complex_base = isinstance(a, Variable) and a.value.dtype.kind == "c"
    return (TABLE["power"] if complex_base else _found[np.power].any)(a, b)


def _install() -> None:
    setattr(Variable, "__array_ufunc__", _array_ufunc)  # noqa: B010
    for name, primitive in array.OPERATORS.items():
        record = _found.get(TABLE[primitive].function)
        if isinstance(record, Binary):
            setattr(Variable, f"__{name}__", record.left)
            setattr(Variable, f"__r{name}__", record.right)
    setattr(Variable, "__getitem__", entry(TABLE["getitem"]))  # noqa: B010
    lost.keep_our_words(Variable)
    setattr(Variable, "__neg__", lambda self: RECORDERS[np.negative](self))  # noqa: B010
    setattr(Variable, "__pow__", _power)  # noqa: B010


RECORDERS[np.power] = _power_by_function
power = _found[np.power].left
square = RECORDERS[np.square]
exp = RECORDERS[np.exp]


def as_array(x: Any) -> Any:
    """A number as an ndarray of shape (); anything else as it is."""
    return np.array(x) if np.isscalar(x) else x


_install()
