"""bibun.numpy in the place of numpy: its names, its arrays outside of any transform, and what it refuses to do silently."""

from __future__ import annotations

import copy
import functools
import gc
import importlib
import pickle
import subprocess
import sys
import weakref

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
import bibun.numpy as np
from bibun.interpreters.buffer import Buffer
from bibun.numpy.lists import NAMES


def test_every_public_name_of_numpy():
    for name in (*numpy.__all__, *(name for name in dir(numpy) if not name.startswith("_"))):
        assert getattr(np, name) is not None or name == "newaxis"
    assert set(numpy.__all__) <= set(dir(np))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = np.nonsense


def test_what_finds_traced_arrays_by_itself_is_numpys_own():
    own = {name for name in numpy.__all__ if getattr(np, name) is not getattr(numpy, name)}
    assert own == {
        "arange", "argsort", "array", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray", "asfortranarray", "c_",
        "clip", "concat", "concatenate", "copy", "empty", "empty_like", "eye", "fft", "finfo", "fromiter", "full", "full_like",
        "identity", "iinfo", "linalg", "ndarray", "ones", "ones_like", "r_", "random", "sort", "tri", "zeros", "zeros_like",
    } | NAMES  # fmt: skip


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: np.sum([x[0], 2 * x[1]]), [1, 2]),
        (lambda x: np.mean([x, 3 * x]), [1, 1]),
        (lambda x: np.max((x[0], x[1], 0.0)), [0, 1]),
        (lambda x: np.dot([x[0], 1.0], [2.0, 3.0]), [2, 0]),
        (lambda x: np.sum(np.append([[x[0]]], [[x[1]]], axis=0)), [1, 1]),
        (lambda x: np.sum(np.where([True, False], [x[0], 0.0], 0.0)), [1, 0]),
        (lambda x: np.einsum("i,i->", [x[0], x[1]], x), [2, 6]),
        (lambda x: np.var([[x[0], x[1]]]), [-1, 1]),
        (lambda x: np.polyval([x[0], x[1]], 5.0), [5, 1]),
        (lambda x: np.interp(0.25, [0.0, 1.0], [x[0], x[1]]), [0.75, 0.25]),
        (lambda x: np.linalg.norm([3 * x[0], 4.0]), [9 / 5, 0]),
        (lambda x: np.linalg.det([[x[0], 2.0], [x[1], 5 * x[1]]]), [15, 3]),
        (lambda x: np.linalg.inv([[x[0], 0.0], [0.0, x[1]]])[1, 1], [0, -1 / 9]),
        (lambda x: np.linalg.solve([[2.0, 0.0], [0.0, 4.0]], (x[0], x[1]))[1], [0, 1 / 4]),
        (lambda x: np.linalg.solve([[x[0], 0.0], [0.0, x[1]]], [6.0, 6.0])[1], [0, -6 / 9]),
        (lambda x: np.linalg.eigh([[x[0], 0.0], [0.0, x[1]]])[0][1], [0, 1]),
        (lambda x: np.linalg.slogdet([[x[0], 0.0], [0.0, x[1]]])[1], [1, 1 / 3]),
        (lambda x: np.linalg.multi_dot([np.stack([x[0], x[1]]), np.eye(2), x]), [2, 6]),
    ],
)
def test_lists_of_traced_values(function, expected):
    numpy.testing.assert_allclose(bb.grad(function)(numpy.array([1.0, 3.0])), expected)


def test_modules():
    import bibun.numpy.fft
    import bibun.numpy.linalg
    import bibun.numpy.random
    from bibun.numpy.linalg import LinAlgError, solve

    assert np.linalg is bibun.numpy.linalg
    assert np.fft is bibun.numpy.fft
    assert np.random is bibun.numpy.random
    assert_array_equal(solve([[2.0]], [4.0]), [2.0])
    assert LinAlgError is numpy.linalg.LinAlgError
    for module in ("linalg", "fft", "random"):
        for name in importlib.import_module(f"numpy.{module}").__all__:
            assert getattr(getattr(np, module), name) is not None
    assert np.testing is numpy.testing
    assert np.lib.stride_tricks is numpy.lib.stride_tricks


def test_star_import():
    names: dict[str, object] = {}
    exec("from bibun.numpy import *", names)
    assert names["zeros"] is np.zeros
    assert names["sin"] is numpy.sin


