"""Programs on disk by their recording: found without being made, never for other calls, right whatever is wrong with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bibun as bb
from bibun import tree
from bibun.compiler import compiled as module
from bibun.compiler import keys
from bibun.compiler.exactly import InexactError, exactly
from bibun.compiler.native import cache
from bibun.compiler.native.build import Written
from bibun.compiler.native.machine import Machine, available
from tests.compiler.agreement import same
from tests.compiler.conftest import kept
from tests.compiler.programs import Arguments, Program, programs

pytestmark = pytest.mark.skipif(not available(), reason="no machine code on this machine")

A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 5.0]])
X = np.array([0.5, 1.5, -2.0])


class Made:
    """What was made since the last look: graphs, texts, machine code; `keys` of all recordings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[bytes] = []
        self.counts = [0, 0, 0]
        key_of = module.key_of

        def noted(*args: Any, **kwargs: Any) -> bytes:
            self.keys.append(key_of(*args, **kwargs))
            return self.keys[-1]

        monkeypatch.setattr(module, "key_of", noted)
        for n, (owner, name) in enumerate(((module, "read"), (Written, "__init__"), (Machine, "_compiled"))):
            monkeypatch.setattr(owner, name, self._counting(getattr(owner, name), n))

    def _counting(self, function: Callable[..., Any], n: int) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.counts[n] += 1
            return function(*args, **kwargs)

        return counted

    def look(self) -> list[int]:
        counts, self.counts = self.counts, [0, 0, 0]
        return counts


@pytest.fixture
def made(own_cache: None, monkeypatch: pytest.MonkeyPatch) -> Made:
    """With a cache of its own."""
    return Made(monkeypatch)


# ---- the same calls again ------------------------------------------------------------------------------

INDEX = np.array([2, 0, 0])


def steps(a: Any, x: Any) -> Any:
    for k in range(30):
        x = np.tanh(a @ x) * INDEX_OF_STEP[k] + x
    return np.sum(x * x)


INDEX_OF_STEP = np.linspace(0.1, 0.9, 30)


def decided(x: Any) -> Any:
    return x * 2 if x[0] > 0 else x - 1


def containers(x: Any, named: dict[str, Any]) -> Any:
    return {"b": (x * named["n"], None), "a": [named["y"] + 1, "text", 3.5]}


C = A * (1 + 2j)

PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "arithmetic": (lambda x: np.exp(x) * 2.5 + x**3, (X,)),
    "a number": (lambda n: n * n + 1, (3,)),
    "a derivative": (bb.value_and_grad(lambda x: np.sum(np.sin(x) * x)), (X,)),
    "loops": (bb.value_and_grad(steps, argnums=(0, 1)), (A / 5, X)),
    "decisions": (decided, (X,)),
    "containers": (containers, (X, {"y": X, "n": 2})),
    "an index": (lambda x: x[INDEX] * x[[1, 1]].sum(), (X,)),
    "an index that is a derivative": (bb.grad(lambda x: np.sum(x[INDEX] ** 2)), (X,)),
    "captured": (lambda x: A @ x + A.T @ x - A[::2, 1] @ x[:2], (X,)),
    "products": (lambda a: a @ a.T @ a, (np.ones((40, 40)),)),
    "contractions": (lambda a: np.einsum("abc,cbd->ad", a, a), (np.arange(27.0).reshape(3, 3, 3),)),
    "systems": (np.linalg.solve, (A, X)),
    "decompositions": (np.linalg.eigh, (A,)),
    "cofactors": (bb.grad(np.linalg.det), (np.diag(np.arange(1.0, 6.0)),)),
    "through NumPy": (lambda x: np.cumprod(x * 1j).real, (X,)),
    "through NumPy, of what is captured": (lambda x: np.abs(C @ x), (X,)),
    "large": (lambda x: np.sum(np.exp(x)) + x, (np.linspace(0, 1, 300_000),)),
    "single": (lambda x: np.cumsum(np.sqrt(x * x)), (X.astype(np.float32),)),
    "complex": (lambda x: np.abs(x * 1j + 2), (X,)),
    "two results from one": (lambda x: (x + 1, x + 1, x[0], float(2)), (X,)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_found_and_nothing_is_made(name: str, made: Made) -> None:
    f, args = PROGRAMS[name]
    want = f(*args)
    first, second = bb.compile(f), bb.compile(f)
    same(first(*args), want, error=1e-12)
    assert all(made.look())
    again = second(*args), second(*args)
    assert made.look() == [0, 0, 0]
    assert made.keys[0] == made.keys[1]
    for result in again:
        same(result, want, error=1e-12)
        for a, b in zip(tree.flatten(result)[0], tree.flatten(first(*args))[0], strict=True):
            assert type(a) is type(b)
            if isinstance(a, np.ndarray):
                assert a.tobytes() == b.tobytes()
                assert a.dtype is b.dtype
    assert (second.source(), second.llvm()) == (first.source(), first.llvm())
    assert made.look() == [1, 1, 0]
    (paths,) = second.careful.paths.values()
    assert "machine code" in second.explain()
    assert len(paths.versions) == 1


def test_another_decision_is_another_program(made: Made) -> None:
    for _ in range(2):
        compiled = bb.compile(decided)
        for x in (X, -X, X, -X):
            same(compiled(x), decided(x), error=0)
    assert made.look() == [2, 2, 2]
    assert made.keys[:2] == made.keys[2:]
    assert len(set(made.keys)) == 2


def test_what_is_captured_is_read_where_it_is(made: Made) -> None:
    """Of the function that finds the program, not of the one that it was made for; when it is called."""

    def of(a: Any, b: Any) -> Any:
        return bb.compile(lambda x: a @ x - b)

    of(A, X)(X)
    made.look()
    a, b = A + 1, np.array([7.0, 8.0, 9.0])
    other = of(a, b)
    same(other(X), a @ X - b, error=1e-14)
    a *= 3
    b += 1
    same(other(X), a @ X - b, error=1e-14)
    assert made.look() == [0, 0, 0]


def test_what_a_loop_has_captured_in_turn(made: Made) -> None:
    """Arrays that lie at equal distances are read where they lie; arrays that nobody else has are copied."""

    def rows(table: Any, x: Any) -> Any:
        for row in table:
            x = np.sin(x) + row
        return x

    def own(x: Any, scale: float) -> Any:
        for k in range(30):
            x = np.sin(x) + np.array([k, 2.0, scale])
        return x

    for scale in (1.0, 5.0):
        table = np.linspace(0, scale, 120).reshape(40, 3)
        compiled = bb.compile(lambda x, table=table: rows(table, x), static_argnums=1)
        same(compiled(X), rows(table, X), error=1e-12)
        table += 1
        same(compiled(X), rows(table, X), error=1e-12)
        same(bb.compile(own, static_argnums=1)(X, scale), own(X, scale), error=1e-12)
    assert made.look() == [2, 2, 2]


PROCESS = """
import json, sys
import numpy as np
import bibun as bb
from bibun.compiler import compiled as module
from bibun.compiler.native.build import Written
from bibun.compiler.native.machine import Machine

made = []
def counting(owner, name):
    function = getattr(owner, name)
    setattr(owner, name, lambda *args, **kwargs: made.append(name) or function(*args, **kwargs))
for owner, name in ((module, "read"), (Written, "__init__"), (Machine, "_compiled")):
    counting(owner, name)

random = np.random.default_rng(0)
w, x = random.normal(size=40), random.normal(size=(40, 40)) / 6

def loss(w, x):
    for _ in range(3):
        w = np.tanh(x @ w)
    return np.sum(np.sort(np.where(w > 0, w, np.exp(w)))) * {factor}

compiled = bb.compile(bb.value_and_grad(loss))
results = [np.asarray(y).tobytes().hex() for y in compiled(w, x)]
count = len(made)
print(json.dumps([count, results, compiled.source(), compiled.llvm(), len(compiled.explain()) > 100]))
"""


def test_a_second_process_makes_nothing(tmp_path: Path) -> None:
    def outcome(factor: str) -> Any:
        environment = os.environ | {cache.VARIABLE: str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", PROCESS.replace("{factor}", factor)],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    count, *first = outcome("2.0")
    again, *second = outcome("2.0")
    other, *third = outcome("3.0")
    assert (count > 2, again, other > 2) == (True, 0, True)
    assert second == first
    assert third[0] != first[0]


# ---- other calls ------------------------------------------------------------------------------------------


def frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array


def captured(*arrays: Any) -> Callable[..., Any]:
    return lambda x: x @ arrays[0] - arrays[-1] @ x


B, EYE = A + 1, np.eye(3)
WIDE = np.zeros((3, 6))
BOTH = np.arange(18.0).reshape(2, 3, 3)
NUMPY_ONES = [np.dtype(name).type(1) for name in ("f8", "f4", "i8", "i4", "?", "c16")]
LONG, LONGLONG = np.dtype("l"), np.dtype("q")

GROUPS: dict[str, list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]]] = {
    "constants": [
        (lambda x, c=c: x * c, (X,), {})
        for c in (2, 3, 2.0, -2.0, np.nextafter(2.0, 3.0), np.float32(2), np.float64(2), np.int64(2), True, 2j)
    ],
    "zeros": [(lambda x, c=c: x + c, (X,), {}) for c in (0.0, -0.0, 0, np.float32(0), complex(0, -0.0), 0j, False)],
    "nan": [(lambda x, c=c: x + c, (X,), {}) for c in (np.nan, -np.nan, np.inf, -np.inf)],
    "rows": [(f, (X,), {}) for f in (np.sin, np.cos, np.exp, lambda x: x, lambda x: x + x, lambda x: x * x)],
    "order": [(f, (X, X), {}) for f in (lambda a, b: a - b, lambda a, b: b - a, lambda a, b: a - a, lambda a, b: b - b)],
    "settings": [
        (lambda x, s=s: np.sum(x, **s), (A,), {})
        for s in ({}, {"axis": 0}, {"axis": 1}, {"keepdims": True}, {"axis": 0, "keepdims": True}, {"axis": 1, "keepdims": True})
    ],
    "keys": [
        (lambda x, k=k: x[k], (A,), {})
        for k in (
            0, 1, -1, slice(0, 1), slice(0, 2), slice(0, 2, 2), slice(1, None), (0, 1), (1, 0), None, (None, 0), ...,
            [0], [1], [0, 1], [1, 0], np.array([0, 1], np.int32), np.array([True, False, True]), (slice(None), 0),
        )
    ],
    "dtypes": [
        (lambda x: x + x, (X.astype(t) if t is not float else 1.5,), {})
        for t in ("f8", "f4", "i8", "i4", "i2", "u8", "c16", "?", LONGLONG, float)
    ],
    "numbers": [(lambda x: x + 1, (x,), {}) for x in (1, 1.0, True, 1j, *NUMPY_ONES, np.array(1.0))],
    "shapes": [(lambda x: x + 1, (np.zeros(s),), {}) for s in ((), (1,), (3,), (3, 1), (1, 3), (0,), (3, 0))],
    "casts": [(lambda x, t=t: x.astype(t), (X,), {}) for t in ("f4", "i8", "i4", "?", "c8")],
    "decisions": [
        (f, (X,), {})
        for f in (
            lambda x: x + 1,
            lambda x: x + 1 if x[0] > 0 else None,
            lambda x: x + 1 if x[1] > 0 else None,
            lambda x: x + 1 if not x[2] > 0 else None,
            lambda x: x + 1 if not x[0] < 0 else None,
            lambda x: x + 1 if x[0] > 0.25 else None,
            lambda x: x + (1 if int(x[1]) == 1 else 2),
        )
    ],
    "arguments": [
        (f, args, {})
        for f, args in (
            (lambda x, y: x - y, (X, X)),
            (lambda p: p[0] - p[1], ((X, X),)),
            (lambda p: p[0] - p[1], ([X, X],)),
            (lambda p: p["a"] - p["b"], ({"a": X, "b": X},)),
            (lambda p: p["a"] - p["b"], ({"b": X, "a": X},)),
            (lambda p: p[0][0] - p[1], (((X,), X),)),
            (lambda p, q: p[0] - q, ((X,), X)),
            (lambda p, q: p[0] - q, ((X, None), X)),
            (lambda p, q: p[1] - q, ((None, X), X)),
        )
    ],
    "results": [
        (f, (X,), {})
        for f in (
            lambda x: (x + 1, x * 2),
            lambda x: (x * 2, x + 1),
            lambda x: [x + 1, x * 2],
            lambda x: {"a": x + 1, "b": x * 2},
            lambda x: {"b": x * 2, "a": x + 1},
            lambda x: (x + 1, x * 2, x + 1),
            lambda x: (x + 1, (x * 2,)),
            lambda x: (x + 1, x * 2, None),
            lambda x: (x + 1, None, x * 2),
        )
    ],
    "captured": [
        (captured(*arrays), (X,), {})
        for arrays in (
            (A, B), (A, A), (A, A.T), (A.T, A), (np.asfortranarray(A), B), (A, WIDE[:, ::2]), (A, WIDE[:, 3:]),
            (WIDE[:, :3], WIDE[:, 3:]), (WIDE[:, 3:], WIDE[:, :3]), (A, B.astype("f4")), (A, frozen(B.copy())),
            (A, frozen(EYE.copy())), (frozen(EYE.copy()), A), (BOTH[0], BOTH[1]), (BOTH[1], BOTH[0]), (BOTH[0], BOTH[0]),
        )
    ],
    "static": [(lambda x, n: x**n if n else x, (X, n), {"static_argnums": 1}) for n in (0, 1, 2, 3, 2.0)],
    "options": [(lambda x: np.log(np.exp(x)), (X,), options) for options in ({}, {"fast": True})],
    "a derivative of": [(f, (X,), {}) for f in (bb.grad(np.sum), bb.grad(lambda x: np.sum(x) * 1.0), bb.value_and_grad(np.sum))],
}  # fmt: skip


