"""Programs on disk, so that one that was compiled once is loaded by the next process.

A file's name is the digest of all that its content was made from. It begins with that digest and with one of the content:
a file that is cut short, changed, or made from something else is not read. Only files of the user's own are.

The files have a limit together. Beyond it those go that have not been used for longest.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time_ns

import platformdirs

from bibun.errors import CompileWarning, warn

VARIABLE = "BIBUN_CACHE_DIR"
LIMIT = "BIBUN_CACHE_SIZE"
_BYTES = 10**9  # where $BIBUN_CACHE_SIZE says nothing
_LEFT = 0.75  # of the limit, of what is there when it is exceeded
_LOOKS = 256  # one write of so many looks how much there is: looking takes a millisecond for a thousand files
_USED = 86_400 * 10**9  # nanoseconds: how well it is known when a file was used last
# machine code; how a program with such code is run (plan.py); which programs are those of a function (starts.py)
KINDS = CODE, PLAN, START = ".code", ".plan", ".start"
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
            status = os.fstat(file.fileno())
            if not _own(status):
                return None
            whole = file.read()
    except OSError:
        return None
    _use(_path(key, suffix), status)
    content = whole[2 * _DIGEST :]
    if whole[:_DIGEST] != key or whole[_DIGEST : 2 * _DIGEST] != hashlib.sha256(content).digest():
        return None
    return content


def write(key: bytes, suffix: str, content: bytes) -> None:
    """Keep this for the next process. Without a place to write to, each process makes its own."""
    with contextlib.suppress(OSError):
        _write(_path(key, suffix), key, content)
    if key[0] % _LOOKS == 0:  # keys are digests: each of these is as frequent
        trim()


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
        yield from (path for path in folder().iterdir() if path.suffix in KINDS or path.name.startswith(_UNFINISHED))


def limit() -> int:
    """The bytes that the files may have together: $BIBUN_CACHE_SIZE, or a gigabyte."""
    text = os.environ.get(LIMIT, "")
    try:
        return max(int(float(text)), 0) if text else _BYTES
    except (ValueError, OverflowError):
        warn(f"compile: ${LIMIT} is {text!r}, but it is a number of bytes: 5e8. So it is {_BYTES:.0e}.", CompileWarning)
        return _BYTES


def _use(path: Path, status: os.stat_result) -> None:
    """Note that a file is used, once a day: by its time of access, which file systems do not keep by themselves."""
    now = time_ns()
    if now - status.st_atime_ns > _USED:
        with contextlib.suppress(OSError):
            os.utime(path, ns=(now, status.st_mtime_ns))


def trim() -> None:
    """Delete the files that have not been used for longest, where all together are more than the limit."""
    found = []
    for path in files():
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append((max(status.st_atime_ns, status.st_mtime_ns), status.st_size, path))
    total, most = sum(size for _, size, _ in found), limit()
    if total <= most:
        return
    for _, size, path in sorted(found):
        if total <= _LEFT * most:
            return
        with contextlib.suppress(OSError):  # somebody else's, or gone
            path.unlink()
            total -= size


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
