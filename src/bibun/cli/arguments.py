"""The point: what `--at` and `--wrt` say, as the arguments of the user's function.

Reads JSON and `.npy`, checks names against the function's parameters, and separates the floating arrays that
are differentiated (the leaves) from everything else. It calls nothing.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bibun.cli.failures import CommandError, display_path
from bibun.cli.loading import UserFunction

Array = npt.NDArray[Any]

_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
_FLOATING = "fc"  # NumPy's kinds of dtype that have a derivative


@dataclass(frozen=True, slots=True)
class Leaf:
    """One floating array (or number) that is differentiated: its name as Python would write it, its value."""

    name: str
    value: Any

    @property
    def array(self) -> Array:
        return np.asarray(self.value)


@dataclass(frozen=True, slots=True)
class _Slot:
    """The place of a leaf inside a nested argument."""

    index: int


@dataclass(frozen=True, slots=True)
class Point:
    """Every argument by name, the leaves, and where they go back into the arguments."""

    function: UserFunction
    values: Mapping[str, Any]
    leaves: tuple[Leaf, ...]
    template: Mapping[str, Any]

    def call(self, *leaves: Any) -> Any:
        """The user's function at these leaves, all other arguments as given."""
        positional, named = arranged(
            self.function, {name: _filled(value, leaves) for name, value in self.template.items()}
        )
        return self.function.call(*positional, **named)

    def copies(self) -> list[Any]:
        """The leaves, copied, for a call that may write into them."""
        return [leaf.value.copy() if isinstance(leaf.value, np.ndarray) else leaf.value for leaf in self.leaves]

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Every array, number and text in the arguments, under the name Python would write."""
        for name, value in self.values.items():
            yield from _entries(name, value)


def arranged(function: UserFunction, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The values as the arguments of a call: by position as far as possible, since custom_vjp reads those, then by name."""
    named, positional = dict(values), []
    for parameter in function.parameters:
        if parameter.kind not in _BY_POSITION or parameter.name not in named:
            break
        positional.append(named.pop(parameter.name))
    return positional, named


def _entries(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _entries(f"{name}[{key!r}]", entry)
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            yield from _entries(f"{name}[{index}]", entry)
    else:
        yield name, value


def read_point(function: UserFunction, at: Sequence[str], wrt: Sequence[str], *, differentiated: bool = True) -> Point:
    """The arguments that the `--at` texts give to the function; a later one replaces an earlier one. Without a derivative
    they may be of any dtype, and not finite."""
    values: dict[str, Any] = {}
    for text in at:
        values.update(_read_at(text, function))
    _check_names(function, values)
    _add_defaults(function, values, wrt)
    _check_missing(function, values)
    leaves: list[Leaf] = []
    template = {
        name: _separated(value, name, leaves) if not wrt or name in wrt else value for name, value in values.items()
    }
    if differentiated:
        _check_leaves(function, values, leaves, wrt)
    return Point(function, values, tuple(leaves), template)


# Reading one --at


def _read_at(text: str, function: UserFunction) -> dict[str, Any]:
    name, equals, value = text.partition("=")
    name = name.strip()
    if equals and name.isidentifier():
        return {name: _read_value(value.strip(), f"--at {text}", name)}
    raw = _read_raw(text.strip(), f"--at {text}")
    if isinstance(raw, dict) and not _is_marked(raw):
        return {key: _converted(entry, f"{key} in --at {text}") for key, entry in raw.items()}
    return {_only_argument(function, text): _converted(raw, f"--at {text}")}


def _only_argument(function: UserFunction, text: str) -> str:
    named = [parameter for parameter in function.parameters if parameter.kind not in _VARIADIC]
    required = [parameter for parameter in named if parameter.default is Parameter.empty]
    if len(required) == 1:
        return required[0].name
    if not required and len(named) == 1:
        return named[0].name
    raise CommandError(
        f"--at {text} does not say which argument it is: {function.name} takes {_listed(function)}. "
        f"Write --at {named[0].name if named else 'x'}={text}"
    )


def _read_value(text: str, origin: str, name: str) -> Any:
    return _converted(_read_raw(text, origin, name), origin)


def _read_raw(text: str, origin: str, name: str = "x") -> Any:
    """What JSON or a `.npy` file holds, not yet converted."""
    if text.lower().endswith(".npy"):
        return _read_npy(Path(text))
    if text.lower().endswith(".json"):
        return _read_json_file(Path(text))
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass  # not JSON; the forms of a number that JSON lacks (.5, nan) are tried next
    try:
        return float(text)
    except ValueError:
        pass  # nor a number; a list as Python writes it, [1., 2.], or (1, 2), is tried last
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, list | tuple | dict):
        raise CommandError(
            f"{origin}: {text or 'nothing'} is neither a number, nor JSON such as [1, 2], "
            "nor a .json or .npy file. "
            f"""Text is written in double quotes inside single ones: --at '{name}="{text}"'"""
        )
    return list(value) if isinstance(value, tuple) else value


