"""autograd.scipy.misc: where SciPy once had logsumexp."""

from bibun.compat.autograd.passing import passing_on

__getattr__, __dir__ = passing_on(__name__, "bibun.scipy.special", "scipy.special")
