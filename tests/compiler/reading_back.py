"""The source of a compiled function, run. Owns no program."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from bibun import tree


def program_of(text: str, around: dict[str, Any]) -> Callable[..., Any]:
    """The function that a source defines, with the variables of the code around it for the parameters that need them."""
    space: dict[str, Any] = {}
    exec(text, space)
    function = next(
        v for v in reversed(space.values()) if inspect.isfunction(v) and v.__code__.co_filename == "<string>"
    )
    parameters = inspect.signature(function).parameters.values()
    wanted = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty and p.name in around]
    return lambda *args, **kwargs: function(*args, **kwargs, **{name: around[name] for name in wanted})


def assert_alike(got: Any, want: Any) -> None:
    """The same containers, shapes and dtypes, and entries to rounding."""
    assert tree.structure(got)[1] == tree.structure(want)[1]
    for a, b in zip(tree.flatten(got)[0], tree.flatten(want)[0], strict=True):
        assert (np.shape(a), np.result_type(a)) == (np.shape(b), np.result_type(b))
        precise = 1e-5 if np.result_type(b) == np.float32 else 1e-11
        np.testing.assert_allclose(a, b, rtol=precise, atol=precise)
