"""The functions of numpy.fft, which find traced arrays by themselves."""

from numpy.fft import *  # noqa: F403
from numpy.fft import __all__ as __all__
