"""bibun beside JAX, PyTorch and autograd: random calls with random keywords; values and derivatives. Owns no line of a table."""

from __future__ import annotations

import pytest

for peer in ("jax", "torch", "autograd"):
    pytest.importorskip(peer)

from tests.oracles import table_linalg, table_numpy, table_scipy  # noqa: E402
from tests.oracles.comparing import Line, compare  # noqa: E402

LINES = [*table_numpy.LINES, *table_linalg.LINES, *table_scipy.LINES]


@pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
def test_peers_agree(line: Line) -> None:
    assert compare(line), f"no peer knows {line.name} with the arguments that were drawn"
