"""Lists and tuples in the place of an array: plain ones, and ones that hold traced values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, sample

X, S, R = sample(3), np.array(0.7), np.array(1.3)

LISTS: dict[str, Any] = {
    "add": lambda x, s, r: np.add([s, r, 1.0], x),
    "operator": lambda x, s, r: x * [s, r, 1.0] + [1.0, 2.0, s] * x,
    "tuple": lambda x, s, r: x - (s, 2.0, r),
    "maximum": lambda x, s, r: np.maximum(x, [s, r, -1.0]),
    "range": lambda x, s, r: np.add(range(3), x) * range(1, 4) - np.float_power(range(2, 5), s) / range(1, 4) * r,
    "matmul": lambda x, s, r: np.outer(x, x) @ [s, r, 1.0],
    "nested": lambda x, s, r: np.matmul([[s, r, 1.0], [1.0, s, r]], x),
    "dot": lambda x, s, r: np.dot([s, r, 1.0], x),
    "kron": lambda x, s, r: np.kron(x, [s, r]),
    "einsum": lambda x, s, r: np.einsum("i,j", x, [s, r]),
    "where": lambda x, s, r: np.where([True, False, True], x, [s, r, 1.0]),
    "select": lambda x, s, r: np.select([x > 1, x > 0], [x, [s, r, 1.0]], default=[r, s, 2.0]),
    "clip": lambda x, s, r: np.clip(x, [s - 2, r - 3, -1.0], None),
    "concatenate": lambda x, s, r: np.concatenate([x, [s, r]]),
    "stack": lambda x, s, r: np.stack([x, [s, r, 1.0]]),
    "meshgrid": lambda x, s, r: np.stack(np.meshgrid(x, [s, r])),
    "gradient": lambda x, s, r: np.gradient(x, [s - 2, r, 2.0]),
    "trapezoid": lambda x, s, r: np.trapezoid([s, r, 2.0], x),
    "interp": lambda x, s, r: np.interp(x, [-3.0, 0.0, 3.0], [s, r, 1.0]),
    "polyval": lambda x, s, r: np.polyval([s, r, 1.0], x),
    "average": lambda x, s, r: np.average(x, weights=[s, r, 1.0]),
    "solve": lambda x, s, r: np.linalg.solve(np.outer(x, x) + 3 * np.eye(3), [s, r, 1.0]),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_that_hold_traced_values(name: str) -> None:
    check(LISTS[name], X, S, R)


@pytest.mark.parametrize("name", LISTS)
def test_compiled_lists(name: str) -> None:
    f = lambda x, s, r: np.sum(LISTS[name](x, s, r) ** 2)  # noqa: E731
    compiled = bb.compile(bb.grad(f, argnums=(0, 1, 2)))
    for scale in (1.0, 0.9):
        inputs = X * scale, S * scale, R * scale
        for a, b in zip(compiled(*inputs), bb.grad(f, argnums=(0, 1, 2))(*inputs), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


PLAIN: dict[str, Any] = {
    "isin": lambda x: x * np.isin(x, [1.0, 5.0]),
    "digitize": lambda x: x * np.digitize(x, (0.0, 1.5)),
    "searchsorted": lambda x: x * np.searchsorted([1.0, 1.5], x),
    "argpartition": lambda x: x * np.argpartition(x, [0, 1]),
    "count_nonzero": lambda x: x * np.count_nonzero(np.outer(x, x), (0, 1)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_lists_of_constants(name: str) -> None:
    x = np.array([1.0, 2.0, -1.0])
    expected = PLAIN[name](x) / x
    for f in (bb.grad, lambda g: bb.compile(bb.grad(g))):
        np.testing.assert_array_equal(f(lambda y: np.sum(PLAIN[name](y)))(x), expected)


def test_a_list_alone_is_not_seen() -> None:
    """NumPy asks nobody where no argument is traced itself; the error says what to write."""
    for f, text in (
        (lambda x: np.median([x, x]), r"np\.median makes a plain array of a list: write np\.stack\(\[x, y\]\)"),
        (lambda x: np.r_[x, x][0], r"np\.concatenate\(\[x, y\]\) instead of np\.r_"),
        (lambda x: np.c_[x, x][0, 0], r"np\.column_stack"),
    ):
        with pytest.raises(bb.LostDerivativeError, match=text):
            bb.grad(f)(X)
