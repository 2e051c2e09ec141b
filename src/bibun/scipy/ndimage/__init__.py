"""scipy.ndimage with derivatives: filters of weights, of Gaussians and of ranks, interpolation and geometric transforms.

What is not here is SciPy's own, or refuses traced arrays and says why.
"""

from __future__ import annotations

import scipy.ndimage as source  # type: ignore[import-untyped]

from bibun.scipy._calls import remaining
from bibun.scipy.ndimage._filters import (
    convolve,
    convolve1d,
    correlate,
    correlate1d,
    gaussian_filter,
    gaussian_filter1d,
    gaussian_gradient_magnitude,
    gaussian_laplace,
    laplace,
    prewitt,
    sobel,
    uniform_filter,
    uniform_filter1d,
)
from bibun.scipy.ndimage._ranks import (
    maximum_filter,
    maximum_filter1d,
    median_filter,
    minimum_filter,
    minimum_filter1d,
    percentile_filter,
    rank_filter,
)
from bibun.scipy.ndimage._warping import (
    affine_transform,
    geometric_transform,
    map_coordinates,
    rotate,
    shift,
    spline_filter,
    spline_filter1d,
    zoom,
)

__all__ = [
    "affine_transform",
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "geometric_transform",
    "laplace",
    "map_coordinates",
    "maximum_filter",
    "maximum_filter1d",
    "median_filter",
    "minimum_filter",
    "minimum_filter1d",
    "percentile_filter",
    "prewitt",
    "rank_filter",
    "rotate",
    "shift",
    "sobel",
    "spline_filter",
    "spline_filter1d",
    "uniform_filter",
    "uniform_filter1d",
    "zoom",
]

_LABELS = "write the sum over the entries of a label: np.sum(x[labels == i]), or np.bincount(labels.ravel(), weights=x.ravel())"
_BINARY = "it finds places, which are whole numbers"
__getattr__ = remaining(
    source,
    {
        **dict.fromkeys(
            ("generic_filter", "generic_filter1d", "generic_laplace"), "the function is called with plain arrays"
        ),
        **dict.fromkeys(
            ("sum", "sum_labels", "mean", "variance", "standard_deviation", "labeled_comprehension"), _LABELS
        ),
        "center_of_mass": "write np.sum(x * grid) / np.sum(x), for each grid of np.indices(x.shape)",
        **dict.fromkeys(("label", "find_objects", "maximum_position", "minimum_position"), _BINARY),
        **dict.fromkeys(
            ("fourier_gaussian", "fourier_uniform", "fourier_shift"), "write the product with np.fft.fftfreq's window"
        ),
        **dict.fromkeys(
            ("grey_erosion", "grey_dilation", "grey_opening", "grey_closing"), "write minimum_filter and maximum_filter"
        ),
    },
)
