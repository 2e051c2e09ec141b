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
from typing import Any

from bibun.compiler.native.context import address
from bibun.compiler.native.machine import machine
from bibun.compiler.native.once import once

SPIN = 4000  # turns of waiting for more work, or for the last chunk, before the thread goes to sleep

_FIELDS = ("function", "frame", "context", "local", "strip", "totals", "record", "extent", "chunk")
_TEXT = f"""
%pool = type {{
  ptr, ptr, ptr, ptr, i64, ptr, i64, i64, i64, ; the job: {", ".join(_FIELDS)}
  i64, i64, i64, i64,                          ; next row, threads at work, joined results, jobs posted so far
  i64, i64, ptr,                               ; whether a job runs, the number of workers, the lock of the last one
  ptr, ptr }}                                   ; PyThread_acquire_lock, PyThread_release_lock
%worker = type {{ ptr, ptr, i64 }}               ; the pool, the lock that wakes it, its number

define internal void @work(ptr %pool, i64 %thread) {{
entry:
  %p.extent = getelementptr %pool, ptr %pool, i64 0, i32 7
  %extent = load i64, ptr %p.extent
  %p.chunk = getelementptr %pool, ptr %pool, i64 0, i32 8
  %chunk = load i64, ptr %p.chunk
  %function = load ptr, ptr %pool
  %p.frame = getelementptr %pool, ptr %pool, i64 0, i32 1
  %frame = load ptr, ptr %p.frame
  %p.context = getelementptr %pool, ptr %pool, i64 0, i32 2
  %context = load ptr, ptr %p.context
  %p.local = getelementptr %pool, ptr %pool, i64 0, i32 3
  %locals = load ptr, ptr %p.local
  %p.strip = getelementptr %pool, ptr %pool, i64 0, i32 4
  %strip = load i64, ptr %p.strip
  %p.totals = getelementptr %pool, ptr %pool, i64 0, i32 5
  %totals = load ptr, ptr %p.totals
  %p.record = getelementptr %pool, ptr %pool, i64 0, i32 6
  %record = load i64, ptr %p.record
  %next = getelementptr %pool, ptr %pool, i64 0, i32 9
  %results = getelementptr %pool, ptr %pool, i64 0, i32 11
  %skip = mul i64 %thread, %strip
  %local = getelementptr i8, ptr %locals, i64 %skip
  br label %take
take:
  %start = atomicrmw add ptr %next, i64 %chunk seq_cst
  %more = icmp slt i64 %start, %extent
  br i1 %more, label %run, label %end
run:
  %end.full = add i64 %start, %chunk
  %short = icmp slt i64 %end.full, %extent
  %stop = select i1 %short, i64 %end.full, i64 %extent
  %number = sdiv i64 %start, %chunk
  %offset = mul i64 %number, %record
  %total = getelementptr i8, ptr %totals, i64 %offset
  %result = call i32 %function(ptr %frame, ptr %context, ptr %local, ptr %total, i64 %start, i64 %stop)
  %wide = zext i32 %result to i64
  %joined = atomicrmw or ptr %results, i64 %wide seq_cst
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
  %running = getelementptr %pool, ptr %pool, i64 0, i32 10
  %posted = getelementptr %pool, ptr %pool, i64 0, i32 12
  %p.done = getelementptr %pool, ptr %pool, i64 0, i32 15
  %done = load ptr, ptr %p.done
  %p.acquire = getelementptr %pool, ptr %pool, i64 0, i32 16
  %acquire = load ptr, ptr %p.acquire
  %p.release = getelementptr %pool, ptr %pool, i64 0, i32 17
  %release = load ptr, ptr %p.release
  br label %turn
turn:
  %seen = phi i64 [ 0, %entry ], [ %job, %turn ], [ %job, %last ]
  call void @watch(ptr %posted, i64 %seen)
  %woken = call i32 %acquire(ptr %lock, i32 1)
  %job = load atomic i64, ptr %posted acquire, align 8
  call void @work(ptr %pool, i64 %number)
  %before = atomicrmw sub ptr %running, i64 1 seq_cst
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
  %busy = getelementptr %pool, ptr %pool, i64 0, i32 13
  %asked = cmpxchg ptr %busy, i64 0, i64 1 seq_cst seq_cst
  %mine = extractvalue {{ i64, i1 }} %asked, 1
  br i1 %mine, label %post, label %serial

serial:
  %start = phi i64 [ 0, %entry ], [ 0, %ask ], [ %end.full, %serial.turn ]
  %bad = phi i32 [ 0, %entry ], [ 0, %ask ], [ %bad.next, %serial.turn ]
  %more = icmp slt i64 %start, %extent
  br i1 %more, label %serial.turn, label %serial.end
serial.turn:
  %end.full = add i64 %start, %chunk
  %short = icmp slt i64 %end.full, %extent
  %stop = select i1 %short, i64 %end.full, i64 %extent
  %number = sdiv i64 %start, %chunk
  %offset = mul i64 %number, %record
  %total = getelementptr i8, ptr %totals, i64 %offset
  %result = call i32 %function(ptr %frame, ptr %context, ptr %local, ptr %total, i64 %start, i64 %stop)
  %bad.next = or i32 %bad, %result
  br label %serial
serial.end:
  ret i32 %bad

post:
  store ptr %function, ptr %pool
  %p.frame = getelementptr %pool, ptr %pool, i64 0, i32 1
  store ptr %frame, ptr %p.frame
  %p.context = getelementptr %pool, ptr %pool, i64 0, i32 2
  store ptr %context, ptr %p.context
  %p.local = getelementptr %pool, ptr %pool, i64 0, i32 3
  store ptr %local, ptr %p.local
  %p.strip = getelementptr %pool, ptr %pool, i64 0, i32 4
  store i64 %strip, ptr %p.strip
  %p.totals = getelementptr %pool, ptr %pool, i64 0, i32 5
  store ptr %totals, ptr %p.totals
  %p.record = getelementptr %pool, ptr %pool, i64 0, i32 6
  store i64 %record, ptr %p.record
  %p.extent = getelementptr %pool, ptr %pool, i64 0, i32 7
  store i64 %extent, ptr %p.extent
  %p.chunk = getelementptr %pool, ptr %pool, i64 0, i32 8
  store i64 %chunk, ptr %p.chunk
  %next = getelementptr %pool, ptr %pool, i64 0, i32 9
  store i64 0, ptr %next
  %results = getelementptr %pool, ptr %pool, i64 0, i32 11
  store i64 0, ptr %results
  %p.workers = getelementptr %pool, ptr %pool, i64 0, i32 14
  %workers = load i64, ptr %p.workers
  %rounded = add i64 %extent, %chunk
  %rounded.1 = sub i64 %rounded, 1
  %chunks = sdiv i64 %rounded.1, %chunk
  %c.1 = sub i64 %chunks, 1
  %t.1 = sub i64 %threads, 1
  %m.1 = call i64 @llvm.smin.i64(i64 %c.1, i64 %t.1)
  %helpers = call i64 @llvm.smin.i64(i64 %m.1, i64 %workers)
  %running = getelementptr %pool, ptr %pool, i64 0, i32 10
  store atomic i64 %helpers, ptr %running seq_cst, align 8
  %posted = getelementptr %pool, ptr %pool, i64 0, i32 12
  %job = atomicrmw add ptr %posted, i64 1 seq_cst
  %p.release = getelementptr %pool, ptr %pool, i64 0, i32 17
  %release = load ptr, ptr %p.release
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
  %left = load atomic i64, ptr %running acquire, align 8
  %some = icmp ne i64 %left, 0
  %n.next = add i64 %n, 1
  %again = icmp slt i64 %n.next, {SPIN}
  %go = and i1 %some, %again
  br i1 %go, label %spin, label %wait
wait:
  %p.done = getelementptr %pool, ptr %pool, i64 0, i32 15
  %done = load ptr, ptr %p.done
  %p.acquire = getelementptr %pool, ptr %pool, i64 0, i32 16
  %acquire = load ptr, ptr %p.acquire
  %woken = call i32 %acquire(ptr %done, i32 1)
  %joined = load atomic i64, ptr %results seq_cst, align 8
  store atomic i64 0, ptr %busy seq_cst, align 8
  %returned = trunc i64 %joined to i32
  ret i32 %returned
}}

declare i64 @llvm.smin.i64(i64, i64)
"""


class _Pool(ctypes.Structure):
    _fields_ = (
        ("job", ctypes.c_uint64 * 9), ("next", ctypes.c_int64), ("running", ctypes.c_int64), ("results", ctypes.c_int64),
        ("posted", ctypes.c_int64), ("busy", ctypes.c_int64), ("workers", ctypes.c_int64), ("done", ctypes.c_void_p),
        ("acquire", ctypes.c_void_p), ("release", ctypes.c_void_p),
    )  # fmt: skip


class _Worker(ctypes.Structure):
    _fields_ = (("pool", ctypes.c_void_p), ("lock", ctypes.c_void_p), ("number", ctypes.c_int64))


def cores() -> int:
    """How many threads may run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pool:
    """The threads of this process. `share`: the address of the function above; `place`: of a pointer to the pool."""

    def __init__(self) -> None:
        self._code = machine().load(machine().object_of(_TEXT), ["share", "worker"])
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
