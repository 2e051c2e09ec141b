"""Array: what a traced value shares with an ndarray: operators, attributes, and NumPy's two protocols.

The methods are in methods.py. Which interpreter an Array belongs to, and what it does with a call, is its class's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NoReturn

import numpy as np

from bibun.arrays import in_place, indexing, lost, methods, protocol, sparse
from bibun.arrays.kinship import root_of
from bibun.arrays.registry import row
from bibun.core.primitive import ByClass
from bibun.core.traced import Holder, Traced, bare, of_masked, plain
from bibun.errors import located
from bibun.tree import Named, named

OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "power", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
COMPARISONS = {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
}  # fmt: skip
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}
_STANDARDS = (None, "2021.12", "2022.12", "2023.12", "2024.12")
_NO_OPERANDS = (str, bytes, dict, set, type(None), Named, Holder)


def _is_foreign(kind: type) -> bool:
    """Never an operand: Python then says so, naming both types, or asks what names a value to put that in its place. The
    operator of a masked array asks for an array, and is told what is lost."""
    return (
        issubclass(kind, _NO_OPERANDS)
        or sparse.is_class(kind)
        or of_masked(kind)
        or getattr(kind, "__array_ufunc__", kind) is None  # NumPy's way to say that it has operators of its own
    )


FOREIGN = ByClass(_is_foreign)


def _ways() -> dict[tuple[type, complex], Any]:
    """The exponents of which NumPy's operator takes another function than np.power: told by what it makes of an infinity."""
    z = np.array([complex(np.inf, 1.0), complex(1e200, 1e200)])
    with np.errstate(all="ignore"):
        return {
            (type(exponent), exponent): row(name)
            for name, exponents in (("square", (2, 2.0)), ("reciprocal", (-1, -1.0)), ("sqrt", (0.5,)))
            for exponent in exponents
            if (z**exponent).tobytes() == getattr(np, name)(z).tobytes()
        }


_WAYS = _ways()


def way_of_power(array: Any, exponent: Any) -> Any:
    """The row of array ** exponent for a complex array; None where it is that of np.power. Of real numbers both are alike, but
    for roots of -infinity."""
    kind = type(exponent)
    if (kind is not int and kind is not float) or array.dtype.kind != "c" or in_place.is_number(array):
        return None
    return _WAYS.get((kind, exponent))


def raised(base: Any, exponent: Any) -> Any:
    """base ** exponent, of a traced base"""
    way = way_of_power(base, exponent)
    return row("power")(base, exponent) if way is None else way(base)


def refuse_shape(array: Traced, shape: Any) -> NoReturn:
    """x.shape = shape, which the views of an ndarray do not follow."""
    raise AttributeError(
        f"{located()}the shape of {array.word} cannot be set in place. Make another: y = x.reshape({shape!r})."
    )


