"""bibun and its peers behind three questions: a pullback, a pushforward, a Hessian times a vector. Holds no function to ask for.

One convention for complex numbers, that of bibun and JAX: cotangents pair without conjugation. PyTorch's gradients are
conjugated here.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import reduce
from typing import Any

import autograd
import autograd.numpy as anp
import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch._numpy as torch_numpy
from torch.autograd import forward_ad

import bibun as bb

Arrays = tuple[np.ndarray, ...]
Function = Callable[..., Any]

jax.config.update("jax_enable_x64", True)


class Names:
    """A package as code sees it: NumPy's names at its root, SciPy's under `scipy`. A name that it lacks is an AttributeError."""

    def __init__(self, root: Any, scipy: str, wrap: Callable[[Any], Any] = lambda found: found) -> None:
        self._root, self._scipy, self._wrap = root, scipy, wrap

    def __getattr__(self, name: str) -> Any:
        return Modules(self._scipy, self._wrap) if name == "scipy" else getattr(self._root, name)


class Modules:
    """Submodules imported when they are asked for."""

    def __init__(self, path: str, wrap: Callable[[Any], Any]) -> None:
        self._path, self._wrap = path, wrap

    def __getattr__(self, name: str) -> Any:
        try:
            return (
                Modules(f"{self._path}.{name}", self._wrap) if importlib.import_module(f"{self._path}.{name}") else None
            )
        except ModuleNotFoundError:
            return self._wrap(getattr(importlib.import_module(self._path), name))


def call_of(dotted: str) -> Function:
    """The function of this name in whatever package is given."""
    return lambda xp, *xs, **settings: reduce(getattr, dotted.split("."), xp)(*xs, **settings)


def leaves(y: Any) -> list[Any]:
    """The arrays of a result."""
    return [leaf for part in y for leaf in leaves(part)] if isinstance(y, tuple | list) else [y]


class Package:
    """What the comparison asks of a package. f takes arrays of the package and gives a list of arrays."""

    name: str
    names: Names

    def reverse(self, f: Function, xs: Arrays, cotangents: Arrays) -> tuple[Any, Any]:
        """The values and the pullback of the cotangents."""
        raise NotImplementedError

    def forward(self, f: Function, xs: Arrays, tangents: Arrays) -> Any:
        """The pushforward of the tangents."""
        raise NotImplementedError

    def second(self, f: Function, xs: Arrays, weights: Arrays, tangents: Arrays) -> Any:
        """The Hessian of Σ w y² / 2, times the tangents."""
        raise NotImplementedError

    def quiet(self) -> Any:
        """Around each call: a peer's warnings are its own matter."""
        return warnings.catch_warnings(action="ignore")


def half_squares(ys: Any, weights: Arrays) -> Any:
    return sum(((y * y) * w).sum() for y, w in zip(ys, weights, strict=True)) * 0.5


class Bibun(Package):
    name = "bibun"
    names = Names(np, "bibun.scipy")

    def reverse(self, f, xs, cotangents):
        ys, pullback = bb.vjp(f, *xs)
        return ys, pullback(list(cotangents))

    def forward(self, f, xs, tangents):
        return bb.jvp(f, xs, tangents)[1]

    def second(self, f, xs, weights, tangents):
        gradient = bb.grad(lambda *ts: half_squares(f(*ts), weights), argnums=tuple(range(len(xs))))
        if sum(x.size for x in xs) % 2:  # the Hessian is symmetric: forward over reverse and reverse over reverse agree
            return bb.vjp(gradient, *xs)[1](tangents)
        return bb.jvp(gradient, xs, tangents)[1]

    def quiet(self):
        return nullcontext()


class Jax(Package):
    name = "jax"
    names = Names(jnp, "jax.scipy")

    def reverse(self, f, xs, cotangents):
        ys, pullback = jax.vjp(f, *map(jnp.asarray, xs))
        return ys, pullback([jnp.asarray(g, dtype=y.dtype) for g, y in zip(cotangents, ys, strict=True)])

    def forward(self, f, xs, tangents):
        return jax.jvp(f, tuple(map(jnp.asarray, xs)), tuple(map(jnp.asarray, tangents)))[1]

    def second(self, f, xs, weights, tangents):
        gradient = jax.grad(lambda *ts: half_squares(f(*ts), weights), argnums=tuple(range(len(xs))))
        return jax.jvp(gradient, tuple(map(jnp.asarray, xs)), tuple(map(jnp.asarray, tangents)))[1]


