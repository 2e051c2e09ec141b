"""A recording in arrays of numbers: the calls are those that were recorded, and what is alike is looked at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import bibun as bb
from bibun.compiler.flat import Flat
from bibun.compiler.rolling.stream import LEAF, Stream
from bibun.interpreters.likeness import likeness
from bibun.interpreters.recording import Recording
from bibun.primitives import TABLE


def recorded(f: Callable[..., Any], *args: Any) -> Recording:
    recording = Recording()
    f(*[recording.input(n, arg) for n, arg in enumerate(args)])
    return recording


def several(x: Any, n: Any) -> Any:
    """Constants, keys, a captured array, a decision, several outputs, a wide join, whole numbers."""
    y = np.sin(x[0]) * 2.0 + x[-1] * np.array([1.0, 2.0, 3.0])
    y[1:] = np.linalg.eigh(np.outer(x, x))[0][1:]
    if y[0] > 0:
        y = np.sum(y, axis=0, keepdims=True) - n
    return np.stack([y[0]] * 40), y[[0, 0]], -0.0 * y


def test_it_is_what_was_recorded() -> None:
    recording = recorded(several, np.array([1.0, 2.0, 3.0]), 2)
    flat = Flat(recording)
    assert len(flat) == len(recording.calls) > 20
    for mine, (row, operands, settings, like) in zip(flat, recording.calls, strict=True):
        assert mine[0] is row
        assert mine[1] == operands
        assert str(mine[2]) == str(settings)
        assert mine[3] == like
        assert like is None or mine[3].dtype.num == like.dtype.num


def shared(*pairs: tuple[Any, Any]) -> int:
    """How many heads the calls of a row have that differ in settings and likeness alone."""
    recording = Recording()
    x = recording.input(0, np.ones(3))
    for settings, value in pairs:
        recording.add(TABLE["getitem"], (x.number,), settings, value)
    flat = Flat(recording)
    for n, (settings, _) in enumerate(pairs, 1):
        (mine,), (given,) = flat[n][2].values(), settings.values()
        assert mine is given or (repr(mine) == repr(given) and type(mine) is type(given))
    return len(flat.heads) - 1


def test_what_is_equal_is_one_head_and_what_only_looks_equal_is_not() -> None:
    one = np.float64(1.0)
    assert shared(({"key": (1,)}, one), ({"key": (1,)}, one), ({"key": (slice(1, None),)}, one)) == 2
    assert shared(({"key": (1,)}, one), ({"key": (True,)}, one), ({"key": (np.int64(1),)}, one)) == 3
    assert shared(({"key": 0.0}, one), ({"key": -0.0}, one)) == 2
    long, same = np.array([1], np.dtype("l")), np.array([1], np.dtype("q"))
    assert shared(({"key": (1,)}, long), ({"key": (1,)}, same), ({"key": (1,)}, long)) == 2


def test_what_has_no_exact_text_is_like_itself_only() -> None:
    thing, other = object(), object()
    assert shared(({"key": thing}, np.float64(1.0)), ({"key": other}, np.float64(1.0))) == 2


def test_arrays_that_are_alike_have_one_likeness() -> None:
    assert likeness(np.ones((2, 3))) is likeness(np.zeros((2, 3)))
    assert likeness(np.ones((2, 3))) is not likeness(np.ones((2, 3), ">f8"))
    for letter in "lqLQ":
        assert likeness(np.ones(2, np.dtype(letter))).dtype.num == np.dtype(letter).num


def stream_of(f: Callable[[Any], Any], size: int = 4) -> tuple[Stream, list[int]]:
    stream = Stream(Flat(recorded(f, np.arange(1.0, 1.0 + size))))
    return stream, stream.codes.tolist()


def test_numbers_of_keys_are_counted_from_the_beginning_and_are_no_part_of_a_code() -> None:
    stream, (first, last, part, longer) = stream_of(lambda x: (x[0], x[-1], x[1:3], x[-4:3]))
    assert first == last
    assert len({first, part, longer}) == 3
    assert stream.moving.tolist() == [[0, 0], [3, 0], [1, 3], [0, 3]]
    assert stream.positions.tolist() == [[LEAF, LEAF]] * 4


def test_the_same_key_of_arrays_of_other_lengths_is_another_number() -> None:
    stream, _ = stream_of(lambda x: x[1:][-1] + x[2:][-1])
    at = np.flatnonzero(stream.positions[:, 0] != LEAF)[:2]
    assert [stream.moving[n, 0] for n in at] == [2, 1]


def test_calls_of_unlike_values_have_other_codes() -> None:
    """A loop carries values of one dtype and shape: where the first one is another, the loop begins with the next turn."""

    def added(x: Any) -> Any:
        whole = x.astype(int)
        return whole + 0.5, x + 0.5, (x * 2.0) + 0.5, (whole * 2) + 0.5

    _, (_, of_whole, _, doubled, of_double, _, of_product) = stream_of(added)
    assert of_whole == of_product != of_double
    assert doubled not in (of_whole, of_double)


def test_leaves_of_one_kind_take_turns() -> None:
    other = np.ones(4)
    _, codes = stream_of(lambda x: (x * 2.0, x * 3.0, x * 2, x * other, other * x, x * x))
    assert codes[0] == codes[1]
    assert len(set(codes)) == 5


def test_a_call_of_many_operands_is_like_no_other() -> None:
    stream, codes = stream_of(lambda x: [np.concatenate([x + 1.0, *[x] * 40]) for _ in range(2)])
    assert len(stream.wide) == 2
    assert all(places == [at - 1] + [LEAF] * 40 for at, places in stream.wide.items())
    assert codes[0] == codes[2]
    assert codes[1] != codes[3]


def steps(turns: int) -> int:
    """Calls of Python's functions, in the room that finds loops, that the first call of a loop takes."""

    def f(x: Any) -> Any:
        y, total = x, x[0]
        for _ in range(turns):
            a, b = y[0], y[-1]
            total = total + a * x[1]
            y = np.stack([b + 0.1 * np.sin(a), a * b * 1e-3])
        return total

    count = 0

    def note(frame: Any, event: str, _: Any) -> None:
        nonlocal count
        count += event == "call" and "rolling" in frame.f_code.co_filename

    compiled = bb.compile(bb.value_and_grad(f))
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        compiled(np.array([0.5, 1.0]))
    finally:
        sys.setprofile(before)
    assert "in range(" in compiled.source()
    return count


def test_a_longer_loop_takes_no_more_steps() -> None:
    """What is alike is looked at once, however often it comes."""
    few, many = steps(300), steps(600)
    assert many < few + 100
