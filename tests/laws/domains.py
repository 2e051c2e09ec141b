"""Sample domains by name: where the inputs of a row are drawn from, and along which directions they may move.

A row says the name (`domain=`). Values keep a distance of at least 0.15 from kinks and edges, and the differences step at
most 1/32 along directions of length at most 1, so no numerical derivative crosses one. Chooses no shape and no row.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Random = np.random.Generator


def real(shape: Shape, random: Random) -> Array:
    return random.normal(size=shape)


def positive(shape: Shape, random: Random) -> Array:
    return random.uniform(0.5, 2.0, shape)


def nonzero(shape: Shape, random: Random) -> Array:
    return positive(shape, random) * random.choice([-1.0, 1.0], shape)


def unit(shape: Shape, random: Random) -> Array:
    """Inside (-1, 1)."""
    return random.uniform(-0.8, 0.8, shape)


def above_one(shape: Shape, random: Random) -> Array:
    return random.uniform(1.3, 3.0, shape)


def above_two(shape: Shape, random: Random) -> Array:
    return random.uniform(2.2, 4.0, shape)


def negative(shape: Shape, random: Random) -> Array:
    return -positive(shape, random)


def probability(shape: Shape, random: Random) -> Array:
    """Inside (0, 1)."""
    return random.uniform(0.2, 0.8, shape)


def order(shape: Shape, random: Random) -> Array:
    """Of a Bessel function."""
    return random.uniform(-1.5, 2.5, shape)


def whole(shape: Shape, random: Random) -> Array:
    return random.integers(0, 4, shape)


def trials(shape: Shape, random: Random) -> Array:
    """Many more than `whole`."""
    return random.integers(20, 30, shape)


def many_trials(shape: Shape, random: Random) -> Array:
    """So many that Smirnov's distribution is smooth to high order where it is sampled."""
    return random.integers(100, 120, shape)


def mode(shape: Shape, random: Random) -> Array:
    """The order of a wave function."""
    return random.integers(1, 3, shape)


def higher_mode(shape: Shape, random: Random) -> Array:
    """Its degree."""
    return random.integers(2, 4, shape)


def positive_order(shape: Shape, random: Random) -> Array:
    return random.uniform(0.5, 2.0, shape)


def above_half(shape: Shape, random: Random) -> Array:
    """A probability."""
    return random.uniform(0.65, 0.8, shape)


def small_probability(shape: Shape, random: Random) -> Array:
    return random.uniform(0.17, 0.3, shape)


def tolerance(shape: Shape, random: Random) -> Array:
    return np.full(shape, 1e-15)


def generic(shape: Shape, random: Random) -> Array:
    """Away from integers and halves."""
    return random.integers(-3, 3, shape) + random.choice([0.0, 0.5], shape) + random.uniform(0.15, 0.35, shape)


def distinct(shape: Shape, random: Random) -> Array:
    """No two alike."""
    size = int(np.prod(shape))
    places = random.permutation(size) - (size - 1) / 2
    return (0.4 * places + random.uniform(-0.1, 0.1, size)).reshape(shape)


def polynomial(shape: Shape, random: Random) -> Array:
    """Coefficients, of which no two roots are near one another."""
    n = shape[0] - 1
    return 2 * np.poly(np.arange(n) - n / 2 + random.uniform(-0.1, 0.1, n))


def _orthogonal(shape: Shape, random: Random, *, imaginary: float = 0.0) -> Array:
    """Orthonormal columns (rows, where there are fewer of them) in the last two axes; unitary with an imaginary part."""
    *stack, m, n = shape
    matrix = random.normal(size=(*stack, max(m, n), min(m, n)))
    if imaginary:
        matrix = matrix + 1j * imaginary * random.normal(size=matrix.shape)
    columns = np.linalg.qr(matrix)[0]
    return columns if m >= n else np.swapaxes(columns, -1, -2)


def _with_values(left: Array, values: Array, right: Array) -> Array:
    return np.asarray((left * values[..., None, :]) @ right)


def _spread_values(shape: Shape, random: Random, *, start: float) -> Array:
    """Singular values or eigenvalues, at least 0.6 apart."""
    *stack, n = shape
    return start + np.arange(n) + random.uniform(-0.2, 0.2, (*stack, n))


def _matrix(shape: Shape, random: Random, *, imaginary: float) -> Array:
    """Full rank, with singular values from 1 up that are apart. Fewer than two axes: any numbers."""
    if len(shape) < 2:
        return real(shape, random) + (1j * imaginary * real(shape, random) if imaginary else 0.0)
    *stack, m, n = shape
    k = min(m, n)
    left, right = (_orthogonal((*stack, *s), random, imaginary=imaginary) for s in ((m, k), (k, n)))
    return _with_values(left, _spread_values((*stack, k), random, start=1.0), right)


