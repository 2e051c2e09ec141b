"""Names of autograd one by one: what programs/ does not reach, refusals that teach, and values known in closed form."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import bibun as bb
import bibun.compat.autograd.numpy as anp
from bibun.compat import autograd
from bibun.compat.autograd import extend, grad, jacobian, make_jvp, make_vjp, multigrad_dict, value_and_grad
from bibun.compat.autograd.builtins import isinstance as is_instance
from bibun.compat.autograd.builtins import type as type_of
from bibun.compat.autograd.core import primitive_vjps
from bibun.compat.autograd.extend import defjvp, defvjp, primitive, vspace
from bibun.compat.autograd.misc import const_graph
from bibun.compat.autograd.misc.optimizers import adam, rmsprop, sgd
from bibun.compat.autograd.misc.tracers import full_graph
from bibun.compat.autograd.numpy.numpy_vjps import match_complex, repeat_to_match_shape, replace_zero, unbroadcast
from bibun.compat.autograd.numpy.numpy_wrapper import make_diagonal, metadata
from bibun.compat.autograd.test_util import (
    check_equivalent,
    check_grads,
    check_jvp,
    check_vjp,
    combo_check,
    scalar_close,
)
from bibun.compat.autograd.tracer import Box, Node, getval, trace
from bibun.compat.autograd.util import quick_grad_check
from bibun.compat.autograd.wrap_util import unary_to_nary
from bibun.errors import CompileWarning, NoDerivativeError, WrongDerivativeError

X = np.array([1.0, 2.0, 3.0])


def test_a_vector_has_no_gradient() -> None:
    with pytest.raises(TypeError, match=r"grad only applies to real scalar-output functions.*jacobian"):
        grad(lambda x: 2 * x)(X)
    with pytest.raises(TypeError, match=r"complex number.*holomorphic_grad"):
        value_and_grad(lambda z: z**2)(1j)
    with pytest.raises(bb.DerivativeValueError):
        grad(lambda x: 2 * x)(X)


def test_a_result_that_does_not_depend_on_the_argument_has_derivative_0_with_a_warning() -> None:
    params = {"w": X, "b": 1.0}
    with pytest.warns(UserWarning, match="Output seems independent of input") as caught:
        found = grad(lambda p: 3.0)(params)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(found["w"], np.zeros(3))
    assert found["b"] == 0
    with pytest.warns(UserWarning, match="independent"):
        assert value_and_grad(lambda x: 5.0)(2.0) == (5.0, 0.0)
    with pytest.warns(UserWarning, match="independent"):
        np.testing.assert_array_equal(jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))
    with pytest.warns(UserWarning, match="independent"):
        assert make_jvp(lambda x: 1.0)(2.0)(1.0) == (1.0, 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grad(lambda x: 0 * x)(1.0)


def test_the_value_keeps_its_shape() -> None:
    value, gradient = value_and_grad(lambda x: x[:1] * 2)(X)
    np.testing.assert_array_equal(value, [2.0])
    np.testing.assert_array_equal(gradient, [2.0, 0.0, 0.0])


def test_the_value_of_an_inner_derivative_can_be_differentiated() -> None:
    assert grad(lambda x: value_and_grad(lambda y: x * y**2)(3.0)[0])(5.0) == 9.0
    with pytest.warns(UserWarning, match="independent"):
        assert grad(lambda x: value_and_grad(lambda y: x**2)(3.0)[0])(5.0) == 10.0


def test_argnum_is_checked() -> None:
    with pytest.raises(TypeError, match="argnum='x'"):
        grad(anp.sum, "x")
    with pytest.raises(IndexError, match="called with 1 positional"):
        grad(anp.sum, 1)(X)
    with pytest.raises(NoDerivativeError, match=r"^grad: .* integers do not vary"):
        grad(lambda n: n * 2.0)(3)


def test_an_operator_of_ones_own() -> None:
    @unary_to_nary
    def second(fun, x):
        return grad(grad(fun))(x)

    assert second(lambda a, x: a * x**3, 1)(2.0, 5.0) == 60.0
    assert second(lambda a, x: a * x**3, 1).__name__.startswith("second_of_<lambda>")


def test_multigrad_dict_takes_every_kind_of_parameter() -> None:
    def f(a, b=2.0, *c, d=3.0, **k):
        return a * b + c[0] * d * k["z"]

    found = multigrad_dict(f)(1.0, 2.0, 5.0, z=7.0)
    assert list(found) == ["a", "b", "c", "d", "k"]
    assert (found["a"], found["b"], found["c"], found["d"], found["k"]) == (2.0, 1.0, (21.0,), 35.0, {"z": 15.0})


def test_a_primitive_without_a_rule_says_so() -> None:
    f = primitive(lambda a, x: a * x)
    with pytest.raises(NotImplementedError, match=r"VJP of <lambda> wrt argnums \(0,\) not defined"):
        grad(f)(1.0, 2.0)
    defvjp(f, lambda ans, a, x: lambda g: g * x)
    assert grad(f)(1.0, 2.0) == 2.0
    with pytest.raises(NoDerivativeError, match="not defined"):
        grad(f, 1)(1.0, 2.0)
    defvjp(f, lambda ans, a, x: lambda g: g * x, None)
    assert grad(f, 1)(1.0, 2.0) == 0.0
    with pytest.raises(TypeError, match="not a primitive"):
        defvjp(np.sinc, None)
    with pytest.raises(TypeError, match="neither a function nor None"):
        defvjp(f, 3)


def test_a_rule_of_one_mode_serves_the_other() -> None:
    forward = primitive(lambda x, n: np.sin(n * x))
    defjvp(forward, lambda t, ans, x, n: t * n * np.cos(n * x))
    np.testing.assert_allclose(grad(lambda x: np.sum(forward(x, 2)))(X), 2 * np.cos(2 * X))
    np.testing.assert_allclose(bb.hessian(lambda x: np.sum(forward(x, 2)))(X), np.diag(-4 * np.sin(2 * X)))
    reverse = primitive(lambda x: x**2)
    defvjp(reverse, lambda ans, x: lambda g: 2 * g * x)
    np.testing.assert_allclose(make_jvp(reverse)(X)(X)[1], 2 * X**2)


def test_a_primitive_known_to_be_linear_has_a_forward_rule_only() -> None:
    same = primitive(lambda x, y: x @ y)
    defjvp(same, "same", None)
    assert make_jvp(same)(X, X)(2 * X)[1] == 2 * X @ X
    assert make_jvp(same, 1)(X, X)(2 * X)[1] == 0
    linear = primitive(lambda x: x[::-1])
    extend.def_linear(linear)
    np.testing.assert_allclose(bb.jacfwd(linear)(X), np.eye(3)[::-1])
    for f in (lambda x: same(x, X), lambda x: np.sum(linear(x))):
        with pytest.raises(NotImplementedError, match="VJP of <lambda>"):
            grad(f)(X)


def test_a_cotangent_of_another_shape_is_refused() -> None:
    f = primitive(lambda a, x: a * x)
    defvjp(f, lambda ans, a, x: lambda g: g * x, None)
    with pytest.raises(ValueError, match=r"cotangent of shape \(3,\) for argument 0 of shape \(\).*unbroadcast"):
        grad(lambda a: np.sum(f(a, X)))(2.0)


def test_a_primitive_of_containers() -> None:
    @primitive
    def energy(state, names, scale=1.0):
        return scale * sum(np.sum(state[name] ** 2) for name in names)

    defvjp(
        energy,
        lambda ans, state, names, scale=1.0: lambda g: {k: 2 * g * scale * state[k] * (k in names) for k in state},
    )
    found = grad(lambda s: energy(s, ["p"], scale=3.0))({"p": X, "q": 2.0})
    np.testing.assert_allclose(found["p"], 6 * X)
    assert found["q"] == 0
    with pytest.raises(NoDerivativeError, match="keyword"):
        grad(lambda a: energy({"p": X}, ["p"], scale=a))(1.0)


def test_a_primitive_registered_as_not_traced_is_a_constant() -> None:
    f = primitive(lambda x: float(np.sum(x)))
    extend.register_notrace(extend.VJPNode, f)
    np.testing.assert_allclose(grad(lambda x: f(x) * np.sum(x))(X), np.full(3, 6.0))


def test_primitives_under_compile_and_vmap() -> None:
    f = primitive(lambda x: np.sum(x**3))
    defvjp(f, lambda ans, x: lambda g: 3 * g * x**2)
    compiled = bb.compile(grad(f))
    for x in (X, 2 * X):
        np.testing.assert_allclose(compiled(x), 3 * x**2)
    rows = np.stack([X, 2 * X])
    np.testing.assert_allclose(bb.vmap(grad(f))(rows), 3 * rows**2)


@pytest.mark.parametrize(
    "use",
    [
        lambda: type("Mine", (Box,), {}),
        lambda: Box.register(set),
        lambda: type("Mine", (extend.VSpace,), {}),
        lambda: extend.VSpace.register(set),
        lambda: type("Mine", (Node,), {}),
        lambda: trace(None, anp.sin, 1.0),
        lambda: extend.SparseObject(None, None),
        lambda: full_graph(anp.sin, 1.0),
    ],
)
def test_what_belongs_to_autograds_own_tracer_says_what_to_use(use) -> None:
    with pytest.raises(NoDerivativeError, match="dataclass|bibun.compile"):
        use()


def test_traced_values_are_boxes() -> None:
    def f(x):
        assert isinstance(x, Box)
        assert isinstance(x, anp.numpy_boxes.ArrayBox)
        assert type(x) == anp.numpy_boxes.ArrayBox  # noqa: E721  as autograd's programs write it
        assert type_of(x) is anp.ndarray
        assert is_instance(x, np.ndarray)
        assert is_instance(x, anp.ndarray)
        assert not is_instance(x, (tuple, dict))
        np.testing.assert_array_equal(x._value, X)
        np.testing.assert_array_equal(getval(x), X)
        return np.sum(x)

    grad(f)(X)
    make_jvp(f)(X)(X)
    assert not isinstance(X, Box)
    made = anp.array([1.0, 2.0])
    assert not isinstance(made, Box)
    assert getval(made) is made
    assert type_of(made) is anp.ndarray


def test_spaces() -> None:
    space = vspace({"b": [1.0, 2j], "a": X})
    assert space.size == 3 + 1 + 2
    assert space == vspace({"a": 0 * X, "b": [0.0, 1j]})
    assert space != vspace({"a": X[:2], "b": [0.0, 1j]})
    assert space != vspace([1.0])
    assert vspace(X).shape == (3,)
    assert vspace(X).dtype == np.float64
    assert len(list(space.standard_basis())) == 6
    assert space.ones()["b"][1] == 1 + 1j
    assert space.inner_prod(space.ones(), space.ones()) == 6
    assert space.inner_prod(space.zeros(), space.randn()) == 0
    assert space.covector(space.ones())["b"][1] == 1 - 1j
    assert space.scalar_mul(space.ones(), 2.0)["a"][0] == 2
    assert space.mut_add(None, space.ones())["b"][0] == 1
    with pytest.raises(TypeError, match="Can't find vector space"):
        vspace("text")


def test_the_convention_of_complex_cotangents() -> None:
    pull, value = make_vjp(lambda z: z**2)(3 + 4j)
    assert value == (3 + 4j) ** 2
    assert pull(1j) == 1j * 2 * (3 + 4j)  # without conjugation, as in autograd


def test_checks_find_a_wrong_rule() -> None:
    wrong = primitive(lambda x: np.sin(x))
    defvjp(wrong, lambda ans, x: lambda g: g * np.sin(x))
    with pytest.raises(AssertionError):
        check_grads(wrong)(1.0)
    with pytest.raises(WrongDerivativeError):
        check_vjp(wrong, 1.0)
    with pytest.raises(AssertionError):
        quick_grad_check(wrong, 1.0)
    quick_grad_check(lambda x, n: x**n, 2.0, extra_args=(3,))
    check_grads(np.sin, order=3)(1.0)
    check_grads(lambda x, y: np.sum(x * y), (0, 1))(X, 2 * X)
    check_jvp(np.exp, X)
    combo_check(lambda x, axis: np.sum(x, axis=axis), [0])([np.ones((2, 3)), np.ones((3, 3))], axis=[0, 1])
    with pytest.raises(ValueError, match="'fwd' and 'rev'"):
        check_grads(np.sin, modes=["forward"])(1.0)
    check_equivalent({"a": 1.0}, {"a": 1.0 + 1e-9})
    assert scalar_close(1e9, 1e9 + 1)
    assert not scalar_close(1.0, 1.1)
    with pytest.raises(AssertionError):
        check_equivalent({"a": 1.0}, {"a": 1.1})
    with pytest.raises(AssertionError, match="not of one kind"):
        check_equivalent([1.0], (1.0,))


@pytest.mark.parametrize("optimize", [sgd, rmsprop, adam])
def test_optimizers_reach_the_minimum(optimize) -> None:
    target = {"a": np.array([1.0, -2.0]), "b": (0.5,)}
    steps = []

    def loss(p, i):
        return np.sum((p["a"] - target["a"]) ** 2) + (p["b"][0] - target["b"][0]) ** 2

    start = {"a": np.zeros(2), "b": (0.0,)}
    found = optimize(grad(loss), start, lambda x, i, g: steps.append(i), num_iters=1000, step_size=0.02)
    np.testing.assert_allclose(found["a"], target["a"], atol=0.03)
    np.testing.assert_allclose(found["b"][0], 0.5, atol=0.03)
    assert steps == list(range(1000))


def test_two_steps_by_hand() -> None:
    gradient = lambda x, i: x  # noqa: E731
    np.testing.assert_allclose(sgd(gradient, 1.0, num_iters=2, step_size=0.5, mass=0.0), 0.25)
    s = 0.9 + 0.1
    np.testing.assert_allclose(rmsprop(gradient, 1.0, num_iters=1, step_size=0.5), 1 - 0.5 / (np.sqrt(s) + 1e-8))
    np.testing.assert_allclose(adam(gradient, 1.0, num_iters=1, step_size=0.5), 1 - 0.5 / (1 + 1e-8))


def test_an_optimizer_can_be_differentiated() -> None:
    """After n steps x = (1 - 2 rate)^n for the loss x^2, from 1; its derivative by the rate."""
    last = lambda rate: sgd(lambda x, i: 2 * x, 1.0, num_iters=3, step_size=rate, mass=0.0)  # noqa: E731
    np.testing.assert_allclose(grad(last)(0.1), -6 * 0.8**2)


def test_const_graph_runs_again_without_the_python() -> None:
    runs = []

    def f(a, x):
        runs.append(1)
        return a * np.sin(x)

    g = const_graph(f, 3.0)
    np.testing.assert_allclose(g(X), 3 * np.sin(X))
    before = len(runs)
    np.testing.assert_allclose(g(2 * X), 3 * np.sin(2 * X))
    assert len(runs) == before


def test_helpers_for_rules() -> None:
    ones = np.ones((2, 3))
    np.testing.assert_array_equal(unbroadcast(ones, metadata(np.ones((1, 3)))), [[2, 2, 2]])
    np.testing.assert_array_equal(unbroadcast(ones, metadata(np.ones(3))), [2, 2, 2])
    assert unbroadcast(np.array([1 + 1j]), metadata(1.0)) == 1.0
    repeated, count = repeat_to_match_shape(np.array([1.0, 2.0]), (2, 3), float, 1, False)
    np.testing.assert_array_equal(repeated, [[1, 1, 1], [2, 2, 2]])
    assert count == 3
    assert match_complex(1.0, 1 + 2j) == 1.0
    assert match_complex(1j, 1.0) == 1 + 0j
    np.testing.assert_array_equal(replace_zero(np.array([0.0, 2.0]), 1.0), [1.0, 2.0])
    np.testing.assert_array_equal(make_diagonal(np.array([1.0, 2.0]), axis1=-1, axis2=-2), np.diag([1.0, 2.0]))


def test_the_forms_of_import() -> None:
    names: dict[str, object] = {}
    exec(
        "import bibun.compat.autograd as ag\n"
        "from bibun.compat.autograd.numpy import *\n"
        "import bibun.compat.autograd.numpy.random as npr\n"
        "from bibun.compat.autograd.numpy.linalg import inv\n"
        "from bibun.compat.autograd.scipy.misc import logsumexp\n"
        "import bibun.compat.autograd.scipy.stats.norm as norm\n"
        "import bibun.compat.autograd.scipy.linalg as sla\n"
        "from bibun.compat.autograd.util import subvals\n"
        "from bibun.compat.autograd.core import make_vjp\n"
        "d = ag.numpy.tanh(0.0), tanh(0.0), npr.RandomState(0).rand(), norm.cdf(0.0), ag.scipy.stats.norm.cdf(0.0)\n"
        "s = subvals((1, 2, 3), [(1, 5)])\n",
        names,
    )
    np.testing.assert_allclose(names["d"], (0.0, 0.0, np.random.RandomState(0).rand(), 0.5, 0.5))
    assert names["s"] == (1, 5, 3)
    assert names["where"] is anp.where
    assert not {"np", "Any", "tree", "import_module"} & set(names)
    with pytest.raises(AttributeError, match="no_such_name"):
        anp.no_such_name  # noqa: B018


def test_cotangents_and_tangents_in_the_forms_that_autograd_takes() -> None:
    x, v = np.array([1.0, 2.0]), [1.0, 3.0]
    np.testing.assert_allclose(autograd.make_vjp(lambda x: x**2)(x)[0](1.0), [2, 4])
    np.testing.assert_allclose(autograd.make_jvp(lambda x: x**2)(x)(1.0)[1], [2, 4])
    cube = lambda x: np.sum(x**3)  # noqa: E731
    for product in (autograd.make_hvp(cube)(x)[0](v), autograd.hessian_vector_product(cube)(x, v)):
        np.testing.assert_allclose(product, [6, 36])
    np.testing.assert_allclose(autograd.make_ggnvp(lambda x: x**2)(x)(v), [4, 48])


def test_a_tuple_is_no_scalar() -> None:
    with pytest.raises(TypeError, match="only applies to real scalar-output functions"):
        autograd.grad(lambda x: (x, x))(1.0)


def test_where_primitive_is() -> None:
    from bibun.compat.autograd import tracer

    assert tracer.primitive is extend.primitive
    with pytest.raises(AttributeError, match="nonsense"):
        _ = tracer.nonsense


def test_a_name_is_looked_up_once() -> None:
    assert anp.tanh is np.tanh
    assert vars(anp)["tanh"] is np.tanh


def test_the_derivatives_of_nothing_are_right() -> None:
    check_grads(lambda x: x[:0])(np.ones(3))
    with pytest.raises(NoDerivativeError, match="which is empty"):
        bb.check(lambda x: x[:0], np.ones(3))


def test_methods_of_an_early_autograd() -> None:
    def product(a, x, n):
        return a * x**n

    of_grad, of_vjp = primitive(product), primitive(product)
    with pytest.warns(UserWarning, match=r"deprecated. Write defvjp\(product, ...\)"):  # noqa: PT031
        of_grad.defgrad(lambda ans, a, x, n: lambda g: g * x**n)
        of_grad.defgrad(lambda ans, a, x, n: lambda g: g * a * n * x ** (n - 1), argnum=1)
        of_grad.defvjp_is_zero([2])
        of_vjp.defvjp(lambda g, ans, vs, gvs, a, x, n: g * x**n)
        of_vjp.defvjp(lambda g, ans, vs, gvs, a, x, n: g * a * n * x ** (n - 1) * (vs.shape == ()), argnum=1)
    for f in (of_grad, of_vjp):
        assert (grad(f)(3.0, 2.0, 4), grad(f, 1)(3.0, 2.0, 4)) == (16.0, 3.0 * 4 * 8.0)
    assert grad(of_grad, 2)(3.0, 2.0, 4.0) == 0.0
    with pytest.raises(NotImplementedError, match="not defined"):
        grad(of_vjp, 2)(3.0, 2.0, 4.0)


def test_the_rules_of_primitives_can_be_taken_away() -> None:
    double = primitive(lambda x: 2 * x)
    assert double not in primitive_vjps
    defvjp(double, lambda ans, x: lambda g: 2 * g)
    assert double in primitive_vjps
    assert double in list(primitive_vjps)
    rule = primitive_vjps.pop(double)
    with pytest.raises(NotImplementedError):
        grad(double)(1.0)
    primitive_vjps[double] = rule
    assert grad(double)(1.0) == 2.0
    assert primitive_vjps.pop(np.iscomplex, None) is None


def test_a_primitive_outside_of_numpy_in_a_function_that_runs_again() -> None:
    """It makes a plain number of what it gets, so no program can have it in it."""
    cosine = primitive(lambda x: math.cos(x))
    defvjp(cosine, lambda ans, x: lambda g: -g * math.sin(x))
    again = const_graph(lambda a, x: a * cosine(x), 2.0)
    with pytest.warns(CompileWarning, match="the primitive <lambda> makes plain numbers"):
        np.testing.assert_allclose([again(0.3), again(0.5)], [2 * math.cos(0.3), 2 * math.cos(0.5)])


def test_whole_numbers_of_traced_values() -> None:
    np.testing.assert_array_equal(grad(lambda x: np.sum(x[anp.int64(x)]))(np.array([0.0, 1.0, 1.0])), [1, 2, 0])
    assert anp.int64(3.7) == 3
    assert isinstance(np.int64(3), anp.int64)
    assert isinstance(anp.int32(3), anp.integer)
    assert np.zeros(2, anp.int64).dtype == anp.int64 == np.int64
    assert np.issubdtype(anp.int16, anp.integer)
    assert {np.int64: 1}[anp.int64] == 1


def test_where_keeps_pythons_numbers() -> None:
    exec(
        "from bibun.compat.autograd.numpy.numpy_wrapper import *", {}
    )  # NumPy's any, sum and bool are kept beside it then
    assert type(anp.where(True, 1, 2)) is int
    assert anp.where(False, [1, 2], [3, 4]) == [3, 4]
    assert anp.where(np.array([True, False]), x=1.0, y=2.0).tolist() == [1.0, 2.0]
    assert grad(lambda x: anp.where(x > 0, x=x * x, y=-x))(3.0) == 6.0
    np.testing.assert_array_equal(grad(lambda x: np.sum(anp.where([True, False], [x[0], 1.0], x)))(np.ones(2)), [1, 1])
    with pytest.raises(ValueError, match="either both or neither"):
        anp.where(True, 1)


def test_a_difference_that_autograds_check_passes() -> None:
    """Off by 2e-7 of itself, as derivatives of solutions to 1e-8 are: bibun.check finds it, autograd's tolerance is 1e-6."""
    nearly = primitive(lambda x: np.sin(x))
    defvjp(nearly, lambda ans, x: lambda g: g * np.cos(x) * (1 + 2e-7))
    assert not bb.check(nearly, 1.0)
    check_grads(nearly, modes=["rev"])(1.0)
    check_vjp(nearly, 1.0)


