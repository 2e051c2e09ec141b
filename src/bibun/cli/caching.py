"""`bibun cache`: what the compiler keeps on disk, and deleting it. Prints nothing; what a file is, native/cache.py knows."""

from dataclasses import dataclass
from pathlib import Path

from bibun.compiler.native import cache


@dataclass(frozen=True, slots=True)
class Cache:
    """What `bibun cache` prints: the folder, who chose it, and the files that are there or that were deleted."""

    folder: Path
    chosen_by: str  # "$BIBUN_CACHE_DIR", or nothing where it is the platform's
    files: int
    size: int  # bytes
    limit: int  # bytes, of all files together
    cleared: bool
    left: int = 0  # files that could not be deleted


def cache_on_disk() -> Cache:
    """What is there now."""
    found = cache.sizes()
    return Cache(cache.folder(), _chosen_by(), len(found), sum(found), cache.limit(), cleared=False)


def cleared_cache() -> Cache:
    """Empty the cache; what was in it."""
    deleted = cache.clear()
    left = len(list(cache.files()))
    return Cache(cache.folder(), _chosen_by(), len(deleted), sum(deleted), cache.limit(), cleared=True, left=left)


def _chosen_by() -> str:
    return f"${cache.VARIABLE}" if cache.chosen() else ""
