"""Functions of NumPy's that cannot take traced arrays: why, and what to write instead. Raises nothing; lost.py does."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.registry import FUNCTIONS
from bibun.errors import OTHERWISE

_LENGTH = "a length is a whole number, which does not vary continuously: give an int, or int(n.astype(int))"
_FILE = "a file holds plain numbers: write np.{name}(file, x.data)"
_TEXT = 'a text has no derivative: write f"{{x:.3e}}", or np.{name}(x.data)'
_MEMORY = "a traced array has no memory of its own; x.data is the value alone"
_DATES = "it is about dates, which are whole days: no floating-point number goes in or comes out"
_FIRST = "it looks for traced arrays in its first argument alone: write np.{name}(np.asarray(a, like=x), ...)"
_PLAIN_CLASS = "np.matrix holds plain numbers: write x, and np.block([[a, b], [c, d]]) instead of np.bmat"


def _alike(names: str, text: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), text)


# By the name: a reason and an advice, to be read after "np.name: ".
_INSTEAD = {
    **_alike("hanning hamming blackman bartlett tri tril_indices triu_indices mask_indices diag_indices eye identity ndindex "
        "indices", _LENGTH),
    **_alike("save savez savez_compressed savetxt", _FILE),
    **_alike("format_float_scientific format_float_positional base_repr binary_repr", _TEXT),
    **_alike("shares_memory may_share_memory from_dlpack", _MEMORY),
    **_alike("is_busday busday_count busday_offset datetime_as_string isnat", _DATES),
    **_alike("matrix asmatrix bmat", _PLAIN_CLASS),
    **_alike("pad piecewise full_like", _FIRST),
    "apply_along_axis": "it looks for traced arrays in arr alone: write np.apply_along_axis(f, axis, np.asarray(arr, like=x))",
    "select": (
        "it asks neither the default nor lists among the choices: write np.select([*conditions, True], [*choices, x])"
    ),
    "fill_diagonal": "it looks for traced arrays in its first argument alone: make that with a = np.asarray(a, like=x)",
    "kaiser": (
        "it makes a plain array: with t = np.arange(M) * 2 / (M - 1) - 1 write np.i0(beta * np.sqrt(1 - t * t)) / np.i0(beta)"
    ),
    "arange": "how many entries it has goes in steps: write start + step * np.arange(n)",
    "asarray_chkfinite": "it makes a plain array: write x, and np.isfinite(x).all() for the check",
    "require": "it is about memory, which a traced array does not have: write x, or x.astype(dtype)",
    "fromiter": "it makes a plain array: write np.stack(list(x))",
    "as_strided": "it reads memory, which a traced array does not have: write sliding_window_view, or index x",
    "ndenumerate": "it gives plain numbers: write ((i, x[i]) for i in np.ndindex(x.shape))",
    "nditer": "it gives plain numbers: write for i in np.ndindex(x.shape) with x[i], or for entry in np.ravel(x)",
    "broadcast": "it gives plain numbers: write np.broadcast_arrays(x, y), np.broadcast_shapes(x.shape, y.shape) for the shape",
    "min_scalar_type": "of a number it looks at the value: write x.dtype, or np.min_scalar_type(x.data)",
    "mintypecode": "it takes letters of dtypes: write x.dtype.char",
    "record": "a record holds plain numbers: write a dict or a dataclass of arrays",
    "void": "it holds bytes, which have no derivative: write a dict or a dataclass of arrays",
    "bytes_": "bytes have no derivative: write x.data.tobytes() for those of the value alone",
}  # fmt: skip


_ROOMS = {  # where functions of a module are found, and how users write that
    "numpy.linalg": ("np.linalg", np.linalg),
    "numpy.fft": ("np.fft", np.fft),
    "numpy.lib._scimath_impl": ("np.emath", np.emath),
}


def instead(name: str) -> str:
    """What to say of np.name where it meets a traced array; "" where nothing is known of it in particular."""
    found = vars(np).get(name)
    if name in _INSTEAD:
        return f"np.{name}: {_INSTEAD[name].format(name=name)}"
    if isinstance(found, type) and issubclass(found, np.generic):
        return f"np.{name} makes a plain number: write x.astype(np.{name})"
    return ""


def _found(module: str, name: str) -> tuple[str, Any]:
    """How users write the module, and what it has of that name."""
    room = next((room for room in _ROOMS if module.startswith(room)), "numpy")
    written, public = _ROOMS.get(room, ("np", np))
    return written, vars(public).get(name)


_OF_ARRAYS = {"_amax": "max", "_amin": "min"} | {
    f"_{name}": name for name in ("sum", "prod", "mean", "var", "std")
}  # methods
_TOLERANCES = ("rcond", "rtol", "tol")


def of_an_argument(module: str, name: str, argument: str, first: str) -> str:
    """What to say of a function of NumPy's that looks for traced arrays in other arguments; "" of one that is not known."""
    if module == "numpy._core._methods":
        name = _OF_ARRAYS.get(name, name)
    written, found = _found(module, name)
    if found not in FUNCTIONS or argument == first or module.startswith("numpy.polynomial"):
        return ""
    if argument in _TOLERANCES:
        return f"{argument}= of {written}.{name} is a bound for a decision, which goes in steps: give a number, {argument}=x.data"
    if argument == "out":
        return f"a method of a plain array takes a plain out=: write {written}.{name}(a, ..., out=x)"
    traced = "y" if first == "x" else "x"
    call = f"{written}.{name}(np.asarray({first}, like={traced}), ..., {argument}={traced})"
    return f"{written}.{name} does not look for traced arrays in {argument}=: write {call}"


def of_a_list(module: str, name: str) -> str:
    """What to say of a function of NumPy's that made a plain array of what it was given, before anybody could stand in."""
    written, found = _found(module, name)
    if found is not None and found not in FUNCTIONS:
        return f"{written}.{name} makes plain arrays of its arguments. Write it with functions that have a rule, or {OTHERWISE}"
    return f"{written}.{name} makes a plain array of a list: write np.stack([x, y]) instead of [x, y]"
