"""`bibun check`: hands the user's function and point to `bibun.check`. Compares nothing itself."""

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from bibun.checking.check import check
from bibun.checking.report import Report
from bibun.cli.arguments import Point, arranged
from bibun.cli.failures import CommandError, user_code, user_place
from bibun.cli.loading import UserFunction
from bibun.cli.measuring import called, silent
from bibun.errors import BibunError


def check_point(point: Point, gradient: UserFunction | None, order: int, seed: int) -> Report:
    """Call the user's function once, plainly, then check its derivatives by the arguments that hold leaves."""
    called(point)
    function = point.function
    order_of = {parameter.name: position for position, parameter in enumerate(function.parameters)}
    names = sorted(point.values, key=lambda name: order_of.get(name, len(order_of)))
    chosen = {leaf.name.split("[")[0] for leaf in point.leaves}
    with silent(), user_code(function.file, function.place, "in the check; the plain call works"):
        try:
            return check(
                ByPosition(function, function.call, names),
                *(point.values[name] for name in names),
                order=order,
                gradient=ByPosition(function, gradient.call, names) if gradient else None,
                argnums=tuple(position for position, name in enumerate(names) if name in chosen),
                seed=seed,
            )
        except BibunError as error:
            if user_place(error.__traceback__, function.file):
                raise
            raise CommandError(f"{function.place}\n{error}") from error


class ByPosition:
    """A callable of the arguments that are given, in order, under their own names: the report says those."""

    def __init__(self, function: UserFunction, call: Callable[..., Any], names: list[str]) -> None:
        self._function, self._call, self._names = function, call, names
        self.__name__ = function.name
        self.__wrapped__ = call  # what looks for the code finds the user's
        self.__signature__ = Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names])

    def __call__(self, *values: Any) -> Any:
        positional, named = arranged(self._function, dict(zip(self._names, values, strict=True)))
        return self._call(*positional, **named)
