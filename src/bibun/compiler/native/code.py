"""Instructions of LLVM IR, written by Python's operators. Owns types and text; knows no kernel and no mathematics.

A `Value` is an SSA name with its element type and its number of lanes (0: a scalar); `a * b + c` appends the
instructions to the Code that the values belong to. A scalar beside a vector is repeated in every lane, a Python
number becomes a constant of the other operand's type.

    code = Code(module)
    x = code.parameter("x", "f64", 16)
    y = fma(x, x, 1.0)
"""

from __future__ import annotations

import struct
from ctypes import c_float
from typing import Any, Protocol

Type = str
LLVM = {
    "f64": "double", "f32": "float", "i64": "i64", "i32": "i32", "i16": "i16", "i8": "i8", "i1": "i1", "ptr": "ptr",
    "i128": "i128",
}  # fmt: skip
WIDTH = {"f64": 64, "f32": 32, "i64": 64, "i32": 32, "i16": 16, "i8": 8, "i1": 1, "ptr": 64, "i128": 128}
_SUFFIX = {"f64": "f64", "f32": "f32", "i64": "i64", "i32": "i32", "i16": "i16", "i8": "i8", "i1": "i1", "ptr": "p0"}


class Declares(Protocol):
    """What a Code needs of the module it is written into. `vector_bits`: the registers that vectors are laid out for."""

    vector_bits: int

    def declare(self, name: str, signature: str) -> None:
        """Remember an external function: `signature` is its line without the word declare."""

    def function(self, name: str, kind: Type, lanes: int) -> str:
        """The name of the module's own function for a word of mathematics (exp, sin, ...)."""

    def constant(self, name: str, definition: str) -> str:
        """@name of a global constant, defined once."""


def spelled(kind: Type, lanes: int) -> str:
    """The type as LLVM writes it."""
    return f"<{lanes} x {LLVM[kind]}>" if lanes else LLVM[kind]


def literal(number: Any, kind: Type) -> str:
    """A constant of a scalar type, exactly."""
    if kind[0] == "f":
        if kind == "f32":
            number = c_float(number).value
        return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    if kind == "i1":
        return "true" if number else "false"
    return str(int(number))


