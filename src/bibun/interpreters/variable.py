"""Variable: a value and its node on the tape. Records calls; the sweep is in sweep.py, the fast recorders in recorders.py."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any
from weakref import ref

import numpy as np

from bibun.arrays.array import Array
from bibun.core import transposition
from bibun.core.captured import Watched, kept, lifted, lying_as
from bibun.core.memory import keep_pages
from bibun.core.primitive import Primitive
from bibun.core.traced import DEFINE_BY_RUN, Traced, alone, bare, is_masked, new_level
from bibun.errors import DerivativeValueError, LostDerivativeError, NoDerivativeError, UnrecordableError, located
from bibun.interpreters.sweep import sweep
from bibun.interpreters.tape import (
    Casting,
    Gathering,
    Leaf,
    Node,
    Plan,
    Selecting,
    Updating,
    Watching,
    cast,
    make_node,
    new,
    part_node,
    watches,
    widening,
)
from bibun.tree import Named

_adding = Lock()  # two threads that leave a gradient in one leaf both count

# The latest constant row that took a value which depends on an input, and its level: for the message of a gradient that
# does not exist. Another thread may write here meanwhile; then that message has no hint.
ENDED: list[tuple[int, Any]] = [(-1, None)]


class Variable(Array):
    """A box around an array that remembers how it was computed (define by run).

    Variable(data): `data` an np.ndarray or None; anything else is a TypeError. Operations of NumPy on Variables are
    recorded; y.backward() leaves dy/dx in x.grad of every Variable x that y was computed from and that was not itself
    computed.
    """

    __slots__ = ("gradient", "node", "origin")
    __hash__ = Array.__hash__

    gradient: Any  # of a leaf: what backward left; unset before
    node: Any
    origin: Any  # of a leaf that was updated in place: the node it started with; unset in all others
    word = "a Variable"

    def __init__(self, data: np.ndarray[Any, Any] | None) -> None:
        data = _taken(data)
        keep_pages(data)
        self.level = DEFINE_BY_RUN
        self.value = data
        self.node = Leaf(None if data is None else data.dtype)
        self.node.variable = ref(self)

    @property
    def data(self) -> Any:
        """The value as an ndarray. That of a computed Variable is read-only: derivatives are taken at it."""
        if self.value is None or (not self.level and type(self.node) is Leaf):
            return self.value
        return super().data

    @data.setter
    def data(self, data: np.ndarray[Any, Any] | None) -> None:
        # a - 0.1 * b of two arrays of shape () is a number
        data = _taken(np.asarray(data) if isinstance(data, np.generic) else data)
        if self.node is not None and self.node.parents is not None:
            raise ValueError(
                "the data of a computed Variable cannot be replaced: its derivative belongs to the old value. "
                "Make a new one: Variable(data)."
            )
        self.value = data
        if self.node is None:
            self.node = Leaf(None)
            self.node.variable = ref(self)
        self.node.dtype = None if data is None else data.dtype

    @property
    def grad(self) -> Any:
        """dy/d(this), left by y.backward(); None before."""
        return _left(getattr(self, "origin", self.node))

    @grad.setter
    def grad(self, grad: Any) -> None:
        if self.node is None:
            self.node = Leaf(np.result_type(self.value))
        node = getattr(self, "origin", self.node)
        if type(node) is not Leaf:
            node.grad = grad
            return
        if node.variable() is None:
            node.variable = ref(self)
        node.variable().gradient = grad

    @property
    def creator(self) -> Any:
        """The Function (or the primitive) that computed this; None if it was not computed."""
        node = self.node
        if isinstance(node, Node) and node.rule is Selecting:
            node = node.parents  # one output of several: the creator is that of the whole call
        if node is None or node.parents is None:
            return None
        primitive = node.rule.primitive
        return getattr(primitive, "owner", primitive)

    def set_creator(self, function: Any) -> None:
        """Say that `function`, a Function that has been called, computed this."""
        inputs = function.inputs
        nodes = [x.node for x in inputs]
        values = [x.value for x in inputs]
        plan = Plan(function.call(), tuple(i for i, node in enumerate(nodes) if node is not None))
        self.value = self.value.copy()  # from here on it is what the derivative is taken at
        self.node = _record(plan, nodes, values, [True] * len(values), {}, self.value)

    def cleargrad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """Leave the derivative of this in `.grad` of every Variable it was computed from: ones * dy/dx.

        retain_grad: leave them in the intermediate Variables too. create_graph: leave Variables, which can be
        differentiated again. Starts from `.grad` where that is set. Gradients add to those already there.
        """
        if not isinstance(retain_grad, (bool, np.bool)):
            raise TypeError(
                f"backward: retain_grad is {retain_grad!r}, but it is True or False. To start from a cotangent g: y.grad = g, "
                "then y.backward()."
            )
        if self.node is None:
            raise DerivativeValueError("backward: this Variable does not depend on any other, so it has no derivative.")
        given = _left(self.node)
        seed = self._seed(given)
        if create_graph and not isinstance(seed, Variable):
            seed = _wrap(seed, None)
        leaves = sweep([(self.node, seed)], variable=_wrap if create_graph else None, retain=retain_grad)
        for leaf in leaves:
            if leaf.dtype is not None and leaf.dtype.kind not in "fc":
                raise NoDerivativeError(
                    f"backward: a Variable of dtype {leaf.dtype} has no derivative: integers do not vary continuously. "
                    "Make it a float: Variable(data.astype(float))."
                )
        with _adding:
            for leaf, cotangent in leaves.items():
                variable, before = leaf.variable(), _left(leaf)
                if leaf.dtype is not None and getattr(cotangent, "dtype", None) is not leaf.dtype:
                    cotangent = cast(cotangent, leaf.dtype)  # np.log(2) beside float32, in a rule of 2**x, is a float64
                total = seed if leaf is self.node else cotangent if before is None else before + cotangent
                if variable is not None:
                    variable.gradient = _boxed(total, create_graph)
        if retain_grad and type(self.node) is not Leaf:
            self.node.grad = _boxed(seed, create_graph)

    def _seed(self, given: Any) -> Any:
        """What backward starts from: `.grad` where that is set, else ones."""
        if given is None:
            if self.dtype.kind == "c":
                raise DerivativeValueError(
                    "backward: this Variable is complex; a gradient is that of a real number. Take np.real, np.imag or "
                    "np.abs of it, or set its grad, the cotangent to start from."
                )
            value = self.value
            return type(value)(1) if isinstance(value, np.generic) else np.ones_like(self.data)
        if np.shape(given) != self.shape:
            raise DerivativeValueError(
                f"backward: it starts from .grad, whose shape is {np.shape(given)}, and this Variable has shape "
                f"{self.shape}; they are alike. Call cleargrad() to start from ones."
            )
        return cast(given, self.dtype)

    def process(self, primitive: Primitive, args: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Call on the values of this level, and record."""
        level = self.level
        values: list[Any] = []
        nodes: list[Any] = []
        shared: list[bool] = []  # which values somebody else can change
        mask = 0  # a bit an input that has a node
        bare = True
        for arg in args:
            if isinstance(arg, Variable) and arg.level == level:
                value, node = arg.value, arg.node
                if node is not None:
                    mask |= 1 << len(nodes)
                shared.append(type(node) is Leaf and not node.own)
            else:
                value, node = arg, None
                shared.append(True)
            values.append(value)
            nodes.append(node)
            if bare and isinstance(value, Traced):
                bare = False
        function = primitive.function if bare else primitive
        if not bare:
            values = lifted(values)
        if primitive.once:
            if level:
                _settle(args, values, shared, nodes)
            _set_apart(values, shared)
        y = function(*values, **settings)
        if primitive.kind == "constant":
            if mask:
                ENDED[0] = level, primitive
            return y
        if type(y) is np.ndarray and y.base is not None and True in shared:
            if level and any(s and node is not None for s, node in zip(shared, nodes, strict=True)):
                _settle(args, values, shared, nodes)
                y = function(*values, **settings)  # now a view of what nobody else can change
            else:
                y = y.copy(order="K")  # it may show memory of the user's array, which can change
        elif primitive.once and True in shared:
            y = _all(y, lambda part, _: part.copy())
        plan = primitive.plans.get(mask)
        if plan is None:
            plan = primitive.plans[mask] = Plan(primitive, tuple(i for i, n in enumerate(nodes) if n is not None))
        if not plan.needed:
            return _all(y, lambda part, _: _wrap(part, None, level))
        if type(y) is tuple or isinstance(y, tuple):
            node = _record(plan, nodes, values, shared, settings, y)
            return _all(y, lambda part, k: _wrap(part, part_node(node, k), level))
        return _wrap(y, _record(plan, nodes, values, shared, settings, y), level)

    def constant(self, value: Any) -> Variable:
        """A Variable of the same level that depends on nothing."""
        return _wrap(self.below(value), None, self.level)

    def alone(self, views: list[Any]) -> bool:
        """Whether nobody else holds its value: no node that keeps it for its rule, no user."""
        return alone(self, views)

    def alias(self) -> Variable:
        """Another Variable of the same value and node, which in-place updates of this one do not reach."""
        value = self.value
        if type(self.node) is Leaf and not self.node.own and isinstance(value, np.ndarray):
            if not self.level:
                return _wrap(value.copy(), self.node)  # its user can change the array
            _settle((self,), [value], [True], [self.node])  # the node says it for both
        return _wrap(self.value, self.node, self.level)

    def become(self, other: Variable) -> None:
        """Be what `other` is. A leaf stays the place where its gradient is left."""
        if self.level == DEFINE_BY_RUN and isinstance(self.node, Leaf) and not hasattr(self, "origin"):
            self.origin = self.node
        self.level, self.value, self.node = other.level, other.value, other.node

    def __reduce__(self) -> Any:
        """For pickle: value and gradient. A computed Variable would come back without its graph."""
        if self.level or (self.node is not None and type(self.node) is not Leaf):
            raise LostDerivativeError(
                "pickle: this Variable was computed, and its graph cannot be stored: its derivative would be lost. "
                "Store its value, y.data, or the Variables that it was computed from."
            )
        gradient = self.grad
        return _unpickled, (type(self), self.data, gradient.data if isinstance(gradient, Variable) else gradient)

    def __repr__(self) -> str:
        value = bare(self.value)
        return f"Variable({np.asarray(value)!r})" if value is not None else "Variable(None)"


