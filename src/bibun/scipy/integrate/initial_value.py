"""Initial value problems: solve_ivp and odeint. SciPy chooses the steps; the steps, taken again, carry the derivatives.

See docs/explanation/decisions/13-solvers.md. A step is in steps.py.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

import numpy as np
from scipy import integrate  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.traced import Traced, bare
from bibun.errors import NoDerivativeError, located
from bibun.scipy._implicit import implicit
from bibun.scipy._levels import all_at, batches, gathered, is_traced, spread, steering, with_derivatives_of
from bibun.scipy._problem import Problem, derived, floats, storing
from bibun.scipy.integrate.steps import EXPLICIT, IMPLICIT, explicit, radau
from bibun.transforms.derived import jacobian

Function = Callable[..., Any]


class Replay:
    """The solution over the steps that SciPy took, with derivatives: a function of t, as OdeSolution is."""

    def __init__(self, method: str, f: Function, t: Any, nodes: Any, y: Any, guesses: Function) -> None:
        self.nodes, self.t = nodes, t  # plain, and with derivatives
        self.y = [y]
        self.steps: list[Any] = []
        slope = f(t[0], y) if method in EXPLICIT else None
        for k in range(len(nodes) - 1):
            h = t[k + 1] - t[k]
            if slope is not None:
                step = explicit(method, f, t[k], h, y, slope)
            else:
                step = radau(IMPLICIT[method], f, t[k], h, y, guesses(k))
            self.steps.append((t[k], h, step.between))
            y, slope = step.y, step.f
            self.y.append(y)
        self.ts, self.t_min, self.t_max = nodes, min(nodes[0], nodes[-1]), max(nodes[0], nodes[-1])

    def __call__(self, t: Any) -> Any:
        """y at t, which may be traced: in the polynomial of the step that it lies in."""
        t = as_array(t)
        where = self._places(np.asarray(bare(t)))
        if batches(t):
            return self._selected(t, np.unique(where).tolist())
        if not t.ndim:
            return self._at(int(where), t)
        columns = [self._at(k, t[where == k]) for k in dict.fromkeys(where.tolist())]
        order = np.argsort(np.concatenate([np.flatnonzero(where == k) for k in dict.fromkeys(where.tolist())]))
        return np.concatenate(columns, axis=1)[:, order]

    def _places(self, t: Any) -> Any:
        forward = self.nodes[-1] >= self.nodes[0]
        nodes, t = (self.nodes, t) if forward else (-self.nodes, -t)
        return np.clip(np.searchsorted(nodes, t, side="left") - 1, 0, len(self.steps) - 1)

    def _at(self, k: int, t: Any) -> Any:
        start, h, between = self.steps[k]
        return between((t - start) / h)

    def _selected(self, t: Any, steps: list[int]) -> Any:
        """Each entry of a batch may lie in another step: in the last of these that begins before it."""
        y = self._at(steps[0], t)
        for k in steps[1:]:
            begun = self.nodes[k] < t if self.nodes[-1] >= self.nodes[0] else self.nodes[k] > t
            y = np.where(begun, self._at(k, t), y)
        return y


class Solution(integrate.OdeSolution):  # type: ignore[misc]
    """SciPy's solution of a plain problem as a function of t; of a traced t by the replay."""

    def __init__(self, found: Any, replay: Function) -> None:
        self.__dict__.update(found.__dict__)
        self._found, self._replay = found, cache(replay)

    def __call__(self, t: Any) -> Any:
        """y at t."""
        return self._replay()(t) if is_traced(t) else self._found(t)

    def __reduce__(self) -> Any:
        """Stored, it is SciPy's: the function that was solved for may be one that cannot be."""
        return copy, (self._found,)


