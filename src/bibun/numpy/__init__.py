"""bibun.numpy: every name of NumPy, for code that makes its arrays with np.zeros or np.array and changes its import only.

    import bibun.numpy as np

Functions that find traced arrays by themselves are NumPy's own objects, and so are its modules. Those that make arrays
are in creation.py: what they make can hold traced values; those that are given lists of numbers in joining.py, lists.py and
linalg.py.
It is also the namespace of the Python array API standard for traced arrays (x.__array_namespace__()); what NumPy lacks of
that is in standard.py and fft.py.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy

from bibun.numpy.lists import NAMES, taking_lists

if TYPE_CHECKING:  # to a type checker it is NumPy
    from numpy import *  # noqa: F403
else:
    from bibun.numpy.array_class import *  # noqa: F403
    from bibun.numpy.creation import *  # noqa: F403
    from bibun.numpy.joining import *  # noqa: F403
    from bibun.numpy.standard import *  # noqa: F403

    concat = concatenate  # noqa: F405
    __version__ = numpy.__version__

__array_api_version__ = sorted(("2024.12", getattr(numpy, "__array_api_version__", "2022.12")))[0]
__all__ = [*numpy.__all__]
_MODULES = ("linalg", "fft", "random", "special")


def __getattr__(name: str) -> Any:
    """NumPy's own, kept from the first time on; its modules are imported when they are asked for, as by NumPy."""
    found: Any = import_module(f"{__name__}.{name}") if name in _MODULES else getattr(numpy, name)
    globals()[name] = taking_lists(found) if name in NAMES else found
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(numpy)})
