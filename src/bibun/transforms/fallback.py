"""numerical_fallback: a black box inside differentiated code. Its derivatives are numerical, each with a bound on its error.

The bounds go to whoever watches (`watching`), and into the derivative itself where it is asked to be as wrong as they allow
(`disturbed`): that is how a check learns what they do to the derivative of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import update_wrapper
from typing import Any, NamedTuple

import numpy as np

from bibun import tree
from bibun.core.traced import recorded
from bibun.errors import NoDerivativeError, UnrecordableError
from bibun.transforms.custom import _Call, _name, _row


class Used(NamedTuple):
    """One numerical derivative: of which function, the largest of its bounds, calls of the function, what limited it."""

    name: str
    error: float
    evaluations: int
    status: str


_watcher: ContextVar[list[Used] | None] = ContextVar("_watcher", default=None)
_signs: ContextVar[np.random.Generator | None] = ContextVar("_signs", default=None)


@contextmanager
def watching() -> Iterator[list[Used]]:
    """The numerical derivatives that are taken meanwhile."""
    used: list[Used] = []
    token = _watcher.set(used)
    try:
        yield used
    finally:
        _watcher.reset(token)


@contextmanager
def disturbed(seed: int) -> Iterator[None]:
    """Meanwhile each of them is off by its bound, up or down."""
    token = _signs.set(np.random.default_rng(seed))
    try:
        yield
    finally:
        _signs.reset(token)


class numerical_fallback:
    """f, differentiated numerically: black_box = numerical_fallback(f), or as a decorator.

    f takes and gives arrays, numbers and containers of them; inside it gets plain ones, and may be anything: compiled code,
    a simulation, a call of another program. Reverse mode costs about 10 calls of f for each entry of its arguments (3 where
    f lets complex numbers through), forward mode about 10; each derivative of a derivative multiplies that. The derivatives
    are those of bibun.numerical, and `bibun.check` reports what their errors do to the derivative of the whole.

    Raises NoDerivativeError where f has none that can be found with a bound on its error: at a jump, where a slope is infinite,
    where f is not finite.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        update_wrapper(self, f)
        self.f = f
        self.name = _name("numerical_fallback", f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = _Call(args, kwargs)
        return call.result(_row(self._plainly, call, self._pull, self._push, name=self.name)(*call.arrays))

    def _plainly(self, *args: Any, **kwargs: Any) -> Any:
        """f of arrays of its own, which it may change."""
        leaves, unflatten = tree.flatten((args, kwargs))
        if any(recorded(leaf) is not None for leaf in leaves):
            raise UnrecordableError(f"{self.name} is a black box (numerical_fallback)")
        args, kwargs = unflatten([leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])
        return self.f(*args, **kwargs)

    def _pull(self, call: _Call, g: Any, needed: tuple[int, ...], xs: list[Any]) -> list[Any]:
        """The gradient of Re(sum g y), a function of xs and g: itself a black box, if it is to be differentiated."""
        cotangents = list(g) if isinstance(g, tuple) else [g]

        def pulled(*arrays: Any) -> Any:
            from bibun.numerical import gradient

            given, weights = list(arrays[: len(xs)]), arrays[len(xs) :]

            def weighed(some: list[Any]) -> Any:
                ys = tree.flatten(self._at(call, given, needed, some))[0]
                total = sum(np.sum(w * y) for w, y in zip(weights, ys, strict=True))
                return np.real(total) if any(np.iscomplexobj(w) for w in weights) else total

            return self._value(gradient(weighed, [given[i] for i in needed], progress=False))

        return list(self._derivative(pulled)(*xs, *cotangents))

    def _push(self, call: _Call, ts: list[Any], xs: list[Any]) -> Any:
        """The derivative of f(x + s t) by s, a function of xs and ts."""
        moving = tuple(i for i, t in enumerate(ts) if t is not None)

        def pushed(*arrays: Any) -> Any:
            from bibun.numerical import directional

            given, tangents = list(arrays[: len(xs)]), list(arrays[len(xs) :])
            along = lambda some: self._at(call, given, moving, some)  # noqa: E731
            return self._value(directional(along, [given[i] for i in moving], tangents, progress=False))

        return call.output(self._derivative(pushed)(*xs, *(ts[i] for i in moving)))

    def _at(self, call: _Call, given: list[Any], places: tuple[int, ...], some: list[Any]) -> Any:
        """f of the given arrays, some of them replaced."""
        args, kwargs = call.arguments_with(given, places, some)
        return self._plainly(*args, **kwargs)

    def _derivative(self, function: Callable[..., Any]) -> numerical_fallback:
        function.__name__ = f"the derivative of {self.name}"
        return numerical_fallback(function)

    def _value(self, estimate: Any) -> Any:
        """The value of an estimate; its bound is noted."""
        values, unflatten = tree.flatten(estimate.value)
        errors = tree.flatten(estimate.error)[0]
        largest = max((float(np.max(error, initial=0.0)) for error in errors), default=0.0)
        if not np.isfinite(largest):
            raise NoDerivativeError(
                f"{self.name} has no derivative here that could be found numerically: {estimate.status}; nothing bounds the "
                "error of what was found."
            )
        used, signs = _watcher.get(), _signs.get()
        if used is not None:
            used.append(Used(self.name, largest, estimate.evaluations, estimate.status))
        if signs is not None:
            values = [v + e * signs.choice([-1.0, 1.0], np.shape(v)) for v, e in zip(values, errors, strict=True)]
        return unflatten([np.asarray(v)[()] for v in values])
