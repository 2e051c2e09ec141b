"""The signs of vectors that are determined but for them: those of a call of SciPy's, which has a method of its own. One row."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.registry import add_rows
from bibun.core.kinds import constant


def _turns(v: Any, *inputs: Any, by: str, output: int, settings: dict[str, Any]) -> Any:
    """The signs (of complex vectors the phases) that turn these columns into those of an output of SciPy's function."""
    theirs = getattr(source, by)(*inputs, check_finite=False, **settings)[output]
    if theirs.shape[-1] < v.shape[-1] or theirs.shape[:-1] != v.shape[:-1]:
        return np.ones_like(v[..., :1, :])  # a value at the very end of a range, which rounding puts in or out
    along = np.sum(np.conj(v) * theirs[..., : v.shape[-1]], axis=-2, keepdims=True)
    size = np.abs(along)
    return np.where(size > 0, along / np.where(size > 0, size, 1), 1).astype(v.dtype)


turns_row = constant(_turns, "the sign of a vector jumps, or is free", name="turns_of_vectors")
add_rows(turns_row)
