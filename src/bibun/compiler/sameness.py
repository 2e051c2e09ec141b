"""What a function is made of, as a text: two functions of one text, in whatever process, do the same with the same arguments.

The text names the code, and the value of everything that the code reads from around it, as it is now. Where something is not
known (an array, an object, a library's state, chance, a file) there is no text, and nobody may say that it is the same. Code
may change lists, dicts and variables around it: who keeps a text has to see that it is still the same after a run.

Which value is read is known of a global, and of attributes that follow a module in the code: np.linalg.norm. Any other
attribute, x.sum, is of a value that is known when the code runs. Such values are arrays, numbers, texts, containers, functions,
and modules that somebody has passed on. So it has to be the name of a method of the former, and of no attribute of a function;
of each of the modules the text says what is found there.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, reduce
from os.path import dirname, join  # of names: pathlib takes a while for each of many functions
from types import BuiltinFunctionType, CellType, CodeType, EllipsisType, FunctionType, ModuleType, NoneType
from typing import Any

import numpy as np

from bibun import errors
from bibun.arrays.registry import FUNCTIONS, PLAIN
from bibun.compiler.exactly import InexactError, exactly
from bibun.compiler.source.arguments import Slot

_OURS = join(dirname(errors.__file__), "")  # noqa: PTH118, PTH120
_ROOMS = tuple(join(_OURS, room, "") for room in ("arrays", "interpreters", "numpy", "transforms"))  # noqa: PTH118
_CHANCE = join(_OURS, "numpy", "random.py")  # noqa: PTH118
_STOPPING = join(_OURS, "transforms", "stopping.py")  # noqa: PTH118
_NUMPY = join(dirname(np.__file__), "")  # noqa: PTH118, PTH120

_PLAIN = (bool, int, float, complex, str, bytes, NoneType, EllipsisType, np.generic, np.dtype)
_CALLABLES = (type, BuiltinFunctionType, FunctionType, np.ufunc, type(np.sum))
_MISSING: Any = object()
_MOST = 20_000  # steps of code, and entries of containers, that are looked at: 20 ms

# ---- libraries: what is the same in every process with these versions of them --------------------------------

_BUILTINS = (
    "abs", "all", "any", "bool", "bytes", "callable", "complex", "dict", "divmod", "enumerate", "filter", "float", "int",
    "isinstance", "issubclass", "iter", "len", "list", "map", "max", "min", "next", "pow", "range", "reversed", "round", "slice",
    "sorted", "str", "sum", "tuple", "zip",
)  # fmt: skip
_MODULES = ("_operator", "cmath", "itertools", "math")  # written in C: all of their functions and iterators
_NUMPYS = (
    "bartlett", "blackman", "diag_indices", "dtype", "finfo", "hamming", "hanning", "iinfo", "indices", "kaiser", "mask_indices",
    "ndarray", "ndenumerate", "tril_indices", "triu_indices",
)  # fmt: skip

# ---- code: steps that reach nothing but variables and values ----------------------------------------------

_FAMILIES = (
    "COPY", "DICT_", "FORMAT_", "JUMP_", "LIST_", "LOAD_FAST", "POP_JUMP_", "RETURN_", "STORE_FAST", "UNARY_", "UNPACK_",
)  # fmt: skip
_STEPS = (
    "BINARY_OP", "BINARY_SLICE", "BINARY_SUBSCR", "BUILD_CONST_KEY_MAP", "BUILD_LIST", "BUILD_MAP", "BUILD_SLICE",
    "BUILD_STRING", "BUILD_TUPLE", "CALL", "CALL_FUNCTION_EX", "CALL_INTRINSIC_1", "CALL_KW", "COMPARE_OP", "CONTAINS_OP",
    "CONVERT_VALUE", "DELETE_FAST", "DELETE_SUBSCR", "END_FOR", "EXTENDED_ARG", "FOR_ITER", "GET_ITER", "GET_LEN", "IS_OP",
    "KW_NAMES", "LOAD_ASSERTION_ERROR", "LOAD_ATTR", "LOAD_CLOSURE", "LOAD_COMMON_CONSTANT", "LOAD_CONST", "LOAD_DEREF",
    "LOAD_GLOBAL", "LOAD_METHOD", "LOAD_SMALL_INT", "MAKE_CELL", "MAKE_FUNCTION", "MAP_ADD", "NOP", "NOT_TAKEN", "POP_ITER",
    "POP_TOP", "PRECALL", "PUSH_NULL", "RAISE_VARARGS", "RERAISE", "RESUME", "SET_FUNCTION_ATTRIBUTE", "STORE_DEREF",
    "STORE_SLICE", "STORE_SUBSCR", "SWAP", "TO_BOOL", "YIELD_VALUE",
)  # fmt: skip
_WRITING = ("STORE_SUBSCR", "STORE_SLICE", "DELETE_SUBSCR")
_WRITERS = {
    "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update",
}  # fmt: skip
_SINGLE = ("None", "True", "False", "Ellipsis")  # of these `is` says the same in every process
_EQUALITY = ("==", "!=", "bool(==)", "bool(!=)")
_NOW = ("now", "today")  # as a date, NumPy takes these for that of the clock
_INTRINSICS = ("INTRINSIC_LIST_TO_TUPLE", "INTRINSIC_STOPITERATION_ERROR", "INTRINSIC_UNARY_POSITIVE")

_VALUES = (np.ndarray, np.float64, np.dtype, complex, float, int, str, bytes, tuple, list, dict, range, slice)
_TELLING = {"base", "ctypes", "data", "dump", "dumps", "flags", "format", "format_map", "setflags", "strides", "tofile"}
_METHODS = {
    "accumulate", "at", "outer", "reduce", "reduceat", "bits", "eps", "max", "min", "smallest_normal", "tiny",  # ufuncs, finfo
    "Q", "R", "S", "U", "Vh", "eigenvalues", "eigenvectors", "logabsdet", "sign",  # of what np.linalg returns
    *(name for kind in _VALUES for name in dir(kind) if not name.startswith("_") and name not in _TELLING),
}  # fmt: skip


def sameness(f: Callable[..., Any], args: Iterable[Any], kwargs: Mapping[str, Any]) -> str:
    """The text of a call of f, with slots for what varies from call to call. Raises InexactError."""
    if not _is_as_imported():
        raise InexactError("NumPy has other functions than its own")
    look = _Look()
    try:
        parts = look.of(f), look.of(tuple(args)), look.of(dict(kwargs)), *look.of_modules()
        look.check()
        return "\n".join([*parts, repr(np.get_printoptions())])  # as which texts are made of arrays
    except RecursionError as error:
        raise InexactError("functions of functions") from error


def computes_in_loops(f: Callable[..., Any], arguments: Iterable[Any]) -> list[np.ndarray[Any, Any]] | None:
    """The arrays around f, where a call of it runs loops, and it is known that it leaves all else as it was; otherwise None.
    arguments: leaves, slots for what varies."""
    look = _Look(arrays=True)
    try:
        for value in (f, *arguments):
            look.of(value)
        look.of_modules()
        look.check()
    except (InexactError, RecursionError):
        return None
    return look.arrays if look.loops and not look.may_write() and _is_as_imported() else None


class _Look:
    """One look at a function. `modules`: those that somebody passes on; `attributes`: names that are read of any value.
    `arrays`: whether it may read some, and those that are there."""

    def __init__(self, *, arrays: bool = False) -> None:
        self.loops = False
        self._arrays = arrays
        self.arrays: list[np.ndarray[Any, Any]] = []
        self._writes = self._written = False  # whether code writes into things, and there are some to write into
        self.modules: dict[int, ModuleType] = {}
        self.attributes: set[str] = set()
        self._nan = self._compares = False  # whether there is a nan, and whether things are equal or in one another
        self._hidden = set(_TELLING)  # those that are not looked into, of functions too
        self._seen: dict[int, tuple[int, Any]] = {}  # numbered, by identity; kept alive, so that it stays theirs
        self._left = _MOST

    def of(self, value: Any) -> str:
        """Of a value that the code can reach."""
        kind = type(value)
        if isinstance(value, _PLAIN):
            return self._plain(value)
        if kind is Slot:
            return "slot"
        if kind in (range, slice):
            return f"{kind.__name__}({','.join(map(self.of, (value.start, value.stop, value.step)))})"
        name = _of_a_library(value) if isinstance(value, _CALLABLES) else ""
        if name:
            self._hidden |= set() if isinstance(value, type) else getattr(value, "__dict__", {}).keys()
            return name
        if kind in (FunctionType, CellType, ModuleType, list, dict):  # two of them that are alike are not one
            if id(value) in self._seen:
                return f"again {self._seen[id(value)][0]}"
            self._seen[id(value)] = len(self._seen), value
        self._written |= kind in (list, dict)
        if kind is np.ndarray and self._arrays:
            self.arrays.append(value)
            return "array"
        if kind is CellType:
            return f"cell({self._content(value)})"
        if kind is ModuleType:
            self.modules[id(value)] = value
            return f"module {value!r} {sys.modules.get(value.__name__) is value}"
        if kind is FunctionType:
            return self._function(value)
        if kind is partial and not vars(value):
            return f"partial({self.of(value.func)},{self.of(value.args)},{self.of(value.keywords)})"
        if kind not in (tuple, list, dict, frozenset):
            raise InexactError(f"a {kind.__name__}")
        if kind is frozenset and not all(type(part) is int for part in value):
            raise InexactError("a set, whose order is another one in each process")
        self._spend(len(value))
        if kind is dict and any(map(_is_nan, value)):
            raise InexactError("nan as a key, which is found by what object it is")
        parts = (
            (f"{self.of(key)}:{self.of(part)}" for key, part in value.items()) if kind is dict else map(self.of, value)
        )
        return f"{kind.__name__}({','.join(parts)})"

    def _content(self, cell: CellType) -> str:
        try:
            return self.of(cell.cell_contents)
        except ValueError:
            raise InexactError("a variable that has no value yet") from None

    def _plain(self, value: Any) -> str:
        if isinstance(value, (str, bytes)):
            self._spend(len(value) // 100)
            if isinstance(value, str) and value.strip().lower() in _NOW:
                raise InexactError(f"{value!r}, which may be a time")
        elif type(value) is int and value.bit_length() > 10_000:
            raise InexactError("a number of thousands of digits")
        self._nan |= _is_nan(value)
        return exactly(value)

    def of_modules(self) -> list[str]:
        """What each module that is passed on has under each name that is read of any value."""
        texts: dict[tuple[int, str], str] = {}
        there = set(_METHODS)
        while new := [(n, name) for n in self.modules for name in sorted(self.attributes) if (n, name) not in texts]:
            for n, name in new:  # a function that is found there reads names too
                value = _member(self.modules[n], name)
                texts[n, name] = "" if value is _MISSING else self.of(value)
                there |= set() if value is _MISSING else {name}
        strange = {name for name in self.attributes if name.startswith("__")} | (
            self.attributes - (there - self._hidden)
        )
        if strange:
            raise InexactError(f"attributes {', '.join(sorted(strange))}")
        return list(texts.values())

    def check(self) -> None:
        """Raise where a nan may be looked for in a container, which finds it by what object it is."""
        if self._nan and (self._compares or not self.attributes.isdisjoint(("count", "index", "remove"))):
            raise InexactError("nan, and something that is looked for")

    def may_write(self) -> bool:
        """Whether it may change containers or variables around it."""
        return self._written and (self._writes or not self.attributes.isdisjoint(_WRITERS))

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise InexactError("it is too long to be looked through")

    def _function(self, function: FunctionType) -> str:
        code = function.__code__
        self._hidden |= vars(function).keys()
        ours = code.co_filename.startswith(_OURS)
        if ours and (
            not code.co_filename.startswith(_ROOMS) or code.co_filename == _CHANCE or code.co_name == "<lambda>"
        ):
            raise InexactError(f"{code.co_qualname} of bibun")
        if self._arrays and code.co_filename == _STOPPING:
            raise InexactError("a gradient is stopped, of which plain values know nothing")
        around = *(function.__closure__ or ()), function.__defaults__, tuple((function.__kwdefaults__ or {}).items())
        place = f"{code.co_filename.removeprefix(_OURS)}:{code.co_firstlineno} {code.co_qualname}"  # its files are in the key
        return f"function({place if ours else self._code(code, function)};{','.join(map(self.of, around))})"

    def _code(self, code: CodeType, function: FunctionType) -> str:
        self._spend(len(code.co_code) // 2)
        counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
        names = code.co_qualname, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
        constants = [self._code(c, function) if isinstance(c, CodeType) else self.of(c) for c in code.co_consts]
        steps = list(dis.get_instructions(code))
        variables = any(step.opname == "STORE_DEREF" and step.argval in code.co_freevars for step in steps)
        self._written |= variables or (code is not function.__code__ and bool(code.co_freevars))  # whatever these hold
        self._writes |= variables or any(step.opname in _WRITING for step in steps)
        self.loops |= any("BACKWARD" in step.opname for step in steps)
        self._compares |= any(map(_compares, steps))
        read = map(self.of, _read(steps, function, self.attributes))
        exact = f"{code.co_code.hex()} {code.co_exceptiontable.hex()} {counts} {names}"
        return f"code({exact};{','.join(constants)};{','.join(read)})"


def _read(steps: Iterable[dis.Instruction], function: FunctionType, attributes: set[str]) -> Iterator[Any]:
    """The values that code of a function reads from around it, in the order of the code; those of nested code aside. Names
    that it reads of any value join the attributes."""
    module: Any = None  # it has been read by the step before
    single = False  # whether the step before has read what there is one of
    for step in steps:
        known = step.opname in _STEPS or step.opname.startswith(_FAMILIES)
        if not known or (step.opname == "CALL_INTRINSIC_1" and step.argrepr not in _INTRINSICS):
            raise InexactError(f"{step.opname} {step.argrepr}")
        if step.opname == "IS_OP" and not single:
            raise InexactError("one object is asked whether it is another one")
        value: Any = _MISSING
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            if module is not None and not step.is_jump_target:
                value, module = _member(module, step.argval), None
                if value is _MISSING:
                    raise InexactError(f"{step.argval} is not there")
            else:
                attributes.add(step.argval)
        elif step.opname == "LOAD_GLOBAL":
            value = _global(function, step.argval)
        if module is not None:  # somebody is given it
            yield module
        single = isinstance(value, type) or (step.opname == "LOAD_CONST" and step.argrepr in _SINGLE)
        module = value if type(value) is ModuleType else None
        if module is None and value is not _MISSING:
            yield value


def _compares(step: dis.Instruction) -> bool:
    return step.opname == "CONTAINS_OP" or (step.opname == "COMPARE_OP" and step.argrepr in _EQUALITY)


def _is_nan(value: Any) -> bool:
    return isinstance(value, (float, complex, np.inexact)) and bool(value != value)


def _global(function: Any, name: str) -> Any:
    for scope in (function.__globals__, function.__builtins__):
        if name in scope:
            return scope[name]
    raise InexactError(f"{name} has no value")


def _member(module: ModuleType, name: str) -> Any:
    """What a module has under a name, or _MISSING."""
    value = vars(module).get(name, _MISSING)
    if value is _MISSING and "__getattr__" in vars(module) and name in dir(module):
        if module.__name__.partition(".")[0] not in ("bibun", "numpy", "scipy"):  # these import on demand
            raise InexactError(f"{module.__name__} finds {name} by itself")
        value = getattr(module, name, _MISSING)
    return value


# ---- libraries --------------------------------------------------------------------------------------------


def _of_a_library(value: Any) -> str:
    """The name of a function or class of Python's or NumPy's that computes the same in every process; "" for others."""
    module, name = getattr(value, "__module__", None), value.__name__
    for home in ("numpy", "scipy.special") if module is None else (module,):
        if _is_known(home, name, value) and getattr(sys.modules.get(home), name, None) is value:
            return f"{home}.{name}"
    return ""


def _is_known(home: str, name: str, value: Any) -> bool:
    if isinstance(value, FunctionType) and not value.__code__.co_filename.startswith(_NUMPY):
        return False  # it may have the names of what it wraps
    if home == "builtins":
        return name in _BUILTINS or (isinstance(value, type) and issubclass(value, BaseException))
    if home in _MODULES or value is partial or value is reduce:
        return True
    if home == "scipy.special":
        return isinstance(value, np.ufunc)
    if home.partition(".")[0] != "numpy":
        return False
    scalar = isinstance(value, type) and issubclass(value, (np.number, np.bool))  # no dates: they ask the clock
    return scalar or name in _NUMPYS or value in FUNCTIONS or value in PLAIN


def _is_as_imported() -> bool:
    """Whether NumPy's functions are where they were when bibun was imported, which calls them too."""
    for function in FUNCTIONS:
        home = getattr(function, "__module__", None) or ""
        if (
            home.partition(".")[0] == "numpy"
            and getattr(sys.modules.get(home), function.__name__, None) is not function
        ):
            return False
    return True
