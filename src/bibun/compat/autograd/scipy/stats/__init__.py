"""autograd.scipy.stats: bibun.scipy.stats. Each distribution can be imported as a module, as autograd has them."""

import sys

from bibun.compat.autograd.passing import passing_on

__getattr__, __dir__ = passing_on(__name__, "bibun.scipy.stats", "scipy.stats")

# `import autograd.scipy.stats.norm as norm` asks the import system for a module; the distribution stands in for it.
for _name in ("beta", "chi2", "dirichlet", "gamma", "multivariate_normal", "norm", "poisson", "t"):
    sys.modules[f"{__name__}.{_name}"] = __getattr__(_name)
