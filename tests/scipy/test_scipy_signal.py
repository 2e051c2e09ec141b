"""bibun.scipy.signal against SciPy's own values and numerical derivatives of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import scipy.signal as plain

import bibun as bb
from bibun.scipy import signal
from tests.families.agreement import check, check_first
from tests.scipy.agreement import check_beside

_random = np.random.default_rng(0)
x, X, h = _random.normal(size=12), _random.normal(size=(3, 40)), _random.normal(size=4)
z = x + 1j * _random.normal(size=12)
M, K = _random.normal(size=(4, 5)), _random.normal(size=(3, 2))
b, a = _random.normal(size=3), np.array([1.5, 0.4, -0.3])
SOS = np.array([[1.0, 0.3, 0.2, -0.4, 0.1], [0.5, 0.1, 0.3, 0.2, -0.1]])  # without the ones


def sections(s: Any) -> Any:
    return np.concatenate([s[:, :3], np.ones((2, 1)), s[:, 3:]], axis=1)


def test_convolutions_of_numpy_and_of_scipy_are_told_apart_in_compiled_functions() -> None:
    x = np.array([1.0, 2.0, -0.5])
    both = bb.compile(bb.grad(lambda x: np.sum(np.convolve(x, x)) + np.sum(signal.convolve(x, x))))
    np.testing.assert_allclose(
        both(x), np.full(3, 4 * np.sum(x))
    )  # the sum of a convolution is the product of the sums


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve", "fftconvolve", "oaconvolve", "correlate"])
def test_convolutions(name: str, mode: str) -> None:
    f = getattr(signal, name)
    check(lambda u, v: f(u, v, mode), x, h)
    check(lambda u, v: f(u, v, mode), M, K)
    check_first(lambda u, v: f(u, v, mode), h, x)
    check_first(lambda u, v: f(u, v, mode), z, h)
    check_first(lambda u, v: f(u, v, mode), h, z)


@pytest.mark.parametrize("method", ["direct", "fft"])
def test_the_methods_of_convolve(method: str) -> None:
    check_first(lambda u, v: signal.convolve(u, v, method=method), x, h)
    check_first(lambda u, v: signal.correlate(u, v, method=method), M, K)


def test_convolutions_over_some_axes() -> None:
    check(lambda u, v: signal.fftconvolve(u, v, "same", axes=1), M, K[:1])
    check(lambda u, v: signal.oaconvolve(u, v, "full", axes=[1]), M, np.concatenate([K, K[:1]]))


@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
def test_convolutions_of_matrices(name: str, mode: str, boundary: str) -> None:
    check(lambda u, v: getattr(signal, name)(u, v, mode, boundary, 0.5), M, K)
    check_first(lambda u, v: getattr(signal, name)(u, v, mode, boundary), M[:, :4], np.ones((2, 3)) * (1 + 1j))


FILTERS = {
    "lfilter": (lambda b, a, x: signal.lfilter(b, a, x), b, a, x),
    "lfilter along the first axis": (lambda b, a, x: signal.lfilter(b, a, x, axis=0), b[:2], a, M),
    "lfilter without feedback": (lambda b, x: signal.lfilter(b, 1, x), b, x),
    "lfilter of complex numbers": (lambda b, x: signal.lfilter(b, a, x), b, z),
    "lfilter with a state": (lambda b, x, z: np.concatenate(signal.lfilter(b, a, x, zi=z)), b, x, x[:2]),
    "lfilter of one sample": (lambda b, x, z: np.concatenate(signal.lfilter(b, a, x, zi=z)), b, x[:1], x[:2]),
    "lfilter_zi": (lambda b, a: signal.lfilter_zi(b, a), b, a),
    "sosfilt": (lambda s, x: signal.sosfilt(sections(s), x), SOS, x),
    "sosfilt_zi": (lambda s: signal.sosfilt_zi(sections(s)), SOS / 2),
    "sosfiltfilt": (lambda x: signal.sosfiltfilt(sections(SOS), x), X),
    "upfirdn": (lambda h, x: signal.upfirdn(h, x, 3, 2), h, x),
    "freqz": (lambda b, a: signal.freqz(b, a, 16)[1], b, a),
    "freqz at frequencies": (lambda b, w: signal.freqz(b, worN=w, fs=3.0)[1], b, np.abs(x)),
    "sosfreqz": (lambda s: signal.sosfreqz(sections(s), 8)[1], SOS),
}


@pytest.mark.parametrize("case", FILTERS.values(), ids=FILTERS.keys())
def test_filters(case: Any) -> None:
    check(*case)


@pytest.mark.parametrize("padtype", ["odd", "even", "constant", None])
def test_filters_both_ways(padtype: str | None) -> None:
    check(lambda b, a, x: signal.filtfilt(b, a, x, padtype=padtype), b, a, x)
    check_first(lambda s, x: signal.sosfiltfilt(sections(s), x, padtype=padtype, axis=0), SOS / 3, X.T.copy())
    check_first(lambda s, x: signal.sosfilt(sections(s), x, zi=np.ones((2, 2)))[1], SOS, x)


def test_sections_of_a_batch_go_both_ways() -> None:
    """How long the ends are is decided once for all: by the order of the filters, which must be one."""
    x = np.sin(np.arange(40.0))
    filters = np.stack([plain.butter(3, w, output="sos") for w in (0.2, 0.3)])
    run = bb.vmap(lambda sos: signal.sosfiltfilt(sos, x))
    np.testing.assert_allclose(run(filters), [plain.sosfiltfilt(sos, x) for sos in filters], rtol=1e-9)
    filters[1] = plain.butter(4, 0.2, output="sos")
    with pytest.raises(bb.DerivativeValueError, match="Give padlen="):
        run(filters)
    found = bb.vmap(lambda sos: signal.sosfiltfilt(sos, x, padlen=9))(filters)
    np.testing.assert_allclose(found, [plain.sosfiltfilt(sos, x, padlen=9) for sos in filters], rtol=1e-9)


@pytest.mark.parametrize("irlen", [None, 3])
def test_filters_both_ways_from_states_that_agree(irlen: int | None) -> None:
    check_beside(
        lambda m, b, a, x: m.filtfilt(b, a, x, method="gust", irlen=irlen),
        signal,
        plain,
        b,
        a,
        x,
        rtol=1e-5,
        value=1e-10,
    )
    check_beside(lambda m, x: m.filtfilt(b, a, x, axis=0, method="gust", irlen=irlen), signal, plain, X.T, rtol=1e-5)
    check_beside(lambda m, x: m.filtfilt([2.0], [0.5], x, method="gust"), signal, plain, x)


BEYOND = ["constant", "wrap", "edge", "smooth", "symmetric", "reflect", "antisymmetric", "antireflect", "line"]


@pytest.mark.parametrize("mode", BEYOND)
@pytest.mark.parametrize(("up", "down"), [(3, 2), (1, 3), (1, 1)])
def test_signals_that_go_on_beyond_their_ends(mode: str, up: int, down: int) -> None:
    cval = 1.5 if mode == "constant" else 0.0
    check_beside(lambda m, h, x: m.upfirdn(h, x, up, down, mode=mode, cval=cval), signal, plain, h, x)
    check_beside(lambda m, x: m.upfirdn(np.arange(9.0), x, up, down, mode=mode, cval=cval), signal, plain, x[:3])
    settings = {"padtype": mode} | ({"cval": cval} if mode == "constant" else {})
    check_beside(lambda m, x: m.resample_poly(x, up, down, axis=1, **settings), signal, plain, X, value=1e-10)
    short = X.astype(np.float32)
    y = bb.jvp(lambda x: signal.upfirdn(np.ones(3, np.float32), x, up, down, mode=mode, cval=cval), (short,), (short,))[
        0
    ]
    assert y.dtype == np.float32


def test_a_filter_is_its_recursion() -> None:
    def loop(a: Any) -> Any:
        y: list[Any] = []
        for n in range(12):
            past = sum(a[k] * y[n - k] for k in (1, 2) if n >= k)
            y.append((b[0] * x[n] + (b[1] * x[n - 1] if n else 0) - past) / a[0])
        return np.sum(np.stack(y) ** 2)

    found = bb.grad(lambda a: np.sum(signal.lfilter(b[:2], a, x) ** 2))
    np.testing.assert_allclose(found(a), bb.grad(loop)(a), rtol=1e-12)
    np.testing.assert_allclose(bb.jacfwd(found)(a), bb.hessian(loop)(a), rtol=1e-11)


@pytest.mark.parametrize("mode", ["interp", "mirror", "constant", "nearest", "wrap"])
def test_savgol_filter(mode: str) -> None:
    check(lambda x: signal.savgol_filter(x, 5, 2, deriv=1, delta=0.5, mode=mode, cval=0.3), x)
    check_first(lambda x: signal.savgol_filter(x, 4, 2, mode=mode, axis=0), X.T.copy())


@pytest.mark.parametrize("num", [5, 6, 11, 12, 13, 16, 17])
def test_resample(num: int) -> None:
    check_first(lambda x: signal.resample(x, num), x)
    check_first(lambda x: signal.resample(x, num, window="hamming", axis=1), X)
    check_first(lambda x: signal.resample(x, num), z)
    check_first(lambda x: signal.resample(x, num, domain="freq"), z[:11])


@pytest.mark.parametrize(("up", "down"), [(1, 1), (3, 1), (1, 3), (3, 2), (4, 6)])
def test_resample_poly(up: int, down: int) -> None:
    check_first(lambda x: signal.resample_poly(x, up, down), x)
    check_first(lambda x: signal.resample_poly(x, up, down, axis=1, padtype="mean"), X)
    check_first(lambda h, x: signal.resample_poly(x, up, down, window=h), h, x)


SMOOTHING = {
    "hilbert": (lambda x: signal.hilbert(x), x),
    "hilbert, odd": (lambda x: signal.hilbert(x, 7, axis=0), X),
    "detrend": (lambda x: signal.detrend(x), X),
    "detrend, mean": (lambda x: signal.detrend(x, type="constant", axis=0), X),
    "detrend in parts": (lambda x: signal.detrend(x, bp=[3, 8]), x),
    "decimate": (lambda x: signal.decimate(x, 3), X),
    "decimate, one way": (lambda x: signal.decimate(x, 3, zero_phase=False), X),
    "decimate, fir": (lambda x: signal.decimate(x, 3, ftype="fir"), X),
    "decimate, fir, one way": (lambda x: signal.decimate(x, 3, ftype="fir", zero_phase=False), X),
    "medfilt": (lambda x: signal.medfilt(x, 3), x),
    "medfilt of a matrix": (lambda x: signal.medfilt(x, (3, 1)), M),
    "welch": (lambda x: signal.welch(x, nperseg=16)[1], X),
    "periodogram": (lambda x: signal.periodogram(x)[1], X),
    "periodogram, longer": (lambda x: signal.periodogram(x, nfft=16, scaling="spectrum")[1], x),
    "csd": (lambda x, y: signal.csd(x, y, nperseg=8, scaling="spectrum")[1], X, X[0]),
    "stft": (lambda x: signal.stft(x, nperseg=8)[2], X),
    "stft, mirrored": (lambda x: signal.stft(x, nperseg=9, boundary="even", padded=False, axis=0)[2], X.T.copy()),
    "stft of complex numbers": (lambda x: signal.stft(x, nperseg=8, return_onesided=False)[2], z),
    "spectrogram": (lambda x: signal.spectrogram(x, nperseg=8, detrend="linear")[2], X),
    "spectrogram, magnitude": (lambda x: signal.spectrogram(x, nperseg=8, mode="magnitude")[2], X),
}


@pytest.mark.parametrize("case", SMOOTHING.values(), ids=SMOOTHING.keys())
def test_smoothing_and_spectra(case: Any) -> None:
    check(*case)


def test_coherence() -> None:
    check_first(lambda x, y: signal.coherence(x, y, nperseg=8)[1], X, X[::-1].copy())


def test_frequencies_and_times_are_scipys() -> None:
    v = bb.Variable(X)
    for name in ("welch", "periodogram", "stft", "spectrogram"):
        settings: Any = {} if name == "periodogram" else {"nperseg": 8}
        got = getattr(signal, name)(v, fs=3.0, **settings)
        want = getattr(plain, name)(X, fs=3.0, **settings)
        for mine, theirs in zip(got[:-1], want[:-1], strict=True):
            np.testing.assert_allclose(mine, theirs)


def test_compiled() -> None:
    def f(b: Any, a: Any, x: Any) -> Any:
        return np.sum(signal.lfilter(b, a, signal.convolve(x, b, "same")) ** 2)

    gradient = bb.grad(f, argnums=(0, 1, 2))
    for found, want in zip(bb.compile(gradient)(b, a, x), gradient(b, a, x), strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-12)


def test_plain_arguments_give_what_scipy_gives() -> None:
    assert signal.buttord is plain.buttord
    np.testing.assert_array_equal(signal.lfilter(b, a, x), plain.lfilter(b, a, x))


_STFT = signal.stft(np.cos(np.arange(40.0) ** 1.3), nperseg=8)[2]
_ABCD = np.array([[-0.3, 1.0], [-0.7, -0.2]]), np.array([[0.4], [1.1]]), np.array([[1.0, 0.3]]), np.array([[0.2]])
INPUT, TIMES = np.cos(np.arange(6.0)), 0.4 * np.arange(6.0)

LINEAR_SYSTEMS = {
    "istft": (lambda m, re, im: m.istft(re + 1j * im)[1], _STFT.real, _STFT.imag),
    "istft, settings": (
        lambda m, re: m.istft(re * (1 + 0.3j), 3.0, "hamming", 6, 4, 10, False, False, 1, 0, "psd")[1].real,
        _random.normal(size=(10, 4, 2)),
    ),
    "istft, both": (
        lambda m, x: m.istft(m.stft(x, nperseg=8, noverlap=6)[2], nperseg=8, noverlap=6)[1],
        INPUT.repeat(4),
    ),
    "lsim": (lambda m, u, x0: m.lsim(_ABCD, u, TIMES + 0.2, x0)[1], INPUT, np.array([0.3, -0.4])),
    "lsim of fractions, held": (lambda m, u: m.lsim(([1.0, 0.4], [1.0, 0.3, 2.0]), u, TIMES, interp=False)[2], INPUT),
    "lsim by its matrices": (lambda m, *abcd: m.lsim(abcd, INPUT, TIMES, [0.1, 0.2])[1], *_ABCD),
    "lsim without input": (
        lambda m, a, x0: m.lsim((a, *_ABCD[1:]), None, TIMES, x0)[2],
        _ABCD[0],
        np.array([0.3, -0.4]),
    ),
    "lsim of one state": (lambda m, u: m.lsim(([1.0], [1.0, 0.5]), u, TIMES)[2], INPUT),
}


@pytest.mark.parametrize("case", LINEAR_SYSTEMS.values(), ids=LINEAR_SYSTEMS.keys())
def test_systems_in_time(case: Any) -> None:
    f, *xs = case
    check_beside(f, signal, plain, *xs, rtol=1e-5, value=1e-10)


def test_times_of_a_linear_system_in_a_batch() -> None:
    times = np.stack([np.linspace(0.2 * k, 1 + k, len(INPUT)) for k in range(3)])
    expected = [plain.lsim(_ABCD, INPUT, t)[1] for t in times]
    np.testing.assert_allclose(bb.vmap(lambda t: signal.lsim(_ABCD, INPUT, t)[1])(times), expected, rtol=1e-10)


SECONDS = np.linspace(0.1, 2.9, 9)
WAVES: dict[str, Any] = {
    **{
        f"{method} chirp": (
            lambda m, t, f0, t1, f1, phi, method=method: m.chirp(t, f0, t1, f1, method, phi), SECONDS, 1.2, 2.3, 0.4, 30.0
        )
        for method in ("linear", "quadratic", "logarithmic", "hyperbolic")
    },
    "hyperbolic chirp beyond its pole": (lambda m, t, f1: m.chirp(t, 1.0, 1.0, f1, "hyperbolic"), SECONDS, 3.7),
    "bent the other way": (lambda m, t, f0: m.chirp(t, f0, 2.0, 3.0, "quadratic", vertex_zero=False), SECONDS, 1.2),
    "complex chirp": (lambda m, t, f1: m.chirp(t, 1.0, 2.0, f1, complex=True).imag, SECONDS, 1.2),
    "saw": (lambda m, t: m.sawtooth(9 * t), SECONDS),
    "triangle": (lambda m, t, w: m.sawtooth(9 * t, w), SECONDS, 0.4),
    "square": (lambda m, t: m.square(9 * t, 0.3), SECONDS),
}  # fmt: skip


@pytest.mark.parametrize("case", WAVES.values(), ids=WAVES.keys())
def test_waves(case: Any) -> None:
    f, *xs = case
    check_beside(f, signal, plain, *xs, rtol=1e-5)


@pytest.mark.parametrize("method", ["linear", "logarithmic", "hyperbolic"])
def test_a_chirp_of_one_frequency(method: str) -> None:
    """By f1 the angle has the slope pi t² / t1 there; SciPy's own differences have lost their digits."""
    y, slope = bb.jvp(lambda f1: signal.chirp(SECONDS, 1.2, 2.0, f1, method), (1.2,), (1.0,))
    angle = 2 * np.pi * 1.2 * SECONDS
    np.testing.assert_allclose(y, np.cos(angle), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(slope, -np.sin(angle) * np.pi * SECONDS**2 / 2, rtol=1e-13, atol=1e-14)


def test_a_median_of_spectra_keeps_single_precision() -> None:
    short = x.astype(np.float32)
    y, slope = bb.jvp(lambda x: signal.welch(x, nperseg=4, average="median")[1], (short,), (short,))
    assert y.dtype == slope.dtype == plain.welch(short, nperseg=4, average="median")[1].dtype == np.float32


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve", "correlate", "fftconvolve", "oaconvolve", "convolve2d", "correlate2d"])
def test_convolutions_with_nothing_are_scipys(name: str, mode: str) -> None:
    """Its zeros of some shape, or its error."""
    for shapes in (((3,), (0,)), ((0,), (3,)), ((3, 3), (0, 3)), ((0, 3), (3, 3))):
        first, second = map(np.ones, shapes)
        try:
            expected = getattr(plain, name)(first, second, mode)
        except ValueError as error:
            with pytest.raises(ValueError, match=re.escape(str(error))):
                bb.jvp(lambda x, y=second: getattr(signal, name)(x, y, mode), (first,), (first,))
        else:
            y, slope = bb.jvp(lambda x, y=second: getattr(signal, name)(x, y, mode), (first,), (first,))
            assert np.shape(y) == np.shape(slope) == expected.shape
            assert not np.any(y)


REFUSED = {
    "step": (
        lambda x: signal.step(([1.0], [1.0, 1.0]), x[0]),
        "step has no derivative rule: write lsim",
    ),
    "find_peaks": (lambda x: signal.find_peaks(x), "whole numbers"),
}


@pytest.mark.parametrize(("f", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(f: Any, message: str) -> None:
    with pytest.raises(bb.NoDerivativeError, match=message):
        bb.jvp(f, (x,), (x,))


def test_errors_of_scipys_own_functions_name_ours() -> None:
    with pytest.raises(bb.LostDerivativeError, match=r"Write bibun\.scipy\.signal\.lfilter\(\.\.\.\)"):
        bb.grad(lambda x: np.sum(plain.lfilter(b, a, x)))(x)
