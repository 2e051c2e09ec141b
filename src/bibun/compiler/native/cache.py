"""Programs on disk, so that one that was compiled once is loaded by the next process.

A file's name is the digest of all that its content was made from. It begins with that digest and with one of the content:
a file that is cut short, changed, or made from something else is not read. Only files of the user's own are.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs

VARIABLE = "BIBUN_CACHE_DIR"
CODE, PLAN = ".code", ".plan"  # machine code; how a program with such code is run (plan.py)
_UNFINISHED = ".writing-"  # begins the name of a file that is being written, or whose process died then
_DIGEST = hashlib.sha256().digest_size


def chosen() -> str:
    """The folder that $BIBUN_CACHE_DIR names; empty where it names none."""
    return os.environ.get(VARIABLE, "")


def folder() -> Path:
    """Where the files are: the chosen folder, or the platform's for such things. It need not exist."""
    return Path(chosen() or Path(platformdirs.user_cache_dir("bibun", appauthor=False)) / "compiled")


def key_of(source: str) -> bytes:
    """The key of the code made from this text (which names the machine and all versions too)."""
    return hashlib.sha256(source.encode()).digest()


def code_for(source: str, make: Callable[[], bytes]) -> bytes:
    """The code made from a text: that on disk, or that of `make`."""
    key = key_of(source)
    found = read(key, CODE)
    if found is None:
        found = make()
        write(key, CODE, found)
    return found


def read(key: bytes, suffix: str) -> bytes | None:
    """What was written for a key; None where there is no file, or it is not what it should be."""
    try:
        with _path(key, suffix).open("rb") as file:
            if not _own(os.fstat(file.fileno())):
                return None
            whole = file.read()
    except OSError:
        return None
    content = whole[2 * _DIGEST :]
    if whole[:_DIGEST] != key or whole[_DIGEST : 2 * _DIGEST] != hashlib.sha256(content).digest():
        return None
    return content


def write(key: bytes, suffix: str, content: bytes) -> None:
    """Keep this for the next process. Without a place to write to, each process makes its own."""
    with contextlib.suppress(OSError):
        _write(_path(key, suffix), key, content)


def _path(key: bytes, suffix: str) -> Path:
    return folder() / (key.hex() + suffix)


def _own(status: os.stat_result) -> bool:
    """Whether nobody but the user can have written it."""
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _write(path: Path, key: bytes, content: bytes) -> None:
    """All or nothing: another process sees no half-written file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key + hashlib.sha256(content).digest() + content)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def files() -> Iterator[Path]:
    """All files of the cache."""
    with contextlib.suppress(OSError):
        yield from (
            path for path in folder().iterdir() if path.suffix in (CODE, PLAN) or path.name.startswith(_UNFINISHED)
        )


def sizes() -> list[int]:
    """The bytes of each file."""
    found = []
    for path in files():
        with contextlib.suppress(OSError):
            found.append(path.stat().st_size)
    return found


def clear() -> list[int]:
    """Delete them; how many bytes each was. A file that cannot be deleted stays."""
    deleted = []
    for path in files():
        with contextlib.suppress(OSError):
            size = path.stat().st_size
            path.unlink()
            deleted.append(size)
    return deleted
