"""The errors for derivatives that would be lost: a traced array that turns into plain numbers. Each names the place."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from itertools import takewhile
from types import FrameType
from typing import Any

import numpy as np

from bibun.arrays.creation import holds_traced
from bibun.arrays.instead import instead, of_a_list, of_an_argument
from bibun.arrays.outside import of_a_generator, of_python
from bibun.arrays.registry import FUNCTIONS, implements
from bibun.core.traced import Traced
from bibun.errors import (
    OTHERWISE,
    BibunError,
    DerivativeValueError,
    Location,
    LostDerivativeError,
    NoDerivativeError,
    asked_by,
    numpy_arguments,
    numpy_function,
    own_function,
    python_function,
    scipy_function,
    user_location,
    warn,
)

_KEEP = "Keep the array: NumPy's functions take it as it is"
_ADVICE = {
    "float": f"{_KEEP} (x instead of float(x), np.sin(x) instead of math.sin(x))",
    "complex": f"{_KEEP} (x.astype(complex) instead of complex(x))",
    "int": "An integer does not vary continuously: where only its value is meant, write int(x.astype(int))",
    "entry": "Inside vmap it is another number for each entry: write np.asarray(x, like=i)[i] instead of x[i]",
    "item": "Keep the array: x[()] instead of x.item()",
    "tolist": "Keep the array: iterate over it (for entry in x), or index it",
    "store": "Make y an array that can hold it: y = np.zeros_like(x) or y = np.zeros(n, like=x) instead of y = np.zeros(n)",
    "full": "Write np.full(shape, x, like=x) instead of np.full(shape, x)",
    "array": "Write np.stack([x, y]) instead of np.array([x, y]), and x instead of np.asarray(x)",
}


def _message(array: Any, becomes: str, advice: str, place: Location | None) -> LostDerivativeError:
    where = f"at {place}: " if place else ""
    return LostDerivativeError(
        f"{where}{array.word} of shape {array.shape} would become {becomes}, and {array.loses}. {advice}."
    )


_NUMPY = ("np", "numpy")


def _stores(place: Location | None) -> bool:
    """Whether the line stores by a method of a plain array."""
    owner, method = place.method() if place else ("", "")
    return owner not in _NUMPY and method in ("fill", "put", "__setitem__")


def as_number(array: Any, conversion: str) -> LostDerivativeError:
    """float(x), int(x), math.sin(x), x.item(), x.tolist(), plain[0] = x."""
    place = user_location()
    if place and place.stores:
        error = _message(array, "an entry of a plain ndarray", _ADVICE["store"], place)
        if ".flat[" in place.expression:  # NumPy says that it could not set a single item, and drops what we say
            warn(str(error), RuntimeWarning)
        return error
    if conversion == "int" and _differs_along_a_batch(array):
        return _message(array, "a plain Python number", _ADVICE["entry"], place)
    if _stores(place):
        return _message(array, "entries of a plain ndarray", _ADVICE["store"], place)
    if advice := _advice_of_a_setting(array):
        return _message(array, "a plain Python number", advice, place)
    module, name = scipy_function()
    if name:
        found = _message(array, "a plain Python number", scipy_advice(module, name), place)
        return _lasting(found) if module.startswith("scipy.linalg") else found
    arguments = place.expression.partition("(")[2] if place else ""
    advice = (
        of_python(*python_function(), arguments)
        or _numpy_advice(place, otherwise="" if conversion == "int" else "argument")
        or _ADVICE[conversion]
    )
    return _message(array, "a plain Python number", advice, place)


def _lasting(error: LostDerivativeError) -> LostDerivativeError:
    """The wrappers of LAPACK raise another error of the same class, with a text of their own: of a class that keeps ours."""
    text = str(error)
    members = {"__str__": lambda _: text, "__module__": LostDerivativeError.__module__}
    kind: type[LostDerivativeError] = type(LostDerivativeError.__name__, (LostDerivativeError,), members)
    return kind(text)


def refuse_shuffle(word: str, frame: FrameType) -> None:
    """Raise where NumPy's shuffle, which has no frame, asks this frame's array of several axes for its length.

    x[i], x[j] = x[j], x[i] is what it does next, of rows that are views: one of the two would be lost.
    """
    _asked.at = frame.f_code, frame.f_lasti
    if "shuffle" not in frame.f_code.co_names:  # as nearly always
        return
    place = user_location()
    if place and _SHUFFLED.search(place.expression):
        raise _no_shuffle(word, place)


def refuse_swap(word: str, frame: FrameType) -> None:
    """Raise where a row of an array, a view, is stored in it by the instruction that has asked it for its length: that is no
    len(x) and no x[i] = x[j], but a call of a shuffle, whatever its name is there."""
    if getattr(_asked, "at", None) == (frame.f_code, frame.f_lasti):
        raise _no_shuffle(word, user_location())


def _no_shuffle(word: str, place: Location | None) -> NoDerivativeError:
    return NoDerivativeError(
        f"at {place}: shuffle swaps rows of {word} that are views of it, and would leave some twice. Write "
        "x[...] = x[rng.permutation(len(x))]."
    )


OF_AN_ORDER = ("norm", "vector_norm", "minkowski", "minkowski_distance", "minkowski_distance_p")
_NORMS = ("numpy.linalg.", "scipy.linalg.", "scipy.spatial.")


def refuse_order(array: Any, frame: FrameType) -> None:
    """Raise where one of these functions of NumPy's or SciPy's, which has this frame, compares the order that it was given."""
    if str(frame.f_globals.get("__name__")).startswith(_NORMS):
        raise as_number(array, "float")


_SHUFFLED = re.compile(r"^(?!len\().*\.shuffle\(", re.DOTALL)
_asked = threading.local()  # at: the code and the instruction that asked for a length last


def as_ndarray(array: Any) -> BibunError:
    """np.array([x, y]), np.asarray(x), plain[:2] = x."""
    place = user_location()
    if place and (place.stores or _stores(place)):
        return _message(array, "entries of a plain ndarray", _ADVICE["store"], place)
    if advice := _advice_of_a_setting(array):
        return _message(array, "a plain ndarray", advice, place)
    module, name = scipy_function()
    if name:
        found = _message(array, "a plain ndarray", scipy_advice(module, name), place)
        # which has a text of its own for TypeErrors and ValueErrors
        return BibunError(*found.args) if name == "differential_evolution" else found
    if numpy_function()[1] == "full":
        return _message(array, "a plain ndarray", _ADVICE["full"], place)
    if advice := _numpy_advice(place):
        found = _message(array, "a plain ndarray", advice, place)
        # np.nditer has a text of its own for TypeErrors
        is_nditer = place is not None and re.search(r"\bnditer\(", place.expression)
        return DerivativeValueError(*found.args) if is_nditer else found
    advice = "array"
    if _differs_along_a_batch(array) and array.dtype.kind in "iub":
        advice = "entry"
    return _message(array, "a plain ndarray", _ADVICE[advice], place)


_atleast_1d, _atleast_2d = FUNCTIONS[np.atleast_1d], FUNCTIONS[np.atleast_2d]
_OPTIMIZE = "scipy.optimize"


@implements(np.atleast_1d)
def atleast_1d(*arrays: Any) -> Any:
    """With one axis at least. Refused where SciPy's solvers look at what a function gives before they hand it to C, as fsolve
    does and minimize with jac=: MINPACK prints our error to stderr, and all raise one of their own.
    """
    if asked_by(_OPTIMIZE):
        raise as_ndarray(next(a for a in arrays if isinstance(a, Traced)))
    return _atleast_1d(*arrays)


@implements(np.atleast_2d)
def atleast_2d(*arrays: Any) -> Any:
    """With two axes at least; refused likewise, of a Jacobian."""
    if asked_by(_OPTIMIZE):
        raise as_ndarray(next(a for a in arrays if isinstance(a, Traced)))
    return _atleast_2d(*arrays)


_isnan: Any = FUNCTIONS[np.isnan]


@implements(np.isnan, plain=_isnan.reason)
def isnan(x: Any) -> Any:
    """Whether they are nan. Refused where SciPy asks it of what a function gives. brentq, brenth, bisect and ridder then hand it
    to C, which makes a number of it, goes on after the error, and ends with a SystemError; brent, golden and fminbound have
    compared it, and what they found has the derivative of their last step at most.
    """
    if isinstance(x, Traced) and asked_by(_OPTIMIZE):
        raise as_number(x, "float")
    return _isnan(x)


def steers(array: Any) -> bool:
    """Whether it is the end of a bracket, which SciPy hands to C as a number: the zero does not depend on it."""
    return not array.records and asked_by(f"{_OPTIMIZE}._zeros_py", ("bisect", "brenth", "brentq", "ridder"))


# A call of NumPy's that the expression is as a whole, but for a comparison or an attribute: not that of a table in table[i]
_CALLED = re.compile(r"(?:np|numpy)\.(?:lib\.stride_tricks\.)?(\w+)\((?!.*\)\[[^\]]*\]$)", re.DOTALL)
_OF_SPARSE = ("dot", "multiply", "__mul__", "__rmul__", "__truediv__", "__eq__", "__pow__")


def _advice_of_a_setting(array: Any) -> str:
    """Which argument of a function of bibun.scipy it is, that has to be plain: the one that is this array or holds it; or the
    only traced one, from which it was computed."""
    name, arguments = own_function()
    if instead(numpy_function()[1]):  # NumPy's function, inside, says more
        return ""
    traced = [argument for argument, value in arguments.items() if holds_traced(value)]
    found = [argument for argument in traced if _holds(arguments[argument], array)] or (
        traced if len(traced) == 1 else []
    )
    if not found:
        return ""
    return (
        f"{name} takes {found[0]}= as plain numbers, and has no derivative by it. Write {found[0]}=x.data where its value alone "
        f"is meant; or {OTHERWISE}"
    )


def _holds(value: Any, array: Any) -> bool:
    return value is array or (isinstance(value, (list, tuple)) and any(_holds(part, array) for part in value))


def scipy_advice(module: str, name: str) -> str:
    """What to write instead of a function of SciPy's."""
    if module.startswith("scipy.fftpack") and hasattr(sys.modules["scipy.fft"], name):
        packed = ", whose result is complex, not packed into a real array" if name in ("rfft", "irfft") else ""
        return f"scipy.fftpack is SciPy's older module, for plain arrays: write scipy.fft.{name}(...){packed}"
    if module.startswith("scipy.sparse") and name.rpartition(".")[2] in _OF_SPARSE:
        return (
            "Of a sparse matrix A and a traced x, write the product as A @ x, and with x first what is entry by entry: x * A, "
            "(1 / x) * A; or take bibun.scipy.sparse, whose matrices have traced entries"
        )
    room, reason = _scipy_room(module, name.partition(".")[0])
    name = "function" if name in ("__call__", "wrapped", "wrapper") else name  # of an object, or what a decorator made
    name = name.removeprefix("_Custom")  # SciPy's class for a LinearOperator of functions
    if reason:
        return f"scipy.{room}.{name} has no derivative rule: {reason}. Or {OTHERWISE}"
    if room:
        return (
            f"SciPy's {name} makes plain arrays of its arguments. Write bibun.scipy.{room}.{name}(...), after import "
            f"bibun.scipy.{room}: it has the same parameters, and takes traced arrays too"
        )
    near = next(_scipy_rooms(module), "")
    if near and hasattr(sys.modules[f"scipy.{near}"], name.partition(".")[0]):
        return (
            f"scipy.{near}.{name} makes plain arrays of its arguments, and bibun.scipy.{near} has no derivative of it. Write it "
            f"with NumPy's functions, or {OTHERWISE}"
        )
    if near:
        return (
            f"SciPy's {name} makes plain arrays of its arguments. bibun.scipy.{near} has what scipy.{near} has, as far as there "
            f"are derivatives, with the same parameters, for traced arrays too: import it in its place"
        )
    return (
        f"SciPy's {name} makes plain arrays of its arguments; of SciPy, the ufuncs of scipy.special (erf, gammaln, ...) take "
        f"them as they are. Instead of {name}, write it with NumPy's functions, or {OTHERWISE}"
    )


