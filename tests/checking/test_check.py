"""bibun.check of right derivatives: every kind of argument and output, every dtype, and no false alarm."""

import math

import numpy as np
import pytest

import bibun as bb
from bibun.checking import check
from bibun.errors import NoDerivativeError

X = np.array([0.5, 1.5, -2.0])


def by_path(report):
    return {a.path: a for a in report.arguments}


def test_a_function_of_one_array():
    report = check(lambda x: np.sum(np.sin(x) * x), X)
    (x,) = report.arguments
    assert report
    assert report.verdict == x.verdict == "agrees"
    assert (x.path, x.shape, x.dtype) == ("x", (3,), "float64")
    assert x.digits > 13
    assert [c.mode for c in x.comparisons] == ["reverse", "forward"]
    assert report.culprits == ()
    assert report.raise_if_wrong() is report


def test_each_comparison_holds_the_derivative_within_its_bars():
    def f(x):
        return np.exp(x[0]) * x[1]

    for at in X[:2], X[1:]:
        truth = np.exp(at[0]) * np.array([at[1], 1.0])
        for c in check(f, at).arguments[0].comparisons:
            entry = int(c.along.removeprefix("entry (").removesuffix(",)"))
            assert abs(c.value - truth[entry]) <= c.error
            assert abs(c.numerical - truth[entry]) <= c.numerical_error + 4 * np.spacing(abs(truth[entry]))


def test_nested_arguments_and_several_outputs():
    def f(params, k, name):
        hidden = np.tanh(params["w"] @ params["layers"][0])
        return {name: np.sum(hidden) ** k, "all": (hidden, params["scale"] * 2.0)}

    params = {"w": np.ones((2, 2)) * 0.3, "layers": [np.array([1.0, -0.5])], "scale": 3.0, "steps": np.arange(4)}
    report = check(f, params, 2, "loss")
    found = by_path(report)
    assert report.verdict == "agrees"
    assert {path: a.verdict for path, a in found.items()} == {
        "params['w']": "agrees",
        "params['layers'][0]": "agrees",
        "params['scale']": "agrees",
        "params['steps']": "no derivative",
        "k": "no derivative",
    }
    assert found["k"].note == "int64 does not vary continuously"
    assert found["params['scale']"].shape == ()


def test_argnums_chooses():
    report = check(lambda a, b: np.sum(a * b), X, 2 * X, argnums=1)
    assert [a.path for a in report.arguments] == ["b"]
    with pytest.raises(TypeError, match="argnums=2"):
        check(lambda a, b: np.sum(a * b), X, X, argnums=2)


@pytest.mark.parametrize("dtype", ["float32", "complex64", "float64", "complex128"])
def test_every_dtype_is_judged_by_its_own_rounding(dtype):
    z = (X * (1 + 0.5j)).astype(dtype) if dtype.startswith("c") else X.astype(dtype)
    report = check(lambda z: np.sum(np.abs(np.tanh(z) * z) ** 2), z)
    assert report.verdict == "agrees"
    (low, high) = (4.0, 8.0) if dtype in ("float32", "complex64") else (11.0, 16.0)
    assert low < report.digits <= high
    assert report.arguments[0].dtype == dtype


@pytest.mark.parametrize(
    "f",
    [
        lambda z: z**2 * np.exp(z),
        lambda z: np.conj(z) * z,
        lambda z: (z.real, np.abs(z)),
        lambda z: np.sum(z * np.conj(z)).real,
    ],
)
def test_complex_arguments_and_outputs(f):
    report = check(f, np.array([1 + 2j, -0.5j + 0.1]))
    assert report.verdict == "agrees"
    assert report.digits > 9


def test_complex_outputs_of_real_arguments():
    assert check(lambda x: np.exp(1j * x), X).verdict == "agrees"
    assert check(lambda x: np.exp(1j * x) @ np.exp(x), np.linspace(0, 1, 40)).verdict == "agrees"


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_tiny_and_huge_gradients(scale):
    report = check(lambda x: scale * np.sum(np.sin(x)), X)
    assert report.verdict == "agrees"
    assert report.digits > 13


@pytest.mark.parametrize("scale", [1e-150, 1e-10, 1e10, 1e150])
def test_tiny_and_huge_arguments(scale):
    report = check(lambda x: np.sum(np.log(np.abs(x))), X * scale)
    assert report.verdict == "agrees"
    assert report.digits > 8


