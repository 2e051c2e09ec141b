"""The fast recorders: for each elementwise row of one or two inputs, a function that records it on the tape.

Derived once, at import, from the row: which of y, a, b its partials read decides what a call keeps. A recorder handles
Variables of one level with equal shapes and dtypes, and Python numbers beside a Variable; everything else goes to the
row itself, which finds the right interpreter. The results are the same; a call costs half.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bibun.arrays import indexing
from bibun.arrays.array import FOREIGN
from bibun.arrays.sparse import beside
from bibun.core.broadcasting import unbroadcast
from bibun.core.captured import COPIED, kept, lying_as
from bibun.core.kinds import guarded_times
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import Traced
from bibun.interpreters.tape import Leaf, Node, Plan, Wrapped, new, next_index
from bibun.interpreters.variable import Variable

ndarray = np.ndarray
float64 = np.float64
_SMALL = 2**16  # bytes; a larger leaf is copied only where a rule reads it
Saver = Callable[[Any, Any, Any], Any]


class Fast:
    """The rule of a fast recorder: `pull(saved, g)`, and which of y, a, b `saved` holds."""

    __slots__ = ("names", "needed", "primitive", "pull")

    def __init__(self, primitive: Primitive, names: tuple[str, ...], needed: str, pull: Callable[..., Any]) -> None:
        self.primitive = primitive
        self.names = names
        self.needed = needed
        self.pull = pull

    def lift(self, node: Node, variable: Callable[[Any, Any], Any]) -> Any:
        """`saved` with Variables in it, so that running the rule records it."""
        parents = node.parents if type(node.parents) is tuple else (node.parents,)
        of = dict(zip(self.needed, parents, strict=True)) | {"y": node}
        values = node.saved if len(self.names) > 1 else (node.saved,)
        lifted = [variable(v, of[n]) if n in of else v for n, v in zip(self.names, values, strict=False)]
        return lifted if len(self.names) > 1 else lifted[0] if self.names else None


_RETURNS_IT = (lambda x: x).__code__.co_code


def scale(primitive: Primitive, position: int, names: tuple[str, ...]) -> Callable[[Any, Any], Any]:
    """(saved, g) -> g p for the partial of one input, where `saved` holds `names` (bare when there is one)."""
    partial = primitive.partials[position]
    push = primitive.pushforwards[position].function  # type: ignore[union-attr]
    if not isinstance(partial, Rule):
        return (lambda saved, g: g) if partial == 1 else lambda saved, g: push(g)
    formula = partial.function
    where = tuple(names.index(n) for n in partial.reads)
    if primitive.guarded:
        if len(names) == 1:
            return lambda saved, g: push(g, saved)
        return lambda saved, g: push(g, *[saved[i] for i in where])
    if len(names) == 1:
        if formula.__code__.co_code == _RETURNS_IT:  # the partial of a product is the other factor
            return lambda saved, g: g * saved
        return lambda saved, g: g * formula(saved)
    if len(where) == 1:
        (i,) = where
        return lambda saved, g: g * formula(saved[i])
    return lambda saved, g: g * formula(*[saved[i] for i in where])


def _reads(primitive: Primitive, positions: tuple[int, ...]) -> tuple[str, ...]:
    """What the partials of these inputs read, in a fixed order."""
    read = {n for i in positions if isinstance(primitive.partials[i], Rule) for n in primitive.partials[i].reads}
    return tuple(n for n in ("y", "x", "a", "b") if n in read)


def settled(x: Variable) -> Any:
    """The value of a leaf, as the tape may keep it: its user can change the array."""
    given = x.value
    lies_apart = x.level and isinstance(given, np.ndarray) and not given.flags.forc
    value = lying_as(given) if lies_apart else kept(given)
    if x.level:  # a transform's own: no need to copy it again
        x.value = value
        x.node.own = True
    return value


def _ready(x: Variable) -> bool:
    """Whether the tape may keep the value of a leaf as it is; that of a small leaf of a transform is made so."""
    node = x.node
    if type(node) is not Leaf or (node.own is False and (not x.level or x.value.nbytes > _SMALL)):
        return False
    if not node.own:
        settled(x)
    return True


def unary(primitive: Primitive) -> Callable[[Any], Any]:
    """The recorder of y = f(x)."""
    function = primitive.fast
    names = _reads(primitive, (0,))
    rule = Fast(primitive, names, "x", scale(primitive, 0, names))
    saves_x, saves_y = "x" in names, "y" in names
    widens = "e->e" not in getattr(function, "types", ("e->e",))  # SciPy's functions of float16 give float32

    def record(x: Any) -> Any:
        if not isinstance(x, Variable):
            return primitive(x)
        value = x.value
        parent = x.node
        if type(parent) is not Node:
            if parent is None or (type(value) is ndarray and value.nbytes > COPIED):
                return primitive(x)
            if saves_x and not parent.own:
                value = settled(x)
        result = function(value)
        if widens and result.dtype is not value.dtype:
            return primitive(x)
        y = new(Variable)
        y.level = x.level
        y.value = result
        y.node = node = new(Node)
        node.index = next_index()
        node.parents = parent
        node.rule = rule
        if saves_y:
            node.saved = (result, value) if saves_x else result
        else:
            node.saved = value if saves_x else None
        return y

    record.__name__ = primitive.name
    return record


def entry(primitive: Primitive) -> Callable[[Any, Any], Any]:
    """The recorder of x[i], a number of a vector: what unpacking a state does. Other brackets are indexing.py's."""
    plan = Plan(primitive, (0,))

    def record(x: Any, key: Any) -> Any:
        value = x.value
        parent = x.node
        if type(key) is not int or parent is None or getattr(value, "ndim", 0) != 1 or hasattr(x, "written"):
            return indexing.get(x, key)
        y = new(Variable)
        y.level = x.level
        y.value = result = value[key]
        y.node = node = new(Node)
        node.index = next_index()
        node.parents = parent
        node.rule = plan
        node.saved = plan.save(result, [value], [False], {"key": (key,)})
        return y

    return record


