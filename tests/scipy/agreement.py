"""What a function of bibun.scipy must do beside SciPy's of the same name: its numbers, and the slopes of its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import bibun as bb
from tests.families.agreement import random_like

STEP = 1e-4


def slopes(f: Callable[[Any], Any], x: np.ndarray, step: float = STEP) -> np.ndarray:
    """The Jacobian of a plain function by differences of fourth order, x.shape last."""
    columns = []
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = step
        values = [np.asarray(f(x + k * e)) for k in (-2, -1, 1, 2)]
        with np.errstate(invalid="ignore"):  # what is infinite or nan has no slope
            columns.append((8 * (values[2] - values[1]) - values[3] + values[0]) / (12 * step))
    return np.reshape(np.stack(columns, axis=-1), (*np.shape(columns[0]), *x.shape))


def check_beside(
    f: Callable[..., Any],
    ours: Any,
    theirs: Any,
    *xs: Any,
    rtol: float = 1e-6,
    value: float = 1e-11,
    skip: tuple[int, ...] = (),
) -> None:
    """f(module, *xs): by each x, the value and the Jacobian of both modes, vmap, and a second derivative by a direction."""
    xs = tuple(np.asarray(x, float) for x in xs)
    for k in set(range(len(xs))) - set(skip):

        def at(module: Any, k: int = k) -> Callable[[Any], Any]:
            return lambda x: f(module, *xs[:k], x, *xs[k + 1 :])

        expected = np.asarray(at(theirs)(xs[k]))
        y, tangent = bb.jvp(at(ours), (xs[k],), (np.ones_like(xs[k]),))
        np.testing.assert_allclose(y, expected, rtol=value, atol=value, equal_nan=True)
        truth = slopes(at(theirs), xs[k])
        known = np.isfinite(truth)
        found = bb.jacrev(at(ours))(xs[k])
        np.testing.assert_allclose(np.where(known, found, 0), np.where(known, truth, 0), rtol=rtol, atol=rtol)
        np.testing.assert_allclose(bb.jacfwd(at(ours))(xs[k]), found, rtol=1e-9, atol=1e-10, equal_nan=True)
        stack = np.stack([xs[k], xs[k] + 1e-5])
        looped = [np.asarray(at(theirs)(x)) for x in stack]
        np.testing.assert_allclose(bb.vmap(at(ours))(stack), looped, rtol=10 * value, atol=10 * value, equal_nan=True)
        check_curvature(at(ours), xs[k], np.where(np.isfinite(expected), 1.0, 0.0), rtol)


def check_curvature(f: Callable[[Any], Any], x: np.ndarray, mask: Any, rtol: float) -> None:
    """d/dh of the gradient, along a direction: forward over reverse against reverse over reverse and differences."""
    generator = np.random.default_rng(7)
    t, weights = random_like(generator, x), random_like(generator, np.asarray(mask))

    def gradient(x: Any) -> Any:
        return bb.grad(lambda x: np.sum(np.where(mask == 1, f(x), 0.0) * weights))(x)

    _, forward = bb.jvp(gradient, (x,), (t,))
    _, pullback = bb.vjp(gradient, x)
    np.testing.assert_allclose(np.sum(pullback(t)[0] * t), np.sum(forward * t), rtol=1e-6, atol=1e-6)
    truth = (gradient(x + STEP * t) - gradient(x - STEP * t)) / (2 * STEP)
    size = max(1.0, float(np.max(np.abs(truth), initial=0)))
    np.testing.assert_allclose(forward, truth, rtol=100 * rtol, atol=100 * rtol * size)
