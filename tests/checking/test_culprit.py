"""The culprit: planted wrong rules are found, with their mode, their input and the user's line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun as bb
from bibun.checking.culprit import examine, find_culprit
from bibun.checking.report import Culprit
from bibun.core.kinds import elementwise
from bibun.core.primitive import Primitive
from bibun.core.rules import Rule
from bibun.primitives import TABLE

HERE = Path(__file__)
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(4, 3))
W = RANDOM.normal(size=(3, 5))


def line(mark: str) -> str:
    """The location of the line of this file that ends in this comment: its file and number."""
    (number,) = [n for n, text in enumerate(HERE.read_text().splitlines(), 1) if text.endswith(f"  # {mark}")]
    return f"{HERE}:{number} "


def only(culprits: tuple[Culprit, ...]) -> Culprit:
    assert len(culprits) == 1, culprits
    return culprits[0]


def is_wrong_by(culprit: Culprit, factor: float) -> None:
    """The rule gives `factor` times what it should, by more than the error bar."""
    assert culprit.found == pytest.approx(factor * culprit.expected, rel=1e-6)
    assert abs(culprit.found - culprit.expected) > culprit.error


def scaled(rule: Rule | None, factor: float) -> Rule | None:
    return rule and Rule(lambda g, *read: factor * rule.function(g, *read), rule.reads)


def plant(monkeypatch: pytest.MonkeyPatch, name: str, rules: str, position: int, factor: float) -> None:
    """Scale one rule of a row, until the test ends."""
    row = TABLE[name]
    changed = list(getattr(row, rules))
    changed[position] = scaled(changed[position], factor)
    monkeypatch.setattr(row, rules, tuple(changed))
    monkeypatch.setattr(row, "plans", {})


def test_a_scaled_pullback_of_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "matmul", "pullbacks", 1, 1.001)

    def f(x: Any, w: Any) -> Any:
        h = np.tanh(x @ w)  # the product
        return np.sum(h**2)

    culprit = only(find_culprit(f, (X, W)))
    assert (culprit.primitive, culprit.mode, culprit.input) == ("matmul", "reverse", 1)
    assert culprit.location == line("the product") + "(x @ w)"
    is_wrong_by(culprit, 1.001)


def test_a_scaled_pushforward_of_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "norm", "pushforwards", 0, 0.5)
    culprit = only(find_culprit(lambda x: np.linalg.norm(x, axis=1), (X,)))
    assert (culprit.primitive, culprit.mode, culprit.input) == ("norm", "forward", 0)
    is_wrong_by(culprit, 0.5)


def test_a_wrong_fast_recorder(monkeypatch: pytest.MonkeyPatch) -> None:
    """What np.tanh of a Variable takes; the row itself is right."""
    from bibun.interpreters import convenient
    from bibun.interpreters.recorders import unary

    row = TABLE["tanh"]
    wrong = elementwise(np.tanh, lambda y: 1 - y, name="tanh")
    wrong_recorder: Any = unary(wrong)
    monkeypatch.setitem(convenient.RECORDERS, row.function, wrong_recorder)
    culprit = only(find_culprit(lambda x: np.sum(np.tanh(x)), (X,)))
    assert (culprit.primitive, culprit.mode) == ("tanh", "reverse")


def test_a_row_of_the_users() -> None:
    softsign = elementwise(lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)), name="softsign")
    found = find_culprit(lambda x: softsign(x) ** 2, (X,))
    assert [(c.primitive, c.mode) for c in found] == [("softsign", "reverse"), ("softsign", "forward")]


class Tangled(bb.Function):
    """a b + c, whose backward by b forgets a factor 2."""

    def forward(self, a: Any, b: Any, c: Any) -> Any:
        return a * b**2 + c

    def backward(self, g: Any) -> Any:
        a, b, _ = self.inputs
        return g * b**2, g * a * b, g


def test_a_wrong_backward_of_a_function() -> None:
    def f(x: Any, y: Any) -> Any:
        z = Tangled()(x, y, np.exp(y))  # the function
        return np.sum(z)

    found = find_culprit(f, (X, X[::-1]))
    assert [(c.primitive, c.mode, c.input) for c in found] == [("Tangled", "reverse", 1), ("Tangled", "forward", 1)]
    for culprit in found:
        assert culprit.location == line("the function") + "(Tangled()(x, y, np.exp(y)))"
        is_wrong_by(culprit, 0.5)


def test_only_what_is_differentiated_is_checked() -> None:
    def f(x: Any, y: Any) -> Any:
        return Tangled()(x, y, y)

    assert find_culprit(f, (X, X), argnums=0) == ()
    assert {c.input for c in find_culprit(f, (X, X), argnums=1)} == {1}


def test_a_wrong_backward_of_a_custom_vjp() -> None:
    @bb.custom_vjp
    def cube(x: Any) -> Any:
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (2 * x**2 * g,))
    found = find_culprit(lambda x: np.sum(cube(np.sin(x))), (X,))
    assert [(c.primitive, c.mode) for c in found] == [("cube", "reverse"), ("cube", "forward")]
    is_wrong_by(found[0], 2 / 3)


def test_a_wrong_rule_of_a_custom_jvp() -> None:
    @bb.custom_jvp
    def product(x: Any, y: Any) -> Any:
        return x * y

    product.defjvp(lambda p, t: (p[0] * p[1], t[0] * p[1] - t[1] * p[0]))
    found = find_culprit(lambda x: np.sum(product(x, np.cos(x))), (X,))
    assert [(c.primitive, c.mode, c.input) for c in found] == [("product", "reverse", 1), ("product", "forward", 1)]
    is_wrong_by(found[0], -1.0)


def test_the_call_inside_a_checkpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "matmul", "pullbacks", 0, 1.1)

    @bb.checkpoint
    def block(x: Any, w: Any) -> Any:
        return np.tanh(x @ w)  # inside the checkpoint

    culprit = only(find_culprit(lambda x, w: np.sum(block(block(x, w), w.T)), (X, W)))
    assert (culprit.primitive, culprit.mode, culprit.input) == ("matmul", "reverse", 0)
    assert culprit.location.startswith(line("inside the checkpoint"))


class Clipped(bb.Function):
    """x for positive entries, 0.1 x for negative ones; backward takes 0 there."""

    def forward(self, x: Any) -> Any:
        return np.where(x > 0, x, 0.1 * x)

    def backward(self, g: Any) -> Any:
        return g * (self.input.data > 0)


def test_a_rule_that_is_wrong_for_some_entries() -> None:
    assert find_culprit(lambda x: np.sum(Clipped()(x)), (np.abs(X),)) == ()
    one = np.abs(X)
    one[2, 1] *= -1
    assert {c.mode for c in find_culprit(lambda x: np.sum(Clipped()(x)), (one,))} == {"reverse", "forward"}


def test_a_rule_that_is_wrong_in_one_entry_of_many() -> None:
    class Bent(bb.Function):
        def forward(self, x: Any) -> Any:
            return np.sin(x)

        def backward(self, g: Any) -> Any:
            gx = g * np.cos(self.input.data)
            gx[12345] *= 1.01
            return gx

    x = np.random.default_rng(1).normal(size=39200)
    assert "Bent" in {c.primitive for c in find_culprit(lambda x: np.sum(Bent()(x) ** 2), (x,))}


def test_in_a_loop_of_a_thousand_steps_wrong_at_one() -> None:
    values = np.abs(RANDOM.normal(size=1000))
    values[777] *= -1

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(1000):
            total = total + Clipped()(np.sin(x[i]) * 3)  # in the loop
        return total

    found = find_culprit(f, (values,))
    assert {c.primitive for c in found} == {"Clipped"}
    assert found[0].location == line("in the loop") + "(Clipped()(np.sin(x[i]) * 3))"


def test_of_a_longer_loop_a_sample_is_checked_and_all_new_values() -> None:
    def f(x: Any) -> Any:
        y = x
        for i in range(3000):
            y = Clipped()(-y if i == 2500 else y) * 1.0
            y = -y if i == 2500 else y
        return y

    examined = examine(f, (np.array(2.0),))
    assert {c.primitive for c in examined.culprits.values()} == {"Clipped"}
    (clipped,) = [group for group in examined.groups.values() if group.name == "Clipped"]
    assert clipped.checked < clipped.seen == 3000


def test_in_a_network_among_right_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sigmoid(bb.Function):
        def forward(self, x: Any) -> Any:
            self.y = 1 / (1 + np.exp(-x))
            return self.y

        def backward(self, g: Any) -> Any:
            return g * self.y * (1 + self.y)

    def loss(model: Any, x: Any) -> Any:
        h = x
        for w, b in model[:-1]:
            h = np.maximum(h @ w + b, 0)
        w, b = model[-1]
        p = Sigmoid()(h @ w + b)  # the last layer
        return -np.mean(np.log(p[:, 0]))

    sizes = [20, 50, 50, 10]
    model = [(RANDOM.normal(size=(m, n)) / m, np.zeros(n)) for m, n in pairwise(sizes)]
    found = find_culprit(loss, (model, RANDOM.normal(size=(30, 20))))
    assert {c.primitive for c in found} == {"Sigmoid"}
    assert {c.location for c in found} == {line("the last layer") + "(Sigmoid()(h @ w + b))"}


def test_under_transforms_inside() -> None:
    def f(x: Any) -> Any:
        inner = bb.grad(lambda z: np.sum(Clipped()(z) * z))  # under a gradient
        return np.sum(inner(x)) + np.sum(bb.vmap(lambda row: Clipped()(row))(x))  # under a batch

    found = find_culprit(f, (X,))
    assert {c.primitive for c in found} == {"Clipped"}
    assert {c.location.split("(")[0] for c in found} == {line("under a gradient"), line("under a batch")}


def test_nan_where_the_derivative_is_finite() -> None:
    class Direction(bb.Function):
        """x |x|."""

        def forward(self, x: Any) -> Any:
            return x * np.abs(x)

        def backward(self, g: Any) -> Any:
            x = self.input.data
            return g * 2 * x * x / np.abs(x)

    with np.errstate(invalid="ignore"):
        found = find_culprit(lambda x: np.sum(Direction()(x)), (np.array([0.0, 1.0, -2.0]),))
    assert "reverse" in {c.mode for c in found}


def test_each_output_by_itself() -> None:
    class Parts(bb.Function):
        def forward(self, x: Any) -> Any:
            return x**2, np.exp(x)

        def backward(self, g_square: Any, g_exp: Any) -> Any:
            return 2 * self.input * g_square + (np.exp(self.input) * g_exp if np.any(g_square.data) else 0 * g_exp)

    found = find_culprit(lambda x: Parts()(x), (X,))
    assert "reverse" in {c.mode for c in found}


def test_variables_around_and_as_arguments() -> None:
    w = bb.Variable(W)
    assert find_culprit(lambda x: np.sum(np.tanh(x @ w)), (bb.Variable(X),)) == ()
    found = find_culprit(lambda x: Tangled()(x @ w, w[0], 1.0), (bb.Variable(X),))
    assert found == ()  # by its second input, which is not among the arguments, it would be wrong


def test_a_function_in_float32() -> None:
    class Half(bb.Function):
        def forward(self, x: Any) -> Any:
            return np.exp(x)

        def backward(self, g: Any) -> Any:
            return g * np.exp(self.input) * np.float32(0.5)

    found = find_culprit(lambda x: np.sum(Half()(x)), (X.astype("f"),))
    assert {c.mode for c in found} == {"reverse", "forward"}
    assert found[0].found == pytest.approx(0.5 * found[0].expected, rel=1e-3)


def test_a_rule_that_is_lost_to_float32() -> None:
    """exp(-x**2 / 2) by a rule whose square overflows in float32."""
    bell = elementwise(lambda x: np.exp(-x * x / 2), lambda x: -x * np.exp(-((x * 1e19) ** 2) / 2e38), name="bell")
    x = np.array([0.5, 1.5, -2.0])
    assert find_culprit(lambda x: bell(x), (x,)) == ()
    assert {c.primitive for c in find_culprit(lambda x: bell(x), (x.astype("f"),))} == {"bell"}


def test_the_same_seed_finds_the_same() -> None:
    def f(x: Any, y: Any) -> Any:
        return Tangled()(x, y, y)

    assert find_culprit(f, (X, X), seed=3) == find_culprit(f, (X, X), seed=3)


def test_what_f_raises_is_raised() -> None:
    def f(x: Any) -> Any:
        raise ZeroDivisionError("of f")

    with pytest.raises(ZeroDivisionError, match="of f"):
        find_culprit(f, (X,))


def test_a_primitive_that_cannot_be_pushed_is_not_suspected() -> None:
    """A rule that raises in one mode has no derivative there; the other is checked."""

    def refuse(g: Any) -> Any:
        raise bb.NoDerivativeError("no rule")

    row = Primitive(
        "half", "general", lambda x: x / 2, inputs=("x",),
        pullbacks=(Rule(lambda g: g / 3, ()),), pushforwards=(Rule(refuse, ()),),
    )  # fmt: skip
    assert [(c.primitive, c.mode) for c in find_culprit(lambda x: row(x), (X,))] == [("half", "reverse")]
