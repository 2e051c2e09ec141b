"""The Lorenz system by Runge-Kutta's fourth order, a Python loop: |last state|^2 by first state and parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.compiled.rows import Row, by_limit
from benchmarks.harness import Call

STEP = 0.01


def problem(steps: int) -> Any:
    return np.array([1.0, 1.0, 1.0]), np.array([10.0, 28.0, 8.0 / 3.0]), steps


def make_step(numpy: Any, parameters: Any) -> Callable[[Any], Any]:
    sigma, rho, beta = parameters

    def slope(state: Any) -> Any:
        x, y, z = state
        return numpy.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

    def step(state: Any) -> Any:
        slope1 = slope(state)
        slope2 = slope(state + 0.5 * STEP * slope1)
        slope3 = slope(state + 0.5 * STEP * slope2)
        slope4 = slope(state + STEP * slope3)
        return state + STEP / 6.0 * (slope1 + 2.0 * slope2 + 2.0 * slope3 + slope4)

    return step


def make_distance(steps: int) -> Callable[..., Any]:
    def distance(state: Any, parameters: Any) -> Any:
        step = make_step(np, parameters)
        for _ in range(steps):
            state = step(state)
        return np.sum(state * state)

    return distance


def _jax(jax: Any, problem: Any) -> Any:
    state, parameters, steps = problem

    def distance(state: Any, parameters: Any) -> Any:
        step = make_step(jax.numpy, parameters)
        last = jax.lax.fori_loop(0, steps, lambda _, state: step(state), state)
        return jax.numpy.sum(last * last)

    return jax.value_and_grad(distance, argnums=(0, 1)), (state, parameters)


def _lorenz(steps: int) -> Row:
    return Row(
        key=f"lorenz-{steps}",
        title=f"Lorenz, RK4, {steps:,} steps of a Python loop",
        problem=problem,
        size=steps,
        bibun=lambda bb, problem: (bb.value_and_grad(make_distance(problem[2]), argnums=(0, 1)), problem[:2]),
        jax=_jax,
        primal=lambda problem: Call(make_distance(problem[2]), problem[:2]),
        limit=by_limit("lorenz", lambda problem: (*problem, STEP)),
        required=1.0,
    )


LORENZ = (_lorenz(100), _lorenz(1_000))
