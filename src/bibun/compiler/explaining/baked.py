"""What of the code around a function the program reads at each call, and what it has kept from the first one.

Arrays are read; numbers, and what was computed from plain arrays and numbers alone, are as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bibun.compiler.around import Around
from bibun.compiler.source.program import Listing, described

_RANDOM = {"random", "default_rng", "RandomState", "Generator"}
_PLAIN = 4.0  # numbers up to this that are whole or halves are of formulas
_SHOWN = 8


def live(listing: Listing) -> list[str]:
    """Arrays that are read at each call, by name."""
    found = [(name, array) for array in listing.names.read.values() if (name := listing.reached(array))]
    views = [(name, array, listing.around.viewed(array)) for name, array in listing.names.captured.items()]
    lines = [f"{name}: {described(array)}" for name, array in found]
    return lines + [f"{name}: {described(a)}, a view of {of.name}{of.path}" for name, a, of in views if of is not None]


def kept(listing: Listing, constants: list[Any], results: Any) -> Iterator[str]:
    """What the first call has left in the program."""
    around = listing.around
    made = [(n, a) for n, a in listing.names.captured.items() if around.viewed(a) is None]
    if made:
        shown = ", ".join(f"{name} {described(array)}" for name, array in made[:_SHOWN])
        yield f"arrays that it made, or found in objects: {shown}{_more(made)}"
    named = [(name, value) for name, value in around.numbers() if _among(value, constants)]
    if named:
        yield f"numbers of the code around: {', '.join(f'{n} = {v!s}' for n, v in dict(named).items())}"
    others = [v for v in constants if not _is_usual(v, around, [value for _, value in named])]
    if others:
        shown = ", ".join(f"{value!s:.24}" for value in others[:_SHOWN])
        yield f"other numbers, computed in it or of a derivative's formula: {shown}{_more(others)}"
    fixed = [
        leaf for leaf, cls in zip(results.leaves, results.classes, strict=True) if cls is None and leaf is not None
    ]
    if fixed:
        yield f"results that do not depend on the arguments: {len(fixed)} of {len(results.leaves)}"
    if around.names & _RANDOM:
        yield "random numbers: the code draws some, and each call goes on with those of the first one"


def _more(things: list[Any]) -> str:
    return f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""


def _among(value: Any, constants: list[Any]) -> bool:
    return any(type(value) is type(c) and value == c for c in constants)


def _is_usual(value: Any, around: Around, named: list[Any]) -> bool:
    """A number that stands in the code, has been named, or is of no interest: 1, 2, 0.5, True."""
    if isinstance(value, (bool, np.bool)) or value != value or any(value == other for other in named):
        return True
    if any(value == literal for literal in around.literals):
        return True
    return bool(abs(value) <= _PLAIN and (2 * value) == np.rint(np.real(2 * value)))
