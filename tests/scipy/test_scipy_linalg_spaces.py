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


RANKED = {  # of singular values, what counts as zero, and how many are left
    "atol": ((3.0, 2.0, 0.5), {"atol": 0.7}, 2),
    "both": ((3.0, 2.0, 0.5), {"atol": 0.3, "rtol": 0.1}, 2),
    "rtol": ((3.0, 2.0, 0.5), {"rtol": 0.5}, 2),
    "all": ((3.0, 2.0, 0.5), {"atol": 1e-3}, 3),
    "zeros": ((3.0, 2.0, 0.0), {}, 2),
    "nearly zeros": ((3.0, 2.0, 1e-12), {"atol": 1e-10}, 2),
}


@pytest.mark.parametrize("name", RANKED)
@pytest.mark.parametrize("function", ["pinv", "pinvh"])
def test_pseudo_inverses_with_their_rank(name: str, function: str) -> None:
    """Σ v uᵀ / s of the singular values that are left; along what changes none of the others, as by differences of SciPy's."""
    s, given, rank = RANKED[name]
    random = np.random.default_rng(1)
    u, v = (np.linalg.qr(random.normal(size=(n, n)))[0] for n in (4, 3))
    u, v = (v, v) if function == "pinvh" else (u[:, :3], v)
    kept = (u[:, :rank], v[:, :rank])
    a, inner = (u * np.array(s)) @ v.T, random.normal(size=(rank, rank))
    t = (
        kept[0] @ (inner + inner.T) @ kept[1].T
    )  # which moves the values that are left, and their vectors among themselves
    ours, theirs = getattr(linalg, function), getattr(plain, function)
    for more in ({}, {"return_rank": True}):
        f = lambda a, more=more: (lambda y: y[0] if more else y)(ours(a, **given, **more))  # noqa: E731
        y, dy = bb.jvp(f, (a,), (t,))
        np.testing.assert_allclose(y, theirs(a, **given), atol=1e-12)
        h = 1e-5
        truth = (theirs(a + h * t, **given) - theirs(a - h * t, **given)) / (2 * h)
        np.testing.assert_allclose(dy, truth, rtol=1e-6, atol=1e-7)
        g = random.normal(size=y.shape)
        np.testing.assert_allclose(np.sum(bb.vjp(f, a)[1](g)[0] * t), np.sum(g * truth), rtol=1e-6)
    found = ours(bb.Variable(a), **given, return_rank=True)[1]
    assert found == theirs(a, **given, return_rank=True)[1] == rank
    with pytest.raises(ValueError, match="must be positive"):
        ours(bb.Variable(a), atol=-1.0)


def test_exponentials_of_one_matrix_in_many_directions() -> None:
    """The exponential is as many times there as its derivatives, as SciPy gives it."""
    random = np.random.default_rng(0)
    a, e = random.normal(size=(2, 2)), random.normal(size=(3, 2, 2))
    for first, second in ((a, e), (e, a), (e[:1], e), (a, a)):
        expected = plain.expm_frechet(first, second)
        for found in (
            linalg.expm_frechet(bb.Variable(first), second),
            linalg.expm_frechet(first, bb.Variable(second)),
            bb.compile(linalg.expm_frechet)(first, second),
        ):
            for mine, theirs in zip(found, expected, strict=True):
                np.testing.assert_allclose(getattr(mine, "data", mine), theirs, rtol=1e-12)
        f = lambda x, second=second: np.sum(np.sin(linalg.expm_frechet(x, second)[0]))  # noqa: E731
        slope = bb.jvp(f, (first,), (np.ones_like(first),))[1]
        h = 1e-6
        theirs = [np.sum(np.sin(plain.expm_frechet(first + k * h, second)[0])) for k in (1, -1)]
        np.testing.assert_allclose(slope, (theirs[0] - theirs[1]) / (2 * h), rtol=1e-6)
        np.testing.assert_allclose(np.sum(bb.grad(f)(first)), slope, rtol=1e-12)
