"""bibun.numpy is the namespace of the Python array API standard for traced arrays, beside the strict implementation of it."""

import importlib
import inspect
import operator
from functools import reduce

import numpy as np
import pytest

import bibun as bb
import bibun.numpy
from bibun.core.traced import Traced, bare
from tests.namespace.standard import ARRAYS, CALLS, NAMES, WITHOUT_DERIVATIVE

pytestmark = pytest.mark.filterwarnings("ignore:(invalid|divide|overflow):RuntimeWarning")


@pytest.fixture(params=["numpy", "array_api_strict"])
def oracle(request):
    if request.param == "array_api_strict":
        strict = pytest.importorskip("array_api_strict")
        strict.set_array_api_strict_flags(api_version="2024.12")
        return strict
    return importlib.import_module(request.param)


def results(call, xp, make):
    found = eval(CALLS[call], {"xp": xp} | {name: make(value) for name, value in ARRAYS.items()})
    return list(found) if isinstance(found, (tuple, list)) else [found]


def variable(value):
    return bb.Variable(value.copy()) if value.dtype.kind in "fc" else value


@pytest.mark.parametrize("call", CALLS)
def test_values_are_those_of_the_standard(call, oracle):
    expected = [np.asarray(part) for part in results(call, oracle, oracle.asarray)]
    found = results(call, bibun.numpy, variable)
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        plain = np.asarray(bare(mine))
        assert plain.shape == theirs.shape
        assert plain.dtype == theirs.dtype
        np.testing.assert_allclose(plain, theirs, rtol=1e-13 if plain.dtype.itemsize > 4 else 1e-6, atol=1e-13)


@pytest.mark.parametrize("call", [call for call in CALLS if not any(word in call for word in WITHOUT_DERIVATIVE)])
def test_no_derivative_is_lost(call):
    for part in results(call, bibun.numpy, variable):
        assert isinstance(part, Traced) or np.asarray(part).dtype.kind in "biu"


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    assert reduce(getattr, name.split("."), bibun.numpy) is not None


def test_every_name_is_called():
    text = " ".join(CALLS.values())
    constants = {
        "e",
        "inf",
        "nan",
        "pi",
        "iinfo",
        "from_dlpack",
        "empty",
        *bibun.numpy.__array_namespace_info__().dtypes(),
    }
    assert [name for name in NAMES if f"xp.{name}" not in text and name not in constants] == []


def test_the_namespace_of_an_array():
    for array in (bb.Variable(np.ones(2)), bibun.numpy.ones(2)):
        assert array.__array_namespace__() is bibun.numpy
        assert array.__array_namespace__(api_version="2024.12") is bibun.numpy
        with pytest.raises(ValueError, match="'2031.12' of the array API standard is not supported"):
            array.__array_namespace__(api_version="2031.12")
    assert bibun.numpy.__array_api_version__ == "2024.12"


def test_what_it_says_of_itself():
    info = bibun.numpy.__array_namespace_info__()
    assert info.capabilities()["boolean indexing"]
    assert info.default_device() == "cpu"
    assert info.devices() == ["cpu"]
    assert info.default_dtypes()["real floating"] == np.float64
    assert info.dtypes(kind="real floating") == {"float32": np.float32, "float64": np.float64}


def test_devices():
    x = bb.Variable(np.ones(2))
    assert x.device == "cpu"
    assert x.to_device("cpu") is x
    with pytest.raises(ValueError, match=r"to_device\('gpu'"):
        x.to_device("gpu")
    assert bibun.numpy.zeros(2, device="cpu").device == "cpu"
    with pytest.raises(ValueError, match="'gpu'"):
        bibun.numpy.asarray(x, device="gpu")


def test_memory_is_shared_without_a_derivative_only():
    assert np.from_dlpack(bibun.numpy.ones(2)).tolist() == [1.0, 1.0]
    with pytest.raises(bb.LostDerivativeError, match="a Variable of shape \\(2,\\) would become a plain ndarray"):
        np.from_dlpack(bb.Variable(np.ones(2)))


def test_where_the_memory_is():
    for array in (bb.Variable(np.ones(2)), bibun.numpy.ones(2)):
        assert array.__dlpack_device__() == np.ones(2).__dlpack_device__()


@pytest.mark.parametrize("name", [*(n for n in dir(np.ndarray) if n[0] != "_" and n != "base"), "__dlpack__"])
def test_signatures_of_methods(name):
    array = bibun.numpy.ones((2, 2))
    if callable(getattr(array, name)):
        expected = inspect.signature(getattr(np.ones((2, 2)), name)).parameters.values()
        found = inspect.signature(getattr(array, name)).parameters.values()
        assert [(p.name, p.kind) for p in found] == [(p.name, p.kind) for p in expected]


def test_memory_that_is_read_only_stays_so():
    broadcast = bibun.numpy.broadcast_to(bibun.numpy.ones(3), (2, 3))
    assert not np.asarray(broadcast).flags.writeable
    assert np.asarray(bibun.numpy.ones(3)[::2]).flags.writeable
    assert np.asarray(bibun.numpy.imag(bibun.numpy.zeros((0, 2), dtype=complex))).shape == (0, 2)


def test_copies_that_are_forbidden():
    with pytest.raises(ValueError, match="needs a copy"):
        bibun.numpy.asarray(bb.Variable(np.ones(2)), dtype=np.float32, copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        bibun.numpy.asarray([1.0, 2.0], copy=False)


@pytest.mark.parametrize(
    "make", [bibun.numpy.asarray, bibun.numpy.array, lambda s, copy: np.asarray(s, copy=copy, like=s)]
)
def test_an_array_of_a_number_is_a_copy(make):
    """As NumPy's np.asarray(np.float64(3), copy=False); an array without axes is itself."""
    x = bb.Variable(np.array([1.0, 2.0]))
    for number in (bibun.numpy.sum(x), x[0], bb.Variable(np.array(2.0)) * 3.0):
        with pytest.raises(ValueError, match="copy of it"):
            make(number, copy=False)
        made = make(number, copy=None)
        made += 1.0
        assert made.data == number.data + 1.0
    for array in (bb.Variable(np.array(2.0)), x[0, ...]):
        assert make(array, copy=False) is array


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow"])
@pytest.mark.parametrize("other", [2, 0.5, np.array([1.0, 2.0, 3.0])], ids=["integer", "number", "array"])
def test_operators_in_place(name, other):
    function = getattr(operator, name)
    expected = function(np.array([0.5, 2.0, 3.0]), other)
    x = 1.0 * bb.Variable(np.array([0.5, 2.0, 3.0]))
    same = x
    x = function(x, other)
    assert x is same
    np.testing.assert_allclose(x.data, expected)
