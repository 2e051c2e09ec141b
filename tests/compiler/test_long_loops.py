"""Derivatives of long loops, which are recorded with few turns: the recording is that of the whole run, or does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.compiler.long_loops import Inner, OuterArrays, Stop, recorded
from bibun.compiler.native.machine import available
from bibun.compiler.paths import Recipe
from bibun.compiler.rolling.stream import leaves_first
from bibun.compiler.runs import Run, leaf_of, over
from bibun.compiler.signature import signature
from tests.compiler.agreement import same
from tests.compiler.conftest import Runs

pytestmark = [
    pytest.mark.skipif(not available(), reason="no machine code on this machine"),
    pytest.mark.usefixtures("runs"),  # which lets functions be looked at
]

TURNS = 200
STATE, RATES = np.array([1.0, 0.5]), np.array([0.1, 0.2, 0.3])
SERIES = np.sin(0.7 * np.arange(TURNS)) * 0.8
Function = Callable[..., Any]


def oscillator(state: Any, rates: Any) -> Any:
    momentum = np.zeros_like(state)
    for _ in range(TURNS):
        momentum = momentum - 0.01 * (rates[0] * state + rates[1] * state**3)
        state = state + 0.01 * momentum / rates[2]
        state = state / np.sqrt(np.sum(state * state))
    return np.sum(momentum * momentum) + np.sum(state)


def recurrence(series: Any, rates: Any) -> Any:
    hidden, total = np.zeros(3), 0.0 * rates[0]
    for i in range(len(series)):
        error = series[i] - hidden @ rates
        hidden = np.tanh(hidden + rates * error)
        total = total + error * error + np.sin(series[i] * rates[0])
    return total


def windows(series: Any, rates: Any) -> Any:
    total = rates[0]
    for i in range(2, len(series) - 2):
        window = series[i - 2 : i + 3]
        total = total + np.sum(window * window) * rates[1] - np.sin(total * window[0]) * window[4]
    return total


def backwards(series: Any, rates: Any) -> Any:
    total, last = rates[0], len(series) - 1
    for i in range(last, -1, -1):
        total = 0.5 * total * rates[1] + series[i] * np.sin(total) - series[last - i] * 0.1 + np.cos(total * series[i])
    return total * total


def filled(state: Any, rates: Any) -> Any:
    path = np.zeros((TURNS, 2), like=state * rates[0])
    path[0] = state + 0 * rates[:2]
    for i in range(TURNS - 1):
        path[i + 1] = path[i] + 0.1 * np.sin(path[i] * rates[0]) - rates[1] * path[i] ** 2 * rates[2]
    return np.sum(path * path) + np.sum(path[-1] * path[-2]) + path[3, 1]


def third_order(state: Any, rates: Any) -> Any:
    first = second = third = state[0]
    for _ in range(TURNS):
        new = rates[0] * first + rates[1] * second - 0.1 * third * third + np.sin(first) * rates[2]
        third, second, first = second, first, new
    return first * second + third


def two_loops(state: Any, rates: Any) -> Any:
    for _ in range(TURNS):
        state = state + 0.1 * np.sin(state * rates[0]) - rates[1] * state * rates[2]
    middle = np.sum(state)
    for _ in range(2 * TURNS):
        state = state + 0.1 * np.cos(state * rates[1]) - rates[2] * state * middle
    return np.sum(state) * middle


def heat(field: Any, rates: Any) -> Any:
    for _ in range(TURNS):
        field = field + rates[0] * (np.roll(field, 1) - 2 * field + np.roll(field, -1)) - 0.01 * field**3
        field[0], field[-1] = 0.0, rates[1]
    return np.sum(field * field)


def implicit(matrix: Any, state: Any) -> Any:
    for _ in range(TURNS):
        state = np.linalg.solve(matrix, state + 0.01 * np.sin(state))
        state = state / np.sqrt(np.sum(state * state)) + 0.01 * np.tanh(state)
    return np.sum(state)


def driven(state: Any, rates: Any) -> Any:
    """Constants of each turn, one of which is also divided by."""
    for i in range(TURNS):
        time, weight = 0.01 * i, 1.0 / (1 + i)
        state = (
            state
            + 0.1 * np.sin(state * rates[0] + time)
            - rates[1] * state * weight
            + np.cos(rates[2] * time) / (1.5 + time)
        )
    return np.sum(state)


def switched(state: Any, rates: Any) -> Any:
    """Constants that show what they are only behind the turns that a short run has."""
    for i in range(TURNS):
        step = 0.1 if i < 20 else 0.2
        state = (
            state + step * np.sin(state * rates[0]) - (0.3 if i % 7 else 0.1) * rates[1] * state + 0.1 * np.tanh(state)
        )
    return np.sum(state)


OBSERVED, NOISE = np.cos(0.3 * np.arange(TURNS)), np.sin(np.arange(3 * TURNS)).reshape(TURNS, 3)


def fitted(state: Any, rates: Any) -> Any:
    """Arrays of outside, another part of which is read in each turn."""
    loss = 0.0
    for i, seen in enumerate(OBSERVED[::-1]):
        state = 0.9 * state + 0.1 * np.tanh(state * rates[0] + NOISE[i, :2] * rates[1])
        loss = loss + np.sum((state - seen - OBSERVED[i]) ** 2) * NOISE[i, 2]
    return loss


MATRIX = np.array([[2.0, 0.3], [-0.4, 1.5]])
PROGRAMS = [
    (oscillator, (STATE, RATES)), (recurrence, (SERIES, RATES)), (windows, (SERIES, RATES)), (backwards, (SERIES, RATES)),
    (filled, (STATE, RATES)), (third_order, (STATE, RATES)), (two_loops, (STATE, RATES)), (heat, (SERIES[:20], RATES)),
    (implicit, (MATRIX, STATE)), (driven, (STATE, RATES)), (switched, (STATE, RATES)), (fitted, (STATE, RATES)),
]  # fmt: skip


def run_of(f: Function, arguments: tuple[Any, ...]) -> tuple[Recipe, list[Any], Run | None]:
    call = signature(arguments, {}, ())
    recipe = Recipe(f, [leaf_of(x) for x in call.leaves], call.rebuild, [], [])
    inner = Inner(lambda: OuterArrays(()))
    with pytest.raises(Stop):
        recorded(recipe, call.leaves, inner.call)
    return recipe, call.leaves, inner.run(recipe, call.leaves, 1)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whether each run that compile makes of few turns succeeds."""
    found: list[bool] = []
    run = Inner.run

    def watched(*arguments: Any) -> Any:
        result = run(*arguments)
        found.append(result is not None)
        return result

    monkeypatch.setattr(Inner, "run", watched)
    return found


