"""autograd.numpy.linalg: bibun.numpy.linalg."""

from bibun.compat.autograd.passing import passing_on

__getattr__, __dir__ = passing_on(__name__, "bibun.numpy.linalg")
