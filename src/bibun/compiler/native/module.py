"""Modules of LLVM IR: their functions, what they declare, and each word of mathematics that they call, once.

A long program is several modules, which are compiled at the same time. What one of them defines for the others is hidden:
the objects are linked together, and nothing else sees it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bibun.compiler.native.code import Code, Type, Value, spelled
from bibun.compiler.native.mathematics import ARITY, generate


class Module:
    """Collects text; `text()` is what LLVM parses.

    vector_bits     the registers that vectors are laid out for
    earlier         of the words of mathematics that other modules of the program have, how they are declared
    length          lines of the functions
    """

    def __init__(self, vector_bits: int, earlier: Mapping[str, str] | None = None) -> None:
        self.vector_bits = vector_bits
        self.earlier = dict(earlier or {})
        self.length = 0
        self._functions: list[str] = []
        self._declared: dict[str, str] = {}
        self._globals: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._heads: dict[str, str] = {}
        self._names: set[str] = set()

    def following(self) -> Module:
        """One more module of the same program."""
        return Module(self.vector_bits, self.earlier | self._heads)

    def define(self, text: str) -> None:
        """A function."""
        self._functions.append(text)
        self.length += text.count("\n")

    def new(self, name: str) -> bool:
        """Whether a name is asked for the first time: that of a function that is defined once."""
        known = name in self._names
        self._names.add(name)
        return not known

    def unused(self, name: str) -> str:
        """A name that no function defined so far has."""
        return f"{name}{len(self._functions)}"

    def declare(self, name: str, signature: str) -> None:
        """An external function, or an intrinsic."""
        self._declared[name] = signature

    def constant(self, name: str, definition: str) -> str:
        """A global constant of this name, defined once: `[3 x i64] [i64 1, i64 2, i64 3]`. Returns @name."""
        self._globals[name] = definition
        return f"@{name}"

    def function(self, word: str, kind: Type, lanes: int) -> str:
        """The program's function of floats for a word of mathematics; written when it is first asked for."""
        name = f"bibun.{word}.{kind}" + (f"x{lanes}" if lanes else "")
        if name in self.earlier:
            self.declare(f"@{name}", self.earlier[name])
        elif name not in self._words:
            self._words[name] = ""  # a word that calls itself is not written twice
            code = Code(self)
            arguments = [code.parameter(f"x{i}", kind, lanes) for i in range(ARITY.get(word, 1))]
            result = generate(word, arguments)
            self._words[name] = self._outlined(name, arguments, result, code)
        return name

    def _outlined(self, name: str, arguments: list[Value], result: Value, code: Code) -> str:
        """Not inlined: a function called twice is compiled once, and the spills around a call cost less than that."""
        kind = spelled(result.kind, result.lanes)
        listed = ", ".join(a.typed for a in arguments)
        body = "\n".join(code.lines)
        signature = f"hidden fastcc {kind} @{name}({listed})"
        self._heads[name] = f"{signature} nounwind {self.attributes}"
        head = f"define {signature} noinline nounwind {self.attributes}"
        self.length += len(code.lines)
        return f"{head} {{\n{body}\n  ret {result.typed}\n}}"

    @property
    def attributes(self) -> str:
        """Of every function that holds vectors."""
        bits = self.vector_bits
        return f'"prefer-vector-width"="{bits}" "min-legal-vector-width"="{bits}"'

    @property
    def long(self) -> str:
        """Of a function that keeps vectors on the stack: LLVM would store them across two lines of the cache, most often."""
        return f"alignstack({self.vector_bits // 8}) {self.attributes}"

    def text(self) -> str:
        """The whole module."""
        parts = [f"declare {signature}" for signature in self._declared.values()]
        parts += [f"@{name} = private unnamed_addr constant {text}" for name, text in self._globals.items()]
        parts += self._words.values()
        return "\n".join([*parts, *self._functions, ""])
