"""A graph as text that Python runs: what `compiled.source()` shows is what runs where there is no native code.

One line a value; a value that is used once stands where it is used, as long as the line stays short.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.graph import Graph, Node, users
from bibun.compiler.reading import shaped_by_values
from bibun.core.primitive import Primitive
from bibun.primitives.indexing import Place

_OPERATORS = {
    "add": (" + ", 1), "subtract": (" - ", 1), "multiply": (" * ", 2), "divide": (" / ", 2), "matmul": (" @ ", 2),
    "floor_divide": (" // ", 2), "remainder": (" % ", 2), "power": ("**", 4),
    "less": (" < ", 0), "less_equal": (" <= ", 0), "greater": (" > ", 0), "greater_equal": (" >= ", 0),
    "equal": (" == ", 0), "not_equal": (" != ", 0),
}  # fmt: skip
_ATOM, _SIGN = 5, 3
_LONGEST = 60  # characters of a value that stands where it is used


class Decided(Exception):
    """A decision fell otherwise than in the run that was recorded."""

    def __init__(self, number: int, outcome: Any) -> None:
        super().__init__(number, outcome)
        self.number = number
        self.outcome = outcome


class Text(NamedTuple):
    """An expression, and how strongly it binds."""

    text: str
    binds: int


class Source:
    """The text of a graph, and the arrays and functions that it names."""

    def __init__(self, graph: Graph, inputs: Sequence[str]) -> None:
        self.namespace: dict[str, Any] = {"np": np, "decide": decide, "shaped": shaped}
        self.inputs = list(inputs)
        self.captured: dict[str, np.ndarray[Any, Any]] = {}
        self._texts: dict[int, Text] = {}
        self._lines: list[str] = []
        self._count = 0
        live = graph.live()
        self._users = users(live)
        self._asked = {node.number for node in graph.roots()}
        self._guards: dict[int, list[tuple[int, Any]]] = {}
        for number, (node, outcome) in enumerate(graph.guards):
            self._guards.setdefault(node.number, []).append((number, outcome))
        for node in live:
            self._write(node)
            for number, outcome in self._guards.get(node.number, ()):  # before anything that is right on this path only
                self._lines.append(f"decide({number}, {self._texts[node.number].text}, {outcome!r})")
        self._outputs = [self._texts[node.number].text for node in graph.outputs]

    def text(self, name: str = "program") -> str:
        """The whole function."""
        parameters = [*self.inputs, *(["*", *self.captured] if self.captured else [])]
        returned = ", ".join(self._outputs) + ("," if len(self._outputs) == 1 else "")
        lines = [*self._lines, f"return ({returned})"]
        return "\n".join([f"def {name}({', '.join(parameters)}):", *(f"    {line}" for line in lines), ""])

    def function(self) -> Callable[..., tuple[Any, ...]]:
        """The function, with the captured arrays in place."""
        space = dict(self.namespace)
        exec(compile(self.text(), "<bibun.compile>", "exec"), space)
        program: Any = space["program"]
        captured = self.captured
        return lambda *inputs: program(*inputs, **captured)

    def _write(self, node: Node) -> None:
        self._texts[node.number] = text = self._expression(node)
        readers = self._users.get(node.number, [])
        once = len(readers) == 1 and readers[0].operands.count(node) == 1 and node.number not in self._asked
        if node.name in ("input", "captured", "constant", "part") or (once and len(text.text) <= _LONGEST):
            return
        self._count += 1
        name = f"v{self._count}"
        self._lines.append(f"{name} = {text.text}")
        if shaped_by_values(node):
            self._lines.append(f"shaped({name}, {self._shapes(node)})")
        self._texts[node.number] = Text(name, _ATOM)

    def _shapes(self, node: Node) -> str:
        if node.like is not None:
            return repr(node.shape)
        parts = [user for user in self._users.get(node.number, []) if user.name == "part"]
        return repr({part.settings: part.shape for part in parts})

    def _expression(self, node: Node) -> Text:
        if not isinstance(node.row, Primitive):
            return self._word(node)
        operands = [self._texts[x.number] for x in node.operands]
        if node.name in _OPERATORS and not _changes_dtype(node):
            sign, binds = _OPERATORS[node.name]
            left, right = operands
            return Text(f"{_within(left, binds + (binds == 4))}{sign}{_within(right, binds + 1)}", binds)
        if node.name == "negative":
            return Text(f"-{_within(operands[0], _SIGN)}", _SIGN)
        if node.name == "square":
            return Text(f"{_within(operands[0], _ATOM)}**2", 4)
        if node.name == "getitem":
            return Text(f"{_within(operands[0], _ATOM)}[{self._key(node.settings['key'])}]", _ATOM)
        return Text(self._call(node, operands), _ATOM)

    def _word(self, node: Node) -> Text:
        if node.name == "input":
            return Text(self.inputs[node.settings], _ATOM)
        if node.name == "captured":
            return Text(self._named(node.settings), _ATOM)
        if node.name == "part":
            return Text(f"{self._texts[node.operands[0].number].text}[{node.settings}]", _ATOM)
        return _number(node.settings)

    def _named(self, array: np.ndarray[Any, Any]) -> str:
        name = f"captured_{len(self.captured)}"
        self.captured[name] = array
        return name

    def _call(self, node: Node, operands: list[Text]) -> str:
        row: Any = node.row
        if _changes_dtype(node):
            operands = [Text(_typed(x, t.text), _ATOM) for x, t in zip(node.operands, operands, strict=True)]
        settings = [f"{name}={self._setting(value)}" for name, value in (node.settings or {}).items()]
        arguments = ", ".join([*(t.text for t in operands), *settings])
        name = row.function.__name__ if isinstance(row.function, np.ufunc) else ""
        if name and getattr(np, name, None) is row.function:
            return f"np.{name}({arguments})"
        self.namespace[row.name] = row.function
        return f"{row.name}({arguments})"

    def _setting(self, value: Any) -> str:
        if isinstance(value, np.ndarray):
            return self._named(value)
        if isinstance(value, Place):
            self.namespace["Place"] = Place
            return f"Place({value.number})"
        if type(value) in (tuple, list):
            inner = ", ".join(map(self._setting, value))
            return f"[{inner}]" if type(value) is list else f"({inner}{',' if len(value) == 1 else ''})"
        if isinstance(value, np.dtype):
            return f"np.dtype({value.str!r})"
        if value is Ellipsis or isinstance(value, (int, float, str, bool, slice, type(None))):
            return "..." if value is Ellipsis else repr(value)
        name = f"setting_{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def _key(self, key: tuple[Any, ...]) -> str:
        return ", ".join(map(self._index, key)) if key else "()"

    def _index(self, k: Any) -> str:
        if isinstance(k, slice):
            parts = ["" if n is None else str(n) for n in (k.start, k.stop)]
            return ":".join(parts if k.step is None else [*parts, str(k.step)])
        return self._setting(k)


def _within(text: Text, binds: int) -> str:
    """As an operand of something that binds so strongly."""
    return text.text if text.binds >= binds else f"({text.text})"


def _number(value: Any) -> Text:
    if isinstance(value, (float, np.floating)) and not np.isfinite(value):
        text = "np.nan" if value != value else "np.inf" if value > 0 else "-np.inf"
    else:
        text = repr(value.item() if isinstance(value, np.generic) else value)
    return Text(text, _SIGN if text.startswith("-") else _ATOM)


def _changes_dtype(node: Node) -> bool:
    """Whether NumPy's promotion matters: then numbers are written with their dtype."""
    dtypes = {x.dtype for x in node.operands if not x.weak}
    return len(dtypes) > 1 or (node.like is not None and not _compares(node) and node.dtype not in dtypes)


def _compares(node: Node) -> bool:
    return node.row.kind == "constant"  # type: ignore[union-attr]


def _typed(node: Node, text: str) -> str:
    """A number that NumPy takes for one of its own, unless it was one of Python's."""
    if node.name != "constant" or node.weak:
        return text
    return f"np.{node.dtype.type.__name__}({text})"


def decide(number: int, value: Any, outcome: Any) -> None:
    """Whether a decision falls as it was recorded."""
    found = value if type(value) is type(outcome) else type(outcome)(value)
    if found != outcome:
        raise Decided(number, found)


def shaped(value: Any, wanted: Any) -> None:
    """Whether a value has the shape that was recorded."""
    shapes = {k: np.shape(value[k]) for k in wanted} if isinstance(wanted, dict) else np.shape(value)
    if shapes != wanted:
        raise Decided(-1, str(shapes))
