"""SciPy's own functions given traced arrays: the error, or the cause of SciPy's error, says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

pytest.importorskip("scipy")
from scipy import fftpack, integrate, interpolate, linalg, ndimage, optimize, signal, sparse, stats
from scipy.sparse import csc_array
from scipy.sparse import linalg as sparse_linalg
from scipy.spatial import ConvexHull

import bibun.scipy as rooms

X, M, NUMBER = np.linspace(0.1, 1.9, 6), 3 * np.eye(3) + np.arange(9.0).reshape(3, 3) / 9, np.array(0.4)
V = np.arange(1.0, 4)

WRITE: dict[str, tuple[Callable[[Any], Any], Any]] = {  # "Write bibun.scipy.<name>(...)"
    "linalg.solve": (lambda m: linalg.solve(m, V), M),
    "linalg.expm": (lambda m: linalg.expm(m), M),
    "linalg.cho_solve": (lambda b: linalg.cho_solve(linalg.cho_factor(M @ M.T), b), V),
    "stats.norm.logpdf": (lambda x: stats.norm.logpdf(x), X),
    "stats.poisson.pmf": (lambda m: stats.poisson(m).pmf(2), NUMBER),
    "stats.norm.cdf": (lambda x: stats.norm(0, 1).cdf(x), X),
    "stats.gamma.cdf": (lambda a: stats.gamma.cdf(X, a), NUMBER),
    "stats.multivariate_normal.logpdf": (lambda m: stats.multivariate_normal.logpdf(V, V, m @ m.T), M),
    "stats.multivariate_normal": (lambda m: stats.multivariate_normal(V, m @ m.T), M),
    "stats.skew": (lambda x: stats.skew(x), X),
    "optimize.minimize": (lambda t: optimize.minimize(lambda z: np.sum((z - t) ** 2), np.zeros(2)), NUMBER),
    "optimize.brentq": (lambda t: optimize.brentq(lambda z: z - t, 0, 3), NUMBER),
    "optimize.curve_fit": (lambda y: optimize.curve_fit(lambda x, a: a * x, X, y), X),
    "interpolate.interp1d": (lambda y: interpolate.interp1d(X, y), X),
    "interpolate.CubicSpline": (lambda x: interpolate.CubicSpline(X, X**2)(x), NUMBER),
    "interpolate.RegularGridInterpolator": (lambda x: interpolate.RegularGridInterpolator((X,), X)(x), X[:, None]),
    "interpolate.LinearNDInterpolator": (lambda y: interpolate.LinearNDInterpolator(np.c_[X, X**2], y), X),
    "integrate.solve_ivp": (lambda y: integrate.solve_ivp(lambda s, y: -y, (0, 1), y), X),
    "integrate.quad": (lambda t: integrate.quad(lambda s: s * t, 0, 1), NUMBER),
    "integrate.simpson": (lambda y: integrate.simpson(y, x=X), X),
    "signal.convolve": (lambda x: signal.convolve(x, V), X),
    "signal.lfilter": (lambda x: signal.lfilter([1.0], [1.0, 0.5], x), X),
    "ndimage.gaussian_filter": (lambda x: ndimage.gaussian_filter(x, 1.0), X),
    "linalg.circulant": (lambda x: linalg.circulant(x), X),
    "signal.csd": (lambda t: signal.csd(X, X, fs=t, nperseg=4), NUMBER),
    "signal.coherence": (lambda t: signal.coherence(X, X[::-1], fs=t, nperseg=4), NUMBER),
    "signal.spectrogram": (lambda t: signal.spectrogram(X, fs=t, nperseg=4), NUMBER),
    "linalg.cholesky": (lambda t: linalg.cholesky(M, lower=t), NUMBER),
    "linalg.svd": (lambda t: linalg.svd(M, full_matrices=t), NUMBER),
    "sparse.linalg.cg": (lambda m: sparse_linalg.cg(m, V), M),
    "sparse.linalg.spsolve": (lambda b: sparse_linalg.spsolve(csc_array(M), b), V),
}


def chain(run: Callable[[], Any]) -> str:
    with pytest.raises(Exception, match=r".") as caught:  #  SciPy raises errors of its own from ours
        run()
    error: BaseException | None = caught.value
    while error is not None and not isinstance(error, (bb.BibunError, AttributeError)):
        error = error.__cause__ or error.__context__
    return str(error)


@pytest.mark.parametrize("name", WRITE)
def test_the_function_to_write_is_named(name: str) -> None:
    f, primal = WRITE[name]
    for run in (lambda: f(bb.Variable(primal)), lambda: bb.jvp(f, (primal,), (primal,))):
        assert f"Write bibun.scipy.{name}(...)" in chain(run)


NO_RULE: dict[str, tuple[Callable[[Any, Any], Any], Any, str]] = {  # of SciPy's own function, and of the room's
    "mannwhitneyu": (lambda m, x: m.stats.mannwhitneyu(x, X), X, r"scipy\.stats\.mannwhitneyu .*no derivative of it"),
    "quadratic_assignment": (  # without a generator, SciPy would warn of a seed that was set before
        lambda m, x: m.optimize.quadratic_assignment(x, x, options={"rng": np.random.default_rng()}),
        M,
        r"scipy\.optimize\.quadratic_assignment .*no derivative of it.*numerical_fallback",
    ),
    "find_peaks": (lambda m, x: m.signal.find_peaks(x), X, r"find_peaks has no derivative rule: it finds places"),
    "a method": (
        lambda m, x: m.signal.ShortTimeFFT(np.ones(2), 1, 1.0).stft(x),
        X,
        r"scipy\.signal\.ShortTimeFFT\.stft .*no derivative of it",
    ),
    "ldl": (lambda m, x: m.linalg.ldl(x), M, r"ldl has no derivative rule.*cholesky"),
}


@pytest.mark.parametrize("case", NO_RULE.values(), ids=NO_RULE.keys())
def test_a_function_without_a_rule_says_so_wherever_it_is_taken_from(case: Any) -> None:
    import scipy

    f, primal, message = case
    for module in (scipy, rooms):
        found = chain(lambda module=module: f(module, bb.Variable(primal)))  # type: ignore[misc]
        assert re.search(message, found), found
        assert "import it in its place" not in found


def test_a_class_without_a_frame_is_named_by_the_line() -> None:
    assert "scipy.spatial.ConvexHull has no derivative rule" in chain(lambda: ConvexHull(bb.Variable(np.eye(3)[:, :2])))


SETTINGS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "cond": ("lstsq", lambda s: rooms.linalg.lstsq(M, s * V, cond=s)),
    "order": ("gaussian_filter", lambda s: rooms.ndimage.gaussian_filter(M, 1.0, s)),
    "n": ("fixed_quad", lambda s: rooms.integrate.fixed_quad(lambda t: s * t, 0, 1, n=s)),
    "window": ("welch", lambda s: rooms.signal.welch(s * X, window=("kaiser", s), nperseg=6)),
    "ddof": ("zscore", lambda s: rooms.stats.zscore(X, ddof=s)),  # what is asked for is computed from it
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_that_has_to_be_plain_is_named(setting: str) -> None:
    name, f = SETTINGS[setting]
    for run in (lambda: f(bb.Variable(NUMBER)), lambda: bb.jvp(f, (NUMBER,), (NUMBER,))):
        assert (
            f"{name} takes {setting}= as plain numbers, and has no derivative by it. Write {setting}=x.data"
            in chain(run)
        )


def test_the_older_module_of_transforms_points_to_the_newer_one() -> None:
    assert "write scipy.fft.dct(...)." in chain(lambda: fftpack.dct(bb.Variable(V)))
    assert "write scipy.fft.rfft(...), whose result is complex" in chain(lambda: fftpack.rfft(bb.Variable(V)))


def test_what_only_operators_have_is_not_there_for_others() -> None:
    assert not hasattr(bb.Variable(V), "matvec")
    assert not hasattr(bb.Variable(V), "strides")


MINPACK: dict[str, Callable[[Any], Any]] = {
    "fsolve": lambda t: optimize.fsolve(lambda z: z**2 - t, 1.0),
    "root": lambda t: optimize.root(lambda z: z**2 - t, V).x,
    "leastsq": lambda t: optimize.leastsq(lambda z: z**2 - t, V),
    "curve_fit": lambda t: optimize.curve_fit(lambda x, a: a * x + t, X, X),
}


@pytest.mark.parametrize("name", MINPACK)
def test_functions_of_minpack_say_what_to_write(name: str, capfd: Any) -> None:
    """Its own code in C would print the error, and raise another one."""
    f = MINPACK[name]
    f(0.4)
    runs = (bb.grad(f), bb.compile(f), bb.vmap(f), lambda t: bb.jvp(f, (t,), (t,)), lambda t: f(bb.Variable(t)))
    for run in runs:
        with pytest.raises(bb.LostDerivativeError, match=rf"Write bibun\.scipy\.optimize\.{name}\("):
            run(np.array([0.4, 0.5]) if run is runs[2] else NUMBER)
    with pytest.raises(bb.LostDerivativeError, match=r"Write bibun\.scipy\.optimize\.fsolve\("):
        bb.grad(lambda t: optimize.fsolve(lambda z: z**2 - 2, 1.0, fprime=lambda z: 2 * z * t)[0])(NUMBER)
    assert "Error" not in capfd.readouterr().err


BRACKETED: dict[str, Callable[[Any], Any]] = {
    "brentq": lambda t: optimize.brentq(lambda z: z**2 - t, 0.0, 3.0),
    "brenth": lambda t: optimize.brenth(lambda z: z**2 - t, 0.0, 3.0),
    "bisect": lambda t: optimize.bisect(lambda z, s: z**2 - s, 0.0, 3.0, args=(t,)),
    "ridder": lambda t: optimize.ridder(lambda z: z**2 - t, 0.0, 3.0),
    "root_scalar": lambda t: optimize.root_scalar(lambda z: z**2 - t, bracket=(0.0, 3.0)).root,
}


@pytest.mark.parametrize("name", BRACKETED)
def test_searches_in_a_bracket_say_what_to_write(name: str) -> None:
    """Their code in C would go on after our error, to a SystemError."""
    f = BRACKETED[name]
    assert f(0.49) == pytest.approx(0.7)
    runs = (bb.grad(f), bb.compile(f), bb.vmap(f), lambda t: bb.jvp(f, (t,), (t,)), lambda t: f(bb.Variable(t)))
    for run in runs:
        with pytest.raises(bb.LostDerivativeError, match=rf"Write bibun\.scipy\.optimize\.{name}\("):
            run(np.array([0.4, 0.5]) if run is runs[2] else NUMBER)


def test_the_order_of_a_norm_of_plain_vectors() -> None:
    """SciPy's and NumPy's ask whether it is 1 or 2, and have norms of their own for these, which do not depend on it."""
    from scipy import spatial

    u, v = np.array([1.0, -2.0, 4.0]), np.array([0.5, 0.0, 1.0])
    asking: dict[str, Callable[[Any], Any]] = {
        "bibun.scipy.spatial.distance.minkowski(": lambda p: spatial.distance.minkowski(u, v, p),
        "bibun.scipy.spatial.distance.minkowski ": lambda p: spatial.minkowski_distance(u, v, p),
        "bibun.scipy.spatial.distance_matrix(": lambda p: spatial.distance_matrix(u[None], v[None], p),
        "bibun.scipy.linalg.norm(": lambda p: linalg.norm(u, p),
        "np.linalg.norm(np.asarray(x, like=y)": lambda p: np.linalg.norm(u, p),
        "np.linalg.vector_norm(np.asarray(x, like=y)": lambda p: np.linalg.vector_norm(u, ord=p),
    }
    for words, f in asking.items():
        for p in (1.0, 2.0, 3.0, np.inf):
            for run in (lambda f=f, p=p: bb.jvp(f, (p,), (1.0,)), lambda f=f, p=p: bb.vjp(f, p)):
                with pytest.raises(bb.LostDerivativeError, match=re.escape(words)):
                    run()


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_the_slope_by_the_order_of_a_norm(p: float) -> None:
    u = np.array([1.0, -2.0, 4.0])
    slope = (np.linalg.norm(u, p + 1e-5) - np.linalg.norm(u, p - 1e-5)) / 2e-5
    for f in (
        lambda p: rooms.linalg.norm(u, p),
        lambda p: np.linalg.vector_norm(np.asarray(u, like=p), ord=p),
        lambda p: np.linalg.norm(np.asarray(u, like=p), p),
        lambda p: rooms.spatial.distance.minkowski(u, np.zeros(3), p),
    ):
        assert bb.grad(f)(p) == pytest.approx(slope, rel=1e-8)


TARGET, BOUNDS = np.array([0.3, 0.5]), [(-1.0, 1.0)] * 2


def _by_gradient(method: str) -> Callable[[Any], Any]:
    """Only the gradient is traced."""
    return lambda t: optimize.minimize(
        lambda z: np.sum((z - TARGET) ** 2), V[:2], method=method, jac=lambda z: 2 * (z - t)
    )


MINIMISED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "Powell": (
        lambda t: optimize.minimize(lambda z: np.sum((z - t) ** 2), V[:2], method="Powell").x,
        r"Write bibun\.scipy\.optimize\.minimize\(",
    ),
    "Powell, two steps": (
        lambda t: optimize.minimize(lambda z: np.sum((z - t) ** 2), V[:2], method="Powell", options={"maxiter": 2}).x,
        r"Write bibun\.scipy\.optimize\.minimize\(",
    ),
    "L-BFGS-B by its gradient": (_by_gradient("L-BFGS-B"), r"Write bibun\.scipy\.optimize\.minimize\("),
    "SLSQP by its gradient": (_by_gradient("SLSQP"), r"Write bibun\.scipy\.optimize\.minimize\("),
    "least_squares by its Jacobian": (
        lambda t: optimize.least_squares(lambda z: z - TARGET, V[:2], jac=lambda z: t * np.eye(2)).x,
        r"Write bibun\.scipy\.optimize\.least_squares\(",
    ),
    "differential_evolution": (
        lambda t: optimize.differential_evolution(lambda z: np.sum((z - t) ** 2), BOUNDS, maxiter=1).x,
        r"Write bibun\.scipy\.optimize\.differential_evolution\(",
    ),
    "dual_annealing": (
        lambda t: optimize.dual_annealing(lambda z: np.sum((z - t) ** 2), BOUNDS, maxiter=1).x,
        r"Write bibun\.scipy\.optimize\.dual_annealing\(",
    ),
    "brent": (lambda t: optimize.brent(lambda z: (z - t) ** 2), r"Write bibun\.scipy\.optimize\.brent\("),
    "golden": (lambda t: optimize.golden(lambda z: (z - t) ** 2), r"Write bibun\.scipy\.optimize\.golden\("),
    "fminbound": (
        lambda t: optimize.fminbound(lambda z: np.cosh(z - t), 0, 3),
        r"Write bibun\.scipy\.optimize\.fminbound\(",
    ),
    "fmin_l_bfgs_b": (
        lambda t: optimize.fmin_l_bfgs_b(lambda z: np.sum((z - t) ** 2), V[:2], approx_grad=True)[0],
        r'write bibun\.scipy\.optimize\.minimize\(fun, x0, method="L-BFGS-B"\)\.x',
    ),
    "broyden1": (
        lambda t: optimize.broyden1(lambda z: z - t, V[:2]),
        r'write bibun\.scipy\.optimize\.root\(fun, x0, method="broyden1"\)\.x',
    ),
    "RK45": (
        lambda t: integrate.RK45(lambda s, y: -y, 0.0, t * V, 1.0),
        r"write bibun\.scipy\.integrate\.solve_ivp\(",
    ),
}


@pytest.mark.parametrize("name", MINIMISED)
def test_what_would_follow_the_steps_or_end_in_an_error_of_c_says_what_to_write(name: str) -> None:
    """Powell's and Brent's steps are Python: the derivative of the last of them is another number than that of the minimum."""
    f, message = MINIMISED[name]
    for run in (bb.grad(f), lambda t: bb.jvp(f, (t,), (t,)), lambda t: f(bb.Variable(t))):
        with pytest.raises(bb.BibunError, match=message):
            run(NUMBER)


@pytest.mark.parametrize("kind", [integrate.ode, integrate.complex_ode])
@pytest.mark.parametrize("method", ["vode", "lsoda", "dopri5"])
def test_steppers_say_what_to_write(kind: Any, method: str) -> None:
    """The C code of vode and dopri5 goes on after our error and calls f again: then Python's own error may stand in its place."""

    def f(t: Any) -> Any:
        return kind(lambda s, y: -t * y).set_integrator(method).set_initial_value(V, 0.0).integrate(1.0)

    for run in (lambda: bb.jvp(f, (NUMBER,), (NUMBER,)), lambda: f(bb.Variable(NUMBER))):
        found = chain(run)
        assert method != "lsoda" or "write bibun.scipy.integrate.solve_ivp(" in found


