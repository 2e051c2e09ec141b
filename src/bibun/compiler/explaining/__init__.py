"""What a compiled function does, in words and numbers: `compiled.explain()`.

`work` counts what the steps of a schedule compute and move, `peak` measures what this machine can do, `baked` finds what
the first call has left in the program; `report` puts the text together. Nothing here changes a program.
"""

from __future__ import annotations

from bibun.compiler.explaining.report import explanation

__all__ = ["explanation"]
