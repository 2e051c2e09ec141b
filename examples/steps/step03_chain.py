"""Step 3: chaining.

What goes into a function is a box and what comes out is a box, so functions can be put one behind
the other. Three simple ones make

    a = x**2,  b = exp(a),  y = b**2,  together  y = exp(x**2)**2

A computation made of such steps is a graph: boxes joined by functions. Each simple function will
know its own derivative only, and the derivative of the whole will be put together along this graph.
"""

import numpy as np

import bibun as bb

A, B, C = bb.Square(), bb.Exp(), bb.Square()

x = bb.Variable(np.array(0.5))
a = A(x)
b = B(a)
y = C(b)

print("a =", a.data)
print("b =", b.data)
print("y =", y.data)
