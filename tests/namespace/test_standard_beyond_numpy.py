"""What the Python array API standard asks for and NumPy's functions do not have. The truth is Python's sorted, and arithmetic."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import bibun as bb
import bibun.numpy as xp

X = np.array([[2.0, 0.0, 2.0, -1.0, 0.0], [0.5, 3.0, 3.0, 1.0, 3.0]])


def falling(row):
    """The indices of falling entries; equal ones stay in their order."""
    return sorted(range(len(row)), key=lambda i: row[i], reverse=True)


def along_rows(x):
    return np.array([falling(row) for row in x])


@pytest.mark.parametrize("make", [np.array, bb.Variable, xp.array], ids=["ndarray", "Variable", "bibun.numpy"])
@pytest.mark.parametrize("settings", [{}, {"stable": True}, {"kind": "stable"}], ids=["default", "stable", "kind"])
def test_descending(make, settings):
    x = make(X.copy())
    order = along_rows(X)
    assert_array_equal(xp.argsort(x, descending=True, **settings), order)
    assert_array_equal(bb.core.traced.bare(xp.sort(x, descending=True, **settings)), np.take_along_axis(X, order, -1))
    assert_array_equal(xp.argsort(x, axis=0, descending=True, **settings), along_rows(X.T).T)
    assert_array_equal(xp.argsort(x, axis=None, descending=True, **settings), falling(X.ravel()))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool", "float32"])
def test_descending_keeps_the_dtype(dtype):
    x = X.astype(dtype) if dtype != "uint8" else np.abs(X).astype(dtype)
    y = xp.sort(x, descending=True, stable=False)
    assert y.dtype == dtype
    assert_array_equal(y, np.take_along_axis(x, along_rows(x), -1))
    assert xp.argsort(x, descending=True).dtype == np.intp


def test_the_order_of_equal_entries_is_kept_by_itself():
    x = np.random.default_rng(3).integers(0, 4, 200).astype(np.float32)
    order = sorted(range(200), key=x.__getitem__)
    assert xp.argsort(x).tolist() == xp.argsort(bb.Variable(x)).tolist() == order
    assert xp.argsort(x, descending=True).tolist() == falling(x)


def test_parameters_can_be_seen():
    for function in (xp.sort, xp.argsort):
        assert "descending" in inspect.signature(function).parameters
    assert list(inspect.signature(xp.clip).parameters)[1:3] == ["min", "max"]
    for function in (xp.fft.fftfreq, xp.fft.rfftfreq):
        assert "dtype" in inspect.signature(function).parameters


@pytest.mark.parametrize("dtype", ["int8", "uint64", "int64"])
def test_limits_of_integers(dtype):
    bits, signed = int(dtype.strip("uint")), dtype[0] == "i"
    for given in (dtype, np.dtype(dtype), getattr(np, dtype), np.ones((), dtype), xp.ones(3, dtype=dtype)):
        assert xp.iinfo(given).max == 2 ** (bits - signed) - 1
        assert xp.iinfo(given).dtype == dtype
    with pytest.raises(ValueError, match="integer"):
        xp.iinfo(np.ones(2))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_limits_of_numbers(dtype):
    digits = {"float32": 23, "float64": 52, "complex64": 23}[dtype]
    arrays = (np.ones(2, dtype), xp.ones((), dtype=dtype), bb.Variable(np.ones(2, dtype)))
    for given in (dtype, np.dtype(dtype), getattr(np, dtype), *arrays):
        assert xp.finfo(given).eps == 2.0**-digits
    with pytest.raises(ValueError, match="inexact"):
        xp.finfo(np.ones(2, int))


def test_ascending_is_numpys():
    assert_array_equal(xp.sort(X, 0), np.sort(X, 0))
    assert_array_equal(xp.argsort(X, descending=False, stable=True), np.argsort(X, stable=True))
    assert xp.sort([3, 1, 2], descending=True).tolist() == [3, 2, 1]
    with pytest.raises(np.exceptions.AxisError):
        xp.sort(X, axis=2, descending=True)


def sorted_down(x):
    return xp.sort(x, axis=-1, descending=True)


@pytest.mark.parametrize("jacobian", [bb.jacfwd, bb.jacrev, lambda f: bb.compile(bb.jacobian(f))])
def test_each_entry_keeps_its_derivative(jacobian):
    row = X[1]
    assert_array_equal(jacobian(sorted_down)(row), np.eye(5)[falling(row)])


def test_descending_of_batches_and_lists():
    assert_array_equal(bb.vmap(sorted_down)(X), np.take_along_axis(X, along_rows(X), -1))
    assert_array_equal(bb.vmap(lambda x: xp.argsort(x, descending=True))(X), along_rows(X))
    assert_array_equal(bb.grad(lambda x: xp.sort([x[0], 3.0, x[1]], descending=True)[1])(np.array([1.0, 2.0])), [0, 1])


@pytest.mark.parametrize("n", [4, 5])
def test_frequencies_in_a_dtype(n):
    whole = [*range((n + 1) // 2), *range(-(n // 2), 0)]
    for made, expected in ((xp.fft.fftfreq, whole), (xp.fft.rfftfreq, range(n // 2 + 1))):
        y = made(n, d=0.25, dtype=xp.float32, device="cpu")
        assert y.dtype == np.float32
        assert_array_equal(y, (np.array([*expected]) / (0.25 * n)).astype(np.float32))
        assert made(n).dtype == np.float64


def test_frequencies_of_a_traced_step():
    slope = bb.jacobian(lambda d: xp.fft.rfftfreq(4, d, dtype=np.float32))(0.5)
    assert_array_equal(slope, [-0.0, -1.0, -2.0])


@pytest.mark.parametrize("make", [np.array, bb.Variable, xp.array], ids=["ndarray", "Variable", "bibun.numpy"])
def test_one_bound_by_position(make):
    low, both = np.maximum(X, 0.5), np.minimum(np.maximum(X, 0.5), 2.0)
    given = [((0.5,), {}, low), ((), {"min": 0.5}, low), ((), {"a_min": 0.5}, low), ((0.5, 2.0), {}, both)]
    given += [
        ((0.5,), {"max": 2.0}, both),
        ((0.5,), {"a_max": 2.0}, both),
        ((None, 2.0), {}, np.minimum(X, 2.0)),
        ((), {}, X),
        ((0.5, 2.0, np.zeros_like(X)), {}, both),
    ]
    for args, settings, expected in given:
        if len(args) < 3 or make is np.array:  # a plain array cannot hold what is traced
            assert_array_equal(bb.core.traced.bare(xp.clip(make(X.copy()), *args, **settings)), expected)
    with pytest.raises(ValueError, match="a bound is given twice"):
        xp.clip(make(X.copy()), 0.5, a_min=0.25)


def test_bounds_of_lists_keep_their_derivatives():
    assert bb.grad(lambda x: xp.sum(xp.clip([x, 2 * x, 9.0], 1.5)))(1.0) == 2.0
    assert_array_equal(
        bb.grad(lambda b: xp.sum(xp.clip(X, *b)))(np.array([0.3, 1.1])), [np.sum(X < 0.3), np.sum(X > 1.1)]
    )
