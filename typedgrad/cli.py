"""The command: arguments become calls, results become text; nothing is computed here."""

from __future__ import annotations

import difflib
import importlib.util
import json
import os
import shlex
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from typedgrad.errors import (
    FileBroken,
    FileMissing,
    FunctionMissing,
    TypedgradError,
    UnknownCode,
    Unreadable,
    every_error,
)
from typedgrad.source import raised_at

EXAMPLES = """\b
Two examples:
  typedgrad compare loss.py:loss --at x=1000,y=0.001
  typedgrad explain TG101

A Python number that knows its precision, and counts its right digits."""


def version_shown(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the version and leave."""
    if asked:
        from typedgrad.report.doctor import installed

        click.echo(f"typedgrad {installed('typedgrad') or '(not installed, run from its source)'}")
        context.exit()


@click.group(help=EXAMPLES, context_settings={"max_content_width": 100})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=version_shown)
def command() -> None:
    """The command itself; its parts follow."""


@command.command("compare")
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
    """Print the report, in colour on a terminal that wants it."""
    from typedgrad.report.text import BAR, painted, table

    text = "\n".join([table(found, BAR if bar is None else bar), *below])
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        from rich.console import Console

        Console(highlight=False).print(painted(text), soft_wrap=True)
    else:
        click.echo(readable(text))


def readable(text: str) -> str:
    """Return the text with plain marks where the terminal's encoding lacks ours."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return text.translate({ord("✓"): "+", ord("✗"): "x", ord("–"): "-"})
    return text


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


def numbers_at(text: str) -> dict[str, Any]:
    """Return the point that 'x=1,w=1;2;3' describes, its numbers as text."""
    given: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if not equals or not name.isidentifier() or name in given:
            what = "twice the same name in --at" if name in given else "--at"
            hint = "write --at x=1.5,y=2,w=1;2;3 with a name before every number"
            raise Unreadable(what=what, text=repr(part.strip()), hint=hint)
        pieces = [piece.strip() for piece in number.rstrip(";").split(";")]
        for piece in pieces:
            checked(name, piece)
        given[name] = pieces if ";" in number else number
    return given


def checked(name: str, text: str) -> None:
    """Refuse a text that is no number, by the name of its parameter."""
    from typedgrad.trial import input_of

    try:
        input_of(name, text)
    except Unreadable as error:
        raise Unreadable(
            what=f"the number for {name}", text=repr(text), hint=error.facts["hint"]
        ) from None


def function_at(target: str) -> Callable[..., Any]:
    """Return the function that FILE.py:FUNCTION names."""
    path, colon, name = target.rpartition(":")
    if not colon or not name.isidentifier():
        path, name = (path, name) if colon and not name.endswith(".py") else (target, "")
    if not Path(path).is_file():
        why = "it is a folder" if Path(path).is_dir() else "there is no such file"
        raise FileMissing(path=path, why=why)
    module = loaded(path)
    function: Any = getattr(module, name, None) if name else None
    if not callable(function):
        raise FunctionMissing(
            path=path, name=name or "(none was named)", hint=suggestion(module, name)
        )
    found: Callable[..., Any] = function
    return found


def suggestion(module: ModuleType, name: str) -> str:
    """Return which function may have been meant."""
    own = [
        key
        for key, thing in vars(module).items()
        if callable(thing) and getattr(thing, "__module__", "") == module.__name__
    ]
    close = difflib.get_close_matches(name, own, 1)
    if close:
        return f"did you mean {close[0]}?"
    return f"its functions are: {', '.join(own)}" if own else "define the function in this file"


def loaded(path: str) -> ModuleType:
    """Run a user's file as a module of its own, with its folder on the path as `python` has it."""
    name = f"typedgrad_target_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileMissing(path=path, why="it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(Path(path).resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise FileBroken(path=path, error=summary(error), where=where(error, path)) from error
    return module


def summary(error: BaseException) -> str:
    """Return an exception as 'ValueError: text', on one line."""
    text = getattr(error, "msg", None) or str(error)
    return f"{type(error).__name__}: {text}".partition("\n")[0].removesuffix(": ")


def where(error: BaseException, path: str) -> str:
    """Return the user's line with carets, also where the file is no valid Python."""
    if isinstance(error, SyntaxError) and error.text:
        column = max((error.offset or 1) - 1, 0)
        number = f"{error.lineno or 0:5} │ "
        line = error.text.rstrip("\n")
        return f"{path}:{error.lineno}\n{number}{line}\n{' ' * (len(number) - 2)}│ {' ' * column}^"
    place = raised_at(error, loaded.__code__)
    return place.carets() if place else ""


@command.command("explain")
@click.argument("code", required=False)
@click.option("--all", "everything", is_flag=True, help="Print every page, as Markdown.")
def explain_command(code: str | None, everything: bool) -> None:
    """Explain an error by its code.

    \b
      typedgrad explain TG101
    """
    from typedgrad.report.text import errors_page, page

    known = every_error()
    if everything:
        click.echo(errors_page(), nl=False)
    elif code is None:
        for kind in known.values():
            click.echo(f"{kind.code}  {(kind.__doc__ or '').partition(chr(10))[0]}")
    elif code.upper() in known:
        click.echo(page(known[code.upper()]))
    else:
        raise UnknownCode(code_asked=code, known=", ".join(known))


@command.command("doctor")
def doctor_command() -> None:
    """Print the versions, what longdouble is on this machine, and which extras are live."""
    from typedgrad.report.doctor import findings

    for line in findings():
        click.echo(line)


def explained(error: TypedgradError) -> str:
    """Return an error's text; where it came out of a user's function, with the line."""
    from typedgrad.report.text import folded
    from typedgrad.trial import evaluate

    place = None if "where" in error.facts else raised_at(error, evaluate.__code__)
    what, *rest = error.text().splitlines()
    shown = [*folded(what), *([place.carets()] if place else []), *rest[:-2]]
    return "\n".join(line for line in [*shown, *folded(rest[-2]), rest[-1]] if line)


def main() -> None:
    """Run the command; wrong use is one error on stderr and exit status 2."""
    try:
        command.main(prog_name="typedgrad")
    except TypedgradError as error:
        if "--traceback" in sys.argv:
            traceback.print_exception(error)
        click.echo(explained(error), err=True)
        raise SystemExit(2) from None
