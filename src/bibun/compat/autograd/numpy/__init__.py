"""autograd.numpy: bibun.numpy, with autograd's submodules beside it."""

from bibun.compat.autograd.numpy import fft as fft
from bibun.compat.autograd.numpy import linalg as linalg
from bibun.compat.autograd.numpy import numpy_boxes as numpy_boxes
from bibun.compat.autograd.numpy import numpy_vjps as numpy_vjps
from bibun.compat.autograd.numpy import numpy_vspaces as numpy_vspaces
from bibun.compat.autograd.numpy import numpy_wrapper as numpy_wrapper
from bibun.compat.autograd.numpy import random as random
from bibun.compat.autograd.passing import passing_on

__getattr__, __dir__ = passing_on(__name__, numpy_wrapper.__name__)
