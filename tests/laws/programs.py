"""Random programs: expression graphs drawn by Hypothesis from the table and from NumPy's text around it. Asserts nothing.

A program takes x of shape (2, 3), v of shape (3,) and s of shape (), and each step adds a value made of earlier ones. All
values stay within [-1, 1], by tanh or y / (1 + y y) behind each step, and enter a row through its domain, so that no step
comes near a kink, an edge or an overflow. Shapes are found by running the program on plain arrays as it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from bibun.core.rules import Missing, Rule
from tests.laws.cases import APART
from tests.laws.table import TABLE

SHAPES = ((2, 3), (3,), ())
LARGEST = 60  # entries of a value
NAMES = "xvs"

# From [-1, 1] into a domain.
INTO: dict[str, Callable[[Any], Any]] = {
    "real": lambda x: x,
    "positive": lambda x: 1.5 + x,
    "nonzero": lambda x: 1.7 + x / 2,
    "unit": lambda x: 0.7 * x,
    "above_one": lambda x: 2.5 + x,
}
BOUNDED: dict[str, Callable[[Any], Any]] = {"tanh": np.tanh, "rational": lambda y: y / (1 + y * y), "sine": np.sin}


def _varies(row: Any) -> bool:
    """An elementwise row that is smooth where the domains of INTO put it, by all of its inputs, and not very steep."""
    return (
        row.kind == "elementwise"
        and isinstance(row.function, np.ufunc)
        and row.name not in APART
        and len(row.domain) < 3
        and all(domain in INTO for domain in row.domain)
        and all(not isinstance(p, Missing) if isinstance(p, Rule) else 0 < abs(p) < 5 for p in row.partials)
        and _gives_a_real_number(row)
    )


def _gives_a_real_number(row: Any) -> bool:
    y = row.function(*(INTO[domain](0.5) for domain in row.domain))
    return not isinstance(y, tuple) and np.result_type(y).kind == "f"


ROWS = {row.name: row for row in TABLE.values() if _varies(row)}


class Step(NamedTuple):
    """One step: the text of what it does, the numbers of its operands, and the function."""

    text: str
    operands: tuple[int, ...]
    function: Callable[..., Any]


def weighed(values: Iterable[Any]) -> Any:
    """One number, in which every entry of the values counts."""
    total: Any = 0.0
    for value in values:
        total = total + np.sum(value * np.cos(np.arange(np.size(value)).reshape(np.shape(value))))
    return total


class Program:
    """A function of (x, v, s) that returns its last three values. Printed as Python would write it."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        values = list(inputs)
        for step in self.steps:
            values.append(step.function(*(values[i] for i in step.operands)))
        return tuple(values[-3:])

    def total(self, *inputs: Any) -> Any:
        """One number, in which every entry of the result counts."""
        return weighed(self(*inputs))

    def __repr__(self) -> str:
        names = [*NAMES, *(f"a{n}" for n in range(len(self.steps)))]
        lines = [
            f"    {names[n + len(NAMES)]} = {step.text.format(*(names[i] for i in step.operands))}"
            for n, step in enumerate(self.steps)
        ]
        return "\n".join(["program(x, v, s):", *lines])


def _of_row(row: Any, bound: str) -> Callable[..., Any]:
    """The row's ufunc, of arguments put into its domain, the value made small again."""
    into = [INTO[domain] for domain in row.domain]
    small = BOUNDED[bound]
    return lambda *xs: small(row.function(*(f(x) for f, x in zip(into, xs, strict=True))))


def _updated(x: Any, key: Any, value: Any) -> Any:
    """A copy of x, a part of which is multiplied in place through a view."""
    y = np.copy(x)
    view = y[key]
    view *= np.tanh(np.mean(value))
    return y


# One operand: a name, whether it goes with a number of axes, and the function.
SINGLE: dict[str, tuple[Callable[[int], bool], Callable[[Any], Any]]] = {
    "tanh(np.sum({}))": (lambda n: True, lambda x: np.tanh(np.sum(x))),
    "np.mean({}, axis=0)": (lambda n: n > 0, lambda x: np.mean(x, axis=0)),
    "tanh(np.sum({}, axis=-1, keepdims=True))": (lambda n: n > 0, lambda x: np.tanh(np.sum(x, axis=-1, keepdims=True))),
    "np.prod({}, axis=-1)": (lambda n: n > 0, lambda x: np.prod(x, axis=-1)),
    "tanh(np.cumsum({}, axis=0))": (lambda n: n > 0, lambda x: np.tanh(np.cumsum(x, axis=0))),
    "np.cumprod({}, axis=-1)": (lambda n: n > 0, lambda x: np.cumprod(x, axis=-1)),
    "1 / np.linalg.norm(2 + {})": (lambda n: n > 0, lambda x: 1 / np.linalg.norm(2 + x)),
    "tanh(np.var({}))": (lambda n: n > 0, lambda x: np.tanh(np.var(x))),
    "{}[0]": (lambda n: n > 0, lambda x: x[0]),
    "{}[..., -1]": (lambda n: n > 0, lambda x: x[..., -1]),
    "{}[::-1]": (lambda n: n > 0, lambda x: x[::-1]),
    "{}[None]": (lambda n: n < 3, lambda x: x[None]),
    "{}[[0, -1, 0]]": (lambda n: n > 0, lambda x: x[np.array([0, -1, 0])]),
    "{}[..., mask]": (lambda n: n > 0, lambda x: x[..., np.arange(np.shape(x)[-1]) % 2 == 0]),
    "{}.reshape(-1)": (lambda n: True, lambda x: np.reshape(x, (-1,))),
    "{}.T": (lambda n: n > 0, lambda x: np.transpose(x)),
    "np.roll({}, 1, axis=-1)": (lambda n: n > 0, lambda x: np.roll(x, 1, axis=-1)),
    "np.flip({})": (lambda n: True, lambda x: np.flip(x)),
    "np.expand_dims({}, -1)": (lambda n: n < 3, lambda x: np.expand_dims(x, -1)),
    "np.broadcast_to({}, (2, ...))": (lambda n: n < 3, lambda x: np.broadcast_to(x, (2, *np.shape(x)))),
    "np.concatenate([{0}, {0}])": (lambda n: n > 0, lambda x: np.concatenate([x, x])),
    "np.stack([{0}, -{0}])": (lambda n: n < 3, lambda x: np.stack([x, -x])),
    "np.where(mask, {0}, {0} / 2)": (
        lambda n: True,
        lambda x: np.where(np.arange(np.size(x)).reshape(np.shape(x)) % 2 == 0, x, x / 2),
    ),
    "tanh({0} @ {0}.T)": (lambda n: n in (1, 2), lambda x: np.tanh(x @ np.transpose(x))),
    "copy of {0}, [..., 0] *= tanh(mean)": (lambda n: n > 0, lambda x: _updated(x, (Ellipsis, slice(0, 1)), x)),
    "{} ** 2": (lambda n: True, lambda x: x**2),
    "2.0 - {} / 3": (lambda n: True, lambda x: (2.0 - x) / 3),
}


