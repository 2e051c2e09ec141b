"""np.pad in all its modes, and windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, sample

X, V, S = sample(3, 4), sample(5, seed=1), np.array(0.7)

PADS: dict[str, Any] = {
    "linear_ramp": lambda x, s: np.pad(x * x, ((1, 2), (2, 0)), "linear_ramp"),
    "linear_ramp to ends": lambda x, s: np.pad(x, ((1, 2), (2, 1)), "linear_ramp", end_values=((s, 1.0), (2.0, s * s))),
    "mean": lambda x, s: np.pad(x * s, 2, "mean"),
    "mean of some": lambda x, s: np.pad(x * s, ((1, 1), (2, 0)), "mean", stat_length=((1, 2), (3, 1))),
    "median": lambda x, s: np.pad(x * s, 1, "median", stat_length=3),
    "maximum": lambda x, s: np.pad(x * s, (2, 1), "maximum"),
    "minimum": lambda x, s: np.pad(x * s, 1, "minimum", stat_length=(2, 1)),
    "odd reflect": lambda x, s: np.pad(x * s, ((5, 2), (3, 9)), "reflect", reflect_type="odd"),
    "odd symmetric": lambda x, s: np.pad(x * s, ((5, 2), (3, 9)), "symmetric", reflect_type="odd"),
    "odd reflect of one": lambda x, s: np.pad(x[:1] * s, 2, "reflect", reflect_type="odd"),
    "constants of each side": lambda x, s: np.pad(x, ((1, 2), (2, 1)), constant_values=((s, 1.0), (2.0, s * s))),
    "dict": lambda x, s: np.pad(x * s, {1: (1, 2), -2: 1}, mode="edge"),
}


@pytest.mark.parametrize("name", PADS)
def test_pad(name: str) -> None:
    if name == "dict" and np.lib.NumpyVersion(np.__version__) < "2.2.0":
        pytest.skip("a dict of widths is new in NumPy 2.2")
    check(PADS[name], X, S)


def test_pad_of_no_axes_and_of_complex_numbers() -> None:
    assert bb.grad(lambda s: np.pad(s, 0) ** 2)(3.0) == 6
    check_first(lambda z: np.pad(z, 2, "mean"), V + 1j * V[::-1])
    with pytest.raises(ValueError, match="can't extend empty axis"):
        bb.grad(lambda x: np.sum(np.pad(x, 1, "mean")))(np.zeros(0))


WINDOWS: dict[str, Any] = {
    "of a vector": lambda x, s: np.lib.stride_tricks.sliding_window_view(x[0] * s, 3),
    "of a matrix": lambda x, s: np.lib.stride_tricks.sliding_window_view(x * s, (2, 3)),
    "along an axis": lambda x, s: np.lib.stride_tricks.sliding_window_view(x * s, 2, axis=0),
    "twice along one": lambda x, s: np.lib.stride_tricks.sliding_window_view(x * s, (2, 2), (1, 1)),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name: str) -> None:
    check(WINDOWS[name], X, S)
