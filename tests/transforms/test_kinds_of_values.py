"""What is no array of numbers is refused, as an argument and as a result: its derivative would be that of something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

MASKED = np.ma.array([1.0, 2.0, 9.0], mask=[0, 0, 1])
X = np.array([2.0, 3.0])


@pytest.mark.parametrize(
    "run",
    [
        lambda: bb.grad(np.mean)(MASKED),
        lambda: bb.value_and_grad(lambda m: np.sum(m * m))(MASKED),
        lambda: bb.jacobian(lambda m: m * m)(MASKED),
        lambda: bb.jvp(np.sum, (MASKED,), (np.ones(3),)),
        lambda: bb.hessian(lambda p: np.sum(p["m"] ** 2))({"m": MASKED}),
        lambda: bb.vmap(lambda x: x * 2)(MASKED),
        lambda: bb.compile(bb.grad(np.sum))(MASKED),
    ],
)
def test_a_masked_array_is_no_argument(run: Callable[[], Any]) -> None:
    with pytest.raises(bb.NoDerivativeError, match=r"a masked array.*x\.filled\(value\)"):
        run()


def test_a_variable_of_a_masked_array() -> None:
    with pytest.raises(TypeError, match="MaskedArray"):
        bb.Variable(MASKED)


def objects(x: Any) -> Any:
    y = np.empty(2, dtype=object)
    y[0], y[1] = x[0] * x[1], x[1] ** 2
    return y


@pytest.mark.parametrize(
    "run",
    [
        lambda: bb.jacobian(objects)(X),
        lambda: bb.jacfwd(objects)(X),
        lambda: bb.vjp(objects, X),
        lambda: bb.jvp(objects, (X,), (X,)),
        lambda: bb.vmap(objects)(np.ones((2, 2))),
    ],
)
def test_an_array_of_objects_is_no_result(run: Callable[[], Any]) -> None:
    with pytest.raises(bb.NoDerivativeError, match=r"array of objects.*np\.stack"):
        run()


def test_a_sum_over_objects_is_one() -> None:
    np.testing.assert_array_equal(bb.grad(lambda x: objects(x).sum())(X), [X[1], X[0] + 2 * X[1]])


def test_an_array_of_objects_beside_a_variable() -> None:
    column = np.array([1.0, 2.0], dtype=object)
    with pytest.raises(bb.NoDerivativeError, match=r"np\.asarray\(x, float\)"):
        bb.grad(lambda x: np.sum(column * x))(X)
