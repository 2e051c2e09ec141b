"""How one call of a row is written: operators, NumPy's functions with the arguments that are not as usual.

SPELLINGS holds the rows whose function is bibun's own. Indexing that writes (scatter_add, put) takes lines: updates.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bibun.compiler.graph import Node
from bibun.compiler.rolling.rolled import Turn, TurnSlice
from bibun.compiler.source.names import Names
from bibun.compiler.source.text import (
    ADDS,
    ANDS,
    ATOM,
    COMPARES,
    MULTIPLIES,
    ORS,
    POWER,
    SHIFTS,
    SIGN,
    XORS,
    Text,
    affine,
    atom,
    filled,
    number,
    of_dtype,
    shaped,
    within,
)
from bibun.primitives.indexing import Place

_OPERATORS = {
    "add": (" + ", ADDS), "subtract": (" - ", ADDS), "multiply": (" * ", MULTIPLIES), "divide": (" / ", MULTIPLIES),
    "matmul": (" @ ", MULTIPLIES), "floor_divide": (" // ", MULTIPLIES), "remainder": (" % ", MULTIPLIES),
    "rounded_product": (" * ", MULTIPLIES), "power": ("**", POWER),
    "less": (" < ", COMPARES), "less_equal": (" <= ", COMPARES), "greater": (" > ", COMPARES),
    "greater_equal": (" >= ", COMPARES), "equal": (" == ", COMPARES), "not_equal": (" != ", COMPARES),
    "bitwise_or": (" | ", ORS), "bitwise_xor": (" ^ ", XORS), "bitwise_and": (" & ", ANDS),
    "left_shift": (" << ", SHIFTS), "right_shift": (" >> ", SHIFTS),
}  # fmt: skip
_SHORT = {"absolute": "abs", "conjugate": "conj"}
_WRAPPED = {"zeta": "zeta", "lambertw": "lambertw"}  # of scipy.special, whose ufuncs have no public name
_LISTS = (tuple, list)
_OF_NUMBERS = frozenset(map(np.dtype, (bool, int, float, complex)))  # what a number is without its dtype
Spelling = Callable[["Speller", Node, list[Text]], "str | Text | None"]
SPELLINGS: dict[str, Spelling] = {}


def spells(*names: str) -> Callable[[Spelling], Spelling]:
    """Register how rows are written: it gives None for a call that it has no words for."""

    def register(function: Spelling) -> Spelling:
        SPELLINGS.update(dict.fromkeys(names, function))
        return function

    return register


class Speller:
    """Writes calls. `turns`: the variables of the loops around them, the innermost first."""

    def __init__(self, names: Names, turns: Sequence[str] = ()) -> None:
        self.names = names
        self.turns = turns

    def call(self, node: Node, operands: list[Text]) -> Text:
        """A call of a row as an expression."""
        if changes_dtype(node):
            operands = [_typed(x, t) for x, t in zip(node.operands, operands, strict=True)]
        found = SPELLINGS.get(node.name)
        spelled = found(self, node, operands) if found is not None else None
        if isinstance(spelled, Text):
            return spelled
        return atom(spelled if spelled is not None else self._function(node, operands))

    def key(self, key: Sequence[Any], places: Sequence[Text] = ()) -> str:
        """What stands in the brackets of an index; `places`: the index arrays that are operands."""
        return ", ".join([self._index(k, places) for k in key]) if key else "()"

    def tuple(self, key: Sequence[Any], places: Sequence[Text] = ()) -> str:
        """The same as a value."""
        parts = [self._index(k, places) for k in key]
        for n, k in enumerate(key):
            if isinstance(k, (slice, TurnSlice)):
                parts[n] = f"slice({', '.join(part or 'None' for part in parts[n].split(':'))})"
        return f"({', '.join(parts)},)" if len(parts) == 1 else f"({', '.join(parts)})"

    def setting(self, value: Any) -> str:
        """The value of a keyword argument."""
        if isinstance(value, np.ndarray):
            return self.names.array(value)
        if isinstance(value, Place):
            return self.names.place(value.number)
        if type(value) in _LISTS:
            inner = ", ".join(map(self.setting, value))
            return f"[{inner}]" if type(value) is list else f"({inner}{',' if len(value) == 1 else ''})"
        if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
            return of_dtype(np.dtype(value))
        name = str(getattr(value, "__name__", ""))
        if isinstance(value, np.ufunc) and getattr(np, name, None) is value:
            return f"np.{name}"
        if isinstance(value, (float, complex, np.generic)):
            return number(value).text
        if value is None or isinstance(value, (int, str, bool, slice)):
            return repr(value)
        return "..." if value is Ellipsis else self.names.thing(value)

    def _index(self, k: Any, places: Sequence[Text]) -> str:
        if isinstance(k, Place):
            return places[k.number].text
        if isinstance(k, Turn):
            return affine(k.start, k.steps, self.turns)
        if isinstance(k, TurnSlice):
            return f"{affine(k.start, k.steps, self.turns)}:{affine(k.start + k.length, k.steps, self.turns)}"
        if isinstance(k, slice):
            parts = ["" if n is None else str(n) for n in (k.start, k.stop)]
            return ":".join(parts if k.step is None else [*parts, str(k.step)])
        return self.setting(k)

    def _function(self, node: Node, operands: list[Text]) -> str:
        row: Any = node.row
        given = {name: value for name, value in (node.settings or {}).items() if value is not None}
        settings = [f"{name}={self.setting(value)}" for name, value in given.items()]
        arguments = ", ".join([*(t.text for t in operands), *settings])
        return f"{self.function(row)}({arguments})"

    def function(self, row: Any) -> str:
        """What a row calls, by its name."""
        name = getattr(row.function, "__name__", "")
        for text, module in (("np", np), ("np.linalg", np.linalg), ("np.fft", np.fft)):
            if name and getattr(module, name, None) is row.function:
                return f"{text}.{_SHORT.get(name, name)}"
        if row.name in _WRAPPED:
            return self.names.special(_WRAPPED[row.name])
        if isinstance(row.function, np.ufunc):
            from scipy import special  # type: ignore[import-untyped]

            if getattr(special, name, None) is row.function:
                return self.names.special(name)
        return self.names.row(row)


def _begins_negative(text: Text) -> bool:
    """Whether the sign in front is that of the whole."""
    if not text.text.startswith("-"):
        return False
    return text.binds >= SIGN or (text.binds == MULTIPLIES and "//" not in text.text and "%" not in text.text)


def changes_dtype(node: Node) -> bool:
    """Whether NumPy's promotion matters: then numbers are written with their dtype."""
    if node.like is None or not node.operands:
        return False
    strong = [x for x in node.operands if x.like is not None and not x.weak]
    dtypes = {x.dtype for x in strong}
    if all(x.name == "constant" for x in strong) and not dtypes <= _OF_NUMBERS:
        return True
    return len(dtypes) > 1 or (node.row.kind != "constant" and node.dtype not in dtypes)  # type: ignore[union-attr]


