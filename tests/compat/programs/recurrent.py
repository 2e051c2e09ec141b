"""Loops: a linear recurrence, heat on a ring, a spring that is integrated and aimed, and a branch on a value."""

import autograd.numpy as np
from autograd import grad, jacobian


def recurrence(a, steps):
    h = 1.0
    for _ in range(steps):
        h = a * h + 0.5
    return h


def heat(u, steps):
    for _ in range(steps):
        u = u + 0.1 * (np.roll(u, 1) - 2 * u + np.roll(u, -1))
    return u


def leapfrog(k, steps=200, dt=0.01):
    x, v = 1.0, 0.0
    for _ in range(steps):
        v = v - 0.5 * dt * k * x
        x = x + dt * v
        v = v - 0.5 * dt * k * x
    return np.array([x, v])


def branch(x):
    if x > 0:
        return np.log(x)
    return -x


def stacked(x):
    rows = []
    for i in range(3):
        row = np.array([x[i], x[i] ** 2, 1.0])
        rows.append(row)
    return np.sum(np.array(rows) * np.arange(9.0).reshape(3, 3))


def result():
    return {
        "recurrence": grad(recurrence)(0.9, 10),
        "heat": jacobian(lambda u: heat(u, 5))(np.arange(6.0)),
        "spring": jacobian(leapfrog)(2.0),
        "log": grad(branch)(2.0),
        "minus": grad(branch)(-2.0),
        "stacked": grad(stacked)(np.array([1.0, 2.0, 3.0])),
    }


def expected():
    a, n = 0.9, 10
    step = 0.8 * np.eye(6) + 0.1 * (np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0))
    map_, slope = one_step(2.0)
    state, moved = np.array([1.0, 0.0]), np.zeros(2)
    for _ in range(200):
        state, moved = map_ @ state, slope @ state + map_ @ moved
    x = np.array([1.0, 2.0, 3.0])
    weights = np.arange(9.0).reshape(3, 3)
    return {
        "recurrence": n * a ** (n - 1) + 0.5 * np.sum(np.arange(1, n) * a ** np.arange(n - 1.0)),
        "heat": np.linalg.matrix_power(step, 5),
        "spring": moved,
        "log": 0.5,
        "minus": -1.0,
        "stacked": weights[:, 0] + 2 * x * weights[:, 1],
    }


def one_step(k, dt=0.01):
    """The matrix of a step of leapfrog on (x, v), and its derivative by k."""
    c, s = 1 - k * dt**2 / 2, dt
    d = -dt * k * (1 - k * dt**2 / 4)
    slope = np.array([[-(dt**2) / 2, 0.0], [-dt + k * dt**3 / 2, -(dt**2) / 2]])
    return np.array([[c, s], [d, c]]), slope