@pytest.mark.parametrize("name", ["brentq", "brenth", "bisect", "ridder", "toms748"])
def test_a_zero_does_not_depend_on_its_bracket(name: str) -> None:
    """Of SciPy's own functions the ends are given to C as numbers; what f reads is told as before."""
    theirs, ours = getattr(optimize, name), getattr(rooms.optimize, name)
    found, slope = bb.jvp(lambda t: ours(lambda z: z**2 - t, -t, 3 * t), (NUMBER,), (np.ones(()),))
    np.testing.assert_allclose([found, slope], [NUMBER**0.5, 0.5 / NUMBER**0.5], rtol=1e-8)
    for solver in (ours,) if name == "toms748" else (ours, theirs):

        def zero(end: Any, solver: Any = solver) -> Any:
            return solver(lambda z: z**2 - 2, 0.0 * end, end)

        np.testing.assert_allclose(bb.jvp(zero, (3.0,), (1.0,)), [2**0.5, 0.0], rtol=1e-8)
        with pytest.raises(bb.DerivativeValueError, match="a zero does not depend on where the search for it begins"):
            bb.grad(zero)(3.0)
    with pytest.raises(bb.LostDerivativeError, match=rf"Write bibun\.scipy\.optimize\.{name}\("):
        bb.grad(lambda t: theirs(lambda z: z**2 - t, 0.0, 3.0 * t))(NUMBER)