def _saver(names: tuple[str, ...]) -> Saver | None:
    """(y, a, b) -> what is saved, for the names that are read."""
    return {
        (): None,
        ("y",): lambda y, a, b: y,
        ("a",): lambda y, a, b: a,
        ("b",): lambda y, a, b: b,
        ("a", "b"): lambda y, a, b: (a, b),
        ("y", "a"): lambda y, a, b: (y, a),
        ("y", "b"): lambda y, a, b: (y, b),
        ("y", "a", "b"): lambda y, a, b: (y, a, b),
    }[names]


class Shaped(Wrapped):
    """The inputs broadcast: each cotangent is summed to the shape of its input."""

    __slots__ = ("shapes",)

    def __init__(self, inner: Fast, shapes: tuple[tuple[int, ...], ...]) -> None:
        super().__init__(inner)
        self.shapes = shapes

    def pull(self, saved: Any, cotangent: Any) -> Any:
        """The adjoint of repeating is summing."""
        result = self.inner.pull(saved, cotangent)
        if len(self.shapes) == 1:
            return unbroadcast(result, self.shapes[0])
        return [unbroadcast(c, shape) for c, shape in zip(result, self.shapes, strict=True)]


class Binary:
    """The three recorders of y = f(a, b): `left` for a Variable a, `right` for a Variable b and a number a, `any`."""

    __slots__ = ("any", "left", "right")

    def __init__(self, primitive: Primitive) -> None:
        both_names, a_names, b_names = (_reads(primitive, p) for p in ((0, 1), (0,), (1,)))
        pull_a, pull_b = scale(primitive, 0, both_names), scale(primitive, 1, both_names)
        both = Fast(primitive, both_names, "ab", lambda saved, g: (pull_a(saved, g), pull_b(saved, g)))
        only_a = Fast(primitive, a_names, "a", scale(primitive, 0, a_names))
        only_b = Fast(primitive, b_names, "b", scale(primitive, 1, b_names))
        self.left = _left(primitive, only_a, both)
        self.right = _right(primitive, only_b)
        left, right = self.left, self.right
        self.any = lambda a, b: left(a, b) if isinstance(a, Variable) else right(b, a)
        self.any.__name__ = primitive.name


