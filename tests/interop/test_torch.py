"""NumPy functions inside PyTorch and PyTorch functions inside bibun, against closed forms and PyTorch's own gradchecks."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import bibun as bb  # noqa: E402
import bibun.numpy as bnp  # noqa: E402
from bibun.interop.torch import from_torch, to_torch  # noqa: E402

# PyTorch's own forward mode warns of torch.jit.script when it is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

X = np.array([0.3, 1.2, -0.5])


def tensor(x, **options):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True, **options)


def wave(x, scale=1.0):
    return np.sum(np.sin(scale * x) ** 2)


def test_backward() -> None:
    x, scale = tensor(X), tensor(2.0)
    y = to_torch(wave)(x, scale)
    assert y.shape == ()
    np.testing.assert_allclose(y.item(), wave(X, 2.0))
    y.backward()
    np.testing.assert_allclose(x.grad, 2 * np.sin(4 * X))
    np.testing.assert_allclose(scale.grad.item(), np.sum(X * np.sin(4 * X)))


def test_only_what_requires_a_gradient_gets_one() -> None:
    x, plain = tensor(X), torch.tensor(2.0, dtype=torch.float64)
    to_torch(wave)(x, plain).backward()
    assert plain.grad is None
    assert not to_torch(wave)(x.detach(), plain).requires_grad
    with torch.no_grad():
        assert not to_torch(wave)(x).requires_grad


def test_the_function_runs_once_for_a_plain_backward() -> None:
    runs = []

    def counted(x):
        runs.append(1)
        return np.sum(x**3)

    x = tensor(X)
    y = to_torch(counted)(x)
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad, 2 * 3 * X**2)
    assert len(runs) == 1


def test_tensors_changed_afterwards_do_not_change_the_gradient() -> None:
    x = tensor(X)
    y = to_torch(wave)(x)
    with torch.no_grad():
        x.mul_(10)
    y.backward()
    np.testing.assert_allclose(x.grad, np.sin(2 * X))


def test_the_function_gets_copies() -> None:
    def overwrites(x):
        x *= 2
        return np.sum(x)

    x = torch.tensor(X)
    assert to_torch(overwrites)(x).item() == pytest.approx(2 * X.sum())
    np.testing.assert_array_equal(x, X)
    x = tensor(X)
    to_torch(overwrites)(x).backward()
    np.testing.assert_array_equal(x.grad, np.full(3, 2.0))


def test_double_backward() -> None:
    x = tensor(X)
    (g,) = torch.autograd.grad(to_torch(wave)(x), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    np.testing.assert_allclose(h.detach(), 2 * np.cos(2 * X))
    (third,) = torch.autograd.grad(h.sum(), x)
    np.testing.assert_allclose(third, -4 * np.sin(2 * X))


@pytest.mark.parametrize(
    ("f", "arguments"),
    [
        (wave, (X, 2.0)),
        (lambda a, b: a @ b, (np.ones((2, 3)) + np.arange(3.0), np.arange(6.0).reshape(3, 2))),
        (lambda x: (np.cumsum(x), np.exp(x[:2])), (X,)),
        (lambda z: np.exp(z) * z, (np.array([1 + 2j, 0.5j]),)),
        (lambda z: np.sum(np.abs(z) ** 2), (np.array([1 + 2j, 0.5j]),)),
        (lambda x: x * (1 + 2j), (X,)),
    ],
)
def test_gradcheck(f, arguments) -> None:
    tensors = tuple(torch.tensor(x, requires_grad=True) for x in map(np.asarray, arguments))
    assert torch.autograd.gradcheck(to_torch(f), tensors, check_forward_ad=True, check_undefined_grad=False)
    assert torch.autograd.gradgradcheck(to_torch(f), tensors)


def test_arrays_that_are_filled() -> None:
    def powers(x):
        y = bnp.zeros(3)
        for i in range(3):
            y[i] = x ** (i + 1)
        return y

    jacobian = torch.autograd.functional.jacobian(to_torch(powers), torch.tensor(2.0))
    np.testing.assert_allclose(jacobian, [1.0, 4.0, 12.0])


def test_containers_settings_and_outputs_without_derivative() -> None:
    def model(params, x, *, power):
        y = params["w"] * x**power + params["b"]
        return {"y": y, "largest": np.argmax(y), "parts": [y[:1], "name" and np.sum(y)]}

    params = {"w": tensor(2.0), "b": tensor(1.0)}
    found = to_torch(model)(params, torch.tensor(X), power=2)
    assert found["largest"].dtype == torch.int64
    assert found["largest"].item() == 1
    (found["parts"][1] + found["parts"][0].sum()).backward()
    assert params["w"].grad.item() == pytest.approx(np.sum(X**2) + X[0] ** 2)
    assert params["b"].grad.item() == 4
    assert to_torch(wave)(X) == wave(X)  # without tensors, the function itself


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64])
def test_dtypes_stay(dtype) -> None:
    x = torch.tensor([0.5, 1.5], dtype=dtype, requires_grad=True)
    y = to_torch(lambda x: np.sum(np.abs(x) ** 2))(x)
    y.backward()
    assert y.dtype == (torch.float32 if dtype is torch.complex64 else dtype)
    assert x.grad.dtype == dtype
    np.testing.assert_allclose(x.grad, [1.0, 3.0], rtol=1e-6)


def test_bfloat16_is_refused() -> None:
    with pytest.raises(TypeError, match=r"bfloat16.*x\.float\(\)"):
        to_torch(np.sin)(torch.ones(2, dtype=torch.bfloat16))


def test_complex_gradients_are_in_pytorchs_convention() -> None:
    f = lambda z: abs(z) ** 2 + z.real  # noqa: E731
    ours, theirs = (torch.tensor(1 + 2j, requires_grad=True) for _ in range(2))
    to_torch(f)(ours).backward()
    f(theirs).backward()
    assert ours.grad == theirs.grad == 3 + 4j


def test_torch_func() -> None:
    f, x = to_torch(wave), torch.tensor(X)
    batch = torch.stack([x, 2 * x])
    func = torch.func
    np.testing.assert_allclose(func.grad(f)(x), np.sin(2 * X))
    np.testing.assert_allclose(func.hessian(f)(x), np.diag(2 * np.cos(2 * X)), atol=1e-15)
    np.testing.assert_allclose(func.jacrev(func.grad(f))(x), np.diag(2 * np.cos(2 * X)), atol=1e-15)
    np.testing.assert_allclose(func.jvp(f, (x,), (x,))[1], X @ np.sin(2 * X))
    np.testing.assert_allclose(func.vmap(f)(batch), [wave(X), wave(2 * X)])
    np.testing.assert_allclose(func.vmap(func.grad(f))(batch), np.sin([2 * X, 4 * X]))
    np.testing.assert_allclose(func.grad(lambda b: func.vmap(f)(b).sum())(batch), np.sin([2 * X, 4 * X]))
    scaled = func.vmap(to_torch(lambda x, s: s * x), in_dims=(1, None), out_dims=1)
    np.testing.assert_allclose(scaled(batch, torch.tensor(3.0)), 3 * batch)


def test_a_module_that_holds_a_numpy_function_learns() -> None:
    class Layer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))

        def forward(self, x):
            return to_torch(lambda w, x: np.tanh(x @ w))(self.w, x)

    layer, x = Layer(), torch.eye(3, dtype=torch.float64)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = torch.sum((layer(x) - torch.tensor([0.1, -0.2, 0.3])) ** 2)
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(layer.w.detach(), np.arctanh([0.1, -0.2, 0.3]), rtol=1e-3)


# ---- the other way round ---------------------------------------------------------------------------------------------

theirs = from_torch(lambda x: torch.sum(torch.sin(x) ** 2))


def test_a_pytorch_function_has_derivatives_here() -> None:
    np.testing.assert_allclose(theirs(X), np.sum(np.sin(X) ** 2))
    assert type(theirs(X)) is np.float64
    np.testing.assert_allclose(bb.grad(theirs)(X), np.sin(2 * X))
    np.testing.assert_allclose(bb.jvp(theirs, (X,), (X,))[1], X @ np.sin(2 * X))
    np.testing.assert_allclose(bb.hessian(theirs)(X), np.diag(2 * np.cos(2 * X)), atol=1e-15)
    np.testing.assert_allclose(bb.jacrev(bb.grad(theirs))(X), np.diag(2 * np.cos(2 * X)), atol=1e-15)
    np.testing.assert_allclose(bb.jacfwd(bb.jacfwd(theirs))(X), np.diag(2 * np.cos(2 * X)), atol=1e-15)
    np.testing.assert_allclose(bb.grad(bb.grad(bb.grad(theirs)))(0.7), -4 * np.sin(1.4))
    np.testing.assert_allclose(bb.vmap(bb.grad(theirs))(np.stack([X, 2 * X])), np.sin([2 * X, 4 * X]))


def test_it_takes_part_in_numpy_code() -> None:
    def f(x):
        y = x[1:] ** 2
        return np.sum(np.exp(from_torch(torch.cos)(y)) * x[0])

    assert bb.check(f, X, order=2)


def test_define_by_run() -> None:
    x = bb.Variable(X)
    theirs(x).backward()
    np.testing.assert_allclose(x.grad, np.sin(2 * X))


def test_several_arguments_and_results() -> None:
    def g(d, *, scale):
        y = scale * d["a"] @ d["b"]
        return y, (torch.argmax(y), torch.sum(d["a"]))

    d = {"a": np.arange(6.0).reshape(2, 3), "b": X}
    f = from_torch(g)
    y, (n, total) = f(d, scale=2.0)
    np.testing.assert_allclose(y, 2 * d["a"] @ d["b"])
    assert (n, total) == (1, 15.0)
    found = bb.grad(lambda d: np.sum(f(d, scale=2.0)[0]) + f(d, scale=2.0)[1][1])(d)
    np.testing.assert_allclose(found["a"], 2 * np.tile(X, (2, 1)) + 1)
    np.testing.assert_allclose(found["b"], 2 * d["a"].sum(axis=0))
    assert bb.check(lambda d: f(d, scale=2.0)[0], d, order=2)


def test_complex_numbers_change_convention() -> None:
    assert bb.grad(from_torch(lambda z: torch.abs(z) ** 2))(1 + 2j) == pytest.approx(2 - 4j)
    assert bb.check(from_torch(lambda z: torch.exp(z) * z), 1 + 2j, order=2)


def test_float32_stays() -> None:
    assert bb.grad(theirs)(X.astype(np.float32)).dtype == np.float32


def test_a_result_that_depends_on_one_argument_only() -> None:
    f = from_torch(lambda a, b: (torch.sin(a), torch.ones(2, dtype=torch.float64)))
    np.testing.assert_allclose(bb.grad(lambda a, b: f(a, b)[0], argnums=(0, 1))(0.5, 2.0), (np.cos(0.5), 0.0))
    np.testing.assert_allclose(bb.grad(lambda a: np.sum(f(a, 1.0)[1]))(0.5), 0.0)


def test_a_module_that_takes_derivatives_itself() -> None:
    """torch.autograd.grad inside the function: backward takes it, which torch.func would not."""

    def slope(x):
        x = x if x.requires_grad else x.requires_grad_()
        (g,) = torch.autograd.grad(torch.sum(x**3), x, create_graph=True)
        return torch.sum(g)

    np.testing.assert_allclose(bb.grad(from_torch(slope))(X), 6 * X)


@pytest.mark.parametrize(
    "f", [lambda x: x.sum().item(), lambda x: (x * 2, x.detach().numpy()), lambda x: (x.sum(), 0.1)]
)
def test_numbers_in_the_place_of_tensors_lose_derivatives(f) -> None:
    with pytest.raises(bb.LostDerivativeError, match=r"Return the tensor .*torch\.tensor\(0\.1\)"):
        bb.grad(lambda x: np.sum(bb.tree.flatten(from_torch(f)(x))[0][0]))(np.ones(3))
    found, count = from_torch(lambda x: (x.sum(), 3))(np.ones(3))
    assert (found, count) == (3.0, 3)


def test_a_module_with_parameters() -> None:
    layer = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    f = from_torch(layer)
    x = torch.tensor(X, requires_grad=True)
    layer(x).sum().backward()
    np.testing.assert_allclose(bb.grad(lambda x: f(x)[0])(X), x.grad)
    assert bb.check(lambda x: f(x)[0], X, order=2)


def test_an_operation_without_forward_mode_goes_by_the_transpose_of_its_pullback() -> None:
    class Cube(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x**3

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * g * x**2

    f = from_torch(Cube.apply)
    np.testing.assert_allclose(bb.jvp(f, (X,), (X,))[1], 3 * X**3)


def test_there_and_back() -> None:
    f = to_torch(from_torch(torch.sin))
    x = tensor(X)
    (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(g.detach(), np.cos(X))
    np.testing.assert_allclose(h, -np.sin(X))


def test_compiled_programs_call_it() -> None:
    runs = []

    def f(x):
        runs.append(1)
        return theirs(2 * x)

    compiled = bb.compile(bb.value_and_grad(f))
    for x in (X, 2 * X, 3 * X):
        value, gradient = compiled(x)
        np.testing.assert_allclose(value, np.sum(np.sin(2 * x) ** 2))
        np.testing.assert_allclose(gradient, 2 * np.sin(4 * x))
    assert len(runs) == 1
    np.testing.assert_allclose(bb.compile(bb.hessian(theirs))(X), np.diag(2 * np.cos(2 * X)), atol=1e-15)


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # which PyTorch reads, where a graph begins anew
def test_inside_a_compiled_function() -> None:
    f = to_torch(wave)
    compiled = torch.compile(lambda x: 2 * f(torch.sin(x)), backend="eager")
    for _ in range(2):  # traced, and from the cache
        x = tensor(X)
        y = compiled(x)
        y.backward()
        np.testing.assert_allclose(y.item(), 2 * np.sum(np.sin(np.sin(X)) ** 2))
        np.testing.assert_allclose(x.grad, 2 * np.sin(2 * np.sin(X)) * np.cos(X))
    x = tensor(X)
    torch.compile(f, backend="eager")(x).backward()
    np.testing.assert_allclose(x.grad, np.sin(2 * X))


OLD_VMAP = {
    "jacobian": lambda f, x: torch.autograd.functional.jacobian(f, x, vectorize=True),
    "hessian": lambda f, x: torch.autograd.functional.hessian(lambda x: f(x).sum(), x, vectorize=True),
    "batched gradients": lambda f, x: torch.autograd.grad(f(x), x, torch.eye(3).double(), is_grads_batched=True),
}


@pytest.mark.parametrize("name", OLD_VMAP)
def test_the_old_vmap_is_told_from_the_new(name) -> None:
    f = to_torch(lambda x: x**3)
    with pytest.raises(TypeError, match=r"torch\.func\.jacrev"):
        OLD_VMAP[name](f, tensor(X))
    np.testing.assert_allclose(torch.func.jacrev(f)(torch.tensor(X)), np.diag(3 * X**2))


def test_byte_orders_and_precisions_that_pytorch_does_not_have() -> None:
    f = from_torch(lambda t: (t**2).sum())
    for dtype in (">f8", ">f4"):
        np.testing.assert_allclose(bb.grad(f)(X.astype(dtype)), 2 * X, rtol=1e-6)
    with pytest.raises(TypeError, match="which PyTorch does not have"):
        f(X.astype(np.longdouble))
    with pytest.raises(TypeError, match="which PyTorch does not have"):
        to_torch(lambda x: x.astype(np.longdouble))(tensor(X))


def test_what_it_writes_to_numpys_arrays_stays_inside() -> None:
    """It runs more than once for a derivative: what one run writes, the next may not find, and the caller neither."""

    def weighed(x, counts):
        counts += 1.0
        return np.sum(x * counts)

    mine = np.ones(3)
    f = to_torch(weighed)
    x = torch.tensor(X, requires_grad=True)
    f(x, mine).backward()
    np.testing.assert_array_equal(x.grad, [2.0, 2.0, 2.0])
    assert f(np.ones(3), mine) == 6.0
    np.testing.assert_array_equal(mine, 1)
