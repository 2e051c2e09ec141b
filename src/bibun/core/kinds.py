"""The kinds of rows: each function here makes a Primitive, deriving what its kind determines. Owns no formula of an op."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NoReturn

import numpy as np

from bibun.core.broadcasting import unbroadcast
from bibun.core.primitive import Primitive
from bibun.core.resolve import arguments
from bibun.core.rules import Missing, Rule, parameters, rule
from bibun.core.traced import Traced
from bibun.core.transposition import check_linear, transpose
from bibun.errors import OTHERWISE, NoDerivativeError, located

NAMES = {1: ("x",), **{n: tuple("abcde"[:n]) for n in range(2, 6)}}

Partial = Callable[..., Any] | float | str


def elementwise(
    function: Callable[..., Any],
    *partials: Partial,
    domain: tuple[str, ...] = (),
    native: str | None = None,
    fast: Callable[..., Any] | None = None,
    guarded: bool = False,
    name: str | None = None,
) -> Primitive:
    """y[i] = f(a[i], b[i], ...), with dy/da as a formula of `y`, `x` (or `a`, `b`, `c`), or as a number.

    From the partials p: pullback(g) = sum of g p over the axes that broadcasting repeated, pushforward(t) = t p.
    Where there is no formula, the partial says so: "the order: ∂J_v/∂v has no closed form". The number 0 is that of a step, and
    so is None from the formula of a guarded row.
    """
    inputs = NAMES[len(partials)]
    name = name or function.__name__
    rules = _rules_of_partials(partials, name)
    return Primitive(
        name,
        "elementwise",
        function,
        inputs=inputs,
        pullbacks=tuple(
            _pullback_of_partial(p, x, guarded=guarded, shaped=len(inputs) > 1)
            for p, x in zip(rules, inputs, strict=True)
        ),
        pushforwards=tuple(_pushforward_of_partial(p, guarded=guarded) for p in rules),
        partials=rules,
        guarded=guarded,
        fast=fast,
        domain=domain or ("real",) * len(inputs),
        native=native,
        batch="elementwise",
    )


def _rules_of_partials(partials: tuple[Partial, ...], name: str) -> tuple[Any, ...]:
    some = not all(isinstance(p, str) for p in partials)
    advice = (
        f"Differentiate by its other arguments only (argnums=), or {OTHERWISE}"
        if some
        else f"{OTHERWISE[0].upper()}{OTHERWISE[1:]}"
    )
    return tuple(_rule_of_partial(p, name, advice) for p in partials)


def _rule_of_partial(partial: Partial, name: str, advice: str) -> Rule | float:
    if isinstance(partial, (int, float)):
        return partial
    if not isinstance(partial, str):
        return Rule(partial, parameters(partial))
    reason = partial

    def refuse(*_: Any) -> NoReturn:
        raise NoDerivativeError(f"{located()}{name} has no derivative rule by {reason}. {advice}.")

    return Missing(refuse, ())


def _pullback_of_partial(partial: Rule | float, name: str, *, guarded: bool, shaped: bool) -> Rule:
    """g -> g p, summed to the shape of the input where the row has more than one input (else nothing broadcasts)."""
    push = _pushforward_of_partial(partial, guarded=guarded)
    if not shaped or isinstance(push, Missing):
        return push
    scale = push.function
    return Rule(lambda g, *read: unbroadcast(scale(g, *read[:-1]), read[-1]), (*push.reads, f"{name}_shape"))


def _pushforward_of_partial(partial: Rule | float, *, guarded: bool) -> Rule:
    """t -> t p."""
    if not isinstance(partial, Rule):
        number = partial
        return Rule(_nothing if number == 0 else lambda t: t if number == 1 else -t if number == -1 else t * number, ())
    if isinstance(partial, Missing):
        return partial
    formula = partial.function
    if not guarded:
        return Rule(lambda t, *read: t * formula(*read), partial.reads)

    def push(t: Any, *read: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):  # an infinite partial is what the guard is for
            p = formula(*read)
            return _nothing(t) if p is None else guarded_times(t, p)

    return Rule(push, partial.reads)


def _nothing(t: Any) -> Any:
    """Zeros like t, whatever is in it: where a step ends the path, 0 times an infinity or nan would give nan."""
    zeros = np.zeros_like(t)
    return zeros if zeros.ndim else zeros[()]


def several(
    function: Callable[..., Any],
    *partials: Callable[..., Any] | str,
    inputs: tuple[str, ...] | None = None,
    domain: tuple[str, ...] = (),
    name: str | None = None,
) -> Primitive:
    """An elementwise function of several outputs: a formula of an input gives the partial derivative of each output by it."""
    inputs = inputs or NAMES[len(partials)]
    name = name or function.__name__
    rules = _rules_of_partials(partials, name)
    return Primitive(
        name,
        "general",
        function,
        inputs=inputs,
        pullbacks=tuple(_pullback_of_several(p, x) for p, x in zip(rules, inputs, strict=True)),
        pushforwards=tuple(_pushforward_of_several(p) for p in rules),
        domain=domain or ("real",) * len(inputs),
        batch="elementwise",
    )


def _pullback_of_several(partial: Any, name: str) -> Rule:
    """(g, ...) -> the sum of the products g p, summed to the shape of the input.

    Without the outputs that nothing was made of: where their p is infinite, differentiating p again would give nan.
    """
    if isinstance(partial, Missing):
        return partial

    def pull(g: Any, *read: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            pairs = list(zip(g, partial.function(*read[:-1]), strict=True))
            asked = [(gk, p) for gk, p in pairs if isinstance(gk, Traced) or np.any(gk)]
            total, *more = (guarded_times(gk, p) for gk, p in asked or pairs[:1])
        return unbroadcast(sum(more, total), read[-1])

    return Rule(pull, (*partial.reads, f"{name}_shape"))


def _pushforward_of_several(partial: Any) -> Rule:
    """t -> (t p, ...)."""
    if isinstance(partial, Missing):
        return partial

    def push(t: Any, *read: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return tuple(guarded_times(t, p) for p in partial.function(*read))

    return Rule(push, partial.reads)


def linear(
    function: Callable[..., Any],
    *pullbacks: Callable[..., Any] | None,
    inputs: tuple[str, ...] | None = ("x",),
    joint: bool = False,
    batch: str | Callable[..., Any] = "loop",
    domain: tuple[str, ...] = (),
    native: str | None = None,
    name: str | None = None,
) -> Primitive:
    """y linear in x (`joint`: in all inputs together). The tangent of y is the function of the tangent of x."""
    return _structural("linear", function, pullbacks, inputs, joint, batch, domain, native, name)


def multilinear(
    function: Callable[..., Any],
    *pullbacks: Callable[..., Any] | None,
    inputs: tuple[str, ...] | None = ("a", "b"),
    batch: str | Callable[..., Any] = "loop",
    domain: tuple[str, ...] = (),
    native: str | None = None,
    name: str | None = None,
) -> Primitive:
    """y linear in each input by itself. The tangent of y is the sum of the function with one tangent put in."""
    return _structural("multilinear", function, pullbacks, inputs, False, batch, domain, native, name)


def _structural(
    kind: str,
    function: Callable[..., Any],
    pullbacks: tuple[Callable[..., Any] | None, ...],
    inputs: tuple[str, ...] | None,
    joint: bool,
    batch: str | Callable[..., Any],
    domain: tuple[str, ...],
    native: str | None,
    name: str | None,
) -> Primitive:
    return Primitive(
        name or function.__name__,
        kind,
        function,
        inputs=inputs,
        pullbacks=tuple(rule(p) if p else None for p in pullbacks),
        joint=joint,
        batch=batch,
        domain=domain or ("real",) * len(inputs or ("x",)),
        native=native,
    )


def general(
    function: Callable[..., Any],
    *pullbacks: Callable[..., Any] | None,
    pushforwards: tuple[Callable[..., Any] | None, ...] = (),
    inputs: tuple[str, ...] | None = None,
    batch: str | Callable[..., Any] = "loop",
    domain: tuple[str, ...] = (),
    native: str | None = None,
    name: str | None = None,
    kind: str = "general",
    turn: Callable[..., Any] | None = None,
) -> Primitive:
    """Any function, with its pullbacks; without pushforwards, they are the transposes of the pullbacks."""
    inputs = inputs or NAMES[len(pullbacks)]
    return Primitive(
        name or function.__name__,
        kind,
        function,
        inputs=inputs,
        pullbacks=tuple(rule(p) if p else None for p in pullbacks),
        pushforwards=tuple(rule(p) if p else None for p in pushforwards),
        batch=batch,
        domain=domain or ("real",) * len(inputs),
        native=native,
        turn=turn,
    )


def reduction(
    function: Callable[..., Any],
    pullback: Callable[..., Any],
    pushforward: Callable[..., Any],
    *,
    domain: tuple[str, ...] = (),
    native: str | None = None,
    name: str | None = None,
) -> Primitive:
    """y = f over the axes `axis` (a tuple of non-negative numbers), keeping them as length 1 where `keepdims`."""
    return general(
        function,
        pullback,
        pushforwards=(pushforward,),
        inputs=("x",),
        batch="reduction",
        domain=domain,
        native=native,
        name=name,
        kind="reduction",
    )


def constant(
    function: Callable[..., Any],
    reason: str,
    *,
    batch: str | Callable[..., Any] = "loop",
    native: str | None = None,
    name: str | None = None,
) -> Primitive:
    """No derivative, for this reason: the values pass through, the interpreters' levels end here."""
    return Primitive(
        name or function.__name__, "constant", function, inputs=None, reason=reason, batch=batch, native=native
    )


