"""The functions of the Python array API standard 2024.12, each with every parameter that changes its value. Asserts nothing.

A line is a function's name and its calls, written in the words of the standard; x, y, ... are the arrays of ARRAYS. From
https://data-apis.org/array-api/2024.12/API_specification/.
"""

import numpy as np

_random = np.random.default_rng(8)
_lower = np.tril(_random.normal(size=(2, 3, 3))) + 3 * np.eye(3)

ARRAYS = {
    "x": _random.normal(size=(3, 4)),
    "y": _random.normal(size=(3, 4)),
    "row": _random.normal(size=4),
    "column": _random.normal(size=(3, 1)),
    "positive": _random.uniform(0.5, 2, (3, 4)),
    "small": _random.uniform(-0.9, 0.9, (3, 4)),
    "above": _random.uniform(1.5, 3, (3, 4)),
    "cube": _random.normal(size=(2, 3, 4)),
    "other": _random.normal(size=(2, 4, 3)),
    "square": _random.normal(size=(2, 3, 3)) + 3 * np.eye(3),
    "hermitian": _lower @ np.swapaxes(_lower, -1, -2),
    "right": _random.normal(size=(2, 3, 2)),
    "v": _random.normal(size=3),
    "w": _random.normal(size=3),
    "z": _random.normal(size=(3, 4)) + 1j * _random.normal(size=(3, 4)),
    "ties": np.array([[2.0, 0.0, 2.0, -1.0], [0.0, 0.0, 3.0, 1.0]]),
    "sorted": np.array([-1.0, 0.0, 0.5, 2.0]),
    "special": np.array([0.0, -1.5, np.inf, np.nan, 2.5]),
    "single": _random.normal(size=(2, 3)).astype(np.float32),
    "number": np.array(0.7),
    "empty": np.zeros((0, 3)),
    "i": np.array([2, 0, 1, 1]),
    "j": np.array([[0, 2, 1, 1], [3, 0, 0, 2], [1, 1, 2, 3]]),
    "mask": np.array([[True, False, True, False], [False, False, True, True], [True, True, True, False]]),
}

_UNARY = {
    "x": "abs ceil cos cosh exp expm1 floor negative positive round sign signbit sin sinh square tan tanh trunc asinh atan "
    "isfinite isinf isnan reciprocal",
    "small": "acos asin atanh",
    "above": "acosh",
    "positive": "log log10 log1p log2 sqrt",
    "z": "conj imag real abs exp square negative sqrt log sin cos tan sinh cosh tanh isfinite round",
    "special": "abs ceil floor round sign signbit isfinite isinf isnan trunc exp tanh",
    "single": "exp sin tanh abs square",
    "number": "exp log sqrt sin floor",
}
_BINARY = "add atan2 copysign divide equal floor_divide greater greater_equal hypot less less_equal logaddexp maximum minimum "
_BINARY += "multiply nextafter not_equal remainder subtract"

