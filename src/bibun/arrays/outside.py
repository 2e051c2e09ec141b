"""Functions of Python's library, and of random generators, that make plain numbers: what to write instead. Raises nothing."""

from __future__ import annotations

import numpy as np

# By module and name: what stands for the whole call. Of math and cmath what is not named here has NumPy's name.
_PYTHON = {
    "math.fsum": "np.sum(x)",
    "math.dist": "np.linalg.norm(x - y)",
    "math.sumprod": "np.dot(x, y)",
    "math.fma": "x * y + z",
    "math.isclose": "np.isclose(x, y, rtol=1e-9, atol=0)",
    "math.remainder": "x - y * np.round(x / y)",
    "math.ulp": "np.spacing(x)",
    "math.isqrt": "np.floor(np.sqrt(x))",
    "math.factorial": "scipy.special.gamma(n + 1)",
    "math.comb": "scipy.special.binom(n, k)",
    "math.perm": "scipy.special.poch(n - k + 1, k)",
    "math.gamma": "scipy.special.gamma(x)",
    "math.lgamma": "scipy.special.gammaln(x)",
    "math.erf": "scipy.special.erf(x)",
    "math.erfc": "scipy.special.erfc(x)",
    "cmath.phase": "np.angle(z)",
    "cmath.polar": "np.abs(z), np.angle(z)",
    "cmath.rect": "r * np.exp(1j * phi)",
    "cmath.isclose": "np.isclose(x, y, rtol=1e-9, atol=0)",
    "statistics.mean": "np.mean(x)",
    "statistics.fmean": "np.mean(x), or np.average(x, weights=w)",
    "statistics.stdev": "np.std(x, ddof=1)",
    "statistics.pstdev": "np.std(x)",
    "statistics.variance": "np.var(x, ddof=1)",
    "statistics.pvariance": "np.var(x)",
    "statistics.harmonic_mean": "1 / np.mean(1 / x)",
    "statistics.geometric_mean": "np.exp(np.mean(np.log(x)))",
    "statistics.covariance": "np.cov(x, y)[0, 1]",
    "statistics.correlation": "np.corrcoef(x, y)[0, 1]",
    "statistics.linear_regression": "np.polyfit(x, y, 1), the slope first",
    "statistics.NormalDist": "mu and sigma as they are, and bibun.scipy.stats.norm.pdf(x, mu, sigma), .cdf, .ppf",
    "random.choices": "rng.choice(values, p=w.data) with a generator of NumPy's: which is drawn goes in steps with the weights, "
    "and has no derivative by them",
    "random.sample": "x[rng.permutation(len(x))[:k]] with a generator of NumPy's",
}  # fmt: skip
_WHOLE = ("gcd", "lcm")  # of integers: no other function stands for them

