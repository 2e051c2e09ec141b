"""A sample: one row, one case and one choice of dtypes, with the inputs and directions drawn. Holds no law."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any
from zlib import crc32

import numpy as np

from bibun.core.primitive import Primitive
from bibun.core.rules import Missing
from tests.laws.cases import APART, Case, cases
from tests.laws.domains import cotangent, direction, sample
from tests.laws.table import TABLE

_ENOUGH = 1 / 16  # twice the longest step of the differences


class Sample:
    """The inputs of one call. `free`: the positions of those that are differentiated, the others are held."""

    def __init__(self, row: Primitive, case: Case, dtypes: str) -> None:
        self.row = row
        self.case = case
        self.dtypes = dtypes
        self.random = np.random.default_rng(crc32(f"{row.name} {case.label} {dtypes}".encode()))
        self.free = tuple(i for i, x in enumerate(case.inputs) if isinstance(x, tuple) and self._pulls(i))
        self.inputs = self._apart()
        self.primals = tuple(self.inputs[i] for i in self.free)
        self.tangents = self.directions()

    def _pulls(self, i: int) -> bool:
        return self.row.inputs is None or not isinstance(self.row.pullbacks[i], Missing | None)

    def domain(self, i: int) -> str:
        """The domain of an input: the case's, else the row's; the last of them holds for all further inputs."""
        names = self.case.domains or self.row.domain or ("real",)
        return names[min(i, len(names) - 1)]

    def dtype(self, i: int) -> Any:
        """The dtypes in turn."""
        return np.dtype(self.dtypes[i % len(self.dtypes)])

    def _draw(self) -> tuple[Any, ...]:
        return tuple(
            sample(self.domain(i), x, self.dtype(i), self.random) if isinstance(x, tuple) else x
            for i, x in enumerate(self.case.inputs)
        )

    def _apart(self) -> tuple[Any, ...]:
        """Drawn until the inputs of a row with a kink between them are apart from it."""
        apart = APART.get(self.row.name)
        drawn = self._draw()
        while apart is not None and not np.all(apart(*drawn) > _ENOUGH):
            drawn = self._draw()
        return drawn

    def directions(self) -> tuple[Any, ...]:
        """New random tangents of the free inputs."""
        return tuple(direction(self.domain(i), np.shape(self.inputs[i]), self.dtype(i), self.random) for i in self.free)

    def cotangent(self) -> Any:
        """A new random cotangent of the output."""
        return cotangent(self.value, self.random)

    def observed(self, y: Any) -> Any:
        """What of an output the laws look at."""
        return y if self.case.observe is None else self.case.observe(y)

    def call(self, *primals: Any) -> Any:
        """The row, of its free inputs."""
        return self.observed(self.row(*self._whole(primals), **self.case.settings))

    def plain(self, *primals: Any) -> Any:
        """NumPy alone, of the free inputs."""
        return self.observed(self.row.function(*self._whole(primals), **self.case.settings))

    def of(self, positions: tuple[int, ...]) -> Callable[..., Any]:
        """The row, of these inputs only; the others stay."""

        def call(*values: Any) -> Any:
            whole = list(self.inputs)
            for i, value in zip(positions, values, strict=True):
                whole[i] = value
            return self.observed(self.row(*whole, **self.case.settings))

        return call

    def _whole(self, primals: tuple[Any, ...]) -> list[Any]:
        whole = list(self.inputs)
        for i, x in zip(self.free, primals, strict=True):
            whole[i] = x
        return whole

    @cached_property
    def value(self) -> Any:
        """The plain value."""
        return self.plain(*self.primals)

    def __repr__(self) -> str:
        inputs = ", ".join(f"{np.dtype(x.dtype).name}{np.shape(x)}" for x in self.inputs)
        return f"{self.row.name}({inputs}; {self.case.settings})"


def draw(name: str, index: int, dtypes: str) -> Sample:
    """The sample of a row's case of that number, the same whenever it is drawn."""
    row = TABLE[name]
    return Sample(row, cases(row)[index], dtypes)


@cache
def takes(name: str, index: int, dtypes: str) -> bool:
    """Whether the law can be asked with these dtypes: one for each free input at most, complex where the row has it."""
    wide = any(np.dtype(kind).kind == "c" for kind in dtypes)
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            drawn = draw(name, index, dtypes)
            return len(drawn.free) >= len(dtypes) and (not wide or (drawn.case.wide and drawn.value is not None))
        except (
            TypeError,
            np.exceptions.ComplexWarning,
        ):  # NumPy has no loop for complex numbers, or drops a part of them
            if wide:
                return False
            raise
