"""Vector mathematics, written in LLVM IR: each word (exp, log, ...) as code for any number of lanes, a file a family."""

from __future__ import annotations

from bibun.compiler.native.mathematics import (
    bessel_functions,
    digamma_function,
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
    single_precision,
    trigonometric,
)
from bibun.compiler.native.mathematics.registry import ARITY, WORDS, generate

__all__ = [
    "ARITY",
    "WORDS",
    "bessel_functions",
    "digamma_function",
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
    "single_precision",
    "trigonometric",
]
