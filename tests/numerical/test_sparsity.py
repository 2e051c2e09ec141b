"""Patterns found by probing against those known from the formula, and wrong patterns that must be caught."""

import sys

import numpy as np
import pytest
import scipy.sparse as sparse

from bibun.numerical.coloring import groups
from bibun.numerical.sparsity import (
    as_pattern,
    find_missing,
    find_pattern,
    random_direction,
    verify_pattern,
)
from tests.numerical.black_boxes import rosenbrock_gradient

RNG = np.random.default_rng(11)


def band(n, width=1):
    """The pattern of rows that see their neighbours up to this distance."""
    distance = np.abs(np.arange(n)[:, None] - np.arange(n))
    return distance <= width


def assert_found(f, x, truth, **options):
    found = find_pattern(f, x, **options)
    assert found.matrix.dtype == bool
    assert found.matrix.shape == np.shape(truth)
    np.testing.assert_array_equal(found.matrix.toarray(), truth)
    np.testing.assert_array_equal(found.colours, groups(found.matrix))
    return found


def tridiagonal(x):
    y = np.sin(x)
    y[1:] += x[:-1] ** 2
    y[:-1] *= x[1:]
    return y


def laplacian(u):
    """Five points, with exp(u) at the centre; u of shape (rows, columns)."""
    wide = np.pad(u, 1)
    return wide[2:, 1:-1] + wide[:-2, 1:-1] + wide[1:-1, 2:] + wide[1:-1, :-2] - 4 * np.exp(wide[1:-1, 1:-1])


def brusselator(y):
    u, v = y.reshape(2, -1)
    n = u.size
    wide_u, wide_v = np.concatenate([[1], u, [1]]), np.concatenate([[3], v, [3]])
    return np.concatenate(
        [
            1 + u**2 * v - 4 * u + 0.02 * n**2 * np.diff(wide_u, 2),
            3 * u - u**2 * v + 0.02 * n**2 * np.diff(wide_v, 2),
        ]
    )


# ---------------------------------------------------------------------------------------------- smooth functions


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 17, 64, 65, 200])
def test_a_tridiagonal_function(n):
    assert_found(tridiagonal, np.random.default_rng(n).normal(size=n), band(n))


def test_a_tridiagonal_function_of_1000_needs_3_colours_and_under_100_evaluations():
    calls = []
    found = assert_found(lambda x: (calls.append(1), tridiagonal(x))[1], RNG.normal(size=1000), band(1000))
    assert found.colours.max() + 1 == 3
    assert found.evaluations == len(calls) < 100
    assert not found.suspect.size
    assert not found.unknown.size


@pytest.mark.parametrize("x", [np.zeros(300), np.ones(300), np.tile([-1.2, 1.0], 150), np.arange(300) % 3])
def test_the_gradient_of_rosenbrock_also_where_entries_vanish(x):
    assert assert_found(rosenbrock_gradient, x.astype(float), band(300)).evaluations < 90


@pytest.mark.parametrize("u", [np.zeros((30, 30)), RNG.normal(size=(30, 30))], ids=["zeros", "random"])
def test_a_laplacian_takes_5_colours(u):
    row, column = np.divmod(np.arange(900), 30)
    near = np.abs(row[:, None] - row) + np.abs(column[:, None] - column) <= 1
    found = assert_found(laplacian, u, near)
    assert found.colours.max() + 1 == 5
    assert found.evaluations < 140


@pytest.mark.parametrize("start", [np.zeros(200), np.r_[1 + np.sin(np.linspace(0, 6, 100)), 3 * np.ones(100)]])
def test_the_brusselator(start):
    near, here = band(100), np.eye(100, dtype=bool)
    found = assert_found(brusselator, start, np.block([[near, here], [here, near]]))
    assert found.colours.max() + 1 == 4


def test_an_arrow_needs_all_columns_and_says_so():
    def f(x):
        y = x**2
        y[1:] += x[0]
        y[0] = np.sum(x**3)
        return y

    truth = np.eye(60, dtype=bool)
    truth[0] = truth[:, 0] = True
    found = assert_found(f, RNG.normal(size=60), truth)
    assert found.colours.max() + 1 == 60
    assert "colour of its own" in found.note


