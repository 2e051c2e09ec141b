"""NumPy's protocols: from a ufunc or a function of NumPy to our row or stand-in for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import in_place, lost
from bibun.arrays.registry import FUNCTIONS
from bibun.core.traced import Traced
from bibun.errors import NoDerivativeError, user_location

_REDUCE = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min,
           np.logical_and: np.all, np.logical_or: np.any}  # fmt: skip
_ACCUMULATE = {np.add: np.cumsum, np.multiply: np.cumprod}
_IGNORED = {"casting", "order", "subok", "signature"}  # they do not change the value


def ufunc(array: Any, function: np.ufunc, method: str, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
    """function.method(*inputs, **settings), with a traced array among the inputs or in out=."""
    if method == "__call__" and not settings:
        return _stand_in(function)(*inputs)
    settings = {name: value for name, value in settings.items() if name not in _IGNORED}
    out = settings.pop("out", None)
    out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if method == "at":
        return in_place.at(function, *inputs)
    if method == "__call__":
        result = _call(function, inputs, out, **settings)
    elif method == "outer":
        a, b = inputs
        result = _call(function, (np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b), out, **settings)
    elif method == "reduce" and function in _REDUCE:
        result = _reduce(function, *inputs, **settings)
    elif method == "accumulate" and function in _ACCUMULATE:
        result = _accumulate(function, *inputs, **settings)
    else:
        raise NoDerivativeError(_unknown(f"np.{function.__name__}.{method}"))
    return result if out is None else write_out(out, result, f"np.{function.__name__}")


def function(array: Any, numpy_function: Any, args: tuple[Any, ...], settings: dict[str, Any]) -> Any:
    """numpy_function(*args, **settings), with a traced array somewhere among the arguments, or as `like=`."""
    stand_in = FUNCTIONS.get(numpy_function)
    if stand_in is None:
        creation = _CREATION.get(numpy_function)
        if creation is not None:
            return array.constant(creation(*args, **settings))
        raise NoDerivativeError(_unknown(_name(numpy_function)))
    out = settings.get("out")
    if out is None:
        return stand_in(*args, **{k: v for k, v in settings.items() if k != "out"})
    rest = {name: value for name, value in settings.items() if name != "out"}
    return write_out(out, stand_in(*args, **rest), f"np.{numpy_function.__name__}")


_CREATION = {
    f: f
    for f in (np.zeros, np.ones, np.empty, np.full, np.eye, np.identity, np.arange, np.tri, np.fromfunction)
}  # fmt: skip


def write_out(out: Any, result: Any, name: str) -> Any:
    """Put a result into out=."""
    if isinstance(out, Traced):
        return in_place.assign(out, result, name)
    if isinstance(result, Traced):
        raise lost.into_plain(result, f"{name}(..., out=)")
    out[...] = result
    return out


def _stand_in(function: Any) -> Any:
    stand_in = FUNCTIONS.get(function)
    if stand_in is None:
        raise NoDerivativeError(_unknown(f"np.{function.__name__}"))
    return stand_in


def _call(function: np.ufunc, inputs: tuple[Any, ...], out: Any, *, where: Any = True, dtype: Any = None) -> Any:
    """With where= and dtype=: the function sees only the entries that where= takes, so that no other can harm."""
    if dtype is not None:
        inputs = tuple(np.asarray(x, dtype) if not isinstance(x, Traced) else x.astype(dtype) for x in inputs)
    if where is True:
        return _stand_in(function)(*inputs)
    shape = np.broadcast_shapes(*(np.shape(x) for x in inputs), np.shape(where))
    mask = np.broadcast_to(where, shape)
    taken = _stand_in(function)(*(np.broadcast_to(x, shape)[mask] for x in inputs))
    if out is None:  # NumPy leaves what was in memory; nothing can be said about it, so it is zero
        out = np.zeros(shape, taken.dtype)
    return FUNCTIONS[np.place](out, mask, taken)


def _reduce(
    function: np.ufunc,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    **more: Any,
) -> Any:
    if dtype is not None:
        x = x.astype(dtype)
    more = {name: value for name, value in more.items() if value is not np._NoValue}
    return FUNCTIONS[_REDUCE[function]](x, axis=axis, keepdims=keepdims, **more)


def _accumulate(function: np.ufunc, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    return FUNCTIONS[_ACCUMULATE[function]](x if dtype is None else x.astype(dtype), axis=axis)


def _name(function: Any) -> str:
    """As users write it: np.fft.fft."""
    return f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)


def _unknown(name: str) -> str:
    place = user_location()
    where = f"at {place}: " if place else ""
    return (
        f"{where}{name} has no derivative rule in bibun. Write it with functions that have one, or give its derivative "
        "yourself: a Function with forward and backward, or bibun.custom_vjp."
    )
