"""stop_gradient: a value whose derivative is zero on purpose, in every mode."""

from __future__ import annotations

from typing import Any

from bibun import tree
from bibun.core.traced import Traced
from bibun.interpreters.batch import Batch, batch
from bibun.interpreters.forward import Dual
from bibun.interpreters.variable import Variable


def stop_gradient(x: Any) -> Any:
    """The same value, held fixed: dy/dx = 0 by what is computed from it, in reverse and forward mode, of every order.

    x: an array, a number, or a container of these. Of plain ones it returns them. Inside `vmap` it is still a batch, and
    inside `compile` it is read at each call, as x.data would not be.
    """
    return tree.map_(_stopped, x)


def _stopped(value: Any) -> Any:
    if isinstance(value, (Variable, Dual)):
        return value.constant(_stopped(value.value))
    if isinstance(value, Batch):
        return batch(_stopped(value.value), value.level)
    return value.alias() if isinstance(value, Traced) else value
