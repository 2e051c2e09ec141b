"""What one core of this machine can do: floating-point operations a second, and bytes a second, measured.

Operations: independent chains of fused multiply-adds in registers. Bytes: y = a x over arrays that together take as much
memory as the program does, so that what fits into a cache is compared with that cache.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from bibun.compiler.native.machine import Loaded, machine
from bibun.compiler.native.module import Module
from bibun.compiler.native.once import once

CHAINS = 12  # of multiply-adds: more than their latency times their throughput, and fewer than registers
TURNS = 40_000  # of a run: 0.1 ms
RUNS = 5
SMALLEST, LARGEST = 1 << 15, 1 << 26  # bytes of both arrays


@once
def flops() -> float:
    """A second, in float64."""
    lanes = machine().width // 8
    out = np.empty(lanes)
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(_kernels().addresses["bibun_flops"])
    seconds = _best(lambda: run(out.ctypes.data, TURNS))
    return 2 * CHAINS * lanes * TURNS / seconds


def bandwidth(size: int) -> float:
    """Bytes a second, read and written, by a program that touches `size` bytes."""
    return _bandwidth(min(max(1 << max(size - 1, 1).bit_length(), SMALLEST), LARGEST))


@lru_cache
def _bandwidth(size: int) -> float:
    count = size // 16
    x, y = np.ones(count), np.ones(count)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    run = kind(_kernels().addresses["bibun_copy"])
    repeats = max(1, (1 << 24) // size)  # 16 MB in one run: a call of a kernel takes about 1 µs by itself
    return size * repeats / _best(lambda: run(x.ctypes.data, y.ctypes.data, count, repeats))


def _best(run: Callable[[], None]) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


@once
def _kernels() -> Loaded:
    text = f"{_flops_text()}\n{_copy_text()}\n"
    return machine().load([machine().object_of(text)], ["bibun_flops", "bibun_copy"])


def _flops_text() -> str:
    """x = x m + a, x near 1, in each of the chains."""
    kind = f"<{machine().width // 8} x double>"
    one, scale, shift = (_splat(v) for v in (1.0, 0.5, 0.5))
    phis = "\n".join(f"  %x{k} = phi {kind} [ {one}, %entry ], [ %y{k}, %loop ]" for k in range(CHAINS))
    steps = "\n".join(
        f"  %y{k} = call {kind} @llvm.fmuladd.{_suffix()}({kind} %x{k}, {kind} {scale}, {kind} {shift})"
        for k in range(CHAINS)
    )
    sums = "\n".join(f"  %s{k + 1} = fadd {kind} %s{k}, %y{k + 1}" for k in range(CHAINS - 1))
    return f"""
declare {kind} @llvm.fmuladd.{_suffix()}({kind}, {kind}, {kind})
define void @bibun_flops(ptr %out, i64 %n) {Module(8 * machine().width).attributes} {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
{phis}
{steps}
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  %s0 = fadd {kind} %y0, {_splat(0.0)}
{sums}
  store {kind} %s{CHAINS - 1}, ptr %out, align 8
  ret void
}}"""


def _copy_text() -> str:
    """y[i] = 2 x[i], four registers a turn, again and again; n is a multiple of their lanes."""
    lanes = machine().width // 8
    kind = f"<{lanes} x double>"
    lines = []
    for k in range(4):
        lines += [
            f"  %j{k} = add i64 %i, {k * lanes}",
            f"  %p{k} = getelementptr double, ptr %x, i64 %j{k}",
            f"  %q{k} = getelementptr double, ptr %y, i64 %j{k}",
            f"  %a{k} = load {kind}, ptr %p{k}, align 8",
            f"  %b{k} = fmul {kind} %a{k}, {_splat(2.0)}",
            f"  store {kind} %b{k}, ptr %q{k}, align 8",
        ]
    body = "\n".join(lines)
    return f"""
define void @bibun_copy(ptr noalias %x, ptr noalias %y, i64 %n, i64 %repeats) {Module(8 * machine().width).attributes} {{
entry:
  br label %again
again:
  %r = phi i64 [ 0, %entry ], [ %following, %done ]
  br label %loop
loop:
  %i = phi i64 [ 0, %again ], [ %next, %loop ]
{body}
  %next = add i64 %i, {4 * lanes}
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  %following = add i64 %r, 1
  %rest = icmp slt i64 %following, %repeats
  br i1 %rest, label %again, label %end
end:
  ret void
}}"""


def _splat(value: float) -> str:
    return f"<{', '.join([f'double {value:e}'] * (machine().width // 8))}>"


def _suffix() -> str:
    return f"v{machine().width // 8}f64"
