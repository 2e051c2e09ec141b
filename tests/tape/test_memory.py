"""What the tape and the other interpreters keep: only what a rule reads, no longer than somebody can ask, in no cycle."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bibun as bb
from bibun import Variable

SIZE = 100_000
ARRAY = SIZE * 8  # bytes


def held(run: Callable[[], Any]) -> int:
    """The bytes held by what run() returned, and whatever that keeps."""
    run()  # what is made once: caches, lazy imports
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = run()
        after = tracemalloc.get_traced_memory()[0]
        del result
        return after - before
    finally:
        tracemalloc.stop()


def peak(run: Callable[[], Any]) -> int:
    """The most bytes held at a time while run() ran."""
    run()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@contextmanager
def no_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def garbage(run: Callable[[], Any]) -> list[str]:
    """The types of what only the garbage collector finds after run()."""
    run()
    with no_garbage_collector():
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            run()
            gc.collect()
            return sorted({type(found).__name__ for found in gc.garbage})
        finally:
            gc.set_debug(0)
            gc.garbage.clear()


def ones() -> Variable:
    return Variable(np.ones(SIZE))


# ---- only what a rule reads --------------------------------------------------------------------------------------

CONSTANT = np.full(SIZE, 1.5)
CONSTANT.setflags(write=False)

KEEPS_NO_ARRAY: dict[str, Callable[[Any], Any]] = {
    "add a number": lambda y: y + 1.0,
    "add a plain array": lambda y: y + CONSTANT,
    "add itself": lambda y: y + y,
    "subtract from a number": lambda y: 1.0 - y,
    "multiply by a number": lambda y: y * 1.0001,
    "multiply by a NumPy scalar": lambda y: y * np.float64(1.0001),
    "multiply by a read-only array": lambda y: y * CONSTANT,
    "divide by a number": lambda y: y / 1.0001,
    "negative": lambda y: -y,
    "reverse": lambda y: np.copy(y[::-1]),
    "reshape": lambda y: np.copy(y.reshape(100, -1)).reshape(-1),
    "roll": lambda y: np.roll(y, 1),
    "join and cut": lambda y: np.concatenate([y, y])[:SIZE] + 0.0,
    "cumulative sum": lambda y: np.cumsum(y),
    "subtract the mean": lambda y: y - np.mean(y),
}


@pytest.mark.parametrize("name", KEEPS_NO_ARRAY)
def test_a_chain_that_reads_no_array_keeps_none(name: str) -> None:
    step = KEEPS_NO_ARRAY[name]

    def chain(calls: int) -> int:
        x = ones()

        def run() -> Any:
            y = x
            for _ in range(calls):
                y = step(y)
            return y

        return held(run)

    short, long = chain(3), chain(40)
    assert long - short < ARRAY  # one array for 37 calls would be too many
    assert long < 3 * ARRAY  # the value, and the array that it views


KEEPS_ONE: dict[str, Callable[[Any], Any]] = {
    "exp keeps y": lambda y: np.exp(-y),
    "sin keeps x": lambda y: np.sin(y),
    "tanh keeps y": lambda y: np.tanh(y),
    "multiplied by itself": lambda y: y * y,
    "square": lambda y: y**2,
    "sqrt": lambda y: np.sqrt(y),
}


@pytest.mark.parametrize("name", KEEPS_ONE)
def test_a_call_that_reads_one_array_keeps_one(name: str) -> None:
    step = KEEPS_ONE[name]
    x = ones()

    def run() -> Any:
        y = x
        for _ in range(10):
            y = step(y * 0.5)
        return y

    # An array a call, the last value, and no copy of what the tape itself made.
    assert held(run) < 12 * ARRAY


def test_a_product_keeps_only_the_other_factor() -> None:
    x, constant = ones(), np.full(SIZE, 2.0)

    def run() -> Any:
        return (x + 1.0) * constant  # reads the constant, not x + 1

    assert held(run) < 2.2 * ARRAY


def test_a_view_of_a_user_array_is_not_the_user_array() -> None:
    x = ones()
    assert held(lambda: x[:10] * 2.0) < ARRAY / 100


def test_a_sum_keeps_no_array() -> None:
    x = ones()
    assert held(lambda: [np.sum(x) for _ in range(20)]) < ARRAY / 10


def test_a_matrix_product_keeps_no_broadcast_copies() -> None:
    a, b = Variable(np.ones((300, 300))), Variable(np.ones((300, 300)))
    matrix = 300 * 300 * 8
    assert held(lambda: (a + 0.0) @ (b + 0.0)) < 3.2 * matrix


def test_broadcasting_keeps_no_broadcast_copies() -> None:
    x = ones()
    small = Variable(np.array([[2.0], [3.0], [4.0]]))
    # the product itself, and for its derivative the two factors as they are
    assert held(lambda: (x + 0.0) * (small + 0.0)) < 4.2 * ARRAY


# ---- for how long ------------------------------------------------------------------------------------------------


def test_everything_goes_when_the_last_name_goes() -> None:
    """Without the garbage collector: reference counts alone free the graph and the arrays."""
    with no_garbage_collector():
        x = Variable(np.ones(1000))
        watched = [weakref.ref(x), weakref.ref(x.data)]
        y = x
        for _ in range(5):
            y = np.sin(y) * y + np.exp(-y)
            watched.append(weakref.ref(y))
        view = y[10:20]
        view += 1.0
        watched.append(weakref.ref(view))
        total = np.sum(y)
        total.backward(retain_grad=True)
        total.backward(create_graph=True)
        watched.append(weakref.ref(total))
        del x, y, view, total
        assert [w() for w in watched] == [None] * len(watched)


def test_intermediate_values_go_when_no_rule_reads_them() -> None:
    with no_garbage_collector():
        x = Variable(np.ones(1000))
        a = x + 1.0
        value = weakref.ref(a.value)
        b = a + 1.0
        del a
        assert value() is None
        b.backward()


NO_CYCLES: dict[str, Callable[[], Any]] = {
    "backward": lambda: np.sum(np.exp(ones()) * 2).backward(),
    "create_graph": lambda: np.sum(np.exp(ones()) * 2).backward(create_graph=True),
    "indexing": lambda: np.sum(ones()[np.array([1, 2, 2])]).backward(),
    "linear algebra": lambda: np.linalg.slogdet(Variable(np.eye(3)))[1].backward(),
    "grad": lambda: bb.grad(lambda x: np.sum(np.sin(x)))(np.ones(3)),
    "grad of a dict": lambda: bb.grad(lambda d: np.sum(d["a"] * d["b"]))({"a": np.ones(3), "b": np.ones(3)}),
    "value_and_grad": lambda: bb.value_and_grad(lambda x: (np.sum(x * x), x), has_aux=True)(np.ones(3)),
    "vjp": lambda: bb.vjp(np.sin, np.ones(3))[1](np.ones(3)),
    "jvp": lambda: bb.jvp(np.sin, (np.ones(3),), (np.ones(3),)),
    "linearize": lambda: bb.linearize(np.sin, np.ones(3))[1](np.ones(3)),
    "jacfwd": lambda: bb.jacfwd(np.sin)(np.ones(3)),
    "jacrev": lambda: bb.jacrev(np.sin)(np.ones(3)),
    "hessian": lambda: bb.hessian(lambda x: np.sum(np.sin(x)))(np.ones(3)),
    "hvp": lambda: bb.hvp(lambda x: np.sum(np.sin(x)), (np.ones(3),), (np.ones(3),)),
    "vmap": lambda: bb.vmap(bb.grad(np.sin))(np.ones(3)),
    "Function": lambda: bb.Square()(bb.Exp()(ones())).backward(),
    "vmap of a Function": lambda: bb.vmap(bb.grad(lambda x: bb.Square()(x)))(np.ones(3)),
    "jvp of a Function": lambda: bb.jvp(lambda x: bb.Square()(x), (1.0,), (1.0,)),
    "checkpoint": lambda: np.sum(bb.checkpoint(np.sin)(ones())).backward(),
    "custom_vjp": lambda: bb.grad(_custom_vjp())(1.0),
    "custom_jvp": lambda: bb.grad(_custom_jvp())(1.0),
    "in place": lambda: bb.grad(_in_place)(np.ones(5)),
}


def _custom_vjp() -> Any:
    f = bb.custom_vjp(lambda x: x * x)
    f.defvjp(lambda x: (x * x, x), lambda x, g: (2 * x * g,))
    return f


def _custom_jvp() -> Any:
    f = bb.custom_jvp(lambda x: x * x)
    f.defjvp(lambda xs, ts: (xs[0] ** 2, 2 * xs[0] * ts[0]))
    return f


def _in_place(x: Any) -> Any:
    y = np.zeros_like(x)
    tail = y[1:]
    tail += x[1:] ** 2
    y[0] = x[0]
    return np.sum(y)


@pytest.mark.parametrize("name", NO_CYCLES)
def test_no_reference_cycles(name: str) -> None:
    assert garbage(NO_CYCLES[name]) == []


def test_an_error_inside_a_transform_leaves_nothing() -> None:
    def fails(x: Any) -> Any:
        y = np.sin(x)
        kept.append(weakref.ref(y))
        raise RuntimeError("the user's own")

    kept: list[Any] = []
    with pytest.raises(RuntimeError, match="the user's own"):
        bb.grad(fails)(np.ones(3))
    gc.collect()
    assert kept[0]() is None


# ---- how much at a time ------------------------------------------------------------------------------------------


def test_grad_frees_as_it_sweeps() -> None:
    """Ten large values are kept for the sweep; no second ten join them while it runs."""

    def deep(x: Any) -> Any:
        for _ in range(10):
            x = np.sin(x)
        return np.sum(x)

    x = np.ones(SIZE)
    assert peak(lambda: bb.grad(deep)(x)) < 14 * ARRAY


def test_a_sweep_that_branches_frees_as_it_goes() -> None:
    def deep(x: Any) -> Any:
        for _ in range(10):
            x = np.sin(x) * x
        return np.sum(x)

    x = np.ones(SIZE)
    assert peak(lambda: bb.grad(deep)(x)) < 26 * ARRAY  # sin x and x are kept for each of ten


def test_forward_mode_holds_nothing_that_grows_with_the_operations() -> None:
    def chain(calls: int) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            for _ in range(calls):
                x = np.sin(x) * 1.01
            return x

        return f

    x, t = np.ones(1000), np.ones(1000)

    def measured(calls: int) -> int:
        f = chain(calls)
        return peak(lambda: bb.jvp(f, (x,), (t,)))

    few, many = measured(5), measured(5_000)
    assert many < few + 4_096
    assert many < 12 * 8_000


def test_forward_mode_in_a_batch_holds_nothing_that_grows() -> None:
    def chain(calls: int) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            for _ in range(calls):
                x = np.sin(x) + x[::-1]
                x = x * 0.5
            return x

        return f

    x = np.ones(50)
    # CPython's free lists fill up first; from then on nothing grows.
    few, many = (peak(lambda calls=calls: bb.jacfwd(chain(calls))(x)) for calls in (1_200, 2_400))
    assert many < few + 2_048


@pytest.mark.parametrize("transform", [bb.grad, lambda f: lambda x: bb.jvp(bb.grad(f), (x,), (x,))[1]])
def test_checkpoint_lowers_the_peak(transform: Any) -> None:
    """Eight pieces of eight calls: 8 + 8 values at a time, not 64."""

    def piece(x: Any) -> Any:
        for _ in range(8):
            x = np.sin(x) + 0.1
        return x

    def whole(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            for _ in range(8):
                x = step(x)
            return np.sum(x)

        return f

    x = np.linspace(0.1, 1.0, SIZE)
    plain, checkpointed = transform(whole(piece)), transform(whole(bb.checkpoint(piece)))
    assert_allclose(checkpointed(x), plain(x), rtol=1e-13)
    assert peak(lambda: plain(x)) > 60 * ARRAY
    assert peak(lambda: checkpointed(x)) < peak(lambda: plain(x)) / 2


def test_a_loop_over_entries_costs_no_square_of_memory() -> None:
    """Each entry's cotangent stays an entry until the sweep adds it up."""

    def f(x: Any) -> Any:
        return sum((x[i] * x[i] for i in range(1_000)), 0.0)

    x = np.ones(10_000)
    assert_allclose(bb.grad(f)(x)[:1_000], 2.0)
    assert peak(lambda: bb.grad(f)(x)) < 40 * x.nbytes
