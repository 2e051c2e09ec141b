"""Black-box variational inference: a Gaussian fitted to a Gaussian, the samples drawn inside the function."""

import autograd.numpy as np
import autograd.numpy.random as npr
from autograd import grad
from autograd.misc.optimizers import adam

goal_mean, goal_scale = np.array([1.0, -2.0]), np.array([0.5, 2.0])


def log_density(z):
    return np.sum(-0.5 * ((z - goal_mean) / goal_scale) ** 2, axis=1)


def negative_bound(params, seed):
    mean, log_scale = params
    noise = npr.RandomState(seed).randn(200, 2)
    samples = mean + np.exp(log_scale) * noise
    return -(np.sum(log_scale) + np.mean(log_density(samples)))


def result():
    start = (np.zeros(2), np.zeros(2))
    gradient = grad(negative_bound)(start, 0)
    mean, log_scale = adam(grad(negative_bound), start, num_iters=600, step_size=0.05)
    return {
        "by the mean": gradient[0],
        "by the scale": gradient[1],
        "mean": np.round(mean, 0) + 0.0,
        "scale": np.round(2 * np.exp(log_scale)) / 2,
    }


def expected():
    noise = npr.RandomState(0).randn(200, 2)
    pull = (noise - goal_mean) / goal_scale**2
    return {
        "by the mean": np.mean(pull, axis=0),
        "by the scale": np.mean(pull * noise, axis=0) - 1,
        "mean": goal_mean,
        "scale": goal_scale,
    }
