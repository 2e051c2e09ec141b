"""What a solver leaves beside its solution (an inverse Hessian, multipliers): it varies, and no rule says how."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from bibun.core.kinds import passed_on
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import Traced
from bibun.errors import OTHERWISE
from bibun.scipy._levels import differentiated


def estimates(result: Any, x: Any, name: str, *known: str) -> None:
    """Let all floats in a result but the `known` fields depend on the solution x, with a derivative that is an error.

    As constants their derivative would be 0, which it is not. Forward mode, which meets them whether or not they are used,
    gives nan.
    """
    if not differentiated(x):
        return
    for field, value in result.items():
        if field in known:
            continue
        if isinstance(value, dict):
            estimates(value, x, f"{name}(...).{field}" if "(" not in name else f"{name}.{field}")
        elif isinstance(value, (np.ndarray, float, Traced)) and np.result_type(value).kind in "fc" and np.size(value):
            value = value if isinstance(value, Traced) else np.asarray(value)[()]  # a batch inside vmap
            result[field] = _estimate(name, field)(value, x)


@cache
def _estimate(name: str, field: str) -> Primitive:
    """A row that gives its first input on."""
    return passed_on(
        f"{name}.{field}",
        f"{name}(...).{field} has no derivative rule: it is what the solver has left beside the solution. Compute it from "
        f".x, which has derivatives (a Hessian: bibun.hessian(f)(result.x)), or {OTHERWISE}.",
        Rule(lambda tangents, y: y * np.nan, ("y",)),
    )
