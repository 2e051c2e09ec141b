"""The laws: what must hold for every row of the table, at every sample call of it, with every dtype it takes.

Which calls are sampled is in cases.py, and where from in domains.py. Values at which a derivative is special (0, infinity,
ties, empty arrays) are in test_special_values.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import bibun as bb
from bibun.core.kinds import transposed_pushforward
from bibun.core.traced import Traced
from bibun.interpreters.convenient import RECORDERS
from bibun.interpreters.forward import push
from tests.laws.cases import cases, subsets
from tests.laws.differences import directional, moved, paired, parts
from tests.laws.samples import Sample, draw, takes
from tests.laws.table import TABLE

BATCH = 3
ADDED_UP_OTHERWISE = 1e-14
"""How far two runs of the same rule may differ: BLAS and LAPACK add up in another order where memory is aligned otherwise."""


def close(got: Any, want: Any, what: str, tolerance: float = 1e-9) -> None:
    """Alike in shape, and in value relative to the largest entry: all outputs or inputs."""
    got, want = parts(got), parts(want)
    assert len(got) == len(want), f"{what}: {len(got)} parts instead of {len(want)}"
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        assert not isinstance(a, Traced), f"{what}, part {k}: {a!r} escaped from its transform"
        assert np.shape(a) == np.shape(b), f"{what}, part {k}: shape {np.shape(a)} instead of {np.shape(b)}"
        size = max(1.0, float(np.max(np.abs(b), initial=0.0)))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * size, err_msg=f"{what}, part {k}")


def same_bits(got: Any, want: Any, what: str) -> None:
    for a, b in zip(parts(got), parts(want), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape), f"{what}: {a.dtype}{a.shape} instead of {b.dtype}{b.shape}"
        assert a.tobytes() == b.tobytes(), f"{what}: {a} instead of {b}"


# ---- the laws -----------------------------------------------------------------------------------


def forward_is_numerical(s: Sample) -> None:
    """jvp(f, x, t) = df(x + h t)/dh, by differences on plain NumPy."""
    _, dy = bb.jvp(s.call, s.primals, s.tangents)
    close(dy, directional(lambda h: s.plain(*moved(s.primals, s.tangents, h))), "tangent", s.case.tolerance)


def forward_is_transpose_of_reverse(s: Sample) -> None:
    """Re <g, jvp(t)> = Re <vjp(g), t>, for random g and t."""
    _, pullback = bb.vjp(s.call, *s.primals)
    for _ in range(2):
        g, t = s.cotangent(), s.directions()
        _, dy = bb.jvp(s.call, s.primals, t)
        close(paired(pullback(g), t), paired(g, dy), "<vjp(g), t> and <g, jvp(t)>", s.case.tolerance / 100)


def parts_are_those_of_the_whole(s: Sample) -> None:
    """Differentiated by some of the inputs only, the others plain: the same cotangents and tangents."""
    g = s.cotangent()
    whole = dict(zip(s.free, bb.vjp(s.call, *s.primals)[1](g), strict=True))
    moving = dict(zip(s.free, s.tangents, strict=True))
    for some in subsets(s.free):
        f, primals = s.of(some), tuple(s.inputs[i] for i in some)
        close(bb.vjp(f, *primals)[1](g), tuple(whole[i] for i in some), f"cotangents by inputs {some}", 1e-13)
        tangents = tuple(moving[i] if i in some else np.zeros_like(s.inputs[i]) for i in s.free)
        _, dy = bb.jvp(f, primals, tuple(moving[i] for i in some))
        close(dy, bb.jvp(s.call, s.primals, tangents)[1], f"tangent by inputs {some}", 1e-13)


def pushforward_is_the_transposed_pullback(s: Sample) -> None:
    """What forward mode does for a row that gives only its pullback is what the row's own pushforward does."""
    y = s.row.function(*s.inputs, **s.case.settings)
    for i, t in zip(s.free, s.tangents, strict=True):
        derived = transposed_pushforward(s.row, i, t, y, list(s.inputs), s.case.settings)
        whole = list(s.inputs)

        def row(x: Any, i: int = i, whole: list[Any] = whole) -> Any:
            return s.row(*whole[:i], x, *whole[i + 1 :], **s.case.settings)

        # of a real output the real part, which forward mode takes itself
        real = (np.real(d) if np.isrealobj(out) else d for d, out in zip(parts(derived), parts(y), strict=True))
        if s.row.turn is None:
            pushed = bb.jvp(row, (s.inputs[i],), (t,))[1]
        else:  # vectors of which some could be others: their own tangents jvp refuses
            tangents = [t if k == i else None for k in range(len(whole))]
            pushed = push(s.row, y, whole, tangents, s.case.settings)
        close(tuple(real), pushed, f"tangent by input {i}", s.case.tolerance / 100)


