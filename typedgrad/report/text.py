"""Records as plain text of at most 100 columns that reads the same without colour."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from typedgrad.errors import TypedgradError, every_error

if TYPE_CHECKING:
    from typedgrad.findings import Column, Entry, Findings

WIDTH, MOST_ROWS, MOST_NOTES, BAR = 100, 24, 8, 6.0
GOOD, FEW, NONE, UNDEFINED = "✓", "!", "✗", "–"
VALUE = re.compile(r"^ {4,}\S+ +([-+.\d]*)\|(\S*)$", re.MULTILINE)
COLOURS = {GOOD: "green", FEW: "yellow", NONE: "bold red", UNDEFINED: "dim"}


def table(found: Findings, bar: float = BAR, values: bool = False) -> str:
    """Return the report of a comparison: paths that part, the table, remarks, verdicts, why.

    With `values` the numbers themselves follow the table, a bar behind their right digits.
    """
    lines = [line for part in found.branches.differences for line in folded(str(part))]
    lines += _header(found)
    labels = rows_of(found)
    lines += _grid(found, labels, bar)
    lines.append(_legend(found, bar))
    lines += values_table(found, labels) if values else []
    lines += [line for remark in _remarks(found, labels) for line in folded(remark)]
    lines += [line for column in found.columns for line in folded(verdict(column))]
    lines += [line for column in found.columns for line in folded(why(column)) if line]
    return "\n".join(line.rstrip() for line in lines)


def _grid(found: Findings, labels: Sequence[str], bar: float) -> list[str]:
    """Return the table: an entry a row, a precision a column, the problem's own loss behind."""
    width = max(len(label) for label in labels)
    own = {label: found.reference.problem(label) for label in labels}
    told = found.is_one_truth and any(digits is not None for digits in own.values())
    names = "".join(f"{column.name:>14}" for column in found.columns)
    lines = [" " * (width + 2) + names + ("  problem's own loss" if told else "")]
    for label in labels:
        cells = (cell_of(column.entries[label].digits, bar) for column in found.columns)
        digits = own[label]
        last = f"{'' if digits is None else f'{digits:.1f}':>20}" if told else ""
        lines.append(f"  {label:<{width}}" + "".join(f"{cell:>14}" for cell in cells) + last)
    return lines


def _legend(found: Findings, bar: float) -> str:
    sizes = ", ".join(f"{column.name} {column.bits}" for column in found.columns)
    marks = f"{GOOD} {bar:g} digits or more   {FEW} fewer   {NONE} below 1"
    both = f"{marks}   bits: {sizes}"
    return both if len(both) <= WIDTH else marks


def values_table(found: Findings, labels: Sequence[str]) -> list[str]:
    """Return the numbers themselves, a bar behind the digits that are right."""
    lines = ["Values; the digits in front of the bar | are right:"]
    width = max(len(label) for label in labels)
    names = max(9, *(len(column.name) for column in found.columns))
    for label in labels:
        truth = ""
        for column in found.columns:
            own = column.reference.texts[label]
            if own != truth:
                lines.append(f"  {label:<{width}}  {'reference':<{names}}  {own}")
                truth = own
            right, rest = split_digits(column.entries[label])
            lines.append(f"  {'':<{width}}  {column.name:<{names}}  {right}|{rest}")
    return lines


def split_digits(entry: Entry) -> tuple[str, str]:
    """Return a number cut behind its right digits, which are counted from the first not zero.

    >>> from typedgrad.findings import Entry
    >>> split_digits(Entry(3.2, "0.0047594", right=3))
    ('0.00475', '94')
    """
    text, left = entry.text, entry.right
    if left is None:
        return text, ""
    body, mark, power = text.partition("e")
    started = False
    for place, letter in enumerate(body):
        started = started or letter in "123456789"
        if started and letter.isdigit():
            if not left:
                right = body[:place] if entry.right else ""
                return right, text[len(right) :]
            left -= 1
    return (body, mark + power) if started else ("", text)


def folded(text: str) -> list[str]:
    """Return the lines of a text, broken at 100 columns."""
    return wrap(text, WIDTH, subsequent_indent="    ", break_long_words=False) or [""]


def _header(found: Findings) -> list[str]:
    caps = " / ".join(f"{column.cap:.1f}" for column in found.columns)
    right = f"reference: {found.reference}; digits right, of {caps}"
    call = found.point.call
    space = WIDTH - len(call) - len(right)
    return [f"{call}{' ' * min(space, 16)}{right}"] if space > 1 else [*folded(call), right]


