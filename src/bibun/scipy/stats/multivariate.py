"""Distributions of vectors, matrices and counts of many kinds: their densities, by the point and by the parameters."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np
from scipy import special, stats  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.errors import NoDerivativeError, located
from bibun.primitives.repeated import holds
from bibun.scipy._calls import refused
from bibun.scipy._levels import is_traced, without
from bibun.scipy.stats.distribution import Frozen, doubles, reason
from bibun.scipy.stats.formulas import log1p_over, log_scale_of_t


class Family:
    """The methods with derivatives are the class's; the rest, and plain arrays, are SciPy's."""

    plain: Any

    @property
    def name(self) -> str:
        """SciPy's: that of its class, which has no other."""
        return type(self.plain).__name__.removesuffix("_gen")

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """The distribution of these parameters."""
        return Frozen(self, args, settings)

    def __getattr__(self, name: str) -> Any:
        """What has no derivative is SciPy's, of plain numbers."""
        found = getattr(self.plain, name)
        return refused(found, reason(name)) if callable(found) and not name.startswith("_") else found


def _squared(difference: Any, covariance: Any) -> tuple[Any, Any]:
    """(dᵀ C⁻¹ d, log det C) of vectors d along the last axis, by Cholesky's factor."""
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(factor, np.reshape(difference, (-1, difference.shape[-1])).T)
    squares = np.reshape(np.sum(whitened**2, axis=0), difference.shape[:-1])
    return squares, 2 * np.sum(np.log(np.diagonal(factor)))