def second_derivative_is_numerical(s: Sample) -> None:
    """The derivative of the pullback and of the pushforward, in both modes, by differences of the first derivative."""
    g, t, u, v = s.cotangent(), s.directions(), s.directions(), s.cotangent()

    def pulled(*x: Any) -> Any:
        return bb.vjp(s.call, *x)[1](g)

    def pushed(*x: Any) -> Any:
        return bb.jvp(s.call, x, u)[1]

    dpulled = directional(lambda h: pulled(*moved(s.primals, t, h)))
    dpushed = directional(lambda h: pushed(*moved(s.primals, t, h)))
    enough = s.case.tolerance
    close(bb.jvp(pulled, s.primals, t)[1], dpulled, "jvp of vjp", enough)
    close(bb.jvp(pushed, s.primals, t)[1], dpushed, "jvp of jvp", enough)
    close(paired(bb.vjp(pulled, *s.primals)[1](u), t), paired(u, dpulled), "vjp of vjp", enough)
    close(paired(bb.vjp(pushed, *s.primals)[1](v), t), paired(v, dpushed), "vjp of jvp", enough)


def broadcasting_is_undone(s: Sample) -> None:
    """The cotangent of an input that broadcasts is that of the broadcast one, summed to its shape."""
    if s.row.batch != "elementwise" or isinstance(s.value, tuple):
        return
    g = s.cotangent()
    shape = np.shape(g)
    wide = tuple(np.array(np.broadcast_to(x, shape)) for x in s.primals)
    for x, got, full in zip(s.primals, bb.vjp(s.call, *s.primals)[1](g), bb.vjp(s.call, *wide)[1](g), strict=True):
        added = tuple(range(len(shape) - x.ndim))
        stretched = tuple(i for i, n in enumerate(shape) if i >= len(added) and x.shape[i - len(added)] < n)
        close(got, full.sum(axis=added + stretched, keepdims=True).reshape(x.shape), "cotangent")


def dtype_is_kept(s: Sample) -> None:
    """The output has NumPy's dtype, tangents that of what they are tangents of, cotangents likewise; at second order too."""
    g = s.cotangent()
    want = tuple(np.result_type(part) for part in parts(s.value))
    mine = tuple(x.dtype for x in s.primals)
    y, pullback = bb.vjp(s.call, *s.primals)
    value, dy = bb.jvp(s.call, s.primals, s.tangents)
    gx, dgx = bb.jvp(lambda *x: bb.vjp(s.call, *x)[1](g), s.primals, s.tangents)
    found = {"output of vjp": y, "output of jvp": value, "tangent": dy}
    for what, values in found.items():
        assert tuple(np.result_type(part) for part in parts(values)) == want, what
    for what, values in {"cotangents": pullback(g), "recorded cotangents": gx, "their tangents": dgx}.items():
        assert tuple(np.result_type(part) for part in parts(values)) == mine, what


def value_is_numpys(s: Sample) -> None:
    """The recorded value is the plain one, bit for bit."""
    same_bits(s.call(*s.primals), s.value, "the row on plain arrays")
    want = s.plain(*(x[()] for x in s.primals))  # of NumPy's scalars for shape (), whose last bit can differ
    same_bits(bb.vjp(s.call, *s.primals)[0], want, "vjp")
    same_bits(bb.jvp(s.call, s.primals, s.tangents)[0], want, "jvp")


