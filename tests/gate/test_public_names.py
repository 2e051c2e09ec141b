"""Every public name of NumPy is differentiable, constant with a reason, or refused with a reason: nothing is silently plain.

Each function is really called on traced arrays, of reverse mode, forward mode, vmap and compile. (scipy.special has its own test:
families/test_special_names.py.) A name that a newer NumPy adds fails here, and is told what to add.
"""

from __future__ import annotations

import linecache
import re
import warnings
from collections.abc import Iterator
from io import BytesIO, StringIO
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun import tree
from bibun.arrays.registry import reason
from bibun.core.traced import Traced
from tests.families.agreement import check_first
from tests.gate.calls import LENGTHS_DIFFER, NO_FUNCTION_OF_ARRAYS, OF_INTEGERS, REFUSED, SAMPLES, Call, W, X

MODULES = {
    "np": np,
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.emath": np.emath,
    "np.lib.stride_tricks": np.lib.stride_tricks,
}
OTHER = np.roll(X, 1, 0) * 0.9 + 0.05  # other values, in another order


def public() -> Iterator[tuple[str, Any]]:
    """Every name, and what it names: functions and classes; those that are the same under two names once a name."""
    for prefix, module in MODULES.items():
        for name in getattr(module, "__all__", [name for name in dir(module) if not name.startswith("_")]):
            found = getattr(module, name)
            if callable(found) and not isinstance(found, ModuleType):
                yield f"{prefix}.{name}", found


NAMES = dict(public())
SCALARS = {name for name, f in NAMES.items() if isinstance(f, type) and issubclass(f, np.generic)}
ABSTRACT = (np.generic, np.number, np.integer, np.signedinteger, np.unsignedinteger, np.inexact, np.floating,
            np.complexfloating, np.flexible, np.character)  # fmt: skip
ERRORS = {name for name, f in NAMES.items() if isinstance(f, type) and issubclass(f, Exception)}
ASIDE = {f"np.{name}" for name in NO_FUNCTION_OF_ARRAYS}
NOT_TAKEN = {call.partition("(")[0]: (call, says) for call, says in REFUSED.items()}
UFUNCS = {name for name, f in NAMES.items() if isinstance(f, np.ufunc)}
SAMPLED = sorted(((NAMES.keys() & SAMPLES.keys()) | UFUNCS) - NOT_TAKEN.keys())


def by_arity(f: np.ufunc, x: Any) -> Any:
    return f(*(x, x[::-1] + 1, x.T)[: f.nin])


def sample(name: str) -> tuple[Call, Any, Any]:
    """The call, and two arrays."""
    call = SAMPLES.get(name, by_arity)
    return (call, W, W[::-1].copy()) if name in OF_INTEGERS else (call, X, OTHER)


def test_every_name_is_known() -> None:
    known = {*SAMPLED, *NOT_TAKEN, *SCALARS, *ERRORS, *ASIDE}
    missing = sorted(NAMES.keys() - known)
    assert not missing, (
        f"new in this NumPy: {missing}. Give each a row or a stand-in and a sample call in SAMPLES, or a refusal "
        "(arrays/instead.py) and a call in REFUSED, or a reason in NO_FUNCTION_OF_ARRAYS (tests/gate/calls.py)"
    )


def test_no_name_is_in_two_tables() -> None:
    tables = [SAMPLES.keys(), NOT_TAKEN.keys(), ASIDE]
    assert not [(a & b) for k, a in enumerate(tables) for b in tables[:k] if a & b]


def leaves(found: Any) -> list[Any]:
    return tree.flatten(list(found) if isinstance(found, (tuple, list)) else found)[0]


def is_entries(leaf: Any) -> bool:
    """Whether it is made of numbers that vary continuously."""
    return isinstance(leaf, (np.ndarray, np.inexact, float, complex, Traced)) and np.result_type(leaf).kind in "fc"


