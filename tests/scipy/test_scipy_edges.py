"""Where a formula has no digits, or no finite value: ends of supports, tails, limits of parameters; and what solvers leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import ndimage as plain_ndimage
from scipy import stats as plain
from scipy.sparse.linalg import LinearOperator

import bibun as bb
import bibun.scipy.sparse.linalg as sparse
from bibun.scipy import ndimage, optimize, stats
from bibun.scipy.spatial import distance

SHAPES: dict[str, tuple[float, ...]] = {
    "lognorm": (0.5,), "invgamma": (2.0,), "invgauss": (0.7,), "levy": (), "fisk": (2.0,), "loglaplace": (2.0,), "gamma": (3.0,),
    "beta": (3.0, 3.0), "betaprime": (3.0, 3.0), "burr12": (3.0, 3.0), "chi": (4.0,), "chi2": (6.0,), "f": (6.0, 5.0),
    "maxwell": (), "powerlaw": (3.0,), "weibull_min": (3.0,), "rice": (1.2,), "nakagami": (2.0,), "gengamma": (2.0, 2.0),
    "exponweib": (2.0, 2.0), "burr": (2.0, 2.0), "johnsonsb": (0.3, 1.2), "triang": (0.3,), "wald": (), "erlang": (3,),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_densities_that_vanish_at_an_end_of_the_support(name: str) -> None:
    """The density is 0 there for all scales and shapes, and its slope from both sides is 0."""
    family, shapes = getattr(stats, name), SHAPES[name]
    at = np.array([0.0, 0.25, 0.5])

    def total(theta: Any) -> Any:
        return np.sum(family.pdf(at, *theta[:-1], scale=theta[-1]))

    theta = np.array([*shapes, 1.0])
    value, gradient = bb.value_and_grad(total)(theta)
    np.testing.assert_allclose(value, np.sum(getattr(plain, name).pdf(at, *shapes)), rtol=1e-12)
    inside = bb.grad(lambda t: np.sum(family.pdf(at[1:], *t[:-1], scale=t[-1])))(theta)
    np.testing.assert_allclose(gradient, inside, rtol=1e-12)
    assert bb.grad(lambda x: family.pdf(x, *shapes))(0.0) == 0
    assert family.logpdf(bb.Variable(np.array(0.0)), *shapes).data == -np.inf


@np.errstate(over="ignore")
@pytest.mark.parametrize("x", [-720.0, 720.0])
@pytest.mark.parametrize("method", ["pdf", "cdf", "sf"])
@pytest.mark.parametrize("name", ["gumbel_r", "gumbel_l", "gompertz", "loggamma", "hypsecant", "norm", "logistic"])
def test_far_out_in_a_tail_the_slope_is_0(name: str, method: str, x: float) -> None:
    shapes = {"gompertz": (0.5,), "loggamma": (1.5,)}.get(name, ())
    value, slope = bb.value_and_grad(lambda x: getattr(getattr(stats, name), method)(x, *shapes))(x)
    np.testing.assert_allclose(value, getattr(getattr(plain, name), method)(x, *shapes), atol=1e-300)
    assert abs(slope) < 1e-300


@pytest.mark.parametrize("df", [0.7, 3.0, 49.9, 50.1, 1e4, 1e8, 1e13])
def test_student_t_for_many_degrees_of_freedom(df: float) -> None:
    def truth(x: Any, df: Any) -> Any:
        return (
            mpmath.loggamma((df + 1) / 2) - mpmath.loggamma(df / 2) - mpmath.log(df * mpmath.pi) / 2
            - (df + 1) / 2 * mpmath.log1p(x * x / df)
        )  # fmt: skip

    with mpmath.workdps(80):
        expected = [float(mpmath.diff(truth, (mpmath.mpf(1.3), mpmath.mpf(df)), n)) for n in ((0, 0), (1, 0), (0, 1))]
    value, gradient = bb.value_and_grad(lambda v: stats.t.logpdf(v[0], v[1]))(np.array([1.3, df]))
    np.testing.assert_allclose([value, gradient[0]], expected[:2], rtol=1e-14)
    np.testing.assert_allclose(gradient[1], expected[2], rtol=1e-11)


def test_student_t_without_end_is_normal() -> None:
    value, slope = bb.value_and_grad(lambda x: stats.t.logpdf(x, np.inf))(1.3)
    np.testing.assert_allclose([value, slope], [plain.norm.logpdf(1.3), -1.3], rtol=1e-15)


@pytest.mark.parametrize("df", [np.inf, 1e12, 60.0, 1.0])
def test_student_t_of_vectors_with_many_degrees_of_freedom(df: float) -> None:
    """Normal for infinitely many; by df the slope of the formula at 50 digits."""
    x, loc, shape, w = np.array([0.3, 0.2, -1.0]), np.zeros(3), np.diag([2.0, 0.5, 1.0]), 1 / df
    squares = sum(mpmath.mpf(v) ** 2 / s for v, s in zip(x, np.diag(shape), strict=True))

    def truth(df: Any, squares: Any) -> Any:
        if df == mpmath.inf:
            return -(squares + 3 * mpmath.log(2 * mpmath.pi)) / 2
        gammas = mpmath.loggamma((df + 3) / 2) - mpmath.loggamma(df / 2)
        return gammas - 1.5 * mpmath.log(df * mpmath.pi) - (df + 3) / 2 * mpmath.log1p(squares / df)

    with mpmath.workdps(80):
        number = mpmath.mpf(df)
        by_df = 0.0 if w == 0 else float(mpmath.diff(lambda df: truth(df, squares), number))
        expected, by_squares = (float(mpmath.diff(lambda s: truth(number, s), squares, n)) for n in (0, 1))
    arguments = (x, loc, shape, df)
    value, slopes = bb.value_and_grad(stats.multivariate_t.logpdf, argnums=(0, 3))(*arguments)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    np.testing.assert_allclose(slopes[0], by_squares * 2 * x / np.diag(shape), rtol=1e-13)
    np.testing.assert_allclose(slopes[1], by_df, rtol=1e-10)
    by_x = bb.jacfwd(lambda x: stats.multivariate_t(loc, shape, df).logpdf(x))(x)
    np.testing.assert_allclose(by_x, slopes[0], rtol=1e-14)
    if df == np.inf:
        np.testing.assert_allclose(value, plain.multivariate_t.logpdf(*arguments), rtol=1e-14)


@pytest.mark.parametrize(("x", "a"), [(-1.0, 3.0), (-2.0, 3.0), (1.0, -2.0), (0.5, 0.0)])
def test_the_logarithm_of_a_skew_tail(x: float, a: float) -> None:
    def truth(x: Any, a: Any) -> Any:
        density = lambda t: mpmath.npdf(t) * mpmath.erfc(-a * t / mpmath.sqrt(2))  # noqa: E731
        return mpmath.log(mpmath.quad(density, [-30, x - 3, x]))

    expected = [float(mpmath.diff(truth, (x, a), n)) for n in ((0, 0), (1, 0), (0, 1), (1, 1))]
    value, gradient = bb.value_and_grad(lambda v: stats.skewnorm.logcdf(v[0], v[1]))(np.array([x, a]))
    mixed = bb.hessian(lambda v: stats.skewnorm.logcdf(v[0], v[1]))(np.array([x, a]))[0, 1]
    np.testing.assert_allclose([value, *gradient, mixed], expected, rtol=1e-6)
    turned = bb.value_and_grad(lambda v: stats.skewnorm.logsf(v[0], v[1]))(np.array([-x, -a]))
    np.testing.assert_allclose([turned[0], *-turned[1]], expected[:3], rtol=1e-6)


@pytest.mark.parametrize("family", ["skewnorm", "semicircular"])
def test_second_derivatives_of_values_of_scipys_by_define_by_run(family: str) -> None:
    """Of a distribution function that of the density."""
    shapes = (1.3,) if family == "skewnorm" else ()
    x = bb.Variable(np.array(0.4))
    getattr(stats, family).cdf(x, *shapes).backward(create_graph=True)
    slope, x.grad = x.grad, None
    slope.backward()
    truth = {
        "skewnorm": lambda x: 2 * mpmath.npdf(x) * mpmath.ncdf(1.3 * x),
        "semicircular": lambda x: 2 / mpmath.pi * mpmath.sqrt(1 - x * x),
    }[family]
    np.testing.assert_allclose([slope.data, x.grad], [float(mpmath.diff(truth, 0.4, n)) for n in (0, 1)], rtol=1e-13)


def test_quantiles_that_are_searched_for_have_second_derivatives_by_the_shape() -> None:
    """Of exponnorm: F(x, K) = q, where F is Φ less an exponential; by mpmath's root."""

    def cdf(x: Any, k: Any) -> Any:
        return mpmath.ncdf(x) - mpmath.exp(1 / (2 * k * k) - x / k) * mpmath.ncdf(x - 1 / k)

    def quantile(k: Any) -> Any:
        return mpmath.findroot(lambda x: cdf(x, k) - 0.3, 0.5)

    with mpmath.workdps(40):
        expected = [float(mpmath.diff(quantile, 1.2, n, h=mpmath.mpf("1e-10"))) for n in (0, 1, 2)]
    f = lambda k: stats.exponnorm.ppf(0.3, k)  # noqa: E731
    np.testing.assert_allclose([f(1.2), bb.grad(f)(1.2), bb.grad(bb.grad(f))(1.2)], expected, rtol=1e-9)


