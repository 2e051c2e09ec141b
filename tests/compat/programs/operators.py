"""Every operator of autograd once, on functions whose derivatives are known."""

import autograd.numpy as np
from autograd import (
    checkpoint,
    deriv,
    elementwise_grad,
    grad,
    grad_and_aux,
    grad_named,
    hessian,
    hessian_tensor_product,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    tensor_jacobian_product,
    value_and_grad,
    vector_jacobian_product,
)
from autograd import elementwise_grad as egrad
from autograd.differential_operators import make_jvp_reversemode


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def mixed(a, b, c):
    return np.sum(np.sin(a)) * b["k"] + c[0] * c[1]


A = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]])
x = np.array([0.5, -1.0, 2.0])
v = np.array([1.0, 2.0, 3.0])
cube = lambda x: x**3  # noqa: E731


def result():
    vjp, value = make_vjp(lambda x: A @ x**2)(x)
    hvp, gradient = make_hvp(rosenbrock)(x)
    a, b, c = grad(mixed, argnum=[0, 1, 2])(x, {"k": 2.0}, [3.0, 4.0])
    aux_gradient, aux = grad_and_aux(lambda x: (np.sum(x**2), 2 * x))(x)
    return {
        "vjp": vjp(np.array([1.0, 10.0])),
        "its value": value,
        "hvp": hvp(v),
        "gradient": gradient,
        "hessian_vector_product": hessian_vector_product(rosenbrock)(x, v),
        "hessian_tensor_product": hessian_tensor_product(rosenbrock)(x, v),
        "hessian": hessian(rosenbrock)(x),
        "hessian of a vector": hessian(cube)(x),
        "jacobian": jacobian(lambda x: A @ x**2)(x),
        "jvp": make_jvp(lambda x: A @ x**2)(x)(v)[1],
        "jvp by reverse mode": make_jvp_reversemode(lambda x: A @ x**2)(x)(v),
        "tensor_jacobian_product": tensor_jacobian_product(lambda x: A @ x**2)(x, np.array([1.0, 10.0])),
        "vector_jacobian_product": vector_jacobian_product(lambda x: A @ x**2)(x, np.array([1.0, 10.0])),
        "ggnvp": make_ggnvp(lambda x: A @ x**2)(x)(v),
        "list of arguments": a,
        "a dict": b["k"],
        "a list": c,
        "aux_gradient": aux_gradient,
        "aux": aux,
        "elementwise": elementwise_grad(cube)(x),
        "twice": egrad(egrad(cube))(x),
        "deriv": deriv(cube)(2.0),
        "grad_named": grad_named(lambda p, q: p * q**2, "q")(2.0, 3.0),
        "value_and_grad": value_and_grad(cube)(2.0),
        "of shape (1,)": grad(lambda x: x[:1] ** 2)(x),
        "checkpoint": grad(lambda x: np.sum(checkpoint(lambda y: np.exp(np.sin(y)))(x)))(x),
        "holomorphic": holomorphic_grad(lambda z: z**3)(1.0 + 2.0j),
        "absolute": grad(lambda z: np.abs(z) ** 2)(3.0 + 4.0j),
        "nested": grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0),
    }


def expected():
    J = A * (2 * x)
    H = np.diag(np.append(1200 * x[:-1] ** 2 - 400 * x[1:] + 2, 0) + np.array([0, 200.0, 200.0]))
    H = H - np.diag(400 * x[:-1], 1) - np.diag(400 * x[:-1], -1)
    inner = 100 * 2 * (x[1:] - x[:-1] ** 2)
    gradient = np.append(-2 * x[:-1] * inner - 2 * (1 - x[:-1]), 0) + np.append(0, inner)
    cubes = np.zeros((3, 3, 3))
    cubes[range(3), range(3), range(3)] = 6 * x
    g = np.array([1.0, 10.0])
    return {
        "vjp": g @ J,
        "its value": A @ x**2,
        "hvp": H @ v,
        "gradient": gradient,
        "hessian_vector_product": H @ v,
        "hessian_tensor_product": H @ v,
        "hessian": H,
        "hessian of a vector": cubes,
        "jacobian": J,
        "jvp": J @ v,
        "jvp by reverse mode": J @ v,
        "tensor_jacobian_product": g @ J,
        "vector_jacobian_product": g @ J,
        "ggnvp": J.T @ J @ v,
        "list of arguments": 2 * np.cos(x),
        "a dict": np.sum(np.sin(x)),
        "a list": [4.0, 3.0],
        "aux_gradient": 2 * x,
        "aux": 2 * x,
        "elementwise": 3 * x**2,
        "twice": 6 * x,
        "deriv": 12.0,
        "grad_named": 12.0,
        "value_and_grad": (8.0, 12.0),
        "of shape (1,)": [1.0, 0.0, 0.0],
        "checkpoint": np.exp(np.sin(x)) * np.cos(x),
        "holomorphic": 3 * (1.0 + 2.0j) ** 2,
        "absolute": 6.0 - 8.0j,
        "nested": 6.0,
    }
