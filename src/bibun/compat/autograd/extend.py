"""Functions with derivatives of their own, in autograd's words: primitive, defvjp, defjvp and their kin.

The rules are kept with the function. Where only one kind is given, the other mode transposes it. Arguments given by
keyword are not differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from functools import partial, update_wrapper
from itertools import count
from typing import Any
from weakref import WeakSet

import numpy as np

from bibun import tree
from bibun.compat.autograd.tracer import (
    Box,
    JVPNode,
    Node,
    VJPNode,
    _no_tracer,
    getval,
    isbox,
    notrace_primitive,
    register_notrace,
)
from bibun.compat.autograd.util import subval
from bibun.compat.autograd.vspace import VSpace, vspace
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import Traced, recorded
from bibun.errors import LostDerivativeError, NoDerivativeError, UnrecordableError, warn
from bibun.interpreters.entries import taking_batches, to_write_to
from bibun.transforms.custom import _Call, _escapes, transposed_rule

__all__ = [
    "Box",
    "JVPNode",
    "Node",
    "SparseObject",
    "VJPNode",
    "VSpace",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "getval",
    "isbox",
    "notrace_primitive",
    "primitive",
    "register_notrace",
    "vspace",
]


class UndefinedRuleError(NoDerivativeError, NotImplementedError):
    """A derivative of a primitive was asked for which no rule was given."""


class SparseObject:
    """Refused: cotangents of one's own kind."""

    def __init__(self, *_: Any) -> None:
        raise _no_tracer("autograd.extend.SparseObject")


