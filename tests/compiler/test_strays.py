"""What a program cannot give back, or look up, as the function does: then the function runs plainly, and says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bibun as bb


def test_objects_and_closures_that_hold_results() -> None:
    compiled = bb.compile(lambda x: SimpleNamespace(y=2 * x, energy=np.sum(x**2)))
    with pytest.warns(bb.CompileWarning, match="it returns a SimpleNamespace"):
        found = [compiled(np.ones(2))]
    found.append(compiled(np.full(2, 3.0)))
    assert [float(each.energy) for each in found] == [2.0, 18.0]
    assert all(type(each.y) is np.ndarray for each in found)

    pulled = bb.compile(lambda x: bb.vjp(np.sin, x))
    with pytest.warns(bb.CompileWarning, match="it returns a function"):
        pulled(0.0)
    value, pull = pulled(3.0)
    assert (value, pull(1.0)[0]) == (pytest.approx(np.sin(3.0)), pytest.approx(np.cos(3.0)))


def test_iterators() -> None:
    """One that every call gives back would be empty at the second."""
    for compiled in (bb.compile(lambda x: map(np.sin, x)), bb.compile(lambda x: {"x": x[0], "y": x[1]}.values())):
        with pytest.warns(bb.CompileWarning, match="it returns a"):
            compiled(np.zeros(2))
        assert len(list(compiled(np.zeros(2)))) == len(list(compiled(np.zeros(2)))) == 2


def test_an_object_of_the_code_around_is_given_back() -> None:
    unit = SimpleNamespace(name="m")
    compiled = bb.compile(lambda x: (2 * x, unit))
    assert (compiled(1.0), compiled(2.0)) == ((2.0, unit), (4.0, unit))


def test_static_arguments_that_are_equal_and_not_the_same() -> None:
    scaled = bb.compile(lambda x, p: x * p[0], static_argnums=1)
    assert [scaled(np.arange(3), p).dtype.kind for p in ((2,), (2.0,), (2,))] == ["i", "f", "i"]
    signed = bb.compile(lambda x, p: np.copysign(x, p), static_argnums=1)
    assert [signed(1.0, p) for p in (0.0, -0.0, 0.0)] == [1.0, -1.0, 1.0]


def test_names_made_of_whole_numbers() -> None:
    weights = {"W1": 1.0, "W2": 5.0}
    compiled = bb.compile(lambda P, n: P[f"W{n}"] * 2 + P["W" + str(n)])
    assert [compiled(weights, n) for n in (1, 2, 1)] == [3.0, 15.0, 3.0]


def test_numbers_that_are_looked_up() -> None:
    compiled = bb.compile(lambda x: x * {0.5: 10.0, 1.0: 20.0}.get(x, 0.0))
    with pytest.warns(bb.CompileWarning, match="looked up in a dict or a set"):
        assert compiled(0.5) == 5.0
    assert compiled(1.0) == 20.0


def test_a_message_shows_the_plain_value() -> None:
    def refused(x: Any) -> Any:
        raise ValueError(f"negative: {x} {np.sum(x):.1f}")

    with pytest.raises(ValueError, match=r"^negative: \[1\. 1\.\] 2\.0$"):
        bb.compile(refused)(np.ones(2))
