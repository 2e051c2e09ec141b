"""Evaluations and errors of numerical derivatives, and what is claimed of them, beside jacobi, numdifftools and scipy.

Compares with truths and times nothing; derivatives.py has the timed rows.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from statistics import mean, median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.derivatives import diagonals, point, tridiagonal, tridiagonal_by_hand
from benchmarks.harness import Measurement, Requirement
from benchmarks.processes import run_worker
from benchmarks.rosenbrock import by_hand, hessian_by_hand, rosenbrock

EPS = 2.0**-52


def measure_figures(key: str) -> Measurement:
    """A row of counts and errors, measured in a fresh process; `key` is one of FIGURES."""
    measurement = Measurement(key, FIGURES[key].title, "", "count", requirements=list(FIGURES[key].requirements))
    try:
        found = run_worker("figures", key)
    except RuntimeError as error:
        measurement.failures["all"] = str(error)
        return measurement
    measurement.samples = {name: [value] for name, value in found["samples"].items()}
    measurement.figures = found["figures"]
    return measurement


class _Counted:
    """f, and how many times it was called."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f, self.evaluations = f, 0

    def __call__(self, x: Any) -> Any:
        self.evaluations += 1
        return self.f(x)


def _distance(found: Any, exact: Any) -> float:
    return float(np.max(np.abs(np.asarray(found) - exact)) / np.max(np.abs(exact)))


def array_figures() -> dict[str, Any]:
    """Evaluations, and errors relative to the largest entry: Rosenbrock's gradient, n = 1,000, and Hessian, n = 10; the
    tridiagonal Jacobian, n = 1,000.
    """
    rows: dict[str, dict[str, float]] = {}

    def row(name: str, f: Any, exact: Any, compute: Callable[[Any], Any]) -> None:
        counted = _Counted(f)
        error = _distance(compute(counted), exact)
        rows[name] = {"evaluations": counted.evaluations, "relative error": error}

    x, small = point(1_000), point(10)
    exact, exact_hessian = by_hand(x)()[1], hessian_by_hand(small)()
    bands = np.concatenate(tridiagonal_by_hand(x))
    from jacobi import jacobi
    from numdifftools import Gradient, Hessian
    from scipy.optimize._numdiff import approx_derivative
    from scipy.sparse import csr_array

    from bibun.numerical import gradient, hessian, jacobian

    row("gradient, bibun", rosenbrock, exact, lambda f: gradient(f, x).value)
    row("gradient, bibun real", rosenbrock, exact, lambda f: gradient(f, x, "real").value)
    row("gradient, jacobi", rosenbrock, exact, lambda f: jacobi(f, x)[0])
    row("gradient, numdifftools", rosenbrock, exact, lambda f: Gradient(f)(x))
    row("gradient, scipy 3-point", rosenbrock, exact, lambda f: approx_derivative(f, x, method="3-point"))
    row("Hessian, bibun", rosenbrock, exact_hessian, lambda f: hessian(f, small).value)
    row("Hessian, numdifftools", rosenbrock, exact_hessian, lambda f: Hessian(f)(small))

    def joined(matrix: Any) -> Any:
        return np.concatenate(diagonals(csr_array(matrix)))

    pattern = np.abs(np.subtract.outer(np.arange(1_000), np.arange(1_000))) <= 1
    row("sparse, bibun, pattern found", tridiagonal, bands, lambda f: joined(jacobian(f, x, sparsity=True).value))
    row("sparse, bibun, pattern given", tridiagonal, bands, lambda f: joined(jacobian(f, x, sparsity=pattern).value))
    row(
        "sparse, scipy, pattern given",
        tridiagonal,
        bands,
        lambda f: joined(approx_derivative(f, x, method="3-point", sparsity=csr_array(pattern))),
    )
    samples = {f"{name}: {what}": value for name, figures in rows.items() for what, value in figures.items()}
    scales = {"entries": 1000.0, "400": 400.0, "1e-12": 1e-12, "1e-13": 1e-13, "1e-15": 1e-15}
    return {"figures": rows, "samples": samples | scales}


# Counted: the cases of the tests


class _Result(NamedTuple):
    category: str
    error: float  # true, relative to the truth
    claim: float
    covered: bool
    evaluations: int

    @property
    def wrong(self) -> bool:
        return not self.error <= 1e-2

    @property
    def silent(self) -> bool:
        return self.wrong and self.claim < 0.1 * self.error


