"""bibun.check at difficult points: kinks, jumps, the edge of a domain, nan, noise."""

import numpy as np
import pytest

from bibun.checking import check

X = np.array([0.0, 1.0, -1.0])


def relu(x):
    return np.sum(np.maximum(x, 0))


@pytest.mark.parametrize(
    ("f", "x", "slopes"),
    [
        (relu, X, "slopes 0 and 1"),
        (lambda x: np.sum(np.abs(x)), X, "slopes -1 and 1"),
        (lambda x: np.maximum(0, 1 - x), 1.0, "slopes -1 and 0"),
        (lambda x: np.sum(np.clip(x, -1, 1)), X, "slopes 0 and 1"),
        (relu, X.astype(np.float32), "slopes 0 and 1"),
    ],
)
def test_a_kink_is_reported_and_is_no_error(f, x, slopes):
    report = check(f, x)
    assert report.ok
    assert report.verdict == "kink"
    assert slopes in report.arguments[0].note
    assert report.raise_if_wrong() is report


@pytest.mark.parametrize(
    ("at_zero", "verdict"), [(0.0, "kink"), (0.3, "kink"), (1.0, "kink"), (1.3, "disagrees"), (-0.2, "disagrees")]
)
def test_a_subgradient_between_the_slopes_is_right_and_one_outside_is_wrong(at_zero, verdict):
    report = check(relu, X, gradient=lambda x: np.where(x == 0, at_zero, x > 0))
    assert report.verdict == verdict
    assert [w.index for w in report.arguments[0].wrong] == ([(0,)] if verdict == "disagrees" else [])


def many():
    x = np.random.default_rng(0).normal(size=300)
    x[::60] = 0
    return x


def size(x):
    return np.sum(np.abs(x))


def test_many_entries_some_on_kinks():
    report = check(size, many())
    assert report.verdict == "kink"
    assert "beside the kink it agrees" in report.arguments[0].note


def test_wrong_entries_are_seen_beside_a_kink():
    def gradient(x):
        g = np.sign(x)
        g[7] *= 1.1
        return g

    report = check(size, many(), gradient=gradient)
    assert report.verdict == "disagrees"
    assert [w.index for w in report.arguments[0].wrong] == [(7,)]


def test_a_gradient_outside_the_slopes_of_one_kink_among_many_entries():
    def gradient(x):
        g = np.sign(x)
        g[120] = 2.0
        return g

    report = check(size, many(), gradient=gradient)
    assert report.verdict == "disagrees"
    assert [w.index for w in report.arguments[0].wrong] == [(120,)]


def test_kinks_that_lean_both_ways_allow_every_subgradient():
    signs = np.where(np.arange(300) % 120 == 0, 1.0, -2.0)
    report = check(lambda x: np.sum(signs * np.maximum(x, 0)), many(), gradient=lambda x: signs * (x > 0))
    assert report.verdict == "kink"


def test_relu_networks_away_from_kinks_agree():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 30))

    def f(p):
        return np.sum(np.maximum(x @ p["w"] + p["b"], 0) ** 2)

    for seed in range(10):
        report = check(f, {"w": rng.normal(size=(30, 10)), "b": np.zeros(10)}, seed=seed)
        assert report.verdict == "agrees"
        assert report.digits > 9


def test_the_second_derivative_of_a_kinked_gradient():
    report = check(lambda x: np.sum(np.maximum(x, 0) ** 2), X, order=2)
    assert report.verdict == "kink"
    assert "slopes 0 and 2" in report.arguments[0].note


def test_a_jump_is_undecided():
    report = check(lambda x: np.sum(np.floor(x) * x), np.array([0.5, 1.0]))
    assert report.verdict == "undecided"
    assert report.arguments[0].comparisons[0].status.startswith("jump")


@pytest.mark.parametrize("x", [1e-12, 1e-6])
def test_beside_the_edge_of_a_domain(x):
    assert check(np.sqrt, x).verdict == "agrees"
    assert check(lambda x: np.sum(np.log(x)), np.array([x, 1.0])).verdict == "agrees"
    rest = np.random.default_rng(0).uniform(size=99)
    assert check(lambda x: np.sum(np.sqrt(x)), np.concatenate([[x], rest])).verdict == "agrees"


def test_an_infinite_derivative_is_undecided_and_said():
    assert check(np.sqrt, 0.0).verdict == "undecided"
    rest = np.random.default_rng(0).uniform(size=99)
    report = check(lambda x: np.sum(np.sqrt(x)), np.concatenate([[0.0], rest]))
    assert report.verdict == "undecided"
    assert "a gradient is nan or infinite by 1 of 100 entries" in report.arguments[0].note


def test_a_derivative_of_nan_where_there_is_one_is_wrong():
    report = check(lambda x: np.sqrt(x) * x, 0.25, gradient=lambda x: np.nan)
    assert report.verdict == "disagrees"


def test_a_function_that_is_not_finite_at_the_point():
    with np.errstate(all="ignore"):
        report = check(lambda x: np.sum(np.log(x)), np.array([-1.0, 2.0]))
    assert report.verdict == "no derivative"
    assert not report.ok
    assert "is not finite at the point" in report.notes[0]


def test_entries_that_are_not_finite_are_left_out():
    with np.errstate(all="ignore"):
        report = check(np.log, np.array([-1.0, 2.0, 3.0]))
    assert report.verdict == "agrees"
    assert "are not finite, and are not compared" in report.notes[0]


@pytest.mark.parametrize(
    ("level", "verdict", "digits"), [(1e-9, "agrees", 6.0), (1e-6, "agrees", 3.0), (0.3, "undecided", None)]
)
def test_noise(level, verdict, digits):
    rng = np.random.default_rng(0)
    report = check(lambda x: np.sum(np.sin(x)) + level * rng.normal(), np.array([1.0, 2.0]))
    assert report.verdict == verdict
    assert report.ok
    assert digits is None or report.digits > digits
    assert all(c.status.startswith(("noise", "unresolved")) for c in report.arguments[0].comparisons)


def cancelling(x):
    return (1 - np.cos(x)) / x**2


@pytest.mark.parametrize(("x", "order"), [(1e-6, 1), (1e-6, 2), (np.array([1e-6, 1e-5, 0.3, 1e-7]), 1)])
def test_rounding_inside_the_function_is_no_error(x, order):
    report = check(cancelling, x, order=order)
    assert report.verdict == "undecided"
    assert report.culprits == ()


@pytest.mark.parametrize("step", [np.floor, np.ceil, np.trunc, np.rint])
@pytest.mark.parametrize("x", [1234.5678, np.array([1234.5678, 1e4 + 0.3]), np.linspace(1000.3, 3000.7, 40)])
def test_a_staircase_that_looks_like_a_line_from_afar(step, x):
    report = check(lambda x: np.sum(step(x)), x)
    assert report.verdict in ("agrees", "undecided")


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    "f", [lambda x: np.sum(0 * x), lambda x: 3.0, lambda x: np.sum(np.tanh(x)), lambda x: np.zeros(2)]
)
def test_nothing_but_zeros(f, order):
    report = check(f, np.array([50.0, -100.0]), order=order)
    assert report.verdict == "agrees"
    assert not any("failed" in note for note in report.notes)


def test_second_derivatives_by_nothing():
    assert check(lambda x: np.sum(x), np.zeros(0), order=2).verdict == "agrees"


def test_what_is_no_number_among_the_outputs_is_passed_over():
    assert check(lambda x: (np.sum(x), "text", None, 3), np.ones(2)).verdict == "agrees"
