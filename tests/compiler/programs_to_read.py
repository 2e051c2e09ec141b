"""Programs whose source is read back: loops, decisions, slices, updates, products, special functions, captured arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import scipy.special

import bibun as bb

random = np.random.default_rng(0)
X = random.normal(size=(5, 3))
WEIGHTS = [random.normal(size=(4, 4)) / 2 for _ in range(12)]
LAYERS = [random.normal(size=(4, 4)) / 2 for _ in range(30)]
TABLE = {"knots": np.linspace(0.0, 1.0, 6), "heights": random.normal(size=6)}


class Model:
    """An object that holds arrays."""

    def __init__(self) -> None:
        self.scale = np.array([0.5, 1.5, 2.5])

    def __call__(self, x: Any) -> Any:
        return np.sum(np.tanh(self.scale * x))


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def lorenz(p: Any, y: Any) -> Any:
    for _ in range(20):
        dy = np.stack([p[0] * (y[1] - y[0]), y[0] * (p[1] - y[2]) - y[1], y[0] * y[1] - p[2] * y[2]])
        y = y + 0.01 * dy
    return np.sum(y**2)


def logistic(params: Any, mode: str = "mean") -> Any:
    z = X @ params["w"] + params["b"][0]
    loss = np.log1p(np.exp(-z))
    return np.mean(loss) if mode == "mean" else np.sum(loss)


def network(x: Any) -> Any:
    for w in WEIGHTS:
        x = np.tanh(w @ x)
    return np.sum(x)


def many_layers(x: Any) -> Any:
    for w in LAYERS:
        x = np.sin(w @ x)
    return np.sum(x)


def heat(u: Any) -> Any:
    for _ in range(30):
        u = u + 0.1 * (np.roll(u, 1) - 2 * u + np.roll(u, -1)) + 0.01 * u * (1 - u)
    return np.sum(u**2)


def recurrence(x: Any) -> Any:
    y = np.zeros_like(x)
    for i in range(1, len(x)):
        y[i] = 0.5 * y[i - 1] + x[i]
    return np.sum(y**2)


def two_steps(x: Any) -> Any:
    a, b = x, 2 * x
    for k in range(25):
        a, b = b, 0.3 * a + 0.6 * b + k
    return np.sum(a * b)


def newton(a: Any) -> Any:
    x = a
    while abs(x * x - a) > 1e-12:
        x = (x + a / x) / 2
    return x


def branches(x: Any) -> Any:
    total = 0.0
    for k in range(len(x)):
        total = total + (np.sin(x[k]) if x[k] > 0 else x[k] ** 2)
    return total


def decided_in_a_loop(x: Any) -> Any:
    for k in range(40):
        if np.sum(x) > k - 100:
            x = 0.9 * x + 0.01 * np.cos(x)
    return np.sum(x**3)


def matrix_made_inside(x: Any) -> Any:
    a = np.array([[2.0, 1.0], [0.0, 3.0]])
    return np.sum(np.sqrt(x @ a))


def special(x: Any) -> Any:
    return np.sum(scipy.special.gammaln(x) * scipy.special.erf(x) + scipy.special.j0(x) * scipy.special.zeta(3.0, x))


def sorting(x: Any) -> Any:
    return np.sum(np.sort(x)[:3] * np.arange(3.0)) + np.max(x) + np.prod(x)


def repeated_indices(x: Any) -> Any:
    return np.sum(x[np.array([0, 2, 2])] ** 2)


def mask(x: Any) -> Any:
    return np.sum(x[x > 0] ** 2)


def interpolated(t: Any) -> Any:
    i = np.searchsorted(TABLE["knots"], t[0]) - 1
    left, right = TABLE["knots"][i], TABLE["knots"][i + 1]
    return TABLE["heights"][i] * (right - t[0]) + TABLE["heights"][i + 1] * (t[0] - left) + np.sum(TABLE["heights"] * t)


def decompositions(a: Any) -> Any:
    s = a @ a.T + 3 * np.eye(len(a))
    w, v = np.linalg.eigh(s)
    sign, logdet = np.linalg.slogdet(s)
    return (
        np.sum(np.log(w)) + logdet + np.sum(np.linalg.cholesky(s)) + np.sum(np.linalg.solve(s, a)) + np.sum(v[0] ** 2)
    )


def einsum(a: Any, b: Any) -> Any:
    return np.einsum("ij,jk,kl->il", a, b, a)[0] @ np.arange(4.0)


def single(x: Any) -> Any:
    return np.sum(np.float32(0.5) * np.exp(x) + x / 3)


def promoted(x: Any, y: Any) -> Any:
    return np.sum(x * 2 + y) + np.sum(x) * np.float64(0.1)


def scaled(x: Any, *factors: Any, power: Any = 2.0, **more: Any) -> Any:
    for factor in factors:
        x = x * factor
    return np.sum(x**power) + more["shift"]


def containers(state: Any) -> Any:
    return {"sum": np.sum(state[0]), "rest": [state[1] * 2, (state[0][:2], 7.5, None)]}


class Case(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: Mapping[str, Any] = MappingProxyType({})


def normal(*shape: int) -> Any:
    return np.random.default_rng(7).normal(size=shape)


CASES = {
    "rosenbrock": Case(bb.value_and_grad(rosenbrock), (normal(9),)),
    "hessian": Case(bb.hessian(rosenbrock), (normal(4),)),
    "hessian-vector product": Case(lambda x, v: bb.hvp(rosenbrock, (x,), (v,)), (normal(5), normal(5))),
    "lorenz": Case(bb.value_and_grad(lorenz, (0, 1)), (np.array([10.0, 28, 8 / 3]), np.array([1.0, 2, 3]))),
    "logistic": Case(bb.value_and_grad(logistic), ({"w": normal(3), "b": [np.float64(0.5)]},)),
    "a static argument": Case(bb.grad(logistic), ({"w": normal(3), "b": [0.5]}, "sum")),
    "network": Case(bb.grad(network), (normal(4),)),
    "a network of many layers": Case(bb.grad(many_layers), (normal(4),)),
    "heat": Case(bb.grad(heat), (normal(16),)),
    "recurrence": Case(bb.value_and_grad(recurrence), (normal(30),)),
    "two steps back": Case(bb.value_and_grad(two_steps), (normal(3),)),
    "newton": Case(bb.grad(newton), (2.0,)),
    "branches": Case(bb.value_and_grad(branches), (normal(6),)),
    "decided in a loop": Case(bb.grad(decided_in_a_loop), (normal(4),)),
    "a matrix made inside": Case(bb.value_and_grad(matrix_made_inside), (np.array([1.0, 2.0]),)),
    "special functions": Case(bb.grad(special), (np.linspace(1.0, 3.0, 4),)),
    "sorting": Case(bb.grad(sorting), (normal(7),)),
    "repeated indices": Case(bb.value_and_grad(repeated_indices), (normal(4),)),
    "a mask": Case(bb.value_and_grad(mask), (normal(6),)),
    "interpolation": Case(bb.value_and_grad(interpolated), (np.linspace(0.3, 0.9, 6),)),
    "decompositions": Case(bb.value_and_grad(decompositions), (normal(3, 3),)),
    "einsum": Case(bb.value_and_grad(einsum, (0, 1)), (normal(3, 4), normal(4, 3))),
    "single precision": Case(bb.value_and_grad(single), (normal(5).astype(np.float32),)),
    "promotion": Case(bb.value_and_grad(promoted, (0, 1)), (normal(5).astype(np.float32), normal(5))),
    "stars": Case(bb.grad(scaled), (normal(3), 2.0, 3.0), {"power": 3.0, "shift": 1.0}),
    "containers": Case(containers, ((normal(3), 1.5),)),
    "an object": Case(bb.grad(Model()), (normal(3),)),
    "vmap": Case(bb.vmap(bb.grad(rosenbrock)), (normal(4, 3),)),
    "jacobian": Case(bb.jacobian(lambda x: np.sin(x) * x[0]), (normal(3),)),
    "complex numbers": Case(bb.grad(lambda z: np.sum(np.abs(np.exp(z)) ** 2)), (normal(3) + 1j * normal(3),)),
}  # fmt: skip