def rows_of(found: Findings, most: int = MOST_ROWS) -> list[str]:
    """Return the labels to show: all, or the value and the worst where there are too many.

    The worst of each precision is among them.
    """
    labels = list(found.columns[0].entries)
    if len(labels) <= most:
        return labels
    first = dict.fromkeys(["value", *(column.worst[0] for column in found.columns)])
    ranked = sorted(labels[1:], key=lambda label: _least(found, label))
    kept = list(first | dict.fromkeys(ranked))[:most]
    return [label for label in labels if label in kept]


def unshown(hidden: int) -> str:
    """Return how many partials are left out of a table, and that nothing is hidden by it."""
    count = f"{hidden} more partials are" if hidden > 1 else "1 more partial is"
    return f"{count} not shown; in no precision has one fewer digits than the fewest here"


def _least(found: Findings, label: str) -> float:
    digits = [column.entries[label].digits for column in found.columns]
    return min(-1.0 if d is None else d for d in digits)


def cell_of(digits: float | None, bar: float) -> str:
    """Return digits with their mark, and with decimals enough that both say the same.

    >>> cell_of(6.01, 6), cell_of(5.96, 6), cell_of(0.953, 6)
    ('6.0 ✓', '5.96 !', '0.95 ✗')
    """
    if digits is None:
        return f"NaN {UNDEFINED}"
    if digits >= bar:
        return f"{digits:.1f} {GOOD}"
    return f"{below(digits, bar)} {FEW}" if digits >= 1 else f"{below(digits, min(bar, 1))} {NONE}"


def _remarks(found: Findings, labels: Sequence[str]) -> list[str]:
    hidden = len(found.columns[0].entries) - len(labels)
    remarks = [f"({unshown(hidden)})"] if hidden else []
    if not found.reference.settled:
        remarks.append(
            f"The reference is not settled at {found.reference.bits} bits: no digits beyond those"
            " that its two widest runs share are counted."
        )
    remarks += [
        f"{column.name} is float64 on this machine ({column.bits} bits)"
        for column in found.columns
        if column.is_float64
    ]
    remarks += [*found.remarks, *_roundings(found)]
    left_out = found.reference.left_out
    if left_out:
        remarks.append(f"The problem's own loss is shown for the value alone: {left_out}.")
    notes: dict[str, list[str]] = {}
    for column in found.columns:
        for label in labels:
            note = column.entries[label].note
            if note:
                notes.setdefault(f"{label}: {note}", []).append(column.name)
    shown = [f"{', '.join(names)} {note}" for note, names in notes.items()]
    return remarks + shown[:MOST_NOTES] + (["..."] if len(shown) > MOST_NOTES else [])


def _roundings(found: Findings) -> list[str]:
    """Return one remark for each set of inputs that some of the precisions cannot hold."""
    costs: dict[str, list[str]] = {}
    for column in found.columns:
        if column.rounding:
            names, shown = column.rounding.names, column.rounding.shown
            pairs = [f"{name} = {text}" for name, text in zip(names, shown, strict=True)]
            key = _listed(pairs)
            digits = column.rounding.digits
            cost = "no digits" if digits is None else f"{digits:.1f} digits"
            place = f"{cost} in {column.name}"
            costs.setdefault(key, []).extend([place] if column.rounding.worst else [])
    return [
        f"Inputs that are rounded: {names}"
        + (f"; that alone leaves {', '.join(places)}." if places else ".")
        for names, places in costs.items()
    ]


def verdict(column: Column) -> str:
    """Return what to think of one precision, in one sentence."""
    return f"{_held(column).removesuffix('.')}{_elsewhere(column)}."


def _elsewhere(column: Column) -> str:
    """Return what the results are worth on the path of exact numbers, if that was not theirs."""
    if not column.astray:
        return ""
    name, least = min(column.astray.items(), key=lambda item: -1.0 if item[1] is None else item[1])
    if least is None:
        return "; what they are on the path of exact numbers is not known"
    if least < 1:
        lost = [label for label, digits in column.astray.items() if (digits or 0) < 1]
        return f"; on the path of exact numbers no digit of {_listed(lost)} is right"
    return f"; on the path of exact numbers {least:.1f} digits are right (least: {name})"


