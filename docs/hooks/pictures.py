"""The pictures of the pages, drawn by the package each time the site is built. No picture is kept in the repository."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from bibun.numerical import derivative

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pictures to the site."""
    from mkdocs.structure.files import File  # here, so that `picture` is tested where mkdocs is not installed

    files.append(File.generated(config, "explanation/one-step.svg", content=picture()))
    return files


def picture() -> str:
    """The errors of a difference quotient by its step, as SVG: of exp at 1, and of exp with noise."""
    import matplotlib
    from matplotlib.figure import Figure

    rng = np.random.default_rng(0)
    written = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "bibun", "font.size": 9}):
        left, right = (figure := Figure(figsize=(11, 4.6), layout="constrained")).subplots(1, 2)
        derivative(np.exp, 1.0).plot(left)
        derivative(lambda x: np.exp(x) + 1e-6 * rng.normal(), 1.0).plot(right)
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()