CALLS = {
    # elementwise
    **{f"{name}({array})": f"xp.{name}({array})" for array, names in _UNARY.items() for name in names.split()},
    **{
        f"{name}({a}, {b})": f"xp.{name}({a}, {b})"
        for name in _BINARY.split()
        for a, b in (("x", "y"), ("x", "row"), ("column", "row"), ("x", "0.5"), ("0.5", "x"))
    },
    "pow(positive, x)": "xp.pow(positive, x)",
    "pow(x, 2)": "xp.pow(x, 2)",
    "pow(2, x)": "xp.pow(2, x)",
    "clip": "xp.clip(x, -0.5, 0.5)",
    "clip min": "xp.clip(x, min=-0.5)",
    "clip max": "xp.clip(x, max=y)",
    "logical_not": "xp.logical_not(mask)",
    **{f"logical_{n}": f"xp.logical_{n}(x > 0, mask)" for n in ("and", "or", "xor")},
    **{f"bitwise_{n}": f"xp.bitwise_{n}(i, i + 1)" for n in ("and", "or", "xor", "left_shift", "right_shift")},
    "bitwise_invert": "xp.bitwise_invert(i)",
    # operators, also reflected, with Python's numbers
    **{f"x {o} y": f"x {o} y" for o in ("+", "-", "*", "/", "//", "%", "<", "<=", ">", ">=", "==", "!=")},
    **{f"x {o} 2": f"x {o} 2" for o in ("+", "-", "*", "/", "//", "%", "**", "<", "==")},
    **{f"2.5 {o} x": f"2.5 {o} positive" for o in ("+", "-", "*", "/", "//", "%", "**", "<", "==")},
    "single * 2.5": "single * 2.5",
    "z * 2": "z * 2",
    "-x, +x, abs": "[-x, +x, abs(x)]",
    "x @ y.T": "x @ y.T",
    "mT": "cube.mT",
    "attributes": "[xp.asarray(x.ndim), xp.asarray(x.size), xp.asarray(x.shape)]",
    "bool": "xp.asarray(bool(number))",
    # indexing
    "x[1]": "x[1, :]",
    "x[::-1, 1:3]": "x[::-1, 1:3]",
    "x[..., 0]": "x[..., 0]",
    "x[None]": "x[None, :, 1]",
    "x[mask]": "x[mask]",
    "take": "xp.take(x, i, axis=1)",
    "take of one axis": "xp.take(row, i)",
    "take_along_axis": "xp.take_along_axis(x, j, axis=1)",
    "take_along_axis by default": "xp.take_along_axis(x, j)",
    # creation
    "asarray": "xp.asarray(x)",
    "asarray copy": "xp.asarray(x, copy=True)",
    "asarray no copy": "xp.asarray(x, copy=False)",
    "asarray dtype": "xp.asarray(x, dtype=xp.float32)",
    "asarray device": "xp.asarray(x, device=x.device)",
    "empty_like": "0 * xp.ones_like(xp.empty_like(x))",
    "full_like": "xp.full_like(x, 2.5)",
    "full_like dtype": "xp.full_like(x, 2, dtype=xp.int64)",
    "ones_like": "xp.ones_like(x)",
    "zeros_like": "xp.zeros_like(x, dtype=xp.float32)",
    "meshgrid": "xp.meshgrid(row, v)",
    "meshgrid ij": "xp.meshgrid(row, v, indexing='ij')",
    "tril": "xp.tril(x, k=1)",
    "triu": "xp.triu(cube, k=-1)",
    "arange": "xp.arange(1, 7, 2)",
    "arange float": "xp.arange(3.0, dtype=xp.float64)",
    "eye": "xp.eye(3, 4, k=1)",
    "full": "xp.full((2, 3), 1.5)",
    "linspace": "xp.linspace(0, 1, num=5)",
    "linspace endpoint": "xp.linspace(0.0, 1.0, 5, endpoint=False)",
    "zeros": "xp.zeros((2, 3), dtype=xp.float32)",
    "ones": "xp.ones(3)",
    # dtypes
    "astype": "xp.astype(x, xp.float32)",
    "astype complex": "xp.astype(x, xp.complex128)",
    "astype copy": "xp.astype(x, xp.float64, copy=False)",
    "broadcast_to": "xp.broadcast_to(column, (3, 4))",
    "broadcast_arrays": "xp.broadcast_arrays(column, row)",
    "isdtype": "xp.asarray(xp.isdtype(x.dtype, 'real floating'))",
    "result_type": "xp.zeros((), dtype=xp.result_type(single, xp.float64))",
    "can_cast": "xp.asarray(xp.can_cast(single, xp.float64))",
    "finfo": "xp.asarray(xp.finfo(x.dtype).eps)",
    # linear algebra
    "matmul": "xp.matmul(cube, other)",
    "matmul vector": "xp.matmul(x, row)",
    "matrix_transpose": "xp.matrix_transpose(cube)",
    "tensordot": "xp.tensordot(x, y, axes=2)",
    "tensordot axes": "xp.tensordot(x, y, axes=((0,), (0,)))",
    "vecdot": "xp.vecdot(x, row)",
    "vecdot axis": "xp.vecdot(x, y, axis=-2)",
    "vecdot complex": "xp.vecdot(z, z)",
    # manipulation
    "concat": "xp.concat([x, y], axis=1)",
    "concat flat": "xp.concat([x, y], axis=None)",
    "expand_dims": "xp.expand_dims(x, axis=1)",
    "flip": "xp.flip(x)",
    "flip axis": "xp.flip(x, axis=(0, 1))",
    "moveaxis": "xp.moveaxis(cube, 0, -1)",
    "permute_dims": "xp.permute_dims(cube, (2, 0, 1))",
    "repeat": "xp.repeat(x, 2, axis=0)",
    "repeat flat": "xp.repeat(row, i)",
    "reshape": "xp.reshape(x, (2, 6))",
    "reshape copy": "xp.reshape(x, (2, -1), copy=True)",
    "roll": "xp.roll(x, 5)",
    "roll axes": "xp.roll(x, (1, -1), axis=(0, 1))",
    "squeeze": "xp.squeeze(column, axis=1)",
    "stack": "xp.stack([x, y], axis=-1)",
    "tile": "xp.tile(x, (2, 1))",
    "unstack": "xp.unstack(x, axis=1)",
    # searching, sets, sorting
    "argmax": "xp.argmax(x)",
    "argmax axis": "xp.argmax(x, axis=1, keepdims=True)",
    "argmin": "xp.argmin(x, axis=0)",
    "count_nonzero": "xp.count_nonzero(ties, axis=1)",
    "nonzero": "xp.nonzero(ties)",
    "searchsorted": "xp.searchsorted(sorted, row)",
    "searchsorted side": "xp.searchsorted(sorted, row, side='right')",
    "searchsorted sorter": "xp.searchsorted(xp.flip(sorted), row, sorter=xp.arange(3, -1, -1))",
    "where": "xp.where(mask, x, row)",
    "where number": "xp.where(x > 0, x, 0.0)",
    "unique_all": "xp.unique_all(ties)",
    "unique_counts": "xp.unique_counts(ties)",
    "unique_inverse": "xp.unique_inverse(ties)",
    "unique_values": "xp.unique_values(ties)",
    "argsort": "xp.argsort(ties, axis=0, stable=True)",
    "argsort of no ties": "xp.argsort(x)",
    "sort": "xp.sort(x, axis=0)",
    "sort stable": "xp.sort(ties, stable=True)",
    # statistics
    **{
        f"{name}{setting}": f"xp.{name}(x{setting})"
        for name in ("max", "mean", "min", "prod", "std", "sum", "var", "all", "any")
        for setting in ("", ", axis=1", ", axis=(0, 1), keepdims=True", ", axis=-1, keepdims=True")
    },
    "sum dtype": "xp.sum(single, dtype=xp.float64)",
    "prod dtype": "xp.prod(single, axis=1, dtype=xp.float64)",
    "sum of single": "xp.sum(single)",
    "sum of nothing": "xp.sum(empty, axis=0)",
    "var correction": "xp.var(x, axis=0, correction=1)",
    "std correction": "xp.std(x, correction=1.5)",
    "cumulative_sum": "xp.cumulative_sum(row)",
    "cumulative_sum axis": "xp.cumulative_sum(x, axis=1, include_initial=True)",
    "cumulative_sum dtype": "xp.cumulative_sum(single, axis=0, dtype=xp.float64)",
    "cumulative_prod": "xp.cumulative_prod(x, axis=0, include_initial=True)",
    "diff": "xp.diff(x)",
    "diff n": "xp.diff(x, axis=0, n=2)",
    "diff prepend": "xp.diff(x, axis=1, prepend=column, append=column)",
    # linalg
    "linalg.cholesky": "xp.linalg.cholesky(hermitian)",
    "linalg.cholesky upper": "xp.linalg.cholesky(hermitian, upper=True)",
    "linalg.cross": "xp.linalg.cross(v, w)",
    "linalg.cross axis": "xp.linalg.cross(x, y, axis=-2)",
    "linalg.det": "xp.linalg.det(square)",
    "linalg.diagonal": "xp.linalg.diagonal(cube, offset=1)",
    "linalg.eigh": "xp.linalg.eigh(hermitian).eigenvalues",
    "linalg.eigvalsh": "xp.linalg.eigvalsh(hermitian)",
    "linalg.inv": "xp.linalg.inv(square)",
    "linalg.matmul": "xp.linalg.matmul(cube, other)",
    "linalg.matrix_norm": "xp.linalg.matrix_norm(square)",
    **{f"linalg.matrix_norm {o}": f"xp.linalg.matrix_norm(square, ord={o}, keepdims=True)" for o in (1, -1, 2, -2)},
    "linalg.matrix_norm nuc": "xp.linalg.matrix_norm(square, ord='nuc')",
    "linalg.matrix_norm inf": "xp.linalg.matrix_norm(square, ord=xp.inf)",
    "linalg.matrix_power": "xp.linalg.matrix_power(square, 3)",
    "linalg.matrix_power negative": "xp.linalg.matrix_power(square, -2)",
    "linalg.matrix_rank": "xp.linalg.matrix_rank(square)",
    "linalg.matrix_rank rtol": "xp.linalg.matrix_rank(square, rtol=0.9)",
    "linalg.matrix_transpose": "xp.linalg.matrix_transpose(cube)",
    "linalg.outer": "xp.linalg.outer(v, row)",
    "linalg.pinv": "xp.linalg.pinv(cube)",
    "linalg.pinv rtol": "xp.linalg.pinv(cube, rtol=1e-10)",
    "linalg.qr": "[q @ r for q, r in [xp.linalg.qr(square)]]",
    "linalg.qr complete": "[q @ r for q, r in [xp.linalg.qr(square, mode='complete')]]",
    "linalg.slogdet": "xp.linalg.slogdet(square)",
    "linalg.solve": "xp.linalg.solve(square, right)",
    "linalg.solve vector": "xp.linalg.solve(square, v)",
    "linalg.svd": "xp.linalg.svd(cube).S",
    "linalg.svd full": "xp.linalg.svd(cube, full_matrices=False).S",
    "linalg.svdvals": "xp.linalg.svdvals(cube)",
    "linalg.tensordot": "xp.linalg.tensordot(x, y, axes=2)",
    "linalg.trace": "xp.linalg.trace(cube, offset=-1)",
    "linalg.trace dtype": "xp.linalg.trace(single, dtype=xp.float64)",
    "linalg.vecdot": "xp.linalg.vecdot(x, y, axis=-2)",
    "linalg.vector_norm": "xp.linalg.vector_norm(x)",
    "linalg.vector_norm axis": "xp.linalg.vector_norm(cube, axis=(0, 2), keepdims=True)",
    **{f"linalg.vector_norm {o}": f"xp.linalg.vector_norm(x, axis=1, ord={o})" for o in (0, 1, 2, 3.5, -1)},
    "linalg.vector_norm inf": "xp.linalg.vector_norm(x, axis=1, ord=xp.inf)",
    "linalg.vector_norm -inf": "xp.linalg.vector_norm(x, axis=1, ord=-xp.inf)",
    # fft
    **{
        f"fft.{name}{setting}": f"xp.fft.{name}(z{setting})"
        for name in ("fft", "ifft")
        for setting in ("", ", n=6, axis=0", ", norm='ortho'", ", n=2, norm='forward'")
    },
    **{f"fft.{name}": f"xp.fft.{name}(z, s=(4, 2), axes=(0, 1))" for name in ("fftn", "ifftn")},
    "fft.rfft": "xp.fft.rfft(x, n=5)",
    "fft.rfftn": "xp.fft.rfftn(x, axes=(0, 1))",
    "fft.irfft": "xp.fft.irfft(z, n=5, axis=0)",
    "fft.irfftn": "xp.fft.irfftn(z, axes=(0, 1))",
    "fft.hfft": "xp.fft.hfft(z)",
    "fft.ihfft": "xp.fft.ihfft(x, norm='forward')",
    "fft.fftshift": "xp.fft.fftshift(x)",
    "fft.ifftshift": "xp.fft.ifftshift(x, axes=1)",
    "fft.fftfreq": "xp.fft.fftfreq(5, d=0.5)",
    "fft.rfftfreq": "xp.fft.rfftfreq(6)",
}  # fmt: skip

