"""What is composed of forward and reverse mode: jacobian, hessian, hvp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from bibun.errors import DerivativeValueError
from bibun.transforms.arguments import choose, outputs
from bibun.transforms.forward import _pair, jacfwd, jvp
from bibun.transforms.reverse import grad, jacrev


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """J[i..., j...] = dy[i...]/dx[j...], shape y.shape + x.shape, by the mode that takes fewer passes.

    Forward where x has no more entries than y has, else reverse; f runs once more to learn the shape of y. Real
    outputs of complex inputs go by reverse mode. See jacfwd and jacrev.
    """
    forward, reverse = jacfwd(f, argnums), jacrev(f, argnums)

    @wraps(f)
    def choose_mode(*args: Any, **kwargs: Any) -> Any:
        leaves = choose("jacobian", args, argnums).leaves
        if any(np.result_type(x).kind == "c" for x in leaves):
            return reverse(*args, **kwargs)
        wide = sum(int(np.prod(np.shape(x))) for x in leaves)
        if wide > 1:
            tall = sum(int(np.prod(np.shape(y))) for y in outputs("jacobian", f(*args, **kwargs))[0])
            if wide > tall:
                return reverse(*args, **kwargs)
        return forward(*args, **kwargs)

    return choose_mode


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """H[i..., j...] = d2y/dx[i...]dx[j...] of f that returns one number: shape x.shape + x.shape. The gradient's
    Jacobian by forward mode. For containers: for each leaf of x the containers of x.
    """
    second = jacfwd(grad(f, argnums), argnums)

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        chosen = choose("hessian", args, argnums)
        for i, x in enumerate(chosen.leaves):
            if np.result_type(x).kind == "c":
                raise DerivativeValueError(
                    f"hessian: {chosen.paths()[i]} is complex, and the gradient of a real function of a + i b, "
                    "df/da - i df/db, is not holomorphic. Differentiate by the parts: lambda a, b: f(a + 1j * b)."
                )
        return second(*args, **kwargs)

    return matrix


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of f times a vector, without the Hessian: the tangent of the gradient, at the cost of a few gradients.

    hvp(f, (x,), (v,)) has the shape of x; with several primals it is a tuple, one entry a primal.
    """
    primals, tangents = _pair("hvp", primals, tangents)
    single = len(primals) == 1
    gradient = grad(f, 0 if single else tuple(range(len(primals))))
    return jvp(gradient, primals, tangents)[1]
