"""Functions that a test file is about, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Collected(list[Callable[..., Any]]):
    """A list that is the decorator of what it holds."""

    def __call__(self, function: F) -> F:
        self.append(function)
        return function
