"""scipy.special with derivatives: its names and parameters.

The ufuncs are SciPy's own. The other functions make plain arrays of their arguments there; here they take traced ones, each by
the arguments that it has a derivative by, or say why it has none. Values are SciPy's: called without a traced argument, each
function is SciPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.reductions import axes_of
from bibun.arrays.scipy_backend import as_scipy_has_it
from bibun.core.broadcasting import is_complex
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, plain
from bibun.errors import OTHERWISE, NoDerivativeError, located
from bibun.primitives import FAMILIES, TABLE
from bibun.scipy import _special_rows as rows_here
from bibun.scipy._calls import any_traced, as_degrees
from bibun.scipy._legendre import (  # noqa: F401  names of this module too
    assoc_legendre_p,
    assoc_legendre_p_all,
    legendre_p,
    legendre_p_all,
    sph_harm_y,
    sph_harm_y_all,
    sph_legendre_p,
    sph_legendre_p_all,
)

scipy_special = as_scipy_has_it(special)
ROWS = {name: row for name, row in vars(rows_here).items() if isinstance(row, Primitive) and row.name == name}
TABLE.update(ROWS)  # so that compile takes them for operations, not for functions of a user's to look into
FAMILIES["further functions of scipy.special"] = rows_here


def _refused(name: str, reason: str) -> NoDerivativeError:
    return NoDerivativeError(
        f"{located()}scipy.special.{name} has no derivative rule by {reason}. Write it with functions that have one, or "
        f"{OTHERWISE}."
    )


# ---- sums of exponentials


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """log Σ b e**a over `axis`, and with return_sign=True the sign of the sum."""
    if not any_traced(a, b):
        return scipy_special.logsumexp(a, axis=axis, b=b, keepdims=keepdims, return_sign=return_sign)
    if np.ndim(a) == 0:
        a = np.reshape(a, (1,))  # as SciPy takes it: an axis to sum over, which keepdims keeps
    if b is None and not return_sign:
        over = axes_of(axis, np.ndim(a))
        y = rows_here.logsumexp(a, axis=over, keepdims=True)
        return y if keepdims else np.squeeze(y, axis=over)[()]
    a, b = as_degrees(a), 1.0 if b is None else as_degrees(b)
    if not return_sign and np.size(a) and (is_complex(a) or is_complex(b)):
        return _complex_logsumexp(a, b, axis, keepdims)
    over = axes_of(axis, len(np.broadcast_shapes(np.shape(a), np.shape(b))))
    parts = rows_here.signed_logsumexp(a, b, axis=over)
    y, sign = parts if keepdims else (np.squeeze(part, axis=over)[()] for part in parts)
    return (y, sign) if return_sign else np.where(np.less(sign, 0) & np.greater(y, -np.inf), np.nan, y)[()]


def _complex_logsumexp(a: Any, b: Any, axis: Any, keepdims: bool) -> Any:
    """The logarithm of the complex sum, not of its modulus."""
    over = axes_of(axis, len(np.broadcast_shapes(np.shape(a), np.shape(b))))
    absent = np.equal(b, 0)
    height = np.where(absent, -np.inf, np.real(a))
    top = rows_here.largest(height, axis=over, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    z = a - top if isinstance(b, Traced) else np.where(absent, 0, a - top)  # what has no weight may be large
    y = np.log(np.sum(b * np.exp(z), axis=over, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=over)[()]


def softmax(x: Any, axis: Any = None) -> Any:
    """e**x / Σ e**x over `axis`."""
    if not any_traced(x):
        return scipy_special.softmax(x, axis=axis)
    e = np.exp(x - rows_here.largest(x, axis=axes_of(axis, np.ndim(x)), keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """x - log Σ e**x over `axis`."""
    if not any_traced(x):
        return scipy_special.log_softmax(x, axis=axis)
    top = rows_here.largest(x, axis=axes_of(axis, np.ndim(x)), keepdims=True)
    z = x - np.where(np.isfinite(top), top, 0.0)
    return z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True))


# ---- gamma functions and counts


def polygamma(n: Any, x: Any) -> Any:
    """ψ⁽ⁿ⁾(x) = (-1)**(n + 1) n! ζ(n + 1, x)."""
    if any_traced(n):
        raise _refused("polygamma", "the order n: an integer does not vary continuously")
    if not any_traced(x):
        return scipy_special.polygamma(n, x)
    n = np.asarray(n)
    by_zeta = (-1.0) ** (n + 1) * scipy_special.gamma(n + 1.0) * scipy_special.zeta(n + 1, x)
    return np.where(n == 0, scipy_special.psi(x), by_zeta)


def multigammaln(a: Any, d: Any) -> Any:
    """d (d - 1)/4 log π + Σ log Γ(a - (j - 1)/2), j from 1 to d."""
    if not any_traced(a, d):
        return scipy_special.multigammaln(a, d)
    if any_traced(d):
        raise _refused("multigammaln", "the dimension d: an integer does not vary continuously")
    scipy_special.multigammaln(max(0.5 * d, 1.0), d)  # SciPy's own check of d
    if np.any(plain(a) <= 0.5 * (d - 1)):
        raise ValueError(f"condition a ({plain(a)}) > 0.5 * (d-1) ({0.5 * (d - 1)}) not met")
    parts = np.stack([scipy_special.gammaln(a - (j - 1.0) / 2) for j in range(1, int(d) + 1)])
    return d * (d - 1) * 0.25 * np.log(np.pi) + np.sum(parts, axis=0)


def _extended(extend: str) -> dict[str, str]:
    return {} if extend == "zero" else {"extend": extend}  # which SciPy has since 1.15


def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """Γ(n + 1), and 0 for negative n where extend="zero"."""
    if not any_traced(n):
        return scipy_special.factorial(n, exact, **_extended(extend))
    if exact:
        raise _refused("factorial", "n with exact=True: an integer does not vary continuously")
    if extend == "complex":
        return scipy_special.gamma(n + 1.0)
    if is_complex(n):
        raise ValueError('factorial of complex numbers needs extend="complex".')
    n = as_array(n)
    y = scipy_special.gamma(n + 1.0)
    return np.where(np.less(n, 0), np.float64(0) if n.ndim else 0.0, y)[()]


def factorial2(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """n!!, which is continuous where extend="complex"."""
    if not any_traced(n):
        return scipy_special.factorial2(n, exact, **_extended(extend))
    return _continued("factorial2", n, 2, exact, extend)


def factorialk(n: Any, k: Any, exact: Any = False, extend: str = "zero") -> Any:
    """The factorial of every k-th factor, which is continuous where extend="complex"."""
    if not any_traced(n, k):
        return scipy_special.factorialk(n, k, exact, **_extended(extend))
    return _continued("factorialk", n, k, exact, extend)


def _continued(name: str, n: Any, k: Any, exact: bool, extend: str) -> Any:
    """k**((n - 1)/k) Γ(n/k + 1) / Γ(1/k + 1)"""
    if exact or extend != "complex":
        raise _refused(name, 'a whole number, unless extend="complex"')
    scale = scipy_special.rgamma(1 / k + 1)
    if type(k) in (int, float) and np.ndim(n):
        scale = float(scale)  # as a number of Python's it leaves float32 as it is
    return k ** ((n - 1) / k) * scipy_special.gamma(n / k + 1) * scale


def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """The number of combinations, Γ(N + 1) / (Γ(k + 1) Γ(N - k + 1)), and 0 outside 0 ≤ k ≤ N."""
    if not any_traced(N, k):
        return scipy_special.comb(N, k, exact=exact, repetition=repetition)
    if exact:
        raise _refused("comb", "N and k with exact=True: an integer does not vary continuously")
    N, k = as_array(N), as_array(k)
    if repetition:
        none = np.equal(k, 0) & np.greater_equal(N, 0)
        return np.where(none, 1.0, scipy_special.binom(N + 1.0 * k - 1, k))[()]
    return np.where(_within(N, k), scipy_special.binom(N, k), 0.0)[()]


def perm(N: Any, k: Any, exact: bool = False) -> Any:
    """The number of arrangements, Γ(N + 1) / Γ(N - k + 1), and 0 outside 0 ≤ k ≤ N."""
    if not any_traced(N, k):
        return scipy_special.perm(N, k, exact)
    if exact:
        raise _refused("perm", "N and k with exact=True: an integer does not vary continuously")
    N, k = as_array(N), as_array(k)
    return np.where(_within(N, k), scipy_special.poch(N - 1.0 * k + 1, k), 0.0)[()]


def _within(N: Any, k: Any) -> Any:
    return np.less_equal(k, N) & np.greater_equal(N, 0) & np.greater_equal(k, 0)


def diric(x: Any, n: Any) -> Any:
    """sin(n x/2) / (n sin(x/2)), the Dirichlet kernel."""
    return rows_here.diric(x, n)


# ---- Bessel functions


def _spherical(name: str) -> Callable[..., Any]:
    value, slope = getattr(rows_here, name), getattr(rows_here, f"slope_of_{name}")

    @wraps(getattr(scipy_special, name))
    def function(n: Any, z: Any, derivative: bool = False) -> Any:
        return (slope if derivative else value)(as_degrees(n), z)

    return function


spherical_jn = _spherical("spherical_jn")
spherical_yn = _spherical("spherical_yn")
spherical_in = _spherical("spherical_in")
spherical_kn = _spherical("spherical_kn")


def _by_argument(name: str) -> Callable[..., Any]:
    """Derivatives of Bessel functions: SciPy's own sums of Bessel functions, of a plain order."""
    function = getattr(scipy_special, name)

    @wraps(function)
    def checked(v: Any, z: Any, n: int = 1) -> Any:
        if any_traced(v):
            raise _refused(name, "the order v: its derivative has no closed form")
        return function(v, z, n)

    return checked


