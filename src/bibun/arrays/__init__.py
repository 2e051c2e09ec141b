"""How NumPy reaches the table: operators, methods, ufuncs, functions, indexing, in-place updates, the user's Function."""
