"""Which entries of a Jacobian can differ from 0, found by probing, and the proof that a given pattern is wrong.

Owns the search for patterns and their check. Takes no derivatives with error bars. coloring.py groups columns;
probing.py changes them and sees which rows answer. The functions that are probed never raise: where they have no
value they give nan.

Small random changes show what matters near x, and miss what is flat there or lost in rounding. nan shows what the
text of f touches, also through 0 * x and in a branch that is flat here, and misses fmax and nansum, unless the value
moves; but it sees everything in `A @ x`, for 0 * nan is nan, and in a function that checks its input. So both
searches run, and what only nan saw is kept if the colours stay few.

Then the pattern is checked: the Jacobian that it gives, by plain differences, is compared with differences along
random directions. A missing entry J[i, j] shows itself in row i, however the columns are grouped.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bibun.numerical.coloring import Array, column_colours, decompress, entries, scipy_sparse
from bibun.numerical.probing import ProbedFunction, count, search_entries

# Up to this many times the colours, and then these, nan may add entries that no change of x shows.
TIMES, MORE = 2, 8

# Differences are off by curvature, a power of the step, and by rounding over the step. The step is chosen to balance
# the two for a function of ordinary curvature, and up to so many times their size is put down to them.
ALLOWANCE = 1000

DIRECTIONS = 2  # each alone finds a missing entry, but for a chance as small as what is allowed
ROUNDS = 3  # of checking and searching again in the rows that failed


@dataclass(frozen=True, slots=True)
class Pattern:
    """The entries of a Jacobian of shape (m, n) that can differ from 0, and how sure that is."""

    matrix: Any
    """scipy.sparse.csr_array of bool, shape (m, n)."""
    colours: Array
    """`groups(matrix)`, shape (n,)."""
    evaluations: int
    """Calls of f."""
    unknown: Array
    """Rows in which f(x) is nan or infinite. They have no entries, and their derivative is nan, not 0."""
    suspect: Array
    """Rows in which differences did not agree with the pattern, though no further entry was found: f bends or
    jumps there, or answers differently each time."""
    note: str
    """What was found by what, in words."""


@dataclass(frozen=True, slots=True)
class PatternCheck:
    """Whether the Jacobian that a pattern gives agrees with derivatives that do not use the pattern."""

    wrong: Array
    """Rows in which the pattern is proven to lack an entry."""
    undecided: Array
    """Rows in which a number or its bound is not finite, so that nothing is proven."""
    share: float
    """The largest disagreement beside the terms of its row; 0 where there is none beyond the bounds."""

    @property
    def ok(self) -> bool:
        """No row is proven wrong, and none is undecided."""
        return not self.wrong.size and not self.undecided.size


# ---------------------------------------------------------------------------------------------- finding


def find_pattern(
    f: Callable[[Any], Any], x: Any, *, rng_seed: int = 0, bounds: Any = None, nan: bool = True
) -> Pattern:
    """The pattern of df/dx at x: entry [i, j] where y.ravel()[i] depends on x.ravel()[j]. Shape (y.size, x.size).

    f takes arrays of x's shape and never raises; it gives nan where it has no value. x may have any shape; integers
    count as float64. f gets a new array in every call, and its result is copied. bounds = (lower, upper), each
    broadcastable to x's shape: nothing is tried outside. nan=False leaves out the nan probes, for functions that
    would not return from them (`while not error < tolerance`). The same rng_seed gives the same calls.

    The result holds every entry that could be seen, and can hold some more. Entries can be missing where f is flat
    around x (their derivative is 0 there), or where they are lost in the rounding of their row and nan was of no use;
    `verify_pattern` then tells whether the Jacobian is right, to within its error bounds.

    Raises ValueError if f changes the size of its result; ImportError where SciPy is missing.
    """
    scipy_sparse()
    function = ProbedFunction(f, x, bounds, rng_seed)
    shape = (function.value.size, function.x.size)
    changes = function.changes(*function.beside(), function.steps(function.coarse))
    keys = _keys(search_entries(changes, function.known, shape[1]), shape[1])
    note = f"small changes showed {keys.size} entries in {function.evaluations} evaluations"
    colours, suspect = _colours(keys, shape), np.zeros(0, np.intp)
    if shape[1] and count(colours) == shape[1]:
        note += "; every column needs a colour of its own, so nothing more was tried"
    else:
        if nan:
            keys, colours, said = _with_nan(function, keys, colours)
            note += said
        keys, colours, suspect, said = _confirmed(function, keys, colours)
        note += said
    unknown = np.flatnonzero(~function.known)
    if unknown.size:
        note += f"; rows of which nothing is known, as f(x) is not finite there: {unknown.size}"
    return Pattern(_matrix(keys, shape), colours, function.evaluations, unknown, suspect, note)


def find_missing(
    f: Callable[[Any], Any], x: Any, pattern: Any, rows: Any, *, rng_seed: int = 0, bounds: Any = None
) -> Array:
    """Entries (i, j) of df/dx, shape (k, 2), that a pattern lacks in the given rows: for the message to the user.

    f, x, rng_seed and bounds are as in `find_pattern`. The search is by small changes, in both directions.
    """
    row, column, shape = entries(pattern)
    function = ProbedFunction(f, x, bounds, rng_seed)
    wanted = function.known & np.isin(np.arange(shape[0]), rows)
    missing = np.setdiff1d(_both_ways(function, wanted), _keys((row, column), shape[1]))
    return np.stack(_split(missing, shape[1]), axis=1)


def as_pattern(sparsity: Any, shape: tuple[int, int]) -> Any:
    """A user's `sparsity` as a csr_array of bool of the given shape (y.size, x.size); None where it is to be found.

    sparsity is True (find it), a `Pattern` found before, or a pattern: a scipy.sparse matrix or array, every stored
    entry of which counts, a zero too (as for `groups`); an array-like of truth values or numbers, every entry of which
    counts that is not 0, of the given shape or of that of the Jacobian, y.shape + x.shape; or a function that gets the
    shape and gives one of these.

    Raises ValueError for another shape, TypeError for what is no pattern, ImportError where SciPy is missing.
    """
    sparse = scipy_sparse()
    if callable(sparsity):
        sparsity = sparsity(shape)
    if sparsity is True:
        return None
    if isinstance(sparsity, Pattern):
        sparsity = sparsity.matrix
    if not sparse.issparse(sparsity):
        sparsity = np.asarray(sparsity)
        if sparsity.dtype.kind not in "biufc" or sparsity.ndim == 0:
            raise TypeError(
                f"sparsity is {sparsity!r}, but it should be True, to have the pattern found, or the pattern itself: "
                f"a scipy.sparse array or an array of truth values, of shape {shape}"
            )
        if sparsity.ndim != 2 and _splits(sparsity.shape, shape):
            sparsity = sparsity.reshape(shape)
    if tuple(sparsity.shape) != tuple(shape):
        turned = " It may be transposed: rows belong to y, columns to x." if sparsity.shape == shape[::-1] else ""
        raise ValueError(
            f"sparsity has shape {sparsity.shape}, but y has {shape[0]} entries and x has {shape[1]}, so the pattern "
            f"of dy/dx has shape {shape}.{turned}"
        )
    row, column, _ = entries(sparsity)
    return _matrix(_keys((row, column), shape[1]), shape)


# ---------------------------------------------------------------------------------------------- checking


def random_direction(n: int, scales: Any = None, *, rng_seed: int = 0) -> Array:
    """A direction v of shape (n,), v[j] = +-scales[j] * (1 to 2) at random, for `verify_pattern`.

    Columns that share a colour get different v[j] / scales[j]; else a missing entry would stay hidden.
    """
    rng = np.random.default_rng(rng_seed)
    direction: Array = rng.choice((-1.0, 1.0), n) * rng.uniform(1, 2, n)
    return direction if scales is None else direction * np.asarray(scales)


def verify_pattern(
    pattern: Any,
    colours: Any,
    compressed: Any,
    error: Any,
    direction: Any,
    slope: Any,
    slope_error: Any,
    scales: Any = None,
) -> PatternCheck:
    """Prove a pattern wrong: J v, with J the Jacobian that it gives, against the derivative of f along v.

    pattern, colours, compressed (m, colours) and scales are as in `decompress`, error bounds |compressed - truth|.
    direction is v of `random_direction`, with the same scales; slope = d/dt f(x + t v) at t = 0, flat, of shape (m,),
    and slope_error its bound. Row i is wrong if

        |sum over j of J[i, j] v[j] - slope[i]| > sum over j of error of J[i, j] |v[j]| + slope_error[i] + rounding

    or if the derivative along a group is not 0 where the pattern has no entry in row i. If J[i, j] is missing, then
    it was added to an entry J[i, k] of its colour, and the left side is |J[i, j] scales[j] (u[j] - u[k])|, where
    u = v / scales; or there is no such entry. So what stays unproven is as small as the error bounds.
    """
    compressed, error, direction = np.asarray(compressed), np.asarray(error), np.asarray(direction)
    slope = np.asarray(slope)
    jacobian = decompress(pattern, colours, compressed, scales)
    bound = decompress(pattern, colours, error, None if scales is None else np.abs(scales))
    terms = abs(jacobian) @ np.abs(direction) + np.abs(slope)
    rounding = 64 * np.finfo(np.result_type(compressed, slope, np.float32)).eps
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(jacobian @ direction - slope)
        allowed = bound @ np.abs(direction) + slope_error + rounding * terms
        size = np.abs(compressed)
        least = error + rounding * size.max(1, initial=0, keepdims=True)
        stray = np.where(_empty(pattern, colours, compressed) & (size > least), size, 0)
        stray = stray.max(1, initial=0)
        excess = np.maximum(np.where(difference > allowed, difference, 0), stray)
        decided = np.isfinite(difference) & np.isfinite(allowed) & np.all(np.isfinite(compressed + error), axis=1)
        share = np.divide(excess, terms + stray, where=excess > 0, out=np.zeros_like(excess))
    wrong = decided & (excess > 0)
    return PatternCheck(np.flatnonzero(wrong), np.flatnonzero(~decided), float(share[wrong].max(initial=0)))


# ---------------------------------------------------------------------------------------------- parts of the search


def _with_nan(function: ProbedFunction, keys: Array, colours: Array) -> tuple[Array, Array, str]:
    """The entries and those that nan shows, if these are of use; their colours; and what came of it, in words."""
    before = function.evaluations
    shape = (function.value.size, function.x.size)
    found = search_entries(function.nan_answers(), function.known, shape[1], most=2 * before + 16)
    spent = f"{function.evaluations - before} evaluations"
    if found is None:
        return keys, colours, f"; nan reached too much to tell ({spent})"
    if found[0].size == int(function.known.sum()) * shape[1] > keys.size:
        return keys, colours, f"; nan reached everything, which tells nothing ({spent})"
    together = _union(keys, _keys(found, shape[1]))
    more = together.size - keys.size
    if not more:
        return keys, colours, f"; nan showed no other in {spent}"
    most = TIMES * count(colours) + MORE
    recoloured = _colours(together, shape)
    if count(recoloured) > most:
        return keys, colours, f"; nan showed {more} more in {spent}, left out, for they take more than {most} colours"
    return together, recoloured, f"; nan showed {more} more in {spent}"


def _confirmed(function: ProbedFunction, keys: Array, colours: Array) -> tuple[Array, Array, Array, str]:
    """The entries, with those that random directions prove to be missing; colours; rows that stay suspect; words."""
    start, shape = keys.size, (function.value.size, function.x.size)
    for left in reversed(range(ROUNDS)):
        suspect, blind = _suspects(function, keys, colours)
        if not suspect.any() or not left:
            break
        more = _union(keys, _both_ways(function, suspect))
        if more.size == keys.size:
            break
        keys, colours = more, _colours(more, shape)
    added = keys.size - start
    note = f"; {DIRECTIONS} random directions " + (f"showed {added} more" if added else "showed no other")
    note += f" of {_allowance(function, function.level ** (1 / 3)):.0e} of its row or larger"
    if suspect.any():
        note += f"; rows that bend, jump or vary too much to tell: {suspect.sum()}"
    if blind.any():
        note += f"; rows that have no value there: {blind.sum()}"
    return keys, colours, np.flatnonzero(suspect), note


def _suspects(function: ProbedFunction, keys: Array, colours: Array) -> tuple[Array, Array]:
    """Rows in which differences along random directions are not those of the pattern; rows that are nan there."""
    suspect, blind = np.zeros(function.value.size, bool), function.known
    for sign in (0, 1, -1):  # central differences; then one side, for rows that have no value on the other
        wrong, unseen = _disagreeing(function, keys, colours, sign)
        suspect, blind = suspect | (wrong & function.known), blind & unseen
        if not blind.any():
            break
    return suspect, blind


def _disagreeing(function: ProbedFunction, keys: Array, colours: Array, sign: int) -> tuple[Array, Array]:
    """`_suspects` with steps of one sign, or of random signs to both sides for 0."""
    x, value = function.x, function.value
    pattern = _matrix(keys, (value.size, x.size))
    central, size = not sign, function.level ** (1 / 3)  # 6e-6
    if not (central and function.has_room(size)):
        central, size = False, function.level ** (1 / 2)  # 1.5e-8

    def moved() -> Array:
        return function.moved(x, function.steps(size) * (sign or function.signs()))

    def change(point: Array) -> Array:
        if central:
            return (function(point) - function(2 * x - point)) / 2
        return function(point) - value

    point = moved()
    steps = np.where(point == x, 1, point - x)
    with np.errstate(invalid="ignore", over="ignore"):
        changes = [change(np.where(colours == k, point, x)) for k in range(count(colours))]
        compressed = np.stack(changes, axis=1) if changes else np.zeros((value.size, 0))
        wrong = np.any(_empty(pattern, colours, compressed) & (np.abs(compressed) > function.noise[:, None]), axis=1)
        unseen = np.any(np.isnan(compressed), axis=1)
        jacobian = decompress(pattern, colours, compressed, steps)
        ulps = 8 * np.finfo(np.result_type(x, value)).eps * np.abs(value) + function.noise
        for _ in range(DIRECTIONS):
            point = moved()
            moves = change(point)
            allowed = _allowance(function, size) * (abs(jacobian) @ np.abs(point - x))
            allowed += ulps * (np.diff(pattern.indptr) + 2)
            wrong |= np.abs(moves - jacobian @ (point - x)) > allowed
            unseen |= np.isnan(moves)
    return wrong, unseen


def _allowance(function: ProbedFunction, size: float) -> float:
    """The share of a row's difference that may be curvature."""
    return min(0.1, ALLOWANCE * function.level / size)