def _taken(data: Any) -> Any:
    """What a Variable holds: an ndarray, or None."""
    data = np.asarray(data) if isinstance(data, Named) else data
    if isinstance(data, Traced) and data.records:
        raise UnrecordableError(
            f"{located()}a Variable is made of what it computes, and its derivative is left in .grad, outside of the program. To "
            "have a program, write the derivative as a function: bb.compile(bb.grad(f)) or bb.compile(bb.value_and_grad(f))"
        )
    if data is not None and (not isinstance(data, np.ndarray) or type(data) is np.matrix or is_masked(data)):
        raise TypeError(f"{type(data)} is not supported")
    return data


def _unpickled(cls: type[Variable], data: Any, gradient: Any) -> Variable:
    variable = cls(data)
    if gradient is not None:
        variable.grad = gradient
    return variable


def _boxed(gradient: Any, create_graph: bool) -> Any:
    """An ndarray, or a Variable where the gradient is to be differentiated again, or added to one that is."""
    if isinstance(gradient, Variable):
        return gradient
    return _wrap(gradient, None) if create_graph else np.asarray(gradient)


def _left(node: Any) -> Any:
    """The gradient that was left at a node; None before."""
    return getattr(node.variable(), "gradient", None) if type(node) is Leaf else getattr(node, "grad", None)


