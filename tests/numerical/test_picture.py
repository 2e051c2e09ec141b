"""Estimate.plot: the curves against what calculus says of them. No image is compared."""

from __future__ import annotations

import math
import pickle
import sys

import numpy as np
import pytest

from bibun.numerical import Estimate, derivative, directional, gradient, hessian, jacobian

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture
def axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def lines(axes):
    """The data of every line, by the first word of its label."""
    return {
        line.get_label().split()[0].rstrip(",:"): (np.array(line.get_xdata(), float), np.array(line.get_ydata(), float))
        for line in axes.get_lines()
    }


def labels(axes):
    return " | ".join(text.get_text() for text in axes.get_legend().get_texts())


def slope(curve):
    x, y = curve
    return np.diff(np.log2(y)) / np.diff(np.log2(x))


def bar(axes):
    (line,) = [line for line in axes.get_lines() if line.get_label().startswith("error bar")]
    return np.ravel(line.get_ydata())


def test_exp_at_1(axes):
    estimate = derivative(np.exp, 1.0)
    assert estimate.plot(axes) is axes
    found = lines(axes)
    steps, errors = found["symmetric"]
    assert 25 <= len(steps) <= 62
    assert steps[0] < 1e-14
    assert steps[-1] >= 8
    wide = (steps > 1e-3) & (steps < 0.1)
    assert errors[wide] == pytest.approx(math.e / 6 * steps[wide] ** 2, rel=1e-2)  # e h**2 / 6 + e h**4 / 120

    assert slope(found["truncation"]) == pytest.approx(2)
    assert (found["truncation"][1] / steps**2)[0] == pytest.approx(math.e / 6, rel=1e-2)
    assert slope(found["rounding"]) == pytest.approx(-1)
    assert 0.05 * 2**-52 < (found["rounding"][1] * steps)[0] / math.e < 2**-52

    (step,), (error,) = found["they"]
    s, c = (found["rounding"][1] * steps)[0], math.e / 6
    assert step == pytest.approx((s / c) ** (1 / 3), rel=1e-2)
    assert error == pytest.approx(c * step**2, rel=1e-2)
    assert np.nanmin(errors) > 0.05 * error  # no single step is much better
    assert bar(axes) == pytest.approx(estimate.error)


def test_values_are_those_of_the_difference_quotient(axes):
    x, estimate = 0.75, derivative(np.sin, 0.75, method="real")
    estimate.plot(axes)
    for step, error in zip(*lines(axes)["symmetric"], strict=True):
        quotient = (np.sin(x + step) - np.sin(x - step)) / (2 * step)
        assert np.nan_to_num(error) == pytest.approx(abs(quotient - estimate.value), rel=1e-12)


@pytest.mark.parametrize(
    ("order", "coefficient"), [(1, math.e / 6), (2, math.e / 12), (3, math.e / 4), (4, math.e / 6)]
)
def test_truncation_and_rounding_of_every_order(order, coefficient, axes):
    derivative(np.exp, 1.0, order).plot(axes)
    found = lines(axes)
    steps, heights = found["truncation"]
    assert (heights / steps**2)[0] == pytest.approx(coefficient, rel=2e-2)
    assert slope(found["rounding"]) == pytest.approx(-order)
    assert axes.get_ylabel().endswith("f / $x$" if order == 1 else f"f / $x^{{{order}}}$")


def test_labels(axes):
    derivative(np.exp, 1.0).plot(axes)
    assert axes.get_title() == "Rounding"
    assert axes.get_xlabel() == "step h, in units of x"
    assert axes.get_ylabel() == "error of the difference quotient, in units of f / $x$"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    for word in ("symmetric difference, one step", "truncation, $0.45", "rounding, $", "they cross", "error bar"):
        assert word in labels(axes)


def test_the_lines_differ_in_colour_and_in_dashes(axes):
    derivative(np.exp, 1.0).plot(axes)
    drawn = [
        line for line in axes.get_lines() if line.get_label().split()[0] in ("symmetric", "truncation,", "rounding,")
    ]
    assert len(drawn) == 3
    assert len({line.get_color() for line in drawn}) == len({line.get_linestyle() for line in drawn}) == 3


