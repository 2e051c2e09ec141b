"""Colours of columns against the definition, against exhaustive search, and against numbers known for grids."""

import itertools
import sys

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given
from hypothesis import strategies as st

from bibun.numerical.coloring import decompress, groups


def banded(n, width, below=None):
    """Entries up to `width` above the diagonal and `below` (or as many) under it."""
    offsets = range(-(width if below is None else below), width + 1)
    return sparse.diags_array([np.ones(n)] * len(offsets), offsets=list(offsets), shape=(n, n))


def grid(rows, columns, *, nine=False):
    """The pattern of the five- or nine-point Laplacian."""
    along, across = banded(rows, 1), banded(columns, 1)
    if nine:
        return sparse.kron(along, across)
    return sparse.kron(along, sparse.eye_array(columns)) + sparse.kron(sparse.eye_array(rows), across)


def arrow(n):
    pattern = np.eye(n, dtype=bool)
    pattern[0] = pattern[:, 0] = True
    return pattern


def shuffled(pattern, seed):
    order = np.random.default_rng(seed).permutation(pattern.shape[0])
    return sparse.csr_array(pattern)[order][:, order]


def assert_valid(pattern, colours):
    """No row holds a colour twice, and the colours are 0, 1, ... without a gap."""
    row, column = sparse.csr_array(pattern).nonzero()
    held = list(zip(row.tolist(), colours[column].tolist(), strict=True))
    assert len(set(held)) == len(held)
    assert colours.shape == (pattern.shape[1],)
    assert set(colours.tolist()) == set(range(colours.max() + 1))


def random_pattern(seed, shape, density):
    return np.random.default_rng(seed).random(shape) < density


patterns = st.builds(
    random_pattern,
    st.integers(0, 10**6),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.sampled_from([0.05, 0.2, 0.4, 0.8]),
)

# ---------------------------------------------------------------------------------------------- groups


@given(patterns)
def test_columns_of_a_group_share_no_row(pattern):
    colours = groups(pattern)
    assert_valid(pattern, colours)
    assert colours.max() + 1 >= pattern.sum(axis=1).max()


def fewest_colours(pattern):
    """By trying all."""
    clash = pattern.T.astype(int) @ pattern > 0
    pairs = [(i, j) for i, j in itertools.combinations(range(pattern.shape[1]), 2) if clash[i, j]]
    for count in range(1, pattern.shape[1] + 1):
        for colours in itertools.product(range(count), repeat=pattern.shape[1]):
            if all(colours[i] != colours[j] for i, j in pairs):
                return count
    raise AssertionError


@pytest.mark.parametrize("seed", range(40))
def test_the_fewest_colours_of_small_patterns(seed):
    pattern = random_pattern(seed, (8, 6), 0.25)
    assert groups(pattern).max() + 1 == fewest_colours(pattern)


@pytest.mark.parametrize(
    ("pattern", "fewest"),
    [
        (banded(1000, 1), 3),
        (banded(1000, 0), 1),
        (banded(1000, 4), 9),
        (banded(500, 2, below=0), 3),
        (banded(500, 3, below=1), 5),
        (shuffled(banded(1000, 2), 1), 5),
        (sparse.block_diag([np.ones((7, 7))] * 40), 7),
        (shuffled(sparse.block_diag([np.ones((k, k)) for k in range(1, 12)]), 2), 11),
        (grid(30, 30), 5),
        (grid(30, 30, nine=True), 9),
        (shuffled(grid(30, 30), 3), 5),
        (sparse.kron(banded(200, 1), sparse.eye_array(2)) + sparse.kron(sparse.eye_array(200), np.ones((2, 2))), 4),
        (sparse.kron(sparse.eye_array(2), banded(200, 1)) + sparse.kron(np.ones((2, 2)), sparse.eye_array(200)), 4),
        (arrow(200), 200),
        (np.ones((300, 300)), 300),
        (np.ones((1, 50)), 50),
        (np.ones((50, 1)), 1),
        (np.zeros((4, 6)), 1),
    ],
)
def test_structured_patterns_get_as_many_colours_as_their_fullest_row_has_entries(pattern, fewest):
    colours = groups(pattern)
    assert_valid(pattern, colours)
    assert colours.max() + 1 == fewest


