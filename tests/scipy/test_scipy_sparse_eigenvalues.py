"""eigsh: SciPy's values, and derivatives against those of all pairs of the dense matrix, by numpy.linalg.eigh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun as bb

plain = pytest.importorskip("scipy.sparse.linalg")
from bibun.scipy import sparse  # noqa: E402
from bibun.scipy.sparse import linalg  # noqa: E402

N = 12
SPRINGS = 1.0 + np.random.default_rng(0).random(N + 1)
WEIGHTS = np.random.default_rng(1).normal(size=(N, 3))


def chain(k: Any) -> Any:
    """Of masses and springs, as a sparse matrix."""
    return sparse.diags([k[:-1] + k[1:], -k[1:-1], -k[1:-1]], [0, 1, -1])


def total(w: Any, v: Any) -> Any:
    """What does not depend on the signs of the vectors."""
    return np.sum(np.sin(w) * np.arange(1, 4.0)) + np.sum(np.cos(3 * v**2) * WEIGHTS)


ENDS: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "largest": ({"which": "LM"}, lambda x: x[..., -3:]),
    "smallest": ({"which": "SA"}, lambda x: x[..., :3]),
    "beside a number": ({"sigma": 0.0}, lambda x: x[..., :3]),
}


def found(settings: dict[str, Any], dense: bool) -> Callable[[Any], Any]:
    return lambda k: total(*linalg.eigsh(chain(k).toarray() if dense else chain(k), 3, **settings))


def truth(part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda k: total(*map(part, np.linalg.eigh(chain(k).toarray())))


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("name", ENDS)
def test_pairs(name: str, dense: bool) -> None:
    settings, part = ENDS[name]
    f, g = found(settings, dense), truth(part)
    np.testing.assert_allclose(f(SPRINGS), g(SPRINGS), rtol=1e-9)
    np.testing.assert_allclose(bb.grad(f)(SPRINGS), bb.grad(g)(SPRINGS), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(bb.jacfwd(f)(SPRINGS), bb.grad(g)(SPRINGS), rtol=1e-8, atol=1e-9)
    t = np.cos(np.arange(N + 1.0))
    np.testing.assert_allclose(bb.hvp(f, (SPRINGS,), (t,)), bb.hvp(g, (SPRINGS,), (t,)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ENDS)
def test_values_alone(name: str) -> None:
    settings, part = ENDS[name]

    def values(k: Any) -> Any:
        return linalg.eigsh(chain(k), 3, return_eigenvectors=False, **settings)

    theirs = plain.eigsh(chain(SPRINGS), 3, return_eigenvectors=False, **settings)
    np.testing.assert_allclose(bb.jvp(values, (SPRINGS,), (SPRINGS,))[0], theirs, rtol=1e-10)
    np.testing.assert_allclose(bb.jvp(values, (SPRINGS,), (SPRINGS,))[1], theirs, rtol=1e-10)  # linear in the springs
    dense = bb.jacobian(lambda k: part(np.linalg.eigvalsh(chain(k).toarray())))(SPRINGS)
    order = np.argsort(theirs)
    np.testing.assert_allclose(bb.jacobian(values)(SPRINGS)[order], dense, rtol=1e-8, atol=1e-10)


def test_by_all_entries_of_a_dense_matrix() -> None:
    """dw = vᵀ dA v, which reads both triangles."""
    a = chain(SPRINGS).toarray()
    w, v = np.linalg.eigh(a)
    slope = bb.grad(lambda a: linalg.eigsh(a, 2, which="LA")[0][1])(a)
    np.testing.assert_allclose(slope, np.outer(v[:, -1], v[:, -1]), rtol=1e-9, atol=1e-12)


def test_batches_and_compiled_functions() -> None:
    f = found({"sigma": 0.0}, False)
    stack = np.stack([SPRINGS, SPRINGS + 0.2 * np.arange(N + 1)])
    expected = [bb.grad(f)(k) for k in stack]
    np.testing.assert_allclose(bb.vmap(bb.grad(f))(stack), expected, rtol=1e-8, atol=1e-9)
    compiled = bb.compile(bb.grad(f))
    for k, slope in zip(stack, expected, strict=True):
        np.testing.assert_allclose(compiled(k), slope, rtol=1e-8, atol=1e-9)


def test_what_has_no_derivative() -> None:
    with pytest.raises(bb.DerivativeValueError, match="equal to rounding"):
        bb.grad(lambda d: np.sum(linalg.eigsh(sparse.diags([d], [0]), 2, sigma=2.1)[0]))(np.array([1.0, 2, 2, 5, 7, 8]))
    with pytest.raises(bb.NoDerivativeError, match="M="):
        bb.grad(lambda k: linalg.eigsh(chain(k), 2, M=np.eye(N))[0][0])(SPRINGS)
    with pytest.raises(bb.NoDerivativeError, match="the matrix is complex"):
        bb.grad(lambda k: linalg.eigsh(chain(k * (1 + 0j)), 2)[0][0])(SPRINGS)


@pytest.mark.parametrize("power", [-1000, -600, -100, 100, 600, 1000])
@pytest.mark.parametrize("dense", [False, True])
def test_scales(dense: bool, power: int) -> None:
    """Of 2**power times a matrix the vectors are the same, and their slope is 2**-power times as large."""

    def of_pairs(v: Any) -> Any:
        return np.sum(v**2 * WEIGHTS)

    def found(k: Any) -> Any:
        return of_pairs(linalg.eigsh(chain(k).toarray() if dense else chain(k), 3, which="SA")[1])

    expected = bb.grad(lambda k: of_pairs(np.linalg.eigh(chain(k).toarray())[1][:, :3]))(SPRINGS)
    scale = 2.0**power
    np.testing.assert_allclose(bb.grad(found)(scale * SPRINGS) * scale, expected, rtol=1e-8, atol=1e-10)
    along = bb.jvp(found, (scale * SPRINGS,), (scale * np.cos(SPRINGS),))[1]
    np.testing.assert_allclose(along, expected @ np.cos(SPRINGS), rtol=1e-8)


@pytest.mark.parametrize("scale", [2.0**-700, 2.0**700])
def test_equal_eigenvalues_of_any_size(scale: float) -> None:
    """By the smallest difference that numbers of this size have."""
    diagonal = scale * np.array([1.0, 2, 2 * (1 + 3e-16), 5, 7, 8])
    with pytest.raises(bb.DerivativeValueError, match="equal to rounding"):
        bb.grad(lambda d: np.sum(linalg.eigsh(sparse.diags([d], [0]), 2, sigma=2.1 * scale)[0]))(diagonal)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.filterwarnings("ignore:The problem size")  # of lobpcg
@pytest.mark.parametrize(("which", "solver"), [("LM", "arpack"), ("SM", "arpack"), ("LM", "propack"), ("SM", "lobpcg")])
def test_singular_values_with_their_vectors(which: str, solver: str, dense: bool) -> None:
    """SciPy's values, and the derivatives of those of the whole matrix, by differences of NumPy's."""

    def wide(k: Any) -> Any:
        a = chain(k)[:-2]
        return a.toarray() if dense else a

    def seen(u: Any, s: Any, vh: Any) -> Any:
        return np.sum(np.cos(3 * u**2)) + np.sum(s * np.arange(1.0, 4)) + np.sum(np.sin(2 * vh**2))

    f = lambda k: seen(*linalg.svds(wide(k), 3, which=which, solver=solver))  # noqa: E731

    def theirs(k: np.ndarray) -> Any:
        u, s, vh = np.linalg.svd(chain(k).toarray()[:-2], full_matrices=False)
        taken = [2, 1, 0] if which == "LM" else [-1, -2, -3]
        return seen(u[:, taken], s[taken], vh[taken])

    y, gradient = bb.value_and_grad(f)(SPRINGS)
    np.testing.assert_allclose(y, theirs(SPRINGS), rtol=1e-12)
    values = plain.svds(
        chain(SPRINGS).toarray()[:-2], 3, which=which, solver=solver, return_singular_vectors=False, rng=0
    )
    found = [
        linalg.svds(wide(bb.Variable(SPRINGS)), 3, which=which, solver=solver, return_singular_vectors=given)
        for given in (False, True, "u", "vh")
    ]
    for part in (found[0], *(f[1] for f in found[1:])):
        np.testing.assert_allclose(part.data, values, rtol=1e-4)  # lobpcg's to its tolerance
    assert found[2][2] is None
    assert found[3][0] is None
    h, t = 1e-6, np.cos(np.arange(N + 1.0))
    slope = (theirs(SPRINGS + h * t) - theirs(SPRINGS - h * t)) / (2 * h)
    np.testing.assert_allclose(np.sum(gradient * t), slope, rtol=1e-6)
    np.testing.assert_allclose(bb.jvp(f, (SPRINGS,), (t,))[1], slope, rtol=1e-6)


def test_singular_values_that_are_too_many() -> None:
    for k, which in ((0, "LM"), (N, "LM"), (2.5, "LM"), (2, "LA")):
        for run in (lambda a, k=k, which=which: linalg.svds(a, k, which=which),):
            with pytest.raises(ValueError, match=r"`k` must be|`which` must be"):
                run(np.eye(N))
            with pytest.raises(ValueError, match=r"`k` must be|`which` must be"):
                run(bb.Variable(np.eye(N)))