class _Rules:
    """What a primitive knows of its derivatives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.vjp: Any = None  # (argnums, ans, args, kwargs) -> (cotangent -> a cotangent for each of argnums)
        self.jvp: Any = None  # (argnums, tangents, ans, args, kwargs) -> tangent
        self.linear: Callable[[int], bool] = never  # whether the tangent by an argument is the primitive of the tangent
        self.constant = False
        self.by_method: dict[int, Any] = {}  # what the methods of an early autograd gave


def never(argnum: int) -> bool:
    """Of no argument."""
    return False


def primitive(f: Callable[..., Any]) -> Any:
    """f as a function that is not traced into: its derivative is what defvjp or defjvp gives it."""
    rules = _Rules(str(getattr(f, "__name__", f)))

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        call = _Call(args, kwargs)
        if not any(map(isbox, call.arrays)):
            return f(*args, **kwargs)
        if rules.constant:
            return notrace_primitive(f)(*args, **kwargs)
        return call.result(_Application(f, wrapped, rules, call).row()(*call.arrays))

    update_wrapper(wrapped, f)
    made: Any = wrapped
    made.fun, made.rules = f, rules
    for name, method in (("defvjp", _old_defvjp), ("defgrad", _defgrad), ("defvjp_is_zero", _defvjp_is_zero)):
        setattr(made, name, partial(method, made))
    PRIMITIVES.add(made)
    return made


PRIMITIVES: WeakSet[Any] = WeakSet()  # those that primitive has made


class _PrimitiveVjps(MutableMapping[Any, Any]):
    """autograd.core.primitive_vjps, of the user's primitives: their vjpmaker(argnums, ans, args, kwargs).

    What NumPy has is no primitive here, and is not in it: its derivatives cannot be taken away.
    """

    def __getitem__(self, fun: Any) -> Any:
        rules = getattr(fun, "rules", None)
        if not isinstance(rules, _Rules) or rules.vjp is None:
            raise KeyError(fun)
        return rules.vjp

    def __setitem__(self, fun: Any, vjpmaker: Any) -> None:
        defvjp_argnums(fun, vjpmaker)

    def __delitem__(self, fun: Any) -> None:
        self[fun]
        fun.rules.vjp = None

    def __iter__(self) -> Iterator[Any]:
        return (fun for fun in PRIMITIVES if fun.rules.vjp is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


primitive_vjps = _PrimitiveVjps()


class _Application:
    """One call of a primitive: its rules, between the leaves that the row has and the arguments that autograd's rules take."""

    def __init__(self, f: Callable[..., Any], wrapped: Callable[..., Any], rules: _Rules, call: _Call) -> None:
        self.f, self.wrapped, self.rules, self.call = f, wrapped, rules, call

    def row(self) -> Primitive:
        """A row of its own."""
        push = Rule(lambda ts, xs, y: self.push(ts, xs, y), ("xs", "y"))
        return Primitive(
            self.rules.name,
            "general",
            self.run,
            inputs=None,
            pullbacks=(Rule(taking_batches(self.pull), ("needed", "xs", "y")),),
            pushforwards=(push,) if self.rules.jvp is not None else (),
            once=True,
        )

    def run(self, *arrays: Any) -> Any:
        args, kwargs = self.call.arguments(list(map(to_write_to, arrays)))
        try:
            y = self.call.output(self.f(*args, **kwargs))
        except LostDerivativeError as error:
            if any(
                recorded(x) is not None for x in arrays
            ):  # it need not be of NumPy: then no program can have it in it
                raise UnrecordableError(f"the primitive {self.rules.name} makes plain numbers") from error
            raise
        _escapes(y, list(arrays), self.rules.name)
        return y

    def pull(self, g: Any, needed: tuple[int, ...], xs: list[Any], y: Any) -> list[Any]:
        args, kwargs = self.call.arguments(xs)
        argnums, owners = self.owners(args, needed)
        if self.rules.vjp is None:
            if self.rules.jvp is None or any(map(self.rules.linear, argnums)):  # its transpose would ask for itself
                raise _undefined("VJP", self.rules.name, argnums)
            return transposed_rule(self.rules.name, lambda ts: self.push(ts, xs, y), g, needed, xs)
        found = self.rules.vjp(argnums, self.call.result(y), args, kwargs)(self.call.result(g))
        leaves: dict[tuple[int, int], Any] = {}
        for argnum, cotangent in zip(argnums, found, strict=True):
            given = tree.flatten(cotangent)[0] if cotangent is not None else []
            leaves |= {(argnum, k): part for k, part in enumerate(given)}
        return [self.fitted(leaves.get(owner), xs[i], owner[0]) for i, owner in zip(needed, owners, strict=True)]

    def push(self, ts: list[Any], xs: list[Any], y: Any) -> Any:
        args, kwargs = self.call.arguments(xs)
        moving = [i for i, t in enumerate(ts) if t is not None]
        argnums, _ = self.owners(args, moving)
        tangents, _ = self.call.arguments([np.zeros_like(x) if t is None else t for t, x in zip(ts, xs, strict=True)])
        moved = self.rules.jvp(argnums, [tangents[n] for n in argnums], self.call.result(y), args, kwargs)
        return self.call.output(moved)

    def owners(self, args: tuple[Any, ...], needed: Sequence[int]) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
        """Which arguments hold these leaves; and for each leaf its argument, and its place there."""
        self.call.check_positions(needed, self.rules.name)
        places = [(n, k) for n, arg in enumerate(args) for k in range(len(tree.flatten(arg)[0]))]
        owners = [places[self.call.where[i]] for i in needed]
        return tuple(sorted({argnum for argnum, _ in owners})), owners

    def fitted(self, cotangent: Any, x: Any, argnum: int) -> Any:
        """A cotangent of the shape of its input; zeros where the rule gave None."""
        if cotangent is None:
            return np.zeros_like(x)
        if np.shape(cotangent) != np.shape(x):
            raise ValueError(
                f"defvjp: the rule of {self.rules.name} gave a cotangent of shape {np.shape(cotangent)} for argument {argnum} "
                f"of shape {np.shape(x)}; they are alike. Sum over the axes that broadcasting repeated "
                "(autograd.numpy.numpy_vjps.unbroadcast_f)."
            )
        return cotangent if isinstance(cotangent, Traced) else np.array(cotangent)[()]


def _rules(word: str, fun: Any) -> _Rules:
    """The rules of a primitive."""
    rules = getattr(fun, "rules", None)
    if not isinstance(rules, _Rules):
        raise TypeError(
            f"{word}: {getattr(fun, '__name__', fun)!r} is not a primitive. Make it one first: f = primitive(f); what NumPy "
            "and SciPy have is differentiated already."
        )
    return rules


def defvjp_argnums(fun: Any, vjpmaker: Callable[..., Any]) -> None:
    """vjpmaker(argnums, ans, args, kwargs) -> the function of the cotangent that gives one cotangent for each of argnums."""
    _rules("defvjp_argnums", fun).vjp = vjpmaker


def defvjp_argnum(fun: Any, vjpmaker: Callable[..., Any]) -> None:
    """vjpmaker(argnum, ans, args, kwargs) -> the function of the cotangent that gives the cotangent of that argument."""

    def maker(argnums: Sequence[int], *call: Any) -> Callable[[Any], list[Any]]:
        pullbacks = [vjpmaker(argnum, *call) for argnum in argnums]
        return lambda g: [pullback(g) for pullback in pullbacks]

    defvjp_argnums(fun, maker)


