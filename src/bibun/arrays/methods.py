"""The methods and attributes of ndarray on traced arrays. Each calls the stand-in of its function.

Importing this module registers all stand-ins of this room.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays import (
    answers,
    bessel,
    creation,
    decompositions,
    differences,
    fourier,
    functions,
    histograms,
    in_place,
    indexing,
    interpolation,
    joins,
    layouts,
    linalg,
    padding,
    pairs,
    parts,
    polynomials,
    products,
    protocol,
    quantiles,
    questions,
    reductions,
    scimath,
    selection,
    sequences,
    sets,
    shapes,
    statistics,
    windows,
    writing,
)
from bibun.arrays.refused import Refused
from bibun.arrays.registry import row
from bibun.errors import NoDerivativeError, located
from bibun.primitives.memory import flat

_conjugate = row("conjugate")
_argmax, _argmin, _argsort, _argpartition = row("argmax"), row("argmin"), row("argsort"), row("argpartition")
_nonzero, _reshape = row("nonzero"), row("reshape")

_COMPOSED = functions, histograms, interpolation, polynomials, quantiles, sequences, sets, statistics
_REGISTERED = (
    answers,
    bessel,
    creation,
    decompositions,
    differences,
    fourier,
    joins,
    linalg,
    pairs,
    products,
    questions,
    scimath,
    windows,
)


class Methods(Refused):
    """Mixed into Array."""

    __slots__ = ()

    # Shapes
    @property
    def T(self) -> Any:
        """The axes reversed."""
        return shapes.transpose(self)

    @property
    def mT(self) -> Any:
        """The last two axes swapped."""
        return shapes.matrix_transpose(self)

    @property
    def flat(self) -> Any:
        """All entries in row-major order, as one axis to write through; what is read from it is a copy."""
        settings = {"shape": (shapes.size(self),)}
        return in_place.view(self, _reshape(self, **settings), flat, settings)

    @flat.setter
    def flat(self, value: Any) -> None:
        writing.put(self, np.arange(shapes.size(self)), value)

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Any:
        """The same entries in another shape."""
        return shapes.reshape(self, shape[0] if len(shape) == 1 else shape, order, copy=copy)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order; reversed where none is given."""
        return shapes.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def ravel(self, order: str = "C") -> Any:
        """One axis: a view where the memory allows it."""
        return shapes.ravel(self, order)

    def flatten(self, order: str = "C") -> Any:
        """One axis, a copy."""
        return shapes.flatten(self, order)

    def squeeze(self, axis: Any = None) -> Any:
        """Without axes of length 1."""
        return shapes.squeeze(self, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes swapped."""
        return shapes.swapaxes(self, axis1, axis2)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Each entry several times."""
        return shapes.repeat(self, repeats, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The diagonal of two axes."""
        return padding.diagonal(self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
        """The sum of a diagonal."""
        return padding.trace(self, offset, axis1, axis2, dtype, out)

    # Dtypes and copies
    def astype(
        self, dtype: Any, order: str = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """The entries in another dtype. To integers or booleans it goes in steps, and the result is plain."""
        if casting != "unsafe" and not shapes.can_cast(self, dtype, casting):
            have = shapes.result_type(self)
            raise TypeError(f"Cannot cast array data from {have} to {np.dtype(dtype)} by the rule {casting!r}.")
        return layouts.in_order(shapes.astype(self, dtype, copy), layouts.order_of(self) if order == "A" else order)

    def copy(self, order: str = "C") -> Any:
        """The same entries in memory of their own."""
        return layouts.copied(self, order)

    def view(self, dtype: Any = None, type: Any = None) -> Any:
        """The same memory, of the same dtype."""
        have = shapes.result_type(self)
        as_class = isinstance(dtype, type_) and issubclass(dtype, np.ndarray)
        wanted = dtype if as_class else type
        if wanted is not None and wanted is not np.ndarray:
            raise NoDerivativeError(
                f"{located()}view({wanted.__name__}): a traced array is of no other class, and a {wanted.__name__} holds plain "
                "numbers. Write x as it is; for what a mask leaves, where= of np.sum and np.mean, or np.where(mask, 0, x)."
            )
        if dtype is not None and not as_class and np.dtype(dtype) != have:
            raise NoDerivativeError(
                f"view({np.dtype(dtype)}) of an array of {have} reads its bytes as something else, which has "
                "no derivative. Write x.astype(dtype), or x.real and x.imag of a complex array."
            )
        settings = {"shape": shapes.shape(self)}
        return in_place.view(self, _reshape(self, **settings), _reshape, settings)

    @property
    def real(self) -> Any:
        """The real part, a view; of a real array itself."""
        return parts.real(self)

    @real.setter
    def real(self, value: Any) -> None:
        parts.set_real(self, value)

    @property
    def imag(self) -> Any:
        """The imaginary part, a view; of a real array zeros."""
        return parts.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        parts.set_imag(self, value)

    def conj(self) -> Any:
        """The complex conjugate; of a real array itself, as NumPy's method (np.conj makes a copy)."""
        return _conjugate(self) if shapes.iscomplexobj(self) else parts.real(self)

    def conjugate(self) -> Any:
        """The complex conjugate; of a real array itself."""
        return self.conj()

    # Reductions
    def sum(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = None, where: Any = True,
    ) -> Any:  # fmt: skip
        """The sum over axes."""
        return reductions.sum_(self, axis, dtype, out, keepdims, initial, where)

    def prod(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = None, where: Any = True,
    ) -> Any:  # fmt: skip
        """The product over axes."""
        return reductions.prod(self, axis, dtype, out, keepdims, initial, where)

    def max(
        self,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = np._NoValue,
        where: Any = True,
    ) -> Any:
        """The largest entry over axes."""
        return reductions.max_(self, axis, out, keepdims, initial, where)

    def min(
        self,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = np._NoValue,
        where: Any = True,
    ) -> Any:
        """The smallest entry over axes."""
        return reductions.min_(self, axis, out, keepdims, initial, where)

    def mean(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        *,
        where: Any = True,
    ) -> Any:
        """The mean over axes."""
        return reductions.mean(self, axis, dtype, out, keepdims, where=where)

    def var(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: Any = False,
        **more: Any,
    ) -> Any:
        """The variance over axes."""
        return reductions.var(self, axis, dtype, out, ddof, keepdims, **more)

    def std(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: Any = False,
        **more: Any,
    ) -> Any:
        """The standard deviation over axes."""
        return reductions.std(self, axis, dtype, out, ddof, keepdims, **more)

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The sums up to each entry."""
        return reductions.cumsum(self, axis, dtype, out)

    def cumprod(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The products up to each entry."""
        return reductions.cumprod(self, axis, dtype, out)

    def all(self, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        """Whether all are true."""
        return reductions.all_(self, axis, out, keepdims, where=where)

    def any(self, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        """Whether any is true."""
        return reductions.any_(self, axis, out, keepdims, where=where)

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        """Where the largest entry is."""
        return _plain_result(_argmax(self, axis=axis, keepdims=keepdims), out)

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        """Where the smallest entry is."""
        return _plain_result(_argmin(self, axis=axis, keepdims=keepdims), out)

    # Selection
    def clip(self, min: Any = None, max: Any = None, out: Any = None, **settings: Any) -> Any:
        """minimum(maximum(x, min), max)."""
        return selection.clip(self, min, max, out, **settings)

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        """To so many decimals."""
        return selection.round_(self, decimals, out)

    def __round__(self, ndigits: int | None = None) -> Any:
        """round(x) goes in steps, as np.round does."""
        return selection.round_(self, ndigits or 0)

    def is_integer(self) -> bool:
        """Whether a number is whole."""
        if shapes.shape(self):
            raise AttributeError("is_integer is a method of numbers; of an array write np.equal(x, np.trunc(x)).")
        x: Any = self
        return bool(np.isfinite(x)) and bool(np.equal(x, np.trunc(x)))

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
        """The entries at these indices along the axis."""
        return selection.take(self, indices, axis, out, mode)

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        """The entries along the axis where the condition is true."""
        return selection.compress(condition, self, axis, out)

    def choose(self, choices: Any, out: Any = None, mode: str = "raise") -> Any:
        """choices[x[i]][i]."""
        return selection.choose(self, choices, out, mode)

    def argsort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
        """The indices that sort."""
        return _argsort(self, axis=axis, kind="stable" if stable else kind)

    def argpartition(self, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> Any:
        """The indices that partition."""
        return _argpartition(self, kth, axis=axis, kind=kind)

    def nonzero(self) -> Any:
        """The indices of what is not 0."""
        return _nonzero(self)

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        """Where v would go into this sorted array."""
        return selection.searchsorted(self, v, side, sorter)

    def dot(self, b: Any, out: Any = None) -> Any:
        """The dot product."""
        y = np.dot(self, b)  # type: ignore[call-overload]
        return y if out is None else protocol.write_out(out, y, "dot")

    # In place
    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
        """Bring the entries in increasing order along the axis."""
        in_place.replace(self, selection.sort(self, axis, kind, stable=stable))

    def partition(self, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None) -> None:
        """Bring the k-th entry to its sorted place."""
        in_place.replace(self, selection.partition(self, kth, axis, kind))

    def fill(self, value: Any) -> None:
        """x[...] = value, a number."""
        if np.ndim(value):
            raise ValueError(
                f"fill: every entry is the same number, and value has shape {np.shape(value)}. Write x[...] = value."
            )
        indexing.set_(self, ..., value)

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """x.flat[indices] = values."""
        writing.put(self, indices, values, mode)


type_ = type


def _plain_result(y: Any, out: Any) -> Any:
    return y if out is None else protocol.write_out(out, y, "argmax or argmin")
