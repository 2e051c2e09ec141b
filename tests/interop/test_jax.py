"""NumPy functions inside JAX and JAX functions inside bibun, against closed forms, with and without 64 bits."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
from jax.test_util import check_grads  # noqa: E402

import bibun as bb  # noqa: E402
import bibun.numpy as bnp  # noqa: E402
from bibun.interop.jax import from_jax, to_jax  # noqa: E402

X = np.array([0.3, 1.2, -0.5])


@pytest.fixture(params=[True, False], ids=["64 bits", "32 bits"])
def wide(request):
    with jax.enable_x64(request.param):
        yield request.param


def close(found, expected) -> None:
    found = np.asarray(found)
    rtol = 1e-12 if found.dtype in (np.float64, np.complex128) else 1e-5
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)


def wave(x, scale=1.0):
    return np.sum(np.sin(scale * x) ** 2)


@pytest.mark.parametrize("jit", [lambda f: f, jax.jit], ids=["plain", "jit"])
def test_derivatives(wide, jit) -> None:
    f, x, s = to_jax(wave), jnp.array(X), jnp.array(2.0)
    close(jit(f)(x, s), wave(X, 2.0))
    by_x, by_s = jit(jax.grad(f, (0, 1)))(x, s)
    close(by_x, 2 * np.sin(4 * X))
    close(by_s, np.sum(X * np.sin(4 * X)))
    assert by_x.dtype == (jnp.float64 if wide else jnp.float32)
    close(jit(jax.hessian(f))(x), np.diag(2 * np.cos(2 * X)))
    close(jit(jax.jacrev(jax.jacrev(f)))(x), np.diag(2 * np.cos(2 * X)))
    close(jit(jax.jacfwd(jax.jacfwd(f)))(x), np.diag(2 * np.cos(2 * X)))
    close(jit(lambda x, t: jax.jvp(f, (x,), (t,))[1])(x, x), X @ np.sin(2 * X))
    close(jit(jax.grad(jax.grad(jax.grad(to_jax(np.sin)))))(1.0), -np.cos(1.0))


@pytest.mark.parametrize("jit", [lambda f: f, jax.jit], ids=["plain", "jit"])
def test_batches(wide, jit) -> None:
    f, rows = to_jax(wave), jnp.stack([X, 2 * X])
    close(jit(jax.vmap(f))(rows), [wave(X), wave(2 * X)])
    close(jit(jax.vmap(jax.grad(f)))(rows), np.sin([2 * X, 4 * X]))
    close(jit(jax.grad(lambda b: jax.vmap(f)(b).sum()))(rows), np.sin([2 * X, 4 * X]))
    scaled = jax.vmap(to_jax(lambda x, s: s * x), in_axes=(1, None), out_axes=1)
    close(jit(scaled)(rows, 3.0), 3 * np.stack([X, 2 * X]))
    nested = jax.vmap(jax.vmap(to_jax(lambda a, b: a * b), (0, None)), (None, 0))
    close(jit(nested)(jnp.array(X), jnp.arange(2.0)), np.outer(np.arange(2.0), X))


@pytest.mark.parametrize("jit", [lambda f: f, jax.jit], ids=["plain", "jit"])
def test_containers_and_outputs_without_derivative(wide, jit) -> None:
    model = to_jax(lambda d: {"y": d["w"] * d["x"], "n": np.argmax(d["x"]), "parts": [np.sum(d["x"])]})
    d = {"w": jnp.array(2.0), "x": jnp.array(X)}
    found = jit(model)(d)
    close(found["y"], 2 * X)
    assert found["n"] == 1
    gradient = jit(jax.grad(lambda d: model(d)["y"].sum() + model(d)["parts"][0]))(d)
    close(gradient["w"], X.sum())
    close(gradient["x"], np.full(3, 3.0))


def test_complex_numbers(wide) -> None:
    close(jax.grad(to_jax(lambda z: np.abs(z) ** 2))(3 + 4j), 6 - 8j)
    y, t = jax.jvp(to_jax(lambda z: z**2), (1 + 1j,), (1j,))
    close(y, 2j)
    close(t, -2 + 2j)
    close(jax.grad(to_jax(np.exp), holomorphic=True)(1j), np.exp(1j))
    close(jax.grad(lambda x: jnp.imag(to_jax(lambda x: x * (1 + 2j))(x)))(1.0), 2.0)


def test_linear_maps_transpose(wide) -> None:
    x = jnp.array(X)
    (found,) = jax.linear_transpose(to_jax(lambda x: 3 * x[::-1]), x)(x)
    close(found, 3 * X[::-1])
    close(jax.linearize(to_jax(np.sin), x)[1](x), np.cos(X) * X)


def test_jax_checks_it() -> None:
    with jax.enable_x64(True):
        check_grads(to_jax(lambda a, b: np.tanh(a @ b)), (jnp.ones((2, 3)) / 3, jnp.array(X)), order=2)


def test_control_flow_of_jax() -> None:
    with jax.enable_x64(True):
        step = to_jax(lambda x: 0.5 * (x + 2.0 / x))
        root = lambda a: jax.lax.fori_loop(0, 8, lambda i, x: step(x), a)  # noqa: E731
        close(jax.jit(root)(1.0), np.sqrt(2.0))
        last = lambda x: jax.lax.scan(lambda c, _: (to_jax(np.sin)(c), None), x, None, length=3)[0]  # noqa: E731
        close(jax.grad(last)(0.5), np.cos(np.sin(np.sin(0.5))) * np.cos(np.sin(0.5)) * np.cos(0.5))


def test_a_branch_on_values_runs_under_jit() -> None:
    f = to_jax(lambda x: np.log(x) if x > 1 else x**2)
    with jax.enable_x64(True):
        close(jax.jit(jax.grad(f))(2.0), 0.5)
        close(jax.jit(jax.grad(f))(0.5), 1.0)


def test_a_function_that_cannot_run_on_ones_says_what_its_results_are_like() -> None:
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    with jax.enable_x64(True):
        with pytest.raises(np.linalg.LinAlgError) as caught:
            jax.jit(to_jax(np.linalg.cholesky))(jnp.array(A))
        assert "results=" in caught.value.__notes__[0]
        f = to_jax(lambda d: {"L": np.linalg.cholesky(d["A"])}, results=lambda d: {"L": d["A"]})
        close(jax.jit(f)({"A": jnp.array(A)})["L"], np.linalg.cholesky(A))
        gradient = jax.jit(jax.grad(lambda A: jnp.log(jnp.diag(f({"A": A})["L"])).sum()))(jnp.array(A))
        close(gradient + gradient.T, np.linalg.inv(A))  # NumPy reads the lower triangle


def test_shapes_and_dtypes_that_depend_on_values_are_an_error_under_jit() -> None:
    x = jnp.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(to_jax(lambda a: a[a > 1.5])(x), [2, 3])
    for f in (lambda a: a[a > 1.5], lambda a: a[a < 2.5], lambda a: a if a[1] > 1.5 else np.arange(3)):
        with pytest.raises(Exception, match="Shapes and dtypes may not depend on values"):
            jax.block_until_ready(jax.jit(to_jax(f))(x))


def test_arrays_that_are_filled(wide) -> None:
    def powers(x):
        y = bnp.zeros(3)
        for i in range(3):
            y[i] = x ** (i + 1)
        return y

    close(jax.jit(jax.jacobian(to_jax(powers)))(2.0), [1.0, 4.0, 12.0])


def test_settings_are_passed_on() -> None:
    f = to_jax(lambda x, how, axis=0: np.sum(x, axis=axis) if how == "sum" else x)
    close(f(jnp.ones((2, 3)), "sum", axis=1), [3.0, 3.0])


def test_bfloat16_is_refused() -> None:
    with pytest.raises((TypeError, bb.BibunError), match="bfloat16"):
        jax.grad(lambda x: to_jax(lambda x: x * 2)(x).astype(jnp.float32))(jnp.ones((), jnp.bfloat16))


# ---- the other way round ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jit", [lambda f: f, jax.jit], ids=["plain", "jit"])
def test_a_jax_function_has_derivatives_here(wide, jit) -> None:
    """In float64, whatever jax_enable_x64 is."""
    theirs = from_jax(jit(lambda x: jnp.sum(jnp.sin(x) ** 2)))
    assert type(theirs(X)) is np.float64
    close(bb.grad(theirs)(X), np.sin(2 * X))
    close(bb.jvp(theirs, (X,), (X,))[1], X @ np.sin(2 * X))
    close(bb.hessian(theirs)(X), np.diag(2 * np.cos(2 * X)))
    close(bb.jacrev(bb.grad(theirs))(X), np.diag(2 * np.cos(2 * X)))
    close(bb.grad(bb.grad(bb.grad(theirs)))(0.7), -4 * np.sin(1.4))
    close(bb.vmap(bb.grad(theirs))(np.stack([X, 2 * X])), np.sin([2 * X, 4 * X]))
    assert bb.grad(theirs)(X.astype(np.float32)).dtype == np.float32


def test_it_takes_part_in_numpy_code() -> None:
    def g(d, *, scale):
        y = scale * d["a"] @ d["b"]
        return y, (jnp.argmax(y), jnp.sum(d["a"]))

    f = from_jax(g)
    d = {"a": np.arange(6.0).reshape(2, 3), "b": X}
    y, (n, total) = f(d, scale=2.0)
    close(y, 2 * d["a"] @ d["b"])
    assert (n, total) == (1, 15.0)
    found = bb.grad(lambda d: np.sum(f(d, scale=2.0)[0]) + f(d, scale=2.0)[1][1])(d)
    close(found["a"], 2 * np.tile(X, (2, 1)) + 1)
    close(found["b"], 2 * d["a"].sum(axis=0))
    assert bb.check(lambda d: np.sin(f(d, scale=2.0)[0]), d, order=2)
    x = bb.Variable(X)
    np.sum(from_jax(jnp.cos)(x) * x).backward()
    close(x.grad, np.cos(X) - X * np.sin(X))


def test_complex_numbers_here() -> None:
    close(bb.grad(from_jax(lambda z: jnp.abs(z) ** 2))(1 + 2j), 2 - 4j)
    assert bb.check(from_jax(lambda z: jnp.exp(z) * z), 1 + 2j, order=2)


def test_there_and_back() -> None:
    f = to_jax(from_jax(jnp.sin))
    with jax.enable_x64(True):
        close(jax.grad(jax.grad(f))(0.5), -np.sin(0.5))


def test_compiled_programs_call_it() -> None:
    compiled = bb.compile(bb.grad(lambda x: np.sum(from_jax(jnp.sin)(2 * x))))
    for x in (X, 2 * X, 3 * X):
        close(compiled(x), 2 * np.cos(2 * x))


def test_what_it_writes_to_numpys_arrays_stays_inside() -> None:
    """It runs more than once for a derivative: what one run writes, the next may not find, and the caller neither."""

    def weighed(x, counts):
        counts += 1.0
        return np.sum(x * counts)

    mine = np.ones(3)
    f = to_jax(weighed)
    with jax.enable_x64(True):
        x = jnp.array(X)
        close(jax.grad(f)(x, mine), [2.0, 2.0, 2.0])
        close(jax.jit(lambda x: f(x, mine))(x), 2 * np.sum(X))
        close(f(np.ones(3), mine), 6.0)
    np.testing.assert_array_equal(mine, 1)
