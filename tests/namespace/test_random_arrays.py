"""Random arrays of every dtype and shape of the array API standard, by hypothesis's strategies for its namespaces.

As the standard's public test suite does: arrays are made by functions of the namespace, and results are compared with those of
another one. Each is taken as bibun.numpy makes it, and as a Variable where it is of floating-point or complex numbers.
"""

from __future__ import annotations

import importlib
import operator
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.array_api import make_strategies_namespace
from numpy.testing import assert_allclose

import bibun as bb
import bibun.numpy as xp
from bibun.core.traced import bare

spaces = make_strategies_namespace(xp, api_version="2022.12")
try:
    standard = importlib.import_module("array_api_strict")
except ImportError:
    standard = np

NUMBERS = st.one_of(spaces.floating_dtypes(), spaces.complex_dtypes(), spaces.integer_dtypes())
FLOATS = st.one_of(spaces.floating_dtypes(), spaces.complex_dtypes())
SHAPES = spaces.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ELEMENTS = {"min_value": 0, "max_value": 100, "allow_infinity": False, "allow_nan": False}
LINES = spaces.array_shapes(min_dims=1, max_dims=1, min_side=1, max_side=6)
OF_LINES = "cumulative_sum sort argsort max min argmax mean std var"
FUNCTIONS = {
    "real": "ceil floor trunc sign signbit",
    "numbers": "abs negative positive square round isfinite isnan isinf",
    "floats": "exp sin cos tan sinh cosh tanh sqrt log log1p expm1 asinh atan reciprocal log2 log10",
    "reductions": "sum prod max min all any mean std var cumulative_sum sort argsort argmax count_nonzero flip",
}
COMPLEX_TOO = (
    "abs negative positive square round isfinite isnan isinf exp sin cos tan sinh cosh tanh sqrt log reciprocal "
)
COMPLEX_TOO += "sum prod all any mean cumulative_sum flip count_nonzero"
BINARY = (
    "add subtract multiply divide pow maximum minimum equal less atan2 hypot logaddexp floor_divide remainder copysign"
)


def kinds(array: Any) -> list[Any]:
    """The array as it is, and as a Variable."""
    return [array, bb.Variable(np.array(array))] if array.dtype.kind in "fc" else [array]


def agree(name: str, found: Any, expected: Any) -> None:
    plain, truth = np.asarray(bare(found)), np.asarray(expected)
    assert plain.shape == truth.shape, name
    assert plain.dtype == truth.dtype, name
    size = np.dtype(truth.dtype).itemsize // (2 if truth.dtype.kind == "c" else 1)
    assert_allclose(
        plain, truth, rtol={2: 1e-2, 4: 1e-5}.get(size, 1e-12), atol=0 if truth.dtype.kind in "biu" else 1e-30
    )


def both(name: str, *arrays: Any, **settings: Any) -> None:
    """The function of the namespace on each kind of the arrays, beside the standard's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given_ = [standard.asarray(np.asarray(a)) if hasattr(a, "dtype") else a for a in arrays]
        try:
            expected = getattr(standard, name)(*given_, **settings)
        except (TypeError, ValueError):
            assume(False)
        for changed in zip(*[kinds(a) if len(kinds(a)) > 1 else kinds(a) * 2 for a in arrays], strict=True):
            agree(name, getattr(xp, name)(*changed, **settings), expected)


@pytest.mark.parametrize("name", [name for names in FUNCTIONS.values() for name in names.split()])
def test_functions_of_one_array(name):
    dtypes = FLOATS if name in FUNCTIONS["floats"].split() else NUMBERS
    if name in ("mean", "std", "var"):
        dtypes = spaces.floating_dtypes()
    if name not in COMPLEX_TOO.split():
        dtypes = dtypes.filter(lambda dtype: np.dtype(dtype).kind != "c")

    @settings(max_examples=15, deadline=None)
    @given(spaces.arrays(dtype=dtypes, shape=LINES if name in OF_LINES.split() else SHAPES, elements=ELEMENTS))
    def run(x):
        both(name, x)

    run()


@pytest.mark.parametrize("name", BINARY.split())
def test_functions_of_two_arrays(name):
    dtypes = spaces.floating_dtypes() if name in ("atan2", "hypot", "logaddexp", "divide", "copysign") else NUMBERS
    if name in ("maximum", "minimum", "less", "floor_divide", "remainder"):
        dtypes = dtypes.filter(lambda dtype: np.dtype(dtype).kind != "c")

    @settings(max_examples=15, deadline=None)
    @given(dtypes, spaces.mutually_broadcastable_shapes(2, max_dims=3), st.data())
    def run(dtype, shapes, data):
        elements = {"min_value": 1, "max_value": 8}
        both(
            name,
            *(data.draw(spaces.arrays(dtype=dtype, shape=shape, elements=elements)) for shape in shapes.input_shapes),
        )

    run()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_brackets(data):
    x = data.draw(spaces.arrays(dtype=NUMBERS, shape=spaces.array_shapes(max_dims=3, max_side=4)))
    key = data.draw(spaces.indices(x.shape, allow_newaxis=True, allow_ellipsis=True))
    expected = np.array(x)[key]
    for array in kinds(x):
        agree("getitem", array[key], expected)
    if None in (key if isinstance(key, tuple) else (key,)):
        return
    value = data.draw(spaces.arrays(dtype=x.dtype, shape=expected.shape))
    truth = np.array(x)
    truth[key] = np.asarray(value)
    for array in kinds(x):
        y = xp.asarray(array, copy=True)
        y[key] = value
        agree("setitem", y, truth)
        if array.dtype.kind in "fc":
            y = xp.asarray(np.array(x), copy=True)
            y[key] = bb.Variable(np.array(value))
            agree("setitem of a Variable", y, truth)


@settings(max_examples=100, deadline=None)
@given(
    FLOATS,
    spaces.mutually_broadcastable_shapes(2, max_dims=3),
    st.sampled_from(["add", "sub", "mul", "truediv"]),
    st.data(),
)
def test_operators_in_place(dtype, shapes, name, data):
    elements = {"min_value": 1, "max_value": 8}
    x, y = (data.draw(spaces.arrays(dtype=dtype, shape=shape, elements=elements)) for shape in shapes.input_shapes)
    assume(shapes.result_shape == x.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = getattr(operator, name)(np.array(x), np.array(y))
        for left in kinds(x):
            for right in kinds(y):
                agree(name, getattr(operator, f"i{name}")(xp.asarray(left, copy=True), right), expected)
