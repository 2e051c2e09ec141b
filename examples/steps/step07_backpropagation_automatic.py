"""Step 7: backpropagation, automatic.

By hand the order of the calls had to be written down twice, once forwards and once backwards. But
the forward calls happened in some order, and it is enough to remember it: when a function makes a
box, it signs the box as its `creator`, and keeps its own `input` and `output`. From y the whole way
back to x can then be walked:

    y  --creator-->  C  --input-->  b  --creator-->  B  --input-->  a  --creator-->  A  --input-->  x

Nobody draws the graph beforehand. It is there because the code ran, with its `if` and `for`: define
by run. `y.backward()` walks it and leaves the derivative in `x.grad`.
"""

import numpy as np

import bibun as bb

A, B, C = bb.Square(), bb.Exp(), bb.Square()

x = bb.Variable(np.array(0.5))
a = A(x)
b = B(a)
y = C(b)

print("y.creator is C =", y.creator is C)
print("C.input is b =", C.input is b)
print("C.output is y =", C.output is y)
print("y.creator.input.creator.input.creator.input is x =", y.creator.input.creator.input.creator.input is x)

y.grad = np.array(1.0)
y.backward()
print("x.grad =", x.grad)
