"""A sample call of every public function of NumPy's, or why it needs none. Owns no verdict: test_public_names.py has it.

`f` is the function, `x` the array X below (or W, of whole numbers), traced in every way. A ufunc that is not named here is called
on as many arrays as it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Nine distinct entries inside (0, 1), in a matrix that can be inverted; whole numbers.
X = np.array([[0.84, 0.21, 0.39], [0.12, 0.66, 0.30], [0.48, 0.57, 0.75]])
W = np.array([[6, 1, 4], [2, 7, 3], [5, 8, 9]])
_B = np.array([[0.3, -1.2], [0.7, 0.4], [-0.5, 0.9]])
_SIGNS = np.array([[1, -1, -1], [-1, 1, 1], [-1, 1, -1]])
_KEY = np.array([[0, 2, 1]])
_MASK = np.array([[True, False, True], [False, True, True], [True, False, False]])

Call = Callable[[Any, Any], Any]


def _alike(names: str, call: Call, module: str = "np") -> dict[str, Call]:
    return {f"{module}.{name}": call for name in names.split()}


def _names(names: str) -> set[str]:
    return {f"np.{name}" for name in names.split()}


def _written(f: Any, x: Any, *args: Any) -> Any:
    """What a function that writes to its first argument made of a copy of x."""
    y = x * 1.0
    f(y, *args)
    return y


def _filled(y: Any, values: Any) -> Any:
    y[...] = values
    return y


def _positive(x: Any) -> Any:
    """A symmetric positive definite matrix."""
    return x + x.T + 2 * np.eye(3)


SAMPLES: dict[str, Call] = {
    **_alike(
        "amax amin max min sum prod mean std var median ptp cumsum cumprod nanmax nanmin nansum nanprod nanmean nanstd nanvar "
        "nanmedian nancumsum nancumprod all any argmax argmin nanargmax nanargmin argsort argwhere nonzero flatnonzero "
        "count_nonzero sort sort_complex unwrap angle real imag real_if_close nan_to_num fix round around i0 sinc isreal "
        "iscomplex isneginf isposinf iscomplexobj isrealobj shape ndim size copy ravel squeeze transpose permute_dims "
        "matrix_transpose flip fliplr flipud rot90 trace diagonal diag diagflat tril triu atleast_1d atleast_2d "
        "atleast_3d diff ediff1d gradient trapezoid cov corrcoef unique unique_values unique_all unique_counts unique_inverse "
        "histogram histogram_bin_edges ones_like zeros_like broadcast_arrays unstack "
        "triu_indices_from tril_indices_from diag_indices_from common_type array_repr array_str array2string iterable isscalar "
        "str_",
        lambda f, x: f(x),
    ),
    **_alike("identity eye zeros ones tri arange", lambda f, x: f(3.0 if f is np.arange else 3, like=x)),
    **_alike("ascontiguousarray asfortranarray asarray asanyarray array", lambda f, x: f([x[0], x[1]], like=x)),
    **_alike("concatenate concat vstack hstack dstack column_stack stack row_stack block", lambda f, x: f([x, x * x])),
    **_alike("append kron inner outer dot vdot convolve correlate polyadd polymul polysub cross", lambda f, x: f(x[0], x[1])),
    **_alike("union1d intersect1d setdiff1d setxor1d", lambda f, x: f(x[0], x[:2])),
    **_alike("array_equal array_equiv allclose isclose isin result_type", lambda f, x: f(x, x[0])),
    **_alike("split array_split vsplit hsplit", lambda f, x: f(x, 3)),
    **_alike("percentile nanpercentile", lambda f, x: f(x, 37.0, axis=0)),
    **_alike("quantile nanquantile", lambda f, x: f(x, 0.37, axis=1)),
    **_alike("partition argpartition", lambda f, x: f(x[0], 1)),
    **_alike("cumulative_sum cumulative_prod", lambda f, x: f(x, axis=1)),
    **_alike("linspace geomspace logspace", lambda f, x: f(x[0], x[1] + 1, 4)),
    **_alike("roll take repeat", lambda f, x: f(x, 2)),
    **_alike("can_cast", lambda f, x: f(x, complex)),
    **_alike("issubdtype promote_types", lambda f, x: f(x.dtype, float)),
    **_alike("swapaxes moveaxis", lambda f, x: f(x, 0, 1)),
    **_alike("packbits unpackbits", lambda f, x: f(x.astype(np.uint8))),
    **_alike("average", lambda f, x: f(x, weights=x[0] + 1, axis=1)),
    **_alike("matvec", lambda f, x: f(x, x[0])),
    **_alike("vecmat vecdot", lambda f, x: f(x[0], x)),
    "np.isdtype": lambda f, x: f(x.dtype, "real floating"),
    "np.broadcast_shapes": lambda f, x: f(x.shape, (3,)),
    "np.ndindex": lambda f, x: list(f(x.shape)),
    "np.poly1d": lambda f, x: f(x[0])(x),
    "np.rollaxis": lambda f, x: f(x, 1),
    "np.reshape": lambda f, x: f(x, (9,)),
    "np.resize": lambda f, x: f(x, (2, 6)),
    "np.tile": lambda f, x: f(x, 2),
    "np.pad": lambda f, x: f(x, 1),
    "np.clip": lambda f, x: f(x, 0.25, 0.7),
    "np.astype": lambda f, x: f(x, complex),
    "np.einsum": lambda f, x: f("ij,jk->ik", x, x),
    "np.einsum_path": lambda f, x: f("ij,jk->ik", x, x)[0],
    "np.tensordot": lambda f, x: f(x, x, 1),
    "np.bincount": lambda f, x: f([0, 2, 1], x[0]),
    "np.histogram2d": lambda f, x: f(x[0], x[1], bins=[0, 0.255, 0.435, 0.615, 1], weights=x[2])[0],
    "np.histogramdd": lambda f, x: f(x, bins=[[0, 0.255, 0.435, 0.615, 1]] * 3, weights=x[2])[0],
    "np.interp": lambda f, x: f(0.4, np.sort(x[1]), x[0]),
    "np.expand_dims": lambda f, x: f(x, 1),
    "np.broadcast_to": lambda f, x: f(x, (2, 3, 3)),
    "np.take_along_axis": lambda f, x: f(x, _KEY, 0),
    "np.delete": lambda f, x: f(x, 1, 0),
    "np.insert": lambda f, x: f(x, 1, x[0], 0),
    "np.compress": lambda f, x: f([True, False, True], x, axis=1),
    "np.extract": lambda f, x: f(_MASK, x),
    "np.choose": lambda f, x: f(_MASK * 1, [x, x * x]),
    "np.select": lambda f, x: f([_MASK, ~_MASK], [x, x * x]),
    "np.where": lambda f, x: f(_MASK, x, x * x),
    "np.piecewise": lambda f, x: f(x, [x < 0.5, x >= 0.5], [lambda t: t * t, lambda t: 3 * t]),
    "np.apply_along_axis": lambda f, x: f(np.cumsum, 0, x),
    "np.apply_over_axes": lambda f, x: f(np.sum, x, [0]),
    "np.trim_zeros": lambda f, x: f(np.concatenate([[0.0], x[0], [0.0]])),
    "np.lexsort": lambda f, x: f((x[0], x[1])),
    "np.searchsorted": lambda f, x: f([0.2, 0.5], x),
    "np.digitize": lambda f, x: f(x, [0.2, 0.5]),
    "np.meshgrid": lambda f, x: f(x[0], x[1]),
    "np.ix_": lambda f, x: f(x[0], x[1]),
    "np.full": lambda f, x: f((2, 3), x[0], like=x),
    "np.full_like": lambda f, x: f(x, x[0]),
    "np.empty": lambda f, x: _filled(f(3, like=x), x[0]),
    "np.empty_like": lambda f, x: _filled(f(x), x * x),
    "np.fromfunction": lambda f, x: f(lambda i, j: x[0, 0] * i + j, (2, 2)),
    "np.vectorize": lambda f, x: f(lambda t: t * t)(x),
    "np.frompyfunc": lambda f, x: f(lambda t: t * t, 1, 1)(x).astype(float),
    "np.unravel_index": lambda f, x: f(np.argmax(x), (3, 3)),
    "np.ravel_multi_index": lambda f, x: f((np.argmax(x[0]), np.argmin(x[1])), (3, 3)),
    "np.vander": lambda f, x: f(x[0]),
    "np.poly": lambda f, x: f(x[0]),
    "np.polyval": lambda f, x: f(x[0], x),
    "np.polyder": lambda f, x: f(x[0]),
    "np.polyint": lambda f, x: f(x[0]),
    "np.polydiv": lambda f, x: f(np.concatenate([x[0], x[1]]), x[2]),
    "np.polyfit": lambda f, x: f(np.arange(3.0), x[0], 1),
    "np.roots": lambda f, x: f(np.stack([x[0, 1], -2 * x[0, 0], x[0, 1]])),
    "np.copyto": lambda f, x: _written(f, x, x * x),
    "np.put": lambda f, x: _written(f, x, [0, 4], x[0, :2] ** 2),
    "np.place": lambda f, x: _written(f, x, _MASK, x[0] ** 2),
    "np.putmask": lambda f, x: _written(f, x, _MASK, x * x),
    "np.put_along_axis": lambda f, x: _written(f, x, _KEY, x[:1] ** 2, 0),
    "np.fill_diagonal": lambda f, x: _written(f, x, x[0, 0] ** 2),
    "np.dsplit": lambda f, x: f(x[None], 3),
    "np.arccosh": lambda f, x: f(x + 1),
    "np.acosh": lambda f, x: f(x + 1),
    "np.ldexp": lambda f, x: f(x, W),
    # linalg
    **_alike("matrix_power", lambda f, x: f(x, 3), "np.linalg"),
    **_alike("inv det slogdet pinv svdvals cond norm matrix_norm vector_norm trace diagonal matrix_transpose matrix_rank "
             "qr", lambda f, x: f(x), "np.linalg"),
    **_alike("cholesky eigvalsh", lambda f, x: f(_positive(x)), "np.linalg"),
    **_alike("outer vecdot cross", lambda f, x: f(x[0], x[1]), "np.linalg"),
    **_alike("matmul solve", lambda f, x: f(x, x * x), "np.linalg"),
    "np.linalg.tensordot": lambda f, x: f(x, x, axes=1),
    "np.linalg.eigh": lambda f, x: _abs(f(_positive(x))),
    "np.linalg.eig": lambda f, x: _abs(f(x)),
    "np.linalg.eigvals": lambda f, x: f(x),
    "np.linalg.svd": lambda f, x: [np.abs(part) for part in f(x)],
    "np.linalg.lstsq": lambda f, x: f(x[:, :2], _B)[0],
    "np.linalg.tensorsolve": lambda f, x: f(x, x[0]),
    "np.linalg.tensorinv": lambda f, x: f(x, ind=1),
    "np.linalg.multi_dot": lambda f, x: f([x, x, _B]),
    # fft
    **_alike("fft ifft rfft irfft hfft ihfft fft2 ifft2 fftn ifftn rfft2 irfft2 rfftn irfftn fftshift ifftshift",
             lambda f, x: f(x), "np.fft"),
    **_alike("fftfreq rfftfreq", lambda f, x: f(5, x[0, 0]), "np.fft"),
    # scimath, stride_tricks
    **_alike("sqrt log log2 log10", lambda f, x: f((x + 0.5) * _SIGNS), "np.emath"),
    **_alike("arccos arcsin arctanh", lambda f, x: f(np.concatenate([x[:1] * 0.7, x[1:] + 1.2]) * _SIGNS), "np.emath"),
    "np.emath.logn": lambda f, x: f(2, x),
    "np.emath.power": lambda f, x: f((x + 0.5) * _SIGNS, 3.3),
    "np.lib.stride_tricks.sliding_window_view": lambda f, x: f(x[0], 2),
}  # fmt: skip


def _abs(found: Any) -> Any:
    """Eigenvalues, and eigenvectors up to their sign or phase."""
    return [found[0], np.abs(found[1])]


# Of whole numbers only.
OF_INTEGERS = _names(
    "bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_invert invert bitwise_count left_shift right_shift "
    "bitwise_left_shift bitwise_right_shift gcd lcm packbits unpackbits"
)

# As many entries as there are found: not the same number for each entry of a batch, which vmap says.
LENGTHS_DIFFER = _names(
    "unique unique_values unique_all unique_counts unique_inverse union1d intersect1d setdiff1d setxor1d argwhere "
    "nonzero flatnonzero trim_zeros histogram_bin_edges"
)


def _refused(says: str, *calls: str) -> dict[str, str]:
    return dict.fromkeys(calls, says)


# Refused: the call as it is written, since messages show it, and what the message must say.
REFUSED: dict[str, str] = {
    **_refused(
        "give an int",
        *(f"{f}(3 * x[0, 0])" for f in _names("hanning hamming blackman bartlett tril_indices triu_indices diag_indices")),
        "np.mask_indices(3 * x[0, 0], np.triu)",
    ),
    **_refused("x.data", *(f"np.format_float_{name}(x[0, 0])" for name in ("scientific", "positional")), "np.from_dlpack(x)"),
    **_refused("x.data", "np.base_repr(x[0, 0])", "np.binary_repr(x[0, 0])"),
    **_refused("dates", "np.is_busday(x)", "np.datetime_as_string(x)", "np.isnat(x)"),
    **_refused("dates", "np.busday_offset(x, x)", "np.busday_count(x, x)"),
    **_refused("file, x.data", *(f"np.{name}(BytesIO(), x)" for name in ("save", "savez", "savez_compressed"))),
    **_refused("file, x.data", "np.savetxt(StringIO(), x)"),
    **_refused("memory", "np.shares_memory(x, x)", "np.may_share_memory(x, x)", "np.isfortran(x)"),
    **_refused("np.block", "np.asmatrix(x)", "np.matrix(x)", "np.bmat([[x, x]])"),
    **_refused("write x", "np.asarray_chkfinite(x)", "np.require(x)"),
    **_refused("write a dict", "np.void(x[0, 0])", "np.record(x[0, 0])"),
    **_refused("tobytes", "np.bytes_(x[0, 0])"),
    **_refused("np.i0", "np.kaiser(5, x[0, 0])"),
    **_refused("np.stack", "np.fromiter(x[0], float)"),
    **_refused("x.dtype", "np.min_scalar_type(x)", "np.mintypecode(x[0])"),
    **_refused("np.ndindex", "np.ndenumerate(x)"),
    **_refused("broadcast_arrays", "np.broadcast(x, x)"),
    **_refused("sliding_window_view", "np.lib.stride_tricks.as_strided(x, (2,), (8,))"),
}  # fmt: skip

# Not called on traced arrays: why. A call by mistake is NumPy's own error, and gives nothing.
NO_FUNCTION_OF_ARRAYS: dict[str, str] = {
    name: reason
    for reason, names in {
        "reads a file or bytes": "load loadtxt genfromtxt fromfile fromregex fromstring frombuffer memmap",
        "a setting of NumPy's": "errstate seterr geterr seterrcall geterrcall setbufsize getbufsize set_printoptions "
        "get_printoptions printoptions",
        "says something about NumPy": "show_config show_runtime get_include info test typename __array_namespace_info__",
        "takes lengths, which are whole numbers": "indices ndarray recarray",
        "works on memory, in C: NumPy refuses it any array that is not plain": "nditer nested_iters",
        "about dates": "busdaycalendar datetime_data",
        "a class of NumPy's own objects": "ufunc flatiter",
        "of a dtype, which an array is not": "iinfo finfo dtype",
    }.items()
    for name in names.split()
}
