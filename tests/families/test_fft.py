"""np.fft away from its rows: every function, lengths, axes and norms, out=, and what compile makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, sample

X = sample(3, 5)
CUBE = sample(2, 3, 4, seed=1)
Z = X + 1j * sample(3, 5, seed=2)
SOLID = CUBE + 1j * sample(2, 3, 4, seed=3)

ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
TWO_AXES = ("fft2", "ifft2", "rfft2", "irfft2")
SEVERAL = ("fftn", "ifftn", "rfftn", "irfftn")
FORMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "shorter": {"n": 4},
    "longer, first axis": {"n": 6, "axis": 0},
    "longer, odd": {"n": 7, "norm": "forward"},
    "ortho": {"norm": "ortho"},
    "backward": {"norm": "backward", "axis": -1},
}
WIDER: dict[str, dict[str, Any]] = {
    "plain": {},
    "lengths": {"s": (2, 5), "axes": (0, 2)},
    "whole axis": {"s": (-1, 5), "axes": (1, -1), "norm": "ortho"},
    "other order": {"axes": (2, 0), "norm": "forward"},
    "an axis twice": {"axes": (1, 1)},
}


def of(name: str, settings: dict[str, Any]) -> Any:
    return lambda x: getattr(np.fft, name)(x, **settings)


def real_only(name: str) -> bool:
    return name.startswith("rfft") or name == "ihfft"


@pytest.mark.parametrize("settings", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", ONE_AXIS)
def test_along_one_axis(name: str, settings: dict[str, Any]) -> None:
    check(of(name, settings), X)
    if not real_only(name):
        check(of(name, settings), Z)


@pytest.mark.parametrize("settings", WIDER.values(), ids=WIDER)
@pytest.mark.parametrize("name", TWO_AXES + SEVERAL)
def test_along_several_axes(name: str, settings: dict[str, Any]) -> None:
    check(of(name, settings), CUBE)
    if not real_only(name):
        check_first(of(name, settings), SOLID)


@pytest.mark.parametrize("axes", [None, 1, (0, 2), -1])
@pytest.mark.parametrize("shift", [np.fft.fftshift, np.fft.ifftshift], ids=["fftshift", "ifftshift"])
def test_shifts(shift: Any, axes: Any) -> None:
    check(lambda x: shift(x, axes=axes), CUBE)
    check_first(lambda x: shift(x, axes), SOLID)


def test_bits_and_dtypes_are_numpys() -> None:
    for name in ONE_AXIS + TWO_AXES + SEVERAL:
        for x in (X, X.astype(np.float32), *(() if real_only(name) else (Z, Z.astype(np.complex64)))):
            for norm in (None, "ortho", "forward"):
                want = getattr(np.fft, name)(x, norm=norm)
                y, _ = bb.vjp(of(name, {"norm": norm}), x)
                assert (y.dtype, y.tobytes()) == (want.dtype, want.tobytes()), (name, x.dtype, norm)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7])
def test_the_real_transforms_are_matrices(n: int) -> None:
    """Their Jacobians, from the formulas of the transform, for even and odd lengths."""
    j, k = np.arange(n), np.arange(n // 2 + 1)
    waves = np.exp(-2j * np.pi * np.outer(k, j) / n)
    x = sample(n)
    np.testing.assert_allclose(bb.jacrev(np.fft.rfft)(x), waves, atol=1e-14)
    np.testing.assert_allclose(bb.jacfwd(np.fft.rfft)(x), waves, atol=1e-14)
    twice = np.where((k == 0) | (2 * k == n), 1, 2) / n
    by_real = (np.real(waves) * twice[:, None]).T
    np.testing.assert_allclose(bb.jacrev(lambda c: np.fft.irfft(c, n))(np.ones(n // 2 + 1)), by_real, atol=1e-14)
    z = np.ones(n // 2 + 1, complex)
    gradient = (np.conj(waves) * twice[:, None]).T  # df/da - i df/db: the wave itself; at the ends it is real
    np.testing.assert_allclose(bb.jacrev(lambda c: np.fft.irfft(c, n))(z), gradient, atol=1e-14)


def test_parseval() -> None:
    """The gradient of the energy of the spectrum is 2 n x, whatever the transform computed it from."""
    x = sample(8)
    np.testing.assert_allclose(bb.grad(lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2))(x), 16 * x, rtol=1e-13)
    z = x + 1j * sample(8, seed=1)
    np.testing.assert_allclose(bb.grad(lambda z: np.sum(np.abs(np.fft.fft(z)) ** 2))(z), 16 * z.conj(), rtol=1e-13)


def test_out() -> None:
    x = bb.Variable(X.copy())
    y = np.zeros_like(x, dtype=complex)
    assert np.fft.fft(x, out=y) is y
    z = np.zeros_like(y)
    assert np.fft.ifft(y, None, -1, None, z) is z
    np.sum(np.real(z) ** 2).backward()
    np.testing.assert_allclose(x.grad, 2 * X, rtol=1e-13)
    with pytest.raises(bb.errors.LostDerivativeError, match="out="):
        np.fft.fft(x, out=np.zeros(X.shape, complex))


@pytest.mark.parametrize("name", ONE_AXIS)
def test_compiled(name: str) -> None:
    def power(x: Any) -> Any:
        return np.sum(np.abs(getattr(np.fft, name)(x, 6)) ** 3)

    compiled = bb.compile(bb.value_and_grad(power))
    for x in (X, 2 * X):
        for got, want in zip(compiled(x), bb.value_and_grad(power)(x), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12)


def test_errors() -> None:
    with pytest.raises(TypeError, match="rfft takes real"):
        bb.jvp(np.fft.rfft, (Z,), (Z,))
    with pytest.raises(ValueError, match="Invalid norm value"):
        bb.grad(lambda x: np.sum(np.abs(np.fft.hfft(x, norm="none"))))(X)
    with pytest.raises(ValueError, match="data points"):
        bb.grad(lambda x: np.sum(np.fft.irfft(x)))(np.ones(1))
    with pytest.raises(ValueError, match="different lengths"):
        bb.grad(lambda x: np.sum(np.fft.irfftn(x, s=(2,), axes=(0, 1))))(X)


def test_frequencies_are_plain() -> None:
    slope = bb.grad(lambda d: np.sum(np.fft.fftfreq(5, d) ** 2))(0.5)
    np.testing.assert_allclose(slope, -2 * np.sum(np.fft.fftfreq(5, 0.5) ** 2) / 0.5, rtol=1e-14)
