"""The calls of the standard with arrays of every dtype, of no entries, of odd values: results, dtypes and errors are NumPy's.

For arrays that bibun.numpy makes, those that were filled with plain or with traced values, and Variables.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bibun as bb
import bibun.numpy
from bibun.core.traced import Traced, bare
from tests.namespace.standard import ARRAYS, CALLS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

DTYPES = ["bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]
DTYPES += ["float32", "float64", "complex64", "complex128"]
PLACES = ("i", "j", "mask")  # arrays that choose entries stay what they are


def filled(array: Any) -> Any:
    made = bibun.numpy.empty(array.shape, dtype=array.dtype)
    made[...] = array
    return made


# Of no entries NumPy's irfft gives what it finds in memory, and its take looks at no index.
NOT_EMPTY = ("fft.irfft", "fft.irfftn", "fft.hfft", "take")


def stored(array: np.ndarray) -> Any:
    return filled(bb.Variable(array) if array.dtype.kind in "fc" else array)


KINDS = {"made": bibun.numpy.asarray, "filled": filled, "stored": stored, "Variable": bb.Variable}


def arrays(dtype: str, lengths: dict[int, int], numbers: list[float]) -> dict[str, np.ndarray]:
    """The arrays of the standard's calls, of this dtype, with other lengths and these numbers over and over."""
    with np.errstate(all="ignore"):
        return {
            name: value.copy()
            if name in PLACES
            else np.resize(numbers, [lengths.get(n, n) for n in value.shape]).astype(dtype)
            for name, value in ARRAYS.items()
        }


def outcome(call: str, xp: Any, given_arrays: dict[str, Any]) -> Any:
    """The results as a list, or the error."""
    try:
        found = eval(CALLS[call], {"xp": xp} | given_arrays)
    except Exception as error:  # noqa: BLE001  what NumPy raises is to be raised, whatever it is
        return error
    return list(found) if isinstance(found, (tuple, list)) else [found]


def compare(mine: Any, theirs: Any) -> None:
    plain = np.asarray(bare(mine) if isinstance(mine, Traced) else mine)
    assert np.shape(mine) == np.shape(theirs)
    assert plain.dtype == np.asarray(theirs).dtype
    rough = plain.dtype in (np.float32, np.complex64)
    np.testing.assert_allclose(plain, theirs, rtol=1e-5 if rough else 1e-12, atol=1e-5 if rough else 1e-13)


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=10)
@given(data=st.data())
def test_results_and_errors_are_those_of_numpy(call: str, data: st.DataObject) -> None:
    odd = () if "linalg" in call or "fft" in call else (-0.0, np.inf, np.nan)
    numbers = data.draw(st.lists(st.sampled_from([0.0, 1.0, 0.5, -1.5, 2.0, 3.0, *odd]), min_size=1, max_size=7))
    dtype, size = data.draw(st.sampled_from(DTYPES)), st.integers(1 if call in NOT_EMPTY else 0, 4)
    whole = arrays(dtype, {3: data.draw(size), 4: data.draw(size)}, numbers if dtype[0] in "fc" else [0.0, 1.0, 3.0])
    expected = outcome(call, np, {name: value.copy() for name, value in whole.items()})
    for kind, make in KINDS.items():
        made = {name: value if name in PLACES else make(value.copy()) for name, value in whole.items()}
        found = outcome(call, bibun.numpy, made)
        if isinstance(expected, Exception):
            assert isinstance(found, type(expected)), (kind, expected, found)
            continue
        assert not isinstance(found, Exception), (kind, found)
        assert len(found) == len(expected)
        for mine, theirs in zip(found, expected, strict=True):
            compare(mine, theirs)
