"""THE TABLE: every operation, one row each, a file per family."""

from __future__ import annotations

from bibun.core.primitive import Primitive
from bibun.primitives import (
    constants,
    elementwise,
    indexing,
    joins,
    linalg,
    products,
    reductions,
    selection,
    shapes,
)

FAMILIES = {
    "elementwise": elementwise,
    "reductions": reductions,
    "shapes": shapes,
    "joins": joins,
    "indexing": indexing,
    "selection": selection,
    "products": products,
    "linear algebra": linalg,
    "constants": constants,
}


def _rows(module: object) -> list[Primitive]:
    """The rows that a family's file names, and those of its `ROWS`, a dict of rows that differ in nothing but the name."""
    rows: dict[str, Primitive] = getattr(module, "ROWS", {})
    return [row for row in (*vars(module).values(), *rows.values()) if isinstance(row, Primitive)]


TABLE: dict[str, Primitive] = {row.name: row for family in FAMILIES.values() for row in _rows(family)}
