"""The estimators for optimisers, on functions with closed derivatives and noise that the tests add themselves."""

import copy
import operator
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, least_squares, minimize, root

from bibun.numerical.estimators import GradientEstimator, JacobianEstimator
from bibun.numerical.estimators.noise import POINTS, NoiseModel, Spacing, noise_of
from tests.numerical.black_boxes import rosenbrock, rosenbrock_gradient


def mixed(x):
    """Couples its three variables, with derivatives of every order."""
    return float(np.exp(x[0]) + np.sin(3 * x[1]) * x[0] + x[2] ** 4 * x[1])


def mixed_gradient(x):
    return np.array(
        [np.exp(x[0]) + np.sin(3 * x[1]), 3 * np.cos(3 * x[1]) * x[0] + x[2] ** 4, 4 * x[2] ** 3 * x[1]],
    )


def model(t, p):
    return p[0] * np.exp(-p[1] * t) + p[2]


def model_jacobian(t, p):
    e = np.exp(-p[1] * t)
    return np.stack([e, -p[0] * t * e, np.ones_like(t)], axis=1)


class Recorder:
    """f, which remembers where it was called, and spoils what it was given."""

    def __init__(self, f):
        self.f, self.points = f, []

    def __call__(self, x):
        self.points.append(x.copy())
        y = self.f(x)
        x[...] = np.nan
        return y

    @property
    def calls(self):
        return len(self.points)


def noisy(f, level, seed, relative=False):
    random = np.random.default_rng(seed)
    if relative:
        return lambda x: f(x) * (1 + level * random.standard_normal())
    return lambda x: f(x) + level * random.standard_normal()


def approaching(target, seed, steps=30):
    """Points as an optimiser visits them: nearer and nearer to the target."""
    random = np.random.default_rng(seed)
    return [target * (1 + 0.3 * 0.85**k * random.standard_normal(target.size)) for k in range(steps)]


# ---- noise -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [1e-12, 1e-3, 1e6])
def test_the_level_of_noise_is_found(level):
    random = np.random.default_rng(0)
    t = np.arange(POINTS)[:, None]
    trend = 3 * level * t  # what a function does over a short line
    found, spacing = noise_of(trend + level * random.standard_normal((POINTS, 2000)))
    assert spacing is Spacing.GOOD
    assert np.sqrt(np.mean(found**2)) == pytest.approx(level, rel=0.05)
    assert np.mean((found > level / 2.5) & (found < 2 * level)) > 0.95


def test_a_spacing_that_does_not_fit_is_told():
    t = np.linspace(0, 3, POINTS)[:, None]
    assert noise_of(np.exp(2 * t))[1] is Spacing.TOO_LARGE
    assert noise_of(np.floor(t / 4))[1] is Spacing.TOO_SMALL


@pytest.mark.parametrize(("constant", "share"), [(1e-3, 0), (0, 1e-5), (1e-3, 1e-5)])
def test_noise_is_foretold_where_f_has_another_size(constant, share):
    noise = NoiseModel(np.array([1e-16]))
    for size in [1e4, 3e3, 1e3, 1.0, 0.1]:
        noise.add(np.array([size]), np.array([np.hypot(constant, share * size)]))
    for size in [5e3, 10.0, 1e-2]:
        assert noise.level(np.array([size])) == pytest.approx(np.hypot(constant, share * size), rel=0.5)


# ---- value and error bar ---------------------------------------------------------------------------------


def test_without_noise_the_gradient_is_as_good_as_central_differences_can_be():
    gradient = GradientEstimator(mixed)
    for x in approaching(np.array([0.7, -1.3, 1.1]), 0):
        truth = mixed_gradient(x)
        np.testing.assert_allclose(gradient(x), truth, rtol=1e-8, atol=1e-9)
        assert np.all(np.abs(gradient(x) - truth) <= gradient.error + 1e-14)
        assert np.all(gradient.error < 1e-7)
    assert gradient.status == "rounding"


