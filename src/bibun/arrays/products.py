"""Stand-ins for products: NumPy's forms of call brought to the rows matmul, einsum and cross, or composed of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from bibun.arrays import in_place, shapes
from bibun.arrays.creation import as_array
from bibun.arrays.layouts import in_order, laid_as, layout
from bibun.arrays.protocol import with_out
from bibun.arrays.reductions import reducing
from bibun.arrays.registry import implements, row
from bibun.core.traced import strong
from bibun.primitives.products import LETTERS, extents

_matmul, _cross, _einsum = row("matmul"), row("cross"), row("einsum")


@implements(np.linalg.matmul)
def matmul(x1: Any, x2: Any, /) -> Any:
    """The matrix product of the last two axes."""
    return _matmul(as_array(x1), as_array(x2))


@reducing(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    """The sum over the last axis of a and the last but one of b (the last, of a vector)."""
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return laid_as(strong(a) * strong(b), "C", a)
    if a.ndim <= 2 and b.ndim <= 2:
        return _matmul(a, b)
    return tensordot(a, b, (a.ndim - 1, max(b.ndim - 2, 0)))


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    """The sum over the last axis of both."""
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return strong(a) * strong(b)
    if a.ndim <= 2 and b.ndim <= 2:
        return _matmul(a, b.T)
    return tensordot(a, b, (-1, -1))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """The sum of conj(a) b over all entries."""
    return _matmul(_conjugate(np.reshape(as_array(a), (-1,))), np.reshape(as_array(b), (-1,)))


def _conjugate(x: Any) -> Any:
    return np.conjugate(x) if x.dtype.kind == "c" else x


@reducing(np.outer, spread=True)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Every entry of a times every entry of b."""
    return np.reshape(as_array(a), (-1, 1)) * np.reshape(as_array(b), (1, -1))


@implements(np.linalg.outer)
def linalg_outer(x1: Any, x2: Any, /) -> Any:
    """Of two vectors."""
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"Input arrays must be one-dimensional, but they have {x1.ndim} and {x2.ndim} axes.")
    return outer(x1, x2)


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum over pairs of axes: the last `axes` of a with the first of b, or (axes of a, axes of b)."""
    a, b = as_array(a), as_array(b)
    if np.ndim(axes) == 0 and not isinstance(axes, (tuple, list)):
        n = index(axes)
        axes = tuple(range(a.ndim - n, a.ndim)), tuple(range(n))
    over_a, over_b = (normalize_axis_tuple(over, x.ndim) for over, x in zip(axes, (a, b), strict=True))
    lengths = [a.shape[i] for i in over_a]
    if lengths != [b.shape[i] for i in over_b]:
        raise ValueError(
            f"shape-mismatch for sum: the axes {over_a} of shape {a.shape} do not match the axes {over_b} of shape "
            f"{b.shape}"
        )
    free_a, free_b = ([i for i in range(x.ndim) if i not in over] for x, over in ((a, over_a), (b, over_b)))
    shape = [a.shape[i] for i in free_a], [b.shape[i] for i in free_b]
    left = _as_matrix(a, (*free_a, *over_a), prod(shape[0]), prod(lengths))
    right = _as_matrix(b, (*over_b, *free_b), prod(lengths), prod(shape[1]))
    return np.reshape(_matmul(left, right), (*shape[0], *shape[1]))


def _as_matrix(x: Any, order: tuple[int, ...], rows: int, columns: int) -> Any:
    if order != tuple(range(x.ndim)):
        x = np.transpose(x, order)
    return x if x.shape == (rows, columns) else np.reshape(x, (rows, columns))


@implements(np.linalg.tensordot)
def linalg_tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """As np.tensordot."""
    return tensordot(x1, x2, axes)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Every entry of a times the whole of b: shape a.shape * b.shape, axis by axis."""
    a, b = as_array(a), as_array(b)
    n = max(a.ndim, b.ndim)
    left, right = ((1,) * (n - x.ndim) + x.shape for x in (a, b))
    a, b = np.reshape(a, [k for m in left for k in (m, 1)]), np.reshape(b, [k for m in right for k in (1, m)])
    return np.reshape(a * b, [p * q for p, q in zip(left, right, strict=True)])


