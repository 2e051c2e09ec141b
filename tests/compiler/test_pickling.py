"""Compiled functions in pickles: their function is what is pickled, never a program."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler import pickled

X = np.array([0.5, 1.5, -2.0])


def again(function: Any) -> Any:
    return pickle.loads(pickle.dumps(function))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_was_decorated_is_itself(protocol: int) -> None:
    for function in (pickled.decorated, pickled.Model.value):
        assert pickle.loads(pickle.dumps(function, protocol)) is function


def test_what_has_a_name_is_found_by_it() -> None:
    assert again(pickled.gradient) is pickled.gradient
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as workers:
        result, _ = workers.submit(pickled.call, pickled.gradient, X).result()
    np.testing.assert_allclose(result, 2 * X, rtol=1e-15)


def test_a_gradient_without_a_name() -> None:
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(bb.compile(bb.grad(pickled.plain)))


def test_any_other_is_compiled_anew() -> None:
    compiled = bb.compile(pickled.plain, static_argnums=1, fast=True, threads=1)
    compiled(X, 3)
    other = again(compiled)
    assert other is not compiled
    assert (other.careful.static, other.careful.fast, other.careful.threads) == ((1,), True, 1)
    assert not other.careful.paths
    assert other(X, 3) == compiled(X, 3)
    assert other.careful.f is pickled.plain


def test_without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bibun.compiler.compiled.available", lambda: False)
    assert again(bb.compile(pickled.plain))(X) == pickled.plain(X)


def test_in_another_process() -> None:
    functions = [pickled.decorated, bb.compile(pickled.plain)]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as workers:
        for function in functions:
            result, name = workers.submit(pickled.call, function, X).result()
            np.testing.assert_array_equal(result, function(X))
            assert name == repr(function)


def test_what_holds_one() -> None:
    held = again({"f": pickled.decorated, "g": [bb.compile(pickled.plain)]})
    assert held["f"] is pickled.decorated
    assert held["g"][0](X) == pickled.plain(X)
    assert copy.deepcopy(held["f"]) is pickled.decorated


def test_a_function_that_does_not_pickle() -> None:
    """The error is pickle's own, which names the function."""
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(bb.compile(lambda x: x))
