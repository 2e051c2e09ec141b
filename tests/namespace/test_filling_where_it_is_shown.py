"""Arrays of bibun.numpy that are written to through what shows their memory, and copies, which show it no more. The truth is
the same text with NumPy: its values, and differences of these for the derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from numpy.testing import assert_allclose

import bibun as bb
import bibun.numpy
from tests.families.agreement import check

X = numpy.array([0.5, -1.5, 2.0, 0.25])

PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {}


def program(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


# ---- out= --------------------------------------------------------------------------------------------------------


@program
def out_of_what_broadcasts(np, x):
    y = np.zeros((2, 4))
    numpy.add(x, 1.0, out=y)
    y.reshape(-1)[5] = 3.0
    return y


@program
def out_of_another_order(np, x):
    a = x * numpy.linspace(0.1, 1.0, 16).reshape(4, 4)
    y, z = np.zeros((4, 4)), np.zeros((4, 4)).T
    numpy.sin(a.T, out=y)
    numpy.einsum("ij->ji", a, out=z)
    y.ravel()[1] = 3.0
    return numpy.stack([y, z])


@program
def out_into_a_view(np, x):
    y = np.zeros((4, 4))
    seen = y[1]
    numpy.multiply(x, x[0], out=y[:2])
    numpy.sin(x, out=y.T[3])
    return y + seen


@program
def out_without_axes(np, x):
    y = np.zeros(())
    numpy.sum(x, out=y)
    return y * x


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_numpy_does(name):
    f = PROGRAMS[name]
    g = lambda x: f(bibun.numpy, x)  # noqa: E731
    expected = f(numpy, X)
    assert_allclose(g(bb.Variable(X)).data, expected, rtol=1e-13)
    tangent = numpy.cos(X)
    h = 1e-5
    slope = (f(numpy, X + h * tangent) - f(numpy, X - h * tangent)) / (2 * h)
    value, dy = bb.jvp(g, (X,), (tangent,))
    assert_allclose(value, expected, rtol=1e-13)
    assert_allclose(dy, slope, rtol=1e-6, atol=1e-7)
    check(lambda x: numpy.asarray(g(x)) if type(x) is numpy.ndarray else g(x), X)
    compiled = bb.compile(g)
    assert_allclose(compiled(X), expected, rtol=1e-12)
    assert_allclose(compiled(X + 0.03), f(numpy, X + 0.03), rtol=1e-12)
