"""How a function of this room takes the place of SciPy's: same parameters, and SciPy's own function for plain arguments.

Owns no function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature, signature
from types import ModuleType
from typing import Any

import numpy as np

from bibun.arrays.creation import as_array
from bibun.core.traced import Holder, Traced, plain
from bibun.errors import OTHERWISE, NoDerivativeError, located
from bibun.primitives.repeated import holds

Function = Callable[..., Any]

# They change memory, speed or checks, not the value, but for functions of ours that have them too.
_IGNORED = {"check_finite", "lapack_driver", "lwork", "disp", "blocksize", "workers", "plan"}


def stands_for(function: Callable[..., Any], *, unchecked: str = "") -> Callable[[Function], Function]:
    """For traced arguments, ours; it has the parameters of SciPy's function that change the value, with SciPy's defaults.

    Where SciPy's has check_finite, its arrays are checked here, but for the one that SciPy leaves `unchecked`.
    """
    parameters = signature(function)
    asked = parameters.parameters.get("check_finite")
    checked = set(_arrays(parameters)) - {unchecked} if asked else set()
    several = any(p.kind is Parameter.VAR_POSITIONAL for p in parameters.parameters.values())

    def decorate(ours: Function) -> Function:
        own = signature(ours)
        defaults = {} if several else _defaults(parameters, own)

        @wraps(function)
        def call(*args: Any, **settings: Any) -> Any:
            if not has_traced(args, settings):
                return function(*args, **settings)
            if several:
                return ours(*args, **settings)
            given = parameters.bind(*args, **settings).arguments
            if asked and given.get("check_finite", asked.default):
                check_finite(*(x for name, x in given.items() if name in checked))
            return ours(
                **(defaults | {name: x for name, x in given.items() if name in own.parameters or not _ignored(name)})
            )

        call.__doc__, call.__module__ = ours.__doc__, ours.__module__
        return call

    return decorate


def newer(
    module: ModuleType, name: str, stand: Callable[[Any], Callable[[Function], Function]], ours: Function
) -> Function:
    """Ours for a function that older SciPys do not have: there it says so."""
    if hasattr(module, name):
        return stand(getattr(module, name))(ours)

    def missing(*args: Any, **settings: Any) -> Any:
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}: it came with a newer SciPy")

    return missing


def _defaults(theirs: Signature, ours: Signature) -> dict[str, Any]:
    """SciPy's defaults, which differ between its versions, of the parameters that we have too."""
    found = {name: p.default for name, p in theirs.parameters.items() if p.default is not Parameter.empty}
    return {name: value for name, value in found.items() if name in ours.parameters}


def _arrays(theirs: Signature) -> list[str]:
    """The names of the arrays among the parameters: what must be given, and a second matrix."""
    return [name for name, p in theirs.parameters.items() if p.default is Parameter.empty or name == "b"]


def check_finite(*arrays: Any) -> None:
    """Raise SciPy's error where one of these arrays, or of the arrays in these tuples, has an infinite or undefined entry."""
    for x in arrays:
        if isinstance(x, tuple):
            check_finite(*x)
        elif x is not None and holds(~np.isfinite(plain(as_array(x)))):
            raise ValueError("array must not contain infs or NaNs")


def any_traced(*values: Any) -> bool:
    """Whether one of these arguments is traced."""
    return any(isinstance(value, Traced) for value in values)


def beside(x: Any, value: Any) -> Any:
    """x, traced where a number is that will stand beside its entries: np.pad looks at its first argument alone."""
    return np.asarray(x, like=value) if isinstance(value, Traced) and not isinstance(x, Traced) else x


def as_degrees(n: Any) -> Any:
    """Orders, degrees or weights as an array, if they are a list."""
    return np.asarray(n) if isinstance(n, (list, tuple)) else n


def for_lapack(a: Any) -> Any:
    """An array in the dtype in which SciPy gives it to LAPACK: half precision, and few bits, in single precision."""
    a = as_array(a)
    return a.astype(np.float32) if a.dtype.char in "e?bBhH" else a


def has_traced(args: tuple[Any, ...], settings: dict[str, Any]) -> bool:
    """Whether an argument is traced, or holds something traced."""
    return any(map(_is_traced, (*args, *settings.values())))


def _is_traced(x: Any) -> bool:
    """Whether it is traced, or holds something traced, which may stand in rows of blocks."""
    return any(map(_is_traced, x)) if isinstance(x, (list, tuple)) else isinstance(x, (Traced, Holder))


def _ignored(name: str) -> bool:
    return name in _IGNORED or name.startswith("overwrite_")


def refused(function: Callable[..., Any], reason: str) -> Callable[..., Any]:
    """SciPy's function for plain arguments; for traced ones the reason why there is no derivative, and what to write."""

    @wraps(function)
    def call(*args: Any, **settings: Any) -> Any:
        if has_traced(args, settings):
            raise NoDerivativeError(f"{located()}{function.__name__} has no derivative rule: {reason}. Or {OTHERWISE}.")
        return function(*args, **settings)

    return call


def no_rule(name: str, reason: str) -> NoDerivativeError:
    """One form of a call that has no derivative."""
    return NoDerivativeError(f"{located()}{name} has no derivative rule in this form: {reason}. Or {OTHERWISE}.")


def of_plain_values(function: Callable[..., Any], instead: str) -> Callable[..., Any]:
    """A solver of SciPy's, whose first argument is a function: where that returns a traced value, what to write instead."""

    @wraps(function)
    def call(f: Callable[..., Any], *args: Any, **settings: Any) -> Any:
        @wraps(f)
        def plainly(*inner: Any, **named: Any) -> Any:
            y = f(*inner, **named)
            if isinstance(y, Traced):
                raise no_rule(function.__name__, f"it is for plain numbers; {instead}, which has derivatives")
            return y

        return function(plainly, *args, **settings)

    return call


def remaining(module: ModuleType, reasons: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's __getattr__: what it does not define is SciPy's own, or refuses traced arrays with the reason."""

    def get(name: str) -> Any:
        if name.startswith("_") or not hasattr(module, name):
            raise AttributeError(f"module 'bibun.{module.__name__}' has no attribute {name!r}")
        found = getattr(module, name)
        return refused(found, reasons[name]) if name in reasons else found

    get.reasons = reasons  # type: ignore[attr-defined]  # for the errors of SciPy's own functions, see arrays/lost.py
    return get
