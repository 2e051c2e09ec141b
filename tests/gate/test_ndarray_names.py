"""Every method and attribute of ndarray works on traced arrays, or is refused with a reason; nothing is silently plain.

What each gives is checked as that of the functions is: values and derivatives beside numerical ones, in every mode.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.arrays.registry import reason
from bibun.core.traced import Traced
from tests.gate.calls import W, X
from tests.gate.test_public_names import OTHER, constant, differentiable, evaluate, is_entries, leaves


def _each(names: str, text: str) -> dict[str, str]:
    return {name: text.replace("NAME", name) for name in names.split()}


# How each is written, of an array x. A statement that writes to y, a copy of x, is followed by `-> y`.
DIFFERENTIABLE: dict[str, str] = {
    **_each("T mT real imag", "x.NAME"),
    **_each("conj conjugate copy cumprod cumsum diagonal flatten max mean min prod ptp ravel round squeeze std sum trace "
            "transpose var view __abs__ __pos__ __neg__ __copy__", "x.NAME()"),
    **_each("__add__ __sub__ __mul__ __truediv__ __pow__ __radd__ __rsub__ __rmul__ __rtruediv__ __rpow__ __matmul__ __rmatmul__ "
            "dot", "x.NAME(x.T + 1)"),
    **_each("__mod__ __floordiv__ __divmod__ __rmod__ __rfloordiv__ __rdivmod__", "x.NAME(0.275)"),
    **_each("__iadd__ __isub__ __imul__ __itruediv__ __ipow__ __imatmul__", "y.NAME(x.T + 1) -> y"),
    **_each("__imod__ __ifloordiv__", "y.NAME(0.275) -> y"),
    **_each("repeat take __getitem__", "x.NAME(2)"),
    "base": "(x * 1.0)[1:].base",
    "flat": "x.flat[:]",
    "__iter__": "list(x.__iter__())",
    "astype": "x.astype(complex)",
    "choose": "np.array([0, 1, 0]).choose([x[0], x[1]]) if isinstance(x, np.ndarray) else np.choose([0, 1, 0], [x[0], x[1]])",
    "clip": "x.clip(0.25, 0.7)",
    "compress": "x.compress([True, False, True], axis=1)",
    "fill": "y.fill(x[0, 0] ** 2) -> y",
    "partition": "y.partition(1) -> y",
    "put": "y.put([0, 4], x[0, :2] ** 2) -> y",
    "reshape": "x.reshape(9)",
    "resize": "y.resize((3, 3)) -> y",
    "sort": "y.sort(0) -> y",
    "swapaxes": "x.swapaxes(0, 1)",
    "to_device": "x.to_device('cpu')",
    "__deepcopy__": "x.__deepcopy__({})",
    "__setitem__": "y.__setitem__(0, x[1] ** 2) -> y",
    "__array_namespace__": "x.__array_namespace__().sin(x)",
    "__array_ufunc__": "np.sin(x)",
    "__array_function__": "np.median(x, 0)",
}  # fmt: skip

# Plain, for the reason of this function's.
CONSTANT: dict[str, tuple[str, Any]] = {
    **{name: (f"x.{name}()", getattr(np, name)) for name in ("all", "any", "argmax", "argmin", "argsort", "nonzero")},
    **{name: (f"x.{name}", getattr(np, name)) for name in ("shape", "ndim", "size")},
    **{name: (f"x.{name}", np.result_type) for name in ("dtype", "itemsize", "nbytes")},
    **{f"__{name}__": (f"x.__{name}__(x.T)", getattr(np, f)) for name, f in
       {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items()},
    "argpartition": ("x.argpartition(1)", np.argpartition),
    "searchsorted": ("np.sort(x[0]).searchsorted(x[1])", np.searchsorted),
    "__contains__": ("0.21 in x", np.equal),
    "__bool__": ("bool(x[0, 0])", np.not_equal),
    "__len__": ("len(x)", np.shape),
    "device": ("x.device", np.shape),
}  # fmt: skip
OF_INTEGERS: dict[str, tuple[str, Any]] = {
    **{f"__{side}{name}__": (f"x.__{side}{name}__(3)", getattr(np, f)) for name, f in
       {"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift"}.items()
       for side in ("", "r")},
    "__invert__": ("x.__invert__()", np.invert),
}  # fmt: skip

# Refused: the call, and what the message must say.
REFUSED: dict[str, tuple[str, str]] = {
    **{name: (f"x.{name}", "is about memory") for name in ("strides", "flags", "ctypes")},
    **{name: (f"x.{name}()", f"x.data.{name}()") for name in ("tobytes", "tofile", "dump", "dumps", "getfield")},
    **{f"__reduce{ex}__": (f"(x * 2).__reduce{ex}__({2 if ex else ''})", ".data") for ex in ("", "_ex")},
    "byteswap": ("x.byteswap()", "x.data.byteswap()"),
    "setfield": ("x.setfield(0, float)", "x[key] = value"),
    "setflags": ("x.setflags(write=False)", "Leave the call away"),
    "tolist": ("x.tolist()", "for entry in x"),
    "item": ("x[0, 0].item()", "x[()] instead of x.item()"),
    "__float__": ("float(x[0, 0])", "x instead of float(x)"),
    "__int__": ("int(x[0, 0])", "int(x.astype(int))"),
    "__index__": ("[1, 2][x[0, 0]:]", "int(x.astype(int))"),
    "__complex__": ("complex(x[0, 0])", "x.astype(complex)"),
    "__array__": ("x.__array__()", "np.stack"),
    "__dlpack__": ("x.__dlpack__()", "x instead of np.asarray(x)"),
}

# Python's and NumPy's own machinery, or what the other tests of this room are about.
ASIDE: dict[str, str] = {
    name: why
    for why, names in {
        "makes objects and looks at classes": "__class__ __class_getitem__ __delattr__ __dir__ __doc__ __getattribute__ "
        "__getstate__ __hash__ __init__ __init_subclass__ __new__ __setattr__ __sizeof__ __subclasshook__ __setstate__ "
        "__delitem__",
        "shows the entries": "__format__ __repr__ __str__",
        "is what NumPy asks for memory, which is not there": "__array_interface__ __array_struct__ __array_wrap__ "
        "__array_finalize__",
        "a number that NumPy compares": "__array_priority__",
        "says on which device the entries are": "__dlpack_device__",
        "the value alone, as is documented": "data",
        "of whole numbers, in place: a Variable of them is written to as one of floats is": "__iand__ __ior__ __ixor__ "
        "__ilshift__ __irshift__",
    }.items()
    for name in names.split()
}


def call(text: str) -> Any:
    """The function of an array that the text writes."""
    expression, _, result = text.partition(" -> ")
    code = f"({expression}, y)[1]" if result else expression

    def f(_: Any, x: Any) -> Any:
        return evaluate(code, x=x, y=x * 1.0 if result else None)

    return f


def test_every_name_is_known() -> None:
    missing = sorted({*dir(np.ndarray)} - {*DIFFERENTIABLE, *CONSTANT, *OF_INTEGERS, *REFUSED, *ASIDE})
    assert not missing, (
        f"new in this NumPy: {missing}. Give each its method (arrays/methods.py) and a call in DIFFERENTIABLE or CONSTANT, or a "
        "refusal (arrays/refused.py) and a call in REFUSED"
    )


@pytest.mark.parametrize("name", [name for name in DIFFERENTIABLE if hasattr(np.ndarray, name)])
def test_differentiable(name: str) -> None:
    f = call(DIFFERENTIABLE[name])
    got = leaves(f(None, bb.Variable(X)))
    assert not [leaf for leaf in got if is_entries(leaf) and not isinstance(leaf, Traced)]
    differentiable(name, None, f, X, OTHER)


@pytest.mark.parametrize("name", [name for name in CONSTANT if hasattr(np.ndarray, name)])
def test_constant_with_a_reason(name: str) -> None:
    text, function = CONSTANT[name]
    assert len(reason(function).split()) > 4
    f = call(text)
    assert not any(isinstance(leaf, Traced) for leaf in leaves(f(None, bb.Variable(X))))
    if name in ("__bool__", "__contains__"):  # an `if` cannot choose for a whole batch, and vmap says so
        assert bb.jvp(lambda x: 3 * x if f(None, x) else x, (X,), (X,))[1][0, 0] == 3 * X[0, 0]
        return
    constant("np.nonzero" if name == "nonzero" else name, None, f, X, OTHER)


@pytest.mark.parametrize("name", OF_INTEGERS)
def test_of_whole_numbers(name: str) -> None:
    text, function = OF_INTEGERS[name]
    assert len(reason(function).split()) > 4
    got = call(text)(None, bb.Variable(W))
    assert not isinstance(got, Traced)
    np.testing.assert_array_equal(got, call(text)(None, W))


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("way", ["Variable", "grad", "jvp", "vmap", "compile"])
def test_refused_with_a_reason(name: str, way: str) -> None:
    text, says = REFUSED[name]
    f = call(text)
    ask = {
        "Variable": lambda: f(None, bb.Variable(X)),
        "grad": lambda: bb.grad(lambda x: f(None, x))(X),
        "jvp": lambda: bb.jvp(lambda x: f(None, x), (X,), (X,)),
        "vmap": lambda: bb.vmap(lambda x: f(None, x))(np.stack([X, OTHER])),
        "compile": lambda: bb.compile(bb.grad(lambda x: f(None, x)))(X),
    }
    with warnings.catch_warnings(), pytest.raises((bb.BibunError, AttributeError)) as refusal:
        ask[way]()
    assert says in str(refusal.value) or (way == "vmap" and "inside vmap" in str(refusal.value).lower())
