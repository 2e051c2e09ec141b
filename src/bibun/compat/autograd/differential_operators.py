"""autograd's operators on functions, in terms of bibun's transforms: its names, arguments and conventions.

Gradients have the containers of the argument. `grad` takes any result that is one real number, also in an array of shape
(1,), and gives 0 with a warning where the result does not depend on the argument.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Any

import numpy as np

from bibun.compat.autograd import core
from bibun.compat.autograd.vspace import vspace
from bibun.compat.autograd.wrap_util import unary_to_nary
from bibun.core.traced import Traced
from bibun.errors import DerivativeValueError
from bibun.transforms import forward, reverse
from bibun.transforms.custom import checkpoint
from bibun.transforms.derived import first_of

__all__ = [
    "checkpoint",
    "deriv",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "tensor_jacobian_product",
    "value_and_grad",
    "vector_jacobian_product",
]


class OutputError(DerivativeValueError, TypeError):
    """The function returned what this operator does not differentiate; autograd's is a TypeError too."""


make_vjp = unary_to_nary(core.make_vjp)
make_jvp = unary_to_nary(core.make_jvp)


class _Independent(Exception):
    """The value of a function that does not depend on its argument."""


def _value_and_grad(name: str, fun: Callable[[Any], Any], x: Any, number: Callable[[Any], Any]) -> tuple[Any, Any]:
    """fun(x), and the gradient of the number made of it; `name` is for messages."""

    def reduced(x: Any) -> tuple[Any, Any]:
        level = core.level_of(x)
        y = fun(x)
        total = number(y)
        if not core.depends(total, level):
            raise _Independent(y)
        return total, y.value if isinstance(y, Traced) and y.level == level else y

    try:
        (_, y), gradient = reverse._value_and_grad(name, reduced, 0, True)(x)
    except _Independent as found:
        core.independent()
        return found.args[0], vspace(x).zeros()
    return y, gradient


def _one_number(name: str) -> Callable[[Any], Any]:
    """Checks that a result is one real number, and gives it."""

    def number(y: Any) -> Any:
        if isinstance(y, (bool, np.bool_)):
            raise OutputError(
                f"{name}: the function returned {y}, a truth value, which has no derivative. Return a number."
            )
        space = vspace(y)
        if space.size != 1:
            is_complex = getattr(space, "iscomplex", False) and space.size == 2
            what = "a complex number" if is_complex else f"{space.size} real numbers, {space!r}"
            raise OutputError(
                f"{name} only applies to real scalar-output functions, and this one returned {what}. "
                + ("Use holomorphic_grad, or take " if is_complex else "Sum it (np.sum), or use jacobian or ")
                + ("np.real or np.abs of it." if is_complex else "elementwise_grad.")
            )
        return np.reshape(y, ()) if np.shape(y) else y

    return number


@unary_to_nary
def grad(fun: Callable[[Any], Any], x: Any) -> Any:
    """
    Returns a function which computes the gradient of one that returns one real number, in the containers of x.

    For complex x = a + i b it is df/da - i df/db.
    """
    return _value_and_grad("grad", fun, x, _one_number("grad"))[1]


