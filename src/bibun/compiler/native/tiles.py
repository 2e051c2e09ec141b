"""Products of matrices of middling size by the program's own code, where registers are wide (512 bits).

A tile of the result, some rows of a few vectors, stays in registers while the sum runs: each turn reads one row of B that
far, and multiplies it by one number of A for each row of the tile. Nothing is copied into place, as BLAS does it, which pays
for what is large only. So the vectors have to lie in memory one behind the other. Sums are cut, so that what one tile reads
of B is still near when the next one does. (Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008;
Heinecke and others, LIBXSMM, 2016.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

from bibun.compiler.native.code import LLVM, WIDTH, Code, Value, muladd
from bibun.compiler.native.function import Function, Lanes
from bibun.compiler.native.module import Module
from bibun.compiler.native.sharing import Job, define, from_table, share, table_of

BITS = 512  # of a register; there are too few narrower ones, and BLAS is as quick there
MOST = 200_000_000  # multiplications
# The same at least, of narrower rows than a register: BLAS needs no time to compile
LEAST = {"f64": 1 << 18, "f32": 1 << 20}
SHORT = 24  # two sides of no more would be loops in their place
APART = 16_384  # bytes from one row to the next, at most: else each is on a page of its own
ROWS = {1: 16, 2: 12, 3: 8}  # of a tile, at most, by its vectors: 24 sums at a time, about
BESIDE = 4  # rows of A that are found from one place
TERMS = 192  # of a sum at a time, at most
PART = 2_000_000  # multiplications that are worth a part of their own,
CHUNKS = 32  # of terms at most, where the result has
FEW = 4096  # entries at most


class Sides(NamedTuple):
    """C[m, n] = sum over k of A[m, k] B[k, n], vectors along n: three lengths, and how many entries lie between neighbours
    of A along m and k, of B along k, of C along m."""

    m: int
    n: int
    k: int
    a: tuple[int, int]
    b: int
    c: int

    def whole(self, kind: str) -> int:
        """How many columns whole vectors have."""
        lanes = BITS // WIDTH[kind]
        return -(-self.n // lanes) * lanes


class Cut(NamedTuple):
    """A length as parts that are as alike as can be: `large` ones of `size`, then others of one less."""

    parts: int
    size: int
    large: int

    def start(self, part: Value) -> Value:
        """Where a part begins."""
        code = part.code
        behind = part - self.large
        return part * self.size - code.select(behind > 0, behind, 0)

    def both(self) -> tuple[int, int]:
        """The sizes of large parts, and of the others if there are any."""
        return self.size, self.size - (self.large < self.parts)


def cut(length: int, most: int) -> Cut:
    """Parts of at most so many."""
    parts = -(-length // most)
    size = -(-length // parts)
    return Cut(parts, size, length - parts * (size - 1))


def suits(sides: Sides, kind: str, bits: int) -> bool:
    """Whether tiles are quicker than what would be in their place, by so much that it is worth the time to compile them."""
    apart = max(min(sides.a), sides.b, sides.c) * WIDTH[kind] // 8
    size = sides.m * sides.n * sides.k
    row = sides.n * WIDTH[kind]
    worth = row >= BITS or (2 * row >= BITS and (size >= LEAST[kind] or sorted(sides[:3])[1] <= SHORT))
    return bits == BITS and worth and 0 < size <= MOST and apart <= APART


class Tiles:
    """Writes one product into a module."""

    def __init__(self, module: Module, sides: Sides, kind: str, *, adds: bool) -> None:
        self.module = module
        self.sides = sides
        self.kind = kind
        self.adds = adds
        self.lanes = BITS // WIDTH[kind]
        self.columns = cut(-(-sides.n // self.lanes), max(ROWS))  # in vectors
        self.rows = cut(sides.m, ROWS[self.columns.size])
        self.terms = cut(sides.k, TERMS)

    def write(self, writer: Any, pointers: Sequence[Value]) -> None:
        """The product of what the first two of three pointers point to, where the third one does."""
        by_rows = self.rows.parts >= self.columns.parts
        extent = (self.rows if by_rows else self.columns).parts
        worth = self._work // PART
        sums = min(worth, self.terms.parts, CHUNKS)
        if sums > extent and self.sides.m * self.sides.n <= FEW:
            self._write_sums(writer, pointers, -(-self.terms.parts // sums))
            return
        table = table_of(writer.function, pointers)
        parts = max(min(extent, worth), 1)
        nothing = Value(table.code, "null", "ptr", 0)
        name = self._part("rows" if by_rows else "columns")
        job = Job(name, table, nothing, 0, 0, extent, -(-extent // parts), self._work)
        share(writer, job, min(writer.threads, parts))

    @property
    def _work(self) -> int:
        """Multiplications."""
        return self.sides.m * self.sides.n * self.sides.k

    def _write_sums(self, writer: Any, pointers: Sequence[Value], chunk: int) -> None:
        """A small result of long sums: parts of so many blocks of terms have one each, and these are joined in order."""
        sides, chunks = self.sides, -(-self.terms.parts // chunk)
        part = Tiles(self.module, sides._replace(c=sides.n), self.kind, adds=False)
        record = sides.m * sides.n * WIDTH[self.kind] // 8
        memory = writer.reserved(record * chunks)
        table = table_of(writer.function, pointers[:2])
        job = Job(part._part("terms"), table, memory, 0, record, self.terms.parts, chunk, self._work)
        share(writer, job, min(writer.threads, chunks))
        self._join(writer.function, memory, pointers[2], chunks)

    def _join(self, function: Function, memory: Value, result: Value, chunks: int) -> None:
        """The results of the parts, one after the other, as the result; to which they are added, or not."""
        sides, kind = self.sides, LLVM[self.kind]

        def at(pointer: Value, place: Value) -> Value:
            return place.code.emit(f"getelementptr {kind}, {pointer.typed}, {place.typed}", "ptr")

        def read(pointer: Value) -> Value:
            return pointer.code.emit(f"load {kind}, {pointer.typed}", self.kind)

        def entry(row: Value, column: Value) -> None:
            code = function.at(function.depth)
            where = at(result, row * sides.c + column)
            first = read(where) if self.adds else code.constant(0, self.kind)

            def add(part: Value, now: list[Value]) -> list[Value]:
                function.at(function.depth)
                return [now[0] + read(at(memory, (part * sides.m + row) * sides.n + column))]

            (total,) = function.repeat("part", (0, chunks, 1), [first], add)
            function.at(function.depth).line(f"store {total.typed}, {where.typed}")

        rows, columns = (0, sides.m, 1), (0, sides.n, 1)
        _each(function, rows, lambda row: _each(function, columns, lambda column: entry(row, column)))

    def _part(self, shared: str) -> str:
        """A function that computes some rows of tiles, or columns of them, or some terms of all: one for products alike."""
        sides = self.sides
        numbers = "_".join(map(str, (sides.m, sides.n, sides.k, *sides.a, sides.b, sides.c, int(self.adds))))
        name = f"product.{shared}.{self.kind}.{numbers}"
        if not self.module.new(name):
            return name
        part = Function(self.module, {})
        code = part.at(0)
        some = code.parameter("start", "i64"), code.parameter("stop", "i64"), 1
        found = {"rows": self.rows.parts, "columns": self.columns.parts, "terms": self.terms.parts}
        turns: dict[str, Any] = {word: some if word == shared else (0, parts, 1) for word, parts in found.items()}
        result = code.parameter("totals", "ptr") if shared == "terms" else from_table(code, 2)
        pointers = [from_table(code, 0), from_table(code, 1), result]

        def block(terms: Value) -> None:
            inner = part.at(part.depth)
            adds = inner.constant(1, "i1") if self.adds else terms > turns["terms"][0]
            _each(
                part,
                turns["columns"],
                lambda column: _each(part, turns["rows"], lambda row: tile(terms, column, row, adds)),
            )

        def tile(terms: Value, column: Value, row: Value, adds: Value) -> None:
            self._tile(part.at(part.depth), pointers, (terms, column, row), adds)

        _each(part, turns["terms"], block)
        define(self.module, name, part)
        return name

    def _tile(self, code: Code, pointers: Sequence[Value], which: tuple[Value, Value, Value], adds: Value) -> None:
        """Call the kernel for a tile and some terms of its sums."""
        terms, column, row = which
        sides, kind = self.sides, LLVM[self.kind]
        m, n, k = self.rows.start(row), self.columns.start(column) * self.lanes, self.terms.start(terms)
        places = (m * sides.a[0] + k * sides.a[1], k * sides.b + n, m * sides.c + n)
        arguments = [
            code.emit(f"getelementptr {kind}, {pointer.typed}, {place.typed}", "ptr")
            for pointer, place in zip(pointers, places, strict=True)
        ]
        count = code.select(terms < self.terms.large, code.constant(self.terms.size, "i64"), self.terms.size - 1)
        rest = code.constant((sides.n - 1) % self.lanes + 1, "i64")
        lanes = code.select(column.equals(self.columns.parts - 1), rest, self.lanes)
        arguments += [count, *(code.constant(step, "i64") for step in (*sides.a, sides.b, sides.c)), lanes, adds]
        kernel = self._kernel(code, column, row)
        code.line(f"call void {kernel.text}({', '.join(value.typed for value in arguments)})")

    def _kernel(self, code: Code, column: Value, row: Value) -> Value:
        """That for a tile of this size."""

        def of(rows: int) -> Value:
            large, small = (
                Value(code, kernel(self.module, self.kind, rows, size), "ptr", 0) for size in self.columns.both()
            )
            return code.select(column < self.columns.large, large, small)

        large, small = map(of, self.rows.both())
        return code.select(row < self.rows.large, large, small)


def _each(function: Function, turns: tuple[Any, Any, int], write: Callable[[Value], None]) -> None:
    """A loop that carries nothing."""

    def body(turn: Value, _: list[Value]) -> list[Value]:
        write(turn)
        return []

    function.repeat("each", turns, [], body)


def kernel(module: Module, kind: str, rows: int, vectors: int) -> str:
    """The module's function for tiles of a size: A, B, C and how many terms; strides of A along rows and terms, of B along
    terms, of C along rows; how many lanes of the last vector count; whether the sums are added to C."""
    name = f"tile.{kind}.{rows}x{vectors}"
    if module.new(name):
        parameters = "ptr %a, ptr %b, ptr %c, i64 %terms, i64 %am, i64 %ak, i64 %bk, i64 %cm, i64 %lanes, i1 %adds"
        body = "\n".join(Kernel(module, kind, rows, vectors).lines)
        head = f"define internal void @{name}({parameters}) noinline nounwind {module.attributes}"
        module.define(f"{head} {{\nentry:\n{body}\n  ret void\n}}")
    return f"@{name}"


class Kernel:
    """Writes the body of one. `lanes`: of each vector of a row, which of them count."""

    def __init__(self, module: Module, kind: str, rows: int, vectors: int) -> None:
        self.kind = kind
        self.rows = rows
        self.width = width = BITS // WIDTH[kind]
        self.function = Function(module, {})
        self.code = code = self.function.at(0)
        numbers = Value(code, f"<{', '.join(f'i64 {n}' for n in range(width))}>", "i64", width)
        rest = numbers < code.parameter("lanes", "i64")
        self.lanes = [Lanes(width, None)] * (vectors - 1) + [Lanes(width, rest.text)]
        self._store(self._sums())
        self.lines = self.function.at(0).lines

    def _sums(self) -> list[Value]:
        """The tile, a row after the other."""
        code, kind = self.code, self.kind
        am, ak, bk = (code.parameter(word, "i64") for word in ("am", "ak", "bk"))
        starts = [self._at(code.parameter("a", "ptr"), am * row) for row in range(0, self.rows, BESIDE)]
        steps = [am * row for row in range(BESIDE)]

        def turn(_: Value, now: list[Value]) -> list[Value]:
            b, groups, sums = now[0], now[1 : 1 + len(starts)], now[1 + len(starts) :]
            self.function.at(self.function.depth)
            right = [self._read(self._at(b, j * self.width), lanes) for j, lanes in enumerate(self.lanes)]
            places = [self._at(groups[row // BESIDE], steps[row % BESIDE]) for row in range(self.rows)]
            left = [code.splat(code.emit(f"load {LLVM[kind]}, {place.typed}", kind), self.width) for place in places]
            pairs = zip(product(left, right), sums, strict=True)
            following = [muladd(x, y, total) for (x, y), total in pairs]
            return [self._at(b, bk), *(self._at(group, ak) for group in groups), *following]

        zeros = [Value(code, "zeroinitializer", kind, self.width)] * (self.rows * len(self.lanes))
        turns = 0, code.parameter("terms", "i64"), 1
        found = self.function.repeat("term", turns, [code.parameter("b", "ptr"), *starts, *zeros], turn)
        self.function.at(0)
        return found[1 + len(starts) :]

    def _store(self, sums: list[Value]) -> None:
        """Put them into C, or add them to it."""
        code = self.code
        c, cm, adds = code.parameter("c", "ptr"), code.parameter("cm", "i64"), code.parameter("adds", "i1")
        masks = [Value(code, one.mask or "splat (i1 true)", "i1", self.width) for one in self.lanes]
        wanted = [Lanes(self.width, (mask & code.splat(adds, self.width)).text) for mask in masks]

        def before(row: int) -> list[tuple[Value, Value]]:
            places = [self._at(self._at(c, cm * row), j * self.width) for j in range(len(wanted))]
            return [(place, self._read(place, lanes)) for place, lanes in zip(places, wanted, strict=True)]

        following = before(0)
        for row in range(self.rows):
            # The next row is read first: it may begin within the last vector of this one, and would wait for its store.
            now, following = following, before(row + 1) if row + 1 < self.rows else []
            for (place, held), lanes in zip(now, self.lanes, strict=True):
                self.function.store_vector(code, place, sums.pop(0) + held, lanes)

    def _read(self, pointer: Value, lanes: Lanes) -> Value:
        return self.function.load_vector(self.code, pointer, self.kind, lanes)

    def _at(self, pointer: Value, place: Value | int) -> Value:
        """So many entries behind a pointer."""
        text = place.typed if isinstance(place, Value) else f"i64 {place}"
        return self.code.emit(f"getelementptr {LLVM[self.kind]}, {pointer.typed}, {text}", "ptr")
