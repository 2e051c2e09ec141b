"""Derivatives of orthogonal polynomials and Legendre functions of degrees that are not whole, near the singularity at -1, and of
negative ones: by the argument and by the degree, against mpmath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import pytest

pytest.importorskip("scipy.special")
from tests.families.test_special_points import Truth, agree, of


def cosine(n: Any) -> Callable[[Any], Any]:
    return lambda x: mp.cos(n * mp.acos(x))


def sine(n: Any) -> Callable[[Any], Any]:
    return lambda x: mp.sin((n + 1) * mp.acos(x)) / mp.sin(mp.acos(x))


TRUTHS = [
    *(
        Truth(
            f"{name}_{n}(x)",
            of(name, 1, n),
            lambda x, n=n, z=z: mp.legenp(n, 0, 2 * x - 1 if z else x, type=2).real,
            (0.0025, 0.2, 0.8) if z else (-0.9999, -0.99, -0.3, 0.6),
        )
        for n in (0.99, 2.5, 6.7, -3.3)
        for name, z in (("eval_legendre", 0), ("eval_sh_legendre", 1))
    ),
    *(
        Truth(
            f"lpmv({m}, {v}, x)",
            of("lpmv", 2, m, v),
            lambda x, m=m, v=v: mp.legenp(v, m, x, type=2).real,
            (-0.9999, -0.99, -0.3, 0.6),
            1e-12,
        )
        for m in (-1, 0, 1, 2)
        for v in (0.5, 6.7, 6.8)
    ),
    *(
        Truth(f"C_{n}({a})", of("eval_gegenbauer", 2, n, a), lambda x, n=n, a=a: mp.gegenbauer(n, a, x), points)
        for n, a, points in ((2.5, 30.5, (-0.9, -0.1, 0.3)), (6.7, 1.5, (-0.99, -0.3, 0.6)))
    ),
    Truth(
        "P_6.7^(1/5,3/10)",
        of("eval_jacobi", 3, 6.7, 0.2, 0.3),
        lambda x: mp.jacobi(6.7, 0.2, 0.3, x),
        (-0.99, -0.3, 0.6),
    ),
    *(
        Truth(f"{name}_{n}(x)", of(f"eval_cheby{name.lower()}", 1, n), truth(n), (-0.99, -0.9, -0.3, 0.6), 1e-11)
        for n in (6.7, 15.4, -100.0)
        for name, truth in (("T", cosine), ("U", sine))
    ),
    *(
        Truth(
            f"{name}_n({x})",
            of(f"eval_cheby{name.lower()}", 0, x),
            lambda n, x=x, truth=truth: truth(n)(x),
            (-100.0, -10.0, -2.5, 7.3),
            1e-12,
        )
        for x in (-0.99, -0.6, 0.1)
        for name, truth in (("T", cosine), ("U", sine))
    ),
    Truth("S_n(-1.2)", of("eval_chebys", 0, -1.2), lambda n: sine(n)(-0.6), (-100.0, 7.3), 1e-12),
    Truth("U_n(2x - 1)", of("eval_sh_chebyu", 0, 0.2), lambda n: sine(n)(-0.6), (-100.0, 7.3), 1e-12),
]


@pytest.mark.parametrize("line", TRUTHS, ids=lambda line: line.name)
def test_first_and_second_derivative(line: Truth) -> None:
    agree(line)
