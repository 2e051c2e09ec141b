"""bibun.check of rules whose value is wrong, or that call themselves, and of derivatives lost between right calls."""

import numpy as np
import pytest

import bibun as bb
from bibun.checking import check

X = np.array([0.5, 1.5, -2.0])


def rule(f, forward, backward):
    """A custom_vjp of f, under its name."""
    made = bb.custom_vjp(f)
    made.defvjp(forward, backward)
    return made


def sine(x):
    return np.sin(x)


shifted = rule(sine, lambda x: (np.sin(x) + 1, x), lambda x, g: (g * np.cos(x),))


def through(x):
    return np.sum(shifted(x) ** 2)


def test_a_rule_that_computes_another_value_is_the_culprit():
    report = check(through, X)
    assert report.verdict == "disagrees"
    (culprit,) = report.culprits
    assert (culprit.primitive, culprit.mode) == ("sine", "value")
    assert culprit.found == pytest.approx(culprit.expected + 1)
    assert culprit.location.endswith("(shifted(x))")
    assert "sine at " in str(report)
    assert "its rule computes another value: expected" in " ".join(str(report).split())


def test_another_value_is_wrong_even_where_the_derivative_is_right():
    report = check(lambda x: np.sum(shifted(x)), X)
    assert report.verdict == "disagrees"
    assert not report
    assert [a.verdict for a in report.arguments] == ["agrees"]
    assert "differentiated, it gives another value, because of sine" in " ".join(str(report).split())
    assert "instead of" in report.notes[0]


def test_a_function_that_looks_at_what_it_is_given():
    report = check(lambda x: np.sum(x**2) if isinstance(x, np.ndarray) else np.sum(x**2) + 1, X)
    assert report.verdict == "disagrees"
    assert report.culprits == ()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("draw", [np.random.Generator.normal, lambda rng: rng.integers(2)], ids=["normal", "coin"])
def test_a_random_value_is_no_other_value(draw, seed):
    rng = np.random.default_rng(seed)
    assert check(lambda x: np.sum(x**2) + 1e-6 * draw(rng), X)


@bb.custom_vjp
def logsumexp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def logsumexp_forward(x):
    y = logsumexp(x)
    return y, (x, y)


logsumexp.defvjp(logsumexp_forward, lambda kept, g: (1.01 * g * np.exp(kept[0] - kept[1]),))


def test_a_rule_whose_forward_calls_the_function_is_blamed_where_the_user_calls_it():
    report = check(lambda x: logsumexp(3 * x) ** 2, X)
    assert {(c.primitive, c.mode) for c in report.culprits} == {("logsumexp", "reverse"), ("logsumexp", "forward")}
    assert all(c.location.endswith("(logsumexp(3 * x))") for c in report.culprits)


def test_a_derivative_lost_between_right_calls():
    report = check(lambda x: np.sum(x) * float(np.max(x if isinstance(x, np.ndarray) else x.data)), X + 1)
    assert report.verdict == "disagrees"
    assert report.culprits == ()
    assert any("leave the differentiation" in note for note in report.notes)