@pytest.mark.parametrize(("mode", "word"), [("rev", "VJP"), ("fwd", "JVP")])
def test_the_words_of_a_failed_check(mode: str, word: str) -> None:
    @primitive
    def doubled(x):
        return 2 * x

    @primitive
    def same(x):
        return x

    defvjp(doubled, lambda ans, x: lambda g: g * 2.001)
    with pytest.raises(
        AssertionError, match=rf"^Derivative \({word}\) check of doubled failed with arg 1.0:\nanalytic: "
    ):
        check_grads(doubled, modes=[mode])(1.0)
    defvjp(doubled, lambda ans, x: lambda g: 2 * same(g))
    defvjp(same, lambda ans, x: lambda g: g * 1.001)
    with pytest.raises(AssertionError, match=r"\(VJP\) check of vjp_doubled failed"):
        check_grads(doubled, modes=["rev"])(1.0)


def test_a_truth_value_has_no_gradient() -> None:
    with pytest.raises(TypeError, match="a truth value"):
        grad(lambda x: np.allclose(x, x))(X)


def test_names_and_words_of_operators() -> None:
    def loss(x):
        return x

    assert grad(loss, 1).__name__ == "grad_of_loss_wrt_argnum_1"
    assert grad(loss, 1).__doc__.startswith("    grad of function loss with respect to argument number 1.")
