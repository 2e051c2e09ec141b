"""Functions of Python's library, generators, and methods of plain arrays: what the error says to write has the derivative.

The truth is what Python's function gives on numbers, and its difference quotients.
"""

from __future__ import annotations

import cmath
import math
import random
import re
import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import bibun as bb

LEGACY: Any = np.random
X, Y = np.array([0.7, 1.9, 1.1]), np.array([1.3, 0.4, 2.2])


def told(f: Callable[[Any], Any], at: Any = X) -> str:
    """The text of the error, which names this file."""
    with pytest.raises(bb.LostDerivativeError) as raised:
        bb.vjp(f, at)
    assert str(raised.value).startswith(f"at {__file__}:")
    return str(raised.value)


# What is lost; the words of the advice; that advice, as a function.
PYTHON: list[tuple[Callable[[Any], Any], str, Callable[[Any], Any]]] = [
    (lambda x: statistics.mean(list(x)), "np.mean(x)", np.mean),
    (lambda x: statistics.fmean(x), "np.mean(x), or np.average(x, weights=w)", np.mean),
    (lambda x: statistics.stdev(x), "np.std(x, ddof=1)", lambda x: np.std(x, ddof=1)),
    (lambda x: statistics.pstdev(x), "np.std(x)", np.std),
    (lambda x: statistics.variance(x), "np.var(x, ddof=1)", lambda x: np.var(x, ddof=1)),
    (lambda x: statistics.pvariance(x), "np.var(x)", np.var),
    (lambda x: statistics.harmonic_mean(list(x)), "1 / np.mean(1 / x)", lambda x: 1 / np.mean(1 / x)),
    (lambda x: statistics.geometric_mean(x), "np.exp(np.mean(np.log(x)))", lambda x: np.exp(np.mean(np.log(x)))),
    (lambda x: statistics.covariance(x, Y), "np.cov(x, y)[0, 1]", lambda x: np.cov(x, Y)[0, 1]),
    (lambda x: statistics.correlation(x, Y), "np.corrcoef(x, y)[0, 1]", lambda x: np.corrcoef(x, Y)[0, 1]),
    (lambda x: statistics.linear_regression(x, Y).slope, "np.polyfit(x, y, 1), the slope", lambda x: np.polyfit(x, Y, 1)[0]),
    (lambda x: math.fsum(x), "np.sum(x)", np.sum),
    (lambda x: math.dist(x, Y), "np.linalg.norm(x - y)", lambda x: np.linalg.norm(x - Y)),
    (lambda x: math.hypot(x[0], x[1]), "Write np.hypot(x[0], x[1]) instead of math", lambda x: np.hypot(x[0], x[1])),
    (lambda x: math.hypot(*x), "Write np.linalg.norm(np.stack([x, y, z]))", lambda x: np.linalg.norm(np.stack([*x]))),
    (lambda x: math.log(x[0], x[1]), "Write np.log(x) / np.log(base)", lambda x: np.log(x[0]) / np.log(x[1])),
    (lambda x: math.remainder(x[1], x[0]), "x - y * np.round(x / y)", lambda x: x[1] - x[0] * np.round(x[1] / x[0])),
    (lambda x: cmath.rect(x[0], x[1]).real, "r * np.exp(1j * phi)", lambda x: (x[0] * np.exp(1j * x[1])).real),
    (lambda x: cmath.exp(x[0]).real, "with x.astype(complex) where x", lambda x: np.exp(x[0].astype(complex)).real),
]  # fmt: skip


@pytest.mark.parametrize(("lost", "words", "instead"), PYTHON)
def test_what_stands_for_a_function_of_python(
    lost: Callable[[Any], Any], words: str, instead: Callable[[Any], Any]
) -> None:
    assert words in told(lost)
    np.testing.assert_allclose(instead(X), lost(X), rtol=1e-12)
    want = bb.numerical.gradient(lambda x: float(lost(x)), X)
    assert np.all(np.abs(bb.grad(instead)(X) - want.value) <= want.error + 1e-12)


@pytest.mark.parametrize(
    ("name", "arguments", "instead"),
    [
        ("erf", (0.3,), "scipy.special.erf(x)"),
        ("erfc", (0.3,), "scipy.special.erfc(x)"),
        ("gamma", (2.3,), "scipy.special.gamma(x)"),
        ("lgamma", (2.3,), "scipy.special.gammaln(x)"),
        ("ulp", (2.3,), "np.spacing(x)"),
        ("factorial", (5,), "scipy.special.gamma(n + 1)"),
        ("comb", (5, 2), "scipy.special.binom(n, k)"),
        ("perm", (5, 2), "scipy.special.poch(n - k + 1, k)"),
        ("isqrt", (26,), "np.floor(np.sqrt(x))"),
        ("isclose", (2.3, 2.4), "np.isclose(x, y, rtol=1e-9, atol=0)"),
    ],
)
def test_functions_of_math_that_numpy_has_by_another_name(name: str, arguments: tuple[Any, ...], instead: str) -> None:
    scipy = pytest.importorskip("scipy.special") and __import__("scipy")
    function = getattr(math, name)
    assert f"write {instead}." in told(lambda x: function(x, *arguments[1:]), 3.0)
    names = dict(zip("xyz" if "x" in instead else "nk", arguments, strict=False))
    assert eval(instead, {"np": np, "scipy": scipy}, names) == pytest.approx(function(*arguments), rel=1e-12)


