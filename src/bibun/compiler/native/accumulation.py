"""Running sums, products, extremes and recurrences along an axis, in one pass over memory.

Along the last axis a vector of neighbours at a time is summed up by halves, and what came before is added to all of it; a
product could overflow on the way, so it goes entry by entry. Along another axis whole rows are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from bibun.compiler.fusing.steps import Call
from bibun.compiler.native.arithmetic import WORDS
from bibun.compiler.native.code import LLVM, WIDTH, Value, muladd
from bibun.compiler.native.function import Function, Lanes, first_lanes
from bibun.compiler.native.routines import part, writes

REGISTERS = 8  # vectors of a row that are carried in registers; a longer row is read back
ABREAST = 8  # rows that go entry by entry side by side: each waits for its own last result only
JOINS: dict[str, Callable[..., Value]] = {
    "cumsum": lambda before, x: before + x,
    "cumprod": lambda before, x: before * x,
    "recurrence": lambda before, a, b: muladd(a, before, b),
    **{name: WORDS[name] for name in ("maximum", "minimum", "fmax", "fmin")},
}
NEUTRAL = -0.0  # keeps the sign of a zero that it is added to


class Running(NamedTuple):
    """`length` results behind each other, `inner` of them side by side, behind `outer` places of the axes before theirs."""

    function: Function
    name: str
    kind: str
    lanes: int
    backward: bool
    outer: int
    length: int
    inner: int

    @property
    def first(self) -> int:
        """Where the first result is."""
        return (self.length - 1) * self.inner if self.backward else 0

    @property
    def step(self) -> int:
        """From one to the next."""
        return -self.inner if self.backward else self.inner


@writes("running")
def _running(writer: Any, step: Call) -> None:
    name, axis, backward = step.expression.params.settings
    target, function = part(writer, step, 0), writer.function
    shape, kind = target.shape, target.kind
    lanes = writer.module.vector_bits // WIDTH[kind]
    run = Running(function, name, kind, lanes, backward, prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]))
    pointers = [function.base(buffer) for buffer in (*step.operands, target)]
    if run.inner == 1 and not (name == "cumsum" and run.length >= 2 * lanes):
        _abreast(run, pointers)
        return
    write = _by_halves if run.inner == 1 else _in_registers if run.inner <= REGISTERS * lanes else _row_after_row
    _rows(run, pointers, write)


def _rows(run: Running, pointers: list[Value], write: Callable[[Running, list[Value]], None]) -> None:
    """Write what is done for each place of the axes in front, with pointers to its first entry."""
    if run.outer == 1:
        write(run, pointers)
        return

    def turn(n: Value, _: list[Value]) -> Sequence[Value]:
        start = _at(run, n) * (run.length * run.inner)
        write(run, [_pointer(run, pointer, start) for pointer in pointers])
        return []

    run.function.repeat("outer", (0, run.outer, 1), [], turn)


# ---- memory: numbers (lanes 0), vectors, and vectors of which only the first `size` lanes count -------


def _at(run: Running, place: Value) -> Value:
    """The same place, its code going on at the innermost level."""
    run.function.at(run.function.depth)
    return place


def _pointer(run: Running, base: Value, place: Value | int) -> Value:
    code = run.function.at(run.function.depth)
    text = place.typed if isinstance(place, Value) else f"i64 {place}"
    return code.emit(f"getelementptr {LLVM[run.kind]}, {base.typed}, {text}", "ptr")


def _part(lanes: int, size: int) -> Lanes:
    return Lanes(lanes, None if size == lanes else first_lanes(size, lanes))


def _load(run: Running, base: Value, place: Value | int, lanes: int = 0, size: int = 0) -> Value:
    pointer = _pointer(run, base, place)
    code = run.function.at(run.function.depth)
    neutral = code.constant(NEUTRAL, run.kind, lanes).text
    return run.function.load_vector(code, pointer, run.kind, _part(lanes, size), neutral)


def _store(run: Running, base: Value, place: Value | int, value: Value, size: int = 0) -> Value:
    pointer = _pointer(run, base, place)
    run.function.store_vector(run.function.at(run.function.depth), pointer, value, _part(value.lanes, size))
    return value


def _next(
    run: Running, pointers: list[Value], before: Value | None, place: Value | int, lanes: int = 0, size: int = 0
) -> Value:
    """The result at a place, stored: of what came before and what is read there; the first is what is read last."""
    *sources, target = pointers
    reads = sources if before is not None else sources[-1:]
    values = [_load(run, source, place, lanes, size) for source in reads]
    value = JOINS[run.name](before, *values) if before is not None else values[0]
    return _store(run, target, place, value, size)


# ---- along the last axis ------------------------------------------------------------------------


def _abreast(run: Running, pointers: list[Value]) -> None:
    """Entry by entry, some rows side by side."""
    whole = run.outer // ABREAST * ABREAST

    def group(start: Value | int, rows: int) -> None:
        places = [(start + k) * run.length + run.first for k in range(rows)]
        first = [_next(run, pointers, None, place) for place in places]

        def turn(n: Value, now: list[Value]) -> Sequence[Value]:
            move = _at(run, n) * run.step
            return [_next(run, pointers, before, move + place) for before, place in zip(now, places, strict=True)]

        if run.length > 1:
            run.function.repeat("entry", (1, run.length, 1), first, turn)

    def several(n: Value, _: list[Value]) -> Sequence[Value]:
        group(_at(run, n), ABREAST)
        return []

    if whole:
        run.function.repeat("rows", (0, whole, ABREAST), [], several)
    if run.outer > whole:
        group(whole, run.outer - whole)


def _by_halves(run: Running, pointers: list[Value]) -> None:
    """A vector at a time, and what is left of the row as part of one."""
    (x, y), lanes = pointers, run.lanes
    whole = run.length // lanes * lanes
    last = f"<{lanes} x i32> " + ("zeroinitializer" if run.backward else f"splat (i32 {lanes - 1})")

    def block(place: Value | int, before: Value, size: int) -> Value:
        own = _sums(run, _load(run, x, place, lanes, size))
        _store(run, y, place, before + own, size)
        code = run.function.at(run.function.depth)
        return before + code.emit(f"shufflevector {own.typed}, {own.type} poison, {last}", run.kind, lanes)

    def turn(n: Value, now: list[Value]) -> Sequence[Value]:
        place = run.length - lanes - _at(run, n) if run.backward else n
        return [block(place, now[0], lanes)]

    start = run.function.at(run.function.depth).constant(NEUTRAL, run.kind, lanes)
    (before,) = run.function.repeat("block", (0, whole, lanes), [start], turn)
    if run.length > whole:
        block(0 if run.backward else whole, before, run.length - whole)


def _sums(run: Running, x: Value) -> Value:
    """The running sums within a vector: of pairs, of four, of eight."""
    code, lanes = run.function.at(run.function.depth), x.lanes
    nothing = code.constant(NEUTRAL, run.kind, lanes)
    distance = 1
    while distance < lanes:
        order = range(distance, lanes + distance) if run.backward else range(-distance, lanes - distance)
        places = ", ".join(f"i32 {k if 0 <= k < lanes else lanes}" for k in order)
        x = x + code.emit(f"shufflevector {x.typed}, {nothing.typed}, <{lanes} x i32> <{places}>", run.kind, lanes)
        distance *= 2
    return x


# ---- along another axis -------------------------------------------------------------------------


def _chunks(run: Running, start: int) -> list[tuple[int, int]]:
    """A row from `start` on, in vectors: where each begins, and how many of its lanes count."""
    return [(k, min(run.lanes, run.inner - k)) for k in range(start, run.inner, run.lanes)]


def _in_registers(run: Running, pointers: list[Value]) -> None:
    """A short row of running results stays in registers."""
    chunks = _chunks(run, 0)
    first = [_next(run, pointers, None, run.first + start, run.lanes, size) for start, size in chunks]

    def turn(n: Value, now: list[Value]) -> Sequence[Value]:
        place = _at(run, n) * run.step + run.first
        return [
            _next(run, pointers, before, place + start, run.lanes, size)
            for before, (start, size) in zip(now, chunks, strict=True)
        ]

    if run.length > 1:
        run.function.repeat("entry", (1, run.length, 1), first, turn)


def _row_after_row(run: Running, pointers: list[Value]) -> None:
    """A long row of running results is in the cache: it has just been written."""
    *_, source, target = pointers
    whole = run.inner // run.lanes * run.lanes

    def joined(place: Value, size: int) -> None:
        before = _load(run, target, place - run.step, run.lanes, size)
        _next(run, pointers, before, place, run.lanes, size)

    def turn(n: Value, _: list[Value]) -> Sequence[Value]:
        place = _at(run, n) * run.step + run.first

        def along(k: Value, _: list[Value]) -> Sequence[Value]:
            joined(_at(run, k) + place, run.lanes)
            return []

        run.function.repeat("along", (0, whole, run.lanes), [], along)
        for start, size in _chunks(run, whole):
            joined(_at(run, place) + start, size)
        return []

    run.function.module.declare("@llvm.memmove.p0.p0.i64", "void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)")
    begin, to = _pointer(run, source, run.first), _pointer(run, target, run.first)
    size = run.inner * WIDTH[run.kind] // 8
    run.function.at(run.function.depth).line(
        f"call void @llvm.memmove.p0.p0.i64({to.typed}, {begin.typed}, i64 {size}, i1 false)"
    )
    if run.length > 1:
        run.function.repeat("row", (1, run.length, 1), [], turn)