class Autograd(Package):
    name = "autograd"
    names = Names(anp, "autograd.scipy")

    def reverse(self, f, xs, cotangents):
        def paired(ts):
            return sum(anp.sum(anp.real(y * g)) for y, g in zip(f(*ts), cotangents, strict=True))

        return f(*xs), autograd.grad(paired)(tuple(xs))

    def forward(self, f, xs, tangents):
        def pushed(k):
            return sum(autograd.make_jvp(lambda *ts: f(*ts)[k], n)(*xs)(t)[1] for n, t in enumerate(tangents))

        return [pushed(k) for k in range(len(f(*xs)))]

    def second(self, f, xs, weights, tangents):
        gradient = autograd.grad(lambda ts: half_squares(f(*ts), weights))
        return autograd.grad(lambda ts: sum(anp.sum(g * t) for g, t in zip(gradient(ts), tangents, strict=True)))(
            tuple(xs)
        )


def _of_tensors(function: Function) -> Function:
    """A function of tensors as one of PyTorch's NumPy-like arrays."""

    def bare(x: Any) -> Any:
        return x.tensor if isinstance(x, torch_numpy.ndarray) else x

    def called(*xs: Any, **settings: Any) -> Any:
        found = function(*map(bare, xs), **settings)
        return [torch_numpy.asarray(y) for y in found] if isinstance(found, tuple) else torch_numpy.asarray(found)

    return called


class Torch(Package):
    """PyTorch: what its NumPy-like arrays can do (`torch._numpy`), and `torch.special` for SciPy's functions."""

    name = "torch"
    names = Names(torch_numpy, "torch", _of_tensors)

    @staticmethod
    def tensors(xs: Any) -> list[Any]:
        return [torch.tensor(np.asarray(x)) for x in xs]

    def run(self, f: Function, tensors: list[Any]) -> list[Any]:
        return [torch_numpy.asarray(y).tensor for y in f(*map(torch_numpy.ndarray, tensors))]

    def slopes(self, y: Any, tensors: list[Any], **settings: Any) -> list[Any]:
        if not y.requires_grad:
            return [torch.zeros_like(x) for x in tensors]
        found = torch.autograd.grad(y, tensors, allow_unused=True, **settings)
        return [torch.zeros_like(x) if g is None else g for x, g in zip(tensors, found, strict=True)]

    def reverse(self, f, xs, cotangents):
        tensors = [t.requires_grad_() for t in self.tensors(xs)]
        ys = self.run(f, tensors)
        total = sum((y * g).sum().real for y, g in zip(ys, self.tensors(cotangents), strict=True))
        return self.plain(ys), self.plain(g.conj().resolve_conj() for g in self.slopes(total, tensors))

    def forward(self, f, xs, tangents):
        with forward_ad.dual_level():
            duals = [forward_ad.make_dual(x, t) for x, t in zip(self.tensors(xs), self.tensors(tangents), strict=True)]
            pairs = [forward_ad.unpack_dual(y) for y in self.run(f, duals)]
            return self.plain(torch.zeros_like(y) if dy is None else dy for y, dy in pairs)

    def second(self, f, xs, weights, tangents):
        tensors = [t.requires_grad_() for t in self.tensors(xs)]
        gradient = self.slopes(half_squares(self.run(f, tensors), self.tensors(weights)), tensors, create_graph=True)
        along = sum((g * t).sum() for g, t in zip(gradient, self.tensors(tangents), strict=True))
        return self.plain(self.slopes(along, tensors))

    @staticmethod
    def plain(tensors: Any) -> list[np.ndarray]:
        return [t.detach().resolve_conj().resolve_neg().numpy() for t in tensors]


BIBUN = Bibun()
PEERS: tuple[Package, ...] = (Jax(), Torch(), Autograd())
