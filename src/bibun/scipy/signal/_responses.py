"""Linear systems in time: the response of x' = A x + B u, y = C x + D u to an input. No row."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array, holds_traced
from bibun.core.traced import plain
from bibun.scipy._calls import no_rule, stands_for
from bibun.scipy.linalg import expm


@stands_for(source.lsim)
def lsim(system: Any, U: Any, T: Any, X0: Any = None, interp: bool = True) -> tuple[Any, Any, Any]:
    """Times, outputs and states; between the times the input is linear (`interp`), or keeps its value.

    By the input, X0, the times (equally spaced), and the matrices of a system that is given as (A, B, C, D).
    """
    a, b, c, d = _state_space(system)
    times = as_array(T)
    steps = np.diff(times)
    if times.ndim != 1 or len(times) < 2 or not np.allclose(plain(steps), plain(steps[:1])):
        raise ValueError("lsim: with derivatives the times are two or more, and equally spaced")
    n, m = np.shape(b)
    inputs = np.zeros((len(times), m)) if U is None or (np.ndim(U) == 0 and not holds_traced(U)) else as_array(U)
    inputs = np.reshape(inputs, (len(times), m))
    x = np.zeros(n) if X0 is None else np.reshape(as_array(X0), (n,))
    if np.any(plain(times[0]) != 0):
        x = expm(a * times[0]) @ x
    zeros, one = np.zeros((m, n + m)), np.eye(m)
    driven = np.concatenate([a, b], axis=1) * (times[1] - times[0])
    if interp:
        blocks = [[driven, np.zeros((n, m))], [zeros, one], [zeros, np.zeros((m, m))]]
    else:
        blocks = [[driven], [zeros]]
    steps = expm(np.concatenate([np.concatenate(line, axis=1) for line in blocks]))[:n]
    of_x, first = steps[:, :n], steps[:, n : n + m]
    second = steps[:, n + m :] if interp else None
    held = first if second is None else first - second
    driving = inputs[:-1] @ held.T + (0.0 if second is None else inputs[1:] @ second.T)
    states = [x]
    for i in range(len(times) - 1):
        states.append(of_x @ states[-1] + driving[i])
    found = np.stack(states)
    return times, np.squeeze(found @ c.T + inputs @ d.T), np.squeeze(found)


def _state_space(system: Any) -> list[Any]:
    if isinstance(system, (tuple, list)) and len(system) == 4:
        return [np.atleast_2d(as_array(matrix)) for matrix in system]
    if holds_traced(system):
        raise no_rule("lsim", "a traced system is given as (A, B, C, D)")
    found = system if isinstance(system, source.lti) else source.lti(*system)
    found = found.to_ss()
    return [found.A, found.B, found.C, found.D]
