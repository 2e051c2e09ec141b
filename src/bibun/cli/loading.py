"""Importing the user's file and finding the function in it. Calls nothing."""

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

from bibun.cli.failures import CommandError, absolute, display_path, source_line, user_code

# The package that a file outside any package is imported into, so that `from .sibling import x` works
# there too and so that a file called `random.py` hides no module of that name. One for each folder.
_FOLDER = "bibun_user_folder"


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A function of the user's file: the callable, its name, where it is defined, its parameters."""

    call: Callable[..., Any]
    name: str
    file: Path
    line: int
    parameters: tuple[inspect.Parameter, ...]

    @property
    def location(self) -> str:
        """`FILE:LINE`"""
        return f"{display_path(self.file)}:{self.line}" if self.line else display_path(self.file)

    @property
    def place(self) -> str:
        """`FILE:LINE: def f(x):`, for a message that has no better line."""
        return source_line(self.file, self.line) if self.line else display_path(self.file)


def split_target(target: str) -> tuple[Path, str]:
    """`FILE:FUNCTION` as a file that exists and a name."""
    file, colon, name = target.rpartition(":")
    if not colon or (Path(target).suffix == ".py" and Path(target).exists()):
        raise CommandError(f"{target} names no function. Write FILE:FUNCTION, for example {target.rstrip(':')}:loss")
    path = absolute(file)
    if path.is_dir():
        raise CommandError(f"{file} is a folder. Write the .py file that holds {name or 'the function'}.")
    if not path.exists():
        raise CommandError(f"no such file: {file}{_similar_file(path)}")
    if path.suffix != ".py":
        raise CommandError(f"{file} is not a Python file (.py).")
    if not name:
        raise CommandError(f"{target} names no function. Write FILE:FUNCTION, for example {file}:loss")
    return path, name


def _similar_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f" (there is no folder {display_path(path.parent)} either)"
    names = sorted(file.name for file in path.parent.glob("*.py"))
    close = difflib.get_close_matches(path.name, names, n=1)
    return f". Did you mean {display_path(path.parent / close[0])}?" if close else ""


@contextmanager
def user_module(file: Path) -> Iterator[ModuleType]:
    """The user's file as a module. `sys.path` holds its folder inside the block, so that imports of siblings
    work, in the file and later inside the function. What the file prints goes to stderr."""
    folders, package = _package_of(file)
    before, loaded = list(sys.path), set(sys.modules)
    sys.path[:0] = folders
    try:
        with user_code(file, display_path(file)), redirect_stdout(sys.stderr):
            module = _import(file, package)
        yield module
    finally:
        sys.path[:] = before
        for name in sys.modules.keys() - loaded:
            if _belongs_to(sys.modules[name], package, file.parent):
                del sys.modules[name]


def _belongs_to(module: ModuleType, package: str, folder: Path) -> bool:
    """Was this module loaded for the user's file only: its package, or a sibling?"""
    if module.__name__.split(".")[0] == package.split(".")[0]:
        return True
    source = getattr(module, "__file__", None)
    return source is not None and absolute(source).parent == folder


def _package_of(file: Path) -> tuple[list[str], str]:
    """The folders to put on `sys.path`, and the dotted name of the package the file is in."""
    parts: list[str] = []
    root = file.parent
    while (root / "__init__.py").exists() and root.name.isidentifier():
        parts.insert(0, root.name)
        root = root.parent
    if not parts:
        return [str(file.parent)], f"{_FOLDER}_{crc32(bytes(file.parent))}"
    return [str(file.parent), str(root)], ".".join(parts)


def _import(file: Path, package: str) -> ModuleType:
    if package.startswith(_FOLDER):
        parent = sys.modules.setdefault(package, ModuleType(package))
        parent.__path__ = [str(file.parent)]
    else:
        parent = importlib.import_module(package)
        loaded_from = next(iter(parent.__path__), "nowhere")
        if not Path(loaded_from).samefile(file.parent):
            raise CommandError(
                f"the package {package} of {display_path(file)} cannot be imported: another package of that "
                f"name is already loaded from {loaded_from}. Rename the folder."
            )
    name = f"{package}.{file.stem}" if file.stem != "__init__" else package
    if name in sys.modules:
        return sys.modules[name]
    return _execute(file, name)


def _execute(file: Path, name: str) -> ModuleType:
    """Run the source itself, never a cached bytecode file: the line in a message is then the line on disk."""
    spec = spec_from_file_location(name, file)
    if spec is None:
        raise CommandError(f"{display_path(file)} is not a Python file (.py).")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def find_function(module: ModuleType, name: str, file: Path) -> UserFunction:
    """The callable of that (possibly dotted) name, with its parameters."""
    value: Any = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise CommandError(_no_such_function(module, name, file)) from None
    where = f"{name} in {display_path(file)}"
    if inspect.isclass(value):
        raise CommandError(f"{where} is a class. Write a function that calls it.")
    if not callable(value):
        raise CommandError(f"{where} is not a function: it is a value of type {type(value).__name__}.")
    try:
        parameters = tuple(inspect.signature(value).parameters.values())
    except ValueError:
        raise CommandError(f"the parameters of {where} cannot be read. Wrap it: def f(x): return {name}(x)") from None
    source, line = _definition(value, file)
    return UserFunction(value, name, source, line, parameters)


def _definition(function: Callable[..., Any], file: Path) -> tuple[Path, int]:
    inner = inspect.unwrap(function)
    while hasattr(inner, "func"):  # functools.partial
        inner = inner.func
    inner = getattr(inner, "__func__", inner)
    if not hasattr(inner, "__code__"):
        inner = getattr(type(inner).__call__, "__func__", type(inner).__call__)
    code = getattr(inner, "__code__", None)
    return (absolute(code.co_filename), code.co_firstlineno) if code else (file, 0)


def _no_such_function(module: ModuleType, name: str, file: Path) -> str:
    here = [
        key for key, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == module.__name__
    ]
    close = difflib.get_close_matches(name, here, n=1)
    message = f"no function {name} in {display_path(file)}."
    if close:
        return f"{message} Did you mean {close[0]}?"
    if not here:
        return f"{message} The file defines no function."
    shown = ", ".join(here[:12]) + (f" and {len(here) - 12} more" if len(here) > 12 else "")
    return f"{message} The file defines: {shown}."
