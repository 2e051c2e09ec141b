"""Containers: every transform on nested tuples, lists, dicts, named tuples, dataclasses, None, and empty ones."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import bibun as bb
from bibun import tree

X = np.array([0.5, -1.5, 2.0])


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass
class Layer:
    weights: Any
    bias: Any


@dataclass(frozen=True, slots=True)
class Frozen:
    x: Any
    y: Any = 0.0


@dataclass
class Checked:
    """Building one again from traced values would fail."""

    x: float
    doubled: float = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.x, float):
            raise TypeError("x must be a float")
        self.doubled = 2 * self.x


Lazy = namedtuple("Lazy", "a b")


# A container, and how to read its two numbers a and b.
CONTAINERS: dict[str, tuple[Any, Any]] = {
    "tuple": ((2.0, 3.0), lambda c: c),
    "list": ([2.0, 3.0], lambda c: c),
    "dict": ({"b": 3.0, "a": 2.0}, lambda c: (c["a"], c["b"])),
    "dict of integers": ({10: 3.0, 9: 2.0}, lambda c: (c[9], c[10])),
    "dict of mixed keys": ({"b": 3.0, 0: 2.0}, lambda c: (c[0], c["b"])),
    "ordered dict": (OrderedDict(b=3.0, a=2.0), lambda c: (c["a"], c["b"])),
    "default dict": (defaultdict(float, {"b": 3.0, "a": 2.0}), lambda c: (c["a"], c["b"])),
    "deque": (deque([2.0, 3.0]), lambda c: tuple(c)),
    "named tuple": (Pair(2.0, 3.0), lambda c: (c.first, c.second)),
    "collections.namedtuple": (Lazy(2.0, 3.0), lambda c: (c.a, c.b)),
    "dataclass": (Layer(2.0, 3.0), lambda c: (c.weights, c.bias)),
    "frozen dataclass with slots": (Frozen(2.0, 3.0), lambda c: (c.x, c.y)),
    "nested": (
        {"a": [(2.0,), None, {}], "b": Layer(Pair(3.0, ()), [])},
        lambda c: (c["a"][0][0], c["b"].weights.first),
    ),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_transform_of_every_container(name: str) -> None:
    """f(a, b) = a**2 b, with a = 2 and b = 3."""
    container, read = CONTAINERS[name]
    f = lambda c: read(c)[0] ** 2 * read(c)[1]  # noqa: E731

    gradient = bb.grad(f)(container)
    assert type(gradient) is type(container)
    assert_allclose(read(gradient), (12.0, 4.0))
    for transform in (bb.jacobian, bb.jacrev, bb.jacfwd):
        assert_allclose(read(transform(f)(container)), (12.0, 4.0))
    y, (pulled,) = bb.vjp(f, container)[0], bb.vjp(f, container)[1](1.0)
    assert y == 12.0
    assert_allclose(read(pulled), (12.0, 4.0))
    ones = tree.map_(lambda leaf: 1.0, container)
    assert_allclose(bb.jvp(f, (container,), (ones,)), (12.0, 16.0))
    assert_allclose(bb.linearize(f, container)[1](ones), 16.0)
    second = bb.hessian(f)(container)
    rows = [read(row) for row in read(second)]
    assert_allclose(rows, [[6.0, 4.0], [4.0, 0.0]])
    assert_allclose(read(bb.hvp(f, (container,), (ones,))), (10.0, 4.0))
    batch = tree.map_(lambda leaf: np.array([leaf, 2 * leaf]), container)
    assert_allclose(bb.vmap(f)(batch), [12.0, 96.0])
    assert_allclose(read(bb.vmap(bb.grad(f))(batch)), ([12.0, 48.0], [4.0, 16.0]))
    assert_allclose(read(bb.grad(bb.checkpoint(f))(container)), (12.0, 4.0))


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_transform_gives_back_the_container(name: str) -> None:
    """The identity, from a container to itself."""
    container, read = CONTAINERS[name]
    identity = lambda c: tree.map_(lambda leaf: leaf * 1.0, c)  # noqa: E731
    y, pullback = bb.vjp(identity, container)
    assert type(y) is type(container)
    assert read(y) == (2.0, 3.0) or list(read(y)) == [2.0, 3.0]
    assert_allclose(read(pullback(y)[0]), (2.0, 3.0))
    y, dy = bb.jvp(identity, (container,), (container,))
    assert type(y) is type(dy) is type(container)
    assert_allclose(read(dy), (2.0, 3.0))
    jacobian = bb.jacobian(identity)(container)
    assert_allclose([read(row) for row in read(jacobian)], np.eye(2))
    assert type(bb.vmap(identity)(tree.map_(lambda leaf: np.ones(2), container))) is type(container)
    assert type(bb.checkpoint(identity)(container)) is type(container)


def test_a_dataclass_is_not_built_again() -> None:
    gradient = bb.grad(lambda c: c.x**2 * c.doubled)(Checked(3.0))
    assert type(gradient) is Checked
    assert_allclose((gradient.x, gradient.doubled), (36.0, 9.0))


def test_methods_of_a_dataclass_work_inside() -> None:
    @dataclass
    class Network:
        layers: list[Layer]

        def __call__(self, x: Any) -> Any:
            for layer in self.layers:
                x = np.tanh(layer.weights @ x + layer.bias)
            return np.sum(x)

    network = Network([Layer(np.eye(3) * 0.5, np.zeros(3)), Layer(np.ones((2, 3)), np.ones(2))])
    gradient = bb.grad(lambda n, x: n(x))(network, X)
    assert isinstance(gradient, Network)
    hidden = np.tanh(0.5 * X)
    out = np.tanh(np.ones((2, 3)) @ hidden + 1)
    assert_allclose(gradient.layers[1].bias, 1 - out**2)
    assert_allclose(gradient.layers[1].weights, np.outer(1 - out**2, hidden))


def test_a_dataclass_type_is_a_leaf() -> None:
    assert not tree.is_container(Layer)
    assert_allclose(bb.grad(lambda x, make: make(x, 2.0).weights * 3.0)(1.0, Layer), 3.0)
    assert_allclose(bb.checkpoint(lambda x, make: make(x, 2.0).weights * 3.0)(1.0, Layer), 3.0)


def test_none_holds_nothing() -> None:
    found = bb.grad(lambda c: c["a"] ** 2)({"a": 3.0, "b": None})
    assert found == {"a": 6.0, "b": None}
    assert_allclose(bb.jvp(lambda a, n: a**2, (3.0, None), (1.0, None)), (9.0, 6.0))
    y, pullback = bb.vjp(lambda a, n: (a**2, None), 3.0, None)
    assert y == (9.0, None)
    assert pullback((1.0, None)) == (6.0, None)


def test_empty_containers() -> None:
    for empty in ({}, [], (), {"a": [], "b": ()}):
        gx, ge = bb.grad(lambda x, e: x**2, (0, 1))(3.0, empty)
        assert gx == 6.0
        assert ge == empty
        assert type(ge) is type(empty)
        assert bb.vjp(lambda x, e: e, 3.0, empty)[0] == empty
        assert bb.jvp(lambda x: empty, (3.0,), (1.0,)) == (empty, empty)
        assert bb.jacobian(lambda x: empty)(3.0) == empty
        assert bb.vmap(lambda x: empty)(X) == empty
        with pytest.raises(bb.DerivativeValueError, match="holds no arrays"):
            bb.grad(lambda e: 3.0)(empty)


def test_paths_name_leaves_in_messages() -> None:
    arguments = ({"w": [X, Layer(X, "relu")]},)
    with pytest.raises(
        bb.NoDerivativeError, match=r"grad: argument 0\['w'\]\[1\]\.bias is str, which is neither an array nor"
    ):
        bb.grad(lambda p: np.sum(p["w"][0]))(*arguments)
    with pytest.raises(bb.NoDerivativeError, match=r"grad: argument 1\['n'\] has dtype int64"):
        bb.grad(lambda x, p: x, (0, 1))(1.0, {"n": 3})
    assert tree.paths((1, [2, {"a": 3}])) == ["[0]", "[1][0]", "[1][1]['a']"]
    assert tree.paths(1.0) == [""]


def test_a_local_dataclass_each_time() -> None:
    """Two classes of one name are two containers."""

    def make() -> type:
        @dataclass
        class Local:
            x: Any

        return Local

    for _ in range(3):
        cls = make()
        found = bb.grad(lambda c: c.x**2)(cls(3.0))
        assert type(found) is cls
        assert found.x == 6.0


trees = st.recursive(
    st.floats(-2, 2),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
        st.builds(Pair, inner, inner),
        st.builds(Layer, inner, inner),
        st.none(),
    ),
    max_leaves=8,
)


@given(trees)
def test_random_trees(container: Any) -> None:
    """The gradient of half the sum of squares is the container itself."""
    if not tree.flatten(container)[0]:
        return
    f = lambda c: sum((leaf * leaf for leaf in tree.flatten(c)[0]), 0.0) * 0.5  # noqa: E731
    gradient = bb.grad(f)(container)
    leaves, unflatten = tree.flatten(gradient)
    assert_array_equal(leaves, tree.flatten(container)[0])
    assert unflatten([float(leaf) for leaf in leaves]) == container
    expected = sum(leaf * leaf for leaf in leaves)
    assert_allclose(bb.jvp(f, (container,), (gradient,))[1], expected)
