"""A Gaussian process: its log likelihood by length and noise, through Cholesky's factor and triangular solves."""

import autograd.numpy as np
import autograd.scipy.linalg as spla
from autograd import value_and_grad

inputs = np.linspace(0.0, 3.0, 6)
targets = np.sin(inputs)
distances = (inputs[:, None] - inputs[None, :]) ** 2


def covariance(params):
    return np.exp(-0.5 * distances / params[0] ** 2) + params[1] ** 2 * np.eye(len(inputs))


def log_likelihood(params):
    factor = np.linalg.cholesky(covariance(params))
    z = spla.solve_triangular(factor, targets, lower=True)
    return -0.5 * np.dot(z, z) - np.sum(np.log(np.diag(factor))) - 0.5 * len(inputs) * np.log(2 * np.pi)


def result():
    value, gradient = value_and_grad(log_likelihood)(np.array([0.8, 0.3]))
    return {"value": value, "gradient": gradient}


def expected():
    params = np.array([0.8, 0.3])
    K = covariance(params)
    alpha = np.linalg.solve(K, targets)
    slopes = [np.exp(-0.5 * distances / 0.8**2) * distances / 0.8**3, 2 * 0.3 * np.eye(len(inputs))]
    inner = np.outer(alpha, alpha) - np.linalg.inv(K)
    logdet = np.linalg.slogdet(K)[1]
    return {
        "value": -0.5 * targets @ alpha - 0.5 * logdet - 0.5 * len(inputs) * np.log(2 * np.pi),
        "gradient": [0.5 * np.trace(inner @ slope) for slope in slopes],
    }