def test_an_array_of_very_different_entries():
    scale = 10.0 ** np.linspace(-10, 10, 60)
    report = check(lambda x: np.sum(np.sin(x / scale)), scale)
    assert report.verdict == "agrees"
    assert report.digits > 8


@pytest.mark.parametrize("f", [lambda x: np.sum(x * 0) + 1.0, lambda x: np.float64(3.0), lambda x: np.sum(x[:1])])
def test_a_gradient_of_zero(f):
    report = check(f, X)
    assert report.verdict == "agrees"
    assert report.arguments[0].resolution < 1e-12


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: (np.exp(x) - 1 - x) / x**2, 1e-5),
        (lambda x: (1 - np.cos(x)) / x**2, 1e-6),
        (lambda x: np.sin(1e6 * x), 1.0),
        (lambda x: np.cos(np.log(1 / (1 + x * x))), 1e-5),
        (lambda x: (1e8 + x) - 1e8, 0.3),
    ],
)
def test_cancellation_inside_the_function_is_no_error(f, x):
    assert check(f, x).verdict in ("agrees", "undecided")


def test_rounding_inside_a_float32_function_is_no_error():
    for x in np.linspace(0.001, 0.01, 8).astype(np.float32):
        assert check(lambda x: np.cos(np.log(1 / (1 + x * x))), x).ok


def test_python_floats_and_numbers_are_given_on_as_they_are():
    kinds = set()

    def f(x, y):
        kinds.add((type(x), type(y)))
        return x * y

    assert check(f, 0.5, np.float64(2.0))
    assert (float, np.float64) in kinds
    assert (np.ndarray, np.float64) not in kinds


def test_variables_of_the_books():
    report = check(lambda x: bb.square(bb.exp(bb.square(x))), bb.Variable(np.array(0.5)))
    assert report.verdict == "agrees"
    assert report.arguments[0].comparisons[0].value == pytest.approx(3.297442541400256, rel=1e-14)


def test_the_arguments_of_the_caller_are_not_touched():
    def f(x, table):
        x *= 2
        table[0] = 7
        return np.sum(x**2)

    x, table = X.copy(), np.arange(3)
    assert check(f, x, table).verdict == "agrees"
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(table, np.arange(3))


def test_the_same_seed_gives_the_same_report():
    x = np.linspace(-1, 1, 200)
    one, two, other = (check(lambda x: np.sum(np.tanh(x) ** 2), x, seed=s).arguments for s in (1, 1, 2))
    assert one == two
    assert one != other


def test_the_error_of_the_function_is_its_own_with_a_note():
    def f(x):
        return x / 0

    with pytest.raises(ZeroDivisionError) as caught:
        check(f, 1.0)
    assert "at the point where bibun.check" in caught.value.__notes__[0]


def test_nothing_to_differentiate():
    with pytest.raises(NoDerivativeError, match=r"only x \(int64\)"):
        check(lambda x: x * 2, 3)
    with pytest.raises(NoDerivativeError, match="returned int64"):
        check(lambda x: np.argmax(x), X)
    with pytest.raises(NoDerivativeError, match="returned str"):
        check(lambda x: "loss", X)
    with pytest.raises(ValueError, match="order=3"):
        check(np.sum, X, order=3)


def test_empty_arrays():
    report = check(lambda x, y: np.sum(x) + np.sum(y**2), np.zeros(0), X)
    assert report.verdict == "agrees"
    assert by_path(report)["x"].note == "it has no entries"


def test_a_function_that_bibun_cannot_differentiate():
    report = check(math.sin, 0.3)
    assert report.verdict == "no derivative"
    assert not report.ok
    assert report.notes[0].startswith("reverse mode is not available: LostDerivativeError")


def test_second_derivatives():
    report = check(lambda x: np.sum(np.sin(x) * x**2), X, order=2)
    assert report.verdict == "agrees"
    assert [c.mode for c in report.arguments[0].comparisons] == ["reverse over reverse", "forward over reverse"]
    assert report.digits > 12
    assert report.notes[0].startswith("the first derivatives agree, to 1")


def test_second_derivatives_of_many_entries_and_outputs():
    a = np.random.default_rng(0).normal(size=(30, 30)) / 6

    def f(p):
        return np.tanh(a @ p["x"]) * p["s"]

    report = check(f, {"x": np.linspace(-1, 1, 30), "s": np.ones(30)}, order=2)
    assert report.verdict == "agrees"
    assert report.digits > 10
