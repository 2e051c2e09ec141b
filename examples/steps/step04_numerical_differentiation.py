"""Step 4: numerical differentiation.

The derivative of f at x is the limit of (f(x + h) - f(x)) / h. A computer cannot go to the limit,
so h stays a small number, and taking the two points on both sides of x makes the error much
smaller:

    dy/dx = (f(x + h) - f(x - h)) / (2 h)  -  h**2 / 6 * f'''  -  ...

Two errors pull against each other. A large h makes the term with h**2 large. With a small h, the
two values of f agree in nearly all their digits, the subtraction leaves only the last ones, which
are rounded, and dividing by 2 h makes that rounding large. The best h lies between, and even there
a few digits are lost. One more thing is wrong with this method: for a million inputs, f is called
two million times. The next steps find something better.
"""

import math

import numpy as np

import bibun as bb


def f(x):
    """y = exp(x**2)**2"""
    return bb.Square()(bb.Exp()(bb.Square()(x)))


x = bb.Variable(np.array(2.0))
print("d(x**2)/dx at 2 =", bb.numerical_diff(bb.Square(), x))

x = bb.Variable(np.array(0.5))
print("dy/dx at 0.5 =", bb.numerical_diff(f, x))

exact = 4 * 0.5 * math.exp(2 * 0.5**2)  # y = exp(2 x**2), so dy/dx = 4 x exp(2 x**2)
for h in (1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12):
    print(f"error with h of {h:.0e} = {abs(bb.numerical_diff(f, x, eps=h) - exact):.3e}")
