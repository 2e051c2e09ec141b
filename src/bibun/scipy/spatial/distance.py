"""scipy.spatial.distance with derivatives: distances of vectors of numbers, of two vectors or of all pairs of two sets.

Where points coincide, a distance that is a root (euclidean, minkowski, ...) has a corner, and its derivative there is 0.
Distances of truth values and of words (hamming, jaccard, ...) count, and have none. Two rows: the powers of a coordinate's
difference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import scipy.spatial.distance as source  # type: ignore[import-untyped]
from scipy import special

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows
from bibun.core.kinds import elementwise
from bibun.core.primitive import Primitive
from bibun.primitives.matrices import power_of_two
from bibun.scipy._calls import no_rule, remaining
from bibun.scipy._levels import is_traced

Metric = Callable[..., Any]


def _root(s: Any, power: Any = 0.5) -> Any:
    """s**power, with the derivative 0 at 0."""
    some = s != 0
    return np.where(some, np.where(some, s, 1.0) ** power, 0.0)


@np.errstate(divide="ignore")
def _even(a: Any, b: Any) -> Any:
    return np.fabs(a) ** b


def _odd(a: Any, b: Any) -> Any:
    return np.sign(a) * np.where(np.equal(a, 0), np.ones_like(a), np.fabs(a)) ** b


def _by_exponent(y: Any, a: Any) -> Any:
    """y log |a|; 0 at 0, where every power that is a term of a distance is 0"""
    zero = np.equal(a, 0)
    return np.where(zero, np.zeros_like(y), y * np.log(np.fabs(np.where(zero, np.ones_like(a), a))))


# |a|**p and sign(a) |a|**p, each the slope of the other one: the second derivative where two points share a coordinate is that of
# a square for p = 2, infinite below, and 0 for p = 1 as of any kink.
even_power: Primitive = elementwise(
    _even, lambda a, b: _times(b, odd_power, a), _by_exponent,
    guarded=True, domain=("nonzero", "positive"), name="even_power",
)  # fmt: skip
odd_power: Primitive = elementwise(
    _odd, lambda a, b: _times(b, even_power, a), _by_exponent,
    guarded=True, domain=("nonzero", "positive"), name="odd_power",
)  # fmt: skip
add_rows(even_power, odd_power)


def _times(p: Any, power: Any, a: Any) -> Any:
    """p times a power of p - 1; for p = 0, of which that is infinite at a = 0, nothing"""
    if not is_traced(p) and np.ndim(p) == 0:
        return p * power(a, p - 1) if p else np.zeros_like(a)
    none = np.equal(p, 0)
    return p * power(a, np.where(none, np.ones_like(p), p - 1))


def _sum(x: Any, w: Any = None) -> Any:
    return np.sum(x if w is None else x * _floating(w), axis=-1)


def _sqeuclidean(u: Any, v: Any, w: Any = None) -> Any:
    return _sum((u - v) ** 2, w)


def _euclidean(u: Any, v: Any, w: Any = None) -> Any:
    return _root(_sqeuclidean(u, v, w))


def _minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    if not is_traced(p) and np.isinf(p):
        return _chebyshev(u, v, w)
    apart = u - v
    if apart.dtype.kind == "c":
        apart = np.abs(apart)
    if not is_traced(p):
        p = float(p)  # a number that leaves float32 what it is
    if not is_traced(p) and p == 2:
        apart = _floating(apart)  # the only order at which SciPy's is a float64
    return _root(_sum(even_power(apart, p), w), 1 / p)


def _cityblock(u: Any, v: Any, w: Any = None) -> Any:
    return _sum(np.abs(u - v), w)


def _chebyshev(u: Any, v: Any, w: Any = None) -> Any:
    apart = np.abs(u - v)
    return np.max(apart if w is None else np.where(as_array(w) > 0, apart, 0.0), axis=-1)


def _canberra(u: Any, v: Any, w: Any = None) -> Any:
    size = np.abs(u) + np.abs(v)
    return _sum(np.where(size > 0, np.abs(u - v) / np.where(size > 0, size, 1.0), 0.0), w)


def _braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    return _sum(np.abs(u - v), w) / _sum(np.abs(u + v), w)


def _cosine(u: Any, v: Any, w: Any = None) -> Any:
    # scaled, or squares of squares would leave the range
    u, v = (x / power_of_two(_floating(x), -1).astype(x.dtype) for x in (u, v))
    return 1 - _sum(u * v, w) / np.sqrt(_sum(u * u, w) * _sum(v * v, w))


def _correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    if not centered:
        return _cosine(u, v, w)
    count = u.shape[-1] if w is None else np.sum(_floating(w))
    u, v = (x - np.expand_dims(_sum(x, w) / count, -1) for x in (u, v))
    return _cosine(u, v, w)


def _seuclidean(u: Any, v: Any, V: Any) -> Any:
    size = _root(as_array(V))
    return _euclidean(u / size, v / size)


def _mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    apart = u - v
    return _root(_sum((apart @ as_array(VI)) * apart))


_METRICS: dict[str, Metric] = {
    "braycurtis": _braycurtis, "canberra": _canberra, "chebyshev": _chebyshev, "cityblock": _cityblock,
    "correlation": _correlation, "cosine": _cosine, "euclidean": _euclidean, "mahalanobis": _mahalanobis,
    "minkowski": _minkowski, "seuclidean": _seuclidean, "sqeuclidean": _sqeuclidean,
}  # fmt: skip


_NARROW = ("chebyshev", "cityblock", "correlation", "cosine", "mahalanobis", "minkowski", "sqeuclidean")


def _floating(x: Any) -> Any:
    """With 64 bits at least."""
    x = as_array(x)
    return x.astype(np.result_type(x, np.float64))


def _numbers(x: Any) -> Any:
    """Floats as they are, where SciPy leaves them so: of two vectors in float32 most distances are float32."""
    x = as_array(x)
    return x if x.dtype.kind in "fc" else _floating(x)


def _of_two(name: str) -> Metric:
    function, metric = getattr(source, name), _METRICS[name]
    taken = _numbers if name in _NARROW else _floating

    @wraps(function)
    def distance(u: Any, v: Any, *args: Any, **settings: Any) -> Any:
        if not is_traced(u, v, args, settings):
            return function(u, v, *args, **settings)
        return metric(taken(u), taken(v), *args, **settings)

    return distance


braycurtis, canberra, chebyshev, cityblock = map(_of_two, ("braycurtis", "canberra", "chebyshev", "cityblock"))
correlation, cosine, euclidean, mahalanobis = map(_of_two, ("correlation", "cosine", "euclidean", "mahalanobis"))
minkowski, seuclidean, sqeuclidean = map(_of_two, ("minkowski", "seuclidean", "sqeuclidean"))


@wraps(source.jensenshannon)
def jensenshannon(p: Any, q: Any, base: Any = None, *, axis: Any = 0, keepdims: bool = False) -> Any:
    """The root of the mean of the divergences of p and of q from their middle."""
    if not is_traced(p, q, base):
        return source.jensenshannon(p, q, base, axis=axis, keepdims=keepdims)
    p, q = (x / np.sum(x, axis=axis, keepdims=True) for x in (_numbers(p), _numbers(q)))
    middle = (p + q) / 2
    both = np.sum(special.rel_entr(p, middle) + special.rel_entr(q, middle), axis=axis, keepdims=keepdims) / 2
    return _root(both if base is None else both / np.log(base))


def _metric(name: str, metric: Any, points: Any, settings: dict[str, Any]) -> Metric:
    """Of vectors along the last axis, with what SciPy takes from all points where it is not given."""
    if callable(metric):
        found = next(
            (known for word, known in _METRICS.items() if metric in (globals()[word], getattr(source, word))), None
        )
        if found is None:
            raise no_rule(name, "the metric is a function; write a loop over the pairs, or bibun.vmap")
        return lambda u, v: found(u, v, **settings)
    word = {"sqe": "sqeuclidean", "cos": "cosine", "manhattan": "cityblock", "mi": "minkowski"}.get(
        metric, metric.lower()
    )
    if word not in _METRICS:
        raise no_rule(name, f"the metric {metric!r} counts, or is not known here; there are {', '.join(_METRICS)}")
    if word == "seuclidean" and settings.get("V") is None:
        settings = {**settings, "V": np.var(points, axis=0, ddof=1)}
    if word == "mahalanobis" and settings.get("VI") is None:
        settings = {**settings, "VI": np.linalg.inv(np.cov(np.transpose(points)))}
    return lambda u, v: _METRICS[word](u, v, **settings)


@wraps(source.cdist)
def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **settings: Any) -> Any:
    """The distances of all pairs of a row of XA and one of XB."""
    if not is_traced(XA, XB, settings):
        return source.cdist(XA, XB, metric, out=out, **settings)
    if out is not None:
        raise no_rule("cdist", "out= is a plain array; leave it away")
    a, b = _floating(XA), _floating(XB)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"cdist: XA and XB have shapes {a.shape} and {b.shape}, and not two axes, the second one alike"
        )
    return _metric("cdist", metric, np.concatenate([a, b]), settings)(a[:, None, :], b[None, :, :])


@wraps(source.pdist)
def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **settings: Any) -> Any:
    """The distances of all pairs of rows, those of the first one first."""
    if not is_traced(X, settings):
        return source.pdist(X, metric, out=out, **settings)
    if out is not None:
        raise no_rule("pdist", "out= is a plain array; leave it away")
    x = _floating(X)
    first, second = np.triu_indices(x.shape[0], 1)
    return _metric("pdist", metric, x, settings)(x[first], x[second])


@wraps(source.squareform)
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    """From the distances of pairs to a symmetric matrix, and back."""
    if not is_traced(X):
        return source.squareform(X, force, checks)
    x = as_array(X)
    if x.ndim == 2:
        return x[np.triu_indices(x.shape[0], 1)]
    n = (1 + int(np.sqrt(1 + 8 * x.shape[0]))) // 2 if x.shape[0] else 1
    if n * (n - 1) // 2 != x.shape[0]:
        raise ValueError(
            "Incompatible vector size. It must be a binomial coefficient n choose 2 for some integer n >= 2."
        )
    numbers = np.zeros((n, n), int)
    numbers[np.triu_indices(n, 1)] = np.arange(1, x.shape[0] + 1)
    return np.concatenate([np.zeros(1, x.dtype), x])[numbers + numbers.T]


_COUNTS = "it counts, and a count does not vary continuously"
__getattr__ = remaining(
    source,
    {
        **dict.fromkeys(("hamming", "jaccard", "dice", "rogerstanimoto", "russellrao", "sokalsneath", "yule"), _COUNTS),
        "directed_hausdorff": "write np.max(np.min(cdist(u, v), axis=1))",
    },
)
