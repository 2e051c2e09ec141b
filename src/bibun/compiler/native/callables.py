"""Callables whose call is machine code: a class with CPython's vectorcall protocol (PEP 590), made through its C API.

An instance holds the address of an entry and of its table. Both can be exchanged while it is in use; a call then goes to
whichever it finds. What an instance needs to stay alive is in its `kept`.
"""

from __future__ import annotations

import ctypes
from typing import Any

from bibun.compiler.native.context import address, process_addresses
from bibun.compiler.native.layouts import layouts
from bibun.compiler.native.machine import Loaded, machine
from bibun.compiler.native.once import once


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("function", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("basicsize", ctypes.c_int), ("itemsize", ctypes.c_int), ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )  # fmt: skip


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("kind", ctypes.c_int), ("offset", ctypes.c_ssize_t), ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )  # fmt: skip


class _Property(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("get", ctypes.c_void_p), ("set", ctypes.c_void_p), ("doc", ctypes.c_char_p),
        ("closure", ctypes.c_void_p),
    )  # fmt: skip


_CALL, _TRAVERSE, _MEMBERS, _PROPERTIES = 50, 71, 72, 73  # Py_tp_call, _traverse, _members, _getset (typeslots.h)
_SIZE, _READ_ONLY = 19, 1  # T_PYSSIZET, READONLY
_VECTORCALL, _COLLECTED = 1 << 11, 1 << 14  # Py_TPFLAGS_HAVE_VECTORCALL, Py_TPFLAGS_HAVE_GC


@once
def _shared() -> Loaded:
    """The code that all instances share.

    traverse    what the collector of cycles asks: an instance holds its class and its __dict__
    pass_on     the entry before there is a program: the same call of the callable that is first in the table
    """
    at = layouts()
    assert at is not None
    text = f"""
define ptr @pass_on(ptr %self, ptr %args, i64 %nargs, ptr %kwnames) {{
  %p = getelementptr i8, ptr %self, i64 {at.table}
  %table = load ptr, ptr %p
  %slow = load ptr, ptr %table
  %q = getelementptr ptr, ptr %table, i64 1
  %invoke = load ptr, ptr %q
  %r = call ptr %invoke(ptr %slow, ptr %args, i64 %nargs, ptr %kwnames)
  ret ptr %r
}}

define i32 @traverse(ptr %self, ptr %visit, ptr %argument) {{
entry:
  %t = getelementptr i8, ptr %self, i64 {at.type}
  %class = load ptr, ptr %t
  %first = call i32 %visit(ptr %class, ptr %argument)
  %end = icmp ne i32 %first, 0
  br i1 %end, label %done, label %next
next:
  %d = getelementptr i8, ptr %self, i64 {at.table + 8}
  %dict = load ptr, ptr %d
  %none = icmp eq ptr %dict, null
  br i1 %none, label %done, label %last
last:
  %second = call i32 %visit(ptr %dict, ptr %argument)
  br label %done
done:
  %result = phi i32 [ %first, %entry ], [ 0, %next ], [ %second, %last ]
  ret i32 %result
}}
"""
    return machine().load([machine().object_of(text)], ["pass_on", "traverse"])


@once
def native_class() -> type:
    """The class. Its instances are made by `make`; `__dict__`, weak references and cycles work as usual.

    CPython's own deallocation drops the __dict__ and clears weak references of instances that are collected, only.
    """
    at = layouts()
    assert at is not None
    start = at.table - 8
    offsets = {b"__vectorcalloffset__": start, b"__dictoffset__": start + 16, b"__weaklistoffset__": start + 24}
    members = (_Member * 4)(*[_Member(name, _SIZE, offset, _READ_ONLY, None) for name, offset in offsets.items()])
    api = ctypes.pythonapi
    attributes = _Property(
        b"__dict__", address(api.PyObject_GenericGetDict), address(api.PyObject_GenericSetDict), None, None
    )
    properties = (_Property * 2)(attributes, _Property())
    slots = (_Slot * 5)(
        _Slot(_CALL, address(api.PyVectorcall_Call)),
        _Slot(_TRAVERSE, _shared().addresses["traverse"]),
        _Slot(_MEMBERS, ctypes.addressof(members)),
        _Slot(_PROPERTIES, ctypes.addressof(properties)),
        _Slot(0, None),
    )
    spec = _Spec(b"bibun.compiler.Native", start + 32, 0, _VECTORCALL | _COLLECTED, slots)
    create: Any = ctypes.pythonapi.PyType_FromSpec
    create.restype, create.argtypes = ctypes.py_object, [ctypes.POINTER(_Spec)]
    made: type = create(ctypes.byref(spec))
    _alive.extend([members, properties, slots, spec])  # the class goes on using them
    return made


_alive: list[Any] = []


def make(cls: type, entry: int, kept: tuple[Any, ...]) -> Any:
    """An instance that calls this entry with the table that is first in `kept`; the rest is what that needs."""
    thing: Any = object.__new__(cls)
    point(thing, entry, kept)
    return thing


def passing_on(slow: Any) -> Any:
    """An instance whose calls go to this callable."""
    table = (ctypes.c_uint64 * 2)(id(slow), process_addresses()["PyObject_Vectorcall"])
    return make(native_class(), _shared().addresses["pass_on"], (table, slow))


def point(thing: Any, entry: int, kept: tuple[Any, ...]) -> None:
    """Let an instance call another entry from now on. The old table stays alive: a call may be using it."""
    at = layouts()
    assert at is not None
    thing.__dict__.setdefault("kept", []).append(kept)
    words = (ctypes.c_uint64 * 2).from_address(id(thing) + at.table - 8)
    words[:] = [entry, ctypes.addressof(kept[0])]  # both at once: no other thread runs in the middle of this
