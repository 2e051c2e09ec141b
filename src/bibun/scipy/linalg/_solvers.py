"""Solvers of linear equations: for each of SciPy's, the equation that it solves (see scipy/_systems.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import scipy.linalg as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.primitives.matrices import power_of_two
from bibun.primitives.repeated import holds
from bibun.scipy._calls import for_lapack, no_rule, stands_for
from bibun.scipy._systems import System, linear_system
from bibun.scipy.linalg._matrices import (
    adjoint,
    band_product,
    band_transposed,
    column_and_row,
    conjugate,
    hermitian,
    one_by_one,
    toeplitz_of,
    transpose,
    whole_band,
)


def solved(system: System, *parameters: Any, b: Any) -> Any:
    """With b a vector if it has one axis, else matrices."""
    b = as_array(b)
    return (
        linear_system(*parameters, b[:, None], system=system)[..., 0]
        if b.ndim == 1
        else linear_system(*parameters, b, system=system)
    )


# A matrix, of which a part may be read

_SHORT = {
    "gen": "general", "sym": "symmetric", "her": "hermitian", "pos": "positive definite", None: "general",
}  # fmt: skip


@dataclass(frozen=True)
class Dense(System):
    """a x = b, or a^T x = b, for a matrix of a structure."""

    assume_a: str | None
    lower: bool
    transpose: bool = False

    @property
    def native(self) -> tuple[str, str, bool, bool] | None:
        """The structures that are not a few diagonals, nor indefinite."""
        structure = _SHORT.get(self.assume_a, self.assume_a)
        if structure in ("general", "positive definite"):
            return structure, "lower" if self.lower else "upper", self.transpose, False
        triangle, _, word = str(structure).partition(" ")
        return (word, triangle, self.transpose, False) if word == "triangular" else None

    def solve(self, a: Any, b: Any) -> Any:
        """LAPACK's solver for the structure."""
        settings = {"lower": self.lower, "assume_a": self.assume_a, "transposed": self.transpose}
        return source.solve(a, b, check_finite=False, **settings)

    def product(self, a: Any, x: Any) -> Any:
        """By the part of a that the solver reads."""
        whole = self._whole(a)
        return (transpose(whole) if self.transpose else whole) @ x

    def _whole(self, a: Any) -> Any:
        structure = _SHORT.get(self.assume_a, self.assume_a)
        if structure in ("general", "banded"):
            return a
        if structure == "diagonal":
            return a * np.eye(a.shape[-1], dtype=bool)
        if structure == "tridiagonal":
            return np.triu(np.tril(a, 1), -1)
        if structure == "upper triangular":
            return np.triu(a)
        if structure == "lower triangular":
            return np.tril(a)
        if structure == "symmetric":
            half, other = (np.tril(a), np.tril(a, -1)) if self.lower else (np.triu(a), np.triu(a, 1))
            return half + transpose(other)
        if structure in ("hermitian", "positive definite"):
            return hermitian(a, self.lower)
        raise ValueError(f"{self.assume_a!r} is not a recognized matrix structure")

    def transposed(self, a: Any) -> tuple[System, tuple[Any, ...]]:
        """The mirrored structure; a Hermitian a^T is conj(a)."""
        structure = _SHORT.get(self.assume_a, self.assume_a)
        if structure == "symmetric":
            return self, (a,)
        if structure in ("hermitian", "positive definite"):
            return self, (conjugate(a),)
        if not (self.transpose or structure in ("upper triangular", "lower triangular")) and self.assume_a is not None:
            return self, (transpose(a),)
        mirrored = {"upper triangular": "lower triangular", "lower triangular": "upper triangular"}
        if structure in mirrored:
            return replace(self, assume_a=mirrored[structure]), (transpose(a),)
        return replace(self, transpose=False), (a if self.transpose else transpose(a),)