class Value:
    """One SSA value, or a constant."""

    __slots__ = ("code", "kind", "lanes", "text")
    __hash__ = object.__hash__

    def __init__(self, code: Code, text: str, kind: Type, lanes: int) -> None:
        self.code = code
        self.text = text
        self.kind = kind
        self.lanes = lanes

    @property
    def type(self) -> str:
        """As LLVM writes it."""
        return spelled(self.kind, self.lanes)

    @property
    def typed(self) -> str:
        """The operand with its type in front."""
        return f"{spelled(self.kind, self.lanes)} {self.text}"

    def __add__(self, other: Any) -> Value:
        return self.code.binary("fadd" if self.kind[0] == "f" else "add", self, other)

    def __radd__(self, other: Any) -> Value:
        return self.code.binary("fadd" if self.kind[0] == "f" else "add", other, self)

    def __sub__(self, other: Any) -> Value:
        return self.code.binary("fsub" if self.kind[0] == "f" else "sub", self, other)

    def __rsub__(self, other: Any) -> Value:
        return self.code.binary("fsub" if self.kind[0] == "f" else "sub", other, self)

    def __mul__(self, other: Any) -> Value:
        return self.code.binary("fmul" if self.kind[0] == "f" else "mul", self, other)

    def __rmul__(self, other: Any) -> Value:
        return self.code.binary("fmul" if self.kind[0] == "f" else "mul", other, self)

    def __truediv__(self, other: Any) -> Value:
        return self.code.binary("fdiv", self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return self.code.binary("fdiv", other, self)

    def __neg__(self) -> Value:
        if self.kind[0] == "f":
            return self.code.emit(f"fneg {self.typed}", self.kind, self.lanes)
        return self.code.binary("sub", 0, self)

    def __and__(self, other: Any) -> Value:
        return self.code.binary("and", self, other)

    def __or__(self, other: Any) -> Value:
        return self.code.binary("or", self, other)

    def __xor__(self, other: Any) -> Value:
        return self.code.binary("xor", self, other)

    def __invert__(self) -> Value:
        return self.code.binary("xor", self, -1 if self.kind != "i1" else 1)

    def __lshift__(self, other: Any) -> Value:
        return self.code.binary("shl", self, other)

    def __rshift__(self, other: Any) -> Value:
        """Arithmetic: the sign is kept."""
        return self.code.binary("ashr", self, other)

    def shifted_right(self, other: Any) -> Value:
        """Logical: zeros come in."""
        return self.code.binary("lshr", self, other)

    def __lt__(self, other: Any) -> Value:
        return self.code.compare("lt", self, other)

    def __le__(self, other: Any) -> Value:
        return self.code.compare("le", self, other)

    def __gt__(self, other: Any) -> Value:
        return self.code.compare("gt", self, other)

    def __ge__(self, other: Any) -> Value:
        return self.code.compare("ge", self, other)

    def equals(self, other: Any) -> Value:
        """==, which Python's own is not: Values are compared as objects."""
        return self.code.compare("eq", self, other)

    def differs(self, other: Any) -> Value:
        """!=, true where one is nan."""
        return self.code.compare("ne", self, other)

    def is_nan(self) -> Value:
        """True where this is no number."""
        return self.code.emit(f"fcmp uno {self.typed}, {self.text}", "i1", self.lanes)

    def bits(self) -> Value:
        """The bits of floats as integers of the same width."""
        return self.code.cast("bitcast", self, {"f64": "i64", "f32": "i32"}[self.kind])

    def as_float(self) -> Value:
        """The floats whose bits these integers are."""
        return self.code.cast("bitcast", self, {"i64": "f64", "i32": "f32"}[self.kind])

    def to(self, kind: Type) -> Value:
        """Converted as C converts: integers are signed, i1 counts as 0 or 1, floats are cut off towards 0."""
        return self.code.convert(self, kind)


class Code:
    """The lines of one function, or of one part of it. Names are unique within `prefix`."""

    def __init__(self, module: Declares, prefix: str = "v") -> None:
        self.module = module
        self.lines: list[str] = []
        self.prefix = prefix
        self._count = 0

    def fresh(self) -> str:
        """A name that is not taken."""
        self._count += 1
        return f"%{self.prefix}{self._count}"

    def emit(self, instruction: str, kind: Type, lanes: int = 0) -> Value:
        """Append an instruction that has a result."""
        self._count += 1
        name = f"%{self.prefix}{self._count}"
        self.lines.append(f"  {name} = {instruction}")
        return Value(self, name, kind, lanes)

    def line(self, text: str) -> None:
        """Append a line that has none."""
        self.lines.append(f"  {text}")

    def parameter(self, name: str, kind: Type, lanes: int = 0) -> Value:
        """A value that exists already."""
        return Value(self, f"%{name}", kind, lanes)

    def constant(self, number: Any, kind: Type, lanes: int = 0) -> Value:
        """A number, in every lane."""
        text = literal(number, kind)
        return Value(self, f"splat ({LLVM[kind]} {text})" if lanes else text, kind, lanes)

    def splat(self, value: Value, lanes: int) -> Value:
        """A scalar in every lane."""
        if value.lanes == lanes:
            return value
        if value.text[0] != "%":
            return Value(self, f"splat ({LLVM[value.kind]} {value.text})", value.kind, lanes)
        one = self.emit(f"insertelement {spelled(value.kind, lanes)} poison, {value.typed}, i64 0", value.kind, lanes)
        return self.emit(
            f"shufflevector {one.typed}, {one.type} poison, <{lanes} x i32> zeroinitializer", value.kind, lanes
        )

    def alike(self, *values: Any) -> list[Value]:
        """Python numbers and scalars brought to the type and lanes of the others."""
        known = [v for v in values if isinstance(v, Value)]
        kind = known[0].kind
        lanes = max(v.lanes for v in known)
        return [
            (self.splat(v, lanes) if lanes else v) if isinstance(v, Value) else self.constant(v, kind, lanes)
            for v in values
        ]

    def binary(self, operation: str, a: Any, b: Any) -> Value:
        """One instruction on two operands of one type."""
        a, b = self.alike(a, b)
        return self.emit(f"{operation} {a.typed}, {b.text}", a.kind, a.lanes)

    def compare(self, relation: str, a: Any, b: Any) -> Value:
        """lt, le, gt, ge, eq, ne: of floats false where one is nan (ne: true); integers are signed."""
        a, b = self.alike(a, b)
        if a.kind[0] == "f":
            word = f"fcmp {'une' if relation == 'ne' else 'o' + relation}"
        else:
            word = f"icmp {relation if relation in ('eq', 'ne') else 's' + relation}"
        return self.emit(f"{word} {a.typed}, {b.text}", "i1", a.lanes)

    def select(self, condition: Value, a: Any, b: Any) -> Value:
        """a where the condition is true, else b."""
        a, b = self.alike(a, b)
        if condition.lanes and not a.lanes:
            a, b = self.splat(a, condition.lanes), self.splat(b, condition.lanes)
        if a.lanes and not condition.lanes and condition.text[0] != "%":
            condition = self.splat(condition, a.lanes)
        return self.emit(f"select {condition.typed}, {a.typed}, {b.typed}", a.kind, a.lanes)

    def cast(self, word: str, value: Value, kind: Type) -> Value:
        """One conversion instruction."""
        return self.emit(f"{word} {value.typed} to {spelled(kind, value.lanes)}", kind, value.lanes)

    def convert(self, value: Value, kind: Type) -> Value:
        """See Value.to."""
        have = value.kind
        if have == kind:
            return value
        if kind == "i1":
            return value.differs(0)
        if have[0] == "f" and kind[0] == "f":
            return self.cast("fpext" if WIDTH[kind] > WIDTH[have] else "fptrunc", value, kind)
        if kind[0] == "f":
            return self.cast("uitofp" if have == "i1" else "sitofp", value, kind)
        if have[0] == "f":
            return self.cast("fptosi", value, kind)
        if have == "i1":
            return self.cast("zext", value, kind)
        return self.cast("sext" if WIDTH[kind] > WIDTH[have] else "trunc", value, kind)

    def intrinsic(self, name: str, *arguments: Any) -> Value:
        """llvm.<name> of floats (or integers) of one type: sqrt, fabs, fma, copysign, floor, ..."""
        values = self.alike(*arguments)
        first = values[0]
        full = f"@llvm.{name}.{f'v{first.lanes}' if first.lanes else ''}{_SUFFIX[first.kind]}"
        kinds = ", ".join([first.type] * len(values))
        self.module.declare(full, f"{first.type} {full}({kinds})")
        return self.emit(f"call {first.type} {full}({', '.join(v.typed for v in values)})", first.kind, first.lanes)

    def call(self, word: str, *arguments: Any) -> Value:
        """A function of the module's mathematics, of floats of one type."""
        values = self.alike(*arguments)
        first = values[0]
        name = self.module.function(word, first.kind, first.lanes)
        return self.emit(
            f"call fastcc {first.type} @{name}({', '.join(v.typed for v in values)})", first.kind, first.lanes
        )


def _code(*values: Any) -> Code:
    return next(v for v in values if isinstance(v, Value)).code


def fma(a: Any, b: Any, c: Any) -> Value:
    """a b + c, rounded once."""
    return _code(a, b, c).intrinsic("fma", a, b, c)


def muladd(a: Any, b: Any, c: Any) -> Value:
    """a b + c, rounded once where the machine does that in one instruction, else twice. Of whole numbers it is exact."""
    if next(v for v in (a, b, c) if isinstance(v, Value)).kind[0] != "f":
        return a * b + c  # type: ignore[no-any-return]  # LLVM has fmuladd of floats only
    return _code(a, b, c).intrinsic("fmuladd", a, b, c)


def select(condition: Value, a: Any, b: Any) -> Value:
    """a where the condition is true, else b."""
    return condition.code.select(condition, a, b)


def absolute(x: Value) -> Value:
    """|x|: the sign bit cleared."""
    return x.code.intrinsic("fabs", x)


def square_root(x: Value) -> Value:
    """The square root, correctly rounded; nan below 0."""
    return x.code.intrinsic("sqrt", x)


def copysign(x: Any, sign: Value) -> Value:
    """|x| with the sign of `sign`."""
    return sign.code.intrinsic("copysign", x, sign)
