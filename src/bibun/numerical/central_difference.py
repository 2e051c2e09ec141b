"""The books' numerical derivatives: central differences, one entry of the caller's own array at a time.

Owns the four functions and the choice of their step. Claims no error bar and extrapolates nothing.

The step. With h = eps = 1e-4 and float64 a central difference errs by h**2 |f'''| / 6, some 1e-9, and by
the rounding of f, some 1e-12. In float32 a value near 1 is known to 6e-8 only, and 6e-8 / 1e-4 leaves three
digits, for the loss of a network one. So where x is as coarse as that, a second and wide pair of nodes is
tried, h = cbrt(machine epsilon) * max(1, |x|), which balances the two errors of a function of ordinary
scale; its answer is taken if it lies within the rounding error of the narrow one. Measured in float32, as
the largest error over the largest entry, first with eps alone, then so: cross-entropy of 150 weights 1e-2,
2e-4; the sum of seven cubes 6e-4, 1e-5; sin up to x = 1000, where the wide step is useless and refused,
1e-4, 3e-4.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]  # numpy.typing would cost a twentieth of importing numpy

# Where the last place of x is smaller than this, the step is the caller's. From here on eps = 1e-4 leaves
# fewer than seven digits, and two more calls of f are worth their time.
COARSE = 1e-11

# The rounding error of f, in units of its last place. With 1 or 2 the wide answer was refused for sums of
# products, with 16 and more it was taken for sin(30 x) in float16, where it is wrong.
UNITS_OF_ROUNDING = 4

# Nodes that lie 2 eps apart to this accuracy are divided by 2 eps: these are the digits that the books print,
# and the change is a tenth or less of eps**2 / 6, the method's own error.
SAME_DISTANCE = 1e-10


class _Nodes(NamedTuple):
    """x + h, x - h and their distance, each as it comes out in the precision of x, for every entry of x."""

    right: Array
    left: Array
    distance: Array


class _Slope(NamedTuple):
    """(f(right) - f(left)) / distance, and a bound of what the rounding of f does to it."""

    value: Any
    rounding: Any


def numerical_gradient(f: Callable[[Any], Any], x: Array, eps: float = 1e-4) -> Array:
    """df/dx[i...] = (f(x with x[i...] + eps) - f(x with x[i...] - eps)) / (2 eps), for every entry of x.

    x is an array of real floating numbers of any shape, views included. f(x) gives one number: a Python or
    NumPy scalar, or an array or a Variable that holds one. Returns an array of x's shape and dtype.

    x itself is changed, one entry at a time, and is what f is called with, so f may ignore its argument and
    read x by another name, as in `numerical_gradient(lambda _: net.loss(x, t), net.W)`. Each entry is put
    back to the last bit, also when f raises. f itself must leave x as it is.

    Accuracy, relative to the largest entry: for float64 1e-9 (eps**2 / 6 times the third derivative), for
    float32 1e-5 to 1e-3, for float16 a digit or two. The divisor is the distance of the two nodes as
    rounded to x's dtype. Where x is coarse (float16, float32, float64 beyond 4.5e4) and eps narrow, f is
    also called at two wider nodes, four times an entry and not two, and the better answer is kept. NumPy's
    warnings are off there, and an ArithmeticError or a ValueError means that f ends before them: the answer
    of eps then stands.

    An entry that is nan or infinite has derivative nan, and f is not called for it. Where f is nan or
    infinite the result is what IEEE arithmetic makes of the quotient: nan, or an infinity.

    Raises TypeError if x is not an array or does not hold real floating numbers, or f gives no real number;
    ValueError if x is read-only, if f gives more than one number, or if eps is not positive.
    """
    _check("numerical_gradient", f, x, eps)
    return _gradient("numerical_gradient", f, x, eps)


def _numerical_gradient_1d(f: Callable[[Any], Any], x: Array, eps: float = 1e-4) -> Array:
    """`numerical_gradient` of one row: x has shape (n,) or (). Raises ValueError for more dimensions."""
    _check("_numerical_gradient_1d", f, x, eps)
    if x.ndim > 1:
        raise ValueError(
            f"_numerical_gradient_1d: x has shape {x.shape}, but one row is expected. Use numerical_gradient "
            "if f takes all of x, numerical_gradient_2d if it takes one row"
        )
    return _gradient("_numerical_gradient_1d", f, x, eps)


def numerical_gradient_2d(f: Callable[[Any], Any], X: Array, eps: float = 1e-4) -> Array:
    """Row i of the result is the gradient of f at the row X[i]; f is called with one row, never with all X.

    X has shape (rows, n), and so has the result. What f gets is a view of X. If X has one dimension or none,
    this is the gradient at X itself; if it has more than two, f gets the items X[i] of the first axis.
    Accuracy, and the errors raised, are those of `numerical_gradient`.
    """
    _check("numerical_gradient_2d", f, X, eps)
    if X.ndim < 2:
        return _gradient("numerical_gradient_2d", f, X, eps)
    gradient = np.empty(X.shape, X.dtype)
    for i in range(len(X)):
        gradient[i] = _gradient("numerical_gradient_2d", f, X[i], eps)
    return gradient


def numerical_diff(f: Callable[[Any], Any], x: Any, eps: float = 1e-4) -> Any:
    """dy/dx = (f(x + eps) - f(x - eps)) / (2 eps) for a Variable x and a function f of one number.

    f is called with new Variables and x is left alone. All entries of x are shifted at once, so f must work
    entry by entry, as square and exp do, and dy/dx has the shape of x; where x holds a single number, y may
    have any shape, and dy/dx has that. Integers count as float64. The result is plain NumPy, of y's
    precision. Step, accuracy, nan and infinities are as in `numerical_gradient`.

    Raises TypeError if x is not a Variable that holds real numbers, or if f gives no numbers; ValueError if f
    gives a shape other than x's, or if eps is not positive.
    """
    name = "numerical_diff"
    data = _data_of_variable(name, f, x, eps)
    single = data.size == 1

    def slope_at(nodes: _Nodes) -> _Slope:
        above, below = _numbers(name, f(type(x)(nodes.right))), _numbers(name, f(type(x)(nodes.left)))
        if not single and above.shape != data.shape:
            raise ValueError(
                f"{name}: f made shape {above.shape} of shape {data.shape}. All entries are shifted at once, "
                "so f must work entry by entry. For one number from a whole array use numerical_gradient"
            )
        distance = nodes.distance.astype(data.dtype)  # y's precision is kept
        return _slope(above, below, distance.reshape(()) if single else distance, data.dtype)

    narrow, wide = _steps(data, eps)
    nodes = _nodes(data, narrow)
    same = np.abs(nodes.distance - 2 * eps) <= SAME_DISTANCE * 2 * eps
    slope = slope_at(nodes._replace(distance=np.where(same, 2 * eps, nodes.distance)))
    if np.any(wide > narrow):
        slope = _better(slope, partial(slope_at, _nodes(data, wide)))
    return slope.value[()]


def _gradient(name: str, f: Callable[[Any], Any], x: Array, eps: float) -> Array:
    entries = x.view(np.ndarray)  # the same memory, without what a subclass makes of indexing
    narrow, wide = _steps(entries, eps)
    nodes, wide_nodes = _nodes(entries, narrow), _nodes(entries, wide)
    gradient = np.empty(x.shape, x.dtype)
    for index in np.ndindex(x.shape):
        if not np.isfinite(nodes.distance[index]):
            gradient[index] = np.nan
            continue
        slope = _slope_of_entry(name, f, x, index, nodes)
        if wide[index] > narrow[index]:
            slope = _better(slope, partial(_slope_of_entry, name, f, x, index, wide_nodes))
        gradient[index] = slope.value
    return gradient


def _slope_of_entry(name: str, f: Callable[[Any], Any], x: Array, index: tuple[int, ...], nodes: _Nodes) -> _Slope:
    entries = x.view(np.ndarray)
    original = entries[index]
    try:
        entries[index] = nodes.right[index]
        above = _one_number(name, f(x), x)
        entries[index] = nodes.left[index]
        below = _one_number(name, f(x), x)
    finally:
        entries[index] = original
    return _slope(above, below, nodes.distance[index], x.dtype)


def _steps(x: Array, eps: float) -> tuple[Array, Array]:
    """The narrow step, eps if x can take it, and the wide one, equal to the narrow one where it is no use."""
    precision = np.finfo(x.dtype).eps
    with np.errstate(all="ignore"):
        size = np.abs(x).astype(_accurate(x))
        scale = np.maximum(size, 1)
        narrow = np.maximum(2 * np.spacing(np.abs(x)), eps)
        wide = np.cbrt(precision) * scale
        useful = (precision * scale > COARSE) & (wide > 2 * narrow)
        return narrow.astype(x.dtype), np.where(useful, wide, narrow).astype(x.dtype)


def _nodes(x: Array, step: Array) -> _Nodes:
    with np.errstate(over="ignore", invalid="ignore"):  # who uses a distance asks whether it is finite
        right, left = np.asarray(x + step), np.asarray(x - step)
        return _Nodes(right, left, np.asarray(right.astype(_accurate(x)) - left))


@np.errstate(all="ignore")
def _slope(above: Any, below: Any, distance: Any, dtype: np.dtype[Any]) -> _Slope:
    last_place = np.finfo(dtype).eps * np.maximum(np.abs(above), np.abs(below))
    return _Slope((above - below) / distance, UNITS_OF_ROUNDING * last_place / distance)


@np.errstate(all="ignore")
def _better(slope: _Slope, wide_slope: Callable[[], _Slope]) -> _Slope:
    """The wide answer where it lies within the rounding error of the narrow one, elsewhere the narrow one."""
    try:
        wide = wide_slope()
    except (ArithmeticError, ValueError):
        return slope  # f takes the nodes of eps, and ends before the wide ones
    agrees = np.abs(wide.value - slope.value) <= slope.rounding
    return slope._replace(value=np.where(agrees, wide.value, slope.value))


def _accurate(x: Array) -> np.dtype[Any]:
    """The dtype for differences of numbers of x's: float64, or x's own if that is longer."""
    return np.result_type(x, np.float64)


def _numbers(name: str, y: Any) -> Array:
    """A copy of what f gave, since f may give the same buffer each time, or an alias of x."""
    data = getattr(y, "data", None)  # a Variable's array; an ndarray's own `data` is a memoryview
    numbers = np.array(data if isinstance(data, np.ndarray) else y)
    if numbers.dtype.kind in "fc":
        return numbers
    try:
        if numbers.dtype.kind == "O":  # fractions, mpmath's numbers; astype alone would make nan of None
            return np.array([float(number) for number in numbers.flat]).reshape(numbers.shape)
        return numbers.astype(np.float64, casting="same_kind")
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name}: f gave {type(y).__name__}, which is not a number. Does f end with `return`?"
        ) from error


def _one_number(name: str, y: Any, x: Array) -> Any:
    numbers = _numbers(name, y)
    if numbers.size != 1:
        raise ValueError(
            f"{name}: f gave shape {numbers.shape} for x of shape {x.shape}, but one number has a gradient. "
            "Give that number, for example np.sum(y), or one number a row to numerical_gradient_2d"
        )
    if numbers.dtype.kind == "c":
        raise TypeError(
            f"{name}: f gave the complex number {numbers.item()}, but a real number has a gradient. "
            "Give y.real, y.imag or abs(y)"
        )
    return numbers.reshape(()).astype(_accurate(x))[()]


def _check_f_and_eps(name: str, f: Any, eps: Any) -> None:
    if not callable(f):
        raise TypeError(f"{name}: f is of type {type(f).__name__}, not a function. Write {name}(f, x)")
    if not 0 < eps < np.inf:
        raise ValueError(f"{name}: eps is {eps}, but the step must be positive and finite, for example 1e-4")


def _check(name: str, f: Any, x: Any, eps: Any) -> None:
    _check_f_and_eps(name, f, eps)
    if not isinstance(x, np.ndarray):
        holds_array = isinstance(getattr(x, "data", None), np.ndarray)
        instead = "x.data" if holds_array else "an array: x = np.array(x, dtype=float)"
        raise TypeError(
            f"{name}: x is of type {type(x).__name__}, but its entries are changed in place while f reads "
            f"them. Pass {instead}"
        )
    if x.dtype.kind in "biu":
        raise TypeError(
            f"{name}: x has dtype {x.dtype}, and an entry plus {eps:g} would be cut off to a whole number. "
            "Write x = x.astype(float) first, and let f read that array"
        )
    if x.dtype.kind == "c":
        raise TypeError(
            f"{name}: x has dtype {x.dtype}, and a real step sees only half of a complex derivative. Let "
            "f take the parts, as in f = lambda parts: g(parts[0] + 1j * parts[1]), and pass "
            "np.stack([x.real, x.imag])"
        )
    if x.dtype.kind != "f":
        raise TypeError(f"{name}: x has dtype {x.dtype}, not real numbers. Write x = x.astype(float) first")
    if not x.flags.writeable:
        raise ValueError(
            f"{name}: x is read-only, but its entries are changed in place while f reads them. "
            "Write x = x.copy() first, and let f read that array"
        )


def _data_of_variable(name: str, f: Any, x: Any, eps: Any) -> Array:
    _check_f_and_eps(name, f, eps)
    data = None if isinstance(x, np.ndarray) else getattr(x, "data", None)
    if not isinstance(data, np.ndarray):
        raise TypeError(
            f"{name}: x is of type {type(x).__name__}, but a Variable that holds an array is expected, for "
            "example Variable(np.array(2.0)). For a function of plain arrays use numerical_gradient"
        )
    if data.dtype.kind in "biu":
        return data.astype(np.float64)
    if data.dtype.kind != "f":
        raise TypeError(f"{name}: x holds dtype {data.dtype}, but real numbers are expected")
    return data
