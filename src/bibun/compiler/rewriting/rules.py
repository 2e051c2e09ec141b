"""The rules of simplification: a pattern, what stands for it, and the identity beside it.

RULES hold in floating point for every value, but that a sum along axes that is 0 may have the other sign, and that an
exact 0 is 0 times a number that nothing is known of only where a row says so (guarded_times). UNSAFE ones hold for real
numbers; they can change infinities, nan, overflow, signs of 0 and the last digits, and are used under fast=True only.
"""

from __future__ import annotations

from collections.abc import Callable
from math import frexp, prod
from typing import Any, NamedTuple

import numpy as np

from bibun.compiler.graph import Node, resized
from bibun.compiler.rewriting.patterns import (
    INEXACT,
    ONE,
    REAL,
    UNSIGNED,
    VARYING,
    ZERO,
    A,
    C,
    Call,
    D,
    Number,
    Row,
    Variable,
    X,
    Y,
    Z,
    number_of,
    row,
)
from bibun.compiler.rewriting.writes import all_of_it, as_it_was, put_again, put_instead, put_there
from bibun.primitives import TABLE

RUN = 4  # entries in a row that are taken together


class Rule(NamedTuple):
    """`replacement`: a pattern, or a function (rewriter, node, what the variables stand for) -> a node or None."""

    pattern: Row
    replacement: Row | Variable | Number | Callable[..., Node | None]


add, subtract, multiply, divide = row("add"), row("subtract"), row("multiply"), row("divide")
negative, square, power, guarded = row("negative"), row("square"), row("power"), row("guarded_times")
exp, log, expm1, log1p, sqrt = row("exp"), row("log"), row("expm1"), row("log1p"), row("sqrt")
where, copy, positive, tied, astype = row("where"), row("copy"), row("positive"), row("tied"), row("astype")
reshape, transpose, broadcast_to, sum_ = row("reshape"), row("transpose"), row("broadcast_to"), row("sum")
getitem, put, scatter_add, real, conjugate = map(row, ("getitem", "put", "scatter_add", "real", "conjugate"))
matmul, concatenate, stack, einsum = row("matmul"), row("concatenate"), row("stack"), row("einsum")


# ---- conditions and replacements that look at settings ------------------------------------------


def is_power_of_two(number: Any) -> bool:
    """Whether a number times this one is not rounded."""
    return abs(frexp(float(number))[0]) == 0.5


def scale(first: Any, second: Any) -> float | None:
    """The product of two numbers that may stand for them, one after the other: one is a power of two, and none is extreme."""
    product = float(first) * float(second)
    exact = is_power_of_two(first) or is_power_of_two(second)
    return product if exact and 1e-30 < abs(product) < 1e30 else None


def _power_of_two(rewriter: Any, node: Node, *, c: Node, d: Node, x: Node) -> Node | None:
    """c (d x) = (c d) x where one of both is a power of two: nothing is rounded twice."""
    product = scale(number_of(c), number_of(d)) if node.dtype.kind == "f" else None
    return None if product is None else rewriter.call("multiply", product, x, like=node.like)


def _constant_first(rewriter: Any, node: Node, *, c: Node, x: Node) -> Node | None:
    """A number of Python's as one of the product's dtype, as NumPy reads it."""
    return rewriter.call("multiply", number_of(c), x, like=node.like) if x.dtype == node.dtype else None


def _unguarded(rewriter: Any, node: Node, *, c: Node, x: Node) -> Node | None:
    """A number that is not 0 needs no guard before what may be infinite, and a finite one behind it does no harm."""
    value = number_of(c)
    if x.dtype != node.dtype or not (value != 0 if node.operands[0] is c else np.isfinite(value)):
        return None
    return rewriter.call("multiply", value, x, like=node.like)  # type: ignore[no-any-return]


