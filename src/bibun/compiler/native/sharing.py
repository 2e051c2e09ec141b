"""A function of the module run over all rows, a chunk at a time: by the threads of pool.py, or one after the other.

    i32 function(ptr frame, ptr context, ptr local, ptr totals, i64 start, i64 stop)

`local` is memory of the thread, `totals` memory of the chunk. How many chunks there are does not depend on the threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bibun.compiler.native.code import Code, Value
from bibun.compiler.native.function import Function
from bibun.compiler.native.module import Module
from bibun.compiler.native.pool import pool


class Job(NamedTuple):
    """What is run, where its memory begins, how many bytes each thread and each chunk has of it, and over which rows.

    work: about how many additions it takes
    """

    name: str
    local: Value
    totals: Value
    strip: int
    record: int
    extent: int
    chunk: int
    work: int


def define(module: Module, name: str, function: Function, result: str = "i32 0") -> None:
    """Such a function of the module, of what has been written into `function`; what it returns."""
    body = "\n".join([*function.at(0).lines, f"  ret {result}"])
    parameters = "ptr noalias %frame, ptr noalias %context, ptr %local, ptr %totals, i64 %start, i64 %stop"
    module.define(f"define internal i32 @{name}({parameters}) nounwind {module.long} {{\nentry:\n{body}\n}}")


def table_of(function: Function, pointers: Sequence[Value]) -> Value:
    """Memory of the caller's that holds these pointers."""
    table = function.at(0).emit(f"alloca [{len(pointers)} x ptr]", "ptr")
    code = function.at(function.depth)
    for number, pointer in enumerate(pointers):
        place = code.emit(f"getelementptr ptr, {table.typed}, i64 {number}", "ptr")
        code.line(f"store {pointer.typed}, {place.typed}")
    return table


def from_table(code: Code, number: int) -> Value:
    """One of the pointers, in the function, whose `local` memory the table is."""
    place = code.emit(f"getelementptr ptr, ptr %local, i64 {number}", "ptr")
    return code.emit(f"load ptr, {place.typed}", "ptr")


def share(writer: Any, job: Job, threads: int) -> Value:
    """What the calls return, joined by "or"."""
    return _by_the_pool(writer, job, threads) if threads > 1 else _in_order(writer, job)


def _by_the_pool(writer: Any, job: Job, threads: int) -> Value:
    function, context = writer.function, writer.context
    run = function.entry(context.slot("share", lambda: pool().share, ("pool", "share")))
    place = function.entry(context.slot("pool", lambda: pool().place, ("pool", "place")))
    code = function.at(function.depth)
    here = code.emit(f"load ptr, {place.typed}", "ptr")
    return code.emit(  # type: ignore[no-any-return]
        f"call i32 {run.text}({here.typed}, ptr @{job.name}, ptr %frame, ptr %context, {job.local.typed}, "
        f"i64 {job.strip}, {job.totals.typed}, i64 {job.record}, i64 {job.extent}, i64 {job.chunk}, i64 {threads}, "
        f"i64 {job.work})",
        "i32",
    )


def _in_order(writer: Any, job: Job) -> Value:
    function = writer.function

    def write(number: Value, now: list[Value]) -> Sequence[Value]:
        code = function.at(function.depth)
        start = number * job.chunk
        end = start + job.chunk
        stop = code.select(end < job.extent, end, job.extent)
        totals = code.emit(f"getelementptr i8, {job.totals.typed}, {(number * job.record).typed}", "ptr")
        arguments = f"ptr %frame, ptr %context, {job.local.typed}, {totals.typed}, {start.typed}, {stop.typed}"
        return [now[0] | code.emit(f"call i32 @{job.name}({arguments})", "i32")]

    code = function.at(function.depth)
    chunks = -(-job.extent // job.chunk)
    (joined,) = function.repeat("chunk", (0, chunks, 1), [code.constant(0, "i32")], write)
    return joined  # type: ignore[no-any-return]
