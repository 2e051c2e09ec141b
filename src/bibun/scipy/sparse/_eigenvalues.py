"""A few eigenvalues of a symmetric matrix, with their vectors: SciPy's eigsh, and its derivative by the entries. One row.

dw = vᵀ dA v, and dv = -(A - w)⁺ dA v, a system of equations a pair: no other pair need be known. And a few singular values,
by those of the whole matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as matrices  # type: ignore[import-untyped]
import scipy.sparse.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows
from bibun.core.kinds import general
from bibun.core.primitive import Primitive
from bibun.core.traced import Traced
from bibun.errors import DerivativeValueError, located
from bibun.primitives.matrices import magnitude, power_of_two
from bibun.primitives.repeated import EQUAL, holds, rounding
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy._systems import System, linear_system
from bibun.scipy.sparse import issparse
from bibun.scipy.sparse._matrices import Pattern, parts, sparse_product


def _product(a: Any, x: Any, pattern: Pattern | None) -> Any:
    return a @ x if pattern is None else sparse_product(a, x, pattern=pattern)


@dataclass(frozen=True, eq=False)
class _Beside(System):
    """[[A - w, v], [vᵀ, 0]] x = b, which is regular where w is a simple eigenvalue: the pseudo-inverse of A - w is in it."""

    pattern: Pattern | None

    def solve(self, a: Any, w: Any, v: Any, b: Any) -> Any:
        """By a sparse factorisation where the matrix is sparse; of a matrix about as large as v, which rounding would swamp."""
        n, scale = v.shape[0], power_of_two(np.reshape(a, (1, -1))).item()
        a, w, b = a / scale, w / scale, np.concatenate([b[:n] / scale, b[n:]])
        if self.pattern is None:
            whole = np.block([[a - w * np.eye(n), v[:, None]], [v[None], np.zeros((1, 1))]])
            x = np.linalg.solve(whole, b)
        else:
            whole = matrices.block_array(
                [[self.pattern.matrix(a) - w * matrices.eye_array(n), v[:, None]], [v[None], None]]
            )
            x = source.splu(whole.tocsc()).solve(b)
        return np.concatenate([x[:n], scale * x[n:]])

    def product(self, a: Any, w: Any, v: Any, x: Any) -> Any:
        """Block by block."""
        first, last = x[:-1], x[-1:]
        above = _product(a, first, self.pattern) - w * first + v[:, None] * last
        return np.concatenate([above, (v @ first)[None]])

    def transposed(self, a: Any, w: Any, v: Any) -> tuple[System, tuple[Any, ...]]:
        """That of the transposed matrix."""
        if self.pattern is None:
            return self, (np.swapaxes(a, -1, -2), w, v)
        return replace(self, pattern=self.pattern.transposed), (a, w, v)


def _found(a: Any, *, pattern: Pattern | None, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    matrix = a if pattern is None else pattern.matrix(a)
    start = settings.get("v0")
    if start is None:  # SciPy's is another one in each call, and so are the signs
        start = np.random.default_rng(0).uniform(-1, 1, matrix.shape[0]).astype(a.dtype)
    return source.eigsh(matrix, **{**settings, "v0": start})  # type: ignore[no-any-return]


def _check(w: Any) -> None:
    """Raise where two of the eigenvalues are equal to rounding."""
    apart = w[1:] - w[:-1]
    if holds(apart <= rounding(magnitude(w), EQUAL)):
        raise DerivativeValueError(
            f"{located()}eigsh: two of the eigenvalues are equal to rounding, so their vectors are an arbitrary basis, and the "
            "values by themselves have no derivative. For what does not depend on the basis write bibun.scipy.linalg.eigh of "
            "A.toarray()."
        )


def _turned(a: Any, w: Any, v: Any, r: Any, pattern: Pattern | None, *, transposed: bool = False) -> Any:
    """(A - w)⁺ r, without the part along v."""
    system: Any = _Beside(pattern)
    parameters: tuple[Any, ...] = (a, w, v)
    if transposed:
        system, parameters = system.transposed(*parameters)
    return linear_system(*parameters, np.concatenate([r, np.zeros(1)])[:, None], system=system)[:-1, 0]


def _push(t: Any, y: Any, a: Any, pattern: Pattern | None) -> Any:
    w, v = y
    _check(w)
    moved = _product(t, v, pattern)
    turns = [_turned(a, w[i], v[:, i], moved[:, i], pattern) for i in range(w.shape[0])]
    return np.sum(v * moved, axis=0), -np.stack(turns, axis=-1)


def _pull(g: Any, y: Any, a: Any, pattern: Pattern | None) -> Any:
    """The cotangent of the values times v vᵀ, less ((A - w)⁺)ᵀ of that of the vectors times vᵀ: at the places of the entries."""
    w, v = y
    _check(w)
    left = v * g[0]
    if isinstance(g[1], Traced) or np.any(g[1]):
        turns = [_turned(a, w[i], v[:, i], g[1][:, i], pattern, transposed=True) for i in range(w.shape[0])]
        left = left - np.stack(turns, axis=-1)
    if pattern is None:
        return left @ v.T
    return np.sum(left[pattern.rows] * v[pattern.columns], axis=-1)


eigsh_row: Primitive = general(_found, _pull, pushforwards=(_push,), inputs=("a",), domain=("symmetric",), name="eigsh")
add_rows(eigsh_row)


@stands_for(source.eigsh)
def eigsh(
    A: Any, k: int = 6, M: Any = None, sigma: Any = None, which: str = "LM", v0: Any = None, ncv: Any = None, maxiter: Any = None,
    tol: float = 0, return_eigenvectors: bool = True, Minv: Any = None, OPinv: Any = None, mode: str = "normal",
) -> Any:  # fmt: skip
    """k eigenvalues of a symmetric matrix, with their vectors as columns, whose signs are free; A is sparse or dense.

    The derivative is by the entries of A, both triangles of which are read. The values have to be simple.
    """
    if any(x is not None for x in (M, Minv, OPinv)) or isinstance(A, source.LinearOperator):
        raise no_rule("eigsh", "M=, Minv=, OPinv= and operators are not taken; write the matrix, with its entries")
    a, pattern = parts(A) if issparse(A) else (as_array(A), None)
    if a.dtype.kind == "c":
        raise no_rule("eigsh", "the matrix is complex; write bibun.scipy.linalg.eigh of A.toarray()")
    given = {"k": k, "sigma": sigma, "which": which, "v0": v0, "ncv": ncv, "maxiter": maxiter, "tol": tol, "mode": mode}
    w, v = eigsh_row(a, pattern=pattern, settings=given)
    if return_eigenvectors:
        return w, v
    return w[::-1] if sigma is None and which in ("SM", "SA") else w  # as ARPACK leaves them


@stands_for(source.svds)
def svds(
    A: Any, k: int = 6, ncv: Any = None, tol: float = 0, which: str = "LM", v0: Any = None, maxiter: Any = None,
    return_singular_vectors: Any = True, solver: str = "arpack", rng: Any = None, options: Any = None, *,
    random_state: Any = None,
) -> Any:  # fmt: skip
    """k singular values of a matrix, ascending, with their vectors, whose signs are free; A is sparse or dense.

    Computed from the whole matrix, to rounding whatever the solver and its settings.
    """
    if isinstance(A, source.LinearOperator):
        raise no_rule("svds", "operators are not taken; write the matrix, with its entries")
    a = A.toarray() if issparse(A) else as_array(A)
    if which not in ("LM", "SM"):
        raise ValueError("`which` must be in ('LM', 'SM').")
    n = min(a.shape)
    if int(k) != k or not 0 < k < n + (solver == "propack"):
        raise ValueError("`k` must be an integer satisfying `0 < k < min(A.shape)`.")
    taken = np.arange(int(k))[::-1] + (0 if which == "LM" else n - int(k))
    if return_singular_vectors is False:
        return np.linalg.svd(a, compute_uv=False)[taken]
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    left, right = (return_singular_vectors in (True, side) for side in ("u", "vh"))
    return u[:, taken] if left else None, s[taken], vh[taken] if right else None
