"""Bounds and constraints in all the forms that SciPy takes: which are active at a solution, and their equations there."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._levels import Entry, all_at, at, plain_function
from bibun.scipy._problem import Problem, derived
from bibun.transforms.derived import jacobian

# How far, relatively, a solution may stop from what holds it: interior methods do not reach it
_NEAR_BOUND, _NEAR = 1e-4, 1e-6


def _finite(limit: Any) -> Any:
    """A limit as a number to compute with: 0 where there is none."""
    return np.where(np.isfinite(limit), limit, 0.0)


def _near(value: Any, limit: Any, tolerance: float = _NEAR) -> Any:
    return np.isfinite(limit) & (np.abs(value - _finite(limit)) <= tolerance * (1 + np.abs(_finite(limit))))


class Bounds:
    """lower <= x <= upper, from a Bounds object of SciPy's or from pairs (lower, upper) in which None is infinite."""

    def __init__(self, bounds: Any, size: int) -> None:
        self.given = bounds
        if bounds is None:
            lower, upper = np.full(size, -np.inf), np.full(size, np.inf)
        elif isinstance(bounds, optimize.Bounds):
            lower, upper = bounds.lb, bounds.ub
        else:
            pairs = list(bounds)
            lower = np.stack([as_array(-np.inf if pair[0] is None else pair[0]) for pair in pairs])
            upper = np.stack([as_array(np.inf if pair[1] is None else pair[1]) for pair in pairs])
        self.lower, self.upper = (np.broadcast_to(as_array(limit), (size,)) for limit in (lower, upper))

    def __bool__(self) -> bool:
        return self.given is not None

    def plain(self, entry: Entry) -> Any:
        """For SciPy."""
        if self.given is None:
            return None
        feasible = getattr(self.given, "keep_feasible", False)
        return optimize.Bounds(at(self.lower, entry), at(self.upper, entry), feasible)

    def active(self, x: Any, slope: Any, curvature: Any, entry: Entry) -> tuple[Any, Any]:
        """Which entries of a plain minimum are held by a lower bound, and which by an upper one.

        Held: near the bound, and Newton's step along the entry, of slope over curvature, would go beyond it.
        """
        lower, upper = at(self.lower, entry), at(self.upper, entry)
        low, high = _near(x, lower, _NEAR_BOUND), _near(x, upper, _NEAR_BOUND)
        if np.any(low | high):
            stiffness = np.abs(curvature())
            low = low & (slope >= 0) & (slope >= stiffness * (x - _finite(lower)))
            high = high & (slope <= 0) & (-slope >= stiffness * (_finite(upper) - x))
        return low, high

    def equations(self, x: Any, slope: Any, low: Any, high: Any) -> Any:
        """The slope where x is free, and its distance to the bound that holds it elsewhere."""
        if self.given is None:
            return slope
        held = np.where(low, x - _finite(self.lower), x - _finite(self.upper))
        return np.where(np.logical_or(low, high), held, slope)