def _assigned(a: Any, b: Any) -> Any:
    """A copy of a, whose entries are overwritten by b where that fits."""
    y = np.copy(a)
    y[..., ::2] = b
    return y


_SHAPE = tuple[int, ...]
# Two operands: a name, whether it goes with these shapes, and the function.
PAIRS: dict[str, tuple[Callable[[_SHAPE, _SHAPE], bool], Callable[[Any, Any], Any]]] = {
    "tanh({} @ {})": (
        lambda a, b: len(a) > 0 and len(b) > 0 and a[-1] == b[-min(2, len(b))] and (len(a) < 3 or len(b) < 3),
        lambda a, b: np.tanh(a @ b),
    ),
    "np.outer({}, {})": (lambda a, b: len(a) == 1 and len(b) == 1, lambda a, b: np.outer(a, b)),
    "np.concatenate([{}, {}])": (
        lambda a, b: len(a) == len(b) > 0 and a[1:] == b[1:],
        lambda a, b: np.concatenate([a, b]),
    ),
    "np.stack([{}, {}], axis=-1)": (lambda a, b: a == b and len(a) < 3, lambda a, b: np.stack([a, b], axis=-1)),
    "np.einsum('...i,...i->...', {}, {})": (
        lambda a, b: len(a) > 0 and a == b,
        lambda a, b: np.tanh(np.einsum("...i,...i->...", a, b)),
    ),
    "copy of {0}, [..., ::2] = {1}": (lambda a, b: len(a) > 0 and b == (), _assigned),
    "np.where(mask, {}, {})": (
        lambda a, b: a == b,
        lambda a, b: np.where(np.arange(np.size(a)).reshape(np.shape(a)) % 2 == 0, a, b),
    ),
    "({} + {}) / 2": (lambda a, b: a == b, lambda a, b: (a + b) / 2),
}


@st.composite
def programs(draw: Any, least: int = 5, most: int = 40) -> Program:
    """A program of so many steps."""
    count = draw(st.integers(least, most))
    values: list[Any] = [np.full(shape, 0.5) for shape in SHAPES]
    steps: list[Step] = []
    for _ in range(count):
        step = draw(_steps(values))
        value = np.asarray(step.function(*(values[i] for i in step.operands)))
        if value.size > LARGEST:
            step = Step("np.mean({})", step.operands[:1], np.mean)
            value = np.asarray(np.mean(values[step.operands[0]]))
        values.append(value)
        steps.append(step)
    return Program(steps)


@st.composite
def _steps(draw: Any, values: list[Any]) -> Step:
    """A step on values of these shapes, the later ones more often: a row, or NumPy's text of one value or of two."""
    i = draw(_choice(values))
    x = values[i]
    kind = draw(st.sampled_from(("row", "single", "pair")))
    if kind == "row":
        name, bound = draw(st.sampled_from(sorted(ROWS))), draw(st.sampled_from(sorted(BOUNDED)))
        row = ROWS[name]
        operands = (i,)
        if len(row.domain) == 2:
            operands = (i, draw(st.sampled_from([j for j, other in enumerate(values) if _fit(other, x)])))
        into = ", ".join("into({})" for _ in operands)
        return Step(f"{bound}({name}({into}))", operands, _of_row(row, bound))
    if kind == "single":
        text = draw(st.sampled_from([text for text, (goes, _) in SINGLE.items() if goes(x.ndim)]))
        return Step(text, (i,), SINGLE[text][1])
    shapes = [value.shape for value in values]
    text, j = draw(
        st.sampled_from(
            [(text, j) for text, (goes, _) in PAIRS.items() for j, other in enumerate(shapes) if goes(x.shape, other)]
        )
    )
    return Step(text, (i, j), PAIRS[text][1])


def _choice(values: list[Any]) -> Any:
    return st.integers(0, len(values) - 1).map(lambda k: len(values) - 1 - k)  # shrinks to the latest


def _fit(a: Any, b: Any) -> bool:
    """Whether they broadcast to something small."""
    try:
        shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    except ValueError:
        return False
    return int(np.prod(shape)) <= LARGEST