jvp, yvp, kvp, ivp, h1vp, h2vp = map(_by_argument, ("jvp", "yvp", "kvp", "ivp", "h1vp", "h2vp"))


def _sequence(name: str, first: str) -> Callable[..., Any]:
    function, row = getattr(scipy_special, name), getattr(rows_here, name)

    names = signature(function)

    @wraps(function)
    def checked(*args: Any, **settings: Any) -> Any:
        order, x = names.bind(*args, **settings).args
        if any_traced(order):
            raise _refused(name, f"the order {first}: it counts the functions that are asked for")
        if not any_traced(x):
            return function(order, x)
        if order < 0:
            raise _refused(name, f"the argument for a negative order: {first} = {order}")
        return row(x, orders=order)

    return checked


lqn, riccati_jn, riccati_yn, pbdn_seq = (
    _sequence(name, "n") for name in ("lqn", "riccati_jn", "riccati_yn", "pbdn_seq")
)
pbdv_seq, pbvv_seq, lmbda = (_sequence(name, "v") for name in ("pbdv_seq", "pbvv_seq", "lmbda"))


def lqmn(m: Any, n: Any, z: Any) -> Any:
    """Q_n^m(z) of all orders and degrees up to m and n, and the slopes."""
    if any_traced(m, n):
        raise _refused("lqmn", "the order m and the degree n: integers do not vary continuously")
    return rows_here.lqmn(z, orders=(int(m), int(n))) if any_traced(z) else scipy_special.lqmn(m, n, z)


