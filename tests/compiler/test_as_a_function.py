"""A compiled function is a function as others are: it is named, wrapped, transformed and compiled again."""

from __future__ import annotations

import gc
from copy import copy, deepcopy
from functools import wraps
from typing import Any
from weakref import ref

import numpy as np
import pytest

import bibun as bb
from bibun.interpreters.recording import Recording
from tests.compiler.agreement import same


def cube(x: Any) -> Any:
    return np.sum(x**3)


def test_a_transform_of_a_compiled_function_is_compiled() -> None:
    """It has the attributes of the function inside, as `functools.wraps` has it: its memory must not be taken for one's own."""
    inner = bb.compile(cube)
    x = np.array([1.0, 2.0, 3.0])
    for transform in (bb.grad, bb.hessian, bb.vmap, bb.value_and_grad):
        outer = bb.compile(transform(inner))
        assert vars(outer)["kept"] is not vars(inner)["kept"]
        assert outer.careful is not inner.careful
        for _ in range(2):
            same(outer(x), transform(cube)(x))
            same(inner(x), cube(x))


def test_attributes_of_the_function_are_taken_over_but_not_its_place() -> None:
    inner = bb.compile(cube)
    inner.unit = "m"

    @wraps(inner)
    def doubled(x: Any) -> Any:
        return 2 * inner(x)

    outer = bb.compile(doubled)
    assert (outer.unit, outer.__name__, outer.__wrapped__) == ("m", "cube", doubled)
    for _ in range(2):
        same(outer(np.ones(2)), np.float64(4.0))


def test_a_copy_is_itself() -> None:
    """A model that holds one could not be copied."""
    compiled = bb.compile(cube)
    compiled(np.ones(2))
    assert copy(compiled) is compiled
    assert deepcopy({"loss": [compiled]})["loss"][0] is compiled


@pytest.mark.parametrize("f", [3, None, "cube", np.ones(2)])
def test_what_is_no_function(f: Any) -> None:
    """It was said at the first call only, and not by whom."""
    with pytest.raises(TypeError, match="compile: .* is no function"):
        bb.compile(f)


@pytest.mark.parametrize("numbers", [1.5, None, "x", (0, "x"), True])
def test_static_argnums_that_are_no_numbers(numbers: Any) -> None:
    with pytest.raises(TypeError, match="compile: static_argnums="):
        bb.compile(cube, static_argnums=numbers)


def test_it_goes_with_its_last_reference() -> None:
    """Without the collector of cycles: with its program, and all that this holds."""
    for _ in range(2):  # the second program is from disk
        compiled = bb.compile(np.sin)
        compiled(np.ones(3))
        public, careful = ref(compiled), ref(compiled.careful)
        gc.disable()
        try:
            del compiled
            assert public() is None
            assert careful() is None
        finally:
            gc.enable()


@pytest.mark.parametrize("steps", [1, 60])
def test_the_recording_goes_once_there_is_a_program(steps: int) -> None:
    """Without the collector of cycles: a long one is many objects. 60 turns are a loop, which had its builder in a cycle."""

    def f(x: Any) -> Any:
        for _ in range(steps):
            x = np.sin(x) * 1.01
        return np.sum(x)

    compiled = bb.compile(bb.value_and_grad(f))
    gc.collect()
    gc.disable()
    try:
        compiled(np.ones(3))
        assert not any(isinstance(thing, Recording) for thing in gc.get_objects())
    finally:
        gc.enable()


def test_a_cycle_through_it_is_collected() -> None:
    def made() -> Any:
        def f(x: Any) -> Any:
            return x if compiled is None else 2 * x

        compiled = bb.compile(f)
        assert compiled(1.0) == 2.0
        return ref(compiled)

    found = made()
    gc.collect()
    assert found() is None