def test_the_tail_of_an_inverse_normal() -> None:
    """SciPy's value; the slope of log sf is -pdf / sf."""
    value, slope = bb.value_and_grad(lambda x: stats.invgauss.logsf(x, 0.7))(1000.0)
    np.testing.assert_allclose(value, plain.invgauss.logsf(1000.0, 0.7), rtol=1e-12)
    np.testing.assert_allclose(slope, -np.exp(plain.invgauss.logpdf(1000.0, 0.7) - value), rtol=1e-10)


@pytest.mark.parametrize(
    "f",
    [
        *(lambda v, which=which: getattr(stats.gamma, which)(v[0], 2.0, scale=v[1])
          for which in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf")),
        lambda v: stats.norm.ppf(v[0], 0.0, v[1]),
        lambda v: stats.norm.entropy(v[0], v[1]),
        lambda v: stats.norm.mean(v[0], v[1]),
        lambda v: stats.poisson.logpmf(2, np.where(v[0] == v[0], v[1], v[0])),
        lambda v: stats.poisson.cdf(2, np.where(v[0] == v[0], v[1], v[0])),
        lambda v: stats.poisson.mean(np.where(v[0] == v[0], v[1], v[0])),
        lambda v: stats.binom.pmf(2, 5, np.where(v[1] > 0, v[0], v[1])),
    ],
)  # fmt: skip
def test_what_is_nan_has_the_derivative_nan(f: Callable[[Any], Any]) -> None:
    """By whatever it is computed from; its neighbours in an array have their own."""
    good = np.array([[0.3], [1.2]])
    bad = np.array([[np.nan, 0.3], [1.2, -1.0]])
    v = np.concatenate([good, bad], axis=1)
    expected, y = bb.grad(lambda v: np.sum(f(v)))(good), f(v)
    assert np.array_equal(np.isnan(y), [False, True, True])
    total = lambda v: np.sum(f(v))  # noqa: E731
    for gradient in (bb.grad(total), bb.jacfwd(total), bb.compile(bb.grad(total))):
        found = gradient(v)
        np.testing.assert_allclose(found[:, :1], expected, rtol=1e-14)
        assert np.all(np.any(np.isnan(found[:, 1:]), axis=0))
    assert np.isnan(bb.hessian(lambda s: np.sum(f(np.stack([v[0], s]))))(v[1])[2, 2])


@pytest.mark.parametrize(
    "f",
    [
        lambda a: stats.sem(2 * a),
        lambda a: stats.variation(3 * a),
        lambda a: stats.linregress(np.arange(9.0), a[4] * np.arange(9.0)).stderr,
        lambda a: stats.linregress(np.arange(9.0), a[4] * np.arange(9.0)).intercept_stderr,
        lambda a: np.sum(ndimage.gaussian_gradient_magnitude(np.outer(a - 1, np.ones(9)), 0.5)),
    ],
)
def test_the_root_of_squares_that_are_all_0(f: Callable[[Any], Any]) -> None:
    """It has the kink of |x|, whose slope is 0; second derivatives too. In every mode, and compiled."""
    a, zero = np.ones(9), np.zeros(9)
    for gradient in (bb.grad(f), bb.jacfwd(f), bb.compile(bb.grad(f)), lambda a: bb.hessian(f)(a)[0]):
        np.testing.assert_array_equal(gradient(a), zero)


def test_a_flat_pixel_leaves_the_others_their_slopes() -> None:
    image = np.zeros((9, 9))
    image[4, 4] = 1.0
    f = lambda a: np.sum(ndimage.gaussian_gradient_magnitude(a, 0.5))  # noqa: E731
    up, down = (np.sum(plain_ndimage.gaussian_gradient_magnitude(image * s, 0.5)) for s in (1 + 1e-6, 1 - 1e-6))
    for gradient in (bb.grad(f), bb.jacfwd(f), bb.compile(bb.grad(f))):
        assert np.all(np.isfinite(gradient(image)))
        np.testing.assert_allclose(gradient(image)[4, 4], (up - down) / 2e-6, rtol=1e-8)


@pytest.mark.parametrize("mode", ["reflect", "mirror", "wrap", "nearest", "constant"])
@pytest.mark.parametrize("sigma", [0.5, 1.2])
def test_flat_regions_are_exactly_flat(mode: str, sigma: float) -> None:
    """Where SciPy's gradient is 0, at any grey, so is ours, eager and compiled: its length has the slope 0 there."""
    image = np.full((24, 27), 1 / 3)
    image[2:5, 9:11] = 0.7
    f = lambda a: ndimage.gaussian_gradient_magnitude(a, sigma, mode=mode)  # noqa: E731
    expected = plain_ndimage.gaussian_gradient_magnitude(image, sigma, mode=mode)
    flat = expected == 0
    assert 0 < flat.sum() < flat.size
    for found in (f(bb.Variable(image)).data, bb.compile(f)(image), bb.jvp(f, (image,), (image,))[0]):
        np.testing.assert_allclose(found, expected, atol=1e-15)
        np.testing.assert_array_equal(np.asarray(found)[flat], 0)
    of_flat = lambda a: np.sum(np.where(flat, f(a), 0))  # noqa: E731
    for gradient in (bb.grad(of_flat), bb.jacfwd(of_flat), bb.compile(bb.grad(of_flat))):
        np.testing.assert_array_equal(gradient(image), 0)
    sloping = lambda a: np.sum(np.where(expected < 0.01, 0, f(a)))  # noqa: E731
    t = np.random.default_rng(0).normal(size=image.shape)

    def theirs(a: np.ndarray) -> Any:
        return np.sum(plain_ndimage.gaussian_gradient_magnitude(a, sigma, mode=mode)[expected >= 0.01])

    h = 1e-6
    slope = (theirs(image + h * t) - theirs(image - h * t)) / (2 * h)
    np.testing.assert_allclose(np.sum(bb.grad(sloping)(image) * t), slope, rtol=1e-6)
    np.testing.assert_allclose(bb.jvp(sloping, (image,), (t,))[1], slope, rtol=1e-6)


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 1.0])])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_means_of_an_entry_that_is_0(weights: Any) -> None:
    """By that entry the harmonic mean has the slope 1 / its share, the geometric one an infinite one; by others 0. Beside a
    second 0 all are 0, and rows without one have their own."""
    x = np.array([[0.0, 0.0, 2.0], [0.0, 1.0, 2.0], [1.5, 1.0, 2.0]])
    share = (np.ones(3) if weights is None else weights / np.mean(weights)) / 3
    h = 1 / np.sum(share / x[2])
    harmonic = np.array([[0.0, 0, 0], [1 / share[0], 0, 0], h**2 * share / x[2] ** 2])
    geometric = np.array([[0.0, 0, 0], [np.inf, 0, 0], np.prod(x[2] ** share) * share / x[2]])
    for mean, truth in ((stats.hmean, harmonic), (stats.gmean, geometric)):
        f = lambda x, mean=mean: mean(x, axis=1, weights=weights)  # noqa: E731
        np.testing.assert_allclose(
            bb.vjp(f, x)[0], getattr(plain, mean.__name__)(x, axis=1, weights=weights), rtol=1e-14
        )
        for mode in (bb.jacrev, bb.jacfwd):
            found = np.stack([mode(lambda row, f=f: f(row[None])[0])(row) for row in x])
            np.testing.assert_allclose(found, truth, rtol=1e-13)
        gradient = bb.grad(lambda x, f=f: np.sum(f(x)))
        np.testing.assert_allclose(gradient(x), truth, rtol=1e-13)


