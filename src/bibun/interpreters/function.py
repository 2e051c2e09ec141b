"""Function: the user's own operation, with forward and backward. Each call is a row of its own."""

from __future__ import annotations

import copy
from functools import wraps
from typing import Any
from weakref import ref

import numpy as np

from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import Traced, plain
from bibun.errors import NoDerivativeError
from bibun.interpreters.variable import Variable


class Function:
    """An operation with its derivative: subclass it, and write forward and backward.

    forward(self, *xs) -> y, or a tuple of them: on ndarrays.
    backward(self, *gys) -> the cotangent of each input, from the cotangent of each output: gx = gy * dy/dx.

    After y = F(x): y.creator is F, F.input is x, F.output is y (`inputs` and `outputs` for several). A backward
    that computes from self.input (a Variable) can be differentiated again; one that reads self.input.data, or what
    forward stored, is right to first order, and differentiating it again is an error.
    """

    inputs: tuple[Any, ...] = ()
    _outputs: tuple[Any, ...] = ()  # weak references, but in the copy that backward runs on
    _call: Any = None  # weakly, the row of the latest call
    _stored = False  # whether forward left floating-point values in attributes, which a backward may read
    _reads: list[Any] | None = None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "backward" in cls.__dict__:
            cls.backward = _by_hand(cls.__dict__["backward"])  # type: ignore[method-assign]

    def forward(self, *xs: Any) -> Any:
        """The value, from ndarrays."""
        raise NotImplementedError(f"{type(self).__name__}.forward is not defined")

    def backward(self, *gys: Any) -> Any:
        """The cotangents of the inputs, from those of the outputs."""
        raise NotImplementedError(f"{type(self).__name__}.backward is not defined")

    @property
    def input(self) -> Any:
        """The input of the latest call; the tuple of them where there are several."""
        return self.inputs[0] if len(self.inputs) == 1 else self.inputs

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The outputs of the latest call; None for one that nobody holds any more."""
        return tuple(y() if isinstance(y, ref) else y for y in self._outputs)

    @property
    def output(self) -> Any:
        """The output of the latest call; the tuple of them where there are several."""
        outputs = self.outputs
        return outputs[0] if len(outputs) == 1 else outputs

    def __call__(self, *inputs: Any) -> Any:
        """forward on the values, recorded."""
        primitive = self.call()
        before = dict(self.__dict__)
        inputs = tuple(x if isinstance(x, Traced) else _constant(np.asarray(x)) for x in inputs)
        y = primitive(*inputs)
        self._stored = _stores_floats(before, self.__dict__)
        outputs = y if isinstance(y, tuple) else (y,)
        self.inputs = inputs
        self._outputs = tuple(ref(out) for out in outputs)
        return y

    def call(self) -> Call:
        """The row of a new call. An earlier call keeps this Function as it was."""
        earlier = self._call() if self._call is not None else None
        if earlier is not None:
            earlier.owner = copy.copy(self)
        primitive = Call(self)
        self._call = ref(primitive)
        return primitive

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_call", "_outputs")}


class Call(Primitive):
    """One call of a Function, as a row: its pullback runs backward."""

    __slots__ = ("owner",)

    def __init__(self, owner: Function) -> None:
        super().__init__(
            type(owner).__name__,
            "general",
            self._forward,
            inputs=None,
            pullbacks=(Rule(self._pull, ("needed", "xs", "y")),),
        )
        self.owner = owner

    def _forward(self, *xs: Any) -> Any:
        y = self.owner.forward(*xs)
        return tuple(_array(part) for part in y) if isinstance(y, tuple | list) else _array(y)

    def _pull(self, g: Any, needed: tuple[int, ...], xs: list[Any], y: Any) -> list[Any]:
        run = copy.copy(self.owner)
        run._reads = []
        gs = g if isinstance(y, tuple) else (g,)
        inner = max((v for v in gs if isinstance(v, Traced)), key=lambda v: v.level, default=None)
        run.inputs = tuple(_input(x, run._reads, inner) for x in xs)
        run._outputs = tuple(_input(out, run._reads, inner) for out in (y if isinstance(y, tuple) else (y,)))
        backward = type(run).backward
        results = getattr(backward, "__wrapped__", backward)(run, *gs)
        results = results if isinstance(results, tuple | list) else (results,)
        if len(results) != len(xs):
            raise ValueError(
                f"{self.name}.backward returned {len(results)} cotangents for {len(xs)} inputs: one each is needed "
                "(zeros where an input has no influence)."
            )
        found = [self._checked(_unboxed(results[i]), np.shape(xs[i])) for i in needed]
        traced = [x for x in xs if isinstance(x, Traced)]
        if traced and (run._reads or self.owner._stored):
            return [_refuse(self.name)(result, *traced) for result in found]
        return found

    def _checked(self, result: Any, shape: tuple[int, ...]) -> Any:
        if np.shape(result) != shape:
            raise ValueError(
                f"{self.name}.backward returned a cotangent of shape {np.shape(result)} for an input of shape {shape}. "
                "A cotangent has the shape of its input: sum over what forward broadcast."
            )
        return result.copy() if type(result) is np.ndarray else result


def _by_hand(backward: Any) -> Any:
    """Called by the user with ndarrays, backward gives ndarrays, whether it computes from self.input or its data."""

    @wraps(backward)
    def call(self: Function, *gys: Any) -> Any:
        result = backward(self, *gys)
        if any(isinstance(g, Traced) for g in gys):
            return result
        if isinstance(result, tuple | list):
            return tuple(_array(plain(r)) for r in result)
        return _array(plain(result))

    return call


def _array(y: Any) -> Any:
    """A NumPy value of what forward returned."""
    return y if isinstance(y, np.ndarray | np.generic | Traced) else np.asarray(y)


def _constant(value: Any) -> Variable:
    """A Variable of the user's level that depends on nothing."""
    made = Variable(None)
    made.value = value
    made.node = None
    return made


