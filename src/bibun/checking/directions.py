"""Directions to differentiate along: random, exact in few bits, scaled to each entry. Evaluates nothing.

Along v the derivative is sum g_i v_i. An error e of a single entry i changes it by v_i e, whatever the signs: it is
seen as soon as |v_i e| exceeds the error bars, so each |v_i| is as large as the scale of x_i, and the sensitivity of
the function to it, allow. Errors of several entries add up with random signs AND random magnitudes in [1, 2): of a
pair +e, -e, say two entries that were swapped, random signs alone would see nothing every second time.

Every v_i has 9 bits at most, and a power of two. So t v_i is exact for t = 2**k, and x_i + t v_i is rounded no more than
the entry itself allows.
"""

from __future__ import annotations

import numpy as np

from bibun.checking.problem import Array

SMALLEST_SHARE = 2.0**-6  # of the typical size of the entries of its array: no entry moves less
AT_ZERO = 2.0**-3  # how far the entries of an array of zeros move
MOST_GAIN = 2.0**5  # entries of small influence move so much farther, at most
LARGE = 2.0**3  # what is very large, in units of what is high among all
LEAN = 8.0
_BITS = 8


def power_of_two(size: Array) -> Array:
    """The largest power of two that is not above each (positive) size."""
    return np.asarray(np.ldexp(1.0, np.frexp(size)[1] - 1))


def multipliers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """+-(1 + k/256) with a random k: signs and magnitudes in [1, 2)."""
    drawn = rng.integers(0, 2 ** (_BITS + 1), shape)
    return np.asarray((1 - 2.0 * (drawn & 1)) * (1 + (drawn >> 1) / 2.0**_BITS))


def base_scales(point: list[Array]) -> list[Array]:
    """How far an entry moves at t = 1: its own size, or a share of what is typical in its array."""
    found = []
    for x in point:
        sizes = np.abs(x).astype(float)
        sizes = np.where(np.isfinite(sizes), sizes, 0)
        positive = sizes[sizes > 0]
        typical = float(np.median(positive)) if positive.size else AT_ZERO
        found.append(power_of_two(np.maximum(sizes, max(typical * SMALLEST_SHARE, 1e-290))))
        found[-1][sizes == 0] = power_of_two(np.asarray(typical))
    return found


def scales(point: list[Array], sensitivity: list[Array] | None, base: list[Array]) -> list[Array]:
    """`base`, adapted to `sensitivity`, |gradient| as one mode claims it. Entries of small influence move farther;
    those few of very large influence no farther than their own size: they would set the error for all.
    """
    if sensitivity is None:
        return base
    with np.errstate(over="ignore"):
        influence = [np.where(np.isfinite(g), np.abs(g), 0) * s for g, s in zip(sensitivity, base, strict=True)]
    influence = [np.minimum(c, np.finfo(float).max) for c in influence]
    together = np.concatenate([c.reshape(-1) for c in influence])
    together = together[together > 0]
    if not together.size:
        return base
    high = float(np.quantile(together, 0.9))
    found = []
    for x, s, c in zip(point, base, influence, strict=True):
        own = np.where(np.abs(x) > 0, np.minimum(np.abs(x).astype(float), s), s)
        gain = power_of_two(np.clip(high / np.maximum(c, high / MOST_GAIN), 1, MOST_GAIN))
        found.append(np.where(c > LARGE * high, power_of_two(own), s * gain))
    return found


def random_direction(point: list[Array], scale: list[Array], rng: np.random.Generator) -> list[Array]:
    """A direction through all entries of all leaves; complex for complex leaves."""
    found = []
    for x, s in zip(point, scale, strict=True):
        v = multipliers(rng, x.shape) * s
        if x.dtype.kind == "c":
            v = v + 1j * multipliers(rng, x.shape) * s
        found.append(np.asarray(v))
    return found


def leaning(direction: list[Array], gradient: list[Array], rng: np.random.Generator) -> list[Array]:
    """The direction with some signs turned to those of the gradient, until sum g v is LEAN times its standard deviation.

    All signs random, the sum is now and then nearly 0, beside a function that is not: its digits would be few, and a
    complex step could not be told from a wrong one.
    """
    terms = np.concatenate(
        [_finite(np.abs(g) * np.abs(v)).reshape(-1) for g, v in zip(gradient, direction, strict=True)]
    )
    largest = float(np.max(terms, initial=0.0))
    if not 0 < largest < np.inf:
        return direction
    terms /= largest
    share = min(1.0, LEAN * float(np.sqrt(np.sum(terms**2)) / np.sum(terms)))
    found = []
    for v, g in zip(direction, gradient, strict=True):
        turned = rng.random(v.shape) < share
        if v.dtype.kind == "c":
            with_signs = np.copysign(v.real, g.real) + 1j * np.copysign(v.imag, -np.imag(g))
        else:
            with_signs = np.copysign(v, g)
        found.append(np.where(turned, with_signs, v))
    return found


def _finite(x: Array) -> Array:
    return np.where(np.isfinite(x), x, 0)


def only(direction: list[Array], leaf: int) -> list[Array | None]:
    """The part of a direction within one leaf; None is zero."""
    return [v if i == leaf else None for i, v in enumerate(direction)]