def nothing_is_mutated(s: Sample) -> None:
    """Inputs, cotangents and tangents are as before, bit for bit, whatever is computed from them."""
    g, t = s.cotangent(), s.tangents
    everything = (*s.inputs, *parts(g), *t)
    before = [np.array(x) for x in everything]
    _, pullback = bb.vjp(s.call, *s.primals)
    first = pullback(g)
    close(pullback(g), first, "the second call of a pullback", ADDED_UP_OTHERWISE)
    bb.jvp(s.call, s.primals, t)
    bb.jvp(lambda *x: bb.vjp(s.call, *x)[1](g), s.primals, t)
    for x, was in zip(everything, before, strict=True):
        same_bits(x, was, "an input, cotangent or tangent")


def gradients_share_no_memory(s: Sample) -> None:
    """Writing to a gradient changes no input, no cotangent, no other gradient, and no later result of the pullback.

    What is written is nan, so that whatever were shared would come back as nan.
    """
    g = s.cotangent()
    y, pullback = bb.vjp(s.call, *s.primals)
    first = pullback(g)
    held = [*s.inputs, *parts(g), *parts(y)]
    for k, gx in enumerate(first):
        if not isinstance(gx, np.ndarray):
            continue
        assert gx.flags.writeable, f"gradient {k} is read-only"
        for other in [*held, *first[:k]]:
            assert not np.shares_memory(gx, other), f"gradient {k} shares memory with {np.shape(other)} {other}"
    wanted = [np.array(gx) for gx in first]
    for gx in first:
        if isinstance(gx, np.ndarray):
            gx[...] = np.nan
    close(pullback(g), wanted, "the pullback after its first result was overwritten", ADDED_UP_OTHERWISE)


def tangents_share_no_memory(s: Sample) -> None:
    """Writing to a value or a tangent that jvp returned changes no input and no tangent that was given."""
    given = (*s.inputs, *s.tangents)
    y, dy = bb.jvp(s.call, s.primals, s.tangents)
    for what, found in (("value", parts(y)), ("tangent", parts(dy))):
        for part in found:
            assert not any(np.shares_memory(part, x) for x in given), (
                f"a {what} shares memory with an input or a tangent"
            )


def outputs_may_be_overwritten(s: Sample) -> None:
    """Inputs (also captured ones) and the output, overwritten before the pullback runs, leave the derivative as it was."""
    g = s.cotangent()
    whole = dict(zip(s.free, bb.vjp(s.call, *s.primals)[1](g), strict=True))
    for some in subsets(s.free):
        other = draw_again(s)
        y, pullback = bb.vjp(other.of(some), *(other.inputs[i] for i in some))
        for x in (*parts(y), *(other.inputs[i] for i in s.free)):
            if isinstance(x, np.ndarray) and x.flags.writeable:
                x[...] = 0.123
        close(pullback(g), tuple(whole[i] for i in some), f"cotangents by inputs {some}", 1e-13)


def draw_again(s: Sample) -> Sample:
    """The same sample, in memory of its own."""
    return Sample(s.row, s.case, s.dtypes)


def _rolled(x: Any) -> Any:
    """A batch of a held array: its entries rolled along the last axis, which keeps a permutation one."""
    return np.stack([np.roll(x, n, axis=-1) if np.ndim(x) else x for n in range(BATCH)])


def batched_is_looped(s: Sample) -> None:
    """vmap over every subset of the inputs, of the row, its pullback and its pushforward: what a loop gives."""
    everything = tuple(range(len(s.inputs)))
    free = tuple(s.free.index(i) if i in s.free else None for i in everything)
    batches = [Sample(s.row, s.case, s.dtypes)]
    batches += [_shifted(s) for _ in range(BATCH - 1)]
    stacked = [
        _rolled(x) if free[i] is None else np.stack([b.inputs[i] for b in batches]) for i, x in enumerate(s.inputs)
    ]
    g, t = s.cotangent(), s.tangents

    def row(*inputs: Any) -> Any:
        return s.observed(s.row(*inputs, **s.case.settings))

    def of_free(inputs: tuple[Any, ...]) -> Callable[..., Any]:
        return lambda *x: row(*(x[k] if k is not None else inputs[i] for i, k in enumerate(free)))

    def pulled(*inputs: Any) -> Any:
        return bb.vjp(of_free(inputs), *(inputs[i] for i in s.free))[1](g)

    def pushed(*inputs: Any) -> Any:
        return bb.jvp(of_free(inputs), tuple(inputs[i] for i in s.free), t)[1]

    for some in subsets(everything):
        axes = tuple(0 if i in some else None for i in everything)
        args = [stacked[i] if i in some else x for i, x in enumerate(s.inputs)]
        for f, what in ((row, "row"), (pulled, "pullback"), (pushed, "pushforward")):
            looped = [parts(f(*(a[n] if i in some else a for i, a in enumerate(args)))) for n in range(BATCH)]
            want = [np.stack(entries) for entries in zip(*looped, strict=True)]
            close(bb.vmap(f, in_axes=axes)(*args), want, f"vmap of the {what} over inputs {some}", 1e-11)


