"""The pictures that docs/hooks/pictures.py draws for the site."""

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib")
HOOK = Path(__file__).resolve().parents[2] / "docs" / "hooks" / "pictures.py"


def test_the_picture_is_svg_and_the_same_each_time():
    picture = runpy.run_path(str(HOOK))["picture"]
    first = picture()
    assert ElementTree.fromstring(first).tag.endswith("svg")
    assert len(first) < 200_000
    assert picture() == first