def test_noise(axes):
    rng = np.random.default_rng(1)
    estimate = derivative(lambda x: np.exp(x) + 1e-6 * rng.normal(), 1.0, method="real")
    estimate.plot(axes)
    steps, heights = lines(axes)["noise"]
    assert (heights * steps)[0] == pytest.approx(1e-6 / math.sqrt(2), rel=0.5)
    assert axes.get_title().startswith("Noise of the function at level")


def test_float32(axes):
    derivative(lambda x: np.exp(x), np.float32(1)).plot(axes)
    steps, heights = lines(axes)["rounding"]
    assert 1e-8 < (heights * steps)[0] < 1e-6
    assert steps[0] > 1e-9


def test_kink_shows_both_slopes(axes):
    derivative(lambda x: 3 * abs(x) + x, 0.0).plot(axes)  # slopes -2 and 4: 1 +- 3
    found = {line.get_label(): np.array(line.get_ydata()) for line in axes.get_lines()}
    assert found["slope to the left"] == pytest.approx(3)
    assert found["slope to the right"] == pytest.approx(3)
    assert bar(axes) == pytest.approx(3)
    assert axes.get_title().startswith("Kink: slopes -2 and 4")
    assert "the same, error 0" in labels(axes)


def test_jump_claims_nothing(axes):
    derivative(np.sign, 0.0).plot(axes)
    assert "infinite: nothing is claimed" in labels(axes)
    assert slope(lines(axes)["jump"]) == pytest.approx(-1)


def test_a_function_that_raises_or_gives_nan_beside_x(axes):
    def f(x):
        if x < 0.5:
            raise ValueError("too small")
        return math.nan if x > 1.5 else math.exp(x)

    derivative(f, 1.0).plot(axes)
    steps, errors = lines(axes)["symmetric"]
    assert np.array_equal(np.isfinite(errors), steps <= 0.5)
    assert (lines(axes)["truncation"][1] / steps**2)[0] == pytest.approx(math.e / 6, rel=2e-2)


def test_one_side_only(axes):
    derivative(lambda x: math.exp(x) if x >= 1 else math.nan, 1.0).plot(axes)
    found = lines(axes)
    assert slope(found["truncation"]) == pytest.approx(1)
    assert (found["truncation"][1] / found["truncation"][0])[0] == pytest.approx(math.e / 2, rel=2e-2)
    assert "right-hand" in found


def test_never_outside_the_bounds(axes):
    seen = []

    def f(x):
        seen.append(float(x))
        return math.exp(x)

    derivative(f, 1.0, bounds=(0.9, 1.0)).plot(axes)
    assert 0.9 <= min(seen) <= max(seen) <= 1.0
    assert "left-hand" in lines(axes)


def test_calls_of_f(axes):
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return np.exp(x)

    estimate = derivative(f, 1.0)
    before = calls
    estimate.plot(axes)
    assert calls - before <= 64


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_direction_is_drawn_in_its_own_units(scale, axes):
    directional(lambda v: np.sum(np.exp(v)), np.zeros(3), np.full(3, scale)).plot(axes)
    steps, heights = lines(axes)["truncation"]
    assert (heights / steps**2)[0] == pytest.approx(3 * scale**3 / 6, rel=2e-2)
    assert axes.get_xlabel() == "step h, in units of t along the direction"


