"""THE TABLE: every operation, one row each, a file per family.

The rows of scipy.special are added where scipy.special has been imported (arrays/registry.py sees to it).
"""

from __future__ import annotations

from bibun.core.primitive import Primitive
from bibun.primitives import (
    constants,
    convolution,
    eigenvalues,
    elementwise,
    fourier,
    indexing,
    joins,
    least_squares,
    linalg,
    modified_bessel,
    polynomials,
    products,
    reductions,
    selection,
    shapes,
    ufunc_methods,
    windows,
)

FAMILIES = {
    "elementwise": elementwise,
    "reductions": reductions,
    "methods of ufuncs": ufunc_methods,
    "shapes": shapes,
    "joins": joins,
    "modified Bessel functions": modified_bessel,
    "windows": windows,
    "indexing": indexing,
    "selection": selection,
    "products": products,
    "convolution": convolution,
    "linear algebra": linalg,
    "polynomials": polynomials,
    "general eigenvalues": eigenvalues,
    "QR and least squares": least_squares,
    "Fourier transforms": fourier,
    "constants": constants,
}


def add_special() -> list[Primitive]:
    """Add the rows of scipy.special to the table, and say which: none where they are in it. Imports scipy."""
    from bibun.primitives import special

    if special.FAMILIES.keys() <= FAMILIES.keys():
        return []
    rows = [row for family in special.FAMILIES.values() for row in _rows(family)]
    for row in rows:  # with SCIPY_ARRAY_API=1 the names of scipy.special are wrappers of the ufuncs
        row.fast = getattr(row.fast, "__wrapped__", row.fast)
        row.function = getattr(row.function, "__wrapped__", row.function)
    FAMILIES.update(special.FAMILIES)
    TABLE.update({row.name: row for row in rows})
    return rows


def _rows(module: object) -> list[Primitive]:
    """The rows that a family's file names, and those of its `ROWS`, a dict of rows that differ in nothing but the name."""
    rows: dict[str, Primitive] = getattr(module, "ROWS", {})
    return [row for row in (*vars(module).values(), *rows.values()) if isinstance(row, Primitive)]


TABLE: dict[str, Primitive] = {row.name: row for family in FAMILIES.values() for row in _rows(family)}
