"""Step 2: functions that make boxes.

A function takes a box and makes a new one. The part that is the same for all functions (take the
array out of the box, compute, put the result into a new box) is written once, in `Function`. The
part that differs is `forward`: it gets arrays and gives an array, and knows nothing of boxes. A new
function is then a class with one method.

    box x --> [ take x.data | forward | put into a box ] --> box y
"""

import numpy as np

import bibun as bb


class Cube(bb.Function):
    """y = x**3"""

    def forward(self, x):
        return x**3


x = bb.Variable(np.array(10.0))

y = bb.Square()(x)
print("type(y) =", type(y).__name__)
print("square =", y.data)

print("cube =", Cube()(x).data)
