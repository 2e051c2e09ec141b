"""All rows of the compiler, in the order of the tables. Holds no function; the modules that it imports do."""

from __future__ import annotations

from benchmarks.compiled.bundle import BUNDLE, OTHER_BUNDLES
from benchmarks.compiled.cores import on_two_cores
from benchmarks.compiled.fields import CONVOLUTION, HEAT, LAPLACE
from benchmarks.compiled.learning import DEEP, PROCESS, SOFTMAX
from benchmarks.compiled.lorenz import LORENZ
from benchmarks.compiled.mechanics import BODIES, KEPLER, SPRINGS
from benchmarks.compiled.mixture import MIXTURE, OTHER_MIXTURES, mixture
from benchmarks.compiled.models import BLACK_SCHOLES, FEW_OPTIONS, LOGISTIC, LOGISTIC_HESSIAN, NETWORKS
from benchmarks.compiled.recurrent import LSTM
from benchmarks.compiled.rows import against_limit
from benchmarks.compiled.small import CHAINS, ROSENBROCK, SECOND_ORDER, SEED

REQUIRED = (
    SEED,
    *CHAINS,
    *ROSENBROCK,
    BLACK_SCHOLES,
    LOGISTIC,
    LOGISTIC_HESSIAN,
    *NETWORKS,
    MIXTURE,
    BUNDLE,
    *LORENZ,
    *SECOND_ORDER,
)
OTHERS = (
    LSTM,
    *OTHER_MIXTURES,
    *OTHER_BUNDLES,
    KEPLER,
    HEAT,
    LAPLACE,
    SOFTMAX,
    PROCESS,
    CONVOLUTION,
    FEW_OPTIONS,
    DEEP,
    BODIES,
    SPRINGS,
)
_LARGE_MIXTURE = mixture(10, 25, 10_000)

# (row, whether the second core is required to help): all above a millisecond on one
ON_TWO_CORES = (
    *((row, True) for row in (BLACK_SCHOLES, LOGISTIC_HESSIAN, _LARGE_MIXTURE, OTHER_BUNDLES[0], DEEP)),
    (ROSENBROCK[-1], False),  # its speed is the memory's
)

WORKLOADS = (
    *(against_limit(row) for row in (*REQUIRED, *OTHERS)),
    *(on_two_cores(row, required) for row, required in ON_TWO_CORES),
)
FIRST_CALLS = {f"compile-first-{row.key}": row for row in REQUIRED}