def _read_npy(file: Path) -> Array:
    _check_file(file)
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise CommandError(f"{display_path(file)} cannot be read as a .npy file: {error}") from error
    if not isinstance(array, np.ndarray):
        raise CommandError(f"{display_path(file)} is an archive of several arrays. Save one array with np.save.")
    return array


def _read_json_file(file: Path) -> Any:
    _check_file(file)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{display_path(file)} cannot be read as text: {error}") from error
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1].strip() if text.strip() else ""
        raise CommandError(f"{display_path(file)}:{error.lineno}: {line}\nnot valid JSON: {error.msg}") from error


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise CommandError(f"no such file: {file}")


# JSON to NumPy


def _converted(value: Any, origin: str) -> Any:
    """JSON numbers as float64 (integers too), regular lists of numbers as arrays, the rest as it is."""
    if isinstance(value, bool) or value is None or isinstance(value, str | np.ndarray):
        return value
    if isinstance(value, int | float):
        return np.float64(_as_float(value, origin))
    if isinstance(value, dict):
        if _is_marked(value):
            return _marked(value, origin)
        return {key: _converted(entry, origin) for key, entry in value.items()}
    if _regular_shape(value) is None:
        return [_converted(entry, origin) for entry in value]
    try:
        return np.array(value, dtype=np.float64)
    except OverflowError:
        raise CommandError(f"{origin}: a number is too large for float64.") from None


def _as_float(value: int | float, origin: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise CommandError(f"{origin}: a number is too large for float64.") from None


def _regular_shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers; None if they are ragged or hold something else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ()
    if not isinstance(value, list):
        return None
    shapes = {_regular_shape(entry) for entry in value}
    if not shapes:
        return (0,)
    inner = shapes.pop()
    return None if shapes or inner is None else (len(value), *inner)


def _is_marked(value: Mapping[str, Any]) -> bool:
    return {"dtype", "value"} <= value.keys() <= {"dtype", "value", "shape"}


def _marked(value: Mapping[str, Any], origin: str) -> Any:
    """`{"dtype": "int64", "value": [0, 1]}`: an array of the dtype that the file names."""
    try:
        dtype = np.dtype(value["dtype"])
        given = np.array(value["value"])
        array = given.astype(dtype)
        if dtype.kind in "iu" and given.dtype.kind == "f" and not np.array_equal(array, given):
            raise ValueError(f"{given[array != given].flat[0]} is not an integer")
        if "shape" in value:
            array = array.reshape(value["shape"])
    except (TypeError, ValueError, OverflowError) as error:
        raise CommandError(f"{origin}: not an array of dtype {value['dtype']!r}: {error}") from error
    return array[()] if array.ndim == 0 else array


# Names


def _listed(function: UserFunction) -> str:
    names = [
        parameter.name + ("" if parameter.default is Parameter.empty else " (has a default)")
        for parameter in function.parameters
        if parameter.kind not in _VARIADIC
    ]
    return ", ".join(names) if names else "no named argument"


def _check_names(function: UserFunction, names: Mapping[str, Any]) -> None:
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in function.parameters):
        return
    known = {parameter.name for parameter in function.parameters if parameter.kind not in _VARIADIC}
    unknown = [name for name in names if name not in known]
    if not unknown:
        return
    message = f"{function.place}\n{function.name} has no argument {', '.join(unknown)}; "
    message += f"it takes {_listed(function)}."
    if len(known) == 1 and len(unknown) == len(names) > 1:
        only = next(iter(known))
        message += f" If the whole object is {only}, write --at {only}=FILE.json"
    raise CommandError(message)


