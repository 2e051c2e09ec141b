"""The code around a compiled function: which variables it and the functions that it calls refer to, and their names.

Looks at code objects, closures and globals; calls nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from bibun import errors, tree
from bibun.core.captured import owner

_OURS = str(Path(errors.__file__).parent)
_LIBRARIES = ("numpy", "scipy", "bibun")
_FUNCTIONS = 200  # functions that are looked at, at most
_ENTRIES = 1000  # of one container
_DEPTH = 3  # attributes of attributes
_NUMBERS = (bool, int, float, complex, np.generic)


class Reached(NamedTuple):
    """How an array is reached: `path` behind the variable `name`, as Python writes it."""

    name: str
    path: str
    root: Any


def title(f: Any) -> str:
    """value_and_grad(loss)"""
    code = getattr(f, "__code__", None)
    inner = getattr(f, "__wrapped__", None)
    if inner is not None and code is not None and code.co_filename.startswith(_OURS):
        return f"{code.co_qualname.partition('.')[0].strip('_')}({title(inner)})"
    return str(getattr(f, "__name__", type(f).__name__)).strip("<>")


def location(f: Any) -> str:
    """The file and line of the user's function."""
    while hasattr(f, "__wrapped__"):
        f = f.__wrapped__
    code = getattr(getattr(f, "func", f), "__code__", None)
    return short(f"{code.co_filename}:{code.co_firstlineno}") if code is not None else type(f).__module__


def short(place: str) -> str:
    """file:line without the folders."""
    return place.replace("\\", "/").rpartition("/")[2]


class Around:
    """What a function refers to.

    variables   (name, value) of what stands in no function's arguments: closures, globals, attributes of a bound object
    literals    the numbers that stand in the code itself
    names       all names that the code looks up
    """

    def __init__(self, f: Any) -> None:
        self.variables: list[tuple[str, Any]] = []
        self.literals: list[Any] = []
        self.names: set[str] = set()
        self._arrays: dict[int, Reached] = {}
        self._memory: dict[int, Reached] = {}  # by the array that owns it
        seen: dict[int, Any] = {}
        waiting = [f]
        while waiting and len(seen) < _FUNCTIONS:
            thing = waiting.pop(0)
            if id(thing) not in seen:
                seen[id(thing)] = thing
                waiting += self._look(thing)
        for name, value in self.variables:
            for path, leaf in _leaves(value):
                if isinstance(leaf, np.ndarray):
                    found = self._arrays.setdefault(id(leaf), Reached(name, path, value))
                    self._memory.setdefault(id(owner(leaf)), found)

    def reached(self, array: np.ndarray[Any, Any]) -> Reached | None:
        """How the code reaches this very array; None where it is no variable's."""
        return self._arrays.get(id(array))

    def viewed(self, array: np.ndarray[Any, Any]) -> Reached | None:
        """How the code reaches the array whose memory this one shows."""
        return self._memory.get(id(owner(array)))

    def numbers(self) -> Iterator[tuple[str, Any]]:
        """Variables that are numbers."""
        return ((name, value) for name, value in self.variables if isinstance(value, _NUMBERS))

    def _look(self, thing: Any) -> list[Any]:
        """Note what one function refers to, and give the functions among it."""
        found: list[Any] = []
        if isinstance(thing, partial):
            return [thing.func, *thing.args, *thing.keywords.values()]
        if isinstance(thing, MethodType):
            self.variables.append(("self", thing.__self__))
            found.append(thing.__func__)
        elif isinstance(thing, FunctionType):
            found += self._look_into(thing)
        elif _is_users(type(thing)) and callable(thing):
            self.variables.append(("self", thing))
            found.append(type(thing).__call__)
        if hasattr(thing, "__wrapped__"):
            found.append(thing.__wrapped__)
        return found

    def _look_into(self, function: FunctionType) -> list[Any]:
        closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        values = [(name, cell.cell_contents) for name, cell in closure.items() if _is_filled(cell)]
        if function.__code__.co_filename.startswith(_OURS):  # a transform: what it holds is the function itself
            return [value for _, value in values if callable(value)]
        for code in _codes(function.__code__):
            self.literals += _numbers_in(code.co_consts)
            self.names.update(code.co_names)
            values += [(name, function.__globals__[name]) for name in code.co_names if name in function.__globals__]
        defaults = function.__defaults__ or ()
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        values += [
            *zip(names[len(names) - len(defaults) :], defaults, strict=True),
            *(function.__kwdefaults__ or {}).items(),
        ]
        fresh = [(name, value) for name, value in values if not any(value is known for _, known in self.variables)]
        self.variables += [(name, value) for name, value in fresh if not _is_library(value)]
        return [value for _, value in fresh if callable(value) and not _is_library(value)]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # the variable has no value yet
        return False


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code object, and those of the functions written inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _numbers_in(values: Any) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, tuple):
            found += _numbers_in(value)
        elif isinstance(value, (int, float, complex)):
            found.append(value)
    return found


def _is_library(value: Any) -> bool:
    name = getattr(value, "__module__", None) or getattr(value, "__name__", "")
    if isinstance(value, (np.ndarray, tree.Named)) or not isinstance(name, str):
        return False
    if isinstance(value, ModuleType):
        return True
    return name.partition(".")[0] in _LIBRARIES and not hasattr(value, "__wrapped__")


def _is_users(cls: type) -> bool:
    return cls.__module__.partition(".")[0] not in (*_LIBRARIES, "builtins")


def _leaves(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The arrays of a variable, and how they are reached: its own, those of a container, of an object's attributes."""
    value = tree.named(value)
    if isinstance(value, np.ndarray):
        yield "", value
    elif tree.is_container(value):
        leaves, _ = tree.flatten(value)
        if len(leaves) <= _ENTRIES:
            yield from zip(tree.paths(value), leaves, strict=True)
    elif hasattr(value, "__dict__") and _is_users(type(value)) and depth < _DEPTH:
        for name, inner in vars(value).items():
            yield from ((f".{name}{path}", leaf) for path, leaf in _leaves(inner, depth + 1))
