"""Stages: nests that run one after the other over the same rows, a strip of rows at a time.

What one nest of a stage stores and the next one reads is then still in the cache, and a large array is read once. A
stage is also what threads share: its rows are cut into chunks, whose number does not depend on that of the threads, and
running results are joined in the order of the chunks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bibun.compiler.fusing.affine import variable
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.nests import Nest, Root
from bibun.compiler.fusing.schedule import Schedule
from bibun.compiler.fusing.steps import Call, Guard, LoopStep
from bibun.compiler.fusing.walking import Walk

ROWS = 256  # a loop of fewer is not cut into strips
CACHE = 1 << 18  # bytes that a strip may touch, unless it is
LEAST = 256  # rows, of which running results can still be kept in registers for long enough
WIDE = 512  # bytes of a row that comes from outside and is read again: the strip is then what the first cache holds,
FIRST = 1 << 15  # of so many bytes, or
FEWEST = 32  # rows; unless running results take
SMALL = 1 << 12  # bytes: each strip reads and writes them
LARGE = 1 << 14  # turns of a body from which on a nest alone is a stage
SHARED = 1 << 16  # bytes that nests hand on or both read, from which on they are run together
STRIP = 2048  # rows of a strip, where nothing else says how many: sums stay as accurate as NumPy's
CHUNK = 400_000  # additions in a chunk, about: 5 to 15 us
MOVED = 2  # bytes, in the time of an addition
CHUNKS = 32
ALIKE = 64  # rows: a chunk is a multiple, where there are no strips
PADDING = 8  # entries behind a strip, so that neighbours along other axes are no power of 2 apart
AHEAD = 64  # steps that are looked at for more of a stage


class Member(NamedTuple):
    """A nest of a stage, the cuts of its loops, and which of its loops runs over the rows."""

    nest: Nest
    cuts: list[set[int]]
    row: int


class Stage:
    """Nests over the same rows.

    strip       rows at a time
    chunk       rows of one chunk, a multiple of the strip, if there are several
    totals      reductions over the rows
    local       memory of which only a strip is there at a time
    """

    __slots__ = ("chunk", "extent", "local", "members", "strip", "totals", "work")

    def __init__(self, members: Sequence[Member], work: int) -> None:
        self.members = list(members)
        self.work = work
        self.extent = max(m.nest.loops[m.row].extent for m in members)
        self.totals = [root for m in members for root in m.nest.roots if reduces_rows(root, m)]
        self.local: list[Buffer] = []
        self.strip = self._strip()
        chunks = max(1, min(CHUNKS, work // CHUNK))
        rows = self.strip if self.strip < self.extent else min(ALIKE, self.extent)
        self.chunk = -(-self.extent // (chunks * rows)) * rows

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.extent // self.chunk)

    def _strip(self) -> int:
        if len(self.members) == 1:
            return STRIP if self.totals else self.extent
        buffers = {id(b): b for m in self.members for b in _touched(m)}
        row = sum(b.bytes // self.extent for b in buffers.values())
        again = self._read_again() // self.extent
        if again >= WIDE and sum(root.buffer.bytes for root in self.totals) <= SMALL:
            return max(FEWEST, FIRST // again // FEWEST * FEWEST)
        return max(LEAST, min(CACHE // max(row, 1), self.extent) // 64 * 64)

    def _read_again(self) -> int:
        """Bytes that several members read and none has made: all that a stage saves is to read them once."""
        made = {root.buffer for m in self.members for root in m.nest.roots}
        readers = Counter(buffer for m in self.members for buffer in set(m.nest.reads))
        return sum(buffer.bytes for buffer, count in readers.items() if count > 1 and buffer not in made)


def _touched(member: Member) -> list[Buffer]:
    return [root.buffer for root in member.nest.roots if not reduces_rows(root, member)] + member.nest.reads


def _written(step: Any) -> list[Buffer]:
    """The memory that a step writes."""
    if isinstance(step, Nest):
        return [root.buffer for root in step.roots]
    return [] if isinstance(step, Guard) else list(step.outputs.values())


def reduces_rows(root: Root, member: Member) -> bool:
    """Whether a root joins the entries of all rows."""
    if root.word is None:
        return False
    return member.nest.flat or any(root.axes[a] == member.row for a in root.reduced)


def find(schedule: Schedule, *, in_loop: bool = False) -> None:
    """Put stages into the place of nests, in a schedule and in the bodies of its loops."""
    schedule.steps = Finder(schedule, in_loop=in_loop).steps
    for step in schedule.steps:
        if isinstance(step, LoopStep) and step.schedule is not None:
            find(step.schedule, in_loop=True)


class Finder:
    """Finds the stages of a schedule: `steps` are its steps with stages in the place of nests.

    in_loop     whether each turn of a loop runs them: then only what takes long enough to be shared is a stage
    """

    def __init__(self, schedule: Schedule, *, in_loop: bool) -> None:
        self.schedule = schedule
        self.roots: dict[int, list[tuple[Nest, Root]]] = {}
        for step in schedule.steps:
            if isinstance(step, Nest):
                for root in step.roots:
                    self.roots.setdefault(root.of.number, []).append((step, root))
        self.steps: list[Any] = []
        waiting = list(schedule.steps)
        while waiting:
            group = self._group(waiting) if isinstance(waiting[0], Nest) else []
            stage = Stage(group, self._work(group)) if group else None
            if stage is not None and (not in_loop or stage.chunks > 1):
                self.steps.append(stage)
                taken = {id(m.nest) for m in group}
                waiting = [step for step in waiting if id(step) not in taken]
            else:
                self.steps.append(waiting.pop(0))
        self._localise()

    def _localise(self) -> None:
        """What only one stage knows of is kept a strip at a time."""
        apart = {id(self.schedule.buffers[x.number]) for x in self.schedule.live if x.op == "carried"}
        apart |= {id(buffer) for buffer in (*self.schedule.targets, *self.schedule.overwritten)}
        users: dict[int, set[int]] = {}
        for number, step in enumerate(self.steps):
            for buffer in used(step):
                users.setdefault(id(buffer), set()).add(number)
        for number, step in enumerate(self.steps):
            if not isinstance(step, Stage) or step.strip >= step.extent:
                continue
            axes: dict[int, tuple[Buffer, set[int | None]]] = {}
            for member in step.members:
                for root in member.nest.roots:
                    alone = users[id(root.buffer)] == {number} and id(root.buffer) not in apart
                    if root.buffer.place == "temporary" and alone:
                        axes.setdefault(id(root.buffer), (root.buffer, set()))[1].add(_row_axis(root, member))
            for buffer, found in axes.values():
                (axis, *more) = found
                if axis is not None and not more:
                    buffer.cut(axis, step.strip + PADDING)
                    step.local.append(buffer)

    def _group(self, steps: Sequence[Any]) -> list[Member]:
        """The longest stage that begins with the first step, a nest; nothing where it is not worth it."""
        first = steps[0]
        if any(root.scattering is not None for root in first.roots):
            return []
        best: list[Member] = []
        for row, loop in enumerate(first.loops):
            if loop.extent < ROWS:
                continue
            group = [self._member(first, row)]
            passed: set[int] = set()  # written by steps that come before, and are not of the group
            for step in steps[1:AHEAD]:
                following = self._following(group, step, passed) if isinstance(step, Nest) else None
                if following is None:
                    passed |= {id(buffer) for buffer in _written(step)}
                else:
                    group.append(following)
            if self._worth(group) and len(group) > len(best):
                best = group
        return best

    def _member(self, nest: Nest, row: int) -> Member:
        return Member(nest, self.schedule.cuts[id(nest)], row)

    def _following(self, group: Sequence[Member], nest: Nest, passed: set[int]) -> Member | None:
        """The nest as a further member: everything it reads from the group is of its own row, and nothing has passed."""
        if any(root.scattering is not None for root in nest.roots):
            return None
        if any(id(buffer) in passed for buffer in (*nest.reads, *_written(nest))):
            return None
        if any(root.buffer is buffer for root in nest.roots for buffer in self.schedule.overwritten):
            return None  # what comes before it may read what it overwrites
        extent = group[0].nest.loops[group[0].row].extent
        for row, loop in enumerate(nest.loops):
            if loop.extent == extent and self._reads_rows(group, nest, row) and self._shares(group, nest):
                return self._member(nest, row)
        return None

    def _reads_rows(self, group: Sequence[Member], nest: Nest, row: int) -> bool:
        rows = {id(m.nest): m for m in group}
        for walk in self._walks(nest):
            for number, indices in walk.reads.items():
                for made_in, root in self.roots.get(number, ()):
                    member = rows.get(id(made_in))
                    if member is not None and not _of_its_row(member, root, indices, nest, row):
                        return False
        return True

    def _shares(self, group: Sequence[Member], nest: Nest) -> bool:
        """Whether the nest reads what the group has made, or something large that it reads too."""
        made = {id(root.buffer) for m in group for root in m.nest.roots}
        read = {id(b) for m in group for b in m.nest.reads}
        return any(id(b) in made for b in nest.reads) or sum(b.bytes for b in nest.reads if id(b) in read) >= SHARED

    def _worth(self, group: Sequence[Member]) -> bool:
        return len(group) > 1 or group[0].nest.size * max(len(r.unrolled()) for r in group[0].nest.roots) >= LARGE

    def _walks(self, nest: Nest) -> list[Walk]:
        return self.schedule.walks(nest)

    def _work(self, group: Sequence[Member]) -> int:
        """About how many additions the nests take: what they compute, or where that takes longer, what they move."""
        computed = sum(walk.work() for m in group for walk in self._walks(m.nest))
        made = {id(root.buffer) for m in group for root in m.nest.roots}
        moved = {id(b): b.bytes for m in group for b in used(m.nest) if b.place != "temporary" or id(b) not in made}
        return max(computed, sum(moved.values()) // MOVED)


def used(step: Any) -> Iterator[Buffer]:
    """The memory that a step reads or writes."""
    if isinstance(step, Stage):
        for member in step.members:
            yield from used(member.nest)
    elif isinstance(step, Nest):
        yield from step.reads
        yield from _written(step)
    elif isinstance(step, Guard):
        yield step.buffer
    else:
        yield from step.outputs.values()
        yield from step.operands if isinstance(step, Call) else step.reads


def _row_axis(root: Root, member: Member) -> int | None:
    """Which axis of a root's buffer is the loop over rows; None where none is."""
    if reduces_rows(root, member):
        return None
    if member.nest.flat:
        return 0 if len(root.buffer.shape) == 1 else None
    return next((t for t, place in enumerate(root.target) if _is_row(place, root, member.row)), None)


def _of_its_row(member: Member, root: Root, indices: set[Any], nest: Nest, row: int) -> bool:
    """Whether what a root of a member stores is read, in the nest, in the row in which it was stored."""
    if reduces_rows(root, member):
        return False
    if member.nest.flat or nest.flat:
        same = {(variable(0),)} | ({()} if root.value.size == 1 else set())  # a number may be made of entries anywhere
        return member.nest.flat and nest.flat and indices <= same
    axis = _row_axis(root, member)
    if axis is None:
        return False
    return all(len(i) > axis and i[axis] == variable(row) for i in indices)


def _is_row(place: Any, root: Root, row: int) -> bool:
    """Whether an axis of a root's buffer is the loop over rows."""
    offset, terms = place
    return offset == 0 and len(terms) == 1 and terms[0][1] == 1 and root.axes[terms[0][0]] == row
