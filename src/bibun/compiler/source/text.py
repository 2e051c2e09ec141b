"""Pieces of Python: an expression and how strongly it binds, numbers, dtypes, indices, and lines that are not too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

COMPARES, ORS, XORS, ANDS, SHIFTS, ADDS, MULTIPLIES, SIGN, POWER, ATOM = range(10)
_WIDTH = 92  # with the indentation of a loop in a function: 100


class Text(NamedTuple):
    """An expression, and how strongly it binds."""

    text: str
    binds: int


def atom(text: str) -> Text:
    """A name, a call, an index: what needs no brackets."""
    return Text(text, ATOM)


def within(text: Text, binds: int) -> str:
    """As an operand of something that binds so strongly."""
    return text.text if text.binds >= binds else f"({text.text})"


def number(value: Any) -> Text:
    """A number, as Python's."""
    if isinstance(value, (float, np.floating)) and not np.isfinite(value):
        text = "np.nan" if value != value else "np.inf" if value > 0 else "-np.inf"
    else:
        text = repr(value.item() if isinstance(value, np.generic) else value)
    return Text(text, SIGN if text.startswith("-") else ATOM)


def of_dtype(dtype: np.dtype[Any]) -> str:
    """np.float64"""
    return f"np.{dtype.type.__name__}"


def shaped(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    """What np.zeros takes: (3, 4), or 3, np.float32."""
    text = str(shape[0]) if len(shape) == 1 else repr(tuple(map(int, shape)))
    return text if dtype == np.float64 else f"{text}, {of_dtype(dtype)}"


def filled(value: Any, text: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    """An array of one value, whose text this is."""
    if value == 1 or (value == 0 and not np.signbit(np.real(value))):
        return f"np.{'ones' if value == 1 else 'zeros'}({shaped(shape, dtype)})"
    first, *rest = shaped(shape, dtype).rsplit(", np.", 1)
    return f"np.full({', '.join([first, text, *(f'np.{name}' for name in rest)])})"


def affine(start: int, steps: Sequence[int], turns: Sequence[str]) -> str:
    """start + the sum of step * turn."""
    terms = [(step, turn) for step, turn in zip(steps, turns, strict=False) if step][::-1]
    more = " + ".join(_times(step, turn) for step, turn in terms if step > 0)
    less = "".join(f" - {_times(-step, turn)}" for step, turn in terms if step < 0)
    if not more:
        return f"{start}{less}"
    return f"{more}{less}" + ("" if start == 0 else f" - {-start}" if start < 0 else f" + {start}")


def _times(step: int, turn: str) -> str:
    return turn if step == 1 else f"{step} * {turn}"


def wrapped(line: str) -> list[str]:
    """A line of code as several, broken in as few brackets as possible; a long sum gets brackets for that."""
    code, mark, comment = line.partition("  # ")
    if len(code) > _WIDTH and any(depth == 0 for _, depth in _breaks(code)):
        name, equals, value = code.partition(" = ")
        code = f"{name} = ({value})" if equals else code
    breaks = [(at, depth) for at, depth in _breaks(code) if depth]
    indent = " " * (len(code) - len(code.lstrip()) + 4)
    found: list[str] = []
    start = 0
    while len(indent) * bool(found) + len(code) - start > _WIDTH:
        rest = [(at, depth) for at, depth in breaks if at > start]
        near = [pair for pair in rest if pair[0] - start + len(indent) * bool(found) <= _WIDTH] or rest[:1]
        if not near:
            break
        least = min(depth for _, depth in near)
        at = max(at for at, depth in near if depth == least)
        found.append(indent * bool(found) + code[start:at])
        start = at + 1
    return [*found, indent * bool(found) + code[start:] + mark + comment]


def _breaks(code: str) -> Iterator[tuple[int, int]]:
    """Behind commas in brackets, and before signs: where, and in how many brackets. None inside of an index."""
    opened: list[str] = []
    for at, letter in enumerate(code):
        if letter in "([{":
            opened.append(
                "index" if letter == "[" and code[at - 1 : at].isidentifier() | (code[at - 1] in ")]") else letter
            )
        elif letter in ")]}":
            opened.pop()
        elif "index" not in opened:
            if letter == "," and code[at + 1 : at + 2] == " " and opened:
                yield at + 1, len(opened)
            elif code[at : at + 3] in (" + ", " - "):
                yield at, len(opened)
