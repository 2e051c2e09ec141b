"""Sums, products and what is made of them are computed in NumPy's dtype: beside out=, dtype=, or the array added into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.core.traced import bare

RNG = np.random.default_rng(5)
WIDE = RNG.standard_normal((3, 200))
NARROW = WIDE.astype(np.float32)
COUNTS = RNG.integers(-99, 99, (3, 200))
SMALL = COUNTS.astype(np.int8)

Program = Callable[..., Any]


def along(*arrays: Any) -> list[Any]:
    return [np.stack([a, a]) for a in arrays]


MODES: dict[str, Any] = {
    "reverse": lambda f, x, start: bb.vjp(lambda start: f(x, start * 1), start)[0],
    "forward": lambda f, x, start: bb.jvp(lambda start: f(x, start * 1), (start,), (start,))[0],
    "batches": lambda f, x, start: bb.vmap(lambda x, start: f(x, start * 1))(*along(x, start))[1],
    "compiled": lambda f, x, start: bb.compile(lambda x, start: f(x, start * 1))(x, start),
}


def agrees(mode: str, f: Program, x: Any, start: Any, rtol: float = 0.0) -> None:
    """f(x, out), which writes into out, gives what NumPy writes there."""
    want = f(x, start.copy())
    got = np.asarray(MODES[mode](f, x, start))
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=rtol or 16 * np.finfo(want.dtype).eps)


INTO: dict[str, Program] = {
    "sum": lambda x, out: np.sum(x, axis=1, out=out),
    "sum, by position": lambda x, out: np.sum(x, 1, None, out),
    "prod": lambda x, out: np.prod(1 + x / np.float32(300), axis=1, out=out),
    "mean": lambda x, out: np.mean(x, axis=1, out=out),
    "nansum": lambda x, out: np.nansum(x, axis=1, out=out),
    "nanprod": lambda x, out: np.nanprod(1 + x / np.float32(300), axis=1, out=out),
    "nanmean": lambda x, out: np.nanmean(x, axis=1, out=out),
    "median": lambda x, out: np.median(x, axis=1, out=out),
    "ptp": lambda x, out: np.ptp(x, axis=1, out=out),
    "trace": lambda x, out: np.trace(x.reshape(3, 20, 10), axis1=1, axis2=2, out=out),
    "einsum": lambda x, out: np.einsum("ij,ij->i", x, x, out=out),
    "add.reduce": lambda x, out: np.add.reduce(x, axis=1, out=out),
    "hypot.reduce": lambda x, out: np.hypot.reduce(x, axis=1, out=out),
    "logaddexp.reduce": lambda x, out: np.logaddexp.reduce(x, axis=1, out=out),
    "add.reduceat": lambda x, out: np.add.reduceat(x[0], [0, 50, 120], out=out),
    "subtract.reduceat": lambda x, out: np.subtract.reduceat(x[0], [0, 50, 120], out=out),
    "cumsum": lambda x, out: np.cumsum(x[:, :3].T.ravel()[:3], out=out),
    "cumprod": lambda x, out: np.cumprod(x[0, :3], out=out),
    "nancumsum": lambda x, out: np.nancumsum(x[0, :3], out=out),
    "add.accumulate": lambda x, out: np.add.accumulate(x[0, :3], out=out),
    "hypot.accumulate": lambda x, out: np.hypot.accumulate(x[0, :3], out=out),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", INTO)
def test_into_an_array_of_a_wider_dtype(name: str, mode: str) -> None:
    agrees(mode, INTO[name], NARROW, np.zeros(3), rtol=1e-13)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x, out: np.prod(x, axis=1, out=out), COUNTS),
        (lambda x, out: np.multiply.reduce(x, axis=1, out=out), COUNTS),
        (lambda x, out: np.ptp(x, axis=1, out=out), SMALL),
        (lambda x, out: np.subtract.reduce(x, axis=1, out=out), SMALL),
        (lambda x, out: np.mean(x, axis=1, out=out), WIDE.astype(np.float16)),
        (lambda x, out: np.mean(x, axis=1, out=out), SMALL),
    ],
    ids=["prod", "multiply.reduce", "ptp", "subtract.reduce", "mean of float16", "mean of int8"],
)
def test_whole_numbers_into_an_array_of_floats(f: Program, x: Any, mode: str) -> None:
    loose = mode == "compiled" and x.dtype == np.float16  # which are added up as float32, in another order
    agrees(mode, f, x[:, :40], np.zeros(3), rtol=1e-6 if loose else 1e-13)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
def test_a_variance_sums_squares_of_narrow_distances(name: str, mode: str) -> None:
    function = getattr(np, name)
    loose = 1e-7 if mode == "compiled" else 1e-13  # the mean is a float32, which is added up in another order
    agrees(mode, lambda x, out: function(x, axis=1, out=out), NARROW, np.zeros(3), loose)


def test_dtypes_of_variances() -> None:
    """The dtype is that of the mean and of the sum; distances are in the array's, and in np.nanvar stay there."""
    z = WIDE + 1j * RNG.standard_normal(WIDE.shape) + 3j
    for name in ("var", "std", "nanvar", "nanstd"):
        function = getattr(np, name)
        for x, dtype in ((NARROW, np.float64), (WIDE, np.float32), (z.astype(np.complex64), complex)):
            want = function(x, axis=1, dtype=dtype)
            got = bb.vjp(lambda x, f=function, dtype=dtype: f(x, axis=1, dtype=dtype), x)[0]
            assert got.dtype == want.dtype
            loose = x.dtype == np.complex64  # squares of complex numbers round as the processor multiplies
            np.testing.assert_allclose(got, want, rtol=1e-7 if loose else 16 * np.finfo(dtype).eps)
    with pytest.warns(np.exceptions.ComplexWarning):
        want = np.std(z, axis=1, dtype=float)
    with pytest.warns(np.exceptions.ComplexWarning):
        got = bb.vmap(lambda z: np.std(z, dtype=float))(z)
    np.testing.assert_allclose(got, want, rtol=1e-14)