@stands_for(source.solve)
def solve(a: Any, b: Any, lower: bool = False, assume_a: str | None = None, transposed: bool = False) -> Any:
    """x with a x = b, or a^T x = b where `transposed`. The derivative is by the part of a that `assume_a` reads."""
    return solved(Dense(assume_a, bool(lower), bool(transposed)), as_array(a), b=b)


@stands_for(source.inv)
def inv(a: Any, *, assume_a: str | None = None, lower: bool = False) -> Any:
    """The inverse."""
    a = for_lapack(a)
    if _SHORT.get(assume_a, assume_a) == "general":
        return np.linalg.inv(a)
    return solve(a, np.eye(a.shape[-1], dtype=a.dtype), lower, assume_a=assume_a)


@dataclass(frozen=True)
class Triangular(System):
    """op(t) x = b, where t is one triangle of a, and op by `trans`: 0 nothing, 1 the transpose, 2 the adjoint."""

    lower: bool
    trans: int = 0
    unit: bool = False
    singular: bool = False  # whether it may be, and is divided by 0 then, as LAPACK does with the factors of a matrix

    @property
    def native(self) -> tuple[str, str, bool, bool] | None:
        """The adjoint of a real matrix is its transpose."""
        return "triangular", "lower" if self.lower else "upper", bool(self.trans), self.unit

    def solve(self, a: Any, b: Any) -> Any:
        """Substitution."""
        if self.singular and not (self.unit or np.all(np.diagonal(a, axis1=-2, axis2=-1))):
            return self._divided(a, b)
        return source.solve_triangular(a, b, self.trans, self.lower, self.unit, check_finite=False)

    def _divided(self, a: Any, b: Any) -> Any:
        """By BLAS, which asks nothing, for one matrix after the other."""
        (trsm,) = source.get_blas_funcs(("trsm",), (a, b))
        return one_by_one(lambda a, b: (trsm(1.0, a, b, lower=self.lower, trans_a=self.trans),), [a, b], [2, 2])[0]

    def product(self, a: Any, x: Any) -> Any:
        """By the triangle."""
        k = -1 if self.unit else 0
        t = np.tril(a, k) if self.lower else np.triu(a, -k)
        y = (t, transpose(t), adjoint(t))[self.trans] @ x
        return y + x if self.unit else y

    def transposed(self, a: Any) -> tuple[System, tuple[Any, ...]]:
        """The adjoint's transpose is the conjugate."""
        return replace(self, trans=(1, 0, 0)[self.trans]), (conjugate(a) if self.trans == 2 else a,)


@stands_for(source.solve_triangular)
def solve_triangular(a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False) -> Any:
    """x with t x = b, t^T x = b or t^H x = b, where t is the lower or the upper triangle of a."""
    return substituted(a, b, {"N": 0, "T": 1, "C": 2}.get(trans, trans), lower, unit_diagonal)


def substituted(
    a: Any, b: Any, trans: int = 0, lower: bool = False, unit_diagonal: bool = False, *, singular: bool = False
) -> Any:
    """The same, of entries that may be any, as in derivatives; `singular`: with a diagonal that may have zeros."""
    return solved(Triangular(bool(lower), trans, bool(unit_diagonal), singular), as_array(a), b=b)


# Bands


@dataclass(frozen=True)
class Banded(System):
    """a x = b for a with l diagonals below the main one and u above it, in band storage."""

    below: int
    above: int

    @property
    def native(self) -> tuple[str, str, bool, bool] | None:
        """One diagonal on each side."""
        return ("tridiagonal", "", False, False) if self.below == self.above == 1 else None

    def solve(self, ab: Any, b: Any) -> Any:
        """LAPACK's gbsv, or gtsv for three diagonals."""
        return source.solve_banded((self.below, self.above), ab, b, check_finite=False)

    def product(self, ab: Any, x: Any) -> Any:
        """One diagonal after the other."""
        return band_product(ab, x, self.above)

    def transposed(self, ab: Any) -> tuple[System, tuple[Any, ...]]:
        """As many diagonals below as there were above."""
        return Banded(self.above, self.below), (band_transposed(ab, self.above),)


