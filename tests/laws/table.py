"""The table that the laws are asked of: all families, and where SciPy is installed the rows of its functions too."""

from contextlib import suppress

from bibun.arrays.registry import add_special_rows
from bibun.primitives import TABLE as NUMPY

TABLE = dict(NUMPY)
with suppress(ImportError):
    add_special_rows()
    from bibun.scipy import rows

    TABLE = NUMPY | rows()

__all__ = ["TABLE"]