@pytest.mark.parametrize("name", GROUPS)
def test_other_calls_have_another_key(name: str, made: Made) -> None:
    """And each of them gives its own result, however it comes by its program."""
    for _ in range(2):
        for f, args, options in GROUPS[name]:
            compiled = bb.compile(f, **options)
            for _ in range(2):
                same(compiled(*args), f(*args), error=1e-14)
    half = len(made.keys) // 2
    assert made.keys[:half] == made.keys[half:]
    assert len(set(made.keys)) == half == len(GROUPS[name])


def test_threads_are_part_of_the_key(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 4)
    for threads in (1, 2, 3):
        bb.compile(np.exp, threads=threads)(X)
    assert len(set(made.keys)) == 3


def test_the_files_of_bibun_are_part_of_the_key(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    bb.compile(np.exp)(X)
    monkeypatch.setattr("bibun.compiler.keys._surroundings", lambda: "another version")
    bb.compile(np.exp)(X)
    assert len(set(made.keys)) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOADED", 0), ("_files", lambda folder: iter(())), ("_files", lambda folder: os.scandir("/nowhere"))],
    ids=["written since", "without sources", "in an archive"],
)
def test_files_that_are_not_those_that_run(name: str, value: Any, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they say about the code of this process would be wrong: nothing is kept, nothing found."""
    bb.compile(np.exp)(X)
    monkeypatch.setattr(keys, name, value)
    monkeypatch.setattr(keys, "_surroundings", keys._surroundings.__wrapped__)
    made.look()
    same(bb.compile(np.exp)(X), np.exp(X), error=1e-15)
    same(bb.compile(np.sin)(X), np.sin(X), error=1e-15)
    assert made.look()[:2] == [2, 2]
    assert len(kept(cache.PLAN)) == 1


def test_a_file_of_bibun_that_is_written_again(tmp_path: Path) -> None:
    """Of a copy of bibun: the same program is made anew."""
    shutil.copytree(Path(bb.__file__).parent, tmp_path / "bibun", ignore=shutil.ignore_patterns("__pycache__"))
    time.sleep(1.1)  # files of this moment are not trusted
    environment = os.environ | {cache.VARIABLE: str(tmp_path / "kept"), "PYTHONPATH": str(tmp_path)}
    text = "import numpy, bibun; bibun.compile(numpy.exp)(numpy.ones(3)); print(bibun.__file__)"
    counts = []
    for n in range(4):
        if n == 2:
            file = tmp_path / "bibun" / "compiler" / "reading.py"
            file.write_text(file.read_text())
            time.sleep(1.1)
        done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True)
        assert str(tmp_path) in done.stdout
        counts.append(len(list((tmp_path / "kept").glob("*.plan"))))
    assert counts == [1, 1, 2, 2]


TEXTS: dict[bytes, str] = {}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=programs(1, 4), derivative=st.booleans())
def test_what_has_one_key_has_one_text(drawn: tuple[Program, Arguments], derivative: bool) -> None:
    """Of small random programs, so that many are nearly alike, of which each is recorded twice: the key says it all."""
    program, arguments = drawn
    args = arguments.drawn(1)
    f = bb.value_and_grad(program.total, argnums=(0, 1, 2)) if derivative else program
    with pytest.MonkeyPatch.context() as patch:
        made = Made(patch)
        for _ in range(2):
            compiled = bb.compile(f)
            same(compiled(*args), f(*args), error=1e-9)
            (paths,) = compiled.careful.paths.values()
            assert TEXTS.setdefault(made.keys[-1], compiled.llvm()) == compiled.llvm()
            assert paths.plain is None
    assert made.keys[0] == made.keys[1]


# ---- what has no key, or no plan -----------------------------------------------------------------------------


def test_what_has_no_exact_text_is_not_kept(made: Made) -> None:
    two = np.longdouble(2)
    for _ in range(2):
        same(bb.compile(lambda x: np.sum(x * two))(X), np.sum(X * two), error=1e-15)
        assert made.look()[:2] == [1, 1]
    assert not made.keys
    assert not kept(cache.PLAN)


class Odd:
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


ALIKE: list[Any] = [
    1, True, 1.0, np.float64(1), np.float32(1), np.int64(1), np.int32(1), np.True_, 1 + 0j, "1", b"1", (1,), [1],
    np.array(1), np.array(1.0), np.array([1]), np.array([[1]]), np.array([1], "i4"), np.array([True]), None, (), [], {}, "",
    0, 0.0, -0.0, False, 0j, -0j, complex(-0.0, 0.0), np.nan, -np.nan, float("inf"), slice(1), slice(None, 1, 1), ...,
    {"a": 1}, {"a": 1.0}, {"a": (1,)}, {"a": [1]}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, ("a", 1), (("a",), 1),
    ("a", (1,)), "('a',1)", int, float, bool, np.float64, np.float32, LONG, LONGLONG, np.dtype("f8"), np.dtype(">f8"),
    np.array([1.0, 2.0]), np.array([1.0, 2.0], ">f8"), np.array([2.0, 1.0])[::-1], 2**70, -(2**70),
]  # fmt: skip


def test_other_values_have_other_texts() -> None:
    texts = [exactly(value) for value in ALIKE]
    assert len(set(texts)) == len(texts)
    assert texts == [exactly(value) for value in ALIKE]


NUMBERS = st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)


@given(
    *[
        st.recursive(
            st.none() | st.booleans() | st.integers() | NUMBERS | st.text() | st.binary(),
            lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
        )
    ]
    * 2
)
def test_equal_texts_mean_equal_values(a: Any, b: Any) -> None:
    """Compared as Python writes them, which tells classes and signs of zero apart."""
    assert (exactly(a) == exactly(b)) == (repr(a) == repr(b))


@pytest.mark.parametrize(
    "value",
    [len, lambda: 0, Odd(), object(), np.longdouble(1), np.array([None]), np.array(["a"]), {1, 2}, np.datetime64("2020"),
     np.dtype("O"), [Odd()], {"a": len}, dict, np.ma.array([1.0]), np.sin],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_without_an_exact_text(value: Any) -> None:
    with pytest.raises(InexactError):
        exactly(value)


# ---- files ----------------------------------------------------------------------------------------------------


def f(x: Any) -> Any:
    return np.exp(x) * 2


def test_a_plan_whose_code_is_gone(made: Made) -> None:
    bb.compile(f)(X)
    for path in kept(cache.CODE):
        path.unlink()
    made.look()
    same(bb.compile(f)(X), f(X), error=1e-15)
    assert made.look() == [1, 1, 1]
    same(bb.compile(f)(X), f(X), error=1e-15)
    assert made.look() == [0, 0, 0]


DAMAGE: dict[str, Callable[[Path, Path], None]] = {
    "gone": lambda path, _: path.unlink(),
    "cut short": lambda path, _: path.write_bytes(path.read_bytes()[:-1]) and None,
    "one bit": lambda path, _: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])) and None,
    "of another program": lambda path, other: path.write_bytes(other.read_bytes()) and None,
    "code in its place": lambda path, _: (
        path.write_bytes(path.with_name(kept(cache.CODE)[0].name).read_bytes()) and None
    ),
    "anybody may write": lambda path, _: path.chmod(0o666),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_plan_that_is_not_what_it_was(damage: str, made: Made) -> None:
    """It is made anew, with the code that is there."""
    bb.compile(f)(X)
    (plan,) = kept(cache.PLAN)
    good = plan.read_bytes()
    bb.compile(np.sin)(X)
    (other,) = [path for path in kept(cache.PLAN) if path != plan]
    DAMAGE[damage](plan, other)
    made.look()
    same(bb.compile(f)(X), f(X), error=1e-15)
    assert made.look() == [1, 1, 0]
    assert plan.read_bytes() == good
    same(bb.compile(f)(X), f(X), error=1e-15)
    assert made.look() == [0, 0, 0]
