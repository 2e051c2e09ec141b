"""NumPy functions inside JAX, JAX functions inside bibun.

to_jax(f) is one primitive of JAX's: it runs f through a callback, under jit too, and JAX gets bibun's derivatives of it: grad,
jvp, jacfwd, jacrev, hessian, vmap, in any nesting. from_jax(g) is the other way round. Complex numbers need no care: both
have one convention.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from bibun.errors import DerivativeValueError
from bibun.interop.leaves import Call, Kind, Run, inexact
from bibun.interop.rows import Package, wrapped

__all__ = ["from_jax", "to_jax"]

_call = Primitive("bibun_call")  # its one parameter is the Run
_call.multiple_results = True


def to_jax(f: Callable[..., Any], results: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """f, written with NumPy, as a function of JAX's arrays; arguments and results may be in containers.

    f runs on the processor. JAX must know shapes and dtypes before it computes: under jit they are found by a run on ones.
    So the shapes of f's results may not depend on values. results: for an f that cannot run on ones, a function of the same
    arguments whose results have these shapes and dtypes. What is no array of JAX's is passed on as it is, of NumPy's arrays
    a copy: f may run more than once.
    """

    @wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        call = Call(f, args, kwargs, jax.Array)
        alike = call if results is None else Call(results, args, kwargs, jax.Array)
        kinds = _with_entries if results is None else Run.on_ones
        found = _call.bind(*call.arrays, run=Run(call, partial(kinds, Run(alike))))
        return (call.result or alike.result)(list(found))  # under jit only `alike` has run

    return function


def _with_entries(run: Run, given: Sequence[Kind]) -> list[Kind]:
    """By a run on ones. A program with results that have no entries does not call at all: then their shape must be certain."""
    found = run.on_ones(given)
    if any(0 in kind.shape for kind in found) and not any(0 in kind.shape for kind in given):
        raise DerivativeValueError(
            f"to_jax, under jit: a result had no entries in the run on ones by which its shape was found. {_NO_CHOICE} (or where "
            "it never has entries)."
        )
    return found


_NO_CHOICE = (
    "Shapes and dtypes may not depend on values: choose entries with np.where, call it without jit, or give results= where "
    "only a run on ones differs"
)


def _kinds(arrays: Sequence[Any]) -> list[Kind]:
    return [Kind(tuple(x.shape), np.dtype(x.dtype)) for x in arrays]


def _in_precision(kind: Kind) -> jax.ShapeDtypeStruct:
    """As JAX has it: without jax_enable_x64, float64 is float32."""
    return jax.ShapeDtypeStruct(kind.shape, jax.dtypes.canonicalize_dtype(kind.dtype))


def _compute(*arrays: Any, run: Run) -> list[Any]:
    return [jnp.asarray(y) for y in run(*(np.array(x)[()] for x in arrays))]


def _abstract(*arrays: Any, run: Run) -> list[Any]:
    return [jax.core.ShapedArray(s.shape, s.dtype) for s in map(_in_precision, run.kinds(_kinds(arrays)))]


def _callback(*arrays: Any, run: Run) -> list[Any]:
    """The call inside a compiled program."""
    results = [_in_precision(kind) for kind in run.kinds(_kinds(arrays))]

    def on_the_host(*values: Any) -> list[Any]:
        found = run(*(np.array(x)[()] for x in values))
        return [_as_announced(y, result) for y, result in zip(found, results, strict=True)]

    return jax.pure_callback(on_the_host, results, *arrays)  # type: ignore[no-any-return]


def _as_announced(y: Any, result: Any) -> Any:
    """The result that the compiled program has memory for; any other would be cut or filled without a word."""
    loses = np.result_type(y).kind not in "biu" and result.dtype.kind in "biu"
    if np.shape(y) != tuple(result.shape) or loses:
        raise DerivativeValueError(
            f"to_jax, under jit: the function returned shape {np.shape(y)} and dtype {np.result_type(y)}, but "
            f"{tuple(result.shape)} and {result.dtype} in the run on ones that JAX compiled with. {_NO_CHOICE}."
        )
    return np.asarray(y, result.dtype)


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], *, run: Run) -> tuple[list[Any], list[Any]]:
    ys = _call.bind(*primals, run=run)
    moving = tuple(i for i, t in enumerate(tangents) if type(t) is not ad.Zero)
    pushed = run.pushed(moving, len(primals))
    moved = iter(_call.bind(*primals, *(tangents[i] for i in moving), run=pushed))
    return ys, [next(moved) if inexact(y) else ad.Zero(jax.typeof(y).to_tangent_aval()) for y in ys]


def _transpose(cotangents: Sequence[Any], *args: Any, run: Run) -> list[Any]:
    linear = tuple(i for i, x in enumerate(args) if ad.is_undefined_primal(x))
    zeros = _kinds([args[i].aval for i in linear])
    known = [x for x in args if not ad.is_undefined_primal(x)]
    given = map(ad.instantiate_zeros, cotangents)
    found = iter(_call.bind(*known, *given, run=run.transposed(linear, zeros, len(args))))
    return [next(found) if i in linear else None for i in range(len(args))]


def _batch(args: Sequence[Any], axes: Sequence[Any], *, run: Run) -> tuple[list[Any], list[int]]:
    ys = _call.bind(*args, run=run.batched(axes))  # an axis is None where an argument is not mapped
    return ys, [0] * len(ys)


_call.def_impl(_compute)
_call.def_abstract_eval(_abstract)
ad.primitive_jvps[_call] = _jvp
ad.primitive_transposes[_call] = _transpose
batching.primitive_batchers[_call] = _batch
mlir.register_lowering(_call, mlir.lower_fun(_callback, multiple_results=True))


def from_jax(g: Callable[..., Any]) -> Callable[..., Any]:
    """g, written with JAX, as a function of arrays with derivatives in bibun: both modes, second order, vmap.

    Arguments and results may be in containers. Arrays become JAX's, and so do floats by position; the rest is passed on as
    it is. The precision is that of the arguments: float64 is computed as such, whatever jax_enable_x64 is. jax.jit(g) is
    quicker than g.
    """
    return wrapped(g, Package(_run, _pull, _push, _vmap))


def _run(function: Callable[..., Any], arrays: Sequence[Any]) -> list[Any]:
    given = [np.asarray(x) for x in arrays]
    double = any(x.dtype.itemsize == (16 if x.dtype.kind == "c" else 8) and x.dtype.kind in "fc" for x in given)
    with jax.enable_x64(double or jax.config.jax_enable_x64):
        return [np.array(y)[()] for y in function(*map(jnp.asarray, given))]


def _some(function: Callable[..., Any], chosen: tuple[int, ...], given: Sequence[Any]) -> Callable[..., Any]:
    """The differentiable results of a function of some of its arguments."""

    def of_some(*some: Any) -> tuple[Any, ...]:
        xs = list(given)
        for i, x in zip(chosen, some, strict=True):
            xs[i] = x
        return tuple(y for y in map(jnp.asarray, function(*xs)) if jnp.issubdtype(y.dtype, jnp.inexact))

    return of_some


def _pull(function: Callable[..., Any], needed: tuple[int, ...], count: int) -> Callable[..., Any]:
    def pull(*arrays: Any) -> tuple[Any, ...]:
        f = _some(function, needed, arrays[:count])
        _, pullback = jax.vjp(f, *(arrays[i] for i in needed))
        return pullback(tuple(arrays[count:]))  # type: ignore[no-any-return]

    return pull


def _push(function: Callable[..., Any], moving: tuple[int, ...], count: int) -> Callable[..., Any]:
    def push(*arrays: Any) -> tuple[Any, ...]:
        f = _some(function, moving, arrays[:count])
        return jax.jvp(f, tuple(arrays[i] for i in moving), tuple(arrays[count:]))[1]  # type: ignore[no-any-return]

    return push


def _vmap(function: Callable[..., Any], axes: list[int | None]) -> Callable[..., Any]:
    return jax.vmap(function, tuple(axes))  # type: ignore[no-any-return]
