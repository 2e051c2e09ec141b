"""Contractions by BLAS or in tiles: the letters of the operands become batches, rows, columns and sums of a matrix product.

Letters that lie in memory like one axis are taken together; those that do not become loops around the product. What neither
can take (no axis with stride 1) goes through np.einsum.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

from bibun.compiler.fusing.expressions import Contraction
from bibun.compiler.fusing.steps import Call
from bibun.compiler.native.callbacks import Einsum
from bibun.compiler.native.code import LLVM, Code, Value
from bibun.compiler.native.context import routine
from bibun.compiler.native.function import Function
from bibun.compiler.native.machine import machine
from bibun.compiler.native.sharing import Job, define, from_table, share, table_of
from bibun.compiler.native.tiles import Sides, Tiles, suits

Letters = tuple[int, ...]
PART = 16_000_000  # multiplications that are worth a part of their own
ROWS = 144  # of the result, or columns: parts of fewer are slower, but two parts of LEAST are better than one
LEAST = 48
TOGETHER = 4  # rows that BLAS computes side by side


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


def gemm(kind: str) -> str:
    """The name of BLAS's matrix product."""
    return "dgemm" if kind == "f64" else "sgemm"


def plan(product: Contraction, kind: str, memory: Sequence[Sequence[int]]) -> Plan | None:
    """The matrix product for a contraction; None if neither BLAS nor tiles can take it. BLAS may not be there.

    memory      the strides of the operands and the result
    """
    a_letters, b_letters, out = product.a.letters, product.b.letters, product.result
    *given, made = memory
    places = [factor.lies(steps)[1] for factor, steps in zip(product[:2], given, strict=True)]
    where = [
        dict(zip(x, steps, strict=True)) for x, steps in zip((a_letters, b_letters, out), (*places, made), strict=True)
    ]
    length = product.lengths

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

    if not {*a_letters, *b_letters} <= {*out, *({*a_letters} & {*b_letters})}:
        return None  # a sum along a letter that one operand has
    batch = [x for x in out if x in a_letters and x in b_letters]
    m, more_m = together([x for x in out if x in a_letters and x not in b_letters])
    n, more_n = together([x for x in out if x in b_letters and x not in a_letters])
    k, more_k = together([x for x in a_letters if x in b_letters and x not in out])
    found = Plan(
        group(m), group(n), group(k), [group([x]) for x in (*batch, *more_m, *more_n)], [group([x]) for x in more_k]
    )
    known = routine(gemm(kind)) is not None or tiled(found, kind) is not None
    return found if known and _suits(found) else None


def _suits(p: Plan) -> bool:
    """Whether each matrix lies in memory as BLAS takes it: one axis of stride 1, along the other one no overlaps and no
    repeats (a window that slides, a row that is broadcast). An axis of length 1 has any stride."""

    def along(inner: Group, outer: Group, of: int) -> bool:
        return (inner.strides[of] == 1 or inner.length == 1) and (
            outer.strides[of] >= max(inner.length, 1) or outer.length == 1
        )

    def unit(first: Group, second: Group, of: int) -> bool:
        return along(first, second, of) or along(second, first, of)

    turns = prod(g.length for g in (*p.loops, *p.sums))
    return unit(p.m, p.k, 0) and unit(p.k, p.n, 1) and unit(p.m, p.n, 2) and turns <= 4096


def planned(step: Call) -> Plan | None:
    """That of a step, as its memory lies."""
    return plan(
        step.expression.params, step.expression.kind, [b.steps for b in (*step.operands, *step.outputs.values())]
    )


def contract(writer: Any, step: Call) -> None:
    """Write a contraction into the program."""
    found = planned(step)
    if found is None:
        writer.through_numpy(step, einsum(step), (False, False))
        return
    (out,) = step.outputs.values()
    contraction: Contraction = step.expression.params
    begins = [x.lies(b.steps)[0] for x, b in zip(contraction[:2], step.operands, strict=True)]
    turns = [range(g.length) for g in found.loops]
    sums = [range(g.length) for g in found.sums]
    for turn in product(*turns):
        for number, extra in enumerate(product(*sums)):
            groups = [*zip(turn, found.loops, strict=True), *zip(extra, found.sums, strict=True)]
            offsets = [begin + sum(i * g.strides[of] for i, g in groups) for of, begin in enumerate((*begins, 0))]
            function: Function = writer.function
            buffers = (*step.operands, out)
            pointers = [function.pointer(x, (o, ()))[0] for x, o in zip(buffers, offsets, strict=True)]
            sides = tiled(found, out.kind)
            if sides is None:
                _gemm(writer, found, pointers, out.kind, adds=number > 0)
            else:
                order = pointers if _in_rows(found) else [pointers[1], pointers[0], pointers[2]]
                Tiles(writer.module, sides, out.kind, adds=number > 0).write(writer, order)


