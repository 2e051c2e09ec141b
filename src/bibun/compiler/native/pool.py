"""The threads that share the chunks of a stage. They never touch Python; the interpreter's lock is not needed for them.

A job is a function and a number of chunks. Whoever posts it works on it too; each takes the next chunk that nobody has
taken. One job runs at a time: a second one, from another thread of the user's, is done by that thread alone. Which thread
does a chunk changes nothing in its result.

    i32 share(ptr pool, ptr function, ptr frame, ptr context, ptr local, i64 strip, ptr totals, i64 record,
              i64 extent, i64 chunk, i64 threads, i64 work)

runs function(frame, context, local + thread * strip, totals + c * record, start, stop) for each chunk c, and returns the
results joined by "or". `pool` may be null. `work`: about how many additions all of it takes.

**A helper that comes late.** The caller waits for chunks that are taken, never for threads: another process may have the core
of a helper for milliseconds. So a helper may look at a job that is over, or half written by the next caller, and must see that.
All of it hangs on one word, the ticket: the number of the job above, and below how many chunks are left. A helper

    reads the ticket;  reads the job;  fence;  takes a chunk: ticket - 1, if the ticket is still what it was,

and the next caller, who has seen that nothing is left of the job before,

    fence;  writes the job;  ticket: the next number, all chunks.

Who reads a ticket reads at least what was written before it (release, acquire). Who reads a word of a later job than its
ticket's is, by the two fences, behind the taking of the last chunk: the ticket has changed, it never comes back, and the
chunk is not taken. So whoever has a chunk has the job that it belongs to, and until it counts the chunk as finished, the caller
waits, and nobody writes another job. After that it touches nothing of the job.

**Sleep.** A helper says that it sleeps, then looks at the ticket again; a caller writes the ticket, then looks who sleeps
(each in one order for all, seq_cst). So one of them sees the other. Who turns `asleep` from 1 to 0 decides: the caller
releases the lock that the helper waits for, once, or the helper does not wait. The caller itself sleeps on `done`: it takes
all chunks off those finished, and who brings a number that is below zero back to it is the last one.
"""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Any

from bibun.compiler.native.context import address
from bibun.compiler.native.machine import cores, machine
from bibun.compiler.native.once import once

# Waking a thread takes the caller 4 us where it runs at once, and 8 to 15 where its core has slept for milliseconds. So
WAKE = 1_600_000  # additions, 20 to 60 us, are worth a helper more; smaller jobs are for those that are awake.
# If nobody comes in time, or who comes does all of it (on the caller's own core, most often: it had to wait), the cores are busy
# with other things: the next wake waits until as much work has passed again, then
PATIENCE = 50_000_000  # twice as much, up to so many additions, about 1 ms.
# A thread waits for more work, or for the last chunk, about 40 us before it goes to sleep. With the processor's word for
# waiting a turn takes 10 to 140 cycles. After some rounds of these it lets others have the core in between: it may be the one of
# whom it waits for; not at once, since who gets it may keep it for milliseconds.
TURNS = 32
ALONE = 12
ROUNDS = 32
_X86, _ARM = "call void @llvm.x86.sse2.pause()", "call void @llvm.aarch64.hint(i32 1)"
_WAIT = {"x86_64": _X86, "AMD64": _X86, "aarch64": _ARM, "arm64": _ARM}.get(platform.machine(), "")
_LEFT = 24  # bits of the ticket: chunks are a few hundred at most; jobs have the others, more than a month of them

_JOB = ("function", "frame", "context", "local", "strip", "totals", "record", "extent", "chunk", "chunks", "threads")
_POINTERS = ("function", "frame", "context", "local", "totals", "done", "acquire", "release", "give")
_OWN = ("ticket", "results", "finished", "busy", "rest", "patience", "workers", "done", "acquire", "release", "give")
# Of the pool, and LLVM's type of each
_FIELDS = {name: "ptr" if name in _POINTERS else "i64" for name in (*_JOB, *_OWN)}


def _place(name: str) -> str:
    """%p.name is where the pool keeps a field."""
    return f"  %p.{name} = getelementptr %pool, ptr %pool, i64 0, i32 {list(_FIELDS).index(name)}"


