"""What a check found: frozen data. Nothing is computed here, and nothing is drawn; rendering.py does that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bibun.errors import WrongDerivativeError

VERDICTS = ("agrees", "disagrees", "kink", "undecided", "no derivative")


@dataclass(frozen=True, slots=True)
class Culprit:
    """A call inside the function whose own derivative is wrong: the rule beside the numerical derivative of that call."""

    primitive: str  # "tanh", the class name of a Function, or the name of the function of a custom_vjp
    mode: str  # "reverse" or "forward"; "value": a custom rule computes another value than its function
    input: int  # which input of the call
    expected: Any  # the derivative of this call along the tested direction, numerically
    error: float  # its bound
    found: Any  # what the rule gives along that direction
    location: str  # "model.py:12 (np.tanh(x))"; empty where unknown


@dataclass(frozen=True, slots=True)
class WrongEntry:
    """One entry of an argument by which the derivative is wrong.

    `expected` +- `error` is the numerical derivative, `found` what the mode gives. Of a function of several outputs
    both are that of the output named, an entry or a random projection of it.
    """

    argument: str  # the path of the argument: "x", "params['w'][0]"
    index: tuple[int, ...]  # () for a number
    expected: Any
    error: float
    found: Any
    mode: str  # "reverse", "forward", "gradient"; of second derivatives "reverse over reverse", "forward over reverse"
    output: str = ""  # which output, "[0]" or "['loss'][2]"; empty where the function returns one number


@dataclass(frozen=True, slots=True)
class Comparison:
    """One derivative beside the numerical one, at the tested direction and output where they agree least.

    They are derivatives along a direction: one entry, or a random combination of many.
    """

    mode: str  # as in WrongEntry
    value: Any
    error: float  # what rounding alone may do to `value`
    numerical: Any
    numerical_error: float  # bound on |numerical - truth|
    digits: float | None  # decimal digits in which they agree; None where the bounds leave none to judge
    verdict: str  # one of VERDICTS
    status: str  # what limited the numerical derivative: "rounding", "noise of the function at level 1e-06", ...
    output: str = ""  # as in WrongEntry
    along: str = ""  # "entry (3, 4)", "a random direction"


@dataclass(frozen=True, slots=True)
class ArgumentReport:
    """One array (or number) among the arguments.

    `wrong` holds the entries that were located, a few of them where there are many; `note` says the rest: how many,
    whether a whole row or all of them, what could not be judged. `resolution` is certified: an error of a single entry
    of the derivative above it would have been seen.
    """

    path: str  # "x", "params['w'][0]"
    shape: tuple[int, ...]
    dtype: str
    digits: float | None  # the smallest of the comparisons
    verdict: str  # one of VERDICTS; "no derivative" for integers and for what no mode can differentiate
    comparisons: tuple[Comparison, ...] = ()  # one a mode
    wrong: tuple[WrongEntry, ...] = ()
    note: str = ""
    tested: str = ""  # "each of 12 entries", "1 random direction through 39200 entries"
    resolution: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """The result of `bibun.check`. True where no derivative was found wrong; see `verdict`.

    verdict: "agrees"; "disagrees", at least one derivative is wrong; "kink", one-sided slopes differ at the point and
    the derivative lies between them; "undecided", the numerical derivative is too uncertain to tell; "no derivative",
    nothing could be compared.
    """

    function: str  # the function's name
    order: int
    arguments: tuple[ArgumentReport, ...]
    culprits: tuple[Culprit, ...]
    evaluations: int  # calls of the function on plain values
    seconds: float
    verdict: str
    notes: tuple[str, ...] = ()  # what holds for the whole check: a mode that was not available, and why

    @property
    def ok(self) -> bool:
        """Whether something was compared and nothing was found wrong."""
        return self.verdict not in ("disagrees", "no derivative")

    @property
    def digits(self) -> float | None:
        """The smallest number of digits agreed, over the arguments; None where there are none to judge."""
        return min((a.digits for a in self.arguments if a.digits is not None), default=None)

    def __bool__(self) -> bool:
        return self.ok

    def raise_if_wrong(self) -> Report:
        """This report; WrongDerivativeError, with its text as the message, where it is not `ok`."""
        __tracebackhide__ = True  # pytest ends the traceback at the line of the test
        if not self.ok:
            raise WrongDerivativeError(str(self))
        return self

    def to_json(self) -> str:
        """The report as JSON."""
        from bibun.checking import rendering

        return rendering.to_json(self)

    def __str__(self) -> str:
        from bibun.checking import rendering

        return rendering.to_text(self)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from bibun.checking import rendering

        return rendering.to_rich(self)

    def _repr_html_(self) -> str:
        from bibun.checking import rendering

        return rendering.to_html(self)
