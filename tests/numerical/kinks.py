"""Points where a function has no derivative: kinks, jumps, vertical slopes, the edge of its domain. Calls no engine."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.numerical.black_boxes import Function, in_single, pseudo_noise


@dataclass(frozen=True)
class Kink:
    """No derivative at x. `slopes`: to the left and to the right, None where one of them is not finite. `least`: an
    error bar below it would claim too much; it is less than 1/2 for a small jump, which may pass for noise.
    """

    name: str
    f: Function
    x: float
    slopes: tuple[float, float] | None
    least: float = 0.5


KINKS = [
    Kink("|x|", np.abs, 0.0, (-1, 1)),
    Kink("math.fabs", math.fabs, 0.0, (-1, 1)),
    Kink("relu", lambda x: np.maximum(x, 0), 0.0, (0, 1)),
    Kink("leaky relu", lambda x: np.where(np.real(x) > 0, x, 0.01 * x), 0.0, (0.01, 1)),
    Kink("|x - 1|", lambda x: np.abs(x - 1), 1.0, (-1, 1)),
    Kink("|x - 1e6|", lambda x: np.abs(x - 1e6), 1e6, (-1, 1)),
    Kink("|x - 1e-6|", lambda x: np.abs(x - 1e-6), 1e-6, (-1, 1)),
    Kink("|1e8 x|", lambda x: np.abs(1e8 * x), 0.0, (-1e8, 1e8)),
    Kink("1e-200 |x|", lambda x: 1e-200 * np.abs(x), 0.0, (-1e-200, 1e-200)),
    Kink("x + 1e-3 |x|", lambda x: x + 1e-3 * np.abs(x), 0.0, (1 - 1e-3, 1 + 1e-3)),
    Kink("x + 1e-8 |x|", lambda x: x + 1e-8 * np.abs(x), 0.0, (1 - 1e-8, 1 + 1e-8)),
    Kink("exp + |x|/10", lambda x: np.exp(x) + 0.1 * np.abs(x), 0.0, (0.9, 1.1)),
    Kink("exp(-|x|)", lambda x: np.exp(-np.abs(x)), 0.0, (-1, 1)),
    Kink("sin|3x|", lambda x: np.sin(np.abs(3 * x)), 0.0, (-3, 3)),
    Kink("maximum at a tie", lambda x: np.maximum(x * x, x), 1.0, (1, 2)),
    Kink("minimum at a tie", lambda x: np.minimum(x, 1 / x), 1.0, (-1, 1)),
    Kink("clip", lambda x: np.clip(x, -1, 1), 1.0, (0, 1)),
    Kink("hinge", lambda x: np.maximum(0, 1 - x), 1.0, (-1, 0)),
    Kink("tax", lambda x: 0.1 * np.minimum(np.real(x), 1e4) + 0.2 * np.maximum(np.real(x) - 1e4, 0), 1e4, (0.1, 0.2)),
    Kink("interpolation, knot", lambda x: np.interp(np.real(x), [0, 1, 2, 3], [0, 1, 4, 9]), 2.0, (3, 5)),
    Kink("triangle wave", lambda x: np.abs(np.mod(np.real(x), 2) - 1), 1.0, (-1, 1)),
    Kink("sqrt(x*x)", lambda x: np.sqrt(x * x), 0.0, (-1, 1)),
    Kink("|x| + 1e-8", lambda x: np.abs(x) + 1e-8 * pseudo_noise(x), 0.0, (-1, 1)),
    Kink("relu of float32", in_single(lambda x: np.maximum(x, np.float32(0))), 0.0, (0, 1)),
    Kink("if", lambda x: x * 2 if x > 1 else x + 1, 1.0, (1, 2)),
    Kink("norm", lambda x: np.linalg.norm(np.array([x, 2 * x])), 0.0, (-math.sqrt(5), math.sqrt(5))),
    Kink("sign", lambda x: np.sign(np.real(x)), 0.0, None),
    Kink("step", lambda x: np.where(np.real(x) >= 0, 1.0, 0.0), 0.0, None),
    Kink("floor", lambda x: np.floor(np.real(x)), 2.0, None),
    Kink("round", lambda x: np.round(np.real(x)), 2.5, None),
    Kink("sawtooth", lambda x: np.mod(np.real(x), 1), 1.0, None),
    Kink("sin + jump of 1e-3", lambda x: np.sin(x) + 1e-3 * (np.real(x) >= 0.5), 0.5, None, least=1e-3),
    Kink("exp + jump of 1e-6", lambda x: np.exp(x) + 1e-6 * (np.real(x) > 0.5), 0.5, None, least=1e-6),
    Kink("atan(1/x)", lambda x: np.arctan(1 / x) if x != 0 else 0.0, 0.0, None),
    Kink("spike", lambda x: 5.0 if x == 1.0 else math.sin(x), 1.0, None),
    Kink("cbrt", lambda x: np.cbrt(np.real(x)), 0.0, None),
    Kink("sqrt|x|", lambda x: np.sqrt(np.abs(x)), 0.0, None),
    Kink("x sin(1/x)", lambda x: x * np.sin(1 / x) if x != 0 else 0.0, 0.0, None),
    Kink("sqrt", np.sqrt, 0.0, None),
    Kink("math.sqrt", math.sqrt, 0.0, None),
    Kink("acos", np.arccos, 1.0, None),
    Kink("1/x", lambda x: 1 / x, 0.0, None),
    Kink("log", np.log, 0.0, None),
    Kink("log of -1", np.log, -1.0, None),
    Kink("defined at one point", lambda x: 1.0 if x == 1.0 else np.nan, 1.0, None),
]

# f' exists and has a kink: there is no f''. `slopes` are those of f'.
SECOND_KINKS = [
    Kink("x|x|", lambda x: x * np.abs(x), 0.0, (-2, 2)),
    Kink("Huber", lambda x: np.where(np.abs(x) < 1, x * x / 2, np.abs(x) - 0.5), 1.0, (0, 1)),
    Kink("relu squared", lambda x: np.maximum(x, 0) ** 2, 0.0, (0, 2)),
    Kink("|x|", np.abs, 0.0, None),
    Kink("jump", lambda x: np.sin(x) + (np.real(x) >= 1), 1.0, None),
]
