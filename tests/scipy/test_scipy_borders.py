"""Where SciPy's functions have cases of their own: zeros, one sample, one frequency, labels that are missing, and few bits."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.scipy.agreement import slopes

scipy = pytest.importorskip("scipy")  # its modules are imported when they are asked for
import bibun.scipy as ours  # noqa: E402
from bibun.scipy import integrate, interpolate, linalg, ndimage, optimize, signal  # noqa: E402

t, y = np.arange(8.0), np.array([1.0, 3, 2, 5, 0, 1, 4, 2])
w = 2 * np.pi / 8 * np.array([1.0, 2, 3])
x, lab = np.array([1.0, 1, 2, 3, 5, 8]), np.array([1, 1, 2, 3, 3, 0])
f4 = np.float32


def traced(f: Any, x: Any) -> Any:
    """f of a traced x: its value."""
    return bb.jvp(f, (x,), (np.ones_like(x),))[0]


# ---- frequencies


@pytest.mark.parametrize("floating_mean", [False, True])
@pytest.mark.parametrize("how", ["power", "normalize"])
def test_lombscargle_at_the_frequencies_of_fourier(how: str, floating_mean: bool) -> None:
    """By the frequencies, the times and the weights: beside the differences of SciPy's."""

    def f(m: Any, t: Any, w: Any, weights: Any) -> Any:
        return m.lombscargle(t, y, w, weights=weights, normalize=how, floating_mean=floating_mean)

    xs = (t, w, np.ones(8))
    for k in range(3):
        at = [lambda v, m=m, k=k: f(m, *xs[:k], v, *xs[k + 1 :]) for m in (signal, scipy.signal)]
        truth = slopes(at[1], xs[k])
        np.testing.assert_allclose(bb.jacrev(at[0])(xs[k]), truth, rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(bb.jacfwd(at[0])(xs[k]), truth, rtol=1e-7, atol=1e-7)


def test_lombscargle_where_sine_and_cosine_are_one() -> None:
    frequencies = np.array([0.0, 0.3, np.pi])
    for floating_mean in (False, True):
        settings = {"floating_mean": floating_mean}
        found = bb.jacobian(lambda y: signal.lombscargle(t, y, frequencies, **settings))(y)
        truth = slopes(lambda y: scipy.signal.lombscargle(t, y, frequencies, **settings), y)
        np.testing.assert_allclose(found, truth, atol=1e-7)
    with pytest.raises(bb.DerivativeValueError, match="lombscargle: .*jumps"):
        bb.jacobian(lambda w: signal.lombscargle(t, y, w))(frequencies)
    with pytest.raises(ValueError, match="non-negative"):
        traced(lambda y: signal.lombscargle(t, y, w, weights=-t), y)
    assert traced(lambda w: signal.lombscargle(t, y, w), w[:1]).shape == scipy.signal.lombscargle(t, y, w[:1]).shape


@pytest.mark.parametrize("places", [0.7, np.float64(0.7), 3.0, 3, np.array([1, 2])])
@pytest.mark.parametrize(
    "f",
    [
        lambda m, b, w: m.freqs(b, [1.0, 3], w),
        lambda m, b, w: m.freqs_zpk(b, [1.5, 3], 1.0, w),
        lambda m, b, w: m.freqz(b, [1.0, 3], w),
        lambda m, b, w: m.freqz(b, 1, w),
        lambda m, b, w: m.freqz_zpk(b, [1.5, 3], 1.0, w),
        lambda m, b, w: m.group_delay((b, [1.0, 3]), w),
        lambda m, b, w: m.sosfreqz(np.concatenate([b, [3.0, 1, 2, 3]])[None], w),
    ],
)
def test_one_frequency(f: Any, places: Any) -> None:
    b = np.array([1.0, 2])
    for k in range(2):
        truth = f(scipy.signal, b, places)[k]
        found = traced(lambda b, k=k: f(signal, b, places)[k], b) if k else f(signal, bb.Variable(b), places)[k]
        np.testing.assert_allclose(found, truth, rtol=1e-13)
        assert (found.dtype, found.shape) == (truth.dtype, truth.shape)


# ---- leading zeros


@pytest.mark.parametrize(
    "f",
    [
        lambda m, k: m.bilinear(np.stack([k, 2.0, 1.0]), [0.05, 1, 0], 100.0)[0],
        lambda m, k: m.bilinear([1.0, 2, 1], np.stack([k, 2.0, 1.0]), 100.0)[1],
        lambda m, k: np.reshape(m.tf2ss(np.stack([k, 1.0]), [1.0, 2])[2], -1),
        lambda m, k: np.reshape(m.tf2ss(np.stack([k, 1.0]), [1.0, 2])[3], -1),
        lambda m, k: np.reshape(m.cont2discrete((np.stack([k, 1.0]), [1.0, 2]), 0.1)[0], -1),
        lambda m, k: m.residue(np.stack([k, 1.0]), [1.0, 3, 2])[0],
        lambda m, k: m.residue(np.stack([1.0, 3 + k, 4.0]), [1.0, 3, 2])[0],
        lambda m, k: m.lp2hp(np.stack([k, 1.0]), [1.0, 2], 3.0)[0],
        lambda m, k: m.lp2bs(np.stack([k, 1.0]), [1.0, 2], 3.0)[0],
    ],
)
def test_a_leading_coefficient_that_is_zero(f: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth, value = slopes(lambda k: f(scipy.signal, k), np.zeros(()), 1e-5), f(scipy.signal, 0.0)
    np.testing.assert_allclose(traced(lambda k: f(signal, k), np.zeros(())), value, rtol=1e-11, atol=1e-12)
    for jacobian in (bb.jacfwd, bb.jacrev):
        np.testing.assert_allclose(jacobian(lambda k: f(signal, k))(0.0), truth, rtol=1e-7, atol=1e-7)


def test_the_state_of_a_filter_without_leading_zeros() -> None:
    b, a = np.array([1.0, 1, 1]), [0.0, 1.0, 0.3]
    found = bb.jacobian(lambda b: signal.lfilter_zi(b, a))(b)
    np.testing.assert_allclose(found, slopes(lambda b: scipy.signal.lfilter_zi(b, a), b), atol=1e-9)


def test_shapes_that_differ_along_a_batch() -> None:
    first = np.array([0.0, 1.0])
    with pytest.raises(bb.DerivativeValueError, match="leading zeros"):
        bb.vmap(lambda k: signal.normalize(np.stack([k, 1.0]), [1.0, 2])[0])(first)
    found = bb.vmap(lambda k: signal.bilinear(np.stack([k, 1.0]), [1.0, 2])[0])(first)
    np.testing.assert_allclose(found, [scipy.signal.bilinear([k, 1.0], [1.0, 2])[0] for k in first], rtol=1e-14)


# ---- windows


@pytest.mark.parametrize("fftbins", [True, False])
@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize(
    "window",
    [("tukey", -1.0), ("tukey", 0.0), ("tukey", 0.4), ("tukey", 1.0), ("tukey", 2.0), ("gaussian", 2.0), ("kaiser", 3.0),
     ("general_hamming", 0.3), ("exponential", None, 2.0)],
)  # fmt: skip
def test_windows(window: Any, n: int, fftbins: bool) -> None:
    *first, last = window
    found, tangent = bb.jvp(lambda p: signal.get_window((*first, p), n, fftbins), (last,), (1.0,))
    np.testing.assert_allclose(
        bb.grad(lambda p: signal.get_window((*first, p), n, fftbins)[-1])(last), tangent[-1], atol=1e-15
    )
    np.testing.assert_allclose(found, scipy.signal.get_window(window, n, fftbins), atol=1e-14)
    if window != ("tukey", 0.0) and window != ("tukey", 1.0):  # there are corners
        truth = slopes(lambda p: scipy.signal.get_window((*first, float(p)), n, fftbins), np.asarray(last))
        np.testing.assert_allclose(tangent, truth, atol=1e-8)


# ---- what SciPy refuses


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda m, s: m.signal.get_window(("exponential", 0.3, s), 5, False), "center must be None"),
        (lambda m, s: m.signal.get_window(("tukey", s), 0), "Nx=0"),
        (lambda m, s: m.signal.cspline1d(s * np.ones((3, 3))), "one axis"),
        (lambda m, s: m.signal.qspline1d(s * np.ones((3, 3))), "one axis"),
        (lambda m, s: m.signal.czt(s * x, 0), "output points"),
        (lambda m, s: m.signal.zoom_fft(s * x, 1.0, 0), "output points"),
        (lambda m, s: m.signal.medfilt2d(s * x), "two axes"),
        (lambda m, s: m.signal.deconvolve(s * x, [0.0, 1.0]), r"a\[0\]"),
        (lambda m, s: m.signal.lfilter([1.0], [0.0, 1.0], s * x), r"a\[0\]"),
        (lambda m, s: m.signal.lp2bs(s * np.ones(1), [0.0]), "nonzero element"),
        (lambda m, s: m.signal.normalize(s * np.ones(1), [0.0]), "nonzero element"),
        (lambda m, s: m.ndimage.labeled_comprehension(s * x, lab > 0, [1, 2], np.sum, float, -1), "must hold labels"),
        (lambda m, s: m.ndimage.labeled_comprehension(s * x, lab, [1.5], np.sum, float, -1), "must hold labels"),
        (lambda m, s: m.ndimage.labeled_comprehension(s * x, lab, [], np.sum, float, -1), "must hold labels"),
        (lambda m, s: m.ndimage.labeled_comprehension(s * x, None, 1, np.sum, float, -1), "without defined labels"),
    ],
)
def test_what_scipy_refuses(f: Any, message: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # its messages are of its versions
        f(scipy, 1.5)
    with pytest.raises(ValueError, match=message):
        traced(lambda s: np.sum(as_one(f(ours, s))), 1.5)


def as_one(found: Any) -> Any:
    """The first array of several."""
    return found[0] if isinstance(found, tuple) else found


# ---- regions


def test_regions_of_one_pixel_have_a_spread_of_zero() -> None:
    found = bb.grad(lambda x: np.sum(ndimage.standard_deviation(x, lab, [1, 2, 3])))(x)
    np.testing.assert_allclose(found, [0, 0, 0, -0.5, 0.5, 0])


@pytest.mark.parametrize(
    "name", ["sum", "sum_labels", "mean", "variance", "standard_deviation", "minimum", "maximum", "median"]
)
@pytest.mark.parametrize(
    "of", [(lab, []), (lab, [1, 3]), (lab, np.array([[1], [3]])), (None, [1, 2]), (lab, 3), (lab, [1, 9])]
)
def test_regions(name: str, of: Any) -> None:
    if name == "median" and np.shape(of[1]) == (2,) and of[1][1] == 9:
        pytest.skip("of a label that is missing SciPy has the median of another region")
    image = x.astype(f4)
    with np.errstate(all="ignore"):
        truth = getattr(scipy.ndimage, name)(image, *of)
        found = traced(lambda x: getattr(ndimage, name)(x, *of), image)
    np.testing.assert_allclose(found, truth, rtol=1e-6)
    assert found.dtype == truth.dtype
    assert found.shape == truth.shape


@pytest.mark.parametrize(
    "of", [(lab, np.array([[1, 2], [3, 1]])), (lab, [1, 3]), (lab, [2]), (lab, 2), (lab,), (None, [1, 2]), (lab, [])]
)
def test_centers_of_mass(of: Any) -> None:
    image = np.stack([x, x[::-1]])
    of = tuple(np.stack([o, o]) if o is lab else o for o in of)
    truth, found = scipy.ndimage.center_of_mass(image, *of), ndimage.center_of_mass(bb.Variable(image), *of)
    assert type(found) is type(truth)
    assert len(found) == len(truth)
    for mine, theirs in zip(found, truth, strict=True):
        assert isinstance(mine, tuple) == isinstance(theirs, tuple)
        places = np.stack(mine) if isinstance(mine, tuple) else mine
        np.testing.assert_allclose(places.data, np.asarray(theirs), rtol=1e-14)


@pytest.mark.parametrize("dtype", [None, f4, float])
@pytest.mark.parametrize("index", [None, 1, 9, [1, 9], [3, 2]])
def test_comprehensions(index: Any, dtype: Any) -> None:
    def mean(x: Any) -> Any:
        assert x.size  # it is not called for a region that has no entry
        return np.mean(x)

    truth = scipy.ndimage.labeled_comprehension(x, lab, index, mean, dtype, -1)
    found = traced(lambda x: ndimage.labeled_comprehension(x, lab, index, mean, dtype, -1), x)
    np.testing.assert_allclose(found, truth)
    assert found.dtype == truth.dtype
    assert found.shape == truth.shape


@pytest.mark.parametrize("size", [0.0, -1.0, 2.0, (0.0, 1.5), (1.5, 0.0)])
def test_boxes_of_no_width(size: Any) -> None:
    image = np.ones((4, 5))
    np.testing.assert_allclose(
        traced(lambda x: ndimage.fourier_uniform(x, size), image),
        scipy.ndimage.fourier_uniform(image, size),
        atol=1e-15,
    )


# ---- matrices


def test_functions_of_matrices_with_few_eigenvectors() -> None:
    for gap in (1e-6, 0.0):
        with pytest.raises(bb.DerivativeValueError, match="funm: the eigenvectors are nearly dependent"):
            bb.grad(lambda a: np.sum(linalg.funm(a, np.exp)))(np.array([[1.0, 1.0], [0.0, 1.0 + gap]]))
    for gap in (3e-3, 0.03, 1.0):
        a = np.array([[1.0, 1.0], [0.0, 1.0 + gap]])
        found, truth = (
            bb.grad(lambda a, f=f: np.sum(f(a)))(a) for f in (lambda a: linalg.funm(a, np.exp), linalg.expm)
        )
        np.testing.assert_allclose(found, truth, rtol=1e-7)


# ---- minima and fits


@pytest.mark.parametrize(
    ("values", "weights"),
    [([1.0, 3, 2, 4], [1e12, 1.0, 1.0, 1e-6]), ([-1e16, 1.0, 2, 3], None), ([3.0, 1, 2, 0], None)],
)
def test_blocks_of_very_different_sizes(values: Any, weights: Any) -> None:
    truth = scipy.optimize.isotonic_regression(values, weights=weights)
    found = optimize.isotonic_regression(bb.Variable(np.array(values)), weights=weights)
    np.testing.assert_allclose(found.x.data, truth.x, rtol=1e-14)
    np.testing.assert_allclose(found.weights, truth.weights, rtol=1e-14)
    slope = bb.jacobian(lambda y: optimize.isotonic_regression(y, weights=weights).x)(np.array(values))
    w = np.ones(4) if weights is None else np.array(weights)
    lengths = np.diff(truth.blocks)
    block = np.repeat(np.arange(len(lengths)), lengths)
    np.testing.assert_allclose(
        slope, (block[:, None] == block) * w / np.repeat(truth.weights, lengths)[:, None], rtol=1e-14
    )
    batch = np.stack([values, values[::-1]])
    rows = bb.vmap(lambda y: optimize.isotonic_regression(y, weights=weights).x)(batch)
    np.testing.assert_allclose(
        rows, [scipy.optimize.isotonic_regression(v, weights=weights).x for v in batch], rtol=1e-14
    )


@pytest.mark.parametrize(
    ("name", "args", "settings"),
    [
        ("brent", (), {"brack": (1.5, 2.2, 4.0)}),
        ("brent", (), {"brack": (1.5, 1.7)}),
        ("golden", (), {"brack": (1.5, 2.2, 4.0)}),
        ("fminbound", (1.0, 4.0), {}),
        ("fmin", ([1.5],), {"disp": False}),
        ("fmin_powell", ([1.5],), {"disp": False}),
        ("fmin_bfgs", ([1.5],), {"disp": False}),
        ("fmin_cg", ([1.5],), {"disp": False}),
    ],
)
def test_plain_functions_are_called_as_by_scipy(name: str, args: Any, settings: Any) -> None:
    calls: list[list[Any]] = [[], []]
    found = []
    for m, seen in zip((optimize, scipy.optimize), calls, strict=True):

        def f(x: Any, seen: list[Any] = seen) -> Any:
            seen.append((type(x), np.array(x)))
            return float(np.sum(x)) - math.log(float(np.sum(x)) - 1.0) if np.sum(x) > 1 else 1 / (np.sum(x) > 2)

        found.append(getattr(m, name)(f, *args, **settings))
    np.testing.assert_array_equal(*found)
    assert [kind for kind, _ in calls[0][1:]] == [kind for kind, _ in calls[1][1:]]
    np.testing.assert_array_equal(np.stack([v for _, v in calls[0]]), np.stack([v for _, v in calls[1]]))
    assert calls[0][0][0] is calls[1][0][0] or name in (
        "brent",
        "golden",
        "fminbound",
    )  # there a number of one kind or another


def test_a_bounded_search_does_not_ask_for_the_limits() -> None:
    found = bb.grad(
        lambda c: optimize.minimize_scalar(lambda x: c * x - np.log(x), bounds=(0.0, 3.0), method="bounded").x
    )
    np.testing.assert_allclose(found(2.0), -0.25, rtol=1e-4)  # the minimum is at 1 / c
    plain = optimize.minimize_scalar(lambda x: x - math.log(x), bounds=(0.0, 3.0), method="bounded")
    np.testing.assert_allclose(plain.x, 1.0, rtol=1e-4)


def test_tanhsinh_between_arrays() -> None:
    with pytest.raises(bb.NoDerivativeError, match="its limits are arrays"):
        bb.grad(lambda c: np.sum(integrate.tanhsinh(lambda x: c * x, np.zeros(2), np.ones(2)).integral))(2.0)
    np.testing.assert_allclose(
        integrate.tanhsinh(np.exp, np.zeros(2), np.ones(2)).integral,
        scipy.integrate.tanhsinh(np.exp, np.zeros(2), np.ones(2)).integral,
    )


# ---- lengths and precision


@pytest.mark.parametrize("name", ["splder", "splantider"])
@pytest.mark.parametrize("n", [-1, 0, 1, 2])
def test_orders_of_derivatives_of_splines(name: str, n: int) -> None:
    knots, c, k = scipy.interpolate.splrep(t, y)
    truth = getattr(scipy.interpolate, name)((knots, c, k), n)
    found = getattr(interpolate, name)((knots, bb.Variable(c), k), n)
    for mine, theirs in zip(found, truth, strict=True):
        np.testing.assert_allclose(mine.data if isinstance(mine, bb.Variable) else mine, theirs, atol=1e-12)


SYSTEM = [np.array(m, f4) for m in ([[-1.0, 0.3], [0.1, -2]], [[1.0], [0.4]], [[1.0, 0.2]], [[0.5]])]
z, p = np.array([0.1], f4), np.array([0.2, 0.3], f4)


@pytest.mark.parametrize(
    ("f", "v"),
    [
        (lambda m, a: m.signal.ss2tf(a, *SYSTEM[1:]), SYSTEM[0]),
        (lambda m, a: m.signal.ss2tf(SYSTEM[0], a, *SYSTEM[2:]), SYSTEM[1]),
        (lambda m, d: m.signal.ss2tf(*SYSTEM[:3], d), np.array([[0.5]])),
        (lambda m, a: m.signal.ss2zpk(a, *SYSTEM[1:]), SYSTEM[0]),
        (lambda m, b: m.signal.tf2zpk(b, np.ones(1, f4)), np.array([1.0, 3, 1], f4)),
        (lambda m, b: m.signal.tf2zpk(b, np.ones(1, f4)), np.ones(1, f4)),
        (lambda m, w: m.signal.iirnotch(w, f4(30)), np.array(0.3, f4)),
        (lambda m, w: m.signal.iirpeak(w, f4(30)), np.array(0.3, f4)),
        (lambda m, z: m.signal.freqs_zpk(z, p, f4(1), np.ones(3, f4)), z),
        (lambda m, z: m.signal.freqz_zpk(z, p, f4(1), np.ones(3, f4)), z),
        (lambda m, z: m.signal.lp2bp_zpk(z, p, f4(1)), z),
        (lambda m, z: m.signal.lp2bp_zpk(z + np.complex64(0), p + np.complex64(0.1j), f4(1)), z),
        (lambda m, z: m.signal.lp2bs_zpk(z + np.complex64(0), p + np.complex64(0.1j), f4(1)), z),
        (lambda m, x: (m.signal.zoom_fft(x, 1.0),), x.astype(f4)),
        (lambda m, x: (m.signal.zoom_fft(x, f4(1.0)),), x.astype(f4)),
        (lambda m, x: (m.signal.zoom_fft(x, np.array([0.1, 1], f4)),), x.astype(f4)),
        (lambda m, v: (m.interpolate.NearestNDInterpolator(np.eye(3), v)(np.eye(3)),), np.ones(3, f4)),
    ],
)  # fmt: skip
def test_precision(f: Any, v: Any) -> None:
    truth = f(scipy, v)
    found = f(ours, bb.Variable(v))
    for one, other in zip(found, truth, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one.data if isinstance(one, bb.Variable) else one, other, rtol=1e-4, atol=1e-5)


def test_precision_of_pade() -> None:
    found = interpolate.pade(bb.Variable(np.array([1, 1, 0.5, 0.25], f4)), 1)
    assert [q.coeffs.dtype for q in found] == [f4, f4]