@unary_to_nary
def value_and_grad(fun: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """(fun(x), its gradient)."""
    return _value_and_grad("value_and_grad", fun, x, _one_number("value_and_grad"))


@unary_to_nary
def elementwise_grad(fun: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of the sum of the results: for a function of each entry by itself, its derivative at each entry."""

    def total(y: Any) -> Any:
        if np.iscomplexobj(y):
            raise OutputError(
                "elementwise_grad only applies to real-output functions. Take np.real or np.abs of the result."
            )
        return np.sum(y)

    return _value_and_grad("elementwise_grad", fun, x, total)[1]


@unary_to_nary
def deriv(fun: Callable[[Any], Any], x: Any) -> Any:
    """The derivative along ones, by forward mode: of a function of one number, its derivative."""
    ones = np.ones(np.shape(x), np.result_type(x))[()]
    return core.make_jvp(fun, x)(ones)[1]


@unary_to_nary
def jacobian(fun: Callable[[Any], Any], x: Any) -> Any:
    """J[i..., j...] = dy[i...]/dx[j...], shape y.shape + x.shape."""
    return reverse.jacrev(core.watched(fun))(x)


@unary_to_nary
def holomorphic_grad(fun: Callable[[Any], Any], x: Any) -> Any:
    """f' of a holomorphic function: the gradient of its real part."""
    if not np.iscomplexobj(x):
        warnings.warn("Input to holomorphic_grad is not complex", stacklevel=3)
    return grad(lambda z: np.real(fun(z)))(x)


def grad_named(fun: Callable[..., Any], argname: str) -> Callable[..., Any]:
    """The gradient by the positional argument of that name."""
    return grad(fun, list(signature(fun).parameters).index(argname))  # type: ignore[no-any-return]


@unary_to_nary
def hessian(fun: Callable[[Any], Any], x: Any) -> Any:
    """The second derivatives, shape y.shape + x.shape + x.shape."""
    rows = reverse.jacrev(core.watched(fun))
    return first_of((forward.jacfwd(rows), reverse.jacrev(rows)), x)


@unary_to_nary
def make_hvp(fun: Callable[[Any], Any], x: Any) -> tuple[Callable[[Any], Any], Any]:
    """(hvp, gradient): hvp(v) is the Hessian times v, without running fun again."""
    return core.make_vjp(grad(fun), x)


def hessian_tensor_product(fun: Callable[..., Any], argnum: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function of (*args, v) that gives the Hessian times v, by reverse mode twice."""
    gradient = grad(fun, argnum)

    def product(*args: Any, **kwargs: Any) -> Any:
        return make_vjp(gradient, argnum)(*args[:-1], **kwargs)[0](args[-1])

    return product


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Callable[..., Any], argnum: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function of (*args, v) that gives v times the Jacobian, summed over all axes of v."""

    def product(*args: Any, **kwargs: Any) -> Any:
        return np.tensordot(args[-1], fun(*args[:-1], **kwargs), axes=np.ndim(args[-1]))

    return jacobian(product, argnum)  # type: ignore[no-any-return]


vector_jacobian_product = tensor_jacobian_product


@unary_to_nary
def make_jvp_reversemode(fun: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
    """The function of the tangent of x that gives the tangent of fun(x), without running fun again."""
    return forward.linearize(core.watched(fun), x)[1]


def make_ggnvp(
    f: Callable[..., Any], g: Callable[[Any], Any] = lambda x: np.sum(x**2, axis=-1) / 2, f_argnum: int = 0
) -> Callable[..., Any]:
    """The function of f's arguments that gives v -> J^T H J v: J the Jacobian of f, H the Hessian of g at f's result."""

    def make(f: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
        push = forward.linearize(f, x)[1]
        pull, y = core.make_vjp(f, x)
        return lambda v: pull(core.make_jvp(grad(g), y)(push(core.like(v, x)))[1])

    return unary_to_nary(make)(f, f_argnum)  # type: ignore[no-any-return]


@unary_to_nary
def grad_and_aux(fun: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """(gradient of the first result, second result) of a function that returns a pair."""
    return reverse.grad(fun, has_aux=True)(x)  # type: ignore[no-any-return]


def multigrad_dict(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The gradients by all arguments at once, defaults too: a dict, by the arguments' names."""
    sig = signature(fun)

    def gradients(*args: Any, **kwargs: Any) -> Any:
        bound = sig.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_dict(values: dict[str, Any]) -> Any:
            positional: list[Any] = []
            named: dict[str, Any] = {}
            for name, parameter in sig.parameters.items():
                if parameter.kind is Parameter.VAR_POSITIONAL:
                    positional += values[name]
                elif parameter.kind is Parameter.VAR_KEYWORD:
                    named |= values[name]
                elif parameter.kind is Parameter.KEYWORD_ONLY:
                    named[name] = values[name]
                else:
                    positional.append(values[name])
            return fun(*positional, **named)

        found = grad(of_dict)(dict(bound.arguments))
        return OrderedDict((name, found[name]) for name in bound.arguments)

    return gradients