def test_a_function_of_math_under_its_own_name() -> None:
    from math import sin as sine

    assert "Write np.sin(x) instead of math.sin(x)." in told(lambda x: sine(x), 0.5)


def test_numbers_of_other_modules_name_the_users_line() -> None:
    assert "bibun.scipy.stats.norm" in told(lambda x: statistics.NormalDist(mu=x), 0.5)
    assert "bibun.scipy.stats.norm" in told(lambda x: statistics.NormalDist(0.0, 1.0).cdf(x), 0.5)
    assert "goes in steps with the weights" in told(lambda x: random.choices([1, 2, 3], weights=x))
    assert "rng.standard_gamma(shape, size)" in told(lambda x: random.gammavariate(x, 1.0), 0.5)
    assert "int(x.astype(int))" in told(lambda x: random.randint(0, x), 5.0)
    assert "np.sin(x) instead of math.sin(x)" in told(lambda x: Fraction.from_float(x.as_integer_ratio()), 0.5)


# What is drawn; what the message says to write, and the parameters by the names that it uses.
TRIANGULAR = "left + (right - left) * bibun.scipy.stats.triang.ppf(rng.random(size), (mode - left) / (right - left))"
DRAWN: list[tuple[Callable[..., Any], str, dict[str, float]]] = [
    (
        lambda rng, p, n: rng.normal(p["loc"], p["scale"], n),
        "loc + scale * rng.standard_normal(size)",
        {"loc": 1.0, "scale": 2.0},
    ),
    (
        lambda rng, p, n: rng.lognormal(p["mean"], p["sigma"], n),
        "np.exp(mean + sigma * rng.standard_normal(size))",
        {"mean": 0.1, "sigma": 0.3},
    ),
    (
        lambda rng, p, n: rng.uniform(p["low"], p["high"], n),
        "low + (high - low) * rng.random(size)",
        {"low": 1.0, "high": 3.0},
    ),
    (lambda rng, p, n: rng.exponential(p["scale"], n), "scale * rng.standard_exponential(size)", {"scale": 2.0}),
    (
        lambda rng, p, n: rng.laplace(p["loc"], p["scale"], n),
        "loc + scale * rng.laplace(size=size)",
        {"loc": 1.0, "scale": 2.0},
    ),
    (
        lambda rng, p, n: rng.logistic(p["loc"], p["scale"], n),
        "loc + scale * rng.logistic(size=size)",
        {"loc": 1.0, "scale": 2.0},
    ),
    (
        lambda rng, p, n: rng.gumbel(p["loc"], p["scale"], n),
        "loc + scale * rng.gumbel(size=size)",
        {"loc": 1.0, "scale": 2.0},
    ),
    (lambda rng, p, n: rng.rayleigh(p["scale"], n), "scale * rng.rayleigh(size=size)", {"scale": 2.0}),
    (lambda rng, p, n: rng.weibull(p["a"], n), "rng.standard_exponential(size) ** (1 / a)", {"a": 1.7}),
    (lambda rng, p, n: rng.pareto(p["a"], n), "np.expm1(rng.standard_exponential(size) / a)", {"a": 4.0}),
    (lambda rng, p, n: rng.power(p["a"], n), "rng.random(size) ** (1 / a)", {"a": 1.7}),
    (
        lambda rng, p, n: rng.triangular(p["left"], p["mode"], p["right"], n),
        TRIANGULAR,
        {"left": 1.0, "mode": 2.5, "right": 3.0},
    ),
    (
        lambda rng, p, n: rng.wald(p["mean"], p["scale"], n),
        "scale * bibun.scipy.stats.invgauss.ppf(rng.random(size), mean / scale)",
        {"mean": 1.5, "scale": 4.0},
    ),
]


@pytest.mark.parametrize(("draw", "instead", "names"), DRAWN, ids=[case[1] for case in DRAWN])
def test_what_is_drawn_instead_has_the_same_distribution(
    draw: Callable[..., Any], instead: str, names: dict[str, float]
) -> None:
    """Quantiles of 20,000 samples each: those of equal distributions differ by a few hundredths of the spread."""
    pytest.importorskip("bibun.scipy.stats")
    rng, size = np.random.default_rng(1), 20000
    for name in names:
        assert f"write {instead}." in told(lambda x, name=name: draw(rng, names | {name: x}, size), names[name])
    levels = np.linspace(0.1, 0.9, 9)
    want = np.quantile(draw(rng, names, size), levels)
    found = np.quantile(eval(instead, {"np": np, "bibun": bb, "rng": rng, "size": size} | names), levels)
    np.testing.assert_allclose(found, want, atol=0.05 * (want[-1] - want[0]))


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda x: np.random.default_rng(0).choice(x, 2), "of x write x[rng.integers(len(x), size=size)]"),
        (lambda x: LEGACY.choice([1, 2, 3], p=x), "has no derivative by it: give p=p.data"),
        (lambda x: np.random.default_rng(0).permutation(x), "write x[rng.permutation(len(x))]"),
        (lambda x: np.random.default_rng(0).poisson(x), "bibun.scipy.stats.poisson.logpmf(n, lam)"),
        (lambda x: LEGACY.poisson(x), "by the parameter no sample has a derivative"),
        (lambda x: np.random.RandomState(0).binomial(9, x), "bibun.scipy.stats.binom.logpmf(k, n, p)"),
        (lambda x: np.random.default_rng(0).gamma(x), "bibun.scipy.stats.gamma.logpdf(s, shape)"),
        (lambda x: np.random.default_rng(0).multivariate_normal(x, np.eye(3)), "@ np.linalg.cholesky(cov).T"),
    ],
)
def test_what_is_said_of_other_draws(draw: Callable[[Any], Any], words: str) -> None:
    assert words in told(draw)


