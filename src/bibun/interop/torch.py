"""NumPy functions inside PyTorch, PyTorch functions inside bibun.

to_torch(f) runs f on the tensors' values, and PyTorch gets bibun's derivatives of it: backward, double backward, forward
mode, torch.func.grad, vjp, jvp, vmap, in any nesting. from_torch(g) is the other way round. Gradients by complex numbers
change convention on the way: PyTorch's are the conjugates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
import torch

from bibun.errors import LostDerivativeError, located
from bibun.interop.leaves import Call, Run
from bibun.interop.rows import Package, wrapped
from bibun.transforms.reverse import vjp

__all__ = ["from_torch", "to_torch"]


def to_torch(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, written with NumPy, as a function of tensors; arguments and results may be in containers.

    f runs on the processor, on copies; the results are on the device of the first tensor. What is no tensor is passed on as
    it is, NumPy's arrays as copies too, and not differentiated. torch.compile compiles what is around it.
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        call = Call(f, args, kwargs, torch.Tensor)
        if not call.arrays:
            found = call()
            return call.result(list(found))
        run = _Taped(call) if torch.is_grad_enabled() else Run(call)
        found = _Apply.apply(run, *call.arrays)
        return call.result(list(found))

    outside: list[Any] = []

    @wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not torch.compiler.is_compiling():
            return run(*args, **kwargs)
        if not outside:  # not at once: what it imports takes as long as PyTorch itself
            outside.append(torch.compiler.disable(run))
        return outside[0](*args, **kwargs)

    return function


class _Taped(Run):
    """A function whose first run keeps the tape, so that a backward pass that is not differentiated need not run it again."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self.pullback: Any = None

    def record(self, needed: tuple[int, ...], xs: Sequence[Any]) -> tuple[Any, ...]:
        """Run, and keep the pullback to `needed`."""
        for i in needed:
            if isinstance(xs[i], np.ndarray):
                xs[i].flags.writeable = False  # it is ours: the tape need not copy it again
        ys, pullback = vjp(self._of(needed, xs), *(xs[i] for i in needed))
        self.pullback = needed, len(xs), pullback
        return ys  # type: ignore[no-any-return]


class _Apply(torch.autograd.Function):  # type: ignore[misc]  # torch is not installed where types are checked
    """The call of a Run on tensors."""

    @staticmethod
    def forward(run: Run, *tensors: Any) -> tuple[Any, ...]:
        xs = [_array(t) for t in tensors]
        needed = tuple(i for i, t in enumerate(tensors) if t.requires_grad and _differentiable(t))
        ys = run.record(needed, xs) if isinstance(run, _Taped) and needed else run(*xs)
        return tuple(_tensor(y, tensors[0].device) for y in ys)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.run, *tensors = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.differentiable = [_differentiable(y) for y in output]
        ctx.mark_non_differentiable(*(y for y in output if not _differentiable(y)))

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> tuple[Any, ...]:
        needed = tuple(i for i, asked in enumerate(ctx.needs_input_grad[1:]) if asked)
        found: list[Any] = [None] * len(ctx.needs_input_grad)
        if not needed:
            return tuple(found)
        kept = getattr(ctx.run, "pullback", None)
        if kept is not None and not torch.is_grad_enabled():
            needed, _, pullback = kept
            gs = [np.conj(_array(g)) for g in cotangents]
            pulled: Any = [_tensor(np.conj(x), cotangents[0].device) for x in pullback(tuple(gs))]
        else:
            gs = [g for g, some in zip(cotangents, ctx.differentiable, strict=True) if some]
            tensors = ctx.saved_tensors
            pulled = _Apply.apply(_conjugated(ctx.run.pulled(needed, len(tensors)), len(tensors)), *tensors, *gs)
        for i, x in zip(needed, pulled, strict=True):
            found[i + 1] = x
        return tuple(found)

    @staticmethod
    def jvp(ctx: Any, _: Any, *tangents: Any) -> tuple[Any, ...]:
        tensors = ctx.saved_tensors
        moving = tuple(i for i, t in enumerate(tangents) if t is not None and _differentiable(t))
        pushed = ctx.run.pushed(moving, len(tensors))
        moved = iter(_Apply.apply(pushed, *tensors, *(tangents[i] for i in moving)))
        return tuple(next(moved) if some else None for some in ctx.differentiable)

    @staticmethod
    def vmap(info: Any, in_dims: Any, run: Run, *tensors: Any) -> tuple[Any, Any]:
        ys = _Apply.apply(run.batched(in_dims[1:]), *tensors)
        return ys, (0,) * len(ys)


def _conjugated(pull: Run, count: int) -> Run:
    """A pullback in PyTorch's convention."""
    return Run(lambda *arrays: tuple(map(_conj, pull(*arrays[:count], *map(_conj, arrays[count:])))))


def _conj(x: Any) -> Any:
    return np.conj(x) if np.iscomplexobj(x) else x


def _differentiable(t: Any) -> bool:
    return bool(t.is_floating_point() or t.is_complex())


