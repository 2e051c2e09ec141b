"""The page reference/operations.md, written from the table of primitives each time the site is built."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from bibun.arrays.registry import FUNCTIONS, add_special_rows
from bibun.core.primitive import Primitive
from bibun.primitives import FAMILIES, TABLE

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

INTRODUCTION = """\
# Operations

Generated from the table of primitives: {rows} rows. Each row is one operation with its rule of
differentiation; the rule is plain NumPy, so it can be differentiated again.

| kind | what the column "rule" shows |
|---|---|
| elementwise | for each input the partial derivative, or why there is none; `y` is the output, `x` or `a`, `b` the inputs |
| linear, multilinear | for each input the adjoint map of the cotangent `g`; the tangent needs none |
| reduction, general | for each input the pullback of the cotangent `g` |
| constant | why there is no derivative |
"""

COMPOSED = """
## Written with these rows

These NumPy functions are not rows: on Variables they run as a few of the rows above, so they need no rule.

{names}
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to the site."""
    from mkdocs.structure.files import File  # here, so that `page` is tested where mkdocs is not installed

    files.append(File.generated(config, "reference/operations.md", content=page()))
    return files


def page() -> str:
    """The whole page, in Markdown."""
    ours: list[ModuleType] = []
    with suppress(ImportError):  # SciPy is not installed
        add_special_rows()
        from bibun.scipy import modules

        ours = [module for module in modules() if module not in FAMILIES.values()]
    parts = [INTRODUCTION.format(rows=len(TABLE))]
    parts += [_family(title, module, vars(module)) for title, module in FAMILIES.items()]
    named = {module: [name for name in _assigned(module) if _in_table(vars(module)[name])] for module in ours}
    parts += [_family(_scipy_name(module), module, names) for module, names in named.items() if names]
    rows = {id(row.function) for row in TABLE.values()}
    composed = sorted(_numpy_name(function) for function in FUNCTIONS if id(function) not in rows)
    parts.append(COMPOSED.format(names=", ".join(f"`{name}`" for name in composed)))
    return "\n".join(parts)


def _assigned(module: ModuleType) -> list[str]:
    """The names that a module gives to values itself; what it imports is another's."""
    found = []
    for statement in ast.parse(inspect.getsource(module)).body:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else getattr(statement, "targets", [])
        found += [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return [name for name in found if name in vars(module)]


def _in_table(value: object) -> bool:
    return isinstance(value, Primitive) and TABLE.get(value.name) is value


def _scipy_name(module: ModuleType) -> str:
    """SciPy's name of the room, and the file in it."""
    room, _, file = module.__name__.removeprefix("bibun.").partition("._")
    return f"{room}: {file.replace('_', ' ')}" if file else room


def _family(title: str, module: ModuleType, names: Iterable[str]) -> str:
    rules = _rules(module)
    members = {id(value) for value in (*(vars(module)[name] for name in names), *getattr(module, "ROWS", {}).values())}
    lines = [
        f"## {title if '.' in title else title.capitalize()}",
        "",
        "| operation | kind | inputs | rule |",
        "|---|---|---|---|",
    ]
    for name in sorted(name for name, row in TABLE.items() if id(row) in members):
        row = TABLE[name]
        inputs = ", ".join(row.inputs) if row.inputs else "any number"
        cells = (f"`{_row_name(row)}`", row.kind, inputs, row.reason or rules.get(name, ""))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


_KINDS = ("elementwise", "linear", "multilinear", "reduction", "general", "constant")  # their arguments are rules


def _rules(module: ModuleType) -> dict[str, str]:
    """The rule of each row that stands in an assignment, as the file of the family writes it."""
    rules = {}
    for statement in ast.parse(inspect.getsource(module)).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            row = getattr(module, statement.targets[0].id)
            call = statement.value
            if isinstance(row, Primitive) and isinstance(call, ast.Call) and getattr(call.func, "id", "") in _KINDS:
                rules[row.name] = "; ".join(_rule(argument, module) for argument in call.args[1:])
    return rules


def _rule(argument: ast.expr, module: ModuleType) -> str:
    """A lambda's body, a number, what a named function says of itself in its docstring, or why there is no rule."""
    if isinstance(argument, ast.Lambda):
        return f"`{ast.unparse(argument.body)}`"
    value = getattr(module, argument.id, None) if isinstance(argument, ast.Name) else getattr(argument, "value", None)
    if isinstance(value, str):
        return f"none by {value}"
    if callable(value) and isinstance(argument, ast.Name):
        return (inspect.getdoc(value) or f"`{argument.id}`").split("\n")[0].rstrip(".")
    return f"`{ast.unparse(argument)}`"


def _row_name(row: Primitive) -> str:
    function = row.function
    if isinstance(function, np.ufunc) and getattr(np, function.__name__, None) is not function:
        return f"scipy.special.{row.name.removeprefix('special.')}"
    return _numpy_name(row.function) if row.function in FUNCTIONS and _is_numpy(row.function) else row.name


def _is_numpy(function: Any) -> bool:
    return (getattr(function, "__module__", None) or "numpy").startswith("numpy")


def _numpy_name(function: Any) -> str:
    """`np.linalg.solve`; a ufunc has no module, and is NumPy's."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module}.{function.__name__}".replace("numpy.", "np.", 1)