def _scipy_room(module: str, name: str) -> tuple[str, str]:
    """Where bibun.scipy has a function of that name ("linalg"), or why it has none; "" where it says nothing of it."""
    for room in _scipy_rooms(module):
        found: Any = import_module(f"bibun.scipy.{room}")
        if name in vars(found):
            return room, ""
        reason = getattr(getattr(found, "__getattr__", None), "reasons", {}).get(name, "")
        if reason:
            return room, reason
    return "", ""


def _scipy_rooms(module: str) -> Iterator[str]:
    """The modules of bibun.scipy that stand for a module of SciPy, or for one above it."""
    public = list(takewhile(lambda word: not word.startswith("_"), module.split(".")[1:]))
    for length in range(len(public), 0, -1):
        room = ".".join(public[:length])
        with suppress(ImportError):
            import_module(f"bibun.scipy.{room}")
            yield room


def _numpy_advice(place: Location | None, otherwise: str = "list") -> str:
    """What to write instead of a function of NumPy's that makes plain arrays before anybody can stand in for it.

    Where nothing is known of it, it may be an "argument" that it does not look at, or a "list" among them.
    """
    module, name = numpy_function()
    written = _CALLED.match(place.expression) if place else None
    if advice := "" if name else _advice_of_a_method(place):
        return advice
    if known := instead(name) or (instead(written[1]) if written else ""):
        return known
    if module.startswith("numpy.polynomial"):
        return "numpy.polynomial makes a plain array here. Of coefficients c write np.polyval(c[::-1], x), or np.poly1d(c[::-1])"
    if name == "AxisConcatenator.__getitem__":
        return "Write np.concatenate([x, y]) instead of np.r_[x, y], np.column_stack([x, y]) instead of np.c_[x, y]"
    if module.startswith("numpy.testing"):
        return f"np.testing compares plain arrays: write np.testing.{name}(x.data, ...)"
    if module.startswith("numpy.ma"):
        return "A masked array holds plain numbers: write np.where(mask, 0, x), or where= of np.sum and np.mean"
    if otherwise and (advice := _advice_of_an_argument(place)):
        return advice
    if otherwise != "list":
        return ""
    if module.startswith("numpy") and not name.startswith(("_", "arr")) and "." not in name:
        return of_a_list(module, name)
    return ""


