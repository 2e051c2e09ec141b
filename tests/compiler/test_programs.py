"""Random programs of 5 to 60 operations: compiled equals eager, in value and derivatives, on every path, in every thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import bibun as bb
from bibun import tree
from bibun.interpreters import stand_ins
from tests.compiler import words_of_loops  # noqa: F401  more words for the programs
from tests.compiler.agreement import same
from tests.compiler.programs import LARGE, Arguments, Program, programs

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
# Not Hypothesis' shrinking: it knows nothing of programs, and takes more than five minutes. `smallest` is for that.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
SEEDS = st.lists(st.integers(0, 2**31), min_size=2, max_size=3, unique=True)


def agrees(f: Callable[..., Any], calls: list[Any], error: float) -> None:
    """Compiled, called with each of these arguments, and with all of them again; no call ran plainly."""
    compiled = bb.compile(f)
    wanted = [f(*args) for args in calls]
    for args, want in [*zip(calls, wanted, strict=True)] * 2:
        same(compiled(*args), want, error=error)
    for paths in compiled.careful.paths.values():
        assert paths.plain is None
        assert all(version.native is not None for version in paths.versions)


def value(program: Program, arguments: Arguments, seeds: list[int]) -> None:
    agrees(program, [arguments.drawn(seed) for seed in seeds], 1e-11)


def single(program: Program, arguments: Arguments, seeds: list[int]) -> None:
    """In float32. Rounding decides at other places, so on one path only."""
    agrees(program, [arguments.drawn(seeds[0], np.float32)], 1e-3)


def gradient(program: Program, arguments: Arguments, seeds: list[int]) -> None:
    f = bb.value_and_grad(program.total, argnums=(0, 1, 2))
    agrees(f, [arguments.drawn(seed) for seed in seeds], 1e-9)


def forward(program: Program, arguments: Arguments, seeds: list[int]) -> None:
    calls = [(arguments.drawn(seed), arguments.drawn(seed + 1)) for seed in seeds]
    agrees(lambda x, t: bb.jvp(program, x, t), calls, 1e-9)


def second(program: Program, arguments: Arguments, seeds: list[int]) -> None:
    calls = [(arguments.drawn(seed), arguments.drawn(seed + 1)) for seed in seeds]
    agrees(lambda x, t: bb.hvp(program.total, x, t), calls, 1e-8)


def threads(program: Program, arguments: Arguments, seeds: list[int]) -> None:
    """The same compiled function from four threads at once, each with arguments of its own, from its first call on."""
    f = bb.value_and_grad(program.total, argnums=(0, 1, 2))
    calls = [arguments.drawn(seed + k) for seed in seeds for k in range(5)]  # fewer than 16 ways of deciding
    wanted = [f(*args) for args in calls]
    compiled = bb.compile(f)
    with ThreadPoolExecutor(4) as pool:
        for got, want in zip(pool.map(lambda args: compiled(*args), calls), wanted, strict=True):
            same(got, want, error=1e-9)


def large(program: Program, arguments: Arguments, seeds: list[int]) -> None:
    """Strips of rows, and arrays that are recorded without being computed; the same bits from one thread as from two."""
    f = bb.value_and_grad(program.total, argnums=(0, 1, 2))
    args = arguments.drawn(seeds[0])
    want = f(*args)
    one, two = (bb.compile(f, threads=threads)(*args) for threads in (1, 2))
    same(one, want, error=1e-8)
    for a, b in zip(tree.flatten(one)[0], tree.flatten(two)[0], strict=True):
        np.testing.assert_array_equal(a, b)


def waiting(program: Program, arguments: Arguments, seeds: list[int]) -> None:
    """Recorded as arrays of any size are when they are large: computed when a decision looks at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stand_ins, "LARGE", 1)
        gradient(program, arguments, seeds)


# The law, of how many operations at most, and how many programs: in every run, and in the sweep.
LAWS = {
    "value": (value, 60, 60, 180),
    "single": (single, 20, 30, 90),
    "gradient": (gradient, 50, 40, 120),
    "forward": (forward, 40, 30, 90),
    "second": (second, 30, 20, 60),
    "threads": (threads, 20, 10, 25),
    "large": (large, 12, 15, 45),
    "waiting": (waiting, 40, 20, 60),
}
DRAWN_FROM = {"large": {"shapes": LARGE, "largest": 100_000}}


def drawn_for(name: str) -> Any:
    """The programs that a law is about."""
    return programs(5, LAWS[name][1], **DRAWN_FROM.get(name, {}))


def holds(name: str, count: int) -> None:
    law = LAWS[name][0]

    @settings(max_examples=count, suppress_health_check=QUIET, phases=PHASES)
    @given(drawn_for(name), SEEDS)
    def test(drawn: tuple[Program, Arguments], seeds: list[int]) -> None:
        law(*drawn, seeds)

    test()


@pytest.mark.parametrize("name", LAWS)
def test_random_programs(name: str) -> None:
    holds(name, LAWS[name][2])


@pytest.mark.heavy
@pytest.mark.parametrize("name", LAWS)
def test_many_random_programs(name: str) -> None:
    holds(name, LAWS[name][3])
