"""autograd.scipy: bibun.scipy, with autograd's own convolve and the old place of logsumexp."""

from bibun.compat.autograd.scipy import integrate as integrate
from bibun.compat.autograd.scipy import linalg as linalg
from bibun.compat.autograd.scipy import misc as misc
from bibun.compat.autograd.scipy import signal as signal
from bibun.compat.autograd.scipy import special as special
from bibun.compat.autograd.scipy import stats as stats
