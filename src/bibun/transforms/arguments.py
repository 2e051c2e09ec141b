"""What the transforms share: choosing arguments, checking them, and reading what the function returned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun import tree
from bibun.arrays import in_place
from bibun.core.memory import keep_pages
from bibun.core.traced import Traced, is_masked
from bibun.errors import DerivativeValueError, NoDerivativeError
from bibun.interpreters.variable import Variable, leaf


class Chosen(NamedTuple):
    """The arguments to differentiate by: their leaves, and how to put leaves back into (all the) arguments."""

    leaves: list[Any]
    paths: Callable[[], list[str]]  # how each leaf is named in a message
    rebuild: Callable[[list[Any]], tuple[Any, ...]]  # all arguments, with these leaves in the chosen ones
    shaped: Callable[[list[Any]], Any]  # a result like the chosen arguments


def choose(name: str, args: tuple[Any, ...], argnums: int | Sequence[int]) -> Chosen:
    """Split off the arguments that argnums names."""
    single = isinstance(argnums, (int, np.integer))
    if not single and not (
        isinstance(argnums, Sequence) and all(isinstance(number, (int, np.integer)) for number in argnums)
    ):
        raise TypeError(
            f"{name}: argnums={argnums!r}, but it is the number of an argument (from 0), or a tuple of them."
        )
    numbers: tuple[int, ...] = (int(argnums),) if single else tuple(argnums)  # type: ignore[arg-type]
    for number in numbers:
        if not -len(args) <= number < len(args):
            raise TypeError(
                f"{name}: argnums={argnums}, but the function was called with {len(args)} positional "
                "arguments. Keyword arguments are not differentiated: pass it by position."
            )
    numbers = tuple(number % len(args) for number in numbers)
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"{name}: argnums={argnums} names an argument twice.")
    parts = [tree.flatten(args[number]) for number in numbers]
    counts = [len(leaves) for leaves, _ in parts]

    def paths() -> list[str]:
        return [f"argument {number}{path}" for number in numbers for path in tree.paths(args[number])]

    def split(flat: list[Any]) -> list[Any]:
        found, start = [], 0
        for (_, unflatten), count in zip(parts, counts, strict=True):
            found.append(unflatten(flat[start : start + count]))
            start += count
        return found

    def rebuild(flat: list[Any]) -> tuple[Any, ...]:
        whole = list(args)
        for traced, value in zip(flat, values, strict=True):
            if isinstance(traced, Traced) and not np.shape(value) and not in_place.is_number(value):
                in_place.memory(traced)
        for number, part in zip(numbers, split(flat), strict=True):
            whole[number] = part
        return tuple(whole)

    def shaped(flat: list[Any]) -> Any:
        found = split(flat)
        return found[0] if single else tuple(found)

    values = [value for leaves, _ in parts for value in leaves]
    return Chosen([primal(name, v, i, paths) for i, v in enumerate(values)], paths, rebuild, shaped)


def primal(name: str, value: Any, i: int, paths: Callable[[], list[str]]) -> Any:
    """A value to differentiate at: an array or number of a floating-point dtype."""
    if isinstance(value, Traced):
        found: Any = value.strong()
    elif is_masked(value):
        raise NoDerivativeError(f"{name}: {paths()[i]} is {MASKED}")
    elif isinstance(value, np.ndarray) and type(value) is not np.matrix:
        found = value if value.ndim else value[()]
    elif isinstance(value, (np.generic, float, complex, int)):
        found = np.asarray(value)[()]
    else:
        raise NoDerivativeError(
            f"{name}: {paths()[i]} is {type(value).__name__}, which is neither an array nor a number. Pass an array, or "
            "choose the arguments to differentiate by with argnums=."
        )
    keep_pages(found)
    dtype = found.dtype
    if dtype.kind not in "biufc":
        raise NoDerivativeError(f"{name}: {paths()[i]} has dtype {dtype}, whose entries are no numbers of NumPy's.")
    if dtype.kind not in "fc":
        raise NoDerivativeError(
            f"{name}: {paths()[i]} has dtype {dtype}, and integers do not vary continuously. Pass floats "
            f"({'2.0 instead of 2' if not np.ndim(found) else 'x.astype(float)'}), or choose other arguments with argnums=."
        )
    return found


def variables(leaves: list[Any], level: int) -> list[Variable]:
    """Variables of a tape of their own."""
    return [leaf(value, level) for value in leaves]


def at_level(value: Any, cls: type, level: int, name: str) -> bool:
    """Whether an output belongs to this run of a transform; an output of a later run has escaped from it."""
    if isinstance(value, Traced) and value.level > level:
        raise DerivativeValueError(
            f"{name}: the function returned {value.word} of an inner transform that has ended. Return it from the inner "
            "function, instead of storing it outside."
        )
    return isinstance(value, cls) and value.level == level  # type: ignore[attr-defined]


def number_like(value: Any) -> bool:
    """Whether it can be an output that is differentiated."""
    return isinstance(value, (Traced, np.ndarray, np.generic, float, int, complex))


MASKED = (
    "a masked array, whose masked entries would take part in the calculation. Pass x.filled(value) or x.compressed(), and "
    "the mask beside it: np.where(mask, 0, x)."
)


def refuse_objects(name: str, value: Any) -> None:
    """Raise where an output is an array of objects: traced values may be among them."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        raise NoDerivativeError(
            f"{name}: the function returned an array of objects, whose derivatives would be lost. Return np.stack([a, b]), or "
            "fill an array that was made with np.zeros(n, like=x)."
        )


def outputs(name: str, y: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of what the function returned."""
    leaves, unflatten = tree.flatten(y)
    for value in leaves:
        if not number_like(value):
            raise NoDerivativeError(
                f"{name}: the function returned {type(value).__name__} ({value!r}), which is neither an array nor a number."
            )
        refuse_objects(name, value)
    return leaves, unflatten


def with_aux(name: str, y: Any, has_aux: bool) -> tuple[Any, Any]:
    """(output, aux) of a function that returns a pair, else (output, None)."""
    if not has_aux:
        return y, None
    if not isinstance(y, tuple) or len(y) != 2:
        raise TypeError(
            f"{name}: with has_aux=True the function must return a pair (output, aux), not {type(y).__name__}"
            f"{f' of {len(y)}' if isinstance(y, tuple) else ''}."
        )
    return y


def stripped(value: Any, level: int) -> Any:
    """Auxiliary output without this run's level."""

    def strip(leaf: Any) -> Any:
        while isinstance(leaf, Traced) and leaf.level >= level:
            leaf = leaf.value
        return leaf

    return tree.map_(strip, value)
