"""Rows of mechanics: Kepler's equation by Newton's method, a step of N bodies, the README's chain of springs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.compiled.rows import Row
from benchmarks.harness import Call

# Kepler's equation, E - e sin E = M: a `while` on values


def kepler_problem(_: int) -> Any:
    """(eccentricity, mean anomaly)."""
    return np.array(0.6), np.array(1.3)


def _newton_step(numpy: Any, anomaly: Any, eccentricity: Any, mean: Any) -> Any:
    error = anomaly - eccentricity * numpy.sin(anomaly) - mean
    return error / (1.0 - eccentricity * numpy.cos(anomaly))


def kepler(eccentricity: Any, mean: Any) -> Any:
    anomaly, step = mean, 1.0
    while np.abs(step) > 1e-12:
        step = _newton_step(np, anomaly, eccentricity, mean)
        anomaly = anomaly - step
    return anomaly


def _kepler_jax(jax: Any, problem: Any) -> Any:
    """Forward: jax has no reverse mode of a while loop."""

    def anomaly(eccentricity: Any, mean: Any) -> Any:
        def advance(state: Any) -> Any:
            step = _newton_step(jax.numpy, state[0], eccentricity, mean)
            return state[0] - step, step

        first = (mean, jax.numpy.ones_like(mean))
        return jax.lax.while_loop(lambda state: abs(state[1]) > 1e-12, advance, first)[0]

    def with_value(*arguments: Any) -> Any:
        value = anomaly(*arguments)
        return value, value

    def value_and_gradient(*arguments: Any) -> Any:
        gradient, value = jax.jacfwd(with_value, argnums=(0, 1), has_aux=True)(*arguments)
        return value, gradient

    return value_and_gradient, problem


KEPLER = Row(
    key="kepler",
    title="Kepler's equation, Newton's method in a while loop",
    problem=kepler_problem,
    size=1,
    bibun=lambda bb, problem: (bb.value_and_grad(kepler, argnums=(0, 1)), problem),
    jax=_kepler_jax,
    primal=lambda problem: Call(kepler, problem),
)

# Bodies that attract each other: one step, the kinetic energy after it


def bodies_problem(size: int) -> Any:
    """(places, velocities, masses)."""
    generator = np.random.default_rng(13)
    return generator.standard_normal((size, 3)), generator.standard_normal((size, 3)), generator.random(size) + 0.5


def make_energy_after(numpy: Any, masses: Any) -> Callable[..., Any]:
    def energy_after(places: Any, velocities: Any) -> Any:
        places = places + 0.005 * velocities
        apart = places[None, :, :] - places[:, None, :]
        squares = numpy.sum(apart**2, axis=2) + 0.01  # softened: no body attracts itself
        pull = numpy.sum((masses * squares**-1.5)[:, :, None] * apart, axis=1)
        velocities = velocities + 0.01 * pull
        return 0.5 * numpy.sum(masses * numpy.sum(velocities**2, axis=1))

    return energy_after


def _bodies_jax(jax: Any, problem: Any) -> Any:
    def energy_after(places: Any, velocities: Any, masses: Any) -> Any:
        return make_energy_after(jax.numpy, masses)(places, velocities)

    return jax.value_and_grad(energy_after, argnums=(0, 1)), (*problem[:2], jax.numpy.asarray(problem[2]))


BODIES = Row(
    key="bodies",
    title="a step of 100 bodies, kinetic energy",
    problem=bodies_problem,
    size=100,
    bibun=lambda bb, problem: (bb.value_and_grad(make_energy_after(np, problem[2]), argnums=(0, 1)), problem[:2]),
    jax=_bodies_jax,
    primal=lambda problem: Call(make_energy_after(np, problem[2]), problem[:2]),
)

# The README's chain of springs, with its updates in place


def springs_problem(size: int) -> Any:
    return np.cumsum(np.random.default_rng(14).uniform(0.5, 1.5, size))


def springs(x: Any) -> Any:
    stretch = np.zeros_like(x)
    stretch[1:] = x[1:] - x[:-1]
    stretch[1:] -= 1.0
    return 0.5 * np.sum(stretch**2)


def _springs_jax(jax: Any, x: Any) -> Any:
    def energy(x: Any) -> Any:
        stretch = jax.numpy.zeros_like(x)
        stretch = stretch.at[1:].set(x[1:] - x[:-1])
        stretch = stretch.at[1:].add(-1.0)
        return 0.5 * jax.numpy.sum(stretch**2)

    return jax.value_and_grad(energy), (x,)


SPRINGS = Row(
    key="springs",
    title="chain of 10,000 springs, updates in place",
    problem=springs_problem,
    size=10_000,
    bibun=lambda bb, x: (bb.value_and_grad(springs), (x,)),
    jax=_springs_jax,
    primal=lambda x: Call(springs, (x,)),
)
