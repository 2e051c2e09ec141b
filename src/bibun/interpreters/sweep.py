"""The sweep: cotangents are pulled back through a tape, from its end to the leaves. Owns their sums; rules are tape.py's.

It visits the nodes from the highest number down, each once, after everything that used it. It is a loop: a chain of a
million calls needs no deep stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from math import prod
from sys import getrefcount
from typing import Any

import numpy as np

from bibun.arrays.keys import is_basic
from bibun.arrays.places import as_lists
from bibun.arrays.registry import row
from bibun.core.cotangents import Scattered
from bibun.core.traced import Traced
from bibun.interpreters.tape import Node, Plan, Updating
from bibun.primitives.shapes import inverse

_getitem, _transpose, _reshape = row("getitem"), row("transpose"), row("reshape")
_VIEWS = {view.name: view for view in (_getitem, _transpose, _reshape)}
_FEW = 16  # listing a place costs what several entries of an array do
_LARGE = 2**15  # entries of an array; a smaller one is made sooner than places are listed


def sweep(
    seeds: Iterable[tuple[Any, Any]],
    *,
    variable: Callable[[Any, Any], Any] | None = None,
    retain: bool = False,
) -> dict[Any, Any]:
    """Pull the cotangents of the seeds' nodes back to the leaves: {leaf: cotangent}.

    `variable`: makes a Variable of a value and its node; given, the rules run on Variables and record themselves.
    `retain`: leaves each node's cotangent in its `grad`.
    """
    pending: dict[Any, Any] = {}
    owned: set[Any] = set()
    queue: list[tuple[int, Any]] = []
    leaves: dict[Any, Any] = {}
    for node, cotangent in seeds:
        accumulate(pending, owned, queue, node, cotangent)
    del seeds
    quick = variable is None and not retain
    while queue:
        node = heappop(queue)[1]
        cotangent = pending.pop(node)
        # Down a chain: as long as nothing else waits, the next node is this one's only parent. What was saved goes as
        # `node` moves on, when nobody else holds the graph.
        while quick and not queue and type(parents := node.parents) is Node and type(cotangent) is not Scattered:
            cotangent = node.rule.pull(node.saved, cotangent)
            node = parents
        if type(cotangent) is Scattered:
            if quick and (moved := _below_view(node, cotangent)) is not None:
                accumulate(pending, owned, queue, node.parents, moved)
                continue
            cotangent = cotangent.dense()
            owned.add(node)
        parents = node.parents
        if parents is None:
            leaves[node] = cotangent if node in owned else _apart(cotangent)
            continue
        if retain:
            _retain(node, cotangent)
        rule = node.rule
        saved = node.saved if variable is None else rule.lift(node, variable)
        if type(parents) is tuple:
            for parent, contribution in zip(parents, rule.pull(saved, cotangent), strict=True):
                accumulate(pending, owned, queue, parent, contribution)
                if type(rule) is Updating and pending[parent] is contribution and type(contribution) is np.ndarray:
                    owned.add(parent)
            contribution = None  # or it would seem that somebody else holds it
        else:
            accumulate(pending, owned, queue, parents, rule.pull(saved, cotangent))
        del saved, cotangent
    return leaves


def _below_view(node: Any, cotangent: Scattered) -> Scattered | None:
    """A few entries of a view as entries of what it shows; None where it is no view, or they are many.

    Else a loop that reads and writes the rows of a transpose would make n arrays on its way back.
    """
    rule = node.rule if type(node.parents) is Node else None
    size, few = prod(cotangent.shape), np.size(cotangent.cotangent)
    if type(rule) is not Plan or size < _LARGE or not 0 < _FEW * few <= size:
        return None
    view = _VIEWS.get(rule.primitive.name)
    if view is None:
        return None
    shape = cotangent.shape
    if view is _transpose:
        (axes,) = node.saved
        shape, settings = tuple(shape[axis] for axis in inverse(axes)), {"axes": axes}
    elif view is _reshape:
        (shape,), settings = node.saved, {"shape": shape}
    else:
        shape, key = node.saved
        settings = {"key": key}
        if not is_basic(key):
            return None
    places = as_lists(shape, view, settings, cotangent.key if isinstance(cotangent.key, tuple) else (cotangent.key,))
    return Scattered(shape, places, cotangent.cotangent, repeats=cotangent.repeats)


def _apart(cotangent: Any) -> Any:
    """A gradient that the caller may write to: a copy where others see its memory (the seed's owner, another leaf)."""
    if type(cotangent) is np.ndarray:
        return cotangent.copy() if cotangent.base is not None or getrefcount(cotangent) > _ALONE else cotangent
    return cotangent.alias() if isinstance(cotangent, Traced) else cotangent


def _retain(node: Node, cotangent: Any) -> None:
    """Leave a cotangent, which others may hold too, in `grad`; added to what is there, as in a leaf."""
    if isinstance(cotangent, (np.ndarray, np.generic)):
        cotangent = np.array(cotangent)
    before = getattr(node, "grad", None)
    node.grad = cotangent if before is None else before + cotangent


def accumulate(
    pending: dict[Any, Any], owned: set[Any], queue: list[tuple[int, Any]], node: Any, contribution: Any
) -> None:
    """Add a contribution to what waits for a node; sums that the sweep itself made (`owned`) grow in place."""
    if node not in pending:
        pending[node] = contribution
        heappush(queue, (-node.index, node))
        return
    total = pending[node]
    if isinstance(total, Traced) or isinstance(contribution, Traced):
        pending[node] = _dense(total) + _dense(contribution)
        return
    if type(total) is Scattered:
        if type(contribution) is not Scattered:
            total, contribution = contribution, total
        else:
            total = total.dense()
            owned.add(node)
    if type(contribution) is Scattered:
        if node not in owned or np.result_type(total, contribution.cotangent) != total.dtype:
            total = np.array(total, np.result_type(total, contribution.cotangent))
            owned.add(node)
        contribution.add_to(total)
        pending[node] = total
    elif node in owned and type(contribution) is np.ndarray and contribution.dtype == total.dtype:
        total += contribution
    else:
        pending[node] = total = total + contribution
        if type(total) is np.ndarray:
            owned.add(node)
        else:
            owned.discard(node)  # a sum of shape () is a number, which does not grow in place


def _dense(cotangent: Any) -> Any:
    return cotangent.dense() if type(cotangent) is Scattered else cotangent


def _count_of_one_name() -> int:
    """What getrefcount says inside a function of an array that only its caller's name holds, in this CPython."""

    def inside(array: Any) -> int:
        return getrefcount(array)

    array = np.empty(1)
    return inside(array)


_ALONE = _count_of_one_name()