def test_the_entropy_of_an_empty_bin() -> None:
    """-(log p + H) / Σp by each entry, infinite by the empty one; log(p / q) - D of the divergence, divided by Σp."""
    p, q = np.array([0.0, 1.0, 3.0]), np.array([2.0, 3.0, 5.0])
    share, other = p / 4, q / 10
    with np.errstate(divide="ignore"):
        by_entry = -(np.log(share) + plain.entropy(p)) / 4
        divergence = (np.log(share / other) - plain.entropy(p, q)) / 4
    for gradient in (bb.grad(stats.entropy), bb.jacfwd(stats.entropy)):
        np.testing.assert_allclose(gradient(p), by_entry, rtol=1e-13)
    for gradient in (bb.grad(lambda p: stats.entropy(p, q)), bb.jacfwd(lambda p: stats.entropy(p, q))):
        np.testing.assert_allclose(gradient(p), divergence, rtol=1e-13)
    np.testing.assert_allclose(bb.grad(lambda q: stats.entropy(p, q))(q), 1 / 10 - share / q, rtol=1e-13, atol=1e-16)
    second = bb.hessian(lambda p: stats.entropy(p))(p)[1:, 1:]  # of the entries that are there
    s = np.log(share[1:])
    truth = -np.diag(1 / p[1:]) / 4 + (1 + s[:, None] + s + 2 * plain.entropy(p)) / 16
    np.testing.assert_allclose(second, truth, rtol=1e-12)


