"""Sample calls of every row: shapes of the inputs and settings. Elementwise rows need none here: theirs follow from the row.

A new row of another kind needs an entry in CASES (or, of a constant, in CONSTANTS); test_gate.py says so. Inputs are drawn
from the row's domains by domains.py; an array in place of a shape is held fixed (an index, a condition).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import numpy as np

from bibun.core.primitive import Primitive
from bibun.primitives.indexing import Place
from tests.laws import cases_arrays, cases_parts, cases_scipy_linalg, cases_special, cases_stats
from tests.laws.case import Case, Shape, alike, case

# ---- elementwise rows ---------------------------------------------------------------------------

UNARY: tuple[tuple[Shape, ...], ...] = (((),), ((2, 3),))
BROADCASTS: tuple[tuple[Shape, ...], ...] = (
    ((2, 3), (2, 3)),
    ((3, 1), (4,)),
    ((), (2, 3)),
    ((2, 1), ()),
    ((), ()),
)


def _no_integer_ratio(a: Any, b: Any) -> Any:
    """How far a and b can move before a/b passes an integer."""
    below = np.floor(a / b)
    return np.minimum(*(np.abs(a - k * b) / (1 + np.abs(k)) for k in (below, below + 1)))


# Two inputs that are apart: how far, at each place; at least 1/16 is asked for, twice the longest step of the differences.
APART: dict[str, Callable[..., Any]] = {
    **alike("maximum minimum fmax fmin", lambda a, b: np.abs(np.real(a - b)) / 2),
    **alike("remainder fmod floor_divide", _no_integer_ratio),
    "hypot": lambda a, b: np.hypot(a, b) / 8,
    "huber": lambda a, b: np.abs(np.abs(b) - a) / 2,
}


def elementwise_cases(row: Primitive) -> list[Case]:
    """The ways of broadcasting, for the row's number of inputs."""
    arity = len(row.inputs or ())
    if arity == 1:
        return [Case(shapes) for shapes in UNARY]
    return [Case(shapes + shapes[:1] * (arity - 2)) for shapes in BROADCASTS]


# ---- structured rows ----------------------------------------------------------------------------

AXES = ((0,), (1,), (2,), (0, 2), (0, 1, 2), ())
REDUCTIONS = [
    *(case((2, 3, 4), axis=axis, keepdims=keepdims) for axis, keepdims in product(AXES, (False, True))),
    case((), axis=(), keepdims=False),
    case((5,), axis=(0,), keepdims=False),
    case((1, 3), axis=(0,), keepdims=False),
]
RUNNING = [case((2, 3, 4), axis=axis) for axis in range(3)] + [case((5,), axis=0), case((1,), axis=0)]

_MASK = np.array([[True, False, True], [False, False, True], [True, True, False], [False, True, False]])
# Every form of NumPy's brackets, for an array of shape (4, 3, 5), and the shape that it gives.
KEYS: tuple[tuple[Any, ...], ...] = (
    (),
    (Ellipsis,),
    (1,),
    (-1, np.int64(2)),
    (1, 2, 3),
    (slice(1, 3),),
    (slice(None, None, -2), slice(None), slice(4, 0, -3)),
    (slice(2, 2),),
    (Ellipsis, 0),
    (None, Ellipsis, None, 2),
    (slice(None), None, 1),
    (np.array([0, 3, 0, -1]),),
    ([2, 0],),
    (np.array([[0, 1], [3, 0]]),),
    (np.array(2),),
    (np.array([], dtype=int),),
    (np.array([0, 3, 0]), np.array([1, 1, 1])),
    (np.array([[0], [3]]), np.array([1, 2, 2])),
    (slice(None), np.array([2, 2, 0]), np.array([4, 4, 1])),
    (np.array([3, 3]), slice(None), np.array([4, 4])),
    (1, slice(None), np.array([0, 0, 2])),
    (np.array([1, 1]), 0),
    (np.array([0, 2]), None, np.array([1, 1])),
    (Ellipsis, np.array([0, 0, 4])),
    (_MASK,),
    (_MASK, slice(1, 4)),
    (np.array([True, False, True, True]),),
    (slice(None), np.array([False, True, True]), np.array([0, 2])),
    (np.zeros(4, bool),),
    (True,),
    (False,),
)
INDEXED: Shape = (4, 3, 5)


