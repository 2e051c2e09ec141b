"""Machine code on disk: a second process compiles nothing; whatever is wrong with the files, the results are right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native import cache
from bibun.compiler.native.machine import Machine, available

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")

# Prints how many modules LLVM has compiled, and the results, bit for bit.
PROCESS = """
import json
import numpy as np
import bibun as bb
from bibun.compiler.native.machine import Machine

compiled, make = [], Machine._compiled
Machine._compiled = lambda self, text: compiled.append(1) or make(self, text)

def loss(w, x):
    for _ in range(3):
        w = np.tanh(x @ w)
    return np.sum(np.where(w > 0, w, np.exp(w)))

random = np.random.default_rng(0)
w, x = random.normal(size=40), random.normal(size=(40, 40)) / 6
long = np.linspace(0.0, 1.0, 300_000)
results = [*bb.compile(bb.value_and_grad(loss))(w, x), bb.compile(lambda v: np.sum(np.sin(v)))(long)]
results.append(bb.compile(lambda n: n + 1)(3))
print(json.dumps([len(compiled), [np.asarray(y).tobytes().hex() for y in results]]))
"""


def process(folder: Path) -> subprocess.Popen[str]:
    """A process of its own that compiles, with its files in a folder."""
    environment = os.environ | {cache.VARIABLE: str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def outcome(started: subprocess.Popen[str]) -> Any:
    out, said = started.communicate(timeout=120)
    assert started.returncode == 0, said
    return json.loads(out)


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    made, first = outcome(process(tmp_path))
    assert made == len(list(tmp_path.glob("*.code"))) > 2
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again, second = outcome(process(tmp_path))
    assert (again, second) == (0, first)
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_processes_that_write_at_the_same_time(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "by whoever is first"
    found = [outcome(started) for started in [process(folder) for _ in range(4)]]
    assert all(results == found[0][1] for _, results in found)
    assert all(path.suffix in cache.KINDS for path in folder.iterdir())
    made, results = outcome(process(folder))
    assert (made, results) == (0, found[0][1])


# ---- files that are not what they should be -----------------------------------------------------------


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that LLVM compiles in this test, where the cache is a folder of its own."""
    bb.compile(np.sin)  # makes what a process makes once
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    texts: list[str] = []
    make = Machine._compiled

    def compiled(self: Machine, text: str) -> bytes:
        texts.append(text)
        return make(self, text)

    monkeypatch.setattr(Machine, "_compiled", compiled)
    return texts


def is_right() -> None:
    """Compile from the beginning, and compare."""
    x = np.linspace(-1.0, 2.0, 7)
    np.testing.assert_allclose(bb.compile(bb.grad(lambda v: np.sum(np.exp(v) * v)))(x), np.exp(x) * (1 + x), rtol=1e-14)


def replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def other_owner(path: Path) -> None:
    if os.getuid():
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, 12345)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: replaced(path, b""),
    "cut short": lambda path: replaced(path, path.read_bytes()[:-1]),
    "cut in its head": lambda path: replaced(path, path.read_bytes()[:40]),
    "longer": lambda path: replaced(path, path.read_bytes() + b"\0"),
    "one bit": lambda path: replaced(
        path, path.read_bytes()[:-9] + bytes([path.read_bytes()[-9] ^ 4]) + path.read_bytes()[-8:]
    ),
    "text": lambda path: replaced(path, b"not machine code" * 100),
    "zeros": lambda path: replaced(path, bytes(path.stat().st_size)),
    "of another program": lambda path: replaced(path, (path.parent.parent / "other").read_bytes()),
    "anybody may write": lambda path: path.chmod(0o666),
    "the group may write": lambda path: path.chmod(0o660),
    "of another owner": other_owner,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_file_that_is_not_ours_is_made_anew(damage: Any, modules: list[str], tmp_path: Path) -> None:
    cache.code_for("another program", lambda: b"its code")
    (file,) = cache.files()
    file.rename(tmp_path / "other")
    is_right()
    good = {path: path.read_bytes() for path in cache.files()}
    codes = [path for path in good if path.suffix == cache.CODE]
    assert len(codes) == len(modules) > 0
    for path in good:
        damage(path)
    before = len(modules)
    is_right()
    assert len(modules) == before + len(codes)
    assert {path: path.read_bytes() for path in cache.files()} == good
    is_right()
    assert len(modules) == before + len(codes)


def test_a_folder_in_place_of_a_file(modules: list[str]) -> None:
    is_right()
    for path in list(cache.files()):
        a_folder(path)
    before = len(modules)
    is_right()
    assert len(modules) > before
    assert not [path for path in cache.folder().iterdir() if path.name.startswith(".")]


