"""Time of numerical derivatives beside jacobi, numdifftools and scipy. Evaluations and errors: see derivative_figures.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import Requirement, Run, Workload
from benchmarks.rosenbrock import rosenbrock

# Timed: a scalar derivative


def cheap(x: Any) -> Any:
    return np.sin(x) * x + 3.0 * x


def scalar_bibun(x: Any) -> Run:
    from bibun.numerical import derivative

    return lambda: derivative(cheap, x).value


def scalar_bibun_real(x: Any) -> Run:
    from bibun.numerical import derivative

    return lambda: derivative(cheap, x, method="real").value


def scalar_jacobi(x: Any) -> Run:
    from jacobi import jacobi

    return lambda: jacobi(cheap, x)[0]


def scalar_numdifftools(x: Any) -> Run:
    from numdifftools import Derivative

    derivative = Derivative(cheap, full_output=True)
    return lambda: derivative(x).estimate


def scalar_scipy(x: Any) -> Run:
    from scipy.differentiate import derivative

    return lambda: derivative(cheap, x).df


# Timed: a gradient


def gradient_bibun(x: Any) -> Run:
    from bibun.numerical import gradient

    return lambda: gradient(rosenbrock, x).value


def gradient_bibun_real(x: Any) -> Run:
    from bibun.numerical import gradient

    return lambda: gradient(rosenbrock, x, "real").value


def gradient_jacobi(x: Any) -> Run:
    from jacobi import jacobi

    return lambda: jacobi(rosenbrock, x)[0]


def gradient_numdifftools(x: Any) -> Run:
    from numdifftools import Gradient

    return lambda: Gradient(rosenbrock)(x)


# Timed: a Hessian and a sparse Jacobian


def hessian_bibun(x: Any) -> Run:
    from bibun.numerical import hessian

    return lambda: hessian(rosenbrock, x).value


def hessian_numdifftools(x: Any) -> Run:
    from numdifftools import Hessian

    return lambda: Hessian(rosenbrock)(x)


def tridiagonal(x: Any) -> Any:
    """A chain of neighbours: y[i] depends on x[i-1], x[i] and x[i+1]."""
    y = np.sin(x) + x**3
    y[1:] += 2.0 * x[1:] * x[:-1]
    y[:-1] += np.cos(x[1:])
    return y


def tridiagonal_by_hand(x: Any) -> Any:
    """Its three diagonals: below, main, above."""
    main = np.cos(x) + 3.0 * x**2
    main[1:] += 2.0 * x[:-1]
    return 2.0 * x[1:], main, -np.sin(x[1:])


def diagonals(matrix: Any) -> Any:
    return tuple(matrix.diagonal(k) for k in (-1, 0, 1))


def sparse_bibun(x: Any) -> Run:
    from bibun.numerical import jacobian

    return lambda: diagonals(jacobian(tridiagonal, x, sparsity=True).value)


def sparse_scipy(x: Any) -> Run:
    """The pattern is given: SciPy cannot find it."""
    from scipy.optimize._numdiff import approx_derivative
    from scipy.sparse import diags_array

    n = x.size
    pattern = diags_array([np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1]).tocsr()
    return lambda: diagonals(approx_derivative(tridiagonal, x, method="3-point", sparsity=pattern))


def point(size: int) -> Any:
    return np.random.default_rng(3).uniform(-1.5, 1.5, size)


WORKLOADS = (
    Workload(
        key="numerical-scalar",
        title="numerical derivative of a cheap function",
        problem=lambda _: 0.7,
        size=1,
        contenders={
            "jacobi": scalar_jacobi,
            "numdifftools": scalar_numdifftools,
            "scipy.differentiate": scalar_scipy,
            "bibun": scalar_bibun,
            "bibun real": scalar_bibun_real,
        },
        reference="jacobi",
        requirements=(Requirement("bibun real", "jacobi", 0.5), Requirement("bibun", "jacobi", 0.1)),
    ),
    Workload(
        key="numerical-gradient",
        title="numerical gradient of Rosenbrock, n = 1,000",
        problem=point,
        size=1_000,
        contenders={
            "numdifftools": gradient_numdifftools,
            "jacobi": gradient_jacobi,
            "bibun": gradient_bibun,
            "bibun real": gradient_bibun_real,
        },
        reference="numdifftools",
        requirements=(Requirement("bibun real", "numdifftools", 1.0),),
    ),
    Workload(
        key="numerical-hessian",
        title="numerical Hessian of Rosenbrock, n = 10",
        problem=point,
        size=10,
        contenders={"numdifftools": hessian_numdifftools, "bibun": hessian_bibun},
        reference="numdifftools",
        requirements=(Requirement("bibun", "numdifftools", 1.0),),
    ),
    Workload(
        key="numerical-sparse",
        title="numerical tridiagonal Jacobian, n = 1,000",
        problem=point,
        size=1_000,
        contenders={"scipy, pattern given": sparse_scipy, "bibun": sparse_bibun},
        reference="scipy, pattern given",
        tolerance=1e-6,  # SciPy's differences of order 2
    ),
)