def _typed(node: Node, text: Text) -> Text:
    """A number that NumPy takes for one of its own, unless it was one of Python's."""
    if node.name != "constant" or node.weak:
        return text
    return atom(f"{of_dtype(node.dtype)}({text.text})")


# ---- rows whose function is bibun's own -----------------------------------------------------------


@spells(*_OPERATORS)
def _operation(speller: Speller, node: Node, operands: list[Text]) -> Text:
    left, right = operands
    sign, binds = _OPERATORS[node.name]
    if node.name == "add" and _begins_negative(right):
        sign, right = " - ", Text(right.text[1:], right.binds)  # a + (-2) = a - 2, a + (-b) c = a - b c
    return Text(f"{within(left, binds + (binds == POWER))}{sign}{within(right, binds + 1)}", binds)


@spells("negative")
def _negative(speller: Speller, node: Node, operands: list[Text]) -> Text:
    """-(a * b) is -a * b, to the last bit; of other operands of lower rank the brackets stay."""
    (x,) = operands
    product = node.operands[0].name in ("multiply", "divide") and x.binds == MULTIPLIES
    if product and not x.text.startswith("-"):
        return Text(f"-{x.text}", MULTIPLIES)
    return Text(f"-{within(x, SIGN + x.text.startswith('-'))}", SIGN)


