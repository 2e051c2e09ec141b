"""The options of the commands, and their exit codes: 0 fine, 1 a derivative is wrong, 2 bad input.

A command is one function below. What it does is elsewhere.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import typer

import bibun
from bibun.cli.arguments import read_point
from bibun.cli.caching import cache_on_disk, cleared_cache
from bibun.cli.checking import check_point
from bibun.cli.compiling import compile_point
from bibun.cli.failures import CommandError
from bibun.cli.loading import find_function, split_target, user_module
from bibun.cli.measuring import Request, measure
from bibun.cli.rendering import counted, print_cache, print_check, print_error, print_json, print_program, print_report
from bibun.errors import BibunError

WRONG_DERIVATIVE = 1
BAD_INPUT = 2

Target = Annotated[
    str, typer.Argument(metavar="FILE:FUNCTION", help="A Python file and a function in it, model.py:loss")
]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="[NAME=]VALUE",
        help="The point, once or more: x=2.0, w='[1, 2]', w=w.npy, point.json; 2.0 for one argument.",
    ),
]
Wrt = Annotated[
    list[str] | None,
    typer.Option("--wrt", metavar="NAME", help="Differentiate by this argument only; once or more."),
]
Json = Annotated[bool, typer.Option("--json", help="Print everything in full, as JSON.")]

app = typer.Typer(
    name="bibun",
    help="Derivatives of NumPy code.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """The `bibun` script. Boxes and colours around the help belong in a terminal, not in a pipe."""
    app.rich_markup_mode = "rich" if sys.stdout.isatty() else None
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bibun {bibun.__version__}")
        raise typer.Exit


@contextmanager
def _one_message() -> Iterator[None]:
    """What is wrong with the input is one message, and exit code 2."""
    try:
        yield
    except (CommandError, BibunError) as error:
        print_error(str(error))
        raise typer.Exit(BAD_INPUT) from None


@app.callback(invoke_without_command=True)
def bibun_command(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Derivatives of NumPy code: exact, with the numerical ones beside them."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def diff(
    target: Target,
    at: At = None,
    wrt: Wrt = None,
    jacobian: Annotated[bool, typer.Option("--jacobian", help="The Jacobian of an array output.")] = False,
    hessian: Annotated[bool, typer.Option("--hessian", help="The gradient and all second derivatives.")] = False,
    order: Annotated[
        int | None, typer.Option("--order", metavar="N", min=1, help="Derivatives 1 to N by one number.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the derivatives of a function at a point: exact, numerical, digits that agree, time."""
    with _one_message():
        if jacobian + hessian + (order is not None) > 1:
            raise CommandError("--jacobian, --hessian and --order exclude each other: give one.")
        file, name = split_target(target)
        with user_module(file) as module:
            point = read_point(find_function(module, name, file), at or [], wrt or [])
            report = measure(point, Request(jacobian, hessian, order or 0))
    if as_json:
        print_json(report)
    else:
        print_report(report)


@app.command()
def check(
    target: Target,
    at: At = None,
    wrt: Wrt = None,
    gradient: Annotated[
        str | None,
        typer.Option(
            "--gradient",
            metavar="[FILE:]FUNCTION",
            help="A gradient written by hand, to be checked too; it takes the same arguments.",
        ),
    ] = None,
    order: Annotated[
        int, typer.Option("--order", metavar="N", min=1, max=2, help="2: the second derivatives too.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Chooses the random directions.")] = 0,
    as_json: Json = False,
) -> None:
    """Check the derivatives of a function at a point; exit code 1 if one is wrong."""
    with _one_message():
        file, name = split_target(target)
        with ExitStack() as loaded:
            function = find_function(loaded.enter_context(user_module(file)), name, file)
            by_hand = None
            if gradient:
                gradient_file, gradient_name = split_target(gradient) if ":" in gradient else (file, gradient)
                module = loaded.enter_context(user_module(gradient_file))
                by_hand = find_function(module, gradient_name, gradient_file)
            report = check_point(read_point(function, at or [], wrt or []), by_hand, order, seed)
    print_check(report, as_json=as_json)
    if report.verdict == "no derivative":
        raise typer.Exit(BAD_INPUT)
    if not report.ok:
        raise typer.Exit(WRONG_DERIVATIVE)


@app.command(name="compile")
def compile_(
    target: Target,
    at: At = None,
    wrt: Wrt = None,
    gradient: Annotated[bool, typer.Option("--gradient", help="The value and the gradient, as one program.")] = False,
    jacobian: Annotated[bool, typer.Option("--jacobian", help="The Jacobian of an array output.")] = False,
    hessian: Annotated[bool, typer.Option("--hessian", help="All second derivatives.")] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Simplify also by what holds for real numbers only: log(exp(x)) = x.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what was fused, what runs where, and what it costs.")
    ] = False,
    llvm: Annotated[bool, typer.Option("--llvm", help="Print the program in LLVM's language.")] = False,
) -> None:
    """Compile a function, or its derivative, for the arguments of a point; print the result and the program's source."""
    with _one_message():
        if gradient + jacobian + hessian > 1:
            raise CommandError("--gradient, --jacobian and --hessian exclude each other: give one.")
        what = "gradient" if gradient else "Jacobian" if jacobian else "Hessian" if hessian else ""
        shown = tuple(word for word, wanted in (("explain", explain), ("llvm", llvm)) if wanted) or ("source",)
        file, name = split_target(target)
        with user_module(file) as module:
            function = find_function(module, name, file)
            point = read_point(function, at or [], wrt or [], differentiated=bool(what))
            program = compile_point(point, what, fast=fast, shown=shown)
    print_program(program)


@app.command()
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete all of its files.")] = False,
) -> None:
    """Show the machine code that compiled functions have left on disk for later processes, or delete it."""
    found = cleared_cache() if clear else cache_on_disk()
    print_cache(found)
    if found.left:
        print_error(f"{counted(found.left, 'file')} could not be deleted: see who owns {found.folder}.")
        raise typer.Exit(BAD_INPUT)
