"""Reverse mode: vjp, grad, value_and_grad, jacrev. One sweep costs a small multiple of the function, whatever the inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from bibun import tree
from bibun.arrays.registry import row
from bibun.core.calling import called
from bibun.core.traced import Traced, beside, new_level, strong
from bibun.errors import DerivativeValueError
from bibun.interpreters.batch import batch
from bibun.interpreters.sweep import sweep
from bibun.interpreters.tape import cast
from bibun.interpreters.variable import ENDED, Variable
from bibun.transforms.arguments import at_level, choose, outputs, stripped, variables, with_aux


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes df/dx, for f that returns one number.

    grad(f)(x, ...) has the shape and containers of x; with argnums a sequence, a tuple of them; with has_aux, f returns
    (number, aux) and grad(f) returns (gradient, aux). For complex x = a + i b the gradient of a real f is
    df/da - i df/db, so that df = Re(sum gradient dx) (JAX's convention); steepest descent is along its conjugate.

    Raises DerivativeValueError when f returns more than one number, or one that does not depend on x, and
    NoDerivativeError for an integer x.
    """
    both = _value_and_grad("grad", f, argnums, has_aux)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that computes (f(x, ...), df/dx), or ((f, aux), df/dx) with has_aux. See `grad`."""
    return _value_and_grad("value_and_grad", f, argnums, has_aux)


def _value_and_grad(
    name: str, f: Callable[..., Any], argnums: int | Sequence[int], has_aux: bool
) -> Callable[..., Any]:
    """The work of grad and value_and_grad; `name` is for their messages."""

    @wraps(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        chosen = choose(name, args, argnums)
        level = new_level()
        inputs = variables(chosen.leaves, level)
        nodes = [x.node for x in inputs]  # before f runs, which may update its arguments in place
        y, aux = with_aux(name, called(f, chosen.rebuild(inputs), kwargs), has_aux)
        del inputs
        value, node = _one_number(name, y, level, chosen.paths)
        del y  # the sweep alone holds the graph, and frees it as it goes
        seed = beside(value, np.ones((), np.result_type(value))[()])
        found = sweep([(node, seed)]) if node is not None else {}
        gradients = [_or_zeros(found.pop(n, None), x) for n, x in zip(nodes, chosen.leaves, strict=True)]
        if has_aux:
            value = (value, stripped(aux, level))
        return value, chosen.shaped(gradients)

    return both


def _one_number(name: str, y: Any, level: int, paths: Callable[[], list[str]]) -> tuple[Any, Any]:
    """The value and the node of an output that grad can start from."""
    leaves, _ = outputs(name, y)
    if tree.is_container(y):
        raise DerivativeValueError(
            f"{name}: the function returned {type(y).__name__} of {len(leaves)} values; a gradient is that of one number. "
            "With has_aux=True it may return (number, aux); for several outputs use jacobian."
        )
    (y,) = leaves
    shape = np.shape(y)
    if shape != ():
        raise DerivativeValueError(
            f"{name}: the function returned shape {shape}; a gradient is that of one number. Sum it (np.sum), or use "
            "jacobian for the derivative of every entry."
        )
    if np.result_type(y).kind == "c":
        raise DerivativeValueError(
            f"{name}: the function returned a complex number, {y!r}; a gradient is that of a real one. "
            "Take np.real, np.imag or np.abs of it, or use jacobian."
        )
    if not at_level(y, Variable, level, name) or y.node is None:
        if not paths():
            raise DerivativeValueError(
                f"{name}: what argnums names holds no arrays, so there is nothing to differentiate by."
            )
        raise DerivativeValueError(
            f"{name}: the function's result does not depend on {', '.join(paths())}, so there is no derivative to take. "
            f"{_where_it_ended(level)}If it should depend: was the value taken out of the array, or another argument meant "
            "(argnums=)?"
        )
    return y.value, y.node


def _where_it_ended(level: int) -> str:
    """The last constant row that a value of the level went through, and why it has no derivative."""
    ended, primitive = ENDED[0]
    if ended != level:
        return ""
    return f"The last function that made a plain value of it is {primitive.name}: {primitive.reason}. "


def _or_zeros(gradient: Any, primal: Any) -> Any:
    """A gradient of the primal's dtype; zeros where nothing came back. Tied to a primal that is itself differentiated."""
    if gradient is None:
        gradient = np.zeros_like(primal) if np.ndim(primal) else np.zeros((), np.result_type(primal))[()]
    return _tied(cast(gradient, np.result_type(primal)), primal)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """(y, pullback): y = f(*primals), and pullback(cotangent of y) -> a tuple of the cotangents of the primals.

    pullback(g)_i = sum_j g_j dy_j/dx_i (for complex values without conjugation). It may be called many times. With
    has_aux, f returns (y, aux) and vjp returns (y, pullback, aux).
    """
    chosen = choose("vjp", primals, tuple(range(len(primals))))
    level = new_level()
    inputs = variables(chosen.leaves, level)
    nodes = [x.node for x in inputs]
    y, aux = with_aux("vjp", called(f, chosen.rebuild(inputs), {}), has_aux)
    leaves, unflatten = outputs("vjp", y)
    ours = [at_level(leaf, Variable, level, "vjp") for leaf in leaves]
    values = [leaf.value if mine else leaf for leaf, mine in zip(leaves, ours, strict=True)]
    ends = [leaf.node if mine else None for leaf, mine in zip(leaves, ours, strict=True)]

    def pullback(cotangent: Any) -> Any:
        given, _ = tree.flatten(cotangent)
        if len(given) != len(values):
            raise ValueError(f"pullback: {len(given)} cotangents for {len(values)} outputs; one for each is needed.")
        seeds = []
        for g, value, end in zip(given, values, ends, strict=True):
            if np.shape(g) != np.shape(value):
                raise ValueError(
                    f"pullback: a cotangent of shape {np.shape(g)} for an output of shape {np.shape(value)}; "
                    "it has the shape of the output."
                )
            if np.result_type(g).kind == "c" and np.result_type(value).kind != "c":
                raise TypeError(
                    "pullback: a complex cotangent for a real output, which has no imaginary part. "
                    "Take the real part of the cotangent."
                )
            if end is not None:
                seeds.append((end, cast(strong(g), np.result_type(value))))
        found = sweep(seeds)
        return chosen.shaped([_or_zeros(found.get(n), x) for n, x in zip(nodes, chosen.leaves, strict=True)])

    result = unflatten([set_apart(value) for value in values])
    return (result, pullback, tree.map_(set_apart, stripped(aux, level))) if has_aux else (result, pullback)