@spells("invert")
def _invert(speller: Speller, node: Node, operands: list[Text]) -> Text:
    (x,) = operands
    weak = node.weak and node.operands[0].dtype.kind == "b"  # Python asks for that
    return Text(f"~int({x.text})" if weak else f"~{within(x, SIGN)}", SIGN)


@spells("absolute", "conjugate")
def _of_pythons(speller: Speller, node: Node, operands: list[Text]) -> str | None:
    """By Python's words, where they are its numbers."""
    if not node.weak:
        return None
    (x,) = operands
    return f"abs({x.text})" if node.name == "absolute" else f"{within(x, ATOM)}.conjugate()"


@spells("isfinite")
def _isfinite(speller: Speller, node: Node, operands: list[Text]) -> Text | None:
    """Of a power of Python's numbers, which becomes complex where NumPy's is nan, and then has no order."""
    if node.operands[0].like.scalar is not float:
        return None
    return Text(f"-np.inf < {within(operands[0], ADDS)} < np.inf", COMPARES)


@spells("square")
def _square(speller: Speller, node: Node, operands: list[Text]) -> Text:
    return Text(f"{within(operands[0], ATOM)}**2", POWER)


@spells("reciprocal")
def _reciprocal(speller: Speller, node: Node, operands: list[Text]) -> Text | None:
    return Text(f"1 / {within(operands[0], SIGN)}", MULTIPLIES) if node.dtype.kind in "fc" else None


@spells("getitem", "getitem_at")
def _getitem(speller: Speller, node: Node, operands: list[Text]) -> str:
    x, *places = operands
    return f"{within(x, ATOM)}[{speller.key(node.settings['key'], places)}]"


@spells("tied", "copy", "positive")
def _same(speller: Speller, node: Node, operands: list[Text]) -> Text:
    """The text writes to no array that another name has."""
    return operands[0]


@spells("sum", "prod", "max", "min")
def _reduction(speller: Speller, node: Node, operands: list[Text]) -> str:
    axis, keepdims = node.settings["axis"], node.settings["keepdims"]
    words = [operands[0].text]
    if len(axis) != len(node.operands[0].shape):
        words.append(f"axis={axis[0] if len(axis) == 1 else axis}")
    if keepdims:
        words.append("keepdims=True")
    return f"np.{node.name}({', '.join(words)})"


@spells("cumsum", "cumprod")
def _running(speller: Speller, node: Node, operands: list[Text]) -> str:
    axis = f", axis={node.settings['axis']}" if len(node.shape) > 1 else ""
    return f"np.{node.name}({operands[0].text}{axis})"


@spells("norm")
def _norm(speller: Speller, node: Node, operands: list[Text]) -> str | None:
    axis, keepdims = node.settings["axis"], ", keepdims=True" if node.settings["keepdims"] else ""
    if len(axis) == len(node.operands[0].shape):
        return f"np.linalg.norm({operands[0].text}{keepdims})"
    return f"np.linalg.norm({operands[0].text}, axis={axis[0]}{keepdims})" if len(axis) == 1 else None


@spells("reshape")
def _reshape(speller: Speller, node: Node, operands: list[Text]) -> str:
    shape = node.shape
    if node.operands[0].shape:
        return f"{within(operands[0], ATOM)}.reshape({', '.join(map(str, shape)) or '()'})"
    return f"np.reshape({operands[0].text}, {tuple(shape)})"


@spells("transpose")
def _transpose(speller: Speller, node: Node, operands: list[Text]) -> str:
    axes = node.settings["axes"]
    if not axes:  # which may be one of Python's numbers
        return f"np.transpose({operands[0].text})"
    if axes == tuple(reversed(range(len(axes)))):
        return f"{within(operands[0], ATOM)}.T"
    return f"{within(operands[0], ATOM)}.transpose({', '.join(map(str, axes))})"


@spells("broadcast_to")
def _broadcast_to(speller: Speller, node: Node, operands: list[Text]) -> str:
    if node.operands[0].name == "constant":
        return filled(node.operands[0].settings, operands[0].text, node.shape, node.dtype)
    return f"np.broadcast_to({operands[0].text}, {shaped(node.shape, np.dtype(float))})"


