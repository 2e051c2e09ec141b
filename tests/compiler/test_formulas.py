"""Rows whose native code is a formula of other words, and those that find and count: against NumPy and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.compiler.calls import through_numpy

special = pytest.importorskip("scipy.special")
inf, nan = np.inf, np.nan
EDGES = np.array([
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 0.25, 1e-320, -1e-300, 1e-20, 1e-17, 1e-10, 1e10, -1e10, 1e300, inf, -inf,
    nan, 171.5, -170.5, 717.5, 709.0, -709.0, 1 + 2**-52,
])  # fmt: skip
UNARY = {
    "spacing": np.spacing, "angle": np.angle, "entr": special.entr, "exp10": special.exp10, "exprel": special.exprel,
    "erfcinv": special.erfcinv, "rgamma": special.rgamma, "round": special.round, "exp2": special.exp2, "cbrt": special.cbrt,
    "expm1": special.expm1, "log1p": special.log1p, "imag": np.imag, "isposinf": np.isposinf, "isneginf": np.isneginf,
    "isreal": np.isreal, "iscomplex": np.iscomplex,
}  # fmt: skip
BINARY = {
    "nextafter": np.nextafter, "xlogy": special.xlogy, "xlog1py": special.xlog1py, "rel_entr": special.rel_entr,
    "huber": special.huber, "pseudo_huber": special.pseudo_huber, "kl_div": special.kl_div, "boxcox": special.boxcox,
    "boxcox1p": special.boxcox1p, "inv_boxcox": special.inv_boxcox, "inv_boxcox1p": special.inv_boxcox1p,
    "isclose": np.isclose,
}  # fmt: skip
LARGE = {"boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p", "kl_div"}  # their powers, and differences, lose digits


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_values(name: str, dtype: str) -> None:
    f = UNARY.get(name) or BINARY[name]
    drawn = np.random.default_rng(0).normal(size=400) * np.logspace(-3, 2, 400)
    edges, drawn = EDGES.astype(dtype), drawn.astype(dtype)
    grid = (edges,) if name in UNARY else tuple(x.ravel().copy() for x in np.meshgrid(edges, edges))
    compiled = bb.compile(lambda *xs: f(*xs))
    for arguments in (grid, (drawn, np.abs(drawn[::-1]).copy())[: len(grid)]):
        y, expected = compiled(*arguments), f(*arguments)
        assert y.dtype == expected.dtype
        tolerance = 4 * np.finfo(dtype).eps * (1 if name not in LARGE else 256)
        np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance if name == "kl_div" else 0)
    if name != "isclose" or dtype == "d":
        assert not through_numpy(compiled)


@pytest.mark.parametrize("dtype", "df")
def test_exact_values(dtype: str) -> None:
    """Where mathematics is followed more closely than by NumPy and SciPy: sinc at integers, cos x - 1 far out."""
    x = np.arange(-5, 6).astype(dtype)
    np.testing.assert_array_equal(bb.compile(np.sinc)(x), x == 0)
    x = np.linspace(-0.7, 0.7, 50).astype(dtype)
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(bb.compile(np.sinc)(x), np.sinc(x), rtol=tolerance)
    np.testing.assert_allclose(bb.compile(special.cosm1)(x), special.cosm1(x), rtol=tolerance)
    np.testing.assert_allclose(bb.compile(special.cosm1)(10 * x), np.cos(10 * x) - 1, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("name", ["xlogy", "rel_entr", "kl_div", "huber", "pseudo_huber", "boxcox", "inv_boxcox1p"])
def test_gradients(name: str) -> None:
    a, b = np.random.default_rng(1).uniform(0.2, 2, (2, 40))
    gradient = bb.value_and_grad(lambda a, b: np.sum(BINARY[name](a, b) ** 2), argnums=(0, 1))
    compiled = bb.compile(gradient)
    (y, (da, db)), (value, (ga, gb)) = compiled(a, b), gradient(a, b)
    np.testing.assert_allclose(y, value, rtol=1e-13)
    np.testing.assert_allclose([da, db], [ga, gb], rtol=1e-11, atol=1e-13)
    assert not through_numpy(compiled)


FINDING = {
    "argmax": np.argmax, "argmin": np.argmin, "argmax of columns": lambda x: np.argmax(x, axis=0),
    "argmin of rows": lambda x: np.argmin(x, -1), "kept": lambda x: np.argmax(x, axis=1, keepdims=True),
    "count": np.count_nonzero, "count in rows": lambda x: np.count_nonzero(x, axis=1),
    "allclose": lambda x: np.allclose(x, x[:, :1] * 1.0, rtol=0.2, atol=0.5),
}  # fmt: skip


@pytest.mark.parametrize("name", FINDING)
@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(0).normal(size=(5, 70)), np.array([[3.0, 1.0, 3.0, 1.0], [0.0, -0.0, 0.0, 0.0]]),
        np.array([[1.0, nan, 3.0, nan], [inf, 1.0, inf, -inf]]), np.array([[4, 0, 9, 9], [-1, -1, 0, 0]]),
        np.zeros((3, 2)), np.random.default_rng(0).normal(size=(300, 3)).astype("f"),
    ],
    ids=range(6),
)  # fmt: skip
def test_finding_and_counting(name: str, x: Any) -> None:
    f = FINDING[name]
    compiled = bb.compile(f)
    for _ in range(2):
        y, expected = compiled(x), f(x)
        np.testing.assert_array_equal(y, expected)
        assert np.result_type(y) == np.result_type(expected)


@pytest.mark.parametrize("value", [3.7, -2.0, nan, 0.0, 5])
def test_a_number_as_a_condition(value: float) -> None:
    """Every number but 0 is true."""
    compiled = bb.compile(lambda x: x * 2 if np.sum(x) else x - 1)
    for x in (np.array([value, 0]), np.array([value * 3, 0]), np.zeros(2)):
        for _ in range(2):
            np.testing.assert_array_equal(compiled(x), x * 2 if np.sum(x) else x - 1)


def test_a_sum_with_zero_is_no_negative_zero() -> None:
    x = np.array([-0.0, 0.0, 1.0, -1e-320] * 4)
    for f in (lambda x: x * 2.0 + 0.0, lambda x: x[:8] * 3.0 + np.zeros(8), lambda x: np.pad(x * 2.0, 2) + 0.0):
        np.testing.assert_array_equal(np.signbit(bb.compile(f)(x)), np.signbit(f(x)))
