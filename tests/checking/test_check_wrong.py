"""bibun.check of wrong derivatives: rules of every kind, entries, rows, outputs; and of gradients written by hand."""

import math

import numpy as np
import pytest

import bibun as bb
from bibun.checking import check
from bibun.errors import WrongDerivativeError

X = np.array([0.5, 1.5, -2.0])


class Sine(bb.Function):
    """With a backward that is 1% too large."""

    def forward(self, x):
        return np.sin(x)

    def backward(self, gy):
        return 1.01 * np.cos(self.input) * gy


@bb.custom_vjp
def cube(x):
    return x**3


cube.defvjp(lambda x: (x**3, x), lambda x, g: (2 * x**2 * g,))


@bb.custom_jvp
def double(x):
    return 2 * x


double.defjvp(lambda p, t: (2 * p[0], 3 * t[0]))


@pytest.mark.parametrize(
    ("f", "name", "ratio"),
    [
        (lambda x: np.sum(Sine()(x) * x), "Sine", None),
        (lambda x: np.sum(cube(x)), "cube", 2 / 3),
        (lambda x: np.sum(double(x)), "double", 3 / 2),
    ],
)
def test_a_wrong_rule_is_found_in_both_modes_and_named(f, name, ratio):
    report = check(f, X)
    (x,) = report.arguments
    assert not report
    assert report.verdict == "disagrees"
    assert {w.mode for w in x.wrong} == {"reverse", "forward"}
    assert {w.index for w in x.wrong} == {(0,), (1,), (2,)}
    assert x.note == "all 3 entries are wrong"
    assert {c.primitive for c in report.culprits} == {name}
    assert "test_check_wrong.py" in report.culprits[0].location
    if ratio is not None:
        for w in x.wrong:
            assert w.found / w.expected == pytest.approx(ratio, rel=1e-9)
    with pytest.raises(WrongDerivativeError, match=name):
        report.raise_if_wrong()


def test_one_wrong_rule_among_many_arguments():
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=(10, 10)) for _ in range(8)]

    class Half(bb.Function):
        def forward(self, x):
            return x * x

        def backward(self, gy):
            return self.input * gy

    def f(layers):
        return sum(np.sum(Half()(w)) if i == 5 else np.sum(w * w) for i, w in enumerate(layers))

    report = check(f, layers)
    assert [a.path for a in report.arguments if a.verdict == "disagrees"] == ["layers[5]"]
    assert {a.verdict for a in report.arguments} == {"agrees", "disagrees"}
    assert "every entry tried is wrong" in report.arguments[5].note
    assert report.arguments[5].digits == pytest.approx(math.log10(2), rel=1e-6)
    assert {c.primitive for c in report.culprits} == {"Half"}


def test_an_all_zero_backward_of_small_gradients():
    class Small(bb.Function):
        def forward(self, x):
            return 1e-12 * np.sin(x)

        def backward(self, gy):
            return 0 * gy * self.input

    assert check(lambda x: np.sum(Small()(x)), X).verdict == "disagrees"
    many = np.linspace(-1, 1, 1000)
    report = check(lambda x: np.sum(Small()(x)), many)
    assert report.verdict == "disagrees"
    assert report.arguments[0].digits == 0.0


def test_the_wrong_output_is_named():
    scale = np.ones(40)
    scale[17] = 1.1

    class Uneven(bb.Function):
        def forward(self, y):
            return np.tanh(y)

        def backward(self, gy):
            return gy * (1 - np.tanh(self.input) ** 2) * scale

    a = np.random.default_rng(0).normal(size=(40, 4))
    report = check(lambda x: {"y": Uneven()(a @ x)}, X[[0, 1, 2, 0]])
    (x,) = report.arguments
    truth = (1 - np.tanh(a @ X[[0, 1, 2, 0]]) ** 2)[:, None] * a
    assert {w.output for w in x.wrong} == {"['y'][17]"}
    for w in x.wrong:
        assert w.expected == pytest.approx(truth[17, w.index[0]], rel=1e-9)
        assert w.found == pytest.approx(1.1 * truth[17, w.index[0]], rel=1e-9)


def test_a_second_derivative_that_is_wrong_though_the_first_is_right():
    @bb.custom_vjp
    def sine(x):
        return np.sin(x)

    @bb.custom_vjp
    def cosine(x):
        return np.cos(x)

    sine.defvjp(lambda x: (np.sin(x), x), lambda x, g: (cosine(x) * g,))
    cosine.defvjp(lambda x: (np.cos(x), x), lambda x, g: (-2 * np.sin(x) * g,))
    assert check(lambda x: np.sum(sine(x)), X).verdict == "agrees"
    report = check(lambda x: np.sum(sine(x)), X, order=2)
    assert report.verdict == "disagrees"
    assert {w.mode for w in report.arguments[0].wrong} == {"reverse over reverse", "forward over reverse"}
    for w in report.arguments[0].wrong:
        assert w.expected == pytest.approx(-np.sin(X[w.index]), rel=1e-9)
        assert w.found == pytest.approx(-2 * np.sin(X[w.index]), rel=1e-9)