@pytest.mark.parametrize("level", [1e-2, 1e-4, 1e-7])
def test_the_error_bar_covers_the_error_of_a_noisy_function(level):
    covered, sharp = [], []
    for seed in range(8):
        gradient = GradientEstimator(noisy(mixed, level, seed), seed=seed)
        for x in approaching(np.array([0.7, -1.3, 1.1]), seed):
            error = np.abs(gradient(x) - mixed_gradient(x))
            covered += list(error <= gradient.error)
            sharp += list(gradient.error / np.maximum(error, 1e-300))
        assert gradient.status.startswith("noise of the function at level")
        assert level / 3 < gradient.noise < 3 * level
    assert np.mean(covered) > 0.97
    assert np.median(sharp) < 8


def test_noise_costs_two_thirds_of_the_digits_at_most():
    """A central difference at its best step errs by about noise**(2/3); knowing the truncation makes that less."""
    gradient = GradientEstimator(noisy(mixed, 1e-6, 3))
    points = approaching(np.array([0.7, -1.3, 1.1]), 3)
    errors = [np.max(np.abs(gradient(x) - mixed_gradient(x))) for x in points]
    assert np.median(errors[-5:]) < 1e-3


def test_single_precision_is_noise():
    gradient = GradientEstimator(lambda x: np.float32(mixed(x)))
    for x in approaching(np.array([0.7, -1.3, 1.1]), 1):
        assert np.all(np.abs(gradient(x) - mixed_gradient(x)) <= gradient.error)
        assert np.all(gradient.error < 1e-2)


@pytest.mark.parametrize("unit", [1.0, 1e-150, 1e150])
def test_variables_of_all_sizes(unit):
    sizes = unit * np.array([1e-12, 1e-6, 1.0, 1e6, 1e12])

    def f(x):
        return float(np.sum(np.cosh(x / sizes)))

    gradient = GradientEstimator(f)
    for u in approaching(np.array([1.0, -2.0, 1.5, 0.5, 2.0]), 2, steps=10):
        np.testing.assert_allclose(gradient(u * sizes) * sizes, np.sinh(u), rtol=1e-8)


def test_scales_are_given_where_the_start_does_not_tell():
    sizes = np.array([1e-6, 1.0, 1e6])
    f = noisy(lambda x: float(np.sum(np.cosh(x / sizes + 1))), 1e-6, 0)
    found = minimize(
        (gradient := GradientEstimator(lambda u: f(u * sizes))).value, np.zeros(3), jac=gradient, method="L-BFGS-B"
    )
    np.testing.assert_allclose(found.x, -1, atol=1e-2)
    gradient = GradientEstimator(f, scales=sizes)
    np.testing.assert_allclose(gradient(np.zeros(3)) * sizes, np.sinh(1), rtol=1e-3)
    np.testing.assert_allclose(gradient(sizes / 2) * sizes, np.sinh(1.5), rtol=1e-3)


@given(
    st.integers(-200, 200),
    st.integers(-200, 200),
    st.lists(st.integers(-40, 40), min_size=3, max_size=3),
    st.integers(0, 1000),
)
def test_powers_of_two_in_x_and_f_change_no_digit(p, together, q, seed):
    """If h(x) = 2**p f(x / 2**q) then grad h at 2**q x is 2**(p - q) grad f at x, to the last bit."""
    units = 2.0 ** (together + np.array(q))
    plain = GradientEstimator(mixed, seed=seed)
    scaled = GradientEstimator(lambda x: 2.0**p * mixed(x / units), seed=seed)
    for x in approaching(np.array([0.7, -1.3, 1.1]), seed, steps=4):
        np.testing.assert_array_equal(scaled(x * units) * units, 2.0**p * plain(x))


@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.integers(0, 1000))
def test_a_linear_function_is_exact_to_rounding(slopes, seed):
    a = np.array(slopes)
    gradient = GradientEstimator(lambda x: float(a @ x))
    for x in np.random.default_rng(seed).uniform(-2, 2, (4, 4)):
        np.testing.assert_allclose(gradient(x), a, atol=1e-9)