@pytest.mark.parametrize("name", SAMPLED)
def test_differentiable_or_constant_with_a_reason(name: str) -> None:
    f = NAMES[name]
    call, x, other = sample(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # np.row_stack and the like are deprecated
        want = leaves(call(f, x))
        got = leaves(call(f, bb.Variable(x)))
        assert len(got) == len(want)
        if any(isinstance(leaf, Traced) for leaf in got):
            lost = [leaf for leaf in got if is_entries(leaf) and not isinstance(leaf, Traced)]
            assert not lost, f"{name} gives plain numbers of a traced array"
            differentiable(name, f, call, x, other)
        else:
            assert len(reason(f).split()) > 4, f"{name} gives a plain result of a traced array, and no row says why"
            constant(name, f, call, x, other)


def differentiable(name: str, f: Any, call: Call, x: Any, other: Any) -> None:
    def flat(x: Any) -> Any:
        return np.concatenate([np.ravel(leaf) for leaf in leaves(call(f, x)) if is_entries(leaf)])

    check_first(flat, x)
    weights = np.cos(np.arange(flat(x).size))

    def number(x: Any) -> Any:
        y = flat(x)
        return np.sum(np.real(y * y) * weights[: y.size])

    gradient = bb.grad(lambda x: number(x) + 0 * np.sum(x))
    compiled = bb.compile(gradient)
    for at in (x, other):
        np.testing.assert_allclose(compiled(at), gradient(at), rtol=1e-9, atol=1e-10)
    batched(name, number, x, other)


def constant(name: str, f: Any, call: Call, x: Any, other: Any) -> None:
    seen: list[Any] = []

    def beside(x: Any) -> Any:
        seen.extend(leaves(call(f, x)))
        return np.sum(3.0 * x)

    if name not in OF_INTEGERS:
        np.testing.assert_array_equal(bb.grad(beside)(x), np.full_like(x, 3))
        bb.jvp(beside, (x,), (x,))
        assert not any(isinstance(leaf, Traced) for leaf in seen)
    for leaf, plain in zip(seen, leaves(call(f, x)) * 2, strict=False):
        assert shown(leaf) == shown(plain)
    if all(isinstance(leaf, (np.ndarray, np.number, np.bool_, int)) for leaf in leaves(call(f, x))):
        compiled = bb.compile(lambda x: call(f, x))
        for at in (x, other):
            for leaf, plain in zip(leaves(compiled(at)), leaves(call(f, at)), strict=True):
                np.testing.assert_array_equal(leaf, plain)
        batched(name, lambda x: [np.sum(leaf) for leaf in leaves(call(f, x))], x, other)


def shown(leaf: Any) -> Any:
    """A result to compare by; of a text the numbers."""
    return re.findall(r"\d\.\d*", leaf) if isinstance(leaf, str) else repr(leaf)


def batched(name: str, function: Any, x: Any, other: Any) -> None:
    """vmap is a loop, or says why it cannot be one."""
    stack = np.stack([x, other])
    try:
        found = bb.vmap(function)(stack)
    except bb.DerivativeValueError:
        if name in LENGTHS_DIFFER:
            return
        raise
    for got, *looped in zip(leaves(found), *(leaves(function(at)) for at in stack), strict=True):
        np.testing.assert_allclose(np.broadcast_to(got, (2,)), looped, rtol=1e-9, atol=1e-12)


def evaluate(call: str, **names: Any) -> Any:
    """The value of a call; messages find its text, as that of a line in a file."""
    linecache.cache[call] = (len(call), None, [call], call)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that of np.matrix
        return eval(compile(call, call, "eval"), {"np": np, "BytesIO": BytesIO, "StringIO": StringIO, **names})


@pytest.mark.parametrize("name", sorted(NAMES.keys() & NOT_TAKEN.keys()))
@pytest.mark.parametrize("way", ["Variable", "grad", "jvp", "vmap", "compile"])
def test_refused_with_a_reason(name: str, way: str) -> None:
    call, says = NOT_TAKEN[name]

    def f(x: Any) -> Any:
        return evaluate(call, x=x)

    ask = {
        "Variable": lambda: f(bb.Variable(X)),
        "grad": lambda: bb.grad(f)(X),
        "jvp": lambda: bb.jvp(f, (X,), (X,)),
        "vmap": lambda: bb.vmap(f)(np.stack([X, OTHER])),
        "compile": lambda: bb.compile(bb.grad(f))(X),
    }
    with pytest.raises((bb.BibunError, AttributeError)) as refusal:  # of an attribute, which hasattr asks for
        ask[way]()
    text = str(refusal.value)
    assert says in text or (way == "vmap" and "inside vmap" in text.lower())
    assert call.partition("(x")[0] in text or isinstance(refusal.value, AttributeError)


@pytest.mark.parametrize("name", sorted(SCALARS - NOT_TAKEN.keys() - SAMPLES.keys()))
def test_a_scalar_type_is_refused(name: str) -> None:
    f: Any = NAMES[name]
    if f in (np.datetime64, np.timedelta64):
        kind, text = ValueError, "Could not convert"  # NumPy's own
    elif f in ABSTRACT:
        kind, text = TypeError, "cannot create"
    else:
        kind, text = bb.LostDerivativeError, rf"write x\.astype\({name}\)"
    with pytest.raises(kind, match=text):
        evaluate(f"{name}(x)", x=bb.Variable(np.array(0.5)))


def test_what_a_message_says_to_write_is_right() -> None:
    x, size, beta = X[0], 7, 3.3
    t = np.arange(size) * 2 / (size - 1) - 1
    np.testing.assert_allclose(np.i0(beta * np.sqrt(1 - t * t)) / np.i0(beta), np.kaiser(size, beta), rtol=1e-12)
    np.testing.assert_array_equal(np.stack(list(x)), np.fromiter(x, float))
    assert [*((i, X[i]) for i in np.ndindex(X.shape))] == [*np.ndenumerate(X)]


def test_a_function_that_a_newer_numpy_has(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {"__name__": "numpy.newer", "asarray": np.asarray}
    exec("def newer(x): return asarray(x)", made)
    monkeypatch.setattr(np, "newer", made["newer"], raising=False)
    message = r"np\.newer makes plain arrays of its arguments\. Write it .* bibun\.numerical_fallback\(f\)\.$"
    with pytest.raises(bb.LostDerivativeError, match=message):
        bb.grad(lambda x: evaluate("np.newer(x)", x=x))(X)


def test_the_reason_of_a_constant_reaches_the_user() -> None:
    for f, says in (
        (lambda x: np.argmax(x) * 1.0, r"argmax: an index or a count is an integer"),
        (lambda x: np.sum(x > 0.5), "greater: a comparison is True or False"),
        (lambda x: np.sum(x.astype(int)), "rounding to integers"),
    ):
        with pytest.raises(
            bb.DerivativeValueError, match=rf"does not depend on argument 0, .* made a plain value of it .*{says}"
        ):
            bb.grad(f)(X)
    with pytest.raises(bb.DerivativeValueError) as independent:
        bb.grad(lambda x: 3.0)(X)
    assert "plain value" not in str(independent.value)
