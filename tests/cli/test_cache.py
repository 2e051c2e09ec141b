"""`bibun cache`: what it shows against files that are put there, what it deletes and what it leaves alone."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bibun.cli.rendering import size
from bibun.compiler.native import cache
from bibun.errors import CompileWarning


@pytest.fixture
def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache; it does not exist yet."""
    place = folder / "kept"
    monkeypatch.setenv(cache.VARIABLE, str(place))
    return place


def fill(place: Path) -> None:
    """Two files of code, one whose process died while it wrote, and one that is none of ours."""
    place.mkdir()
    for name, count in (("aa.code", 1000), ("bb.code", 500), (".writing-x", 34), ("notes.txt", 7)):
        (place / name).write_bytes(b"x" * count)


def test_an_empty_one(kept: Path, bibun: Callable[..., Any]) -> None:
    result = bibun("cache")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == f"folder   {kept}   (from $BIBUN_CACHE_DIR)\nfiles    0\nsize     0 B of 1 GB\n"
    assert not kept.exists()


def test_what_is_there(kept: Path, bibun: Callable[..., Any]) -> None:
    fill(kept)
    assert bibun("cache").stdout.endswith("files    3\nsize     1.53 kB of 1 GB\n")
    assert len(list(kept.iterdir())) == 4


def test_the_limit(kept: Path, bibun: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.LIMIT, "2.5e6")
    assert bibun("cache").stdout.endswith("size     0 B of 2.5 MB\n")
    monkeypatch.setenv(cache.LIMIT, "much")
    with pytest.warns(CompileWarning, match="is 'much', but it is a number of bytes"):
        assert bibun("cache").stdout.endswith("size     0 B of 1 GB\n")


def test_clear(kept: Path, bibun: Callable[..., Any]) -> None:
    fill(kept)
    result = bibun("cache", "--clear")
    assert (result.code, result.stdout) == (0, f"deleted 3 files, 1.53 kB, from {kept}\n")
    assert [path.name for path in kept.iterdir()] == ["notes.txt"]
    assert bibun("cache", "--clear").stdout == f"deleted 0 files, 0 B, from {kept}\n"


def test_what_a_compiled_function_leaves(kept: Path, write: Callable[..., Path], bibun: Callable[..., Any]) -> None:
    write("def f(x):\n    return 3 * x + 1\n")
    bibun("compile", "model.py:f", "--at", "2")
    (count,) = re.findall(r"^files +(\d+)$", bibun("cache").stdout, re.MULTILINE)
    assert int(count) >= 1
    bibun("cache", "--clear")
    assert not list(kept.iterdir())


def test_the_folder_of_the_platform(folder: Path, bibun: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "caches"))
    first = bibun("cache").stdout.splitlines()[0]
    assert first == f"folder   {cache.folder()}"
    if sys.platform == "linux":
        assert cache.folder() == folder / "caches" / "bibun" / "compiled"


def test_a_file_that_cannot_be_deleted(kept: Path, bibun: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    fill(kept)
    unlink = Path.unlink

    def refused(self: Path, **settings: Any) -> None:
        if self.name == "bb.code":
            raise PermissionError(13, "Permission denied", str(self))
        unlink(self, **settings)

    monkeypatch.setattr(Path, "unlink", refused)
    result = bibun("cache", "--clear")
    assert result.code == 2
    assert result.stdout.startswith("deleted 2 files, 1.03 kB, ")
    assert result.stderr == f"error: 1 file could not be deleted: see who owns {kept}.\n"


def test_a_folder_that_is_a_file(kept: Path, bibun: Callable[..., Any]) -> None:
    kept.write_text("mine")
    assert bibun("cache").stdout.endswith("files    0\nsize     0 B of 1 GB\n")
    assert bibun("cache", "--clear").code == 0
    assert kept.read_text() == "mine"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_499, "999 kB"), (999_500, "1 MB"), (12_345_678, "12.3 MB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text