def test_no_noise_and_no_slope():
    gradient = GradientEstimator(lambda x: 3.0)
    np.testing.assert_array_equal(gradient(np.array([1.0, 0.0])), [0, 0])
    assert np.all(gradient.error < 1e-12)


# ---- optimisers ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three_point_calls():
    f = Recorder(rosenbrock)
    minimize(f, np.tile([-1.2, 1.0], 5), jac="3-point", method="L-BFGS-B")
    return f.calls


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", ["value", "value_and_gradient"])
def test_rosenbrock_with_relative_noise_is_solved_at_the_cost_of_3_point_differences(seed, form, three_point_calls):
    f = Recorder(noisy(rosenbrock, 1e-4, seed, relative=True))
    gradient = GradientEstimator(f, seed=seed)
    jac = gradient if form == "value" else True
    found = minimize(getattr(gradient, form), np.tile([-1.2, 1.0], 5), jac=jac, method="L-BFGS-B")
    assert np.max(np.abs(found.x - 1)) < 1e-4
    assert f.calls == gradient.evaluations < 1.4 * three_point_calls


@pytest.mark.parametrize("seed", range(3))
def test_additive_noise_stops_an_optimiser_only_where_nothing_more_can_be_seen(seed, three_point_calls):
    f = noisy(rosenbrock, 1e-4, seed)
    gradient = GradientEstimator(f, seed=seed)
    found = minimize(gradient.value, np.tile([-1.2, 1.0], 5), jac=gradient, method="L-BFGS-B")
    assert np.max(np.abs(found.x - 1)) < 1e-3  # with the true gradient and f itself: 1e-3 to 1e-2
    assert gradient.evaluations < 1.5 * three_point_calls
    differences = minimize(f, np.tile([-1.2, 1.0], 5), jac="3-point", method="L-BFGS-B")
    assert np.max(np.abs(differences.x - 1)) > 0.1


def test_without_noise_an_optimiser_gets_the_function_and_pays_no_more(three_point_calls):
    f = Recorder(rosenbrock)
    gradient = GradientEstimator(f)
    seen = []

    def value(x):
        seen.append(gradient.value(x) - rosenbrock(x))
        return gradient.value(x)

    found = minimize(value, np.tile([-1.2, 1.0], 5), jac=gradient, method="L-BFGS-B")
    assert np.max(np.abs(found.x - 1)) < 1e-4
    assert f.calls < 1.15 * three_point_calls
    assert np.max(np.abs(seen)) < 1e-12


@pytest.mark.parametrize("method", ["BFGS", "CG", "SLSQP", "trust-constr"])
def test_other_optimisers(method):
    gradient = GradientEstimator(noisy(rosenbrock, 1e-5, 1))
    found = minimize(gradient.value, np.array([-1.2, 1.0, 0.5]), jac=gradient, method=method)
    assert np.max(np.abs(found.x - 1)) < 1e-2


def test_an_active_bound():
    bounds = Bounds([-2, -2, -2], [0.5, 2, 2])
    f = Recorder(noisy(rosenbrock, 1e-5, 0))
    gradient = GradientEstimator(f, bounds=bounds)
    start = np.array([-1.2, 1.0, 0.5])
    found = minimize(gradient.value, start, jac=gradient, bounds=bounds, method="L-BFGS-B")
    exact = minimize(rosenbrock, start, jac=rosenbrock_gradient, bounds=bounds, method="L-BFGS-B", tol=1e-12)
    np.testing.assert_allclose(found.x, exact.x, atol=1e-3)
    assert gradient.status.startswith("boundary: one-sided for 1 of 3 variables")
    assert np.all((np.array(f.points) >= bounds.lb) & (np.array(f.points) <= bounds.ub))


