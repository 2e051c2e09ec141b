"""Python's containers and type tests. Containers hold traced values as they are, so they need no box of their own."""

from __future__ import annotations

import builtins
from typing import Any

from bibun.compat.autograd.tracer import class_of
from bibun.core.traced import bare

tuple, list, dict = builtins.tuple, builtins.list, builtins.dict


def type(x: Any, *rest: Any) -> Any:
    """The class of x, or of the plain array or number that a traced x stands for."""
    return builtins.type(x, *rest) if rest else class_of(x)


def isinstance(x: Any, classes: Any) -> bool:
    """Whether x, or the plain array or number that a traced x stands for, is of one of the classes."""
    return builtins.isinstance(bare(x), classes)
