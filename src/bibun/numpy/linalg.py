"""The functions of numpy.linalg, of arrays and of lists in which traced values stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy import linalg

from bibun.numpy.lists import taking_lists

if TYPE_CHECKING:  # to a type checker it is NumPy's
    from numpy.linalg import *  # noqa: F403

__all__ = [*linalg.__all__]
_OF_SEVERAL = ("multi_dot",)  # a list of matrices, among which it looks for traced ones by itself


def __getattr__(name: str) -> Any:
    """NumPy's own, kept from the first time on."""
    found: Any = getattr(linalg, name)
    plainly = isinstance(found, type) or not callable(found) or name not in __all__ or name in _OF_SEVERAL
    globals()[name] = found if plainly else taking_lists(found)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(linalg)})
