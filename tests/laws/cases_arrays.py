"""Sample calls of the rows of Fourier transforms, of general eigenvalues, QR and least squares, and of the methods of ufuncs."""

from __future__ import annotations

from itertools import product

from tests.laws.case import Case, alike, case

_LENGTHS = ((5, 5), (6, 6), (1, 1), (5, 3), (4, 7))  # of the input, and to what it is cut or filled

CASES: dict[str, list[Case]] = {
    **alike(
        "fft ifft rfft irfft",
        [case((2, m), n=n, axis=1, norm=norm) for (m, n), norm in product(_LENGTHS, (None, "ortho", "forward"))]
        + [case((4, 2, 3), n=5, axis=0, norm=None), case((3,), n=4, axis=0, norm="backward")],
    ),
}
CONSTANTS: dict[str, list[Case]] = {}
