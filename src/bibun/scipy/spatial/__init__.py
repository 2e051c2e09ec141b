"""scipy.spatial with derivatives: distances. Trees, hulls and triangulations choose points, and refuse traced ones."""

from __future__ import annotations

from typing import Any

import scipy.spatial as source  # type: ignore[import-untyped]

from bibun.scipy._calls import remaining, stands_for
from bibun.scipy.spatial.distance import cdist

__all__ = ["distance_matrix"]


@stands_for(source.distance_matrix)
def distance_matrix(x: Any, y: Any, p: float = 2.0, threshold: int = 1_000_000) -> Any:
    """(Σ |x[i] - y[j]|**p)**(1 / p) of all pairs."""
    return cdist(x, y, "minkowski", p=p)


_NEIGHBOURS = "which points are near is a choice: find them among x.data, and compute with x[indices]"
_CORNERS = "which points are corners is a choice: find them among x.data, and compute with x[hull.vertices] or x[tri.simplices]"
_MINKOWSKI = (
    "write bibun.scipy.spatial.distance.minkowski of two points, or bibun.scipy.spatial.distance_matrix of all pairs"
)
_get = remaining(
    source,
    {
        **dict.fromkeys(("KDTree", "cKDTree"), _NEIGHBOURS),
        **dict.fromkeys(("ConvexHull", "Delaunay", "Voronoi", "HalfspaceIntersection", "SphericalVoronoi"), _CORNERS),
        **dict.fromkeys(("minkowski_distance", "minkowski_distance_p"), _MINKOWSKI),
        "procrustes": "write bibun.scipy.linalg.orthogonal_procrustes of the centred and scaled points",
        "geometric_slerp": "write np.sin of the parts of the angle, over np.sin of the angle, times the ends",
    },
)


def __getattr__(name: str) -> Any:
    """What is SciPy's own; bibun.scipy.spatial.distance is a module here."""
    return _get(name)


__getattr__.reasons = _get.reasons  # type: ignore[attr-defined]