@pytest.mark.parametrize(("f", "arguments"), PROGRAMS)
def test_derivatives_of_long_loops(f: Function, arguments: Any, whole: list[bool]) -> None:
    derivatives = [
        bb.value_and_grad(f, argnums=(0, 1)), bb.jacfwd(f, argnums=1), lambda x, y: bb.hvp(f, (x, y), (y[0] * x, y)),
        lambda x, y: bb.jvp(f, (x, y), (x, y)), lambda x, y: bb.vjp(f, x, y)[1](0.5),
    ]  # fmt: skip
    for derivative in derivatives:
        with np.errstate(all="ignore"):
            same(bb.compile(derivative)(*arguments), derivative(*arguments), error=1e-9)
    assert whole == [True] * len(derivatives)


@pytest.mark.parametrize(("f", "arguments"), PROGRAMS)
def test_the_recording_has_as_many_calls_as_that_of_the_whole_run(f: Function, arguments: Any) -> None:
    recipe, leaves, run = run_of(bb.value_and_grad(f, argnums=(0, 1)), arguments)
    full = over(*recorded(recipe, leaves), recipe, 1, ())
    assert run is not None
    if f is driven:  # there the inverse of a constant is one of the calls
        assert len(run.flat) > len(full.flat)
        return
    assert len(run.flat) == len(full.flat)
    assert sorted(row_names(run)) == sorted(row_names(full))


def row_names(run: Run) -> list[str]:
    return [row if isinstance(row, str) else row.name for row, *_ in run.flat]


@pytest.mark.parametrize("f", [third_order, recurrence, backwards])
def test_the_recording_is_that_of_the_whole_run_to_the_last_byte(f: Function) -> None:
    arguments = (STATE if f is third_order else SERIES, RATES)
    recipe, leaves, run = run_of(bb.grad(f), arguments)
    full = over(*recorded(recipe, leaves), recipe, 1, ())
    assert run is not None
    flat, places = leaves_first(full.flat)
    assert run.numbers == places[full.numbers].tolist()
    assert list(map(exact, run.flat)) == list(map(exact, flat))


def exact(call: Any) -> Any:
    row, operands, settings, like = call
    return row, operands, settings.tobytes() if isinstance(settings, np.ndarray) else settings or None, like


# ---- what is recorded whole --------------------------------------------------------------------------------


def stacked(state: Any, rates: Any) -> Any:
    states = [state]
    for _ in range(TURNS):
        states.append(states[-1] + 0.1 * np.sin(states[-1] * rates[0]) - rates[1] * states[-1] * rates[2])
    return np.sum(np.stack(states) ** 2)


