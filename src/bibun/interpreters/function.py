"""Function: the user's own operation, with forward and backward. Each call is a row of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any
from weakref import ref

import numpy as np

from bibun.core.kinds import passed_on, transposed_pushforward
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.core.traced import Traced, plain
from bibun.errors import DerivativeValueError, NoDerivativeError
from bibun.interpreters.batch import Batch
from bibun.interpreters.entries import Entry, each_entry, innermost, stacked, taking_batches, to_write_to
from bibun.interpreters.variable import Variable
from bibun.tree import named


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
        call = self.call()
        inputs = tuple(x if isinstance(x, Traced) else np.asarray(x) for x in map(named, inputs))
        y = call(*inputs)
        self.inputs = tuple(map(_boxed, inputs))
        if isinstance(y, tuple):
            y = tuple(map(_boxed, y))
            self._outputs = tuple(map(ref, y))
        else:
            y = _boxed(y)
            self._outputs = (ref(y),)
        return y

    def call(self) -> Call:
        """The row of a new call. An earlier call keeps this Function as it was."""
        earlier = self._call() if self._call is not None else None
        if earlier is not None:
            earlier.owner = copy.copy(self)
        run = Run(self)
        self._call = ref(run)
        return Call(run)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_call", "_outputs")}


class Call(Primitive):
    """One call of a Function, as a row. Its Run does the work, and does not know the row: there is no cycle."""

    __slots__ = ("run",)

    def __init__(self, run: Run) -> None:
        self.run = run
        super().__init__(
            run.name,
            "general",
            run.forward,
            inputs=None,
            pullbacks=(Rule(run.pull, ("needed", "xs", "y")),),
            pushforwards=(Rule(run.push, ("xs", "y")),),
            batch=run.each,
            once=True,
        )

    @property
    def owner(self) -> Function:
        """The Function as it was at this call."""
        return self.run.owner


class Run:
    """One run of forward, and of backward as often as it is asked for.

    Under vmap forward runs once an entry, and what it stores is that entry's: so does backward then, on a copy of the
    Function whose forward ran on that entry.
    """

    __slots__ = ("__weakref__", "batched", "name", "owner", "stored", "stored_floats")

    def __init__(self, owner: Function) -> None:
        self.owner = owner
        self.name = type(owner).__name__
        self.stored = False  # whether forward left anything in attributes, which backward may read
        self.stored_floats = False  # masks and indices do no harm to a second derivative
        self.batched = False

    def forward(self, *xs: Any) -> Any:
        """On plain values."""
        before = dict(self.owner.__dict__)
        y = named(self.owner.forward(*map(to_write_to, xs)))
        fresh = [v for name, v in self.owner.__dict__.items() if before.get(name, self) is not v]
        self.stored |= bool(fresh)
        self.stored_floats |= any(map(_holds_floats, fresh))
        return tuple(_array(part) for part in y) if isinstance(y, (tuple, list)) else _array(y)

    def each(self, primitive: Primitive, values: list[Any], batched: list[bool], settings: Any) -> Any:
        """Of a batch: each entry by a Function of its own."""
        size = next(len(v) for v, mine in zip(values, batched, strict=True) if mine)
        if not size:
            raise DerivativeValueError(
                f"vmap: {self.name} over an empty batch: there is no entry to take a shape from."
            )
        runs = [Run(copy.copy(self.owner)) for _ in range(size)]
        found = [
            Call(run)(*(v[i] if mine else v for v, mine in zip(values, batched, strict=True)))
            for i, run in enumerate(runs)
        ]
        self.batched = True
        self.stored = any(run.stored for run in runs)
        return stacked(found)

    def pull(self, g: Any, needed: tuple[int, ...], xs: list[Any], y: Any) -> list[Any]:
        """The cotangents of the needed inputs."""
        if not self.batched:
            return taking_batches(self._pulled)(g, needed, xs, y)
        top = innermost((*g, *xs) if isinstance(g, tuple) else (g, *xs))
        if isinstance(top, Batch):
            return list(self._each_entry(top, xs, lambda run, entry: run.pull(entry(g), needed, entry(xs), entry(y))))
        if self.stored:
            raise NoDerivativeError(_PER_ENTRY.format(self.name))
        return self._pulled(g, needed, xs, y)

    def _pulled(self, g: Any, needed: tuple[int, ...], xs: list[Any], y: Any) -> list[Any]:
        """By backward, with these values as self.input and self.output."""
        gs, ys = (g, y) if isinstance(y, tuple) else ((g,), (y,))
        run = copy.copy(self.owner)
        run._reads = Refused(self.name) if self.batched else []
        inner = innermost(gs)
        run.inputs = tuple(_input(x, run._reads, inner) for x in xs)
        run._outputs = tuple(_input(out, run._reads, inner) for out in ys)
        backward = type(run).backward
        results = named(getattr(backward, "__wrapped__", backward)(run, *gs))
        results = results if isinstance(results, (tuple, list)) else (results,)
        if len(results) != len(xs):
            raise ValueError(
                f"{self.name}.backward returned {len(results)} cotangents for {len(xs)} inputs: one each is needed "
                "(None where an input has no influence)."
            )
        found = [self._checked(named(results[i]), xs[i]) for i in needed]
        traced = [x for x in xs if isinstance(x, Traced)]
        if traced and (run._reads or self.stored_floats):
            return [_refuse(self.name)(result, *traced) for result in found]
        return found

    def push(self, ts: list[Any], xs: list[Any], y: Any) -> Any:
        """The tangent of y: the transpose of backward."""
        top = innermost((*ts, *xs))
        if self.batched and isinstance(top, Batch):
            return self._each_entry(top, xs, lambda run, entry: run.push(entry(ts), entry(xs), entry(y)))
        row = Call(self)
        parts = [transposed_pushforward(row, i, t, y, xs, {}) for i, t in enumerate(ts) if t is not None]
        if isinstance(y, tuple):
            return tuple(sum(part[1:], part[0]) for part in zip(*parts, strict=True))
        return sum(parts[1:], parts[0])

    def _each_entry(self, top: Batch, xs: list[Any], derive: Callable[[Run, Entry], Any]) -> Any:
        """Along one level of batches: derive(run, entry) an entry."""

        def of(entry: Entry) -> Any:
            run = Run(copy.copy(self.owner))
            run.batched = any(isinstance(v, Batch) for x in entry(xs) for v in _levels(x))
            if not run.batched:
                run.forward(*map(plain, entry(xs)))
            return derive(run, entry)

        return each_entry(top, of)

    def _checked(self, result: Any, x: Any) -> Any:
        shape = np.shape(x)
        if result is None:
            return np.zeros(shape, np.result_type(x))
        result = _unboxed(result)
        if np.shape(result) != shape:
            raise ValueError(
                f"{self.name}.backward returned a cotangent of shape {np.shape(result)} for an input of shape {shape}. "
                "A cotangent has the shape of its input: sum over what forward broadcast."
            )
        return result.copy() if type(result) is np.ndarray else result


def _levels(value: Any) -> Iterator[Any]:
    """The value as every level sees it, innermost first."""
    while isinstance(value, Traced):
        yield value
        value = value.value


def _by_hand(backward: Any) -> Any:
    """Called by the user with ndarrays, backward gives ndarrays, whether it computes from self.input or its data."""

    @wraps(backward)
    def call(self: Function, *gys: Any) -> Any:
        result = backward(self, *gys)
        if any(isinstance(g, Traced) for g in gys):
            return result
        if isinstance(result, (tuple, list)):
            return tuple(map(_ndarray, result))
        return _ndarray(result)

    return call


def _ndarray(cotangent: Any) -> Any:
    value = plain(named(cotangent))
    return value if value is None or isinstance(value, Traced) else np.asarray(value)


def _array(y: Any) -> Any:
    """A NumPy value of what forward returned."""
    y = named(y)
    return y if isinstance(y, (np.ndarray, np.generic, Traced)) else np.asarray(y)


def _boxed(value: Any) -> Any:
    """A plain value as a Variable of the user's level that depends on nothing."""
    if isinstance(value, Traced):
        return value
    made = Variable(None)
    made.value = value
    made.node = None
    return made


