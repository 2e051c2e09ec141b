"""autograd.numpy.numpy_wrapper: beyond.py and bibun.numpy."""

from bibun.compat.autograd.numpy import beyond
from bibun.compat.autograd.passing import passing_on

__getattr__, __dir__ = passing_on(__name__, beyond.__name__, "bibun.numpy")
