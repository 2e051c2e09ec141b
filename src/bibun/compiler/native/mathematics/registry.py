"""The words of mathematics by their names. Owns the table that they enter, and how floats reach them; no formula."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from bibun.compiler.native.code import Value
from bibun.compiler.native.mathematics.arithmetic import rarely

Word = Callable[..., Value]
Quick = Callable[..., tuple[Value | None, Value]]
WORDS: dict[str, Word] = {}
ARITY: dict[str, int] = {}  # of the words that take more than one argument
_QUICK: dict[str, Quick] = {}
_PARTS: dict[str, Callable[[Value], Value]] = {}


def word(function: Word) -> Word:
    """Enter a function under its name.

    It takes doubles and the setting `single`: True says that the arguments were floats of 32 bits and that the result
    will be rounded to one, so that an error of 2**-28 is invisible. Every sum and product of floats is exact or nearly so
    in doubles; what it costs is half of the lanes of a register, and it is partly paid back by shorter polynomials, no
    parts of low order and no second scaling.
    """
    WORDS[function.__name__] = function
    arity = sum(p.kind is not inspect.Parameter.KEYWORD_ONLY for p in inspect.signature(function).parameters.values())
    if arity > 1:
        ARITY[function.__name__] = arity
    return function


def quick(function: Quick) -> Quick:
    """Enter a way for floats that takes and returns floats: (where it does not hold, or None; the result elsewhere)."""
    _QUICK[function.__name__] = function
    return function


def part(function: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """Enter a piece of words that is to be a function of its own, of one double."""
    _PARTS[function.__name__] = function
    return function


def generate(word: str, arguments: list[Value]) -> Value:
    """The result of a word of mathematics, its instructions appended to the arguments' code."""
    if word in _PARTS:
        return _PARTS[word](*arguments)
    if arguments[0].kind == "f64":
        return WORDS[word](*arguments, single=False)

    def by_doubles() -> Value:
        return WORDS[word](*(x.to("f64") for x in arguments), single=True).to("f32")

    if word not in _QUICK:
        return by_doubles()
    unusual, common = _QUICK[word](*arguments)
    return common if unusual is None else rarely(unusual, common, by_doubles)
