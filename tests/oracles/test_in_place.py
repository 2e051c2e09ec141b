"""Random programs of in-place updates: bibun beside PyTorch, which has them, and JAX, which has x.at[].set. Draws no program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

for peer in ("jax", "torch", "autograd"):
    pytest.importorskip(peer)

import jax.numpy as jnp  # noqa: E402
import torch  # noqa: E402

import bibun as bb  # noqa: E402
from tests.oracles.comparing import COMPARED  # noqa: E402
from tests.oracles.draws import Draw  # noqa: E402
from tests.oracles.packages import BIBUN, PEERS, leaves  # noqa: E402
from tests.oracles.programs_in_place import draw_program, run_in_place, run_of_jax  # noqa: E402

JAX, TORCH = PEERS[:2]
PROGRAMS = 40


class OfTensors:
    """PyTorch's functions, for numbers of NumPy beside tensors."""

    sin, cos, tanh, asarray = torch.sin, torch.cos, torch.tanh, staticmethod(torch.as_tensor)


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_programs_in_place(seed: int) -> None:
    d = Draw((7, seed))
    shape, program = draw_program(d)
    x, tangent, cotangent = d.array(shape), d.array(shape), d.array(shape)

    def of_numpy(x: Any) -> list[Any]:
        return [run_in_place(program, np, x)]

    def of_torch(x: Any) -> list[Any]:
        return [run_in_place(program, OfTensors, x.tensor, torch.clone)]

    before = x.copy()
    mine = answers(BIBUN, of_numpy, x, tangent, cotangent)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(mine[0], of_numpy(x)[0], rtol=1e-14)
    for package, f in ((JAX, lambda x: [run_of_jax(program, jnp, x)]), (TORCH, of_torch)):
        for a, b in zip(mine, answers(package, f, x, tangent, cotangent), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11 * np.max(np.abs(b)))
        COMPARED.update((package.name, question) for question in ("vjp", "jvp", "hvp"))
    gradient = bb.compile(bb.grad(lambda x: np.sum(of_numpy(x)[0] * cotangent)))
    for _ in range(2):  # as it is recorded, and as a program
        np.testing.assert_allclose(gradient(x), mine[1], rtol=1e-11, atol=1e-11 * np.max(np.abs(mine[1])))


def answers(package: Any, f: Any, x: Any, tangent: Any, cotangent: Any) -> list[np.ndarray]:
    """Values, pullback, pushforward, Hessian times tangent."""
    with package.quiet():
        values, pulled = package.reverse(f, (x,), (cotangent,))
        pushed = package.forward(f, (x,), (tangent,))
        second = package.second(f, (x,), (cotangent,), (tangent,))
        return [np.asarray(y) for y in leaves([list(values), list(pulled), list(pushed), list(second)])]
