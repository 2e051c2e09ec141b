"""Is this derivative right? Reverse, forward and numerical derivatives compared, each with its error bar.

report.py      what a check returns                        rendering.py   the report as text, rich, HTML, JSON
problem.py     the function of the arrays it is given      outputs.py     which numbers of its outputs are compared
exact.py       the derivatives that are checked            slopes.py      their numerical counterparts
directions.py  along what they are compared                judging.py     one number beside another
examination.py trials along directions                     location.py    which entries are wrong
arguments.py   argument by argument                        summary.py     from trials to a report
check.py       the whole of it                             pytest_plugin.py  for tests
culprit.py     which rule on the tape is wrong (recording.py, local.py, gauge.py)
"""

from __future__ import annotations

from bibun.checking.check import check
from bibun.checking.report import ArgumentReport, Comparison, Culprit, Report, WrongEntry

__all__ = ["ArgumentReport", "Comparison", "Culprit", "Report", "WrongEntry", "check"]
