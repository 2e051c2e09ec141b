"""Programs written for autograd, moved by replacing its name in their text: the results are those of closed forms.

Each file of programs/ has result(), which uses autograd, and expected(), which does not. Where autograd is installed, the
text as it stands is run too.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

NEEDS = {
    "distributions": "bibun.scipy.stats",
    "gaussian_process": "bibun.scipy.linalg",
    "ordinary_equations": "bibun.scipy.integrate",
    "special_functions": "bibun.scipy.special",
}
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))


def run(path: Path, text: str) -> ModuleType:
    module = ModuleType(path.stem)
    exec(compile(text, str(path), "exec"), vars(module))
    return module


def moved(text: str) -> str:
    """What `sed "s/\\bautograd\\b/bibun.compat.autograd/g"` makes of it."""
    return re.sub(r"\bautograd\b", "bibun.compat.autograd", text)


def same(found: Any, expected: Any) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_moved_text_gives_the_closed_forms(path: Path) -> None:
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    program = run(path, moved(path.read_text(encoding="utf-8")))
    same(program.result(), program.expected())


@pytest.mark.skipif(importlib.util.find_spec("autograd") is None, reason="autograd is not installed")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_text_as_it_stands_gives_them_with_autograd(path: Path) -> None:
    program = run(path, path.read_text(encoding="utf-8"))
    same(program.result(), program.expected())
