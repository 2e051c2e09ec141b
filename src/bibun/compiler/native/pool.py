"""The threads that share the chunks of a stage. They never touch Python; the interpreter's lock is not needed for them.

A job is a function and a number of chunks. Whoever posts it works on it too; each takes the next chunk that nobody has
taken. One job runs at a time: a second one, from another thread of the user's, is done by that thread alone. Which thread
does a chunk changes nothing in its result.

    i32 share(ptr pool, ptr function, ptr frame, ptr context, ptr local, i64 strip, ptr totals, i64 record,
              i64 extent, i64 chunk, i64 threads)

runs function(frame, context, local + thread * strip, totals + c * record, start, stop) for each chunk c, and returns the
results joined by "or". `pool` may be null.
"""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Any

from bibun.compiler.native.context import address
from bibun.compiler.native.machine import cores, machine
from bibun.compiler.native.once import once

# Turns of waiting for more work, or for the last chunk, before a thread goes to sleep. With the processor's word for waiting a
# turn takes 10 to 140 cycles, and all of them as long as it takes to wake a thread; there is most often more work before that.
SPIN = 6000
_X86, _ARM = "call void @llvm.x86.sse2.pause()", "call void @llvm.aarch64.hint(i32 1)"
_WAIT = {"x86_64": _X86, "AMD64": _X86, "aarch64": _ARM, "arm64": _ARM}.get(platform.machine(), "")

_JOB = ("function", "frame", "context", "local", "strip", "totals", "record", "extent", "chunk")
_FIELDS = {  # of the pool, in order, and LLVM's type of each
    **{name: "i64" if name in ("strip", "record", "extent", "chunk") else "ptr" for name in _JOB},
    "next": "i64", "running": "i64", "results": "i64", "posted": "i64", "busy": "i64", "workers": "i64",
    "done": "ptr", "acquire": "ptr", "release": "ptr",
}  # fmt: skip


def _place(name: str) -> str:
    """%p.name is where the pool keeps a field."""
    return f"  %p.{name} = getelementptr %pool, ptr %pool, i64 0, i32 {list(_FIELDS).index(name)}"


def _load(*names: str) -> str:
    """%name is what it holds there."""
    return "\n".join(f"{_place(name)}\n  %{name} = load {_FIELDS[name]}, ptr %p.{name}" for name in names)


def _store(*names: str) -> str:
    return "\n".join(f"{_place(name)}\n  store {_FIELDS[name]} %{name}, ptr %p.{name}" for name in names)