def decided(state: Any, rates: Any) -> Any:
    for _ in range(TURNS):
        state = state + 0.1 * np.sin(state * rates[0]) if state[0] > 0.2 else 0.9 * state - rates[1]
        state = 0.99 * state - rates[1] * state * rates[2]
    return np.sum(state)


def changing(state: Any, rates: Any) -> Any:
    for i in range(TURNS):
        moved = np.sin(state * rates[0]) if i < TURNS // 2 else np.cos(state * rates[0])
        state = state + 0.1 * moved - rates[1] * state * rates[2] + 0.01 * np.tanh(state)
    return np.sum(state)


def middle_is_read(state: Any, rates: Any) -> Any:
    kept = state
    for i in range(TURNS):
        state = state + 0.1 * np.sin(state * rates[0]) - rates[1] * state * rates[2] + 0.01 * np.tanh(state)
        kept = state if i == TURNS // 2 else kept
    return np.sum(state * kept)


@pytest.mark.parametrize("f", [stacked, decided, changing, middle_is_read])
def test_other_loops_have_their_derivatives_too(f: Function) -> None:
    gradient = bb.value_and_grad(f, argnums=(0, 1))
    same(bb.compile(gradient)(STATE, RATES), gradient(STATE, RATES), error=1e-9)


def test_two_derivatives_of_two_functions() -> None:
    def both(state: Any, rates: Any) -> Any:
        return bb.grad(oscillator)(state, rates) + bb.grad(third_order)(state, rates)

    same(bb.compile(both)(STATE, RATES), both(STATE, RATES), error=1e-9)


def test_a_derivative_beside_others_within_a_loop() -> None:
    def newton(state: Any, rates: Any) -> Any:
        for _ in range(3):
            state = state - 0.1 * bb.grad(oscillator)(state, rates)
        return state

    same(bb.compile(newton)(STATE, RATES), newton(STATE, RATES), error=1e-9)


def test_derivatives_with_auxiliary_results_and_containers(whole: list[bool]) -> None:
    def loss(parameters: Any, state: Any) -> Any:
        for _ in range(TURNS):
            state = state + 0.1 * np.tanh(parameters["weights"] @ state + parameters["bias"]) - 0.05 * state
        return np.sum(state * state), state

    parameters = {"weights": MATRIX / 4, "bias": RATES[:2]}
    gradient = bb.value_and_grad(loss, has_aux=True)
    same(bb.compile(gradient)(parameters, STATE), gradient(parameters, STATE), error=1e-9)
    assert whole == [True]


def damped(x: Any, p: Any) -> Any:
    for _ in range(TURNS):
        x = x + 0.01 * (np.sin(x * p) - 0.1 * x * x * p + 0.2 * np.tanh(x))
    return np.sum(x * x)


def series(x: Any) -> Any:
    state = x[0]
    for i in range(len(x)):
        state = 0.9 * state + 0.2 * np.sin(x[i] * state) / x.ndim + 0.1 * np.cos(state)
    return state


def stopped(x: Any, p: Any) -> Any:
    y = damped(x, p)
    return (y - bb.stop_gradient(y)) ** 2 + y * bb.stop_gradient(y)


X = np.array([0.3, 0.5, 0.7])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: bb.vmap(bb.value_and_grad(series))(np.outer(np.cos(np.arange(TURNS)), x)),
        lambda x: bb.vmap(bb.value_and_grad(series))(np.outer(x, np.cos(np.arange(TURNS)))),
        lambda x: bb.grad(damped, argnums=(0, 1))(x, np.ones(3)),
        lambda x: bb.jvp(damped, (x, 2.0), (x, 1.0)),
        lambda x: bb.grad(lambda t, x: damped(x + t * RATES, RATES), argnums=(0, 1))(0.0, x),
        lambda x: bb.grad(damped, argnums=(0, 1))(x, x),
        lambda x: bb.grad(damped, argnums=1)(x, x),
        lambda x: bb.jvp(damped, (x, x), (x, 0 * x)),
        lambda x: bb.grad(lambda t: damped(t, x))(x),
        lambda x: bb.hvp(lambda t: damped(x, t) * np.sum(x * t), (x,), (x,)),
        lambda x: bb.grad(lambda q: damped(q["x"], q["p"]))({"x": x, "p": x}),
        lambda x: bb.grad(lambda q: damped(q["x"], q["p"]))({"x": x, "p": 0.5}),
        lambda x: bb.grad(stopped)(x, RATES),
        lambda x: bb.jvp(lambda t: bb.grad(lambda u: damped(u, t))(t), (x,), (RATES,)),
        lambda x: bb.jacfwd(lambda t: bb.grad(lambda u: damped(u, t) * np.sum(u * t))(x))(RATES),
    ],
)
def test_each_argument_is_its_own(f: Function) -> None:
    """Batches, plain values beside others, one value passed twice, or read from around as well, and values that are held."""
    same(bb.compile(f)(X), f(X), error=1e-9)


