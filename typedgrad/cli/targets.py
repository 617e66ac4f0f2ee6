"""What a command is given: FILE.py:FUNCTION targets and points as text."""

from __future__ import annotations

import difflib
import importlib.util
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from typedgrad.errors import FileBroken, FileMissing, FunctionMissing, Unreadable
from typedgrad.source import raised_at

MOST_DIGITS = 1000


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


def points_at(texts: Sequence[str], function: Callable[..., Any]) -> list[dict[str, Any]]:
    """Return the points of all --at: '@FILE' is a file of points, other texts are read as above.

    A text goes on with the point before it, unless it gives a name again: that begins a new one.
    """
    found: list[dict[str, Any]] = []
    is_open = False
    for text in texts:
        if text.strip().startswith("@"):
            from typedgrad.cli.pointfiles import PointFile

            found += PointFile(text.strip()[1:]).points(function)
            is_open = False
            continue
        given = numbers_at(text)
        if is_open and not given.keys() & found[-1].keys():
            found[-1] |= given
        else:
            found.append(given)
        is_open = True
    return found


def checked(name: str, text: str) -> None:
    """Refuse a text that is no number, by the name of its parameter."""
    from typedgrad.points import input_of

    try:
        input_of(name, text)
    except Unreadable as error:
        raise Unreadable(
            what=f"the number for {name}", text=repr(text), hint=error.facts["hint"]
        ) from None


def digits_given(_: click.Context, option: click.Parameter, x: float | None) -> float | None:
    """Return the digits that an option asks for; they must be a number, and not below 0."""
    if x is not None and not 0 <= x <= MOST_DIGITS:
        hint = f"ask for a number of digits from 0 to {MOST_DIGITS}"
        raise Unreadable(what=option.opts[0], text=f"{x:g}", hint=hint)
    return x


def function_at(target: str) -> Callable[..., Any]:
    """Return the function of FILE.py:FUNCTION or FILE.py:OBJECT.METHOD, or a core's."""
    if re.search(r"\.fpcore(:|$)", target):
        return core_at(target)
    path, colon, name = target.rpartition(":")
    if not colon or name.endswith(".py"):
        path, name = target, ""
    if not Path(path).is_file():
        why = "it is a folder" if Path(path).is_dir() else "there is no such file"
        raise FileMissing(path=path, why=why)
    module = loaded(path)
    function: Any = module if name else None
    for part in name.split("."):
        function = getattr(function, part, None)
    if not callable(function):
        raise FunctionMissing(
            path=path, name=name or "(none was named)", hint=suggestion(module, name)
        )
    found: Callable[..., Any] = function
    return found


def core_at(target: str) -> Callable[..., Any]:
    """Return the function of the core that FILE.fpcore:NAME or FILE.fpcore:NUMBER names."""
    from typedgrad.fpcore import find, load

    path, dot, name = target.rpartition(".fpcore:")
    path = f"{path}.fpcore" if dot else target
    core = find(load(path), name if dot else "", path)
    core.check_numeric()
    return core.function


def example_at(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the point where a core is looked at when none is given, and say so; else nothing."""
    core: Any = getattr(function, "core", None)
    if core is None or not core.arguments:
        return {}
    example: dict[str, Any] | None = core.example
    drawn = "a random point that satisfies :pre" if core.precondition else "a random point"
    what = "the :example of the core" if example else drawn
    point: dict[str, Any] = example or core.sample(1)[0]
    click.echo(f"No --at was given: this is {what}.", err=True)
    return point


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
