"""The table that the laws are asked of: all families, those of scipy.special too where SciPy is installed."""

from contextlib import suppress

from bibun.arrays.registry import add_special_rows
from bibun.primitives import TABLE

with suppress(ImportError):
    add_special_rows()

__all__ = ["TABLE"]
