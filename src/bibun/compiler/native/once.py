"""Things of which a process has one: made when they are first asked for, once, also where several threads ask.

The lock is that of all that machine code shares: LLVM's context, the threads, what is made here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any, TypeVar

T = TypeVar("T")

lock = RLock()
_held: list[Any] = [lock]  # while the process forks, in this order


def held_at_fork(other: Any) -> None:
    """Another lock, of a library; threads that have both take it after ours."""
    with lock:
        _held.append(other)


def _hold() -> None:
    """Wait for who is at work: in the child that thread is gone, and what it was making would stay half made."""
    for each in _held:
        each.__enter__()


def _let_go() -> None:
    for each in reversed(_held):
        each.__exit__(None, None, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go)


def once(make: Callable[[], T]) -> Callable[[], T]:
    """What `make` returns the first time; where it raises, the next call tries again.

    functools.lru_cache would make two where two threads ask, and forget one of them: its code would go while it runs.
    """
    made: list[T] = []

    @wraps(make)
    def get() -> T:
        if not made:
            with lock:
                if not made:
                    made.append(make())
        return made[0]

    return get