def defvjp(fun: Any, *vjpmakers: Any, argnums: Iterable[int] | None = None) -> None:
    """For each argument vjpmaker(ans, *args, **kwargs) -> the function of the cotangent that gives its cotangent.

    None for a derivative that is 0. argnums: which arguments they are for, from 0 in order otherwise.
    """
    makers = _by_argument("defvjp", fun, vjpmakers, argnums)

    def maker(argnum: int, ans: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if argnum not in makers:
            raise _undefined("VJP", fun.rules.name, (argnum,))
        found = makers[argnum]
        return (lambda g: None) if found is None else found(ans, *args, **kwargs)

    defvjp_argnum(fun, maker)


def defjvp_argnums(fun: Any, jvpmaker: Callable[..., Any]) -> None:
    """jvpmaker(argnums, tangents, ans, args, kwargs) -> the tangent of the result."""
    rules = _rules("defjvp_argnums", fun)
    rules.jvp, rules.linear = jvpmaker, never


def defjvp_argnum(fun: Any, jvpmaker: Callable[..., Any]) -> None:
    """jvpmaker(argnum, tangent, ans, args, kwargs) -> that argument's part of the tangent of the result."""

    def maker(argnums: Sequence[int], tangents: Sequence[Any], ans: Any, *call: Any) -> Any:
        space = vspace(ans)
        total = None
        for argnum, tangent in zip(argnums, tangents, strict=True):
            total = space.mut_add(total, jvpmaker(argnum, tangent, ans, *call))
        return total

    defjvp_argnums(fun, maker)


def defjvp(fun: Any, *jvpfuns: Any, argnums: Iterable[int] | None = None) -> None:
    """For each argument jvpfun(tangent, ans, *args, **kwargs) -> its part of the tangent of the result.

    None for a derivative that is 0; "same" where fun is linear in that argument. argnums as in defvjp.
    """
    makers = _by_argument("defjvp", fun, jvpfuns, argnums)

    def maker(argnum: int, tangent: Any, ans: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if argnum not in makers:
            raise _undefined("JVP", fun.rules.name, (argnum,))
        found = makers[argnum]
        if found is None:
            return vspace(ans).zeros()
        if isinstance(found, str):
            return fun(*subval(args, argnum, tangent), **kwargs)
        return found(tangent, ans, *args, **kwargs)

    defjvp_argnum(fun, maker)
    fun.rules.linear = lambda argnum: makers.get(argnum) == "same"


def def_linear(fun: Any) -> None:
    """Say that fun is linear in each of its arguments."""
    defjvp_argnum(fun, lambda argnum, tangent, ans, args, kwargs: fun(*subval(args, argnum, tangent), **kwargs))
    fun.rules.linear = lambda argnum: True


def _old_defvjp(fun: Any, pullback: Callable[..., Any], argnum: int = 0) -> None:
    """pullback(cotangent, ans, space of the argument, space of the cotangent, *args): of an early autograd."""

    def maker(ans: Any, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return lambda g: pullback(g, ans, vspace(args[argnum]), vspace(g), *args, **kwargs)

    _add("defvjp", fun, {argnum: maker})


def _defgrad(fun: Any, vjpmaker: Callable[..., Any], argnum: int = 0) -> None:
    _add("defgrad", fun, {argnum: vjpmaker})


def _defvjp_is_zero(fun: Any, argnums: Iterable[int] = (0,)) -> None:
    _add("defvjp_is_zero", fun, dict.fromkeys(argnums))


def _add(method: str, fun: Any, makers: dict[int, Any]) -> None:
    """The rules of these arguments, beside those of others that were given by a method."""
    name = fun.rules.name
    warn(
        f"The {method} method is deprecated. Write defvjp({name}, ...), for each argument lambda ans, *args: lambda g: ..., or "
        "None for a derivative that is 0.",
        UserWarning,
    )
    fun.rules.by_method |= makers
    defvjp(fun, *fun.rules.by_method.values(), argnums=tuple(fun.rules.by_method))


def _by_argument(word: str, fun: Any, makers: Sequence[Any], argnums: Iterable[int] | None) -> dict[int, Any]:
    for maker in makers:
        if not (maker is None or callable(maker) or (word == "defjvp" and maker == "same")):
            raise TypeError(
                f"{word}: {maker!r} for {getattr(fun, '__name__', fun)} is neither a function nor None"
                + (" nor 'same'." if word == "defjvp" else ".")
            )
    return dict(zip(count() if argnums is None else argnums, makers, strict=False))


def _undefined(word: str, name: str, argnums: Iterable[int]) -> UndefinedRuleError:
    return UndefinedRuleError(
        f"{word} of {name} wrt argnums {tuple(argnums)} not defined. Give it with def{word.lower()}({name}, ...), or None there "
        "for a derivative that is 0."
    )
