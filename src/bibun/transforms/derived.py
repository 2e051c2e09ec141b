"""What is composed of forward and reverse mode: jacobian, hessian, hvp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from bibun import tree
from bibun.core.traced import Traced
from bibun.errors import DerivativeValueError, LostDerivativeError, NoDerivativeError
from bibun.transforms.arguments import choose, outputs
from bibun.transforms.forward import _pair, jacfwd, jvp
from bibun.transforms.reverse import grad, jacrev, set_apart


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """J[i..., j...] = dy[i...]/dx[j...], shape y.shape + x.shape, by the mode that takes fewer passes.

    Forward where x has no more entries than y has, else reverse; f runs once more to learn the shape of y. Where that mode
    raises (a rule of yours may be for the other one alone) by the other one. Real outputs of complex inputs go by reverse
    mode. See jacfwd and jacrev.
    """
    forward, reverse = jacfwd(f, argnums), jacrev(f, argnums)

    @wraps(f)
    def choose_mode(*args: Any, **kwargs: Any) -> Any:
        leaves = choose("jacobian", args, argnums).leaves
        if any(np.result_type(x).kind == "c" for x in leaves):
            return reverse(*args, **kwargs)
        wide = sum(int(np.prod(np.shape(x))) for x in leaves)
        if wide > 1:
            tall = sum(int(np.prod(np.shape(y))) for y in outputs("jacobian", _value(f, args, kwargs))[0])
            if wide > tall:
                return first_of((reverse, forward), *args, **kwargs)
        return first_of((forward, reverse), *args, **kwargs)

    return choose_mode


def _value(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """f(*args, **kwargs), which leaves the arguments as they are: f may write into them."""
    try:
        given, named = tree.map_(_to_read, (args, kwargs))
        return f(*given, **named)
    except ValueError:  # it does
        given, named = tree.map_(set_apart, (args, kwargs))
        return f(*given, **named)


def _to_read(value: Any) -> Any:
    if isinstance(value, Traced):
        return value.alias()
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value


def first_of(modes: Sequence[Callable[..., Any]], *args: Any, **kwargs: Any) -> Any:
    """By the first mode; by the second one where a rule of the user's is for that one alone. Raises what the first did."""
    try:
        return modes[0](*args, **kwargs)
    except (LostDerivativeError, NoDerivativeError, DerivativeValueError) as error:
        try:
            return modes[1](*args, **kwargs)
        except (LostDerivativeError, NoDerivativeError, DerivativeValueError):
            raise error from None


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """H[i..., j...] = d2y/dx[i...]dx[j...] of f that returns one number: shape x.shape + x.shape. The gradient's
    Jacobian by forward mode, or by reverse mode where that raises. For containers: for each leaf of x the containers of x.
    """
    gradient = grad(f, argnums)
    modes = jacfwd(gradient, argnums), jacrev(gradient, argnums)

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        chosen = choose("hessian", args, argnums)
        for i, x in enumerate(chosen.leaves):
            if np.result_type(x).kind == "c":
                raise DerivativeValueError(
                    f"hessian: {chosen.paths()[i]} is complex, and the gradient of a real function of a + i b, "
                    "df/da - i df/db, is not holomorphic. Differentiate by the parts: lambda a, b: f(a + 1j * b)."
                )
        return first_of(modes, *args, **kwargs)

    return matrix


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of f times a vector, without the Hessian: the tangent of the gradient, at the cost of a few gradients.

    hvp(f, (x,), (v,)) has the shape of x; with several primals it is a tuple, one entry a primal.
    """
    primals, tangents = _pair("hvp", primals, tangents)
    single = len(primals) == 1
    gradient = grad(f, 0 if single else tuple(range(len(primals))))
    return jvp(gradient, primals, tangents)[1]
