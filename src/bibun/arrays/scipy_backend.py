"""How SciPy finds bibun's functions. Owns no function of SciPy's.

scipy.fft asks backends before its own transforms: bibun's answers for traced arrays only. scipy.special asks nobody for what
is no ufunc, so a function stands in front of each that bibun.scipy.special has a rule for: it asks its arguments. Both are put
there when the module has been imported, whether before bibun or after it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import FunctionType, SimpleNamespace
from typing import Any

from bibun.arrays.creation import as_array, holds_traced
from bibun.core.traced import Traced

# Of scipy.special, what is no ufunc and has a rule
_ASKING = (
    "assoc_legendre_p assoc_legendre_p_all comb diric factorial factorial2 factorialk h1vp h2vp ivp jvp kvp legendre_p "
    "legendre_p_all lmbda log_softmax logsumexp lqmn lqn multigammaln pbdn_seq pbdv_seq pbvv_seq perm polygamma riccati_jn "
    "riccati_yn softmax sph_harm_y sph_harm_y_all sph_legendre_p sph_legendre_p_all spherical_in spherical_jn spherical_kn "
    "spherical_yn yvp"
)
_SCIPYS: dict[str, Callable[..., Any]] = {}  # those functions themselves


class _Backend:
    """What the protocol __ua_function__ asks for. NotImplemented is its word for: ask the next."""

    __ua_domain__ = "numpy.scipy.fft"

    @staticmethod
    def __ua_function__(method: Any, args: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        for x in args:
            if isinstance(x, Traced):
                break
        else:
            if not any(isinstance(x, Traced) for x in settings.values()):
                return NotImplemented
        return getattr(import_module("bibun.scipy.fft"), method.__name__)(*args, **settings)


def _register(module: Any) -> None:
    if hasattr(module, "register_backend"):  # else it is just being imported, by the thread or line that asks for us
        module.register_backend(_Backend)


def _ask(module: Any) -> None:
    """Put asking functions in the place of SciPy's, where they are defined too, so that pickles of them find them."""
    for name in _ASKING.split():
        plainly = vars(module).get(name)
        if plainly is None:
            continue
        _SCIPYS[name] = plainly
        asking, defining = _asking(plainly), sys.modules[plainly.__module__]
        setattr(module, name, asking)
        if vars(defining).get(name) is plainly:
            setattr(defining, name, asking)


def _asking(plainly: Callable[..., Any]) -> Callable[..., Any]:
    def function(*args: Any, **settings: Any) -> Any:
        if not any(map(holds_traced, (*args, *settings.values()))):
            return plainly(*args, **settings)
        args = tuple(as_array(x) if holds_traced(x) else x for x in args)
        settings = {name: as_array(x) if holds_traced(x) else x for name, x in settings.items()}
        return getattr(import_module("bibun.scipy.special"), plainly.__name__)(*args, **settings)

    if isinstance(plainly, FunctionType):
        return wraps(plainly)(function)
    kind = type(plainly)  # SciPy's MultiUFunc: another one of the same state, and of a class that asks
    asks = {
        "__call__": lambda self, *args, **settings: function(*args, **settings),
        "__module__": kind.__module__,
        "__doc__": vars(kind)["__doc__"],  # a property, of that state
    }
    asking: Callable[..., Any] = object.__new__(type(kind.__name__, (kind,), asks))
    vars(asking).update(vars(plainly))
    return asking


def as_scipy_has_it(special: Any) -> Any:
    """scipy.special with its own functions."""
    return SimpleNamespace(**vars(special) | _SCIPYS)


_WAITING: dict[str, Callable[[Any], None]] = {"scipy.fft": _register, "scipy.special": _ask}


class _Watch:
    """Finds no module by itself: it waits for the import of one of SciPy's, and has something done behind it."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        """What the other finders have, with our loader around its loader."""
        if name not in _WAITING:
            return None
        for finder in list(sys.meta_path):
            spec = None if finder is _Watch else finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = _Loading(spec.loader)  # type: ignore[assignment]
                return spec
        return None


class _Loading:
    """Loads as the other loader does, and does what is to be done behind it. Else it is the other."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def create_module(self, spec: Any) -> Any:
        """The other's."""
        return self.loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        """The module as if nobody had watched, and known to the backends. We wait on where it fails, or is only looked for."""
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        _do(module.__name__, module)


def _do(name: str, module: Any) -> None:
    then = _WAITING.pop(name, None)
    if then is not None:
        then(module)
    if not _WAITING and _Watch in sys.meta_path:
        sys.meta_path.remove(_Watch)


def install() -> None:
    """Do it now where the module is there, else as soon as it is. Called once, by `import bibun`."""
    for name in list(_WAITING):
        if name in sys.modules:
            _do(name, sys.modules[name])
    if _WAITING:
        sys.meta_path.insert(0, _Watch)
