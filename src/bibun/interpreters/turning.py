"""How forward mode tells that a result depends on a choice that a decomposition leaves open: a basis, a phase.

The columns that complete a basis, of np.linalg.qr and svd, could be any basis of what the others leave; complex vectors have
any phase; the vectors of equal values could be any basis too. Their tangents are those of one choice, and what depends on the
choice has no derivative. So they carry how they move if that basis turns, as tangents of a level of their own; what is left
of these in a result of the run tells.

Of a result that does not depend on the choice, rounding is left. How large that is, is known for each entry: beside the
tangent by the turn go a few that each call changes by a small part, chosen at random for each term; and what they differ by
in the end, beside that part, is as large as the terms that cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from bibun.core.primitive import Primitive
from bibun.core.traced import plain
from bibun.interpreters.batch import Batch, batch
from bibun.interpreters.forward import Dual, dual, provide, push

_SHAKEN = 3  # that all are changed by less than a hundredth of what they may be, happens once in 10^6
_KEPT = 2**16  # entries of an array whose factors are kept: 2 MB
_ROUNDING = 1000  # above the rounding of what cancels, in units of the terms' last digits
_PART = 4096  # how much is shaken, in units of the last digit: of each dtype on the way, so that the coarsest decides


class Turning(Dual):
    """A tangent, and its tangents by the turn of a basis: the first as it is, the others shaken."""

    __slots__ = ()
    __hash__ = Dual.__hash__

    def made(self, value: Any, tangent: Any) -> Turning:
        """Another one."""
        return turning(value, tangent, self.level)

    def pushed(
        self, primitive: Primitive, y: Any, values: list[Any], tangents: list[Any], settings: Mapping[str, Any]
    ) -> Any:
        """Where bases come into a tangent, others are free to turn too; of these the values have told."""
        return push(primitive, y, values, tangents, settings, self._shaken)

    def _shaken(self, part: Any, number: int) -> Any:
        if isinstance(part, tuple):
            return tuple(self._shaken(p, number) for p in part)
        return (
            _shaken(part, number, self.level - 1) if isinstance(part, Batch) and part.level == self.level - 1 else part
        )


def turning(value: Any, tangent: Any, level: int) -> Turning:
    """A Turning of this level."""
    made = dual(value, tangent, level)
    made.__class__ = Turning
    return made  # type: ignore[return-value]


def _shaken(turns: Any, number: int, level: int) -> Any:
    """All but the first changed by some thousand times what rounding changes; in another way for each term."""
    shape, dtype = np.shape(turns), np.finfo(turns.dtype).dtype
    make = _factors if prod(shape) <= _KEPT else _factors.__wrapped__
    if turns.dtype.kind != "c":
        return turns * batch(make(number, shape, dtype), level)
    real, imag = np.real(turns), np.imag(turns)  # they can cancel each other, as in np.abs
    return real * batch(make(number, shape, dtype), level) + 1j * (imag * batch(make(~number, shape, dtype), level))


@lru_cache(maxsize=8)
def _factors(number: int, shape: tuple[int, ...], dtype: Any) -> Any:
    """1, and beside it numbers by chance: the same in every run, and kept, since to draw them takes longer than to use them."""
    random = np.random.default_rng((abs(number), number < 0, *shape))
    factors = np.ones((1 + _SHAKEN, *shape), dtype)
    factors[1:] += _PART * np.finfo(dtype).eps * (2 * random.random((_SHAKEN, *shape), np.float32) - 1)
    factors.flags.writeable = False
    return factors


def turned(dy: Any, moved: Any, level: int) -> Any:
    """The tangents of the outputs, with those by a turn of the free basis; `moved`: see Primitive.turn."""
    if moved is None:
        return dy
    return tuple(t if m is None else t + _directions(m, level) for t, m in zip(dy, moved, strict=True))


def _directions(turn: Any, level: int) -> Any:
    """Zero, moving by the turn."""
    alike = batch(np.broadcast_to(turn, (1 + _SHAKEN, *np.shape(turn))), level - 2)
    return turning(np.zeros_like(turn), _shaken(alike, 0, level - 2), level - 1)


def settled(tangent: Any, level: int) -> tuple[Any, bool]:
    """The tangent of a result of the run, and whether it depends on the turn of a free basis."""
    if not (isinstance(tangent, Turning) and tangent.level == level - 1):
        return tangent, False
    tangent, turns = tangent.value, tangent.tangent
    if not (isinstance(turns, Batch) and turns.level == level - 2):
        return tangent, False
    by, shaken = turns.value[0], turns.value[1:]
    terms = np.max(np.abs(shaken - by), axis=0)
    return tangent, bool(np.any(plain(np.abs(by) > _ROUNDING / _PART * terms)))


provide(turned)
