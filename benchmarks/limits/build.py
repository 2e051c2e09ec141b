"""Compiles the C files of this folder with gcc when they have changed, and loads the result as a module.

The module is kept in the environment's own folder (`.venv-bench/limits/`), under a name made of the sources, the
options, the versions and the processor that it was compiled for. A new one replaces it; nothing is committed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

SOURCES = Path(__file__).resolve().parent

_OPTIONS = ["-std=gnu11", "-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-fPIC", "-Wall"]
_WIDE = ["-mprefer-vector-width=512"]  # else gcc takes half of an AVX-512 register
_LIBRARIES = ["-lmvec", "-lm"]  # glibc's vector mathematics


class NoCompilerError(RuntimeError):
    """gcc is missing, or did not compile the limits."""


def load() -> ModuleType:
    """The module `limits`: a builtin function for each limit, compiled first where that was not done before."""
    path = _folder() / "limits.so"
    if not path.exists():
        _build(path)
    specification = importlib.util.spec_from_file_location("limits", path)
    if specification is None or specification.loader is None:
        raise ImportError(f"limits: {path} cannot be loaded")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _folder() -> Path:
    """Where the module for just these sources, options and versions is kept."""
    content = hashlib.sha256()
    for text in (*_options(), sys.version, np.__version__, _processor()):
        content.update(text.encode())
    for source in sorted(SOURCES.glob("*.[ch]")):
        content.update(source.read_bytes())
    return Path(sys.prefix) / "limits" / content.hexdigest()[:16]


def _options() -> list[str]:
    return _OPTIONS + (_WIDE if platform.machine() == "x86_64" else [])


def _processor() -> str:
    """The model of this machine, which `-march=native` compiles for; empty where the system does not say."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    return next((line for line in lines if line.startswith("model name")), "")


def _build(path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        raise NoCompilerError("limits: gcc was not found. They are C: install gcc to measure against them.")
    path.parent.mkdir(parents=True, exist_ok=True)
    includes = [f"-I{sysconfig.get_paths()['include']}", f"-I{np.get_include()}"]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        objects = []
        for source in sorted(SOURCES.glob("*.c")):
            objects.append(str(Path(folder, source.stem + ".o")))
            _run([compiler, *_options(), *includes, "-c", str(source), "-o", objects[-1]])
        # -ffast-math is not given here: linked with it, a library flushes the whole process's subnormals to zero
        _run([compiler, "-shared", *objects, "-o", str(Path(folder, path.name)), *_libraries()])
        Path(folder, path.name).replace(path)  # whole or not at all, however many processes build it
    for other in path.parent.parent.iterdir():
        if other != path.parent:
            shutil.rmtree(other, ignore_errors=True)


def _libraries() -> list[str]:
    return _LIBRARIES if platform.machine() == "x86_64" else _LIBRARIES[1:]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoCompilerError(f"limits: gcc failed: {(done.stderr.strip().splitlines() or ['no message'])[0]}")
