"""An operator on functions of one argument, made one on functions of many: `argnum` says which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from bibun.compat.autograd.util import subvals


def unary_to_nary(operator: Callable[..., Any]) -> Callable[..., Any]:
    """From operator(f of x, x, ...) to operator(f, argnum=0, ...)(*args, **kwargs).

    argnum: the number of an argument; with a tuple or list of them, x is the tuple of these arguments.
    """

    @wraps(operator)
    def nary(fun: Callable[..., Any], argnum: int | Sequence[int] = 0, *settings: Any, **named: Any) -> Any:
        if type(argnum) not in (int, tuple, list):
            raise TypeError(
                f"{operator.__name__}: argnum={argnum!r}, but it is the number of an argument (from 0), or a tuple or list "
                "of them."
            )
        single = isinstance(argnum, int)
        numbers: Sequence[int] = [argnum] if isinstance(argnum, int) else argnum

        def of_arguments(*args: Any, **kwargs: Any) -> Any:
            for number in numbers:
                if not -len(args) <= number < len(args):
                    raise IndexError(
                        f"{operator.__name__}: argnum={argnum}, but the function was called with {len(args)} positional "
                        "arguments. Pass what is differentiated by position."
                    )

            def unary(x: Any) -> Any:
                return fun(*subvals(args, zip(numbers, [x] if single else x, strict=True)), **kwargs)

            unary.__name__ = get_name(fun)
            chosen = tuple(args[number] for number in numbers)
            return operator(unary, chosen[0] if single else chosen, *settings, **named)

        of_arguments.__name__ = f"{operator.__name__}_of_{get_name(fun)}_wrt_argnum_{argnum}"
        of_arguments.__doc__ = (
            f"    {operator.__name__} of function {get_name(fun)} with respect to argument number {argnum}. Takes the\n"
            f"    same arguments as {get_name(fun)} but returns the {operator.__name__}.\n"
        )
        return of_arguments

    return nary


def get_name(f: Any) -> str:
    """What the function is called."""
    return str(getattr(f, "__name__", "[unknown name]"))
