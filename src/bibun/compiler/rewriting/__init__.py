"""Simplification: a graph is built through `Rewriter.make`, which looks every new node up in the rules. Rules are data."""

from __future__ import annotations

from bibun.compiler.rewriting.rewriter import Rewriter

__all__ = ["Rewriter"]
