"""What a primitive is: one row of the table. Owns the record and its call; the kinds are in kinds.py, formulas in primitives/."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Rational
from typing import Any, NoReturn

import numpy as np

from bibun.core.rules import Missing, Rule
from bibun.core.traced import Traced, unlisted
from bibun.errors import NoDerivativeError, located

LIKE_ARRAYS = (list, tuple, range, np.matrix)  # what NumPy's own functions take in the place of an array


class ByClass(dict[type, bool]):
    """The answers to a question about classes, found once for each: every operator asks. No exception within: one of SciPy's
    solvers may have left one of ours pending while it calls the user's function again, and would lose it."""

    def __init__(self, question: Callable[[type], bool]) -> None:
        self._question = question

    def __missing__(self, kind: type) -> bool:
        found = self[kind] = self._question(kind)
        return found


def _is_made_another(kind: type) -> bool:
    """Whether it is made an array or number of NumPy's first: fractions too, which give arrays of objects."""
    fraction = issubclass(kind, Rational) and not issubclass(kind, (int, np.generic))
    return fraction or issubclass(kind, LIKE_ARRAYS)


_MADE_OTHERS = ByClass(_is_made_another)


class Forgotten(dict[int, Any]):
    """Plans that are not kept: a plan knows its row, and a row that knows its plan waits for the garbage collector."""

    def __setitem__(self, key: int, plan: Any) -> None:
        """Not kept."""


class Primitive:
    """One differentiable (or constant, with the reason why) NumPy operation.

    name            how it is called in tables and messages
    kind            elementwise, linear, multilinear, reduction, general or constant
    function        plain NumPy: arrays positional, settings by keyword
    inputs          the names of the array inputs; None if their number varies
    pullbacks       a rule an input, cotangent of y -> cotangent of that input; None where there is none.
                    A variadic primitive has one for all: it returns a cotangent for each of `needed`
    pushforwards    a rule an input, tangent of that input -> its part of the tangent of y. A variadic
                    primitive has one for all: it takes the list of tangents (None where zero)
    joint           linear in all inputs together: the tangent of y is the function of the tangents
    partials        of an elementwise row: dy/dx_i as a rule, or a number
    guarded         a partial can be infinite where the cotangent is zero: that product is zero
    fast            what the tape calls instead of `function` for values known to be plain (x * y for np.multiply)
    domain          where tests draw samples from, a name an input (see tests/laws)
    native          the compiler's word for it
    batch           how vmap treats it: a word of batching.py, or a function like those there
    reason          of a constant: why it has no derivative
    consume         (cotangent, needed, *what every rule reads) -> all pullbacks at once; they may write to the cotangent
    once            made for one call, of a function of the user's, which may keep or return the arrays it is given
    turn            (y, inputs, settings) -> how the outputs, matrices of columns, move if a basis in them turns that could be
                    any; None where there is none
    plans           what the tape has worked out about the row: a plan for each set of differentiated inputs
    widens          an input each: "" if formulas read it as it is, else "float" or, of what does not vary, "whole": they
                    read it in the precision of the output (see rules.widened)
    """

    __slots__ = (
        "batch", "consume", "domain", "fast", "function", "guarded", "inputs", "joint", "kind", "name", "native",
        "once", "partials", "plans", "pullbacks", "pushforwards", "reason", "turn", "widens", "__weakref__",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        kind: str,
        function: Callable[..., Any],
        *,
        inputs: tuple[str, ...] | None,
        pullbacks: tuple[Rule | None, ...] = (),
        pushforwards: tuple[Rule | None, ...] = (),
        joint: bool = False,
        partials: tuple[Any, ...] = (),
        guarded: bool = False,
        fast: Callable[..., Any] | None = None,
        domain: tuple[str, ...] = (),
        native: str | None = None,
        batch: str | Callable[..., Any] = "loop",
        reason: str = "",
        consume: Callable[..., list[Any]] | None = None,
        once: bool = False,
        turn: Callable[..., Any] | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.function = function
        self.inputs = inputs
        self.pullbacks = pullbacks
        self.pushforwards = pushforwards
        self.joint = joint
        self.partials = partials
        self.guarded = guarded
        self.fast = fast or function
        self.domain = domain
        self.native = native
        self.batch = batch
        self.reason = reason
        self.consume = consume
        self.once = once
        self.turn = turn
        self.plans: dict[int, Any] = Forgotten() if once else {}
        formulas = kind in ("elementwise", "general") and not once and inputs is not None
        self.widens = [_widens(rule) if formulas else "" for rule in pullbacks]

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """Apply it: by the innermost interpreter among the arguments, or plainly when there is none."""
        owner = None
        level = -1
        for arg in args:
            if isinstance(arg, Traced) and arg.level > level:
                owner, level = arg, arg.level
        if owner is None:
            return self.function(*args, **settings)
        for arg in args:
            if _MADE_OTHERS[type(arg)]:
                if isinstance(arg, np.matrix):
                    _refuse_matrix()
                return self(*map(_made_another, args), **settings)
        return owner.process(self, args, settings)

    def __repr__(self) -> str:
        return f"<{self.kind} primitive {self.name}>"


def _widens(rule: Rule | None) -> str:
    return "" if rule is None else "whole" if isinstance(rule, Missing) else "float"


def _made_another(arg: Any) -> Any:
    if not _MADE_OTHERS[type(arg)]:
        return arg
    return float(arg) if isinstance(arg, Rational) else unlisted(arg)


def _refuse_matrix() -> NoReturn:
    """Its product is that of matrices only where its own operator is asked, which a traced operand is asked before."""
    raise NoDerivativeError(
        f"{located()}a np.matrix meets a traced array: its * and its shapes are not those of arrays, and a derivative of "
        "them would be that of another function. Write M = np.asarray(M), and M @ x for a product of matrices."
    )
