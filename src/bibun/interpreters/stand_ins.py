"""What stands for a large array while a recording has not computed it: memory of its shape, dtype and layout.

Nothing of that memory is touched, so that it costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from bibun.arrays.in_place import outermost_first
from bibun.core.primitive import Primitive
from bibun.primitives.shapes import inverse

LARGE = 1 << 15  # entries: arrays of more are computed when somebody asks for them
_SHAPE_ONLY = {  # rows that cannot fail on other values, and give another shape for none
    "sum", "prod", "max", "min", "norm", "tied", "all", "any", "argmax", "argmin", "cumsum", "cumprod", "reshape",
    "transpose", "broadcast_to", "copy", "astype", "getitem", "flip", "roll", "diagonal", "real", "concatenate", "stack",
    "scatter_add", "put", "matmul",
}  # fmt: skip
_ENTRYWISE = {  # of broadcast arguments, though not of the kind that has one derivative for each entry
    "where", "sign", "conjugate", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and",
    "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "isfinite", "isnan",
    "isinf",
}  # fmt: skip
_MOVES = frozenset({"concatenate", "copy", "roll", "stack"})  # entries of any dtype
_NO_MEMORY = frozenset({"reshape", "transpose", "broadcast_to", "diagonal", "getitem", "flip", "real"})  # views


def stand_in(primitive: Primitive, held: list[Any], settings: Mapping[str, Any], *, waits: bool) -> Any:
    """For the value of a call; None where the value is to be computed now. `waits`: whether an operand is a stand-in."""
    if primitive.kind == "elementwise" or primitive.name in _ENTRYWISE:
        return _entrywise(primitive, held, settings, waits=waits)
    if primitive.name == "matmul":
        product = _product_shape(*map(np.shape, held))
        if product is None or not (waits or max(np.size(value) for value in held) >= LARGE):
            return None
        return _laid_as_of_parts(primitive, held, settings, np.empty(product, np.result_type(*held)))
    if not waits or primitive.name not in _SHAPE_ONLY:
        return None
    if primitive.name in _NO_MEMORY:
        return primitive.function(*held, **settings)
    if primitive.name == "astype":
        return _laid_out(np.dtype(settings["dtype"]), np.shape(held[0]), held)
    if primitive.name == "scatter_add":
        return np.empty(settings["shape"], np.result_type(*held))
    if primitive.name in _MOVES and all(isinstance(value, np.ndarray) for value in held):
        nothing = [np.empty(value.shape, "V0") for value in held]  # entries of no bytes
        made = np.empty(primitive.function(*nothing, **settings).shape, np.result_type(*held))
        return _laid_as_of_parts(primitive, held, settings, made)
    bare = [np.broadcast_to(v.dtype.type(), v.shape) if isinstance(v, np.ndarray) else v for v in held]
    if primitive.name == "put" and isinstance(held[0], np.ndarray):
        return _written(held[0], bare[1], settings["key"])
    return _laid_as_of_parts(primitive, held, settings, primitive.function(*bare, **settings))


def _laid_as_of_parts(primitive: Primitive, held: list[Any], settings: Mapping[str, Any], made: Any) -> Any:
    """Memory like that of `made`, which lies as the result does: what the function makes of two entries along each axis shows
    how, since they lie as all entries do."""
    arrays = [value for value in held if isinstance(value, np.ndarray)]
    in_rows = primitive.name != "copy" and all(
        value.flags.c_contiguous for value in arrays
    )  # copies choose their order
    if np.ndim(made) < 2 or not made.size or in_rows:
        return made
    parts = [value[(slice(2),) * value.ndim] if isinstance(value, np.ndarray) else value for value in held]
    with np.errstate(all="ignore"):
        part = primitive.function(*parts, **settings)
    axes = outermost_first(part, part.ndim)
    return np.empty([made.shape[n] for n in axes], made.dtype).transpose(inverse(axes))


def _written(x: np.ndarray[Any, Any], v: Any, key: Any) -> Any:
    """For x with v at the key. Whether that can be put there, NumPy says of an array whose entries are all one."""
    np.ndarray(x.shape, x.dtype, np.empty(1, x.dtype), strides=(0,) * x.ndim)[key] = v
    return np.empty_like(x)


def _entrywise(primitive: Primitive, held: list[Any], settings: Mapping[str, Any], *, waits: bool) -> Any:
    shape = _common_shape(*map(np.shape, held))
    if shape is None or not (waits or prod(shape) >= LARGE):
        return None
    one = [np.ones((1,) * value.ndim, value.dtype) if isinstance(value, np.ndarray) else value for value in held]
    with np.errstate(all="ignore"):
        made = primitive.function(*one, **settings)
    return made if np.shape(made) == shape else _laid_out(np.result_type(made), shape, held)


def may_be_large(value: Any) -> bool:
    """Whether it, or what it is broadcast to, can have LARGE entries."""
    return isinstance(value, np.ndarray) and (value.size >= LARGE or value.ndim > 1)


def _common_shape(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    """Of what is broadcast together; None where they do not fit, which NumPy says best."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def _product_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """Of a @ b; None for a number, and where they do not fit."""
    stack = _common_shape(a[:-2], b[:-2])
    if stack is None or not a or not b or a[-1] != b[max(len(b) - 2, 0)]:
        return None
    return (*stack, *a[-2:-1], *(b[-1:] if len(b) > 1 else ())) or None


def _laid_out(dtype: np.dtype[Any], shape: tuple[int, ...], operands: list[Any]) -> Any:
    """Memory, none of it touched, that lies as that of the result of a ufunc would."""
    arrays = [value for value in operands if isinstance(value, np.ndarray)]
    if len(shape) < 2 or all(value.flags.c_contiguous for value in arrays):
        return np.empty(shape, dtype)
    ways: Any = [["readonly"]] * len(arrays) + [["writeonly", "allocate"]]
    walk = np.nditer([*arrays, None], op_flags=ways, op_dtypes=[*[None] * len(arrays), dtype])
    return walk.operands[-1]
