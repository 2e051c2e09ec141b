"""Buffers: the arrays that bibun.numpy makes, which traced values can be stored in. A Buffer is a name for a value.

It starts as a name for an ndarray, and every call on it is a call on that: results are NumPy's own, and nothing is
recorded. When a traced value is stored in it, it becomes a name for a traced array, with that value put in; so do its
views. It has no level of its own: it owns every call it takes part in, puts its value in its place, and the
interpreter that this belongs to sees no Buffer. In-place updates of traced arrays are in arrays/in_place.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any
from weakref import ref

import numpy as np

from bibun.arrays import indexing
from bibun.arrays.array import Array
from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.in_place import outermost_first
from bibun.arrays.lost import refuse_shuffle, refuse_swap
from bibun.arrays.protocol import LIKE
from bibun.arrays.registry import row
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced, new_level
from bibun.interpreters.buffer_operators import install
from bibun.interpreters.filling import highest, make_room
from bibun.interpreters.snapshots import writeable
from bibun.primitives.shapes import inverse
from bibun.tree import Named, named, unnamed

_getitem = row("getitem")
_FEW = 16  # views of one Buffer before the dead ones are looked for
_WRITERS = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}  # to their first argument
_WRITING = {"fill", "put", "sort", "partition", "itemset", "setfield"}  # methods
_COPYING = {"copy", "astype", "flatten", "reshape", "ravel"}  # methods whose result holds the same entries
_ALIKE = {  # they make an array like another; some of these may show the memory of that
    np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.copy, np.astype, np.reshape, np.ravel,
}  # fmt: skip


class Buffer(Traced, Named):
    """An array that can hold traced values. `value` is what it names: an ndarray, or a traced array.

    made    the number of its making: a run of a transform that began later ends before it
    root    of a view: the Buffer whose memory it shows
    calls   of a view: what makes it of the root, once that is known
    shows   of a root: its views, weakly
    shown   of a root: the ndarray that shows its memory to code that takes ndarrays only, weakly
    """

    __slots__ = ("calls", "made", "root", "shown", "shows")
    __hash__ = Traced.__hash__
    __array_priority__ = 2000.0

    made: int
    root: Any
    calls: Any
    shows: list[Any]
    shown: Any
    level = sys.maxsize  # it owns every call, and hands it on with its value in its place
    word = "an array of bibun.numpy"

    def __init__(self, value: Any) -> None:
        if isinstance(value, np.ndarray) and (value.base is not None or not value.flags.c_contiguous):
            value = value.copy(order="C")
        self.value = value
        self.made = new_level()
        self.root = self.calls = self.shown = None
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

    # ---- NumPy's protocols ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        if not settings and method == "__call__":
            return ufunc(*map(named, inputs))  # a ufunc makes new arrays
        written = [*settings.get("out", ()), *(inputs[:1] if method == "at" else ())]
        for buffer in (written := [array for array in written if isinstance(array, Buffer)]):
            make_room(buffer, (*inputs, *settings.values()))
        plain = {name: unnamed(value) for name, value in settings.items()}
        return shown(getattr(ufunc, method)(*map(named, inputs), **plain), written)

    def __array_function__(self, function: Any, types: Any, args: Any, settings: Any) -> Any:
        written = [settings.get("out"), args[0] if args and function in _WRITERS else None]
        for buffer in written:
            if isinstance(buffer, Buffer):
                make_room(buffer, (*args, *settings.values()))
        settings = {name: unnamed(value) for name, value in settings.items()}
        if function in LIKE:  # called with like=, which is this
            top = highest(args)
            made = function(*map(unnamed, args), **settings, like=top)
            return fillable(shown(made, (self, *args)))
        result = shown(function(*map(unnamed, args), **settings), (*args, *settings.values()))
        return fillable(result) if function in _ALIKE else result

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if isinstance(self.value, Traced):
            return self.value.__array__(dtype, copy)
        if copy or (dtype is not None and dtype != self.value.dtype):
            if copy is False:
                raise ValueError("Unable to avoid copy while creating an array as requested.")
            return self.value.astype(dtype or self.value.dtype)
        return self._show() if self.root is None else self.root._show_part(self.value)

    @wraps(np.ndarray.__dlpack__)
    def __dlpack__(self, **settings: Any) -> Any:
        return self.__array__().__dlpack__(**settings)

    __dlpack_device__ = Array.__dlpack_device__
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
        if not part.size:  # nothing is shown, and where it would be may lie outside of the memory
            return np.empty(part.shape, part.dtype)
        whole = self._show()
        first = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        array: Any = np.ndarray(part.shape, part.dtype, whole, first, part.strides)
        array.flags.writeable = writeable(part)
        return array

    # ---- attributes and methods: those of the value -----------------------------------------------------

    reshape: Any

    def __len__(self) -> int:
        if len(self.shape) > 1:
            refuse_shuffle(self.word, sys._getframe(1))
            return self.shape[0]  # the value would take this for where it was asked
        return len(self.value)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.value.shape  # type: ignore[no-any-return]

    @shape.setter
    def shape(self, shape: Any) -> None:
        raise AttributeError("the shape of an array of bibun.numpy cannot be set. Make another: y.reshape(...).")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def base(self) -> Any:
        """Of a view the array whose memory it shows."""
        return self.root

    @property
    def data(self) -> Any:
        """Of a traced value its value alone; else the memory."""
        return self.value.data if isinstance(self.value, Traced) else memoryview(self.__array__())

    @property
    def ctypes(self) -> Any:
        """The memory, for ctypes."""
        return self.__array__().ctypes

    @property
    def flat(self) -> Any:
        """All entries in row-major order, as one axis to write through; what is read from it is a copy."""
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        make_room(self, (value,))
        self.value.flat = unnamed(value)

    def __getattr__(self, name: str) -> Any:
        """What only traced values have."""
        if name in ("kin", "view_of", "views", "value", "written") or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.value, name)

    def __getitem__(self, key: Any) -> Any:
        found = self.value[unnamed(key)]
        if type(found) is not np.ndarray:
            return found
        root = self if self.root is None else self.root
        if found.base is None or found.base is not root.value:  # by index arrays: y[i] += x stores into the copy first
            return fillable(shown(found, (self,)))
        view = _view(root, found)
        if root is self:
            view.calls = ((_getitem, {"key": key if isinstance(key, tuple) else (key,)}),)
        return view

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is int and isinstance(value, (Buffer, Traced)):
            refuse_swap(self.word, sys._getframe(1))
        key, value = unnamed(key), named(value)
        if isinstance(value, (list, tuple)) and holds_traced(value):
            value = as_array(value)
        if isinstance(value, Traced) or isinstance(self.value, Traced) or isinstance(key, Traced) or holds_traced(key):
            make_room(self, (value, key))
            indexing.set_(self.value, key, value)
        else:
            self.value[key] = value

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return named(item) in self.value

    def __divmod__(self, other: Any) -> Any:
        return divmod(self.value, named(other))

    def __rdivmod__(self, other: Any) -> Any:
        return divmod(named(other), self.value)

    def __copy__(self) -> Any:
        return fillable(np.copy(self.value))

    def __deepcopy__(self, memo: Any) -> Any:
        return fillable(np.copy(self.value))

    def __reduce__(self) -> Any:
        return Buffer, (np.array(self.value),)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)


class Flat(Buffer):
    """The y.flat of an array. Its value shows the memory of that where it can; writing to its entries goes there in any case."""

    __slots__ = ("of",)
    __hash__ = Buffer.__hash__

    of: Buffer

    def __init__(self, of: Buffer) -> None:
        self.of, self.made = of, of.made
        self.root = of if of.root is None else of.root
        self.calls, self.shown, self.shows = None, None, []

    @property
    def value(self) -> Any:
        """The entries: read-only where they lie otherwise in the array, so that no update of this copy is lost."""
        held = self.of.value
        if isinstance(held, Traced):
            return held.flat
        flat = held.reshape(-1)
        flat.flags.writeable = flat.flags.writeable and np.may_share_memory(flat, held)
        return flat

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.of).reshape(-1).astype(dtype or self.dtype, copy=copy is not False)

    def __len__(self) -> int:
        return self.of.size  # type: ignore[no-any-return]

    def __getitem__(self, key: Any) -> Any:
        return fillable(self.of.value.flat[unnamed(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        key, value = unnamed(key), unnamed(value)
        make_room(self, (value, key))
        held = self.of.value
        if isinstance(held, Traced):
            indexing.set_(held.flat, key, value)
        else:
            held.flat[key] = value


# ---- names and what they name -----------------------------------------------------------------------------


def fillable(made: Any) -> Any:
    """A new array as one that can hold traced values: of integers, which no derivative goes into, an ndarray.

    One that lies in another order is a transpose of such an array, whose memory lies in rows.
    """
    if type(made) is not np.ndarray or made.dtype.kind not in "fc":
        return made
    if made.flags.c_contiguous:
        return Buffer(made)
    axes = outermost_first(made, made.ndim)
    return Buffer(np.transpose(made, axes)).transpose(inverse(axes))


def _buffers(values: Any) -> Iterator[Buffer]:
    """The Buffers in nested lists and tuples of arguments."""
    for value in values:
        if type(value) is Buffer:
            yield value
        elif type(value) in (list, tuple):
            yield from _buffers(value)


def shown(result: Any, args: Any) -> Any:
    """A result of a call on values: what shows the memory of a Buffer among the arguments is a Buffer too."""
    if type(result) is np.ndarray:
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
    made.value, made.root, made.made, made.calls = array, root, root.made, None
    made.shows, made.shown = [], None
    shows = root.shows
    if len(shows) >= _FEW and not len(shows) & (len(shows) - 1):  # at powers of two: constant cost a view
        shows[:] = [weak for weak in shows if weak() is not None]
    shows.append(ref(made))
    return made


# ---- methods and attributes --------------------------------------------------------------------------------------------


def _method(name: str) -> Any:
    @wraps(getattr(np.ndarray, name))
    def method(self: Buffer, *args: Any, **settings: Any) -> Any:
        if name in _WRITING:
            make_room(self, (*args, *settings.values()))
        if isinstance(settings.get("out"), Buffer):
            make_room(settings["out"], (self, *args))
        if name == "view" and any(_is_array_class(v) for v in (*args, *settings.values())):
            return self.__array__().view(*args, **settings)  # of a class that cannot follow
        result = getattr(self.value, name)(*map(unnamed, args), **{k: unnamed(v) for k, v in settings.items()})
        if isinstance(result, np.generic):
            return result
        result = shown(result, (self, *args, *settings.values()))
        return fillable(result) if name in _COPYING else result

    return method


def _is_array_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, np.ndarray)


def _attribute(name: str) -> Any:
    def read(self: Buffer) -> Any:
        return shown(getattr(self.value, name), (self,))

    def write(self: Buffer, value: Any) -> None:
        make_room(self, (value,))
        setattr(self.value, name, unnamed(value))

    def refuse(self: Buffer, value: Any) -> None:
        raise AttributeError(
            f"{name} of an array of bibun.numpy cannot be set. Make another: y.reshape(...), y.astype(...)."
        )

    return property(read, write if name in ("real", "imag") else refuse)


def _install() -> None:
    for name in dir(np.ndarray):
        if not name.startswith("__") and name not in vars(Buffer):
            make = _method if callable(getattr(np.ndarray, name)) else _attribute
            setattr(Buffer, name, make(name))
    install(Buffer)


_install()
