"""Derivatives of black boxes, from function values alone. Knows nothing of Variables, tapes and rules.

central_difference.py holds the functions of the books, which change the caller's array in place and put it back.
The others never touch it, and return an Estimate: the value, a bound on its error, and what limited it. They are
imported when they are first used, so that `import bibun` stays as quick as numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bibun.numerical.central_difference import (
    _numerical_gradient_1d,
    numerical_diff,
    numerical_gradient,
    numerical_gradient_2d,
)

if TYPE_CHECKING:
    from bibun.numerical.directions import derivative, directional
    from bibun.numerical.estimate import Estimate
    from bibun.numerical.estimators import GradientEstimator, JacobianEstimator
    from bibun.numerical.gradients import gradient, hessian, jacobian

__all__ = [
    "Estimate",
    "GradientEstimator",
    "JacobianEstimator",
    "_numerical_gradient_1d",
    "derivative",
    "directional",
    "gradient",
    "hessian",
    "jacobian",
    "numerical_diff",
    "numerical_gradient",
    "numerical_gradient_2d",
]

_ROOMS = {
    "Estimate": "estimate",
    "GradientEstimator": "estimators",
    "JacobianEstimator": "estimators",
    "derivative": "directions",
    "directional": "directions",
    "gradient": "gradients",
    "hessian": "gradients",
    "jacobian": "gradients",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
