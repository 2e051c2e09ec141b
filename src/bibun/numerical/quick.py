"""The same searches for a plain number and a function of plain numbers, without the apparatus for many.

A derivative of a cheap function costs little more than the analysis: nothing is stored by line and component.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite, nan
from typing import Any

import numpy as np

from bibun.numerical.complex_step import certified
from bibun.numerical.estimate import Estimate
from bibun.numerical.evaluation import OUTSIDE, silence
from bibun.numerical.lines import Number, shifted
from bibun.numerical.outputs import SHARE
from bibun.numerical.samples import Samples
from bibun.numerical.search import search

FLOATS = (float, np.float64)
EPS = 2.0**-52


def quick(f: Callable[[Any], Any], x: Any, order: int, method: str) -> Estimate | None:
    """The Estimate of derivative(f, x, order, method); None where x or f(x) is not one plain float64."""
    if type(x) not in FLOATS and type(x) is not int:
        return None
    if not callable(f) or order != 1:
        return None
    x = np.float64(x)
    if not isfinite(x):
        return None
    calls = 0
    if method == "auto":
        with np.errstate(all="ignore"), silence:
            found, calls = _by_complex_step(f, x)
        if found is not None:
            return Estimate(found.value, found.error, calls, "rounding", (Number(x), found))
    with np.errstate(all="ignore"):
        center = f(x)
        if type(center) not in FLOATS or not isfinite(center):
            return None
        samples = Samples(float(x), float(center), SHARE * EPS)
        asks = search(samples)
        values = samples.values
        try:
            while True:
                for t in next(asks):
                    if t not in values:
                        values[t] = _value(f, shifted(x, t))
                        calls += 1
        except StopIteration as end:
            result = end.value
    return Estimate(result.value, result.error, calls + 1, result.status, (Number(x), result))


def _by_complex_step(f: Callable[[Any], Any], x: Any) -> tuple[Any, int]:
    values: dict[Any, Any] = {}
    asks = certified(float(x), abs(float(x)), values)
    try:
        while True:
            for t in next(asks):
                if isinstance(t, complex):
                    value = f(np.complex128(x + t))
                    if type(value) is not np.complex128 and type(value) is not complex:
                        return None, len(values) + 1
                    values[t] = value
                else:
                    value = f(shifted(x, t))
                    if type(value) not in FLOATS:
                        return None, len(values) + 1
                    values[t] = value
    except StopIteration as end:
        return end.value, len(values)
    except Exception:  # noqa: BLE001 - the user's code, which need not take complex numbers
        return None, len(values) + 1


def _value(f: Callable[[Any], Any], point: Any) -> float:
    try:
        value = f(point)
        if type(value) not in FLOATS:
            value = np.asarray(value)
            if value.size != 1 or value.dtype.kind == "c":
                return nan
            value = value.reshape(())[()]
        number = float(value)
    except OUTSIDE:
        return nan
    return number if -inf < number < inf else nan
