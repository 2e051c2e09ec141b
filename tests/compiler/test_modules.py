"""Long programs are several modules, which become machine code at the same time and are linked together."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.native import cache, objects
from bibun.compiler.native.machine import Machine, available
from bibun.errors import CompileWarning

from .test_long_programs import without_period

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")
make = Machine._compiled
X = np.linspace(0.1, 1, 10)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache: nothing is there yet."""
    bb.compile(np.sin)(1.0)  # makes what a process makes once
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    return tmp_path


def agrees(compiled: Any, function: Any, x: Any) -> None:
    (value, gradient), (want, slope) = compiled(x), function(x)
    np.testing.assert_allclose(value, want, rtol=1e-11)
    np.testing.assert_allclose(gradient, slope, rtol=1e-8, atol=1e-12)


def test_a_word_of_mathematics_is_written_once() -> None:
    """The other modules have it from the first one that needs it."""
    function = bb.value_and_grad(without_period(401))
    compiled = bb.compile(function)
    agrees(compiled, function, X)
    text = compiled.llvm()  # type: ignore[attr-defined]
    written = re.findall(r"^define hidden fastcc .* @(bibun\.\S+)\(", text, re.M)
    assert len(written) == len(set(written)) > 2
    assert set(re.findall(r"^declare hidden fastcc .* @(bibun\.\S+)\(", text, re.M)) <= set(written)
    assert text.count("define hidden i32 @part") > 2


def test_two_modules_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the first two waits until the other one is being compiled too, past the lock of llvmlite."""
    together = threading.Barrier(2, timeout=60)
    count = iter(range(10_000)).__next__
    threads: set[int] = set()

    def compiled(self: Machine, text: str) -> bytes:
        threads.add(threading.get_ident())
        if count() < 2:
            together.wait()
        return make(self, text)

    monkeypatch.setattr(objects, "cores", lambda: 2)
    monkeypatch.setattr(Machine, "_compiled", compiled)
    function = bb.value_and_grad(without_period(402))
    agrees(bb.compile(function), function, X)
    assert len(threads) == 2
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_the_number_of_cores_changes_nothing(workers: int, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "cores", lambda: workers)
    compiled = bb.compile(bb.value_and_grad(without_period(403)))
    compiled(X)
    names = sorted(path.name for path in kept.glob("*.code"))
    assert len(names) > 3
    for name in names:
        (kept / name).unlink()
    monkeypatch.setattr(objects, "cores", lambda: 3)
    bb.compile(bb.value_and_grad(without_period(403)))(X)
    assert sorted(path.name for path in kept.glob("*.code")) == names


def test_where_one_module_is_gone_only_that_one_is_compiled(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    function = bb.value_and_grad(without_period(404))
    agrees(bb.compile(function), function, X)
    codes = sorted(kept.glob("*.code"))
    codes[1].unlink()
    codes[2].write_bytes(codes[2].read_bytes()[:-9])
    texts: list[str] = []
    monkeypatch.setattr(Machine, "_compiled", lambda self, text: texts.append(text) or make(self, text))
    agrees(bb.compile(function), function, X)
    assert len(texts) == 2
    assert sorted(kept.glob("*.code")) == codes


def test_where_one_of_them_cannot_be_made_the_program_runs_through_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(self: Machine, text: str) -> bytes:
        return make(self, text.replace("@part1(", "@part1(ptr %one.too.many, "))

    monkeypatch.setattr(Machine, "_compiled", compiled)
    function = bb.value_and_grad(without_period(405))
    program = bb.compile(function)
    with pytest.warns(CompileWarning, match="no machine code could be made"):
        agrees(program, function, X)
    monkeypatch.undo()
    other = bb.value_and_grad(without_period(406))
    agrees(bb.compile(other), other, X)  # nothing is held that others wait for


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_fork_waits_for_the_modules_that_are_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the child, the threads that make them would be gone, and whatever they hold would stay held."""
    started, done = threading.Event(), []

    def compiled(self: Machine, text: str) -> bytes:
        started.set()
        code = make(self, text)
        done.append(text)
        return code

    monkeypatch.setattr(Machine, "_compiled", compiled)
    function = bb.value_and_grad(without_period(407))
    program = bb.compile(function)
    other = threading.Thread(target=program, args=(X,))
    other.start()
    assert started.wait(60)
    child = os.fork()
    if not child:
        os._exit(0 if len(done) > 3 else 1)
    _, status = os.waitpid(child, 0)
    other.join()
    assert os.waitstatus_to_exitcode(status) == 0
    agrees(program, function, X)
