"""Large arrays are recorded without being computed: f sees right values wherever it looks, and the errors of plain NumPy."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.interpreters.recorded import Pending
from bibun.interpreters.stand_ins import LARGE

SIZE = LARGE + 7
RAMP = np.linspace(-1.0, 2.0, SIZE)
SQUARE = np.random.default_rng(2).normal(size=(200, 200))
WHOLE = np.arange(SIZE)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rows whose values somebody has asked for while a function was recorded."""
    names: list[str] = []
    compute = Pending.compute

    def noted(self: Pending) -> None:
        names.append(self.primitive.name)
        compute(self)

    monkeypatch.setattr(Pending, "compute", noted)
    return names


def same(found: Any, expected: Any) -> None:
    """Of the same class, shape and dtype, and equal to rounding."""
    assert type(found) is type(expected)
    if isinstance(expected, (tuple, list)):
        for part, other in zip(found, expected, strict=True):
            same(part, other)
        return
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def agrees(f: Callable[..., Any], *arguments: Any) -> Any:
    """compile(f) gives what f gives, in the call that is recorded and in the next, as a program."""
    expected = f(*[np.copy(x) for x in arguments])
    compiled = bb.compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("error", bb.CompileWarning)
        for _ in range(2):
            same(compiled(*arguments), expected)
    return compiled


# ---- nobody looks ------------------------------------------------------------------------------------


def test_what_nobody_looks_at_is_not_computed(computed: list[str]) -> None:
    agrees(lambda x: np.sum(np.exp(np.sin(x) * 2) + x[::-1]) / 3 - 1, RAMP)
    agrees(bb.grad(lambda x: np.sum((x @ x.T) ** 2)), SQUARE)
    assert computed == []


def test_what_is_computed_is_computed_once(computed: list[str]) -> None:
    def f(x: Any) -> Any:
        y = np.sin(x) * 2
        if np.sum(y) > 0 and np.max(y) < 3 and y[0] < 0:
            return y
        return x

    agrees(f, RAMP)
    assert [computed.count(name) for name in ("sin", "multiply", "sum", "max", "getitem")] == [1, 1, 1, 1, 1]


def test_small_arrays_are_computed_at_once(computed: list[str]) -> None:
    agrees(lambda x: x if np.sum(x * 2) > 0 else -x, RAMP[-100:])
    assert computed == []


def test_a_long_chain_is_no_recursion() -> None:
    def f(x: Any) -> Any:
        for _ in range(3000):
            x = x * 0.999 + 1e-3
        return x if x[0] > -1 else -x

    agrees(f, RAMP)


# ---- f looks -----------------------------------------------------------------------------------------


def shrinking(x: Any) -> Any:
    turns = 0
    while np.sum(x * x) > 100 * turns:
        turns += 1
        x = x * 0.9
    return x, turns


def bounded(x: Any) -> Any:
    total = 0 * x
    for k in range(int(np.max(x * 2) + 0.5)):
        total = total + k * x
    return total


