"""Rows on grids, all of slices: heat with reaction over time, a Laplace stencil, a convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.compiled.rows import Row
from benchmarks.harness import Call

# Heat with reaction: 64 points, a Python loop over time


def heat_problem(steps: int) -> Any:
    """(first temperatures, (diffusion, reaction), wanted temperatures, steps)."""
    generator = np.random.default_rng(10)
    return generator.random(64), np.array([0.2, 0.05]), generator.random(64), steps


def make_heat_step(numpy: Any, rates: Any) -> Callable[[Any], Any]:
    def step(u: Any) -> Any:
        inner = u[1:-1]
        curvature = u[2:] - 2.0 * inner + u[:-2]
        inner = inner + rates[0] * curvature + rates[1] * inner * (1.0 - inner)
        return numpy.concatenate([u[:1], inner, u[-1:]])

    return step


def make_heat(wanted: Any, steps: int) -> Callable[..., Any]:
    def distance(u: Any, rates: Any) -> Any:
        step = make_heat_step(np, rates)
        for _ in range(steps):
            u = step(u)
        return np.sum((u - wanted) ** 2)

    return distance


def _heat_jax(jax: Any, problem: Any) -> Any:
    u, rates, wanted, steps = problem

    def distance(u: Any, rates: Any, wanted: Any) -> Any:
        step = make_heat_step(jax.numpy, rates)
        last = jax.lax.fori_loop(0, steps, lambda _, u: step(u), u)
        return jax.numpy.sum((last - wanted) ** 2)

    return jax.value_and_grad(distance, argnums=(0, 1)), (u, rates, jax.numpy.asarray(wanted))


HEAT = Row(
    key="heat",
    title="heat with reaction, 64 points, 200 steps",
    problem=heat_problem,
    size=200,
    bibun=lambda bb, problem: (bb.value_and_grad(make_heat(*problem[2:]), argnums=(0, 1)), problem[:2]),
    jax=_heat_jax,
    primal=lambda problem: Call(make_heat(*problem[2:]), problem[:2]),
)

# Laplace's equation: the squared residual of the five-point stencil


def laplace_problem(size: int) -> Any:
    generator = np.random.default_rng(11)
    return generator.standard_normal((size, size)), generator.standard_normal((size - 2, size - 2))


def make_residual(numpy: Any, source: Any) -> Callable[[Any], Any]:
    def residual(u: Any) -> Any:
        around = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
        return 0.5 * numpy.sum((around - 4.0 * u[1:-1, 1:-1] - source) ** 2)

    return residual


def _laplace_jax(jax: Any, problem: Any) -> Any:
    def residual(u: Any, source: Any) -> Any:
        return make_residual(jax.numpy, source)(u)

    return jax.value_and_grad(residual), (problem[0], jax.numpy.asarray(problem[1]))


LAPLACE = Row(
    key="laplace",
    title="Laplace's equation, 256 x 256, squared residual",
    problem=laplace_problem,
    size=256,
    bibun=lambda bb, problem: (bb.value_and_grad(make_residual(np, problem[1])), problem[:1]),
    jax=_laplace_jax,
    primal=lambda problem: Call(make_residual(np, problem[1]), problem[:1]),
)

# A convolution, a slice of the image for each entry of the kernel


def convolution_problem(size: int) -> Any:
    generator = np.random.default_rng(12)
    return generator.standard_normal((size, size)), 0.2 * generator.standard_normal((5, 5))


def make_response(numpy: Any) -> Callable[..., Any]:
    def response(image: Any, kernel: Any) -> Any:
        rows, columns = image.shape[0] - 4, image.shape[1] - 4
        total = 0.0
        for i in range(5):
            for j in range(5):
                total = total + kernel[i, j] * image[i : i + rows, j : j + columns]
        return numpy.mean(numpy.tanh(total) ** 2)

    return response


CONVOLUTION = Row(
    key="convolution",
    title="convolution 5 x 5 by slices, 128 x 128",
    problem=convolution_problem,
    size=128,
    bibun=lambda bb, problem: (bb.value_and_grad(make_response(np), argnums=(0, 1)), problem),
    jax=lambda jax, problem: (jax.value_and_grad(make_response(jax.numpy), argnums=(0, 1)), problem),
    primal=lambda problem: Call(make_response(np), problem),
)