def solve_ivp(
    fun: Function,
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """y' = fun(t, y, *args) from y0. `.t`, `.y`, `.sol`, `.t_events` and `.y_events` have derivatives by y0, t_span, t_eval,
    args and what fun reads, to the tolerance of the solution; those of RK23, RK45, DOP853 and Radau are those of the
    numbers that SciPy computes, with its steps held fixed (as fractions of t_span).

    Radau, BDF and LSODA are given the exact Jacobian unless jac= is. Under vmap all entries take the same steps.
    """
    fun, args = storing(fun), () if args is None else tuple(args)
    options |= steering("solve_ivp", **{key: value for key, value in options.items() if key != "jac"})
    y0, span = floats(y0), list(t_span)
    f = _field(fun, args)
    start = f(bare(span[0]), y0)
    if not is_traced(span, y0, t_eval, start, args):
        return _of_scipy(fun, span, y0, method, t_eval, dense_output, events, vectorized, args, options)
    sizes = batches(y0, start, args)
    _check(span, t_eval, events, sizes, method)
    plain, flat = _plain(f, sizes, np.shape(start)), np.ravel(gathered(y0, sizes))
    t_bare = None if t_eval is None else np.asarray(bare(as_array(t_eval)))
    watched = [
        _event(event, args) for event in (events if isinstance(events, (list, tuple)) else [events] if events else [])
    ]
    found = integrate.solve_ivp(
        plain,
        [bare(t) for t in span],
        flat,
        method,
        t_bare,
        True,
        watched or None,
        **_with_jacobian(fun, args, method, options, sizes, flat, span),
    )
    if not found.sol or found.status < 0:
        raise NoDerivativeError(f"{located()}solve_ivp: there is no solution to differentiate: {found.message}")
    shape = np.shape(y0)
    replay = _replay(method, f, span, y0, found.sol, sizes, shape)
    return _result(found, replay, t_eval, watched, dense_output, sizes, shape)


def _field(fun: Function, args: tuple[Any, ...]) -> Function:
    return lambda t, y: as_array(fun(t, y, *args))


def _event(event: Function, args: tuple[Any, ...]) -> Function:
    """An event as SciPy asks for it, and as it is: with `terminal` and `direction`."""

    def plain(t: Any, y: Any) -> Any:
        value = event(t, y, *args)
        return value if isinstance(t, Traced) or isinstance(y, Traced) else bare(value)

    for name in ("terminal", "direction"):
        if hasattr(event, name):
            setattr(plain, name, getattr(event, name))
    plain.traced = lambda t, y: event(t, y, *args)  # type: ignore[attr-defined]
    return plain


def _plain(f: Function, sizes: Any, shape: tuple[int, ...]) -> Function:
    """f for SciPy: of one plain vector, which holds all the entries of the batches."""
    whole = (*(sizes[level] for level in sorted(sizes)), *shape)

    def plain(t: float, y: Any) -> Any:
        return np.ravel(gathered(f(t, spread(np.reshape(y, whole), sizes)), sizes))

    return plain


def _check(span: list[Any], t_eval: Any, events: Any, sizes: Any, method: Any) -> None:
    """Refuse what the replay cannot do."""
    if not isinstance(method, str):
        raise NoDerivativeError(
            f"{located()}solve_ivp: a solver class of your own cannot be differentiated; choose one of SciPy's by its name."
        )
    if batches(span, t_eval):
        raise NoDerivativeError(
            f"{located()}solve_ivp: inside vmap all entries share t_span and t_eval. Map over initial values and args, or scale "
            "time: y' = (t1 - t0) f over t_span=(0, 1)."
        )
    if sizes and events:
        raise NoDerivativeError(
            f"{located()}solve_ivp: inside vmap an event happens at another time in each entry. Leave events= away, or loop."
        )


def _of_scipy(
    fun: Any,
    span: Any,
    y0: Any,
    method: Any,
    t_eval: Any,
    dense: Any,
    events: Any,
    vectorized: Any,
    args: Any,
    options: Any,
) -> Any:
    more = _with_jacobian(fun, args, method, options, {}, y0, span)
    more["args"] = args or None
    if callable(more.get("jac")) and more["jac"] is not options.get("jac"):
        exact = more["jac"]
        more["jac"] = lambda t, y, *_: exact(t, y)
    found = integrate.solve_ivp(fun, span, y0, method, t_eval, dense, events, vectorized, **more)
    if found.sol is not None and isinstance(method, str):
        sol = found.sol
        found.sol = Solution(sol, lambda: _replay(method, _field(fun, args), span, y0, sol, {}, np.shape(y0)))
    return found


def _with_jacobian(
    fun: Any, args: Any, method: Any, options: dict[str, Any], sizes: Any, y: Any, span: Any
) -> dict[str, Any]:
    """The options for SciPy, with the exact Jacobian where the method takes one."""
    jac = options.get("jac")
    if sizes:  # theirs are of one entry, and it only steers the steps
        return {key: value for key, value in options.items() if key not in ("jac", "jac_sparsity")}
    if callable(jac):
        return options | {"jac": lambda t, y: all_at(jac(t, y, *all_at(args, {})), {})}
    if is_traced(jac):
        return options | {"jac": all_at(jac, {})}
    if method not in ("Radau", "BDF", "LSODA") or jac is not None or options.get("jac_sparsity") is not None:
        return dict(options)

    def at_time(t: Any) -> Any:
        problem = Problem(lambda y: fun(t, y, *all_at(args, {})))
        return derived(problem, {}, lambda g: jacobian(lambda y: np.reshape(as_array(g(y)), -1)), y)

    return options | {"jac": lambda t, y: at_time(t)(y)} if at_time(bare(span[0])) else dict(options)


def _replay(method: str, f: Function, span: Any, y: Any, sol: Any, sizes: Any, shape: tuple[int, ...]) -> Replay:
    pieces = sol.interpolants
    nodes = np.array([*(piece.t_old for piece in pieces), pieces[-1].t])
    t0, t1 = (bare(t) for t in span)
    times: Any = nodes
    if is_traced(span):
        fractions = (nodes - t0) / (t1 - t0)
        times = (1 - fractions) * span[0] + fractions * span[1]

    def guess(k: int) -> Any:
        stages = IMPLICIT[method].nodes
        at_nodes = pieces[k](nodes[k] + (nodes[k + 1] - nodes[k]) * stages) - pieces[k](nodes[k])[:, None]
        raw = np.reshape(at_nodes, (*sizes_of(sizes), *shape, len(stages)))
        return spread(np.moveaxis(raw, -1, len(sizes)), sizes)

    return Replay(method, f, times, nodes, y, guess)


def sizes_of(sizes: Any) -> tuple[int, ...]:
    """The lengths of the batches, the outermost first."""
    return tuple(sizes[level] for level in sorted(sizes))


def _result(
    found: Any, replay: Replay, t_eval: Any, events: list[Function], dense: bool, sizes: Any, shape: Any
) -> Any:
    """SciPy's numbers with the derivatives of the replay."""

    def differentiated(y: Any, again: Any) -> Any:
        return with_derivatives_of(spread(np.reshape(y, (*sizes_of(sizes), *shape, *np.shape(y)[1:])), sizes), again)

    times = _event_times(found, replay, events)
    if t_eval is not None:
        t = as_array(t_eval)[: len(found.t)]
        again = replay(t)
    else:
        t, columns = replay.t, list(replay.y)
        if found.status == 1:
            end = next(te for many in times for te in reversed(list(many)) if bare(te) == found.t[-1])
            t, columns[-1] = np.concatenate([t[:-1], np.reshape(end, (1,))]), replay(end)
        count = len(found.t)  # an end that is a node already is not repeated
        t, again = t[:count], np.stack(columns[:count], axis=1)
    found.t, found.y = t if is_traced(t) else found.t, differentiated(found.y, again)
    if found.t_events is not None:
        found.y_events = [
            np.transpose(differentiated(ye.T, replay(te))) if len(ye) else ye
            for te, ye in zip(times, found.y_events, strict=True)
        ]
        found.t_events = times
    found.sol = replay if dense else None
    return found


def _event_times(found: Any, replay: Replay, events: list[Function]) -> list[Any]:
    """When each event happens: t with event(t, y(t)) = 0, by the implicit function theorem."""
    times = []
    for event, plain in zip(events, found.t_events or [], strict=True):
        one = [
            implicit(_at_event(event, replay), np.float64(te), name="solve_ivp: an event", separate=True)
            for te in plain
        ]
        times.append(np.stack([as_array(te) for te in one]) if one else plain)
    return times


def _at_event(event: Any, replay: Replay) -> Function:
    return lambda t: event.traced(t, replay(t))


def odeint(func: Function, y0: Any, t: Any, args: Any = (), Dfun: Any = None, *more: Any, **settings: Any) -> Any:
    """y at the times t, a row each: SciPy's odeint, and the derivatives of solve_ivp(method="LSODA") of its tolerances.

    Derivatives by y0, t, args and what func reads. Parameters as in SciPy.
    """
    func, args = storing(func), args if isinstance(args, tuple) else (args,)
    y0, t = floats(y0), as_array(t)
    y0 = np.reshape(y0, (1,)) if not y0.ndim else y0
    settings, more = steering("odeint", **settings), tuple(steering("odeint", more=more)["more"])
    swapped = settings.get("tfirst", False)

    def field(s: Any, y: Any, *args: Any) -> Any:
        return as_array(func(s, y, *args) if swapped else func(y, s, *args))

    start = field(bare(t[0]), y0, *args)
    sizes = batches(y0, start, args)
    if not is_traced(y0, t, start, args):
        return integrate.odeint(func, y0, t, args, Dfun, *more, **settings)
    _check([t[0]], t, None, sizes, "LSODA")
    plain = _plain(_field(field, args), sizes, np.shape(start))
    flat = np.ravel(gathered(y0, sizes))
    found = integrate.odeint(lambda s, y: plain(s, y), flat, bare(t), (), None, *more, **settings | {"tfirst": True})
    y, *report = found if isinstance(found, tuple) else (found,)
    tolerances: Any = {"rtol": settings.get("rtol") or 1.49e-8, "atol": settings.get("atol") or 1.49e-8}
    again = solve_ivp(field, (t[0], t[-1]), y0, "LSODA", t, args=args, **tolerances)
    raw = np.reshape(y.T, (*sizes_of(sizes), *np.shape(y0), len(y)))
    values = np.swapaxes(with_derivatives_of(spread(raw, sizes), again.y), -1, -2)
    return (values, *report) if report else values


__all__ = ["odeint", "solve_ivp"]
