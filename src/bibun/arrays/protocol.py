"""NumPy's protocols: from a ufunc or a function of NumPy to our row or stand-in for it."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import takewhile
from typing import Any

import numpy as np

from bibun.arrays import in_place, indexing, lost, ufunc_methods, vectorized
from bibun.arrays.instead import instead
from bibun.arrays.layouts import laid_as, repeated
from bibun.arrays.registry import BY_NAME, FUNCTIONS, WRITES_OUT, found
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, unlisted
from bibun.errors import OTHERWISE, NoDerivativeError, located, scipy_function

# The first do not change the value; NumPy gives the others, of methods of ufuncs, among the inputs too.
_IGNORED = {"subok", "array", "indices"}
_OF_LOOPS = ("dtype", "signature", "casting")


def ufunc(array: Any, function: np.ufunc, method: str, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
    """function.method(*inputs, **settings), with a traced array among the inputs or in out=."""
    if method == "__call__" and not settings:
        return _stand_in(function)(*inputs)
    settings = {name: value for name, value in settings.items() if name not in _IGNORED}
    out = settings.pop("out", None)
    out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if method == "at":
        return ufunc_methods.at(function, *inputs)
    if method == "outer":
        method, inputs = "__call__", ufunc_methods.outer(function, *inputs)
    if method == "__call__":
        result = _called(function, inputs, out, settings)
    else:
        dtype = with_out(settings.pop("dtype", None), inputs[0], out)
        result = getattr(ufunc_methods, method)(function, *inputs, dtype=dtype, **settings)
    return result if out is None else write_out(out, result, _name(function), spread=method == "__call__")


def _called(function: np.ufunc, inputs: tuple[Any, ...], out: Any, settings: dict[str, Any]) -> Any:
    """The call in the loop, and its results in the order in memory, that the settings ask for."""
    if of_loop := {name: settings.pop(name) for name in _OF_LOOPS if name in settings}:
        inputs = ufunc_methods.in_loop(function, inputs, **of_loop)
    order = settings.pop("order", "K")
    y = _call(function, inputs, out, **settings)
    if order != "K":
        y = tuple(laid_as(part, order, part) for part in y) if function.nout > 1 else laid_as(y, order, y)
    made = 0 if out is None or not function.signature or settings else _axes_made(function, inputs)
    if made and np.shape(out)[-made:] != np.shape(y)[-made:]:
        raise ValueError(
            f"{_name(function)}: a result of shape {np.shape(y)} does not fit into an array of shape {np.shape(out)}."
        )
    return y


def _axes_made(function: np.ufunc, inputs: tuple[Any, ...]) -> int:
    """How many of the last axes of its result a generalized ufunc works on: only those before them are spread over out=."""
    read, made = function.signature.split("->")  # type: ignore[union-attr]
    cores = [core.split(",") for core in read.strip("()").split("),(")]
    left_out = {
        name for core, x in zip(cores, inputs, strict=False) if np.ndim(x) < len(core) for name in core if "?" in name
    }
    return sum(name != "" and name not in left_out for name in made.strip("()").split(","))


def function(array: Any, numpy_function: Any, args: tuple[Any, ...], settings: dict[str, Any]) -> Any:
    """numpy_function(*args, **settings), with a traced array somewhere among the arguments, or as `like=`."""
    stand_in = FUNCTIONS.get(numpy_function) or BY_NAME.get(f"{numpy_function.__module__}.{numpy_function.__name__}")
    if stand_in is None:
        raise NoDerivativeError(_unknown(_name(numpy_function)))
    if isinstance(stand_in, Primitive):
        args, settings = _by_position(numpy_function, args, settings)
    out = settings.pop("out", None) if "out" in settings and stand_in not in WRITES_OUT else None
    result = stand_in(*args, **settings)
    if numpy_function in LIKE and not isinstance(result, Traced):
        # it was made like a traced array, so that traced values can be stored in it
        result = in_place.memory(repeated(array, result) if numpy_function in _REPEATING else array.constant(result))
    return result if out is None else write_out(out, result, _name(numpy_function))


def _by_position(function: Any, args: tuple[Any, ...], settings: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Arrays that were given by keyword, or in a sequence, to a function that is a row itself."""
    if not any(isinstance(v, Traced) for v in settings.values()) and all(isinstance(a, Traced) for a in args[:1]):
        return args, settings
    from inspect import signature

    expected = signature(function)
    bound = expected.bind(*args, **settings).arguments
    last = [n for n, v in bound.items() if isinstance(v, (Traced, list, tuple))][-1]
    names = list(expected.parameters)
    names = names[: names.index(last) + 1]  # with those between that were not given
    positional = [unlisted(bound.pop(name, expected.parameters[name].default)) for name in names]
    return tuple(positional), bound


def _created(create: Any) -> Any:
    """A creation function as it is; array.constant makes its result traced."""
    return lambda *args, **settings: create(*args, **settings)


def _full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", *, device: Any = None) -> Any:
    """np.full with a value that may be traced."""
    fill_value = unlisted(fill_value)
    if not isinstance(fill_value, Traced):
        return np.full(shape, fill_value, dtype, order)
    value: Any = fill_value if dtype is None else fill_value.astype(dtype)
    return np.broadcast_to(value, shape if isinstance(shape, tuple) else (shape,)).copy(order)