LOOKS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "a sum": (lambda x: x if x.sum() > 0 else -x, RAMP),
    "a sum that is worked on": (lambda x: x if np.sum(x * 2) - 5 > 0 else -x, RAMP),
    "a number of a number": (lambda x: x if np.sqrt(np.abs(np.sum(x * 2))) < 1000 else -x, RAMP),
    "two sums": (lambda x: x if np.sum(x * 2) / np.mean(x * x) < 1 else -x, RAMP),
    "a number on the left": (lambda x: x if 1 - np.sum(x * 2) > 0 else -x, RAMP),
    "the negative of a sum": (lambda x: x if -np.sum(x * 2) > 0 else -x, RAMP),
    "an entry": (lambda x: x if (x * 2)[-1] > 3 else -x, RAMP),
    "entries one by one": (lambda x: x if (x * 2).reshape(-1)[5] < 0 and np.cos(x)[7] > 0.5 else -x, RAMP),
    "any": (lambda x: x if np.any(x * 2 > 3.9) else -x, RAMP),
    "all": (lambda x: x if (x * 2 > -5).all() else -x, RAMP),
    "in": (lambda x: x if 4.0 in x * 2 else -x, RAMP),
    "where the largest is": (lambda x: x * np.argmax(x * 2), RAMP),
    "how many": (lambda x: x * (x * 2 > 1).sum().item(), RAMP),
    "int": (lambda x: x * int(np.sum(x * 2) + 0.5), RAMP),
    "an index": (lambda x: x[np.argmin(np.abs(x * 2))], RAMP),
    "while": (shrinking, RAMP),
    "range": (bounded, RAMP),
    "a mask": (lambda x: (x * 2)[x * 2 > 1], RAMP),
    "which are not 0": (lambda x: np.nonzero(x * 2 > 1)[0], RAMP),
    "sorted": (lambda x: np.sort(np.sin(x * 20))[::100], RAMP),
    "a product of matrices": (lambda x: x if (x @ x.T)[3, 4] > 100 else x @ x, SQUARE),
    "a scatter": (lambda x: x if (x * 2).cumsum()[-1] < 0 else np.flip(x), RAMP),
    "whole numbers": (lambda k: k if (k // 3)[-1] % 2 == 0 else -k, WHOLE),
    "float32": (lambda x: x if np.max(x.astype(np.float32) * 2) == 4 else -x, RAMP),
    "the shape, the length, the type": (lambda x: x[: len(x * 2) // 2 + (x * 2).shape[0] % 5 + (x * 2).ndim], RAMP),
    "nothing of it": (lambda x: x * np.sum((x * 2)[0:0]), RAMP),
}  # fmt: skip


@pytest.mark.parametrize(("f", "x"), LOOKS.values(), ids=LOOKS)
def test_what_f_sees_is_right(f: Callable[[Any], Any], x: Any) -> None:
    agrees(f, x)


def test_a_decision_that_falls_otherwise_later() -> None:
    compiled = agrees(lambda x: x * 2 if np.sum(x * 3) > 0 else x * 5, RAMP)
    same(compiled(-RAMP), -5 * RAMP)
    same(compiled(RAMP), 2 * RAMP)


def test_a_derivative_that_decides() -> None:
    def huber(x: Any) -> Any:
        norm = np.sqrt(np.sum(x * x))
        return norm if norm > 1 else norm**2

    for scale in (1.0, 1e-6):
        agrees(bb.grad(huber), RAMP * scale)


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The values of the recorded run, as bibun shows traced ones."""

    def f(x: Any) -> Any:
        y = x * 2
        print(np.sum(y) + 1, f"{np.max(y):.2f}", repr(y)[:30], str(y[:2]))  # noqa: T201
        return y

    bb.compile(f)(RAMP)
    shown = capsys.readouterr().out
    assert f"{np.sum(RAMP * 2) + 1:.6f}"[:8] in shown
    assert "4.00" in shown
    assert "array([-2." in shown


def test_shapes_and_types() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        made = (x * 2, x > 0, x.astype(np.float32) + 1, x.reshape(1, -1).T, np.sum(x * 2), x[:, None][::2] * x[:3])
        seen.extend((np.shape(y), y.dtype, y.ndim, y.size) for y in made)
        return x

    f(RAMP)
    bb.compile(f)(RAMP)
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]


@pytest.mark.parametrize("n", [1, 5, SIZE])
def test_numbers_stay_numbers(n: int) -> None:
    """Of the class that NumPy gives them, whether they wait for a large array or not."""
    x = RAMP[-n:]
    agrees(lambda x: np.sum(x * 2), x)
    agrees(lambda x: (np.sum(x * 2) * 3, np.sqrt(np.sum(x * x)), -np.max(x), np.sum(x > 0) * 2), x)
    agrees(lambda x: (np.asarray(2.0) * np.sum(x * 2), np.sum(x * 2, keepdims=True) * 2, (x * 2)[0] ** 2), x)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "float": lambda x: float(np.sum(x * 2)),
    "asarray": lambda x: np.asarray(x * 2),
    "array": lambda x: np.array(x * 2),
    "tolist": lambda x: (x * 2).tolist(),
    "item": lambda x: np.sum(x * 2).item(),
}


@pytest.mark.parametrize("f", REFUSED.values(), ids=REFUSED)
def test_what_would_lose_the_value_is_refused(f: Callable[[Any], Any]) -> None:
    with pytest.raises(bb.LostDerivativeError, match="a value that compile records"):
        bb.compile(f)(RAMP)


# ---- in place ----------------------------------------------------------------------------------------


def test_updates_in_place() -> None:
    def f(x: Any) -> Any:
        y = x * 2
        half = y[: SIZE // 2]
        half *= 3
        y[0] = 100.0
        y[5:10] += x[:5]
        if y[0] < 100 or y[3] > 0:
            return x
        y -= y[1]
        return y, half

    agrees(f, RAMP)


def test_an_argument_is_not_changed() -> None:
    def f(x: Any) -> Any:
        y = 1 * x
        y[:] = 0.0
        y += 1 if y[0] == 0 else 2
        return y

    x = RAMP.copy()
    same(bb.compile(f)(x), np.ones(SIZE))
    np.testing.assert_array_equal(x, RAMP)


def test_a_small_captured_array_is_changed_and_the_run_is_the_result() -> None:
    """f has run once: its own values are returned, and it is not run again."""
    runs, captured = [0], np.full(3, 2.0)

    def f(x: Any) -> Any:
        runs[0] += 1
        y = x * captured
        captured[:] += 1.0
        return y

    compiled = bb.compile(f)
    with pytest.warns(bb.CompileWarning, match="changes while it runs"):
        same(compiled(np.ones(3)), np.full(3, 2.0))
    same(compiled(np.ones(3)), np.full(3, 3.0))
    assert runs == [2]


def test_a_large_captured_array_is_changed_before_f_looks() -> None:
    """Up to 16 MiB a copy is looked at; of more, what it held is gone, and f runs again, plainly."""
    for size in (SIZE, 2**21 + 1):
        captured, decisions = np.full(size, 2.0), []

        def f(x: Any, captured: Any = captured, decisions: list[bool] = decisions) -> Any:
            y = x * captured
            captured[:] = -1.0
            decisions.append(bool(np.sum(y) > 0))
            return y

        compiled = bb.compile(f)
        with pytest.warns(bb.CompileWarning, match="changes while it runs"):
            first = compiled(np.ones(size))
        if size == SIZE:
            same(first, np.full(size, 2.0))
            assert decisions == [True]
        captured[:] = 2.0
        same(compiled(np.ones(size)), np.full(size, 2.0))
        assert decisions[-1] is True


def test_a_captured_array_is_changed_between_calls() -> None:
    captured = np.full(SIZE, 2.0)

    def f(x: Any) -> Any:
        return x * captured if np.sum(x * captured) > 0 else x - captured

    compiled = bb.compile(f)
    for value in (2.0, -3.0, 4.0, -5.0):
        captured[:] = value
        same(compiled(np.ones(SIZE)), f(np.ones(SIZE)))


# ---- errors ------------------------------------------------------------------------------------------


def unequal(x: Any) -> Any:
    return x * 2 + np.ones(3)


ERRORS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "shapes": (unequal, RAMP),
    "shapes of two that wait": (lambda x: (x * 2) + (x * 2)[1:], RAMP),
    "a matrix and a vector": (lambda x: (x * 2) @ np.ones(3), SQUARE),
    "stacks of matrices": (lambda x: (x.reshape(4, 50, 200) * 2) @ np.ones((3, 200, 2)), SQUARE),
    "out of bounds": (lambda x: (x * 2)[SIZE], RAMP),
    "too many indices": (lambda x: (x * 2)[0, 0], RAMP),
    "an axis": (lambda x: np.sum(x * 2, axis=1), RAMP),
    "a shape": (lambda x: (x * 2).reshape(4, -1, 5), RAMP),
    "pieces": (lambda x: np.concatenate([x * 2, np.ones((2, 2))]), RAMP),
    "broadcast": (lambda x: np.broadcast_to(x * 2, (3, 5)), RAMP),
    "bits of floats": (lambda x: (x * 2) & 1, RAMP),
    "a truth value of many": (lambda x: x if x * 2 > 0 else -x, RAMP),
    "an index that is no integer": (lambda x: x[np.sum(x * 2)], RAMP),
    "negative powers of whole numbers": (lambda k: (k + 1) ** (k - 9), WHOLE),
    "raised by f": (lambda x: x if np.sum(x * 2) < 0 else 1 / 0, RAMP),
    "raised by f, of a value": (lambda x: [][int(np.max(x * 2))], RAMP),
}


@pytest.mark.filterwarnings("ignore::bibun.CompileWarning")
@pytest.mark.parametrize(("f", "x"), ERRORS.values(), ids=ERRORS)
def test_errors_are_those_of_plain_runs(f: Callable[[Any], Any], x: Any) -> None:
    with pytest.raises(Exception) as plain:  # noqa: PT011  which one is what is compared
        f(x)
    compiled = bb.compile(f)
    for _ in range(2):
        with pytest.raises(plain.type) as found:
            compiled(x)
        if plain.type is not IndexError or "integers" not in str(plain.value):
            assert str(found.value) == str(plain.value)


def test_an_error_that_f_handles() -> None:
    def f(x: Any) -> Any:
        try:
            return unequal(x)
        except ValueError:
            return x * 3

    agrees(f, RAMP)


LOOPS = {
    "rows are filled": "y = x * 1\n    for i in range(1, len(x)): y[i] = 0.5 * y[i - 1]",
    "neighbours": "y = x\n    for _ in range(400): y = y + 0.1 * (np.roll(y, 1, 0) - y)",
    "padded": "y = x\n    for _ in range(400): y = 0.5 * np.concatenate([y[1:], y[:1]])",
}
PEAK = """
import resource, sys
import numpy as np
import bibun as bb

def f(x):
    {loop}
    return np.sum(y * y)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

bb.compile(bb.grad(f))(np.ones((8, 8)))  # imports LLVM
x = np.ones((2000, 50))
before = peak()
bb.compile(bb.grad(f))(x)
print((peak() - before) * 1024 / x.nbytes)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory is not counted in kilobytes")
@pytest.mark.parametrize("name", LOOPS)
def test_arrays_that_nobody_looks_at_take_no_memory(name: str, tmp_path: Path) -> None:
    """A loop of hundreds or thousands of turns, recorded: not as many arrays, but as few as records of calls take."""
    environment = {**os.environ, "BIBUN_CACHE_DIR": str(tmp_path)}
    code = PEAK.format(loop=LOOPS[name])
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 150, done.stdout
