"""Step 10: tests.

A derivative that is wrong does not crash. The training just goes a little worse, and nobody knows
why. So each function gets three tests:

    forward         the value, against one that is known;
    backward        the derivative, against one worked out on paper;
    gradient check  the derivative at a random point, against numerical differentiation.

The third needs no paper. Numerical differentiation is slow and loses digits, but it knows only
`forward`, so a mistake in `backward` cannot hide from it. `np.allclose(a, b)` is |a - b| <= 1e-8 +
1e-5 |b|: five digits, which the central difference of step 4 has and a wrong formula has not.
"""

# ruff: noqa: PT009 - the assertions of unittest are what this step shows
import unittest

import numpy as np

import bibun as bb


class SquareTest(unittest.TestCase):
    """y = x**2"""

    def test_forward(self):
        y = bb.square(bb.Variable(np.array(2.0)))
        self.assertEqual(y.data, 4.0)

    def test_backward(self):
        x = bb.Variable(np.array(3.0))
        bb.square(x).backward()
        self.assertEqual(x.grad, 6.0)

    def test_gradient_check(self):
        x = bb.Variable(np.random.default_rng().random(3))
        bb.square(x).backward()
        self.assertTrue(np.allclose(x.grad, bb.numerical_diff(bb.square, x)))


class ExpTest(unittest.TestCase):
    """y = exp(x)"""

    def test_forward(self):
        self.assertEqual(bb.exp(bb.Variable(np.array(0.0))).data, 1.0)

    def test_backward(self):
        x = bb.Variable(np.array(0.0))
        bb.exp(x).backward()
        self.assertEqual(x.grad, 1.0)

    def test_gradient_check(self):
        x = bb.Variable(np.random.default_rng().random(3))
        bb.exp(x).backward()
        self.assertTrue(np.allclose(x.grad, bb.numerical_diff(bb.exp, x)))


class WrongSquare(bb.Function):
    """y = x**2 with a mistake in its derivative"""

    def forward(self, x):
        return x**2

    def backward(self, gy):
        return self.input.data * gy  # the factor 2 is missing


class MistakeTest(unittest.TestCase):
    """The gradient check finds a mistake."""

    def test_gradient_check_finds_it(self):
        x = bb.Variable(np.array(3.0))
        WrongSquare()(x).backward()
        self.assertFalse(np.allclose(x.grad, bb.numerical_diff(WrongSquare(), x)))


if __name__ == "__main__":
    unittest.main()
