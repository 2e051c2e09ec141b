"""A picture of one problem: data and fitted curve above, residuals below. Fits nothing; fit.py does."""

from pathlib import Path
from typing import Any

import numpy as np

from .dataset import Dataset
from .fit import Fit
from .models import MODELS

CURVE_POINTS = 400


def draw(dataset: Dataset, fit: Fit, output: Path | None = None) -> None:
    """Save the picture to `output` (its suffix says the format), or show it in a window."""
    import matplotlib

    if output is not None:
        matplotlib.use("Agg")  # needs no screen
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(
        2, 1, sharex=True, figsize=(8, 6), height_ratios=(3, 1), layout="constrained"
    )
    _draw_data(above, below, dataset, fit.parameters)
    n, p = dataset.observations, fit.parameters.size
    s = np.sqrt(fit.residual_sum_of_squares / (n - p))
    above.set_title(f"{dataset.name}: {n} observations (points) and the fit of {p} parameters (line)")
    above.set_ylabel(dataset.response_name)
    below.axhline(0, color="grey", linewidth=0.8)
    below.axhspan(-s, s, color="grey", alpha=0.15)
    below.set_title(f"residuals; the band is ± their standard deviation, {s:.4g}", fontsize="medium")
    below.set_xlabel(dataset.predictor_names[0])
    if output is None:
        pyplot.show()
    else:
        figure.savefig(output, dpi=150)
    pyplot.close(figure)


def _draw_data(above: Any, below: Any, dataset: Dataset, b: np.ndarray) -> None:
    """Points, curve and residuals over the first predictor, in one colour for each value of the others."""
    model = MODELS[dataset.name]
    x, *others = dataset.predictors
    values, group = np.unique(np.array(others).reshape(len(others), x.size), axis=1, return_inverse=True)
    for index, fixed in enumerate(values.T):
        mine = group == index
        grid = np.linspace(x[mine].min(), x[mine].max(), CURVE_POINTS)
        observed = dataset.response[mine]
        label = ", ".join(f"{name} {v:g}" for name, v in zip(dataset.predictor_names[1:], fixed, strict=True))
        above.plot(x[mine], observed, ".", color=f"C{index}", alpha=0.6)
        above.plot(grid, model(b, grid, *fixed), color=f"C{index}", label=label)
        below.plot(x[mine], observed - model(b, x[mine], *fixed), ".", color=f"C{index}")
    if others:
        above.legend()
