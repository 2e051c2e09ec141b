"""compile: a function that records itself at its first call, and from then on runs as a program."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import update_wrapper
from threading import RLock
from typing import Any
from weakref import WeakSet, ref

import numpy as np
import optree  # noqa: F401  bibun.tree imports it at the first container, and here every call's arguments are one

from bibun import tree
from bibun.compiler.exactly import InexactError
from bibun.compiler.explaining import explanation
from bibun.compiler.flat import Flat
from bibun.compiler.graph import Graph
from bibun.compiler.keys import key_of
from bibun.compiler.long_loops import Inner, Stop, may_run_again
from bibun.compiler.native import callables
from bibun.compiler.native.build import Arrangement, Native, Otherwise, from_disk, made
from bibun.compiler.native.callbacks import stop_if_interrupted
from bibun.compiler.native.layouts import layouts
from bibun.compiler.native.machine import available, cores
from bibun.compiler.native.once import once
from bibun.compiler.native.watch import Pair, unchanged
from bibun.compiler.paths import Paths, Recipe, Version
from bibun.compiler.reading import read
from bibun.compiler.results import Results
from bibun.compiler.runs import Run, check_arguments, leaf_of, of_the_run, over, why_not
from bibun.compiler.signature import PlainCall, Signature, lying, positions, signature
from bibun.compiler.starts import Compiling, identity, keep, started
from bibun.core.calling import Instead, called_by
from bibun.core.memory import collector_off
from bibun.core.watching import IndexArrays, watched_by
from bibun.errors import CompileWarning, DerivativeValueError, NoDerivativeError, UnrecordableError, warn
from bibun.interpreters.recording import Recording

_ALL: WeakSet[Careful] = WeakSet()
CHAIN = 8  # versions that machine code tries one after the other before Python is asked


def compile(
    f: Callable[..., Any],
    *,
    static_argnums: int | Sequence[int] = (),
    fast: bool = False,
    threads: int | None = None,
) -> Callable[..., Any]:
    """f as one program, made at the first call for arguments of these shapes and dtypes. It returns what f returns, to
    rounding; f may be any function of NumPy code, and any composition of transforms: compile(value_and_grad(f)).

    static_argnums: positional arguments that are no numbers of the calculation (an option, a function): a program is
    made for each of their values. fast: use also identities that hold for real numbers, but not for every value in
    floating point (log(exp(x)) = x). threads: how many cores large loops use; all by default.

    Arrays that f reads from the code around it are read at each call. Numbers and other objects from around it are
    those of the first call, and so is all that f computes from plain arrays alone. A decision on values (if, while,
    range) is checked in each call; where it falls otherwise, a program for that path is made, up to 16 of them. What
    has no derivative and what is random is as in the run that was recorded. Arrays are returned in C order, in memory of
    their own, whatever the order of f's.

    Raises LostDerivativeError where f turns a value into a plain number (float(x), math.sin(x)).
    """
    if not callable(f):
        raise TypeError(f"compile: {f!r} is no function. Pass the function itself, not what it returns.")
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or threads < 1):
        raise ValueError(
            f"compile: threads={threads!r}, but it is how many cores a large loop may use: 1, 2, ...; or None, for all."
        )
    careful = Careful(f, positions(static_argnums), fast, min(int(threads or cores()), cores()))
    if not available() or layouts() is None:
        return careful
    _equip(callables.native_class())
    public = callables.passing_on(careful)
    public.careful = careful
    _name_after(public, f)
    careful.public = ref(public)
    return public  # type: ignore[no-any-return]


def _again(f: Any, static: tuple[int, ...], fast: bool, threads: int) -> Any:
    """Compile in another process, for as many threads at most as there are cores."""
    return compile(f, static_argnums=static, fast=fast, threads=threads)


def _name_after(function: Any, f: Any) -> None:
    """Take over f's name, text and attributes, but for those that a compiled function has itself: f may be a transform of
    one, which has taken over that one's, and what keeps the memory of machine code alive is among them."""
    own = dict(vars(function))
    update_wrapper(function, f)
    vars(function).update(own)


def _equip(cls: Any) -> None:
    """Give the class of callables of machine code what compiled functions have: what it is asked, it asks the careful way."""
    if not hasattr(cls, "explain"):
        for name in ("explain", "source", "llvm"):
            setattr(cls, name, _delegate(name))
        cls.__repr__ = lambda self: repr(self.careful)
        cls.__copy__, cls.__deepcopy__ = Careful.__copy__, Careful.__deepcopy__
        cls.__reduce__ = lambda self: self.careful.__reduce__()
        cls.__get__ = lambda self, thing, owner=None: self if thing is None else _bound(self, thing)