@pytest.mark.parametrize("level", [0, 1e-8, 1e-4])
def test_a_fit_is_as_good_as_with_the_true_jacobian(level):
    t, truth = np.linspace(0, 4, 60), np.array([2.5, 1.3, 0.5])
    random = np.random.default_rng(1)
    data = model(t, truth)

    def residuals(p):
        return model(t, p) - data + level * random.standard_normal(t.size)

    jacobian = JacobianEstimator(residuals)
    fit = least_squares(residuals, np.ones(3), jac=jacobian)
    np.testing.assert_allclose(fit.x, truth, atol=10 * level + 1e-8)
    found = jacobian(truth)
    assert found.shape == jacobian.error.shape == (60, 3)
    assert np.shape(jacobian.noise) == (60,)
    assert np.mean(np.abs(found - model_jacobian(t, truth)) <= jacobian.error + 1e-13) > 0.97


def test_the_noise_of_each_residual_is_its_own():
    t = np.linspace(0, 4, 40)
    levels = np.where(t < 2, 1e-3, 1e-6)
    random = np.random.default_rng(0)
    jacobian = JacobianEstimator(lambda p: model(t, p) + levels * random.standard_normal(t.size))
    covered = []
    for p in approaching(np.array([2.5, 1.3, 0.5]), 0, steps=10):
        errors = np.abs(jacobian(p) - model_jacobian(t, p))
        covered += list((errors <= jacobian.error).ravel())
    assert np.mean(covered) > 0.96
    assert np.all((jacobian.noise > levels / 5) & (jacobian.noise < 10 * levels))


def test_a_jacobian_of_a_list_and_of_a_matrix():
    def equations(x):
        return [x[0] ** 2 + x[1] - 3, x[0] - x[1] ** 2 + 1]

    solution = root(equations, [1.0, 1.0], jac=JacobianEstimator(equations)).x
    np.testing.assert_allclose(equations(solution), 0, atol=1e-10)
    jacobian = JacobianEstimator(lambda x: np.outer(x, x))
    x = np.array([0.5, 2.0])
    truth = np.einsum("ik,j->ijk", np.eye(2), x) + np.einsum("jk,i->ijk", np.eye(2), x)
    np.testing.assert_allclose(jacobian(x), truth, atol=1e-12)


# ---- domains and bounds ----------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6), st.sampled_from([0.0, 1e-6]))
def test_nothing_is_evaluated_outside_the_bounds(positions, level):
    low, high = np.array([-1.0, 0.0, 1e-9]), np.array([-0.5, 1.0, 3.0])
    f = Recorder(noisy(mixed, level, 0))
    gradient = GradientEstimator(f, bounds=(low, high))
    for part in (positions[:3], positions[3:], [0, 1, 0]):
        x = np.clip(low + np.array(part) * (high - low), low, high)
        beyond = 3 if level == 0 else 30  # at a corner the noise is learned from one side, and from few values
        assert np.all(np.abs(gradient(x) - mixed_gradient(x)) <= beyond * gradient.error + 1e-9)
    points = np.array(f.points)
    assert np.all((points >= low) & (points <= high))


def test_a_bound_costs_few_digits():
    gradient = GradientEstimator(mixed, bounds=[(0, 1), (None, 2), (-3, None)])
    for x in ([0.0, 2.0, -3.0], [1.0, 2.0, -3.0], [1e-12, 2.0, -2.0]):
        np.testing.assert_allclose(gradient(np.array(x)), mixed_gradient(np.array(x)), rtol=1e-4)


def test_a_variable_that_cannot_move_is_left_alone():
    f = Recorder(mixed)
    gradient = GradientEstimator(f, bounds=([0.5, -5, -5], [0.5, 5, 5]))
    x = np.array([0.5, 1.0, 2.0])
    assert gradient(x)[0] == 0
    assert gradient.error[0] == np.inf
    assert gradient.status.startswith("boundary: no room for 1 of 3 variables")
    np.testing.assert_allclose(gradient(x)[1:], mixed_gradient(x)[1:], rtol=1e-8)
    assert {point[0] for point in f.points} == {0.5}


def test_a_function_that_raises_or_is_nan_beside_x():
    def f(x):
        if x[0] < 0:
            raise ValueError("outside")
        return float(np.sqrt(1 + x[0]) + (np.log(x[1]) if x[1] > 0 else np.nan))

    gradient = GradientEstimator(f)
    for x in ([0.0, 1.0], [0.0, 1e-3], [2.0, 3.0]):
        truth = [0.5 / np.sqrt(1 + x[0]), 1 / x[1]]
        np.testing.assert_allclose(gradient(np.array(x)), truth, rtol=1e-4)
    assert not np.any(np.isnan(gradient.error))