def test_importing_it_imports_what_numpy_does():
    code = "import numpy, sys; import bibun; before = set(sys.modules); import bibun.numpy; print(*set(sys.modules) - before)"
    new = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert all(name.startswith("bibun.") for name in new)


# ---- arrays outside of any transform -----------------------------------------------------------------------------

MAKERS = {
    "zeros": lambda np: np.zeros((2, 3)),
    "zeros single": lambda np: np.zeros((2, 3), dtype=np.float32, order="F"),
    "zeros of a number": lambda np: np.zeros(3, int),
    "ones complex": lambda np: np.ones(3, complex),
    "empty": lambda np: np.empty((0, 3)),
    "full": lambda np: np.full((2, 2), 1.5),
    "full of a list": lambda np: np.full((2, 2), [1, 2]),
    "eye": lambda np: np.eye(3, 4, 1),
    "identity": lambda np: np.identity(2),
    "tri": lambda np: np.tri(3, k=-1),
    "array": lambda np: np.array([[1.0, 2.0], [3.0, 4.0]]),
    "array of a number": lambda np: np.array(2.0),
    "array of integers": lambda np: np.array([1, 2], ndmin=2),
    "array of arrays": lambda np: np.array([np.zeros(2), np.ones(2)]),
    "array of words": lambda np: np.array(["a", "b"]),
    "array of objects": lambda np: np.array([1, "b"], dtype=object),
    "array with a dtype": lambda np: np.array([1, 2], dtype="f4"),
    "asarray": lambda np: np.asarray([0.5, 1]),
    "asarray of a dtype": lambda np: np.asarray(np.zeros(3), dtype=complex),
    "asanyarray": lambda np: np.asanyarray((1.0, 2.0)),
    "asfortranarray": lambda np: np.asfortranarray(np.ones((2, 3))),
    "ascontiguousarray": lambda np: np.ascontiguousarray(2.5),
    "asarray_chkfinite": lambda np: np.asarray_chkfinite([1.0, 2.0]),
    "arange": lambda np: np.arange(5),
    "arange of floats": lambda np: np.arange(0.5, 3, 0.25),
    "arange with names": lambda np: np.arange(start=1, stop=4, step=2, dtype=float),
    "fromiter": lambda np: np.fromiter((i / 2 for i in range(4)), float),
    "zeros_like": lambda np: np.zeros_like(np.ones((2, 3)), dtype=np.float32),
    "ones_like": lambda np: np.ones_like([1, 2]),
    "full_like": lambda np: np.full_like(np.zeros(3), 2),
    "copy": lambda np: np.copy(np.ones(2)),
    "concatenate": lambda np: np.concatenate([np.zeros(2), [1.0]], axis=None),
    "r_": lambda np: np.r_["0,2", np.zeros(2), 1:3],
    "c_": lambda np: np.c_[np.zeros(2), [1, 2]],
    "vectorize": lambda np: np.vectorize(lambda a, b=2: a * b)(np.arange(3), b=0.5),
    "vectorize of several": lambda np: np.vectorize(divmod)(np.arange(6).reshape(2, 3), 2)[1],
    "vectorize as a decorator": lambda np: np.vectorize(otypes=[float])(lambda a: 2 * a)([1, 2]),
    "vectorize with signature": lambda np: np.vectorize(np.dot, signature="(n),(n)->()")(np.ones((2, 3)), np.ones(3)),
    "vectorize excluded": lambda np: np.vectorize(lambda a, p: a + p[0], excluded=[1])(np.ones(2), [3, 4]),
}


@pytest.mark.parametrize("name", MAKERS)
def test_made_as_by_numpy(name):
    expected, found = MAKERS[name](numpy), MAKERS[name](np)
    assert isinstance(found, np.ndarray)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert_array_equal(numpy.asarray(found), expected)
    assert repr(found) == repr(expected)
    assert str(found) == str(expected)


@pytest.mark.parametrize("dtype", [bool, int, "U3", object])
def test_what_no_derivative_goes_into_is_an_ndarray(dtype):
    assert type(np.zeros(3, dtype)) is numpy.ndarray