def test_a_line_is_five_numbers() -> None:
    x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.5, 5.0])

    def slope_of(y: Any) -> Any:
        slope, *_, stderr = stats.linregress(x, y)
        return slope + 0 * stderr

    np.testing.assert_allclose(bb.grad(slope_of)(y), [-0.3, -0.1, 0.1, 0.3], rtol=1e-12)
    found = bb.grad(lambda y: stats.linregress(x, y).intercept_stderr)(y)
    moved = [
        plain.linregress(x, y + 1e-6 * e).intercept_stderr - plain.linregress(x, y - 1e-6 * e).intercept_stderr
        for e in np.eye(4)
    ]
    np.testing.assert_allclose(found, np.array(moved) / 2e-6, atol=1e-8)


# ---- what solvers leave ---------------------------------------------------------------------------

TIMES = np.linspace(0.0, 1.0, 5)


def fitted(s: Any) -> Any:
    return optimize.least_squares(
        lambda v: v[1] * np.exp(-v[0] * TIMES) - s * np.exp(-TIMES) * (1 + TIMES**2), [1.0, 1.0]
    )


def test_the_jacobian_of_a_fit() -> None:
    """The covariance that is made of it."""

    def spread(s: Any) -> Any:
        found = fitted(s)
        return np.trace(np.linalg.inv(found.jac.T @ found.jac))

    numerical = (spread(2.0 + 1e-4) - spread(2.0 - 1e-4)) / 2e-4
    np.testing.assert_allclose(bb.grad(spread)(2.0), numerical, rtol=1e-5)
    np.testing.assert_allclose(bb.jvp(spread, (2.0,), (1.0,))[1], numerical, rtol=1e-5)