def test_a_point_without_a_value():
    f = Recorder(lambda x: float(np.sqrt(x[0])) if x[0] >= 0 else np.nan)
    gradient = GradientEstimator(f)
    gradient(np.array([1.0]))
    before = f.calls
    assert np.isnan(gradient.value(np.array([-1.0])))
    assert np.isnan(gradient(np.array([-1.0]))).all()
    assert gradient.status == "not finite: f(x) is nan or infinite"
    assert f.calls == before + 1
    assert np.isnan(gradient(np.array([np.nan]))).all()
    np.testing.assert_allclose(gradient(np.array([4.0])), 0.25, rtol=1e-8)


def test_a_kink_at_x_is_in_the_error_bar():
    gradient = GradientEstimator(lambda x: float(np.abs(x[0]) + x[1] ** 2))
    for x in ([0.0, 1.0], [0.5, 1.0], [-0.5, 2.0], [0.0, 0.5]):  # learned at the kink, and met later
        gradient.value(np.array(x))
        found = gradient(np.array(x))
        low, high = (-1, 1) if x[0] == 0 else (np.sign(x[0]), np.sign(x[0]))
        assert found[0] - gradient.error[0] <= low + 1e-12
        assert found[0] + gradient.error[0] >= high - 1e-12
        assert gradient.status.startswith("kink") == (x[0] == 0)
        np.testing.assert_allclose(found[1], 2 * x[1], rtol=1e-8)
    assert gradient.error[0] < 10


def test_a_function_that_changes_its_character_is_learned_anew():
    """Nothing of what is learned where f is flat holds where it is steep."""
    gradient = GradientEstimator(lambda x: float(np.exp(50 * x[0])))
    for x in (-1.0, -0.5, 0.0, 0.5):
        np.testing.assert_allclose(gradient(np.array([x])), 50 * np.exp(50 * x), rtol=1e-6)


# ---- manners ---------------------------------------------------------------------------------------------


def test_two_calls_a_variable_and_none_where_it_has_just_been():
    f = Recorder(rosenbrock)
    gradient = GradientEstimator(f)
    points = approaching(np.ones(10), 0, steps=40)
    for x in points:
        gradient(x)
    learning = 7 + 60  # the noise and three pairs of each variable
    assert f.calls == gradient.evaluations <= learning + 39 * 20 * 1.05
    gradient(points[-1])
    assert f.calls == gradient.evaluations
    before = f.calls
    gradient.value(points[-1])
    gradient.value_and_gradient(points[-1])
    assert f.calls <= before + 1


def test_the_callers_arrays_are_left_alone():
    buffer = np.zeros(1)

    def f(x):
        buffer[0] = mixed(x)
        x[:] = 7
        return buffer

    gradient = GradientEstimator(f)
    x = np.array([0.5, 1.0, 2.0])
    found = gradient(x)
    np.testing.assert_array_equal(x, [0.5, 1.0, 2.0])
    np.testing.assert_allclose(found, mixed_gradient(x), rtol=1e-8)
    found[:] = 0
    np.testing.assert_allclose(gradient(x), mixed_gradient(x), rtol=1e-8)


def test_a_copy_goes_its_own_way():
    gradient = GradientEstimator(rosenbrock)
    points = approaching(np.ones(4), 0, steps=6)
    for x in points[:3]:
        gradient(x)
    twins = [copy.copy(gradient), copy.deepcopy(gradient), pickle.loads(pickle.dumps(gradient))]
    before = gradient.evaluations
    for twin in twins:
        later = [twin(x) for x in points[3:]]
        assert gradient.evaluations == before < twin.evaluations
    np.testing.assert_array_equal(later, [gradient(x) for x in points[3:]])