def test_a_name_that_came_with_a_newer_scipy() -> None:
    """Its module can be imported all the same."""
    import scipy.stats

    from bibun.scipy._calls import newer, stands_for

    missing = newer(scipy.stats, "not_there_yet", stands_for, lambda x: x)
    with pytest.raises(AttributeError, match="'not_there_yet': it came with a newer SciPy"):
        missing(bb.Variable(X))


@pytest.mark.parametrize("name", ["csr", "csc", "coo", "dia"])
def test_sparse_arrays_of_dense_traced_ones_end_in_our_text(name: str) -> None:
    for of in (f"{name}_array", f"{name}_matrix")[: 1 if name == "dia" else 2]:
        for run in (
            lambda of=of: getattr(sparse, of)(bb.Variable(M)),
            lambda of=of: bb.jvp(getattr(sparse, of), (M,), (M,)),
        ):
            with pytest.raises(bb.LostDerivativeError, match=rf"Write bibun\.scipy\.sparse\.{of}\("):
                run()


@pytest.mark.parametrize("name", ["bsr_array", "lil_array", "dok_array"])
def test_sparse_arrays_that_are_not_here_say_so(name: str) -> None:
    with pytest.raises(bb.LostDerivativeError, match=rf"scipy\.sparse\.{name} makes plain arrays"):
        getattr(sparse, name)(bb.Variable(M))


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_functions_that_make_sparse_matrices_of_dense_ones_end_in_our_text() -> None:
    for words, f in {
        "Write bibun.scipy.sparse.kron(": lambda m: sparse.kron(m, M),
        "Write bibun.scipy.sparse.linalg.spsolve(": lambda m: sparse_linalg.spsolve(m, V),
        "write spsolve": lambda m: sparse_linalg.spsolve_triangular(m, V),
    }.items():
        with pytest.raises(bb.LostDerivativeError, match=re.escape(words)):
            f(bb.Variable(M))