_STEPS = "a number that is drawn {what} goes in steps: by the parameter no sample has a derivative. "
_COUNT = _STEPS.format(what="from whole ones") + (
    "Draw with x.data; the mean of f(n) has the derivative of the mean of f(n) * log p(n), where log p is bibun.scipy.stats{of}"
)
_SHAPE = (
    "draw with plain parameters: by {shape} a sample has no derivative here. The mean of f(s) over samples s has that of the "
    "mean of f(s) * log p(s), where log p is bibun.scipy.stats.{name}.logpdf{scaled}"
)
# By the name of the generator's method.
_DRAWN = {
    "normal": "write loc + scale * rng.standard_normal(size)",
    "lognormal": "write np.exp(mean + sigma * rng.standard_normal(size))",
    "multivariate_normal": "write mean + rng.standard_normal((size, len(mean))) @ np.linalg.cholesky(cov).T",
    "uniform": "write low + (high - low) * rng.random(size)",
    "exponential": "write scale * rng.standard_exponential(size)",
    **{name: f"write loc + scale * rng.{name}(size=size)" for name in ("laplace", "logistic", "gumbel")},
    "rayleigh": "write scale * rng.rayleigh(size=size)",
    "weibull": "write rng.standard_exponential(size) ** (1 / a)",
    "pareto": "write np.expm1(rng.standard_exponential(size) / a)",
    "power": "write rng.random(size) ** (1 / a)",
    "triangular": "write left + (right - left) * bibun.scipy.stats.triang.ppf(rng.random(size), (mode - left) / (right - left))",
    "wald": "write scale * bibun.scipy.stats.invgauss.ppf(rng.random(size), mean / scale)",
    "gamma": "of the scale write scale * rng.standard_gamma(shape, size). Else "
    + _SHAPE.format(shape="the shape", name="gamma", scaled="(s, shape)"),
    "standard_gamma": _SHAPE.format(shape="the shape", name="gamma", scaled="(s, shape)"),
    "beta": _SHAPE.format(shape="a and b", name="beta", scaled="(s, a, b)"),
    "chisquare": _SHAPE.format(shape="df", name="chi2", scaled="(s, df)"),
    "f": _SHAPE.format(shape="dfnum and dfden", name="f", scaled="(s, dfnum, dfden)"),
    "standard_t": _SHAPE.format(shape="df", name="t", scaled="(s, df)"),
    "dirichlet": _SHAPE.format(shape="alpha", name="dirichlet", scaled="(s, alpha)"),
    "vonmises": "of mu write mu + rng.vonmises(0, kappa, size). Else "
    + _SHAPE.format(shape="kappa", name="vonmises", scaled="(s, kappa)"),
    "poisson": _COUNT.format(of=".poisson.logpmf(n, lam)"),
    "binomial": _COUNT.format(of=".binom.logpmf(k, n, p)"),
    "negative_binomial": _COUNT.format(of=".nbinom.logpmf(k, n, p)"),
    "geometric": _COUNT.format(of=".geom.logpmf(k, p)"),
    "hypergeometric": _COUNT.format(of=".hypergeom.logpmf"),
    "logseries": _COUNT.format(of=".logser.logpmf(k, p)"),
    "multinomial": _COUNT.format(of=".multinomial.logpmf(k, n, p)"),
    "zipf": _STEPS.format(what="from whole ones") + "Draw with x.data",
    **dict.fromkeys(
        ("integers", "randint", "random_integers", "seed"),
        "it takes whole numbers, which do not vary continuously: give int(x.astype(int))",
    ),
    "choice": "of x write x[rng.integers(len(x), size=size)], or x[rng.permutation(len(x))[:size]] without replacement. Which "
    "entry is drawn goes in steps with p=, and has no derivative by it: give p=p.data",
    "permutation": "write x[rng.permutation(len(x))]",
    "permuted": "write np.take_along_axis(x, rng.permuted(places, axis=axis), axis), places those along the axis",
}  # fmt: skip


def of_python(module: str, name: str, arguments: str) -> str:
    """What to write instead of a function of Python's library, called with these `arguments)`; "" of one that is not known."""
    name = name.removeprefix("Random.").partition(".")[
        0
    ]  # of a method, its class; random's functions are those of an object
    written = f"{module}.{name}"
    if known := _PYTHON.get(written):
        return f"{written} takes plain numbers: write {known}"
    if module == "random" and (known := _DRAWN.get(name.removesuffix("variate"))):
        return f"{written} takes plain numbers. With rng = np.random.default_rng(): {known}"
    if module not in ("math", "cmath") or name in _WHOLE:
        return ""
    if name == "log" and "," in arguments:
        return "Write np.log(x) / np.log(base) instead of math.log(x, base)"
    if name == "hypot" and ("*" in arguments or arguments.count(",") > 1):
        return "Write np.linalg.norm(np.stack([x, y, z])) instead of math.hypot(x, y, z)"
    if not hasattr(np, name):
        return ""
    complex_ = ", with x.astype(complex) where x is real" if module == "cmath" else ""
    return f"Write np.{name}({arguments} instead of {written}({arguments}{complex_}"


def of_a_generator(method: str) -> str:
    """What to write instead of drawing with traced parameters; "" where a generator has no such method."""
    return f"A generator takes plain numbers. Instead of {method}: {_DRAWN[method]}" if method in _DRAWN else ""
