"""Leibniz's rule: d ∫ f dx = f(b) db - f(a) da + ∫ df dx, where ∫ df is integrated by the same method as ∫ f.

So the derivative has the accuracy that the method gives a function like df, also where df has a singularity that f has not.
The rule is applied at one level of derivatives at a time, from the innermost down; below all of them the method itself runs,
on plain functions. Owns no method: `run(f, a, b)` is the integral of a plain function from a to b.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from bibun.arrays.creation import holds_traced
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import DEFINE_BY_RUN, Traced, new_level
from bibun.errors import NoDerivativeError, located
from bibun.interpreters.batch import Batch, batch
from bibun.interpreters.forward import Dual, dual
from bibun.interpreters.sweep import sweep
from bibun.interpreters.variable import Variable
from bibun.scipy._levels import _once, chain

Function = Callable[..., Any]
Run = Callable[[Function, float, float], Any]


class Integrand:
    """A function of a number whose values may be traced; each value at a plain number is computed once."""

    def __init__(self, f: Function) -> None:
        self.f = f
        self.known: dict[float, Any] = {}

    def __call__(self, x: Any) -> Any:
        if isinstance(x, Traced):
            return self.f(x)
        x = np.float64(x)
        if x not in self.known:
            self.known[x] = self.f(x)
        return self.known[x]


def integral(run: Run, f: Function, a: Any, b: Any) -> Any:
    """∫ f(x) dx from a to b, with the derivatives that f, a and b have."""
    f = f if isinstance(f, Integrand) else Integrand(f)
    start, end = _plain(a), _plain(b)
    value = run(lambda x: _first(f(x)), start, end)
    if start == end:  # SciPy may not have called f
        value = np.zeros_like(_first(f(start)), subok=False)[()]
    # the run has also found which levels there are
    parts = [*chain(a), *chain(b), *(part for y in f.known.values() for part in chain(y))]
    if not parts:
        return value
    top = max(parts, key=lambda part: part.level)
    if isinstance(top, Batch):
        return _of_batch(run, f, a, b, top)
    level = top.level
    below = Integrand(lambda x: _below(f(x), level))
    low, high = _below(a, level), _below(b, level)
    value = integral(run, below, low, high)
    ends = [(end, sign) for end, sign in ((a, -1), (b, 1)) if _is_at(end, level)]
    if isinstance(top, Dual):
        return _pushed(run, f, value, (low, high), [(s, below(_below(e, level)), e.tangent) for e, s in ends], level)
    slopes = [(s * below(_below(e, level)), e.node, np.result_type(e)) for e, s in ends]
    return _recorded(run, f, value, (low, high), slopes, level)


def _plain(x: Any) -> Any:
    """A limit as a plain number: within a batch, that of the first entry."""
    return _first(x) if isinstance(x, Traced) else x


def _first(y: Any) -> Any:
    """The plain value; of a batch, that of the first entry."""
    while isinstance(y, Traced):
        y = y.value[0] if isinstance(y, Batch) else y.value
    return y


def _is_at(value: Any, level: int) -> bool:
    return isinstance(value, Traced) and value.level == level


def _below(value: Any, level: int) -> Any:
    return value.value if _is_at(value, level) else value


def _of_batch(run: Run, f: Integrand, a: Any, b: Any, top: Batch) -> Any:
    """An integral for each entry."""
    level = top.level

    def one(i: int) -> Any:
        def of(value: Any) -> Any:
            return value.value[i] if _is_at(value, level) else value

        return integral(run, lambda x: of(f(x)), of(a), of(b))

    found = [one(i) for i in range(np.shape(top.value)[0])]
    return batch(np.stack(found), level)


def _pushed(run: Run, f: Integrand, value: Any, limits: Any, ends: list[Any], level: int) -> Any:
    """Forward mode: the tangent is the integral of the tangent of f, and the ends."""
    zero = np.zeros(np.shape(value))[()]

    def tangent(x: Any) -> Any:
        y = f(x)
        return zero if not _is_at(y, level) or y.tangent is None else y.tangent

    total = integral(run, tangent, *limits)
    for sign, at_end, t in ends:
        if t is not None:
            total = total + sign * at_end * t
    return dual(value, total, level)


def _recorded(run: Run, f: Integrand, value: Any, limits: Any, ends: list[Any], level: int) -> Any:
    """Reverse mode: the derivatives of f by the leaves of its tape are integrated, and become those of the integral.

    Those of a complex f, which need not be holomorphic, are pairs: of its real part and, with the sign that the cotangent 1j
    gives, of its imaginary part.
    """
    shape, pairs = np.shape(value), np.result_type(value).kind == "c"
    found: dict[Any, Any] = {}  # the leaves, and the shape of their slopes
    swept: dict[Any, dict[Any, Any]] = {}

    def slopes(x: Any) -> dict[Any, Any]:
        x = x if isinstance(x, Traced) else np.float64(x)
        if isinstance(x, Traced) or x not in swept:
            y = f(x)
            answer = _slopes(y, shape, pairs) if _is_at(y, level) and y.node is not None else {}
            for leaf, slope in answer.items():
                found.setdefault(leaf, np.shape(slope))
            if isinstance(x, Traced):
                return answer
            swept[x] = answer
        return swept[x]

    for x in list(f.known):
        slopes(x)
    inputs = [(node, _pair(slope) if pairs else np.multiply(slope, 1), dtype) for slope, node, dtype in ends]
    for leaf, wide in found.items():
        zero = np.zeros(wide, leaf.dtype if leaf.dtype.kind == "c" else float)

        def slope(x: Any, leaf: Any = leaf, zero: Any = zero) -> Any:
            return slopes(x).get(leaf, zero)

        inputs.append((leaf, integral(run, slope, *limits), leaf.dtype))
    return _attached(value, inputs, pairs, level)


def _slopes(y: Variable, shape: tuple[int, ...], pairs: bool) -> dict[Any, Any]:
    """By each leaf of the tape of y: dy/dleaf, of the shapes of both; with `pairs` those by the cotangents 1 and 1j."""
    if not shape and not pairs:
        return dict(sweep([(y.node, np.float64(1))]))
    size, level = prod(shape), new_level()
    units = np.reshape(np.eye(size), (size, *shape))
    if pairs:  # f may be real at some x
        units = np.concatenate([units, 1j * units if y.dtype.kind == "c" else np.zeros_like(units)])
        shape = (2, *shape)
    answer = {}
    for leaf, rows in sweep([(y.node, batch(units, level))]).items():
        rows = rows.value if _is_at(rows, level) else np.broadcast_to(rows, (len(units), *np.shape(rows)))
        answer[leaf] = np.reshape(rows, (*shape, *np.shape(rows)[1:]))
    return answer


def _pair(z: Any) -> Any:
    """Re(g z) for the cotangents 1 and 1j."""
    return np.stack([np.real(z), -np.imag(z)])


def _attached(value: Any, inputs: list[Any], pairs: bool, level: int) -> Any:
    """A Variable of this value whose derivatives by these nodes, of these dtypes, are these numbers."""
    axes = np.ndim(value) + pairs
    slopes = [slope for _, slope, _ in inputs]

    def pull(g: Any, needed: tuple[int, ...]) -> list[Any]:
        if level == DEFINE_BY_RUN:
            _once(g)
        g = np.stack([np.real(g), np.imag(g)]) if pairs else g
        return [np.tensordot(g, slopes[i], axes) if axes else g * slopes[i] for i in needed]

    row = Primitive(
        "integral", "general", lambda *_: value, inputs=None, pullbacks=(Rule(pull, ("needed",)),), once=True
    )
    variables = [_variable(node, np.shape(slope)[axes:], dtype, level) for node, slope, dtype in inputs]
    return row(*variables) if variables else value


def _variable(node: Any, shape: tuple[int, ...], dtype: Any, level: int) -> Variable:
    """Something that stands for a value on the tape: of its shape and dtype, and with its node."""
    made: Variable = object.__new__(Variable)
    made.level, made.value, made.node = level, np.zeros(shape, dtype)[()], node
    return made


def refuse(value: Any, name: str, why: str) -> None:
    """An error where something that has no derivative is traced, or holds what is."""
    if holds_traced(value):
        raise NoDerivativeError(f"{located()}{name}: {why}")
