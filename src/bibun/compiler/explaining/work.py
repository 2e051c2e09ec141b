"""What the steps of a schedule compute, read and write: operations in words, flops, bytes.

An addition, a multiplication or a comparison is one flop; what takes longer counts as in native/arithmetic.py (an
exponential is 16).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.fusing.affine import composed
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.diagonals import counted, row_of
from bibun.compiler.fusing.expressions import BYTES, PACKED, Expression, Routine
from bibun.compiler.fusing.nests import Loop, Nest, terms_of
from bibun.compiler.fusing.schedule import Schedule
from bibun.compiler.fusing.stages import Stage
from bibun.compiler.fusing.steps import Call, LoopStep
from bibun.compiler.fusing.walking import extent_of
from bibun.compiler.native.arithmetic import cost
from bibun.compiler.native.context import blas
from bibun.compiler.native.contraction import gemm, planned, tiled
from bibun.primitives import TABLE

_JOINS = {"fadd": "sum", "fmul": "prod", "maximum": "max", "minimum": "min"}
_MOST = 7  # kinds of operations that are listed for one nest


class Work(NamedTuple):
    """Of one step. `depth`: loops around it; `turns`: how often it runs."""

    kind: str  # fused, BLAS, product of, LAPACK, NumPy, loop, one pass over
    what: str
    extents: str
    flops: int
    read: int
    written: int
    depth: int
    turns: int


def works(schedule: Schedule, depth: int = 0, turns: int = 1) -> Iterator[Work]:
    """In order; a loop before what it repeats."""
    for step in schedule.steps:
        if isinstance(step, Stage):
            nests = [member.nest for member in step.members]
            parts = f", in {step.chunks} parts" if step.chunks > 1 else ""
            yield _fused(schedule, nests, f"{step.extent} rows{parts}", depth, turns)
        elif isinstance(step, Nest):
            yield _fused(schedule, [step], _extents(step.loops), depth, turns)
        elif isinstance(step, LoopStep) and step.schedule is not None:
            yield Work("loop", f"{step.body.turns} turns of:", "", 0, 0, 0, depth, turns)
            yield from works(step.schedule, depth + 1, turns * step.body.turns)
        elif isinstance(step, Call):
            yield _called(step, depth, turns)


def total(found: Sequence[Work]) -> int:
    """The flops of a call."""
    return sum(work.flops * work.turns for work in found)


# ---- loop nests ---------------------------------------------------------------------------------


def _fused(schedule: Schedule, nests: Sequence[Nest], extents: str, depth: int, turns: int) -> Work:
    """Nests, one or a stage of them; what one of them makes and another one reads is not read from memory."""
    words: Counter[str] = Counter()
    flops = 0
    made = {id(root.buffer): root.buffer for nest in nests for root in nest.roots}
    read: dict[int, int] = {}
    for nest in nests:
        computed: dict[int, set[Any]] = {}  # by all roots together: what two of them need is computed once
        expressions: dict[int, Expression] = {}
        for root in nest.roots:
            if root.word is not None:
                words[_JOINS.get(root.word, root.word)] += 1
                flops += prod(root.extents)
        for walk in schedule.walks(nest):
            expressions |= walk.expressions
            for number, indices in walk.computed.items():
                computed.setdefault(number, set()).update(indices)
            for number, indices in walk.reads.items():
                buffer = schedule.buffers[number]
                if id(buffer) not in made:
                    read[number] = max(read.get(number, 0), _bytes_read(buffer, indices, nest.loops))
        words.update(_word(expressions[n]) for n in computed)
        flops += _computed(nest, computed, expressions, schedule)
    written = sum(buffer.bytes for buffer in made.values())
    return Work("fused", _listed(words), extents, flops, sum(read.values()), written, depth, turns)


def _computed(nest: Nest, computed: dict[int, set[Any]], expressions: dict[int, Expression], schedule: Schedule) -> int:
    """The flops of what is computed: of what differs along a row on diagonals only, once for each row."""
    row, mine = row_of(nest), {root.of.number for root in nest.roots}
    differs: dict[Any, bool] = {}  # of each expression and index

    def stored(x: Expression) -> bool:
        return x.number in schedule.buffers and x.number not in mine

    def along(x: Expression, index: Any) -> bool:
        if not any(v == row for _, terms in index for v, _ in terms):
            return False
        if x.op == "map" and x.params == "equal" and all(counted(y, index, stored) for y in x.operands):
            return False
        if x.op not in ("map", "cast", "view"):
            return True
        below = tuple([composed(p, index) for p in x.params]) if x.op == "view" else index
        return any(differs.get((y.number, below), y.op != "number") for y in x.operands)

    flops = 0
    for n in sorted(computed):  # operands have lower numbers
        x, places = expressions[n], set()
        for index in computed[n]:
            differs[n, index] = along(x, index)
            one = tuple((at, tuple(t for t in terms if t[0] != row)) for at, terms in index)
            places.add(index if differs[n, index] else one)
        flops += _places(places, nest.loops) * _flops(x)
    return flops


def _places(indices: Collection[Any], loops: Sequence[Loop]) -> int:
    """How many entries are visited: at each index one for all values of the variables in it."""
    total = 0
    for index in indices:
        used = {variable for _, terms in index for variable, _ in terms if variable >= 0}
        total += prod(extent_of(variable, loops) for variable in used)
    return total


def _bytes_read(buffer: Buffer, indices: Collection[Any], loops: Sequence[Loop]) -> int:
    """All of a buffer at most; where indices are computed (they are not known then), all of it."""
    if buffer.shape and () in indices:
        return buffer.bytes
    return min(buffer.bytes, _places(indices, loops) * buffer.bytes // max(buffer.entries, 1))


def _flops(x: Expression) -> int:
    if x.op == "map":
        return cost(x.params)
    return terms_of(x) - 1 if x.op == "reduce" else 0


def _word(x: Expression) -> str:
    if x.op == "map":
        return str(_NAMES.get(x.params, x.params))
    if x.op == "reduce":
        return str(_JOINS.get(x.params[0], x.params[0]))
    return {"gather": "take", "scatter": "put"}.get(x.op, "")


_NAMES = {row.native: row.name for row in reversed(TABLE.values()) if row.native}


def _listed(words: Counter[str]) -> str:
    """exp, 2 multiply, sum"""
    del words[""]
    if not words:
        return "copy"
    found = [f"{count} {word}" if count > 1 else word for word, count in words.most_common()]
    more = len(found) - _MOST
    return ", ".join(found[:_MOST]) + (f" and {more} other kinds" if more > 0 else "")


def _extents(loops: Sequence[Loop]) -> str:
    return " x ".join(str(loop.extent) for loop in loops)


# ---- calls --------------------------------------------------------------------------------------


def _called(step: Call, depth: int, turns: int) -> Work:
    x = step.expression
    read, written = sum(b.bytes for b in step.operands), sum(b.bytes for b in step.outputs.values())
    shapes = ", ".join(str(list(b.shape[:-1] if b.packed else b.shape)) for b in step.operands)
    if x.op == "contract":
        flops = 2 * prod(x.params.lengths.values())
        shapes = ", ".join(str(list(factor.lengths)) for factor in x.params[:2])
        read = sum(prod(factor.lengths) for factor in x.params[:2]) * BYTES[x.kind]
        return Work(*_product(step), shapes, flops, read, written, depth, turns)
    if x.op == "call":
        row = x.params[0]
        return Work("NumPy", f"{row.name}: {_why(step)}", shapes, 0, read, written, depth, turns)
    kind, what = ("NumPy", "copy: of a dtype that has no machine code") if x.op != "routine" else _routine(x.params)
    return Work(kind, what, shapes, 0, read, written, depth, turns)


def _routine(routine: Routine) -> tuple[str, str]:
    """What runs a routine, and what it is."""
    if routine.name == "running":
        return "one pass over", str(routine.settings[0])  # cumsum, cumprod, recurrence
    if routine.name == "unless":
        return "NumPy", "only where the steps above do not do"
    return "LAPACK", routine.name


def _product(step: Call) -> tuple[str, str]:
    """What runs a product of matrices, and how."""
    kind, found = step.expression.kind, planned(step)
    if found is None:
        return "NumPy", f"einsum: {_why_no_product()}"
    return ("product of", "in tiles") if tiled(found, kind) else ("BLAS", gemm(kind))


def _why_no_product() -> str:
    return (
        "its axes do not lie as BLAS needs them" if blas() else "BLAS is reached through SciPy, which is not installed"
    )


def _why(step: Call) -> str:
    """Why a row runs through NumPy."""
    strange = sorted({b.kind for b in (*step.operands, *step.outputs.values()) if not b.kind[:1].isalpha()})
    if strange:
        return f"{', '.join(str(np.dtype(kind)) for kind in strange)} has no machine code"
    packed = sorted({str(np.dtype(PACKED[b.kind])) for b in (*step.operands, *step.outputs.values()) if b.packed})
    return " ".join(["no machine code", *(f"for {name}" for name in packed)])
