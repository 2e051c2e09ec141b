"""The entry of a program, as CPython calls it: checks of the arguments, memory for the outputs, the program, the results.

    PyObject *entry(callable, args, nargs, kwnames)                       (the vectorcall protocol, PEP 590)

Whatever is not exactly as it was recorded goes to the callable in entry 0 of the table: another version of the program,
and at last the careful way in Python. The layouts of CPython's and NumPy's objects are found by looking at objects
(layouts.py), never assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.native import placing
from bibun.compiler.native.code import LLVM, Code, Value
from bibun.compiler.native.context import Context
from bibun.compiler.native.layouts import ALIGNED, CONTIGUOUS, Layouts
from bibun.compiler.native.module import Module

ON_STACK = 1 << 14  # bytes of workspace; more is allocated


class Leaf(NamedTuple):
    """An argument or an output: an array where `scalar` is None, else an object of that class."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scalar: type | None


class Tree(NamedTuple):
    """Where leaves are: kind is leaf (content: its number), constant (the object), tuple, list or dict (the parts)."""

    kind: str
    content: Any


def nodes(trees: Iterable[Tree]) -> Iterator[Tree]:
    """All parts, each after what it is a part of."""
    for tree in trees:
        yield tree
        if tree.kind in ("tuple", "list", "dict"):
            yield from nodes(tree.content.values() if tree.kind == "dict" else tree.content)


