"""scipy.special: derivatives against mpmath near and far, how the rows come into the table, and what is refused."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import bibun as bb

special = pytest.importorskip("scipy.special")
mp = pytest.importorskip("mpmath")


class Truth(NamedTuple):
    """A function of scipy.special of one number, the same in mpmath, and where they are compared."""

    name: str
    f: Callable[[Any], Any]
    truth: Callable[[Any], Any]
    points: tuple[float, ...]


def phi(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def log_phi(x: Any) -> Any:
    return mp.log(phi(x)) if x < 0 else mp.log1p(-phi(-x))


def of(name: str, *fixed: float, first: bool = True) -> Callable[[Any], Any]:
    """The function with these parameters before x (or behind it)."""
    f = getattr(special, name)
    return (lambda x: f(*fixed, x)) if first else lambda x: f(x, *fixed)


def scaled(f: Callable[[Any, Any], Any], order: float, sign: int) -> Callable[[Any], Any]:
    """exp(±|x|) f(order, x)."""
    return lambda x: mp.exp(sign * abs(x)) * f(order, x)


def box(x: Any, b: Any) -> Any:
    return (x**b - 1) / b if b else mp.log(x)


def unbox(y: Any, b: Any) -> Any:
    return (1 + b * y) ** (1 / b) if b else mp.exp(y)


def gamma_density(a: float) -> Callable[[Any], Any]:
    return lambda x: mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))


def beta_density(a: float, b: float) -> Callable[[Any], Any]:
    factor = mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    return lambda x: mp.exp((a - 1) * mp.log(x) + (b - 1) * mp.log1p(-x) + factor)


REAL = (-3.2, -0.7, 1e-5, 0.4, 2.9)
POSITIVE = (1e-6, 0.02, 0.9, 3.3, 40.0)
TRUTHS = [
    Truth("erf", special.erf, mp.erf, (*REAL, 5.9)),
    Truth("erfc", special.erfc, mp.erfc, (*REAL, 9.0)),
    Truth("erfcx", special.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), (*REAL, 9.9, 10.1, 1e4)),
    Truth("erfi", special.erfi, mp.erfi, REAL),
    Truth("dawsn", special.dawsn, lambda x: mp.exp(-x * x) * mp.erfi(x) * mp.sqrt(mp.pi) / 2, (*REAL, 9.9, -10.1, 25.0)),
    Truth("erfinv", special.erfinv, mp.erfinv, (-0.95, 1e-9, 0.3, 0.8)),
    Truth("erfcinv", special.erfcinv, lambda x: mp.erfinv(1 - x), (1e-10, 0.3, 1.7)),
    Truth("ndtr", special.ndtr, phi, (*REAL, -7.0)),
    Truth("log_ndtr", special.log_ndtr, log_phi, (*REAL, -40.0, -1e3, 12.0)),
    Truth("ndtri", special.ndtri, lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), (1e-10, 0.1, 0.9)),
    Truth("gamma", special.gamma, mp.gamma, (-4.3, -0.5, 1e-3, 3.3, 100.0)),
    Truth("gammaln", special.gammaln, lambda x: mp.log(abs(mp.gamma(x))), (-4.3, *POSITIVE, 1e5)),
    Truth("loggamma", special.loggamma, mp.loggamma, POSITIVE),
    Truth("rgamma", special.rgamma, mp.rgamma, (-4.3, -3 + 1e-9, -2.0, 1e-9, 0.5, 8.0)),
    Truth("digamma", special.digamma, mp.digamma, (-20.3, -0.3, *POSITIVE, 1e7)),
    Truth("zeta(3.5, x)", of("zeta", 3.5), lambda x: mp.zeta(3.5, x), (0.02, 0.9, 3.3, 40.0)),
    Truth("beta(x, 0.7)", of("beta", 0.7), lambda x: mp.beta(0.7, x), (1e-8, 0.02, 3.3, 40.0)),
    Truth("betaln(x, 7)", of("betaln", 7.0), lambda x: mp.log(mp.beta(7, x)), (1e-8, 0.02, 3.3, 1e4, 1e8)),
    Truth("betaln(x, 1e-6)", of("betaln", 1e-6), lambda x: mp.log(mp.beta(1e-6, x)), (0.02, 3.3, 1e4)),
    Truth("j0", special.j0, lambda x: mp.besselj(0, x), (1e-6, 0.5, 1.7, 8.3)),
    Truth("j1", special.j1, lambda x: mp.besselj(1, x), (1e-6, 0.5, 0.999, 1.001, 8.3)),
    Truth("y0", special.y0, lambda x: mp.bessely(0, x), (1e-6, 0.5, 3.3)),
    Truth("y1", special.y1, lambda x: mp.bessely(1, x), (1e-6, 0.5, 3.3)),
    Truth("jv(2.7, x)", of("jv", 2.7), lambda x: mp.besselj(2.7, x), (0.02, 0.5, 8.3)),
    Truth("jv(-1.3, x)", of("jv", -1.3), lambda x: mp.besselj(-1.3, x), (0.02, 0.5, 8.3)),
    Truth("yv(2.7, x)", of("yv", 2.7), lambda x: mp.bessely(2.7, x), (0.02, 0.5, 3.3)),
    Truth("yn(3, x)", of("yn", 3), lambda x: mp.bessely(3, x), (0.02, 0.5, 3.3)),
    Truth("i0", special.i0, lambda x: mp.besseli(0, x), REAL),
    Truth("i1", special.i1, lambda x: mp.besseli(1, x), (*REAL, 0.999, 1.001)),
    Truth("iv(0.3, x)", of("iv", 0.3), lambda x: mp.besseli(0.3, x), (1e-6, 0.5, 20.0)),
    Truth("i0e", special.i0e, scaled(mp.besseli, 0, -1), (-1e3, *REAL[2:], 29.9, 30.1, 1e3)),
    Truth("i1e", special.i1e, scaled(mp.besseli, 1, -1), (-1e3, *REAL[2:], 30.4, 30.6, 1e3)),
    Truth("ive(2.5, x)", of("ive", 2.5), scaled(mp.besseli, 2.5, -1), (0.5, 20.0, 34.0, 1e3)),
    Truth("k0", special.k0, lambda x: mp.besselk(0, x), (1e-6, 0.5, 20.0)),
    Truth("k1", special.k1, lambda x: mp.besselk(1, x), (1e-6, 0.5, 20.0)),
    Truth("kv(0.3, x)", of("kv", 0.3), lambda x: mp.besselk(0.3, x), (1e-6, 0.5, 20.0)),
    Truth("kn(3, x)", of("kn", 3), lambda x: mp.besselk(3, x), (1e-2, 0.5, 20.0)),
    Truth("k0e", special.k0e, scaled(mp.besselk, 0, 1), (1e-6, 0.5, 29.9, 30.1, 1e3)),
    Truth("k1e", special.k1e, scaled(mp.besselk, 1, 1), (1e-6, 0.5, 30.4, 30.6, 1e3)),
    Truth("kve(2.5, x)", of("kve", 2.5), scaled(mp.besselk, 2.5, 1), (0.5, 20.0, 34.0, 1e3)),
    Truth("expi", special.expi, mp.ei, (-8.0, 1e-6, 3.0)),
    Truth("exp1", special.exp1, mp.e1, (1e-6, 3.0, 30.0)),
    Truth("spence", special.spence, lambda x: mp.re(mp.polylog(2, 1 - x)), (1e-6, 0.5, 0.95, 1 + 1e-9, 1.11, 30.0)),
    Truth("Si", lambda x: special.sici(x)[0], mp.si, (1e-6, -0.999, 1.001, 8.3)),
    Truth("Ci", lambda x: special.sici(x)[1], mp.ci, (1e-6, 0.5, 8.3)),
    Truth("Shi", lambda x: special.shichi(x)[0], mp.shi, (1e-6, -0.999, 1.001, 8.3)),
    Truth("Chi", lambda x: special.shichi(x)[1], mp.chi, (1e-6, 0.5, 8.3)),
    Truth("W", lambda x: np.real(special.lambertw(x)), mp.lambertw, (-0.3, 1e-6, 3.0, 1e6)),
    Truth("W_-1", lambda x: np.real(special.lambertw(x, -1)), lambda x: mp.re(mp.lambertw(x, -1)), (-0.3, -1e-3)),
    Truth("expit", special.expit, lambda x: 1 / (1 + mp.exp(-x)), (-0.7, 2.9, -40.0, 40.0)),
    Truth("log_expit", special.log_expit, lambda x: -mp.log1p(mp.exp(-x)), (*REAL, -40.0, 40.0)),
    Truth("logit", special.logit, lambda x: mp.log(x / (1 - x)), (1e-9, 0.2, 0.999)),
    Truth("xlogy(2, x)", of("xlogy", 2.0), lambda x: 2 * mp.log(x), POSITIVE),
    Truth("entr", special.entr, lambda x: -x * mp.log(x), POSITIVE),
    Truth("rel_entr(x, 3)", of("rel_entr", 3.0, first=False), lambda x: x * mp.log(x / 3), (1e-6, 1.4, 2.9, 40.0)),
    Truth("kl_div(x, 3)", of("kl_div", 3.0, first=False), lambda x: x * mp.log(x / 3) - x, (1e-6, 2.9, 3 + 1e-9, 40.0)),
    Truth("kl_div(3, x)", of("kl_div", 3.0), lambda x: x - 3 * mp.log(x), (1e-6, 2.9, 3 + 1e-9, 40.0)),
    Truth("pseudo_huber(2, x)", of("pseudo_huber", 2.0), lambda x: 4 * (mp.sqrt(1 + x * x / 4) - 1), REAL),
    Truth("pseudo_huber(x, 2)", of("pseudo_huber", 2.0, first=False),
          lambda x: x * x * (mp.sqrt(1 + 4 / (x * x)) - 1), POSITIVE),
    Truth("boxcox(x, 1.7)", of("boxcox", 1.7, first=False), lambda x: box(x, 1.7), POSITIVE),
    Truth("boxcox(3, λ)", of("boxcox", 3.0), lambda b: box(mp.mpf(3), b), (-2.0, -1e-9, 0.9, 0.95, 3.0)),
    Truth("boxcox1p(x, 1.7)", of("boxcox1p", 1.7, first=False), lambda x: box(1 + x, 1.7), POSITIVE),
    Truth("boxcox1p(0.01, λ)", of("boxcox1p", 0.01), lambda b: box(mp.mpf(0.01) + 1, b), (-2.0, 1e-3, 3.0)),
    Truth("inv_boxcox(x, 1.7)", of("inv_boxcox", 1.7, first=False), lambda x: unbox(x, 1.7), POSITIVE),
    Truth("inv_boxcox(2, λ)", of("inv_boxcox", 2.0), lambda b: unbox(mp.mpf(2), b), (1e-9, 0.049, 0.051, 3.0)),
    Truth("exprel", special.exprel, lambda x: mp.expm1(x) / x, (-30.0, -1.01, -0.99, 1e-6, 0.99, 1.01, 30.0)),
    Truth("cosm1", special.cosm1, lambda x: mp.cos(x) - 1, REAL),
    Truth("sindg", special.sindg, lambda x: mp.sin(mp.radians(x)), (1e-6, 30.0, 100.0)),
    Truth("cotdg", special.cotdg, lambda x: mp.cot(mp.radians(x)), (1e-6, 30.0, 100.0)),
    Truth("np.sinc", np.sinc, mp.sincpi, (1e-6, 0.31, 0.32, 1.2)),
]  # fmt: skip


def differentiated(truth: Callable[[Any], Any], x: float, order: int) -> Any:
    """d^order truth / dx^order, by mpmath's differences relative to x."""
    x = mp.mpf(x)
    return mp.re(mp.diff(lambda t: truth(x * (1 + t)), 0, order)) / x**order


