"""The limits: gradients written by hand in C. build.py compiles and loads them; a C file says why it is the limit."""