@spells("astype", "astype_step")
def _astype(speller: Speller, node: Node, operands: list[Text]) -> str:
    if node.weak:
        return f"{getattr(node.like.scalar, '__name__', '')}({operands[0].text})"
    if node.operands[0].weak or node.operands[0].name == "constant":
        return f"{of_dtype(node.dtype)}({operands[0].text})"
    return f"{within(operands[0], ATOM)}.astype({of_dtype(node.dtype)})"


@spells("flip")
def _flip(speller: Speller, node: Node, operands: list[Text]) -> str:
    axis = node.settings["axis"]
    if axis == (0,):
        return f"{within(operands[0], ATOM)}[::-1]"
    return f"np.flip({operands[0].text}, {axis[0] if len(axis) == 1 else axis})"


@spells("roll")
def _roll(speller: Speller, node: Node, operands: list[Text]) -> str:
    shift, axis = (v[0] if len(v) == 1 else v for v in (node.settings["shift"], node.settings["axis"]))
    return f"np.roll({operands[0].text}, {shift}, {axis})"


@spells("diagonal")
def _diagonal(speller: Speller, node: Node, operands: list[Text]) -> str:
    given = (node.settings["offset"], node.settings["axis1"], node.settings["axis2"])
    more = "" if given == (0, 0, 1) else ", " + ", ".join(map(str, given))
    return f"np.diagonal({operands[0].text}{more})"


@spells("concatenate", "stack")
def _join(speller: Speller, node: Node, operands: list[Text]) -> str:
    axis = f", axis={node.settings['axis']}" if node.settings["axis"] else ""
    parts = _whole_list([t.text for t in operands])
    if node.name == "stack" and not node.operands[0].shape:
        return f"np.array({parts})"
    return f"np.{node.name}({parts}{axis})"


def _whole_list(texts: list[str]) -> str:
    """[W[1], W[2], W[3], ...] as W[1:9], where they are many."""
    found = [re.fullmatch(r"(.*)\[(\d+)\]", text) for text in texts]
    if len(texts) > 3 and all(found):
        names, numbers = {m[1] for m in found if m}, [int(m[2]) for m in found if m]
        first, last = numbers[0], numbers[-1]
        if len(names) == 1 and numbers == list(range(first, last + 1)):
            return f"{names.pop()}[{first or ''}:{last + 1}]"
        if len(names) == 1 and numbers == list(range(first, last - 1, -1)):
            return f"{names.pop()}[{first}:{last - 1 if last else ''}:-1]"
    return f"[{', '.join(texts)}]"


@spells("where")
def _where(speller: Speller, node: Node, operands: list[Text]) -> str:
    return f"np.where({', '.join(t.text for t in operands)})"


@spells("take_along_axis")
def _take_along(speller: Speller, node: Node, operands: list[Text]) -> str | None:
    if len(node.operands[0].shape) != len(node.operands[1].shape):
        return None
    return f"np.take_along_axis({operands[0].text}, {operands[1].text}, axis={node.settings['axis']})"


@spells("einsum")
def _einsum(speller: Speller, node: Node, operands: list[Text]) -> str:
    *letters, output = node.settings["subscripts"]
    optimize = speller.setting(node.settings["optimize"])
    words = [f'"{",".join(letters)}->{output}"', *(t.text for t in operands)]
    return f"np.einsum({', '.join([*words, *([] if optimize == 'False' else [f'optimize={optimize}'])])})"


@spells("cross")
def _cross(speller: Speller, node: Node, operands: list[Text]) -> str:
    return f"np.cross({operands[0].text}, {operands[1].text})"


@spells("accumulate", "accumulate_steps")
def _accumulate(speller: Speller, node: Node, operands: list[Text]) -> str:
    return f"{speller.function(node.settings['row'])}.accumulate({operands[0].text}, axis={node.settings['axis']})"


@spells("eigvalsh", "pinv")
def _linalg(speller: Speller, node: Node, operands: list[Text]) -> str:
    if node.name == "eigvalsh":
        lower = "" if node.settings["UPLO"] == "L" else f", {node.settings['UPLO']!r}"
        return f"np.linalg.eigvalsh({operands[0].text}{lower})"
    rcond = node.settings["rcond"]
    more = "" if rcond is None else f", rcond={speller.setting(rcond)}"
    return f"np.linalg.pinv({operands[0].text}{more})"
