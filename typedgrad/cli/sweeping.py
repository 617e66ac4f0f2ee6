"""`typedgrad sweep`: ranges to a sweep, a bar while it runs, and its report."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click

from typedgrad.cli.reporting import check_page, write_records
from typedgrad.cli.screen import explained, put
from typedgrad.cli.targets import digits_given, function_at, numbers_at
from typedgrad.errors import BadRange, SweepStopped, Unreadable

INTERRUPTED = 130


@click.command("sweep")
@click.argument("target", metavar="FILE.py:FUNCTION")
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="x=1:1e6:log:200",
    help="What an input runs through; a list as y=1,2.5,4. Once for each input.",
)
@click.option(
    "--random", "--samples", "samples", type=int, metavar="N", help="N random points, not a grid."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random points.")
@click.option(
    "--fix", "--at", "fix", multiple=True, metavar="a=2,w=1;2;3", help="Numbers that stay the same."
)
@click.option("--precisions", default="float32,float64,longdouble", show_default=True)
@click.option("--jobs", type=int, default=1, show_default=True, help="Processes at work.")
@click.option("--chunk", type=int, metavar="POINTS", help="Points between two looks.")
@click.option("--out", metavar="FOLDER", help="Keep finished chunks; a repeated call goes on.")
@click.option("--resume", is_flag=True, help="Go on with what is in --out; it must be there.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--fail-under",
    type=float,
    metavar="DIGITS",
    callback=digits_given,
    help="Exit 1 below so many digits.",
)
@click.option("--html", "page", metavar="FILE", help="Write a page too.")
@click.option("--traceback", is_flag=True, help="Show the whole stack of an error.")
def sweep_command(
    target: str, form: str, fail_under: float | None, page: str | None, **given: Any
) -> None:
    """Count the right digits of a function and of its partials at many points.

    \b
      typedgrad sweep loss.py:loss --range x=1:1e6:log:200 --range y=-1:1:50
      typedgrad sweep loss.py:loss --range x=0:1 --fix y=2 --random 1000 --seed 7
      typedgrad sweep loss.py:loss --range x=0:1:100000 --fix y=2 --jobs 2 --out sweep/

    Exit status: 0 fine, 1 below --fail-under, 2 wrong use, 130 interrupted.
    """
    check_page(page)
    try:
        with redirect_stdout(sys.stderr), bar() as progress:
            found = swept(target, progress, **given)
    except SweepStopped as stopped:
        if stopped.partial is not None:
            show(stopped.partial, form, fail_under)
        click.echo(explained(stopped), err=True)
        if given["out"]:
            click.echo(f"Go on: {again_by(target, given)}", err=True)
        raise SystemExit(INTERRUPTED) from None
    if page is not None:
        write_records(page, sweep=found)
    show(found, form, fail_under)
    short = [] if fail_under is None else shortfalls(found, fail_under)
    if short:
        click.echo("\n".join(short), err=form == "json")
    if form == "text":
        click.echo(f"Next: {next_step(target, found, given['fix'])}")
    if short:
        raise SystemExit(1)


def swept(
    target: str,
    progress: Callable[[int, int], None] | None,
    *,
    ranges: Sequence[str],
    fix: Sequence[str],
    precisions: str,
    traceback: bool,
    **options: Any,
) -> Any:
    """Read the ranges, load the target and sweep."""
    from typedgrad.sweeping.asking import sweep

    wanted = ranges_of(ranges)
    fixed = fixed_by(fix)
    wanted |= {name: x for name, x in fixed.items() if name in OPTIONS}
    names = [name.strip() for name in precisions.split(",")]
    rest = {name: x for name, x in fixed.items() if name not in OPTIONS}
    function = function_at(target)
    return sweep(function, wanted, precisions=names, progress=progress, **options, **rest)


# Parameters of a user's function may be called like these options of ours.
OPTIONS = {
    "samples",
    "seed",
    "precisions",
    "executor",
    "jobs",
    "chunk",
    "out",
    "resume",
    "progress",
}


def ranges_of(texts: Sequence[str]) -> dict[str, Any]:
    """Return the ranges that options such as 'x=1:10:50' describe, by name."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, given = (piece.strip() for piece in text.partition("="))
        if not equals or not name.partition("[")[0].isidentifier() or name in found:
            twice = name in found
            problem = "it is given twice" if twice else "it has no name"
            hint = "give each input one range, as --range x=1:10:50"
            raise BadRange(name=name if twice else "--range", text=text, problem=problem, hint=hint)
        found[name] = given
    return found


def fixed_by(texts: Sequence[str]) -> dict[str, Any]:
    """Return the numbers of 'a=2,w=1;2;3'."""
    try:
        return numbers_at(",".join(texts))
    except Unreadable as error:
        facts = {name: str(fact).replace("--at", "--fix") for name, fact in error.facts.items()}
        raise Unreadable(**facts) from None


@contextmanager
def bar() -> Generator[Callable[[int, int], None] | None]:
    """Lend a call that moves a bar on the terminal's error stream; None where that is none."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("points"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(file=sys.__stderr__ or sys.stderr)
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("points", total=None)

        def move(done: int, points: int) -> None:
            shown.update(task, completed=done, total=points)

        yield move


def show(found: Any, form: str, bar: float | None) -> None:
    """Print the report of a sweep."""
    from typedgrad.report.swept import table
    from typedgrad.report.text import BAR

    if form == "json":
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        put(table(found, BAR if bar is None else bar))


def shortfalls(found: Any, bar: float) -> list[str]:
    """Return one sentence for each precision that has fewer digits somewhere than asked for."""
    from typedgrad.report.swept import points
    from typedgrad.report.text import below

    lines: list[str] = []
    for name in found.precisions:
        if not found.enough(name, bar):
            whole = found.summary(name)
            few = whole.worst is None or whole.worst < bar
            reasons = [below(whole.worst, bar)] if few else []
            missing, apart = whole.undefined, found.apart.get(name)
            reasons += [f"{points(missing)} without digits"] if missing else []
            away = "another path than exact numbers at"
            reasons += [f"{away} {points(apart.points)}"] if apart else []
            lines.append(f"below {bar:g} digits: {name} ({', '.join(reasons)})")
    return lines


def again_by(target: str, given: dict[str, Any]) -> str:
    """Return the command that goes on with a sweep."""
    words = ["typedgrad", "sweep", target]
    words += [word for text in given["ranges"] for word in ("--range", text)]
    words += [word for text in given["fix"] for word in ("--fix", text)]
    if given["samples"] is not None:
        words += ["--random", str(given["samples"]), "--seed", str(given["seed"])]
    words += ["--precisions", given["precisions"], "--jobs", str(given["jobs"])]
    words += ["--chunk", str(given["chunk"])] if given["chunk"] is not None else []
    return shlex.join([*words, "--out", given["out"]])


def next_step(target: str, found: Any, fix: Sequence[str]) -> str:
    """Return a command that looks closer at the worst point of the first precision."""
    point = found.worst_point(found.precisions[0])
    if point is None or not all(axis.name.isidentifier() for axis in found.axes):
        return "repeat it with --format json to read every digit"
    where = [f"{name}={text}" for name, text in found.where(point, exact=True).items()]
    at = shlex.quote(",".join([*where, *fix]))
    call = f"typedgrad compare {shlex.quote(target)}"
    rest = f"--at {at}"
    return f"{call} {rest}" if len(call) + len(rest) < 94 else f"{call} \\\n    {rest}"
