"""From a graph to a program that can be called: by CPython directly (entry.py), or from Python with any arguments."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.fusing import (  # noqa: F401  they register
    complex_formulas,
    complexes,
    counting,
    indexing,
    least_squares,
    orthogonal,
    products,
    running,
    sliding,
    systems,
    views,
)
from bibun.compiler.fusing.expressions import DTYPES, Expressions
from bibun.compiler.fusing.lowering import Lowering
from bibun.compiler.fusing.nests import Nest
from bibun.compiler.fusing.schedule import Schedule
from bibun.compiler.fusing.stages import Stage, find
from bibun.compiler.fusing.steps import Call, LoopStep
from bibun.compiler.graph import Graph
from bibun.compiler.native import accumulation, cache, formulas, lapack, placing, plan  # noqa: F401  they register what they write
from bibun.compiler.native.callbacks import stop_if_interrupted
from bibun.compiler.native.context import Context
from bibun.compiler.native.entry import EntryWriter, Leaf, Tree, nodes, suits
from bibun.compiler.native.layouts import layouts
from bibun.compiler.native.machine import machine
from bibun.compiler.native.objects import Objects
from bibun.compiler.native.program import ALIGNMENT, Layout, ProgramWriter
from bibun.compiler.native.watch import Watched
from bibun.core.memory import keep_pages_of_large_arrays

LONG = 200_000  # additions, about: a program of more lets other threads have the interpreter while it runs


class Otherwise(Exception):
    """A decision fell otherwise, or something happened for which the program has no code."""


class Written:
    """A program as LLVM's text, and what it was written from.

    modules     the texts; `finished` is called with each but the last when it is written
    made        arrays that were made for it, and of what
    """

    def __init__(self, graph: Graph, layout: Arrangement, finished: Callable[[str], object] = len) -> None:
        lowered = Lowering(graph, Expressions())
        self.schedule = Schedule(lowered.outputs, lowered.guards)
        find(self.schedule)
        self.outputs = lowered.results
        memory = Layout(self.schedule, len(layout.inputs), len(self.outputs))
        self.context = Context()
        self.made = [*graph.made, *((array, ("value", array)) for array in lowered.make.values)]
        self.modules: list[str] = []

        def keep(text: str) -> None:
            self.modules.append(text)
            finished(text)

        writer = ProgramWriter(self.schedule, self.context, memory, layout.threads, layout.watched, keep)
        module = writer.module
        self.calls_python = writer.calls_python
        module.define(
            "define i32 @run(ptr %frame, ptr %context) {\n  %r = call i32 @program(ptr %frame, ptr %context)\n  ret i32 %r\n}"
        )
        at, arguments, result = layouts(), layout.arguments, layout.result
        outputs = layout.outputs(self.outputs)
        self.has_entry = at is not None and not layout.without_entry(outputs)
        if self.has_entry:
            assert at is not None
            assert arguments is not None
            assert result is not None
            entry = EntryWriter(module, self.context, at, layout.inputs, outputs)
            long = not writer.calls_python and _work(self.schedule) > LONG
            module.define(entry.write(arguments, result, memory.workspace, long=long))
        self.workspace = memory.workspace
        self.modules.append(module.text())

    @property
    def llvm(self) -> str:
        """The modules, one after the other."""
        return "\n".join(self.modules)

    def plan(self, arrays: Mapping[int, np.ndarray[Any, Any]]) -> plan.Plan:
        """For other processes. Raises NotPortableError. `arrays`: of the recording."""
        origins = plan.portable(self.context.origins, arrays, self.made)
        codes = [cache.key_of(machine().source_of(text)) for text in self.modules]
        return plan.Plan(codes, self.outputs, self.workspace, self.calls_python, self.has_entry, origins)


class Arrangement(NamedTuple):
    """What a program is called with, and what is made of its outputs.

    inputs      the leaves of the arguments
    scalars     the class of each output; None for an array
    arguments   how they are put together; None where machine code cannot take them apart
    result      the same of the result
    threads     that share large loops
    watched     index arrays of the code around, if there are any
    order       how the arguments have to lie in memory; None where that is all the same
    """

    inputs: Sequence[Leaf]
    scalars: Sequence[type | None]
    arguments: Sequence[Tree] | None
    result: Tree | None
    threads: int
    watched: Watched | None
    order: tuple[Any, ...] | None = None

    def outputs(self, made: Sequence[tuple[tuple[int, ...], str]]) -> list[Leaf]:
        """The outputs, from shape and kind of each."""
        pairs = zip(made, self.scalars, strict=True)
        return [Leaf(shape, dtype_of(kind), scalar) for (shape, kind), scalar in pairs]

    def parts(self) -> list[Tree]:
        """Of the containers."""
        return list(nodes([*(self.arguments or ()), *([self.result] if self.result else ())]))

    def without_entry(self, outputs: Sequence[Leaf]) -> str:
        """Why the interpreter cannot call the program itself; empty where it can."""
        return _without_entry(self.arguments, self.result, [*self.inputs, *outputs])


class Native:
    """A compiled program.

    run         (leaves) -> the recorded outputs as arrays, or Otherwise is raised
    entry       the address of its entry; None where there is none for these arguments and results
    no_entry    why not
    written     what its code was made of: of a program from disk, made when somebody asks
    """

    def __init__(
        self,
        of: plan.Plan | Written,
        codes: Sequence[bytes],
        context: Context,
        layout: Arrangement,
        write: Callable[[], Written],
    ) -> None:
        self.inputs = layout.inputs
        self.outputs = layout.outputs(of.outputs)
        if any(map(placing.matters, self.outputs)):
            keep_pages_of_large_arrays()
        self.workspace = of.workspace
        self.no_entry = layout.without_entry(self.outputs)
        self.context = context
        self.loaded = machine().load(codes, ["run", "entry"] if of.has_entry else ["run"])
        self.entry = self.loaded.addresses.get("entry")
        self._write = write
        self._table = self.context.table(None)
        kind = ctypes.PYFUNCTYPE if of.calls_python else ctypes.CFUNCTYPE
        self._call = kind(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(self.loaded.addresses["run"])
        self._context = ctypes.addressof(self._table)

    @cached_property
    def written(self) -> Written:
        """See above."""
        return self._write()

    def run(self, leaves: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
        """Call it with these arguments."""
        arrays = [np.require(x, leaf.dtype, ["C", "A"]) for x, leaf in zip(leaves, self.inputs, strict=True)]
        outputs = [np.empty(leaf.shape, leaf.dtype) for leaf in self.outputs]
        workspace = np.empty(self.workspace + ALIGNMENT, np.uint8)
        start = workspace.ctypes.data
        pointers = [start + -start % ALIGNMENT, *(a.ctypes.data for a in (*arrays, *outputs))]
        frame = (ctypes.c_uint64 * len(pointers))(*pointers)
        if self._call(ctypes.addressof(frame), self._context):
            stop_if_interrupted()
            raise Otherwise
        return outputs


def from_disk(
    key: bytes, graph: Callable[[], Graph], layout: Arrangement, arrays: Mapping[int, np.ndarray[Any, Any]]
) -> Native | None:
    """The program that another process has made of the same recording, if there is one. `arrays`: of the recording."""
    found = plan.read(key)
    if found is None:
        return None
    codes = [code for key in found.codes if (code := cache.read(key, cache.CODE)) is not None]
    if len(codes) < len(found.codes):
        return None
    table = None if layout.watched is None else layout.watched.table
    process = plan.Process([leaf.dtype for leaf in layout.inputs], layout.parts(), arrays, table)
    with suppress(LookupError, RuntimeError):  # what it needs is not there, or LLVM has no place for it
        context = plan.context(found.origins, process)
        return Native(found, codes, context, layout, lambda: Written(graph(), layout))
    return None


def made(key: bytes | None, graph: Graph, layout: Arrangement, arrays: Mapping[int, np.ndarray[Any, Any]]) -> Native:
    """A new program, kept on disk for other processes where its recording has a key."""
    with Objects() as objects:
        written = Written(graph, layout, objects.add)
        codes = objects.all(written.modules[-1])
    native = Native(written, codes, written.context, layout, lambda: written)
    if key is not None:
        with suppress(plan.NotPortableError):
            plan.write(key, written.plan(arrays))
    return native


def _without_entry(arguments: Sequence[Tree] | None, result: Tree | None, leaves: Sequence[Leaf]) -> str:
    """Why the interpreter cannot call the program itself; empty where it can."""
    if layouts() is None:
        return "the layout of this interpreter's objects is not known"
    if arguments is None:
        return "arguments by keyword, or in containers other than tuples, lists and dicts"
    if result is None:
        return "a result in containers other than tuples, lists and dicts"
    strange = sorted({str(leaf.scalar.__name__ if leaf.scalar else leaf.dtype) for leaf in leaves if not suits(leaf)})
    return f"{', '.join(strange)} among arguments and results" if strange else ""


def _work(schedule: Schedule) -> int:
    """About how many additions it takes."""
    total = 0
    for step in schedule.steps:
        if isinstance(step, Stage):
            total += step.work
        elif isinstance(step, Nest):
            total += step.size * sum(len(root.unrolled()) for root in step.roots) * 4
        elif isinstance(step, LoopStep) and step.schedule is not None:
            total += step.body.turns * _work(step.schedule)
        elif isinstance(step, Call):
            total += sum(buffer.entries for buffer in step.operands) * 16
    return total


def dtype_of(kind: str) -> np.dtype[Any]:
    """NumPy's dtype of a kind."""
    return DTYPES[kind] if kind in DTYPES else np.dtype(kind)