@pytest.mark.parametrize(
    ("estimate", "coefficient", "size"),
    [
        (lambda: gradient(lambda v: np.sum(np.exp(v)), np.arange(1.0, 5.0)), math.e / 6, 4),
        (lambda: gradient(lambda p: np.sum(np.exp(p["a"])) + p["b"], {"a": np.ones(2), "b": 1.0}), math.e / 6, 3),
        (lambda: jacobian(lambda v: np.exp(v), np.ones(2)), math.e / 6, 4),
        (lambda: hessian(lambda v: np.sum(np.exp(v)), np.ones(2)), math.e / 12, 4),
        (lambda: derivative(lambda x: {"a": [np.exp(x), 1.0]}, 1.0), math.e / 6, 2),
        (lambda: derivative(lambda x: np.array([np.exp(x), x]), np.ones(2)), math.e / 6, 4),
        (lambda: derivative(lambda x: np.exp(x), np.ones(2), vectorized=True), math.e / 6, 2),
        (lambda: jacobian(lambda x: np.exp(x[:, :1]), np.ones(2), vectorized=True), math.e / 6, 2),
        (lambda: derivative(lambda z: np.exp(1j * z), 1.0 + 0.5j), math.exp(-0.5) / 6, 1),
        (lambda: gradient(lambda z: np.sum(np.exp(z.real) * np.exp(z.imag)), np.array([1.0 + 1j])), math.e**2 / 6, 1),
    ],
    ids=["gradient", "tree", "jacobian", "hessian", "containers", "array", "vectorized", "stack", "complex", "re and im"],
)  # fmt: skip
def test_the_first_entry_of_many(estimate, coefficient, size, axes):
    found = estimate()
    found.plot(axes)
    steps, heights = lines(axes)["truncation"]
    assert (heights / steps**2)[0] == pytest.approx(coefficient, rel=2e-2)
    assert axes.get_title().endswith(f"the first of {size} entries") == (size > 1)


@pytest.mark.parametrize("x", [0.0, 1e-12, 1e-200, 1e200])
def test_any_scale(x, axes):
    derivative(lambda t: np.sin(t), x).plot(axes)
    axes.figure.canvas.draw()


def test_structure_on_the_scale_of_a_tiny_x(axes):
    derivative(np.log, 1e-200, method="real").plot(axes)
    steps, errors = lines(axes)["symmetric"]
    assert np.nanmin(errors) < 1e-8 * 1e200


def test_a_line_has_no_truncation(axes):
    derivative(lambda x: 0.1 * x + 3.3, 1.0, method="real").plot(axes)
    found = lines(axes)
    assert "truncation" not in found
    assert slope(found["rounding"]) == pytest.approx(-1)


def test_the_step_of_the_estimate_where_it_is_known(axes):
    whole = derivative(np.exp, 1.0)
    Estimate(whole.value, whole.error, whole.evaluations, whole.status, (*whole._line[:3], 0.125)).plot(axes)
    (line,) = [line for line in axes.get_lines() if line.get_label().startswith("step of the estimate")]
    assert list(line.get_xdata()) == [0.125, 0.125]


def test_a_figure_of_its_own():
    from matplotlib import pyplot

    axes = derivative(np.exp, 1.0).plot()
    try:
        axes.figure.canvas.draw()
        assert pyplot.gca() is axes
    finally:
        pyplot.close(axes.figure)


def test_a_long_status_is_wrapped(axes):
    gradient(lambda v: abs(v[0]) + np.sqrt(np.maximum(v[1], 0)) + np.sin(v[2]), np.array([0.0, 1.0, 2.0])).plot(axes)
    assert max(map(len, axes.get_title().splitlines())) <= 75


def forgotten():
    return pickle.loads(pickle.dumps(derivative(np.exp, 1.0)))


def sparse():
    pytest.importorskip("scipy")
    return jacobian(lambda x: x**3, np.ones(4), sparsity=np.eye(4))


def empty():
    return gradient(lambda x: np.sum(x), np.zeros(0))


@pytest.mark.parametrize("estimate", [forgotten, sparse, empty])
def test_without_a_function_it_says_so(estimate, axes):
    with pytest.raises(ValueError, match=r"holds no function to draw.*derivative\(f, x\)"):
        estimate().plot(axes)


def test_nothing_finite_to_draw(axes):
    with pytest.raises(ValueError, match="the derivative is nan.*not finite"):
        derivative(lambda x: x, math.nan).plot(axes)


def test_a_function_that_no_longer_answers(axes):
    answers = True

    def f(x):
        return x * x if answers else math.nan

    estimate = derivative(f, 1.0, method="real")
    answers = False
    with pytest.raises(ValueError, match="no finite number at x any more"):
        estimate.plot(axes)


def test_without_matplotlib(monkeypatch):
    calls = []
    estimate = derivative(lambda x: calls.append(x) or np.exp(x), 1.0)
    before = len(calls)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        estimate.plot()
    assert len(calls) == before