def test_a_dense_function_costs_little_more_than_its_columns():
    mixing = RNG.normal(size=(40, 50))
    assert assert_found(lambda x: mixing @ x, RNG.normal(size=50), np.ones((40, 50))).evaluations < 1.5 * 50


def test_empty_rows_and_columns():
    truth = np.zeros((4, 50), bool)
    truth[0, [3, 7]] = truth[2, 20] = True
    assert_found(lambda x: np.array([x[3] * x[7], 1.0, x[20], -2.0]), RNG.normal(size=50), truth)
    assert_found(lambda x: np.ones((2, 3)), np.ones(5), np.zeros((6, 5)))
    assert_found(lambda x: np.ones(0), np.ones(5), np.zeros((0, 5)))
    assert_found(lambda x: np.ones(3), np.ones(0), np.zeros((3, 0)))


def test_a_far_away_column_is_found():
    """y = x[perm]: no locality to use."""
    order = RNG.permutation(500)
    found = assert_found(lambda x: x[order] ** 2 + 1, RNG.normal(size=500), np.eye(500, dtype=bool)[order])
    assert found.colours.max() == 0


def test_columns_strided_through_x():
    """Sums over the first axis of an array: row j sees every eighth column."""
    found = assert_found(lambda u: np.sum(u**2, axis=0), RNG.normal(size=(6, 8)), np.tile(np.eye(8, dtype=bool), 6))
    assert found.colours.max() + 1 == 6


@pytest.mark.parametrize("dtype", [np.float32, np.complex128, np.int64])
def test_other_types(dtype):
    x = (3 * RNG.normal(size=60)).astype(dtype)
    assert_found(lambda x: tridiagonal(1.0 * x) if dtype == np.int64 else tridiagonal(x), x, band(60))


def test_x_of_every_size():
    """From 1e-100 to 1e100: what is lost in rounding, nan shows."""
    assert_found(tridiagonal, 10.0 ** np.linspace(-100, 100, 120), band(120))


# ---------------------------------------------------------------------------------------------- where nan is of no use


def test_a_dense_matrix_with_zeros_in_it():
    """0 * nan is nan, so nan reaches all rows; small changes see the zeros."""
    matrix = band(300) * RNG.normal(size=(300, 300))
    found = assert_found(lambda x: matrix @ x, np.zeros(300), band(300))
    assert "nan reached" in found.note
    assert found.evaluations < 150


def checks_its_input(x):
    """As a wrapped function that raises: no value at all."""
    return tridiagonal(x) if np.all(np.isfinite(x)) else np.full(x.size, np.nan)


@pytest.mark.parametrize("n", [4, 10, 200])
def test_a_function_that_refuses_nan(n):
    assert_found(checks_its_input, RNG.normal(size=n), band(n))


def test_nan_can_be_left_out():
    def f(x):
        assert not np.isnan(x).any()
        return tridiagonal(x)

    assert "nan" not in assert_found(f, RNG.normal(size=50), band(50), nan=False).note


def test_functions_that_jump_over_nan():
    """np.nansum and np.nan_to_num take nan for 0, so at x = 0 it changes nothing."""
    windows = np.array([[i, i + 1, i + 2] for i in range(40)])
    truth = np.zeros((40, 42), bool)
    truth[np.arange(40)[:, None], windows] = True
    for reduce in (lambda x: np.nansum(x, axis=1), lambda x: np.sum(np.nan_to_num(x), axis=1)):
        assert_found(lambda x, reduce=reduce: reduce(x[windows]), np.zeros(42), truth)


# ---------------------------------------------------------------------------------------------- where changes are of no use


def test_what_is_flat_here_is_seen_by_nan():
    truth = np.eye(80, dtype=bool) | np.eye(80, k=-1, dtype=bool)
    truth[0, -1] = True
    x = RNG.normal(size=80)
    assert_found(lambda x: np.maximum(x - np.roll(x, 1), 0), x, truth)
    assert_found(lambda x: np.minimum(np.abs(x) - np.abs(np.roll(x, 1)), 0), x, truth)
    assert_found(lambda x: np.clip(x * np.roll(x, 1), -0.1, 0.1), x, truth)


def test_what_is_lost_in_rounding_is_seen_by_nan():
    assert_found(lambda x: 1e20 + tridiagonal(x), RNG.normal(size=60), band(60))


