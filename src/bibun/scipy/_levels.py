"""Traced values seen from a solver that knows only plain ones: which levels there are, and what lies below them.

A solver of SciPy's runs on plain arrays, also where the function that it is given returns traced ones; under vmap it runs
once for each entry of the batch. What the solution's derivative is, is not decided here: see _implicit.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from bibun import tree
from bibun.arrays.creation import as_array, holds_traced
from bibun.core.kinds import general
from bibun.core.traced import DEFINE_BY_RUN, Traced, recorded
from bibun.errors import DerivativeValueError, NoDerivativeError, UnrecordableError, located
from bibun.interpreters.batch import Batch, batch

Entry = Mapping[int, int]  # of each batch among the values, by its level: which entry


def refuse_recorded(*values: Any) -> None:
    """Let a compiled function run plainly: what SciPy does with the values of this call is not what it does with others."""
    if any(recorded(value) is not None for value in values):
        raise UnrecordableError("a solver of SciPy's asks for values, and decides by them what to ask for next")


def chain(value: Any) -> Iterator[Traced]:
    """The traced values inside one another, from the innermost level down."""
    while isinstance(value, Traced):
        refuse_recorded(value)
        yield value
        value = value.value


def leaves(*values: Any) -> list[Traced]:
    """The traced arrays among values in containers."""
    return [leaf for leaf in tree.flatten(values)[0] if isinstance(leaf, Traced)]


def is_traced(*values: Any) -> bool:
    """Whether there is any."""
    return bool(leaves(*values))


def batches(*values: Any) -> dict[int, int]:
    """The batches among the values: {level: number of entries}."""
    found = (part for leaf in leaves(*values) for part in chain(leaf) if isinstance(part, Batch))
    return {part.level: np.shape(part.value)[0] for part in found}


def differentiated(*values: Any) -> list[int]:
    """The levels of derivatives among the values, the outermost first."""
    found = (part.level for leaf in leaves(*values) for part in chain(leaf) if not isinstance(part, Batch))
    return sorted(set(found))


def without(value: Any, level: int) -> Any:
    """The value at the levels below `level`, as a constant of the derivatives from there on. Batches stay."""
    if not isinstance(value, Traced) or value.records or (value.level < level and not isinstance(value, Batch)):
        return value
    below = without(value.value, level)
    return batch(below, value.level) if isinstance(value, Batch) else below


def at(value: Any, entry: Entry) -> Any:
    """The plain value in one entry of the batches."""
    for part in chain(value):
        if isinstance(part, Batch):
            if part.level not in entry:
                raise DerivativeValueError(
                    f"{located()}inside vmap the function returned one number at the starting point, and another one for each "
                    "entry of the batch later. Pass what is mapped over in args=."
                )
            return at(part.value[entry[part.level]], entry)
        value = part.value
    return value


def all_at(values: Any, entry: Entry) -> Any:
    """The plain values in containers."""
    return tree.map_(lambda leaf: at(leaf, entry) if isinstance(leaf, Traced) else leaf, values)


def steering(name: str, **settings: Any) -> dict[str, Any]:
    """Settings that decide how a solver goes and not where it arrives (tolerances, first steps, ...): their values alone."""
    for key, value in settings.items():
        if batches(value):
            raise NoDerivativeError(
                f"{located()}{name}: inside vmap {key} is another number for each entry, but it steers one run of SciPy's for "
                "all of them. Give one plain number, or loop."
            )
    return dict(all_at(settings, {}))


def plain_function(f: Callable[..., Any], entry: Entry) -> Callable[..., Any]:
    """f, returning plain numbers where it returns traced ones: it may read some from the code around it."""

    def plain(*args: Any, **settings: Any) -> Any:
        y = f(*args, **settings)
        return at(as_array(y), entry) if holds_traced(y) else y

    return plain


def nested(values: list[Any], sizes: Mapping[int, int]) -> Any:
    """From the plain values of all entries (of the outermost batch slowest) to a batch of batches."""
    levels = sorted(sizes)
    if not levels:
        return values[0]
    found: Any = np.stack([np.asarray(value) for value in values])
    return spread(found.reshape(*(sizes[level] for level in levels), *found.shape[1:]), sizes)


def entries(sizes: Mapping[int, int]) -> list[Entry]:
    """All entries of the batches; one, of none, where there are no batches."""
    levels = sorted(sizes)
    return [dict(zip(levels, chosen, strict=True)) for chosen in product(*(range(sizes[level]) for level in levels))]


def _once(g: Any) -> Any:
    if isinstance(g, Traced) and g.level == DEFINE_BY_RUN:
        raise NoDerivativeError(
            f"{located()}backward(create_graph=True) through a solver of SciPy's: the tape of Variables knows its first "
            "derivative only. For higher ones nest transforms: bibun.grad(bibun.grad(f)), bibun.hessian(f)."
        )
    return g


# x itself, whose derivative on the tape of Variables is a number. The levels of nested transforms are not concerned.
differentiable_once = general(
    lambda x: x, _once, pushforwards=(lambda t: t,), inputs=("x",), batch="elementwise", name="differentiable_once"
)


def moving(value: Any, direction: Any, level: int) -> Any:
    """`value` (of the levels below `level`) with the derivative, at `level` and no other, that `direction` has there."""
    apart = direction - without(direction, level)  # zero, but for its derivative
    return value + (differentiable_once(apart) if level == DEFINE_BY_RUN else apart)


def spread(raw: Any, sizes: Mapping[int, int]) -> Any:
    """An array that has the axes of the batches in front (of the outermost first) as a batch of batches."""
    for level in sorted(sizes):
        raw = batch(raw, level)
    return raw


def gathered(value: Any, sizes: Mapping[int, int]) -> Any:
    """The plain array behind a value, with the axes of all the batches in front: see `spread`."""
    value = without(value, 0)
    for level in sorted(sizes, reverse=True):
        mine = isinstance(value, Batch) and value.level == level
        value = value.value if mine else np.broadcast_to(value, (sizes[level], *np.shape(value)))
    return value


def with_derivatives_of(value: Any, replayed: Any) -> Any:
    """`value`, plain but for batches, with all the derivatives of something that is equal to it."""
    return value + (replayed - without(replayed, 0))
