"""Vectors of eigenvalues, singular values, QR, Schur: phases are free, and so are the vectors that complete a basis.

A rule can give the derivative for one choice only. `align` turns what NumPy computed nearby towards the vectors at
the point, which is the choice of our rules; `project` takes out of a cotangent what would depend on the choice.
Written with gradients (the conjugates of cotangents), as primitives/spectral.py is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Gauge(NamedTuple):
    """align(reference, y) -> y, and project(cotangents, reference) -> cotangents; `reference` is the y of the call."""

    align: Callable[[Any, Any], Any]
    project: Callable[[Any, Any], Any]


def _adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def _backwards(overlap: Any) -> Any:
    """The phases (signs, of real numbers) that make the overlaps real and positive."""
    size = np.abs(overlap)
    return np.where(size == 0, 1, np.conj(overlap) / np.where(size == 0, 1, size))


def _overlaps(reference: Any, vectors: Any) -> Any:
    return np.sum(np.conj(reference) * vectors, axis=-2)


def _turned(reference: Any, vectors: Any) -> Any:
    """The vectors in the basis of their space that is nearest to the reference."""
    if not vectors.shape[-1]:
        return vectors
    left, _, right = np.linalg.svd(_adjoint(vectors) @ reference)
    return vectors @ (left @ right)


def _skew(x: Any) -> Any:
    return (x - _adjoint(x)) / 2


def _phase_parts(vectors: Any, bar: Any) -> Any:
    """How a gradient depends on the phase of each vector; 0 for real ones."""
    return 1j * np.imag(_overlaps(vectors, bar)) if np.iscomplexobj(bar) else np.zeros(bar.shape[:-2] + bar.shape[-1:])


def _align_eigh(reference: Any, y: Any) -> Any:
    w, v = y
    return w, v * _backwards(_overlaps(reference[1], v))[..., None, :]


def _project_eigh(g: Any, reference: Any) -> Any:
    v, bar = reference[1], np.conj(g[1])
    return g[0], np.conj(bar - v * _phase_parts(v, bar)[..., None, :])


def _align_svd(reference: Any, y: Any) -> Any:
    """One phase for a pair of vectors: half of each side's turn."""
    (u0, s, vh0), (u, _, vh) = reference, y
    k = s.shape[-1]
    v0, v = _adjoint(vh0), _adjoint(vh)
    turn = _backwards(_overlaps(u0[..., :k], u[..., :k]) + _overlaps(v0[..., :k], v[..., :k]))[..., None, :]
    sides = [
        np.concatenate([x[..., :k] * turn, _turned(x0[..., k:], x[..., k:])], axis=-1) for x0, x in ((u0, u), (v0, v))
    ]
    return sides[0], y[1], _adjoint(sides[1])


def _project_svd(g: Any, reference: Any) -> Any:
    u, s, vh = reference
    k = s.shape[-1]
    v, u_bar, v_bar = _adjoint(vh), np.conj(g[0]), np.swapaxes(g[2], -1, -2)
    phases = _phase_parts(u[..., :k], u_bar[..., :k]) + _phase_parts(v[..., :k], v_bar[..., :k])
    first = u_bar[..., :k] - u[..., :k] * phases[..., None, :]
    u_bar = np.concatenate([first, _without_turn(u[..., k:], u_bar[..., k:])], axis=-1)
    v_bar = np.concatenate([v_bar[..., :k], _without_turn(v[..., k:], v_bar[..., k:])], axis=-1)
    return np.conj(u_bar), g[1], np.swapaxes(v_bar, -1, -2)


def _without_turn(vectors: Any, bar: Any) -> Any:
    """The gradient without what depends on the basis that completes the vectors of the singular values."""
    return bar - vectors @ _skew(_adjoint(vectors) @ bar)


def _align_qr(reference: Any, y: Any) -> Any:
    q0, (q, r) = reference[0], y
    k = min(q.shape[-2], r.shape[-1])
    return np.concatenate([q[..., :k], _turned(q0[..., k:], q[..., k:])], axis=-1), r


def _project_qr(g: Any, reference: Any) -> Any:
    q, r = reference
    k, bar = min(q.shape[-2], r.shape[-1]), np.conj(g[0])
    return np.conj(np.concatenate([bar[..., :k], _without_turn(q[..., k:], bar[..., k:])], axis=-1)), g[1]


def _align_schur(reference: Any, y: Any) -> Any:
    t, z = y
    turn = _backwards(_overlaps(reference[1], z))
    return np.conj(turn)[..., :, None] * t * turn[..., None, :], z * turn[..., None, :]


def _project_schur(g: Any, reference: Any) -> Any:
    (g_t, g_z), (t, z) = g, reference
    if not np.iscomplexobj(z):
        return g
    turned = np.imag(np.sum(g_t * t, axis=-2) - np.sum(g_t * t, axis=-1) + np.sum(g_z * z, axis=-2))
    return g_t, g_z - 1j * turned[..., None, :] * np.conj(z)


_VECTORS = Gauge(_align_eigh, _project_eigh)
GAUGES = {
    "eigh": _VECTORS,
    "scipy_eigh": _VECTORS,
    "eig": _VECTORS,
    "svd": Gauge(_align_svd, _project_svd),
    "qr": Gauge(_align_qr, _project_qr),
    "schur": Gauge(_align_schur, _project_schur),
}
