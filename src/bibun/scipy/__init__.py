"""SciPy's functions with derivatives: bibun.scipy.<module> has the names and parameters of scipy.<module>.

What SciPy passes on to traced arrays by itself (the ufuncs of scipy.special) needs nothing from here. A module is imported
when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules, walk_packages
from types import ModuleType
from typing import Any

from bibun.core.primitive import Primitive

_MODULES = {module.name for module in iter_modules(__path__) if not module.name.startswith("_")}


def __getattr__(name: str) -> Any:
    """bibun.scipy.linalg and its kind."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})


def modules() -> list[ModuleType]:
    """All modules of this room, imported."""
    return [import_module(name) for name in sorted(module.name for module in walk_packages(__path__, f"{__name__}."))]


def rows() -> dict[str, Primitive]:
    """The rows that stand in the modules of this room, or in their `ROWS`, by their names."""
    found: dict[str, Primitive] = {}
    for module in modules():
        standing = (*vars(module).values(), *getattr(module, "ROWS", {}).values())
        found |= {row.name: row for row in standing if isinstance(row, Primitive) and row.name not in found}
    return found