def _taken(key: tuple[Any, ...]) -> Shape:
    return np.empty(INDEXED, bool)[key].shape


def _puts(key: tuple[Any, ...]) -> list[Case]:
    """A value of the shape that the key takes, and one that broadcasts to it."""
    shape = _taken(key)
    narrow = (1, *shape) if len(shape) == 1 else shape[1:]
    return [case(INDEXED, each, key=key).real_only() for each in dict.fromkeys((shape, narrow))]


_INDEX = np.array([[2, 0, 0], [3, 3, 1]])
_AT: tuple[tuple[tuple[Any, ...], Any], ...] = (
    ((Place(0),), _INDEX),
    ((Place(0),), np.array(2)),
    ((slice(1, None), Place(0)), np.array([2, 2, 0])),
    ((Place(0), slice(None), 1), np.array([0, 3, 0])),
    ((Place(0), slice(None), np.array([0, 0, 4])), np.array([1, 1, 2])),
)


def _filled(key: tuple[Any, ...], index: Any) -> tuple[Any, ...]:
    return tuple(index if isinstance(k, Place) else k for k in key)


_ALONG = np.array([[0, 2, 2, 1], [1, 1, 0, 0]])
_PERMUTED = np.argsort(np.random.default_rng(0).random((2, 3, 4)), axis=1)


# ---- what of the vectors of a factorisation is free of the choice of their signs and phases -------


def _outer_products(columns: Any, others: Any) -> Any:
    """One matrix a column: that column times the same one of the others, conjugated."""
    return columns[..., :, None, :] * np.conj(others)[..., None, :, :]


def eigen_projectors(y: Any) -> Any:
    """Eigenvalues, and v_k v_k^H of each eigenvector."""
    w, v = y
    return w, _outer_products(v, v)


def singular_projectors(y: Any) -> Any:
    """Singular values, u_k v_k^H of each pair of vectors, and the projectors on what further vectors span."""
    u, s, vh = y
    k = np.shape(s)[-1]
    v = np.conj(np.swapaxes(vh, -1, -2))
    spans = (np.sum(_outer_products(basis[..., k:], basis[..., k:]), axis=-1) for basis in (u, v))
    return s, _outer_products(u[..., :k], v[..., :k]), *spans


SQUARES = [case((3, 3)), case((2, 3, 3)), case((1, 1)), case((4, 4))]


def subsets(items: Any) -> list[tuple[Any, ...]]:
    """All but the empty one, the whole last."""
    items = tuple(items)
    return [some for n in range(1, len(items) + 1) for some in combinations(items, n)]


