"""The search for the levels that give a derivative its smallest error. Asks for values of f, calls nothing.

A search is a generator: it yields the distances t at which it needs f(x + t), goes on when `samples.values` holds
them, and returns a Result. Who runs it may evaluate them one by one, in one call, or on other machines.

It starts with a window of levels at a fraction of |x| and then moves: deeper (a level of half the step) while
truncation limits the answer, wider while noise does, far down where nothing converges. A move that makes the answer
worse is taken back. At the end one value beside the levels shows whether f is what they let expect.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from math import inf, ldexp, nan

from bibun.numerical.argument_rounding import argument_rounding
from bibun.numerical.below import FIRST, NATURAL, line_below, structure_below, suspicious
from bibun.numerical.boundary import one_sided
from bibun.numerical.course import Course, Start
from bibun.numerical.evaluation import OutOfBudget
from bibun.numerical.moves import (
    BELOW,
    BESIDE,
    DEEPER,
    FINEST_NOISE,
    SIDE,
    STOP,
    Move,
    converges,
    converging,
    improved,
    settled,
)
from bibun.numerical.plateau import hidden
from bibun.numerical.samples import EPS, Samples
from bibun.numerical.singular import Singular, kink_of_slope, singular, suspected
from bibun.numerical.window import Window

LIMIT = 60  # evaluations, where the caller sets no bound
USUAL = Start()
MOST_RESCUES = 5
WORSE = 1.2
BUDGET = "budget: max_evaluations leaves too few for a derivative with an error bar"
FEW = 3
UNSEEN = 8  # a change of f by so many roundings
UNRESOLVED = 0.3  # an error of this share of the slope leaves no digit
CHOSEN = 1.25  # the level of the least error is one whose noise is small by chance
STEEP = 8.0  # x f' / f: the rounding of x shows in f
TREND = 0.3  # noise of this share of all that f varies hides any trend


@dataclass(frozen=True, slots=True)
class Result:
    """What a search found. `sigma` is the noise of f relative to its size, `step` the one that was chosen."""

    value: float
    error: float
    status: str
    sigma: float = 0.0
    step: float = 0.0


Requests = Generator[list[float], None, Result]


def search(samples: Samples, order: int = 1, limit: int = LIMIT, start: Start = USUAL) -> Requests:
    """The derivative of this order at x, from at most `limit` values of f."""
    course = Course(samples, order, limit, start)
    if limit < 2 * ((order - 1) // 2) + 3:  # f(x) and the levels of a single quotient
        return Result(nan, inf, BUDGET)
    asks = _run(course)
    try:
        while True:
            wanted = next(asks)
            if samples.evaluations + len(wanted) > limit:
                return _out_of_budget(course, limit != LIMIT)
            try:
                yield wanted
            except OutOfBudget:
                return _out_of_budget(course, by_caller=True)
    except StopIteration as end:
        result: Result = end.value
        if limit < LIMIT and samples.evaluations + 2 > limit and result.status.startswith("unresolved"):
            return _stopped(result)
        return result


def _out_of_budget(course: Course, by_caller: bool) -> Result:
    window = course.latest
    if window is None or not window.table.rows:
        return Result(nan, inf, BUDGET if by_caller else "unresolved: nothing converged")
    result = _result(course, window, 0.0)
    if not by_caller or settled(course, window):
        return result
    return _stopped(result)


def _stopped(result: Result) -> Result:
    return replace(result, status=f"budget: stopped by max_evaluations; {result.status}")


def _run(course: Course) -> Requests:
    top = course.start
    while True:
        top = max(min(top, course.ceiling - 1), course.floor + course.levels)
        end = yield from _from_top(course, top)
        if isinstance(end, int):
            top = end
            continue
        if end is None:
            found = yield from one_sided(course.samples, course.order, 0, course.limit)
            return Result(found.value, found.error, found.status, found.sigma, found.step)
        yield from _look_between(course, end)
        if course.order == 2 and course.singular is None:
            course.singular = kink_of_slope(end)
        finer = None if course.singular or not end.noisy else (yield from _singular(course, end))
        if course.singular is not None:
            return Result(*course.singular)
        if finer is None:
            finer = yield from _finer(course, end)
        if finer is not None:
            course.ceiling = min(course.ceiling, end.bottom)
            top, course.coarse = finer, end
            continue
        return (yield from _answer(course, _coarse_or(course, end)))


def _look_between(course: Course, window: Window) -> Generator[list[float], None, None]:
    """f beside the levels, where it may be in phase with them. Noise that may be structure is looked at far below instead."""
    if not (course.singular or window.beside or course.together or suspicious(course, window)):
        yield from course.look_beside(window)
    if window.beside and not course.singular and course.samples.scale * window.slope > STEEP * window.size:
        yield from course.look_beside(window, mirrored=True)  # f may round its argument, and one value agree by chance


def _finer(course: Course, window: Window) -> Generator[list[float], None, int | None]:
    """The top of a window for structure that this one does not show."""
    finer = yield from structure_below(course, window)
    if finer is not None or not window.in_phase or not suspicious(course, window) or course.spent:
        return finer
    amplitude = window.sigma * window.sizes[-1]
    below = yield from line_below(course, amplitude, min(window.bottom, NATURAL + FIRST), amplitude)
    return below if isinstance(below, int) else None


def _answer(course: Course, window: Window) -> Requests:
    """The result of this window, with what its levels do not show; or of the one farther from an x near 0."""
    added = yield from argument_rounding(course, window)
    missing, stairs = yield from hidden(course, window)
    found = _result(course, window, added + missing, stairs)
    farther = course.farther
    if farther is None:
        return found
    yield from course.look_beside(farther)
    if window.varies() and found.error <= farther.error:
        return found
    return _result(course, farther, 0.0)


def _from_top(course: Course, top: int) -> Generator[list[float], None, Window | int | None]:
    """A window with its top here, refined: the window to answer from, the top of another, None for one side only."""
    if (yield from course.need(*range(top, top - course.levels, -1))):
        return (yield from _refine(course, course.window(top, course.levels)))
    if course.before is not None:  # wider levels than that one's do not exist
        return (yield from _refine(course, course.before))
    course.rescues += 1
    near_x = course.top_near_x()
    if course.rescues == 1 and near_x is not None:
        return near_x  # the domain may start at 0
    if course.rescues > MOST_RESCUES or course.spent:
        return None
    found = yield from line_below(course, inf, course.ceiling)
    return found if isinstance(found, int) else None


def _refine(course: Course, window: Window) -> Generator[list[float], None, Window | int | None]:
    """Move until nothing is gained."""
    while True:
        window = _better(course, window)
        if course.spent or settled(course, window):
            return window
        move = yield from _move(course, window)
        if move is STOP:
            return window
        if move is SIDE:
            return None
        if move.kind == "jump":
            return move.to
        if move is BESIDE and (yield from _in_doubt(course, window)):
            return window
        if move is BESIDE and window.below:
            continue
        if move in (BESIDE, DEEPER):
            exponent = window.bottom - 1
            if exponent <= course.floor or not (yield from course.need_one(exponent)):
                return window
            window.append()
            window.analyse()
        elif (yield from course.need(*range(window.top + move.to, window.top, -1))):
            window = course.window(window.top + move.to, window.count + move.to)
        else:
            course.before = None


def _in_doubt(course: Course, window: Window) -> Generator[list[float], None, bool]:
    """Look beside the levels: whether f is noisier there than they could be."""
    noisy, most = window.noisy, window.sigma
    yield from course.look_beside(window)
    return window.noisy and (noisy or window.sigma > most or not suspicious(course, window))


def _better(course: Course, window: Window) -> Window:
    """This window, or the one before it was widened where that was better."""
    before, course.before = course.before, None
    if before is None or before is window:
        return window
    alone = window.bottom > before.bottom  # without the levels before, it may see another function, or an alias of it
    apart = alone and abs(window.value - before.value) > window.error + before.error
    if (window.error > WORSE * before.error or apart) and (not before.noisy or before.evidence >= 1):
        course.ceiling = min(course.ceiling, window.top)
        course.widenings += 2
        return before
    if not window.noisy and window.error < 0.5 * before.error:
        course.tried = False  # it was worth it: once more
    elif course.thorough and window.error < before.error:
        course.tried = False
    return window


def _move(course: Course, window: Window) -> Generator[list[float], None, Move]:
    varies = window.varies()
    if varies == 0.0:
        return STOP  # constant, as far as f can show
    if varies <= UNSEEN * course.samples.precision * window.size:  # nothing but rounding is seen
        top = min(course.ceiling - 1, course.highest, window.top + 8)
        return Move("jump", top) if window.top < top else STOP
    if converges(window) or window.count < 3:
        return improved(course, window)
    beside = yield from _singular(course, window)
    if course.singular is not None:
        return STOP
    if beside is not None:
        course.ceiling = min(course.ceiling, window.bottom)
        return Move("jump", beside)
    move = converging(course, window)
    if move is not BELOW:
        return move
    if window.noisy and course.coarse is None:
        course.coarse = window
    noise = window.sigma * window.sizes[-1] if window.noisy else 0.0
    found = yield from line_below(course, varies, window.bottom, noise)
    if found == "side":
        return SIDE
    if isinstance(found, int):
        course.ceiling = min(course.ceiling, window.bottom)
        return Move("jump", found)
    room = course.room(window)
    if room <= 0 or course.widenings >= 3:
        return STOP
    course.before = window
    course.widenings += 1
    return Move("jump", window.top + min(3, room))


def _singular(course: Course, window: Window) -> Generator[list[float], None, int | None]:
    """A kink or a jump of f at x is kept in the course; one beside x gives the top of a window that does not reach it."""
    kind = "" if course.order > 1 else suspected(window)
    if not kind or (kind == "jump" and converges(window)) or window.bottom in course.suspected:
        return None
    course.suspected.add(window.bottom)
    found = yield from singular(course.samples, window, kind)
    if isinstance(found, Singular):
        course.singular = found
        return None
    return found


def _coarse_or(course: Course, window: Window) -> Window:
    """The window where noise was taken for structure, if nothing finer was there after all."""
    coarse = course.coarse
    if coarse is None or window is coarse or window.error < coarse.error:
        return window
    amplitude, before = window.sigma * window.sizes[-1], coarse.sigma * coarse.sizes[-1]
    if window.noisy and amplitude > 0.1 * before:
        return coarse  # as loud on a far smaller scale: noise
    return coarse if not converges(window) and abs(window.value - coarse.value) <= window.error else window


def _result(course: Course, window: Window, added: float, stairs: float = 0.0) -> Result:
    constant = window.varies() == 0.0 and not window.noisy
    error = (
        added
        + (window.unscaled(window.noises[0]) if constant else CHOSEN * window.error)
        + 0.5 * EPS * abs(window.value)
    )
    if window.noisy and course.order == 1 and suspected(window) == "kink":  # beside x: the slopes differ by so much
        beside = abs(window.even[window.chosen]) * 2.0**window.chosen
        error = max(error, window.unscaled(beside))
    sigma = max(window.sigma, stairs) if window.noisy or stairs else window.sigma
    status = f"noise of the function at level {sigma:.1g}" if window.noisy or stairs else "rounding"
    if error > UNRESOLVED * window.slope > 0:
        status = "unresolved: nothing converged"
        drowned = window.sigma * window.sizes[-1] > TREND * window.varies()
        unseen = window.in_phase or (not window.beside and course.samples.evaluations + 2 > course.limit)
        if unseen or window.truncation > window.noise or (drowned and window.sigma > FINEST_NOISE):
            error = max(error, _steepest(course))
        if course.bottomless and drowned:
            error = inf  # what f does between two neighbours of x cannot be told
        if window.count <= FEW + (course.order - 1) // 2:
            error = inf  # so few levels cannot even tell how wrong they are
    step = ldexp(1.0, window.top - window.chosen)
    return Result(window.value, error, status, window.sigma, step)


def _steepest(course: Course) -> float:
    """The largest quotient that any value shows: where nothing converges, the least to be claimed."""
    center, order, values = course.samples.center, course.order, course.samples.values
    quotients = [0.0] if len(values) > 1 else [inf]
    for t, value in values.items():
        if t and value == value:
            quotient = abs(value - center)
            for _ in range(order):  # t**order may over- or underflow
                quotient /= abs(t)
            quotients.append(quotient)
    return max(quotients)