def _check_missing(function: UserFunction, values: Mapping[str, Any]) -> None:
    missing = [
        parameter.name
        for parameter in function.parameters
        if parameter.kind not in _VARIADIC and parameter.default is Parameter.empty and parameter.name not in values
    ]
    if missing:
        plural = "arguments are" if len(missing) > 1 else "argument is"
        raise CommandError(
            f"{function.place}\n{len(missing)} {plural} missing: {', '.join(missing)}. "
            + "Write "
            + " ".join(f"--at {name}=..." for name in missing)
            + ", a number, JSON such as [1, 2], or a .json or .npy file."
        )


def _add_defaults(function: UserFunction, values: dict[str, Any], wrt: Sequence[str]) -> None:
    """An argument that `--wrt` names and `--at` does not is taken at its default."""
    for name in wrt:
        default = next((p.default for p in function.parameters if p.name == name), None)
        if name not in values and (default is None or default is Parameter.empty):
            known = {p.name for p in function.parameters if p.kind not in _VARIADIC}
            if name in known and default is Parameter.empty:
                continue  # reported as missing
            raise CommandError(
                f"{function.place}\n--wrt {name}: {function.name} takes {_listed(function)}."
                + (f" {name} is None by default; give it with --at {name}=..." if name in known else "")
            )
        if name not in values:
            values[name] = default


# Leaves


def _separated(value: Any, name: str, leaves: list[Leaf]) -> Any:
    """The value with every floating array or number in it replaced by a slot, and added to the leaves."""
    if isinstance(value, float | complex) and not isinstance(value, np.generic):
        value = np.asarray(value)[()]
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in _FLOATING:
        leaves.append(Leaf(name, value))
        return _Slot(len(leaves) - 1)
    if isinstance(value, dict):
        return {key: _separated(entry, f"{name}[{key!r}]", leaves) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return _rebuilt(value, [_separated(entry, f"{name}[{index}]", leaves) for index, entry in enumerate(value)])
    return value


def _filled(value: Any, leaves: Sequence[Any]) -> Any:
    if isinstance(value, _Slot):
        return leaves[value.index]
    if isinstance(value, dict):
        return {key: _filled(entry, leaves) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return _rebuilt(value, [_filled(entry, leaves) for entry in value])
    return value


def _rebuilt(value: list[Any] | tuple[Any, ...], entries: list[Any]) -> Any:
    """A list or (named) tuple like `value`, of these entries."""
    return type(value)(*entries) if hasattr(value, "_fields") else type(value)(entries)


def _check_leaves(
    function: UserFunction, values: Mapping[str, Any], leaves: Sequence[Leaf], wrt: Sequence[str]
) -> None:
    covered = {leaf.name.split("[")[0] for leaf in leaves}
    for name in wrt or ([] if leaves else values):
        if name not in covered:
            raise CommandError(f"{function.place}\n{_why_not(name, values[name])}")
    if not leaves:
        raise CommandError(
            f"{function.place}\nnothing to differentiate: no argument is given. {function.name} takes "
            f"{_listed(function)}. Write --at NAME=VALUE, or --wrt NAME to take a default."
        )
    for leaf in leaves:
        bad = np.argwhere(~np.isfinite(leaf.array))
        if len(bad):
            index = f"[{', '.join(map(str, bad[0]))}]" if leaf.array.ndim else ""
            raise CommandError(
                f"{leaf.name}{index} is {leaf.array[tuple(bad[0])]}: a function has no derivative there. "
                "Give finite numbers."
            )


def _why_not(name: str, value: Any) -> str:
    found = [np.asarray(entry).dtype for _, entry in _entries(name, value)]
    kinds = {str(dtype) for dtype in found if dtype.kind in "iub"}
    if kinds:
        return (
            f"{name} is of type {', '.join(sorted(kinds))}, and a derivative by integers does not exist. "
            f"Give it as floating numbers: in Python {name}.astype(float), in JSON simply the numbers."
        )
    return f"{name} is {value!r:.60}, which holds no floating number to differentiate."
