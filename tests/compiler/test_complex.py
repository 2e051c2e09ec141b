"""Complex numbers as machine code: values and special values as NumPy has them, in loops, as arguments and results."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from tests.compiler.agreement import agrees

RNG = np.random.default_rng(11)
PARTS = [0.0, -0.0, 1.0, -2.0, 3.5, np.inf, -np.inf, np.nan]
SPECIAL = np.array([complex(a, b) for a in PARTS for b in PARTS])
PAIRS = np.repeat(SPECIAL, len(SPECIAL)), np.tile(SPECIAL, len(SPECIAL))
CHAIN = RNG.normal(size=48)


def numbers(*shape: int) -> Any:
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


def natively(f: Callable[..., Any], *args: Any) -> Any:
    """What the program gives, which calls nothing in NumPy."""
    compiled = bb.compile(f)
    compiled(*args)
    text = compiled.explain()
    assert "called by the interpreter itself" in text
    assert "NumPy [" not in text
    return compiled(*args)


def alike(got: Any, want: Any, ulps: float) -> None:
    """Part by part, with the signs of zeros."""
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    for a, b in ((np.real(got), np.real(want)), (np.imag(got), np.imag(want))):
        assert_allclose(a, b, rtol=ulps * 2.0**-52, atol=0)
        assert_array_equal(np.signbit(a[b == 0]), np.signbit(b[b == 0]))


# ---- values -------------------------------------------------------------------------------------

OF_TWO: dict[str, Callable[..., Any]] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "equal": np.equal, "not_equal": np.not_equal,
}  # fmt: skip
OF_ONE: dict[str, Callable[..., Any]] = {
    "reciprocal": np.reciprocal, "one over": lambda z: 1 / z, "square": np.square, "negative": np.negative,
    "conjugate": np.conjugate, "absolute": np.abs, "angle": np.angle, "real": np.real, "times real": lambda z: z * 2.0,
    "over real": lambda z: z / np.real(z), "plus one": lambda z: z + 1, "isnan": np.isnan, "isfinite": np.isfinite,
}  # fmt: skip


@pytest.mark.parametrize("name", OF_TWO)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_values_of_two(name: str) -> None:
    alike(natively(OF_TWO[name], *PAIRS), OF_TWO[name](*PAIRS), 4)


@pytest.mark.parametrize("name", OF_ONE)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_values_of_one(name: str) -> None:
    alike(natively(OF_ONE[name], SPECIAL), OF_ONE[name](SPECIAL), 4)


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "sinh", "cosh"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_functions_of_special_values(name: str) -> None:
    """But for the signs that C's standard leaves open, where a part is infinite or nan."""
    got, want = natively(getattr(np, name), SPECIAL), getattr(np, name)(SPECIAL)
    finite = np.isfinite(SPECIAL)
    alike(got[finite], want[finite], 8)
    for part in (np.real, np.imag):
        assert_allclose(np.abs(part(got[~finite])), np.abs(part(want[~finite])), rtol=1e-14)


FAR = [710 + 1j, -800 + 2j, 1e-310 + 1e-312j, 1e300 - 1e300j, 1e-200j, -1e308 + 1e308j]
NEAR_1 = [np.exp(1j * t) * (1 + d) for t in (0.1, 1.0, 2.5, -0.8) for d in (0.0, 1e-16, -3e-9, 1e-3)]


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "sinh", "cosh"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_functions_against_mpmath(name: str) -> None:
    """Of many, of very large and small ones, and of those whose logarithm is next to 0; within a few units of each part."""
    z = np.concatenate([numbers(50) * 3, NEAR_1, FAR if name in ("log", "sqrt") else FAR[:1]])
    if name in ("sin", "cos"):
        z[-1] *= 1j
    got = natively(getattr(np, name), z)
    with mpmath.workdps(60):
        want = [getattr(mpmath, name)(mpmath.mpc(x)) for x in z]
        want_parts = np.array([complex(w) for w in want])
    assert_allclose(np.real(got), np.real(want_parts), rtol=3e-15, atol=1e-31)
    assert_allclose(np.imag(got), np.imag(want_parts), rtol=3e-15)


def test_an_absolute_value_that_neither_over_nor_underflows() -> None:
    z = np.array([3e300 + 4e300j, 3e-310 + 4e-310j, 5e-324j, 3 - 4j])
    assert_allclose(natively(np.abs, z), [5e300, 5e-310, 5e-324, 5.0], rtol=1e-13)