@implements(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The vector product along an axis of length 3 (or 2: then the third component is 0)."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    lengths = a.shape[-1], b.shape[-1]
    if not {*lengths} <= {2, 3}:
        raise ValueError(f"incompatible dimensions for cross product: they must be 2 or 3, and are {lengths}")
    if lengths == (2, 2):
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.moveaxis(_cross(_three(a), _three(b)), -1, axisc)


def _three(x: Any) -> Any:
    return x if x.shape[-1] == 3 else np.concatenate([x, np.zeros_like(x[..., :1])], axis=-1)


@implements(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Of three-vectors only."""
    x1, x2 = as_array(x1), as_array(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, but they are "
            f"{x1.shape[axis]} and {x2.shape[axis]} dimensional instead."
        )
    return cross(x1, x2, axis=axis)


# Products of vectors with vectors and matrices, over leading axes


def vecdot(x1: Any, x2: Any, /, axis: int = -1) -> Any:
    """The sum of conj(x1) x2 along an axis."""
    x1, x2 = as_array(x1), as_array(x2)
    if axis != -1:
        x1, x2 = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
    if x1.shape[-1:] != x2.shape[-1:]:  # which does not broadcast
        raise ValueError(f"vecdot: the vectors along axis {axis} of shapes {x1.shape} and {x2.shape} differ in length.")
    return einsum("...i,...i->...", _conjugate(x1), x2)


implements(np.vecdot)(vecdot)


@implements(np.linalg.vecdot)
def linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """As np.vecdot."""
    return vecdot(x1, x2, axis)


def matvec(x1: Any, x2: Any, /) -> Any:
    """Matrices x1 times vectors x2."""
    return _matmul(_matrices(x1, "matvec"), as_array(x2)[..., None])[..., 0]


def vecmat(x1: Any, x2: Any, /) -> Any:
    """The conjugates of the vectors x1 times matrices x2."""
    return _matmul(_conjugate(as_array(x1))[..., None, :], _matrices(x2, "vecmat"))[..., 0, :]


def _matrices(x: Any, name: str) -> Any:
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(f"{name}: the matrices have {x.ndim} axes; they must have 2 or more.")
    return x


if hasattr(np, "matvec"):  # NumPy 2.2
    implements(np.matvec)(matvec)
    implements(np.vecmat)(vecmat)


# Chains


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Any:
    """The product of matrices (the first and the last may be vectors), in the order that costs least."""
    arrays = [as_array(a) for a in arrays]
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    if len(arrays) == 2:
        return dot(*arrays)
    if any(a.ndim != 2 for a in arrays[1:-1]) or any(a.ndim not in (1, 2) for a in (arrays[0], arrays[-1])):
        raise np.linalg.LinAlgError(
            f"multi_dot: the arrays have {[a.ndim for a in arrays]} axes; they must have 2, the first and the last "
            "1 or 2."
        )
    sizes = [a.shape[0] if a.ndim == 2 else 1 for a in arrays[:1]] + [a.shape[0] for a in arrays[1:]]
    sizes.append(arrays[-1].shape[-1] if arrays[-1].ndim == 2 else 1)
    split = _cheapest_splits(sizes)

    def product(first: int, last: int) -> Any:
        if first == last:
            return arrays[first]
        middle = split[first, last]
        return _matmul(product(first, middle), product(middle + 1, last))

    return product(0, len(arrays) - 1)


def _cheapest_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each part [first, last] of a chain of matrices of sizes[i] x sizes[i + 1]."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for length in range(1, n):
        for first in range(n - length):
            last = first + length
            cost[first, last], split[first, last] = min(
                (cost[first, k] + cost[k + 1, last] + sizes[first] * sizes[k + 1] * sizes[last + 1], k)
                for k in range(first, last)
            )
    return split


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    """a @ a @ ... n times; of the inverse for negative n."""
    n = index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(
            f"matrix_power: the last two axes of shape {a.shape} are not those of a square matrix."
        )
    if n == 0:
        return laid_as(np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype), "K", a)
    if n < 0:
        a, n = np.linalg.inv(a), -n
    result = None
    while True:
        n, odd = divmod(n, 2)
        if odd:
            result = a if result is None else _matmul(result, a)
        if not n:
            return result
        a = _matmul(a, a)


# einsum


@reducing(np.einsum)
def einsum(*operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None, **settings: Any) -> Any:
    """The sum of products that subscripts say: "ij,jk->ik" and the arrays, or arrays and lists of axes in turn."""
    unknown = set(settings) - {"order", "casting"}
    if unknown:
        raise TypeError(f"Did not understand the following kwargs: {sorted(unknown)}")
    subscripts, arrays = (_split if isinstance(operands[0], str) else _interleaved)(operands)
    arrays = [as_array(x) for x in arrays]
    if not optimize and arrays:  # else it is products of two, and only the last is written into out=
        dtype = with_out(dtype, np.result_type(*arrays), out)
    if dtype is not None:
        own = "same_kind" if optimize and len(arrays) == 2 else "safe"  # the first where NumPy takes a product of two
        rule = settings.get("casting", own)
        arrays = [_cast(x, dtype, rule) for x in arrays]
    letters = _explicit(subscripts, [x.ndim for x in arrays])
    extents(letters[:-1], [x.shape for x in arrays])
    optimize = tuple(optimize) if isinstance(optimize, list) else optimize
    given: dict[str, Any] = {"subscripts": letters, "optimize": optimize}
    if len(arrays) == 1 and set(letters[0]) == set(letters[1]):  # in NumPy a view
        if len(letters[0]) == len(letters[1]):
            return shapes.permuted(arrays[0], tuple(map(letters[0].index, letters[1])))
        return in_place.view(arrays[0], _einsum(*arrays, **given), _einsum, given)
    return in_order(_einsum(*arrays, **given), _order(settings.get("order", "K"), arrays))


def _cast(x: Any, dtype: Any, casting: Any) -> Any:
    if not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"einsum: an operand of {x.dtype} cannot be cast to {np.dtype(dtype)} by the rule {casting!r}.")
    return x.astype(dtype)


def _order(order: str, arrays: list[Any]) -> str:
    """Of a result; A is F where all arrays are so."""
    if order != "A":
        return order
    return "F" if all(layout(a).flags.f_contiguous for a in arrays) else "C"


def _split(operands: tuple[Any, ...]) -> tuple[list[str | None], list[Any]]:
    """Subscripts as a string: those of each operand, and of the output (None where it is implied)."""
    text = "".join(operands[0].split())
    inputs, arrow, output = text.partition("->")
    if "-" in inputs or ">" in inputs or "->" in output:
        raise ValueError("Subscripts can only contain one '->'.")
    terms = inputs.split(",")
    if len(terms) != len(operands) - 1:
        raise ValueError(f"einsum: {len(terms)} terms in {operands[0]!r} for {len(operands) - 1} operands.")
    return [*terms, output if arrow else None], list(operands[1:])


def _interleaved(operands: tuple[Any, ...]) -> tuple[list[str | None], list[Any]]:
    """Operands and lists of axes in turn, and perhaps the list of the output."""
    pairs = len(operands) // 2
    terms: list[str | None] = [_term(axes) for axes in operands[1 : 2 * pairs : 2]]
    return [*terms, _term(operands[-1]) if len(operands) % 2 else None], list(operands[: 2 * pairs : 2])


def _term(axes: Any) -> str:
    return "".join("..." if axis is Ellipsis else LETTERS[index(axis)] for axis in axes)


def _explicit(subscripts: list[str | None], ndims: list[int]) -> tuple[str, ...]:
    """The letters of each operand and of the output; those of the ellipsis are new ones, aligned at its end."""
    inputs, output = [term or "" for term in subscripts[:-1]], subscripts[-1]
    hidden = [n - len(term.replace("...", "")) for term, n in zip(inputs, ndims, strict=True)]
    for term, n, more in zip(inputs, ndims, hidden, strict=True):
        if more < 0 or (more and "..." not in term):
            raise ValueError(f"einsum: the subscripts {term!r} do not fit an operand of {n} axes.")
    wide = max(hidden, default=0)
    text = "".join(term or "" for term in subscripts)
    dots = [c for c in LETTERS if c not in text][-wide:] if wide else []
    letters = [term.replace("...", "".join(dots[wide - n :])) for term, n in zip(inputs, hidden, strict=True)]
    if output is None:
        joined = "".join(letters)
        output = "..." + "".join(c for c in sorted(set(joined)) if joined.count(c) == 1 and c not in dots)
    letters.append(output.replace("...", "".join(dots)))
    _check_letters(letters)
    return tuple(letters)


def _check_letters(letters: list[str]) -> None:
    """NumPy's conditions on subscripts."""
    *inputs, output = letters
    for term in letters:
        for c in term:
            if c not in LETTERS:
                raise ValueError(f"einsum: {c!r} in {term!r} is not a letter for an axis.")
    for c in output:
        if c not in "".join(inputs):
            raise ValueError(f"einsum: the output subscript {c!r} is in no operand.")
        if output.count(c) > 1:
            raise ValueError(f"einsum: the output subscript {c!r} stands twice.")
