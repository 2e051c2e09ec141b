"""The user's own operations: Function with forward and backward, alone, reused, and under every transform."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun import Exp, Function, Square, Variable

A, B = 1.3, 0.7
X = np.array([0.5, -1.5, 2.0])


class Cube(Function):
    """y = x**3, with a backward that can be differentiated again."""

    def forward(self, x: Any) -> Any:
        return x**3

    def backward(self, gy: Any) -> Any:
        return 3 * self.input**2 * gy


class BookCube(Function):
    """The same as the books write it: from the data."""

    def forward(self, x: Any) -> Any:
        return x**3

    def backward(self, gy: Any) -> Any:
        x = self.input.data
        return 3 * x**2 * gy


class StoringCube(Function):
    """The same from what forward stored."""

    def forward(self, x: Any) -> Any:
        self.x = x
        return x**3

    def backward(self, gy: Any) -> Any:
        return 3 * self.x**2 * gy


class Relu(Function):
    """max(x, 0), with the mask that forward stored: not a float, so it does not depend on x."""

    def forward(self, x: Any) -> Any:
        self.mask = x > 0
        return np.where(self.mask, x, 0.0)

    def backward(self, gy: Any) -> Any:
        return gy * self.mask


class Tanh(Function):
    """From the output."""

    def forward(self, x: Any) -> Any:
        return np.tanh(x)

    def backward(self, gy: Any) -> Any:
        return gy * (1 - self.output**2)


class Product(Function):
    """Two inputs, one output."""

    def forward(self, a: Any, b: Any) -> Any:
        return a * b

    def backward(self, gy: Any) -> Any:
        a, b = self.inputs
        return gy * b, gy * a


class Polar(Function):
    """Two inputs, two outputs: (r cos t, r sin t)."""

    def forward(self, r: Any, t: Any) -> Any:
        return r * np.cos(t), r * np.sin(t)

    def backward(self, gx: Any, gy: Any) -> Any:
        r, t = self.inputs
        return gx * np.cos(t) + gy * np.sin(t), r * (gy * np.cos(t) - gx * np.sin(t))


class SumOfSquares(Function):
    """Not elementwise: sum(x)**2, by the data."""

    def forward(self, x: Any) -> Any:
        return np.sum(x) ** 2

    def backward(self, gy: Any) -> Any:
        x = self.input.data
        return np.full(x.shape, 2 * np.sum(x)) * gy


@contextmanager
def no_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


# ---- the books' way ----------------------------------------------------------------------------------------------


def test_backpropagation_by_hand() -> None:
    first, middle, last = Square(), Exp(), Square()
    x = Variable(np.array(0.5))
    a = first(x)
    b = middle(a)
    y = last(b)
    assert y.creator is last
    assert last.input is b
    assert last.output is y
    assert last.inputs == (b,)
    assert last.outputs == (y,)
    assert b.creator is middle
    assert middle.input is a
    assert a.creator is first
    assert first.input is x
    assert x.creator is None
    y.grad = np.array(1.0)
    b.grad = last.backward(y.grad)
    a.grad = middle.backward(b.grad)
    x.grad = first.backward(a.grad)
    assert type(x.grad) is np.ndarray
    assert_allclose(x.grad, 4 * 0.5 * np.exp(2 * 0.25))


@pytest.mark.parametrize("function", [Cube, BookCube, StoringCube])
def test_by_hand_and_by_itself_agree(function: type[Function]) -> None:
    cube = function()
    x = Variable(X.copy())
    y = cube(x)
    by_hand = cube.backward(np.ones(3))
    assert type(by_hand) is np.ndarray
    assert_allclose(by_hand, 3 * X**2)
    y.backward()
    assert_allclose(x.grad, 3 * X**2)
    assert type(x.grad) is np.ndarray


def test_by_hand_with_several_inputs_and_outputs() -> None:
    polar = Polar()
    r, t = Variable(np.array(A)), Variable(np.array(B))
    x, y = polar(r, t)
    assert polar.input == (r, t)
    assert polar.output == (x, y)
    assert x.creator is y.creator is polar
    gr, gt = polar.backward(np.array(1.0), np.array(0.0))
    assert_allclose([gr, gt], [np.cos(B), -A * np.sin(B)])
    assert type(gr) is type(gt) is np.ndarray


def test_missing_methods_say_so() -> None:
    class Nothing(Function):
        pass

    class Forward(Function):
        def forward(self, x: Any) -> Any:
            return x

    with pytest.raises(NotImplementedError, match=r"^Nothing\.forward is not defined$"):
        Nothing()(Variable(np.array(1.0)))
    y = Forward()(Variable(np.array(1.0)))
    with pytest.raises(NotImplementedError, match=r"^Forward\.backward is not defined$"):
        y.backward()


def test_set_creator() -> None:
    cube = Cube()
    x = Variable(np.array(2.0))
    cube(x)
    data = np.array(8.0)
    y = Variable(data)
    y.set_creator(cube)
    assert y.creator is cube
    data[...] = -1.0
    y.backward()
    assert x.grad == 12.0
    assert y.data == 8.0


# ---- graphs ------------------------------------------------------------------------------------------------------


def test_several_inputs_and_outputs() -> None:
    r, t = Variable(np.array([1.0, 2.0])), Variable(np.array([0.3, 0.4]))
    x, y = Polar()(r, t)
    np.sum(x * x + y * y).backward()
    assert_allclose(r.grad, 2 * r.data)
    assert_allclose(t.grad, 0.0, atol=1e-15)


def test_one_of_several_outputs() -> None:
    """The cotangent of the output that nobody used is zero."""
    r, t = Variable(np.array(A)), Variable(np.array(B))
    x, y = Polar()(r, t)
    y.backward()
    assert_allclose(r.grad, np.sin(B))
    assert_allclose(t.grad, A * np.cos(B))
    assert x.grad is None


def test_lists_of_outputs_and_of_cotangents() -> None:
    class Halves(Function):
        def forward(self, x: Any) -> Any:
            return [x / 2, x / 2]

        def backward(self, g: Any, h: Any) -> Any:
            return [(g + h) / 2]

    x = Variable(X.copy())
    a, b = Halves()(x)
    np.sum(a * 1.0 + b * 3.0).backward()
    assert_allclose(x.grad, [2.0] * 3)


def test_plain_arrays_and_numbers_beside_variables() -> None:
    a = Variable(X.copy())
    y = Product()(a, X + 1)
    y.backward()
    assert_allclose(a.grad, X + 1)
    a.cleargrad()
    Product()(2.0, a).backward()
    assert_allclose(a.grad, [2.0] * 3)


def test_without_variables_the_result_is_a_constant() -> None:
    product = Product()
    y = product(X, 2.0)
    assert isinstance(y, Variable)
    assert_allclose(y.data, 2 * X)
    assert y.creator is None
    with pytest.raises(bb.DerivativeValueError, match="does not depend on any other"):
        y.backward()


def test_reuse_of_one_instance() -> None:
    """Each call has its own inputs, also when the instance stores them; the attributes show the latest."""
    for function in (Cube, BookCube, StoringCube):
        cube = function()
        a, b, c = (Variable(np.array(v)) for v in (1.0, 2.0, 3.0))
        ya, yb, yc = cube(a), cube(b), cube(c)
        assert cube.input is c
        assert cube.output is yc
        assert yc.creator is cube
        (ya + yb + yc).backward()
        assert [float(v.grad) for v in (a, b, c)] == [3.0, 12.0, 27.0], function


def test_reuse_of_one_instance_in_a_chain() -> None:
    relu = Relu()
    x = Variable(np.array([3.0, 0.5, -1.0]))
    y = relu(relu(x) - 1.0)
    y.backward()
    assert_array_equal(x.grad, [1.0, 0.0, 0.0])


def test_a_function_that_returns_its_input_or_a_view_of_it() -> None:
    class Identity(Function):
        def forward(self, x: Any) -> Any:
            return x

        def backward(self, gy: Any) -> Any:
            return gy

    class Ends(Function):
        def forward(self, x: Any) -> Any:
            return x[:1], x[1:]

        def backward(self, g: Any, h: Any) -> Any:
            return np.concatenate([g, h])

    for run in (lambda x: Identity()(x) ** 2, lambda x: np.concatenate(Ends()(x)) ** 2):
        data = X.copy()
        x = Variable(data)
        y = run(x)
        data[:] = 100.0
        y.backward()
        assert_allclose(x.grad, 2 * X)
        assert_allclose(bb.grad(lambda v, run=run: np.sum(run(v)))(X), 2 * X)


def test_none_is_a_zero_cotangent() -> None:
    class First(Function):
        def forward(self, a: Any, b: Any) -> Any:
            return a * 2

        def backward(self, gy: Any) -> Any:
            return gy * 2, None

    a, b = Variable(np.array(1.0)), Variable(np.ones((2, 3), np.float32))
    First()(a, b).backward()
    assert a.grad == 2.0
    assert_array_equal(b.grad, np.zeros((2, 3)))
    assert b.grad.dtype == np.float32
    assert bb.grad(lambda a, b: First()(a, b), (0, 1))(1.0, 2.0) == (2.0, 0.0)


def test_a_wrong_number_of_cotangents() -> None:
    class Wrong(Function):
        def forward(self, a: Any, b: Any) -> Any:
            return a + b

        def backward(self, gy: Any) -> Any:
            return gy

    y = Wrong()(Variable(np.array(1.0)), Variable(np.array(2.0)))
    with pytest.raises(ValueError, match=r"Wrong\.backward returned 1 cotangents for 2 inputs: one each is needed"):
        y.backward()


def test_a_wrong_shape_of_a_cotangent() -> None:
    class Wrong(Function):
        def forward(self, a: Any) -> Any:
            return a + np.zeros((3, 1))

        def backward(self, gy: Any) -> Any:
            return gy

    y = Wrong()(Variable(np.ones(2)))
    with pytest.raises(ValueError, match=r"a cotangent of shape \(3, 2\) for an input of shape \(2,\)"):
        y.backward()


def test_a_function_keeps_single_precision() -> None:
    x = Variable(X.astype(np.float32))
    y = Cube()(x)
    assert y.dtype == np.float32
    y.backward()
    assert x.grad.dtype == np.float32


def test_python_numbers_out_of_forward_and_backward() -> None:
    class Total(Function):
        def forward(self, x: Any) -> Any:
            return float(np.sum(x))

        def backward(self, gy: Any) -> Any:
            return np.ones(3) * float(gy)

    x = Variable(X.copy())
    y = Total()(x)
    assert isinstance(y.data, np.ndarray)
    y.backward()
    assert_array_equal(x.grad, np.ones(3))


def test_a_chain_of_functions_needs_no_recursion() -> None:
    class Shift(Function):
        def forward(self, x: Any) -> Any:
            return x + 1

        def backward(self, gy: Any) -> Any:
            return gy

    x = Variable(np.array(0.0))
    y = x
    for _ in range(20_000):
        y = Shift()(y)
    y.backward()
    assert x.grad == 1.0
    assert y.data == 20_000
    del y


# ---- higher derivatives ------------------------------------------------------------------------------------------


def test_a_backward_from_variables_can_be_differentiated_again() -> None:
    x = Variable(X.copy())
    y = Cube()(x)
    y.backward(create_graph=True)
    first = x.grad
    x.cleargrad()
    first.backward(create_graph=True)
    second = x.grad
    x.cleargrad()
    second.backward()
    assert_allclose(first.data, 3 * X**2)
    assert_allclose(second.data, 6 * X)
    assert_allclose(x.grad, np.full(3, 6.0))


def test_square_and_exp_of_the_package() -> None:
    def f(x: Any) -> Any:
        return np.sum(Exp()(Square()(x)))

    e = np.exp(X**2)
    assert_allclose(bb.grad(f)(X), 2 * X * e)
    assert_allclose(bb.hessian(f)(X), np.diag((2 + 4 * X**2) * e))


@pytest.mark.parametrize("function", [BookCube, StoringCube])
def test_a_backward_from_plain_values_refuses_a_second_derivative(function: type[Function]) -> None:
    x = Variable(X.copy())
    y = function()(x)
    y.backward(create_graph=True)
    assert_allclose(x.grad.data, 3 * X**2)  # right to first order
    gradient = x.grad
    x.cleargrad()
    with pytest.raises(
        bb.NoDerivativeError,
        match=rf"^{function.__name__}\.backward cannot be differentiated again: it computes from self\.input\.data, or "
        r"from what forward stored, which are plain arrays\. Compute from self\.input \(and self\.output\) instead\.$",
    ):
        gradient.backward()


@pytest.mark.parametrize("function", [BookCube, StoringCube])
@pytest.mark.parametrize(
    "second",
    [
        lambda f: bb.grad(bb.grad(f))(A),
        lambda f: bb.hessian(f)(A),
        lambda f: bb.hvp(f, (A,), (1.0,)),
        lambda f: bb.jvp(bb.grad(f), (A,), (1.0,)),
        lambda f: bb.jacrev(bb.jacfwd(f))(A),
        lambda f: bb.vmap(bb.grad(bb.grad(f)))(X),
        lambda f: bb.vmap(bb.hessian(f))(X),
        lambda f: bb.hessian(lambda x: np.sum(bb.vmap(f)(x)))(X),
    ],
)
def test_every_way_to_a_second_derivative_refuses(function: type[Function], second: Any) -> None:
    with pytest.raises(bb.NoDerivativeError, match=r"Compute from self\.input \(and self\.output\) instead"):
        second(lambda x: function()(x))


def test_a_stored_list_of_arrays_refuses_too() -> None:
    class Saved(Function):
        def forward(self, x: Any) -> Any:
            self.saved = (x,)
            return x**3

        def backward(self, gy: Any) -> Any:
            return 3 * self.saved[0] ** 2 * gy

    assert_allclose(bb.grad(lambda x: Saved()(x))(A), 3 * A**2)
    with pytest.raises(bb.NoDerivativeError, match="cannot be differentiated again"):
        bb.grad(bb.grad(lambda x: Saved()(x)))(A)


def test_a_stored_mask_does_no_harm() -> None:
    f = lambda x: Relu()(x) ** 3  # noqa: E731
    assert_allclose(bb.grad(bb.grad(f))(2.0), 12.0)
    assert_allclose(bb.grad(bb.grad(f))(-2.0), 0.0)


# ---- transforms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [Cube, BookCube, StoringCube])
def test_first_order_transforms(function: type[Function]) -> None:
    def f(x: Any) -> Any:
        return function()(x)

    diagonal = np.diag(3 * X**2)
    assert_allclose(bb.grad(f)(A), 3 * A**2)
    y, dy = bb.jvp(f, (X,), (np.array([1.0, 2.0, 3.0]),))
    assert_allclose(y, X**3)
    assert_allclose(dy, 3 * X**2 * [1.0, 2.0, 3.0])
    assert_allclose(bb.jacobian(f)(X), diagonal)
    assert_allclose(bb.jacrev(f)(X), diagonal)
    assert_allclose(bb.jacfwd(f)(X), diagonal)
    assert_allclose(bb.linearize(f, X)[1](np.ones(3)), 3 * X**2)
    assert_allclose(bb.vjp(f, X)[1](np.ones(3))[0], 3 * X**2)


@pytest.mark.parametrize("function", [Cube, BookCube, StoringCube])
def test_batches(function: type[Function]) -> None:
    def f(x: Any) -> Any:
        return function()(x)

    assert_allclose(bb.vmap(f)(X), X**3)
    assert_allclose(bb.vmap(bb.grad(f))(X), 3 * X**2)
    assert_allclose(bb.grad(lambda x: np.sum(bb.vmap(f)(x)))(X), 3 * X**2)
    assert_allclose(bb.jvp(bb.vmap(f), (X,), (np.ones(3),))[1], 3 * X**2)
    assert_allclose(bb.vmap(lambda x: bb.jvp(f, (x,), (1.0,))[1])(X), 3 * X**2)
    matrix = np.stack([X, 2 * X])
    expected = np.stack([np.diag(3 * row**2) for row in matrix])
    assert_allclose(bb.vmap(bb.jacrev(f))(matrix), expected)
    assert_allclose(bb.vmap(bb.jacfwd(f))(matrix), expected)


def test_batches_of_a_function_that_is_not_elementwise() -> None:
    """Its backward reads the data of one entry, never of the whole batch."""
    matrix = np.stack([X, 2 * X + 1])
    expected = 2 * np.sum(matrix, axis=1, keepdims=True) * np.ones((2, 3))
    f = lambda x: SumOfSquares()(x)  # noqa: E731
    assert_allclose(bb.vmap(bb.grad(f))(matrix), expected)
    assert_allclose(bb.grad(lambda m: np.sum(bb.vmap(f)(m)))(matrix), expected)
    assert_allclose(bb.vmap(lambda x: bb.jvp(f, (x,), (np.ones(3),))[1])(matrix), np.sum(expected, axis=1))
    assert_allclose(bb.jacrev(bb.vmap(f))(matrix), np.einsum("ij,ik->ikj", expected, np.eye(2)))


def test_batches_of_a_function_that_stores_a_mask() -> None:
    """What forward stores is another thing for each entry."""
    for relu in (lambda x: Relu()(x), Relu()):
        assert_array_equal(bb.vmap(bb.grad(relu))(X), [1.0, 0.0, 1.0])
        assert_array_equal(bb.grad(lambda x, relu=relu: np.sum(bb.vmap(relu)(x)))(X), [1.0, 0.0, 1.0])
        assert_array_equal(bb.vmap(bb.vmap(bb.grad(relu)))(np.stack([X, -X])), [[1.0, 0, 1], [0, 1, 0]])
        assert_array_equal(bb.jacrev(relu)(X), np.diag([1.0, 0.0, 1.0]))
        assert_array_equal(bb.vmap(lambda x, relu=relu: bb.jvp(relu, (x,), (1.0,))[1])(X), [1.0, 0.0, 1.0])


def test_batches_with_several_inputs_and_outputs() -> None:
    polar = lambda r, t: Polar()(r, t)  # noqa: E731
    r, t = X, X + 0.3
    x, y = bb.vmap(polar)(r, t)
    assert_allclose(x, r * np.cos(t))
    assert_allclose(y, r * np.sin(t))
    x, y = bb.vmap(polar, in_axes=(None, 0))(A, t)
    assert_allclose(y, A * np.sin(t))
    gr, gt = bb.vmap(bb.grad(lambda r, t: polar(r, t)[1], (0, 1)))(r, t)
    assert_allclose(gr, np.sin(t))
    assert_allclose(gt, r * np.cos(t))
    gr, gt = bb.vmap(bb.grad(lambda r, t: polar(r, t)[1], (0, 1)), in_axes=(None, 0))(A, t)
    assert_allclose(gt, A * np.cos(t))
    with pytest.raises(bb.DerivativeValueError, match="over an empty batch"):
        bb.vmap(polar)(X[:0], X[:0])


def test_second_order_transforms() -> None:
    f = lambda x: np.sum(Cube()(x))  # noqa: E731
    assert_allclose(bb.grad(bb.grad(bb.grad(lambda x: Cube()(x))))(A), 6.0)
    assert_allclose(bb.hessian(f)(X), np.diag(6 * X))
    assert_allclose(bb.hvp(f, (X,), (np.ones(3),)), 6 * X)
    assert_allclose(bb.vmap(bb.hessian(f))(np.stack([X, -X])), [np.diag(6 * X), np.diag(-6 * X)])
    assert_allclose(bb.jvp(bb.grad(lambda x: Tanh()(x)), (A,), (1.0,))[1], -2 * np.tanh(A) * (1 - np.tanh(A) ** 2))


def test_mixed_second_derivatives_of_several_inputs() -> None:
    f = lambda a, b: Product()(Product()(a, b), a)  # noqa: E731  # a**2 b
    (haa, hab), (hba, hbb) = bb.hessian(f, (0, 1))(A, B)
    assert_allclose([haa, hab, hba, hbb], [2 * B, 2 * A, 2 * A, 0.0])


def test_gradient_checks_against_the_numerical_derivative() -> None:
    x = Variable(X.copy())
    for function in (Cube(), BookCube(), Tanh(), Square(), Exp()):
        y = function(x)
        x.cleargrad()
        y.backward()
        assert_allclose(x.grad, bb.numerical_diff(function, x), rtol=1e-6)


# ---- what it keeps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [Cube, BookCube, StoringCube])
def test_a_mutated_input_does_no_harm(function: type[Function]) -> None:
    data, other = X.copy(), X + 1
    x = Variable(data)
    y = Product()(function()(x), other)
    data[:] = 100.0
    other[:] = 100.0
    y.backward()
    assert_allclose(x.grad, 3 * X**2 * (X + 1))


def test_no_reference_cycles() -> None:
    with no_garbage_collector():
        for make in (Cube, BookCube, StoringCube, Relu):
            function = make()
            x = Variable(np.ones(1000))
            y = function(x)
            z = function(y)
            z.backward()
            watched = [weakref.ref(v) for v in (x, y, z, x.data, function)]
            del x, y, z, function
            assert [w() for w in watched] == [None] * 5, make


def test_outputs_are_not_held_by_their_function() -> None:
    cube = Cube()
    x = Variable(np.ones(3))
    cube(x)
    assert cube.output is None
    y = cube(x)
    assert cube.output is y
