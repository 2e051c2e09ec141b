"""Fixed points x = f(a)(x), found by iteration and differentiated by a, without the iterations on the tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bibun.compat.autograd.core import make_vjp
from bibun.compat.autograd.extend import defvjp, primitive
from bibun.compat.autograd.vspace import vspace


@primitive
def fixed_point(f: Callable[[Any], Any], a: Any, x0: Any, distance: Callable[[Any, Any], Any], tol: float) -> Any:
    """x = f(a)(x), iterated from x0 until distance(x, previous x) <= tol."""
    step = f(a)
    x, before = step(x0), x0
    while distance(x, before) > tol:
        x, before = step(x), x
    return x


def _pullback(
    ans: Any, f: Callable[[Any], Any], a: Any, x0: Any, distance: Callable[[Any, Any], Any], tol: float
) -> Any:
    """The cotangent u of x at the fixed point obeys u = g + (df/dx)^T u, which is a fixed point too; a gets (df/da)^T u."""

    def adjoint(given: Any) -> Callable[[Any], Any]:
        a, x, g = given
        pull, _ = make_vjp(f(a), x)
        return lambda u: vspace(x).add(pull(u), g)

    def pull(g: Any) -> Any:
        u = fixed_point(adjoint, (a, ans, g), vspace(ans).zeros(), distance, tol)
        return make_vjp(lambda a: f(a)(ans), a)[0](u)

    return pull


defvjp(fixed_point, None, _pullback, None)
