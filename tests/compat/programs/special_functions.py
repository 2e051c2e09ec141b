"""Functions of scipy.special that autograd has, differentiated by every argument by which it differentiates them."""

import autograd.numpy as np
import autograd.scipy.special as sp
from autograd import elementwise_grad, grad, jacobian
from autograd.scipy.special import logsumexp
from autograd.test_util import check_grads

x = np.array([[0.3, 1.2, 2.5], [0.7, 0.1, 1.9]])


def mixture(logits):
    return np.sum(logsumexp(logits, axis=1) ** 2)


def result():
    check_grads(mixture, modes=["rev"], order=2)(x)
    return {
        "logsumexp": grad(logsumexp)(x),
        "by rows": grad(mixture)(x),
        "kept": jacobian(lambda x: logsumexp(x, axis=0, keepdims=True))(x)[0, 1],
        "weighed": grad(lambda x: logsumexp(x, b=2.0))(x),
        "digamma": elementwise_grad(sp.digamma)(x),
        "polygamma": elementwise_grad(lambda x: sp.polygamma(1, x))(x),
        "multigammaln": grad(lambda a: sp.multigammaln(a, 3))(2.5),
        "gamma": elementwise_grad(sp.gamma)(x),
        "beta": grad(sp.beta, argnum=(0, 1))(1.5, 2.5),
        "gammainc": grad(sp.gammainc, 1)(2.0, 0.7),
        "erf": elementwise_grad(sp.erf)(x),
        "erfinv": elementwise_grad(sp.erfinv)(x / 3),
        "expit": elementwise_grad(sp.expit)(x),
        "logit": elementwise_grad(sp.logit)(x / 3),
        "j0": elementwise_grad(sp.j0)(x),
        "jn": elementwise_grad(sp.jn, 1)(np.full(x.shape, 2), x),
        "iv": elementwise_grad(sp.iv, 1)(np.full(x.shape, 2.0), x),
    }


def expected():
    weights = np.exp(x - np.max(x))
    total = np.log(np.sum(np.exp(x), axis=1, keepdims=True))
    column = np.zeros((2, 3))
    column[:, 1] = np.exp(x[:, 1]) / np.sum(np.exp(x[:, 1]))
    beta = sp.gamma(1.5) * sp.gamma(2.5) / sp.gamma(4.0)
    return {
        "logsumexp": weights / np.sum(weights),
        "by rows": 2 * total * np.exp(x - total),
        "kept": column,
        "weighed": weights / np.sum(weights),
        "digamma": sp.polygamma(1, x),
        "polygamma": sp.polygamma(2, x),
        "multigammaln": sum(sp.psi(2.5 - j / 2) for j in range(3)),
        "gamma": sp.gamma(x) * sp.psi(x),
        "beta": (beta * (sp.psi(1.5) - sp.psi(4.0)), beta * (sp.psi(2.5) - sp.psi(4.0))),
        "gammainc": 0.7 * np.exp(-0.7),
        "erf": 2 / np.sqrt(np.pi) * np.exp(-(x**2)),
        "erfinv": np.sqrt(np.pi) / 2 * np.exp(sp.erfinv(x / 3) ** 2),
        "expit": np.exp(-x) / (1 + np.exp(-x)) ** 2,
        "logit": 1 / (x / 3 * (1 - x / 3)),
        "j0": -sp.j1(x),
        "jn": (sp.jn(1, x) - sp.jn(3, x)) / 2,
        "iv": (sp.iv(1, x) + sp.iv(3, x)) / 2,
    }
