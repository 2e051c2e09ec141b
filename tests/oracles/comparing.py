"""One line of a table, and the comparison of its calls in bibun and in the peers. Holds no line; the tables do."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from tests.oracles.draws import Draw, Strategy
from tests.oracles.packages import BIBUN, PEERS, Arrays, Function, Package, call_of, leaves

# JAX compiles each operation for each shape and axis, for a second and more a call: it is asked the first calls of a line.
# The others answer in milliseconds.
ASKED_OF_JAX = 3
TIMES = 3  # as many calls as the line says

# What was compared, by peer and question, and the seconds that each package took.
COMPARED: Counter[tuple[str, str]] = Counter()
SECONDS: Counter[str] = Counter()


@dataclass(frozen=True)
class Apart:
    """A peer that is not asked, and why: for every call, or for those that `when` says, by arrays and settings."""

    peer: str
    reason: str
    when: Callable[..., bool] = lambda *xs, **settings: True


@dataclass(frozen=True)
class Line:
    """One function: how it is called in any package, and how its arguments are drawn."""

    name: str
    draw: Strategy
    call: Callable[..., Any]
    kinds: str = "d"  # of what dtypes, besides float64
    instead: dict[str, Function] = field(default_factory=dict)  # a peer's own spelling
    apart: tuple[Apart, ...] = ()
    within: float = 1e-9  # how far values and derivatives may be apart, relative to the largest
    calls: int = 6
    second: bool = True
    whole: bool = False  # whether JAX compiles it in one piece: quicker where there are loops in it, a series

    def function(self, package: Package, settings: dict[str, Any]) -> Function:
        """The call with these settings, as a function of arrays that gives a list of arrays."""
        own = self.instead.get(package.name)
        if own is None:
            return lambda *xs: leaves(self.call(package.names, *xs, **settings))
        return lambda *xs: leaves(own(*xs, **settings))

    def asked(self, peer: Package, number: int, xs: Arrays, settings: dict[str, Any]) -> bool:
        late = peer.name == "jax" and number >= ASKED_OF_JAX
        return not late and not any(a.peer == peer.name and a.when(*xs, **settings) for a in self.apart)


def line(name: str, draw: Strategy, call: Callable[..., Any] | None = None, **more: Any) -> Line:
    """A line; without a call it is the function of this name."""
    return Line(name, draw, call_of(name) if call is None else call, **more)


class Disagreement(AssertionError):
    """Two packages, one question, two answers."""


def compare(line: Line) -> int:
    """All calls of a line; the number of those that at least one peer answered."""
    with jax.disable_jit(not line.whole):  # otherwise one operation at a time, each compiled once a shape
        return sum(compare_call(line, number) for number in range(TIMES * line.calls))


def compare_call(line: Line, number: int) -> bool:
    kind = line.kinds[number % len(line.kinds)]
    d = Draw((zlib.crc32(line.name.encode()), number), kind)
    xs, settings = line.draw(d)
    values = [np.asarray(y) for y in line.function(BIBUN, settings)(*xs)]
    cotangents = tuple(_normal(d, y) for y in values)
    tangents = tuple(_normal(d, x) for x in xs)
    questions: dict[str, tuple[Any, ...]] = {"vjp": (cotangents,), "jvp": (tangents,)}
    if line.second and kind == "d" and all(y.dtype.kind == "f" for y in values) and d.flag():
        questions["hvp"] = (cotangents, tangents)
    within = 2e-3 if kind == "f" else line.within
    answered = False
    for question, arguments in questions.items():
        peers = [p for p in PEERS if line.asked(p, number, xs, settings)]
        mine = _answer(BIBUN, question, line, xs, settings, arguments)
        if question == "vjp":  # the values come first
            _agree(
                mine[: len(values)], values, 1e-5 if kind == "f" else 1e-13, f"{line.name} bibun|numpy", xs, settings
            )
        for peer in peers:
            try:
                theirs = _answer(peer, question, line, xs, settings, arguments)
            except Exception as error:  # noqa: BLE001 (what a peer does not know, it may refuse in any way)
                COMPARED[peer.name, "refused"] += 1
                REFUSALS.setdefault((line.name, peer.name, question), f"{type(error).__name__}: {error}")
                continue
            _agree(mine, theirs, within, f"{line.name} {question} bibun|{peer.name} {kind} call {number}", xs, settings)
            COMPARED[peer.name, question] += 1
            answered = True
    return answered


REFUSALS: dict[tuple[str, str, str], str] = {}


def _answer(package: Package, question: str, line: Line, xs: Arrays, settings: Any, arguments: Any) -> list[np.ndarray]:
    f = line.function(package, settings)
    start = time.perf_counter()
    with package.quiet():
        if question == "vjp":
            found = leaves([*map(list, package.reverse(f, xs, *arguments))])
        elif question == "jvp":
            found = package.forward(f, xs, *arguments)
        else:
            found = package.second(f, xs, *arguments)
        answer = [np.asarray(y) for y in found]
    if any(y.dtype.kind not in "fc" for y in answer):
        raise TypeError(f"{package.name} answers with {[y.dtype for y in answer]}")
    SECONDS[package.name] += time.perf_counter() - start
    return answer


def _agree(mine: Any, theirs: Any, within: float, title: str, xs: Arrays, settings: Any) -> None:
    for k, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        scale = 1 + np.max(np.abs(b[np.isfinite(b)]), initial=0.0)
        if a.shape != b.shape or not np.allclose(a, b, rtol=0, atol=within * scale, equal_nan=True):
            raise Disagreement(f"{title}, array {k}:\n{a!r}\n|\n{b!r}\nsettings {settings}\nof {xs}")


def _normal(d: Draw, x: np.ndarray) -> np.ndarray:
    real = d.generator.standard_normal(x.shape)
    return np.asarray(real + 1j * d.generator.standard_normal(x.shape) if x.dtype.kind == "c" else real).astype(x.dtype)
