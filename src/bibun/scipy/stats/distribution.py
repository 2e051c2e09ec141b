"""What families of continuous and of discrete distributions share: their parameters, and what is left to SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.scipy._levels import is_traced


class Distribution:
    """A family of distributions, the base of both kinds.

    name, plain     SciPy's name, and SciPy's family
    shapes          the names of the parameters that are the family's own
    moved_by        the names of those that every family of the kind has
    """

    name: str
    plain: Any
    shapes: list[str]
    moved_by: tuple[str, ...]

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """The distribution of these parameters: its methods take x alone."""
        return Frozen(self, args, settings)

    def __getattr__(self, name: str) -> Any:
        """What has no derivative (rvs, fit, expect, ...) is SciPy's."""
        if name == "plain" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.plain, name)

    def std(self, *args: Any, **settings: Any) -> Any:
        """The standard deviation."""
        if not is_traced(args, settings):
            return self.plain.std(*args, **settings)
        return np.sqrt(self.var(*args, **settings))

    def parameters(self, args: Any, settings: Any) -> tuple[list[Any], Any, Any]:
        """The shapes, loc and scale, from however they are given; scale 1 where the family has none."""
        names = [*self.shapes, *self.moved_by]
        if len(args) > len(names):
            raise TypeError(f"{self.name}: {len(args)} parameters, but it has {len(names)}: {', '.join(names)}.")
        given = dict(zip(names, args, strict=False)) | settings
        missing = [name for name in self.shapes if name not in given]
        if missing or given.keys() - set(names):
            raise TypeError(
                f"{self.name} takes {', '.join(names)}; missing: {missing}, unknown: {sorted(given.keys() - set(names))}."
            )
        shapes = [floats(given[name]) for name in self.shapes]
        return shapes, floats(given.get("loc", 0.0)), floats(given.get("scale", 1.0))


class Frozen:
    """A distribution with its parameters fixed."""

    def __init__(self, family: Any, args: Any, settings: Any) -> None:
        self.dist, self.args, self.kwds = family, args, settings

    def __getattr__(self, name: str) -> Any:
        """A method of the family, with the parameters put in; what has no derivative is SciPy's."""
        if name in ("dist", "args", "kwds") or name.startswith("__"):
            raise AttributeError(name)
        if not hasattr(type(self.dist), name):
            return getattr(self.dist.plain(*self.args, **self.kwds), name)
        method = getattr(self.dist, name)
        if name in ("mean", "var", "std", "entropy"):
            return lambda: method(*self.args, **self.kwds)
        return lambda x: method(x, *self.args, **self.kwds)


def floats(x: Any) -> Any:
    """An array of floats; whole numbers are made ones."""
    x = as_array(x)
    return (x if x.dtype.kind in "fc" else x.astype(float))[()]
