"""What a derivative of eigenvectors or singular vectors is at repeated values, and the errors where there is none.

The vectors of values that are equal to rounding are an arbitrary basis of one space. What depends on that basis has no
derivative; for what does not, the terms 1 / (w_j - w_i) of such pairs have to be replaced by their limits. A traced
call takes a generic basis instead of LAPACK's, which often are unit vectors: then the cotangents (written as gradients:
w_bar, v_bar, and x = v^H v_bar) tell the cases apart.

- Of vectors alone: the result depends on the basis if the skew-Hermitian part of x is not 0. Else the limit is 0.
- Of values alone: where they differ, each gets the mean of those equal to it, as ties in a maximum share.
- Of both: a function of the matrix, v h(w) v^H, has x = 2 h(w) g and w_bar = h'(w) diag(g) for some g, and the limit is
  h'(w) g. So w_bar must be r diag(x) with one number r for equal values, and the limit is r x. Where x is 0 and w_bar
  is not, or where the derivative is taken again, the limit cannot be told: an error.

A tangent says less: the vectors' own is known only where it does not mix the vectors of equal values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from bibun.core.broadcasting import is_complex
from bibun.core.kinds import constant
from bibun.core.traced import Traced, bare, plain
from bibun.errors import DerivativeValueError
from bibun.primitives.matrices import diagonals, hermitian_transpose, magnitude, power_of_two, skew_part, transpose

EQUAL = 16  # eps |w|_2: LAPACK splits repeated values by at most 2 of these (n from 3 to 200, random bases)
ROUNDING = 1000  # eps |g|: above the rounding of the matrix products between a cotangent and its check
ALONE, TOGETHER, AGAIN = "alone", "together", "again"


def holds(condition: Any) -> bool:
    """Whether it holds anywhere, whatever the interpreters that the values go through."""
    return bool(np.any(plain(condition)))


def gaps(w: Any) -> tuple[Any, Any]:
    """w_j - w_i at [i, j], and which of these pairs are equal to rounding (i and j different)."""
    gap = w[..., None, :] - w[..., :, None]
    limit = rounding(magnitude(w), EQUAL)[..., None]
    return gap, (np.abs(gap) <= limit) & ~np.eye(np.shape(w)[-1], dtype=bool)


def zeros(s: Any) -> Any:
    """Which singular values are zero to rounding."""
    return s <= rounding(magnitude(s), EQUAL)


def rounding(size: Any, times: int = ROUNDING) -> Any:
    """What is zero to rounding beside numbers of this size; below the normal numbers all have the same rounding."""
    limits = np.finfo(np.result_type(size))
    return times * limits.eps * np.maximum(size, limits.tiny)


def inverse_unless(x: Any, dropped: Any) -> Any:
    """1 / x, and 0 where dropped; of scaled entries where it is differentiated, since its slope leaves the range before it."""
    scale = power_of_two(x) if differentiated(x) else 1
    return np.where(dropped, 0, 1 / np.where(dropped, 1, x / scale)) / scale


def _differences(x: Any) -> Any:
    return np.abs(x[..., None, :] - x[..., :, None])


def _sums(x: Any) -> Any:
    return np.abs(x[..., None, :]) + np.abs(x[..., :, None])


def clusters(w: Any) -> Iterator[tuple[tuple[int, ...], slice]]:
    """Runs of equal values of plain sorted values: which of the stack, and where in it."""
    tied = _tied(w)
    for index in np.argwhere(tied.any(axis=(-2, -1))):
        matrix = tuple(index)
        cuts = np.flatnonzero(~tied[matrix].diagonal(1)) + 1
        for run in np.split(np.arange(w.shape[-1]), cuts):
            if run.size > 1:
                yield matrix, slice(run[0], run[-1] + 1)


def rotation(k: int, dtype: Any, seed: int = 0) -> Any:
    """A fixed unitary matrix without any structure."""
    random = np.random.default_rng((seed, k))
    matrix = random.normal(size=(k, k)) + (1j * random.normal(size=(k, k)) if dtype.kind == "c" else 0)
    return np.linalg.qr(matrix)[0].astype(dtype)


def _tied(w: Any) -> Any:
    """Which pairs are equal to rounding of the largest and to half of their digits: small values can be exact."""
    gap, near = gaps(w)
    return near & (np.abs(gap) <= np.sqrt(np.finfo(np.result_type(w)).eps) * _sums(w))


def shared(g: Any, w: Any) -> Any:
    """For each value the mean of g over the values equal to it, where these g differ."""
    tied = _tied(w)
    if not holds(tied) or not holds(tied & (_differences(g) > rounding(magnitude(g))[..., None])):
        return g
    weights = (tied | np.eye(np.shape(w)[-1], dtype=bool)).astype(np.result_type(w))
    return np.sum(weights * g[..., None, :], axis=-1) / np.sum(weights, axis=-1)


# What the vectors are used for


def unused(g: Any) -> bool:
    """Whether this is what the tape puts for an output that nothing used: zeros that have no memory of their own."""
    return isinstance(g, np.ndarray) and not g.flags.writeable and not any(g.strides) and not g.any()


def differentiated(x: Any) -> bool:
    """Whether a derivative of x is being taken (a batch, which hides an axis, only repeats)."""
    while isinstance(x, Traced) and not x.records:
        traced: Any = x
        x = x.value
        if np.ndim(traced) == np.ndim(x):
            return True
    return False


def use(g_values: Any, paired: bool, *used: Any) -> str:
    """How the vectors were used: alone, together with the values, or together in a derivative that is taken again."""
    if not paired and unused(g_values):
        return ALONE
    return AGAIN if paired or any(map(differentiated, used)) else TOGETHER


# Checks


def limits(name: str, kind: str, values: Any, near: Any, vectors: Any, limit: Any, g_values: Any, how: str) -> Any:
    """The limits of the terms of equal values, at their pairs. Raises if there are none, or they cannot be told.

    `vectors`: v^H v_bar (for singular values the sum of those of the left and of the right); `limit`: what is zero
    beside them; `how`: see `use`.
    """
    skew = skew_part(vectors)
    if is_complex(skew) and holds(np.abs(diagonals(skew)) > limit[..., 0]):
        reject_phase(name)
    if not holds(near):
        return 0
    if how == AGAIN or holds(near & (np.abs(skew) > limit)):
        _reject_basis(name, kind, values, near)
    if how == ALONE:
        return 0
    small, limit = rounding(magnitude(g_values)), limit[..., 0]
    values_bar = g_values / small  # beside what is zero to rounding, so that products stay in the range
    own = np.real(diagonals(vectors)) / limit
    unseen = (np.abs(values_bar) > 1) & (np.abs(own) <= 1)
    products = values_bar[..., None, :] * own[..., :, None]
    uneven = np.abs(products - transpose(products)) > _sums(own) + _sums(values_bar)
    if holds(near & (unseen[..., None] | uneven)):
        _reject_basis(name, kind, values, near)
    ratio = small / limit * _ratio(values_bar, own, near)
    return near * (vectors + hermitian_transpose(vectors)) / 2 * ratio[..., None]


def _ratio(g_values: Any, own: Any, near: Any) -> Any:
    """For each value the number r with g_values = r own for all that are equal to it; 0 where own is 0."""
    equal = (near | np.eye(np.shape(own)[-1], dtype=bool)).astype(np.result_type(own))
    above = np.sum(equal * (g_values * own)[..., None, :], axis=-1)
    below = np.sum(equal * (own * own)[..., None, :], axis=-1)
    return above * inverse_unless(below, np.equal(below, 0))


def check_tangents(name: str, kind: str, values: Any, near: Any, m: Any, size: Any, paired: bool, *used: Any) -> None:
    """Raise if the vectors of equal values turn in an unknown way: m, the matrix's tangent in their basis, mixes them.

    With `paired` values, which all move alike, it must be a multiple of the identity. A tangent that is differentiated
    again depends on how the vectors turn further on.
    """
    if not holds(near):
        return
    limit = rounding(size)
    bad = near & (np.abs(m) > limit)
    if paired:
        bad = bad | near & (_differences(np.real(diagonals(m))) > limit)
    if holds(bad) or any(map(differentiated, used)):
        _reject_basis(name, kind, values, near)


def _named(values: Any, which: Any) -> str:
    """The values that are meant, of the first matrix that has some."""
    values, which = bare(values), bare(which)
    rows = values.reshape(-1, values.shape[-1])
    marks = which.reshape(-1, values.shape[-1])
    first = int(np.argmax(marks.any(axis=-1)))
    places = np.flatnonzero(marks[first])
    listed = ", ".join(f"{rows[first, i]:.6g} (number {i})" for i in places[:6])
    return listed + (f", ... ({len(places)} in all)" if len(places) > 6 else "")


def _reject_basis(name: str, kind: str, values: Any, near: Any) -> NoReturn:
    alone = {"eigenvalues": "np.linalg.eigvalsh", "singular values": "np.linalg.svdvals"}[kind]
    raise DerivativeValueError(
        f"{name}: the {kind} {_named(values, np.any(near, axis=-1))} are equal to rounding, so their vectors are an "
        "arbitrary basis of one space, and what was computed from them, or its derivative, depends on that basis: it "
        f"has no derivative here. Use what does not depend on it: the values alone ({alone}), the projector v @ v.T "
        "on that whole space (by reverse mode), the vectors of the other values; or write a function of the matrix "
        "without its vectors (np.linalg.solve, inv, matrix_power)."
    )


def reject_phase(name: str) -> NoReturn:
    """For what depends on the phases of complex vectors, which are arbitrary."""
    raise DerivativeValueError(
        f"{name}: the result depends on the phases of the complex vectors, which are arbitrary (v times any number of "
        "modulus 1 is as good as v), so it has no derivative. Use what does not depend on them: np.abs(v), the "
        "projector np.outer(v, v.conj()), v / v[0]."
    )


def reject_zeros(name: str, values: Any, zero: Any) -> NoReturn:
    """For vectors of singular values that are zero, which are arbitrary on the left and on the right."""
    raise DerivativeValueError(
        f"{name}: the singular values {_named(values, zero)} are zero to rounding, so their vectors on the left and on "
        "the right are arbitrary bases, and what was computed from them, or its derivative, depends on these: it has "
        "no derivative here. Use the values alone (np.linalg.svdvals), the vectors of the other values, or "
        "np.linalg.pinv."
    )


# What forward mode is told of them (see interpreters/turning.py), and generic vectors in the place of LAPACK's


def turn(free: Any, dtype: Any, seed: int = 0) -> Any:
    """A skew-Hermitian matrix without structure at the pairs that are free to turn, 0 elsewhere; None where none is."""
    n = np.shape(free)[-1]
    pairs = free if dtype.kind == "c" else free & ~np.eye(n, dtype=bool)
    if not holds(pairs):
        return None
    random = np.random.default_rng((seed, n))
    matrix = random.normal(size=(n, n)) + (1j * random.normal(size=(n, n)) if dtype.kind == "c" else 0)
    return pairs * (matrix - matrix.conj().T).astype(dtype)


def turn_of_equal(v: Any, near: Any) -> Any:
    """How vectors move if those of equal values turn among themselves, and each by its phase."""
    found = turn(near | np.eye(np.shape(near)[-1], dtype=bool), np.result_type(v))
    return None if found is None else v @ found


def pairs_of(which: Any) -> Any:
    """The pairs of which both are meant, also with themselves."""
    return which[..., None, :] & which[..., :, None]


def _mixing(v: Any, kept: Any, *, seed: int) -> Any:
    """A matrix each that leaves the first vectors, as many as are kept, and mixes the others in a way without structure."""
    n = v.shape[-1]
    found = np.broadcast_to(np.eye(n, dtype=v.dtype), (*v.shape[:-2], n, n)).copy()
    for matrix in np.ndindex(v.shape[:-2]):
        k = int(kept[matrix])
        if k < n and _is_special(v[matrix][:, k:]):
            found[matrix][k:, k:] = rotation(n - k, v.dtype, seed)
    return found


def _is_special(v: Any) -> bool:
    """Whether there is a 0 among the entries, or two are as large: what depends on such vectors can have the slope 0 along
    every turn of them."""
    parts = [v.real, v.imag] if v.dtype.kind == "c" else [v]
    sizes = np.sort(np.abs(parts), axis=None)
    return bool(np.any(np.diff(sizes, prepend=0.0) <= rounding(np.ones((), sizes.dtype))))


mixing = constant(_mixing, "what depends on which basis completes the vectors has no derivative", name="mixing")


def generic_completion(v: Any, kept: Any, seed: int = 0) -> Any:
    """The vectors with others in the place of those beyond the first, which LAPACK often gives as unit vectors."""
    return v @ mixing(v, kept, seed=seed)


def reject_completion(name: str, k: int, n: int) -> NoReturn:
    """For the vectors beyond the first k of n, which complete the basis in an arbitrary way."""
    raise DerivativeValueError(
        f"{name}: with full_matrices=True the last {n - k} of {n} vectors are an arbitrary basis of what the first {k} "
        "leave, and what was computed from them depends on it: it has no derivative. Use full_matrices=False, or the "
        "projector on that whole space."
    )
