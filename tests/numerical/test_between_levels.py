"""What levels at powers of two do not show: functions in phase with them, plateaus of rounding, and an x far below the scale
on which f varies. The truth is a formula, or mpmath's.
"""

from __future__ import annotations

import math
import random
from statistics import mean

import mpmath
import numpy as np
import pytest
from scipy import special

import bibun as bb
from bibun.numerical import derivative, gradient, hessian

EPS = 2.0**-52
SAMPLE = 400


def covers(estimate, truth, times=1.0):
    return bool(abs(float(estimate.value) - truth) <= times * float(estimate.error) + 2 * EPS * abs(truth))


def _sine(w, x):
    with mpmath.workdps(40):
        return float(w * mpmath.cos(mpmath.mpf(w) * mpmath.mpf(x)))


# Oscillations in phase with the levels


def _decaying(w):
    def f(t):
        return math.exp(-t) * math.cos(w * t)

    return f, lambda x: -math.exp(-x) * (math.cos(w * x) + w * math.sin(w * x))


@pytest.mark.parametrize(("w", "x"), [(2 * math.pi * 1024, 0.3), (2 * math.pi * 128, 7.7), (2 * math.pi * 48, -2.3)])
def test_an_oscillation_in_phase_with_all_levels(w, x):
    f, slope = _decaying(w)
    found = derivative(f, x)
    assert abs(found.value - slope(x)) <= 1e-6 * abs(slope(x))
    assert covers(found, slope(x))


def test_a_whole_number_of_periods_at_every_step_is_no_slope_of_0():
    truth = 2 * math.pi * 440 * math.cos(2 * math.pi * 440 * 7.7)
    assert covers(derivative(lambda t: math.sin(2 * math.pi * 440 * t), 7.7), truth)


@pytest.mark.parametrize("x", [1e3 + 0.3, 412345.7, 825133988.5140744])
def test_a_sawtooth_far_from_0(x):
    assert covers(derivative(lambda t: math.fmod(t, 0.5), x), 1.0)


def test_random_sines():
    rng = random.Random(7)
    cases = [(math.exp(rng.uniform(0, 14)), rng.uniform(0.5, 2.0)) for _ in range(SAMPLE)]
    found = [(derivative(lambda t, w=w: math.sin(w * t), x), _sine(w, x)) for w, x in cases]
    assert mean(covers(estimate, truth) for estimate, truth in found) >= 0.97
    assert all(covers(estimate, truth, 10) for estimate, truth in found)


def test_random_tables():
    rng = random.Random(8)
    right, near = [], []
    for _ in range(SAMPLE):
        nodes = np.linspace(-6, 6, rng.randint(20, 3000))
        values, x = np.sin(nodes), rng.uniform(-5.5, 5.5)
        i = int(np.searchsorted(nodes, x)) - 1
        slope = (values[i + 1] - values[i]) / (nodes[i + 1] - nodes[i])
        found = derivative(lambda z, nodes=nodes, values=values: float(np.interp(z, nodes, values)), x)
        right.append(covers(found, slope))
        near.append(covers(found, slope, 5))
    assert mean(right) >= 0.98
    assert mean(near) >= 0.995


def test_one_entry_of_many_in_phase():
    rng = np.random.default_rng(4)
    x, w = rng.uniform(0.5, 2.0, 60), np.ones(60)
    w[17] = 804.2
    f = lambda z: float(np.sum(np.sin(w * z)))  # noqa: E731
    found = gradient(f, x, "real")
    assert np.all(np.abs(found.value - w * np.cos(w * x)) <= 5 * found.error)
    x[17], w[17] = 0.3, 2 * np.pi * 1024
    found = gradient(lambda z: f(z) * math.exp(-z[17]), x, "real")
    truth = math.exp(-x[17]) * (w * np.cos(w * x) - np.sum(np.sin(w * x)) * (np.arange(60) == 17))
    assert abs(found.value[17] - truth[17]) <= 1e-6 * abs(truth[17])
    assert np.all(np.abs(found.value - truth) <= 5 * found.error)


def test_a_hessian_in_phase():
    w = 2 * np.pi * 1024
    x = np.array([0.3, 0.7])
    found = hessian(lambda z: np.sin(w * z[0]) * z[1] ** 2, x)
    s, c = math.sin(w * 0.3), math.cos(w * 0.3)
    truth = np.array([[-w * w * s * 0.49, w * c * 1.4], [w * c * 1.4, 2 * s]])
    assert np.all(np.abs(found.value - truth) <= found.error + 1e-12 * np.abs(truth))
    assert np.all(found.error <= 1e-5 * np.abs(truth))


