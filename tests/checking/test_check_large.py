"""bibun.check of 39,200 parameters: its evaluations, no false alarm, and a single wrong entry found and located."""

import numpy as np
import pytest

import bibun as bb
from bibun.checking import check

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.normal(size=(100, 784)), RNG.integers(0, 10, 100)
W1, B1, W2, B2 = RNG.normal(size=(784, 50)) * 0.05, np.zeros(50), RNG.normal(size=(50, 10)) * 0.1, np.zeros(10)


def entropy(scores):
    scores = scores - np.max(scores, axis=1, keepdims=True)
    return -np.mean(scores[np.arange(100), LABELS] - np.log(np.sum(np.exp(scores), axis=1)))


def loss(w1):
    return entropy(np.tanh(IMAGES @ w1 + B1) @ W2 + B2)


def network(p):
    return entropy(np.maximum(IMAGES @ p["w1"] + p["b1"], 0) @ p["w2"] + p["b2"])


@pytest.mark.parametrize("seed", range(5))
def test_no_false_alarm_in_few_evaluations(seed):
    report = check(loss, W1, seed=seed)
    assert report.verdict == "agrees"
    assert report.digits > 8
    assert report.evaluations <= 25


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_network_in_few_evaluations(seed):
    report = check(network, {"w1": W1, "b1": B1, "w2": W2, "b2": B2}, seed=seed)
    assert [a.verdict for a in report.arguments] == ["agrees"] * 4
    assert report.evaluations <= 25


def test_a_float32_network():
    single = {k: v.astype(np.float32) for k, v in {"w1": W1, "b1": B1, "w2": W2, "b2": B2}.items()}
    report = check(network, single)
    assert report.verdict == "agrees"
    assert report.evaluations <= 25
    assert 2 < report.digits < 8


@pytest.mark.parametrize("seed", range(5))
def test_an_error_of_one_percent_in_one_entry_is_found_and_located(seed):
    at = tuple(int(i) for i in np.random.default_rng(100 + seed).integers((784, 50)))

    def gradient(w1):
        g = bb.grad(loss)(w1)
        g[at] *= 1.01
        return g

    report = check(loss, W1, gradient=gradient, seed=seed)
    (wrong,) = report.arguments[0].wrong
    assert (wrong.index, wrong.mode) == (at, "gradient")
    assert wrong.found / wrong.expected == pytest.approx(1.01, rel=1e-3)
    assert report.evaluations <= 400


def test_the_resolution_is_certified():
    resolution = check(loss, W1).arguments[0].resolution
    at = (400, 25)

    def gradient(w1):
        g = bb.grad(loss)(w1)
        g[at] += resolution
        return g

    report = check(loss, W1, gradient=gradient)
    assert report.verdict == "disagrees"
