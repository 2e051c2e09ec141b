"""The rows of `bb.compile`: against the limit, of other workloads, of the first call, on two cores."""
