"""A row of the compiler: one plain function, and how it is put to bibun, to jax and to a limit.

Knows no function (the other modules of this folder hold them) and times nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.harness import BY_HAND, GRADIENT, PRIMAL, VALUE, Builder, Call, Requirement, Run, Workload

LIMIT = "limit"  # written by hand in C, or NumPy where BLAS does the work
LIMIT_WARM = "limit, warm"  # in a process where bibun has run, and has let the C library keep freed pages
COMPILED = "bibun compile"  # one thread
TWO_THREADS = "bibun compile, 2 threads"
EAGER = "bibun"
JAX = "jax jit"

_CACHE_LINE = 64

# (the package bibun, the problem) -> the derivative, not compiled, and the arguments that it is called with
Differentiate = Callable[[Any, Any], tuple[Callable[..., Any], tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured of one function.

    `jax` is given the package jax, and what it returns is compiled. `required`: times the limit, at most.
    `gradient_alone`: the limit leaves the value out. `eager` is False where it takes seconds. `others` are further
    contenders.
    """

    key: str
    title: str
    problem: Callable[[int], Any]
    size: int
    bibun: Differentiate
    jax: Differentiate
    primal: Builder | None = None
    limit: Builder | None = None
    by_hand: Builder | None = None
    required: float | None = None
    gradient_alone: bool = False
    eager: bool = True
    tolerance: float = 1e-9
    others: Mapping[str, Builder] = field(default_factory=dict)
    primal_is_value: bool = True


def against_limit(row: Row) -> Workload:
    """The row `compile-limit-...` or, where nothing is required, `compile-more-...`."""
    parts = {PRIMAL: VALUE if row.primal_is_value else None}
    if row.gradient_alone:
        parts |= {LIMIT: GRADIENT, LIMIT_WARM: GRADIENT}
    contenders = {
        LIMIT: row.limit,
        COMPILED: lambda problem: compiled(row, problem, threads=1),
        EAGER: (lambda problem: Call(*row.bibun(_bibun(), problem))) if row.eager else None,
        PRIMAL: row.primal,
        BY_HAND: row.by_hand,
        JAX: lambda problem: jitted(row, problem),
        **row.others,
    }
    return Workload(
        key=f"compile-{'more' if row.required is None else 'limit'}-{row.key}",
        title=row.title,
        problem=lambda size: placed(row.problem(size)),
        size=row.size,
        contenders={name: builder for name, builder in contenders.items() if builder is not None},
        requirements=(Requirement(COMPILED, LIMIT, row.required),) if row.required is not None else (),
        reference=BY_HAND if row.by_hand is not None else JAX,
        denominator=JAX if row.required is None else LIMIT,
        tolerance=row.tolerance,
        parts=parts,
    )


def compiled(row: Row, problem: Any, threads: int) -> Run:
    derivative, arguments = row.bibun(_bibun(), problem)
    return Call(_bibun().compile(derivative, threads=threads), arguments)


def jitted(row: Row, problem: Any) -> Run:
    """jax's own containers take microseconds to go through: the compiled function gives a flat list."""
    import jax

    derivative, arguments = row.jax(jax, problem)
    function = jax.jit(lambda *arguments: jax.tree.leaves(derivative(*arguments)))
    return lambda: [np.asarray(leaf) for leaf in function(*arguments)]


def by_limit(name: str, arguments: Callable[[Any], tuple[Any, ...]]) -> Builder:
    """The builder of the limit `name` of limits/, called with `arguments(problem)`."""

    def build(problem: Any) -> Run:
        from benchmarks.limits.build import load

        return Call(getattr(load(), name), arguments(problem))

    return build


def placed(problem: Any) -> Any:
    """The same arrays, each from the start of a cache line.

    Where an array starts decides up to a third of a small row's time, and is luck: it differs from process to process.
    """
    if isinstance(problem, dict):
        return {name: placed(item) for name, item in problem.items()}
    if isinstance(problem, (tuple, list)):
        return tuple(placed(item) for item in problem)
    if not isinstance(problem, np.ndarray):
        return problem
    memory = np.empty(problem.nbytes + _CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % _CACHE_LINE
    array = memory[start : start + problem.nbytes].view(problem.dtype).reshape(problem.shape)
    array[...] = problem
    return array


def _bibun() -> Any:
    import bibun

    return bibun