def close(got: Any, want: Any, tolerance: float) -> None:
    assert abs(mp.mpf(float(got)) - want) <= tolerance * abs(want), f"{got!r} instead of {mp.nstr(want, 17)}"


@pytest.mark.parametrize("line", TRUTHS, ids=lambda line: line.name)
def test_first_and_second_derivative(line: Truth) -> None:
    with mp.workdps(40):
        for x in line.points:
            close(bb.grad(line.f)(x), differentiated(line.truth, x, 1), 1e-13)
            close(bb.jvp(bb.grad(line.f), (x,), (1.0,))[1], differentiated(line.truth, x, 2), 1e-11)


DENSITIES = [
    ("gammainc", (0.03,), gamma_density, (1e-9, 0.02, 3.3)),
    ("gammainc", (12.9,), gamma_density, (1e-2, 13.0, 60.0)),
    ("gammainc", (13.1,), gamma_density, (1e-2, 13.0, 60.0)),
    ("gammainc", (1e4,), gamma_density, (9.7e3, 1e4, 1.02e4)),
    ("betainc", (0.3, 0.02), beta_density, (1e-9, 0.3, 0.999)),
    ("betainc", (2.0, 1e4), beta_density, (1e-6, 2e-4)),
    ("betainc", (3e3, 1e4), beta_density, (0.22, 0.23, 0.24)),
]


