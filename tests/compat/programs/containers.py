"""Lists, tuples and dicts of arrays, built and taken apart; type tests as autograd's builtins have them."""

import autograd.numpy as np
from autograd import grad, isinstance, make_vjp
from autograd.builtins import dict, list, tuple, type
from autograd.misc.flatten import flatten, flatten_func
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.tracer import getval, isbox


def layers(params, inputs):
    for W, b in params:
        inputs = np.tanh(np.dot(inputs, W) + b)
    return inputs


def energy(state):
    q, p = state
    return np.sum(p**2) / 2 + np.sum(q**4)


def tests(x):
    found = []
    found.append(isinstance(x, np.ndarray))
    found.append(type(x) is np.ndarray)
    found.append(isbox(x))
    found.append(isbox(getval(x)))
    found.append(isinstance(getval(x), np.ndarray))
    seen.append(found)
    return np.sum(x)


seen = []
q, p = np.array([1.0, 2.0]), np.array([3.0, -1.0])


def result():
    seen.clear()
    grad(tests)(q)
    params = [(np.eye(2), np.zeros(2)), (2 * np.eye(2), np.ones(2))]
    (_, (W, b)) = grad(lambda params: np.sum(layers(params, q)))(params)
    vjp, state = make_vjp(lambda q: tuple([q**2, 3 * q]))(q)
    built = grad(lambda x: np.sum(dict({"a": x, "b": 2 * x})["b"]) + np.sum(list([x, x])[1]))(q)
    flat_energy, unflatten, flat = flatten_func(energy, (q, p))
    boxes = []
    grad(lambda x: (boxes.append(type(x) == ArrayBox), np.sum(x))[1])(q)
    return {
        "tests": seen[0],
        "energy": grad(energy)((q, p)),
        "W": W,
        "b": b,
        "vjp": vjp((np.ones(2), np.ones(2))),
        "built": built,
        "flat": flat,
        "back": unflatten(flat * 2)[1],
        "of flat": grad(lambda x: flat_energy(x)[0])(flat),
        "nested": flatten({"b": [1.0, (2.0,)], "a": np.ones((2, 2))})[0],
    }


def expected():
    h = np.tanh(q)
    last = np.tanh(2 * h + 1)
    return {
        "tests": [True, True, True, False, True],
        "energy": (4 * q**3, p),
        "W": np.outer(h, 1 - last**2),
        "b": 1 - last**2,
        "vjp": 2 * q + 3,
        "built": np.full(2, 3.0),
        "flat": np.concatenate([q, p]),
        "back": 2 * p,
        "of flat": np.concatenate([4 * q**3, p]),
        "nested": [1, 1, 1, 1, 1, 2],
    }