def _load(*names: str) -> str:
    """%name is what it holds there."""
    line = "%{0} = load atomic {1}, ptr %p.{0} monotonic, align 8"
    return "\n".join(f"{_place(name)}\n  {line.format(name, _FIELDS[name])}" for name in names)


def _store(*names: str) -> str:
    line = "store atomic {1} %{0}, ptr %p.{0} monotonic, align 8"
    return "\n".join(f"{_place(name)}\n  {line.format(name, _FIELDS[name])}" for name in names)


_TEXT = f"""
; the job; ticket: its number, and how many chunks are left; results: joined; finished: chunks; busy: whether a job runs;
; rest, patience: additions until the next wake, and as many as last time; workers: how many there are; done: the lock of
; the caller; acquire, release: of a lock, Python's; give: the core to others, the system's
%pool = type {{ {", ".join(_FIELDS.values())} }}
%worker = type {{ ptr, ptr, i64, i64 }}               ; the pool, the lock that wakes it, its number, whether it sleeps

; Take chunks while there are any for this thread: the last ticket that it saw, and how many it took.
define internal {{ i64, i64 }} @work(ptr %pool, i64 %thread) {{
entry:
{_place("ticket")}
{_place("results")}
{_place("finished")}
  br label %look
look:
  %taken = phi i64 [ 0, %entry ], [ %taken, %try ], [ %taken.next, %count ], [ %taken.next, %last ]
  %ticket = load atomic i64, ptr %p.ticket acquire, align 8
  %left = and i64 %ticket, {(1 << _LEFT) - 1}
  %some = icmp ne i64 %left, 0
  br i1 %some, label %read, label %end
read:
{_load(*_JOB)}
  fence acquire
  %welcome = icmp slt i64 %thread, %threads
  br i1 %welcome, label %try, label %end
try:
  %less = sub i64 %ticket, 1
  %got = cmpxchg ptr %p.ticket, i64 %ticket, i64 %less seq_cst seq_cst
  %mine = extractvalue {{ i64, i1 }} %got, 1
  br i1 %mine, label %run, label %look
run:
  %number = sub i64 %chunks, %left
  %skip = mul i64 %thread, %strip
  %memory = getelementptr i8, ptr %local, i64 %skip
  %result = call i32 @chunk(ptr %function, ptr %frame, ptr %context, ptr %memory, ptr %totals, i64 %record, i64 %extent,
                            i64 %chunk, i64 %number)
  %wide = zext i32 %result to i64
  %joined = atomicrmw or ptr %p.results, i64 %wide seq_cst
  br label %count
count:
  %taken.next = add i64 %taken, 1
  %before = atomicrmw add ptr %p.finished, i64 1 seq_cst
  %is.last = icmp eq i64 %before, -1
  br i1 %is.last, label %last, label %look
last:
{_load("done", "release")}
  call void %release(ptr %done)
  br label %look
end:
  %seen = insertvalue {{ i64, i64 }} undef, i64 %ticket, 0
  %both = insertvalue {{ i64, i64 }} %seen, i64 %taken, 1
  ret {{ i64, i64 }} %both
}}

define internal i32 @chunk(ptr %function, ptr %frame, ptr %context, ptr %local, ptr %totals, i64 %record, i64 %extent,
                           i64 %chunk, i64 %number) {{
  %start = mul i64 %number, %chunk
  %end = add i64 %start, %chunk
  %short = icmp slt i64 %end, %extent
  %stop = select i1 %short, i64 %end, i64 %extent
  %offset = mul i64 %number, %record
  %total = getelementptr i8, ptr %totals, i64 %offset
  %result = call i32 %function(ptr %frame, ptr %context, ptr %local, ptr %total, i64 %start, i64 %stop)
  ret i32 %result
}}

; Wait, for a while, until whether a place in memory holds a value is as wanted.
define internal void @watch(ptr %pool, ptr %place, i64 %value, i1 %wanted) {{
entry:
{_load("give")}
  br label %round
round:
  %r = phi i64 [ 0, %entry ], [ %r.next, %others ], [ %r.next, %yield ]
  br label %turn
turn:
  %n = phi i64 [ 0, %round ], [ %n.next, %more ]
  %now = load atomic i64, ptr %place acquire, align 8
  %holds = icmp eq i64 %now, %value
  %over = icmp eq i1 %holds, %wanted
  br i1 %over, label %end, label %more
more:
  {_WAIT}
  %n.next = add i64 %n, 1
  %again = icmp slt i64 %n.next, {TURNS}
  br i1 %again, label %turn, label %others
others:
  %r.next = add i64 %r, 1
  %soon = icmp slt i64 %r, {ALONE}
  br i1 %soon, label %round, label %yield
yield:
  %given = call i32 %give()
  %once.more = icmp slt i64 %r.next, {ROUNDS}
  br i1 %once.more, label %round, label %end
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
  %p.asleep = getelementptr %worker, ptr %self, i64 0, i32 3
{_place("ticket")}
{_load("acquire")}
  br label %turn
turn:
  %both = call {{ i64, i64 }} @work(ptr %pool, i64 %number)
  %seen = extractvalue {{ i64, i64 }} %both, 0
  %taken = extractvalue {{ i64, i64 }} %both, 1
  %useful = icmp ne i64 %taken, 0
  br i1 %useful, label %stay, label %sleep
stay: ; where there was work there is most often more
  call void @watch(ptr %pool, ptr %p.ticket, i64 %seen, i1 false)
  %now = load atomic i64, ptr %p.ticket acquire, align 8
  %same = icmp eq i64 %now, %seen
  br i1 %same, label %sleep, label %turn
sleep:
  %awake = atomicrmw xchg ptr %p.asleep, i64 1 seq_cst
  %ticket = load atomic i64, ptr %p.ticket seq_cst, align 8
  %job = lshr i64 %ticket, {_LEFT}
  %job.seen = lshr i64 %seen, {_LEFT}
  %new = icmp ne i64 %job, %job.seen
  br i1 %new, label %rise, label %lie
rise:
  %asleep = atomicrmw xchg ptr %p.asleep, i64 0 seq_cst
  %called = icmp eq i64 %asleep, 0
  br i1 %called, label %lie, label %turn
lie:
  %woken = call i32 %acquire(ptr %lock, i32 1)
  br label %turn
}}

define i32 @share(ptr %pool, ptr %function, ptr %frame, ptr %context, ptr %local, i64 %strip, ptr %totals, i64 %record,
                  i64 %extent, i64 %chunk, i64 %threads, i64 %work) {{
entry:
  %none = icmp eq ptr %pool, null
  %alone = icmp slt i64 %threads, 2
  %rounded = add i64 %extent, %chunk
  %rounded.1 = sub i64 %rounded, 1
  %chunks = sdiv i64 %rounded.1, %chunk
  %few = icmp slt i64 %chunks, 2
  %serial.1 = or i1 %none, %alone
  %serial.2 = or i1 %serial.1, %few
  br i1 %serial.2, label %serial, label %ask
ask:
{_place("busy")}
  %asked = cmpxchg ptr %p.busy, i64 0, i64 1 seq_cst seq_cst
  %mine = extractvalue {{ i64, i1 }} %asked, 1
  br i1 %mine, label %post, label %serial

serial:
  %number = phi i64 [ 0, %entry ], [ 0, %ask ], [ %following, %serial.turn ]
  %bad = phi i32 [ 0, %entry ], [ 0, %ask ], [ %bad.next, %serial.turn ]
  %more = icmp slt i64 %number, %chunks
  br i1 %more, label %serial.turn, label %serial.end
serial.turn:
  %following = add i64 %number, 1
  %result = call i32 @chunk(ptr %function, ptr %frame, ptr %context, ptr %local, ptr %totals, i64 %record, i64 %extent,
                            i64 %chunk, i64 %number)
  %bad.next = or i32 %bad, %result
  br label %serial
serial.end:
  ret i32 %bad

post:
{_load("workers", "rest", "patience")}
  fence release
{_store(*_JOB)}
{_place("results")}
  store atomic i64 0, ptr %p.results monotonic, align 8
{_place("finished")}
{_place("ticket")}
  %before = load atomic i64, ptr %p.ticket monotonic, align 8
  %job = add i64 %before, {1 << _LEFT}
  %ticket = or i64 %job, %chunks
  %replaced = atomicrmw xchg ptr %p.ticket, i64 %ticket seq_cst
  %worth = sdiv i64 %work, {WAKE}
  %c.1 = sub i64 %chunks, 1
  %t.1 = sub i64 %threads, 1
  %m.1 = call i64 @llvm.smin.i64(i64 %c.1, i64 %t.1)
  %m.2 = call i64 @llvm.smin.i64(i64 %m.1, i64 %workers)
  %helpers = call i64 @llvm.smin.i64(i64 %m.2, i64 %worth)
  %small = icmp slt i64 %helpers, 1
  br i1 %small, label %together, label %ripe
ripe:
  %rest.next = sub i64 %rest, %work
  store i64 %rest.next, ptr %p.rest
  %early = icmp sgt i64 %rest.next, 0
  br i1 %early, label %together, label %wake
wake:
  %w = phi i64 [ 0, %ripe ], [ %w.next, %awake ]
  %woken = phi i64 [ 0, %ripe ], [ %woken.next, %awake ]
  %workers.first = getelementptr %pool, ptr %pool, i64 1
  %p.asleep = getelementptr %worker, ptr %workers.first, i64 %w, i32 3
  %asleep = atomicrmw xchg ptr %p.asleep, i64 0 seq_cst
  %woken.next = add i64 %woken, %asleep
  %sleeps = icmp ne i64 %asleep, 0
  br i1 %sleeps, label %rouse, label %awake
rouse:
{_load("release")}
  %p.lock = getelementptr %worker, ptr %workers.first, i64 %w, i32 1
  %lock = load ptr, ptr %p.lock
  call void %release(ptr %lock)
  br label %awake
awake:
  %w.next = add i64 %w, 1
  %wake.more = icmp slt i64 %w.next, %helpers
  br i1 %wake.more, label %wake, label %together
together:
  %called = phi i64 [ 0, %post ], [ 0, %ripe ], [ %woken.next, %awake ]
  %both = call {{ i64, i64 }} @work(ptr %pool, i64 0)
  %taken = extractvalue {{ i64, i64 }} %both, 1
  %mine.some = icmp ne i64 %taken, 0
  %mine.not.all = icmp ne i64 %taken, %chunks
  %shared = and i1 %mine.some, %mine.not.all
  br i1 %shared, label %aided, label %unaided
aided:
  store i64 0, ptr %p.patience
  store i64 0, ptr %p.rest
  br label %over
unaided:
  %in.vain = icmp ne i64 %called, 0
  br i1 %in.vain, label %learn, label %over
learn:
  %twice = add i64 %patience, %patience
  %longer = call i64 @llvm.smax.i64(i64 %twice, i64 %work)
  %patience.next = call i64 @llvm.smin.i64(i64 %longer, i64 {PATIENCE})
  store i64 %patience.next, ptr %p.patience
  store i64 %patience.next, ptr %p.rest
  br label %over
over:
  call void @watch(ptr %pool, ptr %p.finished, i64 %chunks, i1 true)
  %finished = atomicrmw sub ptr %p.finished, i64 %chunks seq_cst
  %complete = icmp eq i64 %finished, %chunks
  br i1 %complete, label %end, label %wait
wait:
{_load("done", "acquire")}
  %done.now = call i32 %acquire(ptr %done, i32 1)
  br label %end
end:
  %joined = load atomic i64, ptr %p.results seq_cst, align 8
  store atomic i64 0, ptr %p.busy seq_cst, align 8
  %returned = trunc i64 %joined to i32
  ret i32 %returned
}}

declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
{_WAIT.replace("call", "declare").replace("i32 1", "i32")}
"""


class _Pool(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_void_p if kind == "ptr" else ctypes.c_int64) for name, kind in _FIELDS.items())


class _Worker(ctypes.Structure):
    _fields_ = (
        ("pool", ctypes.c_void_p),
        ("lock", ctypes.c_void_p),
        ("number", ctypes.c_int64),
        ("asleep", ctypes.c_int64),
    )


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
        pool.give = address(ctypes.CDLL(None).sched_yield)
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
