"""What code needs of the process: addresses of CPython, NumPy, BLAS and of arrays, in one table that code reads.

Machine code holds no address itself, so that it can be kept on disk and loaded by another process.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ExtensionFileLoader, PathFinder
from importlib.util import module_from_spec
from typing import Any

import numpy as np

from bibun.compiler.native.once import once

_PYTHON = (
    "PyObject_Vectorcall", "PyTuple_New", "PyList_New", "PyDict_New", "PyDict_Size", "PyDict_Next", "PyDict_SetItem",
    "PyFloat_FromDouble", "PyComplex_FromDoubles", "PyLong_FromLongLong", "PyLong_AsLongLong", "PyType_GenericAlloc",
    "Py_DecRef", "Py_IncRef", "PyObject_RichCompareBool", "PyErr_Occurred", "PyErr_Clear",
    "PyEval_SaveThread", "PyEval_RestoreThread",
)  # fmt: skip
_NUMPY_API = {"PyArray_New": 93}
_C = ("aligned_alloc", "free", "memcmp")


def address(thing: Any) -> int:
    """Of a C function that ctypes knows."""
    return int(ctypes.cast(thing, ctypes.c_void_p).value or 0)


def _numpy_table() -> Any:
    from numpy._core import _multiarray_umath as module  # type: ignore[attr-defined]

    get: Any = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return ctypes.cast(get(module._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))


@once
def process_addresses() -> dict[str, int]:
    """By name, what is the same for all programs of the process."""
    found = {name: address(getattr(ctypes.pythonapi, name)) for name in _PYTHON}
    library = ctypes.CDLL(None)
    found |= {name: address(getattr(library, name)) for name in _C}
    table = _numpy_table()
    found |= {name: int(table[slot]) for name, slot in _NUMPY_API.items()}
    found["ndarray"] = id(np.ndarray)
    found |= {kind.__name__: id(kind) for kind in (float, int, complex, tuple, list, dict)}
    found["True"], found["False"] = id(True), id(False)
    for scalar in ("float64", "float32", "int64", "int32", "bool", "complex128", "complex64"):
        found[f"np.{scalar}"] = id(np.dtype(scalar).type)
    found["np.True"], found["np.False"] = id(np.True_), id(np.False_)
    return found


def _extension(name: str) -> Any:
    """An extension module of SciPy by itself: to import all of scipy.linalg takes ten times as long."""
    if "scipy.linalg" not in sys.modules:
        try:
            spec = PathFinder.find_spec(name, [f"{folder}/linalg" for folder in import_module("scipy").__path__])
            if spec is not None and isinstance(spec.loader, ExtensionFileLoader):
                module = module_from_spec(spec)
                spec.loader.exec_module(module)
                sys.modules.pop(name, None)  # so that a later import makes it an attribute of its package
                return module
        except (ImportError, AttributeError):
            return import_module(name)  # this SciPy's extensions need their package
    return import_module(name)


@once
def blas() -> dict[str, int]:
    """SciPy's BLAS and LAPACK routines, by name; empty where SciPy is not installed."""
    return {name: found for name in (*_BLAS, *_LAPACK) if (found := routine(name))}


def routine(name: str) -> int | None:
    """The address of one of them: LAPACK's are not loaded for a routine of BLAS."""
    return (_blas() if name in _BLAS else _lapack()).get(name)


@once
def _blas() -> dict[str, int]:
    return _routines("scipy.linalg.cython_blas", _BLAS)


@once
def _lapack() -> dict[str, int]:
    return _routines("scipy.linalg.cython_lapack", _LAPACK)


def _routines(module: str, names: Sequence[str]) -> dict[str, int]:
    try:
        table = _extension(module).__pyx_capi__
    except ImportError:
        return {}
    get_name: Any = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get: Any = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return {name: int(get(table[name], get_name(table[name]))) for name in names if name in table}


_BLAS = ("dgemm", "sgemm", "dsyrk", "ssyrk", "dgemv", "sgemv", "dtrsm", "dtrsv")
_LAPACK = ("dpotrf", "dgetrf", "dgetrs", "dgetri", "dsyevd", "dgesdd", "dgeqrf", "dorgqr", "dgtsv")


class Context:
    """The table of one program: process addresses first, then captured arrays, calls into Python, routines.

    `origins`: what another process makes each entry of, but for the first (native/plan.py).
    """

    def __init__(self) -> None:
        self.slots: dict[str, int] = {"slow": 0}
        self.kept: list[Any] = []  # what the addresses belong to
        self.origins: list[tuple[Any, ...]] = []
        self._values: list[Callable[[], int]] = [lambda: 0]

    def slot(self, name: str, value: Callable[[], int], origin: tuple[Any, ...]) -> int:
        """The number of an entry, added where it is new."""
        if name not in self.slots:
            self.slots[name] = len(self._values)
            self._values.append(value)
            self.origins.append(origin)
        return self.slots[name]

    def of_process(self, name: str) -> int:
        """The entry of a name of process_addresses."""
        return self.slot(name, lambda: process_addresses()[name], ("process", name))

    def routine(self, name: str) -> int:
        """The entry of a BLAS routine."""
        return self.slot(name, lambda: routine(name) or 0, ("routine", name))

    def held(self, name: str, thing: Any, origin: tuple[Any, ...]) -> int:
        """The entry of a Python object, kept alive."""
        if name not in self.slots:
            self.kept.append(thing)
        return self.slot(name, lambda: id(thing), origin)

    def array(self, name: str, array: np.ndarray[Any, Any]) -> int:
        """The entry of an array's memory; the array is kept alive."""
        self.kept.append(array)
        return self.slot(name, lambda: array.__array_interface__["data"][0], ("array", array))

    def table(self, slow: Any) -> Any:
        """The addresses, as memory that code can read; entry 0 is a callable for all that the program cannot do."""
        return (ctypes.c_uint64 * len(self._values))(id(slow), *[value() for value in self._values[1:]])
