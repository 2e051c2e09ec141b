"""A module under autograd's name whose names are those of other modules, looked up when they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def passing_on(name: str, *sources: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The __getattr__ and the __dir__ of module `name`: each name from the first of the modules, as far as there are, with it.

    What is found is kept in the module, so that it is looked up once.
    """

    def modules() -> list[ModuleType]:
        return [import_module(source) for source in sources if find_spec(source) is not None]

    def listed() -> list[str]:
        return sorted(
            {word for module in modules() for word in getattr(module, "__all__", dir(module)) if word[0] != "_"}
        )

    def look_up(word: str) -> Any:
        if word == "__all__":
            return listed()
        if word.startswith("__") and word != "__version__":  # what the import system asks of a module is not passed on
            raise AttributeError(f"module {name!r} has no attribute {word!r}")
        for module in modules():
            if hasattr(module, word):
                found = vars(sys.modules[name])[word] = getattr(module, word)
                return found
        raise AttributeError(f"module {name!r} has no attribute {word!r}")

    return look_up, listed
