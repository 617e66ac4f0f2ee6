"""Several points of one comparison as one table: the fewest digits, and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typedgrad.report.text import (
    BAR,
    FEW,
    GOOD,
    MOST_ROWS,
    NONE,
    cell_of,
    folded,
    is_whole,
    unshown,
)

if TYPE_CHECKING:
    from typedgrad.several import Several


def table_of_several(found: Several, bar: float = BAR) -> str:
    """Return the report of several points: the fewest digits, the middle ones, and where."""
    lines = [line for text in _partings(found) for line in folded(text)]
    columns = found.points[0].columns
    caps = " / ".join(f"{column.cap:.1f}" for column in columns)
    judges = [point.reference for point in found.points]
    judge = f"{judges[0].judge}, {max(each.bits for each in judges)} bits"
    judge += ", proved" if all(each.proved for each in judges) else ""
    head = f"{found.function} at {len(found.points)} points; reference: {judge}"
    lines += folded(f"{head}; digits right, of {caps}")
    labels = list(dict.fromkeys(name for column in found.digits.values() for name in column))
    ranked = sorted(labels[1:], key=lambda label: _least_of(found, label))
    first = dict.fromkeys([labels[0], *(found.worst(name)[0] for name in found.precisions)])
    kept = list(first | dict.fromkeys(ranked))[:MOST_ROWS]
    width = max(map(len, kept))
    lines.append(" " * (width + 2) + "".join(f"{name:>18}" for name in found.precisions))
    for label in [label for label in labels if label in kept]:
        cells = "".join(f"{_spread(found, name, label, bar):>18}" for name in found.precisions)
        lines.append(f"  {label:<{width}}{cells}")
    if len(kept) < len(labels):
        lines.append(f"({unshown(len(labels) - len(kept))})")
    lines.append(
        f"fewest over the points (and median)   {GOOD} {bar:g} digits or more   {FEW} fewer"
        f"   {NONE} below 1"
    )
    lines += [line for name in found.precisions for line in folded(worst_of(found, name, bar))]
    return "\n".join(line.rstrip() for line in lines)


def worst_of(found: Several, precision: str, bar: float = BAR) -> str:
    """Return where a precision has the fewest digits of all points, in one sentence."""
    entry, spread = found.worst(precision)
    point = found.points[spread.at]
    cap = point.column(precision).cap
    short, strayed = _short(found, precision, bar)
    count = len(found.points)
    far = f"; fewer than {bar:g} on the path of exact numbers at {strayed} of {count} points"
    more = far if strayed else ""
    has = (
        "is undefined (NaN)"
        if spread.worst is None
        else f"has {spread.worst:.1f} of {cap:.1f} digits"
    )
    if spread.worst is not None and is_whole(spread.worst, cap):
        parted = any(each.column(precision).parted.startswith("on ") for each in found.points)
        path = ", on the paths that it took" if parted else ""
        return f"{precision} holds all of its {cap:.1f} digits at every point{path}{more}."
    many = f"; fewer than {bar:g} at {short} of {count} points" if short else ""
    return f"{precision}: {entry} {has} at {point.point.call}{many}{more}."


def _short(found: Several, precision: str, bar: float) -> tuple[int, int]:
    """Return at how many points digits are too few, and at how many more on exact numbers' path."""
    least = [each.column(precision).worst[1] for each in found.points]
    short = sum(digits is None or digits < bar for digits in least)
    return short, found.short(precision, bar) - short


def _partings(found: Several) -> list[str]:
    """Return for each precision that leaves the path of the reference the first point and test."""
    texts: list[str] = []
    for name in found.precisions:
        parted = [
            (point.point.call, part)
            for point in found.points
            for part in point.branches.differences
            if part.precision == name
        ]
        if parted:
            call, part = parted[0]
            more = f" and at {len(parted) - 1} more" if len(parted) > 1 else ""
            texts.append(f"{part}, at {call}{more}")
    return texts


def _least_of(found: Several, label: str) -> float:
    spreads = [found.spreads[name].get(label) for name in found.precisions]
    return min(99.0 if s is None else -1.0 if s.worst is None else s.worst for s in spreads)


def _spread(found: Several, precision: str, label: str, bar: float) -> str:
    spread = found.spreads[precision].get(label)
    if spread is None:
        return ""
    middle = "NaN" if spread.median is None else f"{spread.median:.1f}"
    return f"{cell_of(spread.worst, bar)} ({middle})"
