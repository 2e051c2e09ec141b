"""np.pad by statistics, ramps and odd reflections; its keywords. The modes that copy entries are in test_shapes.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
from tests.families.agreement import check, check_first, sample

M, X = sample(3, 4), sample(2, 3, 2, seed=1)

MODES: dict[str, dict[str, Any]] = {
    **{
        f"{mode}, {length}": {"mode": mode, "stat_length": length}
        for mode in ("mean", "median", "maximum", "minimum")
        for length in (None, 2, ((1, 3), (9, 2)))
    },
    "ramp": {"mode": "linear_ramp"},
    "ramp to a number": {"mode": "linear_ramp", "end_values": 2.5},
    "ramp to four numbers": {"mode": "linear_ramp", "end_values": ((1.0, 2.0), (3.0, -4.0))},
    "reflect, odd": {"mode": "reflect", "reflect_type": "odd"},
    "symmetric, odd": {"mode": "symmetric", "reflect_type": "odd"},
    "reflect, even": {"mode": "reflect", "reflect_type": "even"},
}
WIDTHS: tuple[Any, ...] = (1, (2, 1), ((0, 3), (2, 0)), 0, ((7, 0), (0, 9)))


@pytest.mark.parametrize("width", WIDTHS, ids=str)
@pytest.mark.parametrize("name", MODES)
def test_modes(name: str, width: Any) -> None:
    check(lambda x: np.pad(x, width, **MODES[name]), M, batch=False)


@pytest.mark.parametrize("name", [name for name in MODES if "((" not in name and "four" not in name])
def test_three_axes_and_batches(name: str) -> None:
    check(lambda x: np.pad(x, ((1, 2), (0, 2), (3, 1)), **MODES[name]), X)


@pytest.mark.parametrize("name", ["mean, None", "ramp", "reflect, odd", "symmetric, odd"])
def test_complex_numbers_and_single_entries(name: str) -> None:
    check_first(lambda x: np.pad(x, 2, **MODES[name]), M + 1j * sample(3, 4, seed=2))
    check_first(lambda x: np.pad(x, 3, **MODES[name]), sample(1, 3))


def test_numbers_that_are_differentiated() -> None:
    check(lambda x, v: np.pad(x, (2, 1), "linear_ramp", end_values=v), M, np.array(0.7), batch=False)
    check(lambda x, v: np.pad(x, 2, "constant", constant_values=v), M, sample(2, 2), batch=False)
    check(lambda x, v: np.pad(x, 2, "constant", constant_values=v), M, sample(2), batch=False)


def test_widths_by_axis() -> None:
    if np.lib.NumpyVersion(np.__version__) >= "2.4.0":
        check(lambda x: np.pad(x, {-1: (1, 2)}, "mean"), M)
        check(lambda x: np.pad(x, {0: 1}), M)


def mirrored(line: Any, widths: Any, axis: int, settings: dict[str, Any]) -> None:
    """Ends that depend on the entries beside them, on the axis and on a keyword."""
    if widths[0]:
        line[: widths[0]] = settings.get("factor", 2.0) * line[widths[0]] ** 2 + axis
    if widths[1]:
        line[-widths[1] :] -= np.sin(line[-widths[1] - 1])


@pytest.mark.parametrize("width", WIDTHS[:4], ids=str)
def test_a_function_that_fills_the_ends(width: Any) -> None:
    check(lambda x: np.pad(x, width, mirrored), M)
    check(lambda x: np.pad(x, width, mode=mirrored, factor=0.5), M, batch=False)
    check(lambda x: np.pad(x[0], 2, mirrored), M)


def test_a_function_that_fills_a_batch_of_three_axes() -> None:
    check(lambda x: np.pad(x, ((1, 2), (0, 2), (3, 1)), mirrored), X)
    f = lambda x: np.sum(np.pad(x, 1, mirrored) ** 2)  # noqa: E731
    np.testing.assert_allclose(bb.compile(bb.grad(f))(M), bb.grad(f)(M), rtol=1e-12)


def test_refused() -> None:
    x = bb.Variable(M)
    with pytest.raises(ValueError, match="mode 'sideways' is not supported"):
        np.pad(x, 1, mode="sideways")
    with pytest.raises(ValueError, match="negative"):
        np.pad(x, -1, mode="mean")
    with pytest.raises(ValueError, match="unsupported keyword"):
        np.pad(x, 1, mode="mean", end_values=2)
    with pytest.raises(ValueError, match="extend empty axis"):
        np.pad(bb.Variable(np.ones((0, 2))), 1, mode="mean")
    with pytest.raises(ValueError, match="stat_length of 0"):
        np.pad(x, 1, mode="maximum", stat_length=0)


@pytest.mark.parametrize("dtype", ["i8", "u1", "f4", "f8"])
@pytest.mark.parametrize("end", [0, 7, (2, 9), 2.7])
def test_ramps_between_whole_numbers_are_whole(end: Any, dtype: str) -> None:
    """Those below, also where they are negative; the difference of unsigned numbers does not wrap around."""
    rows = np.array([[1, 5, 2, 200], [90, 3, 8, 1]], dtype)
    f = lambda a: np.pad(a, 3, mode="linear_ramp", end_values=end)  # noqa: E731
    found, expected = bb.vmap(f)(rows), np.stack([f(row) for row in rows])
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
    below = lambda a: np.pad(a, 3, mode="linear_ramp", end_values=-3)  # noqa: E731
    np.testing.assert_array_equal(bb.vmap(below)(rows.astype(int)), np.stack([below(row) for row in rows.astype(int)]))


def test_truth_values_have_no_odd_reflection() -> None:
    x = np.array([True, False, True, True])

    def f(x: Any) -> Any:
        return np.pad(x, 4, "reflect", reflect_type="odd")

    with pytest.raises(bb.NoDerivativeError, match=r"x\.astype\(int\)"):
        bb.vmap(f)(np.stack([x, x]))
    with pytest.warns(bb.CompileWarning):
        np.testing.assert_array_equal(bb.compile(f)(x), f(x))


@pytest.mark.parametrize("width", [(0, 2), (2, 0), (3, 3), (5, 12)], ids=str)
@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_what_is_not_finite_stays_where_it_is_mirrored(odd: float, place: int, mode: Any, width: Any) -> None:
    x = np.arange(1.0, 5)
    x[place] = odd
    f = lambda x: np.pad(x, width, mode, reflect_type="odd")  # noqa: E731
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(f(bb.Variable(x)).data, f(x))
        np.testing.assert_array_equal(bb.vmap(f)(x[None])[0], f(x))


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("dtype", ["u1", "i8", "f4"])
def test_odd_reflections_of_whole_numbers_wrap_as_numpys_do(dtype: str, mode: Any) -> None:
    x = np.array([200, 3, 7], dtype)
    found, expected = (np.pad(y, (7, 11), mode, reflect_type="odd") for y in (bb.Variable(x), x))
    np.testing.assert_array_equal(found.data, expected, strict=True)
