"""Log densities of scipy.stats as autograd has them, differentiated by every argument that it differentiates."""

import autograd.numpy as np
import autograd.scipy.stats as stats
import autograd.scipy.stats.multivariate_normal as mvn
import autograd.scipy.stats.norm as norm
from autograd import elementwise_grad, grad
from autograd.scipy.special import gammaln, psi
from autograd.scipy.stats import beta, chi2, dirichlet, gamma, poisson, t

x = np.array([0.3, 0.6, 0.8])
mean = np.array([0.5, -1.0, 0.2])
cov = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.1], [0.0, 0.1, 0.5]])
alpha = np.array([1.5, 2.0, 3.0])
point = np.array([0.2, 0.3, 0.5])


def result():
    return {
        "normal": grad(lambda s: np.sum(norm.logpdf(x, 0.1, s)))(2.0),
        "normal cdf": elementwise_grad(norm.cdf)(x),
        "normal logcdf": elementwise_grad(norm.logcdf)(x),
        "normal sf": elementwise_grad(norm.sf)(x),
        "mvn x": grad(mvn.logpdf)(x, mean, cov),
        "mvn mean": grad(mvn.logpdf, 1)(x, mean, cov),
        "t": grad(lambda df: t.logpdf(0.7, df, 0.2, 1.5))(4.0),
        "t cdf": grad(stats.t.cdf)(0.7, 3.0),
        "gamma": grad(lambda a: gamma.logpdf(2.0, a))(3.0),
        "gamma cdf": grad(gamma.cdf)(2.0, 3.0),
        "beta": grad(beta.logpdf, argnum=(0, 1, 2))(0.3, 2.0, 5.0),
        "poisson": grad(lambda mu: np.sum(poisson.logpmf(np.array([1, 4, 2]), mu)))(2.5),
        "chi2": grad(chi2.logpdf)(3.0, 5),
        "dirichlet": grad(dirichlet.logpdf, 1)(point, alpha),
        "own gamma": grad(lambda a: -gammaln(a))(2.5),
    }


def expected():
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    solved = np.linalg.solve(cov, x - mean)
    df, y = 4.0, (0.7 - 0.2) / 1.5
    by_df = 0.5 * (psi((df + 1) / 2) - psi(df / 2) - 1 / df - np.log1p(y**2 / df))
    by_df += 0.5 * (df + 1) * y**2 / (df**2 * (1 + y**2 / df))
    return {
        "normal": np.sum((x - 0.1) ** 2) / 8 - 3 / 2,
        "normal cdf": density,
        "normal logcdf": density / norm.cdf(x),
        "normal sf": -density,
        "mvn x": -solved,
        "mvn mean": solved,
        "t": by_df,
        "t cdf": 2 / (np.pi * np.sqrt(3) * (1 + 0.7**2 / 3) ** 2),
        "gamma": np.log(2.0) - psi(3.0),
        "gamma cdf": 2.0**2 * np.exp(-2.0) / 2,
        "beta": (1 / 0.3 - 4 / 0.7, np.log(0.3) - psi(2.0) + psi(7.0), np.log(0.7) - psi(5.0) + psi(7.0)),
        "poisson": 7 / 2.5 - 3,
        "chi2": (5 / 2 - 1) / 3 - 1 / 2,
        "dirichlet": psi(np.sum(alpha)) - psi(alpha) + np.log(point),
        "own gamma": -psi(2.5),
    }
