"""`typedgrad graph` and `typedgrad diff`, and what other commands need to write a page."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from typedgrad.cli.screen import put
from typedgrad.cli.targets import digits_given, example_at, function_at, points_at
from typedgrad.errors import MissingExtra, NotRecordable, NotTraceable, OtherTape, Unreadable

MOST_LOST = 12
FORMS = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}


@click.command("graph")
@click.argument("target", metavar="FILE.py:FUNCTION")
@click.option("--at", "at", multiple=True, metavar="x=1,y=2", help="The point; vectors as w=1;2;3.")
@click.option("--precision", default="float32", show_default=True)
@click.option("--of", "of", metavar="d/dx", help="value or d/dx; without it the worst of them.")
@click.option("--format", "form", type=click.Choice(["svg", "dot", "mermaid"]))
@click.option("--out", metavar="FILE", help="Write to a file instead of the screen.")
@click.option("--traceback", "full", is_flag=True, help="Show the whole stack of an error.")
def graph_command(
    target: str,
    at: tuple[str, ...],
    precision: str,
    of: str | None,
    form: str | None,
    out: str | None,
    full: bool,
) -> None:
    """Draw a function's operations, each in the colour of what it has of the error.

    \b
      typedgrad graph loss.py:loss --at x=1000,y=0.001 --out loss.svg
      typedgrad graph loss.py:loss --at x=1000,y=0.001 --of d/dx --format mermaid

    The format is that of the file's name, else SVG. With more than 300 values there is one box
    for each line. Exit status: 0 fine, 2 wrong use.
    """
    from typedgrad.report.files import check_place, write_text

    if out is not None:
        check_place(out)
    form = form or form_of(out or "")
    with redirect_stdout(sys.stderr):  # what the user's file prints is not the picture
        text = drawn(target, at, precision, of, form)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)


def form_of(path: str) -> str:
    """Return the format that a file's name asks for; raises `Unreadable` for one we do not draw."""
    ending = Path(path).suffix.lower()
    if ending and ending not in FORMS:
        hint = f"name it {', '.join(FORMS)}, or say --format svg, dot or mermaid"
        raise Unreadable(what="the kind of picture", text=path, hint=hint)
    return FORMS.get(ending, "svg")


def drawn(target: str, at: Sequence[str], precision: str, of: str | None, form: str) -> str:
    """Load the target, blame it at the point, and return the picture as text."""
    from typedgrad.blaming.asking import Blamed
    from typedgrad.points import point_of, system
    from typedgrad.report.graph import WRITERS, picture, ready

    ready(form)
    function = function_at(target)
    points = points_at(at, function)
    if len(points) > 1:
        what, hint = f"--at: it gives {len(points)} points", "draw one point at a time"
        raise Unreadable(what=what, text=" ".join(at), hint=hint)
    given = points[0] if points else example_at(function)
    found = Blamed(function, point_of(function, given, {}), system(precision), of)
    blame = found.blame(found.worst() if of is None else of)
    return WRITERS[form](picture(found.study.value, blame))


@click.command("diff")
@click.argument("old", metavar="OLD.json")
@click.argument("new", metavar="NEW.json")
@click.option(
    "--fail-under-change",
    "allowed",
    type=float,
    callback=digits_given,
    metavar="DIGITS",
    help="Exit 1 if anything lost more digits.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def diff_command(old: str, new: str, allowed: float | None, form: str) -> None:
    """Show which digits were lost and gained between two reports.

    \b
      typedgrad compare loss.py:loss --at x=1 --format json > old.json
      typedgrad diff old.json new.json --fail-under-change 0.5

    Exit status: 0 fine, 1 more digits lost than allowed, 2 wrong use.
    """
    from typedgrad.report.differing import differences, shown

    found = differences(old, new)
    worse = () if allowed is None else found.worse(allowed)
    below = [f"lost more than {allowed:g} digits: {change}" for change in worse[:MOST_LOST]]
    below += [f"... and {len(worse) - MOST_LOST} more"] if len(worse) > MOST_LOST else []
    if form == "json":
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
        click.echo("\n".join(below), err=True, nl=bool(below))
    else:
        put("\n".join([shown(found), *below]))
    if below:
        raise SystemExit(1)


MOST_BLAMED, MOST_SIZE = 4, 200_000
MOST_DRAWN, MOST_LETTERS = 60, 60_000


def check_page(path: str | None) -> None:
    """Raise `FileNotWritten` before any work where a page that is asked for cannot be written."""
    from typedgrad.report.files import check_place

    if path is not None:
        check_place(path)


def write_records(path: str, **records: Any) -> None:
    """Write the page of some records, with the command that asked for it."""
    from typedgrad.report.html import write_page

    write_page(path, command=shlex.join(["typedgrad", *sys.argv[1:]]), **records)


def write_comparison(path: str, function: Callable[..., Any], found: Any) -> None:
    """Write the page of a comparison; at one point with the blame of the results that lost digits.

    Blamed are the value and the partials with the fewest digits, in each precision that has lost
    more than one digit of them; nothing is where the function cannot be recorded or is too large.
    """
    pairs = [] if hasattr(found, "points") else blames_of(function, found)
    blames, pictures = [blame for blame, _ in pairs], [picture for _, picture in pairs]
    write_records(path, comparison=found, blames=blames, pictures=pictures)


def write_blames(path: str, function: Callable[..., Any], blames: Sequence[Any]) -> None:
    """Write the page of some blames at one point in one precision."""
    from typedgrad.points import system
    from typedgrad.study import study

    program = study(function, blames[0].point, system(blames[0].precision)).value
    pictures = [graph_of(program, blame) for blame in blames]
    write_records(path, blames=blames, pictures=pictures)


def blames_of(function: Callable[..., Any], found: Any) -> list[tuple[Any, str]]:
    """Return the blames of the results of a comparison that lost digits, each with its graph."""
    from typedgrad.blaming.asking import Blamed
    from typedgrad.points import system

    pairs: list[tuple[Any, str]] = []
    for column in found.columns:
        names = sorted(column.entries, key=lambda name: column.entries[name].digits or 0.0)
        worst = {"value", *names[:MOST_BLAMED]}
        lost = [name for name in column.entries if name in worst and _is_lost(column, name)]
        if not lost:
            continue
        try:
            run = Blamed(function, found.point, system(column.name))
        except (NotRecordable, NotTraceable, OtherTape):
            return []
        if len(run.study.value) > MOST_SIZE:
            return []
        blames = [run.blame(name) for name in lost]
        pairs += [(blame, graph_of(run.study.value, blame)) for blame in blames]
    return pairs


def graph_of(program: Any, blame: Any) -> str:
    """Return the graph of a blame as SVG for a page, '' where it cannot be drawn or is too long."""
    from typedgrad.report.graph import picture, to_svg

    try:
        text = to_svg(picture(program, blame, MOST_DRAWN))
    except MissingExtra:
        return ""
    return text if len(text) <= MOST_LETTERS else ""


def _is_lost(column: Any, name: str) -> bool:
    digits = column.entries[name].digits
    return digits is None or column.cap - digits >= 1