# x far below the scale of f


@pytest.mark.parametrize(
    ("f", "x", "truth"),
    [
        (lambda t: math.sin(1e5 * t), 1e-9, -1e10 * math.sin(1e-4)),
        (lambda t: math.tanh(1e4 * t), -1e-9, 2e8 * math.tanh(1e-5) / math.cosh(1e-5) ** 2),
        (lambda t: math.atan(1e6 * t), 1e-10, -2e12 * 1e-4 / (1 + 1e-8) ** 2),
    ],
    ids=["sin", "tanh", "atan"],
)
def test_second_derivative_of_an_odd_function_beside_0(f, x, truth):
    found = derivative(f, x, order=2)
    assert covers(found, truth)
    assert found.error <= 1e-3 * abs(truth)


def test_hessian_of_an_odd_function_beside_0():
    found = hessian(lambda z: math.sin(1e5 * z[0]) * math.exp(z[1]), np.array([1e-9, 0.5]))
    assert abs(found.value[0, 0] + 1e10 * math.sin(1e-4) * math.exp(0.5)) <= found.error[0, 0] <= 1.0


# Plateaus

CANCELLED = {
    "1 - cos": (lambda x: 1 - math.cos(x), math.sin, (1e-12, 1e-3)),
    "sqrt - 1": (lambda x: math.sqrt(1 + x * x) - 1, lambda x: x / math.sqrt(1 + x * x), (1e-12, 1e-3)),
    "log cosh": (lambda x: math.log(math.cosh(x)), math.tanh, (1e-12, 1e-3)),
    "1 - logistic": (lambda x: 1 - 1 / (1 + math.exp(-x)), lambda x: -math.exp(-x), (40.0, 300.0)),
    "1 - erf": (lambda x: 1 - math.erf(x), lambda x: -2 / math.sqrt(math.pi) * math.exp(-x * x), (3.0, 15.0)),
}


@pytest.mark.parametrize("name", CANCELLED)
def test_a_plateau_hides_a_slope(name):
    f, slope, (low, high) = CANCELLED[name]
    rng = random.Random(9)
    for _ in range(100):
        x = math.exp(rng.uniform(math.log(low), math.log(high)))
        assert covers(derivative(f, x), slope(x), 3), x


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.sum(np.sqrt(1 + x**2) - 1), np.array([3e-9, 2e-9])),
        (lambda x: np.sum(np.sqrt(1 + x**2) - 1), np.array([1e-5, 1e-10])),
        (lambda x: 1 - 1 / (1 + np.exp(-x)), 50.0),
        (lambda x: 1 - special.erf(x), 7.0),
        (lambda x: 1 - np.cos(x), 3e-8),
        (lambda x: np.log(1 + x**2), 3e-9),
        (lambda x: np.log(np.cosh(x)), 3e-9),
        (lambda x: np.hypot(1, x) - 1, 3e-9),
        (lambda x: np.exp(x * x) - 1, 3e-9),
    ],
)
def test_check_accuses_nobody_beside_a_plateau(f, x):
    assert bb.check(f, x).verdict in ("agrees", "undecided")


@pytest.mark.parametrize(
    ("f", "x"),
    [(lambda t: max(t, 0.0), -1.0), (lambda t: 3.0, 0.7), (lambda t: math.copysign(1.0, t), 2.0), (lambda t: 0.0, 1.0)],
    ids=["relu", "constant", "sign", "zero"],
)
def test_a_constant_stretch_of_f_itself_is_0_within_a_small_error(f, x):
    found = derivative(f, x)
    assert found.value == 0.0 <= found.error <= 1e-12


def test_stairs_are_noise_where_all_small_steps_stay_on_one():
    found = derivative(lambda t: round(math.sin(3.5 * t), 2), -0.0231)
    assert covers(found, 3.5 * math.cos(3.5 * 0.0231))
    assert not found.status.startswith("rounding")


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_number_of_a_number_is_a_python_float(order):
    for f, x in ((math.exp, 1.0), (np.exp, np.float64(1.0))):
        found = derivative(f, x, order)
        assert (type(found.value), type(found.error)) == (float, float)
        assert abs(found.value - math.e) <= found.error
