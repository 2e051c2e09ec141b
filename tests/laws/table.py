"""The table that the laws are asked of: all families, and where SciPy is installed the rows of its functions too."""

from contextlib import suppress

import numpy as np

from bibun.arrays.registry import add_special_rows
from bibun.primitives import TABLE as NUMPY

TABLE = dict(NUMPY)
SCIPY_FUNCTIONS: set[str] = set()  # rows of bibun.scipy that are no ufuncs
with suppress(ImportError):
    add_special_rows()
    from bibun.scipy import rows

    TABLE = NUMPY | rows()
    SCIPY_FUNCTIONS = {name for name, row in rows().items() if not isinstance(row.function, np.ufunc)}

__all__ = ["SCIPY_FUNCTIONS", "TABLE"]
