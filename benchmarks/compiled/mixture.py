"""ADBench's Gaussian mixture: log-likelihood of points, with a Wishart prior, by weights, means and covariances.

The inverse covariance of a component is L^T L, L lower triangular; its "factor" holds the logarithms of L's diagonal
and then the columns below it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.compiled.rows import Row, by_limit
from benchmarks.harness import Call, Run

GAMMA, WISHART = 1.0, 0  # the prior's scale, and its degrees of freedom above d + 1


def make_problem(d: int, k: int) -> Callable[[int], Any]:
    def problem(points: int) -> Any:
        """(log weights, means, factors, points)."""
        generator = np.random.default_rng(7)
        factors = 0.3 * generator.standard_normal((k, d * (d + 1) // 2))
        return (
            generator.standard_normal(k),
            generator.standard_normal((k, d)),
            factors,
            2.0 * generator.standard_normal((points, d)),
        )

    return problem


def places(d: int) -> Any:
    """Where in a factor each entry of L below the diagonal is; elsewhere 0, to be masked."""
    columns, rows = np.triu_indices(d, 1)
    result = np.zeros((d, d), dtype=np.intp)
    result[rows, columns] = d + np.arange(len(rows))
    return result


def prior_constant(d: int, k: int) -> float:
    """The part of the Wishart prior that depends on no parameter."""
    from scipy.special import multigammaln

    freedom = d + WISHART + 1
    return k * float(freedom * d * np.log(GAMMA / np.sqrt(2.0)) - multigammaln(0.5 * freedom, d))


def make_likelihood(numpy: Any, x: Any) -> Callable[..., Any]:
    n, d = x.shape
    place, below, on = places(d), np.tril(np.ones((d, d)), -1), np.eye(d)

    def log_sum_exp(terms: Any) -> Any:
        largest = numpy.max(terms, axis=0)
        return numpy.log(numpy.sum(numpy.exp(terms - largest), axis=0)) + largest

    def likelihood(log_weights: Any, means: Any, factors: Any) -> Any:
        diagonals = numpy.exp(factors[:, :d])
        lower = factors[:, place] * below + diagonals[:, :, None] * on
        log_determinants = numpy.sum(factors[:, :d], axis=1)
        whitened = lower @ (x.T - means[:, :, None])
        terms = (log_weights + log_determinants)[:, None] - 0.5 * numpy.sum(whitened**2, axis=1)
        squares = numpy.sum(diagonals**2) + numpy.sum(factors[:, d:] ** 2)
        prior = 0.5 * GAMMA**2 * squares - WISHART * numpy.sum(log_determinants)
        constant = -0.5 * n * d * np.log(2.0 * np.pi) - prior_constant(d, len(log_weights))
        return constant + numpy.sum(log_sum_exp(terms)) - n * log_sum_exp(log_weights) + prior

    return likelihood


def by_hand(problem: Any) -> Run:
    log_weights, means, factors, x = problem
    n, d = x.shape
    place, below = places(d), np.tril(np.ones((d, d)), -1)
    diagonal, rows, columns = np.arange(d), *np.nonzero(below)
    constant = -0.5 * n * d * np.log(2.0 * np.pi) - prior_constant(d, len(log_weights))

    def run() -> Any:
        diagonals = np.exp(factors[:, :d])
        lower = factors[:, place] * below
        lower[:, diagonal, diagonal] = diagonals
        determinants = np.sum(factors[:, :d], axis=1)
        differences = x.T - means[:, :, None]
        whitened = lower @ differences
        terms = np.einsum("kin,kin->kn", whitened, whitened)
        terms *= -0.5
        terms += (log_weights + determinants)[:, None]
        weights = log_weights.copy()
        value = constant + np.sum(_softmax(terms)) - n * _softmax(weights) - WISHART * np.sum(determinants)
        value += 0.5 * GAMMA**2 * (np.sum(diagonals**2) + np.sum(factors[:, d:] ** 2))
        counts = np.sum(terms, axis=1)
        whitened *= terms[:, None, :]
        moments = whitened @ differences.transpose(0, 2, 1)
        by_factors = GAMMA**2 * factors
        by_factors[:, :d] = GAMMA**2 * diagonals**2 - WISHART + counts[:, None]
        by_factors[:, :d] -= moments[:, diagonal, diagonal] * diagonals
        by_factors[:, place[rows, columns]] -= moments[:, rows, columns]
        by_means = (np.sum(whitened, axis=2)[:, None, :] @ lower)[:, 0]
        return value, counts - n * weights, by_means, by_factors

    return run


def _softmax(terms: Any) -> Any:
    """In place, along the first axis; the logarithms of the sums of exponentials are returned."""
    largest = np.max(terms, axis=0)
    terms -= largest
    np.exp(terms, out=terms)
    totals = np.sum(terms, axis=0)
    terms /= totals
    return np.log(totals) + largest


def _bibun(bb: Any, problem: Any) -> Any:
    return bb.value_and_grad(make_likelihood(np, problem[3]), argnums=(0, 1, 2)), problem[:3]


def _jax(jax: Any, problem: Any) -> Any:
    def likelihood(log_weights: Any, means: Any, factors: Any, x: Any) -> Any:
        return make_likelihood(jax.numpy, x)(log_weights, means, factors)

    return jax.value_and_grad(likelihood, argnums=(0, 1, 2)), (*problem[:3], jax.numpy.asarray(problem[3]))


def mixture(d: int, k: int, n: int, required: float | None = None) -> Row:
    return Row(
        key="mixture" if required else f"mixture-{d}-{k}-{n}",
        title=f"ADBench GMM, d = {d}, k = {k}, n = {n:,}",
        problem=make_problem(d, k),
        size=n,
        bibun=_bibun,
        jax=_jax,
        primal=lambda problem: Call(make_likelihood(np, problem[3]), problem[:3]),
        limit=by_limit("mixture", lambda problem: (*problem, GAMMA, WISHART)),
        by_hand=by_hand,
        required=required,
    )


MIXTURE = mixture(10, 25, 1_000, required=2.0)
OTHER_MIXTURES = (mixture(2, 5, 10_000), mixture(20, 10, 1_000))