def test_branches_by_comparison():
    """Each row takes its own branch at x; the derivative needs that branch and no other."""
    x = RNG.normal(size=90)
    truth = np.where(x[:, None] > 0, np.eye(90), np.roll(np.eye(90), 1, axis=0)) > 0
    found = find_pattern(lambda x: np.where(x > 0, x**2, 3 * np.roll(x, 1)), x).matrix.toarray()
    assert np.all(found | ~truth)
    np.testing.assert_array_equal(find_pattern(np.sort, x).matrix.toarray()[range(90), np.argsort(x)], True)


def test_ties_and_kinks_at_x():
    """At x = 0 each of them bends; small changes of one sign only would miss some."""
    n = 40
    truth = np.eye(n, dtype=bool) | np.roll(np.eye(n, dtype=bool), 1, axis=0)
    for f in (
        lambda x: np.minimum(x, np.roll(x, 1)),
        lambda x: np.fmin(x, np.roll(x, 1)),
        lambda x: np.fmax(x, np.roll(x, 1)),
        lambda x: np.where(x < np.roll(x, 1), x, np.roll(x, 1)),
        lambda x: np.where(np.roll(x, 1) > x, np.roll(x, 1), x),
    ):
        assert_found(f, np.zeros(n), truth)


# ---------------------------------------------------------------------------------------------- random functions

