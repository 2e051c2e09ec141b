"""Cotangents that are mostly zeros, kept small until they are added up. Owns their sums; chooses no order."""

from __future__ import annotations

from typing import Any

import numpy as np


class Scattered:
    """Zeros of `shape`, but `cotangent` added at `key`: what is left of an indexing, one entry of a large array say.

    A loop over the entries of an array would cost its square if each entry's cotangent became an array.
    """

    __slots__ = ("cotangent", "key", "repeats", "shape")

    def __init__(self, shape: tuple[int, ...], key: Any, cotangent: Any, *, repeats: bool) -> None:
        self.shape = shape
        self.key = key
        self.cotangent = cotangent
        self.repeats = repeats

    def dense(self) -> np.ndarray[Any, Any]:
        """As an array of its own."""
        total = np.zeros(self.shape, np.result_type(self.cotangent))
        if self.repeats:
            self.add_to(total)
        else:
            total[self.key] = self.cotangent
        return total

    def add_to(self, total: np.ndarray[Any, Any]) -> None:
        """Into an array that nobody else holds."""
        if self.repeats:  # an index may name a place twice
            np.add.at(total, self.key, self.cotangent)
        else:
            total[self.key] += self.cotangent


class Slots(dict[int, Any]):
    """Cotangents of the outputs of one call, by their number; the rest are zero."""

    __slots__ = ()

    def __add__(self, other: Slots) -> Slots:
        total = Slots(self)
        for slot, cotangent in other.items():
            total[slot] = total[slot] + cotangent if slot in total else cotangent
        return total