def test_many_points_in_one_call_and_on_workers_give_the_same():
    points = approaching(np.ones(4), 0, steps=5)
    one_by_one = GradientEstimator(rosenbrock)
    expected = [one_by_one(x) for x in points]

    def rows(x):
        return np.array([rosenbrock(row) for row in x])

    together = GradientEstimator(rows, vectorized=True)
    np.testing.assert_array_equal([together(x) for x in points], expected)
    with ThreadPoolExecutor(2) as workers:
        parallel = GradientEstimator(rosenbrock, workers=workers)
        np.testing.assert_array_equal([parallel(x) for x in points], expected)
    assert one_by_one.evaluations == together.evaluations == parallel.evaluations


def test_further_arguments_and_shapes():
    gradient = GradientEstimator(lambda x, a, b=1.0: float(a * np.sum(x**2) * b))
    x = np.array([[1.0, 2.0], [3.0, -4.0]])
    np.testing.assert_allclose(gradient(x, 2.0, b=3.0), 12 * x, rtol=1e-9)
    np.testing.assert_allclose(gradient(x, 4.0, b=3.0), 24 * x, rtol=1e-9)
    assert gradient.value(x, 4.0, b=3.0) == pytest.approx(360)
    assert gradient.steps.shape == gradient.error.shape == (2, 2)


def test_arguments_of_the_optimiser():
    gradient = GradientEstimator(lambda x, a: float(np.sum((x - a) ** 2)))
    found = minimize(gradient.value, np.ones(3), args=(2.0,), jac=gradient, method="L-BFGS-B")
    np.testing.assert_allclose(found.x, 2, atol=1e-6)


def test_the_estimate():
    gradient = GradientEstimator(mixed)
    with pytest.raises(ValueError, match="before the first call"):
        operator.attrgetter("estimate")(gradient)
    x = np.array([0.5, 1.0, 2.0])
    gradient(x)
    estimate = gradient.estimate
    np.testing.assert_array_equal(estimate.value, gradient(x))
    np.testing.assert_array_equal(estimate.error, gradient.error)
    assert (estimate.evaluations, estimate.status) == (gradient.evaluations, "rounding")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: GradientEstimator(3), TypeError, "f is of type int, not a function"),
        (lambda: GradientEstimator(np.sin)(np.ones(2)), TypeError, r"f gave shape \(2,\).*use JacobianEstimator"),
        (lambda: GradientEstimator(lambda x: 1j * x[0])(np.ones(2)), TypeError, "f gave complex numbers"),
        (lambda: GradientEstimator(lambda x: None)(np.ones(2)), TypeError, "Does f end with `return`"),
        (lambda: GradientEstimator(np.sum)({"a": 1}), TypeError, "an array of real numbers is expected"),
        (lambda: GradientEstimator(np.sum)(np.array([1j])), TypeError, "an array of real numbers is expected"),
        (lambda: GradientEstimator(np.sum, bounds=(0, 1))(np.array([2.0])), ValueError, "outside its bounds"),
        (lambda: GradientEstimator(np.sum, scales=[1, 2])(np.ones(3)), ValueError, r"each entry of x of shape \(3,\)"),
        (lambda: GradientEstimator(np.sum, scales=0)(np.ones(3)), ValueError, "positive and finite"),
        (lambda: GradientEstimator(np.sum, workers=3), TypeError, "an executor is expected"),
    ],
)
def test_wrong_use_is_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_another_shape_and_leaving_the_bounds_later():
    gradient = GradientEstimator(np.sum, bounds=(0, 1))
    gradient(np.array([0.5, 0.5]))
    with pytest.raises(ValueError, match=r"shape \(3,\), but had \(2,\)"):
        gradient(np.ones(3))
    with pytest.raises(ValueError, match="Give the optimiser the same bounds"):
        gradient(np.array([0.5, 1.5]))


def test_what_f_raises_at_the_first_point_reaches_the_caller():
    def f(x):
        raise ValueError("the simulation failed")

    with pytest.raises(ValueError, match="the simulation failed"):
        GradientEstimator(f)(np.ones(2))