@pytest.mark.parametrize(
    ("name", "parameters", "density", "points"), DENSITIES, ids=lambda v: getattr(v, "__name__", str(v))
)
def test_densities(name: str, parameters: tuple[float, ...], density: Any, points: tuple[float, ...]) -> None:
    """Of the incomplete functions, which fall and rise by the same density; of their inverses it is one over it."""
    with mp.workdps(40):
        truth = density(*map(mp.mpf, parameters))
        for x in points:
            want = truth(mp.mpf(x))
            close(bb.grad(of(name, *parameters))(x), want, 2e-13)
            close(bb.grad(of(f"{name}c", *parameters))(x), -want, 2e-13)
            second = mp.diff(lambda t, x=x: truth(x * (1 + t)), 0) / x
            scale = abs(second) + want * (sum(parameters) / x + 1)  # at the top of the density it is 0
            assert abs(bb.grad(bb.grad(of(name, *parameters)))(x) - second) < 1e-13 * scale
            p, q = float(of(name, *parameters)(x)), float(of(f"{name}c", *parameters)(x))
            for inverse, value, sign in ((f"{name}inv", p, 1), (f"{name}cinv", q, -1)):
                if 0.01 < value < 0.99:
                    y = mp.mpf(float(of(inverse, *parameters)(value)))
                    close(bb.grad(of(inverse, *parameters))(value), sign / truth(y), 2e-13)


