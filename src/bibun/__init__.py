"""bibun (differentiation): derivatives of plain NumPy code, exact, nested in any order."""

from bibun.errors import (
    BibunError,
    DerivativeValueError,
    LostDerivativeError,
    MutatedArrayError,
    NoDerivativeError,
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
    "as_array",
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
