"""Sample calls of the rows of scipy.special: few, since the rows are many and their formulas do not depend on a shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.primitive import Primitive
from tests.laws.case import Case, alike, case
from tests.laws.table import TABLE

# Where SciPy's own values have fewer digits: how far numerical derivatives of them agree.
_ROUGH: dict[str, float] = {
    **alike("chndtrinc nctdtrinc pro_rad2 obl_rad2 pro_rad2_cv obl_rad2_cv", 1e-4),
    "ncfdtrinc": 3e-3,
    **alike("itairy smirnov smirnovi derivative_of_smirnov", 1e-6),
    **alike("pro_rad1 obl_rad1 pro_rad1_cv obl_rad1_cv", 1e-6),
}
# What the scaled functions of a complex argument are times a factor of a real or imaginary part
_REAL_ONLY = {"ive", "jve", "yve", "airye"}
SETTINGS: dict[str, dict[str, Any]] = {
    "derivative_of_smirnov": {"order": 1},
    "symmetric_integral": {"exponents": (1.5, 0.5, 0.5, 1.0)},
    "legendre_p": {"order": 0},
    **alike("assoc_legendre_p sph_legendre_p", {"order": 0, "options": ()}),
    "value_of_a_family": {"family": "semicircular", "which": "cdf"},
    "value_with_a_shape": {"family": "skewnorm", "which": "cdf"},
    "value_with_two_shapes": {"family": "betaprime", "which": "ppf"},
    "value_with_three_shapes": {"family": "genexpon", "which": "ppf"},
}


def _characteristic(name: str) -> list[Case]:
    """A characteristic value beside the order, the degree and the parameter that it belongs to."""
    from scipy import special

    m, n, c = np.array([1, 0, 2]), np.array([2, 3, 3]), np.array([1.0, 0.7, 2.0])
    return [case(m, n, c, getattr(special, f"{name[:3]}_cv")(m, n, c), (3,))]


def _of(row: Primitive) -> list[Case]:
    if row.name.endswith("_cv") and len(row.inputs or ()) == 5:
        found = _characteristic(row.name)
    elif row.name == "slope_of_chebyu":  # to second order by x only
        found = [case(np.array([[0.7], [2.0]]), (3,))]
    elif len(row.inputs or ()) == 1:
        found = [case((3,))]
    else:
        found = [case(*((2, 1), (3,), (), ())[: len(row.inputs or ())])]
    return [
        Case(c.inputs, SETTINGS.get(row.name, {}), wide=row.name not in _REAL_ONLY,
             tolerance=_ROUGH.get(row.name, c.tolerance))
        for c in found
    ]  # fmt: skip


def _rows() -> list[Primitive]:
    try:
        from bibun.primitives import special
    except ImportError:
        return []
    members = {
        id(row) for f in special.FAMILIES.values() for row in (*vars(f).values(), *getattr(f, "ROWS", {}).values())
    }
    return [row for row in TABLE.values() if id(row) in members]


CASES: dict[str, list[Case]] = {row.name: _of(row) for row in _rows()}

# ---- functions that are no ufuncs

_N, _M, _COUNTS = np.array([[2], [3]]), np.array([[1], [2]]), np.array([[0], [1], [3]])
_ONE = [case(_COUNTS, (2,))]
_LEGENDRE = [case(_N, _M, (2,), order=k, options=()) for k in range(3)]
if CASES:
    CASES |= {
        "logsumexp": [case((2, 3), axis=axis, keepdims=True) for axis in ((0,), (0, 1), ())],
        "signed_logsumexp": [case((2, 3), (3,), axis=axis).real_only() for axis in ((1,), (0, 1))],
        **alike("spherical_jn spherical_yn spherical_in spherical_kn", _ONE),
        **{f"slope_of_spherical_{kind}": _ONE for kind in ("jn", "yn", "in", "kn")},
        "diric": [case((2,), np.array([[1], [4]]))],
        "legendre_p": [case(_N, (2,), order=k) for k in range(3)],
        **alike("sph_legendre_p assoc_legendre_p", _LEGENDRE),
        "lqn": [case((2,), orders=2)],
        "lqmn": [case((2,), orders=(1, 2))],
        **alike("riccati_jn riccati_yn pbdn_seq", [case((), orders=2).real_only()]),
        **alike("lmbda pbdv_seq pbvv_seq", [case((), orders=2.5).real_only()]),
    }
CONSTANTS = {"largest": [case(np.array([[1.0, 2.0], [0.5, -1.0]]), axis=(1,), keepdims=True)]} if CASES else {}
