"""scipy.sparse.linalg with derivatives: direct and iterative solvers, by the right side and by the entries of the matrix; a few
eigenvalues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any

import numpy as np
import scipy.sparse.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.arrays.registry import add_rows
from bibun.core.kinds import linear
from bibun.core.primitive import Primitive
from bibun.core.traced import plain
from bibun.errors import DerivativeValueError, LostDerivativeError, located
from bibun.scipy._calls import no_rule, remaining, stands_for
from bibun.scipy._levels import batches, steering
from bibun.scipy._systems import System, linear_system
from bibun.scipy.sparse import issparse
from bibun.scipy.sparse._arrays import SparseArray
from bibun.scipy.sparse._eigenvalues import eigsh, svds  # noqa: F401  names of this module too
from bibun.scipy.sparse._matrices import Pattern, parts, product, sparse_product

# The matrix of a system: sparse, dense, or a LinearOperator, which has no entries to differentiate by


class _Sparse:
    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern

    def matrix(self, data: Any) -> Any:
        return self.pattern.matrix(data)

    def product(self, data: Any, x: Any) -> Any:
        return sparse_product(data, x, pattern=self.pattern)

    def transposed(self, data: Any) -> tuple[_Sparse, tuple[Any, ...]]:
        return _Sparse(self.pattern.transposed), (data,)


class _Dense:
    def matrix(self, a: Any) -> Any:
        return a

    def product(self, a: Any, x: Any) -> Any:
        return a @ x

    def transposed(self, a: Any) -> tuple[_Dense, tuple[Any, ...]]:
        return self, (np.swapaxes(a, -1, -2),)


class _Operator:
    def __init__(self, operator: Any) -> None:
        self.operator = operator

    def matrix(self) -> Any:
        return self.operator

    def product(self, x: Any) -> Any:
        return operator_product(x, operator=self.operator)

    def transposed(self) -> tuple[_Operator, tuple[Any, ...]]:
        return _Operator(self.operator.T), ()


operator_product: Primitive = linear(
    lambda x, *, operator: operator @ x,
    lambda g, operator: operator_product(g, operator=operator.T),
    name="operator_product",
)

add_rows(operator_product)


def matrix_of(a: Any) -> tuple[Any, tuple[Any, ...]]:
    """What kind it is, and the entries."""
    if isinstance(a, source.LinearOperator):
        return _Operator(a), ()
    if not issparse(a):
        return _Dense(), (as_array(a),)
    data, pattern = parts(a)
    return _Sparse(pattern), (data,)


# Direct solvers


@dataclass(frozen=True, eq=False)
class _Direct(System):
    """a x = b by a sparse LU factorisation; `settings` are those of spsolve."""

    kind: Any
    settings: Mapping[str, Any]

    def solve(self, data: Any, b: Any) -> Any:
        """SuperLU, which factorises anew."""
        matrix = self.kind.matrix(data).tocsc(copy=True)  # whose entries SciPy sorts and adds up where they are
        x = source.spsolve(matrix, b, **self.settings)
        return np.reshape(x, np.shape(b))

    def product(self, data: Any, x: Any) -> Any:
        """By the entries."""
        return self.kind.product(data, x)

    def transposed(self, data: Any) -> tuple[System, tuple[Any, ...]]:
        """The same entries, with rows and columns exchanged."""
        kind, parameters = self.kind.transposed(data)
        return replace(self, kind=kind), parameters


def _solved(system: System, parameters: tuple[Any, ...], b: Any) -> Any:
    """b a vector or a matrix."""
    b = as_array(b)
    if b.ndim == 1:
        return linear_system(*parameters, b[:, None], system=system)[:, 0]
    return linear_system(*parameters, b, system=system)


@stands_for(source.spsolve)
def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    """x with a x = b; the derivative is by b and by the entries of a. b is dense: a vector, or a matrix of right sides."""
    if not issparse(A):
        raise no_rule("spsolve", "A is a dense array; write bibun.scipy.linalg.solve")
    if issparse(b):
        raise no_rule("spsolve", "b is sparse; write b.toarray()")
    kind, parameters = matrix_of(A)
    b = as_array(b)
    x = _solved(_Direct(kind, {"permc_spec": permc_spec, "use_umfpack": use_umfpack}), parameters, b)
    return x[:, 0] if b.ndim == 2 and b.shape[1] == 1 else x  # one column comes back as a vector


@dataclass(frozen=True, eq=False)
class _Factored(System):
    """a x = b or a^T x = b by a factorisation that there is; the entries are plain."""

    factor: Any
    matrix: Any
    trans: str = "N"

    def solve(self, b: Any) -> Any:
        """Two substitutions. SuperLU solves in the matrix's own precision, and for real b only where it is real."""
        if np.iscomplexobj(b) and not np.iscomplexobj(self.matrix.data):
            return self.solve(np.ascontiguousarray(b.real)) + 1j * self.solve(np.ascontiguousarray(b.imag))
        return self.factor.solve(np.asarray(b, self.matrix.dtype), self.trans)

    def product(self, x: Any) -> Any:
        """Of the matrix itself."""
        return product(self.matrix if self.trans == "N" else self.matrix.T, x)

    def transposed(self) -> tuple[System, tuple[Any, ...]]:
        """With the same factors."""
        return replace(self, trans="T" if self.trans == "N" else "N"), ()


