"""Two reports of one function beside each other: which digits were lost and which gained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from typedgrad.errors import OtherReport
from typedgrad.report.documents import Key, read
from typedgrad.report.text import folded

MOST_ROWS = 24
SAME = 0.05  # below this a change is not seen in a table of one decimal


@dataclass(frozen=True)
class Change:
    """The digits of one entry in one precision, before and after; None where undefined."""

    point: str
    precision: str
    entry: str
    old: float | None
    new: float | None

    @property
    def gained(self) -> float:
        """Digits gained, negative if lost; an undefined result has none."""
        return (self.new or 0.0) - (self.old or 0.0)

    @override
    def __str__(self) -> str:
        old, new = ("NaN" if x is None else f"{x:.1f}" for x in (self.old, self.new))
        place = f" at {self.point}" if self.point else ""
        return f"{self.entry} in {self.precision}{place} ({old} → {new})"

    @property
    def is_lost(self) -> bool:
        """Tell whether it was defined and is not any more."""
        return self.new is None and self.old is not None


@dataclass(frozen=True)
class Differences:
    """What changed between two reports; printed, it is a table."""

    function: str
    old: str
    new: str
    changes: tuple[Change, ...]
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()

    def worse(self, allowed: float = 0.0) -> tuple[Change, ...]:
        """Return what lost more digits than allowed, or is undefined now, the worst first."""
        found = [c for c in self.changes if c.is_lost or -c.gained > allowed + 1e-9]
        return tuple(sorted(found, key=lambda c: (not c.is_lost, c.gained)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        return {
            "version": 1,
            "function": self.function,
            "old": self.old,
            "new": self.new,
            "changes": [{**vars(c), "gained": c.gained} for c in self.changes],
            "only_old": list(self.only_old),
            "only_new": list(self.only_new),
        }

    @override
    def __str__(self) -> str:
        return shown(self)


def differences(old: str, new: str) -> Differences:
    """Read two reports and return what changed.

    Raises `NoReport` for a file that holds none, and `OtherReport` where the functions or the
    points differ or nothing was asked in both.
    """
    before, after = read(old), read(new)
    for what, first, second in zip(before._fields, before[:3], after[:3], strict=False):
        if first != second:
            raise OtherReport(old=old, new=new, what=f"the {what} is {first}, then {second}")
    left, right = before.digits, after.digits
    both = [key for key in left if key in right]
    if not both:
        raise OtherReport(old=old, new=new, what="no precision and entry is in both")
    changes = tuple(Change(*key, left[key], right[key]) for key in both)
    gone = tuple(_named(key) for key in left if key not in right)
    come = tuple(_named(key) for key in right if key not in left)
    call = f"{before.function}({before.point})"
    return Differences(call, old, new, changes, gone, come)


def _named(key: Key) -> str:
    point, precision, entry = key
    return f"{precision} {entry}" + (f" at {point}" if point else "")


def shown(found: Differences) -> str:
    """Return the report of what changed: a table, then a sentence for each precision."""
    by_row: dict[tuple[str, str], dict[str, Change]] = {}
    for change in found.changes:
        by_row.setdefault((change.point, change.entry), {})[change.precision] = change
    rows = sorted(by_row, key=lambda row: -_largest(by_row[row].values()))[:MOST_ROWS]
    rows = [row for row in by_row if row in set(rows)]
    precisions = list(dict.fromkeys(change.precision for change in found.changes))
    labels = {row: f"{row[1]} at {row[0]}" if row[0] else row[1] for row in rows}
    width = max(len(label) for label in labels.values())
    lines = [*folded(found.function), *folded(f"digits right: {found.old} → {found.new}")]
    lines.append(" " * (width + 2) + "".join(f"{name:>20}" for name in precisions))
    for row in rows:
        cells = (_cell(by_row[row].get(name)) for name in precisions)
        lines.append(f"  {labels[row]:<{width}}" + "".join(f"{cell:>20}" for cell in cells))
    hidden = len(by_row) - len(rows)
    lines += [f"({hidden} more entries changed no more than these)"] if hidden else []
    lines += [line for text in _sentences(found, precisions) for line in folded(text)]
    return "\n".join(line.rstrip() for line in lines)


def _largest(changes: Iterable[Change]) -> float:
    return max(1e9 if change.is_lost else abs(change.gained) for change in changes)


def _cell(change: Change | None) -> str:
    if change is None:
        return ""
    old, new = ("NaN" if x is None else f"{x:.1f}" for x in (change.old, change.new))
    sign = "=" if abs(change.gained) < SAME else f"{change.gained:+.1f}".replace("-", "−")
    return f"{old} → {new} {sign:>5}"


def _sentences(found: Differences, precisions: Sequence[str]) -> Iterator[str]:
    for name in precisions:
        changes = [change for change in found.changes if change.precision == name]
        lost = min(changes, key=lambda change: (not change.is_lost, change.gained))
        won = max(changes, key=lambda change: change.gained)
        parts = [f"{won.entry} gained {won.gained:.1f} digits"] if won.gained >= SAME else []
        if lost.is_lost:
            parts.append(f"{lost.entry} is undefined now (NaN)")
        elif lost.gained <= -SAME:
            parts.append(f"{lost.entry} lost {-lost.gained:.1f} digits")
        yield f"{name}: {' and '.join(parts) if parts else 'nothing changed'}."
    for names, file in ((found.only_old, found.old), (found.only_new, found.new)):
        if names:
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            yield f"Only in {file}: {', '.join(names[:6])}{more}."