def set_apart(value: Any) -> Any:
    """The tape may keep what the caller is given, and may write to."""
    if isinstance(value, Traced):
        return value.alias()
    return value.copy() if isinstance(value, np.ndarray) else value


def jacrev(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The Jacobian by reverse mode: J[i..., j...] = dy[i...]/dx[j...], shape y.shape + x.shape. One run of f, and one
    sweep over a batch of all the unit cotangents; the way for few outputs and many inputs. For containers: for each
    leaf of y the containers of x. A complex y of a complex x is taken to be holomorphic.
    """

    @wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        chosen = choose("jacrev", args, argnums)
        level = new_level()
        inputs = variables(chosen.leaves, level)
        nodes = [x.node for x in inputs]
        leaves, unflatten = outputs("jacrev", called(f, chosen.rebuild(inputs), kwargs))
        return unflatten([chosen.shaped(_rows(y, level, nodes, chosen.leaves)) for y in leaves])

    return jacobian


def _rows(y: Any, level: int, nodes: list[Any], primals: list[Any]) -> list[Any]:
    """The Jacobians of one output by every primal."""
    shape, dtype = np.shape(y), np.result_type(y)
    size = int(np.prod(shape))
    if not at_level(y, Variable, level, "jacrev") or y.node is None or not size:
        return [_or_zeros(None, np.zeros((*shape, *np.shape(x)), np.result_type(x))) for x in primals]
    wide = dtype.kind == "c" and any(np.result_type(x).kind != "c" for x in primals)
    found = _sweep_batch(y, nodes, 1)
    other = _sweep_batch(y, nodes, -1j) if wide else None  # Im(dy) = Re(-i dy), for the real inputs
    rows = []
    for k, x in enumerate(primals):
        result = found[k]
        if result is None:
            result = np.zeros((size, *np.shape(x)), np.result_type(dtype, x))
        elif other is not None and np.result_type(x).kind != "c" and other[k] is not None:
            result = row("rectangular")(result, other[k])
        rows.append(_tied(np.reshape(result, (*shape, *np.shape(x)))[()], x))
    return rows


def _sweep_batch(y: Variable, nodes: list[Any], unit: complex) -> list[Any]:
    """One sweep with all unit cotangents of y: for each node the batch of its cotangents; None where there is none."""
    shape, dtype = np.shape(y), np.result_type(y)
    size = int(np.prod(shape))
    level = new_level()
    basis = np.eye(size, dtype=dtype) * dtype.type(unit)
    basis.setflags(write=False)  # so a recording may look at it
    found = sweep([(y.node, batch(np.reshape(beside(y.value, basis), (size, *shape)), level))])
    return [_unbatched(found.get(node), level, size) for node in nodes]


def _unbatched(value: Any, level: int, size: int) -> Any:
    if value is None:
        return None
    if isinstance(value, Traced) and value.level == level:
        return value.value
    return np.broadcast_to(value, (size, *np.shape(value)))


def _tied(derivative: Any, primal: Any) -> Any:
    """A derivative that came out constant, made a function of the input (whose own derivative is 0) if that is traced; an
    array of the caller's own if it is not: what is made of the unit vectors alone may be a view of them."""
    if not isinstance(primal, Traced):
        of_units = isinstance(derivative, np.ndarray) and not derivative.flags.writeable
        return derivative.copy() if of_units else derivative
    constant = (
        not isinstance(derivative, Traced)
        or derivative.level < primal.level
        or getattr(derivative, "node", ()) is None  # a Variable that depends on nothing
    )
    return row("tied")(derivative, primal) if constant else derivative
