"""Interleaved rounds over contenders, each in a fresh process of its own, as its users run it.

A process of its own gives each contender its own heap and its own garbage collector: none pays for the
garbage or the pages of a neighbour. Only one of them runs at a time, all on one core.
"""

from __future__ import annotations

import multiprocessing
import timeit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from benchmarks.harness import Call, Effort, Measurement, Run, Workload, largest_difference, leaves
from benchmarks.workloads import TIMED

_GRACE = 5.0  # seconds for a contender's process to end by itself
_PATIENCE = 120.0  # seconds for any answer of it: a compiler may be at work, and may never end


class FailedError(Exception):
    """A contender could not run; the text is for the table."""


def measure(workload: Workload, effort: Effort) -> Measurement:
    """Start every contender, check that their results are equal, then time them in turn."""
    measurement = Measurement(
        workload.key,
        workload.title,
        workload.denominator or workload.reference,
        "s",
        requirements=list(workload.requirements),
        operations=workload.operations,
    )
    with ExitStack() as stack:
        running = _start_all(workload, measurement, stack)
        calls = {
            name: _ask_or_leave_out(running, name, ("calls", effort.sample_seconds), measurement)
            for name in list(running)
        }
        measurement.samples = {name: [] for name in running}
        for round_number in range(effort.rounds):
            names = list(running)
            turn = round_number % max(1, len(names))  # nobody always follows the same neighbour
            for name in names[turn:] + names[:turn]:
                seconds = _ask_or_leave_out(running, name, ("sample", calls[name]), measurement)
                measurement.samples[name].append(seconds)
    for name in measurement.failures:
        measurement.samples.pop(name, None)
    return measurement


def _ask_or_leave_out(
    running: dict[str, Connection], name: str, question: tuple[Any, ...], measurement: Measurement
) -> Any:
    """The answer; of a contender that fails only now, None, and it is no longer `running`."""
    try:
        return _ask(running[name], question)
    except FailedError as error:
        measurement.failures[name] = str(error)
        del running[name]
        return None


def _start_all(workload: Workload, measurement: Measurement, stack: ExitStack) -> dict[str, Connection]:
    """The contenders that run and agree with the reference; the others' reasons go to `failures`."""
    reference = stack.enter_context(_contender(workload.key, workload.reference))
    try:
        expected = _ask(reference, ("result",))
    except FailedError as error:
        measurement.failures[workload.reference] = str(error)
        return {}  # nothing to compare the others with
    running = {workload.reference: reference}
    for name in workload.contenders:
        if name == workload.reference:
            continue
        link = stack.enter_context(_contender(workload.key, name))
        try:
            found = _ask(link, ("result",))
        except FailedError as error:
            measurement.failures[name] = str(error)
            continue
        part = workload.parts.get(name, slice(None))
        difference = 0.0 if part is None else largest_difference(found, expected[part])
        if difference <= workload.tolerance:
            running[name] = link
        else:
            measurement.failures[name] = f"differs by {difference:.1e} from the result {workload.reference}"
    return running


@contextmanager
def _contender(key: str, name: str) -> Iterator[Connection]:
    """The connection to a new process that serves one contender, and its end."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(key, name, there), daemon=True)
    process.start()
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join(_GRACE)  # the end of its link is the end of it, unless it is still at work
        if process.is_alive():
            process.kill()
            process.join()


def _ask(link: Connection, question: tuple[Any, ...]) -> Any:
    """The answer of a contender's process, or FailedError with its reason."""
    try:
        link.send(question)
        if not link.poll(_PATIENCE):
            raise FailedError(f"no answer in {_PATIENCE:.0f} s")
        failed, answer = link.recv()
    except (EOFError, BrokenPipeError, ConnectionResetError) as error:
        raise FailedError("its process ended without an answer") from error
    if failed:
        raise FailedError(answer)
    return answer


def _serve(key: str, name: str, link: Connection) -> None:
    """In the contender's process: build it, then answer until the other end is closed."""
    workload = TIMED[key]
    run: Run | None = None
    while True:
        try:
            question = link.recv()
        except EOFError:
            return
        try:
            if run is None:
                run = workload.contenders[name](workload.problem(workload.size))
            link.send((False, _answer(run, question)))
        except Exception as error:  # noqa: BLE001  (one contender's failure is a result, printed in the table)
            link.send((True, f"{type(error).__name__}: {error}".splitlines()[0]))


def _answer(run: Run, question: tuple[Any, ...]) -> Any:
    match question:
        case ("result",):
            return leaves(run())
        case ("calls", seconds):
            return _calls_a_sample(run, seconds)
        case ("sample", calls):
            return _sample(run, calls)
    raise ValueError(f"no such question: {question}")


def _calls_a_sample(run: Run, seconds: float) -> int:
    """Warm up for about one sample's time, and count how many calls fill one."""
    calls, spent = 1, _sample(run, 1)
    while calls * spent < seconds:
        calls = min(2 * calls, max(calls + 1, int(seconds / max(spent, 1e-9))))
        spent = _sample(run, calls)
    return max(1, round(seconds / spent))


def _sample(run: Run, calls: int) -> float:
    """Seconds a call, over `calls` calls in a row, with the garbage collector as users have it."""
    if isinstance(run, Call):
        return _direct(run).timeit(calls) / calls
    start = perf_counter()
    for _ in range(calls):
        run()
    return (perf_counter() - start) / calls


def _direct(call: Call) -> timeit.Timer:
    """A loop whose body is the call itself, its function and arguments local names."""
    names = [f"argument{i}" for i in range(len(call.arguments))]
    setup = f"import gc; gc.enable(); {', '.join(['function', *names])}, = parts"  # timeit has turned it off
    return timeit.Timer(f"function({', '.join(names)})", setup, globals={"parts": (call.function, *call.arguments)})
