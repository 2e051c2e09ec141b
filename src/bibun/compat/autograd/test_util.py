"""Checks of derivatives for test suites. bibun.check does the work: it compares reverse, forward and numerical ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from bibun import tree
from bibun.checking import check
from bibun.compat.autograd import core
from bibun.compat.autograd.vspace import vspace
from bibun.compat.autograd.wrap_util import unary_to_nary
from bibun.errors import WrongDerivativeError


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers differ by less than 1e-6, or by less than that of their sum."""
    return bool(abs(a - b) < 1e-6 or abs(a - b) < 1e-6 * abs(a + b))


@unary_to_nary
def check_grads(fun: Callable[[Any], Any], x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> None:
    """Compare the derivatives of fun at x, up to that order, with numerical ones; WrongDerivativeError (an AssertionError).

    Every check runs both modes: a rule given for one of them serves the other. modes is read for its spelling only.
    """
    if unknown := set(modes) - {"fwd", "rev"}:
        raise ValueError(f"check_grads: the modes are 'fwd' and 'rev', not {', '.join(map(repr, sorted(unknown)))}.")
    for _ in range(order - 2):  # above second order: of the derivative along a direction
        fun = _along(fun, vspace(x).randn())
    _passed(fun, x, order=min(order, 2))


def _along(fun: Callable[[Any], Any], v: Any) -> Callable[[Any], Any]:
    return lambda x: core.make_jvp(fun, x)(v)[1]


def check_vjp(fun: Callable[[Any], Any], x: Any) -> None:
    """check_grads of first order."""
    _passed(fun, x, order=1)


check_jvp = check_vjp


def _passed(fun: Callable[[Any], Any], x: Any, order: int) -> None:
    if not any(np.size(y) for y in tree.flatten(fun(x))[0]):
        return  # of an empty result every derivative is right
    report = check(fun, x, order=order)
    if not report:
        raise WrongDerivativeError(str(report))


def check_equivalent(x: Any, y: Any) -> None:
    """Assert that two values are alike: containers, shapes, dtypes, and numbers to 1e-6."""
    spaces = vspace(x), vspace(y)
    if spaces[0] != spaces[1]:
        raise AssertionError(f"the values are not of one kind: {spaces[0]} and {spaces[1]}.")
    for a, b in zip(tree.flatten(x)[0], tree.flatten(y)[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def combo_check(fun: Callable[..., Any], *settings: Any, **named: Any) -> Callable[..., None]:
    """check_grads(fun, ...) for every combination of the arguments listed: combo_check(f)([x1, x2], axis=[0, 1])."""

    def check_all(*args: Sequence[Any], **kwargs: Sequence[Any]) -> None:
        for values in product(*args, *kwargs.values()):
            keywords = dict(zip(kwargs, values[len(args) :], strict=True))
            check_grads(fun, *settings, **named)(*values[: len(args)], **keywords)

    return check_all
