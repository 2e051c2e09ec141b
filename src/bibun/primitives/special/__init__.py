"""Rows of scipy.special's ufuncs, a file per family. Imported only where scipy.special has been imported.

The Python functions of scipy.special that are no ufuncs (logsumexp, softmax, polygamma) do not come here: they make plain
arrays of their arguments, which is an error that says what to write. DLMF is the Digital Library of Mathematical
Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

from bibun.primitives.special import (
    airy,
    bessel,
    distributions,
    elementary,
    elliptic,
    errors,
    gamma,
    hypergeometric,
    integrals,
    noncentral,
    orthogonal,
    waves,
)

FAMILIES = {
    "error functions": errors,
    "gamma and beta functions": gamma,
    "bessel functions": bessel,
    "exponential integrals": integrals,
    "airy, kelvin and struve functions": airy,
    "elliptic integrals and functions": elliptic,
    "mathieu and spheroidal wave functions": waves,
    "hypergeometric functions": hypergeometric,
    "orthogonal polynomials": orthogonal,
    "distributions": distributions,
    "noncentral distributions": noncentral,
    "logarithms, losses and transformations": elementary,
}
