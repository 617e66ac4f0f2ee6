"""`typedgrad compare`: arguments to a comparison, and its report."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import click

from typedgrad.cli.reporting import write_comparison
from typedgrad.cli.screen import put
from typedgrad.cli.targets import digits_given, example_at, function_at, points_at

WEAK = 6.0  # fewer right digits than these are worth asking where the others went


@click.command("compare")
@click.argument("target", metavar="FILE.py:FUNCTION")
@click.option(
    "--at",
    "at",
    multiple=True,
    metavar="x=1,y=2",
    help="The point; vectors as w=1;2;3. Several points: again, or @FILE.csv, @FILE.json.",
)
@click.option("--precisions", default="float32,float64,longdouble", show_default=True)
@click.option(
    "--path",
    type=click.Choice(["run", "own"]),
    default="run",
    help="Judge on the path that each precision took, or on that of exact numbers.",
)
@click.option("--values", is_flag=True, help="Show the numbers, a bar behind their right digits.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--html", "page", metavar="FILE", help="Write a page too.")
@click.option(
    "--fail-under",
    type=float,
    metavar="DIGITS",
    callback=digits_given,
    help="Exit 1 below so many digits.",
)
@click.option("--traceback", "full", is_flag=True, help="Show the whole stack of an error.")
def compare_command(
    target: str,
    at: tuple[str, ...],
    precisions: str,
    path: str,
    values: bool,
    form: str,
    page: str | None,
    fail_under: float | None,
    full: bool,
) -> None:
    """Count the right digits of a function's value and of each partial derivative.

    \b
      typedgrad compare loss.py:loss --at x=1000,y=0.001
      typedgrad compare model.py:f --at "w=1;2;3,b=0.5" --format json --fail-under 6
      typedgrad compare loss.py:loss --at @points.csv

    Numbers are exact as written. Exit status: 0 fine, 1 below --fail-under, 2 wrong use.
    """
    names = [name.strip() for name in precisions.split(",")]
    with redirect_stdout(sys.stderr):  # what the user's file prints is not the report
        found = compared(target, at, names, path, page)
    below = [] if fail_under is None else shortfalls(found, fail_under)
    if form == "json":
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        show(found, fail_under, below, values)
        click.echo(f"Next: {next_step(target, at, fail_under, weak_in(found))}")
    if below:
        if form == "json":
            click.echo("\n".join(below), err=True)
        raise SystemExit(1)


def compared(
    target: str, at: Sequence[str], precisions: list[str], path: str, page: str | None
) -> Any:
    """Load the target, read the points, compare, and write the page that was asked for."""
    from typedgrad.compare import compare
    from typedgrad.report.files import check_place

    function = function_at(target)
    points = points_at(at, function)
    if page is not None:
        check_place(page)
    found: Any
    if len(points) > 1:
        found = compare(function, points=points, precisions=precisions, path=path)
    else:
        given = points[0] if points else {}
        found = compare(function, given or example_at(function), precisions=precisions, path=path)
    if page is not None:
        write_comparison(page, function, found)
    return found


def show(found: Any, bar: float | None, below: list[str], values: bool = False) -> None:
    """Print the report of a comparison, and what it falls short of."""
    from typedgrad.report.several import table_of_several
    from typedgrad.report.text import BAR, table

    bar = BAR if bar is None else bar
    many = hasattr(found, "points")
    put("\n".join([table_of_several(found, bar) if many else table(found, bar, values), *below]))


def shortfalls(found: Any, bar: float) -> list[str]:
    """Return one sentence for each entry that has fewer digits than asked for."""
    from typedgrad.report.text import below

    points = getattr(found, "points", (found,))
    lines: list[str] = []
    for name, entries in found.digits.items():
        for label in entries:
            each = [(p.column(name).held[label], p) for p in points if label in p.digits[name]]
            entry, at = min(each, key=lambda x: -1.0 if x[0].digits is None else x[0].digits)
            if entry.digits is None or entry.digits < bar:
                note = f" {entry.note}" if "path of exact numbers" in entry.note else ""
                place = f" at {at.point.call}" if len(points) > 1 else ""
                what = f"{label} in {name} ({below(entry.digits, bar)}{note})"
                lines.append(f"below {bar:g} digits: {what}{place}")
    return lines


def weak_in(found: Any) -> str:
    """Return the precision whose lost digits are worth a blame, float64 before others, or ''."""
    from typedgrad.several import Several

    if isinstance(found, Several) or found.remarks:
        return ""
    weak = [x.name for x in found.columns if not x.parted and (x.worst[1] or 0.0) < WEAK]
    known = [name for name in ("float64", "float32", "longdouble") if name in weak]
    return known[0] if known else ""


def next_step(target: str, at: Sequence[str], bar: float | None, weak: str = "") -> str:
    """Return a command that goes on from here: to the lines that lose digits, or to a gate."""
    word, option = "compare", "--fail-under 6" if bar is None else "--format json"
    if weak:
        word, option = "blame", f"--precision {weak}"
    call = f"typedgrad {word} {shlex.quote(target)}"
    rest = " ".join([*(f"--at {shlex.quote(text)}" for text in at), option])
    return f"{call} {rest}" if len(call) + len(rest) < 94 else f"{call} \\\n    {rest}"
