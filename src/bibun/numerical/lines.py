"""Lines through x on which f is a function of one number: one entry of x, or a direction. Calls nothing.

A point of a line is x + t v, made anew each time: f may keep it, change it or give it back. Steps are powers of two,
and x is rounded so that x - h and x + h lie equally far from it to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from math import frexp, inf, ldexp
from typing import Any

import numpy as np
import numpy.typing as npt

from bibun.errors import LostDerivativeError

Array = npt.NDArray[Any]
UNBOUNDED = (-inf, inf)


class Point:
    """x: any containers of numbers and arrays. The entries are counted through all leaves, in their order.

    Integers and booleans count as float64. float32 stays float32, so that f computes in what it is used to.
    """

    def __init__(self, name: str, x: Any, what: str = "x") -> None:
        from bibun import tree

        leaves, self.unflatten = tree.flatten(x)
        if x is None:
            raise TypeError(f"{name}: {what} is None, but a number, an array or containers of them are expected")
        self.leaves = [_array(name, leaf, what) for leaf in leaves]
        self._x = x
        self.sizes = [leaf.size for leaf in self.leaves]
        self.starts = np.cumsum([0, *self.sizes])
        self.size = int(self.starts[-1])
        self.is_complex = any(leaf.dtype.kind == "c" for leaf in self.leaves)

    @property
    def described(self) -> str:
        """The containers and the shapes, for a message."""
        from bibun import tree

        paths = tree.paths(self._x)
        if paths == [""]:
            return f"of shape {self.leaves[0].shape}"
        shapes = (f"{path} of shape {leaf.shape}" for path, leaf in zip(paths, self.leaves, strict=True))
        return "(" + ", ".join(shapes) + ")"

    def where(self, entry: int) -> tuple[int, tuple[int, ...]]:
        """The leaf of an entry, and its index there."""
        leaf = int(np.searchsorted(self.starts, entry, side="right")) - 1
        return leaf, tuple(int(i) for i in np.unravel_index(entry - self.starts[leaf], self.leaves[leaf].shape))

    def value(self, entry: int) -> Any:
        leaf, index = self.where(entry)
        return self.leaves[leaf][index]

    def copy(self) -> Any:
        """x as f gets it."""
        return self.unflatten([leaf.copy()[()] for leaf in self.leaves])

    def structure(self, row: Array) -> Any:
        """One number an entry, in the containers and shapes of x."""
        return self.containers(row, lambda part, shape: part.reshape(shape)[()])

    def like_x(self, row: Array) -> Any:
        """The same, with complex numbers for complex leaves only."""
        kinds = iter([leaf.dtype.kind for leaf in self.leaves])
        return self.containers(row, lambda part, shape: (part if next(kinds) == "c" else part.real).reshape(shape)[()])

    def containers(self, rows: Array, make: Callable[[Array, tuple[int, ...]], Any]) -> Any:
        """The containers of x, with what `make` gives for the rows of each leaf and its shape."""
        ends = zip(self.starts[:-1], self.starts[1:], self.leaves, strict=True)
        return self.unflatten([make(rows[start:stop], leaf.shape) for start, stop, leaf in ends])


def _array(name: str, leaf: Any, what: str) -> Array:
    try:
        array = np.array(leaf)
    except LostDerivativeError as error:
        raise LostDerivativeError(
            f"{name}: {what} is a {type(leaf).__name__}, whose derivative would be lost: f is called with plain arrays. Write "
            "x.data where that is meant, or take the derivative with bibun.grad"
        ) from error
    if isinstance(leaf, np.ma.MaskedArray):
        raise TypeError(f"{name}: {what} is a masked array. Pass x.compressed(), or x.filled(value)")
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    if array.dtype.kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError):
            pass  # the message below
        except OverflowError as error:
            raise ValueError(f"{name}: {what} holds an integer that is too large for float64") from error
    if array.dtype.kind not in "fc":
        raise TypeError(
            f"{name}: {what} holds {type(leaf).__name__} of dtype {array.dtype}, but real or complex numbers are expected. "
            "Let f take the numbers only, as in f = lambda x: g(x, other)"
        )
    return array


def takes_complex_step(dtype: np.dtype[Any]) -> bool:
    """Whether a complex step is worth a try: in float32 the complex f is another function than the real one."""
    return dtype.kind == "f" and dtype.itemsize >= 8


class Entry:
    """The line on which one entry of x moves, along the real axis, or along the imaginary one (`unit` = 1j)."""

    __slots__ = ("_index", "_leaf", "_point", "bounds", "mantissa", "scale", "unit", "x")

    def __init__(
        self, point: Point, entry: int, bounds: tuple[float, float] = (-inf, inf), unit: complex = 1.0
    ) -> None:
        self._point, self.unit = point, unit
        self._leaf, self._index = point.where(entry)
        value = point.leaves[self._leaf][self._index]
        self.x = float(value.imag if unit == 1j else value.real)
        self.scale = float(abs(value))
        self.bounds = bounds
        self.mantissa = int(np.finfo(value.dtype).nmant) + 1

    @property
    def takes_complex(self) -> bool:
        return all(takes_complex_step(leaf.dtype) for leaf in self._point.leaves)

    def allows(self, t: float) -> bool:
        return _within(self.bounds, self._point.leaves[self._leaf][self._index], t)

    def at(self, t: float | complex) -> Any:
        """The containers of x with x + t at the entry."""
        point = self._point
        leaves = [leaf.copy() for leaf in point.leaves]
        leaf = leaves[self._leaf]
        if isinstance(t, complex):
            leaves[self._leaf] = leaf = leaf.astype(np.complex128)
            leaf[self._index] += t
        else:
            leaf[self._index] = shifted(leaf[self._index], t, self.unit)
        return point.unflatten([leaf[()] for leaf in leaves])


def shifted(x: Any, t: float, unit: complex = 1.0) -> Any:
    """x + t, with x rounded so that x + |t| and x - |t| are exact."""
    step = x.dtype.type(abs(t) * unit) if unit != 1.0 else x.dtype.type(abs(t))
    center = (x + step) - step
    return center + step if t > 0 else center - step


def _within(bounds: tuple[float, float], x: Any, t: float) -> bool:
    """Whether x + t lies inside, as it is rounded for a real step, and for a complex one."""
    if bounds == UNBOUNDED:
        return True
    low, high = bounds
    real, exact = float(shifted(x, t)) if t else float(x), float(x) + t
    return low <= real <= high and low <= exact <= high


class Number:
    """The line of a single number: f is called with a NumPy scalar of its dtype."""

    __slots__ = ("bounds", "mantissa", "number", "scale", "unit", "x")

    def __init__(self, number: Any, bounds: tuple[float, float] = (-inf, inf), unit: complex = 1.0) -> None:
        self.number, self.unit, self.bounds = number, unit, bounds
        self.x = float(number.imag if unit == 1j else number.real)
        self.scale = float(abs(number))
        self.mantissa = int(np.finfo(number.dtype).nmant) + 1

    @property
    def takes_complex(self) -> bool:
        return takes_complex_step(self.number.dtype)

    def allows(self, t: float) -> bool:
        return _within(self.bounds, self.number, t)

    def at(self, t: float | complex) -> Any:
        """x + t."""
        return np.complex128(self.number) + t if isinstance(t, complex) else shifted(self.number, t, self.unit)


class Direction:
    """The line x + t v, with v scaled by a power of two so that its largest entry is about 1: `factor` undoes it."""

    __slots__ = ("_arrays", "_bounds", "_point", "factor", "mantissa", "scale", "x")

    def __init__(self, point: Point, direction: list[Array], bounds: tuple[Array, Array] | None = None) -> None:
        self._point, self.x = point, 0.0
        largest = max((float(np.max(np.abs(v), initial=0.0)) for v in direction), default=0.0)
        exponent = frexp(largest)[1] if largest else 0
        self.factor = ldexp(1.0, exponent)
        self._arrays = [np.ldexp(v.real, -exponent) if v.dtype.kind != "c" else v / self.factor for v in direction]
        moved = sum(float(np.sum(np.abs(v) ** 2)) for v in self._arrays)
        sizes = [float(np.sum(np.abs(x[v != 0] / 1.0) ** 2)) for x, v in zip(point.leaves, self._arrays, strict=True)]
        self.scale = (sum(sizes) / moved) ** 0.5 if moved else 0.0
        self._bounds = bounds
        self.mantissa = min((int(np.finfo(leaf.dtype).nmant) + 1 for leaf in point.leaves), default=53)

    @property
    def takes_complex(self) -> bool:
        return all(takes_complex_step(leaf.dtype) for leaf in (*self._point.leaves, *self._arrays))

    def allows(self, t: float) -> bool:
        if self._bounds is None:
            return True
        low, high = self._bounds
        for leaves in (self._moved(t), [x + t * v for x, v in zip(self._point.leaves, self._arrays, strict=True)]):
            at = np.concatenate([leaf.ravel() for leaf in leaves])  # as rounded for a real step, and a complex one
            if not np.all((low <= at) & (at <= high)):
                return False
        return True

    def at(self, t: float | complex) -> Any:
        """The containers of x + t v."""
        if isinstance(t, complex):
            leaves = [x + t * v for x, v in zip(self._point.leaves, self._arrays, strict=True)]
        else:
            leaves = self._moved(t)
        return self._point.unflatten([leaf[()] for leaf in leaves])

    def _moved(self, t: float) -> list[Array]:
        leaves = []
        for x, v in zip(self._point.leaves, self._arrays, strict=True):
            step = abs(t) * v
            moved = ((x + step) - step) + (step if t > 0 else -step)
            leaves.append(moved.astype(np.result_type(x, v) if v.dtype.kind == "c" else x.dtype))
        return leaves


Line = Entry | Number | Direction