def _array(t: Any) -> Any:
    """The values of a tensor, in memory of their own."""
    if t.dtype == torch.bfloat16:
        raise TypeError(
            "a tensor of dtype torch.bfloat16, in which NumPy does not compute. Make it float32: x.float()."
        )
    try:
        return np.array(t.detach().cpu().resolve_conj().resolve_neg().numpy())[()]
    except RuntimeError as error:
        if "Batching rule not implemented" not in str(error):
            raise
        raise TypeError(
            "to_torch: vectorize=True of torch.autograd.functional and is_grads_batched=True batch by an old vmap of PyTorch's, "
            "which shows no values to functions of NumPy. Write torch.func.jacrev(f)(x), torch.func.hessian(f)(x), or "
            "torch.func.vmap of the pullback of torch.func.vjp."
        ) from error


def _tensor(y: Any, device: Any) -> Any:
    y = np.ascontiguousarray(y).reshape(np.shape(y))
    if y.dtype.char in "gG":
        raise TypeError(f"an array of dtype {y.dtype}, which PyTorch does not have. Make it double: x.astype(float).")
    return torch.tensor(y if y.dtype.isnative else y.astype(y.dtype.newbyteorder("=")), device=device)


def from_torch(g: Callable[..., Any], device: Any = None) -> Callable[..., Any]:
    """g, written with PyTorch, as a function of arrays with derivatives in bibun: both modes, second order, vmap.

    Arguments and results may be in containers. Arrays become tensors, and so do floats by position; the rest (keywords,
    names, integers) is passed on as it is. device: where g is given its tensors; the processor if None. g may be a module:
    its parameters are held.
    """

    def run(function: Callable[..., Any], arrays: Sequence[Any]) -> list[Any]:
        tensors = [_tensor(x, device) for x in arrays]
        return [_result(y) for y in getattr(function, "outermost", function)(*tensors)]

    return wrapped(g, Package(run, _Pull, _push, _batch))


def _result(y: Any) -> Any:
    return _array(y) if isinstance(y, torch.Tensor) else np.asarray(y)[()]


def _some(function: Callable[..., Any], chosen: tuple[int, ...], given: Sequence[Any]) -> Callable[..., Any]:
    """The differentiable results of a function of some of its arguments."""

    def of_some(*some: Any) -> tuple[Any, ...]:
        xs = list(given)
        for i, x in zip(chosen, some, strict=True):
            xs[i] = x
        return tuple(y for y in map(_known, function(*xs)) if isinstance(y, torch.Tensor) and _differentiable(y))

    return of_some


def _known(y: Any) -> Any:
    """A result. Of a number or an ndarray PyTorch cannot say whether it depends on the arguments."""
    if not isinstance(y, torch.Tensor) and np.asarray(y).dtype.kind in "fc":
        raise LostDerivativeError(
            f"{located()}from_torch: the function returned {type(y).__name__} beside tensors, or in their place, and its "
            "derivative would be lost. Return the tensor (x.sum() instead of x.sum().item(), x instead of x.numpy()), and a "
            "constant as torch.tensor(0.1)."
        )
    return y


class _Pull:
    """The pullback by PyTorch's own, in bibun's convention."""

    def __init__(self, function: Callable[..., Any], needed: tuple[int, ...], count: int) -> None:
        self.function, self.needed, self.count = function, needed, count

    def __call__(self, *tensors: Any) -> tuple[Any, ...]:
        """As a function that can be transformed further."""
        f = _some(self.function, self.needed, tensors[: self.count])
        _, pullback = torch.func.vjp(f, *(tensors[i] for i in self.needed))
        return tuple(map(torch.conj, pullback(tuple(map(torch.conj, tensors[self.count :])))))

    def outermost(self, *tensors: Any) -> tuple[Any, ...]:
        """By backward, which takes more of what is written with PyTorch than torch.func does."""
        with torch.enable_grad():
            by = [tensors[i].detach().requires_grad_() for i in self.needed]
            ys = _some(self.function, self.needed, tensors[: self.count])(*by)
            tied = [(y, torch.conj(g)) for y, g in zip(ys, tensors[self.count :], strict=True) if y.requires_grad]
        if not tied:
            return tuple(map(torch.zeros_like, by))
        ends, seeds = zip(*tied, strict=True)
        found = torch.autograd.grad(ends, by, seeds, allow_unused=True)
        return tuple(torch.zeros_like(x) if f is None else torch.conj(f) for f, x in zip(found, by, strict=True))


def _push(function: Callable[..., Any], moving: tuple[int, ...], count: int) -> Callable[..., Any]:
    """The pushforward by PyTorch's forward mode; where an operation of PyTorch's has none, the transpose of the pullback."""

    def push(*tensors: Any) -> tuple[Any, ...]:
        f = _some(function, moving, tensors[:count])
        primals, tangents = tuple(tensors[i] for i in moving), tuple(tensors[count:])
        try:
            return tuple(torch.func.jvp(f, primals, tangents)[1])
        except NotImplementedError:
            ys, pullback = torch.func.vjp(f, *primals)
            _, transpose = torch.func.vjp(pullback, tuple(map(torch.zeros_like, ys)))
            return tuple(transpose(tangents)[0])

    return push


def _batch(function: Callable[..., Any], axes: list[int | None]) -> Callable[..., Any]:
    return torch.func.vmap(function, tuple(axes))  # type: ignore[no-any-return]
