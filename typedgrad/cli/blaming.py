"""`typedgrad blame`: arguments to a blame, and its listing."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import click

from typedgrad.cli.reporting import write_blames
from typedgrad.cli.screen import put
from typedgrad.cli.targets import example_at, function_at, points_at
from typedgrad.errors import Unreadable


@click.command("blame")
@click.argument("target", metavar="FILE.py:FUNCTION")
@click.option("--at", "at", multiple=True, metavar="x=1,y=2", help="The point; vectors as w=1;2;3.")
@click.option("--precision", default="float32", show_default=True)
@click.option("--of", "of", metavar="d/dx", help="value, d/dx, ... or all; else the worst of them.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="List so many lines, and all causes.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--html", "page", metavar="FILE", help="Write a page too.")
@click.option("--traceback", "full", is_flag=True, help="Show the whole stack of an error.")
def blame_command(
    target: str,
    at: tuple[str, ...],
    precision: str,
    of: str | None,
    top: int,
    form: str,
    page: str | None,
    full: bool,
) -> None:
    """Say which lines make the error of a value, or of a partial derivative, and why.

    \b
      typedgrad blame loss.py:loss --at x=1000,y=0.001
      typedgrad blame loss.py:loss --at x=1000,y=0.001 --precision float64 --of d/dx

    The shares of all lines add up to the measured error. Exit status: 0 fine, 2 wrong use.
    """
    with redirect_stdout(sys.stderr):  # what the user's file prints is not the report
        found = blamed(target, at, precision, of, page)
    if form == "json":
        given = {label: one.to_dict() for label, one in found.items()}
        shown = given if of == "all" else next(iter(given.values()))
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        show(list(found.values()), top)
        click.echo(f"Next: {next_step(target, at, precision, of)}")


def blamed(
    target: str, at: Sequence[str], precision: str, of: str | None, page: str | None
) -> dict[str, Any]:
    """Load the target, read the point, blame, and write the page that was asked for."""
    from typedgrad.blaming.asking import blame, blames
    from typedgrad.report.files import check_place

    function = function_at(target)
    points = points_at(at, function)
    if page is not None:
        check_place(page)
    if len(points) > 1:
        what, hint = f"--at: it gives {len(points)} points", "blame one point at a time"
        raise Unreadable(what=what, text=" ".join(at), hint=hint)
    given = points[0] if points else example_at(function)
    if of == "all":
        found: dict[str, Any] = dict(blames(function, given, precision=precision))
    else:
        one = blame(function, given, precision=precision, of=of)
        found = {one.label: one}
    if page is not None:
        write_blames(page, function, list(found.values()))
    return found


def show(found: Sequence[Any], top: int) -> None:
    """Print the listings, a blank line between two."""
    from typedgrad.report.culprits import listing

    put("\n\n".join(listing(one, top) for one in found))


def next_step(target: str, at: Sequence[str], precision: str, of: str | None) -> str:
    """Return a command that goes on from here: all results, or the digits in each precision."""
    name = "blame" if of is None else "compare"
    call = f"typedgrad {name} {shlex.quote(target)}"
    point = [f"--at {shlex.quote(text)}" for text in at]
    rest = " ".join([*point, f"--precision {precision} --of all"] if of is None else point)
    return f"{call} {rest}" if len(call) + len(rest) < 94 else f"{call} \\\n    {rest}"
