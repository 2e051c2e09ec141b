"""The tape: nodes, and what they keep. Owns no formula; sweep.py pulls cotangents back through them.

A node points to the nodes of its inputs and to what its rule reads, never to a Variable, so that a graph has no
reference cycles and a value lives only where somebody will read it. Nodes are numbered as they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from sys import getrefcount
from typing import Any

import numpy as np

from bibun.core.captured import Watched, kept
from bibun.core.cotangents import Scattered, Slots
from bibun.core.primitive import Primitive
from bibun.core.rules import (
    DTYPE,
    INPUT,
    INPUTS,
    NEEDED,
    OUTPUT,
    SETTING,
    SHAPE,
    Read,
    dtype_of,
    is_narrow,
    read,
    widened,
)
from bibun.core.traced import owned as owns

next_index: Callable[[], int] = count(1).__next__
new = object.__new__


class Node:
    """One call on the tape. `parents`: a node, or a tuple of them; `rule` pulls back, reading `saved`.

    `grad` is unset until somebody leaves a gradient there: a recorder has no time to say None.
    """

    __slots__ = ("grad", "index", "parents", "rule", "saved")

    grad: Any
    index: int
    parents: Any
    rule: Any
    saved: Any


def _nobody() -> None:
    """The Variable of a leaf that nobody asked a gradient of."""


class Leaf:
    """Where a sweep ends: a Variable that was not computed. Knows the dtype that its gradient must have.

    own         nobody else can change the Variable's value, so the tape may keep it without a copy
    variable    weakly, the Variable that a gradient is left in: a gradient that is itself on the tape makes no cycle
    """

    __slots__ = ("dtype", "index", "own", "variable")
    parents = None

    def __init__(self, dtype: Any, *, own: bool = False) -> None:
        self.index = next_index()
        self.dtype = dtype
        self.own = own
        self.variable: Callable[[], Any] = _nobody


class Plan:
    """What a primitive keeps and pulls back when these inputs (`needed`) are differentiated. Made once for each."""

    __slots__ = ("keeps_inputs", "needed", "primitive", "pull", "reads", "single", "widens")

    def __init__(self, primitive: Primitive, nodes: tuple[int, ...]) -> None:
        self.primitive = primitive
        variadic = primitive.inputs is None
        self.needed = nodes if variadic else tuple(i for i in nodes if primitive.pullbacks[i] is not None)
        rules = [primitive.pullbacks[0]] if variadic else [primitive.pullbacks[i] for i in self.needed]
        names = list(dict.fromkeys(name for rule in rules if rule for name in rule.reads))
        self.reads: list[Read] = [read(name, primitive.inputs) for name in names]
        self.keeps_inputs = any(item.kind in (INPUT, INPUTS) for item in self.reads)
        widens = [primitive.widens[item.key] if item.kind == INPUT else "" for item in self.reads]
        self.widens = widens if any(widens) else ()
        self.single = len(self.needed) == 1 and not primitive.consume
        pulls = [(rule.function, tuple(names.index(n) for n in rule.reads)) for rule in rules if rule]
        self.pull = _puller(pulls, self.single, variadic)

    def save(self, y: Any, values: list[Any], shared: list[bool], settings: Mapping[str, Any]) -> tuple[Any, ...]:
        """What the rules read of this call; `shared` says which values somebody else can change."""
        saved = []
        for kind, key in self.reads:
            if kind == SHAPE:
                value = values[key]
                item = value.shape if hasattr(value, "shape") else np.shape(value)
            elif kind == SETTING:
                item = settings[key]
            elif kind == DTYPE:
                item = np.result_type(values[key])
            elif kind == INPUT:
                item = kept(values[key]) if shared[key] else values[key]
            elif kind == OUTPUT:
                item = y
            elif kind == INPUTS:
                item = [kept(v) if s else v for v, s in zip(values, shared, strict=True)]
            elif kind == NEEDED:
                item = self.needed
            else:
                item = [np.shape(v) for v in values]
            saved.append(item)
        return tuple(saved)

    def lift(self, node: Node, variable: Callable[[Any, Any], Any]) -> tuple[Any, ...]:
        """`saved` with the tape's own values as Variables, so that running the rule records it."""
        parents = (node.parents,) if self.single else node.parents
        of = dict(zip(self.needed, parents, strict=True))

        def wrap(item: Read, value: Any) -> Any:
            if item.kind == OUTPUT:
                if isinstance(value, tuple):
                    return tuple(variable(part, part_node(node, k)) for k, part in enumerate(value))
                return variable(value, node)
            if item.kind == INPUT and item.key in of:
                return variable(value, of[item.key])
            if item.kind == INPUTS:
                return [variable(v, of[i]) if i in of else v for i, v in enumerate(value)]
            return value

        return tuple(wrap(item, value) for item, value in zip(self.reads, node.saved, strict=True))