def _shifted(s: Sample) -> Sample:
    """Another sample of the same call."""
    other = Sample(s.row, s.case, s.dtypes)
    other.random = s.random
    other.inputs = other._apart()
    return other


def derivative_of_batched_is_looped(s: Sample) -> None:
    """vjp of vmap: the batch goes through the pullback of the batched row."""
    batches = [Sample(s.row, s.case, s.dtypes), *(_shifted(s) for _ in range(BATCH - 1))]
    stacked = tuple(np.stack([b.inputs[i] for b in batches]) for i in s.free)
    loops = [bb.vjp(s.call, *(x[n] for x in stacked)) for n in range(BATCH)]
    gs = [s.cotangent() for _ in range(BATCH)]
    single = not isinstance(s.value, tuple)
    g = np.stack(gs) if single else tuple(np.stack(part) for part in zip(*gs, strict=True))
    want = [np.stack(part) for part in zip(*(pull(gs[n]) for n, (_, pull) in enumerate(loops)), strict=True)]
    close(bb.vjp(bb.vmap(s.call), *stacked)[1](g), want, "vjp of vmap", 1e-11)
    _, dy = bb.jvp(bb.vmap(s.call), stacked, stacked)
    wanted = [parts(bb.jvp(s.call, x, x)[1]) for x in zip(*stacked, strict=True)]
    close(dy, [np.stack(part) for part in zip(*wanted, strict=True)], "jvp of vmap", 1e-11)


def batched_twice_is_looped(s: Sample) -> None:
    """vmap of vmap over all inputs; and, for several, the inner one over the first, the outer one over the rest."""

    def row(*inputs: Any) -> Any:
        return s.observed(s.row(*inputs, **s.case.settings))

    count = len(s.inputs)
    pair = [Sample(s.row, s.case, s.dtypes), _shifted(s)]
    stacked = [np.stack([sample.inputs[i] for sample in pair]) for i in range(count)]
    twice = [np.stack([x, x[::-1]]) for x in stacked]
    once = parts(bb.vmap(row)(*stacked))
    want = [np.stack([part, part[::-1]]) for part in once]
    close(bb.vmap(bb.vmap(row))(*twice), want, "vmap of vmap", 1e-11)
    if count > 1:
        inner, outer = (0, *(None,) * (count - 1)), (None, *(0,) * (count - 1))
        looped = [[parts(row(stacked[0][n], *(x[m] for x in stacked[1:]))) for n in (0, 1)] for m in (0, 1)]
        want = [
            np.stack([np.stack(half) for half in halves])
            for halves in zip(*(zip(*r, strict=True) for r in looped), strict=True)
        ]
        crossed = bb.vmap(bb.vmap(row, in_axes=inner), in_axes=outer)(*stacked)
        close(crossed, want, "vmap of vmap over different inputs", 1e-11)


def jacobians_agree(s: Sample) -> None:
    """jacrev, a batch of cotangents through one tape, = jacfwd, a batch of tangents; and g J = vjp(g)."""
    if not all(x.size for x in s.primals):
        return  # no tangent, no batch
    g = parts(s.cotangent())
    argnums = tuple(range(len(s.free)))
    reverse, forward = (parts(jacobian(s.call, argnums)(*s.primals)) for jacobian in (bb.jacrev, bb.jacfwd))
    if not isinstance(s.value, tuple):
        reverse, forward = (reverse,), (forward,)
    want = bb.vjp(s.call, *s.primals)[1](g if isinstance(s.value, tuple) else g[0])
    for k, x in enumerate(s.primals):
        for n, y in enumerate(parts(s.value)):
            assert np.shape(reverse[n][k]) == np.shape(y) + x.shape
            close(
                reverse[n][k],
                forward[n][k],
                f"jacrev and jacfwd of output {n} by input {s.free[k]}",
                s.case.tolerance / 100,
            )
        total = sum(np.tensordot(part, reverse[n][k], np.ndim(part)) for n, part in enumerate(g))
        total = total if np.iscomplexobj(x) else np.real(total)
        close(total, want[k], f"g J by input {s.free[k]}", s.case.tolerance / 100)