@pytest.mark.parametrize("kind", ["D", "F"])
@pytest.mark.parametrize("n", [1, 2, 5, 8, 17, 33, 64, 255, 2049])
def test_entries_that_move(n: int, kind: str) -> None:
    """Read and written in vectors and in rests of them, from the front, from behind, apart."""
    z, w = numbers(n).astype(kind), numbers(n, 3).astype(kind)
    index = RNG.integers(-n, n, 7)

    def f(z: Any, w: Any) -> Any:
        padded = np.pad(z, (2, 1))
        padded[1] = w[0, 1] * 2
        return (
            z * w[:, 1] + 1,
            z[::-1] + w.T,
            z[index],
            w[index, ::-1],
            np.roll(z, 3),
            padded,
            np.stack([z, w[:, 2]], 1),
        )

    agrees(f, (z, w))
    natively(f, z, w)


def test_sums_products_and_norms() -> None:
    a, b, x = numbers(31, 30), numbers(30, 35), RNG.normal(size=31)

    def f(a: Any, b: Any, x: Any) -> Any:
        norms = np.linalg.norm(a), np.linalg.norm(a, axis=0)
        return (
            a @ b,
            x @ a,
            a[:3] @ b[:, 0],
            np.sum(a, axis=0),
            np.mean(b),
            np.cumsum(a, axis=1),
            np.trace(a[:30]),
            norms,
        )

    agrees(f, (a, b, x))
    natively(f, a, b, x)


@pytest.mark.parametrize("subscripts", ["ij,jk->ki", "bij,bjk->bik", "ij,jk->i", "ii,ij->j"])
def test_einsum_and_its_gradient(subscripts: str) -> None:
    first, second = subscripts.split("->")[0].split(",")
    a, b = numbers(*[3] * len(first)), numbers(*[3] * len(second))
    natively(lambda a, b: np.einsum(subscripts, a, b), a, b)
    agrees(bb.grad(lambda a, b: np.sum(np.abs(np.einsum(subscripts, a, b)) ** 2), argnums=(0, 1)), (a, b))


def test_a_large_product_is_that_of_numpy() -> None:
    a, b = numbers(60, 50), numbers(50, 40)
    compiled = bb.compile(lambda a, b: 1j * a @ b)
    assert_allclose(compiled(a, b), 1j * a @ b, rtol=1e-12)
    assert "NumPy [60, 50], [50, 40]: matmul" in compiled.explain()


def test_what_is_captured_is_read_where_it_lies() -> None:
    whole = numbers(6, 50)
    agrees(lambda x: (x * whole[1], x[:6] * whole[:, ::7].T[1], np.sum(whole.T @ whole) * x), (RNG.normal(size=50),))


def test_threads_give_the_same_bits() -> None:
    z = numbers(300_000)

    def f(z: Any) -> Any:
        return np.sum(np.abs(z * z + 1) ** 2), z * np.conj(z) / 3

    alone, together = (bb.compile(f, threads=n)(z) for n in (1, 4))
    assert alone[0] == together[0]
    assert_array_equal(alone[1], together[1])
    assert_allclose(alone[0], f(z)[0], rtol=1e-12)


# ---- classes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [0.3 + 0.2j, np.complex128(0.3 + 0.2j), np.complex64(0.3 + 0.2j)])
def test_numbers_are_taken_and_given(z: Any) -> None:
    def f(z: Any) -> Any:
        return z * z + 1j, {"size": abs(z), "parts": [z.real, z.imag]}

    agrees(f, (z,), (z * 2,))
    natively(f, z)


def test_a_decision_on_a_complex_number() -> None:
    compiled = bb.compile(lambda z: z * 2 if z[0] else z)
    z = numbers(3)
    zero = np.array([0, 1, 2j])
    for _ in range(2):
        assert_allclose(compiled(z), z * 2)
        assert_allclose(compiled(zero), zero)


def test_explain_says_what_is_called_in_numpy() -> None:
    compiled = bb.compile(lambda z: np.tanh(z))
    compiled(numbers(3))
    assert "NumPy [3]: tanh: no machine code for complex128" in compiled.explain()


# ---- programs -----------------------------------------------------------------------------------


