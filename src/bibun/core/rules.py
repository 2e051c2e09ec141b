"""A rule is plain NumPy text whose parameter names say what it reads. Resolves those names; evaluates nothing.

Names a rule may use besides its first parameter (`g` a cotangent, or `t` a tangent):

    y               the output
    x, or a b c     an input, by the name that the primitive gives it
    x_shape         the shape of that input; its values are then not kept
    x_dtype         its dtype, likewise
    xs, xs_shape    all the inputs of a variadic primitive, or their shapes
    needed          (variadic pullbacks only) the positions of the inputs that are differentiated
    anything else   a setting of the call: axis, keepdims, ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

OUTPUT, INPUT, SHAPE, DTYPE, SETTING, INPUTS, SHAPES, NEEDED = range(8)


class Rule(NamedTuple):
    """A formula and the names of what it reads, in the order of its parameters."""

    function: Callable[..., Any]
    reads: tuple[str, ...]


class Missing(Rule):
    """A rule that there is not: asked for, it raises NoDerivativeError, which says why."""

    __slots__ = ()


class Read(NamedTuple):
    """One thing to keep from a call: which kind, and which input or setting."""

    kind: int
    key: Any


def parameters(function: Callable[..., Any], skip: int = 0) -> tuple[str, ...]:
    """The names of the positional parameters, after the first `skip`. (inspect.signature costs 100 times this.)"""
    code = function.__code__
    return code.co_varnames[skip : code.co_argcount]


def rule(function: Callable[..., Any]) -> Rule:
    """A pullback or pushforward: its first parameter is the cotangent or the tangent."""
    return Rule(function, parameters(function, skip=1))


def read(name: str, inputs: Sequence[str] | None) -> Read:
    """What the name stands for in a primitive whose array inputs have these names (None: variadic)."""
    if name == "y":
        return Read(OUTPUT, None)
    if name == "needed":
        return Read(NEEDED, None)
    if inputs is None:
        if name in ("xs", "xs_shape"):
            return Read(INPUTS if name == "xs" else SHAPES, None)
        return Read(SETTING, name)
    if name in inputs:
        return Read(INPUT, inputs.index(name))
    if name.endswith("_shape") and name[:-6] in inputs:
        return Read(SHAPE, inputs.index(name[:-6]))
    if name.endswith("_dtype") and name[:-6] in inputs:
        return Read(DTYPE, inputs.index(name[:-6]))
    return Read(SETTING, name)


def dtype_of(y: Any) -> Any:
    """Of an output; of several, that of the first."""
    first = y[0] if isinstance(y, tuple) else y
    return first.dtype if hasattr(first, "dtype") else np.result_type(first)


def widened(value: Any, dtype: Any, widens: str) -> Any:
    """An input as a formula has it beside an output of this dtype. What is narrower would be computed with as it is: of
    float32 the reciprocal has 7 digits, and of an unsigned whole number the negative wraps around. `widens`: see Primitive."""
    return value.astype(_wide(value.dtype, dtype, widens)) if is_narrow(value, dtype, widens) else value


def is_narrow(value: Any, dtype: Any, widens: str) -> bool:
    """Whether that is another array."""
    have = getattr(value, "dtype", dtype)
    return have is not dtype and bool(widens) and _wide(have, dtype, widens) is not have


@cache
def _wide(have: Any, dtype: Any, widens: str) -> Any:
    """The dtype that an input of dtype `have` is brought to; `have` where it stays."""
    if have.kind not in "biufc" or dtype.kind not in "fc":
        return have
    size = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    if have.kind in "fc":
        parts = 2 if have.kind == "c" else 1
        return np.dtype(f"{have.kind}{parts * size}") if have.itemsize < parts * size else have
    if have.itemsize == 8 and have.kind == "i":
        return have
    whole = widens == "whole" or (size >= 8 and have != np.uint64)  # an order of a function stays one
    return np.dtype(np.int64 if whole else f"f{size}")
