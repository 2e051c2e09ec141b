"""What a compiled function's program consists of, for tests. Owns no function and no expected value."""

from __future__ import annotations

from typing import Any

from bibun.compiler.fusing.expressions import Routine
from bibun.compiler.fusing.steps import Call


def _calls(compiled: Any) -> list[Call]:
    program = getattr(compiled, "careful", compiled)._latest()
    return [step for step in program.native.written.schedule.steps if isinstance(step, Call)]


def through_numpy(compiled: Any) -> list[str]:
    """The rows that run through NumPy."""
    return [step.expression.params[0].name for step in _calls(compiled) if step.expression.op == "call"]


def routines(compiled: Any) -> list[str]:
    """The routines that run, in order."""
    found = [step.expression.params for step in _calls(compiled)]
    return [params.name for params in found if isinstance(params, Routine)]
