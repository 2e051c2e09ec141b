"""SciPy's older names of minimizations, by minimize and minimize_scalar; and isotonic regression.

Where the function returns plain numbers they are SciPy's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np
from scipy import optimize  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows
from bibun.core.kinds import constant, multilinear
from bibun.core.primitive import Primitive
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import batches, is_traced, without
from bibun.scipy._problem import floats
from bibun.scipy.optimize.minima import first_within, minimize, minimize_scalar

_SIMPLE = {
    "xtol": "xatol",
    "ftol": "fatol",
    "maxiter": "maxiter",
    "maxfun": "maxfev",
    "initial_simplex": "initial_simplex",
}
_SLOPED = {"gtol": "gtol", "norm": "norm", "epsilon": "eps", "maxiter": "maxiter", "c1": "c1", "c2": "c2"}
_METHODS: dict[str, tuple[str, dict[str, str]]] = {  # of minimize: the method, and the options by their older names
    "fmin": ("Nelder-Mead", _SIMPLE),
    "fmin_powell": ("Powell", {"xtol": "xtol", "ftol": "ftol", "maxiter": "maxiter", "maxfun": "maxfev", "direc": "direc"}),
    "fmin_cg": ("CG", _SLOPED),
    "fmin_bfgs": ("BFGS", _SLOPED | {"xrtol": "xrtol", "hess_inv0": "hess_inv0"}),
    "fmin_ncg": ("Newton-CG", {"avextol": "xtol", "epsilon": "eps", "maxiter": "maxiter", "c1": "c1", "c2": "c2"}),
    "brent": ("brent", {"tol": "xtol", "maxiter": "maxiter"}),
    "golden": ("golden", {"tol": "xtol", "maxiter": "maxiter"}),
    "fminbound": ("bounded", {"xtol": "xatol", "maxfun": "maxiter"}),
}  # fmt: skip


def _older(name: str) -> Callable[..., Any]:
    theirs, (method, options) = getattr(optimize, name), _METHODS[name]
    parameters = signature(theirs)

    @wraps(theirs)
    def call(*args: Any, **settings: Any) -> Any:
        """The place of the minimum, with the derivatives of one."""
        bound = parameters.bind(*args, **settings)
        bound.apply_defaults()
        given = bound.arguments
        func, extra = next(iter(given.values())), given["args"]
        extra = extra if isinstance(extra, tuple) else (extra,)
        scalar, bounds = "x0" not in given, (given.get("x1"), given.get("x2"))
        start: Any
        if not scalar:
            start = np.reshape(floats(given["x0"]), -1)
        elif bounds[0] is None:
            start = 0.0 if given["brack"] is None else given["brack"][0]
        else:
            start = first_within(*bounds)
        first = func(start, *extra)
        if not is_traced(first, bounds, given.get("brack")):
            given[next(iter(given))] = _remembering(func, start, first)
            return theirs(*bound.args, **bound.kwargs)
        if given.get("full_output") or given.get("retall"):
            raise no_rule(
                name, "full_output= and retall= say how the solver went; write minimize, whose result says it"
            )
        chosen = {option: given[key] for key, option in options.items() if given[key] is not None}
        if not scalar:
            slopes = {"jac": given.get("fprime"), "hess": given.get("fhess"), "hessp": given.get("fhess_p")}
            chosen["disp"] = given["disp"]
            return minimize(func, start, extra, method, **slopes, callback=given["callback"], options=chosen).x
        if bounds[0] is None:
            return minimize_scalar(func, given["brack"], None, extra, method, options=chosen).x
        return minimize_scalar(func, None, bounds, extra, method, options=chosen).x

    return call


fmin, fmin_powell, fmin_cg, fmin_bfgs, fmin_ncg, brent, golden, fminbound = map(_older, _METHODS)


def _remembering(func: Callable[..., Any], start: Any, first: Any) -> Callable[..., Any]:
    """func, whose value at the start is known: where all is plain it is called as often, and at the same places, as by SciPy."""
    known = [first]

    def call(x: Any, *extra: Any) -> Any:
        return known.pop() if known and np.array_equal(x, start) else func(x, *extra)

    return call


def _ends(y: Any, weights: Any, *, increasing: bool) -> Any:
    """Of the block that each entry is in, the first and the end, along a first axis."""
    blocks = optimize.isotonic_regression(y, weights=weights, increasing=increasing).blocks
    lengths = np.diff(blocks)
    return np.stack([np.repeat(blocks[:-1], lengths), np.repeat(blocks[1:], lengths)])


ends_of_blocks = constant(_ends, "which entries make a block is a choice", name="ends_of_blocks")


def _sums(v: Any, ends: Any) -> Any:
    starts, lengths = np.unique(ends[0], return_counts=True)
    return np.repeat(np.add.reduceat(v, starts), lengths)


# The sum of the block that each entry is in, of each block by itself: differences of sums along all entries would lose the small
# ones beside the large ones. As a matrix it is symmetric.
sums_of_blocks: Primitive = multilinear(
    _sums, lambda g, ends: sums_of_blocks(g, ends), None, inputs=("v", "ends"), name="sums_of_blocks"
)
add_rows(ends_of_blocks, sums_of_blocks)


def isotonic_regression(y: Any, *, weights: Any = None, increasing: bool = True) -> Any:
    """The monotonic x with the least Σ w (y - x)²: `.x` are the means of y over blocks, by y and the weights.

    Inside vmap there is `.x` alone: how many blocks there are differs.
    """
    if not is_traced(y, weights):
        return optimize.isotonic_regression(y, weights=weights, increasing=increasing)
    y = np.atleast_1d(as_array(y))
    w = np.ones(np.shape(y)) if weights is None else np.atleast_1d(as_array(weights))
    ends = ends_of_blocks(y, w, increasing=increasing)
    weights_of_blocks = sums_of_blocks(w, ends)
    found = optimize.OptimizeResult(x=sums_of_blocks(w * y, ends) / weights_of_blocks)
    if not batches(y, w):
        plain = optimize.isotonic_regression(without(y, 0), weights=without(w, 0), increasing=increasing)
        found.blocks, found.weights = plain.blocks, weights_of_blocks[plain.blocks[:-1]]
    return found