RESULTS = {
    "arithmetic": lambda y: 2 * y + y**2 - y / 3,
    "matrix product": lambda y: y @ y.T,
    "comparison": lambda y: (y > 0) & (y != 1),
    "ufunc": lambda y: numpy.exp(y, where=y > 1, out=numpy.zeros((2, 3))),
    "ufunc method": lambda y: numpy.add.reduce(y, axis=1),
    "function": lambda y: numpy.einsum("ij,kj->ik", y, y),
    "function of lists": lambda y: numpy.concatenate([y, [y[0]]]),
    "reduction": lambda y: y.mean(axis=0, keepdims=True),
    "number": lambda y: y.sum(),
    "entry": lambda y: y[1, 2],
    "method with another": lambda y: y[0].dot(y[1]),
    "attribute": lambda y: numpy.array([y.ndim, y.size, y.nbytes, y.itemsize, *y.strides]),
    "linalg": lambda y: numpy.linalg.svd(y)[1],
    "loop": lambda y: numpy.array([row.sum() for row in y]),
    "unpacking": lambda y: numpy.hypot(*y),
    "conversion": lambda y: numpy.array([float(y[0, 0]), int(y[1, 1]), complex(y[0, 1]).imag, len(y), 5.0 in y]),
    "divmod": lambda y: numpy.stack(divmod(y, 2)),
    "reflected divmod": lambda y: numpy.stack(divmod(7, y + 1)),
    "format": lambda y: numpy.array(f"{y[0, 1]:.3f}"),
    "searchsorted": lambda y: y[0].searchsorted(0.5),
    "tolist": lambda y: numpy.array(y.tolist()),
    "a random choice": lambda y: numpy.random.default_rng(0).choice(y[0]),
    "with an array": lambda y: numpy.ones((2, 3)) * y + numpy.float64(2) * y,
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_ordinary(name):
    plain = numpy.arange(6.0).reshape(2, 3)
    found, expected = RESULTS[name](np.array(plain)), RESULTS[name](plain)
    assert type(found) is type(expected)
    assert_array_equal(found, expected)


def test_it_is_an_array_to_those_who_ask():
    y = np.zeros(3)
    for array in (y, numpy.zeros(3), bb.Variable(numpy.ones(2))):
        assert isinstance(array, np.ndarray)
    assert not isinstance(2.0, np.ndarray)
    assert issubclass(type(y), np.ndarray)
    assert np.array([1]).view(np.ndarray).tolist() == [1]
    assert np.ndarray((2, 3)).shape == (2, 3)
    assert np.ndarray((2,), np.uint8, b"\x01\x02").tolist() == [1, 2]

    @functools.singledispatch
    def kind(x):
        return "other"

    kind.register(np.ndarray, lambda x: "array")
    assert [kind(v) for v in (y, numpy.ones(2), bb.Variable(numpy.ones(2)), 1.0)] == ["array"] * 3 + ["other"]

    class Mine(np.ndarray):
        def __new__(cls, values):
            return np.asarray(values).view(cls)

    assert isinstance(numpy.ones(2).view(Mine), Mine)
    mine = Mine([1.0, 2.0])
    assert type(mine) is Mine
    assert type(mine[:1]) is Mine
    assert mine.sum() == 3.0
    assert not isinstance(y, Mine)


def test_copies_and_pickles():
    y = np.array([1.0, 2.0])
    for other in (copy.copy(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y)), y.copy(), np.array(y), +y):
        other[0] = 7.0
        assert y.tolist() == [1.0, 2.0]
    assert np.asarray(y) is y
    assert np.array(y, copy=False) is y


def test_memory_is_shared_with_code_that_takes_ndarrays_only():
    y = np.zeros((2, 3))
    plain = numpy.asarray(y[1])
    plain[0] = 5.0
    y[1, 1] = 6.0
    assert y.tolist() == [[0.0, 0.0, 0.0], [5.0, 6.0, 0.0]]
    assert plain.tolist() == [5.0, 6.0, 0.0]
    assert numpy.asarray(y) is numpy.asarray(y)
    given = numpy.arange(3.0)
    view = np.asarray(given)
    view[0] = 8.0
    assert given[0] == 8.0


