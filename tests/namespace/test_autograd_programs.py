"""Programs as they are written for autograd's wrapped numpy: only the import line changes. autograd itself is the oracle."""

from __future__ import annotations

import numpy
import pytest
from numpy.testing import assert_allclose

import bibun as bb
import bibun.numpy

PROGRAMS = {}
_random = numpy.random.default_rng(5)
A, B, C = _random.normal(size=(4, 3)), _random.normal(size=(3, 5)), _random.normal(size=5)


def program(*arguments):
    def add(function):
        PROGRAMS[function.__name__] = function, arguments
        return function

    return add


@program(A, B, C)
def a_network(np, inputs, weights, bias):
    targets = np.array(
        [[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0], [0.0] * 4 + [1.0]]
    )
    hidden = np.tanh(np.dot(inputs, weights) + bias)
    log_probabilities = hidden - np.log(np.sum(np.exp(hidden), axis=1, keepdims=True))
    return -np.mean(np.sum(log_probabilities * targets, axis=1)) + 1e-3 * np.sum(weights**2)


@program(C, C[::-1].copy())
def a_gaussian_mixture(np, means, log_scales):
    data = np.linspace(-2, 2, 7)[:, None]
    log_weights = np.log(np.ones(5) / 5)
    each = -0.5 * ((data - means) / np.exp(log_scales)) ** 2 - log_scales + log_weights
    largest = np.max(each, axis=1)
    return np.sum(np.log(np.sum(np.exp(each - largest[:, None]), axis=1)) + largest)


@program(C)
def a_recurrent_cell(np, x):
    state, cell = np.zeros(3), np.zeros(3)
    for t in range(5):
        gates = np.concatenate((np.hstack([x[t], 1.0]), state))
        opened = 0.5 * (np.tanh(gates[:3]) + 1.0)
        cell = cell * opened + np.sin(gates[2:]) * np.ones(3)
        state = np.where(cell > 0, cell, 0.1 * cell)
    return np.sum(state**2)


@program(A)
def fluid(np, field):
    for _ in range(3):
        around = (
            np.roll(field, 1, axis=0)
            + np.roll(field, -1, axis=0)
            + np.roll(field, 1, axis=1)
            + np.roll(field, -1, axis=1)
        )
        field = 0.5 * field + 0.125 * around
    return np.sum(np.abs(field) ** 1.5)


@program(C)
def a_matrix_of_numbers(np, x):
    m = np.array([[x[0], x[1], 0.0], [x[1], x[2] + 4.0, x[3]], [0.0, x[3], 5.0]])
    return np.log(np.linalg.det(np.dot(m, m.T) + np.eye(3))) + np.trace(np.linalg.inv(m + 3 * np.identity(3)))


@program(C)
def a_kernel(np, x):
    differences = np.expand_dims(x, 0) - np.expand_dims(x, 1)
    covariance = np.exp(-0.5 * differences**2) + 0.1 * np.eye(len(x))
    y = np.sin(np.arange(5) / 2.0)
    return np.dot(y, np.linalg.solve(covariance, y)) + np.linalg.slogdet(covariance)[1]


@program(A)
def by_rows(np, x):
    return np.sum(np.stack([np.max(row) * np.prod(row) for row in x]) ** 2) + np.std(x) + np.var(x, axis=0)[1]


@program(C)
def complex_waves(np, x):
    z = np.exp(1j * np.outer(x, np.arange(4))) * np.full((5, 4), 1.0 + 0.5j)
    return np.sum(np.real(z) ** 3) + np.sum(np.abs(np.fft.fft(z, axis=0)))


@program(C)
def einsums_and_tensors(np, x):
    t = np.reshape(np.tile(x, 6), (2, 3, 5))
    return np.sum(np.einsum("ijk,kl->ijl", t, np.eye(5)) * np.ones((2, 3, 5))) + np.sum(np.tensordot(t, t, axes=3) ** 2)


@program(C)
def sorting_and_choosing(np, x):
    y = np.sort(x)
    return y[1] * y[3] + np.sum(np.clip(x, -0.5, 0.5)) + np.select([x > 0], [x**3], 0.0)[2] + np.append(x, x[0])[5]


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients(name):
    theirs = pytest.importorskip("autograd")
    f, arguments = PROGRAMS[name]
    numbers = list(range(len(arguments)))
    wrapped = pytest.importorskip("autograd.numpy")
    expected = [theirs.grad(f, 1 + k)(wrapped, *arguments) for k in numbers]
    found = bb.grad(f, [1 + k for k in numbers])(bibun.numpy, *arguments)
    for mine, other in zip(found, expected, strict=True):
        assert_allclose(mine, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_derivatives_by_differences(name):
    f, arguments = PROGRAMS[name]
    assert_allclose(f(bibun.numpy, *arguments), f(numpy, *arguments), rtol=1e-13)
    along = [numpy.cos(numpy.arange(a.size)).reshape(a.shape) for a in arguments]
    _, slope = bb.jvp(lambda *xs: f(bibun.numpy, *xs), arguments, along)
    h = 1e-6
    up, down = ([a + sign * h * t for a, t in zip(arguments, along, strict=True)] for sign in (1, -1))
    assert_allclose(slope, (f(numpy, *up) - f(numpy, *down)) / (2 * h), rtol=1e-6, atol=1e-8)