# ---- everything else

# Functions whose text in SciPy hands traced arrays on to ufuncs.
CARRIED = {"sinc", "softplus", "zeta", "lambertw", "assoc_laguerre"}
_COUNT = "whole numbers: they do not vary continuously"
_PARAMETERS = "its parameters: nodes, weights and coefficients are found numerically"
# Why the others have none, by a word in the name.
REASONS = {
    "btdtri": "its arguments: write betaincinv", "btdtr": "its arguments: write betainc",
    "_zeros": _COUNT, "bernoulli": _COUNT, "euler": _COUNT, "stirling2": _COUNT,
    "ellip_": "its arguments: Lamé's functions and constants are found numerically",
    "mathieu_": "the parameter q: its derivative has no closed form",
    "_cv_seq": "the parameter c: its derivative has no closed form",
    "roots": _PARAMETERS, "jacobi": _PARAMETERS, "legendre": _PARAMETERS, "cheby": _PARAMETERS, "gegenbauer": _PARAMETERS,
    "laguerre": _PARAMETERS, "hermite": _PARAMETERS,
    "lpmn": "its arguments: write assoc_legendre_p_all", "lpn": "its arguments: write legendre_p_all",
}  # fmt: skip


def reason(name: str) -> str:
    """Why there is no derivative of the function of that name."""
    return next((why for word, why in REASONS.items() if word in name), "its arguments")


def __getattr__(name: str) -> Any:
    """SciPy's own: a ufunc as it is; a function that loses traced arrays, with an error that says so."""
    value = getattr(scipy_special, name) if not name.startswith("_") else None
    if value is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if isinstance(value, (np.ufunc, type)) or name in CARRIED or not callable(value):
        return value

    @wraps(value)
    def refusing(*args: Any, **settings: Any) -> Any:
        if any_traced(*args, *settings.values()):
            raise _refused(name, reason(name))
        return value(*args, **settings)

    return refusing


def __dir__() -> list[str]:
    return sorted({*globals(), *scipy_special.__all__})
