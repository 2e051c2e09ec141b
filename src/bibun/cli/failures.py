"""What the command says when it cannot go on: one message, with the user's own line.

Finds the line of the user's code in an exception; decides nothing about exit codes or colours.
"""

import linecache
import os
import site
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType

import bibun
from bibun.errors import BibunError


class CommandError(Exception):
    """One message for the user. The command prints it and ends with exit code 2."""


@cache
def _installed_folders() -> tuple[str, ...]:
    """Folders of code that the user did not write: Python's own, installed packages, bibun."""
    paths = sysconfig.get_paths()
    folders: list[str | Path] = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), Path(bibun.__file__).parent]
    return tuple(f"{absolute(folder)}{os.sep}" for folder in folders)


def absolute(file: str | Path) -> Path:
    """The absolute path without `..`, symbolic links kept as the user wrote them."""
    return Path(os.path.normpath(Path(file).absolute()))


def display_path(file: str | Path) -> str:
    """The path as the user would write it: relative where the file lies below the current folder."""
    path = absolute(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def source_line(file: str | Path, line: int) -> str:
    """`FILE:LINE: <text of the line>`"""
    place, text = f"{display_path(file)}:{line}", linecache.getline(str(file), line).strip()
    return f"{place}: {text}" if text else place


def _is_users(file: str, user_file: Path) -> bool:
    if file.startswith("<"):
        return False
    path = absolute(file)
    return path == user_file or not str(path).startswith(_installed_folders())


def user_place(trace: TracebackType | None, user_file: Path) -> tuple[str, int] | None:
    """The innermost file and line of the user's code in a traceback; None if no frame is the user's."""
    found = None
    for frame, line in traceback.walk_tb(trace):
        if _is_users(frame.f_code.co_filename, user_file):
            found = frame.f_code.co_filename, line
    return found


def user_line(trace: TracebackType | None, user_file: Path) -> str | None:
    """The same as `FILE:LINE: <text of the line>`."""
    place = user_place(trace, user_file)
    return source_line(*place) if place else None


def describe(error: BaseException) -> str:
    """`ValueError: the text`, as Python itself would end a traceback."""
    return "".join(traceback.format_exception_only(error)).strip()


def syntax_message(error: SyntaxError) -> str:
    """`FILE:LINE: <text>` and what Python says of it."""
    place = source_line(error.filename or "", error.lineno or 0) if error.filename else ""
    return f"{place}\n{type(error).__name__}: {error.msg}"


@contextmanager
def user_code(user_file: Path, fallback: str, context: str = "") -> Iterator[None]:
    """Turn what the user's code raises into a CommandError that names the user's own line.

    `fallback` is the place to name if no frame of the traceback is the user's; `context` is a last line
    that says what was being done. bibun's own errors pass as they are where they carry their line.
    """
    linecache.checkcache()
    try:
        yield
    except CommandError:
        raise
    except BibunError as error:
        where = user_place(error.__traceback__, user_file)
        if where is None or "{}:{}".format(*where) in str(error):
            raise
        raise CommandError(f"{source_line(*where)}\n{error}") from error
    except SyntaxError as error:
        raise CommandError(syntax_message(error)) from error
    except (Exception, SystemExit) as error:
        place = user_line(error.__traceback__, user_file) or fallback
        lines = [place, describe(error), context, _integer_hint(error) if context else ""]
        raise CommandError("\n".join(line for line in lines if line)) from error


def _integer_hint(error: BaseException) -> str:
    if isinstance(error, TypeError | IndexError) and "integer" in str(error):
        return """numbers given with --at are floats; an integer is --at 'n={"dtype": "int64", "value": 3}'"""
    return ""
