"""Rows of statistics: softmax regression, a Gaussian process, a deeper network in float32 on a large batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.compiled.rows import Row
from benchmarks.harness import Call

# Softmax regression


def softmax_problem(size: int) -> Any:
    """((weights, biases), design matrix of `size` rows and 50 columns, classes of 10)."""
    generator = np.random.default_rng(15)
    parameters = (0.1 * generator.standard_normal((50, 10)), 0.1 * generator.standard_normal(10))
    return parameters, generator.standard_normal((size, 50)), generator.integers(0, 10, size)


def cross_entropy(numpy: Any, scores: Any, labels: Any) -> Any:
    scores = scores - numpy.max(scores, axis=1, keepdims=True)
    picked = scores[np.arange(len(labels)), labels]
    return numpy.mean(numpy.log(numpy.sum(numpy.exp(scores), axis=1)) - picked)


def make_softmax(numpy: Any, design: Any, labels: Any) -> Callable[[Any], Any]:
    def loss(parameters: Any) -> Any:
        weights, biases = parameters
        return cross_entropy(numpy, design @ weights + biases, labels) + 0.5e-3 * numpy.sum(weights**2)

    return loss


# A network of three layers


def deep_problem(size: int) -> Any:
    """([(weights, biases), ...], images, classes), float32."""
    generator = np.random.default_rng(16)
    widths = (784, 128, 64, 10)
    layers = tuple(
        (
            (generator.standard_normal((wide, narrow)) / np.sqrt(wide)).astype(np.float32),
            np.zeros(narrow, dtype=np.float32),
        )
        for wide, narrow in pairwise(widths)
    )
    return layers, generator.random((size, 784), dtype=np.float32), generator.integers(0, 10, size)


def make_deep(numpy: Any, images: Any, labels: Any) -> Callable[[Any], Any]:
    def loss(layers: Any) -> Any:
        x = images
        for weights, biases in layers[:-1]:
            x = numpy.tanh(x @ weights + biases)
        weights, biases = layers[-1]
        return cross_entropy(numpy, x @ weights + biases, labels)

    return loss


def _row(key: str, title: str, problem: Any, size: int, make: Any, tolerance: float) -> Row:
    """A loss of parameters, made with a design matrix and labels."""

    def jax_derivative(jax: Any, problem: Any) -> Any:
        parameters, design, labels = problem

        def loss(parameters: Any, design: Any, labels: Any) -> Any:
            return make(jax.numpy, design, labels)(parameters)

        return jax.value_and_grad(loss), (parameters, jax.numpy.asarray(design), jax.numpy.asarray(labels))

    return Row(
        key=key,
        title=title,
        problem=problem,
        size=size,
        bibun=lambda bb, problem: (bb.value_and_grad(make(np, *problem[1:])), problem[:1]),
        jax=jax_derivative,
        primal=lambda problem: Call(make(np, *problem[1:]), problem[:1]),
        tolerance=tolerance,
    )


SOFTMAX = _row("softmax", "softmax regression, 2,000 x 50, 10 classes", softmax_problem, 2_000, make_softmax, 1e-9)
DEEP = _row("deep", "784-128-64-10 tanh network, batch 1,000, float32", deep_problem, 1_000, make_deep, 1e-3)

# A Gaussian process: log-likelihood by the logarithms of its scales


def process_problem(size: int) -> Any:
    """((log length, log height, log noise), places, values)."""
    generator = np.random.default_rng(17)
    places = np.sort(generator.uniform(0.0, 10.0, size))
    return np.array([0.0, 0.2, -1.0]), places, np.sin(places) + 0.3 * generator.standard_normal(size)


def make_process(numpy: Any, places: Any, values: Any) -> Callable[[Any], Any]:
    squares = (places[:, None] - places[None, :]) ** 2

    def negative_log_likelihood(scales: Any) -> Any:
        length, height, noise = numpy.exp(scales)
        covariance = height**2 * numpy.exp(-0.5 * squares / length**2) + noise**2 * np.eye(len(values))
        root = numpy.linalg.cholesky(covariance)
        white = numpy.linalg.solve(root, values)
        return 0.5 * numpy.sum(white**2) + numpy.sum(numpy.log(numpy.diagonal(root)))

    return negative_log_likelihood


PROCESS = _row("process", "Gaussian process, 200 points, cholesky", process_problem, 200, make_process, 1e-8)
