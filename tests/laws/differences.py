"""Numerical derivatives of plain NumPy functions, made here and owing nothing to bibun. Draws no sample."""

from collections.abc import Callable
from typing import Any

import numpy as np

STEP = 1 / 32  # domains.py keeps this distance from kinks and edges
LEVELS = 5  # steps of 1/32 ... 1/512: the extrapolated error is of order h**10, and rounding is eps * 512


def parts(y: Any) -> tuple[Any, ...]:
    """The outputs, one or several, as a tuple."""
    return tuple(y) if isinstance(y, tuple | list) else (y,)


def directional(f: Callable[[float], Any]) -> tuple[Any, ...]:
    """df/ds at s = 0 for each output of f(s)."""
    return directional_with_error(f)[0]


def directional_with_error(f: Callable[[float], Any], step: float = STEP) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """df/ds at s = 0 for each output of f(s): central differences, extrapolated to step 0 (Richardson); and the change that
    the last extrapolation made, as its error.

    The error of (f(h) - f(-h)) / 2h is a series in h**2; each column of the tableau cancels one term of it.
    """
    table: list[list[Any]] = []
    for level in range(LEVELS):
        h = step / 2**level
        row = [_central(f, h)]
        for k in range(level):
            weight = 4.0 ** (k + 1)
            pairs = zip(row[k], table[level - 1][k], strict=True)
            row.append([(weight * fine - coarse) / (weight - 1) for fine, coarse in pairs])
        table.append(row)
    best, before = table[-1][-1], table[-1][-2]
    return tuple(best), tuple(np.abs(b - a) for b, a in zip(best, before, strict=True))


def _central(f: Callable[[float], Any], h: float) -> list[Any]:
    return [(np.asarray(up) - np.asarray(down)) / (2 * h) for up, down in zip(parts(f(h)), parts(f(-h)), strict=True)]


def moved(xs: tuple[Any, ...], ts: tuple[Any, ...], s: float) -> tuple[Any, ...]:
    """x + s t for each input; one without a tangent stays."""
    return tuple(x if t is None else (x + s * t).astype(x.dtype) for x, t in zip(xs, ts, strict=True))


def paired(cotangents: Any, tangents: Any) -> float:
    """Re sum g t over all inputs or outputs: how cotangents and tangents pair, without conjugation."""
    total = 0.0
    for g, t in zip(parts(cotangents), parts(tangents), strict=True):
        if g is not None and t is not None:
            total += float(np.real(np.sum(np.asarray(g) * np.asarray(t))))
    return total


def is_quiet(f: Callable[..., Any], point: tuple[Any, ...]) -> bool:
    """Whether NumPy's own value raises no floating-point flag but underflow."""
    try:
        with np.errstate(all="raise", under="ignore"):
            f(*point)
    except FloatingPointError:
        return False
    return True
