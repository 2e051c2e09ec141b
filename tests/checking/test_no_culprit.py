"""No false alarms of the culprit: rows of the table, programs of every kind, kinks, edges and rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.checking.culprit import examine, find_culprit
from bibun.primitives import TABLE
from tests.laws.cases import cases
from tests.laws.samples import draw, takes

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(4, 3))
W = RANDOM.normal(size=(3, 5))


INACCURATE = {"itairy", "nctdtrinc", "ncfdtrinc"}  # SciPy computes these to a few digits, and their derivatives to all


def sampled_calls() -> Iterator[tuple[str, int, str]]:
    for name, row in TABLE.items():
        if name in INACCURATE:
            continue
        for index in range(len(cases(row)) if row.kind != "constant" else 0):
            for dtypes in ("d", "f", "D"):
                if takes(name, index, dtypes):
                    yield name, index, dtypes


@pytest.mark.parametrize("dtypes", ["d", "f", "D"])
def test_no_row_of_the_table_is_suspected(dtypes: str) -> None:
    seen = set()
    for name, index, mine in sampled_calls():
        if mine != dtypes:
            continue
        sample = draw(name, index, dtypes)
        examined = examine(lambda *x, s=sample: s.row(*s._whole(x), **s.case.settings), sample.primals)
        assert not examined.culprits, f"{sample}: {examined.culprits}"
        assert all(group.checked == group.seen for group in examined.groups.values())
        if examined.groups:
            seen.add(name)
    free = {name for name, _, mine in sampled_calls() if mine == dtypes}
    assert seen == free


def relu_network(x: Any, w: Any) -> Any:
    hidden = np.maximum(x @ w, 0)
    return np.sum(np.log1p(np.exp(hidden @ w.T))) / x.shape[0]


def in_place(x: Any) -> Any:
    y = np.zeros_like(x)
    for i in range(x.shape[0]):
        y[i] = np.sin(x[i]) * (y[i - 1] + 1)
    view = y[1:, ::2]
    view *= 3
    y.sort(axis=0)
    np.add.at(y, np.array([0, 0, 2]), x[:3])
    return y


def nested_gradients(x: Any) -> Any:
    def inner(z: Any) -> Any:
        return np.sum(np.tanh(z) ** 3 * x)

    return bb.grad(inner)(x * 2) + bb.hvp(inner, (x,), (x,)) + bb.jvp(inner, (x,), (np.ones_like(x),))[1]


def batched(x: Any, w: Any) -> Any:
    def each(row: Any) -> Any:
        return np.dot(np.exp(row), w) / (1 + np.max(row) ** 2)

    return bb.vmap(each)(x)


def linear_algebra(x: Any) -> Any:
    a = x @ x.T + 3 * np.eye(x.shape[0])
    w, v = np.linalg.eigh(a)
    u, s, vh = np.linalg.svd(x)
    factor = np.linalg.cholesky(a)
    return np.linalg.slogdet(a)[1], v * w, u[:, 0] * s[0], vh, np.linalg.solve(factor, x), np.linalg.norm(x)


def complex_numbers(x: Any) -> Any:
    z = x * np.exp(2j * np.angle(x) + 1)
    return np.abs(np.sqrt(z)) ** 2, z.real, np.linalg.eigh(z @ z.conj().T)[1]


def indexing_and_joins(x: Any) -> Any:
    parts = [x[:, [0, 0, 2]], x[x > 0][None, :1].repeat(3, 1), np.flip(x, 0)[:2]]
    return np.einsum("ij,kj->ik", np.concatenate(parts), np.stack([x[0], x[1]])), np.where(x > 0, x, -x).cumsum()


@bb.custom_vjp
def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _logistic_forward(x: Any) -> Any:
    y = 1 / (1 + np.exp(-x))
    return y, y


logistic.defvjp(_logistic_forward, lambda y, g: (g * y * (1 - y),))


@bb.custom_jvp
def softplus(x: Any) -> Any:
    return np.log1p(np.exp(x))


softplus.defjvp(lambda primals, tangents: (softplus(*primals), tangents[0] / (1 + np.exp(-primals[0]))))


class Affine(bb.Function):
    """x w + b, with what backward needs in attributes."""

    def forward(self, x: Any, w: Any, b: Any) -> Any:
        self.saved = x, w
        return x @ w + b

    def backward(self, g: Any) -> Any:
        x, w = self.saved
        return g @ w.T, x.T @ g, g.sum(axis=0)


class Both(bb.Function):
    """Two outputs, into a buffer that is used again at the next call; its input is overwritten."""

    buffer = np.empty((2, 4, 3))

    def forward(self, x: Any) -> Any:
        Both.buffer[0], Both.buffer[1] = np.sin(x), np.cos(x)
        x *= 0
        return Both.buffer[0], Both.buffer[1]

    def backward(self, g_sin: Any, g_cos: Any) -> Any:
        return g_sin * np.cos(self.input) - g_cos * np.sin(self.input)


def user_functions(x: Any, w: Any) -> Any:
    both = Both()
    sine, cosine = both(x)
    double, _ = both(2 * x)
    inside = bb.checkpoint(lambda z: np.tanh(z) * z)
    return Affine()(sine + double, w, w[0]), logistic(cosine), softplus(x), inside(x), bb.vmap(logistic)(x)


def containers(model: Any, x: Any) -> Any:
    for layer in model["layers"]:
        x = np.tanh(x @ layer["w"] + layer["b"])
    return {"loss": np.mean(x**2), "last": x}


PROGRAMS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (relu_network, (X, W)),
    (in_place, (X,)),
    (nested_gradients, (X,)),
    (batched, (X, W)),
    (linear_algebra, (X,)),
    (complex_numbers, (X + 1j * X[::-1],)),
    (indexing_and_joins, (X,)),
    (user_functions, (X, W)),
    (containers, ({"layers": [{"w": W, "b": W[0]}, {"w": W.T, "b": X[0]}]}, X)),
    (bb.grad(relu_network, argnums=(0, 1)), (X, W)),
]


@pytest.mark.parametrize(("f", "args"), PROGRAMS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("seed", range(3))
def test_no_call_of_a_right_program_is_suspected(f: Callable[..., Any], args: tuple[Any, ...], seed: int) -> None:
    examined = examine(f, args, seed=seed)
    assert not examined.culprits
    assert all(group.checked == group.seen > 0 for group in examined.groups.values())


@pytest.mark.parametrize("f", [relu_network, batched])
def test_float32_is_judged_as_float32(f: Callable[..., Any]) -> None:
    assert find_culprit(f, (X.astype("f"), W.astype("f"))) == ()


ZEROS = np.array([0.0, -0.0, 1.0, -2.0])
ODD = [
    ("relu at 0", lambda x: np.maximum(x, 0), (ZEROS,)),
    ("ties", lambda x: np.maximum(x, x[::-1]) + np.max(x) + np.sort(x), (np.array([1.0, 2.0, 2.0, 1.0]),)),
    ("|x| at 0", lambda x: np.abs(x) + np.linalg.norm(x[:2]) + np.clip(x, 0, 1), (ZEROS,)),
    ("steps", lambda x: np.floor(x) + np.sign(x) + np.round(x / 2), (ZEROS,)),
    ("edges", lambda x: np.sqrt(np.abs(x)) + np.log(x**2) + np.arcsin(np.clip(x, -1, 1)), (ZEROS,)),
    ("powers", lambda x: x**0 + np.abs(x) ** 1.5 + x**2, (ZEROS,)),
    ("infinities", lambda x: np.exp(-x) + np.tanh(x) + 1 / x, (np.array([np.inf, -np.inf, np.nan, 1.0, 0.0]),)),
    ("saturated", lambda x: np.tanh(x) + 1 / (1 + np.exp(-x)), (np.array([-40.0, 20.0, 9.0, 0.1, 700.0]),)),
    ("tiny and huge", lambda x: x * x + np.log(x) + np.sqrt(x), (np.array([1e-200, 1e-8, 1.0, 1e100]),)),
    ("repeated eigenvalues", lambda x: np.linalg.eigh(x * np.eye(3))[1] @ np.ones(3), (np.array(2.0),)),
    ("cancellation", lambda x: np.sum(x) + (x[0] - x[1]) / (x[1] + x[0]), (np.array([1e8, 1e8 + 1e-6, -2e8]),)),
]


@pytest.mark.parametrize(("f", "args"), [pytest.param(f, args, id=name) for name, f, args in ODD])
@pytest.mark.parametrize("dtype", ["d", "f"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, from the values of f
def test_no_kink_edge_or_rounding_is_suspected(f: Callable[..., Any], args: tuple[Any, ...], dtype: str) -> None:
    for seed in range(3):
        assert find_culprit(f, tuple(x.astype(dtype) for x in args), seed=seed) == ()


def test_what_is_drawn_at_random_is_not_suspected() -> None:
    random = np.random.default_rng(0)

    class Dropout(bb.Function):
        def forward(self, x: Any) -> Any:
            self.mask = random.random(x.shape) > 0.5
            return x * self.mask

        def backward(self, g: Any) -> Any:
            return g * self.mask

    assert find_culprit(lambda x: np.sum(Dropout()(x) ** 2), (X,)) == ()


def test_mutated_arguments_stay_as_they_were() -> None:
    def f(x: Any) -> Any:
        x *= 2
        return np.sum(Both()(x)[0])

    given = X.copy()
    assert find_culprit(f, (given,)) == ()
    assert given.tobytes() == X.tobytes()


def test_a_backward_that_overwrites_what_it_is_given_does_no_harm() -> None:
    class Greedy(bb.Function):
        def forward(self, x: Any) -> Any:
            return np.sin(x)

        def backward(self, g: Any) -> Any:
            x = self.input.data
            np.cos(x, out=x)
            g *= x
            return g

    seen: list[Any] = []

    def f(x: Any) -> Any:
        y = 2 * x
        z = Greedy()(y)
        seen.append((y.data.copy(), z.data.copy()))
        return np.sum(z * y)

    assert find_culprit(f, (X,)) == ()
    np.testing.assert_array_equal(seen[0], (2 * X, np.sin(2 * X)))