class Constraints:
    """lower <= c(x) <= upper for all of the constraints together."""

    def __init__(self, constraints: Any) -> None:
        alone = isinstance(constraints, (dict, optimize.LinearConstraint, optimize.NonlinearConstraint))
        self.given = [constraints] if alone else list(constraints)

    def __bool__(self) -> bool:
        return bool(self.given)

    @property
    def arguments(self) -> list[Any]:
        """What in them may be traced, apart from what their functions read from the code around them."""
        found: list[Any] = []
        for one in self.given:
            if isinstance(one, dict):
                found += one.get("args", ())
            else:
                found += [one.lb, one.ub, *([one.A] if isinstance(one, optimize.LinearConstraint) else [])]
        return found

    def values(self, x: Any) -> Any:
        """c(x), one after the other."""
        return np.concatenate([np.reshape(as_array(_value(one, x)), -1) for one in self.given])

    def limits(self, x: Any) -> tuple[Any, Any]:
        """lower and upper, one after the other."""
        pairs = [_limits(one, np.size(_value(one, x))) for one in self.given]
        return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])

    def distance(self, x: Any, side: Any) -> Any:
        """From the limit on a side: below 0 for the lower one."""
        lower, upper = self.limits(x)
        return self.values(x) - np.where(side > 0, _finite(upper), _finite(lower))

    def active(self, x: Any, slope: Any, bounds: Bounds, entry: Entry) -> tuple[Any, Any, Any]:
        """(side, multipliers, slope less their forces) at a plain minimum: side is -1 (or an equation), 1, or 0."""
        if not self.given:
            return np.zeros(0), np.zeros(0), slope
        c = at(self.values(x), entry)
        lower, upper = (at(limit, entry) for limit in self.limits(x))
        forces = at(jacobian(self.values)(x), entry)
        side = np.where(_near(c, lower), -1, np.where(_near(c, upper), 1, 0))
        at_bound = _near(x, at(bounds.lower, entry), _NEAR_BOUND) | _near(x, at(bounds.upper, entry), _NEAR_BOUND)
        while True:  # an inequality that pushes the wrong way does not hold x, though x is at it
            held = side != 0
            multipliers = np.zeros(len(c))
            multipliers[held] = np.linalg.lstsq(forces[held][:, ~at_bound].T, slope[~at_bound], rcond=None)[0]
            wrong = held & (lower != upper) & (-side * multipliers < 0)
            if not np.any(wrong):
                return side, multipliers, slope - multipliers @ forces
            side = np.where(wrong, 0, side)


def _value(constraint: Any, x: Any) -> Any:
    if isinstance(constraint, dict):
        return constraint["fun"](x, *_tuple(constraint.get("args", ())))
    return constraint.A @ x if isinstance(constraint, optimize.LinearConstraint) else constraint.fun(x)


def _limits(constraint: Any, size: int) -> tuple[Any, Any]:
    if isinstance(constraint, dict):
        upper = np.zeros(size) if constraint["type"].lower() == "eq" else np.full(size, np.inf)
        return np.zeros(size), upper
    return np.broadcast_to(as_array(constraint.lb), (size,)), np.broadcast_to(as_array(constraint.ub), (size,))


def _tuple(args: Any) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else (args,)


def for_scipy(constraints: Any, entry: Entry, start: Any) -> Any:
    """Plain constraints, with exact Jacobians where none are given."""
    return [_plain(one, entry, start) for one in Constraints(constraints).given]


def _plain(constraint: Any, entry: Entry, start: Any) -> Any:
    if isinstance(constraint, optimize.LinearConstraint):
        A, lower, upper = all_at((constraint.A, constraint.lb, constraint.ub), entry)
        return optimize.LinearConstraint(A, lower, upper, constraint.keep_feasible)
    if isinstance(constraint, dict):
        args = _tuple(constraint.get("args", ()))
        problem, jac = Problem(constraint["fun"], args), constraint.get("jac")
        exact = Problem(jac, args).plain(entry) if callable(jac) else _jacobian(problem, entry, start)
        made = {key: value for key, value in constraint.items() if key not in ("args", "jac")}
        return made | {"fun": problem.plain(entry)} | ({"jac": exact} if exact else {})
    problem = Problem(constraint.fun)
    lower, upper = all_at((constraint.lb, constraint.ub), entry)
    exact = Problem(constraint.jac).plain(entry) if callable(constraint.jac) else _jacobian(problem, entry, start)
    curvature = plain_function(constraint.hess, entry) if callable(constraint.hess) else constraint.hess
    return optimize.NonlinearConstraint(
        problem.plain(entry), lower, upper, exact or constraint.jac, curvature, constraint.keep_feasible
    )


def _jacobian(problem: Problem, entry: Entry, start: Any) -> Any:
    return derived(problem, entry, lambda f: jacobian(lambda x: as_array(f(x))), start)