CASES: dict[str, list[Case]] = {
    # reductions
    **alike("sum prod max min", REDUCTIONS),
    **alike("cumsum cumprod", RUNNING),
    "recurrence": [case(*each.inputs * 2, **each.settings) for each in RUNNING],
    # shapes
    "reshape": [
        case((2, 3, 4), shape=(4, 6)), case((6,), shape=(2, 1, 3)), case((), shape=(1, 1)), case((1,), shape=()),
        case((0, 3), shape=(3, 0, 2)),
    ],
    "transpose": [
        case((2, 3, 4), axes=(2, 0, 1)), case((2, 3, 4), axes=(1, 2, 0)), case((2, 3), axes=(1, 0)), case((), axes=()),
    ],
    "broadcast_to": [
        case((3, 1), shape=(2, 3, 4)), case((), shape=(2, 3)), case((1, 3), shape=(0, 3)), case((2, 3), shape=(2, 3)),
        case((1, 1), shape=(1, 2, 1)),
    ],
    "flip": [case((2, 3, 4), axis=axis) for axis in AXES],
    "roll": [
        case((2, 5), shift=(2,), axis=(1,)), case((2, 5), shift=(-1, 7), axis=(0, 1)),
        case((2, 5), shift=(1, 1), axis=(1, 1)), case((2, 5), shift=(0,), axis=(0,)),
    ],
    "diagonal": [
        case((3, 4), offset=0, axis1=0, axis2=1), case((3, 4), offset=2, axis1=0, axis2=1),
        case((3, 4), offset=-2, axis1=1, axis2=0), case((2, 3, 4), offset=-1, axis1=2, axis2=0),
        case((2, 3, 4), offset=1, axis1=1, axis2=2),
    ],
    "copy": [case((2, 3)), case((4,))],
    "astype": [
        case((2, 3), dtype=np.dtype("f")).real_only().within(1e-3), case((), dtype=np.dtype("D")),
        case((3,), dtype=np.dtype("d")).real_only(),
    ],
    # joins
    "concatenate": [
        case((2, 3), (1, 3), (4, 3), axis=0), case((2, 1), (2, 3), axis=1), case((3,), axis=0), case((0, 2), (3, 2), axis=0),
        case((2, 1, 3), (2, 2, 3), axis=1),
    ],
    "stack": [
        case((2, 3), (2, 3), (2, 3), axis=0), case((2, 3), (2, 3), axis=1), case((2, 3), (2, 3), axis=2),
        case((), (), axis=0), case((3,), axis=1),
    ],
    # indexing
    "getitem": [*(case(INDEXED, key=key).real_only() for key in KEYS), case(INDEXED, key=(_MASK,))],
    "scatter_add": [
        *(case(_taken(key), key=key, shape=INDEXED).real_only() for key in KEYS), case((4, 3, 5), key=(), shape=INDEXED),
    ],
    "put": [*(each for key in KEYS for each in _puts(key)), case(INDEXED, (), key=(slice(1, 3),))],
    "getitem_at": [case(INDEXED, index, key=key) for key, index in _AT],
    "scatter_add_at": [case(_taken(_filled(key, index)), index, key=key, shape=INDEXED) for key, index in _AT],
    "put_at": [
        case(INDEXED, shape, index, key=key) for key, index in _AT for shape in ((), _taken(_filled(key, index)))
    ],
    # selection
    "where": [
        case(_MASK, (4, 3), (4, 3)), case(_MASK, (), (4, 1)), case(_MASK[0], (4, 1), (3,)), case(np.array(True), (2,), ()),
        case(np.array(False), (2,), (2, 1)),
    ],
    "take_along_axis": [
        case((2, 3), _ALONG, axis=1, distinct=False), case((3, 4), _ALONG, axis=0, distinct=False),
        case((2, 3, 4), _PERMUTED, axis=1, distinct=True), case((3,), np.array([2, 0]), axis=0, distinct=True),
    ],
    "add_along_axis": [
        case((2, 4), _ALONG, shape=(2, 3), axis=1, distinct=False),
        case((2, 3, 4), _PERMUTED, shape=(2, 3, 4), axis=1, distinct=True),
        case((2,), np.array([2, 0]), shape=(3,), axis=0, distinct=True),
    ],
    # products
    "matmul": [
        case((3, 4), (4, 2)), case((4,), (4,)), case((4,), (4, 2)), case((3, 4), (4,)), case((2, 3, 4), (4, 2)),
        case((2, 3, 4), (4,)), case((4,), (2, 4, 3)), case((3, 4), (2, 4, 2)), case((2, 3, 4), (2, 4, 2)),
        case((2, 1, 3, 4), (5, 4, 2)), case((1, 3, 4), (2, 4, 1)), case((0, 4), (4, 2)), case((3, 0), (0, 2)),
    ],
    "cross": [case((3,), (3,)), case((2, 3), (2, 3)), case((4, 1, 3), (2, 3)), case((3,), (2, 3))],
    "einsum": [
        case((3, 4), (4, 2), subscripts=("ij", "jk", "ik"), optimize=False),
        case((2, 3), (3, 4), (4, 2), subscripts=("ij", "jk", "kl", "il"), optimize=True),
        case((3, 3), subscripts=("ii", ""), optimize=False),
        case((3, 3), subscripts=("ii", "i"), optimize=False),
        case((2, 3, 3), subscripts=("aii", "ia"), optimize=False),
        case((2, 3), subscripts=("ij", "j"), optimize=False),
        case((2, 3), (4,), subscripts=("ij", "k", "i"), optimize=False),
        case((3,), (3,), (3,), subscripts=("i", "i", "i", "i"), optimize=False),
        case((3, 3), (3,), subscripts=("ii", "i", ""), optimize=False),
        case((1, 3), (2, 3), subscripts=("ij", "ij", "i"), optimize=False),
        case((), (2,), subscripts=("", "i", "i"), optimize=False),
    ],
    # linear algebra
    "solve": [
        case((3, 3), (3, 2)), case((2, 3, 3), (2, 3, 1)), case((3, 3), (2, 3, 2)), case((2, 3, 3), (3, 2)),
        case((1, 1), (1, 3)), case((2, 1, 3, 3), (4, 3, 2)),
    ],
    **alike("inv det slogdet cholesky cofactor", SQUARES),
    "pinv": [case((4, 3), rcond=1e-15), case((3, 4), rcond=1e-15), case((2, 3, 3), rcond=1e-15)],
    "norm": REDUCTIONS,
    "power_norm": [
        case(shape, p=p, axis=(axis,), keepdims=keepdims).real_only()
        for p in (3.0, 0.5, -1.0, -2.5) for shape, axis, keepdims in (((4,), 0, False), ((2, 3), 1, True), ((2, 3, 2), 1, False))
    ],
    "eigh": [
        case(shape, UPLO=triangle, paired=False).seen(eigen_projectors)
        for shape in ((3, 3), (2, 4, 4), (1, 1)) for triangle in "LU"
    ],
    "eigvalsh": [case(shape, UPLO=triangle) for shape in ((3, 3), (2, 4, 4), (1, 1)) for triangle in "LU"],
    "svd": [
        case(shape, full_matrices=full, paired=False).seen(singular_projectors)
        for shape in ((3, 3), (4, 2), (2, 3, 4)) for full in (False, True)
    ],
    "svdvals": [case((3, 3)), case((4, 2)), case((2, 3, 4))],
    # bookkeeping of derivatives
    "tied": [case((2, 3), (2, 3)), case((2,), (3, 1)), case((), (2,))],
}  # fmt: skip


