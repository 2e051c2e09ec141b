"""Sample calls of the row that puts a complex array together of its parts."""

from __future__ import annotations

from tests.laws.case import Case, case

CASES: dict[str, list[Case]] = {
    "rectangular": [case(shape, shape).real_only() for shape in ((3,), (2, 3), (), (0,))],
}
