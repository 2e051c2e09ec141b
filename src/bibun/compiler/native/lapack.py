"""Routines of LAPACK, in SciPy's build of it: the calls that NumPy makes, in the program's memory, in double precision.

Matrices are as LAPACK reads them, column after column: the transposes of what their shapes say.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import BYTES
from bibun.compiler.fusing.steps import Call
from bibun.compiler.native.code import LLVM, Value
from bibun.compiler.native.context import blas
from bibun.compiler.native.function import Function
from bibun.compiler.native.routines import copied, each, part, writes

WORK, SIZE, INTEGERS, COUNT = "work", "size of work", "integers", "count of integers"  # arguments that a query fills


class Library:
    """Writes calls into a program."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def call(self, name: str, *arguments: Any) -> None:
        """Letters, integers, floats and pointers; memory to work in where it stands among them."""
        memory: dict[Any, Any] = {}
        if WORK in arguments:
            plain = tuple(None if isinstance(x, (Value, Buffer)) else x for x in arguments)
            memory = self._memory(name, plain)
        function: Function = self.writer.function
        texts = [self._argument(memory.get(x, x) if isinstance(x, str) else x) for x in arguments]
        routine = function.entry(self.writer.context.routine(name))
        function.at(function.depth).line(f"call void {routine.text}({', '.join(texts)})")

    def _memory(self, name: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
        numbers, integers = work_sizes(name, arguments)
        function, scratch = self.writer.function, self.writer.scratch
        return {
            WORK: function.base(scratch((numbers,), "f64")), SIZE: numbers,
            INTEGERS: function.base(scratch((integers,), "i32")), COUNT: integers,
        }  # fmt: skip

    def _argument(self, x: Any) -> str:
        if isinstance(x, Value):
            return x.typed
        if isinstance(x, str):
            return self.writer.letter(x)  # type: ignore[no-any-return]
        return self.writer.integer(x) if isinstance(x, int) else self.writer.number(x, "f64")  # type: ignore[no-any-return]


@lru_cache(None)
def work_sizes(name: str, arguments: tuple[Any, ...]) -> tuple[int, int]:
    """How many numbers and how many integers a routine wants to work in: it is asked with sizes of -1."""
    work, integers, nothing = ctypes.c_double(0), ctypes.c_int(0), (ctypes.c_double * 4)()
    given: dict[Any, Any] = {
        WORK: work,
        INTEGERS: integers,
        SIZE: ctypes.c_int(-1),
        COUNT: ctypes.c_int(-1),
        None: nothing,
    }
    values: list[Any] = [
        given[x] if x in given else ctypes.c_char(x.encode()) if isinstance(x, str) else ctypes.c_int(x) for x in arguments
    ]  # fmt: skip
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(values))(blas()[name])(*[ctypes.addressof(x) for x in values])
    return int(work.value), max(integers.value, 1)


# ---- factors ------------------------------------------------------------------------------------


@writes("lu")
def _lu(writer: Any, step: Call) -> None:
    buffers = [copied(writer, step, 0), part(writer, step, 1), part(writer, step, 2)]
    n, library = buffers[0].shape[-1], Library(writer)

    def write(pointers: list[Value]) -> None:
        lu, pivots, info = pointers
        library.call("dgetrf", n, n, lu, n, pivots, info)

    each(writer.function, buffers[2].shape, buffers, (2, 1, 0), write)


@writes("lu_solve")
def _lu_solve(writer: Any, step: Call) -> None:
    (turned,) = step.expression.params.settings
    lu, pivots, _ = step.operands
    x = copied(writer, step, 0)
    *stack, k, n = x.shape
    library = Library(writer)
    info = writer.function.base(writer.scratch((), "i32"))

    def write(pointers: list[Value]) -> None:
        lu, pivots, x = pointers
        library.call("dgetrs", turned, n, k, lu, n, pivots, x, n, info)

    each(writer.function, tuple(stack), (lu, pivots, x), (2, 1, 2), write)


@writes("lu_inverse")
def _lu_inverse(writer: Any, step: Call) -> None:
    inverse, pivots = copied(writer, step, 0), step.operands[1]
    n, library = inverse.shape[-1], Library(writer)
    info = writer.function.base(writer.scratch((), "i32"))

    def write(pointers: list[Value]) -> None:
        inverse, pivots = pointers
        library.call("dgetri", n, inverse, n, pivots, WORK, SIZE, info)

    each(writer.function, inverse.shape[:-2], (inverse, pivots), (2, 1), write)


