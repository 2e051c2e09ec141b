"""Nested containers: any nesting of tuples, lists, dicts, named tuples and dataclasses. optree does the work.

optree is imported at the first container: a single array needs no tree, and `import bibun` stays as quick as numpy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from types import NoneType
from typing import Any

_NAMESPACE = "bibun"
_registered: set[type] = set()
_registering = Lock()  # optree refuses a class that another thread has just registered


class Named:
    """A leaf that only names its `value`: that is what flatten gives in its place."""

    __slots__ = ()

    value: Any


def named(leaf: Any) -> Any:
    """What a leaf names; any other leaf itself."""
    return leaf.value if isinstance(leaf, Named) else leaf


def unnamed(value: Any) -> Any:
    """The same in lists, tuples and dicts of arguments."""
    if isinstance(value, Named):
        return value.value
    if type(value) in (list, tuple):
        return type(value)(map(unnamed, value))
    if type(value) is dict:
        return {key: unnamed(part) for key, part in value.items()}
    return value


def is_container(tree: Any) -> bool:
    """Whether it holds leaves, rather than being one. None holds nothing."""
    return isinstance(tree, (tuple, list, dict, deque, NoneType)) or hasattr(type(tree), "__dataclass_fields__")


def flatten(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves, and the function that puts leaves back into the same containers."""
    if not is_container(tree):
        return [named(tree)], _only
    import optree

    leaves, spec = optree.tree_flatten(tree, namespace=_NAMESPACE)
    fresh = {type(leaf) for leaf in leaves if hasattr(type(leaf), "__dataclass_fields__")}
    if fresh:
        for cls in fresh:
            _register(cls)
        return flatten(tree)
    return list(map(named, leaves)), spec.unflatten


def structure(tree: Any) -> tuple[list[Any], Any]:
    """The leaves, and what the containers are: equal for equal containers, hashable, with `unflatten(leaves)`."""
    import optree

    flatten(tree)  # registers dataclasses
    leaves, spec = optree.tree_flatten(tree, namespace=_NAMESPACE)
    return list(map(named, leaves)), spec


def orders(tree: Any) -> list[tuple[Any, ...]]:
    """The keys of each dict in the order that it has them, and their classes: a structure is equal for any order, and for
    keys that are equal as 1 and True are."""
    import optree

    found: list[tuple[Any, ...]] = []

    def look(node: Any) -> bool:
        if isinstance(node, dict):
            found.append((*node, *map(type, node)))
        return False

    optree.tree_leaves(tree, is_leaf=look, namespace=_NAMESPACE)
    return found


def _only(leaves: list[Any]) -> Any:
    return leaves[0]


def _register(cls: type) -> None:
    """A dataclass is a container of its fields."""
    import dataclasses

    import optree

    names = tuple(field.name for field in dataclasses.fields(cls))

    def unflatten(_: Any, values: Any) -> Any:
        made: Any = object.__new__(cls)  # a frozen dataclass, or one that checks its fields, need not be built again
        for name, value in zip(names, values, strict=True):
            object.__setattr__(made, name, value)
        return made

    def fields(tree: Any) -> Any:
        return tuple(getattr(tree, name) for name in names), None, names

    with _registering:
        if cls not in _registered:
            optree.register_pytree_node(cls, fields, unflatten, namespace=_NAMESPACE)
            _registered.add(cls)


def children(tree: Any) -> dict[Any, Any]:
    """What a container holds, by key, position or field; nothing for a leaf."""
    if not is_container(tree):
        return {}
    import optree

    flatten(tree)  # registers dataclasses
    level = optree.tree_flatten_one_level(tree, namespace=_NAMESPACE)
    return dict(zip(level.entries, level.children, strict=True))


def map_(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same containers with the function of each leaf."""
    leaves, unflatten = flatten(tree)
    return unflatten([function(leaf) for leaf in leaves])


def paths(tree: Any) -> list[str]:
    """How each leaf is reached, as Python writes it: ['w'][0]; empty for a tree that is one leaf."""
    if not is_container(tree):
        return [""]
    import optree

    flatten(tree)  # registers dataclasses
    accessors, *_ = optree.tree_flatten_with_accessor(tree, namespace=_NAMESPACE)
    return [accessor.codify("") for accessor in accessors]
