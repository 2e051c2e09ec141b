"""Logistic regression with parameters in a dict, fitted by Adam. At any weights the gradient is X^T (p - y)."""

import autograd.numpy as np
import autograd.numpy.random as npr
from autograd import grad, value_and_grad
from autograd.misc import flatten
from autograd.misc.optimizers import adam

rs = npr.RandomState(0)
X = rs.randn(30, 3)
y = (X @ np.array([1.0, -2.0, 0.5]) > 0.1) * 1.0


def predict(params, inputs):
    return 0.5 * (np.tanh(0.5 * (np.dot(inputs, params["weights"]) + params["bias"])) + 1)


def loss(params, i=0):
    p = predict(params, X)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.1 * np.sum(flatten(params)[0] ** 2)


def result():
    params = {"weights": np.array([0.1, 0.2, -0.3]), "bias": 0.4}
    seen = []

    def callback(params, i, gradient):
        seen.append(float(params["bias"]))

    fitted = adam(grad(loss), params, callback=callback, num_iters=600, step_size=0.1)
    value, gradient = value_and_grad(loss)(params)
    return {
        "weights": gradient["weights"],
        "bias": gradient["bias"],
        "at the minimum": np.round(flatten(grad(loss)(fitted))[0], 4),
        "first seen": seen[0],
    }


def expected():
    w, b = np.array([0.1, 0.2, -0.3]), 0.4
    p = 1 / (1 + np.exp(-(X @ w + b)))
    return {
        "weights": X.T @ (p - y) + 0.2 * w,
        "bias": np.sum(p - y) + 0.2 * b,
        "at the minimum": np.zeros(4),
        "first seen": 0.4,
    }
