"""Global searches within bounds, SciPy's: the minimum that is found has the derivative of a minimum."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from scipy import optimize  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._calls import no_rule
from bibun.scipy._estimates import estimates
from bibun.scipy._levels import all_at, batches, steering
from bibun.scipy._problem import Problem, each
from bibun.scipy.optimize.constraints import Bounds, Constraints
from bibun.scipy.optimize.minima import _active, _one, _varies, optimum
from bibun.scipy.optimize.roots import _failure


def _search(name: str) -> Callable[..., Any]:
    solver = getattr(optimize, name)

    @wraps(solver)
    def call(func: Callable[..., Any], bounds: Any, args: Any = (), **settings: Any) -> Any:
        """`.x` and `.fun` have derivatives by args, the bounds and what func reads: see minimize."""
        if settings.get("constraints"):
            raise no_rule(name, "it has no constraints here; write minimize, from the x that SciPy's own search finds")
        problem, settings = Problem(func, args), steering(name, **settings)
        size = np.size(bounds.lb) if isinstance(bounds, optimize.Bounds) else len(bounds)
        limits, free = Bounds(bounds, size), Constraints(())
        ends = limits.lower, limits.upper
        lower, upper = all_at(ends, dict.fromkeys(batches(*ends), 0))
        middle = (lower + upper) / 2

        def run(entry: Any) -> dict[str, Any]:
            within = limits.plain(entry)
            found = solver(problem.plain(entry), list(zip(within.lb, within.ub, strict=True)), **settings)
            return dict(found) | _active(problem, found.x, limits, free, entry)

        if not _varies(problem, middle, limits, free):
            return solver(func, bounds, args=args, **settings)
        fields = each(problem.sizes(middle, limits.lower, limits.upper), run)
        active = {key: fields.pop(key) for key in ("_low", "_high", "_held", "_multipliers")}
        result = optimize.OptimizeResult(fields)
        x = optimum(problem, as_array(result.x), limits, free, active, name=name, failure=_failure(result))
        if x is not result.x:
            result.x, result.fun = x, _one(problem(x))
            estimates(result, x, name, "x", "fun")
        return result

    return call


differential_evolution, dual_annealing, shgo, direct = map(
    _search, ("differential_evolution", "dual_annealing", "shgo", "direct")
)
