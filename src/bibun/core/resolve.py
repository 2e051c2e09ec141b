"""From a rule's names to what they stand for in one call. The tape has a plan of its own, which keeps only what is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bibun.core.primitive import Primitive
from bibun.core.rules import DTYPE, INPUT, INPUTS, NEEDED, OUTPUT, SETTING, SHAPE, Rule, dtype_of, read, widened


def arguments(
    rule: Rule,
    primitive: Primitive,
    y: Any,
    values: Sequence[Any],
    settings: Mapping[str, Any],
    needed: tuple[int, ...] = (),
) -> list[Any]:
    """What the rule reads, in its order."""
    found = []
    for name in rule.reads:
        kind, key = read(name, primitive.inputs)
        if kind == OUTPUT:
            found.append(y)
        elif kind == INPUT:
            found.append(
                widened(values[key], dtype_of(y), primitive.widens[key]) if primitive.widens[key] else values[key]
            )
        elif kind == SHAPE:
            found.append(np.shape(values[key]))
        elif kind == DTYPE:
            found.append(np.result_type(values[key]))
        elif kind == SETTING:
            found.append(settings[key])
        elif kind == NEEDED:
            found.append(needed)
        else:
            found.append(list(values) if kind == INPUTS else [np.shape(v) for v in values])
    return found
