"""The compiler: a recorded run, simplified, fused, and emitted as one native function."""

from __future__ import annotations

from bibun.compiler.compiled import compile

__all__ = ["compile"]
