"""Rows of eigenvalues of Hermitian matrices and of singular values, with their vectors, at repeated values too.

The vectors of values that are equal to rounding are an arbitrary basis of one space. What depends on that basis has no
derivative, and asking for it is an error; what does not depend on it has the derivative that is left when the terms
1 / (w_j - w_i) of such pairs are dropped. A cotangent tells the two cases apart as far as follows:

- of vectors alone: the result depends on the basis if the skew-Hermitian part of v^H v_bar is not 0 for such a pair;
- of values alone: where they differ, each gets the mean of those equal to it, as ties in a maximum share;
- of both: a function of the matrix (v h(w) v^H) has a term h'(w) that neither cotangent shows. It is certain only where
  the pair's cotangents are those of a multiple of the identity, or 0; and never where it is differentiated again.

Written with gradients in the sense of the inner product Re tr(x^H y); a cotangent is the conjugate of such a gradient.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from bibun.core.broadcasting import is_complex
from bibun.core.traced import Traced, plain
from bibun.errors import DerivativeValueError

EQUAL = 16  # eps |w|_2: LAPACK splits repeated values by at most 2 of these (n from 3 to 200, random bases)
ZERO = 1000  # eps |g|: the rounding of the matrix products between a cotangent and its check


def transpose(x: Any) -> Any:
    """The last two axes swapped."""
    return np.swapaxes(x, -1, -2)


def conjugate(x: Any) -> Any:
    """The complex conjugate; a real array itself."""
    return np.conjugate(x) if is_complex(x) else x


def hermitian_transpose(x: Any) -> Any:
    """x^H."""
    return conjugate(np.swapaxes(x, -1, -2))


def skew(x: Any) -> Any:
    return (x - hermitian_transpose(x)) / 2


def diagonal(x: Any) -> Any:
    return np.diagonal(x, axis1=-2, axis2=-1)


def epsilon(w: Any) -> Any:
    return np.finfo(np.result_type(w)).eps


def size(x: Any) -> Any:
    """The 2-norm of each matrix, as it compares with the entries."""
    return np.sqrt(np.sum(np.abs(x) ** 2, axis=(-2, -1), keepdims=True))


def holds(condition: Any) -> bool:
    """Whether it holds anywhere, whatever the interpreters that the values go through."""
    return bool(np.any(plain(condition)))


def unused(g: Any) -> bool:
    """Whether this is what the tape puts for an output that nothing used: zeros that have no memory of their own."""
    return isinstance(g, np.ndarray) and not g.flags.writeable and not any(g.strides) and not g.any()


def gaps(w: Any) -> tuple[Any, Any]:
    """w_j - w_i at [i, j], and which of these pairs are equal to rounding (i and j different)."""
    gap = w[..., None, :] - w[..., :, None]
    limit = EQUAL * epsilon(w) * np.sqrt(np.sum(w * w, axis=-1))[..., None, None]
    return gap, (np.abs(gap) <= limit) & ~np.eye(np.shape(w)[-1], dtype=bool)


def differences(x: Any) -> Any:
    """|x_j - x_i| at [i, j]."""
    return np.abs(x[..., None, :] - x[..., :, None])


def limit(x: Any, like: Any) -> Any:
    """What is zero to rounding beside the vector x, as it compares with the entries of a matrix."""
    return ZERO * epsilon(like) * np.sqrt(np.sum(np.abs(x) ** 2, axis=-1))[..., None, None]


def inverse(x: Any, dropped: Any) -> Any:
    """1 / x, and 0 where dropped."""
    return np.where(dropped, 0, 1 / np.where(dropped, 1, x))


def shared(g: Any, w: Any) -> Any:
    """For each value the mean over the values equal to it: to rounding of the largest, and to half of its own digits
    (small values of a graded matrix can be exact).
    """
    gap, equal = gaps(w)
    size = np.abs(w)
    own = np.sqrt(epsilon(w)) * np.maximum(size[..., None, :], size[..., :, None])
    equal = equal & (np.abs(gap) <= own)
    if not holds(equal) or not holds(equal & (differences(g) > limit(g, g))):
        return g
    weights = (equal | np.eye(np.shape(w)[-1], dtype=bool)).astype(np.result_type(w))
    return np.sum(weights * g[..., None, :], axis=-1) / np.sum(weights, axis=-1)


# Checks


def _text(values: Any, which: Any) -> str:
    """The values that are meant, of the first matrix that has some."""
    values, which = plain(values), plain(which)
    rows = values.reshape(-1, values.shape[-1])
    marks = which.reshape(-1, values.shape[-1])
    first = int(np.argmax(marks.any(axis=-1)))
    places = np.flatnonzero(marks[first])
    listed = ", ".join(f"{rows[first, i]:.6g} (number {i})" for i in places[:6])
    return listed + (f", ... ({len(places)} in all)" if len(places) > 6 else "")


def reject_basis(name: str, values: Any, near: Any, kind: str) -> NoReturn:
    alone = {"eigen": "np.linalg.eigvalsh", "singular ": "np.linalg.svdvals"}[kind]
    raise DerivativeValueError(
        f"{name}: the {kind}values {_text(values, np.any(near, axis=-1))} are equal to rounding, so their vectors are an "
        "arbitrary basis of one space, and what was computed from them depends on that basis (or the derivative does): it "
        f"has no derivative here. Use what does not depend on it: the values alone ({alone}), the projector v @ v.T on "
        "that whole space, the vectors of the other values; or write a function of the matrix without its vectors "
        "(np.linalg.solve, inv, matrix_power)."
    )


def _reject_phase(name: str) -> NoReturn:
    raise DerivativeValueError(
        f"{name}: the result depends on the phases of the complex vectors, which are arbitrary (v times any number of "
        "modulus 1 is as good as v), so it has no derivative. Use what does not depend on them: np.abs(v), the projector "
        "np.outer(v, v.conj()), v / v[0]."
    )


def reject_zero(name: str, values: Any, zero: Any) -> NoReturn:
    raise DerivativeValueError(
        f"{name}: the singular values {_text(values, zero)} are zero to rounding, so their vectors on the left and on the "
        "right are arbitrary bases, and what was computed from them depends on these: it has no derivative here. Use the "
        "values alone (np.linalg.svdvals), the vectors of the other values, or np.linalg.pinv."
    )


ALONE, TOGETHER, AGAIN = "alone", "together", "again"


def differentiated(x: Any) -> bool:
    """Whether a derivative of x is being taken (a batch, which hides an axis, only repeats)."""
    while isinstance(x, Traced):
        if np.shape(x) == np.shape(x.value):
            return True
        x = x.value
    return False


def use(g_values: Any, paired: bool, *used: Any) -> str:
    """How the vectors were used: alone, together with the values, or (with them) in a derivative that is taken again."""
    if not paired and unused(g_values):
        return ALONE
    return AGAIN if paired or any(map(differentiated, used)) else TOGETHER


def check_pairs(
    name: str, kind: str, values: Any, near: Any, vectors: Any, limit: Any, g_values: Any, use: str
) -> None:
    """Raise if the cotangents depend on the basis that was taken for equal values.

    `vectors`: v^H v_bar (for singular values the sum of those of the left and of the right).
    """
    skew = skew(vectors)
    if is_complex(skew) and holds(np.abs(diagonal(skew)) > limit[..., 0]):
        _reject_phase(name)
    if not holds(near):
        return
    bad = near & (np.abs(skew) > limit)
    if use == AGAIN:
        bad = near
    if use == TOGETHER:
        own = np.real(diagonal(vectors))
        size = limit(g_values, values)
        unseen = (np.abs(g_values) > size[..., 0]) & (np.abs(own) <= limit[..., 0])
        differ = (differences(own) > limit) | (differences(g_values) > size)
        bad = bad | near & ((np.abs(vectors) > limit) | differ | unseen[..., None])
    if holds(bad):
        reject_basis(name, values, near, kind)


def check_directions(name: str, kind: str, values: Any, near: Any, m: Any, size: Any, paired: bool, *used: Any) -> None:
    """Raise if the vectors of equal values turn in an unknown way: m, of the tangent in their basis, is not diagonal.

    For `paired` values, which all move alike, it must be a multiple of the identity. A tangent that is differentiated
    again depends on how the vectors turn further on.
    """
    if not holds(near):
        return
    limit = ZERO * epsilon(values) * size
    bad = near & (np.abs(m) > limit)
    if paired:
        bad = bad | near & (differences(np.real(diagonal(m))) > limit)
    if holds(bad) or any(map(differentiated, used)):
        reject_basis(name, values, near, kind)
