"""Programs that know their arrays by the standard only, as those of scikit-learn and array-api-extra: with derivatives.

NumPy is the namespace of plain arrays, and so the truth of the values; differences are that of the derivatives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun as bb
import bibun.numpy
from tests.families.agreement import check, sample

X = sample(5, 3)


def scaled(x: Any, xp: Any) -> Any:
    size = xp.std(x, axis=0)
    one = xp.asarray(1.0, dtype=x.dtype, device=x.device)
    return (x - xp.mean(x, axis=0)) / xp.where(size < 10 * xp.finfo(x.dtype).eps, one, size)


def between_0_and_1(x: Any, xp: Any) -> Any:
    low = xp.min(x, axis=0)
    wide = xp.max(x, axis=0) - low
    wide[wide == 0] = 1.0
    return (x - low) / wide


def principal_components(x: Any, xp: Any) -> Any:
    u, s, _ = xp.linalg.svd(x - xp.mean(x, axis=0, keepdims=True), full_matrices=False)
    largest = xp.take_along_axis(u, xp.argmax(xp.abs(u), axis=0)[None, :], axis=0)
    return (u * xp.sign(largest) * s)[:, :2]


def squared_distances(x: Any, xp: Any) -> Any:
    norms = xp.sum(x * x, axis=1, keepdims=True)
    found = norms + xp.matrix_transpose(norms) - 2 * (x @ x.T)
    return xp.where(xp.eye(x.shape[0], dtype=xp.bool, device=x.device), 0.0, found)


def loss_of_classes(x: Any, xp: Any) -> Any:
    powers = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    logs = xp.log(powers / xp.sum(powers, axis=-1, keepdims=True))
    classes = xp.asarray([0, 2, 1, 1, 0], device=x.device)
    chosen = xp.astype(classes[:, None] == xp.arange(x.shape[1])[None, :], x.dtype)
    return -xp.mean(xp.sum(chosen * logs, axis=1))


def columns_that_are_filled(x: Any, xp: Any) -> Any:
    made = xp.empty((x.shape[0], 3), dtype=x.dtype, device=x.device)
    made[:, 0], made[:, 1:] = xp.sum(x, axis=1), x[:, :2] * x[:, 2:]
    made[xp.asarray([1, 3]), :] *= 2
    made[made < -0.8] = 0.5
    last = made[..., -1]
    last += x[:, 0]
    return made


def ridge(x: Any, xp: Any) -> Any:
    matrix = x.mT @ x + 0.1 * xp.eye(x.shape[1], dtype=x.dtype, device=x.device)
    return xp.linalg.solve(matrix, x.mT @ (2 * x[:, 0] + 1))


def whitened(x: Any, xp: Any) -> Any:
    x = x - xp.mean(x, axis=0)
    return xp.linalg.inv(xp.linalg.cholesky(x.mT @ x / (x.shape[0] - 1))) @ x.mT


def ordered(x: Any, xp: Any) -> Any:
    y = xp.take_along_axis(x, xp.argsort(x, axis=0), axis=0)
    sums = xp.cumulative_sum(y, axis=0, include_initial=True)
    return xp.concat([xp.reshape(sums, (-1,)), xp.diff(y[:, 0]), xp.flip(y[:, 1]), xp.stack([y[0, 0], y[1, 1]])])


def spectrum(x: Any, xp: Any) -> Any:
    found = xp.fft.rfft(x, axis=0)
    return xp.real(found * xp.conj(found))


PROGRAMS = [
    scaled, between_0_and_1, principal_components, squared_distances, loss_of_classes, columns_that_are_filled, ridge,
    whitened, ordered, spectrum,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_derivatives(program: Any) -> None:
    def f(x: Any) -> Any:
        xp = x.__array_namespace__(api_version="2024.12")
        assert xp is (np if type(x) is np.ndarray else bibun.numpy)
        return program(x, xp)

    check(f, X)
    expected = f(X.copy())
    np.testing.assert_allclose(np.asarray(f(bibun.numpy.asarray(X))), expected, rtol=1e-13)
    np.testing.assert_allclose(bb.compile(bb.jacrev(f))(X), bb.jacfwd(f)(X), rtol=1e-9, atol=1e-12)
