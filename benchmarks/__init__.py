"""Benchmarks of bibun against its peers: every figure is a ratio measured in one run, never a time."""
