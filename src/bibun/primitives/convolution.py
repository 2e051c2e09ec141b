"""The row of sums of products of one sequence with another that runs along it, reversed.

y[k] = sum over j of a[k - j] b[j]. `mode` is full, or valid with a the longer one; the mode same is a part of full.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.kinds import multilinear

_numpy: Any = np.convolve


def _convolve(a: Any, b: Any, *, mode: str) -> Any:
    return _numpy(a, b, mode)


def _pull_a(g: Any, b: Any, mode: str) -> Any:
    return convolve(g, np.flip(b), mode="valid" if mode == "full" else "full")


def _pull_b(g: Any, a: Any, mode: str) -> Any:
    if mode == "full":
        return convolve(g, np.flip(a), mode="valid")
    return np.flip(convolve(a, np.flip(g), mode="valid"))


convolve = multilinear(_convolve, _pull_a, _pull_b, name="convolve")
