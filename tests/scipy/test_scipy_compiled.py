"""Compiled functions: compositions are compiled, searches run plainly, and either gives what the plain function gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.arrays.registry import add_rows
from bibun.core.kinds import elementwise
from bibun.scipy import integrate, interpolate, optimize, stats

pytest.importorskip("scipy")

NODES, VALUES = np.linspace(0, 3, 7), np.cos(np.arange(7.0))
TRIANGLES = np.random.default_rng(0).random((9, 2))

COMPILED: dict[str, Callable[[Any], Any]] = {
    "density": lambda x: np.sum(stats.norm.logpdf(x, x[0], 1 + x[1] ** 2)),
    "shapes": lambda x: np.sum(stats.gamma.logpdf(2.0, 1 + x, scale=1.3) + stats.genpareto.logpdf(0.3, x)),
    "counts": lambda x: np.sum(stats.poisson.logpmf([0, 2, 5], x)),
    "quantile": lambda x: np.sum(stats.invgauss.ppf(0.3, x) + stats.truncnorm.isf(0.2, -x, 1.0)),
    "quantile of counts": lambda x: np.sum(stats.poisson.ppf(0.7, x) * x),
    "value": lambda x: np.sum(stats.vonmises.cdf(x, 1.3) + stats.semicircular.logcdf(x, scale=3.0)),
    "skewed": lambda x: np.sum(stats.skewnorm.cdf(x, 3 * x - 2) + stats.skewnorm.logsf(0.4, x)),
    "moments": lambda x: np.sum(stats.skewnorm.moment(3, 1.3, x, 1.0) + stats.vonmises.var(1.3, scale=x)),
    "correlation": lambda x: stats.pearsonr(x, x**2 + np.sin(9 * x))[0],
    "spline": lambda x: np.sum(interpolate.CubicSpline(NODES, VALUES)(x)),
    "spline of values": lambda x: interpolate.CubicSpline(np.arange(3.0), x)(1.3),
    "grid": lambda x: np.sum(interpolate.RegularGridInterpolator((NODES,), VALUES)(x[:, None])),
    "trapezoid": lambda x: integrate.trapezoid(x**2, x),
}
PLAIN: dict[str, Callable[[Any], Any]] = {
    "triangles": lambda x: interpolate.griddata(TRIANGLES, TRIANGLES[:, 0] ** 2, np.stack([x[:2] / 3])[0])[0],
    "polynomial": lambda x: interpolate.KroghInterpolator(x, VALUES[:3])(0.5),
    "root": lambda x: optimize.brentq(lambda z: z**3 - x[0] * x[1], 0, 10),
    "minimum": lambda x: np.sum(optimize.minimize(lambda z: np.sum((z - x) ** 4 + z**2), np.zeros(3)).x),
    "integral": lambda x: integrate.quad(lambda z: np.exp(-x[0] * z), 0, x[1])[0],
    "equation": lambda x: integrate.solve_ivp(lambda t, y: -x[0] * y, (0, 1), x).y[0, -1],
    "assignment": lambda x: np.sum(
        np.outer(x, np.sin(7 * x))[optimize.linear_sum_assignment(np.outer(x, np.sin(7 * x)))]
    ),
}


def test_a_name_is_of_one_row() -> None:
    with pytest.raises(ValueError, match="two rows are named sin"):
        add_rows(elementwise(np.sin, lambda x: np.cos(x)))


@pytest.mark.parametrize("name", [*COMPILED, *PLAIN])
def test_what_is_compiled_gives_what_is_not(name: str) -> None:
    gradient = bb.grad((COMPILED | PLAIN)[name])
    compiled = bb.compile(gradient)
    for x in (np.array([0.4, 0.9, 1.7]), np.array([0.2, 1.9, 2.3]), np.array([0.8, 1.1, 1.6])):
        with warnings.catch_warnings():
            warnings.simplefilter("error" if name in COMPILED else "ignore", bb.CompileWarning)
            np.testing.assert_allclose(compiled(x), gradient(x), rtol=1e-9, atol=1e-11)
