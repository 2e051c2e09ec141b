"""The machine that code is made for: LLVM's target, and loading of objects. Made once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import count
from typing import Any

from bibun.compiler.native.cache import code_for
from bibun.compiler.native.once import held_at_fork, lock, once
from bibun.errors import CompileWarning, warn

_names = count(1).__next__


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
        self.jit = llvm.create_lljit_compiler(
            llvm.Target.from_default_triple().create_target_machine(cpu=self.cpu, opt=1, reloc="pic", codemodel="small")
        )

    @cached_property
    def target(self) -> Any:
        """What compiles."""
        return self.llvm.Target.from_default_triple().create_target_machine(
            cpu=self.cpu, features=self.features, opt=1, reloc="pic", codemodel="small"
        )

    def source_of(self, text: str) -> str:
        """All that the machine code of a module is made from."""
        return f"{self.identity}\n{text}"

    def object_of(self, text: str) -> bytes:
        """Machine code of a module, as the bytes of an object file: from the cache on disk, if it is there."""
        return code_for(self.source_of(text), lambda: self._compiled(text))

    def _compiled(self, text: str) -> bytes:
        with lock:
            module = self.llvm.parse_assembly(text)
            module.verify()
            return self.target.emit_object(module)  # type: ignore[no-any-return]

    def assembly_of(self, text: str) -> str:
        """The same as text."""
        with lock:
            return self.target.emit_assembly(self.llvm.parse_assembly(text))  # type: ignore[no-any-return]

    def load(self, code: bytes, symbols: Sequence[str]) -> Loaded:
        """An object in memory, ready to run."""
        with lock:
            builder = self.llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
            for symbol in symbols:
                builder.export_symbol(symbol)
            library = builder.link(self.jit, f"bibun{_names()}")
            return Loaded(library, {symbol: library[symbol] for symbol in symbols})


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
