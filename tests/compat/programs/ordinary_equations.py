"""odeint: decay and forced decay, differentiated by the start, the rate and the times."""

import autograd.numpy as np
from autograd import grad, jacobian
from autograd.builtins import tuple
from autograd.scipy.integrate import odeint

times = np.array([0.0, 0.5, 1.5])


def decay(y, t, rate):
    return -rate * y


def solved(y0, rate):
    return odeint(decay, y0, times, tuple((rate,)), rtol=1e-10, atol=1e-10)


def result():
    y0 = np.array([2.0, -1.0])
    return {
        "by the rate": grad(lambda rate: np.sum(solved(y0, rate)))(0.7),
        "by the start": jacobian(lambda y0: solved(y0, 0.7)[-1])(y0),
    }


def expected():
    y0 = np.array([2.0, -1.0])
    return {
        "by the rate": np.sum(-times[:, None] * np.exp(-0.7 * times[:, None]) * y0),
        "by the start": np.exp(-0.7 * 1.5) * np.eye(2),
    }
