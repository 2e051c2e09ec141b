"""scipy.fft with derivatives: its names and parameters. SciPy itself calls these for traced arrays (see arrays/scipy_backend.py).

The Fourier transforms are NumPy's, which has rows for them; the rows here are those of the cosine, sine and Hankel transforms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft as source  # type: ignore[import-untyped]
from numpy.lib.array_utils import normalize_axis_index
from scipy import special

from bibun.arrays.creation import as_array
from bibun.arrays.registry import add_rows
from bibun.core.kinds import linear
from bibun.core.primitive import Primitive
from bibun.primitives.repeated import holds
from bibun.scipy._calls import any_traced, no_rule, remaining, stands_for

_OTHER_WAY = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


# Fourier transforms


def _axes(s: Any, axes: Any) -> tuple[Any, Any]:
    """Lengths and axes as NumPy takes them: SciPy's s alone is for the last axes."""
    if s is not None:
        s = tuple(np.atleast_1d(s).tolist())
        axes = tuple(range(-len(s), 0)) if axes is None else axes
    return s, axes if axes is None else tuple(np.atleast_1d(axes).tolist())


def _one_axis(name: str) -> Any:
    transform: Any = getattr(np.fft, name)

    def call(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
        return transform(as_array(x), n, axis, norm)

    return _named(call, name, f"As numpy.fft.{name}.")


def _several_axes(name: str) -> Any:
    transform: Any = getattr(np.fft, name[:-1] + "n")
    two = (-2, -1) if name.endswith("2") else None

    def call(x: Any, s: Any = None, axes: Any = two, norm: str | None = None) -> Any:
        return transform(as_array(x), *_axes(s, axes), norm)

    return _named(call, name, f"As numpy.fft.{name}.")


def _hermitian(name: str) -> Any:
    """hfft of several axes: the real transform of the conjugate, the other way round."""
    transform: Any = np.fft.irfftn if name.startswith("hfft") else np.fft.rfftn
    before, two = name.startswith("hfft"), (-2, -1) if name.endswith("2") else None

    def call(x: Any, s: Any = None, axes: Any = two, norm: str | None = None) -> Any:
        x = as_array(x)
        y = transform(np.conjugate(x) if before else x, *_axes(s, axes), _OTHER_WAY[norm])
        return y if before else np.conjugate(y)

    return _named(call, name, "The transform of numbers of which one half mirrors the other, or its inverse.")


def _named(call: Callable[..., Any], name: str, doc: str) -> Any:
    call.__doc__ = doc
    call.__module__ = __name__
    return stands_for(getattr(source, name))(call)


fft, ifft, rfft, irfft, hfft, ihfft = map(_one_axis, ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"))
fft2, ifft2, rfft2, irfft2 = map(_several_axes, ("fft2", "ifft2", "rfft2", "irfft2"))
fftn, ifftn, rfftn, irfftn = map(_several_axes, ("fftn", "ifftn", "rfftn", "irfftn"))
hfft2, ihfft2, hfftn, ihfftn = map(_hermitian, ("hfft2", "ihfft2", "hfftn", "ihfftn"))


@stands_for(source.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """The frequency 0 to the middle."""
    return np.fft.fftshift(as_array(x), axes)


@stands_for(source.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The frequency 0 back to the front."""
    return np.fft.ifftshift(as_array(x), axes)


# Cosine and sine transforms. Types 2 and 3 are each other's transposes, 1 and 4 their own, but for the weights of the ends:
# a first term (of a sine transform a last one) that the sum has once and all others twice. Orthogonalised there are none.

_TRANSPOSED = {1: 1, 2: 3, 3: 2, 4: 4}


def _weights(sine: bool, type: int, n: int, dtype: Any) -> Any:
    """What multiplies the cotangent before, and divides it behind, in the transposed transform."""
    w = np.ones(n, np.finfo(dtype).dtype)
    if type == 2:
        w[-1 if sine else 0] = 2
    elif type == 3:
        w[-1 if sine else 0] = 0.5
    elif type == 1 and not sine:
        w[[0, -1]] = 0.5
    return w


def _trigonometric(name: str) -> Primitive:
    transform = getattr(source, name)
    sine = name == "dst"

    def call(x: Any, *, type: int, axis: int, norm: str, orthogonalize: bool) -> Any:
        return transform(x, type, axis=axis, norm=norm, orthogonalize=orthogonalize)

    def pull(g: Any, type: int, axis: int, norm: str, orthogonalize: bool) -> Any:
        settings = {"type": _TRANSPOSED[type], "axis": axis, "norm": norm, "orthogonalize": orthogonalize}
        if orthogonalize:
            return row(g, **settings)
        n = np.shape(g)[axis]
        w = np.reshape(_weights(sine, type, n, np.result_type(g)), (n,) + (1,) * (np.ndim(g) - 1 - axis))
        if type == 1:
            return w * row(g / w, **settings)
        return row(w * g, **settings) if type == 2 else w * row(g, **settings)

    row = linear(call, pull, batch="axis", name=name)
    return row


dct_row, dst_row = _trigonometric("dct"), _trigonometric("dst")


def _fitted(x: Any, n: int | None, axis: int) -> Any:
    """The first n along the axis, and zeros behind them."""
    have = x.shape[axis]
    if n is None or n == have:
        return x
    if n < have:
        return x[(slice(None),) * axis + (slice(n),)]
    return np.pad(x, [(0, n - have if i == axis else 0) for i in range(x.ndim)])


def _transform(
    row: Primitive, x: Any, type: int, lengths: Any, axes: Any, norm: Any, orthogonalize: Any, inverse: bool
) -> Any:
    x = as_array(x)
    if x.dtype.kind not in "fc":
        x = x.astype(float)
    if type not in _TRANSPOSED:
        raise ValueError("Invalid type: it is 1, 2, 3 or 4.")
    if inverse:
        type, norm = _TRANSPOSED[type], _OTHER_WAY[norm]
    if orthogonalize is None or x.dtype.kind == "c":  # of complex numbers SciPy does not take it
        orthogonalize = norm == "ortho"
    for n, axis in zip(lengths, axes, strict=True):
        axis = normalize_axis_index(axis, x.ndim)
        x = row(_fitted(x, n, axis), type=type, axis=axis, norm=norm or "backward", orthogonalize=bool(orthogonalize))
    return x


def _one_axis_of(row: Primitive, name: str) -> Any:
    inverse = name.startswith("i")

    def call(x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, orthogonalize: Any = None) -> Any:
        return _transform(row, x, type, [n], [axis], norm, orthogonalize, inverse)

    return _named(call, name, f"The {'inverse ' * inverse}discrete {'co' * (row is dct_row)}sine transform of a type.")


def _several_axes_of(row: Primitive, name: str) -> Any:
    inverse = name.startswith("i")

    def call(
        x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, orthogonalize: Any = None
    ) -> Any:
        x = as_array(x)
        s, axes = _axes(s, axes)
        axes = tuple(range(x.ndim)) if axes is None else axes
        lengths = (None,) * len(axes) if s is None else s
        return _transform(row, x, type, lengths, axes, norm, orthogonalize, inverse)

    return _named(call, name, "One axis after the other.")


dct, idct = (_one_axis_of(dct_row, name) for name in ("dct", "idct"))
dst, idst = (_one_axis_of(dst_row, name) for name in ("dst", "idst"))
dctn, idctn = (_several_axes_of(dct_row, name) for name in ("dctn", "idctn"))
dstn, idstn = (_several_axes_of(dst_row, name) for name in ("dstn", "idstn"))


# The Hankel transform on a logarithmic grid. Its matrix is symmetric, with any bias: a Hankel matrix between two diagonal
# ones that differ by a factor.


def _hankel(a: Any, *, inverse: bool, dln: float, mu: float, offset: float, bias: float) -> Any:
    return (source.ifht if inverse else source.fht)(a, dln, mu, offset, bias)


fht_row: Primitive = linear(
    _hankel,
    lambda g, inverse, dln, mu, offset, bias: fht_row(g, inverse=inverse, dln=dln, mu=mu, offset=offset, bias=bias),
    batch=lambda primitive, values, batched, settings: primitive(*values, **settings),
    name="fht",
)

add_rows(dct_row, dst_row, fht_row)


def _kernel(n: int, dln: Any, mu: Any, offset: Any, bias: Any) -> Any:
    """What SciPy multiplies the Fourier transform by, of parameters that are traced: exp(-2i offset y) U(bias + 2i y) with
    U(z) = 2^z Γ((mu + 1 + z) / 2) / Γ((mu + 1 - z) / 2), at the frequencies y."""
    y = np.arange(n // 2 + 1) * (np.pi / (n * dln))
    above, below = special.loggamma((mu + 1 + bias) / 2 + 1j * y), special.loggamma((mu + 1 - bias) / 2 + 1j * y)
    if holds(~np.isfinite(above) | ~np.isfinite(below)):
        raise no_rule("fht", "by mu and bias it has none at a pole of the gamma function; change the bias")
    phase = np.imag(above) + np.imag(below) + 2 * y * (np.log(2) - offset)
    size = np.exp(np.real(above) - np.real(below) + np.log(2) * bias)
    real = np.arange(n // 2 + 1) * 2 == n  # of an even number the last one is
    return size * np.cos(phase) + 1j * np.where(real, 0.0, size * np.sin(phase))


def _by_parameters(a: Any, dln: Any, mu: Any, offset: Any, bias: Any, inverse: bool) -> Any:
    """SciPy's steps, with derivatives by the parameters."""
    n, biased = a.shape[-1], any_traced(bias) or bias != 0
    apart, kernel = (np.arange(n) - (n - 1) / 2) * dln, _kernel(n, dln, mu, offset, bias)
    if biased:
        a = a * np.exp(bias * (apart + offset) if inverse else -bias * apart)
    spectrum = np.fft.rfft(a)
    found = spectrum / np.conj(kernel) if inverse else spectrum * kernel
    y = np.flip(np.fft.irfft(found.astype(spectrum.dtype), n), axis=-1)  # in the precision of a
    return y * np.exp(bias * apart if inverse else -bias * (apart + offset)) if biased else y


def _hankel_transform(a: Any, dln: Any, mu: Any, offset: Any, bias: Any, inverse: bool) -> Any:
    a = as_array(a)
    if any_traced(dln, mu, offset, bias):
        return _by_parameters(a, dln, mu, offset, bias, inverse)
    return fht_row(a, inverse=inverse, dln=dln, mu=mu, offset=offset, bias=bias)


@stands_for(source.fht)
def fht(a: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:
    """The Hankel transform of order mu of a on a logarithmic grid of step dln; by mu, dln, offset and bias too."""
    return _hankel_transform(a, dln, mu, offset, bias, inverse=False)


@stands_for(source.ifht)
def ifht(A: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:
    """The inverse of fht."""
    return _hankel_transform(A, dln, mu, offset, bias, inverse=True)


__getattr__ = remaining(source, {})
