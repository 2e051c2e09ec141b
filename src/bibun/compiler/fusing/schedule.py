"""The schedule: what is stored, which loop nests compute it, and in which order they and the calls run.

Everything that is not stored is computed where it is used. What has to be stored is found by walking through the
evaluation of each root; each time something more is found, the schedule is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from bibun.compiler.fusing.affine import identity, variable
from bibun.compiler.fusing.bodies import schedule_body
from bibun.compiler.fusing.buffers import Buffer, entries_apart, numbers
from bibun.compiler.fusing.expressions import BYTES, Expression
from bibun.compiler.fusing.nests import Loop, Nest, Root, flattens, plan
from bibun.compiler.fusing.ordering import WHOLE, in_order, live_from, read_in_loops
from bibun.compiler.fusing.relaying import arrange, copies
from bibun.compiler.fusing.roots import roots_of
from bibun.compiler.fusing.steps import Call, Guard, LoopStep
from bibun.compiler.fusing.storing import Storing, necessary
from bibun.compiler.fusing.walking import MANY, REPEATED, Walk, moved, reads_straight

SLACK = 8  # entries by which the domains of two roots of a nest may differ along an axis,
SHORTER = 16  # and they are this part of it at most: what stands in the loops is written again for them
FLAT = 16  # entries: a domain of more, all of whose arrays are read from end to end, is one loop,
LONG = 128  # unless the last axis is long enough to be a loop of its own
LONG_WALKS = 16  # that were given up, after which what they share is stored before others go through it
BODY = 2000  # operations in one nest, beyond which LLVM takes longer than its share


class Found(NamedTuple):
    """The loops of a root, the axes that they run over, what it reads in them, and what it needs stored for that."""

    loops: tuple[Loop, ...]
    axes: tuple[int | None, ...]
    walk: Walk
    needed: set[int]


class Schedule:
    """Steps in order, and the buffers they use. `cuts`: for each nest, by identity, the cuts of its loops.

    targets         where each output goes
    overwritten     memory of carried arrays that the steps of a loop's body write to where it stands
    given           what the schedule of the code around a loop's body has stored
    turns           of the loops around
    places          memory that its carried values shall have
    temporaries     all memory that the program keeps for itself, that of bodies included
    """

    def __init__(
        self,
        outputs: Sequence[Expression],
        guards: Sequence[tuple[Expression, Any]],
        *,
        targets: Sequence[Buffer] | None = None,
        around: Schedule | None = None,
        turns: tuple[int, ...] = (),
        apart: Iterable[int] = (),
        places: Mapping[int, Buffer] | None = None,
    ) -> None:
        self.outputs = list(outputs)
        self.guards = list(guards)
        self.targets = targets or [Buffer("output", n, x.shape, x.kind) for n, x in enumerate(outputs)]
        self.turns = turns
        self.places = places or {}
        self.given = around.buffers if around is not None else {}
        self.live = live_from([*outputs, *(x for x, _ in guards)], self.given)
        self.users: dict[int, list[int]] = {}
        for x in self.live:
            for operand in x.operands:
                self.users.setdefault(operand.number, []).append(x.number)
        self.stored = necessary(self.live, [*outputs, *(x for x, _ in guards)], self.given) | set(apart)
        self.overwritten: list[Buffer] = []
        self.storing = Storing(self.stored, self.users)
        self._found: dict[Any, Found] = {}  # of attempts before, what storing more has not changed
        while not self._arrange():
            pass

    def _arrange(self) -> bool:
        """One attempt with what is stored now; False if more has to be."""
        self.steps: list[Any] = []
        self.buffers: dict[int, Buffer] = dict(self.given)
        self.temporaries: list[Buffer] = []
        self.cuts: dict[int, list[set[int]]] = {}
        self._made: dict[int, int] = dict.fromkeys(self.given, -1)  # the step that completes a stored expression
        self._roots: dict[int, Root] = {}  # of those that one root stores
        self._walks: dict[int, list[Walk]] = {}  # by nest, root by root
        self._computed: dict[int, set[int]] = {}  # by each nest
        self._given_up = 0  # walks, since they were too long
        more: set[int] = set()
        for x in in_order(self.live, self.given):
            if x.number in self.stored:
                more |= self._store(x)
            if self._given_up >= LONG_WALKS and more - self.stored:
                break
        more |= self.storing.repeated((key, walk) for key, walks in self._walks.items() for walk in walks)
        new = more - self.stored or self.storing.scattered(self.steps, self._walks)
        if new:
            self.stored |= new
            self._found = {key: found for key, found in self._found.items() if new.isdisjoint(found.walk.expressions)}
            return False
        self._finish()
        return True

    # ---- storing one expression -----------------------------------------------------------------

    def _store(self, x: Expression) -> set[int]:
        if x.number in self.given:
            return self._copied(x)
        if x.op in ("input", "captured", "carried"):
            self._given(x)
            return self._copied(x)
        if x.op in ("call", "loop", "routine"):
            return set()  # its parts are stored
        if x.op == "part":
            self._part(x)
            return self._copied(x)
        buffer = self._buffer(x)
        if x.op == "contract":
            self._made[x.number] = self._append(Call(x, [self.buffers[y.number] for y in x.operands], {None: buffer}))
            return self._copied(x)
        more: set[int] = set()
        after = -1
        for number, root in enumerate(roots_of(x, buffer)):
            before = after if x.op != "pair" else -1  # its parts lie at places of their own
            more |= self._place(root, before, (x.number, number))
            after = self._made[x.number] = max(after, self._made[x.number])
        return more | self._copied(x)

    def _given(self, x: Expression) -> None:
        if x.op == "input":
            buffer = Buffer("input", x.params, x.shape, x.kind)
        elif x.op == "carried":
            buffer = self.places.get(x.number) or self.temporary(x)
        else:
            array = x.params
            steps = entries_apart(array, packed=x.packed)
            buffer = Buffer("captured", next(numbers), x.shape, x.kind, steps, array)
        buffer.packed = x.packed
        self.buffers[x.number] = buffer
        self._made[x.number] = -1

    def _part(self, x: Expression) -> None:
        (call,) = x.operands
        number = self._made.get(call.number)
        if number is None:
            operands = [self.buffers[y.number] for y in call.operands] if call.op != "loop" else []
            number = self._append(LoopStep(call) if call.op == "loop" else Call(call, operands, {}))
            self._made[call.number] = number
        self.steps[number].outputs[x.params] = self._buffer(x)
        self._made[x.number] = number

    def _append(self, step: Any) -> int:
        """One more step; its number."""
        self.steps.append(step)
        return len(self.steps) - 1

    def _buffer(self, x: Expression) -> Buffer:
        """An output's own memory where x is one, else a temporary."""
        if x in self.outputs:
            buffer = self.targets[self.outputs.index(x)]
        else:
            buffer = self._overwritten(x) or self.temporary(x)
        buffer.packed = x.packed
        self.buffers[x.number] = buffer
        return buffer

    @cached_property
    def _in_loops(self) -> set[int]:
        """What the bodies of loops read."""
        return read_in_loops(self.live)

    def _overwritten(self, x: Expression) -> Buffer | None:
        """The memory that a routine makes a part of itself in: its operand's, if it is the only one that reads that."""
        if x.op != "part" or x.operands[0].op != "routine":
            return None
        (routine,) = x.operands
        for part, operand in routine.params.over:
            y = routine.operands[operand]
            alone = self.users[y.number] == [routine.number] and y not in self.outputs and y.number not in self.given
            if part != x.params or not alone or self.buffers[y.number].place != "temporary":
                continue
            if y.number not in self._in_loops:
                return self.buffers[y.number]
        return None

    def temporary(self, x: Expression) -> Buffer:
        """Memory for it that the program keeps for itself."""
        buffer = Buffer("temporary", next(numbers), x.shape, x.kind)
        buffer.packed = x.packed
        self.temporaries.append(buffer)
        return buffer

    def _copied(self, x: Expression) -> set[int]:
        """An output that is an argument, or stands twice among the outputs, is a copy."""
        more: set[int] = set()
        for buffer, output in zip(self.targets, self.outputs, strict=True):
            if output is not x or buffer is self.buffers[x.number]:
                continue
            if x.kind in BYTES:
                root = _copy_of(x, buffer)
                more |= self._place(root, self._made[x.number], (x.number, "copy"))
            else:
                self.steps.append(Call(x, [self.buffers[x.number]], {None: buffer}))
        return more

    def leave(self, nest: Nest, root: Root) -> None:
        """Take a root out of its nest."""
        place = next(n for n, other in enumerate(nest.roots) if other is root)
        nest.length -= self._walks[id(nest)][place].count
        del nest.roots[place], self._walks[id(nest)][place]

    def place_alone(self, root: Root) -> None:
        """Put a root into a nest of its own, behind all other steps."""
        loops, walk = self._walked(root, whole=True)
        if not walk.whole:
            loops, walk = self._walked(root, whole=False)
        nest = self._nest(loops, flat=False)
        self._join(nest, root, walk, loops, self._append(nest))

    # ---- grouping -------------------------------------------------------------------------------

    def _place(self, root: Root, after: int, key: tuple[Any, ...]) -> set[int]:
        """Put a root into the first nest that suits it, or into a new one. `key`: says which root it is."""
        short = root.value.size > FLAT and root.extents[-1] < LONG
        flat = short and flattens(root) and reads_straight(root, self.stored, self.buffers)
        found = self._found.get((*key, flat))
        if found is None:
            found = self._found[*key, flat] = self._find(root, flat=flat)
        loops, root.axes, walk, needed = found
        first = self._earliest(root, walk, loops, flat, after)
        for number in range(first, len(self.steps)):
            nest = self.steps[number]
            if not isinstance(nest, Nest) or not self._suits(nest, root, loops, flat):
                continue
            if self._cut_alike(nest, walk):
                nest.loops = tuple(
                    Loop(max(a.extent, b.extent), a.vector) for a, b in zip(nest.loops, loops, strict=True)
                )
                self._join(nest, root, walk, loops, number)
                return needed
        nest = self._nest(loops, flat=flat)
        self._join(nest, root, walk, loops, self._append(nest))
        return needed

    def _nest(self, loops: tuple[Loop, ...], *, flat: bool) -> Nest:
        nest = Nest(loops, flat=flat)
        self.cuts[id(nest)] = [set() for _ in loops]
        self._computed[id(nest)] = set()
        return nest

    def _find(self, root: Root, *, flat: bool) -> Found:
        if flat:
            loops: tuple[Loop, ...] = (Loop(root.value.size, True),)
            root.axes = (0,) * len(root.extents)
            walk = Walk(loops, self.stored, self.turns)
            walk.visit_flat(root)
        else:
            loops, walk = self._walked(root, whole=True)
            if not walk.whole:
                loops, walk = self._walked(root, whole=False)
        self._given_up += walk.count > MANY
        return Found(loops, root.axes, walk, walk.must | self.storing.variants(walk))

    def _walked(self, root: Root, *, whole: bool) -> tuple[tuple[Loop, ...], Walk]:
        """The loops of a root, and what it reads in them."""
        loops, root.axes = plan(root, whole=whole)
        walk = Walk(loops, self.stored, self.turns)
        walk.visit(root.value, map(root.index, root.unrolled()), root=root.computes)
        if root.scattering is not None:
            self._visit_scattering(root, walk)
        return loops, walk

    def _join(self, nest: Nest, root: Root, walk: Walk, loops: Sequence[Loop], number: int) -> None:
        """Add a root to a nest, step `number`."""
        nest.roots.append(root)
        nest.length += walk.count
        self._computed[id(nest)].update(walk.computed)
        for known, found in zip(self.cuts[id(nest)], walk.cuts, strict=True):
            known |= found
        for known, loop in zip(self.cuts[id(nest)], loops, strict=True):
            known.add(loop.extent)
        self._walks.setdefault(id(nest), []).append(walk)
        if not root.copies:
            self._made[root.of.number] = number
            self._roots[root.of.number] = root

    def _suits(self, nest: Nest, root: Root, loops: tuple[Loop, ...], flat: bool) -> bool:
        if nest.flat != flat or len(nest.loops) != len(loops):
            return False
        if any(r.scattering is not None for r in (*nest.roots[:1], root)):  # such a root is alone in its nest
            return False
        if nest.length > BODY:
            return False
        for a, b in zip(nest.loops, loops, strict=True):
            apart = abs(a.extent - b.extent)
            if a.vector != b.vector or apart > (0 if flat else SLACK) or apart * SHORTER > max(a.extent, b.extent):
                return False
        return True

    def _cut_alike(self, nest: Nest, walk: Walk) -> bool:
        """Whether a nest and a root are cut at the same places, or both are short: what stands in loops is written between
        all cuts."""
        if nest.length + walk.count <= REPEATED:
            return True
        pairs = zip(self.cuts[id(nest)], walk.cuts, walk.loops, strict=True)
        return all(known - {loop.extent} == found - {loop.extent} for known, found, loop in pairs)

    def _earliest(self, root: Root, walk: Walk, loops: tuple[Loop, ...], flat: bool, after: int) -> int:
        """The first step at which all that the root reads is there."""
        first = after + 1
        for number, indices in walk.reads.items():
            step = self._made[number]
            if step < 0:
                continue
            other = self._roots.get(number)
            same = (
                other is not None
                and isinstance(self.steps[step], Nest)
                and self._suits(self.steps[step], root, loops, flat)
                and _at_the_same(other, indices, flat)
            )
            first = max(first, step if same else step + 1)
        return first

    def _visit_scattering(self, root: Root, walk: Walk) -> None:
        index = root.index(())
        for operand, places in zip(root.of.operands[2:], root.scattering.indices, strict=True):
            walk.visit(operand, moved(places, [index]))

    def computed(self, nest: Nest) -> set[int]:
        """What a nest computes, by number."""
        return self._computed[id(nest)]

    def walks(self, nest: Nest) -> list[Walk]:
        """What the roots of a nest read and compute, root by root."""
        return self._walks[id(nest)]

    def _finish(self) -> None:
        """What goes behind the step that makes it: copies in another order, and guards."""
        late: list[tuple[int, int, Any]] = []
        nests = [(step, self.walks(step)) for step in self.steps if isinstance(step, Nest)]
        arrange(nests, self.buffers, self._own())
        for copied in copies(nests, self.buffers):
            root = _copy_of(copied.original, copied.copy)
            loops, walk = self._walked(root, whole=False)
            nest = self._nest(loops, flat=False)
            self._join(nest, root, walk, loops, -1)
            self.temporaries.append(copied.copy)
            late.append((self._made[copied.original.number], -1, nest))
        for number, (x, outcome) in enumerate(self.guards):
            late.append((self._made[x.number], number, Guard(self.buffers[x.number], number, outcome)))
        for step in self.steps:
            if isinstance(step, LoopStep):
                schedule_body(self, step)
        for made, _, step in sorted(late, key=lambda each: each[:2], reverse=True):
            self.steps.insert(made + 1, step)
        self.note_reads()

    def _own(self) -> list[int]:
        """What nests alone store and read, in memory that the program keeps for itself, and nothing is exchanged with."""
        whole = {y.number for x in self.live if x.op in WHOLE for y in x.operands}
        apart = whole | self._in_loops | {x.number for x in self.outputs} | set(self.given)
        return [
            x.number
            for x in self.live
            if x.number in self.buffers and x.number not in apart and x.op not in ("carried", "part", "contract")
            and self.buffers[x.number].place == "temporary"
        ]  # fmt: skip

    def note_reads(self) -> None:
        """Tell each nest which memory it reads."""
        for step in self.steps:
            if isinstance(step, Nest):
                numbers = {number for walk in self.walks(step) for number in walk.reads}
                step.reads = [step.relaid.get(number) or self.buffers[number] for number in sorted(numbers)]


def _copy_of(x: Expression, buffer: Buffer) -> Root:
    """The root that copies what is stored into other memory."""
    return Root(x, x, buffer, identity(len(x.shape)), copies=True)


def _at_the_same(other: Root, indices: set[Any], flat: bool) -> bool:
    """Whether a stored expression is read only where it has just been computed."""
    if not other.computes:
        return False
    if flat:  # a number may be made of entries anywhere
        return other.value.size == 1 or indices <= {(variable(0),)}
    return indices <= {other.index(c) for c in other.unrolled()}