class Array(Traced, methods.Methods):
    """A traced array: code written for ndarrays runs on it, and each call goes to a row of the table."""

    __slots__ = ()
    __hash__ = Traced.__hash__
    __array_priority__ = 1000.0

    def __init_subclass__(cls) -> None:
        lost.keep_our_words(cls)

    @property
    def data(self) -> Any:
        """The value alone, as a read-only ndarray: what is computed from it has no derivative."""
        if isinstance(self.value, Array):
            return self.value.data
        view = np.asarray(self.value).view()
        view.flags.writeable = False
        return view

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes, as the code that runs on this value sees them."""
        return self.value.shape  # type: ignore[no-any-return]

    @shape.setter
    def shape(self, shape: Any) -> None:
        refuse_shape(self, shape)

    @property
    def base(self) -> Any:
        """Of a view the array whose memory it shows."""
        root = root_of(self)
        return None if root is self else root

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        value = self.value
        return value.dtype if isinstance(value, (Traced, np.ndarray, np.generic)) else np.result_type(value)

    @property
    def nbytes(self) -> int:
        """The bytes of the entries."""
        return self.size * self.dtype.itemsize

    @property
    def itemsize(self) -> int:
        """The bytes of one entry."""
        return self.dtype.itemsize

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        return protocol.ufunc(self, ufunc, method, inputs, settings)

    def __array_function__(self, function: Any, types: Any, args: Any, settings: Any) -> Any:
        return protocol.function(self, function, args, settings)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if sparse.asks():
            return sparse.boxed(self)
        raise lost.as_ndarray(self)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The functions of the Python array API standard for this array."""
        if api_version not in _STANDARDS:
            raise ValueError(
                f"version {api_version!r} of the array API standard is not supported; the latest is 2024.12."
            )
        return import_module("bibun.numpy")

    @property
    def device(self) -> str:
        """Where the entries are."""
        return "cpu"

    def to_device(self, device: str, /, *, stream: Any = None) -> Any:
        """Itself: there is one device."""
        if device != "cpu" or stream is not None:
            raise ValueError(
                f"to_device({device!r}, stream={stream!r}): the arrays of bibun are on 'cpu', without streams."
            )
        return self

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        raise lost.as_ndarray(self)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the processor, in DLPack's numbers

    def __float__(self) -> float:
        if lost.steers(self):
            return float(plain(row("search_start")(self)))
        raise lost.as_number(self, "float")

    def __int__(self) -> int:
        raise lost.as_number(self, "int")

    def __trunc__(self) -> int:
        return int(self)

    def __complex__(self) -> complex:
        raise lost.as_number(self, "complex")

    def __index__(self) -> int:
        raise lost.as_number(self, "int")

    def item(self, *args: Any) -> Any:
        """Refused: a Python number has no derivative."""
        raise lost.as_number(self, "item")

    def tolist(self) -> Any:
        """Refused: Python numbers have no derivative."""
        raise lost.as_number(self, "tolist")

    def __bool__(self) -> bool:
        return bool(self.value)

    def __format__(self, spec: str) -> str:
        if str(sys._getframe(1).f_globals.get("__name__")).startswith("scipy.sparse."):
            raise lost.as_ndarray(self)  # of an error of SciPy's in the place of ours
        return format(bare(self), spec) if spec else repr(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        if len(self.shape) > 1:
            lost.refuse_shuffle(self.word, sys._getframe(1))
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def __reversed__(self) -> Iterator[Any]:
        return (self[i] for i in reversed(range(len(self))))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    def __getitem__(self, key: Any) -> Any:
        return indexing.get(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is int and isinstance(value, Array) and (getattr(value, "view_of", None) or (None,))[0] is self:
            lost.refuse_swap(self.word, sys._getframe(1))
        indexing.set_(self, key, value)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __pow__(self, other: Any, modulo: None = None) -> Any:
        if FOREIGN[type(other)] or modulo is not None:
            return sparse.beside(row("power"), self, other)
        return raised(self, other)

    def __copy__(self) -> Any:
        return self.copy("K")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy("K")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({bare(self)!r})"


def _install() -> None:
    """The operators, from their rows."""
    for name, primitive in OPERATORS.items():
        if name != "pow":
            setattr(Array, f"__{name}__", _binary(row(primitive)))
        setattr(Array, f"__r{name}__", _reflected(row(primitive)))
        setattr(Array, f"__i{name}__", _augmented(raised if name == "pow" else row(primitive)))
    for name, reflected in (("__matmul__", False), ("__rmatmul__", True)):
        setattr(Array, name, sparse.operator(row("matmul"), reflected=reflected, foreign=FOREIGN))
    for name, primitive in COMPARISONS.items():
        setattr(Array, f"__{name}__", _binary(row(primitive)))
    setattr(Array, "__eq__", _equality(_binary(row("equal"))))  # noqa: B010
    for name, primitive in UNARY.items():
        setattr(Array, f"__{name}__", _unary(row(primitive)))


def _binary(primitive: Any) -> Any:
    return lambda self, other: sparse.beside(primitive, self, other) if FOREIGN[type(other)] else primitive(self, other)


def _equality(equal: Any) -> Any:
    """Refused where a norm asks which order it has been given: a norm of its own for 1 and for 2 does not depend on it."""

    def asked(self: Any, other: Any) -> Any:
        asker = sys._getframe(1)
        if asker.f_code.co_name in lost.OF_AN_ORDER:
            lost.refuse_order(self, asker)
        return equal(self, other)

    return asked


def _reflected(primitive: Any) -> Any:
    return lambda self, other: sparse.beside(primitive, other, self) if FOREIGN[type(other)] else primitive(other, self)


def _augmented(primitive: Any) -> Any:
    def update(self: Any, other: Any) -> Any:
        other = named(other)
        if FOREIGN[type(other)]:
            return NotImplemented
        return NotImplemented if in_place.is_number(self) else in_place.assign(self, primitive(self, other))

    return update


def _unary(primitive: Any) -> Any:
    return lambda self: primitive(self)


_install()
