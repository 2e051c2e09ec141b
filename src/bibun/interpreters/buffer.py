"""Buffers: the arrays that bibun.numpy makes, which traced values can be stored in. A Buffer is a name for a value.

It starts as a name for an ndarray, and every call on it is a call on that: results are NumPy's own, and nothing is
recorded. When a traced value is stored in it, it becomes a name for a traced array, with that value put in; so do its
views. It has no level of its own: it owns every call it takes part in, puts its value in its place, and the
interpreter that this belongs to sees no Buffer. In-place updates of traced arrays are in arrays/in_place.py.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import ref

import numpy as np

from bibun.arrays import in_place, indexing
from bibun.arrays.array import FOREIGN, OPERATORS, Array
from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.protocol import LIKE
from bibun.arrays.registry import row
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, bare, new_level, recorded
from bibun.errors import LostDerivativeError, located
from bibun.tree import Named

_getitem = row("getitem")
_FEW = 16  # views of one Buffer before the dead ones are looked for
_WRITERS = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}  # to their first argument
_WRITING = {"fill", "put", "sort", "partition", "itemset", "setfield"}  # methods
_COPYING = {"copy", "astype", "flatten", "reshape", "ravel"}  # methods whose result holds the same entries
_SYMBOLS = {name: getattr(operator, f"__{name}__") for name in OPERATORS}
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


class Buffer(Traced, Named):
    """An array that can hold traced values. `value` is what it names: an ndarray, or a traced array.

    made    the number of its making: a run of a transform that began later ends before it
    root    of a view: the Buffer whose memory it shows
    key     of a view: which entries of the root it shows, once that is known
    shows   of a root: its views, weakly
    shown   of a root: the ndarray that shows its memory to code that takes ndarrays only, weakly
    """

    __slots__ = ("key", "made", "root", "shown", "shows")
    __hash__ = Traced.__hash__
    __array_priority__ = 2000.0

    made: int
    root: Any
    key: Any
    shows: list[Any]
    shown: Any
    level = sys.maxsize  # it owns every call, and hands it on with its value in its place
    word = "an array of bibun.numpy"

    def __init__(self, value: Any) -> None:
        if isinstance(value, np.ndarray) and (value.base is not None or not value.flags.c_contiguous):
            value = value.copy(order="C")
        self.value = value
        self.made = new_level()
        self.root = self.key = self.shown = None
        self.shows = []

    # ---- what every interpreter's value has -------------------------------------------------------------

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """The call on the values."""
        if primitive.kind == "elementwise":  # makes new arrays; by NumPy's own function the quick recorders are found
            return (primitive.function if type(primitive.function) is np.ufunc else primitive)(
                *map(named, args), **settings
            )
        return shown(primitive(*map(named, args), **settings), args)

    def constant(self, value: Any) -> Buffer:
        """A Buffer for a value."""
        return Buffer(named(value))

    def alias(self) -> Any:
        """The value, which in-place updates of this do not reach."""
        return self.value.alias() if isinstance(self.value, Traced) else self.value.copy()

    def strong(self) -> Any:
        """The value; a number where it has shape ()."""
        return self.value.strong() if isinstance(self.value, Traced) else self.value[()]

    def become(self, other: Any) -> None:
        """Take over the entries of another one: what is called with this as out= ends here."""
        self[...] = other.value

    # ---- NumPy's protocols ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        if not settings and method == "__call__":
            return ufunc(*map(named, inputs))  # a ufunc makes new arrays
        out = settings.get("out", ())
        written = (*(o for o in out if isinstance(o, Buffer)), *(inputs[:1] if method == "at" else ()))
        for buffer in written:
            _make_room(buffer, (*inputs, *settings.values()))
        plain = {name: unnamed(value) for name, value in settings.items()}
        return shown(getattr(ufunc, method)(*map(named, inputs), **plain), written)

    def __array_function__(self, function: Any, types: Any, args: Any, settings: Any) -> Any:
        written = [settings.get("out"), args[0] if args and function in _WRITERS else None]
        for buffer in written:
            if isinstance(buffer, Buffer):
                _make_room(buffer, (*args, *settings.values()))
        settings = {name: unnamed(value) for name, value in settings.items()}
        if function in LIKE:  # called with like=, which is this
            top = _highest(args)
            made = function(*map(unnamed, args), **settings, like=top)
            return Buffer(made) if top is None and made is not self.value else shown(made, (self,))
        result = function(*map(unnamed, args), **settings)
        return shown(result, (*args, *settings.values()))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if isinstance(self.value, Traced):
            return self.value.__array__(dtype, copy)
        if copy or (dtype is not None and dtype != self.value.dtype):
            if copy is False:
                raise ValueError("Unable to avoid copy while creating an array as requested.")
            return self.value.astype(dtype or self.value.dtype)
        return self._show() if self.root is None else self.root._show_part(self.value)

    def __dlpack__(self, **settings: Any) -> Any:
        return self.__array__().__dlpack__(**settings)

    def __dlpack_device__(self) -> Any:
        return self.__array__().__dlpack_device__()

    __array_namespace__ = Array.__array_namespace__

    def _show(self) -> Any:
        """The memory of this root as an ndarray. Its base is no ndarray, so that views of it keep this one alive."""
        array = self.shown and self.shown()
        if array is None:
            array = np.asarray(memoryview(self.value))
            self.shown = ref(array)
        return array

    def _show_part(self, part: Any) -> Any:
        """The same for a view of it."""
        whole = self._show()
        first = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        return np.ndarray(part.shape, part.dtype, whole, first, part.strides)

    # ---- attributes and methods: those of the value -----------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return self.value.dtype  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        if name in ("base", "views", "value") or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name in ("data", "ctypes") and not isinstance(self.value, Traced):
            return getattr(self.__array__(), name)
        if name == "flat":
            return self.reshape(-1)
        found = getattr(self.value, name)
        if not callable(found) or isinstance(found, Traced):
            return shown(found, (self,))

        def method(*args: Any, **settings: Any) -> Any:
            if name in _WRITING:
                _make_room(self, (*args, *settings.values()))
            out = settings.get("out")
            if isinstance(out, Buffer):
                _make_room(out, (self, *args))
            call = getattr(self.value, name)
            result = call(*map(unnamed, args), **{k: unnamed(v) for k, v in settings.items()})
            if name in _COPYING and type(result) is np.ndarray and result.base is None:
                return fillable(result)
            return shown(result, (self, *args, *settings.values()))

        return method

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("real", "imag", "flat"):
            _make_room(self, (value,))
            setattr(self.value, name, unnamed(value))
        elif name in ("shape", "dtype", "strides"):
            raise AttributeError(
                f"{name} of an array of bibun.numpy is not to be set: write y = y.reshape(...) or astype."
            )
        else:
            object.__setattr__(self, name, value)

    def __getitem__(self, key: Any) -> Any:
        value = self.value
        found = value[unnamed(key)]
        if type(found) is np.ndarray and found.base is not None:
            return shown(found, (self,))
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        key, value = unnamed(key), named(value)
        if isinstance(value, (list, tuple)) and holds_traced(value):
            value = as_array(value)
        if isinstance(value, Traced) or isinstance(self.value, Traced) or isinstance(key, Traced) or holds_traced(key):
            _make_room(self, (value, key))
            indexing.set_(self.value, key, value)
        else:
            self.value[key] = value

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self.value)

    def __contains__(self, item: Any) -> bool:
        return named(item) in self.value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __complex__(self) -> complex:
        return complex(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __divmod__(self, other: Any) -> Any:
        return divmod(self.value, named(other))

    def __rdivmod__(self, other: Any) -> Any:
        return divmod(named(other), self.value)

    def __copy__(self) -> Buffer:
        return Buffer(self.alias())

    def __deepcopy__(self, memo: Any) -> Buffer:
        return Buffer(self.alias())

    def __reduce__(self) -> Any:
        return Buffer, (np.array(self.value),)

    def __repr__(self) -> str:
        return repr(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)


# ---- names and what they name -----------------------------------------------------------------------------


def named(value: Any) -> Any:
    """What a Buffer names; anything else as it is."""
    return value.value if type(value) is Buffer else value


def fillable(made: Any) -> Any:
    """A new array as one that can hold traced values: of integers, which no derivative goes into, an ndarray."""
    return Buffer(made) if type(made) is np.ndarray and made.dtype.kind in "fc" else made


def unnamed(value: Any) -> Any:
    """The same in lists, tuples and dicts of arguments."""
    if type(value) is Buffer:
        return value.value
    if type(value) in (list, tuple):
        return type(value)(map(unnamed, value))
    if type(value) is dict:
        return {key: unnamed(part) for key, part in value.items()}
    return value


def _buffers(values: Any) -> Iterator[Buffer]:
    """The Buffers in nested lists and tuples of arguments."""
    for value in values:
        if type(value) is Buffer:
            yield value
        elif type(value) in (list, tuple):
            yield from _buffers(value)


def shown(result: Any, args: Any) -> Any:
    """A result of a call on values: what shows the memory of a Buffer among the arguments is a Buffer too."""
    if isinstance(result, np.ndarray):
        if result.base is None:
            return next((arg for arg in args if type(arg) is Buffer and result is arg.value), result)
        for buffer in _buffers(args):
            root = buffer if buffer.root is None else buffer.root
            held = root.value
            if result is buffer.value:
                return buffer
            if result.base is held or (type(held) is np.ndarray and np.may_share_memory(result, held)):
                return _view(root, result)
        return result
    if isinstance(result, Traced):
        return next((buffer for buffer in _buffers(args) if result is buffer.value), result)
    if isinstance(result, (tuple, list)):
        parts = [shown(part, args) for part in result]
        return type(result)._make(parts) if hasattr(result, "_make") else type(result)(parts)
    return result


def _view(root: Buffer, array: Any) -> Buffer:
    """A Buffer for an ndarray that shows the memory of a root."""
    made: Buffer = object.__new__(Buffer)
    made.value, made.root, made.made, made.key = array, root, root.made, None
    made.shows, made.shown = [], None
    shows = root.shows
    if len(shows) >= _FEW and not len(shows) & (len(shows) - 1):  # at powers of two: constant cost a view
        shows[:] = [weak for weak in shows if weak() is not None]
    shows.append(ref(made))
    return made


# ---- storing ----------------------------------------------------------------------------------------------


def _make_room(buffer: Buffer, values: Any) -> None:
    """Let it hold these values: if one of them is traced, it and its family become names for arrays of that level."""
    top = _highest(values)
    root = buffer if buffer.root is None else buffer.root
    held = root.value
    if top is None or (isinstance(held, Traced) and held.level >= top.level):
        return
    if top.level > root.made:
        raise LostDerivativeError(
            f"{located()}{top.word} was stored in an array that was made outside of the function which is transformed, and "
            "outlives it. Make the array inside the function, or return the value."
        )
    views = [view for weak in root.shows if (view := weak()) is not None]
    _check_alone(root, views)
    for view in views:
        view.key = view.key if view.key is not None else _places(view.value, held)
    root.value = _raised(held, top)
    for view in views:
        if not view.value.size:
            view.value = top.constant(bare(view.value))
            continue
        settings = {"key": view.key}
        view.value = in_place.view(root.value, _getitem(root.value, **settings), _getitem, settings)


def _highest(values: Any) -> Any:
    """The traced value of the innermost level in nested containers of arguments; None where nothing is traced."""
    top = None
    for value in values:
        value = named(value)
        if isinstance(value, (list, tuple)):
            value = _highest(value)
        if isinstance(value, Traced) and (top is None or value.level > top.level):
            top = value
    return top


def _raised(held: Any, top: Traced) -> Any:
    """A value of the level of `top` with these entries."""
    if isinstance(held, Traced):
        return top.constant(held.alias())
    if recorded(top) is not None and held.size and (held == held.flat[0]).all():
        return top.constant(np.broadcast_to(held.flat[0], held.shape))  # one number, which a recording can see
    return top.constant(held)


def _check_alone(root: Buffer, views: list[Buffer]) -> None:
    """Refuse where something shows the entries that could not follow."""
    ours = [view.value for view in views]
    others = [weak() for weak in getattr(root.value, "views", ())] if isinstance(root.value, Traced) else []
    if any(other is not None and not any(other is mine for mine in ours) for other in others):
        raise LostDerivativeError(
            f"{located()}a value of an inner transform was stored in an array of which there is a view that holds values of "
            "an outer one. Make the array inside the inner function, or return the value."
        )
    foreign = root.shown is not None and root.shown() is not None
    if foreign or any(view.dtype.itemsize != root.dtype.itemsize for view in views):
        raise LostDerivativeError(
            f"{located()}a traced value was stored in an array whose memory an ndarray shows (np.asarray(y) of NumPy's, "
            "y.real of a complex y), and that ndarray could not follow. Store into a copy: y = y.copy()."
        )


def _places(part: Any, whole: Any) -> tuple[Any, ...]:
    """The key of the entries of `whole`, which lie in row-major order, that an ndarray shows."""
    size = whole.dtype.itemsize
    first = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    steps = np.zeros(part.shape, int) + first // size
    for axis, stride in enumerate(part.strides):
        steps += (np.arange(part.shape[axis]) * (stride // size)).reshape(-1, *(1,) * (part.ndim - axis - 1))
    return np.unravel_index(steps, whole.shape) if whole.ndim else (None,) * part.ndim


# ---- operators --------------------------------------------------------------------------------------------


def _binary(function: Callable[[Any, Any], Any]) -> Any:
    return lambda self, other: NotImplemented if isinstance(other, FOREIGN) else function(self.value, named(other))


def _reflected(function: Callable[[Any, Any], Any]) -> Any:
    return lambda self, other: NotImplemented if isinstance(other, FOREIGN) else function(named(other), self.value)


def _augmented(function: Callable[[Any, Any], Any], in_memory: Callable[[Any, Any], Any]) -> Any:
    def update(self: Buffer, other: Any) -> Any:
        if isinstance(other, FOREIGN):
            return NotImplemented
        other = named(other)
        if isinstance(other, Traced) or isinstance(self.value, Traced):
            _make_room(self, (other,))
            in_place.assign(self.value, function(self.value, other))
        else:
            in_memory(self.value, other)
        return self

    return update


def _unary(function: Callable[[Any], Any]) -> Any:
    return lambda self: function(self.value)


def _install() -> None:
    for name, function in _SYMBOLS.items():
        setattr(Buffer, f"__{name}__", _binary(function))
        setattr(Buffer, f"__r{name}__", _reflected(function))
        setattr(Buffer, f"__i{name}__", _augmented(function, getattr(operator, f"__i{name}__")))
    for name in _COMPARISONS:
        setattr(Buffer, f"__{name}__", _binary(getattr(operator, name)))
    for function in (operator.neg, operator.pos, operator.abs, operator.invert):
        setattr(Buffer, f"__{function.__name__.strip('_')}__", _unary(function))


_install()