THIRD = [
    ("j1 at 0", special.j1, 0.0, -3 / 8),
    ("i1 at 0", special.i1, 0.0, 3 / 8),
    ("exprel at 0", special.exprel, 0.0, 1 / 4),
    ("spence at 1", special.spence, 1.0, -2 / 3),
    ("Si at 0", lambda x: special.sici(x)[0], 0.0, -1 / 3),
    ("Shi at 0", lambda x: special.shichi(x)[0], 0.0, 1 / 3),
    ("erf at 0", special.erf, 0.0, -4 / np.sqrt(np.pi)),
    ("sinc at 0", np.sinc, 0.0, 0.0),
    ("digamma at 1", special.digamma, 1.0, np.pi**4 / 15),
]


@pytest.mark.parametrize(("name", "f", "x", "want"), THIRD, ids=[line[0] for line in THIRD])
def test_third_derivative_where_a_series_stands_in(name: str, f: Any, x: float, want: float) -> None:
    np.testing.assert_allclose(bb.grad(bb.grad(bb.grad(f)))(x), want, rtol=1e-14)


def test_complex_digamma() -> None:
    for z in (0.3 + 2j, -3.7 + 0.4j, 30 - 5j):
        np.testing.assert_allclose(bb.grad(lambda z: np.real(special.psi(z)))(z), complex(mp.psi(1, z)), rtol=1e-14)