def test_random():
    theirs = importlib.import_module("numpy.random")
    np.random.seed(3)
    y = np.arange(6.0) * np.ones(6)
    y = np.array(y)
    np.random.shuffle(y)
    theirs.seed(3)
    expected = numpy.arange(6.0)
    theirs.shuffle(expected)
    assert_array_equal(y, expected)

    def f(x):
        y = np.zeros((3, 2))
        y[:] = x
        np.random.seed(4)
        np.random.shuffle(y)
        return y

    theirs.seed(4)
    order = theirs.permutation(3)
    assert_allclose(bb.jacobian(lambda x: f(x).sum(axis=1))(numpy.ones((3, 2)))[..., 0], numpy.eye(3)[order])


# ---- with transforms ---------------------------------------------------------------------------------------------


def test_they_are_arguments_and_results():
    x = np.array([1.0, 2.0])
    assert_allclose(bb.grad(lambda x: (x**2).sum())(x), [2.0, 4.0])
    assert_allclose(bb.jvp(np.sin, (x,), (np.ones(2),))[1], numpy.cos([1.0, 2.0]))
    assert_allclose(bb.vmap(lambda x: x * 2)(x), [2.0, 4.0])
    assert_allclose(bb.vmap(lambda x: np.ones(2))(x), numpy.ones((2, 2)))
    assert_allclose(bb.compile(lambda x: x * 2)(x), [2.0, 4.0])
    assert_allclose(bb.compile(lambda x: {"a": np.array([x[0], 1.0])})(x)["a"], [1.0, 1.0])
    assert_allclose(bb.hessian(lambda x: np.prod(x))(x), [[0.0, 1.0], [1.0, 0.0]])
    assert_allclose(bb.numerical.gradient(lambda x: np.prod(x), x).value, [2.0, 1.0])
    y, pullback = bb.vjp(lambda x: np.array([x[0] * x[1], 3.0]), x)
    assert_allclose(pullback(np.array([1.0, 1.0]))[0], [2.0, 1.0])
    value, gradient = bb.value_and_grad(lambda p: (p["w"] * p["b"]).sum())({"w": x, "b": np.ones(2)})
    assert_allclose(gradient["w"], numpy.ones(2))
    (value, aux), _ = bb.value_and_grad(lambda x: (x.sum(), np.array([x[0]])), has_aux=True)(x)
    assert_array_equal(aux, [1.0])
    report = bb.check(lambda x: np.prod(np.array([x[0], x[1] ** 2])), x)
    assert report.ok
    v = bb.Variable(x)
    (v * v).sum().backward()
    assert_allclose(v.grad, [2.0, 4.0])


def test_custom_rules_and_checkpoints():
    @bb.custom_vjp
    def f(x):
        y = np.zeros(2)
        y[0] = x[0] ** 2
        return y

    f.defvjp(lambda x: (f(x), x), lambda x, g: (np.array([2 * x[0] * g[0], 0.0]),))
    x = np.array([3.0, 1.0])
    assert_allclose(bb.jacobian(f)(x), [[6.0, 0.0], [0.0, 0.0]])
    assert_allclose(bb.grad(lambda x: f(np.sin(np.ones(2)) * x).sum())(x), [2 * 3 * numpy.sin(1) ** 2, 0.0])

    @bb.checkpoint
    def g(x):
        y = np.zeros(2)
        y[1] = x[0] * x[1]
        return y

    assert_allclose(bb.jacobian(g)(x), [[0.0, 0.0], [1.0, 3.0]])
    square = bb.Square()
    assert_allclose(square(x).data if isinstance(square(x), bb.Variable) else square(x), [9.0, 1.0])


def test_nested_transforms():
    def f(x):
        y = np.zeros(2)
        y[0] = x**2
        y[1] = bb.grad(lambda z: inner(x, z))(x)
        return y[0] * y[1]

    def inner(x, z):
        y = np.ones(3)
        y[0] = x  # of the outer level
        y[1] = z**2  # then of the inner one
        return np.prod(y)

    x = 1.5  # inner = x z², its derivative by z at z = x is 2 x²; f = 2 x⁴
    assert_allclose(f(x), 2 * x**4)
    assert_allclose(bb.grad(f)(x), 8 * x**3)
    assert_allclose(bb.jvp(f, (x,), (1.0,))[1], 8 * x**3)
    assert_allclose(bb.grad(bb.grad(f))(x), 24 * x**2)
    assert_allclose(bb.jacfwd(bb.grad(f))(x), 24 * x**2)
    assert_allclose(bb.compile(bb.grad(f))(x), 8 * x**3)