class EntryWriter:
    """Writes the entry of one program."""

    def __init__(
        self, module: Module, context: Context, layouts: Layouts, inputs: Sequence[Leaf], outputs: Sequence[Leaf]
    ) -> None:
        self.module = module
        self.context = context
        self.layouts = layouts
        self.inputs = inputs
        self.outputs = outputs
        self._numbers: dict[int, int] = {}  # of the trees' nodes, by identity
        self.code = Code(module, "e")
        self.code.line(f"%table.p = getelementptr i8, ptr %self, i64 {layouts.table}")
        self.code.line("%context = load ptr, ptr %table.p")
        self._tail: list[str] = []
        self._checks = 0

    def write(self, arguments: Sequence[Tree], result: Tree, workspace: int, *, long: bool) -> str:
        """The definition. `long`: the program runs long enough to let other threads have the interpreter meanwhile."""
        self._numbers = {id(node): n for n, node in enumerate(nodes([*arguments, result]))}
        code = self.code
        count = code.emit("and i64 %nargs, 9223372036854775807", "i64")
        self._check(count.equals(len(arguments)))
        self._check(code.emit("icmp eq ptr %kwnames, null", "i1"))
        pointers: list[Value | None] = [None] * len(self.inputs)
        for n, tree in enumerate(arguments):
            self._take(tree, self._read("%args", 8 * n, "ptr"), pointers)
        slots = 1 + len(self.inputs) + len(self.outputs)
        frame = self._allocated(f"[{slots} x ptr]")
        for n, pointer in enumerate(pointers):
            if pointer is not None:
                self._put(frame, 1 + n, pointer)
        read = [p for leaf, p in zip(self.inputs, pointers, strict=True) if p is not None and placing.matters(leaf)]
        made = [self._make(leaf, read) for leaf in self.outputs]
        for n, (memory, _) in enumerate(made):
            self._put(frame, 1 + len(self.inputs) + n, memory)
        space = self._workspace(workspace)
        self._put(frame, 0, space)
        status = self._run(frame, long=long)
        if workspace > ON_STACK:
            self._call("void", "free", space)
        self._check(status.equals(0), drop=[thing for _, thing in made if thing is not None])
        code.line(f"ret {self._build(result, made).typed}")
        body = "\n".join([*code.lines, *self._tail])
        return (
            f"define ptr @entry(ptr %self, ptr %args, i64 %nargs, ptr %kwnames) nounwind {{\nentry:\n{body}\n"
            f'slow:\n{self._slow()}}}\n!80 = !{{!"branch_weights", i32 2000, i32 1}}'
        )

    # ---- small steps --------------------------------------------------------------------------------

    def _read(self, pointer: Value | str, offset: int, kind: str) -> Value:
        """What lies `offset` bytes behind a pointer."""
        text = pointer if isinstance(pointer, str) else pointer.text
        if offset:
            text = self.code.emit(f"getelementptr i8, ptr {text}, i64 {offset}", "ptr").text
        return self.code.emit(f"load {LLVM[kind]}, ptr {text}", kind)

    def _put(self, frame: Value, slot: int, pointer: Value) -> None:
        place = self.code.emit(f"getelementptr ptr, {frame.typed}, i64 {slot}", "ptr")
        self.code.line(f"store {pointer.typed}, {place.typed}")

    def _entry(self, name: str) -> Value:
        """A process address, from the table."""
        return self._read("%context", 8 * self.context.of_process(name), "ptr")

    def _held(self, name: str, thing: Any, origin: tuple[Any, ...]) -> Value:
        """An object of the program's, from the table."""
        return self._read("%context", 8 * self.context.held(name, thing, origin), "ptr")

    def _constant(self, tree: Tree) -> Value:
        """What stands in a tree."""
        return self._held(f"constant{len(self.context.slots)}", tree.content, ("constant", self._numbers[id(tree)]))

    def _key(self, tree: Tree, key: Any) -> Value:
        """A key of a dict."""
        origin = ("key", self._numbers[id(tree)], list(tree.content).index(key))
        return self._held(f"key{len(self.context.slots)}", key, origin)

    def _same(self, a: Value, b: Value) -> Value:
        return self.code.emit(f"icmp eq {a.typed}, {b.text}", "i1")

    def _call(self, result: str, name: str, *arguments: Any) -> Any:
        """A function of the process."""
        function = self._entry(name)
        listed = ", ".join(a if isinstance(a, str) else a.typed for a in arguments)
        text = f"call {result} {function.text}({listed})"
        if result == "void":
            self.code.line(text)
            return None
        return self.code.emit(text, next(kind for kind, word in LLVM.items() if word == result))

    def _check(self, condition: Value, drop: Sequence[Value] = ()) -> None:
        """Go the slow way unless the condition holds, letting go of what was made."""
        self._checks += 1
        label = f"ok{self._checks}"
        other = f"drop{self._checks}" if drop else "slow"
        self.code.line(f"br i1 {condition.text}, label %{label}, label %{other}, !prof !80")
        if drop:
            lines, self.code.lines = self.code.lines, []
            release = None
            for thing in drop:
                release = release or self._entry("Py_DecRef")
                self.code.line(f"call void {release.text}({thing.typed})")
            self._tail += [f"{other}:", *self.code.lines, "  br label %slow"]
            self.code.lines = lines
        self.code.lines.append(f"{label}:")

    def _allocated(self, what: str) -> Value:
        return self.code.emit(f"alloca {what}, align 64", "ptr")

    def _slow(self) -> str:
        """The same call of the callable in entry 0."""
        invoke = self.context.of_process("PyObject_Vectorcall")
        return (
            "  %s0 = load ptr, ptr %context\n"
            f"  %s1 = getelementptr ptr, ptr %context, i64 {invoke}\n  %s2 = load ptr, ptr %s1\n"
            "  %s3 = call ptr %s2(ptr %s0, ptr %args, i64 %nargs, ptr %kwnames)\n  ret ptr %s3\n"
        )

    # ---- arguments ----------------------------------------------------------------------------------

    def _take(self, tree: Tree, thing: Value, pointers: list[Value | None]) -> None:
        """Check one argument, and note where the numbers of its leaves are."""
        if tree.kind == "leaf":
            pointers[tree.content] = self._leaf(tree.content, thing)
            return
        if tree.kind == "constant":
            self._check(self._same(thing, self._constant(tree)))
            return
        self._check(self._same(self._read(thing, self.layouts.type, "ptr"), self._entry(tree.kind)))
        parts = tree.content
        if tree.kind == "dict":
            self._take_dict(tree, thing, pointers)
            return
        self._check(self._read(thing, self.layouts.size, "i64").equals(len(parts)))
        items: Value | str = thing
        start = self.layouts.tuple_items
        if tree.kind == "list":
            items, start = self._read(thing, self.layouts.list_items, "ptr"), 0
        for n, part in enumerate(parts):
            self._take(part, self._read(items, start + 8 * n, "ptr"), pointers)

    def _take_dict(self, tree: Tree, thing: Value, pointers: list[Value | None]) -> None:
        """Of the same keys in the same order: f may go through it."""
        self._check(self._call("i64", "PyDict_Size", thing).equals(len(tree.content)))
        state = self._allocated("[3 x i64]")  # the place, the key and the item of PyDict_Next
        self.code.line(f"store i64 0, {state.typed}")
        key, item = (self.code.emit(f"getelementptr i64, {state.typed}, i64 {n}", "ptr") for n in (1, 2))
        for wanted, part in tree.content.items():
            self._check(self._call("i32", "PyDict_Next", thing, state, key, item).differs(0))
            self._same_key(self._read(key, 0, "ptr"), self._key(tree, wanted))
            self._take(part, self._read(item, 0, "ptr"), pointers)

    def _same_key(self, found: Value, wanted: Value) -> None:
        """The same object, as a text of the program's is; else of the same class and equal."""
        label = f"key{self._checks}"
        self.code.line(f"br i1 {self._same(found, wanted).text}, label %{label}.same, label %{label}, !prof !80")
        self.code.lines.append(f"{label}:")
        at = self.layouts.type
        self._check(self._same(self._read(found, at, "ptr"), self._read(wanted, at, "ptr")))
        equal = self._call("i32", "PyObject_RichCompareBool", found, wanted, "i32 2")  # 2: ==
        self._call("void", "PyErr_Clear")  # of a class that cannot be compared
        self._check(equal.equals(1))
        self.code.line(f"br label %{label}.same")
        self.code.lines.append(f"{label}.same:")

    def _leaf(self, number: int, thing: Value) -> Value:
        """The memory of an argument's numbers."""
        leaf = self.inputs[number]
        kind = self._read(thing, self.layouts.type, "ptr")
        if leaf.scalar is None:
            return self._array(number, thing, kind)
        if leaf.scalar is bool:
            return self._truth(thing)
        self._check(self._same(kind, self._entry(_named(leaf.scalar))))
        if leaf.scalar is int:
            return self._integer(thing)
        return self.code.emit(f"getelementptr i8, {thing.typed}, i64 {self.layouts.scalar}", "ptr")

    def _array(self, number: int, thing: Value, kind: Value) -> Value:
        """Of exactly this dtype and shape, in row-major order and aligned."""
        at, leaf = self.layouts, self.inputs[number]
        dtype = self._held(f"dtype.{leaf.dtype.str}", leaf.dtype, ("dtype", number))
        self._check(self._same(kind, self._entry("ndarray")))
        self._check(self._same(self._read(thing, at.descr, "ptr"), dtype))
        self._check(self._read(thing, at.nd, "i32").equals(len(leaf.shape)))
        wanted = CONTIGUOUS | ALIGNED
        self._check((self._read(thing, at.flags, "i32") & wanted).equals(wanted))
        if leaf.shape:
            dims = self._read(thing, at.dims, "ptr")
            for n, length in enumerate(leaf.shape):
                self._check(self._read(dims, 8 * n, "i64").equals(length))
        return self._read(thing, at.data, "ptr")

    def _truth(self, thing: Value) -> Value:
        yes = self._same(thing, self._entry("True"))
        self._check(yes | self._same(thing, self._entry("False")))
        return self._kept(yes.to("i8"))

    def _integer(self, thing: Value) -> Value:
        """A Python integer that fits; -1 may also mean that it does not, and is looked at the slow way."""
        number = self._call("i64", "PyLong_AsLongLong", thing)
        label = f"minus{self._checks}"
        self.code.line(f"br i1 {number.differs(-1).text}, label %{label}.not, label %{label}, !prof !80")
        self.code.lines.append(f"{label}:")
        error = self._call("ptr", "PyErr_Occurred")
        none = self.code.emit(f"icmp eq {error.typed}, null", "i1")
        self.code.line(f"br i1 {none.text}, label %{label}.not, label %{label}.clear")
        self.code.lines.append(f"{label}.clear:")
        self._call("void", "PyErr_Clear")
        self.code.line("br label %slow")
        self.code.lines.append(f"{label}.not:")
        return self._kept(number)

    def _kept(self, value: Value) -> Value:
        """A number in memory of its own."""
        place = self._allocated(LLVM[value.kind])
        self.code.line(f"store {value.typed}, {place.typed}")
        return place

    # ---- the program --------------------------------------------------------------------------------

    def _make(self, leaf: Leaf, read: Sequence[Value]) -> tuple[Value, Value | None]:
        """Memory for an output, and the new array that it belongs to; of a scalar only the memory. `read`: that of arguments
        beside which its place matters."""
        if leaf.scalar is not None:
            return self._allocated("i64" if leaf.dtype.itemsize <= 8 else "[2 x i64]"), None
        array = self._array_of(leaf)
        if read and placing.matters(leaf):
            array = self._placed(array, leaf, read)
        return self._read(array, self.layouts.data, "ptr"), array

    def _array_of(self, leaf: Leaf) -> Value:
        name = f"shape.{'x'.join(map(str, leaf.shape))}"
        listed = ", ".join(f"i64 {n}" for n in leaf.shape) or "i64 0"
        dims = self.module.constant(name, f"[{max(len(leaf.shape), 1)} x i64] [{listed}]")
        array: Value = self._call(
            "ptr", "PyArray_New", self._entry("ndarray"), f"i32 {len(leaf.shape)}", f"ptr {dims}",
            f"i32 {leaf.dtype.num}", "ptr null", "ptr null", "i32 0", "i32 0", "ptr null",
        )  # fmt: skip
        label = f"made{self._checks}.{len(self.code.lines)}"
        made = self.code.emit(f"icmp ne {array.typed}, null", "i1")
        self.code.line(f"br i1 {made.text}, label %{label}, label %failed, !prof !80")
        self.code.lines.append(f"{label}:")
        if not any(line.startswith("failed:") for line in self._tail):
            self._tail += ["failed:", "  ret ptr null"]
        return array

    def _placed(self, array: Value, leaf: Leaf, read: Sequence[Value]) -> Value:
        """The array, or another one in its place."""
        place, label = self._allocated("ptr"), f"placed{len(self.code.lines)}"
        self.code.line(f"store {array.typed}, {place.typed}")
        again = placing.unlucky(self.code, self._read(array, self.layouts.data, "ptr"), read)
        self.code.line(f"br i1 {again.text}, label %{label}.again, label %{label}")
        self.code.lines.append(f"{label}.again:")
        other = self._array_of(leaf)
        self._call("void", "Py_DecRef", array)  # only now: the other one is not to lie there
        self.code.line(f"store {other.typed}, {place.typed}")
        self.code.line(f"br label %{label}")
        self.code.lines.append(f"{label}:")
        return self.code.emit(f"load ptr, {place.typed}", "ptr")

    def _workspace(self, size: int) -> Value:
        """Memory of the program's own. A multiple of 64, so that vectors do not cross cache lines."""
        if not size:
            return self.code.emit("inttoptr i64 0 to ptr", "ptr")
        if size <= ON_STACK:
            return self._allocated(f"[{size} x i8]")
        return self._call("ptr", "aligned_alloc", "i64 64", f"i64 {-(-size // 64) * 64}")  # type: ignore[no-any-return]

    def _run(self, frame: Value, *, long: bool) -> Value:
        state = self._call("ptr", "PyEval_SaveThread") if long else None
        status = self.code.emit(f"call i32 @program({frame.typed}, ptr %context)", "i32")
        if state is not None:
            self._call("void", "PyEval_RestoreThread", state)
        return status

    # ---- results ------------------------------------------------------------------------------------

    def _build(self, tree: Tree, made: Sequence[tuple[Value, Value | None]]) -> Value:
        """A new reference to the result."""
        if tree.kind == "leaf":
            memory, array = made[tree.content]
            return array if array is not None else self._boxed(self.outputs[tree.content], memory)
        if tree.kind == "constant":
            thing = self._constant(tree)
            self._call("void", "Py_IncRef", thing)
            return thing
        if tree.kind == "dict":
            return self._dict(tree, made)
        parts = [self._build(part, made) for part in tree.content]
        make, start = ("PyTuple_New", self.layouts.tuple_items) if tree.kind == "tuple" else ("PyList_New", 0)
        whole: Value = self._call("ptr", make, f"i64 {len(parts)}")
        items = whole if tree.kind == "tuple" else self._read(whole, self.layouts.list_items, "ptr") if parts else whole
        for n, part in enumerate(parts):
            place = self.code.emit(f"getelementptr i8, {items.typed}, i64 {start + 8 * n}", "ptr")
            self.code.line(f"store {part.typed}, {place.typed}")
        return whole

    def _dict(self, tree: Tree, made: Sequence[tuple[Value, Value | None]]) -> Value:
        """With a reference of its own to each of its values."""
        whole: Value = self._call("ptr", "PyDict_New")
        for key, part in tree.content.items():
            thing = self._build(part, made)
            self._call("i32", "PyDict_SetItem", whole, self._key(tree, key), thing)
            self._call("void", "Py_DecRef", thing)
        return whole

    def _boxed(self, leaf: Leaf, memory: Value) -> Value:
        """A number as an object of its class."""
        kind = {"f8": "f64", "f4": "f32", "i8": "i64", "i4": "i32", "b1": "i8", "c16": "f64", "c8": "f32"}[
            leaf.dtype.str[1:]
        ]
        number = self._read(memory, 0, kind)
        if leaf.dtype.kind == "c":
            return self._boxed_pair(leaf, number, self._read(memory, leaf.dtype.itemsize // 2, kind))
        if leaf.scalar is float:
            return self._call("ptr", "PyFloat_FromDouble", number)  # type: ignore[no-any-return]
        if leaf.scalar is int:
            return self._call("ptr", "PyLong_FromLongLong", number)  # type: ignore[no-any-return]
        if leaf.scalar in (bool, np.bool):
            names = ("True", "False") if leaf.scalar is bool else ("np.True", "np.False")
            yes, no = (self._entry(name) for name in names)
            thing = self.code.select(number.differs(0), yes, no)
            self._call("void", "Py_IncRef", thing)
            return thing
        return self._object(leaf, number)

    def _boxed_pair(self, leaf: Leaf, real: Value, imaginary: Value) -> Value:
        """The same of a complex number."""
        if leaf.scalar is complex:
            return self._call("ptr", "PyComplex_FromDoubles", real, imaginary)  # type: ignore[no-any-return]
        return self._object(leaf, real, imaginary)

    def _object(self, leaf: Leaf, *numbers: Value) -> Value:
        """A scalar of NumPy's that holds these, one after the other."""
        thing: Value = self._call("ptr", "PyType_GenericAlloc", self._entry(_named(leaf.scalar)), "i64 0")
        for n, number in enumerate(numbers):
            offset = self.layouts.scalar + n * leaf.dtype.itemsize // 2
            place = self.code.emit(f"getelementptr i8, {thing.typed}, i64 {offset}", "ptr")
            self.code.line(f"store {number.typed}, {place.typed}")
        return thing


def _named(scalar: Any) -> str:
    """The name of a class in the table."""
    return f"np.{scalar.__name__}" if issubclass(scalar, np.generic) else scalar.__name__


def suits(leaf: Leaf) -> bool:
    """Whether the entry can take or make it."""
    if leaf.scalar is None:
        return leaf.dtype.isnative and not leaf.dtype.hasobject
    return leaf.scalar in _SCALARS


_SCALARS = (
    *(float, int, bool, complex, np.float64, np.float32, np.int64, np.int32, np.bool, np.complex128, np.complex64),
)
