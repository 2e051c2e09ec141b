"""The row of linear systems: SciPy's solvers, one class each, differentiated by the implicit function theorem.

Owns the row and what a solver has to say of itself. The solvers are where SciPy has them: linalg/, sparse/, signal/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bibun.arrays.registry import add_rows
from bibun.core.batching import loop
from bibun.core.primitive import Primitive
from bibun.core.rules import rule
from bibun.transforms.forward import jvp
from bibun.transforms.reverse import vjp


class System:
    """product(parameters, y) = right side: a solver, and the equation that it solves.

    The inputs of the row are the parameters and, last, the right side. Subclasses are frozen dataclasses, whose fields
    are the settings of the solver.
    """

    columns = True  # the right side is a matrix, each column of which is solved for by itself

    @property
    def native(self) -> tuple[str, str, bool, bool] | None:
        """What the compiler has machine code for (compiler/fusing/systems.py): the structure of the matrix (general,
        triangular, positive definite, tridiagonal in band storage), the triangle that is read, whether the transpose is
        meant, and a diagonal of ones."""
        return None

    def solve(self, *inputs: Any) -> Any:
        """SciPy's value, of plain inputs."""
        raise NotImplementedError

    def product(self, *inputs: Any) -> Any:
        """Of the parameters and y, in NumPy's words; linear in y."""
        raise NotImplementedError

    def transposed(self, *parameters: Any) -> tuple[System, tuple[Any, ...]]:
        """The solver and the parameters of the transposed equation (without conjugation)."""
        raise NotImplementedError

    def residual(self, inputs: list[Any], y: Any) -> Any:
        """What is zero at the solution; its derivative by y is minus the product's."""
        return inputs[-1] - self.product(*inputs[:-1], y)

    def step(self, inputs: list[Any], r: Any) -> Any:
        """The dy that makes up for a change r of the residual."""
        return linear_system(*inputs[:-1], r, system=self)

    def step_back(self, inputs: list[Any], g: Any) -> Any:
        """The transpose of `step`."""
        system, parameters = self.transposed(*inputs[:-1])
        return linear_system(*parameters, g, system=system)


def _solve(*inputs: Any, system: System) -> Any:
    return system.solve(*inputs)


def _residual_of(positions: list[int], y: Any, xs: list[Any], system: System) -> Any:
    """The residual as a function of these inputs."""

    def residual(*values: Any) -> Any:
        inputs = list(xs)
        for i, value in zip(positions, values, strict=True):
            inputs[i] = value
        return system.residual(inputs, y)

    return residual


def _pull(g: Any, needed: tuple[int, ...], y: Any, xs: list[Any], system: System) -> list[Any]:
    """u = step_back(g), and then by each input the pullback of the residual."""
    residual = _residual_of(list(needed), y, xs, system)
    r, pullback = vjp(residual, *(xs[i] for i in needed))
    u = system.step_back(xs, g)
    return list(pullback(_like(u, r)))


def _push(tangents: list[Any], y: Any, xs: list[Any], system: System) -> Any:
    """dy = step(the tangent of the residual)."""
    moving = [i for i, t in enumerate(tangents) if t is not None]
    residual = _residual_of(moving, y, xs, system)
    _, r = jvp(residual, tuple(xs[i] for i in moving), tuple(tangents[i] for i in moving))
    return _like(system.step(xs, r), y)


def _like(x: Any, y: Any) -> Any:
    """In the dtype of y: of real y the real part, since y moves along real numbers only."""
    dtype = np.result_type(y)
    if np.result_type(x).kind == "c" and dtype.kind != "c":
        x = np.real(x)
    return x if np.result_type(x) == dtype else x.astype(dtype)


def _batch(primitive: Any, values: list[Any], batched: list[bool], settings: Mapping[str, Any]) -> Any:
    """Many right sides of one system are more columns of one right side."""
    b = values[-1]
    if any(batched[:-1]) or not settings["system"].columns or np.ndim(b) != 3:
        return loop(primitive, values, batched, settings)
    size, n, k = np.shape(b)
    y = primitive(*values[:-1], np.reshape(np.moveaxis(b, 0, 1), (n, size * k)), **settings)
    return np.moveaxis(np.reshape(y, (*np.shape(y)[:-1], size, k)), -2, 0)


linear_system: Primitive = Primitive(
    "linear_system",
    "general",
    _solve,
    inputs=None,
    pullbacks=(rule(_pull),),
    pushforwards=(rule(_push),),
    batch=_batch,
)
add_rows(linear_system)
