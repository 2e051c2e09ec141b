"""One step of a method for y' = f(t, y), in operations that can be differentiated, and its polynomial in between.

RK23, RK45 and DOP853 are taken as SciPy takes them: the same sums with the same coefficients. Radau's step is the
collocation that SciPy solves by Newton's method to a tolerance; it is differentiated as an implicit function there. BDF and
LSODA have steps of Radau's too, over their own steps and of at least the order of most of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import DOP853, RK23, RK45  # type: ignore[import-untyped]

from bibun.scipy._implicit import implicit

Function = Callable[..., Any]
EXPLICIT = {"RK23": RK23, "RK45": RK45, "DOP853": DOP853}


class Radau(NamedTuple):
    """Radau's method of s stages (Hairer and Wanner, Solving Ordinary Differential Equations II, IV.5), of order 2 s - 1.

    A step is the polynomial z(x) = q1 x + ... + qs x**s whose slopes at the nodes c are h f. With its values there
    z(c) = V q and h f = W q that is z = h V W⁻¹ f.
    """

    nodes: Any
    to_polynomial: Any
    collocation: Any


def _radau(stages: int) -> Radau:
    nodes = (np.sort(np.polynomial.legendre.legroots([0] * (stages - 1) + [1, -1]).real) + 1) / 2
    nodes[-1] = 1.0
    values = nodes[:, None] ** np.arange(1, stages + 1)
    slopes = np.arange(1, stages + 1) * nodes[:, None] ** np.arange(stages)
    return Radau(nodes, np.linalg.inv(values), values @ np.linalg.inv(slopes))


# LSODA's order is up to 12, and its steps are as long.
IMPLICIT = {"Radau": _radau(3), "BDF": _radau(3), "LSODA": _radau(5)}


class Step(NamedTuple):
    """What a step leaves: y and f at its end, and y in between as a function of (t - t_old) / h."""

    y: Any
    f: Any
    between: Function


def explicit(name: str, f: Function, t: Any, h: Any, y: Any, first: Any) -> Step:
    """A step of an explicit Runge-Kutta method from y, where f is `first`."""
    method = EXPLICIT[name]
    slopes = [first]
    for a, c in zip(method.A[1:], method.C[1:], strict=True):
        slopes.append(f(t + c * h, y + _weighed(a, slopes) * h))
    end = y + h * _weighed(method.B, slopes)
    last = f(t + h, end)
    slopes.append(last)
    if name == "DOP853":
        return Step(end, last, lambda x: _between_of_dop853(f, t, h, y, end, slopes)(x))
    return Step(end, last, lambda x: _polynomial(y, h * (method.P.T @ np.stack(slopes)), x))


def _weighed(a: Any, slopes: list[Any]) -> Any:
    """Σ a[i] slopes[i]"""
    return a[: len(slopes)] @ np.stack(slopes)


def _polynomial(y: Any, q: Any, x: Any) -> Any:
    """y + q1 x + q2 x² + ...; of several x, a column each."""
    powers = np.stack([x**k for k in range(1, np.shape(q)[0] + 1)])
    return y + powers @ q if not np.ndim(x) else y[:, None] + np.swapaxes(q, 0, 1) @ powers


def _between_of_dop853(f: Function, t: Any, h: Any, y: Any, end: Any, slopes: list[Any]) -> Function:
    """The polynomial of order 7, which takes three more values of f (Hairer, Nørsett and Wanner, II.6)."""
    slopes = list(slopes)
    for a, c in zip(DOP853.A_EXTRA, DOP853.C_EXTRA, strict=True):
        slopes.append(f(t + c * h, y + _weighed(a, slopes) * h))
    move, first, last = end - y, slopes[0], slopes[DOP853.n_stages]
    more = h * (DOP853.D @ np.stack(slopes))
    parts = [move, h * first - move, 2 * move - h * (last + first), *(more[i] for i in range(len(DOP853.D)))]

    def between(x: Any) -> Any:
        where = (slice(None), None) if np.ndim(x) else ...
        total: Any = 0.0
        for i, part in enumerate(reversed(parts)):
            total = (total + part[where]) * (x if i % 2 == 0 else 1 - x)
        return y[where] + total

    return between


def radau(method: Radau, f: Function, t: Any, h: Any, y: Any, z: Any) -> Step:
    """A step of Radau's method from y. `z`: y - y_old at the nodes, without derivatives, as SciPy has it."""

    def residual(z: Any) -> Any:
        slopes = np.stack([f(t + c * h, y + z[i]) for i, c in enumerate(method.nodes)])
        return z - h * (method.collocation @ slopes)

    z = implicit(residual, z, name="solve_ivp")
    return Step(y + z[-1], None, lambda x: _polynomial(y, method.to_polynomial @ z, x))