_TEXT = f"""
; next: the next row; running: threads at work; results: joined; posted: jobs so far; busy: whether a job runs;
; workers: how many there are; done: the lock of the last one; acquire, release: of a lock, Python's
%pool = type {{ {", ".join(_FIELDS.values())} }}
%worker = type {{ ptr, ptr, i64 }}               ; the pool, the lock that wakes it, its number

; One chunk, which begins with a row.
define internal i32 @chunk(ptr %function, ptr %frame, ptr %context, ptr %local, ptr %totals, i64 %record, i64 %extent,
                           i64 %chunk, i64 %start) {{
  %end = add i64 %start, %chunk
  %short = icmp slt i64 %end, %extent
  %stop = select i1 %short, i64 %end, i64 %extent
  %number = sdiv i64 %start, %chunk
  %offset = mul i64 %number, %record
  %total = getelementptr i8, ptr %totals, i64 %offset
  %result = call i32 %function(ptr %frame, ptr %context, ptr %local, ptr %total, i64 %start, i64 %stop)
  ret i32 %result
}}

define internal void @work(ptr %pool, i64 %thread) {{
entry:
{_load(*_JOB)}
{_place("next")}
{_place("results")}
  %skip = mul i64 %thread, %strip
  %mine = getelementptr i8, ptr %local, i64 %skip
  br label %take
take:
  %start = atomicrmw add ptr %p.next, i64 %chunk seq_cst
  %more = icmp slt i64 %start, %extent
  br i1 %more, label %run, label %end
run:
  %result = call i32 @chunk(ptr %function, ptr %frame, ptr %context, ptr %mine, ptr %totals, i64 %record, i64 %extent,
                            i64 %chunk, i64 %start)
  %wide = zext i32 %result to i64
  %joined = atomicrmw or ptr %p.results, i64 %wide seq_cst
  br label %take
end:
  ret void
}}

; Wait for a place in memory to change, for a while.
define internal void @watch(ptr %place, i64 %value) {{
entry:
  br label %turn
turn:
  %n = phi i64 [ 0, %entry ], [ %n.next, %turn ]
  {_WAIT}
  %now = load atomic i64, ptr %place acquire, align 8
  %same = icmp eq i64 %now, %value
  %n.next = add i64 %n, 1
  %again = icmp slt i64 %n.next, {SPIN}
  %go = and i1 %same, %again
  br i1 %go, label %turn, label %end
end:
  ret void
}}

define void @worker(ptr %self) {{
entry:
  %pool = load ptr, ptr %self
  %p.lock = getelementptr %worker, ptr %self, i64 0, i32 1
  %lock = load ptr, ptr %p.lock
  %p.number = getelementptr %worker, ptr %self, i64 0, i32 2
  %number = load i64, ptr %p.number
{_place("running")}
{_place("posted")}
{_load("done", "acquire", "release")}
  br label %turn
turn:
  %seen = phi i64 [ 0, %entry ], [ %job, %turn ], [ %job, %last ]
  call void @watch(ptr %p.posted, i64 %seen)
  %woken = call i32 %acquire(ptr %lock, i32 1)
  %job = load atomic i64, ptr %p.posted acquire, align 8
  call void @work(ptr %pool, i64 %number)
  %before = atomicrmw sub ptr %p.running, i64 1 seq_cst
  %is.last = icmp eq i64 %before, 1
  br i1 %is.last, label %last, label %turn
last:
  call void %release(ptr %done)
  br label %turn
}}

define i32 @share(ptr %pool, ptr %function, ptr %frame, ptr %context, ptr %local, i64 %strip, ptr %totals, i64 %record,
                  i64 %extent, i64 %chunk, i64 %threads) {{
entry:
  %none = icmp eq ptr %pool, null
  %alone = icmp slt i64 %threads, 2
  %few = icmp sle i64 %extent, %chunk
  %serial.1 = or i1 %none, %alone
  %serial.2 = or i1 %serial.1, %few
  br i1 %serial.2, label %serial, label %ask
ask:
{_place("busy")}
  %asked = cmpxchg ptr %p.busy, i64 0, i64 1 seq_cst seq_cst
  %mine = extractvalue {{ i64, i1 }} %asked, 1
  br i1 %mine, label %post, label %serial

serial:
  %start = phi i64 [ 0, %entry ], [ 0, %ask ], [ %following, %serial.turn ]
  %bad = phi i32 [ 0, %entry ], [ 0, %ask ], [ %bad.next, %serial.turn ]
  %more = icmp slt i64 %start, %extent
  br i1 %more, label %serial.turn, label %serial.end
serial.turn:
  %following = add i64 %start, %chunk
  %result = call i32 @chunk(ptr %function, ptr %frame, ptr %context, ptr %local, ptr %totals, i64 %record, i64 %extent,
                            i64 %chunk, i64 %start)
  %bad.next = or i32 %bad, %result
  br label %serial
serial.end:
  ret i32 %bad

post:
{_store(*_JOB)}
{_place("next")}
  store i64 0, ptr %p.next
{_place("results")}
  store i64 0, ptr %p.results
{_load("workers")}
  %rounded = add i64 %extent, %chunk
  %rounded.1 = sub i64 %rounded, 1
  %chunks = sdiv i64 %rounded.1, %chunk
  %c.1 = sub i64 %chunks, 1
  %t.1 = sub i64 %threads, 1
  %m.1 = call i64 @llvm.smin.i64(i64 %c.1, i64 %t.1)
  %helpers = call i64 @llvm.smin.i64(i64 %m.1, i64 %workers)
{_place("running")}
  store atomic i64 %helpers, ptr %p.running seq_cst, align 8
{_place("posted")}
  %job = atomicrmw add ptr %p.posted, i64 1 seq_cst
{_load("release")}
  %p.workers.first = getelementptr %pool, ptr %pool, i64 1
  br label %wake
wake:
  %w = phi i64 [ 0, %post ], [ %w.next, %wake ]
  %p.lock = getelementptr %worker, ptr %p.workers.first, i64 %w, i32 1
  %lock = load ptr, ptr %p.lock
  call void %release(ptr %lock)
  %w.next = add i64 %w, 1
  %wake.more = icmp slt i64 %w.next, %helpers
  br i1 %wake.more, label %wake, label %together
together:
  call void @work(ptr %pool, i64 0)
  br label %spin
spin:
  %n = phi i64 [ 0, %together ], [ %n.next, %spin ]
  {_WAIT}
  %left = load atomic i64, ptr %p.running acquire, align 8
  %some = icmp ne i64 %left, 0
  %n.next = add i64 %n, 1
  %again = icmp slt i64 %n.next, {SPIN}
  %go = and i1 %some, %again
  br i1 %go, label %spin, label %wait
wait:
{_load("done", "acquire")}
  %woken = call i32 %acquire(ptr %done, i32 1)
  %joined = load atomic i64, ptr %p.results seq_cst, align 8
  store atomic i64 0, ptr %p.busy seq_cst, align 8
  %returned = trunc i64 %joined to i32
  ret i32 %returned
}}

declare i64 @llvm.smin.i64(i64, i64)
{_WAIT.replace("call", "declare").replace("i32 1", "i32")}
"""


