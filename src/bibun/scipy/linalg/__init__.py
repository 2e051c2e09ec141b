"""scipy.linalg with derivatives: its names and parameters, for traced arrays too; plain arguments go to SciPy as they are.

What is not defined here is SciPy's own, or refuses traced arrays and says why and what to write.
"""

from __future__ import annotations

import scipy.linalg as _source  # type: ignore[import-untyped]

from bibun.scipy._calls import remaining as _remaining
from bibun.scipy.linalg._factors import (
    cho_factor as cho_factor,
)
from bibun.scipy.linalg._factors import (
    cho_solve as cho_solve,
)
from bibun.scipy.linalg._factors import (
    cholesky as cholesky,
)
from bibun.scipy.linalg._factors import (
    cholesky_banded as cholesky_banded,
)
from bibun.scipy.linalg._factors import (
    det as det,
)
from bibun.scipy.linalg._factors import (
    eig as eig,
)
from bibun.scipy.linalg._factors import (
    eig_banded as eig_banded,
)
from bibun.scipy.linalg._factors import (
    eigh as eigh,
)
from bibun.scipy.linalg._factors import (
    eigh_tridiagonal as eigh_tridiagonal,
)
from bibun.scipy.linalg._factors import (
    eigvals as eigvals,
)
from bibun.scipy.linalg._factors import (
    eigvals_banded as eigvals_banded,
)
from bibun.scipy.linalg._factors import (
    eigvalsh as eigvalsh,
)
from bibun.scipy.linalg._factors import (
    eigvalsh_tridiagonal as eigvalsh_tridiagonal,
)
from bibun.scipy.linalg._factors import (
    lstsq as lstsq,
)
from bibun.scipy.linalg._factors import (
    lu as lu,
)
from bibun.scipy.linalg._factors import (
    lu_factor as lu_factor,
)
from bibun.scipy.linalg._factors import (
    lu_solve as lu_solve,
)
from bibun.scipy.linalg._factors import (
    norm as norm,
)
from bibun.scipy.linalg._factors import (
    orthogonal_procrustes as orthogonal_procrustes,
)
from bibun.scipy.linalg._factors import (
    pinv as pinv,
)
from bibun.scipy.linalg._factors import (
    pinvh as pinvh,
)
from bibun.scipy.linalg._factors import (
    polar as polar,
)
from bibun.scipy.linalg._factors import (
    qr as qr,
)
from bibun.scipy.linalg._factors import (
    rq as rq,
)
from bibun.scipy.linalg._factors import (
    svd as svd,
)
from bibun.scipy.linalg._factors import (
    svdvals as svdvals,
)
from bibun.scipy.linalg._functions import (
    coshm as coshm,
)
from bibun.scipy.linalg._functions import (
    cosm as cosm,
)
from bibun.scipy.linalg._functions import (
    expm as expm,
)
from bibun.scipy.linalg._functions import (
    expm_frechet as expm_frechet,
)
from bibun.scipy.linalg._functions import (
    fractional_matrix_power as fractional_matrix_power,
)
from bibun.scipy.linalg._functions import (
    logm as logm,
)
from bibun.scipy.linalg._functions import (
    signm as signm,
)
from bibun.scipy.linalg._functions import (
    sinhm as sinhm,
)
from bibun.scipy.linalg._functions import (
    sinm as sinm,
)
from bibun.scipy.linalg._functions import (
    sqrtm as sqrtm,
)
from bibun.scipy.linalg._functions import (
    tanhm as tanhm,
)
from bibun.scipy.linalg._functions import (
    tanm as tanm,
)
from bibun.scipy.linalg._matrices import (
    block_diag as block_diag,
)
from bibun.scipy.linalg._matrices import (
    circulant as circulant,
)
from bibun.scipy.linalg._matrices import (
    companion as companion,
)
from bibun.scipy.linalg._matrices import (
    convolution_matrix as convolution_matrix,
)
from bibun.scipy.linalg._matrices import (
    diagsvd as diagsvd,
)
from bibun.scipy.linalg._matrices import (
    fiedler as fiedler,
)
from bibun.scipy.linalg._matrices import (
    fiedler_companion as fiedler_companion,
)
from bibun.scipy.linalg._matrices import (
    hankel as hankel,
)
from bibun.scipy.linalg._matrices import (
    khatri_rao as khatri_rao,
)
from bibun.scipy.linalg._matrices import (
    leslie as leslie,
)
from bibun.scipy.linalg._matrices import (
    matmul_toeplitz as matmul_toeplitz,
)
from bibun.scipy.linalg._matrices import (
    toeplitz as toeplitz,
)
from bibun.scipy.linalg._solvers import (
    cho_solve_banded as cho_solve_banded,
)
from bibun.scipy.linalg._solvers import (
    inv as inv,
)
from bibun.scipy.linalg._solvers import (
    solve as solve,
)
from bibun.scipy.linalg._solvers import (
    solve_banded as solve_banded,
)
from bibun.scipy.linalg._solvers import (
    solve_circulant as solve_circulant,
)
from bibun.scipy.linalg._solvers import (
    solve_continuous_lyapunov as solve_continuous_lyapunov,
)
from bibun.scipy.linalg._solvers import (
    solve_discrete_lyapunov as solve_discrete_lyapunov,
)
from bibun.scipy.linalg._solvers import (
    solve_sylvester as solve_sylvester,
)
from bibun.scipy.linalg._solvers import (
    solve_toeplitz as solve_toeplitz,
)
from bibun.scipy.linalg._solvers import (
    solve_triangular as solve_triangular,
)
from bibun.scipy.linalg._solvers import (
    solveh_banded as solveh_banded,
)

solve_lyapunov = solve_continuous_lyapunov

_BASIS = "the basis of a space is free up to a rotation; the projector on it is not: "
_ORDER = "the triangular form depends on the order of the eigenvalues; "
__getattr__ = _remaining(
    _source,
    {
        "null_space": f"{_BASIS}write np.eye(n) - pinv(A) @ A",
        "orth": f"{_BASIS}write A @ pinv(A)",
        "schur": f"{_ORDER}write expm, sqrtm, logm, solve_sylvester, eig or eigvals, whichever it is for",
        "rsf2csf": f"{_ORDER}write eig or eigvals",
        "qz": f"{_ORDER}write eigvals(a, b)",
        "ordqz": f"{_ORDER}write eigvals(a, b)",
        "hessenberg": "it is an intermediate form; write what it is for: eigvals, or eig",
        "ldl": "its blocks of one or two rows jump with the pivots; write lu, or cholesky where A is positive definite",
        "funm": "the function is a black box of the eigenvalues; write expm, logm, sqrtm, sinm, ..., or with w, v = eig(A): "
        "v * func(w) @ inv(v)",
        "cossin": "the bases are free up to a rotation; write svdvals of the blocks",
        "matrix_balance": "the scaling jumps between powers of two",
        "subspace_angles": "write np.arccos(svdvals(qa.T @ qb)) of qa, _ = qr(A, mode='economic') and qb of B alike",
        "solve_continuous_are": "write its residual, and give the derivative by the implicit function theorem: "
        "bibun.custom_vjp with solve_continuous_lyapunov",
        "solve_discrete_are": "write its residual, and give the derivative by the implicit function theorem: "
        "bibun.custom_vjp with solve_discrete_lyapunov",
        "expm_cond": "it is an estimate",
        "qr_multiply": "write q, r = qr(a, mode='economic') and the product",
        "qr_delete": "write qr of the matrix that is meant",
        "qr_insert": "write qr of the matrix that is meant",
        "qr_update": "write qr of the matrix that is meant",
    },
)
