"""Fits one NIST problem from one starting point: SciPy's solver, bibun's derivatives.

Owns the numbers of a fit: parameters, their standard deviations, and how many digits agree with the certified
ones. It reads no file (dataset.py does), knows no formula (models.py) and prints nothing (__main__.py).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
from scipy.optimize import least_squares

import bibun as bb

from .dataset import Dataset
from .models import MODELS

CERTIFIED_DIGITS = 11
TOLERANCE = 1e-15  # SciPy accepts none below 2.2e-16
NEWTON_STEPS = 3  # from 7 digits, convergence is quadratic: the first step reaches rounding
DECIMAL_STEPS = 2
DIGITS_WANTED = 6  # of a residual, or it is computed again in decimal arithmetic
DECIMAL_PRECISION = 40

STAGES = {
    "TRF": "scipy.optimize.least_squares with bibun's Jacobian",
    "N": "Newton's steps with bibun's Hessian",
    "D": "Newton's steps with the residuals in decimal arithmetic",
}

Residual = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Fit:
    """What one fit found, and what it took."""

    parameters: np.ndarray
    """Shape (p,)."""
    standard_deviations: np.ndarray
    """Shape (p,)."""
    residual_sum_of_squares: float
    solver_parameters: np.ndarray
    """Where SciPy's solver stopped, before Newton's steps."""
    stages: tuple[str, ...]
    """The methods that took part: keys of STAGES, in their order."""
    residual_calls: int
    jacobian_calls: int
    seconds: float


class _Counted:
    """A function that counts its calls."""

    def __init__(self, function: Residual) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, b: np.ndarray) -> np.ndarray:
        self.calls += 1
        return self.function(b)


def fit(dataset: Dataset, start: np.ndarray) -> Fit:
    """Minimise sum((model(b, *predictors) - response)**2) over b, from `start`.

    SciPy's `least_squares` with the exact Jacobian gives 7 to 11 digits: it stops when the sum of squares no
    longer falls, and the sum is flat to rounding around its minimum. Newton's steps on the gradient, with the
    exact Hessian, find the other digits.
    """
    began = time.perf_counter()

    def difference(b):
        return MODELS[dataset.name](b, *dataset.predictors) - dataset.response

    residual = _Counted(difference)
    jacobian = _Counted(bb.jacobian(difference))
    hessian = bb.hessian(lambda b: 0.5 * np.sum(difference(b) ** 2))
    tolerances = {"ftol": TOLERANCE, "xtol": TOLERANCE, "gtol": TOLERANCE}
    with np.errstate(over="ignore", invalid="ignore"):  # where a long step overflows, the solver shortens it
        found = least_squares(residual, start, jac=jacobian, x_scale="jac", max_nfev=10_000, **tolerances)
    b, stages = found.x, ["TRF", "N"]
    for _ in range(NEWTON_STEPS):
        b = b - _newton_step(jacobian(b), hessian(b), residual(b))
    r = residual(b)
    if _digits_left(r, dataset.response) < DIGITS_WANTED:
        b, r = decimal_newton(dataset, jacobian, b)
        stages.append("D")
    return Fit(
        parameters=b,
        standard_deviations=standard_deviations(jacobian(b), r),
        residual_sum_of_squares=float(r @ r),
        solver_parameters=found.x,
        stages=tuple(stages),
        residual_calls=residual.calls,
        jacobian_calls=jacobian.calls,
        seconds=time.perf_counter() - began,
    )


def decimal_newton(dataset: Dataset, jacobian: Residual, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method with parameters and residuals in decimal arithmetic: (parameters, residuals), rounded.

    Where residuals of 1e-13 are differences of numbers near 1, float64 leaves them two digits, and no more to
    the standard deviations. The models are plain NumPy, and `np.exp` of an array of Decimals is exact to the
    precision set here, so the same model gives all digits. The step itself needs few: float64 does.
    """
    model = MODELS[dataset.name]
    with localcontext() as context:
        context.prec = DECIMAL_PRECISION
        predictors = [_as_decimals(predictor) for predictor in dataset.predictors]
        response = _as_decimals(dataset.response)
        exact = _as_decimals(b)
        r = model(exact, *predictors) - response
        for _ in range(DECIMAL_STEPS):
            j = jacobian(b)
            step = _newton_step(j, j.T @ j, r.astype(float))  # r is tiny: J^T J is the Hessian to rounding
            exact = exact - _as_decimals(step)
            b = exact.astype(float)
            r = model(exact, *predictors) - response
    return b, r.astype(float)


def standard_deviations(jacobian: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """s sqrt(diag((J^T J)^-1)), s^2 = sum(r^2) / (n - p), for J of shape (n, p) and r of shape (n,).

    From J = Q R with columns scaled to length 1, (J^T J)^-1 = R^-1 R^-T; J^T J itself, whose condition
    number is the square of J's, is never formed.
    """
    n, p = jacobian.shape
    scale = np.linalg.norm(jacobian, axis=0)
    inverse = np.linalg.inv(np.linalg.qr(jacobian / scale, mode="r"))
    return np.sqrt(residual @ residual / (n - p)) * np.linalg.norm(inverse, axis=1) / scale


def agreeing_digits(value: np.ndarray | float, certified: np.ndarray | float) -> float:
    """The smallest log relative error -log10(|value - certified| / |certified|), between 0 and 11."""
    with np.errstate(divide="ignore"):  # all digits agree: log10(0) is -inf, and the limit below is 11
        digits = -np.log10(np.abs(np.asarray(value) - certified) / np.abs(certified))
    return float(np.min(np.clip(digits, 0, CERTIFIED_DIGITS)))


def _newton_step(jacobian: np.ndarray, hessian: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """H^-1 J^T r, solved in parameters scaled by the columns of J, which differ by up to 1e12."""
    scale = np.linalg.norm(jacobian, axis=0)
    return np.linalg.solve(hessian / np.outer(scale, scale), jacobian.T @ residual / scale) / scale


def _digits_left(residual: np.ndarray, response: np.ndarray) -> float:
    """How many digits of a typical residual survive the rounding of the response it is computed from."""
    rounding = np.finfo(float).eps * np.max(np.abs(response))
    return float(np.log10(np.sqrt(np.mean(residual**2)) / rounding))


def _as_decimals(values: np.ndarray) -> np.ndarray:
    """The shortest decimals that round to the float64 values: for data, the digits printed in the file."""
    return np.array([Decimal(repr(float(value))) for value in values], dtype=object)
