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


@pytest.mark.parametrize("name", CALLS)
def test_derivatives(name: str) -> None:
    check(CALLS[name], X)
    assert type(bb.vjp(CALLS[name], X)[0]) is type(CALLS[name](X))
    np.testing.assert_allclose(bb.compile(CALLS[name])(X), CALLS[name](X), rtol=1e-13)


def test_every_function_with_a_rule_asks() -> None:
    ours = vars(bibun.scipy.special)
    own = {name for name, f in vars(special).items() if isinstance(f, FunctionType) and not name.startswith("_")}
    assert {name for name in own & {*ours} if ours[name] is not getattr(special, name)} == {*_ASKING.split()}


@pytest.mark.parametrize("name", _ASKING.split())
def test_to_the_rest_of_the_world_it_is_scipys(name: str) -> None:
    function, plainly = getattr(special, name), _SCIPYS[name]
    assert (function.__module__, function.__doc__) == (plainly.__module__, plainly.__doc__)
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
