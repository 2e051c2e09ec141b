"""What of scipy.special is no ufunc, called from there: it asks its arguments, and goes on to bibun.scipy.special."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from scipy import special

import bibun as bb
import bibun.scipy.special
from bibun.arrays.scipy_backend import _ASKING, _SCIPYS
from tests.families.agreement import check

X = np.array([[0.7, 1.3, 2.1], [1.9, 0.4, 1.1]])

CALLS: dict[str, Any] = {
    "logsumexp": lambda x: special.logsumexp(x),
    "logsumexp along an axis": lambda x: special.logsumexp(x, axis=-1, keepdims=True),
    "logsumexp with weights": lambda x: special.logsumexp(x[0], b=x[1]),
    "logsumexp of plain exponents": lambda x: special.logsumexp([1.0, 2.0, 3.0], b=x[0]),
    "logsumexp of a list": lambda x: special.logsumexp([x[0, 0], 1.0, x[1, 1]]),
    "softmax": lambda x: special.softmax(x, axis=1),
    "softmax by name": lambda x: special.softmax(x=x, axis=(0, 1)),
    "log_softmax": lambda x: special.log_softmax(x, axis=0),
    "polygamma": lambda x: special.polygamma(1, x),
    "polygamma of several orders": lambda x: special.polygamma([0, 1, 2], x),
    "multigammaln": lambda x: special.multigammaln(x**2 + 1.5, 3),
    "spherical_jn": lambda x: special.spherical_jn(2, x),
    "slope of spherical_jn": lambda x: special.spherical_jn(1, x, derivative=True),
    "spherical_yn": lambda x: special.spherical_yn([0, 1, 2], x),
    "comb": lambda x: special.comb(5 + x, 2),
    "comb of a number": lambda x: special.comb(x[1, 0] + 1, 2),
    "factorial": lambda x: special.factorial(x, extend="complex"),
    "jvp": lambda x: special.jvp(1, x, 2),
    "diric": lambda x: special.diric(x, 5),
}
MULTI = {name for name, f in vars(special).items() if type(f).__name__ == "MultiUFunc"}  # none before SciPy 1.15
if MULTI:
    CALLS |= {
        "legendre_p": lambda x: special.legendre_p(3, x / 3, diff_n=2),
        "legendre_p_all": lambda x: special.legendre_p_all(2, x / 3),
        "assoc_legendre_p": lambda x: special.assoc_legendre_p(3, 1, x / 3),
        "sph_legendre_p_all": lambda x: special.sph_legendre_p_all(2, 1, x, diff_n=1),
        "sph_harm_y_all": lambda x: special.sph_harm_y_all(2, 1, x[0], x[1]).real,
        "slopes of sph_harm_y_all": lambda x: special.sph_harm_y_all(2, 1, x[0], x[1], diff_n=1)[1].imag,
        "sph_legendre_p": lambda x: special.sph_legendre_p(2, 1, x),
        "sph_harm_y": lambda x: special.sph_harm_y(2, 1, x[0], x[1]).real,
        "slopes of sph_harm_y": lambda x: special.sph_harm_y(3, [[2], [-1]], x[0], x[1], diff_n=1)[1].imag,
    }


@pytest.mark.parametrize("name", CALLS)
def test_derivatives(name: str) -> None:
    check(CALLS[name], X)
    assert type(bb.vjp(CALLS[name], X)[0]) is type(CALLS[name](X))
    np.testing.assert_allclose(bb.compile(CALLS[name])(X), CALLS[name](X), rtol=1e-13)


def test_every_function_with_a_rule_asks() -> None:
    ours = vars(bibun.scipy.special)
    own = {
        name for name, f in vars(special).items() if isinstance(f, FunctionType) and not name.startswith("_")
    } | MULTI
    assert {name for name in own & {*ours} if ours[name] is not getattr(special, name)} == {*_SCIPYS}
    assert {*_SCIPYS} == {name for name in _ASKING.split() if hasattr(special, name)}


@pytest.mark.parametrize("name", _SCIPYS)
def test_to_the_rest_of_the_world_it_is_scipys(name: str) -> None:
    function, plainly = getattr(special, name), _SCIPYS[name]
    assert (function.__module__, function.__name__, function.__doc__) == (plainly.__module__, name, plainly.__doc__)
    if name in MULTI:  # SciPy's have no signature, and no pickles
        assert isinstance(function, type(plainly))
    else:
        assert inspect.signature(function) == inspect.signature(plainly)
        assert pickle.loads(pickle.dumps(function)) is function
    assert getattr(bibun.scipy.special.scipy_special, name) is plainly


def test_what_is_refused_says_so() -> None:
    with pytest.raises(bb.NoDerivativeError, match="multigammaln has no derivative rule by"):
        bb.grad(lambda d: special.multigammaln(3.0, d))(2.0)


@pytest.mark.parametrize(
    "imports",
    [
        "import bibun; assert 'scipy' not in sys.modules; from scipy.special import softmax",
        "import scipy.special, bibun; from scipy.special import softmax",
        "import scipy, bibun; softmax = scipy.special.softmax",
        "import bibun.scipy.special; from scipy.special import softmax",
        "import bibun, scipy.fft; from scipy.special import softmax",
    ],
)
def test_in_whatever_order_they_are_imported(imports: str) -> None:
    code = f"""
