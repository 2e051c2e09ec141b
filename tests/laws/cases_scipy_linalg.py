"""Sample calls of the rows of bibun.scipy.linalg, .fft, .signal and .sparse."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from tests.laws.case import Case, alike, case

CASES: dict[str, list[Case]] = {}
CONSTANTS: dict[str, list[Case]] = {}


def _eigen_projectors(y: Any) -> Any:
    """Eigenvalues, and v v^H of each vector, whose phase is free."""
    w, v = y
    return w, v[..., :, None, :] * np.conj(v)[..., None, :, :]


def _triangular_parts(y: Any) -> Any:
    """The squares of the sizes of the triangular form, and z z^H of each vector, whose phase is free."""
    t, z = y
    return np.real(t * np.conj(t)), z[..., :, None, :] * np.conj(z)[..., None, :, :]


def _packed(y: Any) -> Any:
    """The factors, without the pivots, which are whole numbers."""
    return y[0]


with suppress(ImportError):
    from bibun.scipy.linalg._solvers import Dense, Lyapunov, Sylvester, Triangular

    SQUARES = [case((3, 3)), case((2, 3, 3)), case((1, 1))]
    CASES |= {
        "linear_system": [
            case((3, 3), (3, 2), system=Dense(None, False)),
            case((3, 3), (3, 1), system=Dense("symmetric", True)),
            case((2, 3, 3), (3, 2), system=Dense("general", False)),
            case((2, 3, 3), (2, 3, 2), system=Dense("hermitian", False)),
            case((3, 3), (3, 2), system=Dense("tridiagonal", False)),
            case((3, 3), (3, 2), system=Triangular(True, 0)),
            case((3, 3), (3, 1), system=Triangular(False, 2)),
            case((3, 3), (2, 3, 2), system=Triangular(False, 1, True)),
            case((3, 3), (2, 2), (3, 2), system=Sylvester()),
            case((3, 3), (3, 3), system=Lyapunov()),
        ],
        **alike("expm logm sqrtm signm", SQUARES),
        "fractional_matrix_power": SQUARES,
        "expm_frechet": [
            case((3, 3), (3, 3), method=None),
            case((2, 3, 3), (2, 3, 3), method=None),
            case((3, 3), (2, 3, 3), method=None),
            case((2, 1, 3, 3), (2, 3, 3), method=None),
        ],
        "lu_factor": [case(shape).seen(_packed) for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 3), (1, 1))],
        "schur": [case(shape).seen(_triangular_parts) for shape in ((3, 3), (2, 3, 3), (1, 1))],
        "polar": [case(shape) for shape in ((3, 3), (4, 2), (2, 3, 2), (1, 1))],
        "scipy_eigh": [
            case(shape, UPLO=triangle, paired=False, driver=None).seen(_eigen_projectors)
            for shape in ((3, 3), (2, 4, 4)) for triangle in "LU"
        ],
    }  # fmt: skip
    CASES["linear_system"] = [
        each.over(*["dominant"] * (len(each.inputs) - 1), "real") for each in CASES["linear_system"]
    ]
    CASES["logm"] = [case(*each.inputs, power=None) for each in SQUARES]
    CASES["fractional_matrix_power"] = [case(*each.inputs, power=0.3) for each in SQUARES]
    CONSTANTS |= {
        "places_in_sections": [
            case(np.array([-1.0, -1.0, 1.0]), np.array([0.3 + 0.2j, 0.3 - 0.2j, 0.5]), analog=False, pairing=None)
        ],
        "order_of_pivots": [
            case(np.array([2.0, 2.0, 2.0]), length=3),
            case(np.array([[1.0, 1.0], [0.0, 2.0]]), length=4),
        ],
        "turns_of_vectors": [
            case(
                np.array([[1.0, 0.0], [0.0, -1.0]]), np.diag([1.0, 2.0]), by="eigh", output=1, settings={"lower": True}
            )
        ],
        "order_of_eigenvalues": [case(np.array([2.0 + 0j, 1.0 + 0j]), np.diag([1.0, 4.0]), np.diag([1.0, 2.0]))],
        "qr_pivots": [case(np.array([[1.0, 2.0, 0.5], [0.0, 3.0, 4.0]]))],
    }

with suppress(ImportError):
    import bibun.scipy.fft  # noqa: F401  only to see that SciPy is there

    CASES |= {
        "dct": [
            case((3, 5), type=type, axis=axis, norm=norm, orthogonalize=norm == "ortho")
            for type in (1, 2, 3, 4) for axis, norm in ((0, "ortho"), (1, "backward"), (1, "forward"))
        ],
        "fht": [
            case((2, 5), inverse=inverse, dln=0.1, mu=0.5, offset=0.3, bias=bias).real_only()
            for inverse in (False, True) for bias in (0.0, 0.2)
        ],
    }  # fmt: skip
    CASES["dst"] = CASES["dct"] + [case((4,), type=2, axis=0, norm="ortho", orthogonalize=False).real_only()]
    CASES["dct"] = CASES["dct"] + [case((4,), type=3, axis=0, norm="ortho", orthogonalize=False).real_only()]

with suppress(ImportError):
    from scipy.sparse.linalg import aslinearoperator

    from bibun.scipy.sparse._matrices import Pattern

    _PATTERN = Pattern(np.array([0, 3, 3, 1, 2]), np.array([0, 2, 2, 5]), (3, 4), False)  # an empty row, a place twice
    _FLIPPED = Pattern(np.array([1, 0, 2, 2]), np.array([0, 1, 1, 4]), (3, 3), True)
    _DIAGONAL = Pattern(np.arange(5), np.arange(6), (5, 5), False)  # symmetric, whatever the entries are
    _OPERATOR = aslinearoperator(np.arange(12.0).reshape(3, 4))
    CASES |= {
        "sparse_product": [
            case((5,), (4,), pattern=_PATTERN), case((5,), (4, 2), pattern=_PATTERN), case((4,), (3,), pattern=_FLIPPED),
            case((4,), (3, 2), pattern=_FLIPPED),
        ],
        "operator_product": [case((4,), operator=_OPERATOR).real_only(), case((4, 2), operator=_OPERATOR).real_only()],
        "eigsh": [
            case((5,), pattern=_DIAGONAL, settings={"k": k, "which": which}).seen(_eigen_projectors).over("distinct").real_only()
            for k, which in ((2, "LA"), (1, "SA"))
        ],
    }  # fmt: skip

with suppress(ImportError):
    import scipy.optimize  # noqa: F401

    CONSTANTS["linear_sum_assignment"] = [case(np.array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0]]), maximize=False)]

with suppress(ImportError):
    from bibun.scipy.signal._filters import Filter

    CASES["scipy_convolve"] = [
        case(*shapes, axes=axes, method=method, valid=valid)
        for shapes, axes, method in (
            (((5,), (3,)), (0,), "direct"),
            (((3, 4), (2, 2)), (0, 1), "direct"),
            (((3, 4), (3, 2)), (1,), "direct"),
            (((1, 4), (3, 2)), (1,), "direct"),
            (((1, 4), (3, 2)), (1,), "fft"),
            (((6, 2), (3, 1)), (0,), "overlapping"),
            (((4,), (4,)), (0,), "fft"),
        )
        for valid in (False, True)
    ]
    CASES["linear_system"] += [
        case((3,), np.array([1.0, 0.4, -0.3]), shape, (*shape[:-1], 2), system=Filter())
        for shape in ((6,), (2, 5), (1,))
    ] + [case((2,), (2,), (6,), (1,), system=Filter()).over("positive", "positive", "real", "real")]
