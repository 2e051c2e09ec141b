"""Which of our functions stands in for which of NumPy's. Filled by the files of this room; read by protocol.py."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from bibun.core.primitive import Primitive
from bibun.primitives import TABLE, add_special

F = TypeVar("F", bound=Callable[..., Any])

# np.sum -> our sum. A row whose function is NumPy's own, called with the same arguments, needs no entry of its own.
FUNCTIONS: dict[Any, Callable[..., Any]] = {row.function: row for row in TABLE.values()}

# The same by module and name, for functions in modules that `import numpy` does not import, which takes a while.
BY_NAME: dict[str, Callable[..., Any]] = {}

# Stand-ins that write into out= themselves, since they compute in its dtype.
WRITES_OUT: set[Callable[..., Any]] = set()

# Why the result of a function that is no constant row is a plain one all the same.
PLAIN: dict[Any, str] = {}

LISTENERS: list[Callable[[list[Primitive]], None]] = []  # told of rows that are added later

_adding = Lock()


def found(function: Any) -> Callable[..., Any] | None:
    """What stands in for a ufunc, of NumPy or of scipy.special; None where nothing does."""
    stand_in = FUNCTIONS.get(function)
    if stand_in is None and "scipy.special" in sys.modules:
        add_special_rows()
        stand_in = FUNCTIONS.get(function)
    return stand_in


def add_special_rows() -> None:
    """Add the rows of scipy.special, once. `import bibun` does not: importing SciPy takes several times as long."""
    with _adding:  # a second thread waits here until the first one's rows can be found
        rows = add_special()
        FUNCTIONS.update({row.function: row for row in rows})
        for listener in LISTENERS:
            listener(rows)


def add_rows(*rows: Primitive) -> None:
    """Add the rows of a module that is imported when it is first used, so that recordings know them. A name is of one row."""
    for row in rows:
        if TABLE.setdefault(row.name, row) is not row:
            raise ValueError(f"two rows are named {row.name}: programs find a row by its name")
    for listener in LISTENERS:
        listener(list(rows))


def implements(*functions: Callable[..., Any], plain: str = "") -> Callable[[F], F]:
    """Stand in for these NumPy functions: same parameters, for arguments among which there is a traced array.

    `plain` is the reason why the result is not traced, where it is not.
    """

    def register(function: F) -> F:
        for numpy_function in functions:
            FUNCTIONS[numpy_function] = function
            if plain:
                PLAIN[numpy_function] = plain
        return function

    return register


def reason(function: Any) -> str:
    """Why the result of this function of NumPy's is plain; "" where it is not, or nothing stands in for it."""
    return getattr(FUNCTIONS.get(function), "reason", "") or PLAIN.get(function, "")


def row(name: str) -> Primitive:
    """The row of that name."""
    return TABLE[name]