import sys
{imports}
import numpy as np
import scipy.fft, scipy.special
y = softmax(bibun.Variable(np.arange(4.0)))
assert isinstance(y, bibun.Variable), type(y)
assert isinstance(scipy.fft.fft(y), bibun.Variable)
assert not [finder for finder in sys.meta_path if 'bibun' in str(finder)]
assert 'bibun' not in type(scipy.special.__loader__).__module__
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_a_name_that_was_bound_before_says_what_to_write() -> None:
    with pytest.raises(bb.LostDerivativeError, match=r"Write bibun\.scipy\.special\.softmax\("):
        bb.grad(lambda x: _SCIPYS["softmax"](x)[0])(X[0])


WEIGHTS = {"a number": 2.0, "complex": np.array([1.0, -2j, 0.5]), "a list": [1.0, -2.0, 3.0]}


@pytest.mark.parametrize("name", WEIGHTS)
def test_logarithms_of_complex_sums_with_weights(name: str) -> None:
    a, b = np.array([1 + 0.3j, 2 - 0.5j, 1.2 + 3j]), WEIGHTS[name]
    expected = np.log(np.sum(b * np.exp(a)))

    def f(a: Any) -> Any:
        return special.logsumexp(a, b=b)

    for found in (f(a), bb.vjp(f, a)[0], bb.compile(f)(a), bb.vmap(f)(np.stack([a, a]))[1]):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    check(lambda x: np.abs(special.logsumexp(x[0] + 1j * x[1], b=b)), X)
    check(lambda x: np.abs(special.logsumexp(x, b=1j * x + 1, axis=1)), X)


@pytest.mark.parametrize("shift", [0.0, 1e6, 1e9, 1e15, 1e17, -1e12])
def test_gradients_of_large_logarithms_of_sums_are_shares(shift: float) -> None:
    """They add up to 1, whatever digits the logarithm has lost, and their derivatives are diag(p) - p p'."""
    x, b = shift + np.array([0.0, 0.5, 2.0]), np.array([1.0, 3.0, -0.5])
    e = np.exp(x - x[0])
    p, q = e / np.sum(e), b * e / np.sum(b * e)
    np.testing.assert_allclose(bb.grad(special.logsumexp)(x), p, rtol=1e-14)
    np.testing.assert_allclose(bb.compile(bb.grad(special.logsumexp))(x), p, rtol=1e-14)
    np.testing.assert_allclose(bb.jvp(special.logsumexp, (x,), (np.array([0.0, 1.0, 0.0]),))[1], p[1], rtol=1e-14)
    np.testing.assert_allclose(bb.hessian(special.logsumexp)(x), np.diag(p) - np.outer(p, p), rtol=1e-12)
    np.testing.assert_allclose(bb.grad(lambda x: special.logsumexp(x, b=b))(x), q, rtol=1e-14)
    np.testing.assert_allclose(bb.grad(lambda b: special.logsumexp(x, b=b))(b), q / b, rtol=1e-14)
    wide = np.float32(shift / 1e3) + np.float32([0.0, 0.5, 2.0])
    found = bb.grad(special.logsumexp)(wide)
    np.testing.assert_allclose(found, special.softmax(wide), rtol=1e-6)
    assert found.dtype == np.float32


def test_what_has_no_weight_in_a_complex_sum_may_be_large() -> None:
    a, b = np.array([1 + 0.3j, 2 - 0.5j, 1e4]), np.array([1.0, 2.0, 0.0])
    y, slope = bb.jvp(lambda a: special.logsumexp(a, b=b), (a,), (np.array([1.0, 0.0, 1.0]),))
    total = np.exp(a[0]) + 2 * np.exp(a[1])
    np.testing.assert_allclose([y, slope], [np.log(total), np.exp(a[0]) / total], rtol=1e-13)


def test_a_sum_of_nothing_has_the_logarithm_of_0() -> None:
    nothing = np.zeros((2, 0))
    expected = _SCIPYS["logsumexp"](nothing, axis=1, b=2.0)
    np.testing.assert_array_equal(bb.vjp(lambda a: special.logsumexp(a, axis=1, b=2.0), nothing)[0], expected)


def test_names_of_parameters_and_dtypes_are_scipys() -> None:
    for found, expected in zip(
        bb.vjp(lambda z: special.lqn(n=2, z=z), 0.3)[0], _SCIPYS["lqn"](n=2, z=0.3), strict=True
    ):
        np.testing.assert_allclose(found, expected)
    x = X.astype(np.float32)
    for f in (
        lambda x: special.factorialk(x, 3, extend="complex"),
        lambda x: special.factorial2(x, extend="complex"),
        lambda x: special.factorial(x),
        lambda x: special.factorial(x[0, 0]),
        lambda x: special.factorial(x[0, 0].astype(float)),
    ):
        expected, found = f(x), bb.vjp(f, x)[0]
        assert (type(found), found.dtype) == (type(expected), expected.dtype)
    with pytest.raises(ValueError, match="extend="):
        bb.vjp(special.factorial, X + 1j)


def test_what_is_only_looked_for_or_fails_to_import_is_waited_for() -> None:
    code = """
import sys, importlib.util
import bibun
assert importlib.util.find_spec('scipy.special').loader.get_filename('scipy.special').endswith('__init__.py')
assert importlib.util.find_spec('scipy.fft')
class Blocking:
    def find_spec(self, name, path=None, target=None):
        if name in ('scipy.special._ufuncs', 'scipy.fft._pocketfft'):
            raise ImportError(name)
sys.meta_path.insert(0, Blocking())
for name in ('scipy.special', 'scipy.fft'):
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(name)
del sys.meta_path[0]
import numpy as np
import scipy.fft, scipy.special
y = scipy.special.softmax(bibun.Variable(np.arange(4.0)))
assert isinstance(y, bibun.Variable) and isinstance(scipy.fft.fft(y), bibun.Variable)
assert not [finder for finder in sys.meta_path if 'bibun' in str(finder)]
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