class Factor:
    """What splu returns: `solve(b)` for plain and traced b. Everything else is SuperLU's."""

    def __init__(self, a: Any, settings: Mapping[str, Any]) -> None:
        self._traced = isinstance(a, SparseArray)
        self._matrix = a if self._traced else a.tocsc(copy=True)
        self._factor = None if self._traced else source.splu(self._matrix, **settings)

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """x with a x = rhs, a^T x = rhs (trans 'T') or a^H x = rhs ('H')."""
        if self._traced:
            a = self._matrix if trans == "N" else self._matrix.T if trans == "T" else self._matrix.conjugate().T
            return spsolve(a, rhs)
        if not holds_traced(rhs):
            return self._factor.solve(rhs, trans)  # type: ignore[union-attr]
        if trans == "H":
            return np.conjugate(self.solve(np.conjugate(rhs), "T"))
        return _solved(_Factored(self._factor, self._matrix, trans), (), rhs)

    def __getattr__(self, name: str) -> Any:
        if self._factor is None:
            raise no_rule(f"splu(...).{name}", "the matrix has traced entries; only solve is there")
        return getattr(self._factor, name)


def splu(A: Any, **settings: Any) -> Factor:
    """The LU factorisation of a sparse matrix, for many right sides. Of traced entries each solve factorises anew."""
    return Factor(A, settings)


def factorized(A: Any) -> Any:
    """The function b -> x with a x = b."""
    return Factor(A, {}).solve


# Iterative solvers


@dataclass(frozen=True, eq=False)
class _Iterative(System):
    """a x = b by an iteration of SciPy's, to its tolerance. The transposed equation is solved by the same iteration."""

    method: str
    kind: Any
    settings: Mapping[str, Any]
    start: Any = field(default=None)

    def solve(self, *inputs: Any) -> Any:
        """One column after the other; an iteration that does not end at the solution has no derivative."""
        *parameters, b = inputs
        settings = dict(self.settings, x0=self.start)
        columns = []
        for column in np.transpose(b):
            x, info = getattr(source, self.method)(self.kind.matrix(*parameters), column, **settings)
            columns.append(x)
            if info:
                raise DerivativeValueError(
                    f"{located()}{self.method} has not converged (info={info}), and the derivative is that of the solution, not "
                    "of the steps to it. Allow more steps (maxiter=), a larger rtol=, or a preconditioner M=."
                )
        return np.stack(columns, axis=1) if columns else np.zeros_like(b)

    def product(self, *inputs: Any) -> Any:
        """Of the matrix."""
        return self.kind.product(*inputs)

    def transposed(self, *parameters: Any) -> tuple[System, tuple[Any, ...]]:
        """From zero, with the transposed preconditioner."""
        kind, parameters = self.kind.transposed(*parameters)
        settings = dict(self.settings)
        if settings.get("M") is not None and self.method not in ("cg", "minres"):  # these take a symmetric one
            settings["M"] = settings["M"].T
            try:
                settings["M"] @ np.zeros(settings["M"].shape[1])
            except NotImplementedError:
                raise no_rule(
                    self.method,
                    "its transposed system needs the transposed preconditioner: M = LinearOperator(shape, matvec, rmatvec=...)",
                ) from None
        return replace(self, kind=kind, settings=settings, start=None), parameters

    def step(self, inputs: list[Any], r: Any) -> Any:
        """From zero."""
        return linear_system(*inputs[:-1], r, system=replace(self, start=None))


def _iterative(name: str) -> Any:
    def call(A: Any, b: Any, x0: Any = None, **settings: Any) -> Any:
        settings = steering(name, **settings)
        settings.pop("callback", None)
        settings.pop("callback_type", None)
        if holds_traced(x0):
            x0 = None if batches(x0) else plain(x0)  # the solution does not depend on where the iteration starts
        kind, parameters = matrix_of(A)
        return _solved(_Iterative(name, kind, settings, x0), parameters, b), 0

    call.__doc__ = (
        f"{name}(A, b): the solution of a x = b, to the tolerance, and 0; DerivativeValueError where that is missed."
    )
    call.__module__ = __name__
    return _of_plain_operators(name, stands_for(getattr(source, name))(call))


_OF_OPERATORS = (
    "the function of the LinearOperator reads traced numbers, and has no entries to differentiate by; write the matrix as a "
    "sparse one with traced entries (bibun.scipy.sparse), or as a sum of plain ones times numbers"
)


def _of_plain_operators(name: str, solve: Any) -> Any:
    """An operator's function may read traced numbers from the code around it, of which nothing here is told."""

    @wraps(solve)
    def call(A: Any, *args: Any, **settings: Any) -> Any:
        try:
            return solve(A, *args, **settings)
        except LostDerivativeError as error:
            if not isinstance(A, source.LinearOperator):
                raise
            raise no_rule(name, _OF_OPERATORS) from error

    return call


cg, cgs, bicg, bicgstab = map(_iterative, ("cg", "cgs", "bicg", "bicgstab"))
gmres, lgmres, minres, qmr = map(_iterative, ("gmres", "lgmres", "minres", "qmr"))
gcrotmk, tfqmr = map(_iterative, ("gcrotmk", "tfqmr"))

_DENSE = "write the function of bibun.scipy.linalg or numpy.linalg for A.toarray()"
__getattr__ = remaining(
    source,
    {
        **dict.fromkeys(("eigs", "lobpcg", "expm", "inv", "norm"), _DENSE),
        "expm_multiply": f"{_DENSE}: expm(A) @ B",
        **dict.fromkeys(("lsqr", "lsmr"), "write spsolve, or cg, of the normal equations A.T @ A"),
        "spsolve_triangular": "write spsolve, which finds the triangle by itself",
        "_CustomLinearOperator": _OF_OPERATORS,  # what LinearOperator(...) makes; without dtype= it calls the function
        "aslinearoperator": "the solvers take an array as it is: cg(A, b)",
        "spilu": "an incomplete factorisation is not the inverse; as a preconditioner give it to cg or gmres (M=)",
    },
)