def _both_ways(function: ProbedFunction, rows: Array) -> Array:
    """Keys of the entries in these rows that changes of x upwards or downwards show, at x itself."""
    found = []
    for sign in (1, -1):
        answers = function.changes(function.x, function.value, sign * function.steps(function.coarse))
        found.append(_keys(search_entries(answers, rows, function.x.size, keep=False), function.x.size))
    return _union(*found)


# ---------------------------------------------------------------------------------------------- entries


def _keys(found: tuple[Array, Array] | None, columns: int) -> Array:
    """Entries as one number each, in the order of rows, then of columns."""
    keys: Array = np.zeros(0, np.intp) if found is None else np.sort(found[0] * columns + found[1])
    return keys


def _union(keys: Array, more: Array) -> Array:
    both = np.sort(np.concatenate([keys, more]))  # np.union1d hashes, and takes ten times as long
    return both[np.diff(both, prepend=-1) > 0]


def _split(keys: Array, columns: int) -> tuple[Array, Array]:
    return np.divmod(keys, max(1, columns))


def _colours(keys: Array, shape: tuple[int, int]) -> Array:
    return column_colours(*_split(keys, shape[1]), shape)


def _matrix(keys: Array, shape: tuple[int, int]) -> Any:
    return scipy_sparse().csr_array((np.ones(keys.size, bool), _split(keys, shape[1])), shape=shape)


def _empty(pattern: Any, colours: Any, compressed: Array) -> Array:
    """Where the derivative along a group has no entry to belong to."""
    row, column, _ = entries(pattern)
    empty = np.ones(compressed.shape, bool)
    empty[row, np.asarray(colours)[column]] = False
    return empty


def _splits(full: tuple[int, ...], shape: tuple[int, int]) -> bool:
    """Whether a shape is y.shape + x.shape for some y and x of these sizes."""
    return any((math.prod(full[:k]), math.prod(full[k:])) == tuple(shape) for k in range(len(full) + 1))
