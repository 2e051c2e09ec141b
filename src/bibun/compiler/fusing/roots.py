"""What stores an expression: the roots that nests compute."""

from __future__ import annotations

import numpy as np

from bibun.compiler.fusing.affine import fixed, identity, variable
from bibun.compiler.fusing.buffers import Buffer
from bibun.compiler.fusing.expressions import Expression
from bibun.compiler.fusing.nests import Root, computed_inline
from bibun.compiler.fusing.origins import region_of

PIECES = 8  # cuts of one loop; a join of more parts is stored part by part


def roots_of(x: Expression, buffer: Buffer) -> list[Root]:
    """What stores an expression: mostly one root; a join of many parts, or of strided ones, a root a part."""
    if x.op == "reduce":
        (value,), (word, axes) = x.operands, x.params
        if computed_inline(x):
            return [Root(x, x, buffer, identity(len(x.shape)))]
        kept = [i for i in range(len(value.shape)) if i not in axes]
        return [Root(x, value, buffer, tuple(variable(i) for i in kept), word=word, reduced=axes)]
    if x.op == "pair":
        places = identity(len(x.shape) - 1)
        return [Root(x, half, buffer, (*places, fixed(k))) for k, half in enumerate(x.operands)]
    if x.op == "patch":
        background, value = x.operands
        return [
            Root(x, background, buffer, identity(len(x.shape))),
            Root(x, value, buffer, x.params.places),
        ]
    if x.op == "scatter":
        background, value, *_ = x.operands
        whole = Root(x, background, buffer, identity(len(x.shape)))
        return [whole, Root(x, value, buffer, (), scattering=x.params)]
    if x.op == "place" and (len(x.params) > PIECES or any(s != 1 for box in x.params for s in box.steps)):
        return _part_by_part(x, buffer)
    return [Root(x, x, buffer, identity(len(x.shape)))]


def _part_by_part(x: Expression, buffer: Buffer) -> list[Root]:
    background, *parts = x.operands
    roots = []
    if not _covered(x, parts):
        roots.append(Root(x, _filled(x, background), buffer, identity(len(x.shape))))
    for part, box in zip(parts, x.params, strict=True):
        target = tuple(variable(i, s, b) for i, (b, s) in enumerate(zip(box.starts, box.steps, strict=True)))
        roots.append(Root(x, part, buffer, target))
    return roots


def _covered(x: Expression, parts: list[Expression]) -> bool:
    """Whether nothing is seen of the background: parts may meet."""
    if sum(p.size for p in parts) < x.size:
        return False
    covered = np.zeros(x.shape, bool)
    for part, box in zip(parts, x.params, strict=True):
        covered[region_of(part.shape, box)] = True
    return bool(covered.all())


def _filled(x: Expression, background: Expression) -> Expression:
    """The background in the shape of the whole."""
    if background.shape == x.shape:
        return background
    return Expression("view", (background,), (), x.shape, x.kind, -1 - x.number)