PARTS = (  # functions of one number that come with their derivative
    (np.sin, np.cos),
    (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    (np.abs, np.sign),
    (np.nan_to_num, np.ones_like),
    (lambda x: x * x, lambda x: 2 * x),
    (lambda x: 1e-4 * x, lambda x: 1e-4),
    (lambda x: np.where(x > 0, x * x, 0.0), lambda x: 2 * np.maximum(x, 0)),
    (lambda x: np.maximum(x, 0), lambda x: 1.0 * (x > 0)),
    (lambda x: np.fmin(x, 0.3), lambda x: 1.0 * (x < 0.3)),
)


def random_function(rng, m, n, smooth):
    """Sums of terms c part(x[j]) and of products x[j] x[k]; its Jacobian, and the pattern of the terms."""
    choice = 2 if smooth else len(PARTS)
    terms = [(i, rng.integers(n), *PARTS[rng.integers(choice)], rng.normal()) for i in rng.integers(0, m, 2 * m)]
    products = [(rng.integers(m), rng.integers(n), rng.integers(n)) for _ in range(m // 2)]

    def f(x):
        y = np.zeros(m)
        for i, j, part, _, c in terms:
            y[i] += c * part(x[j])
        for i, j, k in products:
            y[i] += x[j] * x[k]
        return y

    def jacobian(x):
        result = np.zeros((m, n))
        for i, j, _, slope, c in terms:
            result[i, j] += c * slope(x[j])
        for i, j, k in products:
            result[i, j] += x[k]
            result[i, k] += x[j]
        return result

    pattern = np.zeros((m, n), bool)
    for i, j, *_ in terms:
        pattern[i, j] = True
    for i, j, k in products:
        pattern[i, j] = pattern[i, k] = True
    return f, jacobian, pattern


@pytest.mark.parametrize("seed", range(30))
def test_random_smooth_functions(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 60, 2)
    f, _, truth = random_function(rng, m, n, smooth=True)
    assert_found(f, rng.normal(size=n), truth, rng_seed=seed)


@pytest.mark.parametrize("seed", range(60))
def test_random_functions_with_branches_lose_no_entry(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 60, 2)
    f, jacobian, _ = random_function(rng, m, n, smooth=False)
    x = rng.normal(size=n) * (rng.random(n) < rng.choice([1, 0.5, 0]))
    found = find_pattern(f, x, rng_seed=seed)
    assert np.all(found.matrix.toarray() | (jacobian(x) == 0))


# ---------------------------------------------------------------------------------------------- difficult functions


def test_a_function_without_values_on_one_side():
    x = np.zeros(60)
    truth = np.eye(60, dtype=bool) | np.roll(np.eye(60, dtype=bool), 1, axis=0)
    assert_found(lambda x: np.sqrt(x) + np.roll(x, 1), x, truth)

    def f(x):
        return np.sqrt(x) + np.roll(x, 1) if np.all(x >= 0) else np.full(x.size, np.nan)

    assert_found(f, x, truth)
    assert_found(f, np.r_[x, np.ones(9)], np.eye(69, dtype=bool) | np.roll(np.eye(69, dtype=bool), 1, axis=0))


@pytest.mark.parametrize(("lower", "upper"), [(0, np.inf), (-np.inf, 0), (0, 1e-6), (0, 0)])
def test_nothing_is_tried_outside_the_bounds(lower, upper):
    def f(x):
        assert np.all(np.isnan(x) | ((x >= lower) & (x <= upper)))
        return tridiagonal(x + 1)

    assert_found(f, np.zeros(50), band(50), bounds=(lower, upper))


def test_bounds_have_the_shape_of_x():
    upper = np.array([[0.5, 1.0], [2.0, np.inf]])

    def f(x):
        assert np.all(np.isnan(x) | (x <= upper))
        return x**2

    assert_found(f, upper.clip(max=3), np.eye(4), bounds=(-np.inf, upper))


@pytest.mark.parametrize("level", [1e-12, 1e-6, 1e-4])
@pytest.mark.parametrize("f", [tridiagonal, checks_its_input])
def test_noise(f, level):
    rng = np.random.default_rng(3)
    x = rng.uniform(0.3, 1.2, 120)
    found = assert_found(lambda x: f(x) * (1 + level * rng.normal(size=x.size)), x, band(120))
    assert found.colours.max() + 1 == 3


def test_rows_without_value_are_named():
    x = np.ones(30)
    x[7] = -1
    with np.errstate(invalid="ignore"):
        found = find_pattern(lambda x: np.log(x) + np.r_[0, x[:-1]], x)
    assert found.unknown.tolist() == [7]
    truth = np.eye(30, dtype=bool) | np.eye(30, k=-1, dtype=bool)
    truth[7] = False
    np.testing.assert_array_equal(found.matrix.toarray(), truth)


def test_rows_that_jump_are_suspect_and_those_that_bend_are_not():
    def f(x):
        return np.r_[np.abs(x[0]), x[1] ** 2, x[2] * x[3], np.where(x[0] + x[1] > 0, 2, 1), x[4] + 0 * x[5]]

    assert find_pattern(f, np.zeros(6)).suspect.tolist() == [3]
    assert not find_pattern(rosenbrock_gradient, np.zeros(50)).suspect.size


def test_x_is_not_touched_and_results_may_share_a_buffer():
    x, kept = np.linspace(1, 2, 70), np.linspace(1, 2, 70)
    buffer = np.empty(70)

    def f(x):
        buffer[...] = tridiagonal(x)
        x[...] = -99
        return buffer

    assert_found(f, x, band(70))
    np.testing.assert_array_equal(x, kept)


def test_the_same_seed_gives_the_same_calls():
    def points(seed):
        seen = []
        find_pattern(lambda x: (seen.append(x.copy()), tridiagonal(x))[1], np.ones(20), rng_seed=seed)
        return np.stack(seen)

    np.testing.assert_array_equal(points(1), points(1))
    assert not np.array_equal(points(1), points(2), equal_nan=True)


def test_a_result_that_changes_its_size_is_refused():
    with pytest.raises(ValueError, match=r"f gives 2 numbers at x and 1 beside it"):
        find_pattern(lambda x: x[x >= 0], np.array([0.0, 1.0]), rng_seed=1)


def test_a_hundred_thousand_columns():
    n = 100_000
    found = find_pattern(tridiagonal, np.random.default_rng(4).normal(size=n))
    offset = found.matrix.tocoo().row - found.matrix.tocoo().col
    assert found.matrix.nnz == 3 * n - 2
    assert np.abs(offset).max() == 1
    assert found.colours.max() + 1 == 3
    assert found.evaluations < 150


# ---------------------------------------------------------------------------------------------- a given pattern


@pytest.mark.parametrize("seed", range(60))
def test_a_missing_entry_is_proven_and_a_right_pattern_never_accused(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 40, 2)
    truth = np.where(rng.random((m, n)) < 0.2, rng.normal(size=(m, n)) * 10.0 ** rng.integers(-3, 4, (m, n)), 0)
    scales = 10.0 ** rng.integers(-6, 6, n)
    direction = random_direction(n, scales, rng_seed=seed)

    def check(pattern, noise):
        colours = groups(pattern)
        spread = np.zeros((n, colours.max() + 1))
        spread[np.arange(n), colours] = scales
        compressed = truth @ spread
        error = noise * np.abs(compressed)
        measured = compressed + error * rng.uniform(-1, 1, error.shape)
        slope = truth @ direction
        return verify_pattern(pattern, colours, measured, error, direction, slope, noise * np.abs(slope), scales)

    for noise in (0, 1e-10, 1e-6):
        assert check(truth != 0, noise).ok
    found = np.argwhere(np.abs(truth) * scales > 1e-6 * (np.abs(truth) @ scales)[:, None])
    if len(found):
        i, j = found[rng.integers(len(found))]
        pattern = truth != 0
        pattern[i, j] = False
        verdict = check(pattern, 1e-10)
        assert verdict.wrong.tolist() == [i]
        assert verdict.share > 1e-9
        assert not verdict.ok


def test_an_empty_group_that_answers_is_proof_without_any_direction():
    pattern = np.array([[1, 0], [0, 0]], bool)
    verdict = verify_pattern(pattern, [0, 0], [[2.0], [5.0]], np.zeros((2, 1)), np.ones(2), [2.0, np.nan], np.zeros(2))
    assert verdict.undecided.tolist() == [1]
    verdict = verify_pattern(pattern, [0, 0], [[2.0], [5.0]], np.zeros((2, 1)), np.ones(2), [2.0, 0.0], np.zeros(2))
    assert verdict.wrong.tolist() == [1]


def test_what_is_not_finite_is_undecided():
    eye = np.eye(3, dtype=bool)
    values, error = np.array([[1.0], [np.nan], [3.0]]), np.array([[0.0], [0.0], [np.inf]])
    verdict = verify_pattern(eye, [0, 0, 0], values, error, np.ones(3), [1.0, 2.0, 3.0], np.zeros(3))
    assert verdict.undecided.tolist() == [1, 2]
    assert verdict.wrong.size == 0
    assert not verdict.ok


def test_the_missing_entries_are_named():
    x = RNG.normal(size=200)
    pattern = band(200)
    pattern[3, 4] = pattern[150, 149] = False
    assert find_missing(tridiagonal, x, pattern, [3, 150]).tolist() == [[3, 4], [150, 149]]
    assert find_missing(tridiagonal, x, sparse.csr_array(pattern), [3]).tolist() == [[3, 4]]
    assert find_missing(tridiagonal, x, band(200), [3, 150]).shape == (0, 2)


def test_patterns_of_every_kind():
    truth = np.array([[True, False, True], [False, True, False]])
    found = find_pattern(lambda x: np.array([x[0] * x[2], x[1]]), np.ones(3))
    for given in (
        truth,
        truth.astype(int),
        truth.tolist(),
        -2.5 * truth,
        sparse.csc_array(truth),
        sparse.coo_matrix(truth),
        truth.reshape(2, 1, 3),
        lambda shape: np.resize(truth, shape),
        found,
    ):
        pattern = as_pattern(given, (2, 3))
        assert isinstance(pattern, sparse.csr_array)
        assert pattern.dtype == bool
        np.testing.assert_array_equal(pattern.toarray(), truth)
    stored_zero = sparse.csr_array(([0.0, 1.0], [0, 2], [0, 1, 2]), shape=(2, 3))
    assert as_pattern(stored_zero, (2, 3)).nnz == 2
    assert as_pattern([1, 0, 1], (1, 3)).toarray().tolist() == [[True, False, True]]
    assert as_pattern(True, (2, 3)) is None
    assert as_pattern(lambda shape: True, (2, 3)) is None


def test_patterns_of_a_wrong_shape_or_kind_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 2\), but y has 2 entries and x has 3.*transposed"):
        as_pattern(np.ones((3, 2)), (2, 3))
    with pytest.raises(ValueError, match=r"shape \(4, 4\), but y has 2 entries and x has 3") as caught:
        as_pattern(sparse.eye_array(4), (2, 3))
    assert "transposed" not in str(caught.value)
    with pytest.raises(ValueError, match=r"shape \(6,\)"):
        as_pattern(np.ones(6), (2, 3))
    for wrong in (None, False, 1, "auto", object()):
        with pytest.raises(TypeError, match="should be True"):
            as_pattern(wrong, (2, 3))


def test_without_scipy_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    for call in (lambda: find_pattern(np.sin, np.ones(3)), lambda: as_pattern(True, (3, 3))):
        with pytest.raises(ImportError, match="pip install scipy"):
            call()