def test_an_array_from_outside_is_not_filled():
    y = np.zeros(2)

    def f(x):
        y[0] = x
        return y.sum()

    for run in (lambda: bb.grad(f)(1.0), lambda: bb.jvp(f, (1.0,), (1.0,)), lambda: bb.vmap(f)(np.ones(3))):
        with pytest.raises(
            bb.LostDerivativeError, match=r"y\[0\] = x\): .* was made outside of the function .* and outlives"
        ):
            run()
    assert y.tolist() == [0.0, 0.0]
    x = bb.Variable(numpy.array(2.0))
    y[0] = x * 3  # define by run: it lasts as long as its Variables do
    y.sum().backward()
    assert x.grad == 3.0


def test_a_view_of_an_outer_level_is_not_left_behind():
    def f(x):
        y = np.zeros(2)
        y[0] = x
        view = y[:1]

        def g(z):
            y[1] = z
            return y.sum() + view.sum()

        return bb.grad(g)(x)

    with pytest.raises(bb.LostDerivativeError, match="was made outside of the function"):
        bb.grad(f)(1.0)


def test_an_ndarray_that_shows_the_memory_is_not_left_behind():
    def f(x, keep):
        y = np.zeros(3)
        plain = numpy.asarray(y)[1:]
        if not keep:
            del plain
        y[0] = x
        return y.sum()

    assert bb.grad(f)(1.0, False) == 1.0
    with pytest.raises(
        bb.LostDerivativeError, match=r"whose memory an ndarray shows .* Store into a copy: y = y.copy\(\)"
    ):
        bb.grad(f)(1.0, True)

    def g(x):
        y = np.zeros(3, complex)
        real = y.real
        y[0] = x
        return real.sum()

    with pytest.raises(bb.LostDerivativeError, match=r"y.real of a complex y"):
        bb.grad(g)(1.0)


def test_real_and_imaginary_parts():
    def f(x):
        y = np.zeros(2, complex)
        y.real = x
        y.imag[:] = 1.0 if not isinstance(y.imag, bb.Variable) else 0.0
        return y.real * x + numpy.abs(y) ** 2

    x = numpy.array([1.0, 2.0])
    assert_allclose(bb.grad(lambda x: f(x).sum())(x), 4 * x)
    y = np.zeros(2, complex)
    y.imag[0] = 2.0
    y.real[1] = 3.0
    assert y.tolist() == [2j, 3.0]


def test_nothing_is_kept_alive():
    y = np.zeros((3, 3))
    views = [y[i] for i in range(3) for _ in range(100)]
    del views
    for i in range(1000):
        y[i % 3]
    assert len(y.shows) <= 16
    y[0] = 1.0 * bb.Variable(numpy.ones(3))
    gone = weakref.ref(y.value)
    gc.disable()
    try:
        del y
        assert gone() is None
    finally:
        gc.enable()


def test_shapes_and_dtypes_are_not_set():
    y = np.zeros(4)
    with pytest.raises(AttributeError, match="Make another: y.reshape"):
        y.shape = (2, 2)


def test_arange_is_rounded_as_numpys():
    for start, stop, step in ((0.1, 2.3, 0.7), (3.0, -1.0, -0.3), (-0.4, 0.4, 0.1), (1.0, 1.0, 1.0)):
        found = bb.jvp(lambda a, d: np.arange(a, stop, d), (start, step), (1.0, 0.0))
        assert_array_equal(found[0], numpy.arange(start, stop, step))
        assert_array_equal(found[1], numpy.ones(found[0].shape))
    assert_allclose(bb.jacobian(lambda d: np.arange(0, 1.0, d))(0.25), numpy.arange(4))


def test_compiled_with_arrays_from_outside():
    weights = np.array([1.0, 2.0, 3.0])
    f = bb.compile(bb.grad(lambda x: np.sum(np.sin(weights * x))))
    x = numpy.array([0.1, 0.2, 0.3])
    assert_allclose(f(x), numpy.cos(numpy.array([1, 2, 3]) * x) * [1, 2, 3])
    weights[0] = 5.0
    assert_allclose(f(x), numpy.cos(numpy.array([5, 2, 3]) * x) * [5, 2, 3])


