"""const_graph: a function that is recorded once and run again without its Python. bibun.compile does it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from bibun.compat.autograd.tracer import _no_tracer


def const_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """fun with these first arguments, compiled. autograd assumes that later calls decide alike; here they are checked."""
    from bibun.compiler import compile

    return compile(partial(fun, *args, **kwargs))


def full_graph(*_: Any, **__: Any) -> NoReturn:
    """Refused: autograd's graph of nodes."""
    raise _no_tracer("autograd.misc.tracers.full_graph")
