"""A graph as text that Python runs: what `compiled.source()` shows is what runs where there is no native code.

In the order of the work: `arguments` names what the program takes, `spelling` writes one call of a row, `writing` the lines
of a graph, `looping` a loop; `program` puts the function together.
"""

from __future__ import annotations

from bibun.compiler.source.arguments import arguments
from bibun.compiler.source.program import Listing, runnable

__all__ = ["Listing", "arguments", "runnable"]
