"""Step 9: convenient functions.

Three things make the box pleasant to use. None of them changes the method.

1. `square(x)` makes the `Square` and calls it, so that a formula reads like a formula.
2. `y.backward()` starts with dy/dy = 1 by itself, as an array of ones in the shape and the
   precision of y.
3. A box takes an array and nothing else, and says so at once. A float that got in would be found
   much later, far from the line where it happened. NumPy gives a scalar, not an array, when it
   computes with arrays that have no dimensions: np.array(2.0)**2 is an np.float64. `as_array` makes
   it an array again.
"""

import numpy as np

import bibun as bb

x = bb.Variable(np.array(0.5))
y = bb.square(bb.exp(bb.square(x)))
y.backward()
print("x.grad =", x.grad)

row = bb.Variable(np.array([1.0, 2.0, 3.0], dtype=np.float32))
bb.square(row).backward()
print("row.grad =", row.grad)
print("row.grad.dtype =", row.grad.dtype)

try:
    bb.Variable(1.0)
except TypeError as error:
    print("Variable(1.0) =", error)

scalar = np.array(2.0) ** 2
print("without as_array =", type(scalar).__name__)
print("with as_array =", type(bb.as_array(scalar)).__name__)
