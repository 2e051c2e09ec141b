"""A network of two layers, in plain NumPy, learns to read handwritten digits; bibun differentiates it.

    python examples/digits.py
    python examples/digits.py --epochs 60 --hidden 128 --plot loss.png

The data are the 1,797 images of 8 x 8 pixels that come with scikit-learn; a quarter is held out, and the
network never learns from it. Each step takes a few images (a minibatch), asks `bb.value_and_grad` how the
loss changes with every weight, and moves the weights against that gradient:

    velocity = momentum * velocity - rate * gradient
    weights  = weights + velocity
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import bibun as bb

PIXELS, CLASSES = 64, 10

Parameters = dict[str, np.ndarray]


def scores(parameters: Parameters, images: np.ndarray) -> np.ndarray:
    """One score for each image and class: tanh(images W1 + b1) W2 + b2, of shape (images, classes)."""
    hidden = np.tanh(images @ parameters["W1"] + parameters["b1"])
    return hidden @ parameters["W2"] + parameters["b2"]


def loss(parameters: Parameters, images: np.ndarray, labels: np.ndarray) -> float:
    """The mean of -log(probability of the right class), with probabilities exp(score) / sum(exp(scores))."""
    raw = scores(parameters, images)
    shifted = raw - np.max(raw, axis=1, keepdims=True)  # the same probabilities, and exp cannot overflow
    log_probabilities = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(log_probabilities[np.arange(len(labels)), labels])


def accuracy(parameters: Parameters, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose highest score is that of the right class."""
    return float(np.mean(np.argmax(scores(parameters, images), axis=1) == labels))


def initial_parameters(hidden: int, random: np.random.Generator) -> Parameters:
    """Random weights, scaled by 1 / sqrt(inputs) so that sums over the inputs have variance 1."""
    return {
        "W1": random.normal(size=(PIXELS, hidden)) / np.sqrt(PIXELS),
        "b1": np.zeros(hidden),
        "W2": random.normal(size=(hidden, CLASSES)) / np.sqrt(hidden),
        "b2": np.zeros(CLASSES),
    }


def training(
    parameters: Parameters,
    images: np.ndarray,
    labels: np.ndarray,
    random: np.random.Generator,
    *,
    epochs: int,
    batch: int = 32,
    rate: float = 0.1,
    momentum: float = 0.9,
) -> Iterator[tuple[Parameters, float]]:
    """Yield the parameters and the mean loss of its minibatches after every epoch, a pass over all images."""
    value_and_gradient = bb.value_and_grad(loss)
    velocity = {name: np.zeros_like(weights) for name, weights in parameters.items()}
    for _ in range(epochs):
        order = random.permutation(len(images))
        values = []
        for start in range(0, len(images), batch):
            chosen = order[start : start + batch]
            value, gradient = value_and_gradient(parameters, images[chosen], labels[chosen])
            velocity = {name: momentum * velocity[name] - rate * gradient[name] for name in parameters}
            parameters = {name: parameters[name] + velocity[name] for name in parameters}
            values.append(float(value))
        yield parameters, float(np.mean(values))


def load(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images with pixels in 0 ... 1 and their labels: three quarters to learn from, then those held out."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = random.permutation(len(images))
    learned, held_out = np.split(order, [3 * len(images) // 4])
    images = images / 16
    return images[learned], labels[learned], images[held_out], labels[held_out]


def draw(losses: list[float], accuracies: list[float], output: Path) -> None:
    """Save a picture of the loss and the held-out accuracy after each epoch."""
    import matplotlib

    matplotlib.use("Agg")  # needs no screen
    from matplotlib import pyplot

    epochs = np.arange(1, len(losses) + 1)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4), layout="constrained")
    left.semilogy(epochs, losses)
    left.set(title="loss on the images learned from", xlabel="epoch")
    right.plot(epochs, accuracies)
    right.set(title=f"held-out accuracy, {accuracies[-1]:.1%} at the end", xlabel="epoch")
    figure.savefig(output, dpi=150)
    pyplot.close(figure)


def main(
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the images.")] = 30,
    hidden: Annotated[int, typer.Option(min=1, help="Units of the hidden layer.")] = 64,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Save a picture of the loss here.")] = None,
) -> None:
    """Train a two-layer network on scikit-learn's digits, with gradients of its plain NumPy loss."""
    random = np.random.default_rng(seed)
    images, labels, held_out_images, held_out_labels = load(random)
    parameters = initial_parameters(hidden, random)
    losses, accuracies = [], []
    columns = (
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  held-out accuracy {task.fields[accuracy]:.1%}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("", total=epochs, loss=np.nan, accuracy=np.nan)
        for trained, value in training(parameters, images, labels, random, epochs=epochs):
            losses.append(value)
            accuracies.append(accuracy(trained, held_out_images, held_out_labels))
            progress.update(task, advance=1, loss=value, accuracy=accuracies[-1])
    print(f"{accuracies[-1]:.1%} of {len(held_out_labels)} held-out images are read correctly")
    if plot is not None:
        draw(losses, accuracies, plot)
        print(f"the loss is drawn in {plot}")


if __name__ == "__main__":
    typer.run(main)
