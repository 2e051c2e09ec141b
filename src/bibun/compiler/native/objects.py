"""The modules of a program become machine code, those that are written while the next ones still are."""

from __future__ import annotations

from contextlib import ExitStack
from queue import SimpleQueue
from threading import Thread

from bibun.compiler.native.machine import cores, machine
from bibun.compiler.native.once import lock


class Objects:
    """A context. From its first module to its end no other program becomes machine code, and the process does not fork.

    (An executor of concurrent.futures has a lock that a fork takes before it waits for ours.)
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._workers: list[Thread] = []
        self._texts: SimpleQueue[tuple[int, str] | None] = SimpleQueue()  # None: there are no more
        self._count = 0
        self._codes: dict[int, bytes] = {}
        self._error: BaseException | None = None

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._error = self._error or error  # the modules that wait are not needed
        self._open.close()

    def add(self, text: str) -> None:
        """A module that others follow."""
        if not self._workers:
            self._open.enter_context(lock)
            self._open.callback(self._end)
        if len(self._workers) < cores():
            self._workers.append(Thread(target=self._work, name=f"bibun-module-{self._count}"))
            self._workers[-1].start()
        self._texts.put((self._count, text))
        self._count += 1

    def all(self, last: str) -> list[bytes]:
        """The objects, with that of the last module."""
        if not self._workers:
            with lock:
                return [machine().object_of(last)]
        self.add(last)
        self._end()
        if self._error is not None:
            raise self._error
        return [self._codes[n] for n in range(self._count)]

    def _work(self) -> None:
        while (found := self._texts.get()) is not None:
            number, text = found
            try:
                if self._error is None:
                    self._codes[number] = machine().object_of(text)
            except BaseException as error:  # noqa: BLE001  raised again by the thread that waits
                self._error = error

    def _end(self) -> None:
        for _ in self._workers:
            self._texts.put(None)
        for worker in self._workers:
            worker.join()
