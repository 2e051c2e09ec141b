"""Stand-ins for questions about an array that its entries do not answer, or answer as text: dtypes, paths, printing."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.arrays.registry import PLAIN, implements
from bibun.core.traced import Traced, alike, bare

_DTYPE = "a dtype does not depend on the entries"
_SHAPE = "it is read from the shape, which is made of whole numbers"
_SHOWN = "a text is for reading: it shows the entries and is not computed with"

# Those that read only attributes, and so get on with traced arrays by themselves.
PLAIN.update(dict.fromkeys((np.issubdtype, np.promote_types, np.isdtype), _DTYPE))
PLAIN.update(dict.fromkeys((np.broadcast_shapes, np.ndindex), _SHAPE))
PLAIN[np.iterable] = _SHAPE
PLAIN[np.isscalar] = _SHAPE
PLAIN.update(dict.fromkeys((str, repr, format, np.str_), _SHOWN))


@implements(np.common_type, plain=_DTYPE)
def common_type(*arrays: Any) -> Any:
    """The scalar type that arrays are promoted to: an inexact one."""
    return np.common_type(*map(alike, arrays))


@implements(np.einsum_path, plain=_SHAPE)
def einsum_path(*operands: Any, **settings: Any) -> Any:
    """The order of the products, found from the shapes."""
    shaped = (np.broadcast_to(np.zeros((), x.dtype), x.shape) if isinstance(x, Traced) else x for x in operands)
    return np.einsum_path(*shaped, **settings)


def _shown(function: Any) -> Any:
    def show(*args: Any, **settings: Any) -> Any:
        return function(*map(bare, args), **{name: bare(value) for name, value in settings.items()})

    return show


for _function in (np.array2string, np.array_str, np.array_repr):
    implements(_function, plain=_SHOWN)(_shown(_function))
