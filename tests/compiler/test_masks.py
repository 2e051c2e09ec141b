"""Boolean masks as indices: the shape of what they take out is one of the run's decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.agreement import same
from tests.compiler.calls import through_numpy


def positive_part(x: Any) -> Any:
    return np.sum(x[x > 0] ** 3)


def cleared(x: Any) -> Any:
    x = x + 0
    x[x < 0] = 0
    return np.sum(x**2)


def share(x: Any) -> Any:
    return np.sum(x) * len(x[x > 0]) / len(x)


def bounded(x: Any) -> Any:
    """Of an empty sum nothing is left that reads x."""
    return np.tanh(positive_part(x))


def found(x: Any) -> Any:
    return x**2 * np.flatnonzero(x > 0).size * np.nonzero(x > 1)[0].size


@pytest.mark.parametrize("f", [positive_part, cleared, share, bounded, lambda x: np.sum(found(x))])
def test_as_the_plain_function(f: Any) -> None:
    compiled = bb.compile(bb.value_and_grad(f))
    for x in ([-1.0, -2.0, -3.0], [1.0, -2.0, 3.0], [-1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]):
        for got, want in zip(compiled(np.array(x)), bb.value_and_grad(f)(np.array(x)), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-14)


def rows_and_columns(x: Any) -> Any:
    m = np.reshape(x[:4] * x[1:5], (2, 2))
    top = m[np.unravel_index(np.argmax(m), m.shape)]
    crossed = m[np.ix_(m[:, 0] > 0, m[0] > 0)]
    return top**2 + np.sum(m[np.nonzero(m > 0)] ** 3) + np.sum(crossed) + m[np.argmin(m[0]), np.argmax(m[:, 1])]


def relaxed(x: Any) -> Any:
    m = np.reshape(x[:4] * 1.0, (2, 2))
    m[np.where(m < 0)] *= 0.25
    np.add.at(m, (np.argsort(m[0]), np.argsort(m[1])), x[4])
    return np.sum(m**2 * m[(0, 0),])


@pytest.mark.filterwarnings("error")  # a program is made
@pytest.mark.parametrize("f", [rows_and_columns, relaxed])
def test_several_index_arrays(f: Any) -> None:
    compiled = bb.compile(bb.value_and_grad(f))
    draw = np.random.default_rng(5)
    for x in [draw.normal(size=5) for _ in range(6)]:
        for got, want in zip(compiled(x), bb.value_and_grad(f)(x), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-13)
        np.testing.assert_allclose(
            bb.grad(f)(x), bb.numerical.gradient(lambda x: float(f(x)), x).value, rtol=1e-8, atol=1e-9
        )


# ---- a mask alone in the brackets -----------------------------------------------------------------


def set_to(x: Any, mask: Any, v: Any) -> Any:
    y = x * 1
    y[mask] = v
    return y


ALONE: dict[str, Any] = {
    "taken": lambda x: x[x > 0.2] ** 2,
    "summed": lambda x: np.sum(np.exp(x[x > 0.2]) * x[x > 0.2]) / np.sum(np.abs(x[x < 0])),
    "of two sums": lambda x: np.sum(x[x > 0] / np.sum(x[x > 0])) + np.sum(x[x > 0] * x[0].sum()),
    "extremes": lambda x: np.max(np.sin(x[x > 0])) + np.min(x[x < 0]) + np.prod(x[x > 0.5]),
    "a mean": lambda x: np.mean(x[np.abs(x) > 0.3]),
    "put back": lambda x: set_to(x, x > 0.1, np.sqrt(x[x > 0.1])),
    "put into another": lambda x: set_to(np.cos(x), x > 0.1, 3 * x[x > 0.1] + np.sum(x)),
    "others put": lambda x: set_to(x, x > 0.2, np.cumsum(x[x > 0.2])),
    "of another mask": lambda x: set_to(x, x > np.median(x), np.sort(x.ravel())[: np.sum(x > np.median(x))]),
    "a number": lambda x: set_to(x, x < 0, np.sum(x)),
    "added": lambda x: set_to(x, x > 0.3, x[x > 0.3] + np.tanh(x[x > 0.3])),
    "pieces": lambda x: np.piecewise(x, [x < -0.2, x > 0.3], [lambda v: np.exp(v), lambda v: v * v, 0.5]),
    "a part of a part": lambda x: np.sum(x[x > 0][x[x > 0] > 0.4] ** 3),
    "by places": lambda x: np.sum(x.ravel()[np.flatnonzero(x > 0)] ** 2) + x.ravel()[np.flatnonzero(x)[-1]],
    "compressed": lambda x: np.sin(np.compress(x.ravel() > 0, x)),
    "normalised": lambda x: x[x > 0] - np.mean(x[x > 0]),
}


def derivatives(f: Any, x: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    loss = lambda x: np.sum(np.tanh(f(x)) ** 2)  # noqa: E731
    t = np.cos(x)
    return [
        (f, (x,)), (bb.value_and_grad(loss), (x,)), (lambda x, t: bb.jvp(loss, (x,), (t,)), (x, t)),
        (lambda x, t: bb.hvp(loss, (x,), (t,)), (x, t)),
    ]  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(9,), (40,), (5, 4), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("name", ALONE)
def test_one_mask(name: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(shape).normal(size=shape)
    for function, arguments in derivatives(ALONE[name], x):
        compiled = bb.compile(function)
        for _ in range(2):
            same(compiled(*arguments), function(*arguments))
        assert not {"getitem_at", "put_at", "scatter_add_at", "lasting", "flatnonzero"} & set(through_numpy(compiled))


def test_rows_at_a_mask() -> None:
    x = np.random.default_rng(0).normal(size=(6, 3))

    def rows(x: Any) -> Any:
        mask = x[:, 0] > 0
        return set_to(x, mask, np.sum(x[mask], axis=0) * x[mask] - x[mask][:, ::-1] + x[-1])

    for function, arguments in derivatives(rows, x):
        compiled = bb.compile(function)
        same(compiled(*arguments), function(*arguments))
        assert not through_numpy(compiled)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_none_one_and_all(count: int) -> None:
    x = np.where(np.arange(4) < count, 1.0, -1.0) * np.arange(1.0, 5.0)
    for f in (lambda x: x[x > 0] * 2, lambda x: np.sum(x[x > 0] ** 2), lambda x: set_to(x, x > 0, 1 / x[x > 0])):
        for function, arguments in derivatives(f, x):
            same(bb.compile(function)(*arguments), function(*arguments))


def test_what_a_mask_leaves_out_is_not_seen() -> None:
    """Neither its nan and infinities, nor a division of whole numbers by 0."""
    x = np.array([np.nan, 1.0, np.inf, 0.0, -np.inf, 2.0])
    f = lambda x: (np.sum(1 / x[(x > 0) & (x < 9)]), set_to(x, x == 0, -1.0), np.sum(x[x > 0]), np.max(x[x < 9]))  # noqa: E731
    same(bb.compile(f)(x), f(x))
    gradient = bb.grad(lambda x: np.sum(np.log(x[(x > 0) & (x < 9)])))
    same(bb.compile(gradient)(x), np.array([0, 1.0, 0, 0, 0, 0.5]))
    n = np.array([3, 0, -2, 0])
    divided = lambda n: (np.sum(12 // n[n != 0]), set_to(n, n != 0, 12 % n[n != 0]))  # noqa: E731
    same(bb.compile(divided)(n), divided(n))
    truth = lambda x: (x > 0)[np.isfinite(x)]  # noqa: E731
    same(bb.compile(truth)(x), truth(x))


def test_another_count_is_another_program() -> None:
    f = lambda x: np.mean(x[x > 0]) + np.sum(set_to(x, x > 1, x[x > 1] ** 2))  # noqa: E731
    compiled = bb.compile(bb.value_and_grad(f))
    for x in ([1.0, -2.0, 3.0], [1.0, 2.0, 3.0], [-1.0, 2.0, -3.0], [3.0, -2.0, 1.0]):
        same(compiled(np.array(x)), bb.value_and_grad(f)(np.array(x)))


def test_a_mask_for_another_number_of_values() -> None:
    """NumPy says what is wrong."""
    f = lambda x, v: set_to(x, x > 0, v)  # noqa: E731
    compiled, v = bb.compile(f), np.array([5.0, 6.0])
    same(compiled(np.array([1.0, -1.0, 1.0]), v), np.array([5.0, -1.0, 6.0]))
    same(compiled(np.array([-1.0, 1.0, 1.0]), v), np.array([-1.0, 5.0, 6.0]))
    for x in ([1.0, -1.0, -1.0], [1.0, 1.0, 1.0]):
        with pytest.raises(ValueError, match="cannot assign 2 input values"):
            compiled(np.array(x), v)
