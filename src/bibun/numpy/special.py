"""The ufuncs of scipy.special by their names: where SciPy looks for those of an array's own library (SCIPY_ARRAY_API=1)."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """The ufunc itself, which SciPy has wrapped then."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from scipy import special  # type: ignore[import-untyped]

    function = getattr(special, name)
    return getattr(function, "__wrapped__", function)
