"""Recursive filters: y is the solution of a system of equations, a[0] y[n] + a[1] y[n-1] + ... = b[0] x[n] + ..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.signal as source  # type: ignore[import-untyped]

from bibun.arrays.creation import as_array
from bibun.core.traced import plain
from bibun.errors import DerivativeValueError, located
from bibun.primitives.repeated import holds
from bibun.scipy._calls import stands_for
from bibun.scipy._systems import System, linear_system
from bibun.scipy.linalg import companion
from bibun.scipy.signal._convolution import convolved
from bibun.scipy.signal._forms import trimmed


def _fitted(x: Any, n: int) -> Any:
    """With n entries along the last axis: the first ones, or zeros behind."""
    have = x.shape[-1]
    return x[..., :n] if have >= n else np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n - have)])


def _causal(h: Any, x: Any) -> Any:
    """The sum of h[k] x[n - k], along the last axis, for as many n as x has."""
    h = np.reshape(h, (1,) * (x.ndim - 1) + h.shape)
    return convolved(x, h, "full", "direct", (x.ndim - 1,))[..., : x.shape[-1]]


@dataclass(frozen=True)
class Filter(System):
    """a * y = b * x + a[0] z along the last axis, the first samples of z given: inputs b, a, x, z."""

    columns = False

    def solve(self, b: Any, a: Any, x: Any, z: Any) -> Any:
        """SciPy's filter."""
        return source.lfilter(b, a, x, axis=-1, zi=z)[0]

    def residual(self, inputs: list[Any], y: Any) -> Any:
        """b * x + a[0] z - a * y: SciPy divides b and a by a[0], but not the state."""
        b, a, x, z = inputs
        return _causal(b, x) + a[0] * _fitted(z, x.shape[-1]) - _causal(a, y)

    def step(self, inputs: list[Any], r: Any) -> Any:
        """The filter 1 / a."""
        a = inputs[1]
        one = np.ones(1, np.result_type(a))
        z = np.zeros((*np.shape(r)[:-1], np.shape(a)[-1] - 1), np.result_type(r, a))
        return linear_system(one, a, r, z, system=self)

    def step_back(self, inputs: list[Any], g: Any) -> Any:
        """The same, from the end to the beginning."""
        return np.flip(self.step(inputs, np.flip(g, -1)), -1)


def _normalised(b: Any, a: Any) -> tuple[Any, Any]:
    """As long as each other, and a[0] = 1."""
    b, a = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a))
    if b.ndim != 1 or a.ndim != 1:
        raise ValueError("object of too small depth for desired array: b and a have one axis")
    n = max(b.shape[0], a.shape[0])
    first = a[0]
    return _fitted(b / first, n), _fitted(a / first, n)


@stands_for(source.lfilter)
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """The filter with the transfer function b / a; with the state zi before the first sample, also that behind the last one."""
    a = np.atleast_1d(as_array(a))
    if a.shape[0] > 1 and holds(a[0] == 0):
        raise ValueError("lfilter: a[0] must not be 0")
    b, a = _normalised(b, a)
    x = np.moveaxis(as_array(x), axis, -1)
    n = b.shape[0] - 1
    dtype = np.result_type(b, a, x, *([] if zi is None else [as_array(zi)]))
    state = np.zeros((*x.shape[:-1], n), dtype)
    if zi is not None:
        state = np.broadcast_to(np.moveaxis(as_array(zi), axis, -1), state.shape)
    b, a, x, state = (v if v.dtype == dtype else v.astype(dtype) for v in (b, a, x, state))
    y = linear_system(b, a, x, state, system=Filter())
    if zi is None:
        return np.moveaxis(y, -1, axis)
    length = x.shape[-1]
    beyond = [_whole(h, v)[..., length : length + n] for h, v in ((b, x), (a, y))]
    final = beyond[0] - beyond[1] + _fitted(state, length + n)[..., length:]
    return np.moveaxis(y, -1, axis), np.moveaxis(final, -1, axis)


def _whole(h: Any, x: Any) -> Any:
    h = np.reshape(h, (1,) * (x.ndim - 1) + h.shape)
    return convolved(x, h, "full", "direct", (x.ndim - 1,))


