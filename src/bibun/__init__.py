"""bibun (differentiation): derivatives of plain NumPy code, exact, nested in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bibun.arrays import scipy_backend as _scipy_backend
from bibun.errors import (
    BibunError,
    CompileWarning,
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
from bibun.transforms.stopping import stop_gradient
from bibun.transforms.vmap import vmap

if TYPE_CHECKING:
    from bibun.checking.check import check
    from bibun.compiler.compiled import compile
    from bibun.transforms.fallback import numerical_fallback

__version__ = "0.1.0"

__all__ = [
    "BibunError",
    "CompileWarning",
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
    "compile",
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
    "numerical_fallback",
    "square",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]

_scipy_backend.install()


def __getattr__(name: str) -> Any:
    """Some names are imported when they are first used, so that `import bibun` stays as quick as numpy."""
    from importlib import import_module

    room = {
        "check": "bibun.checking",
        "compile": "bibun.compiler",
        "numerical_fallback": "bibun.transforms.fallback",
    }.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(room), name)
    return globals()[name]


def __dir__() -> list[str]:
    """The public names, and the packages for users as far as they are imported."""
    packages = {"compat", "interop", "numpy", "scipy"} & globals().keys()
    return sorted([*__all__, *packages, *(name for name in globals() if name.startswith("__"))])
