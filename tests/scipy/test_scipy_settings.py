"""Settings that are traced: those that steer a method give their values, those that the result depends on have derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

scipy = pytest.importorskip("scipy")


import bibun.scipy as rooms  # noqa: E402
from tests.scipy.agreement import slopes  # noqa: E402

T = np.linspace(0.0, 1.0, 9)
Y = np.sin(5 * T)
IMAGE = np.cos(np.arange(20.0)).reshape(4, 5)
KERNEL = np.array([[0.2, 1.0, -0.3], [0.5, 2.0, 0.1]])


def decay(a: Any) -> dict[str, Any]:
    return {"fun": lambda t, y: -a * y, "t_span": (0.0, 1.0), "y0": np.ones(1), "rtol": 1e-9, "atol": 1e-12}


def minimum(m: Any, a: Any, s: Any, **settings: Any) -> Any:
    return m.optimize.minimize(lambda x: np.sum((x - a) ** 4 + (x - a) ** 2), [0.1], **settings).x[0]


# f(module, a, s): a is what is differentiated by, and s the same number where it is a setting
STEERING: dict[str, tuple[Callable[[Any, Any, Any], Any], Callable[[float], float]]] = {
    "quad points": (
        lambda m, a, s: m.integrate.quad(lambda t: np.abs(t - a), 0, 1, points=[s])[0],
        lambda a: 2 * a - 1,
    ),
    "quad tolerances": (lambda m, a, s: m.integrate.quad(lambda t: a * t, 0, 1, epsabs=s, epsrel=s)[0], lambda a: 0.5),
    "quad_vec": (lambda m, a, s: m.integrate.quad_vec(lambda t: a * t, 0, 1, epsabs=s)[0], lambda a: 0.5),
    "nquad": (
        lambda m, a, s: m.integrate.nquad(lambda t: np.abs(t - a), [[0, 1]], opts=[{"points": [s]}])[0],
        lambda a: 2 * a - 1,
    ),
    "max_step": (
        lambda m, a, s: m.integrate.solve_ivp(**decay(a), max_step=s, first_step=s / 10).y[0, -1],
        lambda a: -np.exp(-a),
    ),
    "odeint": (
        lambda m, a, s: m.integrate.odeint(lambda y, t: -a * y, [1.0], [0.0, 1.0], rtol=s * 1e-9, hmax=s)[-1, 0],
        lambda a: -np.exp(-a),
    ),
    "solve_bvp": (
        lambda m, a, s: m.integrate.solve_bvp(
            lambda t, y: np.stack([y[1], 0 * y[0]]),
            lambda p, q: np.stack([p[0], q[0] - a]),
            T,
            np.zeros((2, 9)),
            tol=s * 1e-6,
        ).y[0, -1],
        lambda a: 1.0,
    ),
    "root": (
        lambda m, a, s: m.optimize.root(lambda x: x**3 - a, [0.5], tol=s * 1e-9).x[0],
        lambda a: a ** (-2 / 3) / 3,
    ),
    "fsolve": (
        lambda m, a, s: m.optimize.fsolve(lambda x: x**3 - a, [0.5], xtol=s * 1e-9)[0],
        lambda a: a ** (-2 / 3) / 3,
    ),
    "brentq": (lambda m, a, s: m.optimize.brentq(lambda x: x**3 - a, 0, 2, xtol=s * 1e-9), lambda a: a ** (-2 / 3) / 3),
    "root_scalar": (
        lambda m, a, s: m.optimize.root_scalar(lambda x: x**3 - a, bracket=(0, 2), xtol=s * 1e-9).root,
        lambda a: a ** (-2 / 3) / 3,
    ),
    "newton": (lambda m, a, s: m.optimize.newton(lambda x: x**3 - a, 0.9, tol=s * 1e-9), lambda a: a ** (-2 / 3) / 3),
    "fixed_point": (lambda m, a, s: m.optimize.fixed_point(lambda x: a + x / 2, 0.9, xtol=s * 1e-9), lambda a: 2.0),
    "minimize": (lambda m, a, s: minimum(m, a, s, tol=s * 1e-9, options={"gtol": s * 1e-9}), lambda a: 1.0),
    "minimize_scalar": (
        lambda m, a, s: m.optimize.minimize_scalar(lambda x: (x - a) ** 2 + (x - a) ** 4, tol=s * 1e-9).x,
        lambda a: 1.0,
    ),
    "least_squares": (
        lambda m, a, s: m.optimize.least_squares(lambda x: x - a, [0.1], x_scale=[s], ftol=s * 1e-9).x[0],
        lambda a: 1.0,
    ),
    "curve_fit": (
        lambda m, a, s: m.optimize.curve_fit(lambda t, k: k * t, T, a * T, ftol=s * 1e-9)[0][0],
        lambda a: 1.0,
    ),
    "lsq_linear": (lambda m, a, s: m.optimize.lsq_linear(np.eye(2), np.ones(2) * a, tol=s * 1e-9).x[0], lambda a: 1.0),
    "trim_mean": (lambda m, a, s: m.stats.trim_mean(a * T, s), lambda a: 0.5),
}


@pytest.mark.parametrize(("f", "truth"), STEERING.values(), ids=STEERING.keys())
def test_what_steers_a_method_has_no_influence(f: Any, truth: Any) -> None:
    """The derivative is that of the solution, with the setting traced too."""
    for slope in (bb.grad(lambda a: f(rooms, a, a))(0.4), bb.jvp(lambda a: f(rooms, a, a), (0.4,), (1.0,))[1]):
        np.testing.assert_allclose(slope, truth(0.4), rtol=1e-6)


def test_points_along_a_batch() -> None:
    """All entries share the method, which divides the interval wherever one of them says."""
    a = np.array([0.2, 0.4, 0.7])
    f = lambda a: rooms.integrate.quad(lambda t: np.abs(t - a), 0, 1, points=[a])[0]  # noqa: E731
    np.testing.assert_allclose(bb.vmap(f)(a), a**2 - a + 0.5, rtol=1e-12)
    np.testing.assert_allclose(bb.vmap(bb.grad(f))(a), 2 * a - 1, rtol=1e-12)
    with pytest.raises(bb.NoDerivativeError, match="quad: inside vmap epsabs is another number for each entry"):
        bb.vmap(lambda a: rooms.integrate.quad(np.sin, 0, 1, epsabs=a)[0])(a)


def curve_fit(m: Any, a: Any = 1.0, s: Any = 0.4) -> Any:
    """A line by a loss that outliers hardly move."""
    settings = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    return m.optimize.curve_fit(
        lambda t, p, q: p * t + q, T, a * Y + T**2, [1.0, 0.0], method="trf", loss="soft_l1", f_scale=s, **settings
    )


COUNTING: dict[str, Callable[[Any, Any], Any]] = {
    "f_scale": lambda m, s: (
        m.optimize.least_squares(
            lambda x: x[0] * T - Y, [0.1], loss="soft_l1", f_scale=s, xtol=1e-15, ftol=1e-15, gtol=1e-15
        ).x
    ),
    "f_scale of curve_fit": lambda m, s: curve_fit(m, s=s)[0],
    "f_scale, covariance": lambda m, s: curve_fit(m, s=s)[1],
    "data beside a loss": lambda m, a: curve_fit(m, a=a)[0],
    "data beside a loss, covariance": lambda m, a: curve_fit(m, a=a)[1],
    "savgol delta": lambda m, s: m.signal.savgol_filter(Y, 5, 3, deriv=2, delta=s),
    "savgol delta, constant": lambda m, s: m.signal.savgol_filter(Y, 5, 3, deriv=1, delta=s, mode="constant", cval=s),
    "welch": lambda m, s: np.stack(m.signal.welch(Y, fs=s, nperseg=4)),
    "periodogram": lambda m, s: np.stack(m.signal.periodogram(Y, fs=s)),
    "csd": lambda m, s: np.stack(m.signal.csd(Y, Y[::-1], fs=s, nperseg=4)),
    "stft": lambda m, s: np.abs(m.signal.stft(Y, fs=s, nperseg=4, scaling="psd")[2]),
    "times of stft": lambda m, s: m.signal.stft(Y, fs=s, nperseg=4)[1],
    "spectrogram": lambda m, s: m.signal.spectrogram(Y, fs=s, nperseg=4)[2],
    "fillvalue": lambda m, s: m.signal.convolve2d(IMAGE, KERNEL, fillvalue=s),
    "fillvalue of correlate2d": lambda m, s: m.signal.correlate2d(IMAGE, KERNEL, mode="same", fillvalue=s),
    "upfirdn": lambda m, s: m.signal.upfirdn(KERNEL[0], Y, 2, 1, cval=s),
    "convolve": lambda m, s: m.ndimage.convolve(IMAGE, KERNEL, mode="constant", cval=s),
    "gaussian_filter": lambda m, s: m.ndimage.gaussian_filter(IMAGE, 0.8, mode="constant", cval=s),
    "sobel": lambda m, s: m.ndimage.sobel(IMAGE, mode="constant", cval=s),
    "uniform_filter": lambda m, s: m.ndimage.uniform_filter(IMAGE, 3, mode="constant", cval=s),
    "maximum_filter": lambda m, s: m.ndimage.maximum_filter(IMAGE, 3, mode="constant", cval=s),
    "shift": lambda m, s: m.ndimage.shift(IMAGE, 1.3, mode="grid-constant", cval=s),
    "map_coordinates": lambda m, s: m.ndimage.map_coordinates(IMAGE, np.array([[-0.5, 1.2], [0.3, 9.0]]), cval=s),
}


@pytest.mark.parametrize("f", COUNTING.values(), ids=COUNTING.keys())
def test_what_the_result_depends_on_has_a_derivative(f: Any) -> None:
    s = np.array(0.4)
    truth = slopes(lambda s: np.asarray(f(scipy, float(s))), s)
    value, tangent = bb.jvp(lambda s: f(rooms, s), (s,), (np.array(1.0),))
    np.testing.assert_allclose(value, f(scipy, 0.4), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tangent, truth, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(bb.jacrev(lambda s: f(rooms, s))(s), tangent, rtol=1e-10, atol=1e-12)


def test_a_loss_of_the_users_own() -> None:
    """Of plain data the fit is SciPy's; a derivative is refused, since the loss gives its own as plain numbers."""

    def loss(z: Any) -> Any:
        return np.stack([np.log1p(z), 1 / (1 + z), -1 / (1 + z) ** 2])

    def fit(m: Any, y: Any) -> Any:
        return m.optimize.curve_fit(lambda t, p: p * t, T, y, loss=loss, method="trf")[0]

    for bounds in ((-np.inf, np.inf), (-9.0, 9.0)):
        arguments = (lambda p: p * T - Y, [0.1], "2-point", bounds)
        found = rooms.optimize.least_squares(*arguments, loss=loss)
        np.testing.assert_allclose(found.x, scipy.optimize.least_squares(*arguments, loss=loss).x, rtol=1e-4)
    np.testing.assert_allclose(fit(rooms, Y), fit(scipy, Y), rtol=1e-4)
    with pytest.raises(bb.NoDerivativeError, match="a loss of your own"):
        bb.jvp(lambda y: fit(rooms, y), (Y,), (Y,))