def test_what_an_inner_function_writes_is_written() -> None:
    def steps(x: Any) -> Any:
        trace: list[int] = []

        def loss(x: Any) -> Any:
            trace.append(1)
            return damped(x, RATES)

        return bb.grad(loss)(x) * len(trace)

    same(bb.compile(steps)(X), steps(X), error=1e-9)


def test_a_long_calculation_before_the_derivative_is_recorded_once(runs: Runs) -> None:
    def late(x: Any) -> Any:
        for i in range(TURNS):
            x = x + 0.001 * np.sin(x * (1 + 0.001 * i))
        return bb.grad(damped)(x, RATES)

    same(bb.compile(late)(X), late(X), error=1e-9)
    assert runs.look() == 1


def test_what_eager_code_refuses_is_refused() -> None:
    def lost(x: Any, p: Any) -> Any:
        y = p.copy()
        y[:] = x
        return damped(y, p)

    with pytest.raises(bb.LostDerivativeError):
        bb.compile(bb.grad(lost))(X, RATES)


def test_functions_that_do_more_than_compute_run_once() -> None:
    runs = []

    def counted(state: Any, rates: Any) -> Any:
        runs.append(1)
        return oscillator(state, rates)

    bb.compile(bb.grad(counted))(STATE, RATES)
    assert len(runs) == 1


def test_what_is_written_around_a_function_is_written_once() -> None:
    log: list[int] = []
    count = 0

    def logged(state: Any, rates: Any) -> Any:
        log.append(1)
        return oscillator(state, rates)

    def counted(state: Any, rates: Any) -> Any:
        nonlocal count
        count += 1
        return oscillator(state, rates)

    bb.compile(bb.grad(logged))(STATE, RATES)
    bb.compile(bb.grad(counted))(STATE, RATES)
    assert (len(log), count) == (1, 1)


def test_arrays_of_outside_are_read_at_each_call() -> None:
    data = NOISE[:, :2].copy()

    def loss(state: Any, rates: Any) -> Any:
        total = 0.0 * rates[0]
        for i in range(TURNS):
            state = 0.9 * state + 0.1 * np.tanh(state * rates[0])
            total = total + np.sum((state - data[i]) ** 2)
        return total

    gradient = bb.value_and_grad(loss, argnums=(0, 1))
    compiled = bb.compile(gradient)
    for _ in range(2):
        same(compiled(STATE, RATES), gradient(STATE, RATES), error=1e-9)
        data *= 0.5


def test_arrays_around_a_function_are_changed_once() -> None:
    def make() -> Any:
        step = np.array([1.0])

        def f(x: Any) -> Any:
            step[0] *= 0.5
            state = x
            for _ in range(600):
                state = np.sin(state) * 0.9 + x
            return state * step[0] if state > 0 else state

        return bb.grad(f), step

    eager, first = make()
    plain, second = make()
    assert bb.compile(plain)(0.5) == pytest.approx(eager(0.5), rel=1e-12)
    assert (first[0], second[0]) == (0.5, 0.5)


def test_keys_from_the_end_of_another_axis() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(400, like=x)
        for i in range(1, 400):
            y[i] = 0.5 * y[i - 1] + x[-1]
            x = np.tanh(x)
        return np.sum(y)

    x = np.linspace(0, 1, 8)
    same(bb.compile(bb.value_and_grad(f))(x), bb.value_and_grad(f)(x), error=1e-9)


def test_errors_are_those_of_the_function_itself() -> None:
    def several(state: Any, rates: Any) -> Any:
        return oscillator(state, rates) * state

    with pytest.raises(bb.DerivativeValueError, match=r"returned shape \(2,\)"):
        bb.compile(bb.grad(several))(STATE, RATES)


def test_nobody_else_is_called_in_that_way_while_one_records() -> None:
    """A transform within the function that is recorded is its own affair."""

    def outer(state: Any, rates: Any) -> Any:
        for _ in range(TURNS):
            state = state - 0.01 * bb.grad(lambda x: np.sum(np.sin(x * rates[0]) * x))(state)
        return np.sum(state)

    gradient = bb.value_and_grad(outer, argnums=(0, 1))
    same(bb.compile(gradient)(STATE, RATES), gradient(STATE, RATES), error=1e-9)