ESTIMATES: dict[str, Callable[[Any], Any]] = {
    "optimality": lambda s: fitted(s).optimality,
    "hess_inv": lambda s: np.sum(optimize.minimize(lambda x: np.sum((x - s) ** 2 * (1 + x * x)), np.ones(2)).hess_inv),
    "marginals": lambda s: optimize.linprog([-1.0, -2.0], [[1.0, s]], [2.0]).ineqlin.marginals[0],
    "fvec": lambda s: np.sum(optimize.curve_fit(lambda t, a: s * t + a, TIMES, TIMES**2, full_output=True)[2]["fvec"]),
}


@pytest.mark.parametrize("name", ESTIMATES)
def test_estimates_of_a_solver_are_no_constants(name: str) -> None:
    """As constants their derivative would be 0, silently."""
    with pytest.raises(bb.NoDerivativeError, match=name):
        bb.grad(lambda s: ESTIMATES[name](s) + s)(2.0)
    assert np.isnan(bb.jvp(lambda s: ESTIMATES[name](s) + s, (2.0,), (1.0,))[1])


def test_the_slack_of_a_program() -> None:
    found = bb.jacobian(lambda b: optimize.linprog([-1.0, -2.0], [[1.0, 1.0], [1.0, 0.0]], b).slack)(
        np.array([2.0, 3.0])
    )
    np.testing.assert_allclose(found, [[0.0, 0.0], [0.0, 1.0]], atol=1e-12)  # x = (0, b0)


