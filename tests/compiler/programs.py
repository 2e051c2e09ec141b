"""Random programs for the compiler, drawn by Hypothesis: a list of operations that one function interprets. Asserts nothing.

A program takes x of shape (n, m), v of shape (m,) and s of shape (). Each operation adds a value made of earlier ones, kept
within [-1, 1] or so. Decisions fall at odd numbers, never at 0 or 1, where rounding could make compiled and eager differ.
Shapes are found by running the program on plain arrays as it is drawn; no shape of a value depends on entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from tests.laws.programs import BOUNDED, INTO, ROWS, weighed

Shape = tuple[int, ...]
LARGEST = 400  # entries of a value, or as many as its operands have
ROWS_IN_PYTHON = 64  # turns of a loop over rows, at most
ODD = 0.0371


class Operation(NamedTuple):
    """A word of WORDS, what it is applied to (numbers of earlier values), and its settings."""

    word: str
    operands: tuple[int, ...]
    settings: tuple[Any, ...]


class Program(NamedTuple):
    """A function of (x, v, s). Printed as data, so that a failing one can be pasted into a test."""

    operations: tuple[Operation, ...]

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        values = list(inputs)
        for word, operands, settings in self.operations:
            values.append(WORDS[word].function(*(values[i] for i in operands), *settings))
        return tuple(values[-3:])

    def total(self, *inputs: Any) -> Any:
        """One number, in which every entry of the result counts."""
        return weighed(self(*inputs))


# ---- the words --------------------------------------------------------------------------------------


class Word(NamedTuple):
    """`goes`: whether it goes with operands of these shapes; `settings`: a strategy, of their shapes."""

    function: Callable[..., Any]
    arity: int
    goes: Callable[..., bool]
    settings: Callable[..., Any]


WORDS: dict[str, Word] = {}


def always(*shapes: Shape) -> bool:
    return True


def axes(*shapes: Shape) -> bool:
    """The first has entries along axes."""
    return len(shapes[0]) > 0 and 0 not in shapes[0]


def few_rows(shape: Shape) -> bool:
    return axes(shape) and shape[0] <= ROWS_IN_PYTHON


def alike(a: Shape, b: Shape) -> bool:
    return a == b


def broadcast(a: Shape, b: Shape) -> bool:
    try:
        return np.prod(np.broadcast_shapes(a, b)) <= max(LARGEST, np.prod(a), np.prod(b))
    except ValueError:
        return False


def nothing(*shapes: Shape) -> Any:
    return st.just(())


def word(
    goes: Callable[..., bool] = always, settings: Callable[..., Any] = nothing, arity: int = 1
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an operation under the function's name."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        WORDS[function.__name__] = Word(function, arity, goes, settings)
        return function

    return register


def rows(arity: int) -> Callable[..., Any]:
    names = sorted(name for name, row in ROWS.items() if len(row.domain) == arity)
    return lambda *shapes: st.tuples(st.sampled_from(names), st.sampled_from(sorted(BOUNDED)))


@word(settings=rows(1))
def unary(x: Any, name: str, bound: str) -> Any:
    row = ROWS[name]
    return BOUNDED[bound](row.function(INTO[row.domain[0]](np.tanh(x))))


@word(broadcast, rows(2), arity=2)
def binary(a: Any, b: Any, name: str, bound: str) -> Any:
    row = ROWS[name]
    return BOUNDED[bound](row.function(INTO[row.domain[0]](np.tanh(a)), INTO[row.domain[1]](np.tanh(b))))


@word(settings=lambda shape: st.tuples(st.sampled_from(["2.0 - x / 3", "x ** 2", "x * 1.5 - 0.25", "-x"])))
def operators(x: Any, text: str) -> Any:
    return {"2.0 - x / 3": lambda: 2.0 - x / 3 - 1.5, "x ** 2": lambda: x**2, "-x": lambda: -x}.get(
        text, lambda: x * 1.5 - 0.25
    )()


# ---- parts of arrays --------------------------------------------------------------------------------


def cuts(shape: Shape) -> Any:
    """Slices that are not empty, with steps of either sign, or numbers."""

    def cut(n: int) -> Any:
        return st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from([1, 1, 2, 3])).map(
            lambda t: (min(t[:2]), max(t[:2]) + 1, t[2]) if t[0] <= t[1] else (t[0], t[1] - 1 if t[1] else None, -t[2])
        )

    one = [st.one_of(cut(n), st.integers(-n, n - 1)) for n in shape]
    return st.tuples(st.tuples(*one))


def as_key(cut: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(slice(*c) if isinstance(c, tuple) else c for c in cut)


@word(axes, cuts)
def part(x: Any, cut: Any) -> Any:
    return x[as_key(cut)]


@word(axes, lambda shape: st.tuples(st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=6).map(tuple)))
def chosen(x: Any, index: tuple[int, ...]) -> Any:
    return x[np.array(index)]


@word(axes, lambda shape: st.tuples(st.integers(0, 2**30)))
def masked(x: Any, seed: int) -> Any:
    mask = np.random.default_rng(seed).random(np.shape(x)[-1]) < 0.6
    mask[0] = True
    return x[..., mask]


@word(axes)
def above(x: Any) -> Any:
    """How many are chosen depends on values."""
    return np.tanh(np.sum(x[x > ODD]))


@word(axes, lambda shape: st.tuples(st.integers(0, 2**30)))
def along(x: Any, seed: int) -> Any:
    order = np.argsort(np.random.default_rng(seed).random(np.shape(x)), axis=-1)
    return np.take_along_axis(x, order, axis=-1)


# ---- in-place -----------------------------------------------------------------------------------------


@word(lambda a, b: axes(a) and b == (), lambda a, b: cuts(a), arity=2)
def assigned(a: Any, b: Any, cut: Any) -> Any:
    y = a.copy()
    y[as_key(cut)] = b
    return y


@word(lambda a, b: axes(a) and b == (), lambda a, b: cuts(a), arity=2)
def updated(a: Any, b: Any, cut: Any) -> Any:
    y = 1.0 * a
    y[as_key(cut)] *= b
    y[as_key(cut)] += 0.25
    return y


@word(few_rows)
def filled(x: Any) -> Any:
    """Row by row, each from the one before."""
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = np.tanh(x[i] + (y[i - 1] if i else 0.0))
    return y


# ---- shapes -------------------------------------------------------------------------------------------


def permutations(shape: Shape) -> Any:
    return st.tuples(st.permutations(range(len(shape))).map(tuple))


def any_axis(*shapes: Shape) -> Any:
    return st.tuples(st.integers(-len(shapes[0]), len(shapes[0]) - 1))


@word(axes, permutations)
def transposed(x: Any, order: tuple[int, ...]) -> Any:
    return np.transpose(x, order)


@word(axes)
def raveled(x: Any) -> Any:
    return x.reshape(-1)


@word(lambda shape: len(shape) < 3, lambda shape: st.tuples(st.integers(0, len(shape))))
def widened(x: Any, axis: int) -> Any:
    return np.expand_dims(x, axis)


@word(lambda shape: len(shape) < 3 and np.prod(shape) <= LARGEST // 2, lambda shape: st.tuples(st.integers(1, 2)))
def repeated(x: Any, times: int) -> Any:
    return np.broadcast_to(x, (times, *np.shape(x)))


@word(axes, lambda shape: st.tuples(st.integers(-7, 7), st.integers(0, len(shape) - 1)))
def rolled(x: Any, shift: int, axis: int) -> Any:
    return np.roll(x, shift, axis=axis)


@word(axes, any_axis)
def flipped(x: Any, axis: int) -> Any:
    return np.flip(x, axis)


@word(axes, lambda shape: st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["constant", "edge"])))
def padded(x: Any, before: int, after: int, mode: str) -> Any:
    return np.pad(x, [(before, after)] + [(0, 0)] * (np.ndim(x) - 1), mode=mode)


@word(lambda a, b: axes(a) and axes(b) and a[1:] == b[1:], arity=2)
def joined(a: Any, b: Any) -> Any:
    return np.concatenate([a, b, a[:1]])


@word(lambda a, b: a == b and len(a) < 3, lambda a, b: st.tuples(st.integers(0, len(a))), arity=2)
def stacked(a: Any, b: Any, axis: int) -> Any:
    return np.stack([a, b], axis=axis)


# ---- reductions and products --------------------------------------------------------------------------


def reductions(shape: Shape) -> Any:
    names = st.sampled_from(["sum", "mean", "max", "min", "prod", "var"])
    axis = st.one_of(st.none(), st.integers(-len(shape), len(shape) - 1))
    return st.tuples(names, axis, st.booleans())


@word(axes, reductions)
def reduced(x: Any, name: str, axis: int | None, keepdims: bool) -> Any:
    return np.tanh(getattr(np, name)(x, axis=axis, keepdims=keepdims))


@word(axes, lambda shape: st.tuples(st.sampled_from(["cumsum", "cumprod"]), st.integers(0, len(shape) - 1)))
def running(x: Any, name: str, axis: int) -> Any:
    return np.tanh(getattr(np, name)(x, axis=axis))


@word(axes)
def normed(x: Any) -> Any:
    return 1 / np.linalg.norm(2 + x)


def multiplies(a: Shape, b: Shape) -> bool:
    return axes(a) and axes(b) and a[-1] == b[-min(2, len(b))] and len(a) < 3 and len(b) < 3


@word(multiplies, arity=2)
def product(a: Any, b: Any) -> Any:
    return np.tanh(a @ b)


@word(lambda a: len(a) in (1, 2) and a[0] ** 2 <= LARGEST)
def gram(a: Any) -> Any:
    return np.tanh(np.dot(a, np.transpose(a)))


@word(
    lambda a, b: axes(a) and a == b,
    lambda a, b: st.tuples(st.sampled_from(["...i,...i->...", "...i,...i->...i"])),
    arity=2,
)
def contracted(a: Any, b: Any, subscripts: str) -> Any:
    return np.tanh(np.einsum(subscripts, a, b))


@word(lambda a, b: len(a) == len(b) == 1 and a[0] * b[0] <= LARGEST, arity=2)
def outer(a: Any, b: Any) -> Any:
    return np.outer(a, b)


# ---- choices and decisions ----------------------------------------------------------------------------


@word(broadcast, arity=2)
def where(a: Any, b: Any) -> Any:
    return np.where(a > ODD, a / 2, b)


@word(broadcast, lambda a, b: st.tuples(st.sampled_from(["maximum", "minimum"])), arity=2)
def extreme(a: Any, b: Any, name: str) -> Any:
    return getattr(np, name)(a / 2, b / 3 + ODD)


@word()
def clipped(x: Any) -> Any:
    return np.clip(x, -0.3 - ODD, 0.4 + ODD)


@word(alike, arity=2)
def branch(a: Any, b: Any) -> Any:
    if np.mean(a) > ODD:
        return a * 0.75
    if np.any(b > 0.5 + ODD):
        return np.tanh(a + b)
    return b - 0.125


@word()
def shrunk(x: Any) -> Any:
    """As long as it is large: how many turns depends on values."""
    while np.sum(np.abs(x)) > 1.5 + ODD:
        x = 0.4 * x
    return x


@word(lambda a, b: b == (), arity=2)
def counted(a: Any, b: Any) -> Any:
    total = a
    for k in range(int((np.abs(b) * 3.9).astype(int))):
        total = np.cos(total) * (k + 1) / (k + 2)
    return total


@word(axes)
def looked_up(x: Any) -> Any:
    """At an index computed from values."""
    return (
        x[np.argmax(x, axis=0) % len(x)]
        if np.ndim(x) == 1
        else x[np.floor(np.abs(x[0, 0] if np.ndim(x) == 2 else x[0, 0, 0])).astype(int)]
    )


# ---- loops --------------------------------------------------------------------------------------------


def turns(*shapes: Shape) -> Any:
    return st.tuples(st.integers(3, 60))


@word(broadcast, turns, arity=2)
def recurrence(a: Any, b: Any, count: int) -> Any:
    h = np.zeros_like(a * b)
    for _ in range(count):
        h = np.tanh(0.5 * h * a + b)
    return h


@word(alike, turns, arity=2)
def leapfrog(a: Any, b: Any, count: int) -> Any:
    """Two values carried, each from the other."""
    for _ in range(count):
        b = b - 0.05 * np.sin(a)
        a = a + 0.05 * b
    return np.tanh(a + b)


@word(few_rows)
def scan(x: Any) -> Any:
    """One row a turn, and a stack of what was carried."""
    h, seen = 0.0 * x[0], []
    for row in x:
        h = 0.6 * h + np.tanh(row)
        seen.append(h)
    return np.tanh(np.stack(seen))


@word(axes, turns)
def series(x: Any, count: int) -> Any:
    """Turns with numbers of their own."""
    total, power = 0.0 * x, 0.0 * x + 1
    for k in range(1, count + 1):
        power = power * x / k
        total = total + power
    return np.tanh(total)


@word(axes, lambda shape: st.tuples(st.integers(2, 5), st.integers(2, 5)))
def nested(x: Any, outside: int, inside: int) -> Any:
    for _ in range(outside):
        y = x
        for _ in range(inside):
            y = 0.5 * y + 0.25 * np.sin(y + x)
        x = y - np.mean(y)
    return x


# ---- drawing ------------------------------------------------------------------------------------------


class Arguments(NamedTuple):
    """The shapes of x, v and s."""

    n: int
    m: int

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return (self.n, self.m), (self.m,), ()

    def drawn(self, seed: int, dtype: Any = np.float64) -> tuple[Any, ...]:
        random = np.random.default_rng(seed)
        return tuple(np.asarray(random.uniform(-0.9, 0.9, shape)).astype(dtype) for shape in self.shapes)


LENGTHS = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 16, 17])
SMALL = st.builds(Arguments, LENGTHS, LENGTHS)
# Enough rows for strips of them, for threads, and for recording without computing.
LARGE = st.sampled_from(
    [Arguments(*shape) for shape in ((20000, 1), (33000, 1), (9001, 2), (5000, 7), (300, 70), (257, 130), (3, 17000))]
)


@st.composite
def programs(
    draw: Any, least: int = 5, most: int = 60, shapes: Any = SMALL, largest: int = LARGEST
) -> tuple[Program, Arguments]:
    """A program of so many operations, and the shapes of its arguments; `largest`: entries of a value."""
    arguments = draw(shapes)
    count = draw(st.integers(least, most))
    values: list[Any] = list(arguments.drawn(0))
    operations: list[Operation] = []
    while len(operations) < count:
        operation = draw(_operations([np.shape(v) for v in values]))
        value = WORDS[operation.word].function(*(values[i] for i in operation.operands), *operation.settings)
        if np.size(value) > largest:
            continue
        values.append(value)
        operations.append(operation)
    return Program(tuple(operations)), arguments


@st.composite
def _operations(draw: Any, shapes: list[Shape]) -> Operation:
    """On earlier values, the latest more often; shrinks to simple words of the latest."""
    i = len(shapes) - 1 - draw(st.integers(0, len(shapes) - 1))
    partners = {
        name: [(i,)]
        if w.arity == 1
        else [(i, j) for j, other in reversed([*enumerate(shapes)]) if w.goes(shapes[i], other)]
        for name, w in WORDS.items()
        if w.arity == 2 or w.goes(shapes[i])
    }
    name = draw(st.sampled_from([name for name, found in partners.items() if found]))
    operands = draw(st.sampled_from(partners[name]))
    settings = draw(WORDS[name].settings(*(shapes[k] for k in operands)))
    return Operation(name, operands, settings)
