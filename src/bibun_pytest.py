"""What pytest loads at the start of every run: a fixture, and a hook that shows a failing check. Imports no bibun.

A module beside the package, because importing `bibun.checking` would import NumPy into every test run of an environment
that has bibun installed. The work is in `bibun.checking.pytest_plugin`, imported where a test checks a derivative.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def check_derivatives() -> Callable[..., Any]:
    """`check_derivatives(f, *args)` is `bibun.check(f, *args)`, and fails the test where a derivative is wrong."""
    from bibun.checking.pytest_plugin import check_derivatives as check

    return check


def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> None:
    """After `assert bibun.check(f, x)` failed, show the report instead of its repr. Returns None: pytest reports."""
    if call.excinfo is not None and "bibun.checking.report" in sys.modules:
        from bibun.checking.pytest_plugin import show_report

        show_report(call.excinfo.value)
