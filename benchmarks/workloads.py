"""The list of workloads, in the order of the table."""

from __future__ import annotations

from benchmarks import captured, chains, derivatives, in_place, models, network, rosenbrock
from benchmarks.compiled import listing

TIMED = {
    workload.key: workload
    for workload in (
        *chains.WORKLOADS,
        *network.WORKLOADS,
        *rosenbrock.WORKLOADS,
        *models.WORKLOADS,
        *captured.WORKLOADS,
        *in_place.WORKLOADS,
        *derivatives.WORKLOADS,
        *listing.WORKLOADS,
    )
}
IN_MEMORY = tuple(workload for workload in TIMED.values() if workload.small is not None)