def below(digits: float | None, bar: float) -> str:
    """Return digits that are fewer than a bar, with as many decimals as it takes to see that.

    >>> below(15.9546, 16), below(3.21, 6), below(None, 6)
    ('15.95', '3.2', 'undefined')
    """
    if digits is None:
        return "undefined"
    shown = (f"{digits:.{places}f}" for places in (1, 2, 4))
    return next((text for text in shown if float(text) < bar), repr(digits))


def fewest(columns: Mapping[str, float | None]) -> str:
    """Return the fewest digits of each precision, on one line.

    >>> fewest({"float32": 0.04, "float64": None})
    'float32 0.0, float64 undefined digits right'
    """
    told = ", ".join(f"{name} {below(digits, math.inf)}" for name, digits in columns.items())
    return f"{told} digits right"


def is_whole(digits: float, cap: float) -> bool:
    """Tell whether digits are shown as all that a precision holds."""
    return f"{digits:.1f}" == f"{cap:.1f}"


def _held(column: Column) -> str:
    name, least = column.worst
    path = f" {column.parted}" if column.parted.startswith("on ") else ""
    if least is None:
        undefined = [label for label, entry in column.entries.items() if entry.digits is None]
        verb = "is" if len(undefined) == 1 else "are"
        return f"{column.name}: {_listed(undefined)} {verb} undefined here (NaN){path}."
    if column.entries[name].note.startswith("the reference itself"):
        return f"{column.name} has {least:.1f} digits or more of {name}; no more can be counted."
    if least < 1:
        lost = [label for label, entry in column.entries.items() if (entry.digits or 0) < 1]
        return f"{column.name} is not enough: no digit of {_listed(lost)} is right{path}."
    if is_whole(least, column.cap):
        return f"{column.name} holds all of its {column.cap:.1f} digits everywhere{path}."
    of = f"{least:.1f} of {column.cap:.1f} digits"
    return f"{column.name} holds {of} everywhere{path} (least: {name})."


def why(column: Column) -> str:
    """Return where the digits of the worst entry of a precision went; empty if few are lost."""
    name = column.worst[0]
    loss = column.loss(name)
    if loss is None or loss.total < 1:
        return ""
    every = "all " if column.cap - loss.total < 0.05 else ""
    said = f"{every}{loss.total:.1f} digits"
    places = 3 if loss.condition < 1e5 else 2
    condition = f"(condition {loss.condition:.{places}g})"
    if loss.is_measured:
        condition = "(rounding the inputs alone costs as many)"
    start = f"{column.name} loses {said} of {name}:"
    if loss.algorithm < 0.05:
        return f"{start} the problem's own loss {condition}, none of it the algorithm's."
    if loss.problem < 0.05:
        return f"{start} the algorithm's loss, none of it the problem's own {condition}."
    own = f"{loss.problem:.1f} are the problem's own {condition}"
    return f"{start} {own}, {loss.algorithm:.1f} the algorithm's."


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def painted(text: str) -> object:
    """Return a text for rich, its marks in colour."""
    from rich.text import Text

    shown = Text(text)
    for mark, style in COLOURS.items():
        shown.highlight_regex(rf"\S+ {re.escape(mark)}(?=\s|$)", style)
    for number in VALUE.finditer(text):
        shown.stylize("bold underline", *number.span(1))
        shown.stylize("dim", *number.span(2))
    return shown


def page(kind: type[TypedgradError]) -> str:
    """Return the page of an error, as `typedgrad explain` prints it."""
    return f"{kind.code} {kind.__name__}\n\n{inspect.cleandoc(kind.__doc__ or '')}"


def errors_page() -> str:
    """Return docs/errors.md: the pages of all errors."""
    parts = ["# Errors", INTRODUCTION]
    for kind in every_error().values():
        head, *rest = re.split(
            r"^(Wrong|Right):$", inspect.cleandoc(kind.__doc__ or ""), flags=re.M
        )
        parts += [f"## {kind.code} {kind.__name__}", head.strip()]
        for label, body in zip(rest[::2], rest[1::2], strict=True):
            code, _, why = body.partition("\nWhy:")
            fence = "console" if "typedgrad " in code.strip()[:10] else "python"
            parts += [f"{label}:", f"```{fence}\n{inspect.cleandoc(code)}\n```"]
            parts += [f"Why:{why}".replace("\n", " ").strip()] if why else []
    return "\n\n".join(parts) + "\n"


INTRODUCTION = (
    "Every error of typedgrad ends with a code. This page is made from the docstrings of\n"
    "`typedgrad/errors/` by `typedgrad explain --all`; `typedgrad explain TG101` prints one part."
)
