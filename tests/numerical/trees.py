"""Random expressions of one variable, evaluated with NumPy, with `math` or with mpmath. Calls no engine.

An expression is a nested tuple: ("x",), ("c", 2.0), (function, argument) or (operator, left, right).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import mpmath
import numpy as np

from tests.numerical.black_boxes import NUMPY, exact_derivative

Expression = tuple[Any, ...]

CONSTANTS = (0.5, 2.0, 3.0, -1.5, 0.1, 7.0, 10.0, 0.75)
FUNCTIONS = ("exp", "sin", "cos", "tanh", "log", "sqrt", "atan", "square", "cube", "reciprocal", "power 1.5", "minus")
OPERATORS = ("+", "-", "*", "/")


def evaluate(expression: Expression, m: Any, x: Any) -> Any:
    """The value of the expression at x with the functions of `m`."""
    kind, *parts = expression
    if kind == "x":
        return x
    if kind == "c":
        return parts[0] + 0 * x
    a = evaluate(parts[0], m, x)
    match kind:
        case "+" | "-" | "*" | "/":
            b = evaluate(parts[1], m, x)
            return a + b if kind == "+" else a - b if kind == "-" else a * b if kind == "*" else a / b
        case "square":
            return a * a
        case "cube":
            return a * a * a
        case "reciprocal":
            return 1 / a
        case "power 1.5":
            return a**1.5
        case "minus":
            return -a
    return getattr(m, kind)(a)


def shown(expression: Expression) -> str:
    kind, *parts = expression
    if kind == "x":
        return "x"
    if kind == "c":
        return f"{parts[0]:g}"
    if kind in OPERATORS:
        return f"({shown(parts[0])} {kind} {shown(parts[1])})"
    return f"{kind}({shown(parts[0])})"


def depends_on_x(expression: Expression) -> bool:
    return expression[0] == "x" or any(depends_on_x(part) for part in expression[1:] if isinstance(part, tuple))


class Tree(NamedTuple):
    """An expression at a point, and its derivative there."""

    expression: Expression
    x: float
    truth: float

    def __str__(self) -> str:
        return f"{shown(self.expression)} at {self.x!r}"

    def function(self, m: SimpleNamespace = NUMPY) -> Any:
        return lambda x: evaluate(self.expression, m, x)


def tree_at(expression: Expression, x: float) -> Tree | None:
    """None where the question is not fair: f undefined or constant, out of range, or inaccurate in double precision."""
    if not depends_on_x(expression) or x == 0:
        return None
    try:
        with np.errstate(all="raise", under="ignore"):  # what overflows here may take for ever in mpmath
            evaluate(expression, NUMPY, np.float64(x))
        truth = exact_derivative(lambda m, t: _real(evaluate(expression, m, t)), x)
        value = float(_real(evaluate(expression, mpmath, mpmath.mpf(x))))
        fair = 1e-150 < abs(value) < 1e150 and 1e-9 * abs(value) < abs(x * truth) < 1e8 * abs(value)
        if not fair or _inaccuracy(expression, x, value) > 1e-13:
            return None
    except (ArithmeticError, ValueError, TypeError):
        return None
    return Tree(expression, x, truth)


def _real(value: Any) -> Any:
    if mpmath.im(value) != 0 or not mpmath.isfinite(value):
        raise ValueError("undefined here")
    return mpmath.re(value)


def _inaccuracy(expression: Expression, x: float, value: float) -> float:
    """The largest relative error of the double precision function near x."""
    worst = 0.0
    for t in (x, x * (1 + 2.0**-9), x * (1 - 2.0**-9)):
        with mpmath.workdps(60), np.errstate(all="ignore"):
            exact = evaluate(expression, mpmath, mpmath.mpf(t))
            found = float(evaluate(expression, NUMPY, np.float64(t)))
            if math.isfinite(found):
                worst = max(worst, float(abs(mpmath.mpf(found) - exact)) / abs(value))
            elif t == x:
                return math.inf
    return worst


def random_trees(seed: int) -> Iterator[Tree]:
    """Without end: expressions of depth 2 to 5, at points of sizes 1e-6 to 1e6."""
    generator = np.random.default_rng(seed)
    while True:
        expression = _random_expression(generator, int(generator.integers(2, 6)))
        widest = generator.choice([0.0, 2.0, 6.0], p=[0.5, 0.3, 0.2])
        x = float(generator.normal() * 10.0 ** generator.uniform(-widest, widest))
        tree = tree_at(expression, x)
        if tree is not None:
            yield tree


def _random_expression(generator: np.random.Generator, depth: int) -> Expression:
    if depth == 0 or generator.random() < 0.08:
        return ("x",) if generator.random() < 0.72 else ("c", float(generator.choice(CONSTANTS)))
    if generator.random() < 0.55:
        return (str(generator.choice(FUNCTIONS)), _random_expression(generator, depth - 1))
    right = depth - 1 if generator.random() < 0.6 else max(0, depth - 2)
    left = _random_expression(generator, depth - 1)
    return (str(generator.choice(OPERATORS)), left, _random_expression(generator, right))
