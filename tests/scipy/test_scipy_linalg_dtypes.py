"""bibun.scipy.linalg of single and half precision and of whole numbers: the dtypes that SciPy's results have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg as plain

import bibun as bb
from bibun.scipy import linalg

OF_A_MATRIX = ["inv", "svdvals", "svd", "qr", "rq", "eigvals", "eig", "cholesky", "pinv", "pinvh", "eigh", "eigvalsh"]
OF_A_MATRIX += ["polar", "det", "expm", "lu", "sqrtm"]
OF_TWO = ("solve", "solve_triangular", "lstsq", "expm_frechet")


def dtypes(y: Any) -> list[Any]:
    return [np.result_type(part) for part in (y if isinstance(y, tuple) else (y,)) if np.result_type(part).kind in "fc"]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool", "int32", "float16", "float32", "float64"])
@pytest.mark.parametrize("name", [*OF_A_MATRIX, *OF_TWO])
def test_results_have_the_dtypes_of_scipys(name: str, dtype: str) -> None:
    a = np.array([[1, 0], [1, 1]] if dtype == "bool" else [[2, 1], [1, 3]]).astype(dtype)
    if name == "expm_frechet" and dtype == "float16":
        pytest.skip("SciPy overflows")
    if name in ("cholesky", "eigh", "sqrtm") and dtype == "bool":
        a = np.eye(2, dtype=bool)

    def f(module: Any, a: Any) -> Any:
        return getattr(module, name)(a, a) if name in OF_TWO else getattr(module, name)(a)

    expected, found = f(plain, a), bb.vmap(lambda a: f(linalg, a))(a[None])
    assert dtypes(found) == dtypes(expected)
    if name in ("inv", "pinv", "svdvals", "expm_frechet"):
        parts = zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]
        for got, want in parts:
            np.testing.assert_allclose(got[0], want, rtol=1e-5, atol=1e-6)
