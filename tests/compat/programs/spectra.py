"""Fourier transforms, linear algebra, and complex numbers on the way."""

import autograd.numpy as np
import autograd.numpy.linalg as npla
from autograd import grad, jacobian

x = np.array([1.0, -2.0, 0.5, 3.0])
A = np.array([[2.0, 0.5], [0.5, 1.0]])
b = np.array([1.0, -1.0])


def power(x):
    return np.sum(np.abs(np.fft.fft(x)) ** 2)


def likelihood(A):
    sign, logdet = np.linalg.slogdet(A)
    return 0.5 * sign * logdet + 0.5 * np.dot(b, npla.solve(A, b))


def result():
    return {
        "Parseval": grad(power)(x),
        "real part": jacobian(lambda x: np.real(np.fft.fft(x)))(x),
        "likelihood": grad(likelihood)(A),
        "inverse": grad(lambda A: np.trace(npla.inv(A)))(A),
        "largest": grad(lambda A: npla.eigh((A + A.T) / 2)[0][-1])(A),
    }


def expected():
    k = np.arange(4)
    solved = np.linalg.solve(A, b)
    inverse = np.linalg.inv(A)
    vector = np.linalg.eigh(A)[1][:, -1]
    return {
        "Parseval": 8 * x,
        "real part": np.cos(2 * np.pi * np.outer(k, k) / 4),
        "likelihood": 0.5 * inverse - 0.5 * np.outer(solved, solved),
        "inverse": -(inverse @ inverse),
        "largest": np.outer(vector, vector),
    }