_MADE: tuple[Any, ...] = (np.zeros, np.ones, np.empty, np.eye, np.identity, np.arange, np.tri, np.fromfunction)
LIKE: set[Any] = {*_MADE, np.full, np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray}
FUNCTIONS.update({create: _created(create) for create in _MADE} | {np.full: _full})
FUNCTIONS[np.empty] = _created(np.zeros)  # as good as what NumPy would find in memory
_REPEATING = {np.zeros, np.ones, np.empty}


def with_out(dtype: Any, a: Any, out: Any) -> Any:
    """The dtype in which a reduction of `a` into out= is computed: one that holds both, unless a dtype was asked for."""
    return np.result_type(unlisted(a), out) if dtype is None and out is not None else dtype


def write_out(out: Any, result: Any, name: str, *, spread: bool = False) -> Any:
    """Put a result into out=; each of several into its own. spread: one of a larger shape is filled, as calls of ufuncs do."""
    if isinstance(out, tuple):
        return tuple(y if o is None else write_out(o, y, name, spread=spread) for o, y in zip(out, result, strict=True))
    if isinstance(result, Traced) and not isinstance(out, Traced):
        raise lost.into_plain(result, f"{name}(..., out=)")
    if not spread and np.shape(out) != np.shape(result):
        raise ValueError(
            f"{name}: a result of shape {np.shape(result)} does not fit into an array of shape {np.shape(out)}."
        )
    if isinstance(out, Traced):
        have, want = np.result_type(result), np.result_type(out)
        if not np.can_cast(have, want, "same_kind"):
            raise NoDerivativeError(
                f"{located()}{name}: a result of {have} cannot be stored in an array of {want}, where its derivative would be "
                f"lost. Leave out= away, and write y.astype({want})."
            )
        return in_place.assign(out, result, name)
    out[...] = result
    return out


def _stand_in(function: Any) -> Any:
    stand_in = found(function)
    if stand_in is None and function.types and {*"".join(function.types)} <= {*"O->"}:  # np.frompyfunc has made it
        return lambda *inputs: vectorized.of_objects(function, inputs)
    if stand_in is None:
        raise NoDerivativeError(_unknown(_name(function)))
    return stand_in


def _call(function: np.ufunc, inputs: tuple[Any, ...], out: Any, *, where: Any = True, **axes: Any) -> Any:
    """With where=: the function sees only the entries that where= takes, so that no other can harm."""
    if axes:
        return ufunc_methods.with_axes(function, inputs, **axes)
    if where is True:
        return _stand_in(function)(*inputs)
    outs = () if out is None else out if isinstance(out, tuple) else (out,)
    shape = np.broadcast_shapes(*(np.shape(x) for x in (*inputs, where, *(o for o in outs if o is not None))))
    mask = np.broadcast_to(where, shape)
    arrays = [x if type(x) in ufunc_methods.NUMBERS else _taken(mask, unlisted(x)) for x in inputs]
    with np.errstate(all="ignore") if isinstance(mask, Traced) else nullcontext():
        taken = _stand_in(function)(*arrays)
    if function.nout == 1:
        return _spread(taken, mask, out)
    return tuple(_spread(y, mask, o) for y, o in zip(taken, out or (None,) * function.nout, strict=True))


def _taken(mask: Any, x: Any) -> Any:
    """The entries that the mask takes; of one that differs along a batch all, with 1 where it does not take."""
    if isinstance(mask, Traced):
        return np.where(mask, x, np.ones((), np.result_type(x)))
    return np.broadcast_to(x, mask.shape)[mask]


def _spread(taken: Any, mask: Any, out: Any) -> Any:
    """What was computed where the mask takes, and `out` elsewhere."""
    if isinstance(mask, Traced):
        return np.where(mask, taken, np.zeros((), taken.dtype) if out is None else out)
    if out is not None and not np.can_cast(taken.dtype, np.result_type(out), "same_kind"):
        raise TypeError(
            f"a result of {taken.dtype} cannot be stored in out= of {np.result_type(out)} by the rule 'same_kind'."
        )
    # without out=, NumPy leaves what was in memory there; nothing can be said about it, so it is zero
    start = np.zeros(mask.shape, taken.dtype) if out is None else np.broadcast_to(out, mask.shape)
    return indexing.updated(start, mask, taken) if np.any(mask) else start


def _name(function: Any) -> str:
    """As users write it: np.fft.fft; of a ufunc that is not NumPy's, only its name is known, or whose part it is."""
    if isinstance(function, np.ufunc):
        name = str(function.__name__)
        if name.startswith("_") and scipy_function()[1]:  # one of SciPy's own, inside of what the user called
            module, name = scipy_function()
            return ".".join([*takewhile(lambda word: not word.startswith("_"), module.split(".")), name])
        return f"np.{name}" if getattr(np, name, None) is function else name
    return f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)


def _unknown(name: str) -> str:
    known = instead(name.removeprefix("np.")) if name.startswith("np.") else ""
    if known:
        return f"{located()}{name} has no derivative rule: {known.partition(': ')[2]}."
    return f"{located()}{name} has no derivative rule in bibun. Write it with functions that have one, or {OTHERWISE}."
