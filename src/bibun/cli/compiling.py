"""`bibun compile`: the user's function, or a derivative of it, as a program; its result, its text, its times. Prints nothing."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import bibun
from bibun import tree
from bibun.cli.arguments import Point
from bibun.cli.checking import ByPosition
from bibun.cli.failures import CommandError, user_code, user_place
from bibun.cli.measuring import called, median, silent
from bibun.errors import BibunError

TRANSFORMS: dict[str, Callable[..., Any]] = {
    "gradient": bibun.value_and_grad,
    "Jacobian": bibun.jacobian,
    "Hessian": bibun.hessian,
}


@dataclass(frozen=True, slots=True)
class Program:
    """What `bibun compile` prints. `results`: name and value of each number and array that the program returns."""

    point: Point
    what: str
    results: tuple[tuple[str, Any], ...]
    texts: tuple[str, ...]
    first: float  # seconds of the first call
    plain: float  # of a call without a program
    compiled: float
    warnings: tuple[str, ...]


def compile_point(point: Point, what: str, *, fast: bool, shown: tuple[str, ...]) -> Program:
    """Compile and call at the point. `what`: of TRANSFORMS, or nothing; `shown`: source, explain, llvm."""
    called(point)
    names = list(point.values)
    f = ByPosition(point.function, point.function.call, names)
    chosen = [leaf.name.split("[")[0] for leaf in point.leaves]
    argnums = tuple(n for n, name in enumerate(names) if name in chosen)
    plain = TRANSFORMS[what](f, argnums=argnums) if what else f
    values = [point.values[name] for name in names]
    with silent(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", bibun.CompileWarning)
        compiled = bibun.compile(plain, fast=fast)
        start = perf_counter()
        result = _run(point, compiled, values)
        first = perf_counter() - start
    texts = tuple(_text(compiled, word) for word in shown)
    with silent():
        times = median(lambda: plain(*values)), median(lambda: compiled(*values))
    found = tuple(str(w.message) for w in caught if issubclass(w.category, bibun.CompileWarning))
    return Program(point, what, _named(what, result, [names[n] for n in argnums]), texts, first, *times, found)


def _run(point: Point, compiled: Callable[..., Any], values: list[Any]) -> Any:
    function = point.function
    with user_code(function.file, function.place, "in the compiled function; the plain call works"):
        try:
            return compiled(*values)
        except BibunError as error:
            if user_place(error.__traceback__, function.file):
                raise
            raise CommandError(f"{function.place}\n{error}") from error


def _text(compiled: Any, word: str) -> str:
    """The source, the explanation, or LLVM's text; why there is no program, where the function runs plainly."""
    try:
        return str(getattr(compiled, word)())
    except RuntimeError:
        return str(compiled.explain())


def _named(what: str, result: Any, chosen: list[str]) -> tuple[tuple[str, Any], ...]:
    """The leaves of the result: `value`, and those of a derivative by the arguments they belong to."""
    if what == "gradient":
        value, parts = result
        return (("value", value), *_leaves("gradient", parts, chosen))
    if what == "Hessian":
        blocks = zip(chosen, result, strict=True)
        return tuple(leaf for name, row in blocks for leaf in _leaves(f"Hessian {name},", row, chosen))
    return tuple(_leaves(what, result, chosen)) if what else tuple(_entries("value", result))


def _leaves(what: str, parts: Any, chosen: list[str]) -> list[tuple[str, Any]]:
    return [leaf for name, part in zip(chosen, parts, strict=True) for leaf in _entries(f"{what} {name}", part)]


def _entries(name: str, value: Any) -> list[tuple[str, Any]]:
    leaves, _ = tree.flatten(value)
    return [(name + path, leaf) for path, leaf in zip(tree.paths(value), leaves, strict=True)]
