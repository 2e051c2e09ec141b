"""The machine that code is made for: LLVM's target, and loading of objects. Made once, when it is first asked for.

llvmlite lets one thread at a time into LLVM, since its users share one context of LLVM's. Here each module has a context
of its own, so the one call that takes long, making machine code of a module, is made past that lock: the modules of a
long program are compiled at the same time.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Sequence
from contextlib import closing
from itertools import count
from typing import Any

from bibun.compiler.native.cache import code_for
from bibun.compiler.native.once import held_at_fork, lock, once
from bibun.errors import CompileWarning, warn

_names = count(1).__next__


def cores() -> int:
    """How many threads may run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _prototype(function: Any, result: Any, *arguments: Any) -> Any:
    function.restype, function.argtypes = result, arguments
    return function


class Machine:
    """This processor. `width`: bytes of a vector register."""

    def __init__(self) -> None:
        import llvmlite
        import llvmlite.binding as llvm

        inner = getattr(llvm.ffi.lib, "_lock", None)  # of llvmlite; also what Python's collector deletes takes it
        if inner is not None:
            held_at_fork(inner)
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.llvm = llvm
        self.cpu = llvm.get_host_cpu_name()
        features = llvm.get_host_cpu_features()
        self.features = features.flatten() if features else ""
        versions = f"llvmlite {llvmlite.__version__}, LLVM {llvm.llvm_version_info}"
        self.identity = f"{versions}, {llvm.get_default_triple()}, {self.cpu}, {self.features}"
        self.width = 64 if features.get("avx512f") else 32 if features.get("avx2") else 16
        self.jit = llvm.create_lljit_compiler(self.target_machine(""))
        pointer, text, name = ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p), llvm.ffi.lib._name
        long = ctypes.CDLL(name).LLVMPY_TargetMachineEmitToMemory
        self._emit = _prototype(long, pointer, pointer, pointer, ctypes.c_int, text)
        short = ctypes.PyDLL(name)  # who lets go of the interpreter's lock waits until it is free again
        self._start = _prototype(short.LLVMPY_GetBufferStart, pointer, pointer)
        self._size = _prototype(short.LLVMPY_GetBufferSize, ctypes.c_size_t, pointer)
        self._dispose = _prototype(short.LLVMPY_DisposeMemoryBuffer, None, pointer)
        self._tools = Tools(self)

    def target_machine(self, features: str) -> Any:
        """For a thread, or the linker."""
        return self.llvm.Target.from_default_triple().create_target_machine(
            cpu=self.cpu, features=features, opt=1, reloc="pic", codemodel="small"
        )

    def source_of(self, text: str) -> str:
        """All that the machine code of a module is made from."""
        return f"{self.identity}\n{text}"

    def object_of(self, text: str) -> bytes:
        """Machine code of a module, as the bytes of an object file: from the cache on disk, if it is there."""
        return code_for(self.source_of(text), lambda: self._compiled(text))

    def _compiled(self, text: str) -> bytes:
        with closing(self.llvm.parse_assembly(text, self._tools.context)) as module:
            module.verify()
            error = ctypes.c_char_p()
            made = self._emit(self._tools.target, module, 1, error)
            if not made:
                raise RuntimeError(f"LLVM makes no code of a module: {error.value!r}")
            try:
                return ctypes.string_at(self._start(made), self._size(made))
            finally:
                self._dispose(made)

    def load(self, codes: Sequence[bytes], symbols: Sequence[str]) -> Loaded:
        """Objects in memory, linked together and ready to run."""
        with lock:
            builder = self.llvm.JITLibraryBuilder().add_current_process()
            for code in codes:
                builder.add_object_img(code)
            for symbol in symbols:
                builder.export_symbol(symbol)
            library = builder.link(self.jit, f"bibun{_names()}")
            return Loaded(library, {symbol: library[symbol] for symbol in symbols})


class Tools(threading.local):
    """What a thread makes code with: LLVM's context, which has the types and constants of modules, and its target."""

    def __init__(self, machine: Machine) -> None:
        self.context = machine.llvm.create_context()
        self.target = machine.target_machine(machine.features)


class Loaded:
    """Code in memory, which goes with this object."""

    def __init__(self, library: Any, addresses: dict[str, int]) -> None:
        self.library = library
        self.addresses = addresses


@once
def available() -> bool:
    """Whether machine code can be made. Where it cannot, one warning says why."""
    try:
        machine()
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        warn(
            f"compile: no machine code on this machine ({type(error).__name__}: {error}), so compiled programs run through "
            "NumPy: right, but slower. Machine code needs CPython and llvmlite (pip install llvmlite).",
            CompileWarning,
        )
        return False
    return True


@once
def machine() -> Machine:
    """The one of this process."""
    return Machine()
