"""One number beside another: verdicts and digits."""

from math import inf, nan

import pytest

from bibun.checking.judging import digits_of, gravest, judge, worst
from bibun.checking.slopes import Slope


def verdict(exact, bar, value, error, status="rounding", unit=1.0):
    return judge(0, 0, exact, bar, Slope(value, error, status, unit)).verdict


@pytest.mark.parametrize(
    ("exact", "bar", "value", "error", "expected"),
    [
        (1.0, 1e-15, 1.0 + 1e-13, 1e-13, "agrees"),
        (1.0, 1e-15, 1.0 + 1e-9, 1e-13, "disagrees"),
        (1.0, 1e-8, 1.0 + 1e-9, 1e-13, "agrees"),
        (1.0, 0.0, 1.2, 0.5, "undecided"),
        (0.0, 0.0, 0.0, 1e-14, "agrees"),
        (1e-20, 0.0, 0.0, 1e-14, "agrees"),
        (0.0, 0.0, 0.0, 0.5, "undecided"),
        (1.0, 0.0, nan, inf, "undecided"),
        (nan, 0.0, 1.0, 1e-13, "disagrees"),
        (inf, 0.0, 1.0, 1e-13, "disagrees"),
        (inf, 0.0, 1e8, 1e8, "undecided"),
        (nan, 0.0, 1.0, inf, "undecided"),
    ],
)
def test_verdicts(exact, bar, value, error, expected):
    assert verdict(exact, bar, value, error) == expected


@pytest.mark.parametrize(("exact", "expected"), [(-1.0, "kink"), (0.3, "kink"), (1.0, "kink"), (1.1, "disagrees")])
def test_a_kink_allows_what_lies_between_its_slopes(exact, expected):
    assert verdict(exact, 1e-15, 0.0, 1.0, "kink: slopes -1 and 1") == expected


def test_a_jump_decides_nothing():
    assert verdict(3.0, 0.0, 1.0, 1e-13, "jump: ...") == "undecided"


def test_nan_is_excused_where_other_outputs_are_nan():
    assert judge(0, 0, nan, 0.0, Slope(1.0, 1e-13, "rounding", 1.0), excused=True).verdict == "undecided"


@pytest.mark.parametrize(
    ("exact", "numerical", "total", "expected"),
    [
        (1.0, 1.001, 0.0, 3.0),
        (1.0, 1.0, 1e-12, 12.0),
        (1.0, 1.0 + 1e-14, 1e-12, 12.0),
        (1.0, -1.0, 1e-12, 0.0),
        (1e-200, 1.001e-200, 0.0, 3.0),
        (0.0, 0.0, 1e-14, None),
        (1e-20, 0.0, 1e-14, None),
        (1.0, nan, 1e-14, 0.0),
    ],
)
def test_digits(exact, numerical, total, expected):
    found = digits_of(exact, numerical, total)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-3))


def test_an_error_above_the_visible_one_disagrees():
    slope = Slope(1.0, 1e-12, "rounding", 1.0)
    visible = judge(0, 0, 1.0, 1e-14, slope).visible
    for wrong in (1.0 + visible, 1.0 - visible):
        for noise in (-1e-12, 0.0, 1e-12):
            assert judge(0, 0, wrong + noise, 1e-14, slope).verdict == "disagrees"


def test_the_worst_is_the_gravest_then_the_least_digits():
    slope = Slope(1.0, 1e-13, "rounding", 1.0)
    right, poor, wrong = (judge(0, 0, e, b, slope) for e, b in ((1.0, 0.0), (1.0, 1e-6), (2.0, 0.0)))
    assert worst([right, poor]) is poor
    assert worst([right, wrong, poor]) is wrong
    assert gravest(["agrees", "kink", "undecided"]) == "undecided"
    assert gravest([]) == "no derivative"
