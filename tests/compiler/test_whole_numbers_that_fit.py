"""Python's whole numbers beside integers of fewer bits: NumPy compares them as they are, and raises where it would have to
cut them. A program cut them: t + k for t of int32 and k = 2**33 + 5 was t + 5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.collected import Collected
from tests.compiler.agreement import same

program = Collected()
LIMITS = (3, 2**33 + 5, 3_000_000_000, -(2**31) - 1, 2**31 - 1, -(2**31))


@program
def compared(t: Any, k: int) -> Any:
    return np.sum(t * (t < k)), t == k, np.any(t > k), np.less(k, t)


@program
def compared_with_a_constant(t: Any, k: int) -> Any:
    return t < 3_000_000_000, t > -(2**31) - 1, t == 2**32 + 1, np.searchsorted(t, k)


@program
def added(t: Any, k: int) -> Any:
    return t + k


@program
def added_to_what_is_an_entry(t: Any, k: int) -> Any:
    return t[0] + (k - 2) // 2


@program
def added_after_a_join(t: Any, k: int) -> Any:
    return np.concatenate([t[:1].astype(np.int8), t]) + k


@program
def masked(t: Any, k: int) -> Any:
    return t.astype(np.int32) & k


@program
def clipped(t: Any, k: int) -> Any:
    return np.clip(t, 0, k), t.clip(k, None) if k < 0 else t


@program
def clipped_to_constants(t: Any, k: int) -> Any:
    return np.clip(t, -(2**40), 2**40)


@program
def larger(t: Any, k: int) -> Any:
    return np.maximum(t, k)


@program
def filled(t: Any, k: int) -> Any:
    return np.full_like(t, k)


@program
def chosen(t: Any, k: int) -> Any:
    return np.where(t > 1, t, k)


@program
def written(t: Any, k: int) -> Any:
    y = t.copy()
    y[0] = k
    return y


@program
def written_by_a_mask(t: Any, k: int) -> Any:
    y = t.copy()
    y[y > 1] = k
    return y


@program
def put(t: Any, k: int) -> Any:
    y = t.copy()
    np.put(y, [0, 2], k)
    return y


@program
def padded(t: Any, k: int) -> Any:
    return np.pad(t, 1, constant_values=k)


@program
def in_lists(t: Any, k: int) -> Any:
    y = t.copy()
    y[:2] = [k, 1]
    np.put(y, [2], [k])
    return np.pad(y, 1, constant_values=(0, k))


@program
def inserted(t: Any, k: int) -> Any:
    return np.insert(t, 1, k)


@program
def many_times(t: Any, k: int) -> Any:
    for _ in range(20):
        t = t // 2 + k
    return t


@program
def multiplied_as_arrays(t: Any, k: int) -> Any:
    """Of np.dot and np.inner a number is an array of 64 bits."""
    return np.dot(t, k), np.inner(k, t)


@pytest.mark.parametrize("dtype", ["i4", "u1", "i2", "u4", "i8", "f4"])
@pytest.mark.parametrize("f", program, ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore:.*does not do again:bibun.errors.CompileWarning")  # of dtypes without machine code
def test_they_fit_or_the_call_is_plain(f: Callable[..., Any], dtype: str) -> None:
    t = np.array([1, 2, 3], dtype)
    once = bb.compile(f)
    for k in LIMITS:
        for call in (once, once, bb.compile(f)):
            try:
                want = f(t, k)
            except OverflowError:
                with pytest.raises(OverflowError):
                    call(t, k)
            else:
                same(call(t, k), want)


def test_what_is_known_to_fit_is_not_asked() -> None:
    compiled = bb.compile(lambda t, k: t * (k % 10) + (k & 255))
    t = np.array([1, 2, 3], np.int32)
    for k in (3, 2**40 + 7, -5):
        assert np.array_equal(compiled(t, k), t * (k % 10) + (k & 255))
    (paths,) = compiled.careful.paths.values()  # type: ignore[attr-defined]
    assert len(paths.versions) == 1
    assert not paths.versions[0].recipe.places