def _left(primitive: Primitive, only_a: Fast, both: Fast) -> Callable[[Any, Any], Any]:
    """a a Variable, b a number, an array, or a Variable of the same level and dtype; else the row itself."""
    function = primitive.fast
    save_a, save_both = _saver(only_a.names), _saver(both.names)
    keeps_b = "b" in only_a.names

    def record(a: Any, b: Any) -> Any:
        parents = a.node
        if type(parents) is not Node and not _ready(a):
            return _carefully(primitive, a, b)
        value = a.value
        other = type(b)
        if other is float or other is int:
            result = function(value, b)
            saved = save_a(result, value, b) if save_a is not None else None
            rule: Any = only_a
        elif other is Variable and b.level == a.level and (type(b.node) is Node or _ready(b)):
            b_value = b.value
            rule = both
            if type(value) is not float64 or type(b_value) is not float64:
                if value.dtype is not b_value.dtype:
                    return primitive(a, b)
                if value.shape != b_value.shape:
                    rule = Shaped(both, (value.shape, b_value.shape))
            result = function(value, b_value)
            saved = save_both(result, value, b_value) if save_both is not None else None
            parents = (parents, b.node)
        elif other is ndarray and not (keeps_b and _needs_care(b, value)):
            result = function(value, b)
            saved = save_a(result, value, kept(b) if keeps_b else b) if save_a is not None else None
            rule = only_a if result.shape == value.shape else Shaped(only_a, (value.shape,))
        else:
            return _carefully(primitive, a, b)
        if (type(result) is not float64 or type(value) is not float64) and result.dtype is not value.dtype:
            return primitive(a, b)
        y = new(Variable)
        y.level = a.level
        y.value = result
        y.node = node = new(Node)
        node.index = next_index()
        node.parents = parents
        node.rule = rule
        node.saved = saved
        return y

    record.__name__ = primitive.name
    return record


def _right(primitive: Primitive, only_b: Fast) -> Callable[[Any, Any], Any]:
    """b a Variable (named first, as Python's reflected operators have it), a a number or an array; else the row itself."""
    function = primitive.fast
    save_b = _saver(only_b.names)
    keeps_a = "a" in only_b.names

    def record(b: Any, a: Any) -> Any:
        parents = b.node
        other = type(a)
        value = b.value
        rule: Any = only_b
        if type(parents) is not Node and not _ready(b):
            return _carefully(primitive, a, b)
        if other is float or other is int:
            result = function(a, value)
        elif other is ndarray and not (keeps_a and _needs_care(a, value)):
            result = function(a, value)
            if keeps_a:
                a = kept(a)
            if result.shape != value.shape:
                rule = Shaped(only_b, (value.shape,))
        else:
            return _carefully(primitive, a, b)
        if (type(result) is not float64 or type(value) is not float64) and result.dtype is not value.dtype:
            return primitive(a, b)
        y = new(Variable)
        y.level = b.level
        y.value = result
        y.node = node = new(Node)
        node.index = next_index()
        node.parents = parents
        node.rule = rule
        node.saved = save_b(result, a, value) if save_b is not None else None
        return y

    record.__name__ = primitive.name
    return record


def _needs_care(array: Any, value: Any) -> bool:
    """Whether a rule cannot read an array as it is: a large one, of another dtype, or one that may be recorded."""
    return array.nbytes > COPIED or array.dtype is not value.dtype or isinstance(value, Traced)


def _carefully(primitive: Primitive, a: Any, b: Any) -> Any:
    """By the row; what is no operand at all is left to Python, whose message names both types."""
    if FOREIGN[type(a)] or FOREIGN[type(b)]:
        return beside(primitive, a, b)
    return primitive(a, b)


def recorder(primitive: Primitive) -> Callable[[Any], Any] | Binary | None:
    """The fast recorder of a row, if its kind has one."""
    if primitive.kind != "elementwise" or primitive is guarded_times or len(primitive.partials) > 2:
        return None
    reads = {name for partial in primitive.partials if isinstance(partial, Rule) for name in partial.reads}
    if reads - {"y", *(primitive.inputs or ())}:  # a setting, which a ufunc does not have
        return None
    return (unary if len(primitive.partials) == 1 else Binary)(primitive)
