"""Loops that fill an array: a row at a time, each row from the one before. They cost n rows, and not n arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import BY_HAND, PRIMAL, Requirement, Run, Workload

COLUMNS = 100
FACTOR = 0.9


def problem(size: int) -> Any:
    return np.linspace(0.5, 1.5, COLUMNS), size


def _filled(x: Any, rows: int) -> Any:
    y = np.zeros((rows, COLUMNS), like=x)
    y[0] = x
    for i in range(1, rows):
        y[i] = np.sin(y[i - 1]) * FACTOR
    return np.sum(y)


def primal(problem: Any) -> Run:
    x, rows = problem
    return lambda: _filled(x, rows)


def by_hand(problem: Any) -> Run:
    x, rows = problem

    def run() -> Any:
        y = np.zeros((rows, COLUMNS))
        y[0] = x
        for i in range(1, rows):
            y[i] = np.sin(y[i - 1]) * FACTOR
        g = np.ones_like(y)
        for i in range(rows - 1, 0, -1):
            g[i - 1] += g[i] * FACTOR * np.cos(y[i - 1])
        return np.sum(y), g[0]

    return run


def bibun(problem: Any) -> Run:
    import bibun as bb

    x, rows = problem
    value_and_gradient = bb.value_and_grad(lambda x: _filled(x, rows))
    return lambda: value_and_gradient(x)


def rows_in_a_list(problem: Any) -> Run:
    """What is written where arrays cannot be assigned to: the rows in a list, stacked at the end."""
    import bibun as bb

    x, rows = problem

    def stacked(x: Any) -> Any:
        y = [x]
        for _ in range(1, rows):
            y.append(np.sin(y[-1]) * FACTOR)
        return np.sum(np.stack(y))

    value_and_gradient = bb.value_and_grad(stacked)
    return lambda: value_and_gradient(x)


def compiled(problem: Any) -> Run:
    import bibun as bb

    x, rows = problem
    value_and_gradient = bb.compile(bb.value_and_grad(lambda x: _filled(x, rows)))
    return lambda: value_and_gradient(x)


def torch(problem: Any) -> Run:
    import torch

    array, rows = problem

    def run() -> Any:
        x = torch.from_numpy(array).requires_grad_()
        y = torch.zeros((rows, COLUMNS), dtype=torch.float64)
        y[0] = x
        for i in range(1, rows):
            y[i] = torch.sin(y[i - 1].clone()) * FACTOR  # torch refuses the way back without the copy
        total = torch.sum(y)
        total.backward()
        return total.detach().numpy(), x.grad.numpy()

    return run


def _workload(rows: int) -> Workload:
    return Workload(
        key=f"fill-{rows}",
        title=f"{rows:,} rows of {COLUMNS} assigned one by one, each from the one before",
        problem=problem,
        size=rows,
        small=2,
        contenders={
            PRIMAL: primal,
            BY_HAND: by_hand,
            "bibun": bibun,
            "bibun, rows in a list": rows_in_a_list,
            "bibun compiled": compiled,
            "torch": torch,
        },
        requirements=[Requirement("bibun", "torch", 1.0)],
    )


WORKLOADS = tuple(_workload(rows) for rows in (300, 3_000))