def test_a_wrong_first_derivative_ends_the_check_of_the_second():
    report = check(lambda x: np.sum(cube(x)), X, order=2)
    assert report.verdict == "disagrees"
    assert {c.mode for c in report.arguments[0].comparisons} == {"reverse", "forward"}
    assert "these are the first derivatives: the second were not compared" in report.notes


# gradients written by hand


def test_a_right_gradient_of_a_black_box():
    report = check(math.sin, 0.3, gradient=math.cos)
    (x,) = report.arguments
    assert report.verdict == "agrees"
    assert [c.mode for c in x.comparisons] == ["gradient"]
    assert x.digits > 12
    assert [note.split(" mode ")[0] for note in report.notes] == ["reverse", "forward"]
    assert all("is not available: LostDerivativeError" in note for note in report.notes)


def test_a_wrong_gradient_of_a_black_box():
    report = check(math.sin, 0.3, gradient=lambda x: 1.001 * math.cos(x))
    (wrong,) = report.arguments[0].wrong
    assert not report
    assert (wrong.index, wrong.mode) == ((), "gradient")
    assert wrong.expected == pytest.approx(math.cos(0.3), rel=1e-12)
    assert report.arguments[0].digits == pytest.approx(3, abs=0.01)
    assert report.culprits == ()


def test_a_gradient_beside_reverse_and_forward():
    report = check(lambda x: np.sum(x**2), X, gradient=lambda x: 2 * x)
    assert [c.mode for c in report.arguments[0].comparisons] == ["reverse", "forward", "gradient"]
    assert report.verdict == "agrees"


@pytest.mark.parametrize(
    ("gradient", "argnums", "paths"),
    [
        (lambda x, y: (y, x), None, ["x", "y"]),
        (lambda x, y: y, None, ["x"]),  # as bibun.grad(f) gives it
        (lambda x, y: x, 1, ["y"]),
        (lambda x, y: (x, y), (1, 0), ["y", "x"]),
    ],
)
def test_which_arguments_a_gradient_is_of(gradient, argnums, paths):
    report = check(lambda x, y: np.sum(x * y), X, np.arange(3.0), gradient=gradient, argnums=argnums)
    assert report.verdict == "agrees"
    assert sorted(a.path for a in report.arguments) == sorted(paths)
    assert all(len(a.comparisons) == 3 for a in report.arguments)


def test_a_jacobian_by_hand():
    assert check(np.sin, X, gradient=lambda x: np.diag(np.cos(x))).verdict == "agrees"
    report = check(np.sin, X, gradient=lambda x: np.diag(np.cos(x)) + 0.1 * np.eye(3, k=1))
    assert {(w.index, w.output) for w in report.arguments[0].wrong} == {((1,), "[0]"), ((2,), "[1]")}


def test_a_gradient_of_the_wrong_shape():
    with pytest.raises(ValueError, match=r"an array of shape \(4,\); for x \(3,\)"):
        check(lambda x: np.sum(x), X, gradient=lambda x: np.ones(4))
    with pytest.raises(ValueError, match="check\\(gradient, ...\\)"):
        check(lambda x: np.sum(x), X, gradient=np.ones_like, order=2)


# many entries

SIDE = 60
W = np.random.default_rng(0).normal(size=(SIDE, SIDE))
A = np.random.default_rng(1).normal(size=(SIDE, SIDE))


def wave(w):
    return np.sum(np.sin(w) * A)


def changed(change):
    def gradient(w):
        g = np.cos(w) * A
        change(g)
        return g

    return gradient


def one(g):
    g[41, 7] *= 1.01


def three(g):
    for k in range(3):
        g[20 * k, 11 * k] += 0.3


def swapped(g):
    g[3, 3], g[50, 21] = g[50, 21], g[3, 3]


def not_a_number(g):
    g[8, 9] = np.nan


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (one, {(41, 7)}),
        (three, {(0, 0), (20, 11), (40, 22)}),
        (swapped, {(3, 3), (50, 21)}),
        (not_a_number, {(8, 9)}),
    ],
)
def test_wrong_entries_among_many_are_found(change, expected):
    report = check(wave, W, gradient=changed(change))
    assert {w.index for w in report.arguments[0].wrong} == expected
    for w in report.arguments[0].wrong:
        assert w.expected == pytest.approx(np.cos(W[w.index]) * A[w.index], rel=1e-8)
    assert report.evaluations <= 400


def wrong_row(g):
    g[17] *= 1.1


def wrong_column(g):
    g[:, 33] = 0


def transposed(g):
    g[...] = g.T.copy()


def scaled(g):
    g *= 1.001


def half(g):
    g[:, :30] *= 2


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (wrong_row, "of [17, :] every entry tried is wrong (6 of 60)"),
        (wrong_column, "of [:, 33] every entry tried is wrong (6 of 60)"),
        (transposed, "every entry tried is wrong (6 of 3600)"),
        (scaled, "every entry tried is wrong (6 of 3600)"),
        (half, "many entries are wrong"),
    ],
)
def test_many_wrong_entries_are_summarised(change, note):
    report = check(wave, W, gradient=changed(change))
    (w,) = report.arguments
    assert report.verdict == "disagrees"
    assert note in w.note
    assert 2 <= len(w.wrong) <= 8
    assert report.evaluations <= 400
