"""The functions of numpy.linalg, which find traced arrays by themselves."""

from numpy.linalg import *  # noqa: F403
from numpy.linalg import __all__ as __all__
