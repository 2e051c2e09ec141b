"""make_vjp and make_jvp of a function of one argument, as autograd.core has them; and the names of extend.py.

autograd takes a result that does not depend on the argument for a constant: its derivative is 0, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun import tree
from bibun.compat.autograd.extend import (
    Box,
    JVPNode,
    Node,
    SparseObject,
    VJPNode,
    VSpace,
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    getval,
    isbox,
    primitive,
    primitive_vjps,
    vspace,
)
from bibun.core.traced import Traced
from bibun.errors import warn
from bibun.transforms.forward import jvp
from bibun.transforms.reverse import vjp

__all__ = [
    "Box",
    "JVPNode",
    "Node",
    "SparseObject",
    "VJPNode",
    "VSpace",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "getval",
    "isbox",
    "make_jvp",
    "make_vjp",
    "primitive",
    "primitive_vjps",
    "vspace",
]


def make_vjp(fun: Callable[[Any], Any], x: Any) -> tuple[Callable[[Any], Any], Any]:
    """(vjp, y): y = fun(x), and vjp(cotangent of y) -> the cotangent of x."""
    y, pullback = vjp(watched(fun), x)
    return (lambda g: pullback(like(g, y))[0]), y


def make_jvp(fun: Callable[[Any], Any], x: Any) -> Callable[[Any], tuple[Any, Any]]:
    """The function of the tangent of x that gives (fun(x), its tangent)."""
    return lambda t: jvp(watched(fun), (x,), (like(t, x),))


def like(given: Any, value: Any) -> Any:
    """A cotangent or a tangent of an array in the forms that autograd takes: a list of its numbers, a number for all."""
    if not isinstance(value, (np.ndarray, Traced)) or isinstance(given, Traced):
        return given
    return (
        np.broadcast_to(np.asarray(given), np.shape(value))
        if np.ndim(given) < np.ndim(value) or isinstance(given, list)
        else given
    )


def watched(fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """fun, with a warning where its result does not depend on its argument."""

    def run(x: Any) -> Any:
        level = level_of(x)  # before fun runs, which may update x in place
        y = fun(x)
        if not depends(y, level):
            independent()
        return y

    return run


def level_of(x: Any) -> int:
    """The level of the traced values in x; -1 where there are none."""
    return max((leaf.level for leaf in tree.flatten(x)[0] if isinstance(leaf, Traced)), default=-1)


def depends(y: Any, level: int) -> bool:
    """Whether anything in y was computed from the traced values of that level."""
    return any(
        isinstance(leaf, Traced) and leaf.level == level and getattr(leaf, "node", leaf) is not None
        for leaf in tree.flatten(y)[0]
    )


def independent() -> None:
    """autograd's warning, in its words first, for filters that were written for them."""
    warn(
        "Output seems independent of input. The derivative is 0: is it another argument that was meant (argnum=), or was "
        "the value taken out of the array?",
        UserWarning,
    )
