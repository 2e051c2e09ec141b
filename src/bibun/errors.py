"""The errors of bibun, and where in the user's code they happened. A message says what, why, and what to write."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Container, Iterator
from contextlib import suppress
from inspect import CO_VARARGS, CO_VARKEYWORDS, Signature
from itertools import islice
from os.path import dirname
from time import time_ns
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

LOADED = time_ns()  # before any other file of bibun is: what is written later is not what runs (compiler/keys.py)
_HERE = dirname(__file__)  # noqa: PTH120  pathlib would cost a twentieth of importing numpy
_PYTHON = f"{dirname(warnings.__file__)}/"  # noqa: PTH120  where Python's own library is
_INSTALLED = ("site-packages", "dist-packages")  # beneath it, where other people's code is
_ON_THE_WAY = tuple(f"{_HERE}/{room}" for room in ("arrays", "core", "interpreters"))  # from NumPy to a row

# What is left where there is no rule: the same words in every message.
OTHERWISE = (
    "give the derivative yourself (a Function, bibun.custom_vjp, bibun.custom_jvp), or take the numerical one, with its error "
    "bar: bibun.numerical_fallback(f)"
)


class BibunError(Exception):
    """The base of all errors of bibun."""


class LostDerivativeError(BibunError, TypeError):
    """A Variable would become a plain number, and its derivative would be silently lost."""


class NoDerivativeError(BibunError, TypeError):
    """A derivative was asked of something that has none."""


class DerivativeValueError(BibunError, ValueError):
    """A derivative was asked of a value that does not allow it: a vector output, repeated eigenvalues, ..."""


class WrongDerivativeError(BibunError, AssertionError):
    """A check found a derivative that differs from the truth by more than the error bars allow."""


class CompileWarning(UserWarning):
    """A compiled function runs plainly, which is slower: the message says why."""


class UnrecordableError(BibunError):
    """The run uses something that a recording cannot stand for; the function has to run plainly. `once`: this time."""

    def __init__(self, why: str, *, once: bool = False) -> None:
        super().__init__(why)
        self.once = once


class MutatedArrayError(BibunError, RuntimeError):
    """A large array that the tape keeps by reference was changed before the derivative was taken."""

    def __init__(self, shape: tuple[int, ...], captured: Location | None, used: Location | None) -> None:
        super().__init__(
            f"an array of shape {shape}, recorded at {captured}, was changed before the derivative that needs it was "
            f"taken at {used}. Arrays above 16 MiB are not copied when they are recorded. Change a copy instead "
            "(array = array.copy()), or take the derivative first."
        )


_ENTRIES = (".flat", ".real", ".imag")  # attributes of an array that are entries of it


class Location(NamedTuple):
    """A place in the user's code."""

    file: str
    line: int
    expression: str
    stores: bool  # an assignment to entries: target[key] = value, target.flat = value

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place} ({self.expression})" if self.expression else place

    def method(self) -> tuple[str, str]:
        """Of a call owner.name(...), which the expression is as a whole: the text of its owner, and its name; else "", ""."""
        import ast  # here, as errors are rare

        try:
            called = ast.parse(self.expression, mode="eval").body
        except SyntaxError:  # a part of a longer one, or a statement
            return "", ""
        if isinstance(called, ast.Call) and isinstance(called.func, ast.Attribute):
            return ast.unparse(called.func.value), called.func.attr
        return "", ""


def user_location() -> Location | None:
    """The innermost line that belongs to none of bibun, numpy, scipy and Python's own library; None where there is none."""
    frame = _user_frame()
    if frame is None:
        return None
    from opcode import opmap  # here, as linecache below: errors are rare, imports are not

    code, at = frame.f_code, frame.f_lasti
    stores = at >= 0 and code.co_code[at] == opmap["STORE_SUBSCR"]
    expression = _expression(code, frame.f_lineno, at, whole=stores)
    if at >= 0 and code.co_code[at] == opmap["STORE_ATTR"] and expression.endswith(_ENTRIES):
        stores, expression = True, _expression(code, frame.f_lineno, at, whole=True)
    return Location(code.co_filename, frame.f_lineno, expression, stores)


def user_line() -> str:
    """file:line of the innermost line of the user's; quicker than user_location."""
    frame = _user_frame()
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def warn(message: str, category: type[Warning]) -> None:
    """A warning at the innermost line of the user's."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and _is_library(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, level if frame is not None else 2)


def scipy_function() -> tuple[str, str]:
    """The module and the function of SciPy that the user's line called, where the call went through Python; else "", "".

    Decorators stand around many functions of SciPy, in its private modules: for them stands the function that they call, `f`.
    """
    found = "", ""
    for frame in _library_frames():
        module = str(frame.f_globals.get("__name__", ""))
        inside = frame.f_locals
        decorated = inside.get("f") if module.startswith("scipy._lib") else None
        if frame.f_code.co_name in _WRAPPERS:
            decorated = inside.get(_WRAPPERS[frame.f_code.co_name])
        if callable(decorated):
            found = str(decorated.__module__), str(decorated.__name__)
        elif _package(frame) == "scipy" and not (found[1] and module.startswith("scipy._lib")):
            found = module, _method(inside.get("self"), frame.f_code.co_name)
    found = found if found[1] else _named_in_the_line()
    return found if found[0].startswith("scipy.") else ("", "")


def asked_by(package: str, functions: Container[str] = ()) -> bool:
    """Whether a library made the call of NumPy's: any function of it, or one of these."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_ON_THE_WAY):
        frame = frame.f_back
    if frame is None or (functions and frame.f_code.co_name not in functions):
        return False
    return f"{frame.f_globals.get('__name__')}.".startswith(f"{package}.")


