"""bibun.check: reverse, forward and numerical derivatives of a function, compared at a point, and what is wrong of them.

Few entries are compared one by one (summary.py writes what came of it). Many are compared along one random direction
through all arguments, which sees an error in any of them (directions.py), and argument by argument where that direction
does not agree. What disagrees is located (location.py), and its cause looked for (culprit.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from bibun.checking import summary
from bibun.checking.arguments import by_directions, by_entries, few
from bibun.checking.directions import base_scales, random_direction
from bibun.checking.exact import Forward, Gradient, Mode, argnums_of, by_hand, reverse
from bibun.checking.examination import Examination
from bibun.checking.judging import gravest
from bibun.checking.outputs import Row, combined, rows
from bibun.checking.problem import Problem, problem_of
from bibun.checking.report import ArgumentReport, Culprit, Report
from bibun.errors import BibunError
from bibun.transforms.reverse import vjp

BESIDE = 2.0**-5  # how far a point beside a kink is moved, of the scale of each entry


def check(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
    gradient: Callable[..., Any] | None = None,
    argnums: int | Sequence[int] | None = None,
    seed: int = 0,
) -> Report:
    """Compare the derivatives of f at args: reverse mode, forward mode and numerical, each with its error bar.

    f takes arrays, numbers and containers of them, and returns such; integers are not differentiated. The report is
    true where nothing was found wrong; it says the digits agreed for each argument, and of what disagrees which
    entries, which outputs, and which call inside f has the wrong rule.

    order=2 compares the derivatives of the gradient too. gradient=g compares a function written by hand: g(*args)
    returns what bibun.grad(f, argnums)(*args) would, without argnums for all arguments or for the first; f may then be
    anything that can be called. argnums: which arguments to differentiate by, None for all that hold floats. seed: of
    the random directions.

    A kink at args is not an error as long as the derivative lies between the slopes. The arguments are not changed.

    Raises what f raises at args, NoDerivativeError where nothing varies, ValueError for another order.
    """
    begun = perf_counter()
    if order not in (1, 2):
        raise ValueError(f"check: order={order!r}, but derivatives of order 1 and 2 can be checked.")
    if gradient is not None and order != 1:
        raise ValueError("check: gradient= is a first derivative. Check its own derivatives with check(gradient, ...).")
    if gradient is not None and argnums is None:
        argnums = argnums_of(f, args, gradient)
    problem = problem_of(f, args, argnums)
    problem.start()
    run = _Run(problem, np.random.default_rng(seed))
    arguments = run.first(gradient)
    if order == 2:
        arguments = run.second(arguments)
    return run.report(arguments, order, perf_counter() - begun)


class _Run:
    """One call of check: what it has found so far."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.others: list[Problem] = []  # the gradient's, a point beside a kink
        self.notes: list[str] = []
        self.culprits: tuple[Culprit, ...] = ()
        self.other_value = False  # differentiated, the function gives another

    @property
    def evaluations(self) -> int:
        return self.problem.evaluations + sum(other.evaluations for other in self.others)

    def report(self, arguments: list[ArgumentReport], order: int, seconds: float) -> Report:
        """All of it."""
        skipped = [
            ArgumentReport(s.path, s.shape, s.dtype, None, "no derivative", note=s.reason) for s in self.problem.skipped
        ]
        return Report(
            function=self.problem.name,
            order=order,
            arguments=(*arguments, *skipped),
            culprits=self.culprits,
            evaluations=self.evaluations,
            seconds=seconds,
            verdict=gravest([*(a.verdict for a in arguments), *(["disagrees"] if self.other_value else [])]),
            notes=tuple(self.notes),
        )

    def first(self, gradient: Callable[..., Any] | None) -> list[ArgumentReport]:
        """The first derivatives of the function."""
        problem = self.problem
        found = self._rows(problem)
        if not found:
            return summary.nothing(problem)
        modes = self._modes(problem, found, "reverse", "forward", required=gradient is None)
        for mode in modes:
            if isinstance(mode, Forward) and (other := problem.other_value(mode.values, mode.differentiated)):
                self.notes.append(other)
                self.other_value = True
        if gradient is not None:
            modes.append(Gradient("gradient", problem, found, by_hand(gradient)))
        return self._examined(Examination(problem, found, modes, self.rng))

    def second(self, first: list[ArgumentReport]) -> list[ArgumentReport]:
        """The derivatives of the gradient, unless that is wrong itself."""
        if any(a.verdict in ("disagrees", "no derivative") for a in first):
            self.notes.append("these are the first derivatives: the second were not compared")
            return first
        if not any(leaf.value.size for leaf in self.problem.leaves):
            return first
        gradient = gradient_of(self.problem, self.rng)
        self.others.append(gradient)
        found = self._rows(gradient)
        if not found:
            return summary.nothing(gradient)
        self.notes += summary.first_order(first)
        modes = self._modes(gradient, found, "reverse over reverse", "forward over reverse", required=True)
        return self._examined(Examination(gradient, found, modes, self.rng))

    def _rows(self, problem: Problem) -> list[Row]:
        """What is compared; the notes say what is not."""
        found = rows(problem, self.rng)
        if not found:
            self.notes.append(f"{problem.name} is not finite at the point: there is no derivative to compare")
        elif problem.not_finite:
            self.notes.append(f"not compared, because not finite at the point: {', '.join(problem.not_finite)}")
        elif problem.spoilt:
            self.notes.append(f"entries of what {problem.name} returned are not finite, and are not compared")
        return found

    def _modes(self, problem: Problem, found: Any, reverse_: str, forward: str, *, required: bool) -> list[Mode]:
        """The modes that can differentiate it; the notes say why one cannot."""
        makers: list[tuple[str, Callable[[], Mode]]] = [
            (reverse_, lambda: Gradient(reverse_, problem, found, reverse)),
            (forward, lambda: Forward(forward, problem, found)),
        ]
        modes = []
        for name, make in makers:
            try:
                modes.append(make())
                self._note_fallbacks(modes[-1])
            except Exception as error:  # noqa: BLE001  the user's function may be anything, and raise anything
                word = "is not available" if isinstance(error, BibunError) or not required else "failed"
                self.notes.append(
                    f"{name} mode {word}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
                )
        return modes

    def _note_fallbacks(self, mode: Mode) -> None:
        """Which numerical derivatives are part of an exact mode."""
        for name in dict.fromkeys(used.name for used in mode.used):
            mine = [used for used in mode.used if used.name == name]
            if any(f": {name} is differentiated numerically" in note for note in self.notes):
                continue
            worst = max(mine, key=lambda used: used.error)
            self.notes.append(
                f"{mode.name} mode: {name} is differentiated numerically, in {sum(used.evaluations for used in mine)} calls, "
                f"to {worst.error:.1e} ({worst.status}); what that does to the derivative is part of its error"
            )

    def _examined(self, examination: Examination) -> list[ArgumentReport]:
        """Every leaf compared, what disagrees located, and its cause looked for."""
        if not examination.modes:
            return summary.nothing(examination.problem)
        if few(examination.problem):
            found = by_entries(examination)
        else:
            found = by_directions(examination)
            if any(a.verdict == "kink" for a in found):
                found = self._beside(examination, found)
        wrong = {c.mode for a in found for c in a.comparisons if c.verdict == "disagrees"}
        if wrong - {"gradient"} or (self.other_value and examination.problem is self.problem):
            self._look_for_culprits(examination.problem)
        return found

    def _beside(self, examination: Examination, found: list[ArgumentReport]) -> list[ArgumentReport]:
        """Along a direction a kink hides much: compare at a point beside it too."""
        old = examination.problem
        shift = random_direction(old.point, base_scales(old.point), self.rng)
        problem = old.moved([(x + BESIDE * v).astype(x.dtype) for x, v in zip(old.point, shift, strict=True)])
        self.others.append(problem)
        try:
            problem.start()
            modes = [mode.at(problem) for mode in examination.modes]
        except Exception as error:  # noqa: BLE001  outside its domain the user's function may raise anything
            self.notes.append(
                f"beside the kink {problem.name} raises {type(error).__name__}: only the kink was looked at"
            )
            return found
        beside = by_directions(Examination(problem, examination.rows, modes, self.rng))
        return [summary.beside(at, b) if at.verdict == "kink" else at for at, b in zip(found, beside, strict=True)]

    def _look_for_culprits(self, problem: Problem) -> None:
        from bibun.checking.culprit import find_culprit

        try:
            self.culprits = find_culprit(problem.flat, [x.copy() for x in problem.point])
        except Exception as error:  # noqa: BLE001  the user's function runs on values of another kind
            self.notes.append(f"the calls inside {problem.name} could not be checked: {type(error).__name__}: {error}")
            return
        if not self.culprits:
            self.notes.append(
                f"no call inside {problem.name} was found wrong by itself: a value may leave the differentiation between "
                "them (.data, float()), or overflow"
            )


def gradient_of(problem: Problem, rng: np.random.Generator) -> Problem:
    """The gradient of a problem as a problem of its own: of its number, or of a random combination of its outputs."""
    row = combined(problem, rng)

    def run(values: list[Any]) -> Any:
        _, pullback = vjp(problem.flat, *values)
        return pullback(row.cotangents(list(problem.outputs)))

    gradient = Problem(f"the gradient of {problem.name}", problem.leaves, run)
    gradient.spoilt = problem.spoilt
    gradient.start()
    gradient.paths = [f" (the gradient by {problem.leaves[i].path})" for i in gradient.kept]
    return gradient
