"""The 20 regression models of the NIST problems, as plain NumPy functions of parameters and predictors.

Each formula is the one in the header of the data file of the same name. `b` is the vector of parameters;
a predictor is an array of observations. This file knows no data, no fitting and no derivative: NumPy is
all it imports.
"""

import numpy as np


def box_bod(b, x):
    """y = b1 (1 - exp(-b2 x))"""
    b1, b2 = b
    return b1 * (1 - np.exp(-b2 * x))


def chwirut(b, x):
    """y = exp(-b1 x) / (b2 + b3 x): Chwirut1, Chwirut2"""
    b1, b2, b3 = b
    return np.exp(-b1 * x) / (b2 + b3 * x)


def dan_wood(b, x):
    """y = b1 x**b2"""
    b1, b2 = b
    return b1 * x**b2


def gauss(b, x):
    """y = b1 exp(-b2 x) + b3 exp(-(x - b4)**2 / b5**2) + b6 exp(-(x - b7)**2 / b8**2): Gauss1, Gauss2"""
    b1, b2, b3, b4, b5, b6, b7, b8 = b
    baseline = b1 * np.exp(-b2 * x)
    first_peak = b3 * np.exp(-((x - b4) ** 2) / b5**2)
    second_peak = b6 * np.exp(-((x - b7) ** 2) / b8**2)
    return baseline + first_peak + second_peak


def kirby2(b, x):
    """y = (b1 + b2 x + b3 x**2) / (1 + b4 x + b5 x**2)"""
    b1, b2, b3, b4, b5 = b
    return (b1 + b2 * x + b3 * x**2) / (1 + b4 * x + b5 * x**2)


def lanczos(b, x):
    """y = b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x): Lanczos1, Lanczos2, Lanczos3"""
    b1, b2, b3, b4, b5, b6 = b
    return b1 * np.exp(-b2 * x) + b3 * np.exp(-b4 * x) + b5 * np.exp(-b6 * x)


def mgh09(b, x):
    """y = b1 (x**2 + b2 x) / (x**2 + b3 x + b4)"""
    b1, b2, b3, b4 = b
    return b1 * (x**2 + x * b2) / (x**2 + x * b3 + b4)


def mgh10(b, x):
    """y = b1 exp(b2 / (x + b3))"""
    b1, b2, b3 = b
    return b1 * np.exp(b2 / (x + b3))


def misra1a(b, x):
    """y = b1 (1 - exp(-b2 x))"""
    b1, b2 = b
    return b1 * (1 - np.exp(-b2 * x))


def misra1b(b, x):
    """y = b1 (1 - (1 + b2 x / 2)**-2)"""
    b1, b2 = b
    return b1 * (1 - (1 + b2 * x / 2) ** -2)


def misra1c(b, x):
    """y = b1 (1 - (1 + 2 b2 x)**-0.5)"""
    b1, b2 = b
    return b1 * (1 - (1 + 2 * b2 * x) ** -0.5)


def misra1d(b, x):
    """y = b1 b2 x (1 + b2 x)**-1"""
    b1, b2 = b
    return b1 * b2 * x * (1 + b2 * x) ** -1


def nelson(b, x1, x2):
    """log(y) = b1 - b2 x1 exp(-b3 x2), with x1 the time and x2 the temperature"""
    b1, b2, b3 = b
    return b1 - b2 * x1 * np.exp(-b3 * x2)


def rat42(b, x):
    """y = b1 / (1 + exp(b2 - b3 x))"""
    b1, b2, b3 = b
    return b1 / (1 + np.exp(b2 - b3 * x))


def rat43(b, x):
    """y = b1 / (1 + exp(b2 - b3 x))**(1 / b4)"""
    b1, b2, b3, b4 = b
    return b1 / (1 + np.exp(b2 - b3 * x)) ** (1 / b4)


def thurber(b, x):
    """y = (b1 + b2 x + b3 x**2 + b4 x**3) / (1 + b5 x + b6 x**2 + b7 x**3), with x = log(density)"""
    b1, b2, b3, b4, b5, b6, b7 = b
    return (b1 + b2 * x + b3 * x**2 + b4 * x**3) / (1 + b5 * x + b6 * x**2 + b7 * x**3)


MODELS = {
    "BoxBOD": box_bod,
    "Chwirut1": chwirut,
    "Chwirut2": chwirut,
    "DanWood": dan_wood,
    "Gauss1": gauss,
    "Gauss2": gauss,
    "Kirby2": kirby2,
    "Lanczos1": lanczos,
    "Lanczos2": lanczos,
    "Lanczos3": lanczos,
    "MGH09": mgh09,
    "MGH10": mgh10,
    "Misra1a": misra1a,
    "Misra1b": misra1b,
    "Misra1c": misra1c,
    "Misra1d": misra1d,
    "Nelson": nelson,
    "Rat42": rat42,
    "Rat43": rat43,
    "Thurber": thurber,
}
