"""From trials to the data of a report: one ArgumentReport a leaf. Tries nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite

import numpy as np

from bibun.checking.exact import Gradient
from bibun.checking.examination import Examination, Trial
from bibun.checking.judging import Judged, digits_of, gravest, worst
from bibun.checking.location import LISTED, Outcome, is_wrong, slab_name, wrong_output
from bibun.checking.problem import Array, Leaf, Problem
from bibun.checking.report import ArgumentReport, Comparison, WrongEntry

_COMPARED = ("agrees", "disagrees")
Pair = tuple[Trial, ...]  # of one entry; of a complex one there are two
Trials = dict[int, Pair]  # by the flat index of the entry


def nothing(problem: Problem) -> list[ArgumentReport]:
    """Where nothing could be compared."""
    return [_argument(leaf, None, "no derivative") for leaf in problem.leaves]


def empty(examination: Examination, leaf: int) -> ArgumentReport:
    """A leaf of no entries."""
    return _argument(examination.problem.leaves[leaf], None, "agrees", note="it has no entries")


def of_entries(examination: Examination, leaf: int, trials: Trials) -> ArgumentReport:
    """A leaf whose entries were all tested."""
    target = examination.problem.leaves[leaf]
    count = target.value.size
    if not count:
        return empty(examination, leaf)
    flat = [trial for pair in trials.values() for trial in pair]
    wrong = [i for i, pair in trials.items() if is_wrong(pair)]
    compared = [trial for trial in flat if trial.verdict in _COMPARED]
    visible = [j.visible for trial in flat if trial.verdict == "agrees" for j in trial.judged if isfinite(j.visible)]
    return _argument(
        target,
        _least(trial.worst.digits for trial in compared),
        gravest(trial.verdict for trial in flat),
        comparisons=_comparisons(examination, flat),
        wrong=_entries(examination, leaf, {i: trials[i] for i in wrong[:LISTED]}),
        note=_and(_pattern(wrong, target.value.shape), _kinks(trials, target.value.shape), _infinite(flat)),
        tested="the number"
        if target.value.ndim == 0
        else f"each of {count} entries"
        if count > 1
        else "the only entry",
        resolution=max(visible, default=None) if _single(examination) else None,
    )


def of_direction(examination: Examination, leaf: int, outcome: Outcome) -> ArgumentReport:
    """A leaf that was tested along a direction, by itself or with others."""
    target = examination.problem.leaves[leaf]
    trial, found = outcome.trial, outcome.found
    shown = [trial for pair in found.entries.values() for trial in pair] if outcome.verdict != trial.verdict else []
    digits = _leaf_digits(examination, leaf, trial) if len(outcome.group) > 1 else trial.worst.digits
    if shown:
        digits = _least([digits, *(trial.worst.digits for trial in shown)])
    compared = outcome.verdict in _COMPARED
    note = found.note
    if outcome.verdict == "disagrees" and not found.wrong and not note:
        note = "the wrong entries were not found: one by one their errors are too small"
    return _argument(
        target,
        digits if compared else None,
        outcome.verdict,
        comparisons=_comparisons(examination, [trial, *shown]),
        wrong=_entries(examination, leaf, {i: found.entries[i] for i in sorted(found.wrong)[:LISTED]}),
        note=_and(note, _hidden(examination, leaf, trial) if outcome.verdict == "agrees" else ""),
        tested=f"{trial.along}, of {target.value.size} entries here",
        resolution=_resolution(examination, leaf, trial) if trial.verdict == "agrees" else None,
    )


def beside(at: ArgumentReport, near: ArgumentReport) -> ArgumentReport:
    """What was found at a kink, with what was found beside it."""
    if near.verdict == "disagrees":
        return replace(near, note=_and(near.note, "compared beside the point, which is on a kink"))
    if near.verdict != "agrees":
        return at
    digits = "" if near.digits is None else f", to {int(near.digits)} digits"
    return replace(at, note=_and(at.note, f"beside the kink it agrees{digits}"))


def first_order(found: list[ArgumentReport]) -> list[str]:
    """What the first derivatives came to, for the report of the second."""
    digits = _least(a.digits for a in found)
    verdict = gravest(a.verdict for a in found)
    word = {"agrees": "agree", "kink": "lie between the slopes of a kink"}.get(verdict, "are undecided")
    return [f"the first derivatives {word}" + ("" if digits is None else f", to {int(digits)} digits")]


def share(examination: Examination, leaf: int, trial: Trial) -> float:
    """The digits that a direction through many leaves shows of this one."""
    digits = _leaf_digits(examination, leaf, trial)
    return -inf if digits is None else digits


def _argument(leaf: Leaf, digits: float | None, verdict: str, **more: object) -> ArgumentReport:
    return ArgumentReport(leaf.path, leaf.value.shape, str(leaf.value.dtype), digits, verdict, **more)  # type: ignore[arg-type]


def _comparisons(examination: Examination, trials: list[Trial]) -> tuple[Comparison, ...]:
    """One a mode: where it agrees least."""
    found = []
    for m, mode in enumerate(examination.modes):
        of_mode = [(trial.of_mode(m), trial.along) for trial in trials]
        least = worst(j for j, _ in of_mode)
        along = next(label for j, label in of_mode if j is least)
        found.append(least.comparison(mode.name, examination.rows[least.row].label, along))
    return tuple(found)


def _leaf_digits(examination: Examination, leaf: int, trial: Trial) -> float | None:
    """The digits of one leaf's share of a direction: the gap may all be its own."""
    v = trial.direction[leaf]
    assert v is not None
    alone = [v if i == leaf else None for i in range(len(trial.direction))]
    shares = {m: mode.along(alone) for m, mode in enumerate(examination.modes) if isinstance(mode, Gradient)}
    if not shares:
        return trial.worst.digits
    found: list[float | None] = []
    for j in trial.judged:
        if j.mode in shares:
            mine = float(shares[j.mode][j.row])
            found.append(digits_of(mine, mine - j.gap, j.bar + j.slope.error))
    return None if None in found and not any(found) else _least(found)


