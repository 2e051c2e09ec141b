"""Fusion: from a graph of rows to loops over memory. Chooses what is stored, and what shares a loop; emits nothing."""
