"""Forward mode: jvp, jacfwd, and linearize. One run costs a small multiple of the function, whatever the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from bibun import tree
from bibun.core.calling import called
from bibun.core.traced import Traced, beside, new_level, strong
from bibun.errors import DerivativeValueError
from bibun.interpreters.batch import batch
from bibun.interpreters.forward import Dual, dual
from bibun.interpreters.turning import settled
from bibun.transforms.arguments import Chosen, at_level, choose, outputs
from bibun.transforms.reverse import _tied, vjp

_AT_ONCE = 2**24  # entries of tangents that a Jacobian pushes forward together (128 MB of float64)


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(y, dy): y = f(*primals), dy_i = sum_j dy_i/dx_j t_j. The tangents have the containers and shapes of the primals."""
    primals, tangents = _pair("jvp", primals, tangents)
    chosen = choose("jvp", primals, tuple(range(len(primals))))
    given = _fitting("jvp", tangents, chosen)
    level = new_level()
    inputs = [dual(x, strong(t), level) for t, x in zip(given, chosen.leaves, strict=True)]
    leaves, unflatten = outputs("jvp", called(f, chosen.rebuild(inputs), {}))
    pairs = [_split(y, level, "jvp") for y in leaves]
    given = [*given, *chosen.leaves]
    values, moved = [y for y, _ in pairs], [_or_zeros(dy, y) for y, dy in pairs]
    for x in chosen.leaves:
        moved = [_tied(dy, x) for dy in moved]
    return unflatten([_apart(y, given) for y in values]), unflatten([_apart(dy, given) for dy in moved])


def _fitting(name: str, tangents: tuple[Any, ...], chosen: Chosen) -> list[Any]:
    """The leaves of the tangents, of the shapes of the primals, and real where these are."""
    given, _ = tree.flatten(tangents)
    if len(given) != len(chosen.leaves):
        raise ValueError(f"{name}: {len(given)} tangents for {len(chosen.leaves)} primals; one for each is needed.")
    for i, (t, x) in enumerate(zip(given, chosen.leaves, strict=True)):
        if np.shape(t) != np.shape(x):
            raise ValueError(
                f"{name}: a tangent of shape {np.shape(t)} for {chosen.paths()[i]} of shape {np.shape(x)}; they are alike."
            )
        if np.result_type(t).kind == "c" and np.result_type(x).kind != "c":
            raise TypeError(
                f"{name}: a complex tangent for {chosen.paths()[i]}, which is real: it cannot move by an imaginary number. "
                "Pass it as complex (x.astype(complex)), or take the real part of the tangent."
            )
    return given


def _apart(y: Any, given: list[Any]) -> Any:
    """An output that shows the memory of what was given (x[1:], say), copied."""
    if isinstance(y, np.ndarray) and (y.base is not None or any(y is x for x in given)):
        return y.copy()
    return y


def _pair(name: str, primals: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    for word, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"{name}: {word} must be a tuple, one entry an argument of f, not {type(given).__name__}. Write (x,)."
            )
    if len(primals) != len(tangents):
        raise TypeError(f"{name}: {len(primals)} primals, but {len(tangents)} tangents.")
    return tuple(primals), tuple(tangents)


def _split(y: Any, level: int, name: str) -> tuple[Any, Any]:
    """The value of a result, and its tangent."""
    if not at_level(y, Dual, level, name):
        return y, None
    tangent, free = settled(y.tangent, level)
    if free:
        raise DerivativeValueError(
            f"{name}: the result depends on what a decomposition leaves open. The vectors that complete a basis (np.linalg.qr "
            "with mode='complete', np.linalg.svd with full_matrices=True), and those of equal values, are an arbitrary basis of "
            "their space, and the phases of complex vectors are arbitrary, so it has no derivative. Use mode='reduced', "
            "full_matrices=False, the projector on that whole space; of a complex vector np.abs(v) or v / v[0]."
        )
    return y.value, tangent


def _or_zeros(tangent: Any, y: Any) -> Any:
    if tangent is not None:
        return tangent
    dtype = np.result_type(y)
    return np.zeros(np.shape(y), dtype if dtype.kind in "fc" else float)[()]


