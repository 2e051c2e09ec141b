"""FITPACK's functions of a spline (t, c, k): its derivatives and integrals, by the knots, the coefficients and the place."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np
from scipy import interpolate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.scipy._calls import no_rule
from bibun.scipy._levels import is_traced
from bibun.scipy.interpolate.splines import BSpline


def _of_tck(name: str, of: Any) -> Any:
    theirs = getattr(interpolate, name)

    @wraps(theirs)
    def call(tck: Any, n: int = 1) -> Any:
        """The (t, c, k) of its derivative or integral of order n, as the spline is given: FITPACK's c goes on behind."""
        if not is_traced(tck) and not isinstance(tck, BSpline):
            return theirs(tck, n)
        if isinstance(tck, BSpline):
            return of(tck, n)
        if not n:
            return tck
        spline = BSpline(*tck)
        made = of(spline, n)
        behind: Any = "constant" if made.k < spline.k else "edge"
        return made.t, np.pad(made.c, [(0, made.k + 1), *[(0, 0)] * (made.c.ndim - 1)], mode=behind), made.k

    return call


splder, splantider = _of_tck("splder", BSpline.derivative), _of_tck("splantider", BSpline.antiderivative)


def splint(a: Any, b: Any, tck: Any, full_output: int = 0) -> Any:
    """The integral from a to b of the spline, which is 0 beyond its ends."""
    if not isinstance(tck, BSpline) and not is_traced(a, b, tck):
        return interpolate.splint(a, b, tck, full_output)
    if full_output:
        raise no_rule("splint", "full_output= is of the plain spline; leave it away")
    spline = tck if isinstance(tck, BSpline) else BSpline(*tck)
    return spline.integrate(a, b, False)


def spalde(x: Any, tck: Any) -> Any:
    """All derivatives of the spline at x, from the value on; at several points a list."""
    if not is_traced(x, tck):
        return interpolate.spalde(x, tck)
    spline, v = BSpline(*tck), as_array(x)
    found = np.stack([spline(v, nu) for nu in range(spline.k + 1)], axis=-1)
    return found if v.ndim == 0 else list(found)