def tiled(p: Plan, kind: str) -> Sides | None:
    """The product as one of tiles: of C, or of its transpose where that lies in rows; None where BLAS is quicker."""
    a, b, m, n = (0, 1, p.m, p.n) if _in_rows(p) else (1, 0, p.n, p.m)
    if n.strides[b] != 1 or n.strides[2] != 1:
        return None
    sides = Sides(m.length, n.length, p.k.length, (m.strides[a], p.k.strides[a]), p.k.strides[b], m.strides[2])
    return sides if suits(sides, kind, 8 * machine().width) else None


def _gemm(writer: Any, p: Plan, pointers: Sequence[Value], kind: str, *, adds: bool) -> None:
    """One call, or some that threads share: as many for one thread as for many, so that the result is the same."""
    function: Function = writer.function
    routine = function.entry(writer.context.routine(gemm(kind)))
    of_m = _in_rows(p) if min(p.m.length, p.n.length) >= 2 * LEAST else p.m.length >= p.n.length
    length = (p.m if of_m else p.n).length
    parts = min(p.m.length * p.n.length * p.k.length // PART, max(length // ROWS, min(length // LEAST, 2)))
    if parts > 1:
        _shared(writer, p, pointers, kind, (of_m, parts), adds=adds)
    else:
        _call(writer, function.at(function.depth), routine, p, pointers, kind, adds=adds)


def _shared(writer: Any, p: Plan, pointers: Sequence[Value], kind: str, cut: tuple[bool, int], *, adds: bool) -> None:
    """A function that computes some rows of the result, or columns, which the pool calls for all of them."""
    of_m, parts = cut
    long = p.m if of_m else p.n
    name = writer.module.unused("product")
    part = Function(writer.module, {})
    code = part.at(0)
    first, last = code.parameter("start", "i64"), code.parameter("stop", "i64")
    found = []
    for number, stride in enumerate(long.strides):
        base = from_table(code, number)
        found.append(code.emit(f"getelementptr {LLVM[kind]}, {base.typed}, {(first * stride).typed}", "ptr"))
    size = code.emit("alloca i32", "ptr")
    count = code.emit(f"trunc {(last - first).typed} to i32", "i32")
    code.line(f"store {count.typed}, {size.typed}")
    routine = part.entry(writer.context.routine(gemm(kind)))
    _call(writer, part.at(0), routine, p, found, kind, adds=adds, size=(of_m, size))
    define(writer.module, name, part)
    table = table_of(writer.function, pointers)
    chunk = -(-long.length // (TOGETHER * parts)) * TOGETHER
    nothing = Value(table.code, "null", "ptr", 0)
    work = p.m.length * p.n.length * p.k.length
    share(writer, Job(name, table, nothing, 0, 0, long.length, chunk, work), min(writer.threads, parts))


def _call(
    writer: Any,
    code: Code,
    routine: Value,
    p: Plan,
    pointers: Sequence[Value],
    kind: str,
    *,
    adds: bool,
    size: tuple[bool, Value] | None = None,
) -> None:
    """BLAS reads columns first, so for a result in rows it computes C^T = B^T A^T. `size`: that of m, or of n, if it varies."""
    a, b, c = pointers
    m, n, k = p.m, p.n, p.k
    lengths = [writer.integer(m.length), writer.integer(n.length)]
    if size is not None:
        lengths[0 if size[0] else 1] = size[1].typed
    if _in_rows(p):
        left, right, ldc = _operand(b, n, k, 1), _operand(a, k, m, 0), max(m.strides[2], n.length, 1)
        lengths.reverse()
    else:  # the result lies in columns: C = A B as it is
        left, right, ldc = _operand(a, m, k, 0), _operand(b, k, n, 1), max(n.strides[2], m.length, 1)
    arguments = [
        writer.letter(left[1]), writer.letter(right[1]), *lengths, writer.integer(k.length), writer.number(1.0, kind),
        left[0].typed, writer.integer(left[2]), right[0].typed, writer.integer(right[2]),
        writer.number(1.0 if adds else 0.0, kind), c.typed, writer.integer(ldc),
    ]  # fmt: skip
    code.line(f"call void {routine.text}({', '.join(arguments)})")


def _in_rows(p: Plan) -> bool:
    """Whether the result lies in rows."""
    return p.n.strides[2] == 1 or p.n.length == 1


def _operand(pointer: Value, rows: Group, columns: Group, of: int) -> tuple[Value, str, int]:
    """A matrix as BLAS reads it: where, N or T, and the stride between its columns."""
    down, across = rows.strides[of], columns.strides[of]
    if down == 1 or (rows.length == 1 and across != 1):
        return pointer, "N", max(across, rows.length, 1)
    return pointer, "T", max(down, columns.length, 1)


def einsum(step: Call) -> Einsum:
    """The contraction by NumPy."""
    a, b, result = step.expression.params
    a, b, out = ("".join(chr(97 + c) for c in names) for names in (a.letters, b.letters, result))
    return Einsum(f"{a},{b}->{out}")
