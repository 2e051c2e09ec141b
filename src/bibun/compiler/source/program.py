"""A graph as a whole function: for people, with the user's own names; for the interpreter, with plain ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from bibun.compiler.around import Around, Reached, location, title
from bibun.compiler.graph import Graph
from bibun.compiler.results import Results
from bibun.compiler.source.arguments import Arguments
from bibun.compiler.source.literals import literal
from bibun.compiler.source.names import Names, identifier
from bibun.compiler.source.text import Text, atom, number, wrapped
from bibun.compiler.source.writing import Block


def runnable(graph: Graph, count: int) -> Callable[..., tuple[Any, ...]]:
    """The program as a Python function: (leaves) -> the outputs, AssertionError where a decision falls otherwise."""
    inputs = [f"x{n}" for n in range(count)]
    names = Names(set(inputs))
    block = Block(names, graph, lambda leaf: atom(inputs[leaf]))
    block.write()
    outputs = "".join(f"{block.texts[node.number].text}, " for node in graph.outputs)
    text = "\n".join(
        [*names.head(), f"def program({', '.join(inputs)}):", *_indented([*block.lines, f"return ({outputs})"]), ""]
    )
    space: dict[str, Any] = {**names.captured, **names.things}
    exec(compile(text, "<bibun.compile>", "exec", optimize=0), space)  # guards are asserts: also under python -O
    return space["program"]  # type: ignore[no-any-return]


class Listing:
    """The program as text that can be read, and run: it takes what f takes, and what f reads from the code around it."""

    def __init__(
        self,
        graph: Graph,
        f: Callable[..., Any],
        arguments: Arguments,
        inputs: Sequence[Any],
        results: Results,
    ) -> None:
        self.f = f
        self.arguments = arguments
        self.inputs = inputs
        self.around = Around(f)
        self.roots: dict[int, tuple[str, Any]] = {}  # variables of the code around, by identity: the parameter for it
        parameters = {word.lstrip("*") for word in arguments.parameters}
        self.names = Names(parameters, self.reached)
        self.leaves = [self._leaf(path, parameters) for path in arguments.leaves]
        inline = graph.outputs if len(graph.outputs) == 1 else ()
        self.block = Block(self.names, graph, lambda leaf: atom(self.leaves[leaf]), inline=inline)
        self.block.write()
        texts = [self.block.texts[node.number] for node in graph.outputs]
        self.returned = _returned(results, texts, self.names)

    @property
    def text(self) -> str:
        """All of it."""
        used = [n for n, name in enumerate(self.leaves) if name != self.arguments.leaves[n] and self._is_read(name)]
        unpacked = [f"{self.leaves[n]} = {self.arguments.leaves[n]}" for n in used]
        body = [*unpacked, *self.block.lines, *wrapped(f"return {self.returned}")]
        definition = wrapped(f"def {identifier(title(self.f))}({', '.join(self._parameters())}):")
        return "\n".join([*self.names.head(), "", *self._comments(), *definition, *_indented(body), ""])

    def reached(self, array: np.ndarray[Any, Any]) -> str | None:
        """How a captured array is reached, by the parameter for the variable of the code around."""
        found = self.around.reached(array)
        return None if found is None else self._parameter(found) + found.path

    def _parameter(self, found: Reached) -> str:
        if id(found.root) not in self.roots:
            self.roots[id(found.root)] = (self.names.fresh(found.name), found.root)
        return self.roots[id(found.root)][0]

    def _leaf(self, path: str, parameters: set[str]) -> str:
        """The variable for a leaf of the arguments."""
        if path in parameters:
            return path
        last = re.sub(r".*?([A-Za-z_]\w*\W*(\[\d+\])*)$", r"\1", path)  # layers[0]['w'][1] -> w_1
        return self.names.fresh(last)

    def _is_read(self, name: str) -> bool:
        return any(re.search(rf"\b{name}\b", line) for line in (*self.block.lines, self.returned))

    def _parameters(self) -> list[str]:
        """Those of f, then, by keyword, what f reads from around it."""
        roots = [name for name, _ in self.roots.values()]
        made = [f"{name}={literal(array)}" for name, array in self.names.captured.items() if literal(array)]
        large = [name for name, array in self.names.captured.items() if not literal(array)]
        more = [*roots, *large, *made]
        starred = any(word.startswith("*") for word in self.arguments.parameters)
        given = list(self.arguments.parameters)
        packed = [given.pop()] if given and given[-1].startswith("**") else []
        return [*given, *(["*"] if more and not starred else []), *more, *packed]

    def _comments(self) -> list[str]:
        """What it is, and of which shapes and dtypes what it takes is."""
        lines = [f"# {title(self.f)}, {location(self.f)}, for"]
        lines += [
            f"#   {path}: {described(leaf)}" for path, leaf in zip(self.arguments.leaves, self.inputs, strict=True)
        ]
        reached = [(self.reached(array), array) for array in self.names.read.values()]
        live = [(text, array) for text, array in reached if text is not None]
        if live:
            lines.append("# and, from the code around it, read at each call,")
            lines += _grouped([(text, described(array)) for text, array in live])
        if self.names.captured:
            lines.append("# and arrays that the first call made, or found in objects,")
            lines += _grouped([(name, described(array)) for name, array in self.names.captured.items()])
        return lines


def _grouped(described: Sequence[tuple[str, str]]) -> list[str]:
    """A line a name, one for those in a row that are alike: W[0] to W[9]."""
    lines = []
    for what, group in groupby(described, lambda pair: (re.sub(r"\d+\]?$", "", pair[0]), pair[1])):
        names = [name for name, _ in group]
        lines += (
            [f"#   {names[0]} to {names[-1]}: {what[1]}"] if len(names) > 2 else [f"#   {n}: {what[1]}" for n in names]
        )
    return lines


def described(value: Any) -> str:
    """float64 (3, 4), or the class of a number."""
    if getattr(value, "scalar", None) is not None:
        return str(value.scalar.__name__)
    return f"{value.dtype} {value.shape}"


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


class _Written:
    """The text of a leaf of the result."""

    def __init__(self, text: str) -> None:
        self.text = text


def _returned(results: Results, texts: Sequence[Text], names: Names) -> str:
    """What the function returns: its containers where they are tuples (named ones as plain), lists and dicts, else their
    leaves in order."""
    rest = iter(texts)
    pairs = zip(results.leaves, results.classes, strict=True)
    leaves = [next(rest).text if cls is not None else _constant(leaf, names) for leaf, cls in pairs]
    whole = _nested(results.unflatten([_Written(text) for text in leaves]))
    if whole is None:
        return f"({', '.join(leaves)},)"
    return whole[1:-1] if whole.startswith("(") and len(leaves) > 1 else whole


def _nested(value: Any) -> str | None:
    if isinstance(value, _Written):
        return value.text
    if value is None:
        return "None"
    if type(value) is dict:
        found = [_nested(inner) for inner in value.values()]
        pairs = zip(value, found, strict=True)
        return None if None in found else f"{{{', '.join(f'{key!r}: {text}' for key, text in pairs)}}}"
    if not isinstance(value, tuple) and type(value) is not list:
        return None
    parts = [_nested(inner) for inner in value]
    if None in parts:
        return None
    inner = ", ".join(map(str, parts))
    return f"[{inner}]" if type(value) is list else f"({inner}{',' if len(parts) == 1 else ''})"


def _constant(value: Any, names: Names) -> str:
    """A leaf of the result that does not depend on the arguments."""
    if isinstance(value, np.ndarray):
        return names.array(value)
    if isinstance(value, (int, float, complex, np.generic)):
        return number(value).text
    return repr(value) if isinstance(value, str) else names.thing(value)