def _resolution(examination: Examination, leaf: int, trial: Trial) -> float | None:
    """An error of one entry above this would have been seen: its share of the direction exceeds what is visible."""
    v = trial.direction[leaf]
    if v is None or not _single(examination):
        return None
    moved = _least_part(v)
    smallest = float(np.min(moved[moved > 0], initial=np.inf))
    visible = max(j.visible for j in trial.judged)
    return visible / smallest if isfinite(smallest) and isfinite(visible) else None


def _hidden(examination: Examination, leaf: int, trial: Trial) -> str:
    """How many entries have a derivative too small to be told from 0."""
    sensitivity, v = examination.sensitivity, trial.direction[leaf]
    visible = max(j.visible for j in trial.judged)
    if sensitivity is None or v is None or not _single(examination) or not isfinite(visible):
        return ""
    hidden = int(np.count_nonzero(sensitivity[leaf] * _least_part(v) <= visible))
    if not hidden:
        return ""
    return f"the derivatives by {hidden} of {v.size} entries are 0, or too small to be told from 0"


def _least_part(v: Array) -> Array:
    """How far each entry moves; of a complex one the lesser of its parts."""
    return np.minimum(np.abs(v.real), np.abs(v.imag)) if v.dtype.kind == "c" else np.abs(v)


def _single(examination: Examination) -> bool:
    """Whether every row is one output by itself, so that a bound on it is a bound on an entry of the derivative."""
    return all(row.single for row in examination.rows)


def _entries(examination: Examination, leaf: int, trials: Trials) -> tuple[WrongEntry, ...]:
    """The wrong entries, each once a mode that is wrong there."""
    shape = examination.problem.leaves[leaf].value.shape
    found = []
    for i, pair in trials.items():
        index = tuple(int(k) for k in np.unravel_index(i, shape))
        for m in range(len(examination.modes)):
            bad = [j for trial in pair for j in trial.judged if j.mode == m and j.verdict == "disagrees"]
            if bad:
                found.append(_wrong_entry(examination, leaf, index, pair, worst(bad)))
    return tuple(found)


def _wrong_entry(examination: Examination, leaf: int, index: tuple[int, ...], pair: Pair, bad: Judged) -> WrongEntry:
    """One entry, as the gradient of a real function has it: df/da - i df/db for a complex x = a + i b."""
    mode, row = examination.modes[bad.mode], wrong_output(examination, leaf, index, bad)
    parts = [(j.exact, j.slope) for trial in pair for j in trial.judged if (j.mode, j.row) == (bad.mode, bad.row)]
    if row is not examination.rows[bad.row]:
        parts = []
        for imaginary in (False, True)[: len(pair)]:
            slope = examination.ray(leaf, index, imaginary=imaginary).slope(row)
            parts.append((mode.of_row(row, examination.unit(leaf, index, imaginary=imaginary)), slope))
    found: complex = parts[0][0]
    expected: complex = parts[0][1].value
    error = parts[0][1].error
    if len(parts) > 1:
        found, expected = complex(found, -parts[1][0]), complex(expected, -parts[1][1].value)
        error = float(np.hypot(error, parts[1][1].error))
    path = examination.problem.leaves[leaf].path
    return WrongEntry(path, index, expected, error, found, mode.name, row.label)


def _pattern(wrong: list[int], shape: tuple[int, ...]) -> str:
    """What the wrong entries of a fully tested leaf have in common."""
    size = int(np.prod(shape))
    if not wrong or size == 1:
        return ""
    if len(wrong) == size:
        return f"all {size} entries are wrong"
    if len(wrong) == 1:
        return f"1 of {size} entries is wrong"
    row = slab(wrong, shape)
    if row:
        return f"all of {row} is wrong, {len(wrong)} of {size} entries"
    return f"{len(wrong)} of {size} entries are wrong"


def slab(indices: Sequence[int], shape: tuple[int, ...]) -> str:
    """The row or column, "[3, :]", that flat indices fill; empty where they fill none."""
    where = np.array(np.unravel_index(indices, shape))
    for axis, size in enumerate(shape):
        if len(shape) > 1 and np.ptp(where[axis]) == 0 and len(indices) == int(np.prod(shape)) // size:
            return slab_name(axis, int(where[axis][0]), len(shape))
    return ""


def _kinks(trials: Trials, shape: tuple[int, ...]) -> str:
    """Where the kinks are."""
    at = [i for i, pair in trials.items() if any(trial.verdict == "kink" for trial in pair)]
    if not at:
        return ""
    status = next(j.slope.status for trial in trials[at[0]] for j in trial.judged if j.slope.kink)
    slopes = status.removeprefix("kink: ")
    if not shape:
        return f"on a kink: {slopes}"
    index = [int(k) for k in np.unravel_index(at[0], shape)]
    more = f", and by {len(at) - 1} more" if len(at) > 1 else ""
    return f"on a kink by entry {index}: {slopes}{more}"


def _infinite(trials: list[Trial]) -> str:
    """Where a derivative is nan or infinite."""
    at = [trial.along for trial in trials if any(not isfinite(j.exact) for j in trial.judged)]
    return f"a derivative is nan or infinite by {', '.join(at[:LISTED])}" if at else ""


def _and(*sentences: str) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)


def _least(digits: object) -> float | None:
    return min((d for d in digits if d is not None), default=None)  # type: ignore[attr-defined]
