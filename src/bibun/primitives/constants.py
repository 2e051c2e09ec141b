"""Rows without a derivative, and why. Their values pass through; asking for their derivative is an error."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.batching import loop
from bibun.core.kinds import constant, general
from bibun.core.primitive import Primitive

_COMPARES = "a comparison is True or False: it does not vary continuously"
_INDEX = "an index or a count is an integer: it does not vary continuously"
_BITS = "operations on bits are defined for integers only"


def _argsort_batch(primitive: Any, values: Any, batched: Any, settings: Any) -> Any:
    """The same axis, one further back."""
    axis = settings.get("axis", -1)
    if axis is None or len(values) > 1:
        return loop(primitive, values, batched, settings)
    return primitive(values[0], **{**settings, "axis": axis + 1 if axis >= 0 else axis})


def _rows(reason: str, *functions: Any, batch: Any = "loop") -> dict[str, Primitive]:
    return {
        f.__name__: constant(f, reason, batch=batch, native=f.__name__ if batch == "elementwise" else None)
        for f in functions
    }


ROWS = (
    _rows(
        _COMPARES,
        np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
        np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
        np.isfinite, np.isnan, np.isinf, np.signbit,
        batch="elementwise",
    )
    | _rows(_COMPARES, np.isclose, batch="elementwise")
    | _rows(
        _COMPARES,
        np.allclose, np.array_equal, np.array_equiv, np.isin, np.isreal, np.iscomplex, np.isneginf, np.isposinf,
    )
    | _rows(_COMPARES, np.all, np.any, batch="reduction")
    | _rows(
        _INDEX,
        np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argpartition, np.argwhere, np.nonzero,
        np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize, np.lexsort,
    )
    | _rows(_INDEX, np.argsort, batch=_argsort_batch)
    | _rows(
        _BITS,
        np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.gcd, np.lcm,
        batch="elementwise",
    )
    | {"matrix_rank": constant(np.linalg.matrix_rank, _INDEX)}
    | {"singular": constant(lambda x: np.isinf(np.linalg.cond(x, 1)), _COMPARES, batch="leading", name="singular")}
    | {"bitwise_count": constant(np.bitwise_count, _BITS, batch="elementwise")}
    | _rows(_BITS, np.packbits, np.unpackbits)
    | {"binary_exponent": constant(lambda x: np.frexp(x)[1], _INDEX, batch="elementwise", name="binary_exponent")}
)  # fmt: skip


counts = constant(lambda i, *, length: np.bincount(i, minlength=length), _INDEX, name="counts")
decimals = constant(  # Python's round(x, n), which looks at the decimal digits of what x is exactly
    lambda x, *, ndigits: round(np.asarray(x).item(), ndigits),
    "rounding goes in steps: it does not vary continuously",
    name="decimals",
)
hashed_order = constant(  # of sorted different entries, the places in which NumPy leaves them where it does not sort
    lambda x: np.argsort(np.argsort(np.unique_values(x))), _INDEX, name="hashed_order"
)
automatic_bins = constant(  # how many bins an estimator of np.histogram takes
    lambda a, *, bins, range: np.asarray(np.histogram_bin_edges(a, bins, range).size - 1)[()],
    _INDEX,
    name="automatic_bins",
)
search_start = constant(
    lambda x: x, "a zero does not depend on where the search for it begins", batch="elementwise", name="search_start"
)


def _tied_batch(primitive: Primitive, values: Any, batched: Any, settings: Any) -> Any:
    """The same derivative for every entry, where it does not differ."""
    a, b = values
    return primitive(a if batched[0] else np.broadcast_to(a, (np.shape(b)[0], *np.shape(a))), b)


# Not an operation of NumPy: a derivative that came out constant, tied to the input that it was taken by, so that its own
# derivative is 0 and not "does not depend on".
tied = general(
    lambda a, b: a,
    lambda g: g,
    lambda g, b_shape: np.zeros(b_shape, np.result_type(g))[()],
    pushforwards=(lambda t: t, lambda t, a_shape: np.zeros(a_shape, np.result_type(t))[()]),
    batch=_tied_batch,
    name="tied",
)
