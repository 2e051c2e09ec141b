"""Read the fenced code blocks of a Markdown file and run them in order. Chooses no files.

    ```python                   executed; a line that ends in `# -> TEXT` must give TEXT: the repr or the str
                                of the statement's value, or what it prints. White space of any length counts
                                as one blank, `...` stands for anything, and lines `#    TEXT` below go on
    ```python title="model.py"  (any language) saved under that name too, for the commands after it
    ```console                  each `$ bibun ...` runs with the installed command and must exit with 0

The blocks of one file share a namespace. A mark that would keep a block from running is refused. Only a block that imports
one of PEERS, or bibun's bridge to one, is left out where that is not installed; `make interop` runs those.
"""

import ast
import contextlib
import io
import re
import shlex
import subprocess
import sys
import textwrap
import tokenize
import types
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

COMMAND = Path(sys.executable).with_name("bibun")
CONSOLE = ("console", "sh", "bash", "shell")
PEERS = ("autograd", "jax", "mygrad", "torch")
OTHER_NAMES_OF_PYTHON = ("py", "python3", "pycon", "python-repl", "ipython")

FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)")
ATTRIBUTE = re.compile(r'(title|hl_lines|linenums)="([^"]*)"')
EXPECTATION = re.compile(r"#\s*->\s*(.*)")
CONTINUATION = re.compile(r"\s*#\s{4,}(.*)")


class BlockFailure(AssertionError):
    """A block is written in a way that cannot run, or does not give what it shows."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its file, the number of its first line, its language, title and text."""

    path: Path
    line: int
    language: str
    title: str
    source: str

    def failure(self, offset: int, message: str) -> BlockFailure:
        return BlockFailure(f"{self.path}:{self.line + offset}: {message}")


def read_blocks(path: Path) -> list[Block]:
    """The fenced blocks of a Markdown file, in order, those inside lists and admonitions included."""
    blocks = []
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if opening := FENCE.fullmatch(line):
            body = list(_until_closed(lines, opening["fence"], f"{path}:{number}"))
            language, title = _language_and_title(opening["info"].strip(), f"{path}:{number}")
            blocks.append(Block(path, number + 1, language, title, textwrap.dedent("\n".join(body)) + "\n"))
    return blocks


def run_blocks(blocks: list[Block], directory: Path) -> None:
    """Run the blocks of one file, in order, in `directory`. Raises what a block raises, or BlockFailure."""
    module = types.ModuleType("code_blocks")
    sys.modules[module.__name__] = module  # dataclasses and pickle look a class's module up by its name
    paths = sys.path.copy()
    sys.path.insert(0, str(directory))  # as a script's own folder is, here and in its processes
    try:
        with contextlib.chdir(directory):
            for block in blocks:
                if block.title:
                    (directory / block.title).write_text(block.source, encoding="utf-8")
                if block.language == "python":
                    _run_python(block, module.__dict__)
                elif block.language in CONSOLE:
                    _run_console(block)
    finally:
        sys.path[:] = paths
        del sys.modules[module.__name__]


def _until_closed(lines: Iterator[tuple[int, str]], fence: str, place: str) -> Iterator[str]:
    for _, line in lines:
        if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            return
        yield line
    raise BlockFailure(f"{place}: this block is never closed; end it with {fence}")


def _language_and_title(info: str, place: str) -> tuple[str, str]:
    language, _, rest = info.partition(" ")
    if language in OTHER_NAMES_OF_PYTHON or language.startswith("{"):
        raise BlockFailure(f"{place}: a block marked {language!r} would not run; mark it 'python'")
    attributes = dict(ATTRIBUTE.findall(rest))
    if unknown := ATTRIBUTE.sub("", rest).strip():
        raise BlockFailure(f'{place}: {unknown!r} is not allowed here: every block runs; write title="..." or nothing')
    return language, attributes.get("title", "")


def _run_python(block: Block, namespace: dict[str, object]) -> None:
    expectations = _expectations(block)
    tree = ast.parse(block.source, str(block.path))
    if not all(map(find_spec, _peers(tree))):
        return
    last_on_line = {statement.end_lineno: statement for statement in tree.body}
    for line in expectations.keys() - last_on_line.keys():
        raise block.failure(line - 1, "'# ->' must end the last line of a top-level statement, else nothing checks it")
    try:
        for statement in tree.body:
            line = statement.end_lineno or 0
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                value = _execute(statement, block, namespace)
            if line in expectations and last_on_line[line] is statement:
                _compare(block, line, expectations[line], value, printed.getvalue())
    except Exception as error:
        error.add_note(f"in the block that starts at {block.path}:{block.line}")
        raise


def _peers(tree: ast.Module) -> set[str]:
    """Which of PEERS a block imports."""
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = [name.name for node in imports for name in node.names if isinstance(node, ast.Import)]
    modules += [node.module or "" for node in imports if isinstance(node, ast.ImportFrom)]
    return {peer for peer in PEERS for module in modules if re.match(rf"(bibun\.interop\.)?{peer}\b", module)}


def _expectations(block: Block) -> dict[int, str]:
    """What the block's comments say, by the line (from 1, inside the block) that each comment stands on."""
    expectations: dict[int, str] = {}
    current = 0
    for token in tokenize.generate_tokens(io.StringIO(block.source).readline):
        if token.type == tokenize.COMMENT:
            if found := EXPECTATION.fullmatch(token.string):
                current = token.start[0]
                expectations[current] = found[1]
            elif (more := CONTINUATION.fullmatch(token.line.rstrip("\n"))) and current:
                expectations[current] += "\n" + more[1]
            else:
                current = 0
        elif token.type not in (tokenize.NL, tokenize.NEWLINE):
            current = 0
    return expectations


def _execute(statement: ast.stmt, block: Block, namespace: dict[str, object]) -> object:
    """Run one statement with the line numbers of the Markdown file; its value, or the value it assigns."""
    ast.increment_lineno(statement, block.line - 1)
    if isinstance(statement, ast.Expr):
        return eval(compile(ast.Expression(statement.value), str(block.path), "eval"), namespace)
    exec(compile(ast.Module([statement], []), str(block.path), "exec"), namespace)
    if isinstance(statement, ast.Assign):
        return eval(ast.unparse(statement.targets[0]), namespace)
    if isinstance(statement, ast.AugAssign):
        return eval(ast.unparse(statement.target), namespace)
    return None


def _compare(block: Block, line: int, expected: str, value: object, printed: str) -> None:
    shown = [printed] if printed else [repr(value), str(value)]
    pattern = ".*".join(re.escape(part) for part in _one_blank(expected).split("..."))
    if not any(re.fullmatch(pattern, _one_blank(text)) for text in shown):
        raise block.failure(line - 1, f"the block shows\n    {expected}\nbut the result is\n    {shown[0].strip()}")


def _one_blank(text: str) -> str:
    return " ".join(text.split())


def _run_console(block: Block) -> None:
    text = block.source.replace("\\\n", " ")
    for line in text.splitlines():
        if not line.startswith("$ bibun"):
            continue
        arguments = shlex.split(line.removeprefix("$ "), comments=True)[1:]
        done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise block.failure(0, f"{line[2:]}\nexits with {done.returncode}:\n{done.stdout}{done.stderr}")
