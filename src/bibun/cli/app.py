"""The options of the commands, and their exit codes: 0 fine, 2 bad input. What a command does is elsewhere.

A command is one function below; the next ones stand beside `diff`.
"""

import sys
from typing import Annotated

import typer

import bibun
from bibun.cli.arguments import read_point
from bibun.cli.failures import CommandError
from bibun.cli.loading import find_function, split_target, user_module
from bibun.cli.measuring import Request, measure
from bibun.cli.rendering import print_error, print_json, print_report
from bibun.errors import BibunError

BAD_INPUT = 2

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
    target: Annotated[
        str, typer.Argument(metavar="FILE:FUNCTION", help="A Python file and a function in it, model.py:loss")
    ],
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at",
            metavar="[NAME=]VALUE",
            help="The point, once or more: x=2.0, w='[1, 2]', w=w.npy, point.json; 2.0 for one argument.",
        ),
    ] = None,
    wrt: Annotated[
        list[str] | None,
        typer.Option("--wrt", metavar="NAME", help="Differentiate by this argument only; once or more."),
    ] = None,
    jacobian: Annotated[bool, typer.Option("--jacobian", help="The Jacobian of an array output.")] = False,
    hessian: Annotated[bool, typer.Option("--hessian", help="The gradient and all second derivatives.")] = False,
    order: Annotated[
        int | None, typer.Option("--order", metavar="N", min=1, help="Derivatives 1 to N by one number.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything in full, as JSON.")] = False,
) -> None:
    """Print the derivatives of a function at a point: exact, numerical, digits that agree, time."""
    try:
        if jacobian + hessian + (order is not None) > 1:
            raise CommandError("--jacobian, --hessian and --order exclude each other: give one.")
        file, name = split_target(target)
        with user_module(file) as module:
            function = find_function(module, name, file)
            point = read_point(function, at or [], wrt or [])
            report = measure(point, Request(jacobian, hessian, order or 0))
    except (CommandError, BibunError) as error:
        print_error(str(error))
        raise typer.Exit(BAD_INPUT) from None
    if as_json:
        print_json(report)
    else:
        print_report(report)