def test_a_low_pass_filter() -> None:
    """The loss |P s - t|² of a symmetric mask has the gradient 2 P (P s - t)."""
    mask = (np.abs(np.fft.fftfreq(64)) < 0.2) * 1.0
    s, t = RNG.normal(size=(2, 64))

    def filtered(s: Any) -> Any:
        return np.real(np.fft.ifft(np.fft.fft(s) * mask))

    value, gradient = bb.compile(bb.value_and_grad(lambda s: np.sum((filtered(s) - t) ** 2)))(s)
    assert_allclose(value, np.sum((filtered(s) - t) ** 2), rtol=1e-12)
    assert_allclose(gradient, 2 * filtered(filtered(s) - t), atol=1e-12)


def schroedinger(psi: Any, potential: Any) -> Any:
    k = 2 * np.pi * np.fft.fftfreq(32, 0.5)
    half, kinetic = np.exp(-0.01j * potential), np.exp(-0.01j * k**2)
    for _ in range(50):
        psi = half * np.fft.ifft(kinetic * np.fft.fft(half * psi))
    return psi


def test_split_steps_are_one_loop_that_keeps_the_norm() -> None:
    x = np.linspace(-8, 8, 32, endpoint=False)
    psi = np.exp(-((x - 1) ** 2)) * (1 + 0.5j)
    compiled = bb.compile(schroedinger)
    compiled(psi, x**2 / 2)
    assert " turns of " in compiled.explain()
    found = compiled(psi, x**2 / 2)
    assert_allclose(found, schroedinger(psi, x**2 / 2), rtol=1e-11, atol=1e-13)
    assert_allclose(np.linalg.norm(found), np.linalg.norm(psi), rtol=1e-13)


def test_the_gradient_of_split_steps() -> None:
    x = np.linspace(-8, 8, 32, endpoint=False)
    psi = np.exp(-((x - 1) ** 2)) * (1 + 0.5j)
    agrees(bb.grad(lambda v: np.sum(np.abs(schroedinger(psi, v)) ** 2 * x)), (x**2 / 2,), error=1e-10)


@pytest.mark.parametrize("c", [0.1 + 0.2j, numbers(5) * 0.05, numbers(300) * 0.05], ids=["a number", "5", "300"])
def test_a_loop_that_squares(c: Any) -> None:
    def f(c: Any) -> Any:
        z = c * 0
        for _ in range(50):
            z = z * z + c
        return z

    agrees(f, (c,), (c / 2,))
    natively(f, c)
    agrees(lambda c, t: bb.jvp(f, (c,), (t,)), (c, c / 3))
    agrees(bb.grad(lambda c: np.sum(np.abs(f(c)) ** 2)), (c,), error=1e-11)


def test_turns_that_are_kept_and_tables_that_are_read() -> None:
    table = numbers(40, 6)

    def f(z: Any) -> Any:
        kept = np.zeros((40, 6), complex, like=z)
        for t in range(40):
            z = 0.9j * z + np.conj(z) * 0.01 * table[t]
            kept[t] = z
        return kept

    agrees(f, (numbers(6),))
    natively(f, numbers(6))
    agrees(bb.grad(lambda z: np.sum(np.abs(f(z)) ** 2)), (numbers(6),), error=1e-11)


def test_rotations_of_a_quantum_bit() -> None:
    """A turn by t about x, and back by the phase: <Z> is the cosine of the sum of the angles."""

    def expectation(t: Any) -> Any:
        state = np.array([1.0 + 0j, 0.0])
        for n in range(len(t)):
            c, s = np.cos(t[n] / 2), np.sin(t[n] / 2)
            state = np.stack([c * state[0] - 1j * s * state[1], c * state[1] - 1j * s * state[0]])
        return np.sum(np.abs(state) ** 2 * np.array([1.0, -1.0]))

    value, gradient = bb.compile(bb.value_and_grad(expectation))(CHAIN)
    assert_allclose(value, np.cos(np.sum(CHAIN)), atol=1e-13)
    assert_allclose(gradient, np.full(48, -np.sin(np.sum(CHAIN))), atol=1e-13)


FENCED = """
import numpy as np, bibun as bb
from tests.compiler.fenced import run_fenced
for n in (1, 3, 8, 9, 31, 40, 77):
    for kind in "DF":
        z = (np.arange(n) + 1j).astype(kind)
        f = lambda z: (z * z + 1, z[::-1] * 2, np.sum(np.real(z)), np.stack([z, z])[:, 1:], np.imag(z))
        compiled = bb.compile(f)
        compiled(z)
        (paths,) = compiled.careful.paths.values()
        for at_end in (True, False):
            found = run_fenced(paths.versions[0].native, [z], at_end=at_end)
            assert all(np.allclose(a, b) for a, b in zip(found, f(z), strict=True))
"""


