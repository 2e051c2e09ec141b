"""Which of our functions stands in for which of NumPy's. Filled by the files of this room; read by protocol.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bibun.core.primitive import Primitive
from bibun.primitives import TABLE

F = TypeVar("F", bound=Callable[..., Any])

# np.sum -> our sum. A row whose function is NumPy's own, called with the same arguments, needs no entry of its own.
FUNCTIONS: dict[Any, Callable[..., Any]] = {row.function: row for row in TABLE.values()}


def implements(*functions: Callable[..., Any]) -> Callable[[F], F]:
    """Stand in for these NumPy functions: same parameters, for arguments among which there is a traced array."""

    def register(function: F) -> F:
        for numpy_function in functions:
            FUNCTIONS[numpy_function] = function
        return function

    return register


def row(name: str) -> Primitive:
    """The row of that name."""
    return TABLE[name]