def cases(row: Primitive) -> list[Case]:
    """The sample calls of a row; none for a row that nobody has written any for."""
    if row.name in CASES:
        return CASES[row.name]
    return elementwise_cases(row) if row.inputs is not None and row.batch == "elementwise" else []


# ---- rows without a derivative --------------------------------------------------------------------

_A, _B = np.array([[1.0, 2.0, -0.5], [0.0, 3.0, 2.0]]), np.array([[1.0, 0.0, 2.0], [0.0, 4.0, -2.0]])
_INTEGERS = np.array([[6, 5, 3], [1, 12, 8]]), np.array([[4, 1, 3], [2, 3, 1]])
_ODD = np.array([1.0, np.nan, -np.inf, np.inf, -0.0])

CONSTANTS: dict[str, list[Case]] = {
    **alike(
        "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor "
        "isclose allclose array_equal array_equiv isin",
        [case(_A, _B), case(_A, _A.copy()), case(_A[0], np.array(2.0))],
    ),
    **alike("logical_not isreal iscomplex argmax argmin nanargmax nanargmin", [case(_A)]),
    **alike("isfinite isnan isinf signbit isneginf isposinf", [case(_ODD), case(_A)]),
    **alike("argsort argwhere nonzero flatnonzero count_nonzero", [case(_A[1])]),
    **alike("all any", [case(_A, axis=(0,), keepdims=False), case(_A, axis=(0, 1), keepdims=True)]),
    **alike("packbits unpackbits", [case(np.array([3, 0, 200], np.uint8))]),
    "argpartition": [case(_A, kth=1)],
    "searchsorted": [case(np.array([0.0, 1.0, 2.0]), _A)],
    "digitize": [case(_A, np.array([0.0, 1.0, 2.0]))],
    "lexsort": [case(_A)],
    **alike("bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm", [case(*_INTEGERS)]
    ),
    "invert": [case(_INTEGERS[0])],
    "astype_step": [case(_A, dtype=np.dtype(int)), case(_A, dtype=np.dtype(bool))],
    "lasting": [case(_INDEX, key=(Place(0),), shape=(4, 3)), case(np.array(2), key=(Place(0),), shape=(4, 3))],
}  # fmt: skip
CASES |= cases_stats.CASES
CONSTANTS |= cases_stats.CONSTANTS

CASES |= cases_arrays.CASES
CONSTANTS |= cases_arrays.CONSTANTS

CASES |= cases_special.CASES
CONSTANTS |= cases_special.CONSTANTS
CASES |= cases_scipy_linalg.CASES
CONSTANTS |= cases_scipy_linalg.CONSTANTS
CASES |= cases_parts.CASES
