"""Chains of small operations: nothing but the cost of recording an operation and playing it back."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import BY_HAND, PRIMAL, Requirement, Run, Workload

STEPS = 500  # of two operations each: times 1.01, then sin


def seed_problem(_: int) -> Any:
    return np.array(0.5)


def seed_by_hand(x: Any) -> Run:
    def run() -> Any:
        inner = np.exp(x * x)
        y = inner * inner
        return 4.0 * x * y

    return run


def seed_bibun_variable(data: Any) -> Run:
    import bibun as bb

    def run() -> Any:
        x = bb.Variable(data)
        y = bb.square(bb.exp(bb.square(x)))
        y.backward()
        return x.grad

    return run


def seed_bibun(x: Any) -> Run:
    import bibun as bb

    gradient = bb.grad(lambda x: np.square(np.exp(np.square(x))))
    return lambda: gradient(x)


def seed_torch(data: Any) -> Run:
    import torch

    def run() -> Any:
        x = torch.from_numpy(data).requires_grad_()
        y = torch.square(torch.exp(torch.square(x)))
        y.backward()
        return x.grad.numpy()

    return run


def seed_autograd(x: Any) -> Run:
    import autograd.numpy as anp
    from autograd import grad

    gradient = grad(lambda x: anp.square(anp.exp(anp.square(x))))
    return lambda: gradient(x)


def seed_mygrad(data: Any) -> Run:
    import mygrad as mg

    def run() -> Any:
        x = mg.tensor(data)
        y = mg.square(mg.exp(mg.square(x)))
        y.backward()
        return x.grad

    return run


def seed_jax(x: Any) -> Run:
    import jax
    import jax.numpy as jnp

    gradient = jax.jit(jax.grad(lambda x: jnp.square(jnp.exp(jnp.square(x)))))
    return lambda: np.asarray(gradient(x))


def chain_problem(size: int) -> Any:
    return np.array(0.5) if size == 0 else np.linspace(0.1, 1.0, size)


def chain(x: Any) -> Any:
    """Plain NumPy; on one number the sum at the end is left out."""
    y = x
    for _ in range(STEPS):
        y = np.sin(y * 1.01)
    return np.sum(y) if np.ndim(x) else y


def chain_primal(x: Any) -> Run:
    return lambda: chain(x)


def chain_by_hand(x: Any) -> Run:
    def run() -> Any:
        y, saved = x, []
        for _ in range(STEPS):
            scaled = y * 1.01
            saved.append(scaled)
            y = np.sin(scaled)
        gradient = np.ones_like(x)
        for scaled in reversed(saved):
            gradient = gradient * np.cos(scaled) * 1.01
        return np.sum(y) if x.ndim else y, gradient

    return run


def chain_bibun_variable(data: Any) -> Run:
    import bibun as bb

    def run() -> Any:
        x = bb.Variable(data)
        y = chain(x)
        y.backward()
        return y.data, x.grad

    return run


def chain_bibun(x: Any) -> Run:
    import bibun as bb

    value_and_gradient = bb.value_and_grad(chain)
    return lambda: value_and_gradient(x)


def chain_torch(data: Any) -> Run:
    import torch

    def run() -> Any:
        x = torch.from_numpy(data).requires_grad_()
        y = x
        for _ in range(STEPS):
            y = torch.sin(y * 1.01)
        if data.ndim:
            y = torch.sum(y)
        y.backward()
        return y.detach().numpy(), x.grad.numpy()

    return run


def chain_autograd(x: Any) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    def function(x: Any) -> Any:
        y = x
        for _ in range(STEPS):
            y = anp.sin(y * 1.01)
        return anp.sum(y) if anp.ndim(x) else y

    value_and_gradient = value_and_grad(function)
    return lambda: value_and_gradient(x)


def chain_mygrad(data: Any) -> Run:
    import mygrad as mg

    def run() -> Any:
        x = mg.tensor(data)
        y = x
        for _ in range(STEPS):
            y = mg.sin(y * 1.01)
        if data.ndim:
            y = mg.sum(y)
        y.backward()
        return y.data, x.grad

    return run


def chain_jax(x: Any) -> Run:
    import jax
    import jax.numpy as jnp

    def function(x: Any) -> Any:
        y = jax.lax.fori_loop(0, STEPS, lambda _, y: jnp.sin(y * 1.01), x)
        return jnp.sum(y) if x.ndim else y

    value_and_gradient = jax.jit(jax.value_and_grad(function))

    def run() -> Any:
        value, gradient = value_and_gradient(x)
        return np.asarray(value), np.asarray(gradient)

    return run


_CHAIN = {
    PRIMAL: chain_primal,
    BY_HAND: chain_by_hand,
    "bibun": chain_bibun,
    "bibun Variable": chain_bibun_variable,
    "torch": chain_torch,
    "autograd": chain_autograd,
    "mygrad": chain_mygrad,
    "jax jit": chain_jax,
}


def _required(torch: float, autograd: float) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(contender, peer, limit)
        for contender in ("bibun Variable", "bibun")
        for peer, limit in (("torch", torch), ("autograd", autograd))
    )


WORKLOADS = (
    Workload(
        key="seed",
        title="square(exp(square(x))), scalar",
        problem=seed_problem,
        size=1,
        contenders={
            BY_HAND: seed_by_hand,
            "bibun": seed_bibun,
            "bibun Variable": seed_bibun_variable,
            "torch": seed_torch,
            "autograd": seed_autograd,
            "mygrad": seed_mygrad,
            "jax jit": seed_jax,
        },
        requirements=(
            Requirement("bibun Variable", "torch", 0.25),
            Requirement("bibun Variable", "autograd", 0.3),
        ),
        operations=3,
    ),
    Workload(
        key="chain-scalar",
        title="500 x (times 1.01, sin), scalar",
        problem=chain_problem,
        size=0,
        contenders=_CHAIN,
        requirements=_required(torch=0.3, autograd=0.18),
        operations=2 * STEPS,
    ),
    Workload(
        key="chain-10",
        title="500 x (times 1.01, sin), 10 elements",
        problem=chain_problem,
        size=10,
        contenders=_CHAIN,
        requirements=_required(torch=0.4, autograd=0.25),
        operations=2 * STEPS,
    ),
)