def _guarded_times(a: Any, b: Any) -> Any:
    """a b where an exact 0 in `a` wins over an infinity or nan in `b`. Whoever calls it silences the warning."""
    y = a * b
    if isinstance(y, float):
        return y if isfinite(y) or a != 0 else type(y)(0)
    total = np.add.reduce(y, axis=None)  # one pass and no temporary
    if total - total == 0:  # finite, as no infinity and no nan is; an overflow of the sum costs the careful pass
        return y
    careful = np.where(a == 0, np.zeros_like(y), y)
    return careful if isinstance(y, np.ndarray) else careful[()]  # a number stays one, whatever it is


def _quietly(a: Any, b: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return guarded_times(a, b)


# Not an operation of NumPy: the product cotangent times partial, where the partial may be infinite at the edge of
# the domain. A branch that np.where did not take has cotangent 0, and 0 times anything it computed must stay 0.
guarded_times: Primitive = Primitive(
    "guarded_times",
    "elementwise",
    _guarded_times,
    inputs=("a", "b"),
    pullbacks=(
        Rule(lambda g, b, shape: unbroadcast(_quietly(g, b), shape), ("b", "a_shape")),
        Rule(lambda g, a, shape: unbroadcast(_quietly(a, g), shape), ("a", "b_shape")),
    ),
    pushforwards=(Rule(lambda t, b: _quietly(t, b), ("b",)), Rule(lambda t, a: _quietly(a, t), ("a",))),
    partials=(Rule(lambda b: b, ("b",)), Rule(lambda a: a, ("a",))),
    guarded=True,
    batch="elementwise",
    native="guarded_times",
    domain=("real", "real"),
)


def passed_on(name: str, why: str, pushforward: Rule | None = None) -> Primitive:
    """A row that gives its first input on, and is an error to differentiate, which says `why`; in forward mode too, where
    there is no pushforward."""

    def refuse(g: Any) -> NoReturn:
        raise NoDerivativeError(why)

    rule = Rule(refuse, ())
    return Primitive(
        name, "general", lambda value, *xs: value, inputs=None, pullbacks=(rule,), pushforwards=(pushforward or rule,)
    )


def transposed_pushforward(
    primitive: Primitive, position: int, tangent: Any, y: Any, values: list[Any], settings: Mapping[str, Any]
) -> Any:
    """The part of the tangent of y from input `position`, for a row that gives only its pullback.

    <g, dy> = <pullback(g), t> for every g, so dy is the cotangent of g when pullback(g) has cotangent t: the transpose
    of the pullback, which is linear in g.
    """
    variadic = primitive.inputs is None
    pullback = primitive.pullbacks[0 if variadic else position]
    if pullback is None:
        raise NoDerivativeError(
            f"{located()}{primitive.name} has no derivative by its input {position}: it does not vary continuously, or has no "
            f"rule. Hold it fixed, or {OTHERWISE}."
        )
    read = arguments(pullback, primitive, y, values, settings, needed=(position,))
    single = not isinstance(y, tuple)
    outputs = (y,) if single else y

    def linear_in(k: int) -> Callable[[Any], Any]:
        def linear(g: Any) -> Any:
            cotangents = tuple(g if i == k else np.zeros_like(out) for i, out in enumerate(outputs))
            pulled = pullback.function(cotangents[0] if single else cotangents, *read)
            return pulled[0] if variadic else pulled

        return linear

    parts = []
    for k, out in enumerate(outputs):
        point = np.ones_like(out) if primitive.once else np.zeros_like(out)
        part, pulled = transpose(linear_in(k), point, tangent)
        if primitive.once:
            check_linear(
                f"the pullback of {primitive.name}, a function of its cotangent,", [(tangent, pulled)], [(part, point)]
            )
        parts.append(part)
    return parts[0] if single else tuple(parts)
