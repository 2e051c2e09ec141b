"""No program reads or writes outside of its arguments, results and workspace."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.compiler.fenced import Fence


def runs(code: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *code], capture_output=True, text=True, timeout=600, check=False)


def test_a_fence_stops_what_goes_beyond_it() -> None:
    """Else the other tests would show nothing."""
    text = "from tests.compiler.fenced import Fence; a = Fence(8).array((1,), 'd', at_end={}); import ctypes; {}"
    address = "ctypes.memset(a.ctypes.data + {}, 0, 1)"
    assert runs(["-c", text.format(True, address.format(7))]).returncode == 0
    assert runs(["-c", text.format(True, address.format(8))]).returncode < 0
    assert runs(["-c", text.format(False, address.format(-1))]).returncode < 0
    assert Fence(8).stop - Fence(8).start >= 8


@pytest.mark.parametrize(("law", "count"), [("gradient", 12), ("large", 4)])
def test_random_programs_stay_inside(law: str, count: int) -> None:
    done = runs(["-m", "tests.compiler.fenced_programs", law, str(count), "1"])
    assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stderr[-3000:]}"