def _symmetric(shape: Shape, random: Random, *, start: float, imaginary: float) -> Array:
    """Q diag(start, start + 1, ...) Q^H, nearly: eigenvalues that are apart, and none near 0."""
    q = _orthogonal(shape, random, imaginary=imaginary)
    made = _with_values(q, _spread_values(shape[:-1], random, start=start), np.conj(np.swapaxes(q, -1, -2)))
    return _symmetrised(made)


def _dominant(shape: Shape, random: Random, *, imaginary: float) -> Array:
    """Diagonals that outweigh the rest: triangles of low condition, and eigenvalues to the right of 1."""
    other = random.uniform(-0.25, 0.25, shape)
    if imaginary:
        other = other + 1j * imaginary * random.uniform(-0.25, 0.25, shape)
    return np.asarray(other + np.eye(*shape[-2:]) * _spread_values(shape[:-1], random, start=2.0)[..., None])


def _symmetrised(x: Array) -> Array:
    return (x + np.conj(np.swapaxes(x, -1, -2))) / 2


# By entries: a complex sample adds an imaginary part of its own, inside the region where the functions are analytic.
ENTRIES: dict[str, Callable[[Shape, Random], Array]] = {
    "real": real,
    "complex": nonzero,
    "positive": positive,
    "nonzero": nonzero,
    "unit": unit,
    "above_one": above_one,
    "above_two": above_two,
    "negative": negative,
    "probability": probability,
    "above_half": above_half,
    "small_probability": small_probability,
    "generic": generic,
    "distinct": distinct,
    "three_vectors": real,
    "polynomial": polynomial,
}
# Of inputs that are not differentiated: real, and whole numbers stay integers, whatever the dtype of the others.
HELD: dict[str, Callable[[Shape, Random], Array]] = {
    "order": order,
    "whole": whole,
    "trials": trials,
    "many_trials": many_trials,
    "mode": mode,
    "higher_mode": higher_mode,
    "positive_order": positive_order,
    "tolerance": tolerance,
}
# By matrices, in the last two axes: `imaginary` is the size of the imaginary part, 0 for real samples.
MATRICES: dict[str, Callable[..., Array]] = {
    "matrix": _matrix,
    "square": _matrix,
    "dominant": _dominant,
    "symmetric": lambda s, r, imaginary: _symmetric(s, r, start=-1.5, imaginary=imaginary),
    "positive_definite": lambda s, r, imaginary: _symmetric(s, r, start=1.0, imaginary=imaginary),
}


def sample(domain: str, shape: Shape, dtype: Any, random: Random) -> Array:
    """An array of the domain."""
    dtype = np.dtype(dtype)
    wide = dtype.kind == "c"
    if domain in MATRICES:
        return np.asarray(MATRICES[domain](shape, random, imaginary=0.7 * wide)).astype(dtype)
    if domain in HELD:
        held = np.asarray(HELD[domain](shape, random))
        return held if held.dtype.kind == "i" else held.astype(np.empty(0, dtype).real.dtype)
    if domain not in ENTRIES:
        raise LookupError(f"no sample domain {domain!r}: add it to ENTRIES, HELD or MATRICES in tests/laws/domains.py")
    values = ENTRIES[domain](shape, random)
    if wide:
        values = values + 1j * random.uniform(0.2, 0.6, shape) * random.choice([-1.0, 1.0], shape)
    return np.asarray(values).astype(dtype)


def direction(domain: str, shape: Shape, dtype: Any, random: Random) -> Array:
    """A random tangent of entries at most 1. Not symmetric: NumPy reads one triangle, and the other has derivative 0."""
    dtype = np.dtype(dtype)
    t = random.uniform(-1, 1, shape)
    if dtype.kind == "c":
        t = (t + 1j * random.uniform(-1, 1, shape)) / np.sqrt(2)
    if domain in MATRICES and len(shape) > 1:
        t = t / max(shape[-2:])  # in the spectral norm too
    return np.asarray(t).astype(dtype)


def cotangent(y: Any, random: Random) -> Any:
    """A random cotangent (or tangent without a domain) like an output: its shape and dtype; of each, for a tuple."""
    if isinstance(y, tuple):
        return tuple(cotangent(part, random) for part in y)
    return direction("real", np.shape(y), np.result_type(y), random)
