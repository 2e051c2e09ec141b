"""The spaces of arrays, under autograd's names."""

from bibun.compat.autograd.vspace import VSpace

ArrayVSpace = ComplexArrayVSpace = VSpace
