"""The books' gradients against closed forms, and against what their loop must leave as it found it."""

import math
import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bibun.numerical import _numerical_gradient_1d, numerical_gradient, numerical_gradient_2d

ENTRYWISE = [numerical_gradient, numerical_gradient_2d]
ON_ONE_ROW = [*ENTRYWISE, _numerical_gradient_1d]


class Box:
    """Something that holds an array as its `data`, as a Variable does."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data


def cross_entropy(inputs: np.ndarray, labels: np.ndarray, weights: np.ndarray):
    scores = inputs.astype(weights.dtype) @ weights
    scores = scores - scores.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels])


def cross_entropy_gradient(inputs: np.ndarray, labels: np.ndarray, weights: np.ndarray):
    scores = inputs @ weights.astype(np.float64)
    probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    probabilities[np.arange(len(labels)), labels] -= 1
    return inputs.T @ probabilities / len(labels)


def largest_error(result: np.ndarray, truth: np.ndarray) -> float:
    return float(np.max(np.abs(result - truth)) / np.max(np.abs(truth)))


# ---- right answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("gradient", ON_ONE_ROW)
def test_gradient_of_a_sum_of_squares(gradient):
    x = np.array([3.0, 4.0])
    result = gradient(lambda x: np.sum(x**2), x)
    np.testing.assert_allclose(result, [6.0, 8.0], rtol=1e-11)
    assert result.dtype == np.float64


@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (1, 1), (2, 3, 4), (2, 1, 3, 2)])
def test_any_number_of_dimensions(shape):
    x = np.random.default_rng(0).uniform(-2, 2, shape)
    result = numerical_gradient(lambda x: np.sum(np.sin(x)), x)
    assert result.shape == shape
    assert isinstance(result, np.ndarray)
    np.testing.assert_allclose(result, np.cos(x), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 4)])
@pytest.mark.parametrize("gradient", ENTRYWISE)
def test_empty_arrays_give_empty_gradients_and_no_call(gradient, shape):
    def f(_):
        raise AssertionError("there is no entry to change")

    result = gradient(f, np.empty(shape, np.float32))
    assert result.shape == shape
    assert result.dtype == np.float32


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=4, max_side=3), elements=st.floats(-3, 3)))
def test_gradient_agrees_with_mpmath(x):
    before = x.copy()
    result = numerical_gradient(lambda x: np.sum(np.exp(np.sin(x))), x)
    truth = [float(mpmath.diff(lambda v: mpmath.exp(mpmath.sin(v)), float(v))) for v in x.ravel()]
    np.testing.assert_allclose(result.ravel(), truth, atol=2e-8)  # eps**2 / 6 times |f'''| < 8
    np.testing.assert_array_equal(x, before)


def test_error_is_the_one_of_a_central_difference():
    x = np.array([1.0])
    for eps in (1e-1, 1e-2, 1e-3):
        error = numerical_gradient(lambda x: np.exp(x[0]), x, eps=eps)[0] - math.e
        assert error == pytest.approx(eps**2 / 6 * math.e, rel=0.01)


@pytest.mark.parametrize("size", [1e5, 1e8, 1e12, 1e15])
def test_large_float64_entries_are_moved_by_what_they_can_show(size):
    x = np.array([size, -size])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x), 2 * x, rtol=1e-6)
    x = np.array([size])  # x + 1e-4 is x from 1e13 on: the books' divisor 2 eps would give 0
    np.testing.assert_allclose(numerical_gradient(lambda x: x[0] * 3, x), 3, rtol=1e-9)


def test_wide_step_is_refused_where_the_function_is_finer():
    x = np.array([1e6])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sin(x[0]), x), math.cos(1e6), rtol=1e-5)
    x = np.array([0.1, 1, 10, 100, 1000], np.float32)
    result = numerical_gradient(lambda x: np.sum(np.sin(x)), x)
    np.testing.assert_allclose(result, np.cos(x.astype(float)), atol=1e-3)


# ---- float32 and its relatives ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (np.square, lambda x: 2 * x),
        (lambda x: x**3, lambda x: 3 * x**2),
        (np.exp, np.exp),
        (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    ],
)
def test_float32_keeps_four_digits(f, derivative):
    x = np.array([-1, -0.3, 0.01, 0.5, 1, 2, 3], np.float32)
    result = numerical_gradient(lambda x: np.sum(f(x)), x)
    assert result.dtype == np.float32
    assert largest_error(result, derivative(x.astype(float))) < 1e-4


@pytest.mark.parametrize("scale", [0.0, 0.01, 1.0])
def test_float32_weights_of_a_network(scale):
    rng = np.random.default_rng(1)
    inputs, labels = rng.random((20, 30)), rng.integers(0, 5, 20)
    weights = (scale * rng.standard_normal((30, 5))).astype(np.float32)
    truth = cross_entropy_gradient(inputs, labels, weights)
    result = numerical_gradient(lambda _: cross_entropy(inputs, labels, weights), weights)
    assert largest_error(result, truth) < 1e-3  # 1e-2 with eps = 1e-4 alone


@pytest.mark.parametrize("f", [np.log, np.sqrt, lambda x: np.array([math.log(v) for v in x])])
def test_float32_close_to_the_end_of_the_domain(f):
    x = np.array([1e-3, 2e-3], np.float32)  # the wide step, 5e-3, is beyond 0: nan, or math's ValueError
    truth = f(x.astype(float) * (1 + 1e-6)) - f(x.astype(float) * (1 - 1e-6))
    result = numerical_gradient(lambda x: np.sum(f(x)), x)
    np.testing.assert_allclose(result, truth / (2e-6 * x.astype(float)), rtol=0.02)


def test_float32_large_entries():
    x = np.array([1e3, 2e3, 3e4], np.float32)
    assert largest_error(numerical_gradient(lambda x: np.sum(x**2), x), 2 * x.astype(float)) < 1e-3


def test_float16_gives_a_digit():
    x = np.array([-1, 0.5, 1, 2], np.float16)
    result = numerical_gradient(lambda x: np.sum(x**2), x)
    assert result.dtype == np.float16
    np.testing.assert_allclose(result, 2 * x, atol=0.1)


def test_long_double_keeps_its_digits():
    x = np.array([1, 2], np.longdouble)
    result = numerical_gradient(lambda x: np.sum(x**2), x)
    assert result.dtype == np.longdouble
    digits = 100 * np.finfo(np.longdouble).eps / 1e-4
    np.testing.assert_allclose(result, 2 * x, rtol=float(digits))


def test_float64_calls_f_twice_an_entry_and_float32_four_times():
    for dtype, calls in ((np.float64, 2), (np.float32, 4)):
        seen = []
        numerical_gradient(lambda x, seen=seen: seen.append(x) or x[0], np.ones(3, dtype))
        assert len(seen) == 3 * calls


@pytest.mark.parametrize("eps", [1e-2, 1e-6, 1e-9, 1e-12])
def test_the_step_of_the_caller_is_used_in_float64(eps):
    seen = []
    numerical_gradient(lambda x: seen.append(x[0]) or x[0], np.array([1.0]), eps=eps)
    assert seen == [1 + eps, 1 - eps]


def test_a_step_below_the_last_place_becomes_the_last_places():
    assert numerical_gradient(lambda x: 3 * x[0], np.array([1.0]), eps=1e-50) == 3


def test_a_wide_eps_of_the_caller_is_used_as_it_is():
    x = np.array([1.0], np.float32)
    seen = []
    result = numerical_gradient(lambda x: seen.append(x[0]) or x[0] ** 3, x, eps=0.5)
    assert seen == [1.5, 0.5]
    assert result == 3.25  # 3 x**2 + eps**2


# ---- the caller's own array ------------------------------------------------------------------------------


@pytest.mark.parametrize("gradient", ON_ONE_ROW)
def test_a_function_that_ignores_its_argument(gradient):
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(gradient(lambda _: np.sum(x**2), x), [2, 4, 6], rtol=1e-10)


def test_rows_that_ignore_their_argument():
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(numerical_gradient_2d(lambda _: np.sum(X**2), X), 2 * X, rtol=1e-10)


def test_one_entry_is_changed_at_a_time_and_the_same_object_is_passed():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    before, changed = x.copy(), []

    def f(argument):
        assert argument is x
        changed.append(list(zip(*np.nonzero(x != before), strict=True)))
        return 0.0

    numerical_gradient(f, x)
    assert changed == [[i] for i in [(0, 0), (0, 1), (1, 0), (1, 1)] for _ in range(2)]


@pytest.mark.parametrize(
    "view",
    [
        lambda base: base[::2, 1::3],
        lambda base: base.T,
        lambda base: base[::-1, ::-1],
        lambda base: np.asfortranarray(base),
        lambda base: base.transpose(1, 0)[2],
        lambda base: base.reshape(4, 2, 3)[:, 1],
        lambda base: base[1:2, 3:4].reshape(()),
    ],
)
@pytest.mark.parametrize("gradient", ENTRYWISE)
def test_views_are_changed_in_place(gradient, view):
    base = np.random.default_rng(2).uniform(1, 2, (4, 6))
    x = view(base)
    before = base.copy()
    truth = 2 * x if gradient is numerical_gradient or x.ndim < 2 else None
    if truth is not None:
        np.testing.assert_allclose(gradient(lambda _: np.sum(x**2), x), truth, rtol=1e-9)
    np.testing.assert_allclose(gradient(lambda row: np.sum(row**2), x), 2 * x, rtol=1e-9)
    np.testing.assert_array_equal(base, before)


def test_a_view_changes_its_base():
    base = np.ones((4, 6))
    result = numerical_gradient(lambda _: np.sum(base**3), base[1::2, ::-2])
    np.testing.assert_allclose(result, np.full((2, 3), 3.0), rtol=1e-7)


def test_big_endian_entries():
    x = np.array([1.0, 2.0], ">f8")
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x), [2, 4], rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", [1, 2])
def test_the_entry_is_restored_when_f_raises(dtype, error, call):
    x = np.array([[0.1, 1 / 3], [-7.7, 1e-3]], dtype)
    before, calls = x.copy(), []

    def f(_):
        calls.append(None)
        if len(calls) == call:
            raise error
        return 1.0

    for gradient in ENTRYWISE:
        calls.clear()
        with pytest.raises(type(error)):
            gradient(f, x)
        np.testing.assert_array_equal(x, before)


def test_the_entry_is_restored_when_f_raises_at_the_wide_nodes():
    x = np.array([1.0, 2.0], np.float32)
    before = x.copy()

    def f(x):
        if abs(x[1] - 2) > 1e-3:
            raise KeyError("beyond")
        return x[1]

    with pytest.raises(KeyError):
        numerical_gradient(f, x)
    np.testing.assert_array_equal(x, before)


@given(hnp.arrays(np.float32, 4, elements=st.floats(width=32)))
def test_every_float32_comes_back_to_the_last_bit(x):
    before = x.tobytes()
    numerical_gradient(lambda _: 1.0, x)
    assert x.tobytes() == before


# ---- rows ------------------------------------------------------------------------------------------------


def test_rows_are_passed_one_at_a_time_as_views():
    X = np.arange(6.0).reshape(3, 2)
    rows = []

    def f(row):
        assert np.shares_memory(row, X)
        assert row.shape == (2,)
        rows.append(row.__array_interface__["data"][0])
        return row[0] ** 2 + 3 * row[1]

    result = numerical_gradient_2d(f, X)
    np.testing.assert_allclose(result, np.stack([2 * X[:, 0], np.full(3, 3.0)], axis=1), atol=1e-9)
    starts = [X[i].__array_interface__["data"][0] for i in range(3)]
    assert rows == [start for start in starts for _ in range(4)]


def test_rows_of_one_dimension_are_the_array_itself():
    x = np.array([1.0, 2.0])
    seen = []
    numerical_gradient_2d(lambda row: seen.append(row) or 0.0, x)
    assert all(row is x for row in seen)


def test_items_of_more_than_two_dimensions():
    X = np.random.default_rng(3).uniform(1, 2, (2, 3, 2))
    result = numerical_gradient_2d(lambda item: np.prod(item), X)
    np.testing.assert_allclose(result, np.prod(X, axis=(1, 2), keepdims=True) / X, rtol=1e-8)


def test_one_row_refuses_two_dimensions():
    with pytest.raises(ValueError, match=re.escape("x has shape (2, 2), but one row is expected")):
        _numerical_gradient_1d(np.sum, np.ones((2, 2)))


def test_one_row_takes_an_array_without_dimensions():
    assert _numerical_gradient_1d(lambda x: x**2, np.array(3.0)) == pytest.approx(6)
    assert numerical_gradient_2d(lambda x: x**2, np.array(3.0)) == pytest.approx(6)


# ---- what f may give -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "give",
    [
        lambda y: y,
        float,
        np.float32,
        np.array,
        lambda y: np.array([y]),
        lambda y: np.array([[y]]),
        lambda y: Fraction(float(y)),
        lambda y: mpmath.mpf(float(y)),
        lambda y: Box(np.array(y)),
    ],
)
def test_forms_of_one_number(give):
    x = np.array([0.5, 1.5])
    np.testing.assert_allclose(numerical_gradient(lambda x: give(np.sum(x)), x), [1, 1], rtol=5e-3)


def test_whole_numbers_and_truth_values_are_numbers():
    x = np.array([0.5])
    assert numerical_gradient(lambda x: int(x[0] > 0.5), x) == pytest.approx(1 / 2e-4)
    assert numerical_gradient(lambda x: x[0] > 0.5, x) == pytest.approx(1 / 2e-4)
    assert numerical_gradient(lambda x: np.uint8(x[0] < 0.5), x) == pytest.approx(-1 / 2e-4)


def test_f_may_give_an_alias_of_x_or_one_buffer():
    x = np.array([5.0])
    assert numerical_gradient(lambda x: x, x) == pytest.approx(1)
    x = np.array(5.0)
    assert numerical_gradient(lambda x: x, x) == pytest.approx(1)
    buffer = np.zeros(())

    def f(x):
        np.multiply(x, 3, out=buffer)
        return buffer

    assert numerical_gradient(f, x) == pytest.approx(3)


@pytest.mark.parametrize("gradient", ENTRYWISE)
def test_more_than_one_number_is_an_error_with_the_shape(gradient):
    message = "f gave shape (3,) for x of shape (3,), but one number has a gradient. Give that number"
    x = np.array([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=re.escape(f"{gradient.__name__}: {message}")):
        gradient(lambda x: x**2, x)
    np.testing.assert_array_equal(x, [1, 2, 3])


@pytest.mark.parametrize(("y", "named"), [(None, "NoneType"), ("3", "str"), ({}, "dict")])
def test_no_number_is_an_error(y, named):
    with pytest.raises(TypeError, match=f"numerical_gradient: f gave {named}, which is not a number"):
        numerical_gradient(lambda _: y, np.ones(2))


def test_a_complex_number_is_an_error():
    with pytest.raises(TypeError, match=r"f gave the complex number .*, but a real number has a gradient"):
        numerical_gradient(lambda x: x[0] * 1j, np.ones(2))


# ---- what x may be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint32, np.bool_])
@pytest.mark.parametrize("gradient", ON_ONE_ROW)
def test_whole_numbers_are_refused(gradient, dtype):
    x = np.array([1, 2, 3]).astype(dtype)
    message = (
        f"{gradient.__name__}: x has dtype {x.dtype}, and an entry plus 0.0001 would be cut off to a whole "
        "number. Write x = x.astype(float) first, and let f read that array"
    )
    with pytest.raises(TypeError, match=re.escape(message)):
        gradient(lambda x: np.sum(x**2), x)


def test_complex_numbers_are_refused_and_the_advice_works():
    z = np.array([1 + 2j, 3 - 1j])

    def g(z):
        return np.sum(np.abs(z) ** 2)

    with pytest.raises(TypeError, match="x has dtype complex128, and a real step sees only half"):
        numerical_gradient(g, z)
    result = numerical_gradient(lambda parts: g(parts[0] + 1j * parts[1]), np.stack([z.real, z.imag]))
    np.testing.assert_allclose(result, 2 * np.stack([z.real, z.imag]), rtol=1e-9)


@pytest.mark.parametrize("x", [[1.0, 2.0], (1.0,), 2.0, np.float64(2.0), None])
def test_what_is_no_array_is_refused(x):
    message = f"x is of type {type(x).__name__}, but its entries are changed in place"
    with pytest.raises(TypeError, match=f"{message} .* Pass an array: x = np.array"):
        numerical_gradient(lambda x: 1.0, x)


def test_a_variable_is_sent_to_its_array():
    with pytest.raises(TypeError, match=r"x is of type Box, .* Pass x\.data"):
        numerical_gradient(lambda x: 1.0, Box(np.ones(2)))


@pytest.mark.parametrize("x", [np.array(["a"]), np.array([1.0], object), np.zeros(1, "f8,f8")])
def test_other_dtypes_are_refused(x):
    with pytest.raises(TypeError, match="not real numbers"):
        numerical_gradient(lambda x: 1.0, x)


@pytest.mark.parametrize("gradient", ON_ONE_ROW)
def test_a_read_only_array_is_refused(gradient):
    x = np.ones(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match=r"x is read-only, .* x = x\.copy\(\) first"):
        gradient(np.sum, x)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_passed_as_a_matrix():
    x = np.matrix([[1.0], [2.0]])
    result = numerical_gradient(lambda x: x.T * x, x)
    assert type(result) is np.ndarray
    np.testing.assert_allclose(result, [[2], [4]], rtol=1e-10)
    np.testing.assert_allclose(numerical_gradient_2d(lambda row: row * row.T, x), [[2], [4]], rtol=1e-10)


def test_a_masked_entry_does_not_count():
    x = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])
    np.testing.assert_allclose(numerical_gradient(lambda x: (x**2).sum(), x), [2, 0, 6], atol=1e-9)
    np.testing.assert_array_equal(x.mask, [False, True, False])


def test_a_memory_map_is_changed_in_the_file(tmp_path):
    path = tmp_path / "weights"
    np.array([1.0, 2.0]).tofile(path)
    x = np.memmap(path, dtype=float, mode="r+")
    np.testing.assert_allclose(numerical_gradient(lambda _: np.sum(np.fromfile(path) ** 2), x), [2, 4])
    with pytest.raises(ValueError, match="read-only"):
        numerical_gradient(np.sum, np.memmap(path, dtype=float, mode="r"))


# ---- nan and infinity ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_entries_that_are_not_finite(dtype):
    x = np.array([np.nan, 2, np.inf, -np.inf, np.finfo(dtype).max], dtype)
    result = numerical_gradient(lambda x: x[1] ** 2, x)
    np.testing.assert_allclose(result, [np.nan, 4, np.nan, np.nan, np.nan], rtol=1e-4)


def test_f_that_is_not_finite():
    x = np.array([1.0])
    assert np.isnan(numerical_gradient(lambda x: np.nan, x)[0])
    assert np.isnan(numerical_gradient(lambda x: np.inf, x)[0])
    assert numerical_gradient(lambda x: np.inf if x[0] > 1 else 0.0, x)[0] == np.inf
    assert numerical_gradient(lambda x: np.inf if x[0] < 1 else 0.0, x)[0] == -np.inf


# ---- the other arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("eps", [0, 0.0, -1e-4, np.nan, np.inf])
def test_eps_must_be_positive(eps):
    for gradient in ON_ONE_ROW:
        with pytest.raises(ValueError, match="the step must be positive and finite"):
            gradient(np.sum, np.ones(2), eps=eps)


def test_arguments_in_the_wrong_order():
    message = "numerical_gradient: f is of type ndarray, not a function. Write numerical_gradient(f, x)"
    with pytest.raises(TypeError, match=re.escape(message)):
        numerical_gradient(np.ones(2), np.sum)
