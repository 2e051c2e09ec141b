"""The table of NumPy's own functions: a line each, with the arguments that are drawn. Linear algebra and FFT have their own."""

from __future__ import annotations

from tests.oracles.comparing import Apart, Line, line
from tests.oracles.draws import (
    INNER,
    POSITIVE,
    REAL,
    Draw,
    along,
    alternatives,
    binary,
    of_shapes,
    reduced,
    several,
    unary,
)

ANY = "ddfD"  # the dtypes, in turn
SMOOTH = {
    "sin cos tan sinh cosh tanh exp expm1 exp2 square negative positive conjugate arcsinh arctan sinc reciprocal": (
        REAL,
        ANY,
    ),
    "arcsin arccos arctanh": (INNER, ANY),
    "sqrt log log10 log2 log1p": (POSITIVE, ANY),
    "arccosh": ((1.2, 3.0), ANY),
    "absolute real imag angle": (POSITIVE, "ddD"),
    "cbrt": (POSITIVE, "ddf"),
    "deg2rad rad2deg degrees radians fabs sign i0 floor ceil trunc rint nan_to_num": (REAL, "ddf"),
}
REDUCED = {
    "sum mean": reduced(masked=True),
    "prod": reduced(masked=True),
    "nansum nanmean nanprod": reduced(),
    "var std": alternatives(reduced(least=2, masked=True, ddof=(0, 1)), reduced(least=2, correction=(0, 1))),
    "nanvar nanstd": reduced(least=2, ddof=(0, 1)),
    "amax amin max min nanmax nanmin ptp": reduced(),
    "median nanmedian": reduced(one=True),
}


# Where a peer is not asked, and why.
APART: dict[str, tuple[Apart, ...]] = {
    **dict.fromkeys(
        ("sum", "mean", "prod", "var", "std"),
        (
            Apart(
                "autograd",
                "the gradient ignores where= and correction=",
                lambda *xs, **s: "where" in s or "correction" in s,
            ),
        ),
    ),
    "median": (
        Apart("torch", "without an axis the result has one axis too many", lambda x, axis=None, **s: axis is None),
        Apart("jax", "keepdims of a 0-d array gives an axis", lambda x, **s: x.ndim == 0),
    ),
    "nanmedian": (Apart("jax", "keepdims of a 0-d array gives an axis", lambda x, **s: x.ndim == 0),),
    "quantile": (
        Apart("torch", "without an axis the result has one axis too many", lambda x, axis=None, **s: axis is None),
        Apart("torch", "keepdims puts the axis of the quantiles elsewhere", lambda x, q, keepdims=False, **s: keepdims),
    ),
    "sort": (
        Apart(
            "autograd",
            "its pushforward along an axis has the wrong shape",
            lambda x, axis: axis not in (-1, x.ndim - 1) or x.ndim > 1,
        ),
    ),
    "tile": (Apart("autograd", "its pullback of a repeated last axis mixes entries", lambda x, reps: x.ndim > 1),),
    "squeeze": (
        Apart("torch", "it takes away the first of several axes only", lambda x, axis=None: isinstance(axis, tuple)),
    ),
    "linspace": (Apart("torch", "the numbers are taken out of the tensors: zero derivatives"),),
}
APART["cov"] = APART["corrcoef"] = (
    Apart("torch", "rowvar=False has no effect", lambda x, rowvar=True, **s: not rowvar),
)
APART["percentile"] = APART["nanquantile"] = APART["quantile"]
APART["geomspace"] = APART["logspace"] = APART["linspace"]


def families() -> list[Line]:
    lines = [
        line(name, unary(interval), kinds=kinds)
        for names, (interval, kinds) in SMOOTH.items()
        for name in names.split()
    ]
    lines += [
        line(
            name,
            strategy,
            kinds="ddfD" if name in ("sum", "mean", "prod") else "ddf",
            calls=12,
            apart=APART.get(name, ()),
        )
        for names, strategy in REDUCED.items()
        for name in names.split()
    ]
    return lines


