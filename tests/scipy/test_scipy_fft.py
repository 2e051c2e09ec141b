"""scipy.fft itself on traced arrays, against its own values and numerical derivatives of them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.fft

import bibun as bb
from bibun.scipy import fft
from tests.families.agreement import check, check_first
from tests.scipy.agreement import check_beside

_random = np.random.default_rng(0)
X = _random.normal(size=(4, 6))
Z = X + 1j * _random.normal(size=(4, 6))


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_one_axis(name: str) -> None:
    transform = getattr(scipy.fft, name)
    check(lambda x: transform(x), X)
    check_first(lambda x: transform(x, n=7, axis=0, norm="ortho"), X)
    if name not in ("rfft", "ihfft"):
        check_first(lambda x: transform(x, 5, norm="forward"), Z)


@pytest.mark.parametrize(
    "name", [way + axes for way in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft") for axes in "2n"]
)
def test_several_axes(name: str) -> None:
    transform = getattr(scipy.fft, name)
    check(lambda x: transform(x), X)
    check_first(lambda x: transform(x, s=(5, 4), norm="forward"), X)
    check_first(lambda x: transform(x, s=5, axes=[0]), X)


@pytest.mark.parametrize("type_", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_cosine_and_sine_transforms(name: str, type_: int) -> None:
    transform = getattr(scipy.fft, name)
    check(lambda x: transform(x, type_), X)
    check_first(lambda x: transform(x, type_, n=7, axis=0, norm="ortho"), X)
    check_first(lambda x: transform(x, type_, norm="ortho", orthogonalize=False), X)
    check_first(lambda x: transform(x, type_, norm="forward", orthogonalize=True), X)
    check_first(lambda x: transform(x, type_, norm="ortho", orthogonalize=False), Z)


@pytest.mark.parametrize("name", ["dctn", "idctn", "dstn", "idstn"])
def test_cosine_and_sine_transforms_of_several_axes(name: str) -> None:
    transform = getattr(scipy.fft, name)
    check(lambda x: transform(x), X)
    check_first(lambda x: transform(x, 3, s=(3, 7)), X)
    check_first(lambda x: transform(x, 2, axes=[0], norm="ortho"), X)


def test_hankel_transforms() -> None:
    check(lambda x: scipy.fft.fht(x, 0.1, 0.5, bias=0.1), X)
    check(lambda x: scipy.fft.ifht(x, 0.1, 0.5, offset=0.2, bias=-0.1), X)


@pytest.mark.parametrize("n", [5, 6])
@pytest.mark.parametrize("name", ["fht", "ifht"])
def test_hankel_transforms_by_their_parameters(name: str, n: int) -> None:
    def transform(m: Any, a: Any, dln: Any, mu: Any, offset: Any, bias: Any) -> Any:
        return getattr(m, name)(a, dln, mu, offset, bias)

    check_beside(transform, fft, scipy.fft, np.sin(np.arange(1.0, n + 1)), 0.3, 0.7, 0.2, 0.1, rtol=1e-5)
    check_beside(lambda m, mu: getattr(m, name)(np.ones((2, n)), 0.1, mu), fft, scipy.fft, 0.5, rtol=1e-5)
    short = np.ones(n, np.float32)
    for bias in (0.0, 0.1):
        y = bb.jvp(lambda mu, bias=bias: getattr(fft, name)(short, 0.1, mu, bias=bias), (0.5,), (1.0,))[0]
        assert y.dtype == getattr(scipy.fft, name)(short, 0.1, 0.5, bias=bias).dtype
    with pytest.raises(bb.NoDerivativeError, match="pole of the gamma function"):
        bb.grad(lambda mu: np.sum(getattr(fft, name)(np.ones(n), 0.1, mu, bias=1.0)))(0.0)


def test_shifts() -> None:
    check(lambda x: scipy.fft.fftshift(x), X)
    check(lambda x: scipy.fft.ifftshift(x, axes=0), X)
    check(lambda x: fft.ifftshift(x, axes=0), X)


def test_the_transpose_of_an_orthogonal_transform_is_its_inverse() -> None:
    _, pullback = bb.vjp(lambda x: scipy.fft.dctn(x, norm="ortho"), X)
    np.testing.assert_allclose(pullback(X)[0], scipy.fft.idctn(X, norm="ortho"), atol=1e-14)


def test_plain_arrays_stay_scipys() -> None:
    assert type(scipy.fft.fft(X)) is np.ndarray
    assert fft.next_fast_len is scipy.fft.next_fast_len
    with (
        scipy.fft.set_backend("scipy", only=True),
        pytest.raises(bb.LostDerivativeError, match=r"bibun\.scipy\.fft\.fft"),
    ):
        bb.grad(lambda x: np.sum(np.abs(scipy.fft.fft(x))))(X)


def test_compiled() -> None:
    def power(x: Any) -> Any:
        return np.sum(scipy.fft.dct(x) ** 4) + np.sum(np.abs(scipy.fft.rfft(x)) ** 2)

    np.testing.assert_allclose(bb.compile(bb.grad(power))(X), bb.grad(power)(X), rtol=1e-12)


@pytest.mark.parametrize(
    "imports",
    [
        "import bibun; assert 'scipy' not in sys.modules; import scipy.fft",
        "import scipy.fft, bibun",
        "import bibun, scipy",
    ],
)
def test_in_whatever_order_they_are_imported(imports: str) -> None:
    code = f"""
import sys
{imports}
import numpy as np
y = scipy.fft.dct(bibun.Variable(np.arange(4.0)))
assert isinstance(y, bibun.Variable), type(y)
assert not [finder for finder in sys.meta_path if 'bibun' in str(finder)]
assert scipy.fft.__spec__.loader is scipy.fft.__loader__ and 'bibun' not in type(scipy.fft.__loader__).__module__
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
