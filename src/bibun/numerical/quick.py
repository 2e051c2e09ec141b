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
from bibun.numerical.evaluation import PROGRAM, silence
from bibun.numerical.lines import Number, shifted
from bibun.numerical.outputs import SHARE
from bibun.numerical.samples import EPS, Samples
from bibun.numerical.search import search

FLOATS = (float, np.float64)
COMPLEX = (complex, np.complex128)


def quick(f: Callable[[Any], Any], x: Any, order: int, method: str) -> tuple[Estimate | None, int]:
    """The Estimate of derivative(f, x, order, method), or None where x or f(x) is not one plain float64; and how often f
    was called.
    """
    if (type(x) not in FLOATS and type(x) is not int) or not callable(f) or order != 1:
        return None, 0
    try:
        x = np.float64(x)
    except OverflowError:
        return None, 0
    calls = 0
    if not isfinite(x):
        return None, 0
    if method == "auto":
        with np.errstate(all="ignore"), silence:
            found, calls = _by_complex_step(f, x)
        if found is not None:
            return Estimate(
                float(found.value), float(found.error), calls, "rounding", (f, Number(x), 1, found.step)
            ), calls
    with np.errstate(all="ignore"):
        center = f(x)
        calls += 1
        if type(center) not in FLOATS or not isfinite(center):
            return None, calls
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
    return Estimate(result.value, result.error, calls, result.status, (f, Number(x), 1, result.step)), calls


def _by_complex_step(f: Callable[[Any], Any], x: Any) -> tuple[Any, int]:
    values: dict[Any, Any] = {}
    asks = certified(float(x), abs(float(x)), values)
    calls = 0
    while True:
        try:
            wanted = next(asks)
        except StopIteration as end:
            return end.value, calls
        for t in wanted:
            calls += 1
            try:
                value = f(np.complex128(x + t)) if isinstance(t, complex) else f(shifted(x, t))
            except Exception:  # noqa: BLE001 - the user's code, which need not take complex numbers
                return None, calls
            if type(value) not in (COMPLEX if isinstance(t, complex) else FLOATS):
                return None, calls
            values[t] = value


def _value(f: Callable[[Any], Any], point: Any) -> float:
    try:
        value = f(point)
        if type(value) not in FLOATS:
            value = np.asarray(value)
            if value.size != 1 or value.dtype.kind == "c":
                return nan
            value = value.reshape(())[()]
        number = float(value)
    except Exception as error:
        if isinstance(error, PROGRAM):
            raise
        return nan
    return number if -inf < number < inf else nan
