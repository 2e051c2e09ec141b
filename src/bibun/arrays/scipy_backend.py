"""How scipy.fft finds bibun's functions: as one of the backends that it asks before its own. Owns no transform.

It is registered when scipy.fft has been imported, whether before bibun or after it, and answers for traced arrays only.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from bibun.core.traced import Traced

_WATCHED = "scipy.fft"


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


class _Watch:
    """Finds no module by itself: it waits for the import of scipy.fft, and has the backend registered behind it."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        """What the other finders have, with our loader around its loader."""
        if name != _WATCHED:
            return None
        sys.meta_path.remove(_Watch)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = _Registering(spec.loader)  # type: ignore[assignment]
                return spec
        return None


class _Registering:
    """Loads as the other loader does, and registers."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: Any) -> Any:
        """The other's."""
        return self.loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        """The module as if nobody had watched, and known to the backends."""
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        module.register_backend(_Backend)


def install() -> None:
    """Register now where scipy.fft is there, else as soon as it is. Called once, by `import bibun`."""
    module: Any = sys.modules.get(_WATCHED)
    if module is None:
        sys.meta_path.insert(0, _Watch)
    elif hasattr(module, "register_backend"):  # else it is just being imported, by the thread or line that asks for us
        module.register_backend(_Backend)