@writes("cholesky")
def _cholesky(writer: Any, step: Call) -> None:
    """U^T U = a by columns is L L^T by rows; what is above the diagonal of a row becomes 0."""
    buffers = [copied(writer, step, 0), part(writer, step, 1)]
    function: Function = writer.function
    n, kind = buffers[0].shape[-1], buffers[0].kind
    library = Library(writer)
    function.module.declare("@llvm.memset.p0.i64", "void @llvm.memset.p0.i64(ptr, i8, i64, i1)")

    def write(pointers: list[Value]) -> None:
        factor, info = pointers
        library.call("dpotrf", "U", n, factor, n, info)

        def row(k: Value, _: list[Value]) -> list[Value]:
            code = function.at(function.depth)
            place = code.emit(f"getelementptr {LLVM[kind]}, {factor.typed}, {(k * (n + 1) + 1).typed}", "ptr")
            size = (n - 1 - k) * BYTES[kind]
            code.line(f"call void @llvm.memset.p0.i64({place.typed}, i8 0, {size.typed}, i1 false)")
            return []

        if n > 1:
            function.repeat("row", (0, n - 1, 1), [], row)

    each(function, buffers[1].shape, buffers, (2, 0), write)


@writes("triangular_solve")
def _triangular_solve(writer: Any, step: Call) -> None:
    """By rows L x = b is x^T L^T = b^T by columns, where L^T is the upper triangle."""
    lower, turned, unit = step.expression.params.settings
    factor, _ = step.operands
    x = copied(writer, step, 0)
    *stack, n, k = x.shape
    library, triangle, diagonal = Library(writer), "U" if lower else "L", "U" if unit else "N"

    def write(pointers: list[Value]) -> None:
        factor, x = pointers
        if k == 1:
            library.call("dtrsv", triangle, "N" if turned else "T", diagonal, n, factor, n, x, 1)
        else:
            library.call("dtrsm", "R", triangle, "T" if turned else "N", diagonal, k, n, 1.0, factor, n, x, k)

    each(writer.function, tuple(stack), (factor, x), (2, 2), write)


@writes("tridiagonal_solve")
def _tridiagonal_solve(writer: Any, step: Call) -> None:
    buffers = [*(copied(writer, step, number) for number in range(4)), part(writer, step, 4)]
    *stack, k, n = buffers[3].shape
    library = Library(writer)

    def write(pointers: list[Value]) -> None:
        below, main, above, x, info = pointers
        library.call("dgtsv", n, k, below, main, above, x, n, info)

    each(writer.function, tuple(stack), buffers, (1, 1, 1, 2, 0), write)


# ---- QR -----------------------------------------------------------------------------------------


@writes("reflections")
def _reflections(writer: Any, step: Call) -> None:
    buffers = [copied(writer, step, 0), part(writer, step, 1)]
    *stack, n, m = buffers[0].shape
    library, info = Library(writer), writer.function.base(writer.scratch((), "i32"))

    def write(pointers: list[Value]) -> None:
        a, sizes = pointers
        library.call("dgeqrf", m, n, a, m, sizes, WORK, SIZE, info)

    each(writer.function, tuple(stack), buffers, (2, 1), write)


@writes("orthogonal")
def _orthogonal(writer: Any, step: Call) -> None:
    """The product of reflections: q, of as many columns as there is place for."""
    buffers = [copied(writer, step, 0), step.operands[1]]
    *stack, k, m = buffers[0].shape
    library, info = Library(writer), writer.function.base(writer.scratch((), "i32"))

    def write(pointers: list[Value]) -> None:
        q, sizes = pointers
        library.call("dorgqr", m, k, buffers[1].shape[-1], q, m, sizes, WORK, SIZE, info)

    each(writer.function, tuple(stack), buffers, (2, 1), write)


# ---- eigenvalues and singular values ------------------------------------------------------------


@writes("eigh")
def _eigh(writer: Any, step: Call) -> None:
    _syevd(writer, step, "V")


@writes("eigvalsh")
def _eigvalsh(writer: Any, step: Call) -> None:
    _syevd(writer, step, "N")


def _syevd(writer: Any, step: Call, vectors: str) -> None:
    (triangle,) = step.expression.params.settings
    buffers = [part(writer, step, 0), copied(writer, step, 1), part(writer, step, 2)]
    n, library = buffers[1].shape[-1], Library(writer)

    def write(pointers: list[Value]) -> None:
        w, v, info = pointers
        library.call("dsyevd", vectors, triangle, n, v, n, w, WORK, SIZE, INTEGERS, COUNT, info)

    each(writer.function, buffers[2].shape, buffers, (1, 2, 0), write)


@writes("svd")
def _svd(writer: Any, step: Call) -> None:
    (vectors,) = step.expression.params.settings
    u, s, vh, info = (part(writer, step, n) for n in (0, 1, 2, 4))
    a = copied(writer, step, 3)
    *stack, n, m = a.shape
    library = Library(writer)
    integers = writer.function.base(writer.scratch((8 * min(m, n),), "i32"))

    def write(pointers: list[Value]) -> None:
        a, u, s, vh, info = pointers
        library.call(
            "dgesdd", vectors, m, n, a, m, s, u, u_step, vh, vh_step, WORK, SIZE, integers, info
        )  # fmt: skip

    u_step, vh_step = u.shape[-1], vh.shape[-1]
    each(writer.function, tuple(stack), (a, u, s, vh, info), (2, 2, 1, 2, 0), write)