# What has a result of floating-point numbers that no derivative goes through.
WITHOUT_DERIVATIVE = (
    "_like",
    "arange",
    "eye",
    "full",
    "linspace",
    "zeros",
    "ones",
    "result_type",
    "finfo",
    "fftfreq",
    "vector_norm 0",
)

NAMES = """
    e inf nan pi bool complex128 complex64 float32 float64 int16 int32 int64 int8 uint16 uint32 uint64 uint8 arange
    asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu zeros zeros_like
    astype can_cast finfo iinfo isdtype result_type abs acos acosh add asin asinh atan atan2 atanh bitwise_and
    bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh
    divide equal exp expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal log
    log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply negative
    nextafter not_equal positive pow real reciprocal remainder round sign signbit sin sinh sqrt square subtract tan
    tanh trunc take take_along_axis matmul matrix_transpose tensordot vecdot broadcast_arrays broadcast_to concat
    expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile unstack argmax argmin count_nonzero
    nonzero searchsorted where unique_all unique_counts unique_inverse unique_values argsort sort cumulative_prod
    cumulative_sum max mean min prod std sum var all any diff linalg.cholesky linalg.cross linalg.det linalg.diagonal
    linalg.eigh linalg.eigvalsh linalg.inv linalg.matmul linalg.matrix_norm linalg.matrix_power linalg.matrix_rank
    linalg.matrix_transpose linalg.outer linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.svd linalg.svdvals
    linalg.tensordot linalg.trace linalg.vecdot linalg.vector_norm fft.fft fft.ifft fft.fftn fft.ifftn fft.rfft
    fft.irfft fft.rfftn fft.irfftn fft.hfft fft.ihfft fft.fftfreq fft.rfftfreq fft.fftshift fft.ifftshift
""".split()  # noqa: SIM905
