"""ADBench's bundle adjustment: the derivatives of each observation's two errors by camera (11), point (3), weight (1).

ADBench's case of a camera that is not rotated at all is left out, as is the error of a weight, 1 - w^2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.compiled.rows import Row, by_limit


def problem(observations: int) -> Any:
    """(cameras, points, weights, (camera, point) of each observation, where each was seen)."""
    generator = np.random.default_rng(8)
    cameras, points = max(2, observations // 100), max(2, observations // 3)
    camera = np.concatenate(
        [
            0.3 * generator.standard_normal((cameras, 3)),  # rotation
            generator.standard_normal((cameras, 3)),  # centre
            1.0 + 0.1 * generator.standard_normal((cameras, 1)),  # focal length
            0.1 * generator.standard_normal((cameras, 2)),  # principal point
            0.01 * generator.standard_normal((cameras, 2)),  # radial distortion
        ],
        axis=1,
    )
    point = generator.standard_normal((points, 3)) + np.array([0.0, 0.0, 8.0])
    pairs = np.stack(
        [generator.integers(0, cameras, observations), generator.integers(0, points, observations)], axis=1
    )
    return camera, point, generator.random(observations), pairs, generator.standard_normal((observations, 2))


def make_error(numpy: Any) -> Callable[..., Any]:
    def rotate(rotation: Any, x: Any) -> Any:
        angle = numpy.sqrt(numpy.sum(rotation**2))
        axis = rotation / angle
        cosine, sine = numpy.cos(angle), numpy.sin(angle)
        return x * cosine + numpy.cross(axis, x) * sine + axis * (numpy.dot(axis, x) * (1.0 - cosine))

    def error(camera: Any, point: Any, weight: Any, seen: Any) -> Any:
        turned = rotate(camera[0:3], point - camera[3:6])
        projected = turned[:2] / turned[2]
        square = numpy.sum(projected**2)
        distorted = projected * (1.0 + camera[9] * square + camera[10] * square * square)
        return weight * (distorted * camera[6] + camera[7:9] - seen)

    return error


def _jacobian_of_all(vmap: Any, jacobian: Any, error: Any, pairs: Any, seen: Any) -> Callable[..., Any]:
    """(cameras, points, weights) -> derivatives by each observation's own camera, point and weight."""
    of_each = vmap(jacobian(error, argnums=(0, 1, 2)))
    return lambda cameras, points, weights: of_each(cameras[pairs[:, 0]], points[pairs[:, 1]], weights, seen)


def _bibun(bb: Any, problem: Any) -> Any:
    pairs, seen = problem[3:]
    return _jacobian_of_all(bb.vmap, bb.jacobian, make_error(np), pairs, seen), problem[:3]


def _jax(jax: Any, problem: Any) -> Any:
    def derivative(cameras: Any, points: Any, weights: Any, pairs: Any, seen: Any) -> Any:
        function = _jacobian_of_all(jax.vmap, jax.jacrev, make_error(jax.numpy), pairs, seen)
        return function(cameras, points, weights)

    return derivative, (*problem[:3], *map(jax.numpy.asarray, problem[3:]))


def primal(problem: Any) -> Any:
    """The errors of all observations, written for whole arrays."""
    cameras, points, weights, pairs, seen = problem

    def run() -> Any:
        camera = cameras[pairs[:, 0]]
        rotation, x = camera[:, 0:3], points[pairs[:, 1]] - camera[:, 3:6]
        angle = np.sqrt(np.sum(rotation**2, axis=1, keepdims=True))
        axis = rotation / angle
        cosine, sine = np.cos(angle), np.sin(angle)
        reach = np.sum(axis * x, axis=1, keepdims=True)
        turned = x * cosine + np.cross(axis, x) * sine + axis * (reach * (1.0 - cosine))
        projected = turned[:, :2] / turned[:, 2:]
        square = np.sum(projected**2, axis=1, keepdims=True)
        distorted = projected * (1.0 + camera[:, 9:10] * square + camera[:, 10:11] * square * square)
        return weights[:, None] * (distorted * camera[:, 6:7] + camera[:, 7:9] - seen)

    return run


def bundle(observations: int, required: float | None = None) -> Row:
    return Row(
        key="bundle" if required else f"bundle-{observations}",
        title=f"ADBench BA Jacobian, {observations:,} observations",
        problem=problem,
        size=observations,
        bibun=_bibun,
        jax=_jax,
        primal=primal,
        limit=by_limit("bundle", lambda problem: problem),
        required=required,
        eager=observations < 10_000,
        primal_is_value=False,
    )


BUNDLE = bundle(5_000, required=2.0)
OTHER_BUNDLES = (bundle(50_000),)
