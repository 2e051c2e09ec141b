"""What a tracker finds at a point. Computes nothing."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from bibun.numerical.estimators.axes import Array


class Derivative(NamedTuple):
    """Value and variance, shape (m, n); of each variable the step, the side, 0 for central, and whether f has a kink
    at x, as far as it shows, shape (n,).
    """

    value: Array
    variance: Array
    step: Array
    side: Array
    kink: npt.NDArray[np.bool_]

    @classmethod
    def unknown(cls, m: int, n: int) -> Self:
        """Before anything is known."""
        return cls(np.full((m, n), np.nan), np.full((m, n), np.inf), np.zeros(n), np.zeros(n), np.zeros(n, bool))
