"""Designs of filters: SciPy's coefficients, and their slopes by the frequencies, by differences of SciPy's and in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.scipy.agreement import check_beside, slopes

plain = pytest.importorskip("scipy.signal")
from bibun.scipy import signal  # noqa: E402

EDGES = {"low": 0.3, "high": 0.4, "bandpass": [0.2, 0.5], "bandstop": [0.25, 0.6]}
SETTINGS: dict[str, tuple[float, ...]] = {
    "butter": (),
    "cheby1": (1.0,),
    "cheby2": (40.0,),
    "ellip": (1.0, 40.0),
    "bessel": (),
}


@pytest.mark.parametrize("analog", [False, True])
@pytest.mark.parametrize("output", ["ba", "zpk", "sos"])
@pytest.mark.parametrize("kind", EDGES)
@pytest.mark.parametrize("name", SETTINGS)
def test_recursive_filters(name: str, kind: str, output: str, analog: bool) -> None:
    for order in (1, 2, 5):
        x = np.asarray(EDGES[kind])

        def parts(module: Any, x: Any, order: int = order) -> list[Any]:
            found = getattr(module, name)(order, *SETTINGS[name], x, btype=kind, analog=analog, output=output)
            found = list(found) if isinstance(found, tuple) else [found]
            return [f(part) for part in found for f in (np.real, np.imag)]

        for k, theirs in enumerate(parts(plain, x)):
            value, tangent = bb.jvp(lambda x, k=k: parts(signal, x)[k], (x,), (np.ones_like(x),))
            np.testing.assert_allclose(value, theirs, rtol=1e-9, atol=1e-12)
            truth = slopes(lambda x, k=k: parts(plain, x)[k], x)
            along = np.sum(truth, axis=-1) if x.ndim else truth
            np.testing.assert_allclose(
                tangent, along, rtol=1e-6, atol=1e-6 * max(1.0, np.max(np.abs(truth), initial=0))
            )


KINDS: dict[str, tuple[dict[str, Any], Callable[..., Any]]] = {  # by the name of a kind, and by its own function
    "butter": ({}, signal.butter),
    "Chebyshev1": ({"rp": 1.0}, lambda n, w, **to: signal.cheby1(n, 1.0, w, **to)),
    "cheby2": ({"rs": 40.0}, lambda n, w, **to: signal.cheby2(n, 40.0, w, **to)),
    "elliptic": ({"rp": 1.0, "rs": 40.0}, lambda n, w, **to: signal.ellip(n, 1.0, 40.0, w, **to)),
    "bessel_mag": ({}, lambda n, w, **to: signal.bessel(n, w, norm="mag", **to)),
}


@pytest.mark.parametrize("name", KINDS)
def test_recursive_filters_by_name(name: str) -> None:
    given, own = KINDS[name]
    for edges, more in (
        (np.array([0.2, 0.5]), {}),
        (np.array(30.0), {"btype": "low", "fs": 100.0}),
        (np.array(2.0), {"analog": True, "btype": "high"}),
    ):
        f = lambda w, more=more: np.concatenate(signal.iirfilter(3, w, **given, ftype=name, **more))  # noqa: E731
        theirs = lambda w, more=more: np.concatenate(plain.iirfilter(3, w, **given, ftype=name, **more))  # noqa: E731
        y, tangent = bb.jvp(f, (edges,), (np.ones_like(edges),))
        np.testing.assert_allclose(y, theirs(edges), rtol=1e-9, atol=1e-12)
        truth = slopes(theirs, edges, 1e-4 * np.max(edges))
        np.testing.assert_allclose(bb.jacrev(f)(edges), truth, rtol=1e-6, atol=1e-6 * np.max(np.abs(truth)))
        single = lambda w, more=more: np.concatenate(own(3, w, **({"btype": "band"} | more)))  # noqa: E731
        np.testing.assert_allclose(tangent, bb.jvp(single, (edges,), (np.ones_like(edges),))[1], rtol=1e-10)
    with pytest.raises(ValueError, match="not a valid basic IIR filter"):
        bb.grad(lambda w: signal.iirfilter(2, w, btype="low", ftype="other")[0][0])(0.3)
    with pytest.raises(bb.NoDerivativeError, match="rp is for plain numbers"):
        bb.grad(lambda r: signal.iirfilter(2, 0.3, r, btype="low", ftype="cheby1")[0][0])(1.0)


BANDS: list[tuple[int, Any, Any]] = [
    (21, True, 0.3), (8, "lowpass", 0.3), (9, "highpass", 0.3), (9, "bandpass", [0.2, 0.5]), (9, "bandstop", [0.2, 0.5]),
    (8, True, [0.2, 0.4, 0.6]), (9, False, [0.2, 0.4, 0.6]),
]  # fmt: skip
MORE: list[dict[str, Any]] = [{}, {"scale": False}, {"width": 0.1}, {"window": ("kaiser", 4.0)}]


@pytest.mark.parametrize("more", MORE, ids=str)
@pytest.mark.parametrize("band", BANDS, ids=str)
def test_filters_of_finite_length(band: tuple[int, Any, Any], more: dict[str, Any]) -> None:
    length, passes, cutoff = band
    check_beside(lambda m, x: m.firwin(length, x, pass_zero=passes, **more), signal, plain, np.asarray(cutoff))


GAINS = {
    (9, False): [1.0, 1.0, 0.2, 0.5], (8, False): [1.0, 1.0, 0.3, 0.0], (9, True): [0.0, 1.0, 0.5, 0.0],
    (8, True): [0.0, 1.0, 0.5, 0.3],
}  # fmt: skip


@pytest.mark.parametrize("kind", GAINS, ids=str)
def test_filters_by_their_gains(kind: tuple[int, bool]) -> None:
    """A gain is linear in the values between the ends; by the frequencies, not at one of the mesh."""
    (length, turned), gains = kind, GAINS[kind]

    def f(m: Any, gain: Any, freq: Any, window: Any = "hamming") -> Any:
        whole = np.concatenate([gains[:1], gain, gains[3:]])
        return m.firwin2(length, np.concatenate([[0.0], freq, [1.0]]), whole, antisymmetric=turned, window=window)

    check_beside(f, signal, plain, np.array(gains[1:3]), np.array([0.31, 0.62]))
    check_beside(lambda m, g: f(m, g, [0.31, 0.31], None), signal, plain, np.array(gains[1:3]))  # a step


def test_a_filter_of_one_pole_in_closed_form() -> None:
    """b = t / (1 + t) (1, 1), a = (1, (t - 1) / (t + 1)), t = tan(π f / fs): by f, by fs, nested."""

    def truth(f: Any, fs: Any) -> Any:
        t = np.tan(np.pi * f / fs)
        return np.stack([t / (1 + t), t / (1 + t), 1.0 + 0 * t, (t - 1) / (t + 1)])

    def found(f: Any, fs: Any) -> Any:
        return np.concatenate(signal.butter(1, f, fs=fs))

    for k in (0, 1):
        for order in (bb.jacfwd, bb.jacrev, lambda g, argnums: bb.jacfwd(bb.jacrev(g, argnums), argnums)):
            expected = order(truth, argnums=k)(13.0, 100.0)
            np.testing.assert_allclose(order(found, argnums=k)(13.0, 100.0), expected, rtol=1e-12, atol=1e-15)


CUT: dict[str, Callable[[Any], Any]] = {
    "sections": lambda w: signal.sosfilt(signal.butter(5, w, output="sos"), np.sin(np.arange(40.0) ** 1.3)),
    "polynomials": lambda w: signal.lfilter(*signal.butter(3, [w, w + 0.2], "bandpass"), np.sin(np.arange(40.0) ** 1.3)),
    "taps": lambda w: np.convolve(signal.firwin(15, w), np.sin(np.arange(40.0) ** 1.3)),
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_a_signal_by_the_cutoff_of_its_filter(name: str) -> None:
    def energy(w: Any) -> Any:
        return np.sum(CUT[name](w) ** 2)

    found = bb.grad(energy)(0.3)
    np.testing.assert_allclose(found, (energy(0.3 + 1e-6) - energy(0.3 - 1e-6)) / 2e-6, rtol=1e-6)
    np.testing.assert_allclose(bb.vmap(bb.grad(energy))(np.array([0.3, 0.5])), [found, bb.grad(energy)(0.5)], rtol=1e-9)
    compiled = bb.compile(bb.grad(energy))
    for w in (0.3, 0.5, 0.3):
        np.testing.assert_allclose(compiled(w), bb.grad(energy)(w), rtol=1e-9)


def test_what_designs_refuse() -> None:
    w = bb.Variable(np.array(0.3))
    for call, message in (
        (lambda: signal.firwin(8, w * 5), "greater than 0 and less than fs/2"),
        (lambda: signal.firwin(8, w, pass_zero=False), "even number of coefficients"),
        (lambda: signal.firwin(9, np.stack([w, w])), "strictly increasing"),
        (lambda: signal.firwin(9, w, pass_zero="bandpass"), "as many elements"),
        (lambda: signal.butter(2, -w), "greater than 0"),
        (lambda: signal.butter(2, w, btype="bandpass"), "two frequencies"),
        (lambda: signal.butter(2, w, btype="middle"), "invalid bandtype"),
        (lambda: signal.butter(2, np.stack([w, w / 2]), "bandstop"), "less than"),
        (lambda: signal.firwin2(9, [0, 0.5, 1.0], np.stack([w, w])), "same length"),
        (lambda: signal.firwin2(8, [0, 0.5, 1.0], np.stack([w, w, w])), "zero gain"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(bb.NoDerivativeError, match="rp is for plain numbers"):
        signal.cheby1(2, w, 0.3)
    with pytest.raises(bb.NoDerivativeError, match="window is for plain numbers"):
        signal.firwin(9, 0.3, window=("kaiser", w))
