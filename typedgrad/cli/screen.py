"""What a command shows: reports and errors as text, in colour where the terminal wants it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

from typedgrad.errors import FileNotWritten, TypedgradError
from typedgrad.source import raised_at

PLAIN: dict[int, int | str] = {
    **str.maketrans("✓✗–│┤░▁▂▃▄▅▆▇█−", "+x-||:..--==##-"),
    ord("→"): "->",
    ord("≤"): "<=",
}


def put(text: str) -> None:
    """Print a report, in colour on a terminal that wants it."""
    from typedgrad.report.text import painted

    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        from rich.console import Console

        Console(highlight=False).print(painted(text), soft_wrap=True)
    else:
        click.echo(readable(text))


def closed(error: OSError) -> OSError:
    """Return the error of a screen, or what stands in for it, that takes no more text.

    What Python still holds for it is let go, so that it does not complain once more at its end.
    """
    if isinstance(error, TypedgradError) or error.filename is not None:
        return error
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FileNotWritten(path="standard output", why=error.strerror or type(error).__name__)


def readable(text: str) -> str:
    """Return the text with plain marks where the terminal's encoding lacks ours.

    What it lacks of the user's own letters is shown as Python writes it, \\u1e9e.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def explained(error: TypedgradError) -> str:
    """Return an error's text; where it came out of a user's function, with the line."""
    from typedgrad.report.text import folded
    from typedgrad.study import study
    from typedgrad.trial import evaluate

    found = (raised_at(error, run.__code__) for run in (study, evaluate))
    place = None if "where" in error.facts else next(filter(None, found), None)
    what, *rest = error.text().splitlines()
    shown = [*folded(what), *([place.carets()] if place else []), *rest[:-2]]
    return "\n".join(line for line in [*shown, *folded(rest[-2]), rest[-1]] if line)
