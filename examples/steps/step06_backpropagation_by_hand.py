"""Step 6: backpropagation by hand.

Each function gets a second method, `backward`. It takes dy/d(output) and gives dy/d(input), which
is dy/d(output) times the function's own derivative at the input that it saw:

    Square:  backward(gy) = 2 x gy
    Exp:     backward(gy) = exp(x) gy

Start with dy/dy = 1 and call the `backward` methods in the opposite order. Each result belongs to
one box, and is kept there, as its `grad`.

    x  --A-->  a  --B-->  b  --C-->  y
    x.grad <-A- a.grad <-B- b.grad <-C- y.grad = 1
"""

import numpy as np

import bibun as bb

A, B, C = bb.Square(), bb.Exp(), bb.Square()

x = bb.Variable(np.array(0.5))
a = A(x)
b = B(a)
y = C(b)

y.grad = np.array(1.0)
b.grad = C.backward(y.grad)
a.grad = B.backward(b.grad)
x.grad = A.backward(a.grad)

print("b.grad =", b.grad)
print("a.grad =", a.grad)
print("x.grad =", x.grad)
