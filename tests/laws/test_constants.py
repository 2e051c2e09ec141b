"""Rows without a derivative: each has a reason, and its value passes through every interpreter as the plain one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.core.traced import Traced
from tests.laws.cases import CONSTANTS, Case
from tests.laws.differences import parts
from tests.laws.table import TABLE

ROWS = [row for row in TABLE.values() if row.kind == "constant"]
SAMPLES = [
    pytest.param(row, case, id=f"{row.name}-{n}") for row in ROWS for n, case in enumerate(CONSTANTS.get(row.name, ()))
]
FLOATING = [sample for sample in SAMPLES if all(x.dtype.kind == "f" for x in sample.values[1].inputs)]


def assert_plain(got: Any, want: Any) -> None:
    for a, b in zip(parts(got), parts(want), strict=True):
        assert not isinstance(a, Traced), f"{a!r} is traced"
        assert np.result_type(a) == np.result_type(b)
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_without_a_derivative_says_why(row: Any) -> None:
    assert len(row.reason.split()) > 4, f"{row.name}: say in a sentence why it has no derivative"


@pytest.mark.parametrize(("row", "case"), FLOATING)
def test_value_is_plain_under_grad(row: Any, case: Case) -> None:
    seen = []

    def f(*xs: Any) -> Any:
        seen.append(row(*xs, **case.settings))
        return sum(np.sum(3 * x) for x in xs)

    with np.errstate(invalid="ignore"):  # the sum of inf and -inf
        gradients = bb.grad(f, argnums=tuple(range(len(case.inputs))))(*case.inputs)
    assert_plain(seen[0], row.function(*case.inputs, **case.settings))
    for gradient, x in zip(gradients, case.inputs, strict=True):
        np.testing.assert_array_equal(gradient, np.full_like(x, 3))


@pytest.mark.parametrize(("row", "case"), FLOATING)
def test_value_is_plain_under_jvp_and_nested_grad(row: Any, case: Case) -> None:
    seen = []

    def f(*xs: Any) -> Any:
        seen.append(row(*xs, **case.settings))
        return sum(np.sum(3 * x) for x in xs)

    with np.errstate(invalid="ignore"):
        bb.jvp(bb.grad(f), case.inputs, case.inputs)
    assert_plain(seen[0], row.function(*case.inputs, **case.settings))


@pytest.mark.parametrize(("row", "case"), SAMPLES)
def test_value_is_plain_on_variables(row: Any, case: Case) -> None:
    got = row(*(bb.Variable(x) for x in case.inputs), **case.settings)
    assert_plain(got, row.function(*case.inputs, **case.settings))


def fits_in_a_batch(row: Any) -> bool:
    """Not where NumPy answers with as many indices as it finds."""
    return row.name not in ("argwhere", "nonzero", "flatnonzero")


@pytest.mark.parametrize(("row", "case"), [s for s in SAMPLES if fits_in_a_batch(s.values[0])])
def test_batched_is_looped(row: Any, case: Case) -> None:
    count = len(case.inputs)
    for batched in [tuple(range(count)), *([i] for i in range(count))]:
        args = [
            np.stack([x, np.roll(x, 1, -1) if np.ndim(x) else x]) if i in batched else x
            for i, x in enumerate(case.inputs)
        ]
        if row.name in ("searchsorted", "digitize") and (row.name == "digitize") in batched:
            continue  # rolled edges are not in order
        entries = [[a[n] if i in batched else a for i, a in enumerate(args)] for n in (0, 1)]
        looped = [parts(row.function(*entry, **case.settings)) for entry in entries]
        axes = tuple(0 if i in batched else None for i in range(count))
        got = bb.vmap(lambda *xs: row(*xs, **case.settings), in_axes=axes)(*args)
        for part, *wanted in zip(parts(got), *looped, strict=True):
            np.testing.assert_array_equal(part, np.stack(wanted))


@pytest.mark.parametrize(("row", "case"), [s for s in FLOATING if getattr(np, s.values[0].name, None)])
def test_numpys_function_of_variables_is_plain(row: Any, case: Case) -> None:
    function = getattr(np, row.name)
    settings = {name: value for name, value in case.settings.items() if name in ("axis", "keepdims", "kth")}
    got = function(*(bb.Variable(x) for x in case.inputs), **settings)
    assert_plain(got, function(*case.inputs, **settings))


X = np.array([3.0, 1.0, 2.0])
CALLS = {
    "argmax by keyword": lambda x: np.argmax(a=x),
    "argsort by keyword": lambda x: np.argsort(a=x),
    "isclose by keyword": lambda x: np.isclose(a=x, b=X),
    "allclose by keyword": lambda x: np.allclose(X, b=x),
    "searchsorted by keyword": lambda x: np.searchsorted(np.sort(X), v=x),
    "digitize by keyword": lambda x: np.digitize(x=x, bins=np.sort(X)),
    "any by keyword": lambda x: np.any(a=x > 2),
    "lexsort of a tuple": lambda x: np.lexsort((x, x)),
    "count_nonzero along an axis": lambda x: np.count_nonzero(x, axis=0),
    "all, where=": lambda x: np.all(x, where=np.array([True, False, True])),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_arrays_by_keyword_and_in_sequences(call: Any) -> None:
    assert_plain(call(bb.Variable(X)), call(X))