def _puller(
    pulls: list[tuple[Callable[..., Any], tuple[int, ...]]], single: bool, variadic: bool
) -> Callable[[tuple[Any, ...], Any], Any]:
    """(saved, cotangent) -> the cotangent of the one needed input, or a list of those of all."""
    if len(pulls) == 1 and (single or variadic):
        ((function, _),) = pulls  # alone, it reads all that is saved, in its order
        if variadic and single:
            return lambda saved, cotangent: function(cotangent, *saved)[0]
        return lambda saved, cotangent: function(cotangent, *saved)
    return lambda saved, cotangent: [function(cotangent, *[saved[i] for i in where]) for function, where in pulls]


class Wrapped:
    """A rule around another: checks or mends what goes in or comes out of one call's pullback."""

    __slots__ = ("inner",)

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @property
    def primitive(self) -> Primitive:
        """The row of the call."""
        return self.inner.primitive  # type: ignore[no-any-return]

    def pull(self, saved: Any, cotangent: Any) -> Any:
        """As the inner rule's."""
        return self.inner.pull(saved, cotangent)

    def lift(self, node: Node, variable: Callable[[Any, Any], Any]) -> Any:
        """As the inner rule's."""
        return self.inner.lift(node, variable)


class Watching(Wrapped):
    """Large captured arrays are checked before they are read."""

    __slots__ = ()

    def pull(self, saved: tuple[Any, ...], cotangent: Any) -> Any:
        """The arrays as they were recorded, or MutatedArrayError."""
        return self.inner.pull(_unwatched(saved), cotangent)

    def lift(self, node: Node, variable: Callable[[Any, Any], Any]) -> Any:
        """A Variable holds an array itself, so it is checked before."""
        return self.inner.lift(node, lambda value, parent: variable(_unwatched(value), parent))


def _unwatched(saved: Any) -> Any:
    if isinstance(saved, Watched):
        return saved.unwrap()
    if type(saved) is tuple or type(saved) is list:  # not the named tuples that rows return
        return type(saved)(map(_unwatched, saved))
    return saved


def watches(saved: tuple[Any, ...]) -> bool:
    """Whether anything of what was saved is kept by reference."""
    return any(
        isinstance(s, Watched) or (isinstance(s, list) and any(isinstance(v, Watched) for v in s)) for s in saved
    )


class Widening(Wrapped):
    """Inputs narrower than the output, which the formula reads in its precision."""

    __slots__ = ("dtype",)

    def __init__(self, inner: Any, dtype: Any) -> None:
        super().__init__(inner)
        self.dtype = dtype

    def pull(self, saved: tuple[Any, ...], cotangent: Any) -> Any:
        """Made wide here, and not where they were saved: that would keep a copy."""
        wide = [widened(v, self.dtype, how) for v, how in zip(saved, self.inner.widens, strict=True)]
        return self.inner.pull(tuple(wide), cotangent)


def widening(plan: Plan, y: Any, saved: tuple[Any, ...]) -> Any:
    """The rule of a plan for what a call has saved."""
    if not plan.widens:
        return plan
    dtype = dtype_of(y)
    narrow = any(is_narrow(item, dtype, how) for item, how in zip(saved, plan.widens, strict=True))
    return Widening(plan, dtype) if narrow else plan


