"""`typedgrad compare`: arguments to a comparison, and its report."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import redirect_stdout
from typing import Any

import click

from typedgrad.cli.screen import put
from typedgrad.cli.targets import function_at, numbers_at


@click.command("compare")
@click.argument("target", metavar="FILE.py:FUNCTION")
@click.option("--at", "at", multiple=True, metavar="x=1,y=2", help="The point; vectors as w=1;2;3.")
@click.option("--precisions", default="float32,float64,longdouble", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--fail-under", type=float, metavar="DIGITS", help="Exit 1 below so many digits.")
@click.option("--traceback", "full", is_flag=True, help="Show the whole stack of an error.")
def compare_command(
    target: str,
    at: tuple[str, ...],
    precisions: str,
    form: str,
    fail_under: float | None,
    full: bool,
) -> None:
    """Count the right digits of a function's value and of each partial derivative.

    \b
      typedgrad compare loss.py:loss --at x=1000,y=0.001
      typedgrad compare model.py:f --at "w=1;2;3,b=0.5" --format json --fail-under 6

    Numbers are exact as written. Exit status: 0 fine, 1 below --fail-under, 2 wrong use.
    """
    with redirect_stdout(sys.stderr):  # what the user's file prints is not the report
        found = compared(target, ",".join(at), [name.strip() for name in precisions.split(",")])
    below = [] if fail_under is None else shortfalls(found, fail_under)
    if form == "json":
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        show(found, fail_under, below)
        click.echo(f"Next: {next_step(target, ','.join(at), fail_under)}")
    if below:
        if form == "json":
            click.echo("\n".join(below), err=True)
        raise SystemExit(1)


def compared(target: str, at: str, precisions: list[str]) -> Any:
    """Load the target, read the point and compare."""
    from typedgrad.compare import compare

    given = numbers_at(at)
    function = function_at(target)
    return compare(function, given, precisions=precisions)


def show(found: Any, bar: float | None, below: list[str]) -> None:
    """Print the report of a comparison, and what it falls short of."""
    from typedgrad.report.text import BAR, table

    put("\n".join([table(found, BAR if bar is None else bar), *below]))


def shortfalls(found: Any, bar: float) -> list[str]:
    """Return one sentence for each entry that has fewer digits than asked for."""
    return [
        f"below {bar:g} digits: {label} in {column.name}"
        f" ({'undefined' if entry.digits is None else f'{entry.digits:.1f}'})"
        for column in found.columns
        for label, entry in column.entries.items()
        if entry.digits is None or entry.digits < bar
    ]


def next_step(target: str, at: str, bar: float | None) -> str:
    """Return a command that goes on from here."""
    option = "--fail-under 6" if bar is None else "--format json"
    call = f"typedgrad compare {shlex.quote(target)}"
    rest = f"--at {shlex.quote(at)} {option}" if at else option
    return f"{call} {rest}" if len(call) + len(rest) < 94 else f"{call} \\\n    {rest}"
