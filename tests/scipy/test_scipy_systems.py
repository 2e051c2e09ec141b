"""Forms of linear systems, responses over frequency, coefficients and windows: SciPy's numbers, and the slopes of these."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.core.traced import Traced
from tests.scipy.agreement import check_beside, slopes

plain = pytest.importorskip("scipy.signal")
from bibun.scipy import signal  # noqa: E402

_random = np.random.default_rng(0)
b, a = np.array([0.7, 1.2, -0.4]), np.array([1.3, 0.5, 0.8, 0.2])
p = np.array([-0.5 + 0.2j, -0.5 - 0.2j, 0.4])
SOS = np.array([[1.0, 0.3, 0.2, 1.0, -0.4, 0.1], [0.5, 0.1, 0.3, 1.1, 0.2, -0.1]])
A = np.array([[-1.0, 0.3, 0.2], [0.1, -0.7, 0.4], [0.2, 0, -0.5]])
B, C = np.array([[1.0, 0.2], [0.3, 0], [0.5, 1]]), np.array([[1.0, 0, 0.4], [0.2, 1, 0]])
D = np.array([[0.1, 0.2], [0.3, 0.4]])
x, t, img = _random.normal(size=12), np.sort(_random.uniform(0, 9, size=12)), _random.normal(size=(5, 6))
w, v, wt = np.array([0.3, 0.9, 2.1]), np.array([0.3, 0.5]), np.exp(_random.normal(size=12))


def flat(*xs: Any) -> Any:
    """The real and imaginary parts of all of them."""
    return np.concatenate([f(np.reshape(np.atleast_1d(x), -1)) for x in xs for f in (np.real, np.imag)])


def num(x: Any) -> Any:
    """A number as SciPy wants fs to be."""
    return x if isinstance(x, Traced) else float(x)


def pair(v: Any) -> Any:
    """A root and its conjugate."""
    return np.stack([v[0] + 1j * v[1], v[0] - 1j * v[1]])


def poles(v: Any) -> Any:
    """Three of them."""
    return np.concatenate([pair(v), [0.3]])


CASES: dict[str, tuple[Any, ...]] = {
    "normalize": (lambda m, b, a: flat(*m.normalize(b, a)), b, a),
    "tf2zpk": (lambda m, b, a: flat(*m.tf2zpk(b, a)), b, a),
    "zpk2tf": (lambda m, v, q, k: flat(*m.zpk2tf(pair(v), poles(q), k)), v, -v, 1.3),
    "sos2tf": (lambda m, s: flat(*m.sos2tf(s)), SOS),
    "sos2zpk": (lambda m, s: flat(*m.sos2zpk(s)), SOS),
    "zpk2sos": (lambda m, v, q, k: m.zpk2sos(pair(v), poles(q), k), v, -v, 1.3),
    "zpk2sos, another pairing": (
        lambda m, v, q, k: m.zpk2sos(pair(v), np.concatenate([pair(q), [0.3, 0.1]]), k, "keep_odd"),
        v,
        -v,
        1.3,
    ),
    "tf2sos": (lambda m, b, a: m.tf2sos(b, a), b, a),
    "tf2ss": (lambda m, b, a: flat(*m.tf2ss(b, a)), b, a),
    "ss2tf": (lambda m, A, B, C, D: flat(*m.ss2tf(A, B, C, D, 1)), A, B, C, D),
    "zpk2ss": (lambda m, v, q, k: flat(*m.zpk2ss(pair(v), poles(q), k)), v, -v, 1.3),
    "ss2zpk": (lambda m, A, B, C, D: flat(*m.ss2zpk(A, B, C, D)), A, B[:, :1], C[:1], D[:1, :1]),
    "lp2lp": (lambda m, b, a, w: flat(*m.lp2lp(b, a, w)), b, a, 1.3),
    "lp2lp of more zeros": (lambda m, b, a, w: flat(*m.lp2lp(a, b, w)), b, a, 1.3),
    "lp2hp": (lambda m, b, a, w: flat(*m.lp2hp(b, a, w)), b, a, 1.3),
    "lp2bp": (lambda m, b, a, w, q: flat(*m.lp2bp(b, a, w, q)), b, a, 1.3, 0.4),
    "lp2bs": (lambda m, b, a, w, q: flat(*m.lp2bs(b, a, w, q)), b, a, 1.3, 0.4),
    "bilinear": (lambda m, b, a, w: flat(*m.bilinear(b, a, num(w))), b, a, 1.3),
    **{
        n: (lambda m, v, q, k, w, n=n: flat(*getattr(m, n)(pair(v), poles(q), k, num(w))), v, -v, 1.3, 0.7)
        for n in ("lp2lp_zpk", "lp2hp_zpk", "bilinear_zpk")
    },
    **{
        n: (lambda m, v, q, k, w, y, n=n: flat(*getattr(m, n)(pair(v), poles(q), k, w, y)), v, -v, 1.3, 0.7, 0.4)
        for n in ("lp2bp_zpk", "lp2bs_zpk")
    },
    **{
        f"cont2discrete {how}": (
            lambda m, A, B, C, D, dt, how=how: flat(*m.cont2discrete((A, B, C, D), dt, how)),
            A,
            B,
            C,
            D,
            0.3,
        )
        for how in ("zoh", "foh", "bilinear", "euler", "backward_diff")
    },
    "cont2discrete gbt": (lambda m, A, dt, al: flat(*m.cont2discrete((A, B, C, D), dt, "gbt", al)), A, 0.3, 0.4),
    "cont2discrete impulse": (
        lambda m, A, B, C, dt: flat(*m.cont2discrete((A, B, C, 0 * D), dt, "impulse")),
        A,
        B,
        C,
        0.3,
    ),
    "cont2discrete tf": (lambda m, b, a, dt: flat(*m.cont2discrete((b, a), dt)), b, a, 0.3),
    "cont2discrete zpk": (
        lambda m, v, q, k, dt: flat(*m.cont2discrete((pair(v), poles(q), k), dt, "tustin")),
        v,
        -v,
        1.3,
        0.3,
    ),
    "residue": (lambda m, b, a: flat(*m.residue(b, a)), b, a),
    "residue and a polynomial": (lambda m, b, a: flat(*m.residue(a, b)), b, a),
    "iirnotch": (lambda m, w, q, f: flat(*m.iirnotch(w, q, num(f))), 60.0, 30.0, 300.0),
    "iirpeak": (lambda m, w, q, f: flat(*m.iirpeak(w, q, num(f))), 60.0, 30.0, 300.0),
    **{
        f"iircomb {k} {z}": (lambda m, q, k=k, z=z: flat(*m.iircomb(60.0, q, k, 300.0, pass_zero=z)), 30.0)
        for k in ("notch", "peak")
        for z in (True, False)
    },
    "freqs": (lambda m, b, a, w: flat(*m.freqs(b, a, w)), b, a, w),
    "freqs_zpk": (lambda m, v, k, w: flat(*m.freqs_zpk(pair(v), p, k, w)), v, 1.3, w),
    "freqz_zpk": (lambda m, v, k, w, f: flat(*m.freqz_zpk(pair(v), p, k, w, fs=num(f))), v, 1.3, w, 5.0),
    "freqz_sos": (
        lambda m, s, w: flat(*m.freqz_sos(np.concatenate([s[:, :3], np.ones((2, 1)), s[:, 4:]], axis=1), w)),
        SOS,
        w,
    ),
    "group_delay": (lambda m, b, a, w: flat(*m.group_delay((b, a), w)), b, a, w),
    "group_delay around": (lambda m, b, a: flat(*m.group_delay((b, a), 9, whole=True)), b, a),
    "savgol_coeffs": (lambda m, d: m.savgol_coeffs(5, 3, 2, d, use="dot"), 0.3),
    "czt": (lambda m, x: flat(m.czt(x, 5)), x),
    "czt by w and a": (lambda m, x, s, u: flat(m.czt(x, 7, np.exp(1j * s), u * np.exp(0.3j), axis=0)), img, 0.3, 1.1),
    "zoom_fft": (lambda m, x, f, s: flat(m.zoom_fft(x, f, 5, fs=s, endpoint=True)), x, np.array([0.3, 0.7]), 2.2),
    "zoom_fft from 0": (lambda m, x, f: flat(m.zoom_fft(x, f, axis=0)), img, 0.6),
    **{
        f"lombscargle {k} {fm}": (
            lambda m, t, x, w, wt, k=k, fm=fm: flat(m.lombscargle(t, x, w, normalize=k, weights=wt, floating_mean=fm)),
            t,
            x,
            w,
            wt,
        )
        for k in ("power", True, "amplitude")
        for fm in (False, True)
    },
    "lombscargle": (lambda m, t, x, w: m.lombscargle(t, x, w), t, x, w),
    "medfilt2d": (lambda m, x: m.medfilt2d(x, (3, 5)), img),
    "order_filter": (lambda m, x: m.order_filter(x, np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0.0]]), 1), img),
    "wiener": (lambda m, x: m.wiener(x, 3), img),
    "wiener by the noise": (lambda m, x, n: m.wiener(x, (3, 5), n), img, 0.6),
    "gausspulse": (
        lambda m, t, f, w, r: np.stack(m.gausspulse(t, f, w, r, retquad=True, retenv=True)),
        t / 9,
        3.0,
        0.5,
        -6.0,
    ),
    "gausspulse, cutoff": (lambda m, f, w, r, s: m.gausspulse("cutoff", f, w, r, s), 3.0, 0.5, -6.0, -60.0),
    "gausspulse alone": (lambda m, f: m.gausspulse(t / 9, f), 3.0),
    "kaiser": (lambda m, q: m.get_window(("kaiser", q), 9), 3.0),
    "kaiser by beta alone": (lambda m, q: m.get_window(q, 8, False), 3.0),
    "gaussian": (lambda m, q: m.get_window(("gaussian", q), 9, False), 3.0),
    "general_gaussian": (lambda m, q, s: m.get_window(("general_gaussian", q, s), 8), 1.6, 3.0),
    "general_hamming": (lambda m, q: m.get_window(("general_hamming", q), 9), 0.6),
    "tukey": (lambda m, q: m.get_window(("tukey", q), 9), 0.6),
    "tukey, symmetric": (lambda m, q: m.get_window(("tukey", q), 12, False), 0.63),
    "exponential": (lambda m, q: m.get_window(("exponential", None, q), 9), 3.0),
    "deconvolve": (lambda m, x, a: flat(*m.deconvolve(x, a)), x, a),
    **{n: (lambda m, x, n=n: getattr(m, n)(x), x) for n in ("cspline1d", "qspline1d")},
    "cspline1d, smoothed": (lambda m, x: m.cspline1d(x, 2.0), x),
    **{
        n: (lambda m, c, t, d, o, n=n: getattr(m, n)(c, t, d, o), x, 3 * t - 7.1, 0.9, 0.23)
        for n in ("cspline1d_eval", "qspline1d_eval")
    },
    "lfiltic": (lambda m, b, a, y, x: m.lfiltic(b, a, y, x), b, a, x[:3], x[3:5]),
    "lfiltic of outputs": (lambda m, b, a, y: m.lfiltic(a, b, y), b, a, x[:1]),
    "firls": (
        lambda m, g, d, q: m.firls(9, np.concatenate([[0.0], g, [1.0]]), d, weight=q),
        np.array([0.3, 0.4]),
        np.array([1.0, 0.9, 0.2, 0.1]),
        np.array([1.0, 2.0]),
    ),
    "firls by fs": (lambda m, d, f: m.firls(9, [0.0, 10, 15, 40], d, fs=num(f)), np.array([1.0, 0.9, 0.2, 0.1]), 100.0),
    "minimum_phase": (
        lambda m, h: m.minimum_phase(np.concatenate([h, [2.0], h[::-1]]), n_fft=256),
        np.array([0.1, 0.3, 0.7]),
    ),
    "minimum_phase of all": (
        lambda m, h: m.minimum_phase(np.concatenate([h, [2.0], h[::-1]]), half=False, n_fft=256),
        np.array([0.1, 0.3, 0.7]),
    ),
}


@pytest.mark.filterwarnings(
    "ignore::scipy.signal.BadCoefficients"
)  # of a numerator that has zeros in front, as SciPy's
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_beside_scipy(case: Any) -> None:
    f, *xs = case
    check_beside(f, signal, plain, *xs, rtol=1e-5)


def test_frequencies_that_scipy_chooses() -> None:
    """Half a decade beyond the roots, by their values."""
    for name, args in (("freqs", (b, a)), ("freqs_zpk", (pair(v), p, 1.3))):
        f = lambda m, k, name=name, args=args: flat(getattr(m, name)(k * args[0], *args[1:], 7)[1])  # noqa: E731
        truth = slopes(lambda k, f=f: f(plain, k), np.array(1.0))
        np.testing.assert_allclose(bb.jacfwd(lambda k, f=f: f(signal, k))(1.0), truth, rtol=1e-7, atol=1e-9)
        found = getattr(signal, name)(bb.Variable(args[0]), *args[1:], 7)[0]
        np.testing.assert_array_equal(found, getattr(plain, name)(*args, 7)[0])


def test_a_polynomial_of_equal_eigenvalues() -> None:
    """A double integrator: 1 / (s² - a s - b), where eigenvalues have no derivative."""
    num, den = bb.jacobian(lambda a: signal.ss2tf(a, [[0.0], [1.0]], [[1.0, 0.0]], [[0.0]]))(
        np.array([[0.0, 1.0], [0, 0]])
    )
    np.testing.assert_allclose(num, [[[[0, 0], [0, 0]], [[0, 0], [0, 0]], [[0, 1], [0, 0]]]], atol=1e-15)
    np.testing.assert_allclose(den, [[[0, 0], [0, 0]], [[-1, 0], [0, -1]], [[0, 0], [-1, 0]]], atol=1e-15)


def test_a_filter_designed_in_steps_is_the_filter() -> None:
    """butter by its prototype, moved, made digital, in sections: the same derivatives by the cutoff."""

    def steps(f: Any) -> Any:
        z, p, k = signal.lp2lp_zpk(*plain.buttap(4), wo=4.0 * np.tan(np.pi * f / 2))
        return signal.zpk2sos(*signal.bilinear_zpk(z, p, k, fs=2.0))

    for order in (bb.jacfwd, bb.jacrev, lambda g: bb.jacfwd(bb.jacrev(g))):
        expected = order(lambda f: signal.butter(4, f, output="sos"))(0.3)
        np.testing.assert_allclose(order(steps)(0.3), expected, rtol=1e-9, atol=1e-12)


def test_the_poles_of_a_notch_follow_its_quality() -> None:
    """To the slope of the notch's width, w0 / Q: compiled, too."""
    noisy = np.sin(np.arange(60.0))
    energy = lambda q: np.sum(signal.lfilter(*signal.iirnotch(0.3, q), noisy) ** 2)  # noqa: E731
    truth = slopes(lambda q: np.sum(plain.lfilter(*plain.iirnotch(0.3, q), noisy) ** 2), np.array(5.0))
    np.testing.assert_allclose(bb.compile(bb.grad(energy))(5.0), truth, rtol=1e-7)


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "equal poles": (lambda s: signal.residue([s], [1.0, 2.0, 1.0])[0], bb.NoDerivativeError, "poles are equal"),
    "the length of a comb": (lambda s: signal.iircomb(s, 30.0), bb.NoDerivativeError, "differentiate by Q"),
    "a notch": (lambda s: signal.iirnotch(3.0 * s, 30.0), ValueError, "between 0 and fs/2"),
    "a window": (lambda s: signal.get_window(("chebwin", s), 9), bb.NoDerivativeError, "by their parameters there are"),
    "the root of a gain": (
        lambda s: signal.minimum_phase(s * np.array([0.1, 0.5, 0.1]), "hilbert"), bb.NoDerivativeError, "homomorphic"
    ),
    "a plot": (lambda s: signal.freqs([s], [1.0, 1.0], plot=print), bb.NoDerivativeError, "nothing is plotted"),
    "improper": (lambda s: signal.tf2ss([s, 1.0, 1.0], [1.0, 2.0]), ValueError, "Improper"),
    "frequencies in a batch": (
        lambda s: bb.vmap(lambda c: signal.freqs([c], [1.0, c], 5)[1])(s * np.ones(2)), bb.NoDerivativeError, "inside vmap"
    ),
    "a method": (lambda s: signal.cont2discrete((A * s, B, C, D), 0.1, "other"), ValueError, "Unknown transformation"),
    "centering": (lambda s: signal.lombscargle(t * s, x, w, precenter=True), bb.NoDerivativeError, "deprecated"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused(case: Any) -> None:
    f, error, message = case
    with pytest.raises(error, match=message):
        bb.jvp(f, (1.0,), (1.0,))
