"""vmap: axes in every form, every kind of row, and alone or nested with the derivatives: batched equals looped."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb

GENERATOR = np.random.default_rng(7)
XS = GENERATOR.normal(size=(4, 3))
YS = GENERATOR.normal(size=(4, 3))
MS = GENERATOR.normal(size=(4, 3, 3))
SPD = MS @ np.swapaxes(MS, 1, 2) + 3 * np.eye(3)
CUBE = GENERATOR.normal(size=(2, 3, 4))


# ---- axes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3, np.int64(1)])
def test_the_axis_of_the_argument(axis: int) -> None:
    found = bb.vmap(lambda x: np.sum(x * x, axis=0), in_axes=axis)(CUBE)
    assert_allclose(found, np.stack([np.sum(e * e, axis=0) for e in np.moveaxis(CUBE, axis, 0)]))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_the_axis_of_the_output(axis: int) -> None:
    found = bb.vmap(lambda x: x * 2, out_axes=axis)(CUBE)
    assert_allclose(found, np.moveaxis(CUBE * 2, 0, axis))


def test_an_axis_for_each_argument() -> None:
    found = bb.vmap(lambda x, y, c: x * y + c, in_axes=(0, 1, None))(XS, YS.T, 2.0)
    assert_allclose(found, XS * YS + 2)
    assert_allclose(bb.vmap(lambda x, y: x @ y, in_axes=[0, None])(XS, YS[0]), XS @ YS[0])
    assert_allclose(bb.vmap(lambda x, y: x @ y, in_axes=(None, 0))(XS, YS), (XS @ YS.T).T)
    assert_allclose(bb.vmap(lambda x, name: x * len(name), in_axes=(0, None))(XS, "two"), XS * 3)


def test_axes_of_containers() -> None:
    p = {"b": YS.T, "a": [XS, 5.0]}
    f = lambda p, c: p["a"][0] * p["b"] + p["a"][1] * c  # noqa: E731
    expected = XS * YS + 5 * 2.0
    assert_allclose(bb.vmap(f, in_axes=({"a": [0, None], "b": 1}, None))(p, 2.0), expected)
    assert_allclose(bb.vmap(lambda p: p["a"] + p["b"])({"a": XS, "b": YS}), XS + YS)
    assert_allclose(bb.vmap(lambda p, x: p["a"] + x, in_axes=(None, 0))({"a": 1.0}, XS), 1 + XS)


def test_axes_of_every_kind_of_container() -> None:
    ordered = OrderedDict(b=XS, a=np.ones(3))
    assert_allclose(bb.vmap(lambda d: d["b"] * d["a"], in_axes=(OrderedDict(b=0, a=None),))(ordered), XS)
    pair = namedtuple("pair", "first second")
    found = bb.vmap(lambda p: pair(p.second, p.first), in_axes=(pair(0, None),))(pair(XS, 1.0))
    assert type(found) is pair
    assert_allclose(found.second, XS)
    assert_allclose(found.first, np.ones(4))

    @dataclass
    class Point:
        x: Any
        y: Any

    moved = bb.vmap(lambda p: Point(p.x + p.y, p.y), in_axes=(Point(0, None),), out_axes=Point(1, None))(Point(XS, 1.0))
    assert_allclose(moved.x, (XS + 1).T)
    assert moved.y == 1.0
    assert_allclose(bb.vmap(lambda t: t[0] + t[1][0], in_axes=((0, (None,)),))((XS, (1.0,))), XS + 1)


def test_axes_of_containers_of_outputs() -> None:
    f = lambda x: {"a": x * 2, "b": (np.sum(x), 7.0)}  # noqa: E731
    found = bb.vmap(f, out_axes={"a": 1, "b": (0, None)})(XS)
    assert_allclose(found["a"], (XS * 2).T)
    assert_allclose(found["b"][0], np.sum(XS, axis=1))
    assert found["b"][1] == 7.0
    repeated = bb.vmap(f)(XS)["b"][1]
    assert_array_equal(repeated, np.full(4, 7.0))


def test_keyword_arguments_are_batched_along_their_first_axis() -> None:
    assert_allclose(bb.vmap(lambda x, y: x * y)(XS, y=YS), XS * YS)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: bb.vmap(np.add)(XS, YS[:2]),
            ValueError,
            "the batches differ in length: argument 0 has 4, argument 1 has 2",
        ),
        (lambda: bb.vmap(np.add, in_axes=(0,))(XS, YS), ValueError, "in_axes has 1 entries for 2 arguments"),
        (lambda: bb.vmap(np.sin, in_axes=None)(XS), ValueError, "in_axes is None for every argument"),
        (lambda: bb.vmap(np.sin)(3.0), ValueError, r"argument 0 of shape \(\) has no axis 0. Use in_axes=None"),
        (lambda: bb.vmap(np.sin, in_axes=2)(XS), ValueError, r"argument 0 of shape \(4, 3\) has no axis 2"),
        (lambda: bb.vmap(np.sin, out_axes=None)(XS), ValueError, "out_axes is None for an output that differs"),
        (lambda: bb.vmap(np.sin, out_axes=5)(XS), ValueError, r"out_axes is 5, but the output has shape \(4, 3\)"),
        (lambda: bb.vmap(lambda x: "name")(XS), TypeError, "returned str, which cannot be stacked"),
        (
            lambda: bb.vmap(lambda d: d["a"], in_axes=({"b": 0},))({"a": XS}),
            TypeError,
            r"the axes \{'b': 0\} do not fit a value of type dict: it has the parts 'a'",
        ),
        (lambda: bb.vmap(lambda t: t[0], in_axes=((0, None),))((XS,)), TypeError, "do not fit a value of type tuple"),
        (
            lambda: bb.vmap(np.sin, in_axes=1.0)(XS),
            TypeError,
            "the axes 1.0 do not fit a value of type ndarray: it has no parts",
        ),
        (
            lambda: bb.vmap(lambda x: x, in_axes=((0, 1),))(XS),
            TypeError,
            "do not fit a value of type ndarray: it has no parts",
        ),
    ],
)
def test_wrong_axes(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


# ---- what is batched equals what is looped -----------------------------------------------------------------------

FUNCTIONS: dict[str, tuple[Any, tuple[np.ndarray, ...]]] = {
    "elementwise of different numbers of axes": (lambda m, x, s: m * x + s, (MS, XS, XS[:, 0])),
    "a vector beside a matrix": (lambda x, m: x + m, (XS, MS)),
    "where": (lambda x, y: np.where(x > y, x, y * 2), (XS, YS)),
    "maximum": (np.maximum, (XS, YS)),
    "sum": (lambda m: np.sum(m, axis=-1), (MS,)),
    "sum of all": (np.sum, (MS,)),
    "max with keepdims": (lambda m: m - np.max(m, axis=0, keepdims=True), (MS,)),
    "prod": (lambda m: np.prod(m, axis=(0, 1)), (MS,)),
    "std": (lambda m: np.std(m, axis=1, ddof=1), (MS,)),
    "cumsum": (lambda m: np.cumsum(m, axis=-1), (MS,)),
    "cumprod of all": (lambda m: np.cumprod(m), (MS,)),
    "argmax": (lambda m: m[np.argmax(m, axis=0), np.arange(3)], (MS,)),
    "sort": (lambda m: np.sort(m, axis=0), (MS,)),
    "sort of all": (lambda m: np.sort(m, axis=None), (MS,)),
    "median": (lambda m: np.sort(m.ravel())[4], (MS,)),
    "reshape": (lambda m: m.reshape(9)[:4].reshape(2, 2), (MS,)),
    "transpose": (lambda m: m.T @ m, (MS,)),
    "moveaxis": (lambda m: np.moveaxis(m, 0, -1), (MS,)),
    "flip": (lambda m: np.flip(m, 1), (MS,)),
    "roll": (lambda m: np.roll(m, 1, axis=0), (MS,)),
    "roll of all": (lambda m: np.roll(m, 2), (MS,)),
    "diagonal": (lambda m: np.diagonal(m), (MS,)),
    "trace": (np.trace, (MS,)),
    "tril": (np.tril, (MS,)),
    "diag": (np.diag, (XS,)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 3)), (XS,)),
    "tile": (lambda x: np.tile(x, (2, 2)), (XS,)),
    "repeat": (lambda x: np.repeat(x, [1, 0, 2]), (XS,)),
    "pad": (lambda x: np.pad(x, 1), (XS,)),
    "concatenate": (lambda x, y: np.concatenate([x, y, np.ones(2)]), (XS, YS)),
    "stack": (lambda x, y: np.stack([x, y], axis=-1), (XS, YS)),
    "split": (lambda x: np.split(x, 3)[1], (XS,)),
    "matmul": (np.matmul, (MS, SPD)),
    "matrix times vector": (lambda m, x: m @ x, (MS, XS)),
    "vector times matrix": (lambda x, m: x @ m, (XS, MS)),
    "vector times vector": (lambda x, y: x @ y, (XS, YS)),
    "a constant matrix times a vector": (lambda x: MS[0] @ x, (XS,)),
    "a vector times a constant matrix": (lambda x: x @ MS[0], (XS,)),
    "stacks of matrices": (lambda m: np.stack([m, m]) @ m, (MS,)),
    "dot": (np.dot, (MS, XS)),
    "outer": (np.outer, (XS, YS)),
    "einsum": (lambda m, x: np.einsum("ij,j,k->ik", m, x, x), (MS, XS)),
    "tensordot": (lambda m, x: np.tensordot(m, x, 1), (MS, XS)),
    "cross": (np.cross, (XS, YS)),
    "inv": (np.linalg.inv, (SPD,)),
    "det": (np.linalg.det, (SPD,)),
    "solve": (np.linalg.solve, (SPD, XS)),
    "solve a constant": (lambda x: np.linalg.solve(SPD[0], x), (XS,)),
    "solve for a constant": (lambda m: np.linalg.solve(m, XS[0]), (SPD,)),
    "slogdet": (lambda m: np.linalg.slogdet(m)[1], (SPD,)),
    "cholesky": (np.linalg.cholesky, (SPD,)),
    "eigvalsh": (lambda m: np.linalg.eigh(m)[0], (SPD,)),
    "norm": (np.linalg.norm, (XS,)),
    "index": (lambda m: m[1, ::-1], (MS,)),
    "fancy index": (lambda m: m[np.array([0, 2]), np.array([1, 1])], (MS,)),
    "take_along_axis": (lambda m: np.take_along_axis(m, np.argsort(m, axis=1), 1), (MS,)),
    "complex": (lambda x: np.abs(np.exp(1j * x) + x), (XS,)),
    "loop in Python": (lambda x: sum(v * v for v in x), (XS,)),
    "empty slice": (lambda x: x[:0], (XS,)),
    "constant": (lambda x: np.ones(2), (XS,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_batched_equals_looped(name: str) -> None:
    f, args = FUNCTIONS[name]
    expected = np.stack([f(*entry) for entry in zip(*args, strict=True)])
    found = bb.vmap(f)(*args)
    assert type(found) is np.ndarray
    assert found.dtype == expected.dtype
    assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("empty slice", "constant")])
def test_derivatives_batched_equal_looped(name: str) -> None:
    """vmap of grad, grad of vmap, and jvp of vmap, in each argument."""
    f, args = FUNCTIONS[name]

    def scalar(*xs: Any) -> Any:
        y = f(*xs)
        return np.sum(y * np.cos(np.arange(np.size(y)).reshape(np.shape(y))))

    for n in range(len(args)):
        expected = np.stack([bb.grad(scalar, n)(*entry) for entry in zip(*args, strict=True)])
        assert_allclose(bb.vmap(bb.grad(scalar, n))(*args), expected, rtol=1e-10, atol=1e-12)
        total = lambda *xs: np.sum(bb.vmap(scalar)(*xs))  # noqa: E731
        assert_allclose(bb.grad(total, n)(*args), expected, rtol=1e-10, atol=1e-12)
        tangents = tuple(np.cos(x) if i == n else np.zeros_like(x) for i, x in enumerate(args))
        moved = np.sum(expected * np.cos(args[n]))
        assert_allclose(bb.jvp(total, args, tangents)[1], moved, rtol=1e-10, atol=1e-12)


# ---- nesting -----------------------------------------------------------------------------------------------------


def test_nested_vmap_is_an_outer_product() -> None:
    x, y = XS[0], YS[1]
    outer = bb.vmap(bb.vmap(np.multiply, in_axes=(None, 0)), in_axes=(0, None))
    assert_allclose(outer(x, y), np.outer(x, y))
    pairs = bb.vmap(bb.vmap(lambda a, b: np.sum((a - b) ** 2), in_axes=(None, 0)), in_axes=(0, None))
    assert_allclose(pairs(XS, YS), np.sum((XS[:, None] - YS[None]) ** 2, axis=-1))


def test_nested_vmap_over_both_axes_in_any_order() -> None:
    assert_allclose(bb.vmap(bb.vmap(lambda v: v**2))(XS), XS**2)
    assert_allclose(bb.vmap(bb.vmap(lambda v: v**2), in_axes=1, out_axes=1)(XS), XS**2)
    assert_allclose(bb.vmap(bb.vmap(bb.vmap(np.sin)))(CUBE), np.sin(CUBE))
    assert_allclose(bb.vmap(bb.vmap(np.sum, in_axes=1), in_axes=2)(CUBE), np.sum(CUBE, axis=0).T)


def test_gradients_per_example() -> None:
    """A gradient for every row of the data: the usual reason for vmap of grad."""
    w = np.array([0.5, -1.0, 2.0])
    loss = lambda w, x, y: (x @ w - y) ** 2  # noqa: E731
    found = bb.vmap(bb.grad(loss), in_axes=(None, 0, 0))(w, XS, YS[:, 0])
    assert_allclose(found, 2 * (XS @ w - YS[:, 0])[:, None] * XS)
    mean = bb.grad(lambda w: np.mean(bb.vmap(loss, in_axes=(None, 0, 0))(w, XS, YS[:, 0])))(w)
    assert_allclose(np.mean(found, axis=0), mean)


def test_jacobians_and_hessians_of_batches() -> None:
    f = lambda x: np.sin(x) * np.sum(x)  # noqa: E731
    expected = np.stack([np.diag(np.cos(x) * np.sum(x)) + np.sin(x)[:, None] for x in XS])
    for jacobian in (bb.jacobian, bb.jacrev, bb.jacfwd):
        assert_allclose(bb.vmap(jacobian(f))(XS), expected)
    whole = np.zeros((4, 3, 4, 3))
    whole[range(4), :, range(4), :] = expected
    for jacobian in (bb.jacobian, bb.jacrev, bb.jacfwd):
        assert_allclose(jacobian(bb.vmap(f))(XS), whole)
    cubic = lambda x: np.sum(x) ** 3  # noqa: E731
    second = 6 * np.sum(XS, axis=1)[:, None, None] * np.ones((4, 3, 3))
    assert_allclose(bb.vmap(bb.hessian(cubic))(XS), second)
    assert_allclose(bb.vmap(lambda x, v: bb.hvp(cubic, (x,), (v,)))(XS, YS), np.einsum("nij,nj->ni", second, YS))


def test_other_transforms_of_batches() -> None:
    y, dy = bb.vmap(lambda x, t: bb.jvp(np.sin, (x,), (t,)))(XS, YS)
    assert_allclose(y, np.sin(XS))
    assert_allclose(dy, np.cos(XS) * YS)
    (g,) = bb.vmap(lambda x, g: bb.vjp(np.sin, x)[1](g))(XS, YS)
    assert_allclose(g, np.cos(XS) * YS)
    assert_allclose(bb.vmap(lambda x, t: bb.linearize(np.sin, x)[1](t))(XS, YS), np.cos(XS) * YS)
    _, pullback = bb.vjp(np.sin, XS[0])
    assert_allclose(bb.vmap(pullback)(np.eye(3))[0], np.diag(np.cos(XS[0])))
    value, gradient = bb.vmap(bb.value_and_grad(lambda x: np.sum(x**2)))(XS)
    assert_allclose(value, np.sum(XS**2, axis=1))
    assert_allclose(gradient, 2 * XS)
    assert_allclose(bb.vmap(bb.checkpoint(np.sin))(XS), np.sin(XS))


def test_an_unbatched_closure_gets_the_whole_derivative() -> None:
    f = lambda w: np.sum(bb.vmap(lambda x: np.sin(w * x))(XS))  # noqa: E731
    assert_allclose(bb.grad(f)(2.0), np.sum(np.cos(2 * XS) * XS))
    assert_allclose(bb.grad(bb.grad(f))(2.0), -np.sum(np.sin(2 * XS) * XS**2))


def test_control_flow_that_does_not_depend_on_the_batch() -> None:
    def f(x: Any, n: int) -> Any:
        for _ in range(n):
            x = x * x if n > 1 else x
        return x

    assert_allclose(bb.vmap(f, in_axes=(0, None))(XS, 2), XS**4)


def test_a_batch_of_one_and_of_none() -> None:
    assert_allclose(bb.vmap(np.sin)(XS[:1]), np.sin(XS[:1]))
    assert bb.vmap(lambda x: np.sin(x) * 2)(XS[:0]).shape == (0, 3)
    assert bb.vmap(lambda m, x: m @ x)(MS[:0], XS[:0]).shape == (0, 3)
    assert bb.vmap(bb.grad(lambda x: np.sum(np.sin(x))))(XS[:0]).shape == (0, 3)


def test_integers_and_booleans() -> None:
    found = bb.vmap(lambda n, x: n * x)(np.arange(4), XS)
    assert_allclose(found, np.arange(4)[:, None] * XS)
    assert bb.vmap(lambda n: n + 1)(np.arange(4)).dtype == np.arange(4).dtype
    assert_array_equal(bb.vmap(lambda x: x > 0)(XS), XS > 0)
    assert_array_equal(bb.vmap(lambda x: np.all(x > 0))(XS), np.all(XS > 0, axis=1))


def test_the_argument_is_not_changed() -> None:
    def f(x: Any) -> Any:
        x *= 2.0
        x[0] = 0.0
        return x

    x = XS.copy()
    found = bb.vmap(f)(x)
    assert_array_equal(x, XS)
    assert_allclose(found, np.concatenate([np.zeros((4, 1)), 2 * XS[:, 1:]], axis=1))
    found[:] = 0.0
    shown = bb.vmap(lambda v: v)(x)
    shown[:] = 0.0
    assert_array_equal(x, XS)


SQUARE = np.array([[2.0, 1.0], [1.0, 3.0]])
OF_MATRICES = {
    "inv": np.linalg.inv, "det": np.linalg.det, "cholesky": np.linalg.cholesky, "svd": np.linalg.svd,
    "eigvalsh": np.linalg.eigvalsh, "qr": np.linalg.qr, "pinv": np.linalg.pinv, "eig": np.linalg.eig,
}  # fmt: skip


@pytest.mark.parametrize("name", OF_MATRICES)
def test_the_batch_is_no_axis_of_a_matrix(name: str) -> None:
    with pytest.raises(np.linalg.LinAlgError, match="must be at least two-dimensional"):
        bb.vmap(OF_MATRICES[name])(SQUARE)


@pytest.mark.parametrize("f", [lambda x: x @ x, lambda x: SQUARE @ x, lambda x: x @ SQUARE[0]])
def test_the_batch_is_no_axis_of_a_product(f: Any) -> None:
    with pytest.raises(ValueError, match="does not have enough dimensions"):
        bb.vmap(f)(SQUARE[0])


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="NumPy 2.2 has it")
def test_a_vector_is_no_matrix() -> None:
    with pytest.raises(ValueError, match="must have 2 or more"):
        bb.vmap(lambda x: np.matvec(x, SQUARE[0]))(SQUARE)
    with pytest.raises(ValueError, match="must have 2 or more"):
        bb.grad(lambda x: np.sum(np.vecmat(SQUARE[0], x)))(SQUARE[0])


def test_tolerances_with_more_axes_than_an_entry() -> None:
    x, tolerances = np.array([1.0, 7.0]), np.array([[0.0], [10.0]])
    found = bb.vmap(lambda x: np.isclose(x, 1.0, rtol=0, atol=tolerances))(x)
    np.testing.assert_array_equal(found, [np.isclose(entry, 1.0, rtol=0, atol=tolerances) for entry in x])


def test_a_number_that_is_put_where_a_mask_says() -> None:
    """Each entry of the batch has another count."""

    def f(x: Any, eps: Any) -> Any:
        y = x * 1
        y[y < eps] = eps
        return np.sum(np.log(y) * np.array([1.0, 2.0, 3.0]))

    x = np.array([[1.0, 2.0, 3.0], [1.0, 1.0, 2.0], [4.0, 5.0, 6.0]])
    one = bb.grad(f, argnums=(0, 1))
    by_x, by_eps = bb.vmap(one, in_axes=(0, None))(x, 1.5)
    expected = [one(row, 1.5) for row in x]
    np.testing.assert_allclose(by_x, [e[0] for e in expected], rtol=1e-14)
    np.testing.assert_allclose(by_eps, [e[1] for e in expected], rtol=1e-14)
    np.testing.assert_allclose(by_eps, [1 / 1.5, 3 / 1.5, 0], rtol=1e-14)