@stands_for(source.solve_banded)
def solve_banded(l_and_u: Any, ab: Any, b: Any) -> Any:
    """x with a x = b, for a in band storage: ab[u + i - j, j] = a[i, j]."""
    below, above = l_and_u
    return solved(Banded(int(below), int(above)), as_array(ab), b=b)


@dataclass(frozen=True)
class HermitianBanded(System):
    """a x = b for a positive definite a, of which one triangle is in band storage; `factor`: it is that of Cholesky's."""

    lower: bool
    factor: bool = False

    def solve(self, ab: Any, b: Any) -> Any:
        """LAPACK's pbsv, or ptsv for three diagonals; of a factor, pbtrs."""
        return (
            source.cho_solve_banded((ab, self.lower), b, check_finite=False)
            if self.factor
            else source.solveh_banded(ab, b, lower=self.lower, check_finite=False)
        )

    def product(self, ab: Any, x: Any) -> Any:
        """By both triangles; of a factor f, f f^H x or f^H f x."""
        u = ab.shape[-2] - 1
        if not self.factor:
            return band_product(whole_band(ab, self.lower), x, u)
        above = 0 if self.lower else u
        other = conjugate(band_transposed(ab, above))
        first, second = ((other, u), (ab, 0)) if self.lower else ((ab, u), (other, 0))
        return band_product(second[0], band_product(first[0], x, first[1]), second[1])

    def transposed(self, ab: Any) -> tuple[System, tuple[Any, ...]]:
        """a^T = conj(a)."""
        return self, (conjugate(ab),)


@stands_for(source.solveh_banded)
def solveh_banded(ab: Any, b: Any, lower: bool = False) -> Any:
    """x with a x = b, for a positive definite a of which one triangle is in band storage."""
    return solved(HermitianBanded(bool(lower)), as_array(ab), b=b)


@stands_for(source.cho_solve_banded)
def cho_solve_banded(cb_and_lower: Any, b: Any) -> Any:
    """x with a x = b, from cholesky_banded's factor of a."""
    cb, lower = cb_and_lower
    return solved(HermitianBanded(bool(lower), factor=True), as_array(cb), b=b)


# Toeplitz and circulant matrices


@dataclass(frozen=True)
class Toeplitz(System):
    """toeplitz(c, r) x = b."""

    def solve(self, c: Any, r: Any, b: Any) -> Any:
        """Levinson's recursion, for one matrix after the other."""
        stack = np.broadcast_shapes(c.shape[:-1], b.shape[:-2])
        if not stack:
            return source.solve_toeplitz((c, r), b, check_finite=False)
        c, r, b = (np.broadcast_to(x, (*stack, *x.shape[-k:])) for x, k in ((c, 1), (r, 1), (b, 2)))
        x = np.empty(b.shape, np.result_type(c, r, b, np.float64))
        for i in np.ndindex(stack):
            x[i] = source.solve_toeplitz((c[i], r[i]), b[i], check_finite=False)
        return x

    def product(self, c: Any, r: Any, x: Any) -> Any:
        """By the whole matrix, whose solution takes as many operations as it has entries."""
        return toeplitz_of(c, r) @ x

    def transposed(self, c: Any, r: Any) -> tuple[System, tuple[Any, ...]]:
        """Row and column change places; the first entry is c's."""
        return self, (np.concatenate([c[..., :1], r[..., 1:]], axis=-1), c)


@stands_for(source.solve_toeplitz)
def solve_toeplitz(c_or_cr: Any, b: Any) -> Any:
    """x with toeplitz(c, r) x = b; of stacks of c, r and b a stack."""
    return solved(Toeplitz(), *column_and_row(c_or_cr), b=b)


