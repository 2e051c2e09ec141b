"""The smoothing spline with a given penalty: f at the nodes by Reinsch's equations, and the natural spline through f.

Source: Green, Silverman, Nonparametric Regression and Generalized Linear Models (1994), 2.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.primitives.repeated import holds
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import is_traced
from bibun.scipy.interpolate.splines import BSpline, make_interp_spline, of_scipys
from bibun.scipy.linalg import solve_banded


def make_smoothing_spline(x: Any, y: Any, w: Any = None, lam: Any = None, *, axis: int = 0) -> BSpline:
    """The f with the least Σ w (y - f(x))² + lam ∫ f''², a natural cubic spline. By y, lam, w and x.

    Without lam SciPy searches for one by cross-validation, which is refused here.
    """
    if not is_traced(x, y, w, lam):
        more = {"axis": axis} if axis else {}  # which older versions of SciPy do not have
        return of_scipys(interpolate.make_smoothing_spline(x, y, w, lam, **more))
    if lam is None:
        raise no_rule("make_smoothing_spline", "lam is searched for by cross-validation; give lam=")
    x, lam = as_array(x) * 1.0, as_array(lam)
    if lam.ndim:
        raise no_rule("make_smoothing_spline", "lam is more than one number; write a call for each")
    y = np.moveaxis(as_array(y) * 1.0, axis, 0)
    n = x.shape[0]
    if x.ndim != 1 or y.shape[0] != n or n < 5:
        raise ValueError(f"x is one axis of at least 5 nodes, and y has as many values: {x.shape = }, {y.shape = }")
    w = np.ones(n) if w is None else as_array(w)
    if holds(np.diff(x) <= 0) or holds(w <= 0) or holds(lam < 0):
        raise ValueError("x must ascend, weights must be positive, and lam not negative")
    f = _smoothed(x, np.reshape(y, (n, -1)), w, lam)
    made: BSpline = make_interp_spline(x, np.moveaxis(np.reshape(f, y.shape), 0, axis), 3, bc_type="natural", axis=axis)
    return made


def _smoothed(x: Any, y: Any, w: Any, lam: Any) -> Any:
    """f = y - lam W⁻¹ Q c, where (R + lam Qᵀ W⁻¹ Q) c = Qᵀ y; Qᵀ takes second divided differences, and c is f'' inside."""
    h = np.diff(x)
    left, right = 1 / h[:-1], 1 / h[1:]  # what of Q stands above and below its diagonal, which is -(left + right)
    weights = lam / w
    middle = left + right
    main = (h[:-1] + h[1:]) / 3 + left**2 * weights[:-2] + middle**2 * weights[1:-1] + right**2 * weights[2:]
    near = h[1:-1] / 6 - right[:-1] * (middle[:-1] * weights[1:-2] + middle[1:] * weights[2:-1])
    far = right[:-2] * left[2:] * weights[2:-2]
    band = np.stack([
        np.pad(far, (2, 0)), np.pad(near, (1, 0)), main, np.pad(near, (0, 1)), np.pad(far, (0, 2)),
    ])  # fmt: skip
    slopes = np.diff(y, axis=0) / h[:, None]
    c = solve_banded((2, 2), band, np.diff(slopes, axis=0))
    c = np.pad(c, [(1, 1), (0, 0)])
    bend = np.diff(c, axis=0) / h[:, None]  # Q c at i is the change of these slopes
    return y - weights[:, None] * np.diff(np.pad(bend, [(1, 1), (0, 0)]), axis=0)
