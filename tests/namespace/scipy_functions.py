"""Functions of SciPy that take arrays of any library of the array API standard, differentiated. Run as a program with
SCIPY_ARRAY_API=1, which SciPy reads when it is imported: prints the names of those that are wrong, and how."""

from __future__ import annotations

import os
import sys
import warnings

import numpy
from scipy import cluster, constants, fft, integrate, signal, special, stats
from scipy.spatial.transform import Rotation

import bibun as bb
import bibun.numpy as xp

_random = numpy.random.default_rng(0)
X = numpy.abs(_random.normal(size=6)) + 0.5
Q = X[:4]
R = X[:3]
M = _random.normal(size=(5, 3))

CASES = {
    # scipy.special: functions of arrays, and ufuncs
    "logsumexp": (X, special.logsumexp),
    "logsumexp with weights": (X, lambda x: special.logsumexp(x, axis=0, b=x)),
    "logsumexp along an axis": (M, lambda x: special.logsumexp(x, axis=1, keepdims=True)),
    "softmax": (M, lambda x: special.softmax(x, axis=0)),
    "log_softmax": (X, special.log_softmax),
    "betaln": (X, lambda x: special.betaln(x, 2.0)),
    "entr": (X, special.entr),
    "rel_entr": (X, lambda x: special.rel_entr(x, 2 * x**2)),
    "kl_div": (X, lambda x: special.kl_div(x, x**2)),
    "xlogy": (X, lambda x: special.xlogy(x, x)),
    "xlog1py": (X, lambda x: special.xlog1py(x, x)),
    "logit": (X, lambda x: special.logit(x / 10)),
    "expit": (X, special.expit),
    "gammaln": (X, special.gammaln),
    "gammainc": (X, lambda x: special.gammainc(2.0, x)),
    "betainc": (X, lambda x: special.betainc(2.0, 3.0, x / 5)),
    "erf": (X, special.erf),
    "ndtr": (X, special.ndtr),
    "log_ndtr": (X, special.log_ndtr),
    "i0": (X, special.i0),
    # scipy.stats
    "entropy": (X, stats.entropy),
    "relative entropy": (X, lambda x: stats.entropy(x, x[::-1] ** 2)),
    "gmean": (X, stats.gmean),
    "hmean": (X, stats.hmean),
    "pmean": (X, lambda x: stats.pmean(x, 3.0)),
    "moment": (M, lambda x: stats.moment(x, 3, axis=0)),
    "skew": (X, stats.skew),
    "skew without bias": (X, lambda x: stats.skew(x, bias=False)),
    "kurtosis": (M, lambda x: stats.kurtosis(x, axis=1)),
    "zscore": (X, stats.zscore),
    "zmap": (X, lambda x: stats.zmap(x, x**2)),
    "sem": (M, stats.sem),
    "circmean": (X, stats.circmean),
    "circvar": (X, stats.circvar),
    "circstd": (X, stats.circstd),
    "kstat": (X, lambda x: stats.kstat(x, 3)),
    "kstatvar": (X, stats.kstatvar),
    "tvar": (X, stats.tvar),
    "tstd": (X, stats.tstd),
    "tsem": (X, stats.tsem),
    "trim_mean": (X, lambda x: stats.trim_mean(x, 0.2)),
    "iqr": (X, stats.iqr),
    "quantile": (X, lambda x: stats.quantile(x, 0.3)),
    "median_abs_deviation": (X, stats.median_abs_deviation),
    "lmoment": (X, stats.lmoment),
    "boxcox_llf": (X, lambda x: stats.boxcox_llf(0.5, x)),
    "directional_stats": (M, lambda x: stats.directional_stats(x).mean_direction),
    # scipy.signal, scipy.fft, scipy.integrate, scipy.cluster, scipy.constants
    "fftconvolve": (X, lambda x: signal.fftconvolve(x, x**2)),
    "oaconvolve": (X, lambda x: signal.oaconvolve(x, x**2)),
    "hilbert": (X, lambda x: xp.abs(signal.hilbert(x))),
    "envelope": (X, lambda x: signal.envelope(x)[0]),
    "resample": (X, lambda x: signal.resample(x, 4)),
    "freqz": (X, lambda x: xp.abs(signal.freqz(x, worN=8)[1])),
    "vectorstrength": (X, lambda x: signal.vectorstrength(x, 2.0)[0]),
    "fft.fft": (X, lambda x: xp.abs(fft.fft(x, n=8))),
    "fft.rfftn": (M, lambda x: xp.abs(fft.rfftn(x, norm="ortho"))),
    "fft.fftshift": (X, fft.fftshift),
    "trapezoid": (X, lambda x: integrate.trapezoid(x, x=xp.cumulative_sum(x))),
    "cumulative_trapezoid": (X, integrate.cumulative_trapezoid),
    "tanhsinh": (R, lambda x: integrate.tanhsinh(xp.sin, 0 * x[0], x[0]).integral),
    "whiten": (M, cluster.vq.whiten),
    "convert_temperature": (X, lambda x: constants.convert_temperature(x, "C", "F")),
    # scipy.spatial.transform
    "Rotation.from_rotvec": (R, lambda x: Rotation.from_rotvec(x).as_matrix()),
    "Rotation.from_quat": (Q, lambda x: Rotation.from_quat(x).as_matrix()),
    "Rotation.from_euler": (R, lambda x: Rotation.from_euler("xyz", x).as_quat()),
    "Rotation.from_matrix": (R, lambda x: Rotation.from_matrix(Rotation.from_rotvec(x).as_matrix()).as_mrp()),
    "Rotation.apply": (R, lambda x: Rotation.from_rotvec(x).apply(x**2)),
    "Rotation product": (R, lambda x: (Rotation.from_rotvec(x) * Rotation.from_rotvec(x[::-1])).as_rotvec()),
    "Rotation.as_euler": (R, lambda x: Rotation.from_rotvec(x).as_euler("zyx")),
    "Rotation.magnitude": (R, lambda x: Rotation.from_rotvec(x).magnitude()),
}


def wrong(x: numpy.ndarray, f) -> str:
    """What is wrong with the value and the Jacobian, beside SciPy's own values and differences of them."""
    h = 1e-6
    value, columns = bb.jvp(f, (x,), (numpy.ones(x.shape),))
    if not numpy.allclose(value, f(x), rtol=1e-12, atol=1e-13):
        return f"the value is {value}, not {f(x)}"
    jacobian = bb.jacrev(f)(x)
    for place in numpy.ndindex(x.shape):
        e = numpy.zeros(x.shape)
        e[place] = h
        column = (numpy.asarray(f(x + e)) - numpy.asarray(f(x - e))) / (2 * h)
        if not numpy.allclose(jacobian[(..., *place)], column, rtol=1e-5, atol=1e-6):
            return f"the derivative by {place} is {jacobian[(..., *place)]}, not {column}"
    summed = jacobian.reshape(*jacobian.shape[: jacobian.ndim - x.ndim], -1).sum(axis=-1)
    return "" if numpy.allclose(summed, columns) else f"forward mode gives {columns}, reverse mode {summed}"


def main() -> None:
    assert os.environ["SCIPY_ARRAY_API"] == "1"
    for name, (x, f) in CASES.items():
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                found = wrong(x, f)
            except Exception as error:  # noqa: BLE001  whatever it is, it is to be read in the test's message
                found = f"{type(error).__name__}: {error}"
        if found:
            sys.stdout.write(f"{name}: {found}\n")


if __name__ == "__main__":
    main()
