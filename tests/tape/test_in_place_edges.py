"""What is stored where shapes and dtypes do not quite fit: taken and refused as by NumPy, which is the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import bibun as bb
import bibun.numpy
from bibun import Variable

X = np.array([0.5, 2.0, 3.0])
M = np.arange(9.0).reshape(3, 3)

Make = Callable[..., Any]  # zeros
TAKEN: dict[str, Callable[[Any, Any], Any]] = {
    "out= larger than where=": lambda x, y: np.add(x, 1, out=y, where=np.array([True, False, True])),
    "out= of more axes than a product": lambda x, y: np.matmul(x * M, x, out=y),
    "an empty diagonal": lambda x, y: (y.fill(1.0), np.fill_diagonal(y, x[:0])),
    "a long diagonal": lambda x, y: np.fill_diagonal(y, x * M),
    "a real part of more axes": lambda x, y: setattr(y, "real", x[None, None]),
    "a row of a real part": lambda x, y: setattr(y[1], "real", x[None]),
    "a number of more axes": lambda x, y: y.fill(x[0]),
    "entries of flat, and too many": lambda x, y: y.flat.__setitem__(slice(0, 2), x),
}
REFUSED: dict[str, tuple[Callable[[Any, Any], Any], type[Exception]]] = {
    "a product of fewer rows": (lambda x, y: np.matmul((x * M)[:1], M, out=y), ValueError),
    "a product of one row": (lambda x, y: np.matmul((x * M)[:1], x, out=y[0]), ValueError),
    "fill with an array": (lambda x, y: y.fill(x), ValueError),
    "fill with an array of one": (lambda x, y: y.fill(x[:1]), ValueError),
    "an array for an entry of flat": (lambda x, y: y.flat.__setitem__(0, x), ValueError),
    "None at places": (lambda x, y: np.add.at(y, [0, 0], None), TypeError),
    "put of a complex number": (lambda x, y: np.put(y, [0], 1j), TypeError),
    "place of a complex number": (lambda x, y: np.place(y, M > 2, 1j), TypeError),
    "putmask of a complex number": (lambda x, y: np.putmask(y, M > 2, 1j), TypeError),
    "a complex diagonal": (lambda x, y: np.fill_diagonal(y, 1j), TypeError),
    "a complex entry": (lambda x, y: y.__setitem__((0, 0), 1j), TypeError),
    "indices of fewer axes": (lambda x, y: np.put_along_axis(y, np.array([0, 1]), x[:2], 1), ValueError),
    "indices of two axes along one": (lambda x, y: np.put_along_axis(y, np.array([[0]]), x[:1], None), ValueError),
}


def ways(f: Callable[[Any, Any], Any], dtype: Any = float) -> dict[str, Callable[[], Any]]:
    """f(x, y) of zeros in y, by each interpreter; of arrays like x, and of bibun.numpy's."""

    def like(x: Any) -> Any:
        y = np.zeros((3, 3), dtype, like=x)
        f(x, y)
        return y

    def of_bibun(x: Any) -> Any:
        y = bibun.numpy.zeros((3, 3), dtype)
        y[2, 2] = x[0]
        y[2, 2] = 0.0
        f(x, y)
        return y.copy()

    found: dict[str, Callable[[], Any]] = {}
    for g in (like, of_bibun):
        found[f"{g.__name__}, Variable"] = lambda g=g: g(Variable(X.copy())).data
        found[f"{g.__name__}, jvp"] = lambda g=g: bb.jvp(g, (X,), (X,))[0]
        found[f"{g.__name__}, vmap"] = lambda g=g: bb.vmap(g)(np.stack([X, X]))[1]
    return found


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    f = TAKEN[name]
    dtype = complex if "real" in name else float
    expected = np.zeros((3, 3), dtype)
    f(X, expected)
    for way, found in ways(f, dtype).items():
        assert_array_equal(found(), expected, err_msg=way)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    f, error = REFUSED[name]
    with pytest.raises(error):
        f(X, np.zeros((3, 3)))
    for found in ways(f).values():
        with pytest.raises(error):
            found()


@pytest.mark.parametrize(("number", "error"), [(np.nan, ValueError), (np.inf, OverflowError), (2.5, None)])
def test_a_number_that_is_put_into_whole_numbers_has_to_fit(number: float, error: type[Exception] | None) -> None:
    y = np.zeros(3, int, like=Variable(X.copy()))
    if error is None:
        np.put(y, [1], number)
        assert_array_equal(y.data, [0, 2, 0])
        return
    with pytest.raises(error):
        np.put(y, [1], number)