@stands_for(source.lfiltic)
def lfiltic(b: Any, a: Any, y: Any, x: Any = None) -> Any:
    """The state of lfilter after outputs y and inputs x, the last one first."""
    b, a, y = (np.atleast_1d(as_array(v)) * 1.0 for v in (b, a, y))
    x = np.zeros(1, y.dtype) if x is None else np.atleast_1d(as_array(x)) * 1.0
    if holds(a[0] == 0):
        raise ValueError("First `a` filter coefficient must be non-zero.")
    n = max(a.shape[0], b.shape[0]) - 1

    def past(c: Any, v: Any) -> Any:
        """Σ c[m + 1 + i] v[i] of each m."""
        c = np.pad(c[1:], (0, 2 * n - (c.shape[0] - 1)))
        v = np.pad(v[:n], (0, max(n - v.shape[0], 0)))
        return c[np.arange(n)[:, None] + np.arange(n)] @ v

    return (past(b, x) - past(a, y)) / a[0]


@stands_for(source.deconvolve)
def deconvolve(signal: Any, divisor: Any) -> tuple[Any, Any]:
    """The quotient and the rest of two polynomials."""
    num, den = np.atleast_1d(as_array(signal)), np.atleast_1d(as_array(divisor))
    if den.shape[0] > num.shape[0]:
        return [], num
    one = np.zeros(num.shape[0] - den.shape[0] + 1)
    one[0] = 1
    quotient = lfilter(num, den, one)
    return quotient, num - np.convolve(den, quotient)


@stands_for(source.lfilter_zi)
def lfilter_zi(b: Any, a: Any) -> Any:
    """The state of the filter in which a constant 1 has left it: (1 - companion(a)^T) z = b[1:] - a[1:] b[0]."""
    b, a = _normalised(b, trimmed(np.atleast_1d(as_array(a))))
    n = b.shape[0]
    if n < 2:
        return np.zeros_like(b[1:])
    return np.linalg.solve(np.eye(n - 1, dtype=a.dtype) - companion(a).T, b[1:] - a[1:] * b[0])


def _sections(sos: Any) -> Any:
    sos = np.atleast_2d(as_array(sos))
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError("sos array must be shape (n_sections, 6)")
    if holds(sos[:, 3] != 1):
        raise ValueError("sos[:, 3] should be all ones")
    return sos