def _holds_floats(value: Any) -> bool:
    if isinstance(value, (np.ndarray, np.generic)):
        return np.result_type(value).kind in "fc"
    return isinstance(value, (float, complex, Traced, tuple, list, dict))


_watched_classes: dict[type, type] = {}


def _input(value: Any, reads: list[Any], inner: Traced | None) -> Any:
    """What backward finds as self.input: a Variable, whose `.data`, once read, is noted.

    A plain value becomes a constant of the level of the cotangent, so that nothing else has to know of it.
    """
    given = plain(value)
    if not isinstance(value, Traced):
        value = _boxed(value) if inner is None else inner.constant(value)
    cls = type(value)
    if cls not in _watched_classes:
        _watched_classes[cls] = type(
            f"{cls.__name__}Input", (cls,), {"__slots__": ("given", "reads"), "data": property(_note)}
        )
    made: Any = object.__new__(_watched_classes[cls])
    made.become(value) if cls is not Variable else _copy_variable(made, value)
    made.given, made.reads = given, reads
    return made


def _copy_variable(made: Any, value: Variable) -> None:
    made.level, made.value, made.node = value.level, value.value, value.node


def _note(self: Any) -> Any:
    self.reads.append(True)
    return self.given if isinstance(self.given, Traced) else np.asarray(self.given)


def _unboxed(result: Any) -> Any:
    """Out of the boxes that _input made around plain values."""
    if isinstance(result, Variable) and result.node is None and not result.level:
        return result.value
    return _array(result)


class Refused(list[Any]):
    """The reads of data where there is no one array to be read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def append(self, read: Any) -> None:
        """The first read is an error."""
        raise NoDerivativeError(_PER_ENTRY.format(self.name))


_PER_ENTRY = (
    "{0} inside vmap is differentiated twice, but its backward computes from self.input.data, or from what forward "
    "stored, which is another for each entry of the batch. Compute from self.input (and self.output) instead."
)


@cache
def _refuse(name: str) -> Primitive:
    """A row that gives its first input on, and is an error to differentiate."""
    return passed_on(
        f"{name}.backward",
        f"{name}.backward cannot be differentiated again: it computes from self.input.data, or from what forward "
        "stored, which are plain arrays. Compute from self.input (and self.output) instead.",
    )


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
