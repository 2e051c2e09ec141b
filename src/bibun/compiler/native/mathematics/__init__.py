"""Vector mathematics, written in LLVM IR: each word (exp, log, ...) as code for any number of lanes, a file a family."""

from __future__ import annotations

from bibun.compiler.native.mathematics import (
    digamma,
    error_functions,
    exponentials,
    gamma_functions,
    hyperbolic,
    inverse_error_functions,
    inverse_trigonometric,
    logarithms,
    logistic,
    normal_distribution,
    powers,
    trigonometric,
)
from bibun.compiler.native.mathematics.registry import ARITY, WORDS, generate

__all__ = [
    "ARITY",
    "WORDS",
    "digamma",
    "error_functions",
    "exponentials",
    "gamma_functions",
    "generate",
    "hyperbolic",
    "inverse_error_functions",
    "inverse_trigonometric",
    "logarithms",
    "logistic",
    "normal_distribution",
    "powers",
    "trigonometric",
]
