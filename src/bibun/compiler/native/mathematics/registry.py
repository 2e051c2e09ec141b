"""The words of mathematics by their names. Owns the table that they enter, and single precision; no formula."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from bibun.compiler.native.code import Value

Word = Callable[..., Value]
WORDS: dict[str, Word] = {}
ARITY: dict[str, int] = {}  # of the words that take more than one argument


def word(function: Word) -> Word:
    """Enter a function under its name.

    It takes doubles and the setting `single`: True says that the arguments were floats of 32 bits and that the result
    will be rounded to one, so that an error of 2**-30 is invisible. Every sum and product of floats is exact or nearly so
    in doubles; what it costs is half of the lanes of a register, and it is paid back by shorter polynomials, no parts of
    low order and no second scaling.
    """
    WORDS[function.__name__] = function
    arity = sum(p.kind is not inspect.Parameter.KEYWORD_ONLY for p in inspect.signature(function).parameters.values())
    if arity > 1:
        ARITY[function.__name__] = arity
    return function


def generate(word: str, arguments: list[Value]) -> Value:
    """The result of a word of mathematics, its instructions appended to the arguments' code."""
    kind = arguments[0].kind
    result = WORDS[word](*(x.to("f64") for x in arguments), single=kind == "f32")
    return result.to(kind)
