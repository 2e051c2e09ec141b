"""Rows of scipy.special's ufuncs, a file per family. Imported only where scipy.special has been imported.

The Python functions of scipy.special that are no ufuncs (logsumexp, softmax, polygamma) do not come here: they make plain
arrays of their arguments, which is an error that says what to write. DLMF is the Digital Library of Mathematical
Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

from bibun.primitives.special import bessel, elementary, errors, gamma, integrals

FAMILIES = {
    "error functions": errors,
    "gamma and beta functions": gamma,
    "bessel functions": bessel,
    "exponential integrals": integrals,
    "logarithms, losses and transformations": elementary,
}
