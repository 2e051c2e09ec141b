"""From a graph to a program that can be called: by CPython directly (entry.py), or from Python with any arguments."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from bibun.compiler.fusing import counting, decompositions, indexing, products, running  # noqa: F401  they register
from bibun.compiler.fusing.expressions import DTYPES, Expressions
from bibun.compiler.fusing.lowering import Lowering
from bibun.compiler.fusing.nests import Nest
from bibun.compiler.fusing.schedule import Schedule
from bibun.compiler.fusing.stages import Finder, Stage
from bibun.compiler.fusing.steps import Call
from bibun.compiler.graph import Graph
from bibun.compiler.native import accumulation, formulas, lapack  # noqa: F401  they register what they write
from bibun.compiler.native.context import Context
from bibun.compiler.native.entry import EntryWriter, Leaf, Tree, suits
from bibun.compiler.native.layouts import layouts
from bibun.compiler.native.machine import machine
from bibun.compiler.native.module import Module
from bibun.compiler.native.program import ALIGNMENT, Layout, ProgramWriter

LONG = 200_000  # additions, about: a program of more lets other threads have the interpreter while it runs


class Otherwise(Exception):
    """A decision fell otherwise, or something happened for which the program has no code."""


class Native:
    """A compiled program.

    run         (leaves) -> the recorded outputs as arrays, or Otherwise is raised
    entry       the address of its entry; None where there is none for these arguments and results
    no_entry    why not
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[Leaf],
        scalars: Sequence[type | None],
        arguments: Sequence[Tree] | None,
        result: Tree | None,
        threads: int,
    ) -> None:
        lowered = Lowering(graph, Expressions())
        self.schedule = Schedule(lowered.outputs, lowered.guards)
        self.schedule.steps = Finder(self.schedule).steps
        self.inputs = inputs
        pairs = zip(lowered.outputs, scalars, strict=True)
        self.outputs = [Leaf(x.shape, dtype_of(x.kind), scalar) for x, scalar in pairs]
        self.layout = Layout(self.schedule, len(inputs), len(self.outputs))
        self.context = Context()
        module = Module(8 * machine().width)
        writer = ProgramWriter(self.schedule, module, self.context, self.layout, threads)
        module.functions.append(
            "define i32 @run(ptr %frame, ptr %context) {\n  %r = call i32 @program(ptr %frame, ptr %context)\n  ret i32 %r\n}"
        )
        symbols = ["run"]
        at = layouts()
        self.no_entry = _without_entry(arguments, result, [*inputs, *self.outputs])
        if not self.no_entry and arguments is not None and result is not None and at is not None:
            entry = EntryWriter(module, self.context, at, inputs, self.outputs)
            long = not writer.calls_python and _work(self.schedule) > LONG
            module.functions.append(entry.write(arguments, result, self.layout.workspace, long=long))
            symbols.append("entry")
        self.llvm = module.text()
        self.code = machine().object_of(self.llvm)
        self.loaded = machine().load(self.code, symbols)
        self.entry = self.loaded.addresses.get("entry")
        self._table = self.context.table(None)
        kind = ctypes.PYFUNCTYPE if writer.calls_python else ctypes.CFUNCTYPE
        self._call = kind(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(self.loaded.addresses["run"])
        self._context = ctypes.addressof(self._table)

    def run(self, leaves: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
        """Call it with these arguments."""
        arrays = [np.require(x, leaf.dtype, ["C", "A"]) for x, leaf in zip(leaves, self.inputs, strict=True)]
        outputs = [np.empty(leaf.shape, leaf.dtype) for leaf in self.outputs]
        workspace = np.empty(self.layout.workspace + ALIGNMENT, np.uint8)
        start = workspace.ctypes.data
        pointers = [start + -start % ALIGNMENT, *(a.ctypes.data for a in (*arrays, *outputs))]
        frame = (ctypes.c_uint64 * len(pointers))(*pointers)
        if self._call(ctypes.addressof(frame), self._context):
            raise Otherwise
        return outputs


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
        elif isinstance(step, Call):
            total += sum(buffer.entries for buffer in step.operands) * 16
    return total


def dtype_of(kind: str) -> np.dtype[Any]:
    """NumPy's dtype of a kind."""
    return DTYPES[kind] if kind in DTYPES else np.dtype(kind)
