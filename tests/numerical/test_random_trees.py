"""bibun.numerical.derivative of random expressions agrees with mpmath, within the error that it claims."""

from __future__ import annotations

from functools import cache
from itertools import islice
from statistics import mean, median
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bibun.numerical import derivative
from tests.numerical.black_boxes import MATH, NUMPY
from tests.numerical.trees import CONSTANTS, FUNCTIONS, OPERATORS, Tree, random_trees, tree_at

EPS = 2.0**-52
SAMPLE = 400
KINDS = {"auto": ("auto", NUMPY), "real": ("real", NUMPY), "scalar only": ("auto", MATH)}


class Judged(NamedTuple):
    tree: Tree
    value: float
    claim: float
    status: str
    evaluations: int

    @property
    def error(self) -> float:
        return abs(self.value - self.tree.truth)

    @property
    def covered(self) -> bool:
        return self.error <= self.claim * (1 + 1e-9) + EPS * abs(self.tree.truth)

    @property
    def silent(self) -> bool:
        """Wrong by more than a hundredth, and claiming less than a tenth of the error; nan is never silent."""
        return self.error > 1e-2 * abs(self.tree.truth) and self.claim < 0.1 * self.error

    def __str__(self) -> str:
        return f"{self.tree}: {self.value} +- {self.claim:.2g} [{self.status}], but the truth is {self.tree.truth}"


def judged(tree: Tree, kind: str) -> Judged:
    method, module = KINDS[kind]
    estimate = derivative(tree.function(module), tree.x, method=method)
    return Judged(tree, float(estimate.value), float(estimate.error), estimate.status, estimate.evaluations)


@cache
def sample(kind: str) -> list[Judged]:
    return [judged(tree, kind) for tree in islice(random_trees(20240229), SAMPLE)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_tree_is_silently_wrong(kind):
    assert not [str(result) for result in sample(kind) if result.silent]


@pytest.mark.parametrize("kind", KINDS)
def test_97_of_100_claims_cover_the_error(kind):
    # A smooth function shows two samples of its noise or so, and none is enough for 99 of 100 at 8 times the error.
    uncovered = [result for result in sample(kind) if not result.covered]
    assert len(uncovered) <= 0.03 * SAMPLE, "\n".join(map(str, uncovered))


@pytest.mark.parametrize("kind", KINDS)
def test_no_error_is_far_outside_its_claim(kind):
    # The complex step does not see what x / x loses beside 0, a rounding of 1 / x.
    allowed = 2 if kind == "auto" else 0
    far = [result for result in sample(kind) if result.error > 5 * result.claim + EPS * abs(result.tree.truth)]
    assert len(far) <= allowed, "\n".join(map(str, far))


@pytest.mark.parametrize(("kind", "limit"), [("auto", 2.5e-16), ("real", 1e-14), ("scalar only", 1e-14)])
def test_median_error(kind, limit):
    assert median(result.error / abs(result.tree.truth) for result in sample(kind)) <= limit


@pytest.mark.parametrize(("kind", "limit"), [("auto", 5), ("real", 13), ("scalar only", 14)])
def test_mean_evaluations(kind, limit):
    assert mean(result.evaluations for result in sample(kind)) <= limit


# Hypothesis looks for small and strange ones


def _larger(parts):
    return st.one_of(
        st.tuples(st.sampled_from(FUNCTIONS), parts), st.tuples(st.sampled_from(OPERATORS), parts, parts)
    )  # fmt: skip


LEAVES = st.one_of(st.just(("x",)), st.just(("x",)), st.sampled_from(CONSTANTS).map(lambda c: ("c", c)))
EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=6)
POINTS = st.one_of(st.floats(0.01, 100.0), st.floats(-100.0, -0.01), st.floats(1e-30, 1e-3), st.integers(1, 20))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much])
@given(expression=EXPRESSIONS, x=POINTS)
def test_no_expression_is_silently_wrong(kind, expression, x):
    tree = tree_at(expression, float(x))
    assume(tree is not None)
    result = judged(tree, kind)
    assert not result.silent, str(result)
    assert result.error <= 1e-3 * abs(tree.truth) or result.covered, str(result)
