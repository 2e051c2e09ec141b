"""autograd.misc: flatten, const_graph; optimizers and fixed points in modules of their own."""

from bibun.compat.autograd.misc.flatten import flatten
from bibun.compat.autograd.misc.tracers import const_graph

__all__ = ["const_graph", "flatten"]
