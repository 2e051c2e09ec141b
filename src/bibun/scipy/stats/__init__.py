"""scipy.stats with derivatives: densities and distribution functions, and statistics of samples.

The numbers are SciPy's: to the last digit for plain arrays, which go to SciPy, and to rounding for traced ones. Names that
are not here are SciPy's own, for plain arrays.
"""

from __future__ import annotations

from typing import Any

from scipy import stats as _scipy  # type: ignore[import-untyped]

from bibun.scipy.stats.correlations import linregress, pearsonr, spearmanr
from bibun.scipy.stats.discrete import *  # noqa: F403  a name for each family of the table
from bibun.scipy.stats.discrete import DISCRETE
from bibun.scipy.stats.families import *  # noqa: F403
from bibun.scipy.stats.families import CONTINUOUS as _FAMILIES
from bibun.scipy.stats.multivariate import (
    dirichlet,
    invwishart,
    multinomial,
    multivariate_normal,
    multivariate_t,
    vonmises_fisher,
    wishart,
)
from bibun.scipy.stats.powers import boxcox, boxcox_llf, yeojohnson, yeojohnson_llf
from bibun.scipy.stats.samples import (
    describe,
    entropy,
    gaussian_kde,
    gmean,
    hmean,
    kurtosis,
    moment,
    pmean,
    sem,
    skew,
    trim_mean,
    variation,
    zmap,
    zscore,
)
from bibun.scipy.stats.transformed import *  # noqa: F403
from bibun.scipy.stats.transformed import TRANSFORMED

CONTINUOUS = _FAMILIES | TRANSFORMED

__all__ = [
    "boxcox",
    "boxcox_llf",
    "describe",
    "dirichlet",
    "entropy",
    "gaussian_kde",
    "gmean",
    "hmean",
    "invwishart",
    "kurtosis",
    "linregress",
    "moment",
    "multinomial",
    "multivariate_normal",
    "multivariate_t",
    "pearsonr",
    "pmean",
    "sem",
    "skew",
    "spearmanr",
    "trim_mean",
    "variation",
    "vonmises_fisher",
    "wishart",
    "yeojohnson",
    "yeojohnson_llf",
    "zmap",
    "zscore",
    *CONTINUOUS,
    *DISCRETE,
]


def __getattr__(name: str) -> Any:
    return getattr(_scipy, name)