def test_what_a_process_left_that_died_while_it_wrote(modules: list[str]) -> None:
    cache.folder().mkdir()
    (cache.folder() / ".writing-abc").write_bytes(b"half of")
    is_right()
    assert sum(path.suffix not in (cache.PLAN, cache.START) for path in cache.files()) == len(modules) + 1


# ---- folders that cannot be used ------------------------------------------------------------------------


def unwritable(folder: Path) -> Path:
    if not os.getuid():  # root may write everywhere, but not here
        return Path("/proc/bibun") if sys.platform == "linux" else pytest.skip("runs as root")
    folder.mkdir(mode=0o500)
    return folder


def a_file(folder: Path) -> Path:
    folder.write_text("no folder")
    return folder


def below_a_file(folder: Path) -> Path:
    return a_file(folder) / "deeper" / "down"


FOLDERS = {
    "unwritable": unwritable,
    "a file": a_file,
    "below a file": below_a_file,
    "a device": lambda _: Path("/dev/null"),
}


@pytest.mark.parametrize("make", FOLDERS.values(), ids=FOLDERS)
def test_a_folder_that_cannot_be_used(
    make: Callable[[Path], Path], modules: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "place")
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    for _ in range(2):
        before = len(modules)
        is_right()
        assert len(modules) > before
    assert not list(cache.files())
    assert cache.clear() == []


def test_a_disk_that_is_full(modules: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that was begun is gone."""

    def full(handle: int, mode: str) -> Any:
        os.close(handle)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "fdopen", full)
    is_right()
    assert modules
    assert not list(cache.files())


# ---- by itself -------------------------------------------------------------------------------------------


def test_threads_that_want_the_same_code(modules: list[str]) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: cache.code_for("text", lambda: b"code"), range(40)))
    assert set(found) == {b"code"}
    assert len(list(cache.files())) == 1


def test_what_the_code_is_made_from_is_the_name(modules: list[str]) -> None:
    assert cache.code_for("a", lambda: b"1") == b"1"
    assert cache.code_for("b", lambda: b"2") == b"2"
    assert cache.code_for("a", lambda: b"3") == b"1"
    assert len(cache.clear()) == 2
    assert cache.code_for("a", lambda: b"3") == b"3"


# ---- the limit -------------------------------------------------------------------------------------------


def fill(count: int) -> list[Path]:
    """Files of 164 bytes, each used a day after the one before, a year ago."""
    paths = []
    for n in range(count):
        key = bytes([n]) * 32
        cache.write(key, cache.CODE, bytes(100))
        paths.append(cache.folder() / f"{key.hex()}.code")
    for n, path in enumerate(paths):
        os.utime(path, (1.6e9 + n * 86_400, 1.6e9))
    return paths


def test_what_has_not_been_used_for_longest_goes(modules: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to three quarters of the limit; a file that is read is used."""
    paths = fill(20)
    (cache.folder() / "mine").write_bytes(bytes(5000))
    monkeypatch.setenv(cache.LIMIT, str(20 * 164))
    cache.trim()
    assert all(path.exists() for path in paths)
    assert cache.read(bytes([3]) * 32, cache.CODE) == bytes(100)
    monkeypatch.setenv(cache.LIMIT, str(10 * 164))
    cache.trim()
    assert [n for n, path in enumerate(paths) if path.exists()] == [3, *range(14, 20)]
    assert (cache.folder() / "mine").exists()


def test_some_writes_look(modules: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    paths = fill(20)
    monkeypatch.setenv(cache.LIMIT, "1000")
    cache.write(bytes([1]) * 32, cache.CODE, bytes(100))
    assert all(path.exists() for path in paths)
    cache.write(bytes([0]) * 32, cache.CODE, bytes(100))
    assert sum(cache.sizes()) <= 750
    assert paths[0].exists()  # just written


def test_nothing_is_kept_where_the_limit_is_0(modules: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.LIMIT, "0")
    monkeypatch.setattr(cache, "_LOOKS", 1)
    is_right()
    assert not cache.sizes()
    is_right()


def test_use_is_noted_once_a_day(modules: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the file system, which may be told not to."""
    (path,) = fill(1)
    noted: list[Any] = []
    note = os.utime
    monkeypatch.setattr(cache.os, "utime", lambda *args, **kwargs: noted.append(note(*args, **kwargs)))
    for age, times in ((3600, 0), (90_000, 1)):
        note(path, (time.time() - age, 1.6e9))
        cache.read(bytes(32), cache.CODE)
        assert len(noted) == times
    assert time.time() - path.stat().st_atime < 60
    assert path.stat().st_mtime == 1.6e9


def test_nobody_else_can_read_or_write_it(modules: list[str]) -> None:
    is_right()
    assert all(path.stat().st_mode & 0o077 == 0 for path in (cache.folder(), *cache.files()))
