"""Functions whose derivative the user or a transform gives: custom_vjp, custom_jvp, checkpoint. Each is a row of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any

import numpy as np

from bibun import tree
from bibun.core.captured import Watched, kept
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import Traced, plain
from bibun.core.transposition import check_linear
from bibun.errors import DerivativeValueError, NoDerivativeError
from bibun.interpreters.entries import taking_batches, to_write_to
from bibun.transforms.arguments import number_like
from bibun.transforms.forward import jvp
from bibun.transforms.reverse import vjp


class _Call:
    """The arguments of one call, split into arrays (the row's inputs) and the rest."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        leaves, self.unflatten = tree.flatten((args, kwargs))
        self.rest = [None if number_like(leaf) else leaf for leaf in leaves]
        self.where = [i for i, leaf in enumerate(leaves) if number_like(leaf)]
        self.arrays = [leaves[i] for i in self.where]
        self.by_name = len(tree.flatten(args)[0])  # from this leaf on the arguments were given by keyword
        self.unflatten_output: Any = None
        self.given: Any = ()  # the arrays of the latest run
        self.residuals: Any = None  # of custom_vjp: the arguments of the latest run, and what it left

    def arguments(self, arrays: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """All arguments again, with these arrays."""
        leaves = list(self.rest)
        for i, value in zip(self.where, arrays, strict=True):
            leaves[i] = value
        return self.unflatten(leaves)  # type: ignore[no-any-return]

    def arguments_with(
        self, arrays: Sequence[Any], places: Sequence[int], some: Sequence[Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """All arguments again, with these arrays, of which some are replaced."""
        given = list(arrays)
        for i, x in zip(places, some, strict=True):
            given[i] = x
        return self.arguments(given)

    def check_positions(self, needed: Sequence[int], name: str) -> None:
        """A rule of the user's has derivatives for positional arguments only."""
        if any(self.where[i] >= self.by_name for i in needed):
            raise NoDerivativeError(
                f"{name} was called with a keyword argument that is differentiated, for which its rule has no derivative. "
                "Pass it by position."
            )

    def output(self, y: Any) -> Any:
        """The leaves of what the function returned; one is given as itself."""
        leaves, self.unflatten_output = tree.flatten(y)
        arrays = [x if isinstance(x, (Traced, np.ndarray, np.generic)) else np.asarray(x)[()] for x in leaves]
        return arrays[0] if len(arrays) == 1 else tuple(arrays)

    def result(self, y: Any) -> Any:
        """The user's containers again."""
        return self.unflatten_output(list(y) if isinstance(y, tuple) else [y])

    def cotangent(self, g: Any) -> Any:
        """The cotangent in the containers of the output."""
        return self.result(g)


def _by_position(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Keyword arguments by position, as far as f has a place for them: rules are written for positions."""
    from inspect import signature  # costs a twentieth of importing numpy

    bound = signature(f).bind(*args, **kwargs)
    return bound.args, bound.kwargs


def _escapes(y: Any, arrays: list[Any], name: str) -> None:
    """A function with a derivative of its own that reads a traced value from outside would lose that derivative."""
    top = max((x.level for x in arrays if isinstance(x, Traced)), default=-1)
    for part in y if isinstance(y, tuple) else (y,):
        if isinstance(part, Traced) and part.level > top:
            raise NoDerivativeError(
                f"{name} reads {part.word} from the code around it, whose derivative its own rule cannot give. "
                "Pass it as an argument."
            )


def _name(transform: str, f: Any) -> str:
    """The name of a function that the transform is given; a functools.partial and objects that are called have none."""
    if not callable(f):
        raise TypeError(f"{transform}: {f!r} is no function. Pass the function itself, not what it returns.")
    inner = getattr(f, "func", f)  # of a partial
    return str(getattr(f, "__name__", None) or getattr(inner, "__name__", type(f).__name__))


class custom_vjp:
    """A function with a pullback of the user's: f = custom_vjp(f); f.defvjp(forward, backward).

    forward(*args) -> (y, residuals); backward(residuals, cotangent of y) -> a tuple, the cotangent of each argument
    (None for zero). Higher derivatives differentiate backward; forward mode transposes it.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        update_wrapper(self, f)
        self.f = f
        self.__name__ = _name("custom_vjp", f)
        self.forward: Any = None
        self.backward: Any = None

    def defvjp(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
        """Give the rule. Returns `backward`, so that it can be used as a decorator's target."""
        self.forward, self.backward = forward, backward
        return backward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.backward is None:
            raise NoDerivativeError(f"custom_vjp: {self.__name__}.defvjp(forward, backward) was not called.")
        if kwargs:
            args, kwargs = _by_position(self.f, args, kwargs)
        call = _Call(args, kwargs)
        return call.result(_row(self._once(call), call, self._pull, name=self.__name__, original=self.f)(*call.arrays))

    def _once(self, call: _Call) -> Callable[..., Any]:
        """f; where its pullback may follow, forward, whose residuals the pullback then need not compute again. Forward itself
        may call this function, with the values below: of plain and of recorded ones there is no pullback."""
        if not any(isinstance(x, Traced) and not x.records for x in call.arrays):
            return self.f

        def forward(*args: Any, **kwargs: Any) -> Any:
            y, residuals = self.forward(*args, **kwargs)
            mine = tree.flatten(args)[0]
            given = tree.flatten(call.arguments(call.given)[0])[0]
            call.residuals = (given, tree.map_(lambda r: r if any(r is x for x in mine) else kept(r), residuals))
            return y

        return update_wrapper(forward, self.f)

    def _residuals(self, call: _Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Of these very arguments: a run on others (an outer level's, an entry's of a batch) leaves others."""
        if call.residuals is not None:
            before, residuals = call.residuals
            if all(a is b for a, b in zip(before, tree.flatten(args)[0], strict=True)):
                return tree.map_(lambda r: r.unwrap() if isinstance(r, Watched) else r, residuals)
        args, kwargs = tree.map_(to_write_to, (args, kwargs))
        return self.forward(*args, **kwargs)[1]

    def _pull(self, call: _Call, g: Any, needed: tuple[int, ...], xs: list[Any]) -> list[Any]:
        call.check_positions(needed, self.__name__)
        args, kwargs = call.arguments(xs)
        residuals = self._residuals(call, args, kwargs)
        found = self.backward(residuals, call.cotangent(g))
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(args):
            raise ValueError(
                f"custom_vjp: backward of {self.__name__} returned {len(found)} cotangents for {len(args)} arguments."
            )
        leaves: list[Any] = []
        for i, (arg, cotangent) in enumerate(zip(args, found, strict=True)):
            count = len(tree.flatten(arg)[0])
            given = [None] * count if cotangent is None else tree.flatten(cotangent)[0]
            if len(given) != count:
                raise ValueError(
                    f"custom_vjp: backward of {self.__name__} returned {len(given)} cotangents for argument {i}, which "
                    f"holds {count} values; one for each is needed (zeros where there is no influence)."
                )
            leaves += given
        return [_shaped(leaves[call.where[i]], xs[i], self.__name__) for i in needed]


def _shaped(cotangent: Any, x: Any, name: str) -> Any:
    """A cotangent of the input's shape."""
    if cotangent is None:
        return np.zeros_like(x)
    if np.shape(cotangent) != np.shape(x):
        raise ValueError(
            f"custom_vjp: backward of {name} returned a cotangent of shape {np.shape(cotangent)} for an argument of shape "
            f"{np.shape(x)}; they are alike."
        )
    return cotangent if isinstance(cotangent, Traced) else np.array(cotangent)[()]


def _row(
    f: Callable[..., Any],
    call: _Call,
    pull: Callable[..., Any],
    push: Callable[..., Any] | None = None,
    *,
    name: str,
    reads: tuple[str, ...] = ("needed", "xs"),
    original: Callable[..., Any] | None = None,
) -> Primitive:
    """The row of one call. `name`: the user's function; `reads`: what the pullback is given; `original`: what f stands for,
    kept for checks."""

    def of_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arrays: Any) -> Any:
            call.given = arrays
            args, kwargs = call.arguments(list(map(to_write_to, arrays)))
            y = call.output(function(*args, **kwargs))
            _escapes(y, list(arrays), name)
            return y

        return run

    run = of_arrays(f)
    if original is not None:
        run.original = of_arrays(original)  # type: ignore[attr-defined]
    return Primitive(
        name,
        "general",
        run,
        inputs=None,
        pullbacks=(Rule(taking_batches(partial(pull, call)), reads),),
        pushforwards=() if push is None else (Rule(lambda ts, xs: push(call, ts, xs), ("xs",)),),
        once=True,
    )


class custom_jvp:
    """A function with a pushforward of the user's: f = custom_jvp(f); f.defjvp(rule).

    rule(primals, tangents) -> (y, tangent of y), linear in the tangents. Reverse mode transposes it.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        update_wrapper(self, f)
        self.f = f
        self.__name__ = _name("custom_jvp", f)
        self.rule: Any = None

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give the rule, which is returned: it can be used as a decorator."""
        self.rule = rule
        return rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.rule is None:
            raise NoDerivativeError(f"custom_jvp: {self.__name__}.defjvp(rule) was not called.")
        if kwargs:
            args, kwargs = _by_position(self.f, args, kwargs)
        call = _Call(args, kwargs)
        return call.result(_row(self.f, call, self._pull, self._push, name=self.__name__)(*call.arrays))

    def _push(self, call: _Call, ts: list[Any], xs: list[Any]) -> Any:
        call.check_positions([i for i, t in enumerate(ts) if t is not None], self.__name__)
        tangents = [np.zeros_like(x) if t is None else t for t, x in zip(ts, xs, strict=True)]
        primals, kwargs = call.arguments(xs)
        moved, _ = call.arguments(tangents)
        y, dy = self.rule(primals, moved, **kwargs)
        self._check(tree.flatten(y)[0], tree.flatten(dy)[0])
        return call.output(dy)

    def _check(self, outputs: list[Any], tangents: list[Any]) -> None:
        """A tangent for each output, of its shape."""
        name = self.__name__
        if len(tangents) != len(outputs):
            raise ValueError(
                f"custom_jvp: the rule of {name} returned {len(tangents)} tangents for {len(outputs)} outputs."
            )
        for y, dy in zip(outputs, tangents, strict=True):
            if np.shape(dy) != np.shape(y):
                raise ValueError(
                    f"custom_jvp: the rule of {name} returned a tangent of shape {np.shape(dy)} for an output of shape "
                    f"{np.shape(y)}; they are alike."
                )

    def _pull(self, call: _Call, g: Any, needed: tuple[int, ...], xs: list[Any]) -> list[Any]:
        return transposed_rule(self.__name__, lambda ts: self._push(call, ts, xs), g, needed, xs)


def transposed_rule(
    name: str, push: Callable[[list[Any]], Any], g: Any, needed: tuple[int, ...], xs: list[Any]
) -> list[Any]:
    """The cotangents of the needed inputs, for a function whose pushforward alone is known: its transpose.

    Ones stand for the tangents, not zeros: a rule may do nothing for these. Raises DerivativeValueError where the rule is
    not linear.
    """

    def pushed(*some: Any) -> Any:
        ts: list[Any] = [None] * len(xs)
        for i, t in zip(needed, some, strict=True):
            ts[i] = t
        return push(ts)

    ones = [np.ones_like(xs[i]) for i in needed]
    moved, transpose = vjp(pushed, *ones)
    found = list(transpose(g))
    given = zip(g, moved, strict=True) if isinstance(g, tuple) else [(g, moved)]
    check_linear(
        f"the pushforward of {name}, a function of the tangents,", list(given), list(zip(found, ones, strict=True))
    )
    return found


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, whose inside the tape does not keep: the backward pass runs it again. Less memory for more time.

    Arrays that f reads from the code around it are differentiated only as arguments; where it does read one, f is
    recorded in full. What f writes into its arguments does not reach the caller's, as both runs need them: it is returned.
    Raises DerivativeValueError where f gives another value when it runs again.
    """

    name = _name("checkpoint", f)

    def pull(call: _Call, g: Any, needed: tuple[int, ...], xs: list[Any], y: Any) -> list[Any]:
        def again(*some: Any) -> Any:
            args, kwargs = call.arguments_with(xs, needed, some)
            return call.output(f(*args, **kwargs))

        now, pullback = vjp(again, *(xs[i] for i in needed))
        _check_unchanged(name, y, now)
        return list(pullback(g))

    def push(call: _Call, ts: list[Any], xs: list[Any]) -> Any:
        moving = [i for i, t in enumerate(ts) if t is not None]

        def along(*some: Any) -> Any:
            args, kwargs = call.arguments_with(xs, moving, some)
            return call.output(f(*args, **kwargs))

        return jvp(along, tuple(xs[i] for i in moving), tuple(ts[i] for i in moving))[1]

    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        call = _Call(args, kwargs)
        try:
            return call.result(_row(f, call, pull, push, name=name, reads=("needed", "xs", "y"))(*call.arrays))
        except NoDerivativeError:
            return f(*args, **kwargs)

    return update_wrapper(checkpointed, f)


def _check_unchanged(name: str, before: Any, now: Any) -> None:
    """The outputs of both runs agree, but for rounding."""
    pairs = zip(before, now, strict=True) if isinstance(before, tuple) else [(before, now)]
    for a, b in ((plain(a), plain(b)) for a, b in pairs):
        if isinstance(a, Traced) or np.array_equal(a, b) or np.result_type(a).kind not in "fc":
            continue
        tolerance = np.sqrt(np.finfo(np.result_type(a)).eps)
        size = np.max(np.abs(a), initial=0, where=np.isfinite(a))
        if not np.allclose(a, b, rtol=tolerance, atol=tolerance * size, equal_nan=True):
            raise DerivativeValueError(
                f"checkpoint: {name} gave another value when the derivative ran it again: "
                "an array that it reads from the code around it has changed, or it draws random numbers. Pass what changes "
                "as an argument."
            )
