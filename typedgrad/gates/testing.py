"""assert_digits: a test that a function has so many right digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from typedgrad.compare import compare
from typedgrad.comparison import Comparison
from typedgrad.errors import NotEnoughDigits, Unreadable
from typedgrad.findings import Column, Entry
from typedgrad.gates.digits import chosen, has, least
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumberSystem
from typedgrad.points import system
from typedgrad.report.text import below, table


def assert_digits(
    f: Callable[..., Any],
    /,
    at: Any = None,
    *,
    points: Sequence[Any] = (),
    digits: float = 6,
    precision: str | NumberSystem[Any] = "float64",
    of: str | Sequence[str] = (),
) -> None:
    """Assert that f has so many right digits at a point, or at each of several points.

    A point is given as to `compare`: in order, or as a dict by name. The value and every partial
    are counted, or those that `of` names, as in of=("value", "d/dx"). Raises `NotEnoughDigits`,
    an AssertionError whose text is the table of the comparison and which entry fell short.

    >>> import typedgrad as tg
    >>> tg.assert_digits(lambda x, y: x * y, at=(3, "0.1"), digits=15)
    >>> tg.assert_digits(tg.expm1, points=["1e-9", 1, 20], digits=6, precision="float32")
    >>> tg.assert_digits(lambda x: tg.exp(x) - 1, at="1e-9", digits=9, of="d/dx")
    """
    _checked(digits, precision)
    names = (of,) if isinstance(of, str) else tuple(of)
    if at is not None or not points:
        _judge(f, at, compare(f, at, precisions=[precision]), digits, names)
    if points:
        found = compare(f, points=points, precisions=[precision])
        for point, comparison in zip(points, found.points, strict=True):
            _judge(f, point, comparison, digits, names)


def _judge(
    f: Callable[..., Any], at: Any, found: Comparison, digits: float, of: Sequence[str]
) -> None:
    """Raise the error that tells how a comparison falls short, if it does."""
    column = found.columns[0]
    short = _short(column, digits, of)
    if short:
        raise NotEnoughDigits(
            table=table(found, digits),
            short=_told(column, short, digits),
            hint=_hint(compare(f, at), column, digits, of),
        )


def _checked(digits: float, precision: str | NumberSystem[Any]) -> None:
    """Refuse more digits than the precision holds: no function could pass."""
    name = system(precision).name
    for numbers in NUMBERS.values():
        if numbers.name == name and digits > numbers.digits:
            hint = f"{name} holds {numbers.digits:.2f} digits here: ask for fewer"
            raise Unreadable(what="digits", text=f"{digits:g}", hint=hint)
    if not digits >= 0:
        hint = "ask for a number of digits from 0 up"
        raise Unreadable(what="digits", text=f"{digits:g}", hint=hint)


def _short(column: Column, digits: float, of: Sequence[str]) -> dict[str, Entry]:
    entries = chosen(column.held, of)
    return {label: entry for label, entry in entries.items() if not has(entry.digits, digits)}


def _told(column: Column, short: dict[str, Entry], digits: float) -> str:
    """Return the sentence that names what fell short."""
    held = ", ".join(
        f"{label} is undefined"
        if entry.digits is None
        else f"{label} has {below(entry.digits, digits)}"
        + (f" {entry.note}" if entry.note.startswith("on the path") else "")
        for label, entry in list(short.items())[:8]
    )
    more = f" and {len(short) - 8} more" if short.keys() - list(short)[:8] else ""
    return f"fewer than {digits:g} digits in {column.name}: {held}{more}"


def _hint(wider: Comparison, column: Column, digits: float, of: Sequence[str]) -> str:
    """Return the next precision that was run and has enough, or what this one has."""
    for other in wider.columns:
        if other.bits > column.bits and not _short(other, digits, of):
            held = least(other, of)[1].digits
            return f'precision="{other.name}" has {held:.1f} digits here'
    held = least(column, of)[1].digits
    floor = math.floor(10 * (held or 0.0)) / 10
    if floor < 1:
        return "compute it another way: no precision here has enough digits at this point"
    return f"ask for {floor:.1f} digits, or compute it another way: no precision here has enough"
