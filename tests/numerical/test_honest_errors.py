"""The error bars of bibun.numerical.derivative against the tables of cases.py and kinks.py: they must cover the truth,
be small where that is possible, and cost few evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from statistics import mean, median
from typing import Any, NamedTuple

import numpy as np
import pytest

from bibun.numerical import derivative
from tests.numerical.cases import FIRST, SECOND, Case
from tests.numerical.kinks import KINKS, SECOND_KINKS, Kink

EPS = 2.0**-52
METHODS = ("auto", "real")
FLAGS = ("kink", "jump", "boundary", "unresolved", "noise", "not finite")


class Judged(NamedTuple):
    """An estimate beside the truth. `calls`: counted here, not by the engine."""

    name: str
    value: float
    truth: float
    claim: float
    error: float  # the true one
    size: float
    allowed: float  # how far the truth itself is known, for this black box
    status: str
    evaluations: int
    calls: int

    @property
    def covered(self) -> bool:
        return self.error <= self.claim * (1 + 1e-9) + self.allowed

    @property
    def wrong(self) -> bool:
        return not self.error <= 1e-2 * self.size

    @property
    def silent(self) -> bool:
        return self.wrong and self.claim < 0.1 * self.error


@cache
def judged(case: Case | Kink, method: str, order: int = 1) -> Judged:
    calls = 0

    def counted(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return case.f(x)

    estimate = derivative(counted, case.x, order, method=method)
    value, claim = float(np.ravel(estimate.value)[0]), float(np.ravel(estimate.error)[0])
    truth = case.truth if isinstance(case, Case) else math.nan
    size = case.size if isinstance(case, Case) else math.nan
    slack = case.slack if isinstance(case, Case) else math.nan
    error = abs(value - truth) if math.isfinite(value) else math.inf
    return Judged(
        f"{case.name} ({method})", value, truth, claim, error, size, slack + EPS * size, estimate.status,
        estimate.evaluations, calls,
    )  # fmt: skip


def judge(cases: Iterable[Case], method: str, order: int = 1) -> list[Judged]:
    return [judged(case, method, order) for case in cases]


def of(*categories: str) -> list[Case]:
    return [case for case in FIRST if case.category in categories]


def named(case: Case) -> str:
    return f"{case.category}: {case.name}"


def listed(results: Iterable[Judged]) -> str:
    return "\n".join(f"{r.name}: {r.value} +- {r.claim:.2g} [{r.status}], but the truth is {r.truth}" for r in results)


# One case at a time


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", FIRST, ids=named)
def test_first_derivative_within_its_error(case, method):
    found = judged(case, method)
    assert not found.silent
    assert found.error <= 3 * found.claim + found.allowed  # and 98 of 100 within the claim itself: see below
    assert found.evaluations == found.calls <= 70


@pytest.mark.parametrize("case", SECOND, ids=named)
def test_second_derivative_within_its_error(case):
    found = judged(case, "auto", 2)
    assert not found.silent
    assert found.error <= 2 * found.claim + found.allowed
    assert found.evaluations == found.calls <= 70


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kink", KINKS, ids=lambda kink: kink.name)
def test_no_derivative_is_flagged(kink, method):
    assert_flagged(kink, judged(kink, method))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kink", SECOND_KINKS, ids=lambda kink: kink.name)
def test_no_second_derivative_is_flagged(kink, method):
    assert_flagged(kink, judged(kink, method, 2))


def assert_flagged(kink, found):
    """The status says so, and the error covers both slopes; where one is not finite, it is large or infinite."""
    assert found.status.startswith(FLAGS)
    if math.isnan(found.value) or math.isinf(found.claim):
        return  # nothing is claimed
    if kink.slopes is None:
        assert found.claim >= (kink.least if kink.least < 0.5 else max(0.5, 0.3 * abs(found.value)))
    else:
        low, high = kink.slopes
        margin = 1e-6 * (high - low) + 4 * EPS * max(abs(low), abs(high))
        assert found.value - found.claim <= low + margin
        assert found.value + found.claim >= high - margin


@pytest.mark.parametrize(
    ("f", "slopes"),
    [(np.abs, (-1, 1)), (lambda x: np.maximum(x, 0), (0, 1)), (lambda x: np.exp(-np.abs(x)), (-1, 1))],
    ids=["|x|", "relu", "exp(-|x|)"],
)
def test_kink_at_zero_is_the_mean_slope_with_half_the_difference(f, slopes):
    estimate = derivative(f, 0.0)
    assert estimate.status.startswith("kink")
    assert float(estimate.value) == pytest.approx(sum(slopes) / 2, abs=1e-6)
    assert float(estimate.error) == pytest.approx((slopes[1] - slopes[0]) / 2, rel=0.1)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("sin, 5 decimals at 0.6", "noise"),
        ("printed and read at 1.3", "noise"),
        ("ends at 0 at 0", "boundary"),
        ("nan below -1 at -1", "boundary"),
        ("rational at 1.1", "rounding"),
        ("sin exp at 0.6", "rounding"),
    ],
)
def test_status_names_the_limit(name, word):
    (case,) = [case for case in FIRST if case.name == name]
    assert judged(case, "real").status.startswith(word)


# Over the table


@pytest.mark.parametrize("method", METHODS)
def test_98_of_100_claims_cover_the_error(method):
    results = judge(FIRST, method)
    uncovered = [r for r in results if not r.covered]
    assert len(uncovered) <= 0.02 * len(results), listed(uncovered)


@pytest.mark.parametrize("method", METHODS)
def test_at_most_1_in_100_is_wrong(method):
    results = judge(FIRST, method)
    wrong = [r for r in results if r.wrong]
    assert len(wrong) <= 0.01 * len(results), listed(wrong)


@pytest.mark.parametrize(("method", "limit"), [("auto", 8e-15), ("real", 3e-14)])
def test_median_error(method, limit):
    assert median(r.error / r.size for r in judge(FIRST, method)) <= limit


@pytest.mark.parametrize(("method", "limit"), [("auto", 2.5e-16), ("real", 1.5e-14)])
def test_median_error_of_smooth_functions(method, limit):
    assert median(r.error / r.size for r in judge(of("smooth"), method)) <= limit


@pytest.mark.parametrize("method", METHODS)
def test_claims_are_at_most_8_times_the_error_in_the_median(method):
    results = judge(FIRST, method)
    assert median(r.claim / max(r.error, EPS * r.size / 4) for r in results) <= 8


@pytest.mark.parametrize(("method", "limit"), [("auto", 5.2), ("real", 12)])  # three of 23 take no complex number
def test_evaluations_of_smooth_functions(method, limit):
    assert mean(r.evaluations for r in judge(of("smooth"), method)) <= limit


@pytest.mark.parametrize("method", METHODS)
def test_evaluations_of_noisy_functions(method):
    assert mean(r.evaluations for r in judge(of("noise", "single"), method)) <= (18.2 if method == "real" else 22)


def test_second_derivatives_of_smooth_functions():
    results = judge([case for case in SECOND if case.category == "smooth"], "auto", 2)
    assert median(r.error / r.size for r in results) <= 1e-11
    assert all(r.covered for r in results), listed(r for r in results if not r.covered)


def test_second_derivatives_are_covered():
    results = judge(SECOND, "auto", 2)
    uncovered = [r for r in results if not r.covered]
    assert len(uncovered) <= 0.04 * len(results), listed(uncovered)
