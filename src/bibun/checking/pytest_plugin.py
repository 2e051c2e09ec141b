"""What the pytest plugin does once a test checks a derivative. `bibun_pytest` is what pytest itself loads."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from bibun.checking.check import check
from bibun.checking.report import Report
from bibun.errors import WrongDerivativeError

ABRIDGED = 100  # pytest keeps at least the first 118 characters of a repr


def check_derivatives(f: Any, *args: Any, **settings: Any) -> Report:
    """The report of `bibun.check(f, *args, **settings)`; WrongDerivativeError where it is not `ok`."""
    __tracebackhide__ = True  # the traceback ends at the line of the test
    return check(f, *args, **settings).raise_if_wrong()


def show_report(error: BaseException) -> None:
    """Put the text of a report that an `assert` found to be not `ok` in the place of its repr, which pytest abridges."""
    if not isinstance(error, AssertionError) or isinstance(error, WrongDerivativeError):
        return
    message = str(error)
    for report in _failing_reports(error.__traceback__):
        beginning = repr(report)[:ABRIDGED].replace("\n", "\\n")  # as pytest writes it
        before, found, _ = message.partition(beginning)
        if found:
            kept, _, start = before.rpartition("\n")
            assertion = start if start == "assert " else ""  # else: "+  where False = <the repr>.ok"
            error.args = ("\n".join(part for part in (kept, f"{assertion}{report}") if part),)
            return


def _failing_reports(trace: TracebackType | None) -> list[Report]:
    """The reports that are not `ok` among the variables of the frame that raised; pytest's own are among them."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return []
    frame = trace.tb_frame
    named = [frame.f_globals.get(name) for name in frame.f_code.co_names]
    return [value for value in (*frame.f_locals.values(), *named) if isinstance(value, Report) and not value.ok]