def test_every_log_probability_that_is_named_is_there() -> None:
    stats = pytest.importorskip("bibun.scipy.stats")
    from bibun.arrays.outside import _DRAWN

    named = {found for text in _DRAWN.values() for found in re.findall(r"bibun\.scipy\.stats\.(\w+)\.(\w+)", text)}
    assert len(named) > 12
    for distribution, method in named:
        assert callable(getattr(getattr(stats, distribution), method))


def test_the_derivative_of_a_mean_by_the_parameter_of_counts() -> None:
    """As the message says: of n from Poisson's distribution the mean of n**2 is lam + lam**2."""
    stats = pytest.importorskip("bibun.scipy.stats")
    n = np.random.default_rng(0).poisson(2.0, 200_000)
    found = bb.grad(lambda lam: np.mean(n**2 * stats.poisson.logpmf(n, lam)))(2.0)
    assert found == pytest.approx(1 + 2 * 2.0, abs=0.15)


def put(y: Any, x: Any) -> None:
    y.put([0, 1, 2], x)


def flat(y: Any, x: Any) -> None:
    y.flat = x


def real(y: Any, x: Any) -> None:
    y.real = x


def imaginary(y: Any, x: Any) -> None:
    y.imag = x


@pytest.mark.parametrize("store", [put, flat, real, imaginary])
def test_other_ways_to_store(store: Callable[[Any, Any], None]) -> None:
    y = np.zeros(3, complex)
    text = told(lambda x: store(y, x))
    assert "would become entries of a plain ndarray" in text
    assert "y = np.zeros_like(x) or y = np.zeros(n, like=x)" in text
    np.testing.assert_array_equal(y, 0)


def test_methods_of_plain_arrays() -> None:
    assert "write np.choose(a, x) instead of a.choose(x)" in told(lambda x: np.arange(3).choose([x, x, x]))
    plain = np.zeros((3, 3))
    assert "write np.mean(a, ..., out=x)" in told(lambda x: plain.mean(0, out=x))
    assert "write np.std(a, ..., out=x)" in told(lambda x: plain.std(0, out=x))

    def stored(x: Any) -> Any:
        y = 1 * x
        np.mean(plain, 0, out=y[:3])
        return np.sum(y**2)

    np.testing.assert_array_equal(bb.grad(stored)(np.array([1.0, 2.0, 3.0, 4.0])), [0, 0, 0, 8])


@pytest.mark.parametrize("cls", [np.ma.MaskedArray, np.matrix])
def test_views_as_other_classes(cls: type) -> None:
    with pytest.raises(bb.NoDerivativeError, match=rf"view\({cls.__name__}\).*holds plain numbers"):
        bb.vjp(lambda x: x.view(cls), X)
    with pytest.raises(bb.NoDerivativeError, match=r"view\(MaskedArray\)"):
        bb.vjp(lambda x: np.ma.resize(x, 2), X)
    np.testing.assert_array_equal(bb.grad(lambda x: np.sum(x.view(np.ndarray) ** 2))(X), 2 * X)


def test_nditer_that_writes() -> None:
    with pytest.raises(bb.DerivativeValueError, match=r"np\.nditer: it gives plain numbers"):
        bb.vjp(lambda x: np.nditer(x, [], ["readwrite"]), X)


def test_views_that_are_read_only_say_which_functions_make_them() -> None:
    def written(x: Any) -> Any:
        np.lib.stride_tricks.sliding_window_view(x, 2)[0, 0] = 1.0

    with pytest.raises(ValueError, match="nobody write to what .*sliding_window_view"):
        bb.vjp(written, X)


def test_truth_values_are_counted_as_numbers() -> None:
    mask = np.array([True, False, True])
    weights = np.bincount(mask, X)
    np.testing.assert_array_equal(weights, [1.9, 1.8])
    np.testing.assert_array_equal(bb.jacobian(lambda x: np.bincount(mask, x))(X), [[0, 1, 0], [1, 0, 1]])
    counted = bb.jvp(lambda x: np.bincount(x > 1.0, x), (X,), (np.ones(3),))
    np.testing.assert_array_equal(counted[1], [1, 2])