def _advice_of_an_argument(place: Location | None) -> str:
    """What to write where the one traced argument is one in which NumPy looks for no traced arrays."""
    module, name = numpy_function()
    arguments = numpy_arguments()
    traced = [argument for argument, value in arguments.items() if isinstance(value, Traced)]
    polynomials = [vars(value) for value in arguments.values() if isinstance(value, np.poly1d)]
    if any(isinstance(held.get("coeffs"), Traced) for held in polynomials):  # one that is being made has none yet
        return f"np.{name} makes a plain array of a np.poly1d: write p.coeffs instead of p"
    if traced:
        return of_an_argument(module, name, traced[-1], next(iter(arguments)))  # those before may be computed from it
    method = (
        re.match(r"(?:np|numpy)\.\w+\.(?:reduce|accumulate)(?=\(.*\binitial=)", place.expression) if place else None
    )
    if method and not name:
        call = f"{method[0]}(np.asarray(a, like=x), ..., initial=x)"
        return f"{method[0]} does not look for traced arrays in initial=: write {call}"
    return ""


def _advice_of_a_method(place: Location | None) -> str:
    """What to write instead of a method of a plain array, or of a random generator: neither asks its arguments."""
    owner, method = place.method() if place else ("", "")
    if owner and method in ("dot", "choose", "searchsorted") and owner not in _NUMPY:
        return f"A method of a plain array takes plain arrays: write np.{method}(a, x) instead of a.{method}(x)"
    return of_a_generator(method)