class Casting(Wrapped):
    """The inputs' dtypes differ from the output's: each cotangent gets the dtype of its input."""

    __slots__ = ("dtypes",)

    def __init__(self, inner: Any, dtypes: tuple[Any, ...]) -> None:
        super().__init__(inner)
        self.dtypes = dtypes

    def pull(self, saved: Any, cotangent: Any) -> Any:
        """float32 stays float32, a real input gets a real cotangent."""
        result = self.inner.pull(saved, cotangent)
        if len(self.dtypes) == 1 and type(result) is not list:
            return cast(result, self.dtypes[0])
        return [cast(c, dtype) for c, dtype in zip(result, self.dtypes, strict=True)]


class Updating(Wrapped):
    """Entries were overwritten where they stood: so are those of the cotangent, where only the sweep holds it."""

    __slots__ = ()

    def pull(self, saved: Any, cotangent: Any) -> Any:
        """A cotangent an input, each an array of its own."""
        if not _only_here(cotangent):
            if type(cotangent) is not np.ndarray:
                return self.inner.pull(saved, cotangent)
            cotangent = cotangent.copy()
        return self.inner.primitive.consume(cotangent, self.inner.needed, *saved)


class Gathering(Wrapped):
    """A call of several outputs: the slots that got no cotangent are zero."""

    __slots__ = ("like",)

    def __init__(self, inner: Any, outputs: Iterable[Any]) -> None:
        super().__init__(inner)
        self.like = [(np.shape(y), np.result_type(y)) for y in outputs]

    def pull(self, saved: Any, cotangent: Any) -> Any:
        """The rule gets one cotangent an output."""
        full = tuple(
            cotangent[k] if k in cotangent else np.broadcast_to(np.zeros((), dtype), shape)
            for k, (shape, dtype) in enumerate(self.like)
        )
        return self.inner.pull(saved, full)


class Selecting:
    """The rule of one output of several: its cotangent goes to its slot."""

    @staticmethod
    def pull(saved: int, cotangent: Any) -> Slots:
        """The slot's number is what is saved."""
        return Slots({saved: cotangent})

    @staticmethod
    def lift(node: Node, variable: Callable[[Any, Any], Any]) -> int:
        """Nothing to record."""
        return node.saved  # type: ignore[no-any-return]


def part_node(whole: Node, slot: int) -> Node:
    """The node of output number `slot` of a call of several outputs."""
    return make_node(whole, Selecting, slot)


def make_node(parents: Any, rule: Any, saved: Any) -> Node:
    """A node, numbered."""
    node: Node = new(Node)
    node.index = next_index()
    node.parents = parents
    node.rule = rule
    node.saved = saved
    return node


def cast(cotangent: Any, dtype: Any) -> Any:
    """To the dtype of a primal, dropping the imaginary part for a real one."""
    if isinstance(cotangent, Scattered):
        cotangent.cotangent = cast(cotangent.cotangent, dtype)
        return cotangent
    have = np.result_type(cotangent)
    if have == dtype:
        return cotangent
    if have.kind == "c" and dtype.kind != "c":
        cotangent = np.real(cotangent)
    if dtype.kind not in "fc":
        return cotangent  # an integer primal; the leaf says so if the sweep gets there
    return (
        cotangent.astype(dtype)
        if np.ndim(cotangent) or not isinstance(cotangent, np.generic)
        else dtype.type(cotangent)
    )


def _only_here(cotangent: Any) -> bool:
    """Asked by a rule's pull: whether nobody but the sweep, which called it, holds a cotangent."""
    return getrefcount(cotangent) <= _IN_A_PULL and owns(cotangent, [])


def _count_in_a_pull() -> int:
    """What getrefcount says in _only_here of an array that only the sweep's name holds, in this CPython."""

    class Asking:
        def pull(self, saved: Any, cotangent: Any) -> int:
            return asked(cotangent)

    def asked(cotangent: Any) -> int:
        return getrefcount(cotangent)

    array, rule = np.empty(1), Asking()
    return rule.pull((), array)


_IN_A_PULL = _count_in_a_pull()
