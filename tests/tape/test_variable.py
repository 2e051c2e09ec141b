"""Variables and backward: graphs of every shape against closed forms. What the tape keeps is in test_memory.py."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun import Variable
from bibun.errors import LostDerivativeError

A, B = 1.3, 0.7


def box(value: Any, dtype: Any = float) -> Variable:
    return Variable(np.array(value, dtype))


# ---- the box -----------------------------------------------------------------------------------------------------


def test_takes_an_array_or_none_and_nothing_else() -> None:
    assert Variable(None).data is None
    data = np.array([1.0, 2.0])
    assert Variable(data).data is data
    for wrong in (1.0, 1, [1.0], "x", np.float64(1.0)):
        with pytest.raises(TypeError, match=r"^<class '.*'> is not supported$"):
            Variable(wrong)  # type: ignore[arg-type]


def test_data_can_be_given_later() -> None:
    x = Variable(None)
    x.data = np.array(3.0)
    y = x * x
    y.backward()
    assert x.grad == 6.0
    with pytest.raises(TypeError, match="is not supported"):
        x.data = 2.0


def test_a_step_of_a_number_is_a_number() -> None:
    b = box(3.0)
    for _ in range(2):
        b.cleargrad()
        (b * b).backward()
        b.data = b.data - 0.1 * b.grad
    assert isinstance(b.data, np.ndarray)
    np.testing.assert_allclose(b.data, 3.0 * 0.8**2)


def test_data_of_a_computed_variable_cannot_be_replaced_or_written() -> None:
    x = box([1.0, 2.0])
    y = x * x
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 5.0
    with pytest.raises(ValueError, match="data of a computed Variable cannot be replaced"):
        y.data = np.zeros(2)
    assert_array_equal(y.data, [1.0, 4.0])


def test_a_variable_has_the_attributes_of_its_array() -> None:
    x = box(np.ones((2, 3)), np.float32)
    assert (x.shape, x.ndim, x.size, x.dtype, x.itemsize, x.nbytes, len(x)) == ((2, 3), 2, 6, np.float32, 4, 24, 2)
    assert repr(box([1.0])) == "Variable(array([1.]))"
    assert repr(Variable(None)) == "Variable(None)"


def test_new_variables_have_no_gradient_and_no_creator() -> None:
    x = box(1.0)
    assert x.grad is None
    assert x.creator is None


# ---- graphs ------------------------------------------------------------------------------------------------------


def test_the_seed_chain() -> None:
    x = box(0.5)
    y = bb.square(bb.exp(bb.square(x)))
    y.backward()
    assert_allclose(y.data, np.exp(0.25) ** 2)
    assert_allclose(x.grad, 4 * 0.5 * np.exp(2 * 0.25))
    assert type(x.grad) is np.ndarray


def test_fan_out() -> None:
    x = box(A)
    y = np.sin(x) + x * x + np.exp(x)
    y.backward()
    assert_allclose(x.grad, np.cos(A) + 2 * A + np.exp(A))


def test_fan_in() -> None:
    xs = [box(float(n)) for n in range(1, 6)]
    y = xs[0]
    for x in xs[1:]:
        y = y * x
    y.backward()
    for n, x in enumerate(xs, 1):
        assert_allclose(x.grad, 120 / n)


def test_diamond() -> None:
    x = box(A)
    a = x * x
    b, c = np.sin(a), np.cos(a)
    y = b * c  # sin(2 a) / 2
    y.backward()
    assert_allclose(x.grad, np.cos(2 * A * A) * 2 * A)


def test_a_ladder_of_diamonds_visits_each_function_once() -> None:
    """2**60 paths from y to x: only a sweep that adds first and goes on once can end."""
    x = box(1.0)
    y = x
    for _ in range(60):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad == 1.0


def test_a_variable_used_twice_by_one_call() -> None:
    x = box(A)
    y = x + x
    y.backward()
    assert x.grad == 2.0
    x.cleargrad()
    (x * x).backward()
    assert_allclose(x.grad, 2 * A)
    x.cleargrad()
    (x**x).backward()
    assert_allclose(x.grad, A**A * (np.log(A) + 1))


def test_a_shortcut_around_a_long_branch() -> None:
    """The short path reaches x long before the long one does; x must wait for both."""
    x = box(A)
    long = x
    for _ in range(10):
        long = np.sin(long)
    y = long * x
    y.backward()
    value, slope = A, 1.0
    for _ in range(10):
        slope *= np.cos(value)
        value = np.sin(value)
    assert_allclose(x.grad, slope * A + value)


def test_several_inputs_and_broadcasting() -> None:
    a, b, c = box(np.arange(6.0).reshape(2, 3)), box([1.0, 2.0, 3.0]), box(2.0)
    y = np.sum(a * b + c)
    y.backward()
    assert_array_equal(a.grad, [[1.0, 2.0, 3.0]] * 2)
    assert_array_equal(b.grad, [3.0, 5.0, 7.0])
    assert c.grad == 6.0
    assert [v.grad.shape for v in (a, b, c)] == [(2, 3), (3,), ()]


def test_several_outputs_of_one_row() -> None:
    x = box([[2.0, 1.0], [1.0, 3.0]])
    sign, logarithm = np.linalg.slogdet(x)
    logarithm.backward()
    assert_allclose(x.grad, np.linalg.inv(x.data).T)
    assert sign == 1.0
    x.cleargrad()
    values, vectors = np.linalg.eigh(x)
    np.sum(values**2).backward()
    assert_allclose(x.grad + x.grad.T, 4 * x.data)  # tr(x x), of which eigh reads one triangle


def test_backward_from_two_outputs_adds_up() -> None:
    x = box(A)
    y, z = np.sin(x), np.exp(x)
    y.backward()
    z.backward()
    assert_allclose(x.grad, np.cos(A) + np.exp(A))


def test_gradients_accumulate_until_they_are_cleared() -> None:
    x = box([1.0, 2.0])
    y = x * x
    for times in (1, 2, 3):
        y.backward()
        assert_allclose(x.grad, times * 2 * x.data)
    x.cleargrad()
    assert x.grad is None
    y.backward()
    assert_allclose(x.grad, 2 * x.data)


def test_a_gradient_is_an_array_of_its_own() -> None:
    """Writing to one gradient changes neither another one, nor the data, nor the next sweep."""
    a, b = box([1.0, 2.0]), box([3.0, 4.0])
    y = a + b
    y.backward()
    a.grad[:] = 100.0
    assert_array_equal(b.grad, [1.0, 1.0])
    b.grad += 5.0
    assert_array_equal(b.grad, [6.0, 6.0])
    a.cleargrad()
    y.backward()
    assert_array_equal(a.grad, [1.0, 1.0])
    x = box([1.0, 2.0])
    (x * 1.0).backward()
    x.grad[:] = 7.0
    assert_array_equal(x.data, [1.0, 2.0])


def test_backward_starts_from_ones() -> None:
    x = box([[1.0, 2.0], [3.0, 4.0]])
    (x**3).backward()
    assert_allclose(x.grad, 3 * x.data**2)


def test_backward_starts_from_the_gradient_that_is_set() -> None:
    x = box([1.0, 2.0])
    y = x * x
    y.grad = np.array([10.0, -1.0])
    y.backward()
    assert_allclose(x.grad, [20.0, -4.0])
    assert_array_equal(y.grad, [10.0, -1.0])


def test_the_gradient_that_is_set_must_fit() -> None:
    y = box([1.0, 2.0]) * 2.0
    y.grad = np.ones((3, 2))
    with pytest.raises(bb.DerivativeValueError, match=r"shape is \(3, 2\), and this Variable has shape \(2,\)"):
        y.backward()


def test_backward_of_a_leaf_leaves_ones_in_it() -> None:
    x = box([1.0, 2.0])
    x.backward()
    assert_array_equal(x.grad, [1.0, 1.0])


def test_intermediate_gradients_are_kept_only_when_asked() -> None:
    x = box(A)
    a = x * x
    b = np.exp(a)
    y = np.sin(b)
    y.backward()
    assert (a.grad, b.grad, y.grad) == (None, None, None)
    x.cleargrad()
    y.backward(retain_grad=True)
    assert_allclose(y.grad, 1.0)
    assert_allclose(b.grad, np.cos(b.data))
    assert_allclose(a.grad, np.cos(b.data) * b.data)
    assert_allclose(x.grad, np.cos(b.data) * b.data * 2 * A)
    assert all(type(v.grad) is np.ndarray for v in (a, b, y, x))


def test_retained_gradients_share_no_memory() -> None:
    x = box([1.0, 2.0])
    a = x * 1.0
    b = a * 1.0
    c = a * 2.0
    y = b + c
    y.backward(retain_grad=True)
    b.grad[:] = 50.0
    assert_array_equal(c.grad, [1.0, 1.0])
    assert_array_equal(y.grad, [1.0, 1.0])
    assert_array_equal(x.grad, [3.0, 3.0])


def test_retained_gradients_of_two_outputs_add_up() -> None:
    x = box(2.0)
    a = x * x
    y, z = a * 3.0, a * 5.0
    y.backward(retain_grad=True)
    z.backward(retain_grad=True)
    assert a.grad == 8.0
    assert x.grad == 32.0


def test_what_nothing_depends_on_gets_no_gradient() -> None:
    x, other = box(1.0), box(2.0)
    y = x * 2.0
    _ = other * x
    y.backward()
    assert other.grad is None


def test_constants_have_no_gradient_and_cannot_start_a_sweep() -> None:
    x = box([1.0, 2.0])
    z = np.zeros_like(x)
    assert z.creator is None
    with pytest.raises(bb.DerivativeValueError, match="does not depend on any other"):
        z.backward()
    y = np.sum(z * x + z)
    y.backward()
    assert_array_equal(x.grad, [0.0, 0.0])
    with pytest.raises(ValueError, match="read-only"):
        z.data[0] = 5.0


def test_backward_may_run_while_the_graph_grows() -> None:
    x = box(A)
    y = np.sin(x)
    y.backward()
    z = y * y
    z.backward()
    assert_allclose(x.grad, np.cos(A) + 2 * np.sin(A) * np.cos(A))


# ---- dtypes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_gradient_has_the_dtype_of_its_variable(dtype: Any) -> None:
    x = box([1.0, 2.0], dtype)
    y = np.sum(np.sin(x * 2 + 1.5) ** 2 / 3)
    assert y.dtype == dtype
    y.backward()
    assert x.grad.dtype == dtype
    assert_allclose(x.grad.astype(float), 2 / 3 * np.sin(2 * (x.data.astype(float) * 2 + 1.5)), atol=4e-3)


def test_mixed_dtypes_give_each_variable_its_own() -> None:
    a, b = box([1.0, 2.0], np.float32), box([3.0, 4.0])
    y = np.sum(a * b)
    assert y.dtype == np.float64
    y.backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    assert_allclose(a.grad, b.data)
    assert_allclose(b.grad, a.data)


@pytest.mark.parametrize("zero", [0, 0.0, -0.0], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_zero_of_pythons_as_divisor_gives_infinity_as_numpys(zero: Any, dtype: Any) -> None:
    x = np.array([1.0, -2.0], dtype)
    with np.errstate(all="ignore"):
        expected, slope = x / zero, np.ones(2, dtype) / zero
        y, pullback = bb.vjp(lambda x: x / zero, x)
        assert_array_equal(y, expected)
        assert_array_equal(pullback(np.ones(2, dtype))[0], slope)
        assert_array_equal(bb.jvp(lambda x: x / zero, (x,), (np.ones(2, dtype),))[1], slope)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        bb.jvp(lambda x: x / zero, (x,), (np.ones(2, dtype),))


def test_a_double_seed_does_not_widen_single_precision() -> None:
    x = box([1.0, 2.0], np.float32)
    y = x * x
    y.grad = np.array([1.0, 1.0])
    y.backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda x: np.power(2, x), lambda x: np.log(2) * 2**x),
        (lambda x: np.copysign(x, 2.0), np.ones_like),
        (lambda x: np.logaddexp(x, 0), lambda x: 1 / (1 + np.exp(-x))),
        (lambda x: np.logaddexp2(1.0, x), lambda x: 1 / (1 + 2 ** (1 - x))),
    ],
    ids=["power", "copysign", "logaddexp", "logaddexp2"],
)
def test_a_number_of_pythons_does_not_widen_a_gradient(function: Any, slope: Any) -> None:
    x = box([1.0, 2.0], np.float32)
    for _ in range(2):  # the second is added to the first
        between = 1 * x
        np.sum(function(between)).backward(retain_grad=True)
        assert x.grad.dtype == between.grad.dtype == np.float32
    assert_allclose(x.grad, 2 * slope(x.data.astype(float)), rtol=1e-6)


def test_a_complex_variable_gets_the_gradient_of_jax() -> None:
    """df/da - i df/db for z = a + i b; |z|**2 gives 2 conj(z)."""
    z = box([1 + 2j, -3j], complex)
    np.sum(np.abs(z) ** 2).backward()
    assert_allclose(z.grad, 2 * np.conj(z.data))
    x = box([1.0, 2.0])
    np.sum(np.real(np.exp(1j * x))).backward()
    assert x.grad.dtype == float
    assert_allclose(x.grad, -np.sin(x.data))


def test_an_integer_variable_has_no_derivative_and_nothing_is_left_behind() -> None:
    x, n = box(2.0), box(3, int)
    y = x * n
    with pytest.raises(bb.NoDerivativeError, match="a Variable of dtype int64 has no derivative"):
        y.backward()
    assert x.grad is None
    assert n.grad is None


# ---- higher derivatives ------------------------------------------------------------------------------------------


def test_third_derivative_through_backward() -> None:
    """y = x**4 by hand: y' = 4 x**3, y'' = 12 x**2, y''' = 24 x."""
    x = box([A, -B])
    y = x**4
    expected = [4 * x.data**3, 12 * x.data**2, 24 * x.data, np.full(2, 24.0)]
    for derivative in expected:
        x.cleargrad()
        y.backward(create_graph=True)
        y = x.grad
        assert isinstance(y, Variable)
        assert_allclose(y.data, derivative)


def test_derivatives_of_sine_to_the_eighth_order() -> None:
    x = box(A)
    y = np.sin(x)
    cycle = [np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v), np.sin]
    for order in range(8):
        x.cleargrad()
        y.backward(create_graph=True)
        y = x.grad
        assert_allclose(y.data, cycle[order % 4](A), rtol=1e-13)


def test_create_graph_of_every_shape_of_graph() -> None:
    """The Hessian of a**2 b + sin(a b), entry by entry, with the gradients of a first sweep."""
    a, b = box(A), box(B)
    y = a * a * b + np.sin(a * b)
    y.backward(create_graph=True)
    first_a, first_b = a.grad, b.grad
    assert_allclose(first_a.data, 2 * A * B + B * np.cos(A * B))
    assert_allclose(first_b.data, A * A + A * np.cos(A * B))
    mixed = 2 * A + np.cos(A * B) - A * B * np.sin(A * B)
    a.cleargrad()
    b.cleargrad()
    first_a.backward()
    assert_allclose(a.grad, 2 * B - B * B * np.sin(A * B))
    assert_allclose(b.grad, mixed)
    a.cleargrad()
    b.cleargrad()
    first_b.backward()
    assert_allclose(a.grad, mixed)
    assert_allclose(b.grad, -A * A * np.sin(A * B))


def test_create_graph_with_several_outputs_and_linear_algebra() -> None:
    matrix = np.array([[2.0, 0.5], [0.5, 3.0]])
    x = Variable(matrix.copy())
    np.linalg.slogdet(x)[1].backward(create_graph=True)
    gradient = x.grad
    inverse = np.linalg.inv(matrix)
    assert_allclose(gradient.data, inverse.T)
    x.cleargrad()
    np.sum(gradient * gradient).backward()
    assert_allclose(x.grad, -2 * inverse.T @ inverse @ inverse.T)  # d tr(x^-1 x^-T) = -2 tr(x^-1 x^-T x^-1 dx)


def test_gradients_with_a_graph_are_apart_from_one_another() -> None:
    a, b = box(1.0), box(2.0)
    (a + b).backward(create_graph=True)
    first = a.grad
    first += 10.0
    assert b.grad.data == 1.0


def test_a_graph_of_gradients_accumulates() -> None:
    x = box(A)
    for _ in range(2):
        (x**3).backward(create_graph=True)
    total = x.grad
    assert_allclose(total.data, 6 * A**2)
    x.cleargrad()
    total.backward()
    assert_allclose(x.grad, 12 * A)


def test_gradient_penalty() -> None:
    """The square of a gradient's norm, differentiated by the weights: sum of (w_i cos(w.x))**2."""
    w, x = box([0.3, -1.2]), box([1.1, 0.4])
    np.sin(np.dot(w, x)).backward(create_graph=True)
    gradient = x.grad
    w.cleargrad()
    np.sum(gradient**2).backward()
    u = float(w.data @ x.data)
    norm = float(w.data @ w.data)
    assert_allclose(w.grad, 2 * w.data * np.cos(u) ** 2 - norm * np.sin(2 * u) * x.data)


