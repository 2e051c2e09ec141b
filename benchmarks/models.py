"""Two models on real sizes: Black-Scholes prices with four Greeks, logistic regression with its Hessian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import BY_HAND, PRIMAL, Run, Workload

RIDGE = 1e-3  # the logistic regression's penalty is RIDGE / 2 * |w|**2


# Black-Scholes: value of a portfolio of calls, and its derivative by price, expiry, rate and volatility


def options(size: int) -> Any:
    """(price, strike, expiry in years, rate, volatility), an option each."""
    generator = np.random.default_rng(4)
    bounds = ((80, 120), (80, 120), (0.2, 2.0), (0.01, 0.05), (0.1, 0.5))
    return tuple(generator.uniform(low, high, size) for low, high in bounds)


def make_portfolio(numpy: Any, erf: Any) -> Callable[..., Any]:
    def normal(d: Any) -> Any:
        return 0.5 * (1.0 + erf(d / 1.4142135623730951))

    def portfolio(price: Any, strike: Any, expiry: Any, rate: Any, volatility: Any) -> Any:
        spread = volatility * numpy.sqrt(expiry)
        d1 = (numpy.log(price / strike) + (rate + 0.5 * volatility**2) * expiry) / spread
        d2 = d1 - spread
        return numpy.sum(price * normal(d1) - strike * numpy.exp(-rate * expiry) * normal(d2))

    return portfolio


GREEKS = (0, 2, 3, 4)


def greeks_primal(problem: Any) -> Run:
    from scipy.special import erf

    portfolio = make_portfolio(np, erf)
    return lambda: portfolio(*problem)


def greeks_by_hand(problem: Any) -> Run:
    from scipy.special import erf

    price, strike, expiry, rate, volatility = problem

    def run() -> Any:
        root = np.sqrt(expiry)
        spread = volatility * root
        d1 = (np.log(price / strike) + (rate + 0.5 * volatility**2) * expiry) / spread
        normal1 = 0.5 * (1.0 + erf(d1 / 1.4142135623730951))
        normal2 = 0.5 * (1.0 + erf((d1 - spread) / 1.4142135623730951))
        discounted = strike * np.exp(-rate * expiry) * normal2
        density = price * (0.3989422804014327 * np.exp(-0.5 * d1 * d1))
        by_expiry = density * volatility * 0.5 / root + rate * discounted
        value = np.dot(price, normal1) - np.sum(discounted)
        return value, (normal1, by_expiry, discounted * expiry, density * root)

    return run


def greeks_bibun(problem: Any) -> Run:
    from scipy.special import erf as plain_erf

    import bibun as bb

    @bb.custom_vjp
    def erf(x: Any) -> Any:
        return plain_erf(x)

    def backward(x: Any, cotangent: Any) -> tuple[Any]:
        return (cotangent * (1.1283791670955126 * np.exp(-x * x)),)

    erf.defvjp(lambda x: (plain_erf(x), x), backward)
    value_and_gradient = bb.value_and_grad(make_portfolio(np, erf), argnums=GREEKS)
    return lambda: value_and_gradient(*problem)


def greeks_torch(problem: Any) -> Run:
    import torch

    portfolio = make_portfolio(torch, torch.erf)

    def run() -> Any:
        arguments = [torch.from_numpy(array) for array in problem]
        for position in GREEKS:
            arguments[position].requires_grad_()
        value = portfolio(*arguments)
        value.backward()
        return value.detach().numpy(), tuple(arguments[position].grad.numpy() for position in GREEKS)

    return run


def greeks_autograd(problem: Any) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import erf

    value_and_gradient = value_and_grad(make_portfolio(anp, erf), argnum=GREEKS)
    return lambda: value_and_gradient(*problem)


def greeks_jax(problem: Any) -> Run:
    import jax
    import jax.numpy as jnp

    value_and_gradient = jax.jit(jax.value_and_grad(make_portfolio(jnp, jax.scipy.special.erf), argnums=GREEKS))

    def run() -> Any:
        value, gradients = value_and_gradient(*problem)
        return np.asarray(value), tuple(map(np.asarray, gradients))

    return run


# Logistic regression


def observations(size: int) -> Any:
    """(weights, design matrix of `size` rows and 100 columns, labels -1 or 1)."""
    generator = np.random.default_rng(5)
    design = generator.standard_normal((size, 100))
    weights = generator.standard_normal(100) * 0.1
    return weights, design, np.where(generator.random(size) < 0.5, -1.0, 1.0)


def make_logistic(numpy: Any, design: Any, labels: Any) -> Callable[[Any], Any]:
    def loss(w: Any) -> Any:
        return numpy.mean(numpy.log1p(numpy.exp(-labels * (design @ w)))) + 0.5 * RIDGE * numpy.sum(w * w)

    return loss


def logistic_primal(problem: Any) -> Run:
    w, design, labels = problem
    loss = make_logistic(np, design, labels)
    return lambda: loss(w)


def logistic_by_hand(problem: Any) -> Run:
    w, design, labels = problem

    def run() -> Any:
        odds = np.exp(-labels * (design @ w))
        value = np.mean(np.log1p(odds)) + 0.5 * RIDGE * np.dot(w, w)
        odds /= 1.0 + odds
        odds *= labels
        return value, RIDGE * w - (odds @ design) / len(labels)

    return run


def logistic_bibun(problem: Any) -> Run:
    import bibun as bb

    w, design, labels = problem
    value_and_gradient = bb.value_and_grad(make_logistic(np, design, labels))
    return lambda: value_and_gradient(w)


def logistic_torch(problem: Any) -> Run:
    import torch

    array, design, labels = problem[0], *map(torch.from_numpy, problem[1:])
    loss = make_logistic(torch, design, labels)

    def run() -> Any:
        w = torch.from_numpy(array).requires_grad_()
        value = loss(w)
        value.backward()
        return value.detach().numpy(), w.grad.numpy()

    return run


def logistic_autograd(problem: Any) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    w, design, labels = problem
    value_and_gradient = value_and_grad(make_logistic(anp, design, labels))
    return lambda: value_and_gradient(w)


def logistic_mygrad(problem: Any) -> Run:
    import mygrad as mg

    array, design, labels = problem
    loss = make_logistic(mg, design, labels)

    def run() -> Any:
        w = mg.tensor(array)
        value = loss(w)
        value.backward()
        return value.data, w.grad

    return run


def logistic_jax(problem: Any) -> Run:
    import jax
    import jax.numpy as jnp

    w, design, labels = problem[0], *map(jnp.asarray, problem[1:])
    value_and_gradient = jax.jit(jax.value_and_grad(lambda w, design, labels: make_logistic(jnp, design, labels)(w)))
    return lambda: tuple(map(np.asarray, value_and_gradient(w, design, labels)))


def hessian_by_hand(problem: Any) -> Run:
    w, design, labels = problem

    def run() -> Any:
        probability = 1.0 / (1.0 + np.exp(labels * (design @ w)))
        curvature = probability * (1.0 - probability) / len(labels)
        result = (design * curvature[:, None]).T @ design
        result[np.diag_indices_from(result)] += RIDGE
        return result

    return run


def hessian_bibun(problem: Any) -> Run:
    import bibun as bb

    w, design, labels = problem
    hessian = bb.hessian(make_logistic(np, design, labels))
    return lambda: hessian(w)


def hessian_torch(problem: Any) -> Run:
    import torch

    w, design, labels = map(torch.from_numpy, problem)
    # twice reverse: five times as fast here as forward over reverse
    hessian = torch.func.jacrev(torch.func.grad(make_logistic(torch, design, labels)))
    return lambda: hessian(w).numpy()


def hessian_autograd(problem: Any) -> Run:
    import autograd.numpy as anp
    from autograd import hessian

    w, design, labels = problem
    function = hessian(make_logistic(anp, design, labels))
    return lambda: function(w)


def hessian_jax(problem: Any) -> Run:
    import jax
    import jax.numpy as jnp

    w, design, labels = problem[0], *map(jnp.asarray, problem[1:])
    hessian = jax.jit(jax.hessian(lambda w, design, labels: make_logistic(jnp, design, labels)(w)))
    return lambda: np.asarray(hessian(w, design, labels))


WORKLOADS = (
    Workload(
        key="black-scholes",
        title="Black-Scholes and 4 Greeks, 1,000,000",
        problem=options,
        size=1_000_000,
        contenders={
            PRIMAL: greeks_primal,
            BY_HAND: greeks_by_hand,
            "bibun": greeks_bibun,
            "torch": greeks_torch,
            "autograd": greeks_autograd,
            "jax jit": greeks_jax,
        },
    ),
    Workload(
        key="logistic",
        title="logistic regression, 10,000 x 100",
        problem=observations,
        size=10_000,
        contenders={
            PRIMAL: logistic_primal,
            BY_HAND: logistic_by_hand,
            "bibun": logistic_bibun,
            "torch": logistic_torch,
            "autograd": logistic_autograd,
            "mygrad": logistic_mygrad,
            "jax jit": logistic_jax,
        },
    ),
    Workload(
        key="logistic-hessian",
        title="its Hessian, 100 x 100",
        problem=observations,
        size=10_000,
        contenders={
            BY_HAND: hessian_by_hand,
            "bibun": hessian_bibun,
            "torch": hessian_torch,
            "autograd": hessian_autograd,
            "jax jit": hessian_jax,
        },
    ),
)
