"""dtype=, casting=, and values that are put into an array: in the dtypes that NumPy gives, and refused where it refuses."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun import tree

Case = tuple[Callable[[Any], Any], np.ndarray]

X = np.array([1.5, 2.0, 3.0])
Z, F, K = X + 1j, X.astype(np.float32), np.array([4, 1, 3])
M, N = np.arange(9.0).reshape(3, 3) ** 2, np.array([1.0, np.nan, np.inf, -np.inf])

UFUNCS: dict[str, Case] = {
    "complex as real": (lambda x: np.sin(x, dtype=np.float64), Z),
    "real as whole": (lambda x: np.add(x, 1, dtype=np.int64), X),
    "real as whole, unsafe": (lambda x: np.add(x, 1, dtype=np.int64, casting="unsafe"), X),
    "same kind": (lambda x: np.add(x, 1, dtype=np.float32), X),
    "wider": (lambda x: np.power(x, 2, dtype=float), F),
    "the dtype of the result alone": (lambda x: np.less(x, X[::-1], dtype=bool), X),
    "truth of fractions": (lambda x: np.logical_and(x, 1, dtype=bool), X / 4),
    "size": (lambda x: np.abs(x, dtype=float), Z),
    "two results": (lambda x: np.modf(x, dtype=float), F),
    "whole numbers": (lambda x: np.sqrt(x, dtype=np.float32), K),
    "a loop that is not there": (lambda x: np.isfinite(x, dtype=float), X),
    "no casting": (lambda x: np.add(x, X, casting="no"), F),
    "no casting needed": (lambda x: np.add(x, 1, casting="no"), F),
    "signature": (lambda x: np.add(x, 1.5, signature="dd->d"), F),
    "signature of the result": (lambda x: np.add(x, 1.5, signature=(None, None, np.float64)), F),
    "signature that loses": (lambda x: np.add(x, 1, signature="ll->l"), X),
    "outer": (lambda x: np.multiply.outer(x, F, dtype=float), F),
    "outer that loses": (lambda x: np.add.outer(x, 1, dtype=float), Z),
    "matrix product": (lambda x: np.matmul(x, F, dtype=float), F),
    "matrix product that loses": (lambda x: np.matmul(x, x, dtype=float), Z),
    "a list beside": (lambda x: np.add(x, [1, 2, 3], dtype=float), F),
    "clip": (lambda x: np.clip(x, 0, 2, dtype=np.float32), X),
    "clip, by the method": (lambda x: x.clip(0, 2, dtype=np.float32), X),
    "clip in more digits": (lambda x: np.clip(x, None, 2, dtype=float), F),
    "clip by nothing": (lambda x: np.clip(x, None, None, dtype=float), F),
    "clip to whole numbers": (lambda x: np.clip(x, 0, 2, dtype=int), X),
    "clip to whole numbers, unsafe": (lambda x: np.clip(x, 0, 2, dtype=int, casting="unsafe"), X),
    "clip without casting": (lambda x: np.clip(x, X, 2, casting="no"), F),
    "pieces": (lambda x: np.add.reduceat(x, [0, 1], dtype=np.int32), K),
    "products of pieces": (lambda x: np.multiply.reduceat(x, [0, 1], dtype=np.int32), K),
}
FUNCTIONS: dict[str, Case] = {
    "einsum of complex": (lambda x: np.einsum("i->", x, dtype=float), Z),
    "einsum in few digits": (lambda x: np.einsum("i->", x, dtype=np.float32), X),
    "einsum in few digits, of the same kind": (
        lambda x: np.einsum("i->", x, dtype=np.float32, casting="same_kind"),
        X,
    ),
    "einsum in more digits": (lambda x: np.einsum("i,i->", x, F, dtype=float), F),
    "einsum of complex, planned": (lambda x: np.einsum("i,i->", x, x, dtype=float, optimize=True), Z),
    "cov": (lambda x: np.cov(x, dtype=int), M),
    "corrcoef": (lambda x: np.corrcoef(x, dtype=int), M),
    "cov in few digits": (lambda x: np.cov(x, dtype=np.float32), M),
    "nanmean": (lambda x: np.nanmean(x, dtype=int), N[:2]),
    "nanstd": (lambda x: np.nanstd(x, dtype=int), N[:2]),
    "nanvar": (lambda x: np.nanvar(x, dtype=np.int32), N[:2]),
    "nanmean into whole numbers": (lambda x: np.nanmean(x, out=np.zeros((), int)), N[:2]),
    "nanmean of whole numbers": (lambda x: np.nanmean(x, dtype=int), K),
    "nanvar of whole numbers": (lambda x: np.nanvar(x, dtype=int), K),
    "complex for nan": (lambda x: np.nan_to_num(x, nan=1j), N),
    "complex for nan of parts": (lambda x: np.nan_to_num(x, nan=1j), N + 0j),
    "wider for nan": (lambda x: np.nan_to_num(x, nan=np.float64(2)), N.astype(np.float32)),
    "wider for infinity": (
        lambda x: np.nan_to_num(x, posinf=np.array(3.0), neginf=np.float64(1)),
        N.astype(np.float16),
    ),
    "wider for nan of parts": (lambda x: np.nan_to_num(x, nan=np.float64(2)), (N + 1j).astype(np.complex64)),
    "complex for nan of whole numbers": (lambda x: np.nan_to_num(x, nan=1j), K),
    "unwrap": (lambda x: np.unwrap(3 * x, period=np.int8(3)), F),
    "unwrap with more digits": (lambda x: np.unwrap(3 * x, period=np.float64(3)), F),
    "unwrap whole numbers": (lambda x: np.unwrap(3 * x, period=3), K),
    "edges of complex bins": (lambda x: np.histogram(x, 3, range=(0, 3))[1], Z),
}


@pytest.mark.parametrize("name", [*UFUNCS, *FUNCTIONS])
def test_as_numpy(name: str) -> None:
    f, x = (UFUNCS | FUNCTIONS)[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            expected = f(x)
        except TypeError:
            for call in (lambda: f(bb.Variable(x)), lambda: bb.vmap(f)(np.stack([x, x]))):
                with pytest.raises(TypeError):
                    call()
            return
        found = tree.flatten(f(bb.Variable(x)))[0], [y[0] for y in tree.flatten(bb.vmap(f)(np.stack([x, x])))[0]]
    for a in found:
        for y, true in zip(a, tree.flatten(expected)[0], strict=True):
            y = y.data if isinstance(y, bb.Variable) else y
            assert np.result_type(y) == np.result_type(true)
            np.testing.assert_allclose(
                y, true, rtol=1e-5 if np.result_type(true) in (np.float32, np.float16) else 1e-13
            )


def test_the_derivative_goes_through_a_change_of_dtype() -> None:
    g = bb.grad(lambda x: np.sum(np.power(x, 3, dtype=float)))(F)
    np.testing.assert_allclose(g, 3 * X**2, rtol=1e-6)
    assert g.dtype == np.float32
    np.testing.assert_allclose(bb.grad(lambda z: np.sum(np.abs(z, dtype=float)))(Z), np.conj(Z) / np.abs(Z), rtol=1e-12)
    compiled = bb.compile(lambda x: np.power(x, 3, dtype=float))
    np.testing.assert_array_equal(compiled(F), X**3, strict=True)


def test_numbers_of_pythons_are_not_cast_by_the_rule_equiv() -> None:
    """NumPy says so too; its search for a loop, asked by itself, would end the process."""
    for call in (lambda x: np.add(x, 2, casting="equiv"), lambda x: np.clip(x, 0, 1, casting="equiv")):
        for x in (np.array([1.0, 2.0]), bb.Variable(np.array([1.0, 2.0]))):
            with pytest.raises(TypeError):
                call(x)


def test_what_where_leaves_out_is_not_cast_into_out_either() -> None:
    def f(z: Any) -> Any:
        out = np.zeros_like(z.real)
        np.multiply(z, z, out=out, where=np.array([True, True]))
        return out

    z = np.array([1 + 2j, -3 + 1j])
    for run in (lambda: f(z), lambda: bb.vjp(f, z)):
        with pytest.raises(TypeError, match="same_kind"):
            run()


@pytest.mark.parametrize("low", [-0.5, None])
def test_clip_leaves_in_out_what_where_leaves_out(low: Any) -> None:
    def f(x: Any) -> Any:
        y = x.copy()
        np.clip(x, low, 0.5, out=y, where=np.abs(x) < 1)
        return y

    x = np.array([3.0, 0.7, -0.2, -2.0])
    np.testing.assert_array_equal(f(x), [3.0, 0.5, -0.2, -2.0])
    for g in (f, bb.compile(f)):
        np.testing.assert_array_equal(bb.vjp(g, x)[0], f(x))
        np.testing.assert_array_equal(bb.jacrev(g)(x), np.diag([1.0, 0, 1, 1]))
        np.testing.assert_array_equal(bb.jacfwd(g)(x), np.diag([1.0, 0, 1, 1]))
    np.testing.assert_array_equal(bb.vmap(f)(np.stack([x, x / 2])), [f(x), f(x / 2)])
