"""What it costs that a plain array captured by a tape may be mutated by its owner before the backward pass.

The derivative of sum(x * c) by x is c: a tape must keep c, and c is the caller's to change.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import BY_HAND, PRIMAL, Run, Workload


def problem(size: int) -> Any:
    generator = np.random.default_rng(6)
    return generator.random(size), generator.random(size)


def primal(problem: Any) -> Run:
    x, c = problem
    return lambda: np.sum(x * c)


def by_hand(problem: Any) -> Run:
    x, c = problem
    return lambda: (np.sum(x * c), c.copy())


def bibun(problem: Any) -> Run:
    import bibun as bb

    x, c = problem
    value_and_gradient = bb.value_and_grad(lambda x: np.sum(x * c))
    return lambda: value_and_gradient(x)


def torch(problem: Any) -> Run:
    import torch

    array, c = problem[0], torch.from_numpy(problem[1])

    def run() -> Any:
        x = torch.from_numpy(array).requires_grad_()
        y = torch.sum(x * c)
        y.backward()
        return y.detach().numpy(), x.grad.numpy()

    return run


def autograd(problem: Any) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, c = problem
    value_and_gradient = value_and_grad(lambda x: anp.sum(x * c))
    return lambda: value_and_gradient(x)


def mygrad(problem: Any) -> Run:
    import mygrad as mg

    array, c = problem

    def run() -> Any:
        x = mg.tensor(array, copy=False)
        y = mg.sum(x * c)
        y.backward()
        return y.data, x.grad

    return run


def _workload(size: int) -> Workload:
    return Workload(
        key=f"captured-{size:.0e}".replace("+0", ""),
        title=f"sum(x * c), c captured, n = {size:,}",
        problem=problem,
        size=size,
        contenders={
            PRIMAL: primal,
            BY_HAND: by_hand,
            "bibun": bibun,
            "torch": torch,
            "autograd": autograd,
            "mygrad": mygrad,
        },
    )


WORKLOADS = tuple(_workload(size) for size in (1_000, 100_000, 10_000_000))
