"""An entry that passes every call on to Python: what a compiled function calls before its first program is made."""

from __future__ import annotations

import ctypes
from typing import Any

from bibun.compiler.native.context import process_addresses
from bibun.compiler.native.layouts import layouts
from bibun.compiler.native.machine import Loaded, machine
from bibun.compiler.native.once import once


@once
def _loaded() -> Loaded:
    at = layouts()
    assert at is not None
    text = f"""
define ptr @stub(ptr %self, ptr %args, i64 %nargs, ptr %kwnames) {{
  %p = getelementptr i8, ptr %self, i64 {at.table}
  %table = load ptr, ptr %p
  %slow = load ptr, ptr %table
  %q = getelementptr ptr, ptr %table, i64 1
  %invoke = load ptr, ptr %q
  %r = call ptr %invoke(ptr %slow, ptr %args, i64 %nargs, ptr %kwnames)
  ret ptr %r
}}
"""
    return machine().load(machine().object_of(text), ["stub"])


def stub(slow: Any) -> tuple[int, Any]:
    """The entry, and a table with the callable that calls go to."""
    table = (ctypes.c_uint64 * 2)(id(slow), process_addresses()["PyObject_Vectorcall"])
    return _loaded().addresses["stub"], (table, slow)