_WRAPPERS = {"__ua_function__": "fn", "axis_nan_policy_wrapper": "hypotest_fun_in"}  # and what they call there


def _method(owner: Any, name: str) -> str:
    """Of a family of distributions, with its name; where an object is made or called, the name of its class."""
    made = owner is not None and name in ("__init__", "__call__")
    owner = getattr(owner, "dist", owner)  # of a distribution with its parameters
    words = type(owner).__name__.rpartition("_")
    if words[2] in ("gen", "frozen"):  # norm_gen
        return words[0] if made else f"{words[0]}.{name if name != 'wrapper' else 'fit'}"
    if owner is None or not type(owner).__module__.startswith("scipy."):
        return name
    return type(owner).__name__ if made else f"{type(owner).__name__}.{name}"


def _named_in_the_line() -> tuple[str, str]:
    """Of a function that is not written in Python, and has no frame: its module and name, as the user's line names it."""
    frame, place = _user_frame(), user_location()
    words = place.expression.partition("(")[0].split(".") if place else [""]
    found = frame.f_locals.get(words[0], frame.f_globals.get(words[0])) if frame else None
    for word in words[1:]:
        found = getattr(found, word, None) if isinstance(found, ModuleType) else None
    found = found if hasattr(found, "__name__") else type(found)
    return (str(getattr(found, "__module__", "")), found.__name__) if callable(found) else ("", "")


def python_function() -> tuple[str, str]:
    """The module and the qualified name of the function of Python's own library that the user's line called; or "", ""."""
    outermost = None
    for outermost in _library_frames():
        if not outermost.f_code.co_filename.startswith((_HERE, _PYTHON)):
            return "", ""  # NumPy's and SciPy's functions say more
    if outermost is None or not _is_python(outermost):
        return _named_in_the_line()
    return str(outermost.f_globals.get("__name__", "")), outermost.f_code.co_qualname


def numpy_function() -> tuple[str, str]:
    """The module and the qualified name of the function of NumPy, written in Python, that the user's line called; or ""."""
    found = "", ""
    for frame in _library_frames():
        if _package(frame) == "numpy":
            found = str(frame.f_globals["__name__"]), frame.f_code.co_qualname
    return found


def numpy_arguments() -> dict[str, Any]:
    """The arguments of that function by name, the first of them first."""
    found: dict[str, Any] = {}
    for frame in _library_frames():
        if _package(frame) == "numpy":
            code, values = frame.f_code, frame.f_locals
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            found = {name: values[name] for name in names if name in values}
    return found


def own_function() -> tuple[str, dict[str, Any]]:
    """The function of bibun.scipy that the user's line called, as it is imported, and its arguments by name; or "", {}."""
    frame = None
    for called in _library_frames():
        # the last one; what runs a thread is no function of a user's line
        frame = frame if _is_python(called) else called
    if (
        frame is None
        or not str(frame.f_globals.get("__name__", "")).startswith("bibun.scipy.")
        or "self" in frame.f_locals
    ):
        return "", {}
    inside, code = frame.f_locals, frame.f_code
    function, parameters = (
        inside.get("function"),
        inside.get("parameters"),
    )  # those of a decorator's, see scipy/_calls.py
    if callable(function) and isinstance(parameters, Signature):
        with suppress(TypeError):
            return str(function.__name__), dict(parameters.bind(*inside["args"], **inside["settings"]).arguments)
        return "", {}
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[:count]
    more = code.co_varnames[count + bool(code.co_flags & CO_VARARGS)] if code.co_flags & CO_VARKEYWORDS else ""
    return code.co_name, {name: inside[name] for name in names if name in inside} | inside.get(more, {})


def located() -> str:
    """The beginning of a message that names the place in the user's code."""
    place = user_location()
    return f"at {place}: " if place else ""


def _user_frame() -> FrameType | None:
    frame = sys._getframe(1).f_back
    while frame is not None and _is_library(frame):
        frame = frame.f_back
    return frame


def _library_frames() -> Iterator[FrameType]:
    """Those that the user's line has called, the innermost first; without that of who asks, which could not hold itself."""
    frame = sys._getframe(1).f_back
    while frame is not None and _is_library(frame):
        yield frame
        frame = frame.f_back


def _is_library(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith(_HERE) or _package(frame) in ("numpy", "scipy") or _is_python(frame)


def _is_python(frame: FrameType) -> bool:
    """Whether it is of Python's own library, as random and statistics are."""
    file = frame.f_code.co_filename
    return file.startswith(_PYTHON) and not any(folder in file for folder in _INSTALLED)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _expression(code: CodeType, line: int, instruction: int, *, whole: bool) -> str:
    """The source text of the expression at an instruction, where the interpreter knows its columns; else of the line."""
    import linecache

    first, last, start, end = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    text = linecache.getline(code.co_filename, line)
    if whole or first != line or last != line or start is None or end is None:
        return text.strip()
    return text.encode()[start:end].decode(errors="replace").strip()  # columns count bytes
