"""What f gives, as one row of real numbers, and back. Calls no function.

The first result says the containers, shapes and dtypes; every later one must have the same. A complex entry takes
two places of the row, its real part and its imaginary part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from bibun import tree
from bibun.errors import LostDerivativeError

Row = npt.NDArray[np.float64]

SHARE = 0.28  # of the last place: the standard deviation of the rounding of f, until there is evidence


class Output:
    """The containers, shapes and dtypes of f(x)."""

    __slots__ = ("_arrays", "_complex", "_unflatten", "precisions", "size")

    def __init__(self, name: str, y: Any) -> None:
        leaves, self._unflatten = tree.flatten(y)
        if not leaves:
            raise TypeError(f"{name}: f gave {y!r}, which holds no number. Does f end with `return`?")
        self._arrays = [_numbers(name, leaf) for leaf in leaves]
        self._complex = [array.dtype.kind == "c" for array in self._arrays]
        sizes = [array.size * (2 if parts else 1) for array, parts in zip(self._arrays, self._complex, strict=True)]
        self.size = sum(sizes)
        eps = [_eps(array.dtype) * SHARE for array in self._arrays]
        self.precisions = np.repeat(eps, sizes)

    @classmethod
    def of_complex(cls, y: Any) -> Output | None:
        """The make of f(x), from what f gave at a complex point; None where f does not take one."""
        leaves, unflatten = tree.flatten(y)
        try:
            arrays = [np.asarray(_unmasked(leaf)) for leaf in leaves]
        except (TypeError, ValueError):
            return None
        if not arrays or any(array.dtype.kind not in "fc" for array in arrays):
            return None
        return cls("", unflatten([array.real for array in arrays]))

    def complex_row(self, y: Any) -> npt.NDArray[np.complex128] | None:
        """What a real f gave at a complex point. A part that lost its imaginary part counts as constant."""
        leaves, _ = tree.flatten(y)
        if len(leaves) != len(self._arrays) or any(self._complex):
            return None
        try:
            parts = [np.asarray(_unmasked(leaf)).astype(np.complex128) for leaf in leaves]
        except (TypeError, ValueError):
            return None
        if any(part.shape != like.shape for part, like in zip(parts, self._arrays, strict=True)):
            return None
        return np.concatenate([part.ravel() for part in parts])

    def like(self, other: Output) -> bool:
        """Whether the numbers have the same places in a row."""
        shapes, others = [[array.shape for array in output._arrays] for output in (self, other)]
        return shapes == others and self._complex == other._complex

    @property
    def parts(self) -> list[tuple[int, int | None]]:
        """Where each number has its real part in a row, and its imaginary part; None for a real number."""
        found: list[tuple[int, int | None]] = []
        at = 0
        for array, is_complex in zip(self._arrays, self._complex, strict=True):
            width = 2 if is_complex else 1
            places = range(at, at + array.size * width, width)
            found += [(place, place + 1 if is_complex else None) for place in places]
            at = places.stop
        return found

    @property
    def is_one_real_number(self) -> bool:
        """Whether f has a gradient: one real number, of shape () or (1,)."""
        return self.size == 1

    @property
    def is_one_complex_number(self) -> bool:
        """Whether f is a complex number, which has a Jacobian and no gradient."""
        return self.size == 2 and any(self._complex)

    @property
    def description(self) -> str:
        """The shapes, for a message."""
        shapes = ", ".join(str(array.shape) for array in self._arrays)
        return f"shape {shapes}" + (", complex" if any(self._complex) else "")

    def row(self, y: Any) -> Row | None:
        """The numbers of one result; None where it is not of the same make, as outside the domain of f."""
        leaves, _ = tree.flatten(y)
        if len(leaves) != len(self._arrays):
            return None
        parts: list[Row] = []
        for leaf, like, is_complex in zip(leaves, self._arrays, self._complex, strict=True):
            try:
                array = np.asarray(_unmasked(leaf))
                if array.dtype.kind == "c" and not is_complex:
                    return None  # negative ** 0.1: outside the domain of a real f
                if array.shape != like.shape and not array.size == like.size == 1:
                    return None
                array = array.astype(np.complex128 if is_complex else np.float64).ravel()
            except (TypeError, ValueError, OverflowError):
                return None
            parts.append(array.view(np.float64))
        return np.concatenate(parts)

    def structure(self, rows: npt.NDArray[Any], lead: tuple[int, ...], lead_first: bool = False) -> Any:
        """Real rows of shape lead + (size,) in the containers of f(x), each leaf of shape leaf + lead, or lead + leaf."""
        return self._shaped(rows, lead, lead_first, lambda part: np.ascontiguousarray(part).view(np.complex128))

    def errors(self, rows: npt.NDArray[Any], lead: tuple[int, ...], lead_first: bool = False) -> Any:
        """The same for error bounds: that of a complex entry is the length of those of its parts."""
        return self._shaped(rows, lead, lead_first, lambda part: np.hypot(part[..., ::2], part[..., 1::2]))

    def _shaped(
        self, rows: npt.NDArray[Any], lead: tuple[int, ...], lead_first: bool, join: Callable[[Row], npt.NDArray[Any]]
    ) -> Any:
        leaves, start = [], 0
        for array, is_complex in zip(self._arrays, self._complex, strict=True):
            stop = start + array.size * (2 if is_complex else 1)
            part: npt.NDArray[Any] = rows[..., start:stop]
            if is_complex:
                part = join(part)
            if lead_first:
                leaves.append(part.reshape(lead + array.shape)[()])
            else:
                leaves.append(np.moveaxis(part, -1, 0).reshape(array.shape + lead)[()])
            start = stop
        return self._unflatten(leaves)


def _numbers(name: str, leaf: Any) -> npt.NDArray[Any]:
    try:
        array = np.array(_unmasked(leaf))
    except LostDerivativeError as error:
        raise LostDerivativeError(
            f"{name}: f gave a {type(leaf).__name__}, whose derivative would be lost. Let f take and give plain arrays, "
            "or take the derivative with bibun.grad"
        ) from error
    try:
        if array.dtype.kind == "c":
            return array.astype(np.complex128) if array.dtype.itemsize > 16 else array
        if array.dtype.kind in "fbiu":
            return array if array.dtype.kind == "f" else array.astype(np.float64)
        return array.astype(np.float64) if array.dtype.kind == "O" else _refuse(name, leaf)
    except (TypeError, ValueError):
        return _refuse(name, leaf)
    except OverflowError as error:
        raise ValueError(f"{name}: f gave an integer that is too large for float64") from error


def _unmasked(leaf: Any) -> Any:
    """What is masked has no value."""
    if not isinstance(leaf, np.ma.MaskedArray):
        return leaf
    return np.ma.filled(leaf if leaf.dtype.kind in "fc" else leaf.astype(np.float64), np.nan)


def _refuse(name: str, leaf: Any) -> npt.NDArray[Any]:
    raise TypeError(f"{name}: f gave {type(leaf).__name__}, which is not a number. Does f end with `return`?")


def _eps(dtype: np.dtype[Any]) -> float:
    return max(float(np.finfo(dtype).eps), 2.0**-52) if dtype.kind in "fc" else 2.0**-52