@pytest.mark.parametrize("name", ["fmin_l_bfgs_b", "fmin_tnc", "basinhopping"])
def test_older_solvers_say_what_to_write(name: str) -> None:
    solver = getattr(optimize, name)
    extra = {} if name == "basinhopping" else {"approx_grad": True}
    with pytest.raises(bb.NoDerivativeError, match="bibun.scipy.optimize"):
        bb.grad(lambda s: solver(lambda x: np.sum((x - s) ** 2), np.zeros(2), **extra)[0])(1.0)
    assert solver(lambda x: float(np.sum((x - 1) ** 2)), np.zeros(2), **extra) is not None


def test_a_preconditioner_without_a_transpose() -> None:
    matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    M = LinearOperator((2, 2), matvec=lambda v: v / np.diag(matrix))
    expected = bb.grad(lambda a: np.sum(np.linalg.solve(a, np.ones(2))))(matrix)
    for solve in (sparse.cg, sparse.minres):
        found = bb.grad(lambda a: np.sum(solve(a, np.ones(2), M=M, rtol=1e-12)[0]))(matrix)
        np.testing.assert_allclose(found, expected, rtol=1e-10)
    with pytest.raises(bb.NoDerivativeError, match="rmatvec"):
        bb.grad(lambda a: np.sum(sparse.gmres(a, np.ones(2), M=M, rtol=1e-12)[0]))(matrix)


def test_a_correlation_that_is_not_centered_is_a_cosine() -> None:
    u, v = np.array([1.0, 0.0, 2.0]), np.array([1.0, 2.0, 4.0])
    found = bb.grad(lambda u: distance.correlation(u, v, centered=False))(u)
    np.testing.assert_allclose(found, bb.grad(lambda u: distance.cosine(u, v))(u), rtol=1e-14)


def test_a_normal_distribution_on_a_line() -> None:
    """Of a singular matrix: by the point and the mean, along the line; a full matrix is as ever."""
    axis = np.array([3.0, 4.0]) / 5
    cov, mean = 2.0 * np.outer(axis, axis), np.array([1.0, -1.0])
    logpdf = stats.multivariate_normal.logpdf
    x = mean + 0.7 * axis
    value, slope = bb.value_and_grad(lambda x: logpdf(x, mean, cov, allow_singular=True))(x)
    np.testing.assert_allclose(value, plain.multivariate_normal.logpdf(x, mean, cov, allow_singular=True), rtol=1e-12)
    np.testing.assert_allclose(slope, -0.7 / 2.0 * axis, atol=1e-12)
    by_mean = bb.grad(lambda m: logpdf(x, m, cov, allow_singular=True))(mean)
    np.testing.assert_allclose(by_mean, 0.7 / 2.0 * axis, atol=1e-12)
    assert logpdf(bb.Variable(x + [0.1, 0.0]), mean, cov, allow_singular=True).data == -np.inf
    with pytest.raises(bb.NoDerivativeError, match="singular"):
        bb.grad(lambda c: logpdf(x, mean, c, allow_singular=True))(cov)
    full = np.array([[2.0, 0.5], [0.5, 1.0]])
    found = bb.grad(lambda c: logpdf(x, mean, c, allow_singular=True))(full)
    np.testing.assert_allclose(found, bb.grad(lambda c: logpdf(x, mean, c))(full), rtol=1e-14)
