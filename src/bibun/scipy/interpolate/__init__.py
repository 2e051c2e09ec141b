"""scipy.interpolate with derivatives: by the point, by the values, and mostly by the nodes too.

Interpolants are computed by operations that can be differentiated; the numbers are SciPy's to rounding. Names that are not
here are SciPy's own, for plain arrays.
"""

from __future__ import annotations

from scipy import interpolate as _scipy  # type: ignore[import-untyped]

from bibun.scipy._calls import remaining
from bibun.scipy.interpolate.fitpack import spalde, splantider, splder, splint
from bibun.scipy.interpolate.piecewise import (
    Akima1DInterpolator,
    CubicHermiteSpline,
    CubicSpline,
    PchipInterpolator,
    PPoly,
    pchip_interpolate,
)
from bibun.scipy.interpolate.polynomials import (
    BarycentricInterpolator,
    KroghInterpolator,
    approximate_taylor_polynomial,
    barycentric_interpolate,
    interp1d,
    krogh_interpolate,
    lagrange,
    pade,
)
from bibun.scipy.interpolate.scattered import (
    LinearNDInterpolator,
    NearestNDInterpolator,
    RBFInterpolator,
    RegularGridInterpolator,
    griddata,
    interpn,
)
from bibun.scipy.interpolate.smoothing import make_smoothing_spline
from bibun.scipy.interpolate.splines import (
    BSpline,
    InterpolatedUnivariateSpline,
    RectBivariateSpline,
    UnivariateSpline,
    make_interp_spline,
    make_lsq_spline,
    splev,
    splrep,
)
from bibun.scipy.interpolate.surfaces import CloughTocher2DInterpolator, NdBSpline

__all__ = [
    "Akima1DInterpolator",
    "BSpline",
    "BarycentricInterpolator",
    "CloughTocher2DInterpolator",
    "CubicHermiteSpline",
    "CubicSpline",
    "InterpolatedUnivariateSpline",
    "KroghInterpolator",
    "LinearNDInterpolator",
    "NdBSpline",
    "NearestNDInterpolator",
    "PPoly",
    "PchipInterpolator",
    "RBFInterpolator",
    "RectBivariateSpline",
    "RegularGridInterpolator",
    "UnivariateSpline",
    "approximate_taylor_polynomial",
    "barycentric_interpolate",
    "griddata",
    "interp1d",
    "interpn",
    "krogh_interpolate",
    "lagrange",
    "make_interp_spline",
    "make_lsq_spline",
    "make_smoothing_spline",
    "pade",
    "pchip_interpolate",
    "spalde",
    "splantider",
    "splder",
    "splev",
    "splint",
    "splrep",
]


_KNOTS = (
    "FITPACK chooses the knots by the data, and the choice jumps; write make_interp_spline, make_smoothing_spline with lam=, or "
    "make_lsq_spline with knots of your own"
)
__getattr__ = remaining(
    _scipy,
    {
        **dict.fromkeys(("make_splrep", "make_splprep", "generate_knots"), _KNOTS),
        "splprep": f"{_KNOTS}, for each coordinate by the length along the points",
    },
)