def test_hessian_of_a_likelihood() -> None:
    counts = np.array([3.0, 0.0, 7.0, 12.0, 1.0])

    def likelihood(p: Any) -> Any:  # negative binomial, of size r and probability expit(q)
        r, q = p[0], p[1]
        return np.sum(
            special.gammaln(counts + r) - special.gammaln(r) - special.gammaln(counts + 1)
            + special.xlogy(r, special.expit(q)) + special.xlogy(counts, special.expit(-q))
        )  # fmt: skip

    r, q = 2.5, -0.4
    hessian = bb.hessian(likelihood)(np.array([r, q]))
    p = 1 / (1 + np.exp(-q))
    by_r = sum(float(mp.psi(1, k + r) - mp.psi(1, r)) for k in counts)
    want = [[by_r, 5 * (1 - p)], [5 * (1 - p), -p * (1 - p) * (5 * r + counts.sum())]]
    np.testing.assert_allclose(hessian, want, rtol=1e-13)


# ---- dtypes, out=, where=


@pytest.mark.parametrize("f", [special.erf, special.gammaln, special.expit], ids=lambda f: f.__name__)
def test_narrow_floats(f: Any) -> None:
    for dtype in ("e", "f"):
        x = np.array([0.5, 1.5], dtype)
        gradient = bb.grad(lambda x: np.sum(f(x)))(x)
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, bb.grad(lambda x: np.sum(f(x)))(x.astype(float)), rtol=2e-3)
        assert bb.jvp(f, (x,), (x,))[1].dtype == f(x).dtype
        v = bb.Variable(x)
        np.sum(f(v)).backward()
        assert v.grad.dtype == dtype


def test_out_and_where_of_two_outputs() -> None:
    x = np.array([0.5, 1.5])
    v, a, b = bb.Variable(x), bb.Variable(np.zeros(2)), bb.Variable(np.zeros(2))
    assert special.sici(v, out=(a, b))[0] is a
    np.sum(2 * a + b).backward()
    np.testing.assert_allclose(v.grad, (2 * np.sin(x) + np.cos(x)) / x, rtol=1e-15)
    masked = bb.grad(lambda x: np.sum(special.sici(x, where=np.array([True, False]))[1]))(x)
    np.testing.assert_allclose(masked, [np.cos(0.5) / 0.5, 0.0], rtol=1e-15)


# ---- what is refused

REFUSED = {
    "jv by v": (lambda x: special.jv(x, 2.0), "jv has no derivative rule by the order v"),
    "kn by n": (lambda x: special.kn(x, 2.0), "an integer does not vary continuously"),
    "gammainc by a": (lambda x: special.gammainc(x, 2.0), "gammainc has no derivative rule by the parameter a"),
    "betainc by b": (lambda x: special.betainc(1.0, x, 0.5), "betainc has no derivative rule by the parameter b"),
    "zeta by s": (lambda x: special.zeta(x, 2.0), "zeta has no derivative rule by the parameter s"),
    "jv by both": (lambda x: special.jv(x, x), "Differentiate by its other arguments only"),
    "beside another way": (lambda x: x + special.iv(x, 2.0), "bibun.custom_jvp"),
    "bdtrik": (lambda x: special.bdtrik(x, 5, 0.5), "inverse by a parameter.* numerical one, with its error bar"),
    "by a part of its own": (
        lambda x: special.ellip_harm(5.0, 8.0, 1, 1, x),
        r"scipy\.special\.ellip_harm has no derivative rule in bibun",
    ),
    "no rule at all": (
        special._ufuncs._lanczos_sum_expg_scaled,
        "_lanczos_sum_expg_scaled has no derivative rule in bibun",
    ),
}


