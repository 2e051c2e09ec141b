"""What a numerical derivative returns. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A derivative and how far it may be from the truth.

    value        the derivative; an array, a number, a sparse matrix or the containers that f or x have
    error        a bound on |value - truth|, of the same shape and in the same units; inf where nothing is known
    evaluations  how often f was called; a call with many points counts as many
    status       what limited the error, in words: see below

    `status` begins with one of

    rounding       the rounding of f, or of x: nothing is wrong
    noise          f is noisy, at the level that is told
    boundary       f has finite values on one side of x only: the derivative is one-sided
    kink           the slopes to the left and to the right differ; the value is their mean, the error covers both
    jump           f is not continuous at x: there is no derivative
    not analytic   for a complex x: the derivatives along the real and the imaginary axis differ
    unresolved     nothing converged; the error may be as large as the value
    not finite     x or f(x) is nan or infinite
    budget         `max_evaluations` ended the search

    and for many entries names the worst of them first, each with its number of entries.
    """

    value: Any
    error: Any
    evaluations: int
    status: str
    _line: Any = field(default=None, repr=False)  # what plot() needs: f, a line through x, and the order

    def plot(self, axes: Any = None) -> Any:
        """Draw the error of a central difference against its step: truncation falls, rounding rises, and where this
        estimate stands. Calls f some 60 times more. Returns matplotlib's axes; ImportError without matplotlib.
        """
        from bibun.numerical.picture import draw

        return draw(self, axes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Estimate):
            return NotImplemented
        same = (self.evaluations, self.status) == (other.evaluations, other.status)
        return same and _equal(self.value, other.value) and _equal(self.error, other.error)

    def __hash__(self) -> int:
        return hash((self.evaluations, self.status))  # arrays have none

    def __getstate__(self) -> tuple[Any, Any, int, str]:
        return self.value, self.error, self.evaluations, self.status  # a function need not be picklable

    def __setstate__(self, state: tuple[Any, Any, int, str]) -> None:
        for name, value in zip(("value", "error", "evaluations", "status", "_line"), (*state, None), strict=True):
            object.__setattr__(self, name, value)


def _equal(one: Any, other: Any) -> bool:
    """Whether two values hold the same numbers; nan is equal to nan."""
    from bibun import tree

    if type(one) is not type(other):
        return np.isscalar(one) and np.isscalar(other) and np.array_equal(one, other, equal_nan=True)
    if hasattr(one, "tocsr"):
        return bool(one.shape == other.shape and (one != other).nnz == 0)
    (ones, _), (others, _) = tree.flatten(one), tree.flatten(other)
    return tree.paths(one) == tree.paths(other) and all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(ones, others, strict=True)
    )
