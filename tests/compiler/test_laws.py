"""The law of the compiler, for every row of the table: compiled equals eager, in value and in derivatives.

Which calls are sampled is in tests/laws; other dtypes, layouts and values are in test_arguments.py, whole programs in
test_programs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import bibun as bb
from tests.compiler.agreement import agrees
from tests.laws.cases import CONSTANTS, Case, cases
from tests.laws.samples import Sample, draw, takes
from tests.laws.table import TABLE
from tests.laws.test_gate import refused

SEARCHES = {"linear_sum_assignment"}  # a function that asks for values while it runs is not compiled
Call = tuple[Callable[..., Any], tuple[Any, ...]]


def value(s: Sample) -> Call:
    return s.call, s.primals


def reverse(s: Sample) -> Call:
    """The value and the cotangents, for a random cotangent."""

    def f(g: Any, *x: Any) -> Any:
        y, pullback = bb.vjp(s.call, *x)
        return y, pullback(g)

    return f, (s.cotangent(), *s.primals)


def forward(s: Sample) -> Call:
    return lambda x, t: bb.jvp(s.call, x, t), (s.primals, s.tangents)


def second(s: Sample) -> Call:
    """The cotangents and their tangents: forward over reverse."""
    return lambda g, x, t: bb.jvp(lambda *x: bb.vjp(s.call, *x)[1](g), x, t), (s.cotangent(), s.primals, s.tangents)


LAWS = {"value": value, "reverse": reverse, "forward": forward, "second": second}


def asked(law: str) -> Iterator[Any]:
    """Every case in float64. Values in other dtypes too, and for every third case their second derivatives.

    Of rows of SciPy's that a program calls in NumPy one case in two laws says the same.
    """
    for name, row in TABLE.items():
        through_numpy = row.native is None and row.kind in ("elementwise", "several")
        if through_numpy and law not in ("value", "reverse"):
            continue
        for index, case in enumerate(cases(row) if row.kind != "constant" else ()):
            if through_numpy and index:
                break
            others = "fD" if law == "value" or (law == "second" and index % 3 == 0) else ""
            for dtypes in ("d", *others):
                if takes(name, index, dtypes):
                    marks = [pytest.mark.heavy] if law == "second" else []
                    yield pytest.param(law, name, index, dtypes, id=f"{law}-{name}-{case.label}-{dtypes}", marks=marks)


@pytest.mark.parametrize(("law", "name", "index", "dtypes"), [which for law in LAWS for which in asked(law)])
def test_compiled_is_eager(law: str, name: str, index: int, dtypes: str) -> None:
    f, args = LAWS[law](draw(name, index, dtypes))
    agrees(f, args)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}-{n}")
        for name in CONSTANTS
        for n, case in enumerate(CONSTANTS[name])
        if name not in SEARCHES
    ],
)
def test_rows_without_a_derivative(name: str, case: Case) -> None:
    agrees(lambda *inputs: TABLE[name](*inputs, **case.settings), case.inputs)


def test_every_row_is_asked() -> None:
    asked_of = {which.values[1] for law in LAWS for which in asked(law)} | set(CONSTANTS)
    assert asked_of == {name for name, row in TABLE.items() if not refused(row)}
