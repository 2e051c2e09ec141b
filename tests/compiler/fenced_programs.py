"""Runs random programs in fenced memory: python -m tests.compiler.fenced_programs LAW COUNT SEED. Dies of what is wrong."""

from __future__ import annotations

import sys
import warnings

import numpy as np
from hypothesis import HealthCheck, given, seed, settings

import bibun as bb
from bibun import tree
from tests.compiler.agreement import same
from tests.compiler.fenced import run_fenced
from tests.compiler.programs import Arguments, Program
from tests.compiler.test_programs import PHASES, drawn_for


def run(program: Program, arguments: Arguments) -> None:
    """The program and its gradient, with all memory at the end of fenced pages, and at their beginning."""
    args = arguments.drawn(0)
    for f in (program, bb.value_and_grad(program.total, argnums=(0, 1, 2))):
        compiled = bb.compile(f)
        compiled(*args)
        leaves = tree.flatten(args)[0]
        for paths in compiled.careful.paths.values():
            for version in paths.versions:
                assert version.native is not None
                want = version.native.run(leaves)
                for at_end in (True, False):
                    got = run_fenced(version.native, leaves, at_end=at_end)
                    assert got is not None
                    same(got, want)


def main(law: str, count: int, number: int) -> None:
    """So many programs."""

    @seed(number)
    @settings(max_examples=count, phases=PHASES, database=None, deadline=None, suppress_health_check=[*HealthCheck])
    @given(drawn_for(law))
    def test(drawn: tuple[Program, Arguments]) -> None:
        with np.errstate(all="ignore"):
            run(*drawn)

    test()


if __name__ == "__main__":
    warnings.simplefilter("error")
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
