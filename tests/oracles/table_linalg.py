"""The table of numpy.linalg and numpy.fft: a line each. What is free up to a phase is compared where the phase cancels."""

from __future__ import annotations

import math
from typing import Any

from tests.oracles.comparing import Apart, Line, line
from tests.oracles.draws import Call, Draw, Strategy, of_shapes
from tests.oracles.table_numpy import diagonal

BOTH = "ddfD"
TALL = (((4, 2),), ((3, 4, 2),))
WIDE = (((2, 4),), ((3, 2, 4),))


def square(d: Draw) -> Call:
    return (d.square(None, *d.one_of((), (2,))),), {}


def symmetric(d: Draw) -> Call:
    return (d.symmetric(None, *d.one_of((), (2,))),), d.settings(UPLO=("L", "U"))


def definite(d: Draw) -> Call:
    return (d.symmetric(None, *d.one_of((), (2,))),), d.settings(upper=(True, False))


def rectangle(d: Draw) -> Call:
    """A matrix whose singular values are far apart."""
    a = d.square(3)
    return (d.one_of(a, a[:2], a[:, :2]),), {}


def of_lower(xp: Any, a: Any, name: str = "eigh", **settings: Any) -> Any:
    """Of the Hermitian part: which triangle is read is then no difference."""
    return getattr(xp.linalg, name)((a + xp.conj(xp.swapaxes(a, -1, -2))) / 2, **settings)


def eigh(xp: Any, a: Any, **settings: Any) -> Any:
    w, v = of_lower(xp, a, **settings)
    return w, xp.matmul(v * xp.exp(0.3 * w)[..., None, :], xp.conj(xp.swapaxes(v, -1, -2)))


def eigvalsh(xp: Any, a: Any, **settings: Any) -> Any:
    return of_lower(xp, a, "eigvalsh", **settings)


def cholesky(xp: Any, a: Any, **settings: Any) -> Any:
    return of_lower(xp, a, "cholesky", **settings)


def eig(xp: Any, a: Any) -> Any:
    """A function of the matrix, real by its diagonal: Σ exp(w/4) v v⁻¹, and the eigenvalues in no order."""
    w, v = xp.linalg.eig(a)
    return xp.matmul(v * xp.exp(0.25 * w)[..., None, :], xp.linalg.inv(v)), xp.sum(w**3, axis=-1)


def eigvals(xp: Any, a: Any) -> Any:
    return xp.sum(xp.sin(xp.linalg.eigvals(a)), axis=-1)


def svd(xp: Any, a: Any) -> Any:
    u, s, v = xp.linalg.svd(a, full_matrices=False)
    return s, xp.matmul(u * (s**2)[..., None, :], v)


def qr(xp: Any, a: Any) -> Any:
    q, r = xp.linalg.qr(a)
    return xp.matmul(q, xp.conj(xp.swapaxes(q, -1, -2))), xp.abs(r)


def solve(d: Draw) -> Call:
    n = d.whole(2, 3)
    return d.one_of(
        (d.square(n), d.array((n,))), (d.square(n), d.array((n, 2))), (d.square(n, 2), d.array((2, n, 2)))
    ), {}


def least_squares(d: Draw) -> Call:
    a = d.square(4)[:, : d.whole(2, 3)]
    return (a, d.array(d.one_of((4,), (4, 2)))), {}


def norm(d: Draw) -> Call:
    """Of vectors, of matrices and of everything."""
    if d.flag():
        x = d.array(d.shape(1))
        return (x,), {
            "axis": d.axis(x.ndim),
            **d.settings(ord=(None, 1, 2, 3, 0.5, float("inf"), -1, -2, float("-inf")), keepdims=(True,)),
        }
    if d.flag():
        return (d.array((2, 4)),), d.settings(
            ord=("fro", "nuc", 1, 2, -1, -2, float("inf"), float("-inf")), keepdims=(True,)
        )
    return (d.array((3, 2, 4)),), {
        "axis": d.one_of((0, 1), (2, 1), (-1, 0)),
        **d.settings(ord=("fro", 1, float("inf"), 2), keepdims=(True,)),
    }


def vector_norm(d: Draw) -> Call:
    x = d.array(d.shape(1))
    return (x,), {"axis": d.axes(x.ndim), **d.settings(ord=(1, 2, 3, float("inf"), -1), keepdims=(True,))}


def power(d: Draw) -> Call:
    return square(d)[0], {"n": d.one_of(-2, -1, 1, 2, 3, 4)}


def chain(d: Draw) -> Call:
    return (d.array((2, 3)), d.array((3, 4)), d.array((4, 2))), {}


def tensors(d: Draw) -> Call:
    return (d.square(4).reshape(2, 2, 4) if d.flag() else d.square(4).reshape(4, 2, 2), d.array((4,))), {}


def waves(d: Draw) -> Call:
    """One axis, any length, any norm."""
    x = d.array(d.shape(1))
    n = d.one_of(None, 3, 4, 6)
    axis = d.axis(x.ndim)
    if n is None and x.shape[axis] < 2:
        n = 3
    return (x,), {"axis": axis, "n": n, **d.settings(norm=("ortho", "forward", "backward"))}


def from_half(d: Draw) -> Call:
    """Half a spectrum, of two entries at least along the axis."""
    (x,), settings = waves(d)
    return (x,), {**settings, "n": d.one_of(4, 5, 6)}


def real_waves(d: Draw) -> Call:
    d.kind = "d" if d.kind == "D" else d.kind
    return waves(d)


