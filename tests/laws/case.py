"""One sample call of a row, and how it is called in the list of tests. Owns no sample: cases.py and its kind do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bibun.primitives.indexing import Place

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One sample call: an input is a shape to draw, or an array that is held fixed."""

    inputs: tuple[Any, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    domains: tuple[str, ...] = ()  # instead of the row's
    observe: Callable[[Any], Any] | None = None  # what of the output does not depend on a choice of sign or phase
    wide: bool = True  # whether to ask with complex inputs too, where the function takes them
    tolerance: float = 1e-9  # of numerical derivatives, relative to the largest entry

    @property
    def label(self) -> str:
        """Shapes and settings, short."""
        inputs = " ".join(_word(x) for x in self.inputs)
        settings = ",".join(f"{name}={_word(value)}" for name, value in self.settings.items())
        domains = ",".join(self.domains)
        return ";".join(word for word in (inputs, settings, domains) if word)

    def over(self, *domains: str) -> Case:
        """With inputs from these domains."""
        return replace(self, domains=domains)

    def seen(self, observe: Callable[[Any], Any]) -> Case:
        """With this function of the output in its place."""
        return replace(self, observe=observe)

    def within(self, tolerance: float) -> Case:
        """With numerical derivatives that agree only so far."""
        return replace(self, tolerance=tolerance)

    def real_only(self) -> Case:
        """Only with real inputs."""
        return replace(self, wide=False)


def _word(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype.kind}{_word(value.shape)}"
    if isinstance(value, slice):
        return ":".join("" if n is None else str(n) for n in (value.start, value.stop, value.step))
    if isinstance(value, Place):
        return "place"
    if isinstance(value, tuple | list):
        return f"({','.join(map(_word, value))})"
    return "..." if value is Ellipsis else getattr(value, "__name__", str(value))


def case(*inputs: Any, **settings: Any) -> Case:
    """A case of these shapes (or held arrays) and settings."""
    return Case(inputs, settings)


def alike(names: str, value: Any) -> dict[str, Any]:
    """The same for each of these rows."""
    return dict.fromkeys(names.split(), value)
