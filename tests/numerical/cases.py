"""Functions of one number, with the truth of their derivatives from mpmath or a closed form. Calls no engine.

FIRST and SECOND are tables of cases for derivatives of order 1 and 2. Where no derivative exists: see kinks.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np

from tests.numerical.black_boxes import (
    MATH,
    NUMPY,
    SPLINE,
    TIMES,
    Formula,
    Function,
    bisection,
    bisection_slope,
    black_box,
    exact_derivative,
    in_single,
    kepler,
    log_of_sum,
    noise,
    only,
    oscillator,
    relative_noise,
    rounded,
    to_single,
)


@dataclass(frozen=True)
class Case:
    """`size`: what an error is compared with, |truth| unless that is 0. `slack`: how far f itself, as computed by a
    solver or from a table, may be from the function whose derivative is the truth.
    """

    name: str
    category: str
    f: Function
    x: float
    truth: float
    size: float
    slack: float = 0.0


def _row(
    name: str,
    formula: Formula | None,
    *points: float,
    f: Function | None = None,
    wrap: Callable[[Function], Function] | None = None,
    derivative: Function | None = None,
    module: SimpleNamespace = NUMPY,
    size: float = 0.0,
    slack: float = 0.0,
) -> list[Case]:
    """The cases of one function; `f` where the black box is not the formula, `wrap` where something is put around it."""
    if f is None:
        assert formula is not None
        f = black_box(formula, module)
    if wrap is not None:
        f = wrap(f)
    cases = []
    for x in points:
        truth = float(derivative(x)) if derivative else exact_derivative(formula, x)  # type: ignore[arg-type]
        scale = max(abs(truth), size) or 1.0
        cases.append(Case(f"{name} at {x:.10g}", "", f, x, truth, scale, slack * scale))
    return cases


def _category(name: str, *rows: Iterable[Case]) -> list[Case]:
    return [replace(case, category=name) for cases in rows for case in cases]


FIRST = [
    *_category(
        "smooth",
        _row("asinh", lambda m, x: m.asinh(x), 0.3, -4.0),
        _row("cbrt", lambda m, x: m.cbrt(x), 2.0, 27.5),
        _row("2**x", lambda m, x: 2.0**x, 3.7, -0.6),
        _row("x**2.5", lambda m, x: x**2.5, 3.0),
        _row("sin(x)/x", lambda m, x: m.sin(x) / x, 0.4, 6.0),
        _row("erfc", lambda m, x: m.erfc(x), 0.8),
        _row("J1", lambda m, x: m.besselj(1, x), 4.5),
        _row("Legendre 5", lambda m, x: (63 * x**5 - 70 * x**3 + 15 * x) / 8, 0.45),
        _row("rational", lambda m, x: (x * x + 1) / (x**3 + 2), 1.1, 4.0),
        _row("damped", lambda m, x: x * m.exp(-x) * m.cos(3 * x), 0.9),
        _row("log(1 + x**2)", lambda m, x: m.log(1 + x * x), 2.0, -0.7),
        _row("sech", lambda m, x: 1 / m.cosh(x), 1.0),
        _row("sin cos sin", lambda m, x: m.sin(m.cos(m.sin(x))), 0.8),
        _row("atan**3", lambda m, x: m.atan(x) ** 3, 1.4),
        _row("logsumexp", log_of_sum, 0.9, f=lambda x: np.log(np.sum(np.exp(x * TIMES)))),
        _row("Kepler", kepler, 1.1),
        _row("shape (1,)", lambda m, x: m.exp(x / 2), 0.7, wrap=lambda f: lambda x: np.atleast_1d(f(x))),
    ),
    *_category(
        "scalar only",
        _row("sin exp", lambda m, x: m.sin(x) * m.exp(x), 0.6, -1.0, module=MATH),
        _row("gamma", lambda m, x: m.gamma(x), 4.2, module=MATH),
        _row("log gamma", lambda m, x: m.loggamma(x), 7.7, module=MATH),
        _row("erf", lambda m, x: m.erf(x) * x, 0.7, module=MATH),
        _row("atan(x)/x", lambda m, x: m.atan(x) / x, 0.9, module=MATH),
        _row("1/x + atan", lambda m, x: 1 / x + m.atan(x), 2e-5, module=MATH),  # math drops imaginary parts
        _row("tan", lambda m, x: m.tan(x), 1.2, module=MATH),
        _row("log", lambda m, x: m.log(x), 1.0001, module=MATH),
    ),
    *_category(
        "scale",
        _row("log", lambda m, x: m.log(x), 1e-300, 1e300, 3e-40),
        _row("sqrt", lambda m, x: m.sqrt(x), 1e-300, 7e30),
        _row("1/x", lambda m, x: 1 / x, 1e-150, -3e20),
        _row("x*x", lambda m, x: x * x, 1e-150, 1e150),
        _row("7x", lambda m, x: 7 * x, 1e-305, 1e305, 0.0),
        _row("sin(1e200 x)", lambda m, x: m.sin(1e200 * x), 3e-200),
        _row("exp(-x/1e-30)", lambda m, x: m.exp(-x / 1e-30), 1.5e-30),
        _row("x/(1 + x)", lambda m, x: x / (1 + x), 1e-20, 3e5),
        _row("(x - 1e10)**2", lambda m, x: (x - 1e10) ** 2, 1e10 + 3),
        _row("tanh(x - 1e8)", lambda m, x: m.tanh(x - 1e8), 1e8 + 0.25),
        _row("sqrt(x + 1e-12)", lambda m, x: m.sqrt(x + 1e-12), 1e-12),
        _row("1e9 + cos", lambda m, x: 1e9 + m.cos(x), 2.0),
        _row("Coulomb", lambda m, x: 2.31e-28 / (x * x), 5.3e-11),
        _row("Arrhenius", lambda m, x: 1e13 * m.exp(-9.5e4 / (8.314 * x)), 300.0),
        _row("Planck", lambda m, x: 6.6e-34 * x**3 / (m.exp(8.28e-15 * x) - 1), 5e14),
    ),
    *_category(
        "oscillation",
        _row("sin 300x", lambda m, x: m.sin(300 * x), 2.0),
        _row("cos 1e5 x", lambda m, x: m.cos(1e5 * x), 0.7),
        _row("sin x**3", lambda m, x: m.sin(x**3), 8.0),
        _row("sin(1/x)", lambda m, x: m.sin(1 / x), 0.003),
        _row("ripple", lambda m, x: m.sin(x) + 0.01 * m.sin(1e4 * x), 0.5),
        _row("Weierstrass", lambda m, x: sum(0.5**k * m.cos(5.0**k * x) for k in range(5)), 0.3),
        _row("sin far out", lambda m, x: m.sin(x), 1e6 + 0.3, -2e4),
        _row("beats", lambda m, x: m.sin(100 * x) * m.sin(101 * x), 3.0),
    ),
    *_category(
        "pole",
        _row("(x - 2)**-2", lambda m, x: 1 / (x - 2) ** 2, 2 + 1e-4, 1.99),
        _row("1/sin", lambda m, x: 1 / m.sin(x), 3.1415, 1e-7),
        _row("tan", lambda m, x: m.tan(x), -math.pi / 2 + 1e-6),
        _row("gamma", lambda m, x: m.gamma(x), -2.0001, 1e-6),
        _row("Lorentz", lambda m, x: 1 / ((x - 10) ** 2 + 1e-8), 10.00005),
        _row("Bose", lambda m, x: 1 / (m.exp(x) - 1), 0.01),
    ),
    *_category(
        "domain",
        _row("sqrt(2 - x)", lambda m, x: m.sqrt(2 - x), 2 - 1e-5),
        _row("acos", lambda m, x: m.acos(x), -0.99999),
        _row("log1p", lambda m, x: m.log1p(x), -1 + 1e-6),
        _row("narrow asin", lambda m, x: m.asin((x - 1) * 1000), 1.0005),
        _row("two roots", lambda m, x: m.sqrt((x - 1) * (1.0001 - x)), 1.00003),
        _row("math.sqrt", lambda m, x: m.sqrt(x) * x, 1e-6, module=MATH),
        _row("math.log", lambda m, x: m.log(x) + x, 1e-12, module=MATH),
        _row("math.exp, overflow", lambda m, x: m.exp(x), 709.7, module=MATH),
        _row("0/0 nearby", lambda m, x: (x * x - 1) / (x - 1), 1.0625, module=MATH),
        _row("float power", lambda m, x: x**1.3, 1e-5, f=lambda x: float(x) ** 1.3),
        _row("ends at 0", lambda m, x: m.exp(2 * x) - x * x, 0.0, wrap=only(lambda x: x >= 0, ValueError("x < 0"))),
        _row("ends at 10", lambda m, x: m.sin(x) + x / 3, 10.0, wrap=only(lambda x: x <= 10, IndexError("x > 10"))),
        _row("ends at 1/2", lambda m, x: m.cos(3 * x), 0.5, wrap=only(lambda x: x >= 0.5, ZeroDivisionError())),
        _row("nan below -1", lambda m, x: m.exp(x) * m.cos(x), -1.0, wrap=only(lambda x: x >= -1)),
        _row("nan outside a box", lambda m, x: m.sin(x), 0.001, wrap=only(lambda x: 0 <= x <= 0.0015)),
    ),
    *_category(
        "noise",
        _row("cosh, 1e-12", lambda m, x: m.cosh(x), 1.2, wrap=relative_noise(1e-12)),
        _row("x**3, 1e-10", lambda m, x: x**3, -2.0, wrap=relative_noise(1e-10)),
        _row("sin 20x, 1e-8", lambda m, x: m.sin(20 * x), 1.0, wrap=relative_noise(1e-8)),
        _row("exp 3x, 1e-6", lambda m, x: m.exp(3 * x), 2.0, wrap=relative_noise(1e-6)),
        _row("x**4, 1e-3", lambda m, x: x**4, 1.0, wrap=relative_noise(1e-3)),
        _row("tanh + 1e-10", lambda m, x: m.tanh(x), 0.5, wrap=noise(1e-10)),
        _row("1e4 sqrt + 1e-9", lambda m, x: 1e4 * m.sqrt(x), 2e4, wrap=noise(1e-9)),
        _row("erf + 1e-5", lambda m, x: m.erf(x), 0.3, wrap=noise(1e-5)),
        _row("sin + 1e-3", lambda m, x: m.sin(x), 0.4, wrap=noise(1e-3)),
        _row("exp, 9 decimals", lambda m, x: m.exp(x), 0.5, wrap=rounded(9)),
        _row("sin, 5 decimals", lambda m, x: m.sin(x), 0.6, wrap=rounded(5)),
        _row(
            "printed and read",
            lambda m, x: m.exp(-x) + x,
            1.3,
            wrap=lambda f: lambda x: float(f"{float(f(x.real)):.7g}"),
        ),
        _row("adaptive solver", lambda m, x: mpmath.cos(2 * mpmath.sqrt(x)), 1.7, 4.0, f=oscillator, slack=2e-6),
        _row("bisection", None, 2.0, 7.0, f=bisection, derivative=bisection_slope),
        _row("spline", None, 1.1, 3.6, f=lambda x: SPLINE(np.real(x)), derivative=SPLINE.derivative()),
    ),
    *_category(
        "cancellation",
        _row("(x - sin x)/x**3", lambda m, x: (x - m.sin(x)) / x**3, 1e-2),
        _row("sqrt(x*x + 1) - x", lambda m, x: m.sqrt(x * x + 1) - x, 1e4),
        _row("log(x + 1) - log x", lambda m, x: m.log(x + 1) - m.log(x), 1e5),
        _row("tan - sin", lambda m, x: m.tan(x) - m.sin(x), 1e-3),
        _row("1e10 + x**3", lambda m, x: 1e10 + x**3, 2.0),
        _row("difference inside", lambda m, x: (m.exp(x + 1e-6) - m.exp(x)) / 1e-6, 0.3),
        _row("1 - tanh", lambda m, x: 1 - m.tanh(x), 8.0),
    ),
    *_category(
        "single",
        _row("cos of float32", lambda m, x: m.cos(x), 1.1, 20.0, wrap=in_single),
        _row("x*x of float32", lambda m, x: x * x, 1e4, 1e-3, wrap=in_single),
        _row("sin 30x of float32", lambda m, x: m.sin(30 * x), 0.5, wrap=in_single),
        _row("log to float32", lambda m, x: m.log(x), 0.02, wrap=to_single),
        _row("100 + sin to float32", lambda m, x: 100 + m.sin(x), 1.0, wrap=to_single),
        _row(
            "exp of float16", lambda m, x: m.exp(x), 1.0, f=lambda x: np.exp(np.asarray(np.real(x)).astype(np.float16))
        ),
    ),
    *_category(
        "piecewise",
        _row("|x - 1|", None, 1.01, 1 + 1e-5, f=lambda x: np.abs(x - 1), derivative=lambda x: 1.0),
        _row("leaky", None, 0.02, f=lambda x: np.where(np.real(x) > 0, x, 0.01 * x), derivative=lambda x: 1.0),
        _row("dead relu", None, -0.3, f=lambda x: np.maximum(x, 0), derivative=lambda x: 0.0),
        _row("floor times x", None, 2.7, f=lambda x: np.floor(np.real(x)) * x, derivative=lambda x: 2.0),
        _row("clip", None, 0.95, f=lambda x: np.clip(x**3, -1, 1), derivative=lambda x: 3 * x * x),
        _row("jump at 1.05", lambda m, x: m.exp(x), 1.0, wrap=lambda f: lambda x: f(x) + 3 * (np.real(x) > 1.05)),
        _row("jump at 1 + 1e-6", lambda m, x: m.cos(x), 1.0, wrap=lambda f: lambda x: f(x) + (np.real(x) > 1 + 1e-6)),
        _row("if", lambda m, x: m.sin(x) if x > 0.5 else x * x, 0.51, 0.49, module=MATH),
    ),
    *_category(
        "flat",
        _row("exp(-x**-4)", lambda m, x: m.exp(-1 / x**4), 0.3),
        _row("zero", None, 1.5, 0.0, f=lambda x: 0 * x, derivative=lambda x: 0.0),
        _row("constant", None, 3.0, f=lambda x: 5, derivative=lambda x: 0.0),
        _row("x**4", lambda m, x: x**4, 1e-3),
        _row("(x - 3)**4", lambda m, x: (x - 3) ** 4, 3.0, size=1.0),
        _row("exp(-x)", lambda m, x: m.exp(-x), 300.0),
        _row("3 + 1e-9 x", lambda m, x: 3 + 1e-9 * x, 2.0),
        _row("x*x", lambda m, x: x * x, 0.0, size=1.0),
    ),
    *_category(
        "steep",
        _row("exp 200x", lambda m, x: m.exp(200 * x), 0.5, -0.5),
        _row("x**30", lambda m, x: x**30, 2.0),
        _row("step of width 1e-4", lambda m, x: m.tanh(1e4 * (x - 0.3)), 0.30005),
        _row("erf 1e5 x", lambda m, x: m.erf(1e5 * x), 0.0),
        _row("exp exp", lambda m, x: m.exp(m.exp(x)), 4.0),
        _row("exp(-1/x)", lambda m, x: m.exp(-1 / x), 0.01),
    ),
    # The complex step of each of these is wrong.
    *_category(
        "not analytic",
        _row("|x| x", lambda m, x: x * x, 1.3, f=lambda x: np.abs(x) * x),
        _row("half real", lambda m, x: x * m.exp(x), 0.8, f=lambda x: x * np.exp(np.real(x))),
        _row("cast", lambda m, x: m.cos(x), 0.5, f=lambda x: np.cos(np.asarray(x).astype(float))),
        _row("norm", lambda m, x: m.sqrt(x * x + 5), 1.2, f=lambda x: np.linalg.norm(np.array([x, 1.0, 2.0]))),
        _row("x conj x", lambda m, x: x * x, 1.7, f=lambda x: np.real(x * np.conj(x))),
        _row(
            "variance",
            lambda m, x: (x * x + 5) / 3 - ((x + 3) / 3) ** 2,
            0.4,
            f=lambda x: np.var(np.array([x, 1.0, 2.0])),
        ),
        _row(
            "spectrum", lambda m, x: (x + 3) ** 2, 0.7, f=lambda x: np.abs(np.fft.fft(np.array([x, 1.0, 2.0]))[0]) ** 2
        ),
        _row(
            "eigvalsh",
            lambda m, x: (x + 2 + m.sqrt((x - 2) ** 2 + 4)) / 2,
            0.3,
            f=lambda x: np.linalg.eigvalsh(np.array([[x, 1.0], [1.0, 2.0]]))[1],
        ),
        _row("sin + 1e-6 |x|", lambda m, x: m.sin(x) + 1e-6 * x, 0.7, f=lambda x: np.sin(x) + 1e-6 * np.abs(x)),
        _row("sin + 1e-9 |x|", lambda m, x: m.sin(x) + 1e-9 * x, 0.7, f=lambda x: np.sin(x) + 1e-9 * np.abs(x)),
        _row("other if complex", lambda m, x: x**3, 1.1, f=lambda x: x**2 if np.iscomplexobj(x) else x**3),
        _row("angle", lambda m, x: m.atan(x), 0.7, f=lambda x: np.angle(1 + 1j * x)),
    ),
]


def _second(name: str, category: str, formula: Formula, x: float, wrap: Any = None, size: float = 0.0) -> Case:
    f = black_box(formula, NUMPY)
    truth = exact_derivative(formula, x, 2)
    return Case(f"{name} at {x:.10g}", category, wrap(f) if wrap else f, x, truth, max(abs(truth), size) or 1.0)


SECOND = [
    *(
        _second(name, "smooth", formula, x)
        for name, formula, x in (
            ("exp", lambda m, x: m.exp(x), 0.5),
            ("sin", lambda m, x: m.sin(x), 1.0),
            ("log", lambda m, x: m.log(x), 3.0),
            ("sqrt", lambda m, x: m.sqrt(x), 2.0),
            ("asinh", lambda m, x: m.asinh(x), 0.3),
            ("cbrt", lambda m, x: m.cbrt(x), 2.0),
            ("2**x", lambda m, x: 2.0**x, 3.7),
            ("sin(x)/x", lambda m, x: m.sin(x) / x, 0.4),
            ("rational", lambda m, x: (x * x + 1) / (x**3 + 2), 1.1),
            ("damped", lambda m, x: x * m.exp(-x) * m.cos(3 * x), 0.9),
            ("sech", lambda m, x: 1 / m.cosh(x), 1.0),
            ("atan**3", lambda m, x: m.atan(x) ** 3, 1.4),
            ("Gauss", lambda m, x: m.exp(-x * x), 0.7),
            ("Kepler", kepler, 1.1),
            ("J1", lambda m, x: m.besselj(1, x), 4.5),
            ("x**3", lambda m, x: x**3, 1.0),
            ("erfc", lambda m, x: m.erfc(x), 0.8),
        )
    ),
    _second("log", "scale", lambda m, x: m.log(x), 1e-8),
    _second("x**4", "scale", lambda m, x: x**4, 1e10),
    _second("1e4 + sin", "scale", lambda m, x: 1e4 + m.sin(x), 1.0),
    _second("sin 50x", "oscillation", lambda m, x: m.sin(50 * x), 1.0),
    _second("1/(x - 1)", "pole", lambda m, x: 1 / (x - 1), 1.01),
    _second("sqrt(x - 1)", "domain", lambda m, x: m.sqrt(x - 1), 1.001),
    _second("exp 50x", "steep", lambda m, x: m.exp(50 * x), 1.0),
    _second("line", "flat", lambda m, x: 3 * x + 2, 1.0),
    _second("exp, 1e-8", "noise", lambda m, x: m.exp(x), 0.5, relative_noise(1e-8)),
    _second("sin, 9 decimals", "noise", lambda m, x: m.sin(x), 0.8, rounded(9)),
    _second("exp of float32", "single", lambda m, x: m.exp(x), 1.0, in_single),
]