class _Pool(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_void_p if kind == "ptr" else ctypes.c_int64) for name, kind in _FIELDS.items())


class _Worker(ctypes.Structure):
    _fields_ = (("pool", ctypes.c_void_p), ("lock", ctypes.c_void_p), ("number", ctypes.c_int64))


class Pool:
    """The threads of this process. `share`: the address of the function above; `place`: of a pointer to the pool."""

    def __init__(self) -> None:
        self._code = machine().load([machine().object_of(_TEXT)], ["share", "worker"])
        self.share = self._code.addresses["share"]
        self._cell = ctypes.c_void_p(None)
        self.place = ctypes.addressof(self._cell)
        self._kept: list[Any] = []
        self.start()
        os.register_at_fork(after_in_child=self.start)

    def start(self) -> None:
        """Start the threads: a fork has none of them, and none of its own where it may use one core only."""
        self._cell.value = None
        count = cores() - 1
        if not count:
            return
        api = ctypes.pythonapi
        allocate: Any = api.PyThread_allocate_lock
        allocate.restype = ctypes.c_void_p
        acquire: Any = api.PyThread_acquire_lock
        acquire.argtypes = [ctypes.c_void_p, ctypes.c_int]
        begin: Any = api.PyThread_start_new_thread
        begin.restype, begin.argtypes = ctypes.c_ulong, [ctypes.c_void_p, ctypes.c_void_p]

        def lock() -> int:
            made: int = allocate()
            acquire(made, 1)
            return made

        memory = (ctypes.c_uint64 * ((ctypes.sizeof(_Pool) + count * ctypes.sizeof(_Worker)) // 8))()
        start = ctypes.addressof(memory)
        pool = _Pool.from_address(start)
        pool.done, pool.acquire, pool.release = lock(), address(acquire), address(api.PyThread_release_lock)
        workers = (_Worker * count).from_address(start + ctypes.sizeof(_Pool))
        for number, worker in enumerate(workers):
            worker.pool, worker.lock, worker.number = start, lock(), number + 1
            begin(self._code.addresses["worker"], ctypes.addressof(worker))
        pool.workers = count
        self._kept.append(memory)  # for good: the threads use it
        self._cell.value = start


@once
def pool() -> Pool:
    """The one of this process, started when the first program asks for it."""
    return Pool()
