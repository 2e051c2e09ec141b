"""The table of SciPy's functions, called through bibun.scipy, jax.scipy, torch.special and autograd.scipy: a line each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from tests.oracles.comparing import Apart, Line, line
from tests.oracles.draws import (
    INNER,
    POSITIVE,
    REAL,
    Call,
    Draw,
    Interval,
    Strategy,
    along,
    of_shapes,
    reduced,
    several,
)
from tests.oracles.table_linalg import rectangle

LINE = (4,)  # one shape, since JAX compiles a series for seconds
LARGE: Interval = (1.2, 3.0)
LITTLE: Interval = (0.1, 0.9)

# Those of several numbers, by the intervals of their arguments.
SPECIAL: dict[str, tuple[Interval, ...]] = {
    "erf erfc erfcx dawsn expit ndtr log_ndtr i0 i0e i1 i1e": (REAL,),
    "gamma gammaln digamma psi rgamma entr j0 j1 y0 y1 loggamma": (POSITIVE,),
    "spence": (LITTLE,),  # JAX gives nan for derivatives between 1 and 2
    "erfinv": (INNER,),
    "logit ndtri": (LITTLE,),
    "erfcinv": ((0.2, 1.8),),
    "beta betaln xlogy xlog1py rel_entr kl_div poch": (POSITIVE, POSITIVE),
    "boxcox boxcox1p": (POSITIVE, REAL),
    "owens_t": (REAL, REAL),
    "sici fresnel": (POSITIVE,),
    "factorial": (POSITIVE,),
}


def held(*values: Any) -> Any:
    """One array, and settings `n` of these values: functions of an order, which is not differentiated."""
    return lambda d: ((d.array(LINE, POSITIVE),), {"n": d.one_of(*values)})


def by_second(name: str) -> Any:
    return lambda xp, x, n: getattr(xp.scipy.special, name)(n, x)


def by_second_array(name: str) -> Any:
    return lambda xp, x, n: getattr(xp.scipy.special, name)(xp.asarray(n), x)


NUMBER = (Apart("jax", "keepdims of a 0-d array, which SciPy takes for one entry", lambda x, **s: x.ndim == 0),)


def special() -> list[Line]:
    lines = [
        line(f"scipy.special.{name}", several(*intervals, shape=LINE), kinds="ddf" if len(intervals) == 1 else "d")
        for names, intervals in SPECIAL.items()
        for name in names.split()
    ]
    lines += [
        line("scipy.special.exp1", several(POSITIVE, shape=LINE), calls=2, second=False),
        line("scipy.special.expi", several(POSITIVE, shape=LINE), calls=2, second=False),
        line("scipy.special.betainc", several(LITTLE, shape=LINE), lambda xp, x: xp.scipy.special.betainc(1.5, 0.8, x)),
        line("scipy.special.hyp1f1", several(REAL, shape=LINE), lambda xp, x: xp.scipy.special.hyp1f1(0.7, 1.9, x)),
        line(
            "scipy.special.hyp2f1",
            several((-0.7, 0.7), shape=LINE),
            lambda xp, x: xp.scipy.special.hyp2f1(0.7, 1.1, 1.9, x),
        ),
        line("scipy.special.polygamma", held(0, 1, 2, 3), by_second_array("polygamma")),
        line("scipy.special.gammainc", held(0.5, 1.5, 3.0), by_second_array("gammainc")),
        line("scipy.special.gammaincc", held(0.5, 1.5, 3.0), by_second_array("gammaincc")),
        line("scipy.special.expn", held(1, 2, 3), by_second_array("expn")),
        line("scipy.special.zeta", several(LARGE, shape=LINE), lambda xp, q: xp.scipy.special.zeta(3.0, q)),
        line("scipy.special.jn", held(0, 1, 3), by_second("jn")),
        line("scipy.special.yn", held(0, 1, 3), by_second("yn")),
        line("scipy.special.iv", held(0.5, 2.0), by_second("iv")),
        line("scipy.special.ive", held(0.5, 2.0), by_second("ive")),
        line("scipy.special.multigammaln", held(1, 2), lambda xp, x, n: xp.scipy.special.multigammaln(x + 2.0, n)),
        line("scipy.special.softmax", along(interval=REAL), calls=9),
        line("scipy.special.log_softmax", along(interval=REAL), calls=9),
        line("scipy.special.logsumexp", reduced(interval=REAL), calls=12, apart=NUMBER),
        line("scipy.special.logsumexp with weights", weighed, calls=6, call=_weighed_sum),
        line("scipy.special.wofz", several(POSITIVE, shape=LINE), kinds="dD", within=1e-8),
    ]
    return [replace(one, whole=True) for one in lines]


def weighed(d: Draw) -> Call:
    x = d.array(d.shape(1))
    return (x, d.array(x.shape, POSITIVE)), {"axis": d.axis(x.ndim), **d.settings(keepdims=(True,))}


def _weighed_sum(xp: Any, x: Any, b: Any, **settings: Any) -> Any:
    return xp.scipy.special.logsumexp(x, b=b, **settings)


# Distributions: the interval of x, those of the shapes, the methods besides the density.
CONTINUOUS: dict[str, tuple[Interval, tuple[Interval, ...], str]] = {
    "norm": (REAL, (), "cdf logcdf sf logsf"),
    "cauchy": (REAL, (), "cdf sf logcdf logsf"),
    "laplace": (REAL, (), "cdf"),
    "logistic": (REAL, (), "cdf sf"),
    "gumbel_r": (REAL, (), ""),
    "expon": ((2.5, 4.0), (), "cdf sf logcdf logsf"),
    "t": (REAL, (POSITIVE,), ""),
    "beta": ((0.1, 0.9), (POSITIVE, POSITIVE), ""),
    "gamma": ((2.5, 4.0), (POSITIVE,), ""),
    "chi2": ((2.5, 4.0), (POSITIVE,), ""),
    "gennorm": (REAL, (LARGE,), ""),
    "pareto": ((5.5, 7.0), (POSITIVE,), "cdf sf logcdf logsf"),
    "vonmises": (REAL, (POSITIVE,), ""),
}
QUANTILES = "norm cauchy logistic expon"
GUMBEL = "logpdf cdf sf logcdf logsf"  # by x: JAX has an error for derivatives by the place and the scale
DISCRETE: dict[str, tuple[int, tuple[Interval, ...]]] = {
    "bernoulli": (1, (LITTLE,)),
    "poisson": (5, (POSITIVE,)),
    "geom": (4, (LITTLE,)),
    "nbinom": (4, (POSITIVE, LITTLE)),
}


def density(name: str) -> Strategy:
    x, shapes, _ = CONTINUOUS[name]
    if name in ("beta", "gennorm", "vonmises"):  # where JAX takes no place and scale
        return several(x, *shapes, shape=LINE)
    return several(x, *shapes, (-0.5, 0.5), LARGE, shape=LINE)


def counted(name: str) -> Strategy:
    most, parameters = DISCRETE[name]

    def draw(d: Draw) -> Call:
        k = d.generator.integers(1 if name == "geom" else 0, most + 1, (4,))
        return tuple(d.array(d.one_of((4,), ()), p) for p in parameters), {"k": k.astype(float)}

    return draw


def of_counts(name: str, method: str) -> Any:
    return lambda xp, *parameters, k: getattr(getattr(xp.scipy.stats, name), method)(xp.asarray(k), *parameters)


TORCH_DENSITIES: dict[str, Any] = {
    "norm": lambda x, loc, scale: torch.distributions.Normal(loc, scale).log_prob(x),
    "cauchy": lambda x, loc, scale: torch.distributions.Cauchy(loc, scale).log_prob(x),
    "laplace": lambda x, loc, scale: torch.distributions.Laplace(loc, scale).log_prob(x),
    "gumbel_r": lambda x, loc, scale: torch.distributions.Gumbel(loc, scale).log_prob(x),
    "expon": lambda x, loc, scale: torch.distributions.Exponential(1 / scale).log_prob(x - loc),
    "t": lambda x, df, loc, scale: torch.distributions.StudentT(df, loc, scale).log_prob(x),
    "beta": lambda x, a, b: torch.distributions.Beta(a, b).log_prob(x),
    "gamma": lambda x, a, loc, scale: torch.distributions.Gamma(a, 1 / scale).log_prob(x - loc),
    "chi2": lambda x, df, loc, scale: torch.distributions.Chi2(df).log_prob((x - loc) / scale) - torch.log(scale),
}


def _torch_density(name: str) -> dict[str, Any]:
    if name not in TORCH_DENSITIES:
        return {}
    return {"torch": lambda *xs: TORCH_DENSITIES[name](*map(_tensor, xs))}


def _tensor(x: Any) -> Any:
    return getattr(x, "tensor", x)


def normal(d: Draw) -> Call:
    n = 3
    return (d.array(d.one_of((n,), (2, n))), d.array((n,)), d.symmetric(n)), {}


def _multivariate(xp: Any, x: Any, mean: Any, cov: Any) -> Any:
    return xp.scipy.stats.multivariate_normal.logpdf(x, mean, (cov + cov.T) / 2)


def _dirichlet(xp: Any, x: Any, alpha: Any) -> Any:
    return xp.scipy.stats.dirichlet.logpdf(x / xp.sum(x), alpha)


def gumbel(name: str, method: str) -> Any:
    return lambda xp, x: getattr(getattr(xp.scipy.stats, name), method)(x, 0.2, 1.3)


def stats() -> list[Line]:
    lines = [line(f"scipy.stats.{name}.logpdf", density(name), instead=_torch_density(name)) for name in CONTINUOUS]
    lines += [line(f"scipy.stats.{name}.pdf", density(name), calls=3) for name in CONTINUOUS if name != "gumbel_r"]
    lines += [
        line(f"scipy.stats.{name}.{method}", density(name), calls=4)
        for name, (_, _, methods) in CONTINUOUS.items()
        for method in methods.split()
    ]
    lines += [
        line(f"scipy.stats.{name}.ppf", several(LITTLE, REAL, LARGE, shape=LINE), calls=4) for name in QUANTILES.split()
    ]
    lines += [
        line(f"scipy.stats.{name}.{m}", counted(name), of_counts(name, m), calls=4)
        for name in DISCRETE
        for m in ("logpmf", "pmf")
    ]
    lines += [
        line(f"scipy.stats.{name}.{m} by x", several(REAL, shape=LINE), gumbel(name, m), calls=4)
        for name in ("gumbel_l", "gumbel_r")
        for m in GUMBEL.split()
    ]
    return [
        *(replace(one, whole=True) for one in lines),
        line("scipy.stats.multivariate_normal.logpdf", normal, _multivariate),
        line("scipy.stats.dirichlet.logpdf", of_shapes(((3,), (3,)), interval=POSITIVE), _dirichlet),
        line("scipy.stats.sem", along(ddof=(0, 1)), calls=4),
        line(
            "scipy.stats.gaussian_kde",
            of_shapes(((4,), (3,))),
            lambda xp, data, x: xp.scipy.stats.gaussian_kde(data)(x),
        ),
        line(
            "scipy.stats.truncnorm.logpdf",
            several(INNER, shape=LINE),
            lambda xp, x: xp.scipy.stats.truncnorm.logpdf(x, -1.0, 1.5),
        ),
    ]


def triangular(d: Draw) -> Call:
    n = 3
    return (d.square(n), d.array(d.one_of((n,), (n, 2)))), d.settings(
        lower=(True, False), trans=(0, 1), unit_diagonal=(True, False)
    )


TRANSPOSED = (
    Apart("autograd", "its pullback ignores unit_diagonal=True", lambda a, b, unit_diagonal=False, **s: unit_diagonal),
    Apart("autograd", "its pullback of complex systems lacks a conjugation", lambda a, b, **s: a.dtype.kind == "c"),
)


def definite_solve(xp: Any, a: Any, b: Any) -> Any:
    matrix = xp.matmul(a, a.T)
    return xp.scipy.linalg.cho_solve(xp.scipy.linalg.cho_factor(matrix), b)


def general_solve(d: Draw) -> Call:
    n = 3
    return (d.square(n), d.array(d.one_of((n,), (n, 2)))), {}


def lu(xp: Any, a: Any) -> Any:
    _, lower, upper = xp.scipy.linalg.lu(a)
    return lower, upper


def lu_solve(xp: Any, a: Any, b: Any) -> Any:
    return xp.scipy.linalg.lu_solve(xp.scipy.linalg.lu_factor(a), b)


def qr(xp: Any, a: Any) -> Any:
    q, r = xp.scipy.linalg.qr(a, mode="economic")
    return xp.matmul(q, q.T), xp.abs(r)


def general_eigh(xp: Any, a: Any) -> Any:
    w, v = xp.scipy.linalg.eigh(xp.matmul(a, a.T))
    return w, v * v


def sylvester(d: Draw) -> Call:
    return (d.square(3), d.square(2), d.array((3, 2))), {}


def polar(xp: Any, a: Any) -> Any:
    return xp.scipy.linalg.polar(a)


def _tridiagonal(a: Any, b: Any) -> Any:
    a, b = _tensor(a), _tensor(b)
    return torch.linalg.eigvalsh(torch.diag(a) + torch.diag(b, 1) + torch.diag(b, -1))


def linear_algebra() -> list[Line]:
    one = lambda d: ((d.square(3),), {})  # noqa: E731
    torch_lu = {"torch": lambda a: list(torch.linalg.lu(_tensor(a))[1:])}
    return [
        line("scipy.linalg.inv", one, kinds="dD"),
        line("scipy.linalg.det", one, kinds="dD"),
        line("scipy.linalg.solve", general_solve, kinds="dD"),
        line("scipy.linalg.solve_triangular", triangular, kinds="dD", calls=12, apart=TRANSPOSED),
        line("scipy.linalg.cho_solve", general_solve, definite_solve),
        line("scipy.linalg.cholesky", one, lambda xp, a: xp.scipy.linalg.cholesky(xp.matmul(a, a.T), lower=True)),
        line("scipy.linalg.lu", one, lu, kinds="dD", instead=torch_lu),
        line("scipy.linalg.lu_solve", general_solve, lu_solve, kinds="dD"),
        line("scipy.linalg.qr", lambda d: ((d.square(3)[:, : d.whole(2, 3)],), {}), qr),
        line("scipy.linalg.eigh", one, general_eigh),
        line("scipy.linalg.svd", rectangle, lambda xp, a: xp.scipy.linalg.svd(a, full_matrices=False)[1]),
        line("scipy.linalg.expm", one, kinds="dD", instead={"torch": lambda a: torch.linalg.matrix_exp(_tensor(a))}),
        line("scipy.linalg.expm_frechet", lambda d: ((d.square(3, apart=0.7), d.square(3)), {})),
        line("scipy.linalg.sqrtm", one, within=1e-8),
        line("scipy.linalg.polar", one, polar, within=1e-8),
        line("scipy.linalg.solve_sylvester", sylvester),
        line("scipy.linalg.toeplitz", of_shapes(((4,), (3,)), ((4,),))),
        line("scipy.linalg.block_diag", of_shapes(((2, 3), (1, 2)))),
        line("scipy.linalg.circulant", of_shapes(((4,),))),
        line("scipy.linalg.companion", of_shapes(((4,),), interval=POSITIVE)),
        line("scipy.linalg.hankel", of_shapes(((4,),), ((4,), (3,)))),
        line(
            "scipy.linalg.convolution_matrix",
            of_shapes(((4,),), n=(3,), mode=("full", "same", "valid")),
            lambda xp, a, n=3, mode="full": xp.scipy.linalg.convolution_matrix(a, n, mode),
        ),
        line("scipy.linalg.fiedler", of_shapes(((4,),))),
        line("scipy.linalg.fiedler_companion", of_shapes(((4,),), interval=POSITIVE)),
        line("scipy.linalg.leslie", of_shapes(((4,), (3,)))),
        line(
            "scipy.linalg.eigh_tridiagonal",
            of_shapes(((4,), (3,))),
            lambda xp, a, b: xp.scipy.linalg.eigh_tridiagonal(a, b, eigvals_only=True),
            instead={"torch": _tridiagonal},
            apart=(Apart("jax", "it bisects: its pushforward is not the derivative, as differences show"),),
        ),
    ]


def signal() -> list[Line]:
    pairs = (((4,), (3,)), ((3,), (4,)), ((3, 4), (2, 2)))
    modes = {"mode": ("full", "same", "valid")}
    return [
        *(
            line(f"scipy.signal.{name}", of_shapes(*pairs, **modes), kinds="ddD", calls=12)
            for name in ("convolve", "correlate", "fftconvolve")
        ),
        line("scipy.signal.convolve2d", of_shapes(((3, 4), (2, 2)), **modes), kinds="dD"),
        line("scipy.signal.correlate2d", of_shapes(((3, 4), (2, 2)), **modes), kinds="dD"),
        line("scipy.signal.detrend", along(type=("linear", "constant"))),
        line("scipy.signal.stft", of_shapes(((16,),)), lambda xp, x: xp.scipy.signal.stft(x, nperseg=8)[2], calls=2),
        line("scipy.signal.welch", of_shapes(((16,),)), lambda xp, x: xp.scipy.signal.welch(x, nperseg=8)[1], calls=2),
        line(
            "scipy.signal.csd",
            of_shapes(((16,), (16,))),
            lambda xp, x, y: xp.scipy.signal.csd(x, y, nperseg=8)[1],
            calls=2,
        ),
        line("scipy.integrate.trapezoid", along(dx=(0.5, 2.0)), calls=4),
        *(line(f"scipy.fft.{name}", along(norm=("ortho",), least=1), calls=6) for name in ("dct", "idct")),
        *(line(f"scipy.fft.{name}", of_shapes(((2, 3),), norm=("ortho",)), calls=4) for name in ("dctn", "idctn")),
    ]


LINES: list[Line] = [*special(), *stats(), *linear_algebra(), *signal()]
