"""Step 8: a loop, not recursion.

Walking back can be written as a function that calls itself: do the last step, then walk back from
the box before. Each step then waits for all the steps before it to return. Python allows some 1000
calls inside each other, and a recurrent network or a simulation has more steps than that.

The same walk as a loop keeps a list of what is still to be visited. Nothing waits, so the length of
the chain does not matter; and with several inputs, a loop can choose the order, which recursion
cannot. `y.backward()` is a loop.
"""

import sys

import numpy as np

import bibun as bb


class Scale(bb.Function):
    """y = 1.0001 x"""

    def forward(self, x):
        return 1.0001 * x

    def backward(self, gy):
        return 1.0001 * gy


def backward_by_recursion(variable):
    """Step back from `variable` to its creator's input, and from there on."""
    function = variable.creator
    if function is not None:
        function.input.grad = function.backward(variable.grad)
        backward_by_recursion(function.input)


steps = 20_000
x = bb.Variable(np.array(1.0))
y = x
for _ in range(steps):
    y = Scale()(y)

print("calls inside each other that Python allows =", sys.getrecursionlimit())
y.grad = np.array(1.0)
try:
    backward_by_recursion(y)
except RecursionError as error:
    print("recursion =", error)

y.backward()
print("x.grad =", x.grad)
print("1.0001**steps =", 1.0001**steps)
