"""The digits example: its loss against the definition, its gradient against differences, a short training."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import bibun as bb
from examples import digits


@pytest.fixture
def network() -> tuple[digits.Parameters, np.ndarray, np.ndarray]:
    """A small network and ten images."""
    random = np.random.default_rng(3)
    images, labels, _, _ = digits.load(random)
    return digits.initial_parameters(5, random), images[:10], labels[:10]


def test_the_loss_is_the_mean_surprise_at_the_right_class(network):
    parameters, images, labels = network
    probabilities = np.exp(digits.scores(parameters, images))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    surprises = [-np.log(row[label]) for row, label in zip(probabilities, labels, strict=True)]
    np.testing.assert_allclose(digits.loss(parameters, images, labels), np.mean(surprises), rtol=1e-13)


def test_the_gradient_is_that_of_a_numerical_derivative(network):
    parameters, images, labels = network
    value, gradient = bb.value_and_grad(digits.loss)(parameters, images, labels)
    assert value == digits.loss(parameters, images, labels)
    assert {name: slope.shape for name, slope in gradient.items()} == {
        name: weights.shape for name, weights in parameters.items()
    }
    random = np.random.default_rng(4)
    h = 1e-5  # error h**2 = 1e-10 from the third derivative, eps/h = 2e-11 from rounding
    for _ in range(20):
        direction = {name: random.normal(size=weights.shape) for name, weights in parameters.items()}
        ahead = {name: parameters[name] + h * direction[name] for name in parameters}
        behind = {name: parameters[name] - h * direction[name] for name in parameters}
        numerical = (digits.loss(ahead, images, labels) - digits.loss(behind, images, labels)) / (2 * h)
        exact = sum(np.sum(gradient[name] * direction[name]) for name in parameters)
        np.testing.assert_allclose(exact, numerical, rtol=1e-6, atol=1e-8)


def test_a_quarter_is_held_out_and_no_image_is_on_both_sides():
    images, labels, held_out, held_out_labels = digits.load(np.random.default_rng(0))
    assert (images.shape, held_out.shape) == ((1347, 64), (450, 64))
    assert (labels.shape, held_out_labels.shape) == ((1347,), (450,))
    assert images.min() == 0
    assert images.max() == 1
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in held_out}


def test_a_short_training_learns():
    random = np.random.default_rng(0)
    images, labels, held_out, held_out_labels = digits.load(random)
    parameters = digits.initial_parameters(32, random)
    untrained = {name: weights.copy() for name, weights in parameters.items()}
    before = digits.loss(parameters, images, labels)
    history = list(digits.training(parameters, images, labels, random, epochs=6))
    trained, _ = history[-1]
    losses = [value for _, value in history]
    assert losses[-1] < losses[0] / 3
    assert digits.loss(trained, images, labels) < before / 10
    assert digits.accuracy(parameters, held_out, held_out_labels) < 0.3
    assert digits.accuracy(trained, held_out, held_out_labels) >= 0.95
    for name, weights in parameters.items():
        np.testing.assert_array_equal(weights, untrained[name])  # the caller's arrays are not written to


def test_the_command_prints_the_held_out_accuracy_and_saves_a_picture(tmp_path: Path):
    import typer

    app = typer.Typer()
    app.command()(digits.main)
    output = tmp_path / "loss.png"
    result = CliRunner().invoke(app, ["--epochs", "8", "--plot", str(output)])
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if "held-out images" in line]
    assert float(line.split("%")[0]) >= 95
    assert output.read_bytes().startswith(b"\x89PNG")