def recorder_is_the_row(s: Sample) -> None:
    """The fast recorders, which NumPy's ufuncs and the operators take on a Variable, give what the row gives."""
    record = RECORDERS.get(s.row.function)
    ufunc: Any = s.row.function
    if record is None or not isinstance(ufunc, np.ufunc):  # another function would compute with the Variables itself
        return
    g = s.cotangent()

    def of(f: Any) -> Callable[..., Any]:
        return lambda *x: f(*s._whole(tuple(map(np.positive, x))))

    y, slow = bb.vjp(of(s.row), *s.primals)
    z, fast = bb.vjp(of(ufunc), *s.primals)
    same_bits(z, y, "value")
    same_bits(fast(g), slow(g), "cotangents")
    if len(s.inputs) == 2 and np.dtype(s.dtypes[0]).kind == "f":
        for i, x in zip(s.free, s.primals, strict=True):
            number = s.inputs[1 - i].flat[0].item()
            with_number = _with_number(ufunc, number, i)
            at_row = _with_number(s.row, number, i)
            y, slow = bb.vjp(lambda x, f=at_row: f(np.positive(x)), x)
            z, fast = bb.vjp(lambda x, f=with_number: f(np.positive(x)), x)
            close(
                z, y, f"value with the number {number}", 4 * np.finfo(y.dtype).eps
            )  # NumPy's pow of scalars is another
            close(
                fast(np.ones_like(y)),
                slow(np.ones_like(y)),
                f"cotangent with the number {number}",
                1e-5 if y.dtype == "f" else 1e-13,
            )


def _with_number(f: Callable[..., Any], number: float, position: int) -> Callable[[Any], Any]:
    return (lambda x: f(x, number)) if position == 0 else lambda x: f(number, x)


class Law(NamedTuple):
    """A law, the dtypes with which it is asked (one an input, in turn), and whether it holds of elementwise rows only."""

    check: Callable[[Sample], None]
    dtypes: tuple[str, ...] = ("d", "D")


LAWS = (
    Law(forward_is_numerical, ("d", "D", "dD", "Dd")),
    Law(forward_is_transpose_of_reverse, ("d", "D", "dD", "Dd")),
    Law(parts_are_those_of_the_whole),
    Law(pushforward_is_the_transposed_pullback),
    Law(second_derivative_is_numerical, ("d", "D")),
    Law(broadcasting_is_undone),
    Law(dtype_is_kept, ("d", "f", "F", "fd", "df", "dD")),
    Law(value_is_numpys, ("d", "f", "D")),
    Law(nothing_is_mutated),
    Law(gradients_share_no_memory),
    Law(tangents_share_no_memory, ("d",)),
    Law(outputs_may_be_overwritten, ("d",)),
    Law(batched_is_looped, ("d",)),
    Law(derivative_of_batched_is_looped, ("d",)),
    Law(batched_twice_is_looped, ("d",)),
    Law(jacobians_agree, ("d",)),
    Law(recorder_is_the_row, ("d", "f", "D")),
)


def asked(law: Law) -> Iterator[tuple[str, int, str]]:
    """The samples of a law: row, number of the case, dtypes."""
    for name, row in TABLE.items():
        if row.kind == "constant":
            continue
        for index in range(len(cases(row))):
            for dtypes in law.dtypes:
                if takes(name, index, dtypes):
                    yield name, index, dtypes


PARAMETERS = [
    pytest.param(law, *which, id=f"{law.check.__name__}-{which[0]}-{cases(TABLE[which[0]])[which[1]].label}-{which[2]}")
    for law in LAWS
    for which in asked(law)
]


@pytest.mark.parametrize(("law", "name", "index", "dtypes"), PARAMETERS)
def test_law(law: Law, name: str, index: int, dtypes: str) -> None:
    law.check(draw(name, index, dtypes))
