"""The Schur form: SciPy's values, their slopes by differences, and errors where the form is arbitrary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg as plain

import bibun as bb
from bibun.errors import DerivativeValueError
from bibun.scipy import linalg

_random = np.random.default_rng(0)
W = _random.normal(size=(4, 4))
VECTORS = _random.normal(size=(4, 4)) + 3 * np.eye(4)
MATRICES: dict[str, tuple[np.ndarray, str]] = {
    "real": (VECTORS @ np.diag([1.0, 2.5, -1.0, 4.0]) @ np.linalg.inv(VECTORS), "real"),
    "complex": (_random.normal(size=(4, 4)) + 1j * _random.normal(size=(4, 4)), "complex"),
    "complex form of a real one": (_random.normal(size=(4, 4)), "complex"),
}


def total(module: Any, output: str) -> Callable[[Any], Any]:
    """Of a real form anything; of a complex one what does not depend on the phases."""

    def f(a: Any) -> Any:
        t, z = module.schur(a, output)
        found = np.sum(W * np.abs(t) ** 2) + np.sum(W * np.abs(z) ** 3) + np.sum(np.real(np.diagonal(t) * W[0]))
        return found + np.sum(np.sin(t) * W) + np.sum(z * W) if output == "real" else found

    return f


@pytest.mark.parametrize("name", MATRICES)
def test_slopes_of_both_orders(name: str) -> None:
    a, output = MATRICES[name]
    f, theirs, h = total(linalg, output), total(plain, output), 1e-5
    t, r = (
        _random.normal(size=a.shape) + (1j * _random.normal(size=a.shape) if a.dtype.kind == "c" else 0) for _ in "tr"
    )
    slope = (theirs(a + h * t) - theirs(a - h * t)) / (2 * h)
    y, dy = bb.jvp(f, (a,), (t,))
    np.testing.assert_allclose(y, theirs(a), rtol=1e-12)
    np.testing.assert_allclose(dy, slope, rtol=1e-6)
    along = lambda a: np.real(np.sum(bb.grad(f)(a) * t))  # noqa: E731
    np.testing.assert_allclose(along(a), dy, rtol=1e-9)
    second = (along(a + h * r) - along(a - h * r)) / (2 * h)
    for found in (bb.jvp(along, (a,), (r,))[1], np.real(np.sum(bb.grad(along)(a) * r))):
        np.testing.assert_allclose(found, second, rtol=1e-5)
    stack = np.stack([a, a + 0.01])
    np.testing.assert_allclose(bb.vmap(f)(stack), [theirs(x) for x in stack], rtol=1e-11)
    np.testing.assert_allclose(bb.vmap(bb.grad(f))(stack), [bb.grad(f)(x) for x in stack], rtol=1e-8)
    np.testing.assert_allclose(bb.compile(bb.grad(f))(a), bb.grad(f)(a), rtol=1e-10)


def test_what_depends_on_phases_is_refused() -> None:
    a, _ = MATRICES["complex"]
    for f in (lambda a: np.real(linalg.schur(a)[1][1, 0]), lambda a: np.real(linalg.schur(a, "complex")[0][0, 1])):
        with pytest.raises(DerivativeValueError, match="phases"):
            bb.grad(f)(a)
        with pytest.raises(DerivativeValueError, match="phases"):
            bb.jvp(f, (a,), (a,))


@pytest.mark.parametrize(
    ("a", "reason"),
    [
        (np.eye(3), "equal to rounding"),
        (np.array([[2.0, 1.0], [0.0, 2.0]]), "equal to rounding"),
        (np.array([[0.0, 1.0], [-1.0, 0.0]]), "Write output='complex'"),
    ],
    ids=["one", "defective", "pair"],
)
def test_forms_that_are_arbitrary(a: np.ndarray, reason: str) -> None:
    f = lambda a: np.sum(linalg.schur(a)[0])  # noqa: E731
    assert f(a) == np.sum(plain.schur(a)[0])
    with pytest.raises(DerivativeValueError, match=reason):
        bb.grad(f)(a)
    with pytest.raises(DerivativeValueError, match=reason):
        bb.jvp(f, (a,), (a,))


def test_shapes_and_dtypes_are_scipys() -> None:
    for a in (
        np.ones((1, 1)),
        np.eye(3, dtype=np.float32),
        np.diag([1, 2]),
        np.diag([1, 2j]),
        np.stack([np.eye(2)] * 3),
    ):
        for output in ("real", "complex"):
            for mine, theirs in zip(linalg.schur(bb.Variable(a), output), plain.schur(a, output), strict=True):
                assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
    assert linalg.schur(bb.Variable(np.zeros((0, 0))))[0].shape == (0, 0)
    with pytest.raises(ValueError, match="argument must be"):
        linalg.schur(bb.Variable(np.eye(2)), "other")
