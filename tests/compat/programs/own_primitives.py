"""Functions with rules of their own: defvjp, defvjp_argnum, defvjp_argnums, defjvp, notrace, and rules for few arguments."""

import autograd.numpy as np
from autograd import grad, hessian, make_jvp
from autograd.extend import defjvp, defvjp, defvjp_argnum, defvjp_argnums, notrace_primitive, primitive
from autograd.numpy.numpy_vjps import unbroadcast_f
from autograd.test_util import check_grads


@primitive
def logsumexp(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


defvjp(logsumexp, lambda ans, x: lambda g: np.full(x.shape, 1.0) * g * np.exp(x - ans))
defjvp(logsumexp, lambda t, ans, x: np.sum(t * np.exp(x - ans)))


@primitive
def scaled(a, x, shift=0.0):
    return a * x + shift


defvjp(
    scaled,
    lambda ans, a, x, shift=0.0: unbroadcast_f(a, lambda g: g * x),
    lambda ans, a, x, shift=0.0: unbroadcast_f(x, lambda g: g * a),
)


@primitive
def power_of(x, n):
    return x**n


defvjp_argnum(power_of, lambda argnum, ans, args, kwargs: lambda g: g * args[1] * args[0] ** (args[1] - 1))


@primitive
def both(x, y):
    return x * y


defvjp_argnums(
    both,
    lambda argnums, ans, args, kwargs: lambda g: [g * args[1] if argnum == 0 else g * args[0] for argnum in argnums],
)


@primitive
def held_first(n, x):
    return x**n


defvjp(held_first, lambda ans, n, x: lambda g: g * n * x ** (n - 1), argnums=[1])


@notrace_primitive
def how_many(x):
    return float(np.sum(np.abs(x) > 1))


def result():
    x = np.array([1.0, 2.0, 3.0])
    check_grads(logsumexp)(x)
    check_grads(logsumexp, modes=["rev"], order=1)(x)
    return {
        "gradient": grad(logsumexp)(x),
        "hessian": hessian(logsumexp)(x),
        "forward": make_jvp(logsumexp)(x)(np.array([1.0, 0.0, 0.0]))[1],
        "broadcast": np.array(grad(lambda a: np.sum(scaled(a, x, shift=2.0) ** 2))(2.0)),
        "of x": grad(lambda x: np.sum(scaled(2.0, x)))(x),
        "power": grad(power_of)(3.0, 2),
        "second": grad(grad(power_of))(3.0, 3),
        "both": grad(both, argnum=(0, 1))(2.0, 5.0),
        "held": grad(held_first, 1)(3, 2.0),
        "counted": grad(lambda x: np.sum(x * how_many(x)))(x),
    }


def expected():
    x = np.array([1.0, 2.0, 3.0])
    p = np.exp(x) / np.sum(np.exp(x))
    return {
        "gradient": p,
        "hessian": np.diag(p) - np.outer(p, p),
        "forward": p[0],
        "broadcast": np.sum(2 * (2 * x + 2) * x),
        "of x": np.full(3, 2.0),
        "power": 6.0,
        "second": 18.0,
        "both": (5.0, 2.0),
        "held": 12.0,
        "counted": np.full(3, 2.0),
    }
