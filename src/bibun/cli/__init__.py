"""The command line: `bibun diff FILE:FUNCTION --at ...`.

Owns what a terminal needs: finding the user's function, reading the point, comparing the exact derivative
with a numerical one, and printing the result. It holds no rule of differentiation; `bibun.transforms` does.

In the order of the work: `app` reads the options, `loading` imports the user's file, `arguments` reads
`--at`, `measuring` differentiates and times, `comparing` sets `differences` beside the exact derivative,
`rendering` prints. `failures` turns an exception into one message.
"""

from bibun.cli.app import main

__all__ = ["main"]
