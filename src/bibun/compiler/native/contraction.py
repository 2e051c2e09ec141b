"""Contractions by BLAS: the letters of the operands become batches, rows, columns and sums of a matrix product.

Letters that lie in memory like one axis are taken together; those that do not become loops around the routine. What no
routine can take (no axis with stride 1) goes through np.einsum.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.steps import Call
from bibun.compiler.native.code import Value
from bibun.compiler.native.context import blas

Letters = tuple[int, ...]


class Group(NamedTuple):
    """Letters taken as one axis: its length, and its stride in a, b and the result (0 where they do not have it)."""

    length: int
    strides: tuple[int, int, int]


class Plan(NamedTuple):
    """C[m, n] (+)= sum over k of A[m, k] B[k, n], for each turn of the loops; `sums`: loops that add up."""

    m: Group
    n: Group
    k: Group
    loops: list[Group]
    sums: list[Group]


def plan(step: Call) -> Plan | None:
    """The matrix product for a contraction; None if BLAS cannot take it."""
    a_letters, b_letters, out = step.expression.params
    a, b = step.operands
    (c,) = step.outputs.values()
    where = [dict(zip(names, x.steps, strict=True)) for names, x in ((a_letters, a), (b_letters, b), (out, c))]
    length = dict(zip((*a_letters, *b_letters), (*a.shape, *b.shape), strict=True))

    def group(letters: Sequence[int]) -> Group:
        last = letters[-1] if letters else None
        steps = tuple(w.get(last, 0) if last is not None else 0 for w in where)
        return Group(prod(length[x] for x in letters), steps)  # type: ignore[arg-type]

    def together(letters: Sequence[int]) -> tuple[list[int], list[int]]:
        """The letters at the end that lie like one axis, and those before."""
        taken = list(letters[-1:])
        for x in reversed(letters[:-1]):
            if any(x in w and w[x] != w[taken[0]] * length[taken[0]] for w in where):
                break
            taken.insert(0, x)
        return taken, list(letters[: len(letters) - len(taken)])

    batch = [x for x in out if x in a_letters and x in b_letters]
    m, more_m = together([x for x in out if x in a_letters and x not in b_letters])
    n, more_n = together([x for x in out if x in b_letters and x not in a_letters])
    k, more_k = together([x for x in a_letters if x in b_letters and x not in out])
    found = Plan(
        group(m), group(n), group(k), [group([x]) for x in (*batch, *more_m, *more_n)], [group([x]) for x in more_k]
    )
    return found if _suits(found) else None


def _suits(p: Plan) -> bool:
    """Whether each matrix has an axis of stride 1 (an axis of length 1 has any)."""

    def unit(first: Group, second: Group, of: int) -> bool:
        one, other = first.strides[of], second.strides[of]
        return (one == 1 or first.length == 1 or other == 1 or second.length == 1) and min(one, other) >= 0

    turns = prod(g.length for g in (*p.loops, *p.sums))
    return unit(p.m, p.k, 0) and unit(p.k, p.n, 1) and unit(p.m, p.n, 2) and turns <= 4096


def contract(writer: Any, step: Call) -> None:
    """Write a contraction into the program."""
    name = ("d" if step.expression.kind == "f64" else "s") + "gemm"
    found = plan(step) if name in blas() else None
    if found is None:
        writer.through_numpy(step, einsum(step), (False, False))
        return
    routine = writer.function.entry(writer.context.routine(name))
    (out,) = step.outputs.values()
    turns = [range(g.length) for g in found.loops]
    sums = [range(g.length) for g in found.sums]
    for turn in product(*turns):
        for number, extra in enumerate(product(*sums)):
            groups = [*zip(turn, found.loops, strict=True), *zip(extra, found.sums, strict=True)]
            offsets = [sum(i * g.strides[of] for i, g in groups) for of in range(3)]
            _gemm(writer, routine, found, (*step.operands, out), offsets, adds=number > 0)


def _gemm(
    writer: Any, routine: Value, p: Plan, buffers: Sequence[Buffer], offsets: Sequence[int], *, adds: bool
) -> None:
    """One call. BLAS reads columns first, so for a result in rows it computes C^T = B^T A^T."""
    a, b, c = (writer.function.pointer(x, (o, ()))[0] for x, o in zip(buffers, offsets, strict=True))
    m, n, k = p.m, p.n, p.k
    rows = n.strides[2] == 1 or n.length == 1
    if not rows:  # the result lies in columns: C = A B as it is
        left = _operand(a, m, k, 0)
        right = _operand(b, k, n, 1)
        sizes, ldc = (m.length, n.length), n.strides[2]
    else:
        left = _operand(b, n, k, 1)
        right = _operand(a, k, m, 0)
        sizes, ldc = (n.length, m.length), m.strides[2]
    kind = buffers[2].kind
    ldc = max(ldc, sizes[0], 1)
    function = writer.function
    code = function.at(function.depth)
    arguments = [
        writer.letter(left[1]), writer.letter(right[1]), *(writer.integer(v) for v in (*sizes, k.length)),
        writer.number(1.0, kind), left[0].typed, writer.integer(left[2]), right[0].typed, writer.integer(right[2]),
        writer.number(1.0 if adds else 0.0, kind), c.typed, writer.integer(ldc),
    ]  # fmt: skip
    code.line(f"call void {routine.text}({', '.join(arguments)})")


def _operand(pointer: Value, rows: Group, columns: Group, of: int) -> tuple[Value, str, int]:
    """A matrix as BLAS reads it: where, N or T, and the stride between its columns."""
    down, across = rows.strides[of], columns.strides[of]
    if down == 1 or (rows.length == 1 and across != 1):
        return pointer, "N", max(across, rows.length, 1)
    return pointer, "T", max(down, columns.length, 1)


def einsum(step: Call) -> Any:
    """The contraction by NumPy: a function of the operands."""
    a_letters, b_letters, out = step.expression.params
    terms = ["".join(chr(97 + c) for c in names) for names in (a_letters, b_letters, out)]
    word = f"{terms[0]},{terms[1]}->{terms[2]}"

    def contracted(a: Any, b: Any) -> Any:
        return np.einsum(word, a, b, optimize=True)

    return contracted
