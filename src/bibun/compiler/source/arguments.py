"""The parameters of a program, named as those of the user's function; leaves of containers by how they are reached."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bibun import tree

_STARS: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


class Slot:
    """Stands for leaf `number` of the arguments."""

    def __init__(self, number: int) -> None:
        self.number = number


class Arguments(NamedTuple):
    """parameters: as they stand in brackets; leaves: for each the expression that reaches it; fixed: name = value of what
    is part of the signature."""

    parameters: list[str]
    leaves: list[str]
    fixed: list[str]


def arguments(f: Callable[..., Any], rebuild: Callable[[Sequence[Any]], Any], count: int) -> Arguments:
    """Of a call of f with `count` leaves, which `rebuild` puts into its arguments."""
    args, kwargs = rebuild([Slot(n) for n in range(count)])
    try:
        signature = inspect.signature(f)
        bound = signature.bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return _numbered(args, kwargs, count)
    parameters: list[str] = []
    leaves = [""] * count
    fixed: list[str] = []
    starred = False
    for name, value in bound.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            parameters.append("*")
        starred |= kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_POSITIONAL)
        parameters.append(_STARS.get(kind, "") + name)
        fixed += _reach(name, value, leaves)
    return Arguments(parameters, leaves, fixed)


def _numbered(args: Sequence[Any], kwargs: dict[str, Any], count: int) -> Arguments:
    """Where f does not say how its arguments are called."""
    leaves = [""] * count
    fixed: list[str] = []
    names = [f"x{n}" for n in range(len(args))]
    for name, value in (*zip(names, args, strict=True), *kwargs.items()):
        fixed += _reach(name, value, leaves)
    return Arguments([*names, *(["*", *kwargs] if kwargs else [])], leaves, fixed)


def _reach(name: str, value: Any, leaves: list[str]) -> list[str]:
    """Note how leaves are reached, and give what is fixed."""
    found, _ = tree.flatten(value)
    fixed = []
    for path, leaf in zip(tree.paths(value), found, strict=True):
        if isinstance(leaf, Slot):
            leaves[leaf.number] = name + path
        else:
            fixed.append(f"{name}{path} = {leaf!r:.40}")
    return fixed