def _methods() -> dict[str, Callable[[Any, float], tuple[Any, Any]]]:
    from jacobi import jacobi
    from numdifftools import Derivative
    from scipy.differentiate import derivative as scipy_derivative

    from bibun.numerical import derivative

    def by_bibun(method: str) -> Callable[[Any, float], tuple[Any, Any]]:
        def run(f: Any, x: float) -> tuple[Any, Any]:
            estimate = derivative(f, x, method=method)
            return estimate.value, estimate.error

        return run

    def by_numdifftools(f: Any, x: float) -> tuple[Any, Any]:
        result = Derivative(f, full_output=True)(x)
        return result.estimate, result.error_estimate

    def by_scipy(f: Any, x: float) -> tuple[Any, Any]:
        result = scipy_derivative(np.vectorize(f, otypes=[float]), x)  # it asks for many points at once
        return result.df, result.error

    return {
        "bibun": by_bibun("auto"),
        "bibun real": by_bibun("real"),
        "jacobi": jacobi,
        "numdifftools": by_numdifftools,
        "scipy.differentiate": by_scipy,
    }


def case_figures() -> dict[str, Any]:
    """Every method over the cases of tests/numerical whose |x| is ordinary: at 1e300 the fit of jacobi never ends."""
    from tests.numerical.cases import FIRST

    cases = [case for case in FIRST if case.x == 0 or 1e-12 < abs(case.x) < 1e12]
    figures: dict[str, dict[str, float]] = {}
    samples: dict[str, float] = {"cases": len(cases), "1": 1.0}
    for name, method in _methods().items():
        results = [_judged(method, case) for case in cases]
        figures[name] = _summary(results)
        samples |= {f"{name}: {what}": value for what, value in figures[name].items()}
    return {"figures": figures, "samples": samples}


def _judged(method: Callable[[Any, float], tuple[Any, Any]], case: Any) -> _Result:
    f = _Counted(case.f)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            value, claim = (float(np.ravel(number)[0]) for number in method(f, case.x))
        except Exception:  # noqa: BLE001  (whatever a method raises counts as a wrong answer)
            value, claim = math.nan, math.inf
    error = abs(value - case.truth)
    covered = not math.isnan(error) and error <= claim + case.slack + EPS * case.size
    relative = math.inf if math.isnan(error) else error / case.size
    return _Result(case.category, relative, claim / case.size, covered, f.evaluations)


def _summary(results: list[_Result]) -> dict[str, float]:
    smooth = [r for r in results if r.category == "smooth"]
    noisy = [r for r in results if r.category in ("noise", "single")]

    def evaluations(of: Iterable[_Result]) -> float:
        return mean(r.evaluations for r in of)

    return {
        "median error": median(r.error for r in results),
        "median error, smooth": median(r.error for r in smooth),
        "wrong": sum(r.wrong for r in results),
        "silent": sum(r.silent for r in results),
        "not covered": sum(not r.covered for r in results),
        "median claim / error": median(r.claim / max(r.error, EPS / 4) for r in results if math.isfinite(r.error)),
        "evaluations, smooth": evaluations(smooth),
        "evaluations, noisy": evaluations(noisy),
        "evaluations, all": evaluations(results),
    }


class _Figures(NamedTuple):
    title: str
    compute: Callable[[], dict[str, Any]]
    requirements: tuple[Requirement, ...]


FIGURES = {
    "numerical-arrays": _Figures(
        "numerical, arrays",
        array_figures,
        (
            Requirement("gradient, bibun: evaluations", "entries", 1.006),
            Requirement("gradient, bibun: relative error", "1e-15", 1.0),
            Requirement("gradient, bibun real: evaluations", "entries", 8.0),
            Requirement("gradient, bibun real: relative error", "1e-12", 1.0),
            Requirement("Hessian, bibun: evaluations", "400", 1.0),
            Requirement("Hessian, bibun: relative error", "1e-13", 1.0),
        ),
    ),
    "numerical-cases": _Figures(
        "numerical, cases of the tests",
        case_figures,
        (
            *(Requirement(f"{name}: wrong", "cases", 0.01) for name in ("bibun", "bibun real")),
            *(Requirement(f"{name}: silent", "cases", 0.0) for name in ("bibun", "bibun real")),
            *(Requirement(f"{name}: not covered", "cases", 0.01) for name in ("bibun", "bibun real")),
            *(Requirement(f"{name}: median claim / error", "1", 8.0) for name in ("bibun", "bibun real")),
            Requirement("bibun: evaluations, smooth", "1", 5.0),
            Requirement("bibun real: evaluations, smooth", "1", 12.0),
            Requirement("bibun real: evaluations, noisy", "1", 18.0),
        ),
    ),
}
