"""Objects beside SciPy's of the same class: what is made of plain arguments has SciPy's object at hand, for plain calls.

So with plain arguments the numbers, the options and the methods are SciPy's, also those that have no derivative. Owns no class.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import getattr_static
from typing import Any, TypeVar

from bibun.scipy._calls import no_rule
from bibun.scipy._levels import is_traced

F = TypeVar("F", bound=Callable[..., Any])

_OURS: dict[type, Callable[[Any], Any]] = {}


class _Kind(type):
    """What SciPy's class makes by other names than its own: BSpline.basis_element(t), PPoly.from_spline(tck)."""

    _theirs: Any = None

    def __getattr__(cls, name: str) -> Any:
        found = None if name.startswith("_") else getattr_static(cls._theirs, name, None)
        if not isinstance(found, (classmethod, staticmethod)):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return _plain_only(getattr(cls._theirs, name), f"{cls.__name__}.{name}", "its arguments are plain")


class Beside(metaclass=_Kind):
    """An object of ours. `_scipy` is SciPy's, where all that it was made of is plain; else None."""

    _scipy: Any = None
    _instead = "evaluate it, which has derivatives"  # of methods that are SciPy's alone

    def __init_subclass__(cls, of: Any = None) -> None:
        if of is not None:
            cls._theirs = of

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        # Ours is set last, so that what comes after it is set by the user: bounds_error, ...
        theirs = vars(self).get("_scipy")
        if theirs is not None and not name.startswith("_") and hasattr(theirs, name):
            setattr(theirs, name, value)

    def __getattr__(self, name: str) -> Any:
        kind = type(self)
        if name.startswith("_") or not (self._scipy is not None or hasattr(kind._theirs, name)):
            raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")
        if self._scipy is None:
            raise AttributeError(
                f"{kind.__name__}.{name} is SciPy's, of plain data, and has no derivative by traced ones: {self._instead}."
            )
        found = getattr(self._scipy, name)
        return _plain_only(found, f"{kind.__name__}.{name}", self._instead) if callable(found) else found


def _plain_only(function: Callable[..., Any], name: str, reason: str) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **settings: Any) -> Any:
        if is_traced(args, settings):
            raise no_rule(name, reason)
        found = function(*(x._scipy if isinstance(x, Beside) and x._scipy is not None else x for x in args), **settings)
        return _OURS.get(type(found), lambda x: x)(found)

    return call


def stands_beside(theirs: type) -> Callable[[F], F]:
    """How an object of this class of SciPy's becomes one of ours."""

    def decorate(make: F) -> F:
        _OURS[theirs] = make
        return make

    return decorate


def plainly(method: F) -> F:
    """A method that is SciPy's for plain arguments of an object that was made of plain ones."""
    name = method.__name__

    @wraps(method)
    def call(self: Any, *args: Any, **settings: Any) -> Any:
        theirs = self._scipy
        if theirs is None or is_traced(args, settings):
            return method(self, *args, **settings)
        return getattr(theirs, name)(*args, **settings)

    return call  # type: ignore[return-value]