def _differs_along_a_batch(array: Any) -> bool:
    return bool(array.word == "a batch")


def into_plain(array: Any, target: str) -> LostDerivativeError:
    """out=plain, np.copyto(plain, x) and the like."""
    place = user_location()
    known = instead(numpy_function()[1]) or _advice_of_an_argument(place)  # of np.full_like, say, which calls np.copyto
    module, name = scipy_function()
    if name and not known:
        return _message(array, "entries of a plain ndarray", scipy_advice(module, name), place)
    becomes = "entries of a plain ndarray" + (f" ({target})" if not known else "")
    written = "out=" in target and not (place and place.expression and "out" not in place.expression)
    leave = "Leave out= away, or make the array with np.zeros_like(x) or np.zeros(n, like=x)"
    return _message(array, becomes, known or (leave if written else _ADVICE["store"]), place)


_SQ_ITEM = 44  # Py_sq_item of CPython's stable ABI
_AS_SEQUENCE = 13  # words before tp_as_sequence in a type object; sq_item is the 4th word of what it points to


def keep_our_words(cls: type) -> None:
    """Let plain[0] = x raise as_number's error.

    NumPy replaces the error of __float__ with "setting an array element with a sequence" where PySequence_Check is
    true, which it is for every class with __getitem__. The class gives up the slot that makes it so (indexing uses
    another one). Where the type object is not laid out as expected nothing is changed; our error is then the cause of
    NumPy's.
    """
    if sys.implementation.name != "cpython":
        return
    import ctypes

    get_slot = ctypes.pythonapi.PyType_GetSlot
    get_slot.restype, get_slot.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_int]
    word = ctypes.sizeof(ctypes.c_void_p)
    as_sequence = ctypes.c_void_p.from_address(id(cls) + _AS_SEQUENCE * word).value
    if as_sequence:
        item = ctypes.c_void_p.from_address(as_sequence + 3 * word)
        if item.value == get_slot(cls, _SQ_ITEM):
            item.value = None
