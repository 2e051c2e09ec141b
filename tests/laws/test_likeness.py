"""The law that a value's class, shape and dtype do not hang on its entries: a program gives those of the run it was made of."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from bibun.core.kinds import guarded_times
from bibun.interpreters.likeness import likeness
from tests.laws.cases import cases
from tests.laws.samples import Sample
from tests.laws.table import TABLE

NAMES = [  # SciPy's own may loop at nan, or crash
    name
    for name, row in TABLE.items()
    if getattr(np, getattr(row.function, "__name__", ""), None) is row.function or row is guarded_times
]


def without_entries(x: Any) -> Any:
    """nan in each place where a number varies continuously."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
        return np.full(x.shape, np.nan, x.dtype)
    return type(x)(np.nan) if isinstance(x, np.inexact) else x


def likes(y: Any) -> Any:
    return tuple(map(likes, y)) if isinstance(y, tuple) else likeness(y)


@pytest.mark.parametrize("name", NAMES)
def test_nan_in_its_place_is_like_a_value(name: str) -> None:
    row = TABLE[name]
    for case in cases(row):
        for dtype in "dfD":
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    inputs = Sample(row, case, dtype).inputs
                    value = row.function(*inputs, **case.settings)
                    unknown = row.function(*map(without_entries, inputs), **case.settings)
                except (TypeError, ValueError, np.linalg.LinAlgError):  # not of this dtype; or LAPACK refuses nan
                    continue
            assert likes(unknown) == likes(value), case.label


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.complex64, np.complex128])
def test_a_guarded_product_of_numbers_is_a_number(kind: Any) -> None:
    for a, b, want in ((2, 3, 6), (0, np.inf, 0), (2, np.inf, np.inf)):
        with np.errstate(all="ignore"):
            found = guarded_times.function(kind(a), kind(b))
        assert type(found) is kind
        assert found.real == want
