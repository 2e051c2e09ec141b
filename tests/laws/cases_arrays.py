"""Sample calls of the rows of Fourier transforms, of general eigenvalues, QR and least squares, and of the methods of ufuncs."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from bibun.primitives import TABLE
from tests.laws.case import Case, alike, case

_LENGTHS = ((5, 5), (6, 6), (1, 1), (5, 3), (4, 7))  # of the input, and to what it is cut or filled
# Of each kind of partial: numbers, of the result, of both inputs, with ties.
_ALONG_AXES = [
    case((2, 4, 2), axis=1, row=TABLE["subtract"]), case((3,), axis=0, row=TABLE["arctan2"]).over("positive"),
    case((3, 2), axis=0, row=TABLE["divide"]).over("nonzero"), case((4,), axis=0, row=TABLE["logaddexp"]),
    case((5, 2), axis=0, row=TABLE["maximum"]).over("distinct"), case((1, 2), axis=0, row=TABLE["hypot"]),
]  # fmt: skip

_MATRICES = ((3, 3), (4, 2), (2, 4), (2, 3, 3))


def vector_projectors(y: Any) -> Any:
    """Eigenvalues, and v_k v_k^H of each vector, which does not depend on its phase."""
    w, v = y
    return w, v[..., :, None, :] * np.conj(v)[..., None, :, :]


def orthogonal_projectors(y: Any) -> Any:
    """Of a complete QR decomposition: the first columns, the projector on what the others span, and r."""
    q, r = y
    k = min(np.shape(r)[-2:])
    further = q[..., :, k:]
    return q[..., :, :k], further @ np.conj(np.swapaxes(further, -1, -2)), r


_RUNNING = np.array([[1.0, 3.0, 3.0, 2.0, 5.0], [np.nan, 1.0, 2.0, 0.0, 2.0]])

CASES: dict[str, list[Case]] = {
    **alike(
        "fft ifft rfft irfft",
        [case((2, m), n=n, axis=1, norm=norm) for (m, n), norm in product(_LENGTHS, (None, "ortho", "forward"))]
        + [case((4, 2, 3), n=5, axis=0, norm=None), case((3,), n=4, axis=0, norm="backward")],
    ),
    "eig": [case(shape, strict=True).seen(vector_projectors) for shape in ((3, 3), (2, 4, 4), (1, 1))],
    "eigvals": [case(shape) for shape in ((3, 3), (2, 4, 4), (1, 1))],
    "qr": [case(shape, mode="reduced") for shape in _MATRICES]
    + [case(shape, mode="complete").seen(orthogonal_projectors) for shape in _MATRICES],
    "lstsq": [case((4, 2), (4, 3), rcond=1e-10), case((2, 4), (2, 1), rcond=1e-10), case((3, 3), (3, 2), rcond=-1.0)],
    "bessel_i": [case((2, 3), order=order).real_only() for order in range(4)],
    "sliding_windows": [case((2, 5), axis=1, length=3), case((4, 2), axis=0, length=1), case((3,), axis=0, length=3)],
    "overlap_add": [case((2, 3, 3), axis=1, length=3), case((4, 2, 1), axis=0, length=1)],
    "accumulate": _ALONG_AXES,
    "sum_pieces": [case((2, 5), indices=(0, 2, 2, 1), axis=1), case((4,), indices=(3,), axis=0)],
    "spread_pieces": [case((2, 4), indices=(0, 2, 2, 1), axis=1, length=5), case((1,), indices=(3,), axis=0, length=4)],
}
CONSTANTS: dict[str, list[Case]] = alike(
    "accumulate_steps", [case(np.array([[6, 5, 3], [1, 12, 8]]), axis=0, row=TABLE["gcd"])]
) | {
    **alike(
        "matrix_rank singular", [case(np.array([[1.0, 2.0], [3.0, 5.0]])), case(np.array([[[1.0, 2.0], [2.0, 4.0]]]))]
    ),
    "mixing": [case(np.eye(3), np.array(1), seed=0), case(np.stack([np.eye(2), -np.eye(2)]), np.array([0, 2]), seed=1)],
    "eigenvalue_order": [case(np.array([1.0, 2.0, 1j]), np.array([2.0, 1j, 1.0]))],
    "leaders": [case(_RUNNING, axis=1, ufunc=np.fmax)],
    "tie_shares": [case(_RUNNING, axis=1, ufunc=np.maximum), case(_RUNNING, axis=0, ufunc=np.fmin)],
    "bitwise_count": [case(np.array([[6, 5, 3], [1, 12, 8]]))],
    "binary_exponent": [case(np.array([0.3, -7.0, 0.0]))],
}