def jacfwd(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The Jacobian by forward mode: J[i..., j...] = dy[i...]/dx[j...], shape y.shape + x.shape. One run of f that
    carries the tangents of all entries of x (in pieces, for a large x); the way for few inputs and many outputs. For
    containers: for each leaf of y the containers of x. A complex y of a complex x is taken to be holomorphic.
    """

    @wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        chosen = choose("jacfwd", args, argnums)
        columns: list[list[Any]] = []  # an entry a primal: its Jacobian for each output
        unflatten: Any = None
        for k, x in enumerate(chosen.leaves):
            pieces = []
            for basis in _bases(x):
                leaves, unflatten = outputs(
                    "jacfwd", *[called(f, chosen.rebuild(_moved(chosen.leaves, k, basis)), kwargs)]
                )
                pieces.append([_column(y, basis) for y in leaves])
            columns.append([_joined(parts, x) for parts in zip(*pieces, strict=True)])
        return unflatten([chosen.shaped(list(jacobians)) for jacobians in zip(*columns, strict=True)])

    return jacobian


class _Basis:
    """Unit tangents of some entries of x, as a batch, on levels of their own."""

    def __init__(self, x: Any, start: int, stop: int) -> None:
        size = int(np.prod(np.shape(x)))
        units = np.zeros((stop - start, size), np.result_type(x))
        units[np.arange(stop - start), np.arange(start, stop)] = 1
        units.setflags(write=False)  # so a recording may look at it
        self.batch_level = new_level()
        self.level = new_level()
        self.count = stop - start
        self.tangent = batch(np.reshape(beside(x, units), (stop - start, *np.shape(x))), self.batch_level)


def _bases(x: Any) -> list[_Basis]:
    size = int(np.prod(np.shape(x)))
    step = max(1, _AT_ONCE // max(size, 1))
    return [_Basis(x, start, min(start + step, size)) for start in range(0, max(size, 1), step)]


def _moved(leaves: list[Any], k: int, basis: _Basis) -> list[Any]:
    """All arguments of the run, of which one moves: a function may be able to take the others where no argument is plain."""
    return [dual(x, basis.tangent if i == k else None, basis.level) for i, x in enumerate(leaves)]


def _column(y: Any, basis: _Basis) -> Any:
    """The batch of tangents of one output."""
    value, tangent = _split(y, basis.level, "jacfwd")
    if np.result_type(basis.tangent).kind == "c" and np.result_type(value).kind != "c":
        raise DerivativeValueError(
            "jacfwd: the function of a complex argument returned real numbers, so it is not holomorphic, and tangents along "
            "the real axis alone do not give its derivative. Use jacrev or jacobian."
        )
    tangent = _or_zeros(tangent, value)
    if isinstance(tangent, Traced) and tangent.level == basis.batch_level:
        return tangent.value
    return np.broadcast_to(tangent, (basis.count, *np.shape(tangent)))


def _joined(parts: Sequence[Any], x: Any) -> Any:
    """From batches of columns to y.shape + x.shape."""
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    whole = np.moveaxis(whole, 0, -1)
    return _tied(np.reshape(whole, (*np.shape(whole)[:-1], *np.shape(x)))[()], x)


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """(y, f_jvp): y = f(*primals), and f_jvp(*tangents) -> the tangent of y, without running f again.

    The transpose of the pullback: the tape of f is recorded once, and each call sweeps the tape of its pullback.
    """
    chosen = choose("linearize", primals, tuple(range(len(primals))))
    y, pullback = vjp(f, *primals)
    leaves, unflatten = tree.flatten(y)
    # Of a linear map the place does not matter; but a rule of the user's may do nothing for a cotangent of zeros.
    ones = [np.ones(np.shape(leaf), np.result_type(leaf))[()] for leaf in leaves]
    _, push = vjp(lambda *g: pullback(unflatten(list(g))), *ones)

    def f_jvp(*tangents: Any) -> Any:
        _pair("f_jvp", primals, tangents)
        _fitting("f_jvp", tangents, chosen)
        moved = list(push(tangents))
        for x in chosen.leaves:
            moved = [_tied(dy, x) for dy in moved]
        return unflatten(moved)

    return y, f_jvp
