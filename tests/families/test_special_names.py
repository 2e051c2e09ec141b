"""Every public name of scipy.special: differentiable, with a reason why it is not, or no function of numbers."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.core.rules import Missing
from tests.laws.table import TABLE

special = pytest.importorskip("scipy.special")
from bibun.scipy import special as ours  # noqa: E402 - imports SciPy

NEW = hasattr(special, "softplus")  # SciPy 1.17, of which the parameters are; some functions took numbers only before
PLACES = {
    "errstate",
    "geterr",
    "seterr",
    "SpecialFunctionError",
    "SpecialFunctionWarning",
    "test",
}  # no function of numbers
NAMES = [name for name in special.__all__ if name not in PLACES]
UFUNCS = [name for name in NAMES if isinstance(getattr(special, name), np.ufunc)]
WRITTEN = [name for name in NAMES if name in vars(ours)]
OTHERS = sorted({*NAMES} - {*UFUNCS} - {*WRITTEN} - ours.CARRIED)
ROWS = {row.function: row for row in TABLE.values()}
REFUSED = [name for name in UFUNCS if all(isinstance(p, Missing) for p in ROWS[getattr(special, name)].pullbacks)]


@pytest.mark.parametrize("name", UFUNCS)
def test_every_ufunc_has_a_row(name: str) -> None:
    row = ROWS[getattr(special, name)]
    assert len(row.pullbacks) == getattr(special, name).nin
    assert getattr(ours, name) is getattr(special, name)


@pytest.mark.parametrize("name", REFUSED)
def test_a_ufunc_with_no_derivative_says_why(name: str) -> None:
    f, n = getattr(special, name), getattr(special, name).nin
    for i in range(n):
        for way in (bb.grad, lambda f: lambda x: bb.jvp(f, (x,), (1.0,))):
            with pytest.raises(
                bb.NoDerivativeError, match=rf"{name} has no derivative rule by .*: .*bibun\.numerical_fallback\(f\)"
            ):
                way(lambda x, i=i: f(*(x if k == i else 0.5 for k in range(n))))(0.5)


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_function_refuses_with_a_reason(name: str) -> None:
    f = getattr(ours, name)
    assert ours.reason(name) != "its arguments"
    required = [p for p in signature(f).parameters.values() if p.default is p.empty]
    with pytest.raises(bb.NoDerivativeError, match=rf"scipy\.special\.{name} has no derivative rule by"):
        bb.grad(lambda x: f(*(x for _ in required)))(0.5)


@pytest.mark.parametrize("name", WRITTEN)
def test_parameters_are_scipys(name: str) -> None:
    if NEW and type(getattr(special, name)).__name__ != "MultiUFunc":
        have, want = (signature(getattr(m, name)).parameters for m in (ours, special))
        assert [(p.name, p.kind) for p in have.values()] == [(p.name, p.kind) for p in want.values()]


def test_a_plain_call_is_scipys() -> None:
    np.testing.assert_array_equal(ours.jn_zeros(2, 3), special.jn_zeros(2, 3))
    np.testing.assert_array_equal(ours.roots_jacobi(3, 0.5, 0.2)[0], special.roots_jacobi(3, 0.5, 0.2)[0])
    assert ours.comb(5, 2, exact=True) == 10
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = ours.nothing
    assert {"logsumexp", "erf", "jn_zeros"} <= set(dir(ours))


# ---- functions that are no ufuncs: values as SciPy's, derivatives by differences

X = np.array([[0.3, 0.7, -0.4], [0.2, -0.6, 0.55]])
P = np.array([0.6, 1.4, 2.3])
B = np.array([[1.0, -0.5, 2.0], [0.3, 1.5, 2.0]])
CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "logsumexp": (lambda s, x: s.logsumexp(x), (X,)),
    "logsumexp, axis and keepdims": (lambda s, x: s.logsumexp(x, axis=1, keepdims=True), (X,)),
    "logsumexp, b": (lambda s, x, b: s.logsumexp(x, axis=-1, b=b), (X, B)),
    "logsumexp, b alone": (lambda s, b: s.logsumexp(X, axis=(0, 1), b=b), (B,)),
    "logsumexp, sign": (lambda s, x: s.logsumexp(x, axis=0, b=-B, return_sign=True)[0], (X,)),
    "logsumexp, complex": (lambda s, x: s.logsumexp(x + 1j * X), (X,)),
    "softmax": (lambda s, x: s.softmax(x), (X,)),
    "softmax, axis": (lambda s, x: s.softmax(x, axis=1), (X,)),
    "log_softmax": (lambda s, x: s.log_softmax(x, axis=0), (X,)),
    "polygamma": (lambda s, x: s.polygamma([[0], [1], [3]], x), (P,)),
    "multigammaln": (lambda s, x: s.multigammaln(x + 1, 3), (P,)),
    "factorial": (lambda s, x: s.factorial(x), (X * 5,)),
    "comb": (lambda s, n, k: s.comb(n + 2, k), (P, P / 2)),
    "perm": (lambda s, n, k: s.perm(n + 2, k), (P, P / 2)),
    "diric": (lambda s, x: s.diric(x, 5), (X,)),
    "sinc": (lambda s, x: s.sinc(x), (X,)),
    "assoc_laguerre": (lambda s, x: s.assoc_laguerre(x, 3, 0.5), (X,)),
    "zeta": (lambda s, x: s.zeta(2.5, x), (P,)),
    "lambertw, branch -1": (lambda s, x: s.lambertw(-x / 10, -1), (P,)),
    "spherical_jn": (lambda s, x: s.spherical_jn(2, x), (P,)),
    "spherical_jn'": (lambda s, x: s.spherical_jn([[0], [2]], x, derivative=True), (P,)),
    "spherical_in of -x": (lambda s, x: s.spherical_in(2, -x), (P,)),
    "jvp": (lambda s, x: s.jvp(1.5, x, 2), (P,)),
    "kvp": (lambda s, x: s.kvp(1.5, x), (P,)),
    "h1vp": (lambda s, x: s.h1vp(1.5, x), (P,)),
    "riccati_jn": (lambda s, x: s.riccati_jn(2, x)[1], (np.array(0.7),)),
    "riccati_yn": (lambda s, x: s.riccati_yn(2, x)[0], (np.array(0.7),)),
    "lmbda": (lambda s, x: s.lmbda(2.5, x)[1], (np.array(0.7),)),
    "pbdv_seq": (lambda s, x: s.pbdv_seq(2.5, x)[1], (np.array(0.7),)),
    "lqn of a number": (lambda s, x: s.lqn(2, x)[0], (np.array(0.7),)),
}  # fmt: skip
if hasattr(special, "legendre_p"):  # since SciPy 1.15
    CALLS |= {
        "legendre_p": (lambda s, x: s.legendre_p(3, x, diff_n=2), (X,)),
        "legendre_p_all": (lambda s, x: s.legendre_p_all(3, x, diff_n=1), (X,)),
        "assoc_legendre_p": (lambda s, x: s.assoc_legendre_p(3, [[1], [-2], [0]], x, norm=True, diff_n=2), (X[0],)),
        "assoc_legendre_p, another cut": (lambda s, x: s.assoc_legendre_p(3, 1, x + 1, branch_cut=3, diff_n=1), (P,)),
        "assoc_legendre_p_all": (lambda s, x: s.assoc_legendre_p_all(3, 2, x), (X,)),
        "sph_legendre_p": (lambda s, x: s.sph_legendre_p(3, -1, x, diff_n=2), (P,)),
        "sph_legendre_p_all": (lambda s, x: s.sph_legendre_p_all(2, 3, x, diff_n=1), (P,)),
        "sph_harm_y": (lambda s, x, p: s.sph_harm_y([[3], [2]], [[1], [-2]], x, p), (P, 2 * P)),
        "sph_harm_y, gradient": (lambda s, x, p: s.sph_harm_y(3, 1, x, p, diff_n=1)[1], (P, 2 * P)),
        "sph_harm_y, hessian": (lambda s, x, p: s.sph_harm_y(3, 1, x, p, diff_n=2)[2], (P, 2 * P)),
        "sph_harm_y_all": (lambda s, x, p: s.sph_harm_y_all(2, 1, x, p), (P, 2 * P)),
    }
if NEW:
    CALLS |= {
        "softplus": (lambda s, x: s.softplus(x), (X,)),
        "comb, repetition": (lambda s, n: s.comb(n, 2, repetition=True), (P,)),
        "lqn": (lambda s, x: s.lqn(2, x)[1], (X,)),
        "lqmn": (lambda s, x: s.lqmn(1, 2, x)[0], (X,)),
    }


def along(f: Callable[..., Any], xs: tuple[Any, ...]) -> Any:
    """df(x + h)/dh, by differences."""
    h = 1e-3
    at = {k: np.asarray(f(*(x + k * h for x in xs))) for k in (-3, -2, -1, 1, 2, 3)}
    return (45 * (at[1] - at[-1]) - 9 * (at[2] - at[-2]) + at[3] - at[-3]) / (60 * h)


@pytest.mark.parametrize("name", CALLS)
def test_values_and_derivatives(name: str) -> None:
    call, xs = CALLS[name]
    ones = tuple(np.ones_like(x) for x in xs)
    want = along(lambda *x: call(special, *(v[()] for v in x)), xs)
    y, dy = bb.jvp(lambda *x: call(ours, *x), xs, ones)
    value = np.asarray(call(special, *(x[()] for x in xs)))
    assert np.shape(y) == value.shape
    assert np.result_type(y) == value.dtype
    np.testing.assert_allclose(y, value, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(dy, want, rtol=1e-8, atol=1e-9)

    def number(*x: Any) -> Any:
        return np.sum(np.real(call(ours, *x)) * np.cos(np.arange(value.size).reshape(value.shape)))

    grads = bb.grad(number, argnums=tuple(range(len(xs))))(*xs)
    np.testing.assert_allclose(sum(np.sum(g) for g in grads), bb.jvp(number, xs, ones)[1], rtol=1e-11, atol=1e-11)
    slope = bb.jvp(lambda *x: bb.jvp(number, x, ones)[1], xs, ones)[1]
    np.testing.assert_allclose(slope, along(lambda *x: bb.jvp(number, x, ones)[1], xs), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    "name", ["logsumexp, axis and keepdims", "softmax, axis", "polygamma", "comb", "spherical_jn", "diric"]
)
def test_compiled_and_batched(name: str) -> None:
    call, xs = CALLS[name]

    def number(*x: Any) -> Any:
        return np.sum(call(ours, *x) ** 2)

    want = bb.grad(number)(*xs)
    np.testing.assert_allclose(bb.compile(bb.grad(number))(*xs), want, rtol=1e-12)
    stacked = tuple(np.stack([x, x / 2]) for x in xs)
    np.testing.assert_allclose(bb.vmap(bb.grad(number))(*stacked)[0], want, rtol=1e-12)


def test_logsumexp_at_infinities() -> None:
    inf = np.inf
    for x, want in (([-inf, 0.0], [0, 1]), ([inf, 0.0], [1, 0]), ([-inf, -inf], [0, 0]), ([1e300, 0.0], [1, 0])):
        np.testing.assert_array_equal(bb.grad(ours.logsumexp)(np.array(x)), want)
    np.testing.assert_array_equal(bb.grad(lambda x: ours.softmax(x)[0])(np.array([0.0, -inf])), [0, 0])


@pytest.mark.skipif(not NEW, reason="extend= is new")
def test_continued_factorials() -> None:
    for f, x in ((lambda n: ours.factorial2(n, extend="complex"), 3.4), (lambda n: ours.factorialk(n, 3, extend="complex"), 4.2),
                 (lambda k: ours.factorialk(4.2, k, extend="complex"), 2.6)):  # fmt: skip
        h = 1e-4
        np.testing.assert_allclose(bb.jvp(f, (x,), (1.0,))[0], f(x), rtol=1e-14)
        np.testing.assert_allclose(bb.grad(f)(x), (f(x + h) - f(x - h)) / (2 * h), rtol=1e-6)
    with pytest.raises(bb.NoDerivativeError, match='a whole number, unless extend="complex"'):
        bb.grad(ours.factorial2)(3.4)


COMPILED = {
    "airy": lambda x: special.airy(x)[0] * special.airy(x)[3],
    "ellipj by m": lambda x: special.ellipj(0.7, x)[0],
    "elliprd": lambda x: special.elliprd(x, 1.0, 2.0),
    "smirnov": lambda x: special.smirnov(20, x / 2),
    "mathieu_cem": lambda x: special.mathieu_cem(1, 0.3, x)[0],
    "kelvin": lambda x: np.abs(special.kelvin(x)[0]),
    "hankel1": lambda x: np.real(special.hankel1(1, x)),
    "nctdtr": lambda x: special.nctdtr(3.0, x, 0.5),
    "binom": lambda x: special.binom(x, 2.0),
}


@pytest.mark.parametrize("name", COMPILED)
def test_ufuncs_are_compiled(name: str) -> None:
    gradient = bb.grad(lambda x: np.sum(COMPILED[name](x)))
    compiled = bb.compile(gradient)
    for x in (np.array([0.3, 0.7]), np.array([0.31, 0.6])):
        np.testing.assert_allclose(compiled(x), gradient(x), rtol=1e-12)


UNSIGNED = {
    "bdtr": lambda n, x: special.bdtr(n, n + np.uint8(200), x),
    "nbdtr": lambda n, x: special.nbdtr(n, n + np.uint8(200), x),
    "pdtr": lambda n, x: special.pdtr(n, x),
    "expn": lambda n, x: special.expn(n, x),
    "poch": lambda n, x: special.poch(x, n),
    "binom": lambda n, x: special.binom(x, n),
    "struve": lambda n, x: special.struve(n, x),
    "eval_hermite": lambda n, x: special.eval_hermite(n, x),
    "eval_chebyu": lambda n, x: special.eval_chebyu(n, x),
    "eval_legendre": lambda n, x: special.eval_legendre(n, x),
    "eval_jacobi": lambda n, x: special.eval_jacobi(n, n, n, x),
    "lpmv": lambda n, x: special.lpmv(n, n + np.uint8(1), x),
    "spherical_jn": lambda n, x: ours.spherical_jn(n, x),
}


@pytest.mark.parametrize("name", UNSIGNED)
def test_small_unsigned_integers_beside_the_argument(name: str) -> None:
    """n - 1 and -n of an unsigned 0 would be 255, and n + 200 would overflow."""
    n, x = np.array([0, 1, 2, 5], np.uint8), np.array([0.7, 0.8, 0.3, 0.9])
    got, want = (bb.grad(lambda x, k=k: np.sum(UNSIGNED[name](k, x)))(x) for k in (n, n.astype(int)))
    np.testing.assert_allclose(got, want, rtol=1e-6)  # of an 8-bit integer SciPy takes the loop of float32


@pytest.mark.parametrize("axis", [None, 0, -1, (0,)])
@pytest.mark.parametrize(("keepdims", "shape"), [(False, ()), (True, (1,))])
def test_logsumexp_of_one_number(axis: Any, keepdims: bool, shape: tuple[int, ...]) -> None:
    """log(b e**x) = x + log b, of the shape that SciPy gives it: with an axis only where keepdims keeps one."""
    x, b = np.array(0.3), 2.0
    y, dy = bb.jvp(lambda x: ours.logsumexp(x, axis=axis, b=b, keepdims=keepdims), (x,), (np.array(3.0),))
    np.testing.assert_allclose(y, np.full(shape, 0.3 + np.log(2.0)), strict=True)
    np.testing.assert_allclose(dy, np.full(shape, 3.0), strict=True)
    y, pullback = bb.vjp(lambda x: ours.logsumexp(x, axis=axis, keepdims=keepdims), x)
    np.testing.assert_allclose(y, np.full(shape, 0.3), strict=True)
    np.testing.assert_allclose(pullback(np.full(shape, 5.0))[0], 5.0)
