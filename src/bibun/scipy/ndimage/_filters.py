"""Filters of weights and of Gaussians: convolutions of images that go on beyond their edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage as source  # type: ignore[import-untyped]
from numpy.lib.array_utils import normalize_axis_index

from bibun.arrays.creation import as_array
from bibun.arrays.reductions import root_of_squares
from bibun.core.traced import Traced, plain
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy.ndimage._edges import chosen, each, given, surrounded, wide
from bibun.scipy.signal._convolution import convolved

# Weights: y[i] = the sum of w[k] x[i + k - n // 2 - origin]


def _weighed(x: Any, w: Any, axes: tuple[int, ...], mode: Any, cval: Any, origin: Any) -> Any:
    x, w = wide(x), wide(w)
    if 0 in x.shape:
        return x
    ordered = sorted(axes)  # as the axes of the weights are, whatever the order of `axes`
    x = surrounded(x, axes, [w.shape[ordered.index(axis)] for axis in axes], origin, mode, cval)
    w = np.expand_dims(np.flip(w), [i for i in range(x.ndim) if i not in axes])
    return convolved(x, w, "valid", "direct", tuple(ordered))


def _turned(w: Any, origin: Any) -> tuple[Any, Any]:
    """The weights and origins of the correlation that is the convolution with w."""
    origins = [-shift - (n % 2 == 0) for n, shift in zip(w.shape, each(origin, w.ndim), strict=True)]
    return np.flip(w), origins


@stands_for(source.correlate)
def correlate(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The sum of conj(w[k]) x[i + k - n // 2 - origin]."""
    x, w = as_array(input), as_array(weights)
    w = np.conj(w) if w.dtype.kind == "c" else w
    return given(_weighed(x, w, chosen(axes, x.ndim), mode, cval, origin), x, output)


