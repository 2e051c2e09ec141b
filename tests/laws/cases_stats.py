"""Sample calls of the rows behind statistics, histograms, polynomials and convolutions."""

from __future__ import annotations

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
    "decimals": [case(np.array(2.675), ndigits=2), case(np.array(-1250.0), ndigits=-2)],
    "automatic_bins": [
        case(np.array([0.0, 0.5, 2.0, 3.5]), bins="auto", range=None),
        case(np.array([0.0, 0.5, 2.0, 3.5]), bins="sturges", range=(0.0, 3.0)),
    ],
}
