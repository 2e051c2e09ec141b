"""SciPy's optimisers on noisy functions: bibun's estimators beside SciPy's own differences, in accuracy and in calls.

    python -m benchmarks.noisy                  # 10 seeds; about ten minutes on one core
    python -m benchmarks.noisy --quick          # 3 seeds, fewer levels
    python -m benchmarks.noisy rosenbrock-10 --levels 1e-4 --check

Nothing is timed: a user of such functions pays for calls. Calls are counted by the function itself, so everything is in
them, learning too, and are printed as a ratio to what minimize(jac="3-point") takes on the same problem without noise.
"exact" is the true gradient with the noisy f: what even a perfect gradient makes of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # SciPy's L-BFGS-B calls BLAS on vectors of ten numbers

import numpy as np
from scipy.optimize import least_squares, minimize

from bibun.numerical.estimators import GradientEstimator, JacobianEstimator

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """A smooth function with its gradient, a start, and how far a point is from the solution."""

    key: str
    f: Callable[[Array], Any]
    gradient: Callable[[Array], Array]
    start: Array
    distance: Callable[[Array], float]
    residuals: bool = False


@dataclass(frozen=True, slots=True)
class Noise:
    """What is added to values of f at x: constant or proportional to f, a hash of the bits of x or new at each call."""

    key: str
    relative: bool
    random: bool

    def on(self, f: Callable[[Array], Any], level: float, seed: int) -> Callable[[Array], Any]:
        generator = np.random.default_rng(seed)

        def noisy(x: Array) -> Any:
            y = f(x)
            unit = generator.standard_normal(np.shape(y)) if self.random else hashed(x, seed, np.shape(y))
            return y * (1 + level * unit) if self.relative else y + level * unit

        return noisy


NOISES = (Noise("relative", True, False), Noise("additive", False, False), Noise("random", False, True))


def hashed(x: Array, seed: int, shape: tuple[int, ...] = ()) -> Any:
    """Numbers of mean 0 and variance 1 that depend on every bit of x, and on nothing else."""
    with np.errstate(over="ignore"):
        place = np.arange(1, x.size + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95)
        key = np.bitwise_xor.reduce(_mixed(x.astype(np.float64).view(np.uint64) + place)) + np.uint64(seed)
        count = int(np.prod(shape))
        bits = _mixed(key + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return ((bits / 2.0**64 * 2 - 1) * np.sqrt(3)).reshape(shape)[()]


def _mixed(bits: Any) -> Any:
    """The finalizer of splitmix64 (Steele, Lea and Flood 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


# ---- problems ------------------------------------------------------------------------------------------


def rosenbrock(n: int) -> Problem:
    """Sum of 100 (x[i+1] - x[i]**2)**2 + (1 - x[i])**2, least at ones; condition of the Hessian there 2500 and more."""

    def f(x: Array) -> float:
        return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))

    def gradient(x: Array) -> Array:
        g, a = np.zeros_like(x), x[1:] - x[:-1] ** 2
        g[1:] += 200 * a
        g[:-1] -= 400 * x[:-1] * a + 2 * (1 - x[:-1])
        return g

    start = np.tile([-1.2, 1.0], n // 2)
    return Problem(f"rosenbrock-{n}", f, gradient, start, lambda x: float(np.max(np.abs(x - 1))))


def powell() -> Problem:
    """Powell's singular function: the Hessian at the solution 0 has rank 2, so the distance is told in f."""

    def f(x: Array) -> float:
        a, b, c, d = x
        return float((a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4)

    def gradient(x: Array) -> Array:
        a, b, c, d = x
        p, q, r, s = 2 * (a + 10 * b), 10 * (c - d), 4 * (b - 2 * c) ** 3, 40 * (a - d) ** 3
        return np.array([p + s, 10 * p + r, q - 2 * r, -q - s])

    return Problem("powell-4", f, gradient, np.array([3.0, -1.0, 0.0, 1.0]), f)


def scaled_quadratic() -> Problem:
    """A quadratic of 6 variables whose natural units are 0.01 to 100, so curvatures 10,000 to 0.0001."""
    units = np.logspace(-2, 2, 6)

    def f(x: Array) -> float:
        u = x / units - 1
        return float(np.sum(u**2) + 0.5 * np.sum(u[1:] * u[:-1]) + 1)

    def gradient(x: Array) -> Array:
        u = x / units - 1
        g = 2 * u
        g[1:] += 0.5 * u[:-1]
        g[:-1] += 0.5 * u[1:]
        return g / units

    start = units * np.array([3.0, -2.0, 2.0, 4.0, -1.0, 3.0])
    return Problem("quadratic-6", f, gradient, start, lambda x: float(np.max(np.abs(x / units - 1))))


def exponential_fit() -> Problem:
    """2.5 exp(-1.3 t) + 0.5 at 60 times: the residuals, for least_squares."""
    t = np.linspace(0, 4, 60)
    truth = np.array([2.5, 1.3, 0.5])

    def model(p: Array) -> Array:
        return p[0] * np.exp(-p[1] * t) + p[2]

    def jacobian(p: Array) -> Array:
        e = np.exp(-p[1] * t)
        return np.stack([e, -p[0] * t * e, np.ones_like(t)], axis=1)

    data = model(truth)
    return Problem(
        "fit-3", lambda p: model(p) - data, jacobian, np.ones(3), lambda p: float(np.max(np.abs(p - truth))), True
    )


PROBLEMS = (rosenbrock(2), rosenbrock(10), rosenbrock(30), powell(), scaled_quadratic(), exponential_fit())

# ---- contenders ----------------------------------------------------------------------------------------

THREE_POINT = "3-point"
BIBUN = "bibun"


class Counted:
    """f, which counts its calls."""

    def __init__(self, f: Callable[[Array], Any]) -> None:
        self.f, self.calls = f, 0

    def __call__(self, x: Array) -> Any:
        self.calls += 1
        return self.f(x)


def solve(name: str, problem: Problem, f: Counted, seed: int) -> Array:
    """The optimiser's answer with one way to differentiate."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if problem.residuals:
            jacobian = {"exact": problem.gradient, "bibun": JacobianEstimator(f, seed=seed)}
            return np.asarray(least_squares(f, problem.start, jac=jacobian.get(name, name)).x)
        value: Any = f
        jac: Any = name
        if name == "exact":
            jac = problem.gradient
        elif name.startswith("bibun"):
            jac = GradientEstimator(f, seed=seed)
            value = jac.value if name == BIBUN else f
        return np.asarray(minimize(value, problem.start, jac=jac, method="L-BFGS-B").x)


def contenders(problem: Problem) -> Sequence[str]:
    if problem.residuals:
        return ("2-point", THREE_POINT, "exact", BIBUN)
    return ("2-point", THREE_POINT, "exact", "bibun, jac only", BIBUN)


@dataclass(frozen=True, slots=True)
class Row:
    """One contender on one problem, noise and level: distances from the solution and ratios of calls, one a seed."""

    problem: str
    noise: str
    level: float
    contender: str
    distances: list[float]
    costs: list[float]


def measure(problem: Problem, noise: Noise, level: float, seeds: int) -> Iterable[Row]:
    silent = Counted(problem.f)
    solve(THREE_POINT, problem, silent, 0)
    for name in contenders(problem):
        distances, costs = [], []
        for seed in range(seeds):
            f = Counted(noise.on(problem.f, level, seed))
            distances.append(problem.distance(solve(name, problem, f, seed)))
            costs.append(f.calls / silent.calls)
        yield Row(problem.key, noise.key, level, name, distances, costs)


def required(row: Row) -> bool:
    """Whether the row is held to the requirement: Rosenbrock, n = 10, relative noise 1e-4, x within 1e-4 at 1.3 x."""
    return (row.problem, row.noise, row.level, row.contender) == ("rosenbrock-10", "relative", 1e-4, BIBUN)


def main() -> int:
    options = _options()
    seeds = 3 if options.quick else 10
    levels = options.levels or ([1e-4, 1e-8] if options.quick else [1e-2, 1e-4, 1e-6, 1e-8, 1e-10])
    chosen = [p for p in PROBLEMS if not options.names or any(name in p.key for name in options.names)]
    rows: list[Row] = []
    if not options.json:
        print("distance from the solution: median (worst); calls: ratio to 3-point without noise, median (most)\n")
    for problem in chosen:
        for noise in NOISES:
            for level in levels:
                some = list(measure(problem, noise, level, seeds))
                rows += some
                if not options.json:
                    _print(some)
    if options.json:
        names = Row.__slots__
        print(json.dumps([{name: getattr(row, name) for name in names} for row in rows], indent=1))
    held = [row for row in rows if required(row)]
    reached = all(max(row.distances) <= 1e-4 and median(row.costs) <= 1.3 for row in held)
    if held and not options.json:
        print(f"\nrequired (x within 1e-4 at 1.3 x the calls): {'reached' if reached else 'NOT reached'}")
    return int(options.check and not reached)


def _print(rows: Sequence[Row]) -> None:
    print(f"{rows[0].problem}, {rows[0].noise} noise {rows[0].level:.0e}", flush=True)
    for row in rows:
        far, cost = row.distances, row.costs
        print(
            f"    {row.contender:<16} {median(far):8.1e} ({max(far):7.1e})   {median(cost):6.2f} ({max(cost):5.2f})",
            flush=True,
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.noisy", description=__doc__)
    parser.add_argument("names", nargs="*", help="only problems whose key contains one of these")
    parser.add_argument("--levels", nargs="*", type=float, help="noise levels, instead of 1e-2 to 1e-10")
    parser.add_argument("--quick", action="store_true", help="3 seeds and two levels, for a first look")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    parser.add_argument("--check", action="store_true", help="exit code 1 if the requirement is not reached")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
