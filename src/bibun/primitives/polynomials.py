"""The row of the roots of a polynomial. What is a sum of products of coefficients is composed in arrays/polynomials.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.kinds import general
from bibun.core.traced import plain
from bibun.errors import DerivativeValueError, located


def _roots(c: Any) -> Any:
    """Complex also where all are real, so that the dtype does not depend on the coefficients."""
    y = np.roots(c)
    return y.astype(np.result_type(y, c.dtype, np.complex64))


def _slopes(y: Any, c: Any) -> Any:
    """p'(r), which is 0 at a root of higher order."""
    slopes = np.polyval(np.polyder(c), y)
    if np.any(plain(np.equal(slopes, 0))):
        raise DerivativeValueError(
            f"{located()}np.roots: a root of higher order moves as a root of the coefficients, so it has no derivative. "
            "A function of all roots that does not tell them apart is one of the coefficients: write it with these."
        )
    return slopes


def _pull_roots(g: Any, y: Any, c: Any) -> Any:
    """p(r) = 0 at all times: p'(r) dr = -sum of r^k dc_k."""
    pulled = -(g / _slopes(y, c)) @ np.vander(y, c.shape[0])
    return pulled if np.result_type(c).kind == "c" else np.real(pulled)


def _push_roots(t: Any, y: Any, c: Any) -> Any:
    return -(np.vander(y, c.shape[0]) @ t) / _slopes(y, c)


roots = general(_roots, _pull_roots, pushforwards=(_push_roots,), inputs=("c",), domain=("polynomial",), name="roots")
