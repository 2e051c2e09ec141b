"""Rows of few numbers or few operations: the seed chain, 1,000 operations, Rosenbrock and its second derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import chains, rosenbrock
from benchmarks.compiled.rows import LIMIT_WARM, Row, by_limit
from benchmarks.harness import Builder, Call, Run

# square(exp(square(x)))


def seed(x: Any) -> Any:
    return np.square(np.exp(np.square(x)))


def seed_by_hand(x: Any) -> Run:
    def run() -> Any:
        inner = np.exp(x * x)
        y = inner * inner
        return y, 4.0 * x * y

    return run


def seed_jax(jax: Any, x: Any) -> Any:
    jnp = jax.numpy
    return jax.value_and_grad(lambda x: jnp.square(jnp.exp(jnp.square(x)))), (x,)


# 500 times (times 1.01, sin): chains.chain


def chain_jax(jax: Any, x: Any) -> Any:
    def function(x: Any) -> Any:
        y = jax.lax.fori_loop(0, chains.STEPS, lambda _, y: jax.numpy.sin(y * 1.01), x)
        return jax.numpy.sum(y) if x.ndim else y

    return jax.value_and_grad(function), (x,)


# Rosenbrock: rosenbrock.rosenbrock


def rosenbrock_jax(jax: Any, x: Any) -> Any:
    return jax.value_and_grad(rosenbrock.with_numpy_of(jax.numpy)), (x,)


def hessian_jax(jax: Any, x: Any) -> Any:
    return jax.hessian(rosenbrock.with_numpy_of(jax.numpy)), (x,)


def hvp_bibun(bb: Any, problem: Any) -> Any:
    return lambda x, v: bb.hvp(rosenbrock.rosenbrock, (x,), (v,)), problem


def hvp_jax(jax: Any, problem: Any) -> Any:
    gradient = jax.grad(rosenbrock.with_numpy_of(jax.numpy))
    return lambda x, v: jax.jvp(gradient, (x,), (v,))[1], problem


def warm(build: Builder) -> Builder:
    """The same in a process where bibun has run, and has let the C library keep freed pages."""

    def build_warm(problem: Any) -> Run:
        import bibun as bb

        bb.grad(rosenbrock.rosenbrock)(np.zeros(1_000_000))
        return build(problem)

    return build_warm


_rosenbrock_limit = by_limit("rosenbrock", lambda x: (x,))


def _rosenbrock(size: int, required: float) -> Row:
    return Row(
        key=f"rosenbrock-{size}",
        title=f"Rosenbrock, n = {size:,}",
        problem=rosenbrock.problem,
        size=size,
        bibun=lambda bb, x: (bb.value_and_grad(rosenbrock.rosenbrock), (x,)),
        jax=rosenbrock_jax,
        primal=lambda x: Call(rosenbrock.rosenbrock, (x,)),
        limit=_rosenbrock_limit,
        by_hand=rosenbrock.by_hand,
        required=required,
        gradient_alone=True,
        others={LIMIT_WARM: warm(_rosenbrock_limit)} if size == 1_000_000 else {},
    )


SEED = Row(
    key="seed",
    title="square(exp(square(x))), scalar",
    problem=chains.seed_problem,
    size=1,
    bibun=lambda bb, x: (bb.value_and_grad(seed), (x,)),
    jax=seed_jax,
    primal=lambda x: Call(seed, (x,)),
    limit=by_limit("seed", lambda x: (x,)),
    by_hand=seed_by_hand,
    required=2.0,
)


def _chain(key: str, title: str, size: int, limit: str, required: float) -> Row:
    return Row(
        key=key,
        title=title,
        problem=chains.chain_problem,
        size=size,
        bibun=lambda bb, x: (bb.value_and_grad(chains.chain), (x,)),
        jax=chain_jax,
        primal=lambda x: Call(chains.chain, (x,)),
        limit=by_limit(limit, lambda x: (x,)),
        by_hand=chains.chain_by_hand,
        required=required,
    )


CHAINS = (
    _chain("chain-scalar", "500 x (times 1.01, sin), scalar", 0, "chain_scalar", 1.3),
    _chain("chain-10", "500 x (times 1.01, sin), 10 elements", 10, "chain_vector", 2.0),
)
ROSENBROCK = (
    _rosenbrock(2, 2.0),
    _rosenbrock(100, 2.0),
    _rosenbrock(10_000, 1.3),
    _rosenbrock(1_000_000, 1.0),
)
SECOND_ORDER = (
    Row(
        key="hessian",
        title="Hessian of Rosenbrock, n = 100",
        problem=rosenbrock.problem,
        size=100,
        bibun=lambda bb, x: (bb.hessian(rosenbrock.rosenbrock), (x,)),
        jax=hessian_jax,
        primal=lambda x: Call(rosenbrock.rosenbrock, (x,)),
        limit=by_limit("rosenbrock_hessian", lambda x: (x,)),
        by_hand=rosenbrock.hessian_by_hand,
        required=3.0,
        primal_is_value=False,
    ),
    Row(
        key="hvp",
        title="Hessian-vector product, n = 10,000",
        problem=rosenbrock.problem_with_direction,
        size=10_000,
        bibun=hvp_bibun,
        jax=hvp_jax,
        primal=lambda problem: Call(rosenbrock.rosenbrock, problem[:1]),
        limit=by_limit("rosenbrock_hvp", lambda problem: problem),
        by_hand=rosenbrock.hvp_by_hand,
        required=1.5,
        primal_is_value=False,
    ),
)
