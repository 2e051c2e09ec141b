"""Which call of a function has a wrong rule: f runs once, and every call that it makes is checked by itself.

The calls are seen by an interpreter of its own (recording.py) and checked as they are made (local.py), so that no value
is kept and none can have changed. Calls of one row at one place with the same shapes are a group: its first calls are
checked carefully, the others by the quick test, and carefully where that has a doubt. Of a very long loop a sample is
checked: whatever has values of a new sign or size, and of the rest ever fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bibun import tree
from bibun.checking.calls import by_rule, original
from bibun.checking.local import Finding, Probe, other_value
from bibun.checking.recording import Call, recorded
from bibun.checking.report import Culprit
from bibun.core.traced import Traced, new_level, plain
from bibun.errors import user_location
from bibun.interpreters.function import Call as FunctionCall
from bibun.transforms.arguments import choose
from bibun.transforms.reverse import vjp

FIRST = 2  # calls of a group that are checked carefully, the first along two directions
SHAPES = 10  # groups of other shapes at one place, of further ones none is checked carefully without a doubt
ALL = 1000  # calls of a group that are all checked, at least quickly, ...
ENTRIES = 2**24  # ... or so many entries of their inputs and outputs, ...
FEW = 32  # ... but no fewer calls than this
DOUBTS = 200  # careful checks of a group, after which it is let be
FOUND = 20  # careful checks that one which finds something counts for
GROWTH = 1.1  # the calls of a sample are so far apart, each time


def find_culprit(
    f: Callable[..., Any], args: Sequence[Any], *, argnums: int | Sequence[int] | None = None, seed: int = 0
) -> tuple[Culprit, ...]:
    """The calls inside f(*args) whose pullback or pushforward is not the derivative of the call, in order of the calls.

    Each names the row of the table, the user's Function or the function with a custom rule, the mode, the input and
    the place. argnums as in grad; None: every array or number of a floating-point dtype. Raises what f raises.

    f runs once, and the functions that it calls some 4 to 100 times more, on copies of the recorded inputs; a Function on
    a copy of itself. A rule that raises is not wrong, and what is drawn at random has no derivative to compare with.
    """
    return tuple(examine(f, args, argnums=argnums, seed=seed).culprits.values())


def examine(
    f: Callable[..., Any], args: Sequence[Any], *, argnums: int | Sequence[int] | None = None, seed: int = 0
) -> Examiner:
    """As find_culprit: all that was seen."""
    examiner = Examiner(seed)
    level = new_level()
    f(*_entered(tuple(args), argnums, lambda value: recorded(_own(value), level, examiner.see)))
    return examiner


def _entered(args: tuple[Any, ...], argnums: Any, enter: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The arguments, with those to differentiate by entered."""
    if argnums is not None:
        chosen = choose("find_culprit", args, argnums)
        return chosen.rebuild([enter(leaf) for leaf in chosen.leaves])
    leaves, unflatten = tree.flatten(args)
    return unflatten([enter(leaf) if _varies(leaf) else leaf for leaf in leaves])  # type: ignore[no-any-return]


def _varies(leaf: Any) -> bool:
    return (
        isinstance(leaf, (Traced, np.ndarray, np.generic, float, complex)) and np.result_type(plain(leaf)).kind in "fc"
    )


def _own(value: Any) -> Any:
    return np.array(plain(value))[()]


@dataclass(slots=True)
class Group:
    """The calls of one row at one place, with the same shapes."""

    name: str
    location: str
    first: int  # calls that are checked carefully
    seen: int = 0
    checked: int = 0
    entries: int = 0
    careful: int = 0
    next: int = 0  # the call that is checked next, once they are sampled
    signatures: set[Any] = field(default_factory=set)

    def takes(self, call: Call) -> bool:
        """Whether this call is to be checked."""
        self.seen += 1
        if self.careful > DOUBTS:
            return False
        if self.checked < ALL and (self.entries < ENTRIES or self.checked < FEW):
            self.entries += sum(map(np.size, (*call.values, *call.outputs)))
        elif _is_new(self.signatures, call) or self.seen >= self.next:
            self.next = int(self.seen * GROWTH) + 1
        else:
            return False
        self.checked += 1
        return True


def _is_new(signatures: set[Any], call: Call) -> bool:
    """Whether no call before had inputs with entries of these signs and (to a factor of 16) sizes."""
    signature = tuple(_signature(call.values[i]) for i in call.needed)
    fresh = signature not in signatures
    signatures.add(signature)
    return fresh