ADDED: dict[str, Any] = {
    "truth values": np.array([True, True, False, True]),
    "small numbers": np.array([200, 200, 3, 100], np.uint8),
    "float32": np.array([1e8, 1, 1, 1], np.float32),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ADDED)
@pytest.mark.parametrize("function", [np.add, np.subtract])
def test_added_at_one_place_in_the_dtype_of_the_array(function: np.ufunc, name: str, mode: str) -> None:
    def f(added: Any, out: Any) -> Any:
        function.at(out, [0, 0, 1, 0], added)
        return out

    def by_rows(added: Any, out: Any) -> Any:
        table = np.zeros_like(out, shape=(3, 3))
        function.at(table, ([0, 0, 1, 0], [1, 1, 2, 1]), added)
        return table

    agrees(mode, f, ADDED[name], np.zeros(3))
    agrees(mode, by_rows, ADDED[name], np.zeros(3))


@pytest.mark.parametrize("mode", ["batches", "compiled"])
def test_added_to_whole_numbers_at_computed_places(mode: str) -> None:
    def f(places: Any, out: Any) -> Any:
        np.add.at(out, places, np.array([200, 200, 3, 100], np.uint8))
        return out

    got = MODES[mode](f, np.array([0, 0, 1, 0]), np.zeros(3, int))
    np.testing.assert_array_equal(got, [500, 3, 0])
    np.testing.assert_array_equal(MODES[mode](f, np.array([2, 1, 1, 2]), np.zeros(3, int)), [0, 203, 300])


FLOATING = ["divide", "hypot", "logaddexp", "logaddexp2", "copysign", "float_power", "nextafter", "heaviside"]
WHOLE = ["fmax", "fmin", "subtract", "floor_divide", "gcd", "bitwise_or", "left_shift"]
OF_KINDS: list[Any] = [np.array([[2, 1, 2], [3, 1, 4]]), np.array([[2, 1, 2], [3, 1, 4]], np.uint8)]
ANY_MODE: dict[str, Any] = {
    "reverse": lambda f, x: bare(f(bb.Variable(x))),
    "batches": lambda f, x: bb.vmap(f)(np.stack([x, x]))[1],
    "compiled": lambda f, x: bb.compile(f)(x),
}


@pytest.mark.parametrize("mode", ANY_MODE)
@pytest.mark.parametrize("x", OF_KINDS, ids=["int64", "uint8"])
@pytest.mark.parametrize("name", FLOATING + WHOLE)
def test_methods_of_ufuncs_in_the_dtype_of_numpys_loop(name: str, x: Any, mode: str) -> None:
    function = getattr(np, name)
    mask = np.array([[True, False, True], [False, True, True]])
    for f in (
        lambda x: function.reduce(x, initial=1.5),
        lambda x: function.reduce(x, axis=1, initial=np.float64(2.5)),
        lambda x: function.reduce(x, initial=1.5, where=mask),
        lambda x: function.reduce(x),
        lambda x: function.accumulate(x, axis=1),
        lambda x: function.reduceat(x, [0, 1], axis=0),
    ):
        want, got = f(x), ANY_MODE[mode](f, x)
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=4 * np.finfo(want.dtype).eps if want.dtype.kind == "f" else 0)


def test_an_initial_value_that_does_not_fit() -> None:
    with pytest.raises(OverflowError, match="out of bounds"):
        bb.vmap(lambda x: np.subtract.reduce(x, initial=300))(np.ones((2, 3), np.uint8))


@pytest.mark.parametrize("mode", ANY_MODE)
def test_truth_values_of_a_method_stay_so(mode: str) -> None:
    x = np.array([[True, False, True], [True, True, False]])
    mask = np.array([[True, False, True], [False, True, True]])
    for f in (
        lambda x: np.fmax.reduce(x, initial=False, where=mask),
        lambda x: np.logical_xor.reduceat(x * 2, [0, 1], axis=1),
    ):
        got = ANY_MODE[mode](f, x)
        assert got.dtype == bool
        np.testing.assert_array_equal(got, f(x))


TRUE, TAKES = np.array([True, False, True, True]), np.array([True, True, False, True])


