"""Random directions: exact in few bits, scaled to the entries, and blind to no pair of errors."""

import numpy as np
import pytest

from bibun.checking.directions import base_scales, leaning, multipliers, only, power_of_two, random_direction, scales


def test_multipliers_have_nine_bits_and_both_signs():
    drawn = multipliers(np.random.default_rng(0), (2000,))
    assert np.all((np.abs(drawn) >= 1) & (np.abs(drawn) < 2))
    np.testing.assert_array_equal(drawn * 256, np.round(drawn * 256))
    assert abs(np.mean(drawn > 0) - 0.5) < 0.05


def test_steps_along_a_direction_are_exact():
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=500) * 2**20) / 2**20
    (v,) = random_direction([x], base_scales([x]), rng)
    for exponent in range(-15, 0):
        step = 2.0**exponent * v
        np.testing.assert_array_equal((x + step) - x, step)


def test_two_errors_that_cancel_are_hidden_from_few_directions():
    rng = np.random.default_rng(0)
    hidden = sum(abs(np.sum(multipliers(rng, (2,)) * [1, -1])) < 1e-3 for _ in range(4000))
    assert hidden / 4000 < 0.005  # random signs alone: one half


def test_powers_of_two():
    sizes = np.array([1.0, 1.5, 2.0, 3.9, 1e-200, 1e200, 0.3])
    found = power_of_two(sizes)
    assert np.all((found <= sizes) & (sizes < 2 * found))
    np.testing.assert_array_equal(np.frexp(found)[0], 0.5)


def test_an_entry_moves_by_its_own_size_or_a_share_of_the_typical_one():
    (found,) = base_scales([np.array([1.0, 1.0, 1e-9, 0.0, 1e12])])
    np.testing.assert_array_equal(found, [1, 1, 2.0**-6, 1, 2.0**39])
    (zeros,) = base_scales([np.zeros(3)])
    np.testing.assert_array_equal(zeros, 2.0**-3)


def test_entries_of_small_influence_move_farther_and_the_largest_no_farther_than_their_size():
    x = np.ones(100)
    x[1] = 1e-9
    gradient = np.ones(100)
    gradient[0], gradient[1], gradient[2] = 1e-3, 1e9, 0.0
    (found,) = scales([x], [gradient], base_scales([x]))
    assert found[0] == found[2] == 32
    assert found[1] == power_of_two(np.array(1e-9))
    assert found[50] == 1


def test_complex_leaves_move_in_both_parts():
    z = np.array([1 + 1j, 2.0])
    (v,) = random_direction([z], base_scales([z]), np.random.default_rng(0))
    assert np.all(v.real != 0)
    assert np.all(v.imag != 0)


def test_only_one_leaf():
    v = [np.ones(3), np.ones(2)]
    first, second = only(v, 1)
    assert first is None
    assert second is v[1]


@pytest.mark.parametrize("gradient", [np.zeros(3), np.full(3, np.nan), np.full(3, np.inf)])
def test_gradients_that_say_nothing(gradient):
    (found,) = scales([np.ones(3)], [gradient], base_scales([np.ones(3)]))
    np.testing.assert_array_equal(found, 1)


def test_a_leaning_direction_has_a_sum_that_is_not_small_by_chance():
    rng = np.random.default_rng(0)
    g = rng.normal(size=5000)
    for _ in range(20):
        (v,) = leaning(random_direction([g], [np.ones(5000)], rng), [g], rng)
        size = np.sqrt(np.sum((g * v) ** 2))
        assert 4 < np.sum(g * v) / size < 12
        assert 0.4 < np.mean(v > 0) < 0.6
    z = g[:100] + 1j * g[100:200]
    (v,) = leaning(random_direction([z], [np.ones(100)], rng), [z], rng)
    assert np.sum(z * v).real > 3 * np.sqrt(np.sum(np.abs(z * v) ** 2))


@pytest.mark.parametrize("gradient", [np.zeros(3), np.full(3, np.nan)])
def test_a_gradient_that_says_nothing_turns_no_sign(gradient):
    v = [np.array([1.0, -1.0, 1.5])]
    np.testing.assert_array_equal(leaning(v, [gradient], np.random.default_rng(0))[0], v[0])
