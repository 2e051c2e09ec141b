"""numerical_diff against closed forms, on the least that it may ask of a Variable, and on the real one."""

import math
import re

import numpy as np
import pytest

import bibun as bb
from bibun.numerical import numerical_diff, numerical_gradient


class Box:
    """Is made from an array, and shows it as `data`."""

    def __init__(self, data: np.ndarray) -> None:
        if not isinstance(data, np.ndarray):
            raise TypeError(f"{type(data)} is not supported")
        self.data = data


def boxed(function):
    return lambda box: Box(np.asarray(function(box.data)))


def test_numerical_diff_gives_the_digits_of_the_formula():
    assert numerical_diff(boxed(np.square), Box(np.array(2.0))) == (2.0001**2 - 1.9999**2) / 2e-4
    y0, y1 = (math.exp(x * x) ** 2 for x in (0.4999, 0.5001))
    assert numerical_diff(boxed(lambda x: np.exp(x**2) ** 2), Box(np.array(0.5))) == pytest.approx(
        (y1 - y0) / 2e-4, rel=1e-12
    )


def test_numerical_diff_of_a_composite_against_the_closed_form():
    truth = 4 * 0.5 * math.exp(2 * 0.25)  # d/dx exp(x**2)**2 = 4 x exp(2 x**2)
    result = numerical_diff(boxed(lambda x: np.exp(x**2) ** 2), Box(np.array(0.5)))
    assert result == pytest.approx(truth, abs=1e-6)
    assert isinstance(result, np.float64)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,)])
def test_numerical_diff_keeps_the_shape(shape):
    x = Box(np.random.default_rng(4).uniform(0.5, 2, shape))
    before = x.data.copy()
    result = numerical_diff(boxed(np.log), x)
    assert np.shape(result) == shape
    np.testing.assert_allclose(result, 1 / before, rtol=1e-7)
    np.testing.assert_array_equal(x.data, before)


def test_numerical_diff_in_float32_and_on_integers():
    x = np.array([-1, 0.5, 1, 3], np.float32)
    result = numerical_diff(boxed(np.exp), Box(x))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, np.exp(x.astype(float)), rtol=1e-4)
    np.testing.assert_allclose(numerical_diff(boxed(np.square), Box(np.array([1, 2]))), [2, 4], rtol=1e-10)


def test_numerical_diff_at_large_entries():
    x = np.array([1.0, 1e5, 1e10, 1e15])
    np.testing.assert_allclose(numerical_diff(boxed(np.square), Box(x)), 2 * x, rtol=1e-6)


def test_numerical_diff_with_one_number_in_and_many_out():
    powers = boxed(lambda x: x ** np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(numerical_diff(powers, Box(np.array(2.0))), [1, 4, 12], rtol=1e-8)
    np.testing.assert_allclose(numerical_diff(powers, Box(np.array([[2.0]]))), [[1, 4, 12]], rtol=1e-8)
    assert numerical_diff(boxed(np.sum), Box(np.array([2.0]))) == pytest.approx(1)


def test_numerical_diff_refuses_a_function_of_the_whole_array():
    with pytest.raises(ValueError, match=re.escape("f made shape () of shape (3,). All entries are shifted")):
        numerical_diff(boxed(np.sum), Box(np.ones(3)))


def test_numerical_diff_makes_boxes_of_the_same_class():
    class OtherBox(Box):
        pass

    seen = []
    numerical_diff(lambda box: seen.append(type(box)) or box, OtherBox(np.array(1.0)))
    assert set(seen) == {OtherBox}


def test_numerical_diff_of_an_alias_and_of_one_buffer():
    assert numerical_diff(lambda box: box, Box(np.array(3.0))) == pytest.approx(1)
    buffer = Box(np.zeros(2))

    def f(box):
        np.multiply(box.data, 3, out=buffer.data)
        return buffer

    np.testing.assert_allclose(numerical_diff(f, Box(np.ones(2))), [3, 3], rtol=1e-10)


def test_numerical_diff_at_nan_and_infinity():
    result = numerical_diff(boxed(lambda x: x * 2), Box(np.array([np.nan, 1.0, np.inf])))
    np.testing.assert_allclose(result, [np.nan, 2, np.nan], rtol=1e-10)


@pytest.mark.parametrize("x", [np.ones(2), 2.0, None, Box.__new__(Box)])
def test_numerical_diff_wants_a_variable(x):
    message = f"numerical_diff: x is of type {type(x).__name__}, but a Variable that holds an array"
    with pytest.raises(TypeError, match=message):
        numerical_diff(boxed(np.exp), x)


def test_numerical_diff_refuses_what_is_not_real():
    with pytest.raises(TypeError, match="x holds dtype complex128"):
        numerical_diff(boxed(np.exp), Box(np.array(1j)))
    with pytest.raises(TypeError, match="f gave NoneType, which is not a number"):
        numerical_diff(lambda box: None, Box(np.array(1.0)))


@pytest.mark.parametrize("eps", [0, -1e-4, np.nan, np.inf])
def test_numerical_diff_wants_a_positive_step(eps):
    with pytest.raises(ValueError, match=r"numerical_diff: eps is .*, but the step must be positive"):
        numerical_diff(boxed(np.exp), Box(np.ones(2)), eps=eps)


def test_numerical_diff_with_the_arguments_in_the_wrong_order():
    message = "numerical_diff: f is of type Box, not a function. Write numerical_diff(f, x)"
    with pytest.raises(TypeError, match=re.escape(message)):
        numerical_diff(Box(np.ones(2)), np.exp)


def test_on_a_variable_it_agrees_with_backward():
    x = bb.Variable(np.random.default_rng(5).uniform(-1, 1, (2, 3)))
    before = x.data.copy()
    y = bb.square(bb.exp(bb.square(x)))
    y.backward()
    np.testing.assert_allclose(x.grad, 4 * before * np.exp(2 * before**2), rtol=1e-14)
    numerical = numerical_diff(lambda x: bb.square(bb.exp(bb.square(x))), x)
    assert type(numerical) is np.ndarray
    np.testing.assert_allclose(numerical, x.grad, rtol=1e-6)
    np.testing.assert_array_equal(x.data, before)


def test_on_a_variable_without_data():
    with pytest.raises(TypeError, match="x is of type Variable, but a Variable that holds an array"):
        numerical_diff(bb.square, bb.Variable(None))


def test_a_gradient_takes_the_array_of_a_variable_and_a_loss_that_is_one():
    x = bb.Variable(np.array([1.0, 2.0]))
    result = numerical_gradient(lambda _: np.sum(bb.square(x)), x.data)
    np.testing.assert_allclose(result, [2, 4], rtol=1e-10)
    with pytest.raises(TypeError, match=r"numerical_gradient: x is of type Variable, .* Pass x\.data"):
        numerical_gradient(lambda _: np.sum(bb.square(x)), x)
