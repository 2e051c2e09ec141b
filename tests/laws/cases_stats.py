"""Sample calls of the rows behind statistics, histograms, polynomials and convolutions."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from tests.laws.case import Case, case

CASES: dict[str, list[Case]] = {
    "convolve": [
        case((5,), (3,), mode="full"), case((2,), (4,), mode="full"), case((1,), (1,), mode="full"),
        case((5,), (3,), mode="valid"), case((4,), (4,), mode="valid"), case((3,), (1,), mode="valid"),
    ],
    "roots": [case((4,)), case((2,)), case((3,))],
}  # fmt: skip

CONSTANTS: dict[str, list[Case]] = {
    "counts": [case(np.array([0, 2, 2, 1]), length=4), case(np.zeros(0, int), length=3)],
    "hashed_order": [case(np.array([3, 1, 900, 1])), case(np.array([2j, 1.0, 2j]))],
    "search_start": [case(np.array(1.5)), case(np.array([1.5, -2.0]))],
    "decimals": [case(np.array(2.675), ndigits=2), case(np.array(-1250.0), ndigits=-2)],
    "automatic_bins": [
        case(np.array([0.0, 0.5, 2.0, 3.5]), bins="auto", range=None),
        case(np.array([0.0, 0.5, 2.0, 3.5]), bins="sturges", range=(0.0, 3.0)),
    ],
}

with suppress(ImportError):
    import bibun.scipy.stats  # its rows are there where SciPy is

    _ONE = ("cdf", "semicircular"), ("isf", "semicircular")
    _WITH_A_SHAPE = ("sf", "skewnorm"), ("logcdf", "skewnorm"), ("ppf", "invgauss"), ("isf", "exponnorm")
    CASES |= {
        "value_of_a_family": [case((2, 3), family=name, which=which).real_only() for which, name in _ONE],
        "value_with_a_shape": [
            case((3, 1), (2,), family=name, which=which).real_only().within(1e-7) for which, name in _WITH_A_SHAPE
        ],
        "number_of_a_family": [case(np.array([1.2, 2.3]), family="chi", which="entropy", order=0)],
        "value_with_two_shapes": [
            case((3, 1), (), (2,), family="truncnorm", which=which)
            .over("probability", "negative", "positive")
            .real_only()
            for which in ("ppf", "isf")
        ],
        "value_with_three_shapes": [
            case((3, 1), (), (2,), (), family="genexpon", which=which).real_only() for which in ("ppf", "isf")
        ],
    }
    CONSTANTS["plain_value_of_a_family"] = [case(np.array([0.2, 0.9]), np.array(2.3), family="poisson", which="ppf")]

with suppress(ImportError):
    import bibun.scipy.optimize  # noqa: F401

    # of so many entries, in blocks of two, one and three
    CASES["sums_of_blocks"] = [case((6,), np.array([[0, 0, 2, 3, 3, 3], [2, 2, 3, 6, 6, 6]]))]
    CONSTANTS["ends_of_blocks"] = [
        case(np.array([1.0, 3.0, 2.0, 2.5, 4.0]), np.array([1.0, 2.0, 0.5, 1.0, 1.5]), increasing=up)
        for up in (True, False)
    ]