@stands_for(source.solve_circulant)
def solve_circulant(
    c: Any, b: Any, singular: str = "raise", tol: Any = None, caxis: int = -1, baxis: int = 0, outaxis: int = 0
) -> Any:
    """x with circulant(c) x = b: a quotient of Fourier transforms."""
    if singular != "raise":
        raise no_rule("solve_circulant", "singular='lstsq' drops frequencies; write lstsq(circulant(c), b)")
    c, b = np.moveaxis(np.atleast_1d(as_array(c)), caxis, -1), np.moveaxis(np.atleast_1d(as_array(b)), baxis, -1)
    if c.shape[-1] != b.shape[-1]:
        raise ValueError(f"Shapes of c {c.shape} and b {b.shape} are incompatible")
    values = np.fft.fft(c, axis=-1)
    size = np.abs(values)
    if tol is None:
        tol = np.max(size, axis=-1, keepdims=True) * c.shape[-1] * np.finfo(np.float64).eps
    if holds(size <= tol):
        raise source.LinAlgError("near singular circulant matrix.")
    scale = power_of_two(values, -1)  # without it the slope of the quotient leaves the range
    x = np.fft.ifft(np.fft.fft(b / scale, axis=-1) / (values / scale), axis=-1)
    if c.dtype.kind != "c" and b.dtype.kind != "c":
        x = np.real(x)
    return np.moveaxis(x, -1, outaxis)


# Equations of matrices


def _in_range(solve: Callable[..., Any], *matrices: Any) -> Any:
    """The solution by matrices about as large as 1: LAPACK takes sums of eigenvalues below tiny / eps for that, and scales what
    is large, which SciPy does a second time in the place of taking it back.
    """
    if any(x.dtype.kind not in "fc" for x in matrices):
        return solve(*matrices)
    *scales, of_right = map(power_of_two, matrices)
    scale = reduce(np.maximum, scales)
    return solve(*(x / scale for x in matrices[:-1]), matrices[-1] / of_right) * (of_right / scale)


@dataclass(frozen=True)
class Sylvester(System):
    """a x + x b = q."""

    columns = False

    def solve(self, a: Any, b: Any, q: Any) -> Any:
        """By the Schur forms of a and b."""
        return _in_range(source.solve_sylvester, a, b, q)

    def product(self, a: Any, b: Any, x: Any) -> Any:
        """a x + x b."""
        return a @ x + x @ b

    def transposed(self, a: Any, b: Any) -> tuple[System, tuple[Any, ...]]:
        """a^T g + g b^T."""
        return self, (transpose(a), transpose(b))


@dataclass(frozen=True)
class Lyapunov(System):
    """a x + x a^H = q; or x - a x a^H = q where `discrete`, by one of SciPy's two methods."""

    discrete: bool = False
    method: str | None = None
    columns = False

    def solve(self, a: Any, q: Any) -> Any:
        """By the Schur form of a, or as one large system."""
        if self.discrete:
            return source.solve_discrete_lyapunov(a, q, self.method)
        return _in_range(source.solve_continuous_lyapunov, a, q)

    def product(self, a: Any, x: Any) -> Any:
        """Not linear in a, which stands in it twice."""
        return x - a @ x @ adjoint(a) if self.discrete else a @ x + x @ adjoint(a)

    def transposed(self, a: Any) -> tuple[System, tuple[Any, ...]]:
        """a^T g + g conj(a) = a^T g + g (a^T)^H."""
        return self, (transpose(a),)


def sylvester(a: Any, b: Any, q: Any) -> Any:
    """x with a x + x b = q, of arrays; of plain ones too it is not SciPy's call, which fails at the ends of the range."""
    return linear_system(a, b, q, system=Sylvester())


@stands_for(source.solve_sylvester)
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """x with a x + x b = q."""
    return sylvester(as_array(a), as_array(b), as_array(q))


@stands_for(source.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """x with a x + x a^H = q."""
    return linear_system(np.atleast_2d(as_array(a)), np.atleast_2d(as_array(q)), system=Lyapunov())


@stands_for(source.solve_discrete_lyapunov)
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """x with a x a^H - x + q = 0."""
    return linear_system(as_array(a), as_array(q), system=Lyapunov(discrete=True, method=method))