def test_its_class_has_a_name_to_be_found():
    assert isinstance(np.zeros(2), Buffer)
    assert bb.Variable(np.zeros(2)).data.tolist() == [0.0, 0.0]


def test_made_like_one_by_numpy_itself():
    def f(x):
        y = numpy.zeros(2, like=np.ones(3))
        y[0] = x
        z = numpy.array([x, 1.0], like=np.ones(3))
        return (y * z).sum()

    assert bb.grad(f)(3.0) == 6.0
    assert type(numpy.arange(3, like=np.ones(3))) is numpy.ndarray
    assert numpy.asarray(y := np.ones(3), like=y) is y


def test_what_is_no_number_is_left_to_numpy():
    y, plain = np.ones(2), numpy.ones(2)
    assert_array_equal(y == None, plain == None)  # noqa: E711
    with pytest.raises(TypeError, match="dtype"):
        _ = y + "a"
    assert_array_equal(np.array([y, [1, 2]], dtype=object), numpy.array([plain, [1, 2]], dtype=object))


def test_the_books_functions():
    x = np.array([3.0, 4.0])
    assert_allclose(bb.numerical.gradient(lambda x: (x**2).sum(), x).value, [6.0, 8.0])
    assert_allclose(bb.as_array(x), [3.0, 4.0])
    assert_allclose(bb.square(bb.Variable(x)).data, [9.0, 16.0])


def test_functions_of_the_user():
    class Mixed(bb.Function):
        def forward(self, x):
            y = np.zeros(2)
            y[0], y[1] = x[0] ** 2, x[1]
            return y

        def backward(self, gy):
            g = np.zeros(2)
            g[0] = 2 * self.input[0] * gy[0]
            g[1] = gy[1]
            return g

    x = numpy.array([3.0, 4.0])
    assert_allclose(bb.jacrev(lambda x: Mixed()(x))(x), [[6.0, 0.0], [0.0, 1.0]])
    assert_allclose(bb.jacfwd(lambda x: Mixed()(x))(x), [[6.0, 0.0], [0.0, 1.0]])
    assert_allclose(bb.hessian(lambda x: Mixed()(x).sum())(x), [[2.0, 0.0], [0.0, 0.0]])
    assert_allclose(bb.vmap(lambda x: Mixed()(x))(np.array([x, 2 * x])), [[9.0, 4.0], [36.0, 8.0]])
    assert_allclose(Mixed()(np.array(x)).data, [9.0, 4.0])


def test_views_of_other_dtypes_are_not_left_behind():
    def f(x):
        y = np.zeros(2)
        bits = y.view(numpy.int64)
        y[0] = x
        return y.sum() + bits.sum()

    with pytest.raises(bb.LostDerivativeError, match="whose memory an ndarray shows"):
        bb.grad(f)(1.0)


def test_nothing_is_a_view_of_nothing():
    def f(x):
        y = np.zeros((0, 3))
        part = y[:]
        y[...] = x
        part[...] = x
        return x + y.sum() + part.sum()

    assert bb.grad(f)(2.0) == 1.0


def test_the_package_shows_its_public_names():
    names = [name for name in dir(bb) if not name.startswith("__")]
    assert set(bb.__all__) <= set(names) <= {*bb.__all__, "compat", "interop", "numpy", "scipy"}
    assert {"compile", "check", "numerical_fallback", "numpy"} <= set(names)
    assert all(hasattr(bb, name) for name in dir(bb))


def test_rows_are_written_where_they_stand():
    x = bb.Variable(numpy.ones(4))
    y = np.zeros((5, 4))
    before = numpy.asarray(y).__array_interface__["data"][0]
    row = y[3]
    for i in range(5):
        y[i] = x * i
    row += 1.0
    assert y.value.data.__array_interface__["data"][0] == before
    assert y.value.data[:, 0].tolist() == [0.0, 1.0, 2.0, 4.0, 4.0]


def test_a_compiled_program_names_arrays_from_outside():
    weights = np.array([1.0, 2.0, 3.0])
    f = bb.compile(lambda x: np.sum(np.sin(weights * x)))
    f(numpy.ones(3))
    assert "weights: float64 (3,)" in f.source()
