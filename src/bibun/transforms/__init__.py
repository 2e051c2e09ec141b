"""Function in, function out: derivatives of plain NumPy code. Each run takes a level of its own, so they nest in any order."""
