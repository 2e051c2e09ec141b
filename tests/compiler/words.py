"""What is known of each word of mathematics: the truth, by mpmath, and where to ask. Owns no test.

Arguments are uniform in intervals (near roots, poles, thresholds), uniform in their bits, and spread over the magnitudes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import mpmath  # type: ignore[import-untyped]
import numpy as np
from mpmath import mp, mpf

mp.dps = 60
Real = Any
Interval = tuple[float, float]
ROOT_HALF = mp.sqrt(mpf(1) / 2)


class Word(NamedTuple):
    """`reach`: outside, the result is known (0, inf, nan, x) and belongs to the special values."""

    truth: Callable[..., Real]
    intervals: tuple[Any, ...]  # of x; of (x, y) for words of two arguments
    reach: Interval = (-1.8e308, 1.8e308)
    error: float = 2.0  # allowed, in ulps
    scale: Callable[..., Real] = lambda *arguments: 0  # the error is taken of the greater of result and this


def log_ndtr(x: Real) -> Real:
    return mp.log(mp.erfc(-x * ROOT_HALF) / 2) if x < 1 else mp.log1p(-mp.erfc(x * ROOT_HALF) / 2)


def log_expit(x: Real) -> Real:
    return -mp.log1p(mp.exp(-x)) if x > 0 else x - mp.log1p(mp.exp(x))


def ndtri(x: Real) -> Real:
    return mp.erfinv(2 * x - 1) * mp.sqrt(2) if 1e-30 < x < 1 else _tail_of_ndtri(x)


def _tail_of_ndtri(x: Real) -> Real:
    y = mp.sqrt(-2 * mp.log(x))
    for _ in range(40):
        step = (mp.log(mp.erfc(y * ROOT_HALF) / 2) - mp.log(x)) * mp.erfc(y * ROOT_HALF) * mp.exp(y * y / 2)
        y += step * mp.sqrt(mp.pi / 2)
    return -y


def erfinv(x: Real) -> Real:
    return mp.erfinv(x)


def gammaln(x: Real) -> Real:
    return mp.log(abs(mp.gamma(x))) if x < 0 else mp.loggamma(x)


def beside_poles(x: Real) -> Real:
    """Below 0 the log of gamma is a difference of numbers of this size, and so exact only to their ulps."""
    return 0 if x > 0 else 1 + abs(mp.loggamma(-x))


def cotangent(x: Real) -> Real:
    return 0 if x > 0 else 4 * (1 + abs(mp.pi * mp.cot(mp.pi * x)) + abs(1 / x))


def logaddexp(x: Real, y: Real) -> Real:
    return max(x, y) + mp.log1p(mp.exp(-abs(x - y)))


def logaddexp2(x: Real, y: Real) -> Real:
    return max(x, y) + mp.log1p(mpf(2) ** -abs(x - y)) / mp.log(2)


def greater(x: Real, y: Real) -> Real:
    return 2 * max(abs(x), abs(y))


def sinc(x: Real) -> Real:
    return mp.sincpi(x)


ANGLES = ((-4, 4), (-100, 100), (-3e6, 3e6), (-1e12, 1e12))
PLANE = (((-1, 1), (-1, 1)), ((-1, 1), (-1000, 1000)), ((-1e-3, 1e-3), (-1, 1)))

WORDS = {
    "exp": Word(mp.exp, ((-746, 710), (-1, 1), (-0.01, 0.01), (-746, -700), (700, 709.7)), (-745.1, 709.7)),
    "exp2": Word(lambda x: mpf(2) ** x, ((-1075, 1024), (-1, 1), (-1075, -1020)), (-1074, 1023.9)),
    "expm1": Word(mp.expm1, ((-40, 1), (-1, 1), (-0.01, 0.01), (1, 709)), (-1e3, 709.7)),
    "log": Word(mp.log, ((0, 3), (0.99, 1.01), (0.6, 1.5)), (0, 1.8e308)),
    "log2": Word(lambda x: mp.log(x, 2), ((0, 3), (0.99, 1.01), (0.6, 1.5)), (0, 1.8e308)),
    "log10": Word(mp.log10, ((0, 3), (0.99, 1.01), (0.6, 1.5)), (0, 1.8e308)),
    "log1p": Word(mp.log1p, ((-1, 3), (-0.01, 0.01), (0.4, 0.52)), (-1, 1.8e308)),
    "sin": Word(mp.sin, (*ANGLES, (3.1415, 3.1417))),
    "cos": Word(mp.cos, (*ANGLES, (1.5707, 1.5709))),
    "tan": Word(mp.tan, (*ANGLES, (1.5707, 1.5709))),
    "sinc": Word(sinc, ((-1, 1), (-10, 10), (-1e4, 1e4), (0.99, 1.01)), (-(2.0**51), 2.0**51)),
    "asin": Word(mp.asin, ((-1, 1), (-0.1, 0.1), (0.99, 1), (0.49, 0.52)), (-1, 1)),
    "acos": Word(mp.acos, ((-1, 1), (-0.1, 0.1), (0.99, 1), (-1, -0.99), (0.49, 0.52)), (-1, 1)),
    "atan": Word(mp.atan, ((-1, 1), (-10, 10), (0.48, 0.55), (1.9, 2.1))),
    "atan2": Word(mp.atan2, PLANE),
    "sinh": Word(mp.sinh, ((-1, 1), (-5, 5), (17, 20), (-710, 710)), (-710.4, 710.4)),
    "cosh": Word(mp.cosh, ((-1, 1), (-5, 5), (17, 20), (-710, 710)), (-710.4, 710.4)),
    "tanh": Word(mp.tanh, ((-1, 1), (-0.1, 0.1), (-20, 20)), (-1e3, 1e3)),
    "asinh": Word(mp.asinh, ((-1, 1), (-0.01, 0.01), (0.3, 0.5), (-1e9, 1e9))),
    "acosh": Word(mp.acosh, ((1, 1.01), (1, 1.2), (1, 20), (1, 1e9)), (1, 1.8e308)),
    "atanh": Word(mp.atanh, ((-1, 1), (-0.01, 0.01), (0.15, 0.2), (0.99, 1)), (-1, 1)),
    "erf": Word(mp.erf, ((-1, 1), (-6, 6), (-0.01, 0.01), (1.3, 1.7)), (-1e3, 1e3)),
    "erfc": Word(mp.erfc, ((-1, 1), (-6, 27.2), (-0.01, 0.05), (26, 27.2)), (-1e3, 27.2)),
    "erfinv": Word(erfinv, ((-1, 1), (-0.01, 0.01), (0.99, 1)), (-1, 1)),
    "ndtr": Word(lambda x: mp.erfc(-x * ROOT_HALF) / 2, ((-1, 1), (-38.4, 9), (-0.01, 0.01)), (-38.4, 1e3)),
    "log_ndtr": Word(log_ndtr, ((-1, 1), (-40, 9), (-0.01, 0.01), (-1e4, 0)), (-1e4, 38)),
    "ndtri": Word(ndtri, ((0, 1), (0.49, 0.51), (0.999, 1), (0, 0.01)), (1e-280, 1)),
    "pow": Word(
        mp.power, (((0, 3), (-50, 50)), ((0, 1e3), (-100, 100)), ((0.99, 1.01), (-7e4, 7e4)), ((1e-320, 1e-300), (-1.02, 1.05)))
    ),
    "cbrt": Word(lambda x: mp.sign(x) * mp.cbrt(abs(x)), ((-1, 1), (-8, 8), (0.7, 1.5))),
    "hypot": Word(mp.hypot, PLANE),
    "expit": Word(lambda x: 1 / (1 + mp.exp(-x)), ((-1, 1), (-40, 40), (-745, 0)), (-745, 1e3)),
    "log_expit": Word(log_expit, ((-1, 1), (-40, 40), (0, 745)), (-1.8e308, 745)),
    "logit": Word(lambda x: mp.log(x / (1 - x)), ((0, 1), (0.49, 0.51), (0.99, 1), (0, 0.01)), (0, 1)),
    "logaddexp": Word(logaddexp, (*PLANE, ((-700, 700), (-700, 700)), ((-3, 0), (-3, 0))), scale=greater),
    "logaddexp2": Word(logaddexp2, (*PLANE, ((-700, 700), (-700, 700)), ((-3, 0), (-3, 0))), scale=greater),
    "gammaln": Word(
        gammaln, ((0, 4), (0.99, 1.01), (1.3, 1.5), (1.99, 2.01), (3, 20), (20, 1e5), (-6, 0)), (-50, 1e6), scale=beside_poles
    ),
    "gamma": Word(mp.gamma, ((0, 4), (3, 30), (30, 171.6), (-5, 0), (-170, 0)), (-170, 171.6)),
    "i0": Word(lambda x: mp.besseli(0, x), ((-1, 1), (-12.5, 12.5), (-713, 713)), (-713.9, 713.9)),
    "i0e": Word(lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), ((-1, 1), (-12.5, 12.5), (12, 1000)), (-1e4, 1e4)),
    "i1": Word(lambda x: mp.besseli(1, x), ((-1, 1), (-12.5, 12.5), (-713, 713)), (-713.9, 713.9)),
    "i1e": Word(lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), ((-1, 1), (-12.5, 12.5), (12, 1000)), (-1e4, 1e4)),
    "digamma": Word(
        mp.digamma, ((0, 1), (1, 2), (1.46, 1.463), (2, 4), (4, 100), (-6, 0)), (-50, 1.8e308), scale=cotangent
    ),
}  # fmt: skip


def _arguments(word: Word, dtype: Any, count: int, random: np.random.Generator) -> list[Any]:
    """One array an argument of the word, of numbers of the dtype within its reach."""
    if isinstance(word.intervals[0][0], tuple):
        columns = [[random.uniform(interval[0], interval[1], count) for interval in pair] for pair in word.intervals]
        arrays = [np.concatenate([pair[k] for pair in columns]) for k in (0, 1)]
        arrays = [a.astype(dtype) for a in arrays]
        usual = (arrays[0] != 0) & (arrays[1] != 0)
        return [a[usual] for a in arrays]
    pieces = [random.uniform(interval[0], interval[1], count) for interval in word.intervals]
    pieces.append(np.exp2(random.uniform(-60, 12, count)) * random.choice([-1, 1], count))
    with np.errstate(over="ignore"):
        numbers = np.concatenate(pieces).astype(dtype)
    bits = np.dtype(f"u{np.dtype(dtype).itemsize}")
    patterns = random.integers(0, np.iinfo(bits).max, 2 * count, dtype=bits, endpoint=True).view(dtype)
    numbers = np.concatenate([numbers, patterns])
    with np.errstate(invalid="ignore"):
        return [numbers[(numbers > word.reach[0]) & (numbers < word.reach[1])]]


class Sample(NamedTuple):
    arguments: list[Any]
    truths: list[Real]
    scales: list[Real]


@cache
def sample(name: str, kind: str, count: int) -> Sample:
    """The same arguments in every run, and what the word should return."""
    word = WORDS[name]
    dtype = {"f64": np.float64, "f32": np.float32}[kind]
    arrays = _arguments(word, dtype, count, np.random.default_rng(len(name) + count))
    rows = [[mpf(float(a)) for a in row] for row in zip(*arrays, strict=True)]
    with mpmath.workdps(60):
        return Sample(arrays, [word.truth(*row) for row in rows], [word.scale(*row) for row in rows])


def ulps(results: Any, drawn: Sample) -> Any:
    """The distance of each result from the truth in units of the last place of the truth, or of the scale if that is greater."""
    digits, least, most = (53, -1074, 1024) if results.dtype.itemsize == 8 else (24, -149, 128)
    errors = []
    for result, truth, scale in zip(results.tolist(), drawn.truths, drawn.scales, strict=True):
        size = max(abs(truth), scale)
        exponent = max(int(mp.frexp(size)[1]) - digits, least) if size else least
        if abs(truth) >= mpf(2) ** most * (1 - mpf(2) ** (-digits - 1)):  # rounds to infinity
            errors.append(0.0 if abs(result) == np.inf and (result > 0) == (truth > 0) else np.inf)
        elif not np.isfinite(result):
            errors.append(np.inf)
        else:
            errors.append(float(abs(mpf(result) - truth) / mpf(2) ** exponent))
    return np.array(errors)
