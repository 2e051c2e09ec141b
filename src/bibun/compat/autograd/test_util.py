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
from bibun.compat.autograd.wrap_util import get_name, unary_to_nary
from bibun.errors import BibunError, WrongDerivativeError

TOL = RTOL = EPS = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers differ by less than 1e-6, or by less than that of their sum."""
    return bool(abs(a - b) < TOL or abs(a - b) < RTOL * abs(a + b))


@unary_to_nary
def check_grads(fun: Callable[[Any], Any], x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> None:
    """Compare the derivatives of fun at x, up to that order, with numerical ones; WrongDerivativeError (an AssertionError).

    First with bibun.check, both modes. What it does not pass is compared as autograd does, along one random direction and to
    1e-6: noise of a solution to 1e-8, say, passes there. The error has autograd's words, and the report.
    """
    if unknown := set(modes) - {"fwd", "rev"}:
        raise ValueError(f"check_grads: the modes are 'fwd' and 'rev', not {', '.join(map(repr, sorted(unknown)))}.")
    name = get_name(fun)
    for _ in range(order - 2):  # above second order: of the derivative along a direction
        fun = _along(fun, vspace(x).randn())
        fun.__name__ = name = f"jvp_{name}"
    _passed(fun, x, modes, min(order, 2))


def _along(fun: Callable[[Any], Any], v: Any) -> Callable[[Any], Any]:
    return lambda x: core.make_jvp(fun, x)(v)[1]


def check_vjp(fun: Callable[[Any], Any], x: Any) -> None:
    """check_grads of first order, by reverse mode."""
    _passed(fun, x, ("rev",), 1)


def check_jvp(fun: Callable[[Any], Any], x: Any) -> None:
    """check_grads of first order, by forward mode."""
    _passed(fun, x, ("fwd",), 1)


def _passed(fun: Callable[[Any], Any], x: Any, modes: Sequence[str], order: int) -> None:
    if not any(np.size(y) for y in tree.flatten(fun(x))[0]):
        return  # of an empty result every derivative is right
    report = check(fun, x, order=order)
    if report:
        return
    try:
        _as_autograd(fun, x, modes, order)
    except WrongDerivativeError as error:
        raise WrongDerivativeError(f"{error}\n{report}") from None
    except BibunError as error:
        raise WrongDerivativeError(str(report)) from error


def _as_autograd(fun: Callable[[Any], Any], x: Any, modes: Sequence[str], order: int) -> None:
    """The comparison of autograd's check_grads."""
    v, w = vspace(x).randn(), vspace(fun(x)).randn()
    moved = _difference(fun, x, v)

    def jvp(both: Any) -> Any:
        return core.make_jvp(fun, both[0])(both[1])[1]

    def vjp(both: Any) -> Any:
        return core.make_vjp(fun, both[0])[0](both[1])

    for mode, derived, other, word in (("fwd", jvp, v, "JVP"), ("rev", vjp, w, "VJP")):
        if mode not in modes:
            continue
        if mode == "fwd":
            exact = vspace(moved).inner_prod(w, jvp((x, v)))
        else:
            exact = vspace(x).inner_prod(v, vspace(x).covector(vjp((x, vspace(w).covector(w)))))
        numeric = vspace(moved).inner_prod(w, moved)
        if not scalar_close(numeric, exact):
            raise WrongDerivativeError(
                f"Derivative ({word}) check of {get_name(fun)} failed with arg {x}:\nanalytic: {exact}\nnumeric:  {numeric}"
            )
        if order > 1:
            derived.__name__ = f"{word.lower()}_{get_name(fun)}"
            _as_autograd(derived, (x, other), modes, order - 1)


def _difference(fun: Callable[[Any], Any], x: Any, v: Any) -> Any:
    """The central difference along v."""
    space = vspace(x)
    above, below = (fun(space.add(x, space.scalar_mul(v, step))) for step in (EPS / 2, -EPS / 2))
    values = vspace(above)
    return values.scalar_mul(values.add(above, values.scalar_mul(below, -1.0)), 1 / EPS)


def check_equivalent(x: Any, y: Any) -> None:
    """Assert that two values are alike: containers, shapes, dtypes, and numbers to 1e-6."""
    spaces = vspace(x), vspace(y)
    if spaces[0] != spaces[1]:
        raise AssertionError(f"the values are not of one kind: {spaces[0]} and {spaces[1]}.")
    for a, b in zip(tree.flatten(x)[0], tree.flatten(y)[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=RTOL, atol=TOL)


def combo_check(fun: Callable[..., Any], *settings: Any, **named: Any) -> Callable[..., None]:
    """check_grads(fun, ...) for every combination of the arguments listed: combo_check(f)([x1, x2], axis=[0, 1])."""

    def check_all(*args: Sequence[Any], **kwargs: Sequence[Any]) -> None:
        for values in product(*args, *kwargs.values()):
            keywords = dict(zip(kwargs, values[len(args) :], strict=True))
            check_grads(fun, *settings, **named)(*values[: len(args)], **keywords)

    return check_all
