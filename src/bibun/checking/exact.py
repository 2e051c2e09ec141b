"""The derivatives that are checked: by reverse mode, by forward mode, by a gradient written by hand.

Each mode gives, along a direction v, the derivative of every row of the outputs, and what rounding may do to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from bibun import tree
from bibun.checking.outputs import Row
from bibun.checking.problem import Array, Leaf, Problem, problem_of
from bibun.core.traced import plain
from bibun.transforms.fallback import Used, disturbed, watching
from bibun.transforms.forward import jvp
from bibun.transforms.reverse import vjp

Direction = list[Array | None]
Gradients = list[list[Array]]  # a row's gradient: an array like each leaf; one list a row

# A derivative summed over n entries is off by about this many units of rounding of its terms, added as if random.
ROUNDING = 32.0
_TRIES = 3  # random signs of the errors of numerical derivatives inside
_DISTURBED = 4.0  # of many errors with random signs the sum is seldom this much larger than the largest of three
_REAL = 1e-6  # an imaginary part below this share is rounding
_KEY = re.compile(r"\[['\"].*?['\"]\]")  # of a dict, in a path

Compute = Callable[[Problem, list[Array], list[Row]], Gradients]


class Mode:
    """One way to the derivative of the rows. `name` is the word of the report."""

    name: str
    used: tuple[Used, ...] = ()  # numerical derivatives that are part of it
    precision = 0.0  # the rounding unit of what it gives, where that may be coarser than the problem's

    def __init__(self, problem: Problem, rows: list[Row]) -> None:
        self.problem, self.rows = problem, rows

    def along(self, direction: Direction, values: list[Array] | None = None) -> Array:
        """The derivative of each row along a direction, at the point or at other values."""
        raise NotImplementedError

    def of_row(self, row: Row, direction: Direction) -> float:
        """The derivative of one more row at the point."""
        raise NotImplementedError

    def at(self, problem: Problem) -> Mode:
        """The same mode of another problem."""
        raise NotImplementedError

    def uncertainty(self, direction: Direction) -> Array:
        """What the bounds of numerical derivatives inside may do to the derivative of each row along a direction."""
        if not self.used:
            return np.zeros(len(self.rows))
        moved: Array = np.max([np.abs(off) for off in self._disturbed(direction)], axis=0)
        return _DISTURBED * moved

    def _disturbed(self, direction: Direction) -> list[Array]:
        """The changes of the derivatives along a direction, where those inside are off by their bounds."""
        raise NotImplementedError


class Gradient(Mode):
    """A mode that has the gradient of each row: any direction is a sum."""

    def __init__(self, name: str, problem: Problem, rows: list[Row], compute: Compute) -> None:
        super().__init__(problem, rows)
        self.name, self._compute = name, compute
        with watching() as used:
            self.gradients = compute(problem, problem.point, rows)
        self.used = tuple(used)
        self._others: list[Gradients] = []
        if used:
            self._others = [_off(seed, lambda: compute(problem, problem.point, rows)) for seed in range(_TRIES)]
        kinds = {g.dtype for gradient in self.gradients for g in gradient if g.dtype.kind in "fc"}
        self.precision = max((float(np.finfo(kind).eps) for kind in kinds), default=0.0)

    def along(self, direction: Direction, values: list[Array] | None = None) -> Array:
        gradients = self.gradients if values is None else self._compute(self.problem, values, self.rows)
        return np.array([dot(gradient, direction) for gradient in gradients])

    def _disturbed(self, direction: Direction) -> list[Array]:
        here = self.along(direction)
        return [np.array([dot(gradient, direction) for gradient in other]) - here for other in self._others]

    def of_row(self, row: Row, direction: Direction) -> float:
        return dot(self._compute(self.problem, self.problem.point, [row])[0], direction)

    def at(self, problem: Problem) -> Mode:
        return Gradient(self.name, problem, self.rows, self._compute)


class Forward(Mode):
    """A tangent pushed through the function. Raises at once what it cannot do."""

    def __init__(self, name: str, problem: Problem, rows: list[Row]) -> None:
        super().__init__(problem, rows)
        self.name = name
        with watching() as used:
            self.values = self.differentiated()
        self.used = tuple(used)

    def along(self, direction: Direction, values: list[Array] | None = None) -> Array:
        moved = self._push(direction, values)[1]
        return np.array([float(np.real(row.of(moved))) for row in self.rows])

    def _disturbed(self, direction: Direction) -> list[Array]:
        here = self.along(direction)
        return [_off(seed, lambda: self.along(direction)) - here for seed in range(_TRIES)]

    def differentiated(self) -> list[Array]:
        """The outputs at the point as this mode computes them."""
        return [np.asarray(plain(y)) for y in self._push([None] * len(self.problem.leaves), None)[0]]

    def of_row(self, row: Row, direction: Direction) -> float:
        return float(np.real(row.of(self._push(direction, None)[1])))

    def at(self, problem: Problem) -> Mode:
        return Forward(self.name, problem, self.rows)

    def _push(self, direction: Direction, values: list[Array] | None) -> tuple[Any, Any]:
        point = [x.copy() for x in (values or self.problem.point)]
        tangents = [np.zeros_like(x) if v is None else v.astype(x.dtype) for v, x in zip(direction, point, strict=True)]
        with np.errstate(all="ignore"):
            return jvp(self.problem.flat, point, tangents)


def _off(seed: int, run: Callable[[], Any]) -> Any:
    """What is computed while numerical derivatives are off by their bounds."""
    with disturbed(seed):
        return run()


def reverse(problem: Problem, values: list[Array], rows: list[Row]) -> Gradients:
    """Gradients of rows by one recording and a sweep a row."""
    with np.errstate(all="ignore"):
        y, pullback = vjp(problem.flat, *(x.copy() for x in values))
        outputs = [part if hasattr(part, "dtype") else np.asarray(part) for part in y]
        return [[np.asarray(g) for g in pullback(row.cotangents(outputs))] for row in rows]


def by_hand(gradient: Callable[..., Any]) -> Compute:
    """Gradients of rows from a function of the user's, of shape output + leaf for each leaf."""

    def compute(problem: Problem, values: list[Array], rows: list[Row]) -> Gradients:
        assert problem.arguments is not None
        boxed = [leaf.box(x.copy()) for leaf, x in zip(problem.leaves, values, strict=True)]
        found = _matched(problem, gradient(*problem.arguments(boxed)))
        return [[_contracted(row.parts[0], g) for g in found] for row in rows]

    return compute


