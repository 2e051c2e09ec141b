"""The second table, for functions of arrays: norms, products, extremes and matrices at zeros, ties, nan; empty arrays.

Each line says a function, a point and its gradient there, from mathematics. Single numbers are in test_special_values.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import bibun as bb
from tests.laws.differences import is_quiet

inf, nan = np.inf, np.nan


class Gradient(NamedTuple):
    """A function of one array that gives one number, a point, and its gradient there."""

    name: str
    f: Callable[[Any], Any]
    x: Any
    want: Any


GRADIENTS = [
    Gradient("norm at 0", np.linalg.norm, [0.0, 0.0], [0.0, 0.0]),
    Gradient(
        "norm of rows, one of them 0",
        lambda x: np.sum(np.linalg.norm(x, axis=1)),
        [[0.0, 0.0], [3.0, 4.0]],
        [[0, 0], [0.6, 0.8]],
    ),
    Gradient("norm on an axis of an entry", np.linalg.norm, [0.0, -2.0], [0.0, -1.0]),
    Gradient("1-norm with a 0", lambda x: np.linalg.norm(x, 1), [0.0, -2.0], [0.0, -1.0]),
    Gradient("max-norm with a tie", lambda x: np.linalg.norm(x, inf), [2.0, -2.0, 1.0], [0.5, -0.5, 0.0]),
    Gradient("prod without a zero", np.prod, [2.0, 3.0, 4.0], [12.0, 8.0, 6.0]),
    Gradient("prod with one zero", np.prod, [2.0, 0.0, 4.0], [0.0, 8.0, 0.0]),
    Gradient("prod with two zeros", np.prod, [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]),
    Gradient(
        "prod of an axis with a zero",
        lambda x: np.sum(np.prod(x, axis=0)),
        [[0.0, 2.0], [3.0, 4.0]],
        [[3.0, 4.0], [0.0, 2.0]],
    ),
    Gradient("prod of one", np.prod, [0.0], [1.0]),
    Gradient("cumprod with a zero", lambda x: np.sum(np.cumprod(x)), [2.0, 0.0, 4.0], [1.0, 2.0 + 8.0, 0.0]),
    Gradient("cumprod with two zeros", lambda x: np.sum(np.cumprod(x)), [0.0, 0.0, 4.0], [1.0, 0.0, 0.0]),
    Gradient("max with a tie", np.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    Gradient("min with a tie of all", np.min, [2.0, 2.0, 2.0, 2.0], [0.25] * 4),
    Gradient(
        "max of rows with ties", lambda x: np.sum(np.max(x, axis=1)), [[1.0, 1.0], [2.0, 0.0]], [[0.5, 0.5], [1.0, 0.0]]
    ),
    Gradient("max with nan: it is nan's", np.max, [1.0, nan, 3.0], [0.0, 1.0, 0.0]),
    Gradient("max with inf", np.max, [1.0, inf, 3.0], [0.0, 1.0, 0.0]),
    Gradient("max of -inf", np.max, [-inf, -inf], [0.5, 0.5]),
    Gradient("sum with inf and nan", np.sum, [inf, nan, 1.0], [1.0, 1.0, 1.0]),
    Gradient("sum of squares with nan", lambda x: np.sum(x * x), [nan, 2.0], [nan, 4.0]),
    Gradient("sum of an empty array", np.sum, np.zeros((0,)), np.zeros((0,))),
    Gradient("sum of an empty axis", lambda x: np.sum(np.sum(x, axis=1)), np.zeros((2, 0)), np.zeros((2, 0))),
    Gradient("prod of an empty array", np.prod, np.zeros((0, 3)), np.zeros((0, 3))),
    Gradient("product of empty matrices", lambda x: np.sum(x @ x.T), np.zeros((2, 0)), np.zeros((2, 0))),
    Gradient("exp of an empty array", lambda x: np.sum(np.exp(x)), np.zeros((0, 2)), np.zeros((0, 2))),
    Gradient("nothing selected", lambda x: np.sum(x[x > 9]), [1.0, 2.0], [0.0, 0.0]),
    Gradient("an empty slice", lambda x: np.sum(x[5:]), [1.0, 2.0], [0.0, 0.0]),
    Gradient("sum of shape ()", np.sum, 2.0, 1.0),
    Gradient("prod of shape ()", np.prod, 2.0, 1.0),
    Gradient("max of shape ()", np.max, 2.0, 1.0),
    Gradient("x[()] of shape ()", lambda x: x[()] * 3, 2.0, 3.0),
    Gradient("x[...] of shape ()", lambda x: np.sum(x[...] * 3), 2.0, 3.0),
    Gradient("x[None] of shape ()", lambda x: np.sum(x[None] * 3), 2.0, 3.0),
    Gradient("norm of shape (1,) below 0", np.linalg.norm, [-2.0], [-1.0]),
    Gradient(
        "sort with ties", lambda x: np.sum(np.sort(x) * np.array([1.0, 2.0, 4.0])), [5.0, 5.0, 1.0], [2.0, 4.0, 1.0]
    ),
    Gradient("det of a singular matrix", np.linalg.det, [[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
    Gradient("det of zeros", np.linalg.det, np.zeros((2, 2)), np.zeros((2, 2))),
    Gradient("det of zeros, 1 by 1", np.linalg.det, [[0.0]], [[1.0]]),
    Gradient("sum of eigenvalues that are equal", lambda x: np.sum(np.linalg.eigvalsh(x)), np.eye(2), np.eye(2)),
    Gradient("nuclear norm at 0", lambda x: np.linalg.norm(x, "nuc"), np.zeros((2, 2)), np.zeros((2, 2))),
    Gradient("mean of an axis of length 1", lambda x: np.sum(np.mean(x, axis=0)), [[1.0, 2.0]], [[1.0, 1.0]]),
    Gradient("std of equal entries", np.std, [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
    Gradient("var of one entry", np.var, [2.0], [0.0]),
]


@pytest.mark.parametrize("line", GRADIENTS, ids=lambda line: line.name)
def test_gradient(line: Gradient) -> None:
    x, want = np.array(line.x, float), np.array(line.want, float)
    mode = "warn" if is_quiet(line.f, (x,)) else "ignore"
    with np.errstate(over=mode, divide=mode, invalid=mode):
        gradient = bb.grad(line.f)(x)
        np.testing.assert_allclose(gradient, want, rtol=1e-14, atol=1e-15)
        assert np.shape(gradient) == want.shape
        for index in np.ndindex(x.shape):
            t = np.zeros_like(x)
            t[index] = 1
            slope = bb.jvp(line.f, (x,), (t,))[1]
            if not np.isnan(want).any() or not np.isnan(slope):  # 0 times nan in a sum along a direction
                np.testing.assert_allclose(slope, want[index], rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("f", [np.prod, lambda x: np.cumprod(x)[-1]], ids=["prod", "cumprod"])
@pytest.mark.parametrize("x", [[2.0, 3.0, 5.0], [2.0, 0.0, 5.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]], ids=str)
def test_hessian_of_a_product(f: Callable[[Any], Any], x: list[float]) -> None:
    want = [[0.0 if i == j else x[3 - i - j] for j in range(3)] for i in range(3)]
    np.testing.assert_array_equal(bb.hessian(f)(np.array(x)), want)


def test_hessian_of_the_determinant_of_a_singular_matrix() -> None:
    hessian = bb.hessian(np.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]]))
    want = np.zeros((2, 2, 2, 2))
    want[0, 0, 1, 1] = want[1, 1, 0, 0] = 1
    want[0, 1, 1, 0] = want[1, 0, 0, 1] = -1
    np.testing.assert_allclose(hessian, want, atol=1e-14)


COMPLEX = [
    ("abs at 0", np.abs, 0j, 0j),
    ("abs", np.abs, 3 + 4j, 0.6 - 0.8j),
    ("abs of huge", np.abs, 3e200 + 4e200j, 0.6 - 0.8j),
    ("angle", np.angle, 2j, -0.5 + 0j),
    ("real", np.real, 1 + 2j, 1 + 0j),
    ("imag", np.imag, 1 + 2j, -1j),
    ("square of the size", lambda z: np.real(z * np.conj(z)), 3 + 4j, 6 - 8j),
    ("norm at 0", np.linalg.norm, np.zeros(2, complex), np.zeros(2, complex)),
    ("real part of z**2 at 0", lambda z: np.real(z**2), 0j, 0j),
    ("real part of sqrt", lambda z: np.real(np.sqrt(z)), 4j, 0.5 / np.sqrt(4j)),
    ("where(|z| > 0, |sqrt z|, 0) at 0", lambda z: np.where(np.abs(z) > 0, np.abs(np.sqrt(z)), 0.0), 0j, 0j),
]


@pytest.mark.parametrize(("name", "f", "z", "want"), COMPLEX, ids=[line[0] for line in COMPLEX])
def test_gradient_at_a_complex_point(name: str, f: Callable[[Any], Any], z: Any, want: Any) -> None:
    np.testing.assert_allclose(bb.grad(f)(z), want, rtol=1e-14, atol=1e-15)