def _quantile(scale: float):
    def draw(d: Draw):
        (x,), settings = reduced(least=1, one=True, method=("linear", "lower", "higher", "midpoint", "nearest"))(d)
        q = d.one_of(d.within((0.05, 0.95), ()), d.within((0.05, 0.95), (2,)))
        return (x,), {"q": scale * q, **settings}

    return draw


def _broadcast(d: Draw):
    a, b = d.broadcasting()
    return (d.array(a),), {"shape": (2, *map(int, (d.array(a) + d.array(b)).shape))}


def _permutation(d: Draw):
    x = d.array()
    axes = tuple(int(k) for k in d.generator.permutation(x.ndim))
    return (x,), {"axes": d.one_of(None, axes, tuple(k - x.ndim for k in axes))}


def _moved(d: Draw):
    x = d.array(d.shape(2))
    n = d.whole(1, x.ndim)
    source, destination = (tuple(int(k) for k in d.generator.permutation(x.ndim)[:n]) for _ in range(2))
    return (x,), {"source": source, "destination": destination}


def _swapped(d: Draw):
    x = d.array(d.shape(2))
    return (x,), {"axis1": d.axis(x.ndim), "axis2": d.axis(x.ndim)}


def _rolled(d: Draw):
    x = d.array(d.shape(1))
    axis = d.one_of(None, d.axis(x.ndim), tuple(range(x.ndim)))
    shift = tuple(d.whole(-5, 5) for _ in axis) if isinstance(axis, tuple) else d.whole(-5, 5)
    return (x,), {"shift": shift, "axis": axis}


def _flipped(d: Draw):
    x = d.array(d.shape(1))
    return (x,), {"axis": d.axes(x.ndim)}


def _tiled(d: Draw):
    return (d.array(),), {"reps": d.one_of(2, (2,), (1, 2), (2, 1, 3))}


def _repeated(d: Draw):
    x = d.array(d.shape(1))
    axis = d.one_of(None, d.axis(x.ndim))
    n = x.size if axis is None else x.shape[axis]
    return (x,), {"repeats": d.one_of(2, tuple(d.whole(0, 3) for _ in range(n - 1)) + (1,)), "axis": axis}


def _padded(d: Draw):
    x = d.array(d.shape(1))
    width = d.one_of(1, (1, 2), tuple((d.whole(0, 1), d.whole(0, 1)) for _ in range(x.ndim)))
    mode = d.one_of("constant", "edge", "reflect", "symmetric", "wrap", "mean", "linear_ramp", "maximum", "minimum")
    return (x,), {"pad_width": width, "mode": mode}


def _taken(d: Draw):
    x = d.array(d.shape(1))
    axis = d.axis(x.ndim)
    indices = d.generator.integers(-x.shape[axis], x.shape[axis], d.one_of((), (3,), (2, 2)))
    return (x,), {"indices": indices, "axis": axis}


def _taken_along(d: Draw):
    x = d.array(d.shape(1))
    axis = d.axis(x.ndim)
    return (x,), {"indices": d.generator.integers(0, x.shape[axis], x.shape), "axis": axis}


def _chosen(d: Draw):
    a, b = d.broadcasting()
    x, y = d.array(a), d.array(b)
    return (x, y), {"condition": d.generator.random((x + y).shape) < 0.5}


def _clipped(d: Draw):
    return (d.array(),), d.one_of(
        {"a_min": -0.6, "a_max": 0.9}, {"a_min": None, "a_max": 0.4}, {"a_min": 0.1, "a_max": None}
    )


def _joined(d: Draw):
    shape = d.shape(1)
    return tuple(d.array(shape) for _ in range(d.whole(1, 3))), {"axis": d.axis(len(shape))}


def _of_a_list(name: str):
    return lambda xp, *xs, **settings: getattr(xp, name)(list(xs), **settings)


def _split(d: Draw):
    x = d.array((4, 2))
    return (x,), {"indices_or_sections": d.one_of(2, [1, 3], [2]), "axis": 0}


