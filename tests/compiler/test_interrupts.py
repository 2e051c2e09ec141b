"""An interrupt that comes while a program computes through NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_who_interrupts_a_program_in_numpy_is_heard(kind: type[BaseException]) -> None:
    """The program can only leave, and the function was run plainly in its place, as if nobody had wanted to stop."""

    def f(x: Any) -> Any:
        return np.reciprocal(x) + 1

    interrupts = [kind()]

    def handler(word: str, flag: int) -> None:
        if interrupts:
            raise interrupts.pop()

    compiled = bb.compile(f)
    compiled(np.array([1, 2]))
    before = np.seterrcall(handler)
    try:
        with np.errstate(divide="call", invalid="call"):
            with pytest.raises(kind):
                compiled(np.array([1, 0]))
            np.testing.assert_array_equal(compiled(np.array([1, 0])), f(np.array([1, 0])))
    finally:
        np.seterrcall(before)
    np.testing.assert_array_equal(compiled(np.array([1, 3])), [2, 1])
