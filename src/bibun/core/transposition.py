"""The transpose of a linear map, which the tape knows how to take. A place for it, so that rooms below the tape can ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bibun.core.traced import Traced, plain
from bibun.errors import DerivativeValueError

_LINEAR = 1e-3  # how well it holds of a rule that iterates to a tolerance of its own

# transpose(linear, point, cotangent): see below. Set by interpreters/tape.py, which alone can turn a pullback around.
_hook: list[Callable[[Callable[[Any], Any], Any, Any], Any]] = []


def provide(transpose: Callable[[Callable[[Any], Any], Any, Any], Any]) -> None:
    """Called once, by the interpreter that can transpose."""
    _hook[:] = [transpose]


def transpose(linear: Callable[[Any], Any], point: Any, cotangent: Any) -> tuple[Any, Any]:
    """<cotangent, linear(g)> as a linear function of g, shaped like `point`: the array c with <c, g>; and linear(point).

    `linear` is evaluated at `point`. That may be zeros for rules of our own; one of the user's may do without some of its
    work there (if not g.any(): ...), which says nothing of other g.
    """
    return _hook[0](linear, point, cotangent)  # type: ignore[no-any-return]


def check_linear(what: str, given: Sequence[tuple[Any, Any]], found: Sequence[tuple[Any, Any]]) -> None:
    """Raise where a rule is not linear: then <c, rule(p)> is not <transposed(c), p>.

    what        names the rule and its argument
    given       pairs of c and rule(p)
    found       pairs of transposed(c) and p
    """
    pairs = [(plain(a), plain(b)) for a, b in (*given, *found)]
    if any(isinstance(x, Traced) or not np.all(np.isfinite(x)) for pair in pairs for x in pair):
        return  # recorded, so nothing is known yet; or there is no saying
    if any(np.shape(a)[np.ndim(a) - np.ndim(b) :] != np.shape(b)[max(np.ndim(b) - np.ndim(a), 0) :] for a, b in pairs):
        return  # batches of several levels
    products = [np.real(a * b) for a, b in pairs]
    one, other = (sum(map(np.sum, part)) for part in (products[: len(given)], products[len(given) :]))
    scale = sum(float(np.sum(np.abs(product))) for product in products)
    if abs(one - other) > _LINEAR * scale:
        raise DerivativeValueError(
            f"{what} is not linear in it, so the other mode, which transposes the rule, has no derivative of that function: "
            f"<c, rule(p)> is {one:.6g}, and <transposed rule(c), p> {other:.6g}. Use one mode (reverse mode for a pullback, "
            "jacrev of grad for a Hessian), or give rules for both."
        )
