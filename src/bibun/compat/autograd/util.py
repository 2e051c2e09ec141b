"""Replacing entries of a tuple, and the check that was here before test_util."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def subvals(x: Iterable[Any], replaced: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    """x as a tuple, with the values given for some positions."""
    entries = list(x)
    for i, value in replaced:
        entries[i] = value
    return tuple(entries)


def subval(x: Iterable[Any], i: int, value: Any) -> tuple[Any, ...]:
    """x as a tuple, with one value at position i."""
    return subvals(x, [(i, value)])


def quick_grad_check(fun: Any, arg0: Any, extra_args: Iterable[Any] = (), kwargs: Any = None, **_: Any) -> None:
    """check_grads of first order by the first argument. The tolerances that autograd takes are not needed."""
    from bibun.compat.autograd.test_util import check_grads

    check_grads(lambda x: fun(x, *extra_args, **(kwargs or {})), order=1)(arg0)