def more_waves(d: Draw) -> Call:
    x = d.array(d.shape(2))
    axes = tuple(int(k) for k in d.generator.permutation(x.ndim)[:2])
    s = d.one_of(None, (3, 4), (2, 2))
    return (x,), {"s": s, "axes": axes, **d.settings(norm=("ortho", "forward"))}


def more_real_waves(d: Draw) -> Call:
    d.kind = "d" if d.kind == "D" else d.kind
    return more_waves(d)


def from_more(d: Draw) -> Call:
    (x,), settings = more_waves(d)
    return (x,), {**settings, "s": d.one_of((3, 4), (2, 5))}


def shifted(d: Draw) -> Call:
    x = d.array(d.shape(1))
    return (x,), {"axes": d.axes(x.ndim)}


def is_complex(*xs: Any, **settings: Any) -> bool:
    return any(x.dtype.kind == "c" for x in xs)


COMPLEX = (Apart("autograd", "its rule of complex matrices lacks a conjugation", is_complex),)
NORM = (
    *COMPLEX,
    Apart(
        "autograd", "the pullback of an infinite order is nan", lambda x, ord=None, **s: ord in (math.inf, -math.inf)
    ),
    Apart("autograd", "its pushforward with keepdims has the wrong shape", lambda x, keepdims=False, **s: keepdims),
)
SCALED = (
    Apart(
        "autograd",
        "its pullbacks know no norm but None and ortho",
        lambda x, norm=None, **s: norm not in (None, "ortho"),
    ),
    Apart(
        "autograd",
        "of real transforms they look at the last axis, whichever is transformed, and are wrong for odd or other lengths",
        lambda x, n=None, axis=-1, **s: n or axis not in (-1, x.ndim - 1) or x.shape[axis] % 2 == 1 or "axes" in s,
    ),
)


def lines(strategy: Strategy, names: str, **more: Any) -> list[Line]:
    return [line(name, strategy, **more) for name in names.split()]


LINES: list[Line] = [
    *lines(square, "linalg.inv linalg.det linalg.slogdet", kinds=BOTH, calls=9),
    line("linalg.pinv", rectangle, kinds="ddf", calls=9),
    line("linalg.solve", solve, kinds=BOTH, calls=12),
    line("linalg.lstsq", least_squares, lambda xp, a, b: xp.linalg.lstsq(a, b, rcond=None)[0], calls=6),
    line("linalg.cholesky", definite, cholesky, kinds=BOTH, calls=9, apart=COMPLEX),
    line("linalg.eigh", symmetric, eigh, kinds=BOTH, calls=12),
    line("linalg.eigvalsh", symmetric, eigvalsh, kinds=BOTH, calls=9),
    line("linalg.eig", square, eig, kinds="dD", calls=8),
    line("linalg.eigvals", square, eigvals, kinds="dD", calls=8),
    line("linalg.svd", rectangle, svd, kinds=BOTH, calls=12),
    line("linalg.svdvals", rectangle, kinds="ddf", calls=6),
    line("linalg.qr", lambda d: ((d.square(3)[:, : d.whole(2, 3)],), {}), qr, calls=9),
    line("linalg.norm", norm, kinds="ddfD", calls=36, apart=NORM),
    line("linalg.vector_norm", vector_norm, calls=12),
    line(
        "linalg.matrix_norm",
        of_shapes(*TALL, *WIDE, ord=("fro", 1, -1, float("inf"), 2, "nuc"), keepdims=(True,)),
        calls=12,
    ),
    line("linalg.cond", square, lambda xp, a, p=None: xp.linalg.cond(a, p)),
    line("linalg.matrix_power", power, kinds=BOTH, calls=9),
    line("linalg.multi_dot", chain, lambda xp, *xs: xp.linalg.multi_dot(list(xs)), kinds="dD"),
    line("linalg.tensorinv", lambda d: ((d.square(4).reshape(2, 2, 4),), {"ind": 2})),
    line("linalg.tensorsolve", tensors, lambda xp, a, b: xp.linalg.tensorsolve(xp.reshape(a, (4, 2, 2)), b)),
    line("linalg.trace", of_shapes(*TALL, *WIDE, offset=(-1, 1))),
    line("linalg.diagonal", of_shapes(*TALL, *WIDE, offset=(-1, 1))),
    line("linalg.cross", of_shapes(((2, 3), (2, 3)))),
    line("linalg.vecdot", of_shapes(((2, 3), (2, 3)), ((4,), (4,))), kinds="dD"),
    line("linalg.outer", of_shapes(((3,), (4,)))),
    line("linalg.matmul", of_shapes(((2, 3), (3, 4)))),
    line("linalg.matrix_transpose", of_shapes(*TALL)),
    line("linalg.diagonal of a product", diagonal, lambda xp, x, **settings: xp.diagonal(x * x, **settings)),
    *lines(waves, "fft.fft fft.ifft", kinds=BOTH, calls=12),
    *lines(real_waves, "fft.rfft fft.ihfft", kinds="ddf", calls=12, apart=SCALED),
    *lines(from_half, "fft.irfft fft.hfft", kinds=BOTH, calls=12, apart=SCALED),
    *lines(more_waves, "fft.fft2 fft.ifft2 fft.fftn fft.ifftn", kinds="dD", calls=6),
    *lines(more_real_waves, "fft.rfft2 fft.rfftn", calls=6, apart=SCALED),
    *lines(from_more, "fft.irfft2 fft.irfftn", kinds="dD", calls=6, apart=SCALED),
    *lines(shifted, "fft.fftshift fft.ifftshift", calls=4),
]
