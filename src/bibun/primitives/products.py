"""Rows of products: sums over shared axes. Compositions of them are in arrays/products.py, factorisations in linalg.py.

The cotangent pairs without conjugation, so the pullbacks are transposes: of y = a b, g b^T and a^T g.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from bibun.core.batching import loop
from bibun.core.broadcasting import unbroadcast
from bibun.core.kinds import multilinear
from bibun.core.primitive import Primitive

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in the order in which einsum sorts them
_WORTH_A_PATH = 2**15  # products in one contraction: above, finding a path (30 us) costs less than it saves


# matmul


def _pull_left(g: Any, b: Any, a_shape: tuple[int, ...]) -> Any:
    """The cotangent of a: g b^T, where a vector is a matrix of one row, or of one column."""
    if len(a_shape) == 2:
        if b.ndim == 2:
            return g @ b.T
        if b.ndim == 1:
            return g[:, None] * b
    if b.ndim == 1:
        return g[..., None] * b if len(a_shape) > 1 else g * b
    if len(a_shape) == 1:
        if b.ndim == 2:
            return b @ g
        axes = (*range(b.ndim - 2), b.ndim - 1)
        return np.tensordot(b, g, axes=(axes, tuple(range(g.ndim))))
    if len(a_shape) == 2:  # one matrix for a stack: contract over the stack, do not sum a stack of products
        axes = (*range(b.ndim - 2), b.ndim - 1)
        return np.tensordot(g, b, axes=(axes, axes))
    if b.ndim == 2:  # a stack times one matrix: one long product
        return np.tensordot(g, b, axes=(g.ndim - 1, 1))
    return unbroadcast(g @ np.swapaxes(b, -1, -2), a_shape)


def _pull_right(g: Any, a: Any, b_shape: tuple[int, ...]) -> Any:
    """The cotangent of b: a^T g."""
    if len(b_shape) == 2:
        if a.ndim == 2:
            return a.T @ g
        if a.ndim == 1:
            return a[:, None] * g
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if len(b_shape) > 1 else g * a
    axes = tuple(range(a.ndim - 1))
    if len(b_shape) == 1:
        return a.T @ g if a.ndim == 2 else np.tensordot(g, a, axes=(axes, axes))
    if len(b_shape) == 2:
        return np.tensordot(a, g, axes=(axes, axes))
    return unbroadcast(np.swapaxes(a, -1, -2) @ g, b_shape)


def _matmul_batch(primitive: Any, values: list[Any], batched: list[bool], settings: Any) -> Any:
    """A stack of products; one matrix times a batch of vectors is one product of matrices."""
    a, b = values
    a_ndim, b_ndim = (np.ndim(v) - mine for v, mine in zip(values, batched, strict=True))
    if not (a_ndim and b_ndim):
        return loop(primitive, values, batched, settings)  # NumPy's error: a number has no product of this kind
    if not batched[1] and b_ndim == 2:
        return primitive(a, b)
    if not batched[0] and a_ndim == 2 and b_ndim == 1:
        return primitive(b, np.swapaxes(a, 0, 1))
    most = max(a_ndim, b_ndim, 2)
    a = _stacked(a, a_ndim, most, batched[0], vector_axis=-2)
    b = _stacked(b, b_ndim, most, batched[1], vector_axis=-1)
    y = primitive(a, b)
    if a_ndim == 1:
        y = y[..., 0, :]
    return y[..., 0] if b_ndim == 1 else y


def _stacked(value: Any, ndim: int, most: int, batched: bool, vector_axis: int) -> Any:
    """With `most` axes behind that of the batch; a vector as a matrix of one row or column."""
    if ndim == 1:
        value = np.expand_dims(value, vector_axis)
        ndim = 2
    shape = np.shape(value)
    return np.reshape(value, (shape[0], *(1,) * (most - ndim), *shape[1:])) if batched and ndim < most else value


matmul = multilinear(
    np.matmul,
    _pull_left,
    _pull_right,
    batch=_matmul_batch,
    domain=("square", "square"),
    native="matmul",
    name="matmul",
)


# cross


def _cross(a: Any, b: Any) -> Any:
    """The vector product of three-vectors along the last axis."""
    return np.cross(a, b)


cross: Primitive = multilinear(
    _cross,
    lambda g, b, a_shape: unbroadcast(cross(b, g), a_shape),
    lambda g, a, b_shape: unbroadcast(cross(g, a), b_shape),
    batch="aligned",
    domain=("three_vectors", "three_vectors"),
    name="cross",
)


# einsum


def _einsum(*xs: Any, subscripts: tuple[str, ...], optimize: Any) -> Any:
    """y = sum of the product of xs. `subscripts`: the letters of each operand, and last those of the output."""
    *operands, output = subscripts
    y = np.einsum(f"{','.join(operands)}->{output}", *xs, optimize=optimize)
    return y if getattr(y, "base", None) is None else y.copy()  # NumPy gives a view of one operand that is not summed


def _pull_einsum(
    g: Any, needed: tuple[int, ...], xs: list[Any], subscripts: tuple[str, ...], optimize: Any
) -> list[Any]:
    """A cotangent for each needed operand."""
    return [_pull_operand(g, i, xs, subscripts, optimize) for i in needed]


def _pull_operand(g: Any, i: int, xs: list[Any], subscripts: tuple[str, ...], optimize: Any) -> Any:
    """The einsum of g and the other operands, to the letters of operand i.

    Of a repeated letter only the diagonal has a cotangent; along a letter that nothing else has, or has with
    length 1, it is repeated; along a letter that others have longer, it is summed.
    """
    *inputs, output = subscripts
    mine = inputs[i]
    shape = np.shape(xs[i])
    others = [g, *xs[:i], *xs[i + 1 :]]
    letters = [output, *inputs[:i], *inputs[i + 1 :]]
    have = extents(letters, [np.shape(x) for x in others])
    want = dict(zip(mine, shape, strict=True))
    kept = "".join(c for c in dict.fromkeys(mine) if have.get(c) == want[c])
    if not isinstance(optimize, (bool, str)):
        optimize = True  # a path is for the call it was made for
    optimize = optimize or (len(others) > 1 and prod(have.values()) > _WORTH_A_PATH)
    cotangent = einsum(*others, subscripts=(*letters, kept), optimize=optimize)
    if kept == mine:
        return cotangent
    return _spread(cotangent, kept, mine, want, np.result_type(g).type)


def _spread(x: Any, kept: str, letters: str, lengths: dict[str, int], dtype: Any) -> Any:
    """x, of axes `kept`, to axes `letters`: repeated along new ones, on the diagonal of repeated ones."""
    factors = [(np.ones(lengths[c], dtype), c) for c in dict.fromkeys(letters) if c not in kept]
    fresh = (c for c in LETTERS if c not in letters)
    axes = ""
    for c in letters:
        if c in axes:
            same = next(fresh)
            factors.append((np.eye(lengths[c], dtype=dtype), c + same))
            c = same
        axes += c
    return einsum(
        x, *(f for f, _ in factors), subscripts=(kept, *(names for _, names in factors), axes), optimize=False
    )


def extents(letters: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> dict[str, int]:
    """The length of each letter's axis: that of the operands where it is not 1."""
    lengths: dict[str, int] = {}
    for names, shape in zip(letters, shapes, strict=True):
        for c, n in zip(names, shape, strict=True):
            if lengths.get(c, 1) == 1:
                lengths[c] = n
    return lengths


def _einsum_batch(primitive: Any, values: list[Any], batched: list[bool], settings: Any) -> Any:
    """A letter more for the batch, in front."""
    *inputs, output = settings["subscripts"]
    c = next(c for c in LETTERS if all(c not in names for names in settings["subscripts"]))
    letters = [c + names if mine else names for names, mine in zip(inputs, batched, strict=True)]
    return primitive(*values, subscripts=(*letters, c + output), optimize=bool(settings["optimize"]))


einsum = multilinear(_einsum, _pull_einsum, inputs=None, batch=_einsum_batch, native="einsum", name="einsum")