def _einsum(d: Draw):
    n, m, k = 2, 3, 4
    text, *shapes = d.one_of(
        ("ij,jk->ik", (n, m), (m, k)),
        ("ij,ij->", (n, m), (n, m)),
        ("ii->i", (m, m)),
        ("ii", (m, m)),
        ("...ij,...j->...i", (k, n, m), (k, m)),
        ("ij->ji", (n, m)),
        ("i,j->ij", (n,), (m,)),
        ("bij,bjk,k->bi", (n, m, k), (n, k, m), (m,)),
        ("ij,kj", (n, m), (k, m)),
    )
    return tuple(d.array(s) for s in shapes), {"text": text}


def _contracted(d: Draw):
    return d.one_of(
        ((d.array((2, 3, 4)), d.array((3, 4, 2))), {"axes": 2}),
        ((d.array((2, 3)), d.array((3, 2))), {"axes": 1}),
        ((d.array((2, 3, 4)), d.array((4, 2))), {"axes": ((0, 2), (1, 0))}),
        ((d.array((2, 3)), d.array((4,))), {"axes": 0}),
    )


PRODUCTS = (((4,), (4,)), ((2, 3), (3,)), ((2, 3), (3, 2)), ((4,), (4, 2)), ((3, 2, 4), (4, 2)), ((3, 2, 4), (3, 4, 2)))


def _difference(d: Draw):
    x = d.array(d.shape(1))
    axis = d.axis(x.ndim)
    return (x,), {"n": d.whole(0, min(2, x.shape[axis])), "axis": axis}


def _sloped(d: Draw):
    x = d.array((4, 3))
    axis = d.one_of(None, 0, 1, -1, (0, 1))
    return (x,), {"axis": axis, "edge_order": d.one_of(1, 2)}


def _gradient(xp, x, axis, edge_order):
    return xp.gradient(x, 0.5, axis=axis, **({} if edge_order == 1 else {"edge_order": edge_order}))


def _average(d: Draw):
    x = d.array(d.shape(2))
    axis = d.axis(x.ndim)
    return (x, d.array((x.shape[axis],), POSITIVE)), {"axis": axis}


def _interpolated(d: Draw):
    x = d.array((3,), (-0.5, 3.5))
    return (x, d.array((4,))), d.settings(left=(-1.0,), right=(0.5,))


def _interp(xp, x, fp, **ends):
    return xp.interp(x, xp.asarray([0.0, 1.0, 2.0, 3.0]), fp, **ends)


def _covariance(d: Draw):
    return (d.array((3, 4)),), d.settings(rowvar=(True, False), bias=(True, False), ddof=(0, 1))


def _cross(d: Draw):
    return (d.array(d.one_of((3,), (2, 3))), d.array((2, 3))), {}


def _polynomial(d: Draw):
    return (d.array((4,)), d.array(d.one_of((), (3,)))), {}


def diagonal(d: Draw):
    x = d.array(d.one_of((3, 4), (3, 2, 4)))
    axes = d.generator.permutation(x.ndim)
    return (x,), {"offset": d.whole(-1, 1), "axis1": int(axes[0]), "axis2": int(axes[1])}


def _histogram(d: Draw):
    return (d.array((4,)),), {"x": d.generator.uniform(0, 3, 4), "bins": 3, "range": (0.0, 3.0)}


def _selected(xp, a, b):
    return xp.select([a > 0.5, b > 0], [a * b, a - b], 0.25)


def _delete(d: Draw):
    x = d.array(d.shape(1))
    axis = d.axis(x.ndim)
    return (x,), {"obj": d.one_of(0, -1, [0, 1]), "axis": axis}


def _insert(d: Draw):
    x = d.array((2, 3))
    return (x, d.array(())), {"obj": d.one_of(0, 1, -1), "axis": d.one_of(None, 0, 1)}