def test_a_hundred_thousand_columns():
    n, each = 100_000, 4
    rng = np.random.default_rng(5)
    entries = rng.integers(0, n, n * each), np.repeat(np.arange(n), each)
    pattern = sparse.coo_array((np.ones(n * each, bool), entries), shape=(n, n)).tocsr()
    colours = groups(pattern)
    assert_valid(pattern, colours)
    assert colours.max() + 1 == np.diff(pattern.indptr).max()


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_every_format_gives_the_same_colours(kind):
    dense = random_pattern(7, (20, 30), 0.1)
    expected = groups(dense)
    np.testing.assert_array_equal(groups(sparse.coo_array(dense).asformat(kind)), expected)
    np.testing.assert_array_equal(groups(sparse.coo_matrix(dense).asformat(kind)), expected)


def test_entries_stored_twice_unsorted_or_as_zeros_count_once():
    row, column = [0, 0, 0, 1], [2, 0, 2, 1]
    pattern = sparse.coo_array(([1.0, 0.0, -1.0, 1.0], (row, column)), shape=(2, 3))
    assert groups(pattern)[0] != groups(pattern)[2]
    unsorted = sparse.csr_array(([1.0, 2.0, 3.0], [2, 0, 1], [0, 2, 3]), shape=(2, 3))
    jacobian = decompress(unsorted, groups(unsorted), [[10.0, 20.0], [30.0, 40.0]])
    assert jacobian.toarray()[0, 1] == 0
    assert sorted(jacobian.toarray()[0]) == [0, 10, 20]


def test_zeros_that_fill_blocks_do_not_count():
    """sparse.kron gives blocks; so does a sum of such."""
    blocks = sparse.kron(np.eye(4), np.array([[1.0, 0.0], [1.0, 1.0]]), format="bsr")
    assert blocks.nnz == 16
    assert groups(blocks).max() + 1 == 2
    assert decompress(blocks, groups(blocks), np.ones((8, 2))).nnz == 12


def test_no_columns_and_no_rows():
    assert groups(np.zeros((3, 0))).shape == (0,)
    assert groups(np.zeros((0, 3))).tolist() == [0, 0, 0]
    assert decompress(np.zeros((3, 0)), [], np.zeros((3, 0))).shape == (3, 0)


def test_a_pattern_has_two_dimensions():
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        groups(np.ones(3))


# ---------------------------------------------------------------------------------------------- decompress


@given(patterns, st.integers(0, 100))
def test_decompress_gives_the_matrix_back(pattern, seed):
    rng = np.random.default_rng(seed)
    truth = np.where(pattern, rng.normal(size=pattern.shape) + 1j * rng.normal(size=pattern.shape), 0)
    colours, scales = groups(pattern), rng.uniform(0.1, 10, pattern.shape[1])
    spread = np.zeros((pattern.shape[1], colours.max() + 1))
    spread[np.arange(pattern.shape[1]), colours] = scales
    jacobian = decompress(pattern, colours, truth @ spread, scales)
    assert isinstance(jacobian, sparse.csr_array)
    assert jacobian.nnz == pattern.sum()
    np.testing.assert_allclose(jacobian.toarray(), truth, rtol=1e-14)
    spread[spread != 0] = 1
    np.testing.assert_allclose(decompress(pattern, colours, truth @ spread).toarray(), truth, rtol=1e-14)


def test_decompress_keeps_zeros_and_nan():
    jacobian = decompress(np.eye(3), [0, 0, 0], [[0.0], [np.nan], [2.0]])
    assert jacobian.nnz == 3
    np.testing.assert_array_equal(jacobian.diagonal(), [0, np.nan, 2])


def test_decompress_refuses_columns_that_cannot_be_told_apart():
    with pytest.raises(ValueError, match="columns 0 and 2 share row 1 and a colour"):
        decompress([[1, 0, 0], [1, 0, 1]], [0, 1, 0], np.ones((2, 2)))


def test_decompress_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"the pattern has 3 columns.*\(2,\)"):
        decompress(np.eye(3), [0, 0], np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"the pattern has 3 columns.*\(4,\)"):
        decompress(np.eye(3), [0, 0, 0], np.ones((3, 1)), np.ones(4))
    with pytest.raises(ValueError, match=r"shape \(3, 2\), but these have \(3, 1\)"):
        decompress(np.eye(3), [0, 0, 1], np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"shape \(3, 1\), but these have \(3,\)"):
        decompress(np.eye(3), [0, 0, 0], np.ones(3))


def test_without_scipy_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    assert groups(np.eye(3)).tolist() == [0, 0, 0]
    with pytest.raises(ImportError, match="pip install scipy"):
        decompress(np.eye(3), [0, 0, 0], np.ones((3, 1)))