def test_nothing_is_touched_outside() -> None:
    done = subprocess.run([sys.executable, "-c", FENCED], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("n", [None, 6, 7, 20])
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft"])
@pytest.mark.parametrize("kind", ["d", "f", "D", "F", "l"])
def test_transforms_have_the_bits_of_numpy(kind: str, name: str, n: int | None, norm: Any) -> None:
    """From the second call on they are made without np.fft."""
    x = (RNG.normal(size=(3, 9, 2)) * 9).astype(kind if kind != "l" else "d").astype(kind)
    if name == "rfft" and np.iscomplexobj(x):
        return
    x = x + x.dtype.type(1j) if np.iscomplexobj(x) else x
    transform = getattr(np.fft, name)
    compiled = bb.compile(lambda x: transform(x, n, axis=1, norm=norm))
    for _ in range(3):
        got, want = compiled(x), transform(x, n, axis=1, norm=norm)
        assert got.dtype == want.dtype
        assert_array_equal(got, want)


STEPS: list[Callable[[Any], Any]] = [
    lambda z: z * (0.5 + 0.2j),
    lambda z: np.conj(z) + 1,
    lambda z: np.roll(z, 2)[::-1],
    lambda z: np.exp(0.3j * np.real(z)),
    lambda z: z / (2 + np.abs(z)),
    lambda z: np.cumsum(z) * 0.3,
    lambda z: np.where(np.real(z) > 0, z, -1j * z),
    lambda z: np.concatenate([z[2:], np.sqrt(z[:2])]),
    lambda z: np.fft.fft(z) / len(z),
    lambda z: np.log(z * z + 2),
    lambda z: z[np.arange(len(z)) * 3 % len(z)],
    lambda z: (np.outer(z, z[:3]) @ z[:3]) * 0.1,
    lambda z: np.imag(z) * 1j + np.pad(z, 1)[1:-1],
    lambda z: repeated(z),
    lambda z: filled(z),
]


def repeated(z: Any) -> Any:
    for _ in range(12):
        z = 0.9 * z + 0.05 * np.conj(np.roll(z, 1))
    return z


def filled(z: Any) -> Any:
    rows = np.zeros((30, *z.shape), complex, like=z)
    rows[0] = z
    for i in range(1, 30):
        rows[i] = 0.8 * rows[i - 1] + 0.1j * np.real(rows[i - 1])
    return np.sum(rows, axis=0)


@pytest.mark.parametrize("seed", range(12))
def test_steps_in_any_order(seed: int) -> None:
    """Values, gradients and directional derivatives of what is put together at random."""
    random = np.random.default_rng(seed)
    chosen = random.integers(0, len(STEPS), 5)

    def f(z: Any) -> Any:
        for k in chosen:
            z = STEPS[k](z)
        return z

    z = numbers(int(random.choice([3, 8, 17, 200])))
    agrees(f, (z,), error=1e-10)
    agrees(bb.grad(lambda z: np.sum(np.abs(f(z) - 0.3) ** 2)), (z,), error=1e-9)
    agrees(lambda z, t: bb.jvp(f, (z,), (t,)), (z, 0.3 * z + 1), error=1e-9)


def test_a_slice_from_the_first_entry_is_not_the_whole() -> None:
    """Its entries have the places of the whole's, and lie otherwise: flattened and gathered."""
    q, i = numbers(3, 4), np.array([2, 0, 1])
    programs: list[Callable[..., Any]] = [
        lambda q, i: q[:2].ravel(),
        lambda q, i: q[:, :3].ravel(),
        lambda q, i: q[:2, :2].reshape(4),
        lambda q, i: q[:3, :3][i, i],
        lambda q, i: q[:3, :3].ravel()[i + 3],
        lambda q, i: np.real(q)[:2, :3].ravel(),
        lambda q, i: q[:3, :3][-i, i] * np.conj(q[:2].ravel()[i]),
    ]
    for f in programs:
        assert_allclose(bb.compile(f)(q, i), f(q, i), rtol=1e-15)
        weights = numbers(*f(q, i).shape)

        def total(q: Any, i: Any, f: Any = f, weights: Any = weights) -> Any:
            return np.real(np.sum(weights * f(q, i)))

        assert_allclose(bb.compile(bb.grad(total))(q, i), bb.grad(total)(q, i), rtol=1e-14, atol=1e-15)