def argnums_of(f: Callable[..., Any], args: tuple[Any, ...], gradient: Callable[..., Any]) -> int | None:
    """Whether a gradient by hand of several arguments is that of the first, as bibun.grad's is: 0; else None, all."""
    if len(args) == 1:
        return None
    problem = problem_of(f, args, None)
    assert problem.arguments is not None
    given = gradient(*problem.arguments([leaf.box(leaf.value.copy()) for leaf in problem.leaves]))
    first = sum(leaf.argument == 0 for leaf in problem.leaves)
    return 0 if len(tree.flatten(given)[0]) == first != len(problem.leaves) else None


def _matched(problem: Problem, given: Any) -> list[Array]:
    """The leaves of what a gradient by hand returned: one for each leaf of the problem."""
    if len(problem.outputs) != 1:
        raise ValueError(
            f"check: gradient= is compared for a function of one output; {problem.name} returned {len(problem.outputs)}."
        )
    shape, single = problem.outputs[0].shape, problem.outputs[0].size == 1
    wanted = [(*shape, *leaf.value.shape) for leaf in problem.leaves]
    found = [np.array(plain(g)) for g in tree.flatten(given)[0]]
    if len(wanted) == 1 != len(found) and isinstance(given, (list, tuple)):
        found = _stacked(found)
    if _KEY.findall("".join(tree.paths(given))) in ([], _KEY.findall("".join(leaf.path for leaf in problem.leaves))):
        fits = [
            g.shape == w or (single and (g.shape == leaf.value.shape or (g.size == leaf.value.size == 1)))
            for g, w, leaf in zip(found, wanted, problem.leaves, strict=False)
        ]
        if len(found) == len(wanted) and all(fits):
            return [_numbers(g, leaf).reshape(w) for g, w, leaf in zip(found, wanted, problem.leaves, strict=True)]
    names = ", ".join(f"{leaf.path} {w}" for leaf, w in zip(problem.leaves, wanted, strict=True))
    shapes = ", ".join(
        f"{path or 'an array'} of shape {g.shape}" for path, g in zip(tree.paths(given), found, strict=False)
    )
    raise ValueError(
        f"check: gradient= returned {shapes or None}; for {names} it returns what bibun.grad would: an array of the shape "
        "of each argument, in the same containers. With argnums= it is compared for those arguments alone."
    )


def _stacked(parts: list[Array]) -> list[Array]:
    """A gradient as a list of numbers, or of rows, is one array."""
    return [np.stack(parts)] if len({part.shape for part in parts}) == 1 else parts


def _numbers(given: Array, leaf: Leaf) -> Array:
    """A gradient by a leaf as floats; of a real leaf it is real."""
    try:
        found = given if given.dtype.kind in "biufc" else given.astype(leaf.value.dtype)
    except (TypeError, ValueError):
        raise ValueError(f"check: gradient= returned {given.dtype} by {leaf.path}, not numbers.") from None
    if found.dtype.kind == "c" and not leaf.complex and np.any(np.abs(found.imag) > _REAL * np.max(np.abs(found))):
        raise ValueError(f"check: gradient= returned complex numbers by {leaf.path}, which is real.")
    return found


def _contracted(u: Array | None, jacobian: Array) -> Array:
    """The gradient of Re(sum u y) from dy/dx of shape y + x."""
    assert u is not None
    found = np.tensordot(u, jacobian, u.ndim) if u.ndim else u * jacobian
    return (
        found.astype(jacobian.dtype) if jacobian.dtype.kind == found.dtype.kind else found
    )  # as coarse as it was given


def dot(gradient: list[Array], direction: Direction) -> float:
    """Re(sum g v) over all leaves."""
    total = 0.0
    with np.errstate(all="ignore"):
        for g, v in zip(gradient, direction, strict=True):
            if v is not None:
                total += float(np.sum(np.real(g * v), where=v != 0))
    return total


def terms(gradient: list[Array], direction: Direction) -> float:
    """The 2-norm of the terms of that sum: what its rounding is measured by."""
    parts = [0.0]
    with np.errstate(all="ignore"):
        for g, v in zip(gradient, direction, strict=True):
            if v is not None:
                parts.append(_norm(np.where(v != 0, g, 0) * v))
    return _norm(np.array(parts))


def _norm(a: Array) -> float:
    """The 2-norm, of huge and of tiny entries too."""
    a = np.abs(a)
    top = float(np.max(a, initial=0.0))
    return top * float(np.sqrt(np.sum((a / top) ** 2))) if 0 < top < np.inf else top
