"""The containers of arguments and results, as the entry takes them apart and puts them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bibun.compiler.native.entry import Tree
from bibun.tree import children, is_container


def trees(values: Sequence[Any], varies: Callable[[Any], bool]) -> list[Tree] | None:
    """A Tree for each value, leaves numbered in order; None where there are containers that the entry does not know."""
    numbers = iter(range(10**9))
    found = [_tree(value, varies, numbers) for value in values]
    return None if any(tree is None for tree in found) else [tree for tree in found if tree is not None]


def _tree(value: Any, varies: Callable[[Any], bool], numbers: Iterator[int]) -> Tree | None:
    kind = type(value)
    if varies(value):
        return Tree("leaf", next(numbers))
    if kind in (tuple, list):
        parts = [_tree(part, varies, numbers) for part in value]
        return None if any(part is None for part in parts) else Tree(kind.__name__, parts)
    if kind is dict:
        found = {key: _tree(part, varies, numbers) for key, part in children(value).items()}  # the order of leaves
        named = {key: part for key in value if (part := found[key]) is not None}
        return Tree("dict", named) if len(named) == len(value) else None
    if isinstance(value, np.ndarray) or (is_container(value) and value is not None):
        return None
    return Tree("constant", value)
