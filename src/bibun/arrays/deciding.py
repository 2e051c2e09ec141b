"""Decisions that a stand-in takes by entries: under vmap for the whole batch, in a recording as a guard."""

from __future__ import annotations

from typing import Any

import numpy as np

from bibun.core.traced import plain


def anywhere(flag: Any) -> bool:
    """Whether a comparison is true of any entry."""
    return bool(np.any(plain(flag)))


def everywhere(flag: Any) -> bool:
    """Whether a comparison is true of all entries."""
    return bool(np.all(plain(flag)))
