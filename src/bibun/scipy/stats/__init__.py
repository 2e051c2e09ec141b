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
from bibun.scipy.stats.histogram import binned_statistic, rv_histogram
from bibun.scipy.stats.hypotheses import (
    chisquare,
    combine_pvalues,
    f_oneway,
    jarque_bera,
    kurtosistest,
    normaltest,
    power_divergence,
    skewtest,
    ttest_1samp,
    ttest_ind,
    ttest_ind_from_stats,
    ttest_rel,
)
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
from bibun.scipy.stats.rarer import *  # noqa: F403
from bibun.scipy.stats.rarer import RARER
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
from bibun.scipy.stats.summaries import (
    circmean,
    circstd,
    circvar,
    directional_stats,
    energy_distance,
    expectile,
    gstd,
    gzscore,
    iqr,
    kstat,
    kstatvar,
    lmoment,
    median_abs_deviation,
    quantile,
    scoreatpercentile,
    tmax,
    tmean,
    tmin,
    tsem,
    tstd,
    tvar,
    wasserstein_distance,
)
from bibun.scipy.stats.transformed import *  # noqa: F403
from bibun.scipy.stats.transformed import TRANSFORMED

CONTINUOUS = _FAMILIES | TRANSFORMED | RARER

__all__ = [
    "binned_statistic",
    "boxcox",
    "boxcox_llf",
    "chisquare",
    "circmean",
    "circstd",
    "circvar",
    "combine_pvalues",
    "describe",
    "directional_stats",
    "dirichlet",
    "energy_distance",
    "entropy",
    "expectile",
    "f_oneway",
    "gaussian_kde",
    "gmean",
    "gstd",
    "gzscore",
    "hmean",
    "invwishart",
    "iqr",
    "jarque_bera",
    "kstat",
    "kstatvar",
    "kurtosis",
    "kurtosistest",
    "linregress",
    "lmoment",
    "median_abs_deviation",
    "moment",
    "multinomial",
    "multivariate_normal",
    "multivariate_t",
    "normaltest",
    "pearsonr",
    "pmean",
    "power_divergence",
    "quantile",
    "rv_histogram",
    "scoreatpercentile",
    "sem",
    "skew",
    "skewtest",
    "spearmanr",
    "tmax",
    "tmean",
    "tmin",
    "trim_mean",
    "tsem",
    "tstd",
    "ttest_1samp",
    "ttest_ind",
    "ttest_ind_from_stats",
    "ttest_rel",
    "tvar",
    "variation",
    "vonmises_fisher",
    "wasserstein_distance",
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
