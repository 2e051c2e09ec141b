"""The transpose of a linear map, which the tape knows how to take. A place for it, so that rooms below the tape can ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# transpose(linear, zero, cotangent): the cotangent of the argument of `linear`, a linear map of one array `zero` is
# like. Set by interpreters/tape.py, which alone can turn a pullback around.
_hook: list[Callable[[Callable[[Any], Any], Any, Any], Any]] = []


def provide(transpose: Callable[[Callable[[Any], Any], Any, Any], Any]) -> None:
    """Called once, by the interpreter that can transpose."""
    _hook[:] = [transpose]


def transpose(linear: Callable[[Any], Any], zero: Any, cotangent: Any) -> Any:
    """<cotangent, linear(g)> as a linear function of g, shaped like `zero`: the array c with <c, g>."""
    return _hook[0](linear, zero, cotangent)
