"""`typedgrad tune`: arguments to a search for what may be narrower, and its report."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import click

from typedgrad.cli.reporting import check_page, write_records
from typedgrad.cli.screen import put
from typedgrad.cli.targets import example_at, function_at, points_at
from typedgrad.errors import Unreadable


@click.command("tune")
@click.argument("target", metavar="FILE.py:FUNCTION")
@click.option(
    "--at",
    "at",
    multiple=True,
    metavar="x=1,y=2",
    help="The point; vectors as w=1;2;3. Several points: again, or @FILE.csv, @FILE.json.",
)
@click.option("--range", "ranges", multiple=True, metavar="x=1:2", help="Random points from here.")
@click.option("--samples", default=8, show_default=True, help="How many random points.")
@click.option("--seed", default=0, show_default=True, help="Which random points.")
@click.option("--digits", type=float, help="The budget: so many digits must be right.")
@click.option("--relative", type=float, help="The budget: the largest relative error.")
@click.option("--absolute", type=float, help="The budget: the largest absolute error.")
@click.option("--of", default="value", type=click.Choice(["value", "all"]), show_default=True)
@click.option(
    "--by", default="variable", type=click.Choice(["variable", "line", "call"]), show_default=True
)
@click.option("--from", "from_", default="float64", show_default=True)
@click.option("--to", default="float32", show_default=True)
@click.option("--computed", is_flag=True, help="Compute in the narrow precision, not only store.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--html", "page", metavar="FILE", help="Write a page too.")
@click.option("--traceback", "full", is_flag=True, help="Show the whole stack of an error.")
def tune_command(
    target: str,
    at: tuple[str, ...],
    ranges: tuple[str, ...],
    form: str,
    page: str | None,
    full: bool,
    computed: bool,
    **options: Any,
) -> None:
    """Find which variables, lines or calls may be float32 within an error budget.

    \b
      typedgrad tune loss.py:loss --at x=1000,y=0.001 --digits 6
      typedgrad tune loss.py:loss --range x=1:2 --range y=0:1 --relative 1e-5 --by line

    Estimates propose, runs in mixed precision decide; nothing is advised that was not run.
    Exit status: 0 fine, 1 if float64 itself misses the budget, 2 wrong use.
    """
    check_page(page)
    with redirect_stdout(sys.stderr):  # what the user's file prints is not the report
        found = tuned(target, at, ranges, stored=not computed, **options)
    if page is not None:
        write_records(page, tuning=found)
    if form == "json":
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        put(str(found))
        if not found.whole.is_undefined:
            click.echo(f"Next: {next_step(target, at, ranges, computed, options)}")
    if not found.passed:
        raise SystemExit(1)


def tuned(target: str, at: Sequence[str], ranges: Sequence[str], **options: Any) -> Any:
    """Load the target, read the points and ranges, and tune."""
    from typedgrad.tuning.asking import tune

    function = function_at(target)
    points = points_at(at, function)
    if len(points) > 1:
        if ranges:
            hint = "give one --at with the numbers that stay, beside --range"
            raise Unreadable(what=f"--range for {len(points)} points", text=ranges[0], hint=hint)
        return tune(function, points=points, **options)
    given = points[0] if points else {}
    if ranges:
        return tune(function, given, ranges=ranges_of(ranges), **options)
    return tune(function, given or example_at(function), **options)


def ranges_of(texts: Sequence[str]) -> dict[str, str]:
    """Return the range of each name; raises `Unreadable` where one has two."""
    found: dict[str, str] = {}
    for name, span in map(range_of, texts):
        if name in found:
            hint = f"write --range {name}={span} alone"
            raise Unreadable(what="--range", text=f"{name} is given twice", hint=hint)
        found[name] = span
    return found


def range_of(text: str) -> tuple[str, str]:
    """Return the name and the range of 'x=1:2'."""
    name, equals, span = (part.strip() for part in text.partition("="))
    if not (equals and name.isidentifier() and span):
        raise Unreadable(what="--range", text=repr(text), hint="write --range x=1:2")
    return name, span


def next_step(
    target: str,
    at: Sequence[str],
    ranges: Sequence[str],
    computed: bool,
    options: dict[str, Any],
) -> str:
    """Return a command that goes on from here: by line, or by variable again."""
    usual = {x.name: x.default for x in tune_command.params if isinstance(x, click.Option)}
    given = {**options, "by": "variable" if options["by"] == "line" else "line"}
    more = [
        f"--{name.strip('_')} {x:g}" if isinstance(x, float) else f"--{name.strip('_')} {x}"
        for name, x in given.items()
        if x is not None and x != usual[name]
    ]
    places = [f"--at {shlex.quote(x)}" for x in at] + [f"--range {shlex.quote(x)}" for x in ranges]
    call = f"typedgrad tune {shlex.quote(target)}"
    rest = " ".join([*places, *more, *(["--computed"] if computed else [])])
    return f"{call} {rest}" if len(call) + len(rest) < 94 else f"{call} \\\n    {rest}"
