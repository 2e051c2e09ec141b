"""What is checked: a function of the arrays among its arguments. Runs it; knows no derivative.

A Problem turns f(*args) into a function from a list of arrays (the leaves that are differentiated) to a list of arrays
(the outputs that vary), for plain values and for traced ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from bibun import tree
from bibun.core.traced import Traced, plain
from bibun.errors import NoDerivativeError
from bibun.interpreters.variable import Variable

Array = np.ndarray[Any, Any]
_CONTINUOUS = "fc"
REPEATED = 8  # times that a value is the same before a function is taken to be no random one
_SAME = 2.0**14  # in units of rounding: how far float32 values of a function may be from its float64 ones


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array among the arguments. `box` makes of an array what the function was given there: a float, a Variable."""

    path: str
    value: Array
    box: Callable[[Array], Any]
    argument: int = 0  # the number of the argument that holds it

    @property
    def complex(self) -> bool:
        return bool(self.value.dtype.kind == "c")


@dataclass(frozen=True, slots=True)
class Skipped:
    """An array among the arguments that has no derivative."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    reason: str


class Problem:
    """A function of leaves: run(values) gives its result, a tree, from plain or traced values of the leaves.

    arguments(values): all arguments of the user's function, with these leaves.
    """

    def __init__(
        self,
        name: str,
        leaves: list[Leaf],
        run: Callable[[list[Any]], Any],
        arguments: Callable[[list[Any]], tuple[Any, ...]] | None = None,
        skipped: Sequence[Skipped] = (),
    ) -> None:
        self.name, self.leaves, self.run, self.arguments, self.skipped = name, leaves, run, arguments, skipped
        self.evaluations = 0
        self.seconds = 0.0  # of the run at the point
        self.kept: list[int] = []  # which outputs vary
        self.paths: list[str] = []  # how each of them is reached
        self.spoilt = False  # by values inside that are not finite, which reverse mode may spread
        self.not_finite: list[str] = []  # outputs that are nan or infinite throughout, which are not compared
        self.outputs: list[Array] = []  # at the point
        self.reference: list[Array] = []  # the same from leaves in double precision, where the function takes them

    @property
    def point(self) -> list[Array]:
        return [leaf.value for leaf in self.leaves]

    def start(self) -> None:
        """Run it at the point. What it raises there is its own error, with a note that says where."""
        self.evaluations += 1
        begun = perf_counter()
        try:
            y = self.run([leaf.box(leaf.value.copy()) for leaf in self.leaves])
        except Exception as error:
            error.add_note(f"raised by {self.name} at the point where bibun.check was to check its derivatives")
            raise
        self.seconds = perf_counter() - begun
        flat, paths = tree.flatten(y)[0], tree.paths(y)
        for i, (value, path) in enumerate(zip(flat, paths, strict=True)):
            found = np.array(plain(value))
            if found.dtype.kind in _CONTINUOUS and found.size:
                if not np.any(np.isfinite(found)):
                    self.not_finite.append(f"output{path}")
                    continue
                self.kept.append(i)
                self.paths.append(path)
                self.outputs.append(found)
        if not self.kept and not self.not_finite:
            empty = bool(flat) and all(np.array(plain(y)).dtype.kind in _CONTINUOUS for y in flat)
            why = "which is empty" if empty else "which does not vary continuously"
            raise NoDerivativeError(
                f"check: {self.name} returned {_kinds(flat)}, {why}: there is no derivative to check. "
                + ("Check at larger arguments." if empty else "Return floats.")
            )
        self.spoilt |= bool(self.not_finite) or not all(np.all(np.isfinite(y)) for y in self.outputs)
        if self.kept:
            self.widen()

    def widen(self) -> None:
        """See whether float32 leaves may be float64 for the numerical derivatives, which are then so much sharper."""
        self.reference = self.outputs
        if not any(x.dtype.itemsize < _wide(x.dtype).itemsize for x in self.point):
            return
        try:
            found = self.plain([x.astype(_wide(x.dtype)) for x in self.point])
        except Exception:  # noqa: BLE001  the user's function may insist on its dtype
            return
        if not self.far(found, _SAME * self.precision):
            self.reference = found

    def far(self, outputs: Sequence[Any], tolerance: float) -> dict[int, int]:
        """Which outputs are other ones than those at the point, and where most, flat."""
        pairs = enumerate(zip(outputs, self.outputs, strict=True))
        return {i: at for i, (a, b) in pairs if (at := farthest(np.asarray(a), b, tolerance)) is not None}

    def other_value(self, outputs: list[Array], again: Callable[[], list[Array]]) -> str:
        """What it is where `outputs`, of the differentiated function, are other ones each time; empty where they are not."""
        far = self.far(outputs, float(np.sqrt(self.precision)))
        for _ in range(REPEATED if far else 0):  # what is random, or has a state, repeats neither
            if not same(self.plain([x.copy() for x in self.point]), self.outputs) or not same(again(), outputs):
                return ""
        for i, at in far.items():
            a, b = outputs[i], self.outputs[i]
            index = np.unravel_index(at, b.shape) if b.ndim else ()
            place = self.paths[i] + (f"[{', '.join(map(str, index))}]" if index and a.shape == b.shape else "")
            what = (
                f"{a[index]:.9g} instead of {b[index]:.9g}" if a.shape == b.shape else f"shape {a.shape}, not {b.shape}"
            )
            return f"differentiated, {self.name} returns {what}{place and f' at {place}'}"
        return ""

    @property
    def wide(self) -> bool:
        """Whether numerical derivatives are taken in double precision, of a function that is given less."""
        return self.reference is not self.outputs

    @property
    def numerical_point(self) -> list[Array]:
        """The leaves as the numerical derivatives take them."""
        return [x.astype(_wide(x.dtype)) for x in self.point] if self.wide else self.point

    def moved(self, values: list[Array]) -> Problem:
        """The same function at another point."""
        leaves = [
            Leaf(leaf.path, value, leaf.box, leaf.argument) for leaf, value in zip(self.leaves, values, strict=True)
        ]
        return Problem(self.name, leaves, self.run, self.arguments)

    def plain(self, values: list[Array]) -> list[Array]:
        """The outputs at these values, which may be complex where the leaves are real."""
        self.evaluations += 1
        with np.errstate(all="ignore"):
            y = self.run([leaf.box(value) for leaf, value in zip(self.leaves, values, strict=True)])
        flat, _ = tree.flatten(y)
        return [np.array(plain(flat[i])) for i in self.kept]

    def flat(self, *values: Any) -> tuple[Any, ...]:
        """The same for the transforms: a tuple of traced outputs."""
        flat, _ = tree.flatten(self.run(list(values)))
        return tuple(flat[i] for i in self.kept)

    @property
    def precision(self) -> float:
        """The rounding unit of the coarsest dtype among leaves and outputs: what f computes in, as far as one can see."""
        return max(float(np.finfo(a.dtype).eps) for a in (*self.point, *self.outputs))


def problem_of(f: Callable[..., Any], args: tuple[Any, ...], argnums: int | Sequence[int] | None) -> Problem:
    """Take the arguments apart; raises NoDerivativeError where nothing among them varies."""
    name = function_name(f)
    numbers = _numbers(args, argnums)
    flat, unflatten = tree.flatten(args)
    names = _argument_names(f, len(args))
    leaves: list[Leaf] = []
    skipped: list[Skipped] = []
    where: list[int] = []
    counts = [len(tree.flatten(arg)[0]) for arg in args]
    owners = [i for i, count in enumerate(counts) for _ in range(count)]
    for i, (value, path) in enumerate(zip(flat, tree.paths(args), strict=True)):
        if owners[i] not in numbers or not _is_number(value):
            continue
        path = names[owners[i]] + path.removeprefix(f"[{owners[i]}]")
        array = np.array(plain(value))
        if array.dtype.kind in _CONTINUOUS:
            leaves.append(Leaf(path, array, _box(value), owners[i]))
            where.append(i)
        else:
            reason = f"{array.dtype} does not vary continuously"
            skipped.append(Skipped(path, array.shape, str(array.dtype), reason))
    order = sorted(range(len(leaves)), key=lambda i: numbers.index(leaves[i].argument))  # as grad has them
    leaves, where = [leaves[i] for i in order], [where[i] for i in order]
    if not leaves:
        raise NoDerivativeError(_nothing(name, skipped, argnums))

    def arguments(values: list[Any]) -> tuple[Any, ...]:
        whole = [value.copy() if isinstance(value, np.ndarray) else value for value in flat]
        for i, value in zip(where, values, strict=True):
            whole[i] = value
        return tuple(unflatten(whole))

    return Problem(name, leaves, lambda values: f(*arguments(values)), arguments, skipped)


def farthest(found: Array, wanted: Array, tolerance: float) -> int | None:
    """The entry that is farthest off, flat, if by more than this share of the largest; 0 if the shapes differ."""
    if found.shape != wanted.shape:
        return 0
    sure = np.isfinite(wanted)
    with np.errstate(all="ignore"):
        gaps = np.where(sure, np.abs(found - wanted), 0).reshape(-1)
        gaps[np.isnan(gaps)] = np.inf
    worst = int(np.argmax(gaps)) if gaps.size else 0
    return worst if gaps.size and gaps[worst] > tolerance * np.max(np.abs(wanted), where=sure, initial=0) else None


def same(found: Sequence[Array], wanted: Sequence[Array]) -> bool:
    """Whether they are, to the last bit."""
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, wanted, strict=True))


def function_name(f: Callable[..., Any]) -> str:
    """Its name, or that of its class."""
    return str(getattr(f, "__name__", None) or type(f).__name__)


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.result_type(dtype, np.float64)


def _nothing(name: str, skipped: list[Skipped], argnums: int | Sequence[int] | None) -> str:
    found = ", ".join(f"{s.path} ({s.dtype})" for s in skipped)
    among = "the arguments" if argnums is None else f"argnums={argnums}"
    return (
        f"check: {among} of {name} {'hold' if argnums is None else 'holds'} no floats to differentiate by"
        f"{f', only {found}' if found else ''}. Pass floats (2.0 instead of 2, x.astype(float))."
    )


def _numbers(args: tuple[Any, ...], argnums: int | Sequence[int] | None) -> tuple[int, ...]:
    """Which arguments are differentiated."""
    if argnums is None:
        return tuple(range(len(args)))
    numbers = (argnums,) if isinstance(argnums, (int, np.integer)) else tuple(argnums)
    for number in numbers:
        if not isinstance(number, (int, np.integer)) or not -len(args) <= number < len(args):
            raise TypeError(
                f"check: argnums={argnums!r}, but it holds numbers of the {len(args)} arguments, from 0 on, or is None for "
                "all of them."
            )
    return tuple(int(number) % len(args) for number in numbers)


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the parameters; where f does not tell them, x, or args[0], args[1], ..."""
    from inspect import Parameter, signature

    names: list[str] = []
    try:
        parameters = list(signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    for parameter in parameters:
        if parameter.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
        elif parameter.kind is Parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
    if len(names) < count:
        return ["x"] if count == 1 else [f"args[{i}]" for i in range(count)]
    return names[:count]


def _is_number(value: Any) -> bool:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "biufcO"
    if isinstance(value, Traced):
        return plain(value) is not None
    return isinstance(value, (float, int, complex))


def _box(like: Any) -> Callable[[Array], Any]:
    """What the function was given, made of an array."""
    if isinstance(like, Traced):
        return Variable
    if isinstance(like, (np.generic, float, complex)) and not isinstance(like, np.ndarray):
        return _python_number if type(like) in (float, complex) else _numpy_number
    return _itself


def _itself(array: Array) -> Any:
    return array


def _numpy_number(array: Array) -> Any:
    return array[()]


def _python_number(array: Array) -> Any:
    return array.item()


def _kinds(values: list[Any]) -> str:
    found = (plain(v) for v in values)
    names = {f"{v.dtype} of shape {v.shape}" if hasattr(v, "dtype") else type(v).__name__ for v in found}
    return ", ".join(sorted(names)) or "nothing"
