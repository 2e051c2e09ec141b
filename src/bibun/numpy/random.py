"""The functions of numpy.random. What they draw are NumPy's arrays: np.array(z) of bibun.numpy can hold traced values."""

from __future__ import annotations

from typing import Any

import numpy
from numpy.random import *  # noqa: F403
from numpy.random import __all__ as __all__

from bibun.arrays import indexing
from bibun.core.traced import Traced
from bibun.tree import named


def shuffle(x: Any) -> None:  # type: ignore[no-redef]
    """Bring the entries along the first axis in an order by chance, in place."""
    x = named(x)
    if isinstance(x, Traced):
        order = numpy.random.permutation(x.shape[0])  # noqa: NPY002  code that calls np.random.shuffle means this generator
        indexing.set_(x, ..., indexing.get(x, order))
    else:
        numpy.random.shuffle(x)  # noqa: NPY002