def _square(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """NumPy's operator has the dtype of np.square: of truth values int8, as np.power has not. The operator of complex numbers was
    recorded as a square; np.power's infinities are others."""
    if node.dtype.kind == "c" or np.square(np.empty(0, x.dtype)).dtype != node.dtype:
        return None
    return rewriter.make(TABLE["square"], (x,), None, resized(node.like, x.shape))  # type: ignore[no-any-return]


def _square_root(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """Of arrays of floats. Of a number NumPy computes the power."""
    if x.like.scalar is not None or x.dtype != node.dtype or node.dtype.kind != "f":
        return None
    return rewriter.make(TABLE["sqrt"], (x,), None, resized(node.like, x.shape))  # type: ignore[no-any-return]


def _one_minus_square(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """The product that NumPy computes: see primitives/elementwise.py."""
    like = node.like
    if x.dtype != node.dtype:
        return None
    if node.dtype.kind == "c":
        below = rewriter.call("subtract", rewriter.call("negative", x, like=like), 1, like=like)
        return rewriter.call("multiply", rewriter.call("subtract", x, 1, like=like), below, like=like)  # type: ignore[no-any-return]
    above = rewriter.call("add", 1, x, like=like)
    return rewriter.call("multiply", rewriter.call("subtract", 1, x, like=like), above, like=like)  # type: ignore[no-any-return]


def _same(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """x itself, if it is alike already."""
    return x if x.like.shape == node.like.shape and x.dtype == node.dtype and x.weak == node.weak else None


def _first(rewriter: Any, node: Node, *, x: Node, y: Node) -> Node:
    return x


def _reshape_twice(rewriter: Any, node: Node, *, x: Node) -> Node:
    return rewriter.make(TABLE["reshape"], (x,), node.settings, node.like)  # type: ignore[no-any-return]


def _transpose_twice(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    inner = node.operands[0].settings["axes"]
    axes = tuple(inner[i] for i in node.settings["axes"])
    if axes == tuple(range(len(axes))):
        return x
    return rewriter.make(TABLE["transpose"], (x,), {"axes": axes}, node.like)  # type: ignore[no-any-return]


def _no_transpose(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    axes = node.settings["axes"]
    long = [i for i in axes if x.shape[i] != 1]
    if axes == tuple(range(len(axes))):
        return x
    if long == sorted(long):  # only axes of length 1 move
        return rewriter.make(TABLE["reshape"], (x,), {"shape": node.shape}, node.like)  # type: ignore[no-any-return]
    return None


def _broadcast_twice(rewriter: Any, node: Node, *, x: Node) -> Node:
    return rewriter.make(TABLE["broadcast_to"], (x,), node.settings, node.like)  # type: ignore[no-any-return]


def _reshape_of_broadcast(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """The reshape of one number repeated is that number repeated; new axes of length 1 go inside."""
    if prod(x.shape) != 1:
        return None
    if x.shape:
        x = rewriter.make(TABLE["reshape"], (x,), {"shape": ()}, resized(x.like, ()))
    return rewriter.make(TABLE["broadcast_to"], (x,), {"shape": node.shape}, node.like)  # type: ignore[no-any-return]


def _view_of_number(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """Any view of one number repeated."""
    if x.shape and prod(x.shape) != 1:
        return None
    return _reshape_of_broadcast(rewriter, node, x=x)


def _sum_of_broadcast(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """The sum of n copies is n times one: along the axes that were repeated."""
    inner = node.operands[0]
    axes, lead = node.settings["axis"], len(inner.shape) - len(x.shape)
    repeated = [i for i in axes if i < lead or (x.shape[i - lead] == 1 and inner.shape[i] != 1)]
    if not repeated or node.dtype.kind != "f" or x.dtype != node.dtype or x.weak:
        return None
    rest = tuple(i - lead for i in axes if i not in repeated)
    total = x
    if rest:
        like = resized(x.like, tuple(1 if i in rest else n for i, n in enumerate(x.shape)))
        total = rewriter.make(TABLE["sum"], (x,), {"axis": rest, "keepdims": True}, like)
    scaled = rewriter.call("multiply", prod(inner.shape[i] for i in repeated), total, like=node.like)
    between = tuple(1 if i in axes else n for i, n in enumerate(inner.shape))
    full = rewriter.fitted(scaled, resized(node.like, between))
    return rewriter.make(TABLE["reshape"], (full,), {"shape": node.shape}, node.like)  # type: ignore[no-any-return]


def _sum_of_nothing(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """A sum along axes of length 1 only."""
    if any(x.shape[i] != 1 for i in node.settings["axis"]) or x.dtype != node.dtype:
        return None
    return rewriter.make(TABLE["reshape"], (x,), {"shape": node.shape}, node.like)  # type: ignore[no-any-return]


def _sum_of_negative(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    if x.dtype != node.dtype:  # integers of few bits wrap around before they are added up
        return None
    total = rewriter.make(TABLE["sum"], (x,), node.settings, node.like)
    return rewriter.make(TABLE["negative"], (total,), None, node.like)  # type: ignore[no-any-return]


def _sum_of_product(rewriter: Any, node: Node, *, x: Node, y: Node) -> Node | None:
    """The sum of X Y over rows or columns is the product with a sum of X or Y, which is less work."""
    product, axes = node.operands[0], node.settings["axis"]
    if node.dtype.kind != "f" or not (x.dtype == y.dtype == node.dtype):
        return None
    if product.name == "einsum":
        *terms, result = product.settings["subscripts"]
    else:
        if min(len(x.shape), len(y.shape)) < 2 or x.shape[:-2] != y.shape[:-2]:
            return None
        batch = "abcdefghijklmnopqrstuvw"[: len(x.shape) - 2]
        terms, result = [f"{batch}xy", f"{batch}yz"], f"{batch}xz"
    if all(all(result[i] in term for term in terms) for i in axes):
        return None
    kept = "".join(letter for i, letter in enumerate(result) if i not in axes)
    shape = tuple(n for i, n in enumerate(product.shape) if i not in axes)
    settings = {"subscripts": (*terms, kept), "optimize": False}
    total = rewriter.make(TABLE["einsum"], product.operands, settings, resized(node.like, shape))
    return rewriter.make(TABLE["reshape"], (total,), {"shape": node.shape}, node.like)  # type: ignore[no-any-return]


def _whole(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """x[...], x[:], x[:, :]."""
    for k in node.settings["key"]:
        if k is not Ellipsis and not (
            isinstance(k, slice) and k.start in (None, 0) and k.stop is None and k.step in (None, 1)
        ):
            return None
    return x if x.shape == node.shape else None


def _taken_back(rewriter: Any, node: Node, *, x: Node) -> Node | None:
    """What was just put at this key."""
    key, shape = node.settings["key"], node.operands[0].settings["shape"]
    inner = node.operands[0].settings["key"]
    if len(key) != len(inner) or len(shape) < len(key):
        return None
    for k, mine, n in zip(key, inner, shape, strict=False):
        if not (isinstance(k, slice) and isinstance(mine, slice) and k.indices(n) == mine.indices(n)):
            return None
    return x if x.shape == node.shape else None


def _identity_product(rewriter: Any, node: Node, *, x: Node, y: Node) -> Node | None:
    """1 y = y, x 1 = x: a product with the identity matrix, of which forward mode makes its tangents."""
    if is_identity(x) and len(y.shape) >= 2:
        return y if y.shape == node.shape else None
    if is_identity(y) and len(x.shape) >= 2:
        return x if x.shape == node.shape else None
    return None


def _stack_of_entries(rewriter: Any, node: Node) -> Node | None:
    """[s[0], s[1], ...] is s[0:n]: what a Python loop appended to a list, and the loop that was found keeps in an array."""
    axis = node.settings["axis"] % len(node.shape)
    runs: list[list[Node]] = []
    for x in node.operands:
        last = _entry(runs[-1][-1]) if runs else None
        here = _entry(x)
        if last is not None and here == (last[0], last[1] + 1) and x.dtype == node.dtype:
            runs[-1].append(x)
        else:
            runs.append([x])
    if max(map(len, runs)) < RUN:
        return None
    parts: list[Node] = []
    for run in runs:
        like = resized(node.like, (*node.shape[:axis], len(run), *node.shape[axis + 1 :]))
        if len(run) == 1:
            parts.append(rewriter.make(TABLE["stack"], (run[0],), {"axis": axis}, like))
        else:
            parts.append(_entries(rewriter, run, axis, like))
    if len(parts) == 1:
        return parts[0]
    return rewriter.make(TABLE["concatenate"], tuple(parts), {"axis": axis}, node.like)  # type: ignore[no-any-return]


def _entries(rewriter: Any, run: list[Node], axis: int, like: Any) -> Node:
    """s[k:k + n], its first axis put at `axis`."""
    (whole,) = run[0].operands
    (first,) = run[0].settings["key"]
    found = whole
    if len(run) < whole.shape[0] or whole.weak:
        key = (slice(first, first + len(run), None),)
        found = rewriter.make(TABLE["getitem"], (whole,), {"key": key}, resized(like, (len(run), *whole.shape[1:])))
    axes = (*range(1, axis + 1), 0, *range(axis + 1, len(like.shape)))
    return rewriter.make(TABLE["transpose"], (found,), {"axes": axes}, like)  # type: ignore[no-any-return]


def _entry(node: Node) -> tuple[Node, int] | None:
    """Of s[k] the array and k."""
    if node.name != "getitem" or len(node.settings["key"]) != 1:
        return None
    (k,) = node.settings["key"]
    (whole,) = node.operands
    return (whole, k) if type(k) is int and k >= 0 and node.shape == whole.shape[1:] else None


def is_identity(node: Node) -> bool:
    """A captured identity matrix that nobody can change."""
    while node.name == "reshape" and node.shape == node.operands[0].shape:
        (node,) = node.operands
    if node.name != "captured":
        return False
    return is_identity_matrix(node.settings)


def is_identity_matrix(array: np.ndarray[Any, Any]) -> bool:
    """An array of its own that nobody can change."""
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.flags.writeable or array.base is not None:
        return False
    return bool(np.count_nonzero(array) == array.shape[0] and np.all(np.diagonal(array) == 1))


def repeated_number(array: np.ndarray[Any, Any]) -> Any:
    """The number that all entries are, as np.zeros makes it; None where there is none, or it has signs or is no number."""
    if not array.size or array.dtype.kind not in "fib" or array.flat[0] != array.flat[-1] or array.flat[0] < 0:
        return None
    first = array.flat[0]
    same = bool((array == first).all()) and not (array.dtype.kind == "f" and np.signbit(array).any())
    return first if same else None


# ---- the rules ----------------------------------------------------------------------------------

RULES = (
    # numbers: of a complex one NumPy computes x 0 too, which is nan for infinities, and x + 0, which is 0 for -0
    Rule(multiply(REAL, 1), REAL),  # x 1 = x
    Rule(multiply(1, REAL), REAL),  # 1 x = x
    Rule(divide(REAL, 1), REAL),  # x / 1 = x
    Rule(multiply(REAL, -1), negative(REAL)),  # x (-1) = -x
    Rule(multiply(-1, REAL), negative(REAL)),  # (-1) x = -x
    Rule(add(UNSIGNED, 0), UNSIGNED),  # x + 0 = x, which -0 + 0 = 0 is not
    Rule(add(0, UNSIGNED), UNSIGNED),  # 0 + x = x, likewise
    Rule(add(REAL, -0.0), REAL),  # x + (-0) = x
    Rule(add(-0.0, REAL), REAL),  # (-0) + x = x
    Rule(subtract(REAL, 0), REAL),  # x - 0 = x
    Rule(row("one_minus_square")(X), _one_minus_square),  # (1 - x) (1 + x)
    Rule(power(X, 1), X),  # x**1 = x
    Rule(power(X, 2), _square),  # x**2 = x x, as NumPy's operator has it
    Rule(power(X, 0.5), _square_root),  # x**0.5 = sqrt(x), as NumPy has it for arrays: of -infinity nan
    Rule(guarded(REAL, 1), REAL),  # x 1 = x
    Rule(guarded(1, REAL), REAL),  # 1 x = x: only a 0 is guarded
    Rule(guarded(-1, REAL), negative(REAL)),  # (-1) x = -x
    Rule(guarded(REAL, -1), negative(REAL)),  # x (-1) = -x
    Rule(guarded(C, X), _unguarded),
    Rule(guarded(X, C), _unguarded),
    # signs
    Rule(negative(negative(X)), X),  # -(-x) = x
    Rule(add(X, negative(Y)), subtract(X, Y)),  # x + (-y) = x - y
    Rule(add(negative(X), Y), subtract(Y, X)),  # (-x) + y = y - x
    Rule(subtract(X, negative(Y)), add(X, Y)),  # x - (-y) = x + y
    Rule(multiply(negative(X), negative(Y)), multiply(X, Y)),  # (-x) (-y) = x y
    Rule(multiply(negative(REAL), Y), negative(multiply(REAL, Y))),  # (-x) y = -(x y): not so the sign of complex zeros
    Rule(multiply(REAL, negative(Y)), negative(multiply(REAL, Y))),  # x (-y) = -(x y)
    Rule(divide(negative(REAL), Y), negative(divide(REAL, Y))),  # (-x) / y = -(x / y)
    Rule(divide(REAL, negative(Y)), negative(divide(REAL, Y))),  # x / (-y) = -(x / y)
    Rule(square(negative(X)), square(X)),  # (-x)**2 = x**2
    Rule(multiply(INEXACT, INEXACT), square(INEXACT)),  # x x = x**2
    # constants
    Rule(multiply(VARYING, C), _constant_first),  # x c = c x
    Rule(multiply(C, multiply(D, X)), _power_of_two),  # 2 (d x) = (2 d) x
    Rule(add(add(X, ZERO), ZERO), add(X, ZERO)),  # the first has made 0 of -0
    # choices
    Rule(where(X, A, A), A),  # the same either way
    # what moves entries and computes nothing
    Rule(copy(X), X),  # nothing is written to in a graph
    Rule(positive(X), _same),
    Rule(tied(X, Y), _first),  # a derivative that came out constant
    Rule(astype(X), _same),  # to its own dtype
    Rule(real(REAL), X),  # the real part of a real number
    Rule(conjugate(REAL), X),  # its conjugate
    Rule(reshape(reshape(X)), _reshape_twice),
    Rule(reshape(X), _same),
    Rule(reshape(broadcast_to(X)), _reshape_of_broadcast),
    Rule(transpose(transpose(X)), _transpose_twice),
    Rule(transpose(X), _no_transpose),
    Rule(transpose(broadcast_to(X)), _view_of_number),
    Rule(getitem(broadcast_to(X)), _view_of_number),
    Rule(broadcast_to(broadcast_to(X)), _broadcast_twice),
    Rule(broadcast_to(X), _same),
    Rule(getitem(X), _whole),
    Rule(getitem(scatter_add(X)), _taken_back),
    Rule(getitem(put(X, Y)), put_there),
    Rule(put(X, Y), all_of_it),
    Rule(put(X, getitem(X)), as_it_was),
    Rule(put(put(X, Y), Z), put_again),
    Rule(add(put(X, ZERO), scatter_add(Y)), put_instead),
    Rule(add(scatter_add(Y), put(X, ZERO)), put_instead),
    Rule(Call("stack"), _stack_of_entries),
    # sums and products
    Rule(sum_(broadcast_to(X)), _sum_of_broadcast),  # n copies
    Rule(sum_(X), _sum_of_nothing),
    Rule(sum_(negative(X)), _sum_of_negative),  # the sum of -x is -(the sum of x)
    Rule(sum_(matmul(X, Y)), _sum_of_product),  # 1^T X Y = (1^T X) Y
    Rule(sum_(einsum(X, Y)), _sum_of_product),
    Rule(matmul(X, Y), _identity_product),  # 1 y = y
)

UNSAFE = (
    Rule(multiply(C, multiply(D, X)), multiply(multiply(C, D), X)),
    Rule(add(X, 0), X),  # x is not -0
    Rule(add(0, X), X),  # likewise
    Rule(exp(log(X)), X),  # x > 0
    Rule(log(exp(REAL)), REAL),  # no overflow; of a complex number it takes whole turns away
    Rule(expm1(log1p(X)), X),
    Rule(log1p(expm1(REAL)), REAL),
    Rule(square(sqrt(X)), X),
    Rule(subtract(X, X), ZERO),
    Rule(divide(X, X), ONE),
    Rule(guarded(X, Y), multiply(X, Y)),  # where nothing is infinite
)
