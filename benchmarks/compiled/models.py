"""Rows of the models of models.py and network.py: Black-Scholes, logistic regression and its Hessian, the network."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import models, network
from benchmarks.compiled.rows import LIMIT_WARM, Row, by_limit
from benchmarks.compiled.small import warm
from benchmarks.harness import Call, Run

# Black-Scholes


def greeks_bibun(bb: Any, problem: Any) -> Any:
    from scipy.special import erf

    return bb.value_and_grad(models.make_portfolio(np, erf), argnums=models.GREEKS), problem


def greeks_jax(jax: Any, problem: Any) -> Any:
    from jax.scipy.special import erf

    return jax.value_and_grad(models.make_portfolio(jax.numpy, erf), argnums=models.GREEKS), problem


_greeks_limit = by_limit("black_scholes", lambda problem: problem)
BLACK_SCHOLES = Row(
    key="black-scholes",
    title="Black-Scholes and 4 Greeks, 1,000,000",
    problem=models.options,
    size=1_000_000,
    bibun=greeks_bibun,
    jax=greeks_jax,
    primal=models.greeks_primal,
    limit=_greeks_limit,
    by_hand=models.greeks_by_hand,
    required=1.15,
    others={LIMIT_WARM: warm(_greeks_limit)},
)
FEW_OPTIONS = Row(
    key="black-scholes-1000",
    title="Black-Scholes and 4 Greeks, 1,000",
    problem=models.options,
    size=1_000,
    bibun=greeks_bibun,
    jax=greeks_jax,
    primal=models.greeks_primal,
)

# Logistic regression


def _logistic_jax(jax: Any, problem: Any, transform: Any) -> Any:
    def loss(w: Any, design: Any, labels: Any) -> Any:
        return models.make_logistic(jax.numpy, design, labels)(w)

    return transform(loss), (problem[0], *map(jax.numpy.asarray, problem[1:]))


def hessian_by_hand(problem: Any) -> Run:
    """(S X)^T (S X) of one matrix: NumPy computes half of it (syrk). models.hessian_by_hand computes all."""
    w, design, labels = problem

    def run() -> Any:
        probability = 1.0 / (1.0 + np.exp(labels * (design @ w)))
        scale = np.sqrt(probability * (1.0 - probability) / len(labels))
        scaled = design * scale[:, None]
        result = scaled.T @ scaled
        result[np.diag_indices_from(result)] += models.RIDGE
        return result

    return run


LOGISTIC = Row(
    key="logistic",
    title="logistic regression, 10,000 x 100",
    problem=models.observations,
    size=10_000,
    bibun=lambda bb, problem: (bb.value_and_grad(models.make_logistic(np, *problem[1:])), problem[:1]),
    jax=lambda jax, problem: _logistic_jax(jax, problem, jax.value_and_grad),
    primal=models.logistic_primal,
    limit=by_limit("logistic", lambda problem: (*problem[1:], problem[0], models.RIDGE)),
    by_hand=models.logistic_by_hand,
    required=1.1,
    gradient_alone=True,
)
LOGISTIC_HESSIAN = Row(
    key="logistic-hessian",
    title="logistic regression's Hessian, 100 x 100",
    problem=models.observations,
    size=10_000,
    bibun=lambda bb, problem: (bb.hessian(models.make_logistic(np, *problem[1:])), problem[:1]),
    jax=lambda jax, problem: _logistic_jax(jax, problem, jax.hessian),
    primal=models.logistic_primal,
    limit=hessian_by_hand,
    by_hand=models.hessian_by_hand,
    required=1.2,
    primal_is_value=False,
)

# The network


def network_float32(batch: int) -> Any:
    parameters, images, labels = network.problem(batch)
    return {name: array.astype(np.float32) for name, array in parameters.items()}, images.astype(np.float32), labels


def network_bibun(bb: Any, problem: Any) -> Any:
    return bb.value_and_grad(network.make_loss(np, *problem[1:])), problem[:1]


def network_jax(jax: Any, problem: Any) -> Any:
    def loss(parameters: Any, images: Any, labels: Any) -> Any:
        return network.make_loss(jax.numpy, images, labels)(parameters)

    return jax.value_and_grad(loss), (problem[0], *map(jax.numpy.asarray, problem[1:]))


def _network(key: str, title: str, problem: Any, tolerance: float) -> Row:
    return Row(
        key=key,
        title=title,
        problem=problem,
        size=100,
        bibun=network_bibun,
        jax=network_jax,
        primal=lambda problem: Call(network.make_loss(np, *problem[1:]), problem[:1]),
        limit=network.by_hand,
        by_hand=network.by_hand,
        required=1.1,
        tolerance=tolerance,
    )


NETWORKS = (
    _network("network-float32", "784-100-10 network, batch 100, float32", network_float32, 1e-4),
    _network("network-float64", "784-100-10 network, batch 100, float64", network.problem, 1e-9),
)
