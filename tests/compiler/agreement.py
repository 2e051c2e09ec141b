"""What "a compiled function returns what the plain one returns" means, and that it did so natively. Owns no program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import bibun as bb
from bibun import tree

PRECISE = 1e-12
PRECISION = {"f": 3e-5, "F": 3e-5, "e": 2e-2}  # of dtypes with fewer digits


def precision(*values: Any) -> float:
    """The relative error that is allowed to what is computed from these: that of the coarsest dtype among them."""
    found = [PRECISION.get(np.result_type(x).char, PRECISE) for x in tree.flatten(values)[0] if _is_number(x)]
    return max(found, default=PRECISE)


def same(got: Any, want: Any, *, error: float = PRECISE, least: float = 1.0) -> None:
    """The same containers, classes, shapes and dtypes; entries alike relative to the largest of their array, or `least`."""
    assert type(got) is type(want), f"{type(got)} instead of {type(want)}: {got!r}, {want!r}"
    if tree.is_container(want):
        assert str(tree.structure(got)[1]) == str(tree.structure(want)[1])
        for a, b in zip(tree.flatten(got)[0], tree.flatten(want)[0], strict=True):
            same(a, b, error=error, least=least)
    elif _is_number(want):
        _alike(np.asarray(got), np.asarray(want), error, least)
    else:
        assert got == want


def _is_number(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic, float, complex, int))


def _alike(got: Any, want: Any, error: float, least: float) -> None:
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    if want.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, want)
        return
    if want.dtype.kind == "c":
        _alike(got.real, want.real, error, least)
        _alike(got.imag, want.imag, error, least)
        return
    finite = np.isfinite(want)
    np.testing.assert_array_equal(got[~finite], want[~finite])
    size = max(least, float(np.max(np.abs(want[finite]), initial=0.0)))
    off = np.abs(got[finite].astype(float) - want[finite])
    assert (off <= error * size).all(), f"off by {np.max(off)}, allowed {error * size}:\n{got}\ninstead of\n{want}"


def counted(f: Callable[..., Any]) -> Any:
    """f, and in `calls` how often Python has run it."""

    def call(*args: Any, **kwargs: Any) -> Any:
        call.calls += 1
        return f(*args, **kwargs)

    call.calls = 0
    return call


def agrees(f: Callable[..., Any], *calls: tuple[Any, ...], error: float = 0.0, least: float = 1.0) -> None:
    """Compiled, called twice with each of these arguments, f returns what it returns plainly; Python runs it once.

    All calls must have one signature and take one path.
    """
    counter = counted(f)
    compiled = bb.compile(counter)
    for args in calls:
        want = f(*args)
        allowed = max(error, precision(args, want))
        for _ in range(2):
            same(compiled(*args), want, error=allowed, least=least)
    is_native(compiled)
    assert counter.calls == 1, f"Python ran it {counter.calls} times"


def agrees_with_derivatives(f: Callable[[Any], Any], x: Any, other: Any) -> None:
    """f, the gradient of the sum of its cubes, and its derivative along the other argument."""
    agrees(f, (x,), (other,))
    agrees(bb.grad(lambda x: np.sum(f(x) ** 3)), (x,), (other,))
    agrees(lambda x, t: bb.jvp(f, (x,), (t,)), (x, other))


def is_native(compiled: Any) -> None:
    """There is one program, and it is machine code."""
    (paths,) = compiled.careful.paths.values()
    assert paths.plain is None
    (version,) = paths.versions
    assert version.native is not None
