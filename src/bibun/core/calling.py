"""How transforms call the function that they differentiate: somebody who records may call it in another way meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Instead = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


class _Now(threading.local):
    instead: Instead | None = None


_now = _Now()


@contextmanager
def called_by(instead: Instead | None) -> Iterator[None]:
    """Meanwhile, in this thread, instead(f, args, kwargs) gives what a transform takes for f(*args, **kwargs). None: f itself."""
    before, _now.instead = _now.instead, instead
    try:
        yield
    finally:
        _now.instead = before


def called(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """f(*args, **kwargs), of a transform's own values."""
    return f(*args, **kwargs) if _now.instead is None else _now.instead(f, args, kwargs)
