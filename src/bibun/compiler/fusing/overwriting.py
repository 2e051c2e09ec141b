"""Loops whose turns write entries of a carried array, or add to it: where it stands, instead of into a copy of it.

The body of such a loop makes the array of the next turn from a chain of patches, versions of one array. Their roots are put
into an order in which each version is read before the next one overwrites it; where that is possible, all of them have the
same memory. So have an array and the next turn's, where each entry of this is made of the same entry of that, and nothing
else reads it. Changes the schedule of a body; decides nothing about others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bibun.compiler.fusing.affine import composed, never_equal
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import BYTES, Expression
from bibun.compiler.fusing.nests import Nest, Root
from bibun.compiler.fusing.steps import Call, Guard, LoopStep
from bibun.compiler.fusing.walking import Walk

if TYPE_CHECKING:
    from bibun.compiler.fusing.schedule import Schedule

LEAST = 64  # entries of an array from which on it is worth it
_PART = 4  # what is read of it is stored apart, where that helps, if it is at most the fourth part


def versions_of(carried: Expression, following: Expression) -> list[Expression]:
    """The carried array and its patches, oldest first, or what is computed of it; nothing where it is neither, or small."""
    if carried.size < LEAST or carried.kind not in BYTES:
        return []
    if following.op == "map":
        return [carried, following]
    found = [following]
    while found[-1].op == "patch":
        found.append(found[-1].operands[0])
    return found[::-1] if found[-1] is carried else []


def parts_read(schedule: Schedule, versions: Sequence[Expression]) -> set[int]:
    """Small parts of the versions that the body reads: stored apart, they stay what they were when it is overwritten."""
    return {
        x.number
        for x in schedule.live
        if x.op == "view" and any(x.operands[0] is version for version in versions)
        and _PART * x.size <= x.operands[0].size and x.number not in schedule.stored
    }  # fmt: skip


class Overwriting:
    """One carried array of a body.

    targets     where the last version goes: what the next turn reads, and what is left after the last turn
    buffer      the memory that all versions shall have
    """

    def __init__(
        self, schedule: Schedule, versions: Sequence[Expression], targets: Sequence[Buffer], buffer: Buffer
    ) -> None:
        self.targets = {id(target) for target in targets}
        self.schedule = schedule
        self.versions = versions
        self.buffer = buffer
        self.numbers = [version.number for version in versions]
        self.old = {id(schedule.buffers[number]) for number in self.numbers}
        self.parts: dict[int, tuple[Nest, Root, Walk]] = {}  # by the number of a version, what is written into it
        self.dropped: list[tuple[Nest, Root]] = []  # copies of whole versions

    def done(self) -> bool:
        """Write in place, if that is possible."""
        self._sort()
        order = self._entry_by_entry() if self.versions[-1].op == "map" else self._ordered()
        if order is None:
            return False
        self._apply(order)
        return True

    def _sort(self) -> None:
        for step in self.schedule.steps:
            if not isinstance(step, Nest):
                continue
            for root, walk in zip(step.roots, self.schedule.walks(step), strict=True):
                if root.copies and root.of is self.versions[-1] and id(root.buffer) in self.targets:
                    self.dropped.append((step, root))
                elif root.of.number not in self.numbers[1:] or root.copies:
                    continue
                elif root.value is root.of.operands[0] and root.of.number not in self._backgrounds():
                    self.dropped.append((step, root))
                else:
                    self.parts[root.of.number] = (step, root, walk)

    def _backgrounds(self) -> set[int]:
        """The versions whose copying of the one before has been found."""
        return {root.of.number for _, root in self.dropped if not root.copies}

    def _ordered(self) -> list[Any] | None:
        """The steps, with the number of a version where it is to be written; None where there is no such order."""
        if len(self.parts) != len(self.versions) - 1:
            return None
        order: list[Any] = list(self.schedule.steps)
        least = 0
        for before, number in zip(self.numbers, self.numbers[1:], strict=False):
            nest, root, walk = self.parts[number]
            older = self.numbers[: self.numbers.index(before)]
            if any(n in walk.reads for n in older) or not _apart(root, walk.reads.get(before, ())):
                return None
            readers = [n for n, step in enumerate(order) if not isinstance(step, int) and self._reads(step, before)]
            place = max([least, order.index(nest) + 1, *(n + 1 for n in readers)])
            order.insert(place, number)
            least = place + 1
        for number in self.numbers[1:]:
            place = order.index(number)
            if any(not isinstance(step, int) and self._reads(step, number) for step in order[:place]):
                return None
        loops = (step for step in order if isinstance(step, LoopStep))
        return None if any(self._reads(step, number) for step in loops for number in self.numbers) else order

    def _entry_by_entry(self) -> list[Any] | None:
        """The steps as they are, if the next array is the one before, entry by entry, and nothing else reads that."""
        before, number = self.numbers
        if number not in self.parts:
            return None
        nest, root, walk = self.parts.pop(number)
        reads = walk.reads.get(before)
        if root.word is not None or not reads or not (nest.flat or _apart(root, reads)):
            return None
        for step in self.schedule.steps:
            if isinstance(step, Nest):
                others = zip(step.roots, self.schedule.walks(step), strict=True)
                if any(before in other.reads for reader, other in others if reader is not root):
                    return None
            elif self._reads(step, before) or (isinstance(step, LoopStep) and self._reads(step, number)):
                return None
        root.buffer = self.buffer
        return list(self.schedule.steps)

    def _reads(self, step: Any, number: int) -> bool:
        """Whether a step reads a version, beside what will be dropped or moved."""
        if isinstance(step, Nest):
            moved = [root for _, root in self.dropped] + [root for _, root, _ in self.parts.values()]
            return any(
                number in walk.reads and not any(root is other for other in moved)
                for root, walk in zip(step.roots, self.schedule.walks(step), strict=True)
            )
        buffer = self.schedule.buffers[number]
        if isinstance(step, Guard):
            return step.buffer is buffer
        read = step.operands if isinstance(step, Call) else step.reads
        return any(each is buffer for each in read)

    def _apply(self, order: Sequence[Any]) -> None:
        schedule = self.schedule
        for nest, root in (*self.dropped, *((nest, root) for nest, root, _ in self.parts.values())):
            schedule.leave(nest, root)
        schedule.steps = []
        for step in order:
            if not isinstance(step, int):
                if not isinstance(step, Nest) or step.roots:
                    schedule.steps.append(step)
                continue
            _, root, _ = self.parts[step]
            root.buffer = self.buffer
            schedule.place_alone(root)
        for number in self.numbers:
            schedule.buffers[number] = self.buffer
        for step in schedule.steps:
            if isinstance(step, Call):
                step.operands = [self.buffer if id(b) in self.old else b for b in step.operands]
            elif isinstance(step, Guard) and id(step.buffer) in self.old:
                step.buffer = self.buffer
        schedule.temporaries = [b for b in schedule.temporaries if id(b) not in self.old or b is self.buffer]
        schedule.overwritten.append(self.buffer)


def _apart(root: Root, reads: Any) -> bool:
    """Whether what a root reads of the array that it writes to is what it is about to write, or never written by it."""
    combinations = root.unrolled()
    written = {tuple(composed(t, root.index(c)) for t in root.target) for c in combinations}
    alone = len(combinations) == 1
    return all((alone and r == w) or never_equal(r, w) for r in reads for w in written)