def _delegate(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.careful, name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = getattr(Careful, name).__doc__
    return method


def _bound(function: Any, thing: Any) -> Any:
    from types import MethodType

    return MethodType(function, thing)


class Careful:
    """The careful way: from any arguments to the right version, or to a new one, or to the function itself."""

    def __init__(self, f: Callable[..., Any], static: tuple[int, ...], fast: bool, threads: int) -> None:
        self.f = f
        self.static = static
        self.fast = fast
        self.threads = threads
        self.paths: dict[Hashable, Paths] = {}
        self.public: Any = lambda: None
        self.chain: list[Version] = []
        self.volatile: dict[int, Any] = {}  # index arrays of the code around f that have changed, by identity
        self._lock = RLock()
        _name_after(self, f)
        _ALL.add(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        stop_if_interrupted()
        try:
            call = signature(args, kwargs, self.static)
        except PlainCall:
            return self.f(*args, **kwargs)
        paths = self.paths.get(call.key)
        if paths is None:
            with self._lock:
                paths = self.paths.setdefault(call.key, Paths())
        tried: list[Version] = []
        while paths.plain is None:
            new = [version for version in paths.versions if version not in tried]
            for version in new:
                with suppress(Otherwise):
                    return version.run(call.leaves)
            tried += new
            with self._lock:
                if paths.plain is not None or len(paths.versions) > len(tried):
                    continue  # by another thread, while this one waited
                found = self._record(paths, call)
            if found is None:
                break
            try:
                return found(call.leaves)
            except Otherwise:
                self._give_up(paths, "its program does not do again what the run did that it was made of")
        return self.f(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<compiled {getattr(self.f, '__qualname__', self.f)!s}>"

    def __copy__(self) -> Any:
        """Itself, as of any function: what holds one can be copied."""
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        """Itself, likewise."""
        return self

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickled as its name, where it has one in f's module; else as f, which has to be one that pickles, to be compiled
        anew."""
        module = sys.modules.get(getattr(self.f, "__module__", None) or "")
        mine = [one for one in (self, self.public()) if one is not None]
        for name in (getattr(self.f, "__qualname__", ""), *getattr(module, "__dict__", ())):
            found: Any = module
            for part in name.split("."):
                found = getattr(found, part, None)
            if any(found is one for one in mine):
                return str(name)
        return _again, (self.f, self.static, self.fast, self.threads)

    def __get__(self, thing: Any, owner: Any = None) -> Any:
        """As a method, where there is no callable of machine code in its place."""
        return self if thing is None else _bound(self, thing)

    @property
    def _how(self) -> Compiling:
        return Compiling(self.f, self.fast, self.threads)

    def unlock(self) -> None:
        """Forget who records: in the child of a fork that thread is gone."""
        self._lock = RLock()

    # ---- versions -----------------------------------------------------------------------------------

    def _record(self, paths: Paths, call: Signature) -> Callable[[list[Any]], Any] | None:
        """What gives the result of this call: most often a new version. None if the function has to run plainly."""
        self._look_again(paths)
        if paths.full:
            places = ", ".join(dict.fromkeys(paths.versions[0].recipe.places))
            self._give_up(paths, f"it decides in more than {len(paths.versions)} ways, at {places}")
            return None
        name = identity(self._how, call) if available() else None
        found = None if name is None else started(name, self._how, call, paths.keys)
        if found is not None:
            key, version, result = found
            self._add(paths, version, key)
            return lambda _: result
        with collector_off():
            inner = Inner(lambda: may_run_again(self.f, call))
            with suppress(Stop):
                return self._recorded(paths, call, name, inner.call)
            return self._of_few_turns(paths, call, name, inner)  # now nothing holds what that run has made

    def _look_again(self, paths: Paths) -> None:
        """Index arrays that have changed are read at each call from now on; what was made for what they held is forgotten."""
        for version in list(paths.versions):
            changed = [now for now, before in version.watched if not unchanged([(now, before)])]
            self.volatile |= {id(array): array for array in changed}
            if changed:
                paths.versions.remove(version)

    def _of_few_turns(
        self, paths: Paths, call: Signature, name: bytes | None, inner: Inner
    ) -> Callable[[list[Any]], Any] | None:
        """From the function within the transforms; where that does not do, f is recorded whole."""
        run = inner.run(self._recipe(call), call.leaves, self.threads)
        if run is None:
            return self._recorded(paths, call, name, None)
        return self._version(paths, run, call, (), name)

    def _recorded(
        self, paths: Paths, call: Signature, name: bytes | None, instead: Instead | None
    ) -> Callable[[list[Any]], Any] | None:
        """instead: what transforms call, as called_by has it; Stop is for who gives it."""
        recording = Recording()
        recorded = [recording.input(i, leaf) for i, leaf in enumerate(call.leaves)]
        args, kwargs = call.rebuild(recorded)
        given = tree.structure((args, kwargs))
        results, failure = None, ""
        pairs: Sequence[Pair] = ()
        try:
            indices = IndexArrays(self.volatile, recording.captured)
            with watched_by(indices), called_by(instead):
                results = Results(self.f(*args, **kwargs))
            recording.check()
            pairs = indices.shared()
            if not unchanged(pairs):
                raise UnrecordableError("it changes an index array of the code around it")
            why = why_not(results, given, tree.structure((args, kwargs)), shown=recording.shown)
            if why:
                results = None
                raise UnrecordableError(why)
            check_arguments(recorded)
        except UnrecordableError as error:
            if not error.once:
                self._give_up(paths, str(error))
            return None if results is None or recording.late else of_the_run(results, recorded, call.leaves)
        except (NoDerivativeError, DerivativeValueError) as error:
            failure = str(error)
        if results is None:
            args, kwargs = call.rebuild(call.leaves)
            self.f(*args, **kwargs)  # raises, where it is not the recording that has no rule for what f does
            self._give_up(paths, failure)
            return None
        recipe = self._recipe(call)._replace(order=lying(call.leaves) if recording.by_order else None)
        run = over(recording, results, recipe, self.threads, pairs)
        return self._version(paths, run, call, pairs, None if recording.shown else name)

    def _recipe(self, call: Signature) -> Recipe:
        return Recipe(self.f, [leaf_of(x) for x in call.leaves], call.rebuild, [], [])

    def _version(
        self, paths: Paths, run: Run, call: Signature, pairs: Sequence[Pair], name: bytes | None
    ) -> Callable[[list[Any]], Any]:
        """A new version, of that run. `name`: what it is kept under for other processes."""
        flat, numbers, layout = run.flat, run.numbers, run.layout
        key = self._key(flat, numbers, layout)
        later = _later(flat, numbers, fast=self.fast)
        native = None if key is None else from_disk(key, later, layout, flat.arrays)
        if native is None:
            graph = read(flat, numbers, fast=self.fast)
            native, later = self._native(key, graph, layout, flat.arrays), lambda: graph
        if key and native and name and identity(self._how, call) == name:
            keep(name, key, run)
        version = Version(later, run.results, run.recipe, native, pairs)
        self._add(paths, version, key)
        return version.run

    def _key(self, flat: Flat, numbers: list[int], layout: Arrangement) -> bytes | None:
        """Of the program on disk; None where it has none, or there is no machine code."""
        if available():
            with suppress(InexactError):
                return key_of(flat, numbers, layout, fast=self.fast)
        return None

    def _native(
        self, key: bytes | None, graph: Graph, layout: Arrangement, arrays: Mapping[int, np.ndarray[Any, Any]]
    ) -> Native | None:
        """Machine code; None where it cannot be made, and the program runs through NumPy."""
        if not available():
            return None
        try:
            return made(key, graph, layout, arrays)
        except Exception as error:  # noqa: BLE001  whatever is wrong in our code or LLVM's, NumPy has the right numbers
            warn(
                f"compile({self._name}): no machine code could be made ({type(error).__name__}: {error}), so the program runs "
                "through NumPy: right, but slower. Please report it.",
                CompileWarning,
            )
            return None

    def _add(self, paths: Paths, version: Version, key: bytes | None) -> None:
        paths.versions.insert(0, version)
        paths.keys.add(key)
        self._link(version)

    def _link(self, version: Version) -> None:
        """Let machine code try the latest versions before it asks Python."""
        public = self.public()
        if public is None or version.native is None or version.native.entry is None or not version.in_rows:
            return
        self.chain = [version, *self.chain][:CHAIN]
        slow: Any = self
        for other in reversed(self.chain):
            assert other.native is not None
            assert other.native.entry is not None
            table = other.native.context.table(slow)
            if other is version:
                callables.point(public, other.native.entry, (table, slow))
            else:
                slow = callables.make(callables.native_class(), other.native.entry, (table, slow))

    @property
    def _name(self) -> str:
        return getattr(self.f, "__name__", "f")

    def _give_up(self, paths: Paths, why: str) -> None:
        paths.plain = why
        warn(
            f"compile({self._name}): runs plainly from now on for these arguments: {why.removesuffix('.')}.",
            CompileWarning,
        )

    # ---- looking at it ------------------------------------------------------------------------------

    def _latest(self) -> Version:
        found = [paths.versions[0] for paths in self.paths.values() if paths.versions]
        if not found:
            raise RuntimeError("nothing is compiled yet: call the function once.")
        return found[-1]

    def source(self) -> str:
        """The program of the latest signature as text, as NumPy would run it: a derivative, as code."""
        return self._latest().listing().text

    def llvm(self) -> str:
        """The program of the latest signature in LLVM's language."""
        native = self._latest().native
        return "" if native is None else native.written.llvm

    def explain(self) -> str:
        """What was fused into which loops, what runs in BLAS and in NumPy and why, the decisions of the run, what the
        program has kept from the first call, and what a call costs beside what this machine can do at best."""
        if not self.paths:
            raise RuntimeError("nothing is compiled yet: call the function once.")
        return explanation(self.f, self.paths.values(), fast=self.fast)


def _later(flat: Flat, numbers: Sequence[int], *, fast: bool) -> Callable[[], Graph]:
    """The graph, made when somebody asks. (A function within a method would hold the compiled function.)"""
    return once(lambda: read(flat, numbers, fast=fast))


def _unlock() -> None:
    for careful in list(_ALL):
        careful.unlock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)
