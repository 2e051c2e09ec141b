"""Every row of the table, and its derivative, as text: run, it returns what the plain call returns.

There is no machine code here: the compiled function itself runs the same text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun import tree
from tests.compiler.reading_back import assert_alike, program_of
from tests.laws.cases import cases
from tests.laws.samples import draw, takes
from tests.laws.table import SCIPY_FUNCTIONS, TABLE

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, at the edge of a domain


def samples() -> Iterator[Any]:
    """A few calls of each row in float64, the others as heavy ones."""
    for name, row in TABLE.items():
        # the settings of SCIPY_FUNCTIONS are objects: only this process can call them
        if row.kind != "constant" and name not in SCIPY_FUNCTIONS:
            for index, case in enumerate(cases(row)):
                if takes(name, index, "d"):
                    marks = [pytest.mark.heavy] if index > 3 else []
                    yield pytest.param(name, index, id=f"{name}-{case.label}", marks=marks)


@pytest.fixture(autouse=True)
def numpy_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bibun.compiler.compiled.available", lambda: False)


@pytest.mark.parametrize(("name", "index"), list(samples()))
def test_value_and_cotangents(name: str, index: int) -> None:
    s = draw(name, index, "d")

    def both(g: Any, *x: Any) -> Any:
        y, pullback = bb.vjp(s.call, *x)
        return y, pullback(g)

    g = s.cotangent()
    want = both(g, *s.primals)
    compiled = bb.compile(both)
    assert_alike(compiled(g, *s.primals), want)
    with np.errstate(all="ignore"):
        got = program_of(compiled.source(), {"s": s})(g, *s.primals)
    assert_alike(tree.flatten(got)[0], tree.flatten(want)[0])  # a named tuple is a plain one in the text
