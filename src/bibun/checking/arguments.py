"""Every argument compared: entry by entry where there are few, else along directions. Summarises nothing.

One random direction goes through all arguments at once. Where it does not agree the arguments are halved, until each
that does not agree is known; of those the wrong entries are looked for.
"""

from __future__ import annotations

import numpy as np

from bibun.checking import summary
from bibun.checking.directions import only
from bibun.checking.examination import Examination, Trial
from bibun.checking.judging import gravest
from bibun.checking.location import Outcome, Search, is_wrong, try_entry
from bibun.checking.problem import Array, Problem
from bibun.checking.report import ArgumentReport

EACH = 32  # up to this many real numbers in all arguments are compared one by one, ...
SECONDS = 10.0  # ... if that takes no longer, at ...
CALLS = 16  # ... so many evaluations for each
POOR = 2.0  # an argument whose share of a common direction shows fewer digits gets a direction of its own
SEARCHES = 10  # arguments whose wrong entries are looked for
BROKEN = 4  # entries with a gradient of nan or infinity that are compared by themselves


def few(problem: Problem) -> bool:
    """Whether each entry by itself is cheap enough."""
    count = sum(x.size * (2 if x.dtype.kind == "c" else 1) for x in problem.point)
    return count <= EACH and count * CALLS * problem.seconds <= SECONDS


def by_entries(examination: Examination) -> list[ArgumentReport]:
    """Each entry of each leaf."""
    found = []
    for i, leaf in enumerate(examination.problem.leaves):
        trials: summary.Trials = {}
        wrong = False
        for k, index in enumerate(np.ndindex(leaf.value.shape)):
            trials[k] = try_entry(examination, i, index, known_wrong=wrong)
            wrong |= is_wrong(trials[k])
        found.append(summary.of_entries(examination, i, trials))
    return found


def by_directions(examination: Examination) -> list[ArgumentReport]:
    """One random direction through all leaves; those parts of it by themselves that do not agree."""
    direction = examination.direction()
    broken = [examination.broken(i) for i in range(len(direction))]
    for v, at in zip(direction, broken, strict=True):
        v.reshape(-1)[at] = 0
    trials = _grouped(examination, direction)
    found = []
    for i, v in enumerate(direction):
        if not v.size:
            found.append(summary.empty(examination, i))
            continue
        outcome = _decided(examination, direction, i, *trials[i])
        _try_broken(examination, i, broken[i], outcome)
        found.append(summary.of_direction(examination, i, outcome))
    return found


def _grouped(examination: Examination, direction: list[Array]) -> dict[int, tuple[Trial, tuple[int, ...]]]:
    """For each leaf the trial that it was part of: of all leaves, halved as long as it does not agree."""
    found: dict[int, tuple[Trial, tuple[int, ...]]] = {}
    groups = [tuple(i for i, v in enumerate(direction) if v.size)]
    while groups:
        group = groups.pop()
        if not group:
            continue
        trial = _along(examination, direction, group)
        if len(group) == 1 or trial.verdict == "agrees" or _mere_noise(trial):
            found |= dict.fromkeys(group, (trial, group))
        else:
            groups += [group[: len(group) // 2], group[len(group) // 2 :]]
    return found


def _mere_noise(trial: Trial) -> bool:
    """Noise of the function itself, which fewer arguments do not make smaller."""
    return trial.verdict == "undecided" and trial.worst.slope.status.startswith("noise")


def _along(examination: Examination, direction: list[Array], group: tuple[int, ...]) -> Trial:
    if len(group) == 1:
        return examination.line(only(direction, group[0]), "a random direction")
    parts = [v if i in group else None for i, v in enumerate(direction)]
    count = len(group)
    label = f"a random direction through {'all ' if count == len(direction) else ''}{count} arguments"
    return examination.line(parts, label, thorough=False)


def _decided(
    examination: Examination, direction: list[Array], leaf: int, trial: Trial, group: tuple[int, ...]
) -> Outcome:
    """Follow a trial up: by a direction of its own, by a search for what is wrong."""
    if len(group) > 1:
        if trial.verdict != "agrees" or summary.share(examination, leaf, trial) >= POOR:
            return Outcome(trial, group, trial.verdict)
        trial, group = _along(examination, direction, (leaf,)), (leaf,)
    outcome = Outcome(trial, group, trial.verdict)
    if trial.verdict == "disagrees" and examination.searches >= SEARCHES:
        outcome.found.note = "its entries were not searched"
    elif trial.verdict == "disagrees":
        outcome.found = Search(examination, leaf, trial).run()
        if trial.worst.slope.kink and not outcome.found.wrong:
            outcome.verdict = "kink"  # several kinks at once allow more than the two slopes along one direction
    if outcome.verdict == "kink":
        _outside_slopes(examination, direction, leaf, outcome)
    return outcome


def _outside_slopes(examination: Examination, direction: list[Array], leaf: int, outcome: Outcome) -> None:
    """Whether some entry lies outside the slopes of its kink: along a direction where all such errors add up."""
    for aligned in examination.aligned(direction, leaf):
        trial = examination.line(aligned, "a direction with the signs of the gradient")
        if trial.verdict == "disagrees":
            found = Search(examination, leaf, trial).run()
            if found.wrong:
                outcome.trial, outcome.found, outcome.verdict = trial, found, "disagrees"
                return


def _try_broken(examination: Examination, leaf: int, broken: Array, outcome: Outcome) -> None:
    """Entries whose gradient is nan or infinite, by themselves: the direction left them out."""
    shape = examination.problem.leaves[leaf].value.shape
    for i in broken[:BROKEN]:
        index = tuple(int(k) for k in np.unravel_index(i, shape))
        pair = try_entry(examination, leaf, index, known_wrong=False)
        outcome.found.entries[int(i)] = pair
        outcome.verdict = gravest([outcome.verdict, *(trial.verdict for trial in pair)])
    if broken.size:
        row = summary.slab(broken.tolist(), shape)
        note = f"a gradient is nan or infinite by {broken.size} of {int(np.prod(shape))} entries{row and f', all of {row}'}"
        outcome.found.note = "; ".join(filter(None, (outcome.found.note, note)))
