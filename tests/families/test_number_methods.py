"""What Python's numbers have and arrays have not (round, is_integer, divmod), and what is refused because it shows memory."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.errors import LostDerivativeError, NoDerivativeError
from tests.families.agreement import check, sample

X = sample(3, 4)


def test_round() -> None:
    assert round(bb.Variable(np.array(2.6))) == 3.0
    assert np.array_equal(round(bb.Variable(X), 1).data, np.round(X, 1))
    assert bb.grad(lambda x: x * round(x) + round(x, 1))(2.6) == 3.0


def test_numbers_inside_compile() -> None:
    def f(x: Any) -> Any:
        return round(x) + round(x, 1) if x.is_integer() else x * round(x) + divmod(x, 0.7)[1]

    compiled, slope = bb.compile(f), bb.compile(bb.grad(lambda x: x * round(x) + round(x, 1)))
    for x in (2.6, 3.4, 2.0, 2.5):
        np.testing.assert_allclose(compiled(x), f(x))
        assert slope(x) == round(x)

    def turns(x: Any) -> Any:
        total = 0.0
        for _ in range(round(x)):
            total = total + x
        return total

    assert bb.compile(turns)(2.6) == turns(2.6)


def test_is_integer() -> None:
    assert bb.grad(lambda x: x * x if x.is_integer() else x)(3.0) == 6.0
    assert not bb.Variable(np.array(np.inf)).is_integer()
    with pytest.raises(AttributeError, match="method of numbers"):
        bb.Variable(X).is_integer()


def test_divmod_and_its_reflection() -> None:
    x = np.abs(X) + 0.6
    for k in (0, 1):
        check(lambda x, k=k: divmod(x, 0.77)[k], x)
        check(lambda x, k=k: divmod(7.31, x)[k], np.array([2.2, 3.1, 0.9]))


REFUSED: dict[str, Callable[[Any], Any]] = {
    "tobytes": lambda x: x.tobytes(),
    "tofile": lambda x: x.tofile("unwritten"),
    "dump": lambda x: x.dump("unwritten"),
    "dumps": lambda x: x.dumps(),
    "getfield": lambda x: x.getfield(float),
    "byteswap": lambda x: x.byteswap(),
    "setfield": lambda x: x.setfield(1.0, float),
    "setflags": lambda x: x.setflags(write=False),
    "resize": lambda x: x.resize(2, 2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_shows_memory_names_the_line_and_the_way_out(name: str) -> None:
    with pytest.raises((LostDerivativeError, NoDerivativeError), match=rf"test_number_methods.py:\d+ .*{name}"):
        REFUSED[name](bb.Variable(X))
    with pytest.raises((LostDerivativeError, NoDerivativeError), match=name):
        bb.grad(lambda x: REFUSED[name](x))(X)


def test_attributes_of_memory() -> None:
    x = bb.Variable(X)
    for name in ("strides", "flags", "ctypes"):
        assert not hasattr(x, name)
        with pytest.raises(AttributeError, match=f"x.data.{name}"):
            getattr(x, name)
    x.resize((3, 4))
    x.resize(3, 4)
    assert copy.deepcopy(x).shape == (3, 4)
