"""Step 5: why backwards.

The chain rule: the derivative of a chain of functions is the product of their derivatives, each
taken at the value that went into it.

    x --A--> a --B--> b --C--> y        dy/dx = C'(b) B'(a) A'(x)

For arrays each factor is a Jacobian, a matrix with one row for each output and one column for each
input. A product of matrices may be worked out from either end, and the result is the same, but not
the work: an (m, k) matrix times a (k, n) matrix takes m k n multiplications.

A loss is one number, so the Jacobian of the last function is a single row. Starting there, each
product is a row times a matrix, and again a row. Starting at x, each product is a matrix times a
matrix. That is the reason to go backwards, from y to x: a gradient then costs a small multiple of
f, however many inputs there are. On the way, the row that is carried along is dy/d(each
intermediate value).
"""

import numpy as np

x = 0.5
a = x**2
b = np.exp(a)
print("dy/dx at 0.5 =", (2 * b) * np.exp(a) * (2 * x))

n = 200
rng = np.random.default_rng(0)
jacobian_a = rng.standard_normal((n, n)) / n
jacobian_b = rng.standard_normal((n, n)) / n
jacobian_c = rng.standard_normal((1, n)) / n  # the last function gives one number

from_x = jacobian_c @ (jacobian_b @ jacobian_a)
from_y = (jacobian_c @ jacobian_b) @ jacobian_a

print("same gradient =", np.allclose(from_x, from_y))
print("multiplications from x =", n * n * n + 1 * n * n)
print("multiplications from y =", 1 * n * n + 1 * n * n)