@stands_for(source.sosfilt)
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Second-order sections, one after the other."""
    sos, y = _sections(sos), as_array(x)
    if zi is None:
        for section in sos:
            y = lfilter(section[:3], section[3:], y, axis)
        return y
    zi, final = as_array(zi), []
    for section, state in zip(sos, zi, strict=True):
        y, end = lfilter(section[:3], section[3:], y, axis, state)
        final.append(end)
    return y, np.stack(final)


@stands_for(source.sosfilt_zi)
def sosfilt_zi(sos: Any) -> Any:
    """The states in which a constant 1 has left the sections."""
    states, scale = [], 1.0
    for section in as_array(sos):
        states.append(scale * lfilter_zi(section[:3], section[3:]))
        scale = scale * (np.sum(section[:3]) / np.sum(section[3:]))
    return np.stack(states)


# Forwards and backwards


def _extended(x: Any, n: int, kind: str | None) -> Any:
    """n samples more at both ends of the last axis: mirrored, mirrored at the end point, or the same."""
    if not n or kind is None:
        return x
    first, last = x[..., :1], x[..., -1:]
    left, right = x[..., n:0:-1], x[..., -2 : -(n + 2) : -1]
    if kind == "odd":
        left, right = 2 * first - left, 2 * last - right
    elif kind == "constant":
        left, right = np.broadcast_to(first, left.shape), np.broadcast_to(last, right.shape)
    elif kind != "even":
        raise ValueError(
            f"Unknown value '{kind}' given to padtype. padtype must be 'even', 'odd', 'constant', or None."
        )
    return np.concatenate([left, x, right], axis=-1)


def _both_ways(x: Any, axis: int, padtype: str | None, edge: int, run: Any) -> Any:
    """run(x) forwards, and again backwards, over the extended signal."""
    x = np.moveaxis(as_array(x), axis, -1)
    edge = 0 if padtype is None else edge
    if x.shape[-1] <= edge:
        raise ValueError(f"The length of the input vector x must be greater than padlen, which is {edge}.")
    y = np.flip(run(np.flip(run(_extended(x, edge, padtype)), -1)), -1)
    return np.moveaxis(y[..., edge : y.shape[-1] - edge], -1, axis)


def _between_states(b: Any, a: Any, x: Any, irlen: int | None) -> Any:
    """Forwards and backwards, from the states at both ends for which backwards and forwards is the same by least squares:
    F. Gustafsson, IEEE Transactions on Signal Processing 46 (1996), 988. The states reach `irlen` samples far."""
    order, n = max(b.shape[0], a.shape[0]) - 1, x.shape[-1]
    if not order:
        return (b[0] / a[0]) ** 2 * x
    m = n if irlen is None or n <= 2 * irlen else irlen
    state = np.eye(1, order)[0]
    answer = lfilter(b, a, np.zeros(m), zi=state)[0]  # to a state of 1
    free = np.stack([_fitted(np.concatenate([np.zeros(k), answer]), m) for k in range(order)])  # a row for each state
    filtered = lfilter(b, a, np.flip(free, -1))
    # What the states add, of the start and of the end
    both = np.concatenate([np.flip(filtered, -1), np.flip(free, -1)])
    apart = np.concatenate([np.flip(filtered, -1) - free, np.flip(free, -1) - filtered])
    y = np.flip(lfilter(b, a, np.flip(lfilter(b, a, x), -1)), -1)
    rest = lfilter(b, a, np.flip(lfilter(b, a, np.flip(x, -1)), -1)) - y
    if m < n:  # each state has its own end
        zeros = np.zeros((order, m))
        both, apart = (
            np.concatenate([np.concatenate([v[:order], zeros], -1), np.concatenate([zeros, v[order:]], -1)])
            for v in (both, apart)
        )
        rest = np.concatenate([rest[..., :m], rest[..., -m:]], axis=-1)
    states = np.linalg.lstsq(apart.T, np.reshape(rest, (-1, rest.shape[-1])).T, np.finfo(rest.dtype).eps)[0]
    added = np.reshape((both.T @ states).T, rest.shape)
    if m < n:
        added = np.concatenate([added[..., :m], np.zeros((*added.shape[:-1], n - 2 * m)), added[..., m:]], axis=-1)
    return y + added.astype(y.dtype)  # in the precision of the filter, whatever that of the states


@stands_for(source.filtfilt)
def filtfilt(
    b: Any, a: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: int | None = None, method: str = "pad",
    irlen: int | None = None,
) -> Any:  # fmt: skip
    """The filter forwards and backwards, which leaves the phase as it was."""
    if method not in ("pad", "gust"):
        raise ValueError("method must be 'pad' or 'gust'.")
    b, a = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a))
    if method == "gust":
        return np.moveaxis(_between_states(b, a, np.moveaxis(as_array(x), axis, -1), irlen), -1, axis)
    state = lfilter_zi(b, a)
    edge = 3 * max(a.shape[0], b.shape[0]) if padlen is None else padlen
    return _both_ways(x, axis, padtype, edge, lambda v: lfilter(b, a, v, -1, state * v[..., :1])[0])


def _vanishing(sos: Any) -> int:
    """How many sections are of first order, in numerator and denominator: a decision, alike for all entries of a batch."""
    absent = plain(sos)[..., (2, 5)] == 0
    fewest = np.min(np.sum(absent, axis=-2), axis=-1)
    found = np.reshape(fewest, (-1,))[0]
    if holds(fewest != found):
        raise DerivativeValueError(
            f"{located()}sosfiltfilt: inside vmap the filters of the batch are of different orders, and would be padded by "
            "different lengths. Give padlen=."
        )
    return int(found)


@stands_for(source.sosfiltfilt)
def sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: int | None = None) -> Any:
    """The sections forwards and backwards."""
    sos = _sections(sos)
    states = sosfilt_zi(sos)
    edge = 3 * (2 * sos.shape[0] + 1 - _vanishing(sos)) if padlen is None else padlen

    def run(v: Any) -> Any:
        state = np.reshape(states, (states.shape[0], *(1,) * (v.ndim - 1), 2)) * v[..., :1]
        return sosfilt(sos, v, -1, state)[0]

    return _both_ways(x, axis, padtype, edge, run)
