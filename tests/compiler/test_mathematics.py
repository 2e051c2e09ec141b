"""The compiler's vector mathematics against mpmath, in units of the last place, and its special values against NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
import scipy.special  # type: ignore[import-untyped]
from mpmath import mpf  # type: ignore[import-untyped]

from bibun.compiler.native.mathematics import ARITY
from bibun.compiler.native.mathematics import WORDS as KNOWN
from tests.compiler.loops import loop
from tests.compiler.words import WORDS, Sample, sample, ulps

inf, nan = np.inf, np.nan
NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "pow": "power", "digamma": "psi",
}  # fmt: skip
SINGLE_ERROR = 1.7
SPECIAL = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 8.0, 10.0, 1000.0, inf, -inf, nan, 5e-324, -5e-324, 1e-310, -1e-310,
    2.2250738585072014e-308, 1e-20, -1e-20, 1e16, -1e16, 1e22, 1e308, -1e308, 1.7976931348623157e308, -1.7976931348623157e308,
    1 - 2**-53, -1 + 2**-53, 1 + 2**-52, 40.0, -40.0, 89.0, -104.0, 709.78, 709.79, -745.1, -745.2, 1e-45, 3.4e38, -3.4e38, 1e-40,
]  # fmt: skip
# Where mathematics is followed and not NumPy or SciPy
DIFFERENT: dict[str, Callable[..., Any]] = {
    "sinc": lambda x: np.isfinite(x) & (x != 0),  # np.sinc has the sine of a rounded multiple of pi
    "gammaln": lambda x: (np.abs(x) < 2.3e-308) | (np.abs(x - 1) < 1e-15),  # SciPy: inf; wrong digits
    "digamma": lambda x: np.abs(x + 1) < 1e-15,  # SciPy: wrong digits
    "erfinv": lambda x: x == 0,  # SciPy loses the sign
    "i0": lambda x: (x == 89) | (x == np.asarray(709.79, x.dtype)),  # SciPy: inf already where e**x is
    "i1": lambda x: (np.abs(x) < 1e-44) | (x == 89) | (x == np.asarray(709.79, x.dtype)),  # and loses the sign of 0
    "i1e": lambda x: np.abs(x) < 1e-44,
    "ndtri": lambda x: np.abs(x) < 2.3e-308,  # SciPy: wrong digits
    "expit": lambda x: x < -745,  # SciPy: 0 a little too early
    "log_ndtr": lambda x: x > 7,  # SciPy: wrong digits
    "logaddexp": lambda x, y: (x < 0) & (y < 0) & (np.maximum(x, y) > -1),  # near 0, np.logaddexp has an ulp of x
}


def reference(word: str) -> Any:
    if word == "i0":
        return scipy.special.i0  # np.i0 is another, of one more digit less
    name = NAMES.get(word, word)
    return getattr(np, name, None) or getattr(scipy.special, name)


def test_every_word_has_a_truth() -> None:
    """A word that is added must be added to tests/compiler/words.py too."""
    assert set(KNOWN) == set(WORDS)


@pytest.mark.parametrize("lanes", [0, 8, 16])
@pytest.mark.parametrize("word", WORDS)
def test_double(word: str, lanes: int) -> None:
    drawn = sample(word, "f64", 100)
    errors = ulps(loop(word, "f64", lanes)(*drawn.arguments), drawn)
    worst = int(np.argmax(errors))
    assert errors[worst] <= WORDS[word].error, [float(a[worst]) for a in drawn.arguments]


@pytest.mark.parametrize("lanes", [0, 16])
@pytest.mark.parametrize("word", WORDS)
def test_single(word: str, lanes: int) -> None:
    drawn = sample(word, "f32", 40)
    errors = ulps(loop(word, "f32", lanes)(*drawn.arguments), drawn)
    worst = int(np.argmax(errors))
    assert errors[worst] <= SINGLE_ERROR, [float(a[worst]) for a in drawn.arguments]


@pytest.mark.heavy
@pytest.mark.parametrize("word", WORDS)
def test_double_on_many_arguments(word: str) -> None:
    drawn = sample(word, "f64", 1000)
    for lanes in (0, 16):
        errors = ulps(loop(word, "f64", lanes)(*drawn.arguments), drawn)
        worst = int(np.argmax(errors))
        assert errors[worst] <= WORDS[word].error, [float(a[worst]) for a in drawn.arguments]


def runs_here(cpu: str) -> bool:
    """Whether the host has what the name stands for."""
    features = llvm.get_host_cpu_features()
    wanted = {"haswell": ("avx2", "fma"), "x86-64": ("sse2",)}[cpu]
    return all(features.get(name, False) for name in wanted)


@pytest.mark.parametrize(
    ("cpu", "word"),
    [("haswell", word) for word in ("exp", "log", "sin", "tan", "erf", "pow", "atan2", "tanh", "gammaln", "erfinv")]
    + [("x86-64", word) for word in ("exp", "log", "cos", "erf", "pow", "expm1", "cbrt")],
)
def test_other_machines(cpu: str, word: str) -> None:
    """Four lanes a register, or two and no fused multiplication."""
    if not runs_here(cpu):
        pytest.skip(f"not a {cpu}")
    drawn = sample(word, "f64", 100)
    for lanes in (0, 16):
        errors = ulps(loop(word, "f64", lanes, cpu)(*drawn.arguments), drawn)
        worst = int(np.argmax(errors))
        assert errors[worst] <= WORDS[word].error, [float(a[worst]) for a in drawn.arguments]


@pytest.mark.parametrize("kind", ["f64", "f32"])
@pytest.mark.parametrize("word", WORDS)
def test_special_values(word: str, kind: str) -> None:
    """Zeros and their signs, infinities, nan, poles, the ends of domains, the greatest and the smallest numbers."""
    dtype = np.float64 if kind == "f64" else np.float32
    with np.errstate(all="ignore"):
        numbers = np.array(SPECIAL).astype(dtype)
        arguments = [numbers] if word not in ARITY else [a.ravel() for a in np.meshgrid(numbers, numbers)]
        wanted = reference(word)(*arguments)
        close = np.abs(wanted) * (1e-14 if kind == "f64" else 1e-6)
        left_out = DIFFERENT.get(word, lambda *a: np.zeros(len(a[0]), bool))(*arguments)
    for lanes in (0, 8):
        got = loop(word, kind, lanes)(*arguments)
        with np.errstate(invalid="ignore"):
            same = (got == wanted) & (np.signbit(got) == np.signbit(wanted)) | np.isnan(got) & np.isnan(wanted)
            same |= (np.abs(got - wanted) <= close) & np.isfinite(wanted) & (wanted != 0)
        wrong = ~(same | left_out)
        assert not wrong.any(), [
            (*(float(a[i]) for a in arguments), got[i], wanted[i]) for i in np.flatnonzero(wrong)[:5]
        ]


# Among them the doubles nearest to multiples of pi / 2 (Muller, Elementary Functions, 2006, section 11.1)
HARD_ANGLES = np.array([
    6381956970095103.0 * 2.0**797, 5.319372648326541e255, 45.553093477052, 91.106186954104, 1e22, 2.0**21,
    np.nextafter(2.0**21, inf), 2.0**1023, 1.7976931348623157e308, 3.141592653589793, 1.5707963267948966, 710.0, 355.0, 5.0e15,
])  # fmt: skip


@pytest.mark.parametrize("lanes", [0, 16])
@pytest.mark.parametrize("word", ["sin", "cos", "tan"])
def test_hard_angles(word: str, lanes: int) -> None:
    """Angles whose reduction cancels all but a few digits, in lanes beside small ones."""
    angles = np.concatenate([HARD_ANGLES, -HARD_ANGLES, np.linspace(-1, 1, 8)])
    drawn = Sample([angles], [WORDS[word].truth(mpf(float(a))) for a in angles], [0] * len(angles))
    assert ulps(loop(word, "f64", lanes)(angles), drawn).max() <= 2


@pytest.mark.parametrize("lanes", [0, 16])
def test_exact_results(lanes: int) -> None:
    """What has a result without rounding returns it."""
    whole = np.arange(-300.0, 301.0)
    np.testing.assert_array_equal(loop("log10", "f64", lanes)(10.0**whole), whole)
    np.testing.assert_array_equal(loop("log2", "f64", lanes)(np.exp2(whole)), whole)
    np.testing.assert_array_equal(loop("exp2", "f64", lanes)(whole), np.exp2(whole))
    small = np.arange(-300.0, 301.0)
    np.testing.assert_array_equal(loop("cbrt", "f64", lanes)(small**3), small)
    base, power = (a.ravel().astype(float) for a in np.meshgrid(np.arange(-40, 41), np.arange(0, 9)))
    np.testing.assert_array_equal(loop("pow", "f64", lanes)(base, power), base**power)
    np.testing.assert_array_equal(loop("sinc", "f64", lanes)(np.arange(1.0, 50.0)), np.zeros(49))


ODD = ["sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "erf", "erfinv", "cbrt", "expm1", "log1p"]


@pytest.mark.parametrize("kind", ["f64", "f32"])
@pytest.mark.parametrize("word", ODD)
def test_odd_functions_keep_the_sign_of_0(word: str, kind: str) -> None:
    """In scalars and where no lane is special: the usual way, too, returns -0 of -0."""
    for lanes in (0, 8):
        for zero in (0.0, -0.0):
            got = loop(word, kind, lanes)(np.full(8, zero))
            assert not got.any()
            assert (np.signbit(got) == np.signbit(zero)).all()


@pytest.mark.parametrize("kind", ["f64", "f32"])
@pytest.mark.parametrize("word", WORDS)
def test_one_unusual_lane_does_not_change_the_others(word: str, kind: str) -> None:
    """All lanes take the careful way when one has to: the others keep their result, to an ulp."""
    numbers = np.linspace(0.1, 0.9, 16).astype(np.float64 if kind == "f64" else np.float32) + (word == "acosh")
    arguments = [numbers] * ARITY.get(word, 1)
    usual = loop(word, kind, 16)(*arguments)
    for unusual in (nan, inf, -inf, 0.0, -1e300 if kind == "f64" else -1e38):
        mixed = [a.copy() for a in arguments]
        mixed[0][3] = unusual
        got = loop(word, kind, 16)(*mixed)
        others = np.arange(16) != 3
        np.testing.assert_allclose(got[others], usual[others], rtol=4.5e-16 if kind == "f64" else 2.4e-7, atol=0)
