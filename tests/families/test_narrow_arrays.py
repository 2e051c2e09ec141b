"""A plain array of a narrower dtype beside a float64: NumPy computes the value in float64, and so is the derivative.

The truth is a closed form, or what the same array as float64 gives, which the laws compare with differences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as sp

import bibun as bb

X = np.array([0.3, 0.7, 1.2])
FLOATS = {"float32": [1.1, 2.3, 3.7], "float16": [1.1, 2.3, 3.7]}
INTEGERS = {name: [1, 2, 3] for name in ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "bool")}
NARROW = [np.array(values, name) for name, values in (FLOATS | INTEGERS).items()]
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "divide": lambda x, k: x / k,
    "divided": lambda x, k: k / x,
    "power": lambda x, k: x**k,
    "power's exponent": lambda x, k: k**x,
    "float_power": lambda x, k: np.float_power(k, x),
    "arctan2": lambda x, k: np.arctan2(k, x),
    "hypot": lambda x, k: np.hypot(x, k),
    "logaddexp": lambda x, k: np.logaddexp(x, k),
    "remainder": lambda x, k: np.remainder(x, k),
    "xlogy": lambda x, k: sp.xlogy(x, k),
    "xlog1py": lambda x, k: sp.xlog1py(x, k),
    "kl_div": lambda x, k: sp.kl_div(x, k),
    "rel_entr": lambda x, k: sp.rel_entr(x, k),
    "boxcox": lambda x, k: sp.boxcox(k, x),
    "powm1": lambda x, k: sp.powm1(k, x),
    "owens_t": lambda x, k: sp.owens_t(k, x),
    "gdtrc": lambda x, k: sp.gdtrc(k, 1.5, x),
    "gdtrc's first": lambda x, k: sp.gdtrc(x, k, 1.5),
    "pseudo_huber": lambda x, k: sp.pseudo_huber(x, k),
    "nrdtrimn": lambda x, k: sp.nrdtrimn(0.4, k, x),
    "ellipkinc": lambda x, k: sp.ellipkinc(x, k * 0.25),
    "eval_chebyt": lambda x, k: sp.eval_chebyt(k, x * 0.5),
    "voigt_profile": lambda x, k: sp.voigt_profile(x, k, 1.0),
    "logspace": lambda x, k: np.logspace(x, 2.0, 3, base=k),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("narrow", NARROW, ids=lambda array: str(array.dtype))
def test_derivatives_are_those_of_the_same_numbers(name: str, narrow: Any) -> None:
    f = FUNCTIONS[name]
    whole = name == "eval_chebyt" and narrow.dtype.kind != "f"
    wide = narrow.astype(np.int64 if whole else np.float64)
    transforms: tuple[Any, ...] = (
        bb.grad,
        bb.hessian,
        lambda g: lambda x: bb.jvp(g, (x,), (np.cos(x),))[1],
        lambda g: bb.compile(bb.grad(g)),
    )
    for transform in transforms:
        expected = transform(lambda x: np.sum(f(x, wide)))(X)
        np.testing.assert_allclose(transform(lambda x: np.sum(f(x, narrow)))(X), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8", "int32"])
def test_an_exponent_of_ldexp_stays_whole(dtype: str) -> None:
    exponents, x = np.array([3, 2, 1], dtype), X.astype(np.float32)
    for y in (
        bb.grad(lambda x: np.sum(np.ldexp(x, exponents)))(x),
        bb.jvp(lambda x: np.ldexp(x, exponents), (x,), (x / x,))[1],
    ):
        np.testing.assert_array_equal(y, np.array([8, 4, 2], np.float32))


def test_float_power_of_float32_is_a_float64() -> None:
    a, b = np.float32(0.7), np.float32(1.3)
    slope = bb.grad(lambda a: np.float_power(a, b))(a)
    assert slope.dtype == np.float32
    assert slope == np.float32(float(b) * float(a) ** (float(b) - 1))


def test_closed_forms() -> None:
    sigma = np.array([0.7, 1.1, 1.3], np.float32)
    np.testing.assert_allclose(bb.grad(lambda x: np.sum(x / sigma))(X), 1 / sigma.astype(float), rtol=1e-15)
    count = np.array([1, 2, 3], np.uint8)
    expected = -np.array([1.0, 2.0, 3.0]) / (np.array([1.0, 4.0, 9.0]) + X**2)
    np.testing.assert_allclose(bb.grad(lambda x: np.sum(np.arctan2(count, x)))(X), expected, rtol=1e-15)
    powers = np.arange(4, dtype=np.uint8)
    assert bb.grad(lambda x: np.sum(x**powers))(20.0) == 1 + 2 * 20 + 3 * 20**2
    assert bb.grad(lambda x: x ** np.int8(-128))(1.01) == pytest.approx(-128 * 1.01**-129, rel=1e-14)
    tiny = np.array([1e-39], np.float32)
    np.testing.assert_allclose(bb.grad(lambda x: np.sum(x / tiny))(np.ones(1)), 1 / tiny.astype(float), rtol=1e-15)


def test_a_variable_of_float32_beside_one_of_float64() -> None:
    a, b = np.array([1.0, 2.0, 3.0]), np.array([0.7, 1.1, 1.3], np.float32)
    wide = b.astype(float)
    for transform in (lambda f: f, bb.compile):
        first, second = transform(bb.grad(lambda a, b: np.sum(a / b), argnums=(0, 1)))(a, b)
        np.testing.assert_allclose(first, 1 / wide, rtol=1e-15)
        np.testing.assert_array_equal(second, (-a / wide**2).astype(np.float32))
        assert second.dtype == np.float32
    mixed = bb.hessian(lambda a, b: np.sum(a / b), argnums=(0, 1))(a, b)[0][1]
    np.testing.assert_allclose(mixed, np.diag(-1 / wide**2), rtol=1e-7)


def test_a_large_array_is_kept_by_reference_and_watched() -> None:
    sigma = np.full(5_000_000, 0.7, np.float32)
    x = bb.Variable(np.ones(sigma.shape))
    y = np.sum(x / sigma)
    y.backward()
    assert x.grad[0] == 1 / float(sigma[0])
    y = np.sum(x / sigma)
    sigma[3] = 2
    with pytest.raises(bb.MutatedArrayError):
        y.backward()
