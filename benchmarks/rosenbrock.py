"""Rosenbrock's function: gradient of 1,000,000 elements, Hessian of 100, Hessian-vector product of 10,000."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import BY_HAND, HAND_WARM, PRIMAL, Requirement, Run, Workload


def problem(size: int) -> Any:
    return np.random.default_rng(1).uniform(-1.5, 1.5, size)


def problem_with_direction(size: int) -> Any:
    generator = np.random.default_rng(2)
    return generator.uniform(-1.5, 1.5, size), generator.standard_normal(size)


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def with_numpy_of(module: Any) -> Any:
    """The same text for a library with a NumPy of its own."""
    return lambda x: module.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


# Value and gradient


def primal(x: Any) -> Run:
    return lambda: rosenbrock(x)


def by_hand(x: Any) -> Run:
    def run() -> Any:
        head = x[:-1]
        valley = x[1:] - head * head
        slope = 1.0 - head
        value = 100.0 * np.dot(valley, valley) + np.dot(slope, slope)
        gradient = np.empty_like(x)
        gradient[-1] = 0.0
        valley *= 200.0
        np.multiply(valley, head, out=gradient[:-1])
        gradient[:-1] += slope
        gradient[:-1] *= -2.0
        gradient[1:] += valley
        return value, gradient

    return run


def by_hand_warm(x: Any) -> Run:
    import bibun as bb

    bb.grad(rosenbrock)(x)
    return by_hand(x)


def bibun(x: Any) -> Run:
    import bibun as bb

    value_and_gradient = bb.value_and_grad(rosenbrock)
    return lambda: value_and_gradient(x)


def torch(data: Any) -> Run:
    import torch

    function = with_numpy_of(torch)

    def run() -> Any:
        x = torch.from_numpy(data).requires_grad_()
        y = function(x)
        y.backward()
        return y.detach().numpy(), x.grad.numpy()

    return run


def autograd(x: Any) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    value_and_gradient = value_and_grad(with_numpy_of(anp))
    return lambda: value_and_gradient(x)


def mygrad(data: Any) -> Run:
    import mygrad as mg

    function = with_numpy_of(mg)

    def run() -> Any:
        x = mg.tensor(data, copy=False)
        y = function(x)
        y.backward()
        return y.data, x.grad

    return run


def jax(x: Any) -> Run:
    import jax
    import jax.numpy as jnp

    # compiled ahead, so that no memory of the compiler is counted
    value_and_gradient = jax.jit(jax.value_and_grad(with_numpy_of(jnp))).lower(x).compile()

    def run() -> Any:
        value, gradient = value_and_gradient(x)
        return np.asarray(value), np.asarray(gradient)

    return run


# Hessian


def hessian_by_hand(x: Any) -> Run:
    def run() -> Any:
        head = x[:-1]
        result = np.zeros((x.size, x.size))
        row = np.arange(x.size - 1)
        result[row, row] = 1200.0 * head * head - 400.0 * x[1:] + 2.0
        result[row + 1, row + 1] += 200.0
        result[row, row + 1] = result[row + 1, row] = -400.0 * head
        return result

    return run


def hessian_bibun(x: Any) -> Run:
    import bibun as bb

    hessian = bb.hessian(rosenbrock)
    return lambda: hessian(x)


def hessian_torch(data: Any) -> Run:
    import torch

    # twice reverse: twice as fast here as forward over reverse
    hessian = torch.func.jacrev(torch.func.grad(with_numpy_of(torch)))
    return lambda: hessian(torch.from_numpy(data)).numpy()


def hessian_autograd(x: Any) -> Run:
    import autograd.numpy as anp
    from autograd import hessian

    function = hessian(with_numpy_of(anp))
    return lambda: function(x)


def hessian_jax(x: Any) -> Run:
    import jax
    import jax.numpy as jnp

    hessian = jax.jit(jax.hessian(with_numpy_of(jnp)))
    return lambda: np.asarray(hessian(x))


# Hessian-vector product


def hvp_by_hand(problem: Any) -> Run:
    x, v = problem

    def run() -> Any:
        head = x[:-1]
        result = np.zeros_like(x)
        result[:-1] = (1200.0 * head * head - 400.0 * x[1:] + 2.0) * v[:-1] - 400.0 * head * v[1:]
        result[1:] += 200.0 * v[1:] - 400.0 * head * v[:-1]
        return result

    return run


def hvp_bibun(problem: Any) -> Run:
    import bibun as bb

    x, v = problem
    return lambda: bb.hvp(rosenbrock, (x,), (v,))


def hvp_torch(problem: Any) -> Run:
    import torch

    array, v = problem[0], torch.from_numpy(problem[1])
    function = with_numpy_of(torch)

    def run() -> Any:  # twice backward: six times as fast as forward over reverse of torch.func
        x = torch.from_numpy(array).requires_grad_()
        (gradient,) = torch.autograd.grad(function(x), x, create_graph=True)
        (product,) = torch.autograd.grad(gradient, x, v)
        return product.numpy()

    return run


def hvp_autograd(problem: Any) -> Run:
    import autograd.numpy as anp
    from autograd import hessian_vector_product

    x, v = problem
    product = hessian_vector_product(with_numpy_of(anp))
    return lambda: product(x, v)


def hvp_jax(problem: Any) -> Run:
    import jax
    import jax.numpy as jnp

    gradient = jax.grad(with_numpy_of(jnp))
    product = jax.jit(lambda x, v: jax.jvp(gradient, (x,), (v,))[1])
    return lambda: np.asarray(product(*problem))


WORKLOADS = (
    Workload(
        key="rosenbrock",
        title="Rosenbrock, n = 1,000,000",
        problem=problem,
        size=1_000_000,
        small=1_000,
        contenders={
            PRIMAL: primal,
            BY_HAND: by_hand,
            HAND_WARM: by_hand_warm,
            "bibun": bibun,
            "torch": torch,
            "autograd": autograd,
            "mygrad": mygrad,
            "jax jit": jax,
        },
        requirements=(Requirement("bibun", BY_HAND, 3.0), Requirement("bibun", HAND_WARM, 3.0)),
    ),
    Workload(
        key="rosenbrock-hessian",
        title="Hessian of Rosenbrock, n = 100",
        problem=problem,
        size=100,
        contenders={
            BY_HAND: hessian_by_hand,
            "bibun": hessian_bibun,
            "torch": hessian_torch,
            "autograd": hessian_autograd,
            "jax jit": hessian_jax,
        },
    ),
    Workload(
        key="rosenbrock-hvp",
        title="Hessian-vector product, n = 10,000",
        problem=problem_with_direction,
        size=10_000,
        contenders={
            BY_HAND: hvp_by_hand,
            "bibun": hvp_bibun,
            "torch": hvp_torch,
            "autograd": hvp_autograd,
            "jax jit": hvp_jax,
        },
    ),
)
