"""Null spaces and ranges of matrices: SciPy's bases; the derivative is that of the space, by its projector in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg as plain

import bibun as bb
from bibun.scipy import linalg

_random = np.random.default_rng(0)
WIDE, TALL = _random.normal(size=(2, 4)), _random.normal(size=(4, 2))
COMPLEX = WIDE + 1j * _random.normal(size=(2, 4))
LOW = _random.normal(size=(3, 2)) @ WIDE  # of rank 2, which a derivative keeps
WEIGHTS = np.arange(16.0).reshape(4, 4)


def of_space(basis: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def total(a: Any) -> Any:
        q = basis(a)
        return np.sum(np.sin(np.real(q @ np.conj(q.T)) * WEIGHTS))

    return total


def of_projector(projector: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda a: np.sum(np.sin(np.real(projector(a)) * WEIGHTS))


NULL = of_space(linalg.null_space), of_projector(lambda a: np.eye(4) - np.linalg.pinv(a, rcond=1e-12) @ a)
RANGE = of_space(linalg.orth), of_projector(lambda a: a @ np.linalg.pinv(a, rcond=1e-12))


@pytest.mark.parametrize(("pair", "a"), [(NULL, WIDE), (NULL, COMPLEX), (RANGE, TALL), (RANGE, COMPLEX.T)])
def test_spaces(pair: Any, a: np.ndarray) -> None:
    found, truth = pair
    theirs = plain.null_space(a) if pair is NULL else plain.orth(a)
    ours = (linalg.null_space if pair is NULL else linalg.orth)(bb.Variable(a))
    np.testing.assert_allclose(ours.data, theirs, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(bb.grad(found)(a), bb.grad(truth)(a), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(bb.compile(bb.grad(found))(a), bb.grad(truth)(a), rtol=1e-9, atol=1e-10)
    t = a * a
    np.testing.assert_allclose(bb.jvp(found, (a,), (t,))[1], bb.jvp(truth, (a,), (t,))[1], rtol=1e-9)
    stack = np.stack([a, a + 0.1])
    np.testing.assert_allclose(bb.vmap(bb.grad(found))(stack)[1], bb.grad(truth)(stack[1]), rtol=1e-9, atol=1e-10)
    if a.dtype.kind != "c":
        np.testing.assert_allclose(bb.hessian(found)(a), bb.hessian(truth)(a), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("pair", "a"), [(NULL, LOW), (RANGE, LOW.T)])
def test_spaces_of_a_matrix_of_low_rank(pair: Any, a: np.ndarray) -> None:
    found, truth = pair
    np.testing.assert_allclose(bb.grad(found)(a), bb.grad(truth)(a), rtol=1e-8, atol=1e-8)
    with pytest.raises(bb.DerivativeValueError, match="zero to rounding"):
        bb.jvp(NULL[0], (LOW,), (LOW * LOW,))


def test_the_basis_itself_has_no_derivative() -> None:
    with pytest.raises(bb.DerivativeValueError, match="arbitrary basis"):
        bb.grad(lambda a: linalg.null_space(a)[0, 0])(WIDE)
    with pytest.raises(bb.DerivativeValueError, match="the rank in null_space would be another one"):
        bb.vmap(linalg.null_space)(np.stack([LOW, LOW + np.eye(3, 4)]))
    with pytest.raises(ValueError, match="infs or NaNs"):
        linalg.orth(bb.Variable(WIDE * np.nan))


def test_rcond_says_what_counts_as_zero() -> None:
    a = np.diag([3.0, 1.0, 1e-3])
    for rcond, rank in ((None, 3), (1e-2, 2), (0.5, 1)):
        assert linalg.orth(bb.Variable(a), rcond).shape == plain.orth(a, rcond).shape == (3, rank)
        assert linalg.null_space(bb.Variable(a), rcond).shape == plain.null_space(a, rcond).shape == (3, 3 - rank)
