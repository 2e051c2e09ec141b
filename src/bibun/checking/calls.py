"""A recorded call again: its function on other values, and what its rules give. Judges nothing; local.py does.

Outputs are handled flat: all of them as one axis of real numbers, a complex entry as two. A cotangent is then a weight
for each of these numbers.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from bibun.checking.gauge import GAUGES
from bibun.checking.recording import Call
from bibun.core.cotangents import Scattered
from bibun.core.traced import new_level
from bibun.interpreters import function
from bibun.interpreters.convenient import RECORDERS
from bibun.interpreters.forward import dual, push
from bibun.interpreters.sweep import sweep
from bibun.interpreters.tape import Plan, cast
from bibun.interpreters.variable import leaf
from bibun.primitives import TABLE

Array = np.ndarray[Any, Any]
Directions = dict[int, Any]  # how the inputs move, by their number


def original(call: Call) -> Any:
    """The function itself: of a custom rule, which has a forward of its own, the one that it was made for."""
    return getattr(call.primitive.function, "original", call.primitive.function)


def evaluate(call: Call, values: list[Any]) -> Array:
    """The outputs on other values, flat. What a user's function keeps or writes to stays as it was."""
    row = call.primitive
    y: Any
    if not row.once:
        y = row.function(*values, **call.settings)
    else:
        values = [v.copy() if isinstance(v, np.ndarray) else v for v in values]
        alone = function.Run(copy(row.owner)).forward if isinstance(row, function.Call) else original(call)
        y = alone(*values)
    gauge = GAUGES.get(row.name)
    return flat(gauge.align(call.y, y) if gauge else y)


def widened(call: Call) -> Call:
    """The same call of a row of NumPy's functions in double precision, where its own is less."""
    if call.primitive.once or all(np.result_type(v).itemsize >= _WIDE.get(_kind(v), 0) for v in call.values):
        return call
    values = [np.asarray(v).astype(f"{_kind(v)}{_WIDE[_kind(v)]}")[()] if _kind(v) in _WIDE else v for v in call.values]
    return again(call, values)


def again(call: Call, values: list[Any]) -> Call:
    """The call of a row of NumPy's functions on other values."""
    return call._replace(values=values, y=call.primitive.function(*values, **call.settings))


_WIDE = {"f": 8, "c": 16}


def _kind(value: Any) -> str:
    return np.asarray(value).dtype.kind


def coarsest(call: Call) -> Any:
    """np.finfo of the least precise of what goes in and comes out."""
    taken = (*call.outputs, *(call.values[i] for i in call.needed))
    return max((np.finfo(np.result_type(v)) for v in taken if _kind(v) in _WIDE), key=lambda info: info.eps)


# ---- the rules


def pushed(call: Call, directions: Directions) -> Array | None:
    """The tangent of the outputs, flat; None where the rule has none to give."""
    tangents = [directions.get(i) for i in range(len(call.values))]
    try:
        dy = push(call.primitive, call.y, list(call.values), tangents, call.settings)
    except Exception:  # noqa: BLE001  the rule may be the user's; that it has nothing to give is not wrong
        return None
    if dy is None:
        return np.zeros(sum(map(count, call.outputs)))
    parts = dy if isinstance(call.y, tuple) else (dy,)
    return flat(tuple(dual(y, t, 0).tangent for y, t in zip(call.outputs, parts, strict=True)))


def pulled(call: Call, weights: Array, directions: Directions) -> list[float]:
    """<pullback(cotangent), directions> by every way that the tape has; none where there is none to give."""
    g = cotangents(call, weights)
    found = []
    for way in (by_rule, by_recorder):
        try:
            given = way(call, g)
        except Exception:  # noqa: BLE001  as in `pushed`
            continue
        if given is not None:
            found.append(sum(_paired(given[i], t) for i, t in directions.items()))
    return found


def by_rule(call: Call, g: Any) -> dict[int, Any]:
    """The cotangents of the inputs as the tape has the row pull them back."""
    plan = Plan(call.primitive, call.needed)
    saved = plan.save(call.y, call.values, [False] * len(call.values), call.settings)
    found = plan.pull(saved, g)
    each = zip(plan.needed, [found] if plan.single else found, strict=True)
    return {i: cast(_dense(c), np.result_type(call.values[i])) for i, c in each}


def by_recorder(call: Call, g: Any) -> dict[int, Any] | None:
    """The same by the row's fast recorder, which operators and ufuncs on Variables take; None where it has none."""
    row = call.primitive
    if call.settings or TABLE.get(row.name) is not row or row.function not in RECORDERS:
        return None
    level = new_level()
    leaves = {i: leaf(call.values[i], level) for i in call.needed}
    nodes = {i: x.node for i, x in leaves.items()}
    y = RECORDERS[row.function](*(leaves.get(i, v) for i, v in enumerate(call.values)))
    found = sweep([(y.node, g)])
    return {i: found.get(node, np.zeros_like(call.values[i])) for i, node in nodes.items()}


def _dense(cotangent: Any) -> Any:
    return cotangent.dense() if isinstance(cotangent, Scattered) else cotangent


def _paired(cotangent: Any, t: Any) -> float:
    """Re sum c t; what does not move does not count, even if its cotangent is nan."""
    moves = np.asarray(t) != 0
    return float(np.sum(np.real(np.asarray(cotangent)[moves] * np.asarray(t)[moves])))


# ---- flat


def flat(y: Any) -> Array:
    """All outputs as one axis of real numbers. Integers, which have no derivative, are left out."""
    parts = [np.ravel(part) for part in (y if isinstance(y, tuple) else (y,)) if _kind(part) in _WIDE]
    wide = [p.astype(complex).view(float) if p.dtype.kind == "c" else p for p in parts]
    return np.concatenate(wide).astype(float) if wide else np.empty(0)


def count(y: Any) -> int:
    """How many numbers an output is, flat."""
    return int(np.size(y)) * {"f": 1, "c": 2}.get(_kind(y), 0)


def cotangents(call: Call, weights: Array) -> Any:
    """The cotangent for these weights, as the outputs are; an output without any, as the tape has an unused one."""
    parts, start = [], 0
    for y in call.outputs:
        stop = start + count(y)
        parts.append(_cotangent(weights[start:stop], y))
        start = stop
    gauge = GAUGES.get(call.primitive.name)
    if gauge:
        projected = gauge.project(tuple(parts), call.y)
        parts = [p if np.any(g) else g for p, g in zip(projected, parts, strict=True)]
    return tuple(parts) if isinstance(call.y, tuple) else parts[0]


def _cotangent(weights: Array, y: Any) -> Any:
    """What pairs with dy as the weights do with the flat dy: a - ib for the weights a, b of re and im."""
    dtype, shape = np.result_type(y), np.shape(y)
    if not weights.any():
        return np.broadcast_to(np.zeros((), dtype), shape)
    values = np.conj(weights.view(complex)) if dtype.kind == "c" else weights
    return values.reshape(shape).astype(dtype)[()]


def settled(call: Call, weights: Array) -> Array:
    """The weights that the cotangent of these really stands for, in its dtype and gauge."""
    g = cotangents(call, weights)
    return flat(tuple(map(np.conj, g)) if isinstance(g, tuple) else np.conj(g))