LINES: list[Line] = [
    *families(),
    *(line(name, binary(), kinds=ANY, calls=9) for name in ("add", "subtract", "multiply")),
    line("divide", binary(REAL, POSITIVE), kinds=ANY, calls=9),
    line("power", binary(POSITIVE, REAL), kinds=ANY, calls=9),
    line("float_power", binary(POSITIVE, REAL), calls=4),
    *(
        line(name, binary(), kinds="ddf", calls=9)
        for name in ("maximum", "minimum", "fmax", "fmin", "arctan2", "hypot", "copysign")
    ),
    *(line(name, binary(), kinds="ddf", calls=9) for name in ("logaddexp", "logaddexp2")),
    *(line(name, binary(REAL, POSITIVE), kinds="ddf") for name in ("remainder", "fmod", "floor_divide")),
    line("heaviside", binary()),
    line("cumsum", along(), kinds=ANY),
    line("cumprod", along(), kinds=ANY),
    line("nancumsum", along()),
    line("nancumprod", along()),
    line("cumulative_sum", along(include_initial=(True, False))),
    line("cumulative_prod", along(include_initial=(True, False))),
    line("sort", along(), kinds="ddf", apart=APART["sort"]),
    line("quantile", _quantile(1.0), calls=12, apart=APART["quantile"]),
    line("percentile", _quantile(100.0), calls=12, apart=APART["percentile"]),
    line("nanquantile", _quantile(1.0), apart=APART["nanquantile"]),
    line("average", _average, lambda xp, x, w, axis: xp.average(x, axis=axis, weights=w)),
    line("diff", _difference, kinds=ANY, calls=9),
    line("gradient", _sloped, _gradient, calls=9),
    line("trapezoid", along(dx=(0.5, 2.0)), calls=6),
    line("ediff1d", unary()),
    line("interp", _interpolated, _interp),
    line("unwrap", along(interval=(-9.0, 9.0))),
    line("reshape", unary(), lambda xp, x: [xp.reshape(x, (-1,)), xp.reshape(x, x.shape[::-1])], kinds=ANY),
    line("ravel", unary(), lambda xp, x: xp.ravel(x), kinds=ANY),
    line("transpose", _permutation, kinds=ANY),
    line("moveaxis", _moved),
    line("swapaxes", _swapped),
    line("rollaxis", _swapped, lambda xp, x, axis1, axis2: xp.rollaxis(x, axis1, axis2)),
    line("expand_dims", along()),
    line("squeeze", of_shapes(((1, 3, 1),), axis=(0, 2, (0, 2), None)), apart=APART["squeeze"]),
    line("broadcast_to", _broadcast),
    line("broadcast_arrays", binary()),
    line("atleast_1d", unary()),
    line("atleast_2d", unary()),
    line("atleast_3d", unary()),
    line("flip", _flipped),
    line("fliplr", of_shapes(((2, 3),))),
    line("flipud", of_shapes(((2, 3),), ((4,),))),
    line("rot90", of_shapes(((2, 3),), ((3, 2, 4),), k=(1, 2, 3, -1), axes=((0, 1), (1, 0)))),
    line("roll", _rolled, kinds=ANY, calls=9),
    line("tile", _tiled, apart=APART["tile"]),
    line(
        "repeat",
        _repeated,
        lambda xp, x, repeats, axis: xp.repeat(x, repeats if repeats == 2 else xp.asarray(repeats), axis=axis),
    ),
    line("pad", _padded, calls=18),
    line("take", _taken, calls=9),
    line("take_along_axis", _taken_along),
    line("where", _chosen, lambda xp, x, y, condition: xp.where(condition, x, y), kinds=ANY, calls=9),
    line("select", binary(), _selected),
    line("clip", _clipped),
    line("delete", _delete),
    line("insert", _insert, lambda xp, x, v, obj, axis: xp.insert(x, obj, v, axis=axis)),
    line("append", of_shapes(((2, 3), (2, 3)), axis=(None, 0, 1))),
    line("concatenate", _joined, _of_a_list("concatenate"), kinds=ANY),
    line("stack", _joined, _of_a_list("stack"), kinds=ANY),
    *(
        line(name, of_shapes(((2, 3), (2, 3)), ((4,), (4,))), _of_a_list(name))
        for name in ("vstack", "hstack", "dstack", "column_stack")
    ),
    line("split", _split),
    line("array_split", _split),
    line("meshgrid", of_shapes(((4,), (3,)), ((4,), (3,), (2,)), indexing=("xy", "ij"), sparse=(True, False))),
    line("dot", of_shapes(*PRODUCTS[:-1]), kinds=ANY, calls=12),
    line("matmul", of_shapes(*PRODUCTS), kinds=ANY, calls=12),
    line("inner", of_shapes(((4,), (4,)), ((2, 3), (4, 3)), ((2, 3), (3,))), kinds=ANY),
    line("outer", of_shapes(((4,), (3,)), ((2, 3), (4,))), kinds=ANY),
    line("vdot", of_shapes(((4,), (4,)), ((2, 3), (2, 3))), kinds=ANY),
    line("vecdot", of_shapes(((4,), (4,)), ((2, 3), (3,))), kinds=ANY),
    line("matvec", of_shapes(((2, 3), (3,)), ((3, 2, 4), (3, 4)))),
    line("vecmat", of_shapes(((2,), (2, 3)), ((3, 2), (3, 2, 4)))),
    line("kron", of_shapes(((2, 3), (2, 2)), ((4,), (3,)), ((2, 3), (4,))), kinds=ANY),
    line("tensordot", _contracted, kinds=ANY),
    line("einsum", _einsum, lambda xp, *xs, text: xp.einsum(text, *xs), kinds=ANY, calls=18),
    line("cross", _cross),
    line("trace", diagonal, kinds=ANY),
    line("diagonal", diagonal),
    line("diag", of_shapes(((4,),), ((3, 4),), k=(-1, 1, 2))),
    line("diagflat", of_shapes(((4,),), ((2, 3),), k=(-1, 1))),
    line("tril", of_shapes(((3, 4),), ((3, 2, 4),), k=(-1, 1, 2))),
    line("triu", of_shapes(((3, 4),), ((3, 2, 4),), k=(-1, 1, 2))),
    line("vander", of_shapes(((4,),), N=(2, 5), increasing=(True, False))),
    line("convolve", of_shapes(((4,), (3,)), ((3,), (4,)), mode=("full", "same", "valid")), kinds=ANY),
    line("correlate", of_shapes(((4,), (3,)), ((3,), (4,)), mode=("full", "same", "valid")), kinds=ANY, calls=12),
    line("cov", _covariance, apart=APART["cov"]),
    line("corrcoef", of_shapes(((3, 4),), rowvar=(True, False)), apart=APART["corrcoef"]),
    line("polyval", _polynomial, kinds=ANY),
    line("polyadd", of_shapes(((4,), (2,)), ((3,), (3,)))),
    line("polysub", of_shapes(((4,), (2,)), ((3,), (3,)))),
    line("polymul", of_shapes(((4,), (2,)), ((3,), (3,)))),
    line("polyder", of_shapes(((4,),), m=(1, 2))),
    line("polyint", of_shapes(((4,),), m=(1, 2))),
    line("roots", of_shapes(((4,),)), lambda xp, p: xp.prod(xp.roots(p) - 0.25)),
    line("histogram", _histogram, lambda xp, w, x, bins, range: xp.histogram(x, bins, range, weights=w)[0]),
    line("bincount", of_shapes(((4,),)), lambda xp, w: xp.bincount(xp.asarray([0, 2, 1, 2]), weights=w, minlength=4)),
    line("nan_to_num of nan", unary(), lambda xp, x: xp.nan_to_num(xp.where(x > 0, x, xp.nan), nan=0.5)),
    line("ldexp", unary(), lambda xp, x: xp.ldexp(x, 3)),
    line("linspace", several(REAL, REAL), lambda xp, a, b: xp.linspace(a, b, 5), calls=6, apart=APART["linspace"]),
    line("geomspace", several(POSITIVE, POSITIVE), lambda xp, a, b: xp.geomspace(a, b, 4), apart=APART["geomspace"]),
    line("logspace", several(REAL, REAL), lambda xp, a, b: xp.logspace(a, b, 4), apart=APART["logspace"]),
]