@stands_for(source.convolve)
def convolve(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The same with the weights reversed, and not conjugated."""
    x, (w, origins) = as_array(input), _turned(as_array(weights), origin)
    return given(_weighed(x, w, chosen(axes, x.ndim), mode, cval, origins), x, output)


@stands_for(source.correlate1d)
def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """Along one axis."""
    x = as_array(input)
    return correlate(x, weights, output, mode, cval, origin, axes=(normalize_axis_index(axis, x.ndim),))


@stands_for(source.convolve1d)
def convolve1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """Along one axis."""
    x = as_array(input)
    return convolve(x, weights, output, mode, cval, origin, axes=(normalize_axis_index(axis, x.ndim),))


def _along_each(x: Any, axes: Any, output: Any, filter_: Callable[..., Any], *settings: Any) -> Any:
    """filter_(x, axis, a setting of each) along one axis after the other, each time in the dtype of the output."""
    x = y = as_array(x)
    axes = chosen(axes, x.ndim)
    for axis, *own in zip(axes, *(each(setting, len(axes)) for setting in settings), strict=True):
        y = given(filter_(wide(y), axis, *own), x, output)
    return given(y, x, output)


@stands_for(source.uniform_filter1d)
def uniform_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0, origin: int = 0
) -> Any:
    """The mean of `size` neighbours."""
    x = as_array(input)
    sums = correlate1d(wide(x), np.ones(size), axis, None, mode, cval, origin)  # of whole numbers they are exact
    return given(sums / size, x, output)


@stands_for(source.uniform_filter)
def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """The mean over a box."""

    def along(x: Any, axis: int, n: int, how: str, shift: int) -> Any:
        return uniform_filter1d(x, int(n), axis, None, how, cval, shift) if n > 1 else x

    return _along_each(input, axes, output, along, size, mode, origin)


# Gaussians; the width may be traced


def _gaussian(sigma: Any, order: int, truncate: float, radius: int | None) -> Any:
    """The weights, or the derivatives of the Gaussian: with x -> x and D = d/dx - x / sigma², D^order 1 times the weights."""
    if radius is None:
        reach = truncate * plain(sigma) + 0.5
        if np.ndim(reach):
            raise no_rule("a Gaussian filter", "sigma differs along a batch, and so would the length; give radius=")
        radius = int(reach.astype(int) if isinstance(reach, Traced) else reach)
    if order < 0 or radius < 0:
        raise ValueError("order and radius must be non-negative")
    x = np.arange(-radius, radius + 1)
    w = np.exp(-0.5 / sigma**2 * x**2)
    w = w / np.sum(w)
    factor: list[Any] = [1.0]  # the coefficients of a polynomial in x
    for _ in range(order):
        slope = [*(k * c for k, c in enumerate(factor) if k), 0.0, 0.0]
        factor = [a - b / sigma**2 for a, b in zip(slope, [0.0, *factor], strict=True)]
    return w * sum(c * x.astype(float) ** k for k, c in enumerate(factor)) if order else w


@stands_for(source.gaussian_filter1d)
def gaussian_filter1d(
    input: Any, sigma: Any, axis: int = -1, order: int = 0, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    truncate: float = 4.0, *, radius: int | None = None,
) -> Any:  # fmt: skip
    """Weighed with a Gaussian of standard deviation sigma, or with a derivative of one; sigma may be differentiated too."""
    w = np.flip(_gaussian(sigma, order, truncate, radius))
    if order % 2 == 0 or w.shape[0] == 1:
        return correlate1d(input, w, axis, output, mode, cval)
    x = as_array(input)
    return given(_odd(x, w, normalize_axis_index(axis, x.ndim), mode, cval), x, output)


def _odd(x: Any, w: Any, axis: int, mode: str, cval: Any) -> Any:
    """By weights of which the left ones are minus the right ones: the sum over both sides apart, so that of a region that is flat
    or symmetric exactly 0 is left, as of SciPy's. What is computed from it, as a direction, is not to be decided by rounding.
    """
    if 0 in x.shape:
        return wide(x)
    n = w.shape[0] // 2
    x = surrounded(wide(x), (axis,), [2 * n + 1], 0, mode, cval)
    w = np.expand_dims(np.flip(w[n + 1 :]), [i for i in range(x.ndim) if i != axis])

    def right(x: Any) -> Any:
        ahead = x[(*(slice(None),) * axis, slice(n + 1, None))]
        return convolved(ahead, w, "valid", "direct", (axis,))

    return right(x) - np.flip(right(np.flip(x, axis)), axis)


@stands_for(source.gaussian_filter)
def gaussian_filter(
    input: Any, sigma: Any, order: Any = 0, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, truncate: float = 4.0,
    *, radius: Any = None, axes: Any = None,
) -> Any:  # fmt: skip
    """Along one axis after the other."""

    def along(x: Any, axis: int, width: Any, derivative: int, how: str, reach: Any) -> Any:
        return gaussian_filter1d(x, width, axis, derivative, None, how, cval, truncate, radius=reach)

    x = as_array(input)
    axes = chosen(axes, x.ndim)
    widths = [sigma[i] for i in range(len(axes))] if np.ndim(sigma) else [sigma] * len(axes)
    taken = [i for i, width in enumerate(widths) if isinstance(width, Traced) or width > 1e-15]
    settings = ([each(s, len(axes))[i] for i in taken] for s in (order, mode, radius))
    if not taken:
        return given(x, x, output)
    return _along_each(x, [axes[i] for i in taken], output, along, [widths[i] for i in taken], *settings)


# Derivatives


def _slope(smooth: list[float]) -> Callable[..., Any]:
    def call(input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0) -> Any:
        x = as_array(input)
        axis, modes = normalize_axis_index(axis, x.ndim), each(mode, x.ndim)
        y = correlate1d(x, [-1, 0, 1], axis, output, modes[axis], cval)
        for other in range(x.ndim):
            if other != axis:
                y = correlate1d(y, smooth, other, None, modes[other], cval)
        return y

    call.__doc__, call.__module__ = "The difference along an axis, smoothed along the others.", __name__
    return call


sobel = stands_for(source.sobel)(_slope([1, 2, 1]))
prewitt = stands_for(source.prewitt)(_slope([1, 1, 1]))


@stands_for(source.laplace)
def laplace(input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None) -> Any:
    """The sum of the second differences."""
    x = as_array(input)
    over = chosen(axes, x.ndim)
    found = (
        correlate1d(x, [1, -2, 1], axis, output, how, cval)
        for axis, how in zip(over, each(mode, len(over)), strict=True)
    )
    return given(sum(found), x, output)


def _of_gaussians(name: str, order: int, joined: Callable[[list[Any]], Any]) -> Any:
    @stands_for(getattr(source, name))
    def of_gaussians(
        input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None,
        kwargs: Any = None,
    ) -> Any:  # fmt: skip
        """Of an image weighed with a Gaussian the sum of the second derivatives, or the length of the gradient."""
        x = as_array(input)
        over = chosen(axes, x.ndim)

        def along(axis: int) -> Any:
            orders = [order if other == axis else 0 for other in over]
            return gaussian_filter(x, sigma, orders, output, mode, cval, axes=over, **(kwargs or {}))

        return given(joined(list(map(along, over))), x, output)

    return of_gaussians


gaussian_laplace = _of_gaussians("gaussian_laplace", 2, sum)
gaussian_gradient_magnitude = _of_gaussians(
    "gaussian_gradient_magnitude", 1, lambda slopes: root_of_squares(sum(slope**2 for slope in slopes))
)


def _each_slope(x: Any, derivative: Any, mode: Any, cval: Any, args: Any, settings: Any, axes: Any) -> list[Any]:
    """derivative(x, axis, dtype, mode, cval, ...) along each axis; the image itself where there is none."""
    over = chosen(axes, x.ndim)
    found = [
        derivative(x, axis, x.dtype, how, cval, *args, **(settings or {}))
        for axis, how in zip(over, each(mode, len(over)), strict=True)
    ]
    return found or [x]


@stands_for(source.generic_laplace)
def generic_laplace(
    input: Any, derivative2: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, extra_arguments: Any = (),
    extra_keywords: Any = None, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The sum of the second derivatives, which a function gives."""
    x = as_array(input)
    return given(sum(_each_slope(x, derivative2, mode, cval, extra_arguments, extra_keywords, axes)), x, output)


@stands_for(source.generic_gradient_magnitude)
def generic_gradient_magnitude(
    input: Any, derivative: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, extra_arguments: Any = (),
    extra_keywords: Any = None, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The length of the gradient, which a function gives along each axis."""
    x = as_array(input)
    slopes = _each_slope(x, derivative, mode, cval, extra_arguments, extra_keywords, axes)
    return given(root_of_squares(sum(slope**2 for slope in slopes)), x, output)
