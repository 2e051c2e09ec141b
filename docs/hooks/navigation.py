"""The navigation of the site, from the folders of docs/. Names the sections and their order, but no page."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files

SECTIONS = {
    "Tutorial": "tutorial/",
    "How-to": "how-to/",
    "Reference": "reference/",
    "Explanation": "explanation/",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Every page under its section, by file name. --strict refuses a page outside the sections."""
    pages = sorted(file.src_uri for file in files.documentation_pages())
    config.nav = ["index.md"]
    for title, folder in SECTIONS.items():
        if inside := [page for page in pages if page.startswith(folder)]:
            config.nav.append({title: _tree(inside, folder)})
    return files


def _tree(pages: list[str], folder: str) -> list[str | dict[str, list[str]]]:
    """The pages directly in `folder`, then one section for each folder below it."""
    here = [page for page in pages if "/" not in page.removeprefix(folder)]
    here.sort(key=lambda page: not page.endswith("/index.md"))
    below = sorted({page.removeprefix(folder).split("/")[0] for page in pages if page not in here})
    return here + [
        {name.replace("-", " ").capitalize(): [page for page in pages if page.startswith(f"{folder}{name}/")]}
        for name in below
    ]