# ---- length ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [100_000, pytest.param(1_000_000, marks=pytest.mark.heavy)])
def test_a_long_chain_needs_no_recursion(length: int) -> None:
    """x -> sin(0.5 x + 0.25), over and over; forward, backward, and the end of the graph."""
    x = box(0.5)
    y, value, slope = x, 0.5, 1.0
    for _ in range(length // 3):
        y = np.sin(y * 0.5 + 0.25)
        inner = value * 0.5 + 0.25
        slope *= 0.5 * np.cos(inner)
        value = np.sin(inner)
    y.backward()
    assert_allclose(y.data, value)
    assert_allclose(x.grad, slope)
    del y  # a recursive deletion would end the interpreter here


@pytest.mark.parametrize("length", [100_000, pytest.param(1_000_000, marks=pytest.mark.heavy)])
def test_a_long_chain_keeps_its_scale(length: int) -> None:
    """The derivative of a product of many factors near 1, which does not vanish on the way."""
    x = box(2.0)
    y = x
    for n in range(length):
        y = y * 1.0001 if n % 2 else y / 1.0001
    y.backward()
    assert_allclose(x.grad, 1.0, rtol=1e-8)


def test_a_long_chain_of_gradients_with_a_graph() -> None:
    x = box(1.0)
    y = x
    for _ in range(30_000):
        y = y * 1.0001
    z = y * y
    z.backward(create_graph=True)
    gradient = x.grad
    assert_allclose(gradient.data, 2 * 1.0001**60_000, rtol=1e-9)
    x.cleargrad()
    gradient.backward()
    assert_allclose(x.grad, 2 * 1.0001**60_000, rtol=1e-9)
    del gradient, z, y


def test_a_long_chain_of_additions_of_one_variable() -> None:
    x = box([1.0, 2.0])
    y = x
    for _ in range(20_000):
        y = y + x
    y.backward()
    assert_array_equal(x.grad, [20_001.0, 20_001.0])


def test_a_long_chain_of_views() -> None:
    x = box(np.arange(4.0))
    y = x
    for _ in range(3_000):
        y = y[::-1]
    np.sum(y * np.arange(4.0)).backward()
    assert_array_equal(x.grad, np.arange(4.0))
    del y


def test_a_variable_is_pickled_with_its_gradient() -> None:
    x = Variable(np.array([1.0, 2.0]))
    unused = Variable(np.array(3.0, np.float32))
    np.sum(x * x).backward()
    again, other, empty = pickle.loads(pickle.dumps((x, unused, Variable(None))))
    np.testing.assert_array_equal(again.data, [1.0, 2.0])
    np.testing.assert_array_equal(again.grad, [2.0, 4.0])
    assert other.grad is None
    assert other.dtype == np.float32
    assert empty.data is None
    np.sum(again**3).backward()
    np.testing.assert_array_equal(again.grad, [5.0, 16.0])  # 2 x + 3 x²
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_a_computed_variable_is_not_pickled() -> None:
    y = Variable(np.array([1.0, 2.0])) * 2
    with pytest.raises(LostDerivativeError, match=r"Store its value, y\.data"):
        pickle.dumps(y)
