"""What the templates of a page show of a comparison: texts, marks and bars, ready to be put in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from typedgrad.report.svg import bar
from typedgrad.report.text import (
    BAR,
    FEW,
    GOOD,
    NONE,
    UNDEFINED,
    cell_of,
    rows_of,
    unshown,
    verdict,
    why,
)

if TYPE_CHECKING:
    from typedgrad.findings import Column, Findings

MOST, SHOWN, MOST_TILES = 200, 24, 4
LOST = 0.1  # digits that are worth saying where they went
KINDS = {GOOD: "good", FEW: "few", NONE: "none", UNDEFINED: "nan"}
SAID = {GOOD: "enough", FEW: "few", NONE: "none right", UNDEFINED: "undefined"}


class Section(NamedTuple):
    """One part of a page: where it is linked, its heading, its template and what that shows."""

    anchor: str
    title: str
    template: str
    view: Any


class Line(NamedTuple):
    """A sentence with its mark."""

    kind: str
    mark: str
    text: str
    more: str = ""


class Cell(NamedTuple):
    """The digits of one entry in one precision."""

    text: str
    mark: str
    kind: str
    said: str
    bar: Markup
    notes: list[str]


class Row(NamedTuple):
    """One entry in every precision."""

    label: str
    cells: list[Cell]

    @property
    def has_split(self) -> bool:
        """Tell whether the loss of a cell is split in two."""
        return any(note.startswith("lost: ") for cell in self.cells for note in cell.notes)


class Head(NamedTuple):
    """A column's name and what it can hold."""

    name: str
    note: str


class Value(NamedTuple):
    """A number with its right digits apart from the rest."""

    precision: str
    right: str
    rest: str


class Tile(NamedTuple):
    """A number to be seen from afar: what of, how many, of how many, and where."""

    name: str
    text: str
    of: str
    where: str
    mark: str
    kind: str
    said: str
    bar: Markup


class Verdict(NamedTuple):
    """The first section: paths that part, then a number and a sentence for each precision."""

    parted: list[str]
    lines: list[Line]
    tiles: list[Tile]


class Grid(NamedTuple):
    """The table of right digits."""

    caption: str
    columns: list[Head]
    rows: list[Row]
    remarks: list[str]
    key: str
    split: bool
    values: list[tuple[str, list[Value]]]


def verdict_view(found: Findings) -> Verdict:
    """Return what to think of each precision."""
    parted = [str(part) for part in found.branches.differences]
    lines = [_line(column) for column in found.columns]
    tiles = [tile(c.name, c.worst[1], c.cap, _where(c)) for c in found.columns]
    return Verdict(parted, lines, tiles if len(tiles) <= MOST_TILES else [])


def tile(name: str, digits: float | None, cap: float, where: str) -> Tile:
    """Return the fewest digits of a precision as a tile."""
    mark = mark_of(digits)
    text = cell_of(digits, BAR).split()[0]
    of = f"of {cap:.1f} digits"
    picture = bar([("fill", (digits or 0.0) / cap)], f"{text} {of}", KINDS[mark])
    return Tile(name, text, of, where, mark, KINDS[mark], SAID[mark], picture)


def _where(column: Column) -> str:
    label, least = column.worst
    several = len(column.entries) > 1
    if least is None:
        return f"{label} is undefined"
    return f"fewest in {label}" if several else f"right in {label}"


def grid_view(found: Findings, remarks: Sequence[str] = (), most: int = MOST) -> Grid:
    """Return the table of digits, the entries with the fewest digits where there are too many."""
    labels = list(found.columns[0].entries)
    kept = rows_of(found, most)
    hidden = len(labels) - len(kept)
    said = [f"{unshown(hidden)}."] if hidden else []
    caption = (
        "Decimal digits that are right, of the value and of each partial derivative; reference:"
        f" {found.reference}."
    )
    columns = [Head(c.name, f"holds {c.cap:.1f} digits, {c.bits} bits") for c in found.columns]
    rows = [Row(label, [_cell(c, label) for c in found.columns]) for label in kept]
    key = f"{GOOD} {BAR:g} digits or more   {FEW} fewer   {NONE} below 1   {UNDEFINED} undefined"
    split = any(row.has_split for row in rows)
    return Grid(caption, columns, rows, [*said, *remarks], key, split, _values(found, kept))


def mark_of(digits: float | None, bar: float = BAR) -> str:
    """Return the mark of so many digits."""
    if digits is None:
        return UNDEFINED
    return GOOD if digits >= bar else FEW if digits >= 1 else NONE


def printable(text: str) -> str:
    """Return a text with a mark for each character that cannot be seen."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _line(column: Column) -> Line:
    least = column.worst[1]
    mark = mark_of(least)
    return Line(KINDS[mark], mark, verdict(column), why(column))


def _cell(column: Column, label: str) -> Cell:
    entry, cap, loss = column.entries[label], column.cap, column.loss(label)
    mark = mark_of(entry.digits)
    text = cell_of(entry.digits, BAR).split()[0]
    said = "undefined" if entry.digits is None else f"{text} of {cap:.1f} digits"
    parts = [("fill", (entry.digits or 0.0) / cap)]
    lost = ""
    if loss is not None and loss.total >= LOST:
        parts += [("problem", loss.problem / cap), ("algorithm", loss.algorithm / cap)]
        lost = f"lost: {loss.problem:.1f} problem, {loss.algorithm:.1f} algorithm"
        said += f"; {lost}"
    notes = [note for note in (lost, entry.note) if note]
    return Cell(text, mark, KINDS[mark], SAID[mark], bar(parts, said, KINDS[mark]), notes)


def _values(found: Findings, labels: Sequence[str]) -> list[tuple[str, list[Value]]]:
    return [(label, _numbers(found, label)) for label in labels[:SHOWN]]


def _numbers(found: Findings, label: str) -> list[Value]:
    entries = [(column.name, column.entries[label]) for column in found.columns]
    rows = [Value(name, *split_digits(entry.text, entry.right)) for name, entry in entries]
    return [*rows, Value("reference", "", found.reference.texts.get(label, ""))]


def split_digits(text: str, right: int | None) -> tuple[str, str]:
    """Return a number cut behind so many significant digits; None stands for all of them.

    >>> split_digits("0.0047594", 3)
    ('0.00475', '94')
    """
    if right is None:
        return text, ""
    started = False
    for place, letter in enumerate(text):
        if letter in "eE" or (right == 0 and letter.isdigit()):
            return (text[:place], text[place:]) if started else ("", text)
        started = started or letter in "123456789"
        right -= started and letter.isdigit()
    return (text, "") if started else ("", text)
