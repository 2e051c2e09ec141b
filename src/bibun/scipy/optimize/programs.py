"""Linear programs and assignments: linprog by its conditions of optimality; what is a choice among integers is constant."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.kinds import constant
from bibun.errors import NoDerivativeError, located
from bibun.scipy._estimates import estimates
from bibun.scipy._levels import all_at, batches, is_traced, refuse_recorded, steering
from bibun.scipy._problem import each
from bibun.scipy.optimize.constraints import Bounds, Constraints
from bibun.scipy.optimize.minima import _active, optimum
from bibun.scipy.optimize.roots import _failure
from bibun.scipy.sparse.linalg import matrix_of


def _assign(cost: Any, *, maximize: bool) -> Any:
    refuse_recorded(cost)
    return optimize.linear_sum_assignment(cost, maximize)


_assignment = constant(
    _assign, "an assignment is a choice of indices: it does not vary continuously", name="linear_sum_assignment"
)


def linear_sum_assignment(cost_matrix: Any, maximize: bool = False) -> Any:
    """(rows, columns) of the cheapest assignment: plain indices. cost[rows, columns].sum() has derivatives."""
    return _assignment(as_array(cost_matrix), maximize=maximize)


def linprog(
    c: Any,
    A_ub: Any = None,
    b_ub: Any = None,
    A_eq: Any = None,
    b_eq: Any = None,
    bounds: Any = (0, None),
    method: str = "highs",
    callback: Any = None,
    options: Any = None,
    x0: Any = None,
    integrality: Any = None,
) -> Any:
    """A minimum of c·x; `.x` and `.fun` have derivatives by c, A, b and the bounds that hold it.

    Raises DerivativeValueError where the solution is no single vertex with as many active limits as unknowns: then x is
    not unique, or jumps. A_ub and A_eq may be sparse, with plain or traced entries.
    """
    c, options = as_array(c), steering("linprog", options=options)["options"]
    b_ub, b_eq = (None if b is None else as_array(b) for b in (b_ub, b_eq))
    above, equal = (None if a is None else matrix_of(a) for a in (A_ub, A_eq))  # the kind and the entries
    arguments = (c, above and above[1], b_ub, equal and equal[1], b_eq, _pairs(bounds, np.shape(c)[-1]))
    if integrality is not None and np.any(integrality) and is_traced(*arguments):
        raise _refused("linprog with integrality=")
    limits, conditions = Bounds(arguments[5], np.shape(c)[-1]), Constraints(_rows(above, b_ub, equal, b_eq))

    def value(x: Any) -> Any:
        return np.sum(c * x)

    def run(entry: Any) -> dict[str, Any]:
        plain = list(all_at(arguments, entry))
        for place, matrix in ((1, above), (3, equal)):
            plain[place] = matrix and matrix[0].matrix(*plain[place])
        found = optimize.linprog(*plain, method, callback, options, x0, integrality)
        if found.x is None or not is_traced(*arguments):
            return dict(found) | dict.fromkeys(("_low", "_high", "_held", "_multipliers"))
        return dict(found) | _active(value, found.x, limits, conditions, entry)  # type: ignore[arg-type]

    fields = each(batches(*arguments), run)
    active = {key: fields.pop(key) for key in ("_low", "_high", "_held", "_multipliers")}
    result = optimize.OptimizeResult(fields)
    if active["_low"] is None:
        return result
    result.x = optimum(value, result.x, limits, conditions, active, name="linprog", failure=_failure(result))
    result.fun = value(result.x)
    if above is not None:
        result.slack = b_ub - _times(above, result.x)
    if equal is not None:
        result.con = b_eq - _times(equal, result.x)
    estimates(result, result.x, "linprog", "x", "fun", "slack", "con")
    return result


def _pairs(bounds: Any, size: int) -> Any:
    """Bounds as one pair a variable."""
    pairs = (
        [(0, None)] if bounds is None else bounds if np.ndim(bounds[0] if bounds[0] is not None else 0) else [bounds]
    )
    pairs = [tuple(pair) for pair in pairs]
    return pairs * size if len(pairs) == 1 else pairs


def _times(matrix: tuple[Any, tuple[Any, ...]], x: Any) -> Any:
    kind, data = matrix
    return kind.product(*data, x)


def _rows(above: Any, b_ub: Any, equal: Any, b_eq: Any) -> list[Any]:
    """Constraints with values c(x) between limits."""
    found: list[Any] = []
    if above is not None:
        found.append({"type": "ineq", "fun": lambda x: b_ub - _times(above, x)})
    if equal is not None:
        found.append({"type": "eq", "fun": lambda x: _times(equal, x) - b_eq})
    return found


def milp(c: Any, *, integrality: Any = None, bounds: Any = None, constraints: Any = None, options: Any = None) -> Any:
    """SciPy's, for plain arrays: whole numbers do not vary continuously."""
    if is_traced(c, bounds) or (constraints is not None and is_traced(Constraints(constraints).arguments)):
        raise _refused("milp")
    return optimize.milp(c, integrality=integrality, bounds=bounds, constraints=constraints, options=options)


def _refused(name: str) -> NoDerivativeError:
    return NoDerivativeError(
        f"{located()}{name} has no derivative: a whole number does not vary continuously, and where it jumps there is none. Fix "
        "the whole numbers at the solution (of the plain arrays, x.data), and differentiate linprog over the other unknowns."
    )
