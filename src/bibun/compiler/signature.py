"""What a compiled program is made for: the containers, shapes, dtypes and static values of a call's arguments."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun import tree
from bibun.core.traced import Traced

_SCALARS = (float, int, bool, complex)


class Signature(NamedTuple):
    """Of one call. `leaves`: the numbers and arrays that vary; `rebuild`: all arguments again, from leaves like these."""

    key: Hashable
    leaves: list[Any]
    rebuild: Callable[[Sequence[Any]], tuple[tuple[Any, ...], dict[str, Any]]]


def lying(leaves: Sequence[Any]) -> tuple[tuple[int, ...] | None, ...]:
    """How arrays lie in memory: their strides, along axes of more than one entry; None of what is in row-major order."""
    return tuple(
        [
            tuple([step for n, step in zip(x.shape, x.strides, strict=True) if n > 1])
            if isinstance(x, np.ndarray) and not x.flags.c_contiguous
            else None
            for x in leaves
        ]
    )


class PlainCall(Exception):
    """The arguments are such that the function itself must be called."""


def signature(args: tuple[Any, ...], kwargs: dict[str, Any], static: tuple[int, ...]) -> Signature:
    """The signature of a call. Raises PlainCall where an argument is traced, of a class with rules of its own, or a
    whole number of more than 64 bits."""
    if kwargs or static or any(tree.is_container(arg) or isinstance(arg, tree.Named) for arg in args):
        return _nested(args, kwargs, static)
    keys = tuple([_key(leaf) for leaf in args])
    if None in keys:
        return _nested(args, kwargs, static)
    return Signature(keys, list(args), _positional)


def _positional(leaves: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return tuple(leaves), {}


def positions(static_argnums: int | Sequence[int]) -> tuple[int, ...]:
    """The numbers of compile's static arguments. Raises TypeError."""
    numbers = tuple(static_argnums) if isinstance(static_argnums, Iterable) else (static_argnums,)
    if not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in numbers):
        raise TypeError(f"compile: static_argnums={static_argnums!r}, but it is the number of an argument, or several.")
    return tuple(int(n) for n in numbers)


def _nested(args: tuple[Any, ...], kwargs: dict[str, Any], static: tuple[int, ...]) -> Signature:
    fixed = {n % len(args): args[n] for n in static if -len(args) <= n < len(args)}
    arguments = (tuple(None if n in fixed else arg for n, arg in enumerate(args)), kwargs)
    whole, spec = tree.structure(arguments)
    keys = [_key(leaf) for leaf in whole]
    varying = [i for i, key in enumerate(keys) if key is not None]
    rest = {i: whole[i] for i, key in enumerate(keys) if key is None}
    count = len(whole)  # a version keeps `rebuild`, which must not keep the arguments of this call

    def rebuild(leaves: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        full = [rest.get(i) for i in range(count)]
        for i, leaf in zip(varying, leaves, strict=True):
            full[i] = leaf
        positional, named = spec.unflatten(full)
        return tuple(fixed.get(n, arg) for n, arg in enumerate(positional)), named

    statics = (*(("static", n, _by_value(v)) for n, v in fixed.items()), *((i, _by_value(v)) for i, v in rest.items()))
    order = tuple(tree.orders(arguments))  # f may go through a dict
    return Signature((spec, order, tuple(keys), statics), [whole[i] for i in varying], rebuild)


def _by_value(value: Any) -> Hashable:
    """A static value: by its value and class where it is hashable, else by identity (which `Held` keeps alive)."""
    try:
        hash(value)
    except TypeError:
        return Held(value)
    kind = type(value)
    if isinstance(value, (tuple, frozenset)):  # (2,) and (2.0,) are equal
        return kind, (frozenset if isinstance(value, frozenset) else tuple)(map(_by_value, value))
    return kind, repr(value) if isinstance(value, (float, complex, np.inexact)) else value  # 0.0 and -0.0 are equal


class Held:
    """Equal to another one only for the same object."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def _key(leaf: Any) -> Hashable:
    """Of a leaf that varies: its shape and dtype, or its class; None for one that is static."""
    kind = type(leaf)
    if kind is np.ndarray:
        if leaf.dtype.kind in "biufc" and leaf.dtype.isnative and leaf.dtype.metadata is None:
            return (leaf.shape, leaf.dtype)
        raise PlainCall
    if kind in _SCALARS:
        if kind is int and not -(2**63) <= leaf < 2**63:
            raise PlainCall
        return (kind,)
    if isinstance(leaf, np.generic):
        if leaf.dtype.kind in "biufc" and kind is leaf.dtype.type:
            return (np.generic, leaf.dtype)
        raise PlainCall
    if isinstance(leaf, (Traced, np.ndarray)):
        raise PlainCall
    return None
