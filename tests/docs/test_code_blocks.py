"""Every code block of README.md and docs/ runs and gives what it shows; code_blocks.py says how."""

from pathlib import Path

import pytest

from tests.docs.code_blocks import COMMAND, BlockFailure, read_blocks, run_blocks

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_blocks_of(document: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    run_blocks(read_blocks(document), tmp_path)


def run_text(text: str, directory: Path) -> None:
    document = directory / "page.md"
    document.write_text(text, encoding="utf-8")
    run_blocks(read_blocks(document), directory)


RIGHT = {
    "repr": "```python\n'a' + 'b'  # -> 'ab'\n```",
    "str": "```python\n'a' + 'b'  # -> ab\n```",
    "printed": "```python\nprint(1, 2)  # -> 1 2\n```",
    "assigned": "```python\nx = 2 + 2  # -> 4\n```",
    "none": "```python\nNone  # -> None\n```",
    "white space": "```python\n[[1, 2],\n [3, 4]]  # -> [[1, 2],\n#    [3, 4]]\n```",
    "ellipsis": "```python\n2 / 3  # -> 0.666666...\n```",
    "shared namespace": "```python\nx = 3\n```\ntext\n```python\nx * 2  # -> 6\n```",
    "inside a list": "- item\n\n    ```python\n    x = 3\n    x  # -> 3\n    ```",
    "raised and printed": (
        "```python\ntry:\n    1 / 0\nexcept ArithmeticError as e:\n    print(e)  # -> division by zero\n```"
    ),
    "an arrow in a string": "```python\nx = '# -> 5'\n```",
    "saved": '```python title="f.py"\nx = 1\n```\n```python\nimport os\nos.listdir()  # -> [...f.py...]\n```',
    "longer fence": "````markdown\n```python\n1 / 0\n```\n````",
    "command": "```console\n$ bibun --help\nany output\n```",
    "other commands": "```console\n$ make no-such-target\n```",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_accepts(text: str, tmp_path: Path) -> None:
    run_text(text, tmp_path)


WRONG = {
    "repr": ("```python\n1 + 1  # -> 3\n```", r"page\.md:2: .*\n    3\n.*\n    2"),
    "printed": ("```python\nprint(1)  # -> 2\n```", r"page\.md:2: "),
    "assigned": ("text\n\n```python\nx = 4\nx += 1  # -> 4\n```", r"page\.md:5: "),
    "second line": ("```python\n[1,\n 2]  # -> [1,\n#    3]\n```", r"page\.md:3: "),
    "unchecked": ("```python\nfor i in [1]:\n    i  # -> 2\n    i\n```", "must end the last line"),
    "not to be run": ("```python no-run\n1 / 0\n```", "'no-run' is not allowed"),
    "other name": ("```py\n1 / 0\n```", "mark it 'python'"),
    "braces": ("```{.python}\n1 / 0\n```", "mark it 'python'"),
    "unclosed": ("```python\nx = 1\n", "never closed"),
    "command": (
        "```console\n$ bibun no-such-command\n```",
        r"page\.md:2: bibun no-such-command\nexits with [1-9]",
    ),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_refuses(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BlockFailure, match=message):
        run_text(text, tmp_path)


def test_only_a_block_that_imports_a_peer_which_is_not_installed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.docs.code_blocks.PEERS", ("no_such_peer", "math"))
    left_out = (
        "import no_such_peer.numpy as np",
        "from no_such_peer import grad",
        "from bibun.interop.no_such_peer import x",
    )
    for line in left_out:
        run_text(f"```python\n{line}\n1 / 0\n```", tmp_path)
    for line in ("import math", "import no_such_peers", "import bibun.compat.no_such_peer"):
        with pytest.raises((ZeroDivisionError, ImportError)):
            run_text(f"```python\n{line}\n1 / 0\n```", tmp_path)


def test_an_error_inside_a_block_names_the_line_of_the_document(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_text("text\n\n```python\nx = 0\n1 / x\n```", tmp_path)
    assert caught.traceback[-1].path == tmp_path / "page.md"
    assert caught.traceback[-1].lineno + 1 == 5  # pytest counts lines from 0
    assert caught.value.__notes__ == [f"in the block that starts at {tmp_path / 'page.md'}:4"]


def test_the_command_is_installed_beside_this_python() -> None:
    assert COMMAND.exists()
