"""Step 1: a box.

A derivative belongs to a computation, not to a number: 4.0 alone does not say whether it came from
2.0 * 2.0 or from 2.0 + 2.0. So every number is put into a box, and whatever has to be remembered
about it can be written on the box. `Variable` is this box. Its `data` is a NumPy array, here one
without dimensions.

The box and what lies in it are two things. Other data can be put into the same box, and every name
of the box then sees the new data.
"""

import numpy as np

import bibun as bb

x = bb.Variable(np.array(1.0))
print("x.data =", x.data)

same_box = x
x.data = np.array(2.0)
print("same_box.data =", same_box.data)

table = bb.Variable(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
print("table.data.shape =", table.data.shape)
