"""What autograd.numpy has beyond NumPy's names, as far as programs use it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.compat.autograd.passing import passing_on

_look_up, __dir__ = passing_on(__name__, "bibun.numpy")


def __getattr__(name: str) -> Any:
    return _look_up(name)


def make_diagonal(D: Any, offset: int = 0, axis1: int = -1, axis2: int = -2) -> Any:
    """Matrices whose diagonals are along the last axis of D; only offset=0 and the last two axes, as in autograd."""
    if offset != 0 or {axis1, axis2} != {-1, -2}:
        raise NotImplementedError("make_diagonal: only offset=0, axis1=-1, axis2=-2.")
    return np.expand_dims(D, -1) * np.eye(np.shape(D)[-1])


def metadata(A: Any) -> tuple[tuple[int, ...], int, np.dtype[Any], bool]:
    """(shape, ndim, dtype, whether it is complex)."""
    return np.shape(A), np.ndim(A), np.result_type(A), bool(np.iscomplexobj(A))
