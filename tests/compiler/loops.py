"""A word of mathematics as a native loop over arrays, for tests. Owns no argument and no expected value."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from bibun.compiler.native.code import LLVM, spelled
from bibun.compiler.native.mathematics import ARITY
from bibun.compiler.native.module import Module

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

DTYPES: dict[str, Any] = {"f64": np.dtype(np.float64), "f32": np.dtype(np.float32)}
_numbers = count()


def machine(cpu: str | None) -> Any:
    """A target machine: of the host, or of a processor by its name with nothing beyond what that name implies."""
    features = llvm.get_host_cpu_features().flatten() if cpu is None else ""
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=cpu or llvm.get_host_cpu_name(), features=features, opt=2, reloc="pic", codemodel="small"
    )


def text(word: str, kind: str, lanes: int) -> str:
    """A module with `f(inputs..., output, n)`, which applies the word to n numbers, n a multiple of the lanes."""
    module = Module(512)
    name, arity = module.function(word, kind, lanes), ARITY.get(word, 1)
    vector, element = spelled(kind, lanes), LLVM[kind]
    pointers = [f"%a{k}" for k in range(arity)]
    loads = [
        f"  %p{k} = getelementptr {element}, ptr {pointer}, i64 %i\n"
        f"  %x{k} = load {vector}, ptr %p{k}, align {DTYPES[kind].itemsize}"
        for k, pointer in enumerate(pointers)
    ]
    module.define(f"""\
define void @f({", ".join(f"ptr {p}" for p in pointers)}, ptr %b, i64 %n) {module.attributes} {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
{chr(10).join(loads)}
  %y = call fastcc {vector} @{name}({", ".join(f"{vector} %x{k}" for k in range(arity))})
  %q = getelementptr {element}, ptr %b, i64 %i
  store {vector} %y, ptr %q, align {DTYPES[kind].itemsize}
  %next = add i64 %i, {max(lanes, 1)}
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}""")
    return module.text()


@cache
def loop(word: str, kind: str, lanes: int, cpu: str | None = None) -> Callable[..., Any]:
    """The word as a function of arrays. `cpu`: compiled for that processor, which the host must be able to run."""
    target = machine(cpu)
    parsed = llvm.parse_assembly(text(word, kind, lanes))
    parsed.verify()
    compiler = llvm.create_lljit_compiler(target)
    library = llvm.JITLibraryBuilder().add_object_img(target.emit_object(parsed)).export_symbol("f")
    tracker = library.add_current_process().link(compiler, f"words{next(_numbers)}")
    arity, dtype, step = ARITY.get(word, 1), DTYPES[kind], max(lanes, 1)
    native = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (arity + 1), ctypes.c_int64)(tracker["f"])

    def call(*arrays: Any, keep: Any = (compiler, tracker, target)) -> Any:
        size = len(arrays[0])
        padding = -size % step
        inputs = [np.concatenate([np.asarray(a, dtype), np.ones(padding, dtype)]) for a in arrays]
        output = np.empty(size + padding, dtype)
        native(*(a.ctypes.data for a in inputs), output.ctypes.data, size + padding)
        return output[:size]

    return call
