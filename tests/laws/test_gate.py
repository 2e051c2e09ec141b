"""The gate: a row that no law has touched fails here, and is told what to add."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from inspect import signature

import numpy as np

from bibun.arrays.registry import FUNCTIONS
from bibun.core.kinds import constant, linear
from bibun.core.primitive import Primitive
from bibun.primitives import FAMILIES
from tests.laws.cases import CASES, CONSTANTS, cases
from tests.laws.table import TABLE
from tests.laws.test_laws import LAWS, PARAMETERS


def untouched(table: Mapping[str, Primitive], asked: Mapping[str, set[str]], laws: Iterable[str]) -> list[str]:
    """What is missing, a line a row. `asked`: by the name of a law, the rows at which it was asked."""
    missing = []
    for name, row in table.items():
        if row.kind == "constant":
            if name not in CONSTANTS:
                missing.append(f"{name}: add sample inputs to CONSTANTS in tests/laws/cases.py")
        elif not cases(row):
            missing.append(f"{name}: add sample calls to CASES in tests/laws/cases.py, several shapes and settings")
        else:
            without = [law for law in laws if name not in asked[law]]
            if without:
                missing.append(f"{name}: never asked {', '.join(without)}: do its cases have an input that varies?")
    return missing


def asked() -> dict[str, set[str]]:
    """The rows at which each law is asked."""
    found: dict[str, set[str]] = {law.check.__name__: set() for law in LAWS}
    for parameter in PARAMETERS:
        law, name, *_ = parameter.values
        found[law.check.__name__].add(name)
    return found


def test_every_law_is_asked_of_every_row() -> None:
    missing = untouched(TABLE, asked(), [law.check.__name__ for law in LAWS])
    assert not missing, "rows without a law:\n" + "\n".join(missing)


def test_no_cases_of_rows_that_are_gone() -> None:
    assert not CASES.keys() - TABLE.keys()
    assert not CONSTANTS.keys() - TABLE.keys()


def test_no_two_rows_have_one_name() -> None:
    rows = {id(row): row for module in FAMILIES.values() for row in vars(module).values() if isinstance(row, Primitive)}
    names = [row.name for row in rows.values()]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_the_gate_names_a_new_row() -> None:
    double = linear(lambda x: 2 * x, lambda g: 2 * g, name="double")
    parity = constant(np.signbit, "a sign is one of two", name="parity")
    missing = untouched({"double": double, "parity": parity}, asked(), [])
    assert missing == [
        "double: add sample calls to CASES in tests/laws/cases.py, several shapes and settings",
        "parity: add sample inputs to CONSTANTS in tests/laws/cases.py",
    ]


def test_the_gate_names_a_row_that_a_law_left_out() -> None:
    row = TABLE["exp"]
    missing = untouched({"exp": row}, {"some_law": set()}, ["some_law"])
    assert missing == ["exp: never asked some_law: do its cases have an input that varies?"]


def ignored_parameters(row: Primitive) -> list[str]:
    """Parameters of NumPy's function that the row stands for, which its rules cannot know: they read inputs only."""
    if isinstance(row.function, np.ufunc) or FUNCTIONS.get(row.function) is not row or row.kind == "constant":
        return []
    if not row.function.__module__.startswith("numpy"):
        return []
    return list(signature(row.function).parameters)[len(row.inputs or ()) :]


def test_a_row_that_stands_for_numpys_function_ignores_none_of_its_parameters() -> None:
    ignored = {row.name: names for row in TABLE.values() if (names := ignored_parameters(row))}
    assert not ignored, f"give these a stand-in (@implements) that uses or refuses the parameter: {ignored}"