def _settle(args: tuple[Any, ...], values: list[Any], shared: list[bool], nodes: list[Any]) -> None:
    """Give the leaves of a transform among the arguments values of their own, once: their caller holds the arrays."""
    for i, node in enumerate(nodes):
        if node is not None and shared[i]:
            args[i].value = values[i] = lying_as(values[i])
            node.own, shared[i] = True, False


def _set_apart(values: list[Any], shared: list[bool]) -> None:
    """What a function of the user's is called with: arrays that nobody else can change, unless they are large."""
    for i in range(len(values)):
        if shared[i]:
            value = kept(values[i])
            if not isinstance(value, Watched):
                values[i], shared[i] = value, False


def _wrap(value: Any, node: Any, level: int = DEFINE_BY_RUN) -> Variable:
    variable: Variable = new(Variable)
    variable.level = level
    variable.value = value
    variable.node = node
    return variable


def _all(y: Any, wrap: Any) -> Any:
    """Wrap the output, or each of several, keeping a named tuple what it is."""
    if not isinstance(y, tuple):
        return wrap(y, 0)
    parts = [wrap(part, k) for k, part in enumerate(y)]
    return type(y)._make(parts) if hasattr(y, "_make") else tuple(parts)


def _record(
    plan: Plan, nodes: list[Any], values: list[Any], shared: list[bool], settings: Mapping[str, Any], y: Any
) -> Node:
    """A node for a call, its rule wrapped as far as this call asks for it."""
    needed = plan.needed
    saved = plan.save(y, values, shared, settings)
    rule: Any = widening(plan, y, saved)
    if plan.keeps_inputs and watches(saved):
        rule = Watching(rule)
    several = isinstance(y, tuple)
    if rule is plan and plan.primitive.consume:
        rule = Updating(plan)
    dtype = getattr(y, "dtype", np.dtype(object))  # a product of vectors of objects is a number of Python's
    if several or any(values[i].dtype is not dtype for i in needed):
        if not several and dtype.kind == "O":
            raise NoDerivativeError(
                f"{located()}an array of objects takes part, whose entries NumPy computes with one by one. Make numbers of "
                "them first: np.asarray(x, float)."
            )
        rule = Casting(rule, tuple(np.result_type(values[i]) for i in needed))
        if several:
            rule = Gathering(rule, y)
    return make_node(nodes[needed[0]] if plan.single else tuple([nodes[i] for i in needed]), rule, saved)


def leaf(value: Any, level: int) -> Variable:
    """A Variable to differentiate by, on a level of its own."""
    return _wrap(value, Leaf(np.result_type(value), own=not isinstance(value, np.ndarray)), level)


def transpose(linear: Any, point: Any, cotangent: Any) -> tuple[Any, Any]:
    """The cotangent of g where `linear` is a linear map of g, evaluated at `point` (see core/transposition.py)."""
    level = new_level()
    g = leaf(point, level)
    y = linear(g)
    if not isinstance(y, Variable) or y.level != level:
        return np.zeros_like(point), y
    if y.node is None:
        return np.zeros_like(point), y.value
    leaves = sweep([(y.node, cotangent)])
    return leaves.get(g.node, np.zeros_like(point)), y.value


transposition.provide(transpose)

__all__ = ["Variable", "cast", "leaf"]
