"""A square root by Newton's iteration, and its derivatives by the implicit function theorem."""

import autograd.numpy as np
from autograd import grad
from autograd.misc.fixed_points import fixed_point


def newton(a):
    return lambda x: 0.5 * (x + a / x)


def distance(x, y):
    return np.abs(x - y)


def root(a):
    return fixed_point(newton, a, 1.0, distance, 1e-10)


def result():
    return {"value": root(2.0), "first": grad(root)(2.0), "second": grad(grad(root))(2.0)}


def expected():
    return {"value": 2.0**0.5, "first": 0.5 * 2.0**-0.5, "second": -0.25 * 2.0**-1.5}
