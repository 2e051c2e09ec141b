"""Sample calls of the row that puts a complex array together of its parts."""

from __future__ import annotations

from tests.laws.case import Case, case

CASES: dict[str, list[Case]] = {
    "rectangular": [
        case(a, b).real_only() for a, b in (((3,), (3,)), ((2, 3), (2, 3)), ((), ()), ((0,), (0,)), ((2, 1), (3,)))
    ],
}
