"""The vector space of a value: shapes, zeros, bases, inner products of arrays and containers. Differentiates nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from bibun import tree
from bibun.compat.autograd.tracer import _own_containers
from bibun.transforms.arguments import number_like


class VSpace:
    """The space of values like `value`: a number, an array, or a container of them.

    shape: of an array its shape; of a container the same container of spaces. size counts real numbers: a complex
    entry is two. dtype, ndim, iscomplex: of an array.
    """

    def __init__(self, value: Any) -> None:
        leaves, self._rebuild = tree.flatten(value)
        self._structure = tree.structure(value)[1]
        for leaf in leaves:
            if not number_like(leaf):
                raise TypeError(
                    f"Can't find vector space for value {leaf!r} of type {type(leaf)}: it is neither an array nor a number, "
                    "nor a container of them."
                )
        self._parts = [(np.shape(leaf), np.result_type(leaf)) for leaf in leaves]
        if tree.is_container(value):
            self.shape: Any = self._rebuild([VSpace(leaf) for leaf in leaves])
        else:
            ((self.shape, self.dtype),) = self._parts
            self.ndim = len(self.shape)
            self.iscomplex = self.dtype.kind == "c"

    def __init_subclass__(cls) -> None:
        raise _own_containers(f"the class {cls.__name__} derives from VSpace")

    @classmethod
    def register(cls, value_type: type, vspace_maker: Any = None) -> NoReturn:
        """Refused: spaces of types of one's own."""
        raise _own_containers(f"VSpace.register({value_type.__name__})")

    @property
    def size(self) -> int:
        """How many real numbers a value holds."""
        return sum(int(np.prod(shape)) * (2 if dtype.kind == "c" else 1) for shape, dtype in self._parts)

    def zeros(self) -> Any:
        """The value of zeros."""
        return self._rebuild([np.zeros(shape, dtype)[()] for shape, dtype in self._parts])

    def ones(self) -> Any:
        """The value of ones; 1 + 1j where complex."""
        return self._rebuild([np.full(shape, _one(dtype), dtype)[()] for shape, dtype in self._parts])

    def standard_basis(self) -> Iterator[Any]:
        """The unit values, one a real number; of a complex entry 1 and 1j."""
        for k, (shape, dtype) in enumerate(self._parts):
            for index in np.ndindex(*shape):
                for unit in (1, 1j) if dtype.kind == "c" else (1,):
                    leaves = [np.zeros(*part) for part in self._parts]
                    leaves[k][index] = unit
                    yield self._rebuild([leaf[()] for leaf in leaves])

    def randn(self) -> Any:
        """A value of normal random numbers, from np.random's global state: that is what autograd's programs seed."""
        return self._rebuild([_normal(shape, dtype)[()] for shape, dtype in self._parts])

    def add(self, x: Any, y: Any) -> Any:
        """x + y."""
        return self._each(lambda a, b: a + b, x, y)

    def mut_add(self, x: Any, y: Any) -> Any:
        """x + y, where x may be None for zeros; a new value."""
        return y if x is None else self.add(x, y)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """a x."""
        return self._each(lambda part: part * a, x)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """Re sum conj(x) y."""
        products = self._each(lambda a, b: np.real(np.sum(np.conj(a) * b)), x, y)
        return sum(tree.flatten(products)[0])

    def covector(self, x: Any) -> Any:
        """conj(x): from a vector to the gradient in its direction, and back."""
        return self._each(np.conj, x)

    def _each(self, function: Any, *values: Any) -> Any:
        leaves = zip(*(tree.flatten(value)[0] for value in values), strict=True)
        return self._rebuild([function(*parts) for parts in leaves])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VSpace) and (self._structure, self._parts) == (other._structure, other._parts)

    def __hash__(self) -> int:
        return hash((self._structure, tuple(self._parts)))

    def __repr__(self) -> str:
        return f"VSpace({', '.join(f'{dtype}{list(shape)}' for shape, dtype in self._parts)})"


def vspace(value: Any) -> VSpace:
    """The space of values like `value`."""
    return VSpace(value)


def _one(dtype: np.dtype[Any]) -> complex:
    return 1 + 1j if dtype.kind == "c" else 1


def _normal(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    drawn = np.random.standard_normal(shape)  # noqa: NPY002  the state that np.random.seed sets
    if dtype.kind == "c":
        drawn = drawn + 1j * np.random.standard_normal(shape)  # noqa: NPY002
    return np.asarray(drawn).astype(dtype)
