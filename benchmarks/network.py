"""A 784-100-10 network in float64 at batch 100: tanh, softmax cross entropy, a dict of parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import BY_HAND, PRIMAL, Requirement, Run, Workload


def problem(batch: int) -> Any:
    """(parameters, images, labels); a batch below 100 makes every layer smaller as well."""
    wide, middle, classes = (784, 100, 10) if batch >= 100 else (16, 8, 4)
    generator = np.random.default_rng(3)
    parameters = {
        "W1": generator.standard_normal((wide, middle)) / np.sqrt(wide),
        "b1": np.zeros(middle),
        "W2": generator.standard_normal((middle, classes)) / np.sqrt(middle),
        "b2": np.zeros(classes),
    }
    return parameters, generator.random((batch, wide)), generator.integers(0, classes, batch)


def make_loss(numpy: Any, images: Any, labels: Any) -> Callable[[Any], Any]:
    """The loss as a user writes it, for NumPy or for a library's own NumPy."""
    rows = np.arange(len(labels))

    def loss(parameters: Any) -> Any:
        hidden = numpy.tanh(images @ parameters["W1"] + parameters["b1"])
        scores = hidden @ parameters["W2"] + parameters["b2"]
        scores = scores - numpy.max(scores, axis=1, keepdims=True)
        return numpy.mean(numpy.log(numpy.sum(numpy.exp(scores), axis=1)) - scores[rows, labels])

    return loss


def primal(problem: Any) -> Run:
    parameters, images, labels = problem
    loss = make_loss(np, images, labels)
    return lambda: loss(parameters)


def by_hand(problem: Any) -> Run:
    parameters, images, labels = problem
    rows = np.arange(len(labels))

    def run() -> Any:
        hidden = images @ parameters["W1"]
        hidden += parameters["b1"]
        np.tanh(hidden, out=hidden)
        scores = hidden @ parameters["W2"]
        scores += parameters["b2"]
        scores -= np.max(scores, axis=1, keepdims=True)
        picked = scores[rows, labels]
        np.exp(scores, out=scores)
        total = np.sum(scores, axis=1, keepdims=True)
        value = np.mean(np.log(total[:, 0]) - picked)
        scores /= total
        scores[rows, labels] -= 1.0
        scores /= len(labels)
        back = scores @ parameters["W2"].T
        back *= 1.0 - hidden * hidden
        return value, {
            "W1": images.T @ back,
            "b1": np.sum(back, axis=0),
            "W2": hidden.T @ scores,
            "b2": np.sum(scores, axis=0),
        }

    return run


def bibun(problem: Any) -> Run:
    import bibun as bb

    parameters, images, labels = problem
    value_and_gradient = bb.value_and_grad(make_loss(np, images, labels))
    return lambda: value_and_gradient(parameters)


def torch(problem: Any) -> Run:
    import torch
    from torch.nn.functional import cross_entropy

    arrays, images, labels = problem[0], *map(torch.from_numpy, problem[1:])

    def run() -> Any:
        parameters = {name: torch.from_numpy(array).requires_grad_() for name, array in arrays.items()}
        hidden = torch.tanh(images @ parameters["W1"] + parameters["b1"])
        value = cross_entropy(hidden @ parameters["W2"] + parameters["b2"], labels)
        value.backward()
        return value.detach().numpy(), {name: p.grad.numpy() for name, p in parameters.items()}

    return run


def autograd(problem: Any) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    parameters, images, labels = problem
    value_and_gradient = value_and_grad(make_loss(anp, images, labels))
    return lambda: value_and_gradient(parameters)


def mygrad(problem: Any) -> Run:
    import mygrad as mg
    from mygrad.nnet.losses import softmax_crossentropy

    arrays, images, labels = problem

    def run() -> Any:
        parameters = {name: mg.tensor(array, copy=False) for name, array in arrays.items()}
        hidden = mg.tanh(images @ parameters["W1"] + parameters["b1"])
        value = softmax_crossentropy(hidden @ parameters["W2"] + parameters["b2"], labels)
        value.backward()
        return value.data, {name: p.grad for name, p in parameters.items()}

    return run


def jax(problem: Any) -> Run:
    import jax
    import jax.numpy as jnp

    parameters, images, labels = problem[0], *map(jnp.asarray, problem[1:])

    def loss(parameters: Any, images: Any, labels: Any) -> Any:
        return make_loss(jnp, images, labels)(parameters)

    compiled = jax.jit(jax.value_and_grad(loss)).lower(parameters, images, labels).compile()

    def run() -> Any:
        value, gradient = compiled(parameters, images, labels)
        return np.asarray(value), {name: np.asarray(array) for name, array in gradient.items()}

    return run


WORKLOADS = (
    Workload(
        key="network",
        title="784-100-10 network, batch 100",
        problem=problem,
        size=100,
        small=4,
        contenders={
            PRIMAL: primal,
            BY_HAND: by_hand,
            "bibun": bibun,
            "torch": torch,
            "autograd": autograd,
            "mygrad": mygrad,
            "jax jit": jax,
        },
        requirements=(Requirement("bibun", BY_HAND, 1.1),),
    ),
)
