"""What a solver leaves beside its solution (an inverse Hessian, multipliers): it varies, and no rule says how."""

from __future__ import annotations

from functools import cache
from typing import Any, NoReturn

import numpy as np
from scipy.sparse import issparse  # type: ignore[import-untyped]
from scipy.sparse.linalg import LinearOperator  # type: ignore[import-untyped]

from bibun.core.kinds import passed_on
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import Traced
from bibun.errors import OTHERWISE, NoDerivativeError, located
from bibun.scipy._levels import differentiated


def estimates(result: Any, x: Any, name: str, *known: str) -> None:
    """Let all floats in a result but the `known` fields depend on the solution x, with a derivative that is an error.

    As constants their derivative would be 0, which it is not. Forward mode, which meets them whether or not they are used,
    gives nan.
    """
    if differentiated(x):
        for field, value in result.items():
            if field not in known:
                result[field] = _left(value, x, name, field)


def _left(value: Any, x: Any, name: str, field: str) -> Any:
    if isinstance(value, dict):
        estimates(value, x, f"{name}(...).{field}" if "(" not in name else f"{name}.{field}")
    elif type(value) in (tuple, list):  # of constraints, or of what another solver returned
        return type(value)(_left(part, x, name, field) for part in value)
    elif isinstance(value, (np.ndarray, float, Traced)) and np.result_type(value).kind in "fc" and np.size(value):
        value = value if isinstance(value, Traced) else np.asarray(value)[()]  # a batch inside vmap
        return _estimate(name, field)(value, x)
    elif isinstance(value, LinearOperator) or issparse(value):
        return _Operator(_reason(name, field))
    return value


class _Operator:
    """In the place of a matrix that SciPy gives as an object: whatever is asked of it, it has no derivative."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __repr__(self) -> str:
        return self._reason

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise NoDerivativeError(f"{located()}{self._reason}")

    __array_ufunc__ = None
    __matmul__ = __rmatmul__ = __mul__ = __rmul__ = __call__ = __getitem__ = __array__ = _refuse


def _reason(name: str, field: str) -> str:
    return (
        f"{name}(...).{field} has no derivative rule: it is what the solver has left beside the solution. Compute it from "
        f".x, which has derivatives (a Hessian: bibun.hessian(f)(result.x)), or {OTHERWISE}."
    )


@cache
def _estimate(name: str, field: str) -> Primitive:
    """A row that gives its first input on."""
    return passed_on(
        f"{name}.{field}",
        _reason(name, field),
        Rule(lambda tangents, y: y * np.nan, ("y",)),
    )
