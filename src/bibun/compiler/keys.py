"""The key of a program: a digest of all that its code depends on, known before any of it is made.

The recorded calls (flat.py); the layout of arguments and results; options; the machine; and those of bibun's own files that
record calls and make code of them, since other files may make other code.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bibun import errors
from bibun.compiler.exactly import InexactError, exactly
from bibun.compiler.flat import Flat
from bibun.compiler.native.build import Arrangement
from bibun.compiler.native.entry import Tree
from bibun.compiler.native.layouts import layouts
from bibun.compiler.native.machine import machine
from bibun.compiler.native.once import once
from bibun.errors import LOADED

_Stamp = tuple[tuple[int, int], int]  # size and time of a file, and when it was changed last in any way
# Those that make code of what a function records, and those that a start from disk takes to record the same (sameness.py).
_ROOMS = ("arrays", "compiler", "core", "interpreters", "numpy", "primitives", "transforms")
_MOMENT = 10**9  # nanoseconds: clocks of files are behind by less


def key_of(flat: Flat, outputs: Sequence[int], layout: Arrangement, *, fast: bool) -> bytes:
    """Of a recording, which numbers of it are returned, and what a program is made for. Raises InexactError where something
    has no exact text."""
    arguments = "none" if layout.arguments is None else _shape(layout.arguments)
    result = "none" if layout.result is None else _tree(layout.result)
    leaves = exactly((tuple(map(tuple, layout.inputs)), tuple(layout.scalars)))
    options = f"{fast} {layout.threads} {layout.watched is not None} {arguments} {result} {leaves} {layout.order}"
    return digest([options.encode(), *flat.parts(outputs)])


def digest(parts: Iterable[bytes]) -> bytes:
    """Of these, and of what is the same for all programs of a process. Raises InexactError."""
    made = hashlib.sha256()
    for part in (_surroundings().encode(), *parts):
        made.update(len(part).to_bytes(8, "little"))
        made.update(part)
    return made.digest()


def _shape(trees: Iterable[Tree]) -> str:
    """Containers, and where leaves and constants are: these are told apart by their place, not by what they are."""
    return f"[{','.join(map(_tree, trees))}]"


def _tree(tree: Tree) -> str:
    if tree.kind == "dict":
        return f"dict{_shape(tree.content.values())}"
    if tree.kind in ("tuple", "list"):
        return f"{tree.kind}{_shape(tree.content)}"
    return f"leaf{tree.content}" if tree.kind == "leaf" else tree.kind


@once
def _surroundings() -> str:
    """What is the same for all programs of a process. Raises InexactError where the files that run are not known."""
    versions = sys.version, np.__version__, layouts(), machine().identity, machine().width
    try:
        files = {path: of for room in _ROOMS for path, of in _files(str(Path(errors.__file__).parent / room))}
        scipy = dict(_scipy())
    except OSError as error:  # in an archive, say
        raise InexactError(f"bibun's own files are not there: {error}") from error
    if not files or max(written for _, written in files.values()) > LOADED - _MOMENT:
        raise InexactError("bibun's own files are other ones than those that run")
    return "\n".join([*map(repr, versions), *(f"{path} {of}" for path, of in sorted((files | scipy).items()))])


def _scipy() -> Iterator[tuple[str, _Stamp]]:
    """Which SciPy there is: some code is for its BLAS and LAPACK, and asks them how much memory they want."""
    spec = find_spec("scipy")
    if spec is not None and spec.origin is not None:
        yield spec.origin, _stamp(Path(spec.origin).stat())


def _files(folder: str) -> Iterator[tuple[str, _Stamp]]:
    """The files that make the code: not by what is in them, which would take longer, but by when it was written."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path, _stamp(entry.stat())
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _files(entry.path)


def _stamp(status: os.stat_result) -> _Stamp:
    return (status.st_size, status.st_mtime_ns), max(status.st_mtime_ns, status.st_ctime_ns)