def _signature(x: Any) -> tuple[Any, ...]:
    size = np.abs(x)
    some = size[np.isfinite(size) & (size > 0)]
    sizes = (int(np.log2(some.min())) // 4, int(np.log2(some.max())) // 4) if some.size else ()
    return bool(np.any(np.real(x) < 0)), bool(np.any(np.real(x) > 0)), bool(np.any(size == 0)), sizes


class Examiner:
    """Sees the calls of one run of f, and keeps what is wrong."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.outside = user_location()  # who asks: no line of f
        self.groups: dict[Any, Group] = {}
        self.shapes: dict[Any, int] = {}  # how many groups a place has
        self.culprits: dict[Any, Culprit] = {}
        self.found = 0
        self.explained: set[Any] = set()  # groups that are wrong because a call inside is

    def see(self, call: Call) -> None:
        """Check the call, as far as its group needs it."""
        if not any(np.result_type(y).kind in "fc" and np.size(y) for y in call.outputs):
            return
        group = self._group(call)
        if not group.takes(call):
            return
        with np.errstate(all="ignore"):
            if (finding := other_value(call)) is not None:
                group.careful += FOUND
                self._keep(group, [finding])
            probes = [Probe(call, call.needed, self.random) for _ in range(1 + (group.checked == 1 <= group.first))]
            if group.checked > group.first and probes[0].quick():
                return
            group.careful += 1
            if any(probe.careful() for probe in probes):
                group.careful += FOUND
                self._name(call, group)

    def _group(self, call: Call) -> Group:
        place = user_location()
        location = "" if place is None or place == self.outside else str(place)
        like = tuple((np.shape(v), getattr(v, "dtype", type(v))) for v in call.values)
        key = call.primitive.name, location, like, call.needed
        group = self.groups.get(key)
        if group is None:
            others = self.shapes[key[:2]] = self.shapes.get(key[:2], 0) + 1
            group = self.groups[key] = Group(call.primitive.name, location, FIRST if others <= SHAPES else 0)
        return group

    def _name(self, call: Call, group: Group) -> None:
        """Keep what two more directions confirm, by each input."""
        found = [finding for i in call.needed for finding in self._confirmed(call, i)]
        if found and self._is_composed(call) and self._look_inside(call, group):
            return
        self._keep(group, found)

    def _keep(self, group: Group, found: list[Finding]) -> None:
        self.found += len(found)
        for finding in found:
            key = group.name, group.location, finding.mode, finding.input
            self.culprits.setdefault(key, Culprit(
                group.name, finding.mode, finding.input, finding.expected, finding.error, finding.found, group.location,
            ))  # fmt: skip

    def _confirmed(self, call: Call, i: int) -> list[Finding]:
        first = Probe(call, (i,), self.random).careful()
        if not first:
            return []
        again = {finding.mode for finding in Probe(call, (i,), self.random).careful()}
        return [finding for finding in first if finding.mode in again]

    def _is_composed(self, call: Call) -> bool:
        """Whether the rule of a function of the user's is the derivative of the calls inside it, as a checkpoint's is."""
        if not call.primitive.once or isinstance(call.primitive, FunctionCall):
            return False
        g = tuple(_random_like(y, self.random) for y in call.outputs)
        cotangent = g if isinstance(call.y, tuple) else g[0]
        given = [call.values[i] for i in call.needed]
        try:
            _, pullback = vjp(lambda *some: original(call)(*_put(call, some)), *given)
            inside, rule = pullback(cotangent), by_rule(call, cotangent)
        except Exception:  # noqa: BLE001  the function is the user's, and need not be differentiable inside
            return False
        return all(
            np.allclose(a, rule[i], rtol=1e-3, atol=1e-3 * np.max(np.abs(a), initial=0))
            for i, a in zip(call.needed, inside, strict=True)
        )

    def _look_inside(self, call: Call, group: Group) -> bool:
        """Examine the calls inside; whether one of them is wrong."""
        before, level, place = self.found, new_level(), (group.name, group.location)
        original(call)(*_put(call, [recorded(call.values[i], level, self.see) for i in call.needed]))
        if self.found > before:
            self.explained.add(place)
        return place in self.explained


def _put(call: Call, some: Sequence[Any]) -> list[Any]:
    """The values of the call, with these in the places of the differentiated ones."""
    values = list(call.values)
    for i, value in zip(call.needed, some, strict=True):
        values[i] = value
    return values


def _random_like(y: Any, random: np.random.Generator) -> Any:
    dtype, shape = np.result_type(y), np.shape(y)
    values = random.normal(size=shape) + (1j * random.normal(size=shape) if dtype.kind == "c" else 0)
    return np.asarray(values).astype(dtype)[()]
