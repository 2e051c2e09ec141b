"""autograd.scipy.linalg: bibun.scipy.linalg, and what SciPy has beside it."""

from bibun.compat.autograd.passing import passing_on

__getattr__, __dir__ = passing_on(__name__, "bibun.scipy.linalg", "scipy.linalg")
