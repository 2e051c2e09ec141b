"""autograd.scipy.integrate: bibun.scipy.integrate, and what SciPy has beside it."""

from bibun.compat.autograd.passing import passing_on

__getattr__, __dir__ = passing_on(__name__, "bibun.scipy.integrate", "scipy.integrate")
