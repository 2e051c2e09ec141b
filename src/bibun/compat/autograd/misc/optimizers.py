"""Gradient descent with momentum, RMSprop and Adam, for numbers, arrays and containers of them.

Each takes grad(x, i), the gradient at x in iteration i, and calls callback(x, i, gradient) before each step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from bibun.compat.autograd.misc.flatten import flatten


def unflatten_optimizer(optimize: Callable[..., Any]) -> Callable[..., Any]:
    """From an optimiser of vectors to one of containers."""

    @wraps(optimize)
    def of_containers(grad: Callable[..., Any], x0: Any, callback: Any = None, *args: Any, **kwargs: Any) -> Any:
        start, unflatten = flatten(x0)

        def flat_grad(x: Any, i: int) -> Any:
            return flatten(grad(unflatten(x), i))[0]

        def flat_callback(x: Any, i: int, g: Any) -> None:
            callback(unflatten(x), i, unflatten(g))

        return unflatten(optimize(flat_grad, start, flat_callback if callback else None, *args, **kwargs))

    return of_containers


@unflatten_optimizer
def sgd(
    grad: Callable[..., Any],
    x: Any,
    callback: Any = None,
    num_iters: int = 200,
    step_size: float = 0.1,
    mass: float = 0.9,
) -> Any:
    """Gradient descent with momentum: v <- mass v - (1 - mass) g, x <- x + step_size v."""
    velocity = np.zeros(len(x))
    for i in range(num_iters):
        g = _gradient(grad, x, i, callback)
        velocity = mass * velocity - (1.0 - mass) * g
        x = x + step_size * velocity
    return x


@unflatten_optimizer
def rmsprop(
    grad: Callable[..., Any],
    x: Any,
    callback: Any = None,
    num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9,
    eps: float = 1e-8,
) -> Any:
    """RMSprop: s <- gamma s + (1 - gamma) g^2, x <- x - step_size g / (sqrt(s) + eps)."""
    square = np.ones(len(x))
    for i in range(num_iters):
        g = _gradient(grad, x, i, callback)
        square = gamma * square + (1 - gamma) * g**2
        x = x - step_size * g / (np.sqrt(square) + eps)
    return x


@unflatten_optimizer
def adam(
    grad: Callable[..., Any],
    x: Any,
    callback: Any = None,
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Any:
    """Adam (Kingma and Ba, 2015): means m of g and v of g^2, x <- x - step_size m' / (sqrt(v') + eps).

    m' = m / (1 - b1^(i+1)) and v' = v / (1 - b2^(i+1)), since both means start from 0.
    """
    m = v = np.zeros(len(x))
    for i in range(num_iters):
        g = _gradient(grad, x, i, callback)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        x = x - step_size * (m / (1 - b1 ** (i + 1))) / (np.sqrt(v / (1 - b2 ** (i + 1))) + eps)
    return x


def _gradient(grad: Callable[..., Any], x: Any, i: int, callback: Any) -> Any:
    g = grad(x, i)
    if callback:
        callback(x, i, g)
    return g