def _stores_floats(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether forward left a floating-point value in an attribute; masks and indices do no harm."""
    return any(
        np.result_type(value).kind in "fc" if isinstance(value, np.ndarray | np.generic) else isinstance(value, float | Traced)
        for name, value in after.items()
        if before.get(name) is not value and name not in Function.__dict__
    )


_watched_classes: dict[type, type] = {}


def _input(value: Any, reads: list[Any], inner: Traced | None) -> Any:
    """What backward finds as self.input: a Variable, whose `.data`, once read, is noted.

    A plain value becomes a constant of the level of the cotangent, so that nothing else has to know of it.
    """
    if not isinstance(value, Traced):
        value = _constant(value) if inner is None else inner.constant(value)
    cls = type(value)
    if cls not in _watched_classes:
        _watched_classes[cls] = type(f"{cls.__name__}Input", (cls,), {"__slots__": ("reads",), "data": property(_note)})
    made = object.__new__(_watched_classes[cls])
    made.become(value) if cls is not Variable else _copy_variable(made, value)
    made.reads = reads
    return made


def _copy_variable(made: Any, value: Variable) -> None:
    made.level, made.value, made.node = value.level, value.value, value.node


def _note(self: Any) -> Any:
    self.reads.append(True)
    return np.asarray(plain(self))


def _unboxed(result: Any) -> Any:
    """Out of the boxes that _input made around plain values."""
    if isinstance(result, Variable) and result.node is None and not result.level:
        return result.value
    return _array(result)


_refusals: dict[str, Primitive] = {}


def _refuse(name: str) -> Primitive:
    """A row that gives its first input on, and is an error to differentiate."""
    if name not in _refusals:

        def refuse(g: Any) -> Any:
            raise NoDerivativeError(
                f"{name}.backward cannot be differentiated again: it computes from self.input.data, or from what forward "
                "stored, which are plain arrays. Compute from self.input (and self.output) instead."
            )

        _refusals[name] = Primitive(
            f"{name}.backward", "general", lambda result, *xs: result, inputs=None,
            pullbacks=(Rule(refuse, ()),), pushforwards=(Rule(refuse, ()),),
        )  # fmt: skip
    return _refusals[name]


class Square(Function):
    """y = x**2."""

    def forward(self, x: Any) -> Any:
        """x**2."""
        return x**2

    def backward(self, gy: Any) -> Any:
        """2 x gy."""
        return 2 * self.input * gy


class Exp(Function):
    """y = e**x."""

    def forward(self, x: Any) -> Any:
        """e**x."""
        return np.exp(x)

    def backward(self, gy: Any) -> Any:
        """e**x gy."""
        return np.exp(self.input) * gy
