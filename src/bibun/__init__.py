"""bibun (differentiation): derivatives of plain NumPy code, exact, nested in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bibun.errors import (
    BibunError,
    DerivativeValueError,
    LostDerivativeError,
    MutatedArrayError,
    NoDerivativeError,
    WrongDerivativeError,
)
from bibun.interpreters.convenient import as_array, exp, square
from bibun.interpreters.function import Exp, Function, Square
from bibun.interpreters.variable import Variable
from bibun.numerical import numerical_diff
from bibun.transforms.custom import checkpoint, custom_jvp, custom_vjp
from bibun.transforms.derived import hessian, hvp, jacobian
from bibun.transforms.forward import jacfwd, jvp, linearize
from bibun.transforms.reverse import grad, jacrev, value_and_grad, vjp
from bibun.transforms.vmap import vmap

if TYPE_CHECKING:
    from bibun.checking import check

__version__ = "0.1.0"

__all__ = [
    "BibunError",
    "DerivativeValueError",
    "Exp",
    "Function",
    "LostDerivativeError",
    "MutatedArrayError",
    "NoDerivativeError",
    "Square",
    "Variable",
    "WrongDerivativeError",
    "as_array",
    "check",
    "checkpoint",
    "custom_jvp",
    "custom_vjp",
    "exp",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "numerical_diff",
    "square",
    "value_and_grad",
    "vjp",
    "vmap",
]


def __getattr__(name: str) -> Any:
    """`check` is imported when it is first used, so that `import bibun` stays as quick as numpy."""
    if name != "check":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bibun.checking import check

    globals()["check"] = check
    return check
