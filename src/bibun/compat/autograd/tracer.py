"""What is a traced value, and which functions are not traced into: primitive, notrace_primitive, getval, isbox.

Their rules of differentiation are in extend.py. autograd's nodes and traces do not exist here; their names do, and say so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import numpy as np

from bibun import numpy as bnp
from bibun.arrays.array import Array
from bibun.core.traced import Traced, bare
from bibun.errors import NoDerivativeError
from bibun.interpreters.forward import Dual
from bibun.interpreters.variable import Variable
from bibun.tree import named


def __getattr__(name: str) -> Any:
    """`primitive`, which is made with the rules: extend.py imports this module."""
    if name == "primitive":
        from bibun.compat.autograd.extend import primitive

        return primitive
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_VALUE = property(lambda x: x.value, doc="The value one level below, which has no derivative of this level.")
for _traced in (Variable, Dual):
    setattr(_traced, "_value", _VALUE)  # noqa: B010  autograd's name: its programs print x._value


def isbox(x: Any) -> bool:
    """Whether x is a traced value."""
    return isinstance(named(x), Traced)


def getval(x: Any) -> Any:
    """The plain array or number: what is computed from it has no derivative."""
    return np.asarray(named(x).data)[()] if isbox(x) else x


def class_of(x: Any) -> type:
    """The class of x, or of the plain array or number that a traced x stands for; of arrays autograd.numpy's ndarray."""
    found = type(bare(x))
    return bnp.ndarray if found is np.ndarray else found


class _AnyTraced(type):
    """A class whose instances are all the traced values, for code that asks for autograd's boxes."""

    def __instancecheck__(cls, x: Any) -> bool:
        return isbox(x)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, Array)

    def __eq__(cls, other: object) -> bool:
        return other is cls or (isinstance(other, type) and issubclass(other, Array))

    __hash__ = type.__hash__


class Box(metaclass=_AnyTraced):
    """For isinstance(x, Box) and type(x) == Box: true of every traced value."""

    def __init_subclass__(cls) -> None:
        raise _own_containers(f"the class {cls.__name__} derives from autograd's Box")

    @classmethod
    def register(cls, value_type: type) -> NoReturn:
        """Refused: boxes for types of one's own."""
        raise _own_containers(f"Box.register({value_type.__name__})")


def _own_containers(what: str) -> NoDerivativeError:
    return NoDerivativeError(
        f"{what}: a type of one's own is not traced through a box here. Tuples, lists, dicts, named tuples and dataclasses "
        "of arrays are differentiated as they are: make the type a dataclass."
    )


def _no_tracer(what: str) -> NoDerivativeError:
    return NoDerivativeError(
        f"{what}: programs that trace with nodes of their own do not move over. bibun.compile runs a recorded function "
        "again, compiled.source shows the recording, bibun.custom_vjp and custom_jvp give a function its own derivative."
    )


class Node:
    """Refused: a node class of one's own."""

    def __init_subclass__(cls) -> None:
        raise _no_tracer(f"the class {cls.__name__} derives from autograd's Node")


VJPNode = JVPNode = Node


def trace(*_: Any) -> NoReturn:
    """Refused: tracing by hand."""
    raise _no_tracer("autograd.tracer.trace")


def new_box(*_: Any) -> NoReturn:
    """Refused: boxing by hand."""
    raise _no_tracer("autograd.tracer.new_box")


def notrace_primitive(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, called with plain values: its result does not depend on the arguments."""

    @wraps(f)
    def plainly(*args: Any, **kwargs: Any) -> Any:
        return f(*map(getval, args), **kwargs)

    return plainly


def register_notrace(trace_type: Any, f: Callable[..., Any]) -> None:
    """Let f, a primitive, be called with plain values; whatever the trace."""
    f.rules.constant = True  # type: ignore[attr-defined]