@pytest.mark.parametrize("mode", ANY_MODE)
@pytest.mark.parametrize("function", [np.add, np.multiply, np.invert, np.maximum, np.power], ids=lambda f: f.__name__)
def test_truth_values_that_a_computed_mask_takes(function: np.ufunc, mode: str) -> None:
    """np.add of truth values is whether any is true, into whole numbers as well."""
    for x in (TRUE, np.array([200, 100, 200, 3], np.uint8)):

        def f(x: Any) -> Any:
            out = np.zeros_like(x, dtype=int)
            return function(*(x,) * function.nin, where=np.logical_or(x > 250, TAKES), out=out)

        np.testing.assert_array_equal(ANY_MODE[mode](f, x), f(x))


def test_a_computed_mask_leaves_numbers_of_python_their_dtype() -> None:
    x = np.array([1, 2, 3, 4], np.float32)
    for f in (lambda x: np.multiply(x, 2.5, where=x > 1), lambda x: np.multiply(x, 2.5, where=TAKES)):
        for mode in ANY_MODE.values():
            got = mode(f, x)
            assert got.dtype == np.float32
            np.testing.assert_array_equal(got[[1, 3]], [5, 10])


@pytest.mark.parametrize("mode", ANY_MODE)
@pytest.mark.parametrize("kind", [np.uint8, np.int8, int, bool, np.float32])
def test_trapezoids_of_small_whole_numbers_wrap_around_as_numpys_do(kind: Any, mode: str) -> None:
    y, x = np.array([[1, 200, 50], [100, 10, 200]]).astype(kind)
    programs: list[Program] = [lambda y: np.trapezoid(y), lambda y: np.trapezoid(y, dx=np.float32(0.5))]
    if kind is not bool:
        programs.append(lambda y: np.trapezoid(y, y[::-1] + x))
    for f in programs:
        want, got = f(y), ANY_MODE[mode](f, y)
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("mode", ANY_MODE)
def test_polynomials_of_whole_numbers_in_two_variables_are_floats(mode: str) -> None:
    c, polynomial = np.arange(6).reshape(2, 3), np.polynomial.polynomial
    for f in (polynomial.polyval2d, polynomial.polygrid2d):
        for g, x in ((lambda x, f=f: f(x, x + 1, c), np.array([1, 2])), (lambda c, f=f: f(2, 3, c), c)):
            want, got = g(x), ANY_MODE[mode](g, x)
            assert np.result_type(got) == np.result_type(want) == np.dtype(float)
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("mode", ANY_MODE)
@pytest.mark.parametrize("name", ["max", "min", "nanmax", "nanmin", "maximum.reduce"])
def test_an_initial_value_is_of_the_dtype_of_out(name: str, mode: str) -> None:
    function = np.maximum.reduce if name == "maximum.reduce" else getattr(np, name)
    for kind in (np.int32, np.uint8):

        def f(x: Any) -> Any:
            return function(x, axis=-1, initial=2.5, out=np.zeros_like(x, shape=2, dtype=np.float32))

        got = ANY_MODE[mode](f, np.array([[2], [3]], kind))
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, [2, 2.5] if "min" in name else [2.5, 3])


SHAPED: dict[str, Program] = {name: getattr(np, name) for name in (
    "sum", "prod", "max", "min", "mean", "var", "std", "ptp", "all", "any", "cumsum", "cumprod", "argmax", "median", "nansum",
    "nanprod", "nanmax", "nanmean", "nanvar", "nancumsum",
)} | {
    "add.reduce": np.add.reduce, "hypot.reduce": np.hypot.reduce, "add.accumulate": np.add.accumulate,
    "add.reduceat": lambda x, axis, out: np.add.reduceat(x, [0, 1], axis=axis, out=out),
    "method": lambda x, axis, out: x.sum(axis=axis, out=out),
    "trace": lambda x, axis, out: np.trace(x, out=out),
    "dot": lambda x, axis, out: np.dot(x, np.ones(3), out=out),
    "einsum": lambda x, axis, out: np.einsum("ij->i", x, out=out),
    "round": lambda x, axis, out: np.round(x, out=out),
    "clip": lambda x, axis, out: np.clip(x, 2, 4, out=out),  # fills a larger one, as ufuncs do
    "outer": lambda x, axis, out: np.outer(x[0], x[0], out=out),
    "add": lambda x, axis, out: np.add(x, 1.0, out=out),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPED)
def test_shapes_of_out_are_those_that_numpy_takes(name: str) -> None:
    f, x = SHAPED[name], np.arange(1.0, 7.0).reshape(2, 3)
    for shape in ((), (1,), (2,), (3, 2), (2, 3), (4, 2, 3), (2, 1), (4, 3, 3)):
        out = np.zeros(shape, int if name == "argmax" else float)
        try:
            want = f(x, axis=1, out=out.copy())
        except ValueError:
            with pytest.raises(ValueError, match="does not fit into an array of shape|does not match|mismatch"):
                f(bb.Variable(x), axis=1, out=bb.Variable(out))
        else:
            got = bb.compile(lambda x, out=out: f(x, axis=1, out=np.zeros_like(x, shape=out.shape, dtype=out.dtype)))(x)
            np.testing.assert_allclose(got, want, rtol=1e-14)
