"""The command line: `bibun diff FILE:FUNCTION --at ...`, `bibun check FILE:FUNCTION --at ...`, `bibun compile ...`,
`bibun cache`.

Owns what a terminal needs: finding the user's function, reading the point, and printing what was found. It holds no rule
of differentiation and no numerical derivative; `bibun.transforms`, `bibun.numerical` and `bibun.checking` do.

In the order of the work: `app` reads the options, `loading` imports the user's file, `arguments` reads `--at`,
`measuring` differentiates and times, `comparing` sets the numerical derivative beside the exact one, `checking` hands
over to `bibun.check`, `compiling` to `bibun.compile`, `caching` looks at the code on disk, `rendering` prints.
`failures` turns an exception into one message.
"""

from bibun.cli.app import main

__all__ = ["main"]
