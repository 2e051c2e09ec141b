"""Of float32 the functions of bibun.scipy make what SciPy's make of it: float32 in some, float64 in others."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import bibun as bb

RNG = np.random.default_rng(0)
U, V = (RNG.uniform(0.2, 2.0, 5).astype(np.float32) for _ in range(2))
W, WHOLE, INVERSE = V + np.float32(0.5), np.arange(1, 6), np.eye(5, dtype=np.float32) + np.float32(0.1)

Program = Callable[[Any, Any], Any]
MORE: dict[str, tuple[Any, ...]] = {"mahalanobis": (INVERSE,), "seuclidean": (W,)}
DISTANCES = (
    "braycurtis canberra chebyshev cityblock correlation cosine euclidean jensenshannon mahalanobis minkowski seuclidean "
    "sqeuclidean"
)
WEIGHTED = "braycurtis canberra chebyshev cityblock correlation cosine euclidean minkowski sqeuclidean"


def sparse(m: Any, x: Any) -> Any:
    return m.csr_array((x[:3], [0, 0, 1], [0, 1, 3]), shape=(2, 2))


CASES: dict[str, dict[str, Program]] = {
    "spatial.distance": {
        **{name: lambda m, x, f=name: getattr(m, f)(x, V, *MORE.get(f, ())) for name in DISTANCES.split()},
        **{
            f"{name} of whole": lambda m, x, f=name: getattr(m, f)(x, WHOLE, *MORE.get(f, ()))
            for name in DISTANCES.split()
        },
        **{f"{name} weighted": lambda m, x, f=name: getattr(m, f)(x, V, w=W) for name in WEIGHTED.split()},
        "minkowski of order 3": lambda m, x: m.minkowski(x, V, np.float64(3.0)),
        "minkowski of order ∞": lambda m, x: m.minkowski(x, V, np.inf),
        "jensenshannon in bits": lambda m, x: m.jensenshannon(x, V, 2.0),
        "cdist": lambda m, x: m.cdist(x[None], V[None]),
    },
    "stats": {
        "zscore": lambda m, x: m.zscore(x, axis=0, ddof=1),
        "zmap": lambda m, x: m.zmap(x, V, ddof=1),
        "skew": lambda m, x: m.skew(x, bias=False),
        "kurtosis": lambda m, x: m.kurtosis(x, bias=False),
        "sem": lambda m, x: m.sem(x),
        "variation": lambda m, x: m.variation(x, ddof=1),
        "entropy": lambda m, x: m.entropy(x, base=2),
        "relative entropy": lambda m, x: m.entropy(x, V, base=2),
        "yeojohnson_llf": lambda m, x: m.yeojohnson_llf(0.5, x),
        "variance of describe": lambda m, x: m.describe(x).variance,
        "skewness of describe": lambda m, x: m.describe(x, bias=False).skewness,
        "linregress": lambda m, x: np.stack(m.linregress(x, V)),
        **{
            name: lambda m, x, name=name: getattr(m, name)(x)
            for name in ("tsem", "tvar", "iqr", "gstd", "circstd", "kstat", "lmoment")
        },
        "scoreatpercentile": lambda m, x: m.scoreatpercentile(x, 30),
        "ttest_1samp": lambda m, x: np.stack([m.ttest_1samp(x, 0.3)[0], m.ttest_1samp(x, 0.3)[1]]),
        "chisquare": lambda m, x: m.chisquare(x)[0],
        "norm.pdf": lambda m, x: m.norm.pdf(x),
        "norm.ppf": lambda m, x: m.norm.ppf(x / 3, x, x),
        "norm.std": lambda m, x: m.norm.std(0, x),
        "norm.entropy": lambda m, x: m.norm.entropy(0, x),
        "gamma.var": lambda m, x: m.gamma.var(x, 0, x),
        "poisson.var": lambda m, x: m.poisson.var(x),
        "multivariate_normal.logpdf": lambda m, x: m.multivariate_normal.logpdf(V, x, INVERSE),
        "multivariate_normal.pdf": lambda m, x: m.multivariate_normal.pdf(x, V, INVERSE),
        "multivariate_normal.entropy": lambda m, x: m.multivariate_normal.entropy(V, np.diag(x)),
    },
    "signal": {
        "freqz": lambda m, x: m.freqz(x, worN=8)[1],
        "freqz of few frequencies": lambda m, x: m.freqz(x, worN=2)[1],
        "freqz of a quotient": lambda m, x: m.freqz(x, V, worN=8)[1],
        "freqz at frequencies": lambda m, x: m.freqz(x, 1, worN=np.linspace(0, 1, 5))[1],
        "freqz with the last": lambda m, x: m.freqz(x, 1, worN=8, include_nyquist=True)[1],
        **{
            name: lambda m, x, name=name: np.concatenate(getattr(m, name)(x, np.float32(2) * x + x[0]))
            for name in ("lp2lp", "lp2hp", "lp2bp", "lp2bs", "bilinear")
        },
        "lfiltic": lambda m, x: m.lfiltic(V, x, x),
        "sos2tf": lambda m, x: m.sos2tf(np.concatenate([x[:3], np.ones(1, x.dtype), x[:2]])[None])[0],
        "minimum_phase": lambda m, x: m.minimum_phase(np.concatenate([x, x[::-1]]), n_fft=64),
        "wiener": lambda m, x: m.wiener(x, noise=np.float32(0.1)),
        "order_filter": lambda m, x: m.order_filter(x, np.ones(3), 1),
        "cspline1d": lambda m, x: m.cspline1d(x),
        "czt": lambda m, x: m.czt(x),
        "gausspulse": lambda m, x: m.gausspulse(x, 0.3),
        "sawtooth": lambda m, x: m.sawtooth(x),
        "square": lambda m, x: m.square(x),
    },
    "sparse": {
        "kronsum": lambda m, x: m.kronsum(sparse(m, x), sparse(m, x)).toarray(),
        "by a number": lambda m, x: (sparse(m, x) / np.float32(2)).toarray(),
        "by an entry": lambda m, x: (sparse(m, x) / x[0]).toarray(),
        "times a number": lambda m, x: (sparse(m, x) * 2.0).toarray(),
    },
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, cases in CASES.items() for name in cases])
def test_dtypes(module: str, name: str) -> None:
    f, theirs, ours = CASES[module][name], import_module(f"scipy.{module}"), import_module(f"bibun.scipy.{module}")
    want = np.asarray(f(theirs, U))
    y, pullback = bb.vjp(lambda x: f(ours, x), U)
    assert np.result_type(y) == want.dtype
    np.testing.assert_allclose(y, want, rtol=2e-5)
    (slope,) = pullback(np.ones_like(y))
    assert slope.dtype == np.float32
    (wide,) = bb.vjp(lambda x: f(ours, x), U.astype(float))[1](np.ones(want.shape, y.dtype))
    np.testing.assert_allclose(slope, wide, rtol=1e-3, atol=1e-5 + 1e-4 * np.max(np.abs(wide)))