def _log_determinant(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def _log_multigamma(a: Any, p: int) -> Any:
    """log Γ_p(a) = p (p - 1) / 4 log π + Σ log Γ(a - j / 2)"""
    return p * (p - 1) / 4 * log(pi) + np.sum(special.gammaln(a - np.arange(p) / 2))


def _multidigamma(a: Any, p: int) -> Any:
    """Its derivative: Σ ψ(a - j / 2)"""
    return np.sum(special.psi(a - np.arange(p) / 2))


def _subspace(covariance: Any) -> Any:
    """(eigenvalues, axes of the subspace, axes beside it, cutoff) of a singular covariance, by SciPy's cutoff; None of others."""
    w, v = np.linalg.eigh(covariance)
    cutoff = 1e6 * np.finfo(w.dtype).eps * np.max(np.abs(w))
    kept = w > cutoff
    return None if np.all(kept) else (w[kept], v[:, kept], v[:, ~kept], cutoff)


def _on_subspace(difference: Any, w: Any, along: Any, beside: Any, cutoff: Any) -> Any:
    """log of the density of the normal distribution on a subspace; -inf beside it."""
    squares = np.sum((difference @ along) ** 2 / w, axis=-1)
    y = -(squares + len(w) * log(2 * pi) + np.sum(np.log(w))) / 2
    return np.where(np.linalg.norm(difference @ beside, axis=-1) < 1e3 * cutoff, y, -np.inf)


class _Normal(Family):
    """Of vectors, with mean and cov (a number, variances, or a matrix; a singular one with allow_singular)."""

    plain = stats.multivariate_normal

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """-(x - mean)ᵀ cov⁻¹ (x - mean) / 2 - log det(2π cov) / 2"""
        if not is_traced(x, mean, cov):
            return self.plain.logpdf(x, mean, cov, allow_singular)
        x, mean, cov, size = _shaped(x, mean, cov)
        if allow_singular and (parts := _subspace(without(cov, 0))) is not None:
            if is_traced(cov):
                raise NoDerivativeError(
                    f"{located()}multivariate_normal: cov is singular, so the density is on a subspace, which cov decides; it "
                    "has no derivative by what leaves it. Add a small multiple of the identity to cov."
                )
            return np.squeeze(_on_subspace(x - mean, *parts))
        squares, determinant = _squared(x - mean, cov)
        return np.squeeze(-(squares + size * log(2 * pi) + determinant) / 2)  # as SciPy does, here and below

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """exp(logpdf)"""
        return np.exp(self.logpdf(x, mean, cov, allow_singular))

    def entropy(self, mean: Any = None, cov: Any = 1) -> Any:
        """log det(2π e cov) / 2"""
        if not is_traced(mean, cov):
            return self.plain.entropy(mean, cov)
        _, _, cov, size = _shaped(0.0 if mean is None else mean, mean, cov)
        return (size * (log(2 * pi) + 1) + _log_determinant(cov)) / 2

    def cdf(self, x: Any, mean: Any = None, cov: Any = 1, *more: Any, **settings: Any) -> Any:
        """SciPy's, of plain arrays: it is computed by random numbers, to three digits or so."""
        if is_traced(x, mean, cov):
            raise NoDerivativeError(
                f"{located()}multivariate_normal.cdf has no derivative here: SciPy estimates it by quasi-random numbers. In one "
                "dimension use norm.cdf."
            )
        return self.plain.cdf(x, mean, cov, *more, **settings)


def _shaped(x: Any, mean: Any, cov: Any) -> tuple[Any, Any, Any, int]:
    """Vectors along the last axis, the mean, the matrix, and the dimension, from what SciPy takes for them."""
    cov, mean = doubles(cov), None if mean is None else doubles(mean)
    size = cov.shape[-1] if cov.ndim else mean.shape[0] if mean is not None and mean.ndim else 1
    x = doubles(x)
    if size == 1 and (not x.ndim or x.shape[-1] != 1 or x.ndim == 1):
        x = x[..., None]
    cov = cov * np.eye(size) if not cov.ndim else cov * np.eye(size) if cov.ndim == 1 else cov
    return x, np.zeros(size) if mean is None else mean, cov, size


class _StudentT(Family):
    """Of vectors, with loc, shape (a matrix of full rank) and df."""

    plain = stats.multivariate_t

    def logpdf(self, x: Any, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
        """-(df + p) / 2 log(1 + dᵀ shape⁻¹ d / df) + log Γ((df + p) / 2) - log Γ(df / 2) - log det(df π shape) / 2

        In terms of w = 1 / df, in which it is smooth at 0, where it is normal. The quotient of two Γ is p of those of t, each
        with one degree of freedom more.
        """
        if not is_traced(x, loc, shape, df):
            return self.plain.logpdf(x, loc, shape, df)
        x, loc, shape, p = _shaped(x, loc, shape)
        squares, determinant = _squared(x - loc, shape)
        w, steps = 1 / df, np.arange(p)
        scale = np.sum(log_scale_of_t(w / (1 + steps * w)) + np.log1p(steps * w) / 2)
        return np.squeeze(scale - determinant / 2 - (1 + p * w) / 2 * squares * log1p_over(squares * w))

    def pdf(self, x: Any, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
        """exp(logpdf)"""
        return np.exp(self.logpdf(x, loc, shape, df))

    def entropy(self, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
        """log Γ(df / 2) - log Γ(h) + h (ψ(h) - ψ(df / 2)) + log det(df π shape) / 2, h = (df + p) / 2"""
        if not is_traced(loc, shape, df):
            return self.plain.entropy(loc, shape, df)
        _, _, shape, p = _shaped(0.0 if loc is None else loc, loc, shape)
        return self._standard_entropy(p, df) + _log_determinant(shape) / 2

    def _standard_entropy(self, p: int, df: Any) -> Any:
        """Of the unit matrix; for many degrees of freedom, where the terms of the formula cancel, SciPy's series."""
        most = 400 * p / (log(p) + 1)
        many = as_array(df) >= most
        n, few = np.where(many, df, most), np.where(many, 1.0, df)
        series = p * (log(2 * pi) + 1) / 2 + p / n - p * (p - 2) / (4 * n**2) + p**2 * (p - 2) / (6 * n**3)
        series = (
            series + p * (-3 * p**3 + 8 * p**2 - 8) / (24 * n**4) + p**2 * (3 * p**3 - 10 * p**2 + 16) / (30 * n**5)
        )
        h, half = 0.5 * (few + p), 0.5 * few
        gammas = special.gammaln(half) - special.gammaln(h) + h * (special.psi(h) - special.psi(half))
        return np.where(many, series, gammas + p / 2 * np.log(few * pi))


class _Dirichlet(Family):
    """Of shares that add up to 1; x has them along the first axis, and may leave the last one out."""

    plain = stats.dirichlet

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """Σ (alpha - 1) log x - log B(alpha)"""
        if not is_traced(x, alpha):
            return self.plain.logpdf(x, alpha)
        x, alpha = as_array(x), as_array(alpha)
        if x.shape[0] == alpha.shape[0] - 1:
            x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
        weights = np.reshape(alpha - 1, (-1, *(1,) * (x.ndim - 1)))
        return np.squeeze(np.sum(special.xlogy(weights, x), axis=0) - self._log_beta(alpha))

    def _log_beta(self, alpha: Any) -> Any:
        return np.sum(special.gammaln(alpha)) - special.gammaln(np.sum(alpha))

    def pdf(self, x: Any, alpha: Any) -> Any:
        """exp(logpdf)"""
        return np.exp(self.logpdf(x, alpha))

    def mean(self, alpha: Any) -> Any:
        """alpha / Σ alpha"""
        alpha = as_array(alpha)
        return alpha / np.sum(alpha)

    def var(self, alpha: Any) -> Any:
        """alpha (total - alpha) / (total² (total + 1))"""
        alpha = as_array(alpha)
        total = np.sum(alpha)
        return alpha * (total - alpha) / (total**2 * (total + 1))

    def entropy(self, alpha: Any) -> Any:
        """log B(alpha) + (total - n) ψ(total) - Σ (alpha - 1) ψ(alpha)"""
        alpha = as_array(alpha)
        total = np.sum(alpha)
        spread = (total - len(alpha)) * special.psi(total) - np.sum((alpha - 1) * special.psi(alpha))
        return self._log_beta(alpha) + spread


class _Wishart(Family):
    """Of positive definite matrices, with df degrees of freedom and a matrix `scale`; x may be one, or stacked last."""

    plain = stats.wishart

    def logpdf(self, x: Any, df: Any, scale: Any) -> Any:
        """(df - p - 1) / 2 log det x - tr(scale⁻¹ x) / 2 - df p / 2 log 2 - df / 2 log det scale - log Γ_p(df / 2)"""
        if not is_traced(x, df, scale):
            return self.plain.logpdf(x, df, scale)
        x, scale = _matrices(x, scale)
        p = scale.shape[-1]
        trace = np.trace(np.linalg.solve(scale, x), axis1=-2, axis2=-1)
        constant = df * p / 2 * log(2) + 0.5 * df * _log_determinant(scale) + _log_multigamma(0.5 * df, p)
        return np.squeeze(0.5 * (df - p - 1) * _log_determinant(x) - trace / 2 - constant)

    def pdf(self, x: Any, df: Any, scale: Any) -> Any:
        """exp(logpdf)"""
        return np.exp(self.logpdf(x, df, scale))

    def entropy(self, df: Any, scale: Any) -> Any:
        """(p + 1) / 2 log det(2 scale) + log Γ_p(df / 2) - (df - p - 1) / 2 ψ_p(df / 2) + df p / 2"""
        if not is_traced(df, scale):
            return self.plain.entropy(df, scale)
        scale = _matrix(scale)
        p = scale.shape[-1]
        gammas = _log_multigamma(0.5 * df, p) - 0.5 * (df - p - 1) * _multidigamma(0.5 * df, p)
        return (p + 1) / 2 * (_log_determinant(scale) + p * log(2)) + gammas + 0.5 * df * p


class _InverseWishart(Family):
    """Of the inverses of Wishart's matrices."""

    plain = stats.invwishart

    def logpdf(self, x: Any, df: Any, scale: Any) -> Any:
        """df / 2 log det scale - (df + p + 1) / 2 log det x - tr(scale x⁻¹) / 2 - df p / 2 log 2 - log Γ_p(df / 2)"""
        if not is_traced(x, df, scale):
            return self.plain.logpdf(x, df, scale)
        x, scale = _matrices(x, scale)
        p = scale.shape[-1]
        trace = np.trace(np.linalg.solve(x, np.broadcast_to(scale, x.shape)), axis1=-2, axis2=-1)
        constant = df * p / 2 * log(2) - 0.5 * df * _log_determinant(scale) + _log_multigamma(0.5 * df, p)
        return np.squeeze(-0.5 * (df + p + 1) * _log_determinant(x) - trace / 2 - constant)

    def pdf(self, x: Any, df: Any, scale: Any) -> Any:
        """exp(logpdf)"""
        return np.exp(self.logpdf(x, df, scale))

    def entropy(self, df: Any, scale: Any) -> Any:
        """(p + 1) / 2 log(det(scale) / 2) + log Γ_p(df / 2) - (df + p + 1) / 2 ψ_p(df / 2) + df p / 2

        The 2 is SciPy's: 2**p would be right. The derivative is the same.
        """
        if not is_traced(df, scale):
            return self.plain.entropy(df, scale)
        scale = _matrix(scale)
        p = scale.shape[-1]
        gammas = _log_multigamma(0.5 * df, p) - 0.5 * (df + p + 1) * _multidigamma(0.5 * df, p)
        return (p + 1) / 2 * (_log_determinant(scale) - log(2)) + gammas + 0.5 * df * p


def _matrix(scale: Any) -> Any:
    """The matrix that SciPy makes of a number or of a diagonal."""
    scale = as_array(scale)
    return np.reshape(scale, (1, 1)) if not scale.ndim else np.diag(scale) if scale.ndim == 1 else scale


def _matrices(x: Any, scale: Any) -> tuple[Any, Any]:
    """Square matrices along the last two axes; SciPy stacks them along the last one."""
    x = as_array(x)
    x = np.moveaxis(x, -1, 0) if x.ndim == 3 else np.reshape(x, (1, 1)) if not x.ndim else x
    return x, _matrix(scale)


class _VonMisesFisher(Family):
    """Of unit vectors about a unit vector mu, with a concentration kappa; x has them along its last axis."""

    plain = stats.vonmises_fisher

    def logpdf(self, x: Any, mu: Any = None, kappa: Any = 1) -> Any:
        """kappa mu x + log of kappa**h / ((2 π)**(h + 1) I_h(kappa)), h = n / 2 - 1"""
        if not is_traced(x, mu, kappa):
            return self.plain.logpdf(x, mu, kappa)
        x, mu, kappa = as_array(x), as_array(mu), as_array(kappa)
        for name, vectors in (("x", x), ("mu", mu)):
            if holds(np.abs(np.linalg.norm(vectors, axis=-1) - 1) > 1e-5):
                raise ValueError(f"'{name}' must be of norm 1 along its last axis.")
        return self._log_factor(mu.shape[0], kappa) + kappa * (x @ mu)

    def _log_factor(self, n: int, kappa: Any) -> Any:
        if np.ndim(kappa) or holds(kappa <= 0):
            raise ValueError("'kappa' must be a positive scalar.")
        h = n / 2 - 1
        return h * np.log(kappa) - (h + 1) * log(2 * pi) - np.log(special.ive(h, kappa)) - kappa

    def pdf(self, x: Any, mu: Any = None, kappa: Any = 1) -> Any:
        """exp(logpdf)"""
        return np.exp(self.logpdf(x, mu, kappa))

    def entropy(self, mu: Any = None, kappa: Any = 1) -> Any:
        """-log of the factor, less kappa I_(h + 1)(kappa) / I_h(kappa)"""
        if not is_traced(mu, kappa):
            return self.plain.entropy(mu, kappa)
        n, kappa = as_array(mu).shape[0], as_array(kappa)
        return -self._log_factor(n, kappa) - kappa * special.ive(n / 2, kappa) / special.ive(n / 2 - 1, kappa)


class _Multinomial(Family):
    """Of counts along the last axis that add up to n, with probabilities p, of which the last is what the others leave."""

    plain = stats.multinomial

    def logpmf(self, x: Any, n: Any, p: Any) -> Any:
        """log n! - Σ log x! + Σ x log p"""
        if not is_traced(x, n, p):
            return self.plain.logpmf(x, n, p)
        x, n, p = without(as_array(x), 0), without(as_array(n), 0), as_array(p)  # counts are whole
        p = np.concatenate([p[..., :-1], 1 - np.sum(p[..., :-1], axis=-1, keepdims=True)], axis=-1)
        possible = np.all((x >= 0) & (x == np.floor(x)), axis=-1) & (np.sum(x, axis=-1) == n)
        x = np.maximum(x, 0)
        ways = special.gammaln(n + 1.0) - np.sum(special.gammaln(x + 1.0), axis=-1)
        return np.where(possible, ways + np.sum(special.xlogy(x, p), axis=-1), -np.inf)

    def pmf(self, x: Any, n: Any, p: Any) -> Any:
        """exp(logpmf)"""
        return np.exp(self.logpmf(x, n, p))


multivariate_normal, multivariate_t, dirichlet = _Normal(), _StudentT(), _Dirichlet()
wishart, invwishart, multinomial, vonmises_fisher = _Wishart(), _InverseWishart(), _Multinomial(), _VonMisesFisher()
