"""What a gradient written by hand may return: its dtype, its containers, its buffers."""

import numpy as np
import pytest

from bibun.checking import check

X = np.array([0.5, 1.5, -2.0])
BUFFER = np.zeros(3)


def square(x):
    return np.sum(x**2)


def into_buffer(x):
    BUFFER[:] = 2 * x
    return BUFFER


def in_place(x):
    x *= 2
    return x


@pytest.mark.parametrize(
    "gradient",
    [
        lambda x: list(2 * x),
        lambda x: (2 * x,),
        lambda x: (2 * x).astype(object),
        lambda x: (2 * x).astype(np.float32),
        lambda x: 2 * x + 0j,
        into_buffer,
        in_place,
    ],
)
def test_a_right_one_in_any_form(gradient):
    report = check(square, np.array([0.1, 1.5, -2.0]), gradient=gradient)
    assert report.verdict == "agrees"
    assert report.digits > 5


def test_a_coarse_one_is_judged_by_its_own_rounding_and_no_more():
    assert check(square, X / 3, gradient=lambda x: (2 * x * (1 + 1e-4)).astype(np.float32)).verdict == "disagrees"


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (lambda x: 2 * x + 1j, "complex numbers by x, which is real"),
        (lambda x: np.array(["a", "b", "c"], object), "object by x, not numbers"),
        (lambda x: None, "returned None; for x"),
        (lambda x: [1.0, 2.0], r"\[0\] of shape \(\)|of shape \(2,\)"),
        (lambda x: {"x": 2 * x}, r"returned \['x'\] of shape \(3,\); for x \(3,\)"),
    ],
)
def test_what_is_no_gradient(gradient, message):
    with pytest.raises(ValueError, match=message):
        check(square, X, gradient=gradient)


def test_of_a_dict_it_has_the_same_keys():
    f, params = (lambda p: np.sum(p["a"] * p["b"])), {"a": X, "b": X + 1}
    assert check(f, params, gradient=lambda p: {"b": p["a"], "a": p["b"]}).verdict == "agrees"
    assert check(f, params, gradient=lambda p: (p["b"], p["a"])).verdict == "agrees"
    with pytest.raises(ValueError, match=r"returned \['c'\] of shape"):
        check(f, params, gradient=lambda p: {"c": p["b"], "d": p["a"]})


@pytest.mark.parametrize("exponent", range(1, 8))
def test_a_small_error_is_taken_for_no_rounding(exponent):
    """Of errors of any size some equal the truncation of a plain difference, which speaks for nothing then."""
    x = np.random.default_rng(0).normal(size=100)
    for seed in range(8):
        error = (1 + seed / 8) * 10.0**-exponent
        report = check(lambda x: np.sum(np.sin(3 * x)), x, gradient=lambda x, e=error: 3 * np.cos(3 * x) + e, seed=seed)
        assert report.verdict == "disagrees"