@pytest.mark.parametrize(("f", "message"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.filterwarnings("ignore:floating point number truncated:RuntimeWarning")
def test_refused(f: Any, message: str) -> None:
    for way in (bb.grad, lambda f: lambda x: bb.jvp(f, (x,), (1.0,)), bb.jacfwd):
        with pytest.raises(bb.NoDerivativeError, match=message):
            way(f)(0.5)


def test_an_order_beside_a_differentiated_argument_may_vary_along_a_batch() -> None:
    orders, x = np.array([0.5, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])
    slopes = bb.vmap(bb.grad(special.jv, argnums=1))(orders, x)
    np.testing.assert_allclose(slopes, special.jvp(orders, x), rtol=1e-14)


def test_ive_of_a_complex_argument_is_refused() -> None:
    with pytest.raises(bb.NoDerivativeError, match="Write iv"):
        bb.grad(lambda z: np.real(special.ive(1.0, z)))(1 + 1j)


UNSIGNED = {
    "jv": lambda n, x: special.jv(n, x),
    "yn": lambda n, x: special.yn(n, x),
    "kn": lambda n, x: special.kn(n, x),
    "ive": lambda n, x: special.ive(n, x),
    "kve": lambda n, x: special.kve(n, 20 * x),
    "zeta": lambda n, x: special.zeta(n + np.uint8(2), x),
    "gammainc": lambda n, x: special.gammainc(n, x),
    "betainc": lambda n, x: special.betainc(n + np.uint8(200), n + np.uint8(150), x / 2),
    "beta": lambda n, x: special.beta(n + np.uint8(250), x),
    "huber": lambda n, x: special.huber(n, -x),
    "boxcox": lambda n, x: special.boxcox(x, n),
    "inv_boxcox": lambda n, x: special.inv_boxcox(x, n),
    "xlogy": lambda n, x: special.xlogy(n, x),
    "kl_div": lambda n, x: special.kl_div(n, x),
}


@pytest.mark.parametrize("f", UNSIGNED.values(), ids=UNSIGNED.keys())
def test_small_unsigned_integers_beside_the_argument(f: Any) -> None:
    """n - 1 and -n of an unsigned 0 or 1 would be 255, and its square would overflow."""
    n, x = np.array([0, 1, 2, 5], np.uint8), np.array([0.7, 0.8, 1.3, 0.9])
    wide = n.astype(float)
    got = bb.grad(lambda x: np.sum(f(n, x)))(x)
    np.testing.assert_allclose(got, bb.grad(lambda x: np.sum(f(wide, x)))(x), rtol=1e-13)


# ---- how the rows come into the table


def run(program: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


def test_scipy_is_not_imported_by_bibun() -> None:
    assert run("import bibun, sys; bibun.check; print('scipy' in sys.modules)") == "False"


def test_rows_are_added_at_the_first_call_and_recorded_fast_from_then_on() -> None:
    program = """
        import numpy as np, bibun as bb
        from bibun.interpreters.convenient import RECORDERS
        from bibun.primitives import FAMILIES, TABLE
        from scipy import special
        print("erf" in TABLE, "error functions" in FAMILIES, special.erf in RECORDERS)
        x = bb.Variable(np.array(0.0))
        first, second = special.erf(x), special.erf(x)
        print("erf" in TABLE, "error functions" in FAMILIES, special.erf in RECORDERS)
        (first + second).backward()
        print(round(float(x.grad / 4 * np.sqrt(np.pi)), 12))
    """
    assert run(program).split("\n") == ["False False False", "True True True", "1.0"]


@pytest.mark.parametrize(
    "first", ["bb.jvp(special.erf, (0.0,), (1.0,))[1]", "bb.vmap(special.erf)(np.zeros(2))[0] + 1"]
)
def test_rows_are_added_by_any_interpreter(first: str) -> None:
    assert float(run(f"import numpy as np, bibun as bb; from scipy import special; print({first})")) >= 1


def test_many_threads_make_the_first_call() -> None:
    program = """
        import sys
        from threading import Barrier, Thread
        import numpy as np, bibun as bb
        from scipy import special
        sys.setswitchinterval(1e-6)
        count = 16
        start, found = Barrier(count), []
        def work(n):
            start.wait()
            f = (special.erf, special.gammaln, special.expit)[n % 3]
            found.append((n % 3, float(bb.grad(f)(1.0))))
        threads = [Thread(target=work, args=(n,)) for n in range(count)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(len(found), len(set(found)))
    """
    assert run(program) == "16 3"
