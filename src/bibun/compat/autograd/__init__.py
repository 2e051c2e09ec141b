"""Programs written for HIPS autograd: `sed "s/\\bautograd\\b/bibun.compat.autograd/g"` moves one over.

Names, arguments, results and conventions are autograd's; the derivatives are bibun's, so forward mode, second order and
in-place updates work throughout. What autograd has for its own tracer (nodes, tracing, vector spaces of new types) has no
counterpart here, and says so when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bibun.compat.autograd.builtins import dict, isinstance, list, tuple, type
from bibun.compat.autograd.differential_operators import (
    checkpoint,
    deriv,
    elementwise_grad,
    grad,
    grad_and_aux,
    grad_named,
    hessian,
    hessian_tensor_product,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_jvp_reversemode,
    make_vjp,
    multigrad_dict,
    tensor_jacobian_product,
    value_and_grad,
    vector_jacobian_product,
)
from bibun.compat.autograd.extend import primitive

__all__ = [
    "checkpoint",
    "deriv",
    "dict",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "isinstance",
    "jacobian",
    "list",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "primitive",
    "tensor_jacobian_product",
    "tuple",
    "type",
    "value_and_grad",
    "vector_jacobian_product",
]

_MODULES = ("misc", "numpy", "scipy", "test_util")


def __getattr__(name: str) -> Any:
    """autograd.numpy and its kind, imported when they are first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
