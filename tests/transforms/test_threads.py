"""Many threads at once, switched as often as the interpreter can: every result is that of a thread alone."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bibun as bb
from bibun import Variable

THREADS = 8
X = np.array([0.5, -1.5, 2.0])


@pytest.fixture(autouse=True)
def fast_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def together(run: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """run(0), run(1), ..., each in a thread of its own, started at one moment."""
    barrier = Barrier(threads)

    def started(n: int) -> Any:
        barrier.wait()
        return run(n)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(started, range(threads)))


class Cube(bb.Function):
    def forward(self, x: Any) -> Any:
        self.positive = x > 0
        return x**3

    def backward(self, gy: Any) -> Any:
        return 3 * self.input**2 * gy


def nested(x: float) -> list[float]:
    """A number from each kind of nest, with its closed form beside it."""
    cube = Cube()
    return [
        bb.grad(lambda a: a * bb.grad(lambda b: a * b)(a))(x) - 2 * x,
        bb.jvp(lambda a: bb.grad(lambda b: a * b * b)(a), (x,), (1.0,))[1] - 4 * x,
        bb.grad(lambda a: bb.jvp(lambda b: a * b**3, (a,), (1.0,))[1])(x) - 9 * x**2,
        bb.grad(lambda a: np.sum(bb.vmap(lambda v: bb.grad(lambda b: a * v * b * b)(v))(X)))(x) - np.sum(2 * X**2),
        bb.hessian(lambda a: np.sum(a**3))(np.array([x, 2 * x]))[1, 1] - 12 * x,
        bb.grad(bb.grad(bb.grad(np.sin)))(x) + np.cos(x),
        bb.grad(bb.grad(lambda a: cube(a)))(x) - 6 * x,
        np.sum(bb.vmap(bb.grad(lambda a: cube(a)))(X * x)) - np.sum(3 * (X * x) ** 2),
        bb.grad(bb.checkpoint(lambda a: np.sin(a) * a))(x) - np.cos(x) * x - np.sin(x),
        bb.linearize(lambda a: a**3, x)[1](2.0) - 6 * x**2,
    ]


def test_nested_transforms_in_many_threads() -> None:
    def run(n: int) -> float:
        worst = 0.0
        for k in range(15):
            worst = max(worst, *(abs(d) for d in nested(0.3 + 0.2 * n + 0.1 * k)))
        return worst

    assert max(together(run)) < 1e-10


def test_variables_of_their_own_in_many_threads() -> None:
    def run(n: int) -> float:
        x = Variable(np.full(5, 0.1 * (n + 1)))
        for _ in range(30):
            y = np.sum(np.sin(x) * x + Cube()(x))
            x.cleargrad()
            y.backward(create_graph=True)
            gradient = x.grad
            x.cleargrad()
            np.sum(gradient).backward()
        expected = 2 * np.cos(x.data) - np.sin(x.data) * x.data + 6 * x.data
        return float(np.max(np.abs(x.grad - expected)))

    assert max(together(run)) < 1e-12


def test_one_graph_swept_by_many_threads() -> None:
    """Each sweep adds its gradient, and none is lost."""
    x = Variable(X.copy())
    y = np.sum(np.sin(x) * x)
    expected = np.cos(X) * X + np.sin(X)
    times = 50
    together(lambda n: [y.backward() for _ in range(times)])
    assert_allclose(x.grad, THREADS * times * expected)


def test_one_pullback_called_by_many_threads() -> None:
    _, pullback = bb.vjp(lambda x: np.sin(x) * x, X)
    _, f_jvp = bb.linearize(lambda x: np.sin(x) * x, X)
    slope = np.cos(X) * X + np.sin(X)

    def run(n: int) -> float:
        worst = 0.0
        for k in range(50):
            g = np.array([1.0 * n, -k, 0.5])
            worst = max(worst, float(np.max(np.abs(pullback(g)[0] - g * slope))))
            worst = max(worst, float(np.max(np.abs(f_jvp(g) - g * slope))))
        return worst

    assert max(together(run)) < 1e-12


def test_one_transformed_function_called_by_many_threads() -> None:
    gradient = bb.value_and_grad(lambda p, x: np.sum(np.tanh(p["w"] @ x)), argnums=(0, 1))
    w = np.arange(6.0).reshape(2, 3) / 5

    def run(n: int) -> float:
        x = X * (n + 1) / THREADS
        slope = 1 - np.tanh(w @ x) ** 2
        worst = 0.0
        for _ in range(50):
            value, (gp, gx) = gradient({"w": w}, x)
            worst = max(worst, float(abs(value - np.sum(np.tanh(w @ x)))))
            worst = max(
                worst, float(np.max(np.abs(gp["w"] - np.outer(slope, x)))), float(np.max(np.abs(gx - slope @ w)))
            )
        return worst

    assert max(together(run)) < 1e-12


def test_a_new_dataclass_in_many_threads_at_once() -> None:
    for _ in range(20):

        @dataclass
        class Point:
            x: Any
            y: Any

        found = together(lambda n, Point=Point: bb.grad(lambda p: p.x * p.y)(Point(2.0, float(n))))
        assert [(p.x, p.y) for p in found] == [(n, 2.0) for n in range(THREADS)]


def test_the_first_use_of_the_package_in_many_threads_at_once() -> None:
    """In a fresh interpreter: imports, plans and registrations happen for the first time, in all threads together."""
    program = textwrap.dedent("""
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from dataclasses import dataclass
        from threading import Barrier

        sys.setswitchinterval(1e-6)
        barrier = Barrier(8)

        def run(n):
            barrier.wait()
            import numpy as np
            import bibun as bb

            x = np.array([0.5, 1.5, 2.0]) + n
            found = [
                bb.grad(lambda p: np.sum(np.sin(p["x"]) * p["x"]))({"x": x})["x"] - (np.cos(x) * x + np.sin(x)),
                bb.hessian(lambda v: np.sum(np.exp(-v)))(x) - np.diag(np.exp(-x)),
                bb.jvp(lambda v: np.linalg.slogdet(np.diag(v))[1], (x,), (x,))[1] - 3.0,
                bb.vmap(bb.grad(lambda v: v**3))(x) - 3 * x**2,
            ]
            v = bb.Variable(x.copy())
            bb.square(bb.exp(v)).backward()
            found.append(v.grad - 2 * np.exp(2 * x))
            return max(float(np.max(np.abs(d) / (1 + np.max(np.exp(2 * x))))) for d in found)

        with ThreadPoolExecutor(8) as pool:
            worst = max(pool.map(run, range(8)))
        print("worst", worst)
        sys.exit(worst > 1e-12)
    """)
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
