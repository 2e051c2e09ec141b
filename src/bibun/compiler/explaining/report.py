"""The text of `compiled.explain()`. Counts and measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Any

from bibun.compiler.around import location, short, title
from bibun.compiler.explaining import peak
from bibun.compiler.explaining.baked import kept, live
from bibun.compiler.explaining.work import Work, total, works
from bibun.compiler.graph import Graph
from bibun.compiler.paths import Paths, Version
from bibun.compiler.source.program import described

_WIDTH = 100
_MOST = 24  # lines of one section
_TOGETHER = "\N{NO-BREAK SPACE}"  # between a number and its unit, until the lines are folded


def explanation(f: Any, signatures: Iterable[Paths], *, fast: bool) -> str:
    """Of a function, the latest version of each signature in full."""
    parts = [f"{title(f)}, {location(f)}"]
    if fast:
        parts.append("with fast=True: simplified also by identities that hold for real numbers only")
    for paths in signatures:
        if paths.versions:
            parts += ["", *_signature(paths)]
        elif paths.plain is not None:
            parts += ["", f"runs plainly, without a program: {paths.plain}"]
    return "\n".join(parts)


def _signature(paths: Paths) -> list[str]:
    """One signature: its latest version, and how the others differ."""
    version = paths.versions[0]
    listing = version.listing()
    leaves = zip(listing.arguments.leaves, version.recipe.leaves, strict=True)
    given = [f"{name}: {described(leaf)}" for name, leaf in leaves]
    lines = _folded("for ", ", ".join([*given, *listing.arguments.fixed]) or "no arguments")
    if paths.plain is not None:
        lines += _folded("  ", f"new decisions run plainly, without a program: {paths.plain}")
    sections = {
        "runs": [_how(version)],
        "decisions": _decisions(paths),
        "loops of the code": list(_loops(version.graph)),
        **_native_sections(version),
        "read at each call": live(listing),
        "kept from the first call": list(kept(listing, version.recipe.constants, version.results)),
    }
    for name, content in sections.items():
        if content:
            lines += [f"  {name}", *(line for text in _shortened(content) for line in _folded("    ", text))]
    return lines


def _shortened(content: list[str]) -> list[str]:
    if len(content) <= _MOST:
        return content
    return [*content[: _MOST - 1], f"... and {len(content) - _MOST + 1} more"]


def _folded(indent: str, text: str) -> list[str]:
    """Within the width; further lines stand further right."""
    beyond = " " * (len(indent) - len(indent.lstrip()) + 4)
    lines = wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=beyond, break_on_hyphens=False) or [indent]
    return [line.replace(_TOGETHER, " ") for line in lines]


def _how(version: Version) -> str:
    native = version.native
    if native is None:
        return "through NumPy, line by line as source() shows it: there is no machine code"
    if native.entry is None:
        return f"as machine code, called through Python: {native.no_entry}"
    return "as machine code, called by the interpreter itself"


# ---- what the run was like ----------------------------------------------------------------------


def _decisions(paths: Paths) -> list[str]:
    """How each decision of the latest version falls, and how many versions there are."""
    version = paths.versions[0]
    lines = [f"{place}: {outcome!r}{where}" for place, outcome, where in _guards(version.graph)]
    lines = list(dict.fromkeys(lines))
    if len(paths.versions) > 1:
        lines.append(f"{len(paths.versions)} versions, one for each way of deciding; this is the latest")
    return lines


def _guards(graph: Graph, where: str = "") -> Iterator[tuple[str, Any, str]]:
    for (_, outcome), place in zip(graph.guards, graph.places, strict=True):
        yield short(place), outcome, where
    for node in graph.live():
        if node.name == "loop":
            yield from _guards(node.settings.body, f", in each of {node.settings.turns} turns")


def _loops(graph: Graph, depth: int = 0) -> Iterator[str]:
    """The loops that were found in the calls of the run."""
    live = graph.live()
    for node in live:
        if node.name == "loop":
            rolled = node.settings
            wanted = sorted({user.settings for user in live if user.name == "part" and user.operands[0] is node})
            carried, stacks = len(rolled.needed(wanted)), sum(n < rolled.carried + rolled.saved for n in wanted)
            calls = len(rolled.body.live())
            yield (
                f"{'  ' * depth}{rolled.turns} turns of {calls} calls: "
                f"{_count(carried, 'value')} carried from turn to turn, {_count(stacks, 'value')} of every turn kept"
            )
            yield from _loops(rolled.body, depth + 1)


def _count(n: int, word: str) -> str:
    return f"{n} {word}" + "s" * (n != 1)


# ---- what machine code does ---------------------------------------------------------------------


def _native_sections(version: Version) -> dict[str, list[str]]:
    if version.native is None:
        return {}
    found = list(works(version.native.written.schedule))
    return {
        "steps": [_step(work) for work in found],
        "memory": _memory(version.native),
        "cost of a call": _cost(version.native, found),
    }


def _step(work: Work) -> str:
    indent = "  " * work.depth
    if work.kind == "loop":
        return indent + work.what
    moved = f"reads {_bytes(work.read)}, writes {_bytes(work.written)}"
    flops = f"; {_number(work.flops)} flops" if work.flops else ""
    word = {"fused": "fused loop over " if work.extents else "straight code"}.get(work.kind, f"{work.kind} ")
    return f"{indent}{word}{work.extents}: {work.what}; {moved}{flops}"


def _memory(native: Any) -> list[str]:
    """What the program keeps for itself while it runs."""
    temporaries = sorted(native.written.schedule.temporaries, key=lambda b: -b.bytes)
    if not temporaries:
        return ["no temporary arrays"]
    largest = ", ".join(f"{list(b.shape)} {_bytes(b.bytes)}" for b in temporaries[:4])
    return [
        f"{_count(len(temporaries), 'temporary array')}, {_bytes(native.workspace)} of workspace; the largest: {largest}"
    ]


def _cost(native: Any, found: list[Work]) -> list[str]:
    """Flops and bytes, and the least time that they can take on one core."""
    schedule = native.written.schedule
    buffers = {b.name: b for b in schedule.buffers.values() if b.place in ("input", "captured")}
    moved = sum(b.bytes for b in buffers.values()) + sum(b.bytes for b in schedule.targets)
    flops = total(found)
    wide = any(b.kind == "f64" for b in (*buffers.values(), *schedule.targets, *schedule.temporaries))
    fastest, fastest_moves = peak.flops() * (1 if wide else 2), peak.bandwidth(moved + native.workspace)
    arithmetic, memory = flops / fastest, moved / fastest_moves
    limit = "arithmetic" if arithmetic > memory else "memory"
    lines = [
        f"{_number(flops)} flops, {_bytes(moved)} of arguments, captured arrays and results",
        f"one core of this machine: {_number(fastest)} flops/s and {_bytes(fastest_moves)}/s in arrays of this size (measured)",
        f"at least {_seconds(max(arithmetic, memory))}, limited by {limit} "
        f"(arithmetic {_seconds(arithmetic)}, memory {_seconds(memory)})",
    ]
    uncounted = [kind for kind in ("NumPy", "LAPACK") if any(work.kind == kind for work in found)]
    if uncounted:
        lines.append(f"what runs through {' and '.join(uncounted)} is not counted")
    return lines


def _number(value: float) -> str:
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{_TOGETHER}{unit}"
    return f"{value:,.0f}"


def _bytes(value: float) -> str:
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:.3g}{_TOGETHER}{unit}"
    return f"{value:.0f}{_TOGETHER}B"


def _seconds(value: float) -> str:
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{value / size:.3g}{_TOGETHER}{unit}"
    return f"{value / 1e-9:.3g}{_TOGETHER}ns"
