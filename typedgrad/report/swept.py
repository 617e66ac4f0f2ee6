"""A sweep as text: digits by entry, histogram by whole digits, and the curve along each input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from typedgrad.report.text import BAR, FEW, GOOD, MOST_NOTES, NONE, cell_of, folded, is_whole

if TYPE_CHECKING:
    from typedgrad.sweeping.spreads import Curve, Summary
    from typedgrad.sweeping.swept import Sweep

MOST_ENTRIES, MOST_CURVES = 16, 4
LEVELS = " ▁▂▃▄▅▆▇█"
SHADE = "░"
HEIGHT, COLUMNS = 4, 64


def table(found: Sweep, bar: float = BAR) -> str:
    """Return the report of a sweep, at most 100 columns wide."""
    lines = [line for remark in _first(found) for line in folded(remark)]
    lines += _header(found)
    if found.size:
        lines += [*_entries(found, bar), *_histogram(found)]
        for axis in found.axes[:MOST_CURVES]:
            if len(set(found.points[axis.name].tolist())) > 1:
                lines += _curve(found, found.curve(axis.name))
    lines += [line for remark in _remarks(found) for line in folded(remark)]
    lines += [line for remark in _verdicts(found) for line in folded(remark)]
    return "\n".join(line.rstrip() for line in lines)


def at(where: dict[str, str]) -> str:
    """Return a point as 'x=1, y=2'."""
    return ", ".join(f"{name}={text}" for name, text in where.items())


def points(count: int) -> str:
    """Return '1 point' or '1,000 points'."""
    return f"{count:,} point" if count == 1 else f"{count:,} points"


def _first(found: Sweep) -> list[str]:
    """Return what must be known before all else: paths that part, and what is not done."""
    lines = [
        f"{name} takes another path than the reference at {points(part.points)}, first at"
        f" {at(part.where)}: {part.place}  {part.test}  is {part.here} in {name}. The judge follows"
        f" the path of {name} there."
        for name, part in found.apart.items()
    ]
    if not found.is_complete:
        lines.append(f"Not finished: {found.size:,} of {found.total:,} points are done.")
    return lines


def _header(found: Sweep) -> list[str]:
    ranges = ", ".join(f"{axis.name}={axis.text}" for axis in found.axes)
    fixed = "".join(f", {name}={text}" for name, text in found.fixed.items())
    random = f", random with seed {found.seed}" if found.samples is not None else ""
    caps = " / ".join(f"{cap:.1f}" for cap in found.caps.values())
    judges = sorted(found.judges.items(), key=lambda item: -item[1])
    judge = ", ".join(f"{name} ({points(count)})" for name, count in judges)
    right = f"reference: {judge or 'none'}; digits right, of {caps}"
    call = f"{found.function}({ranges}{fixed})"
    return [*folded(f"{call}: {points(found.size)}{random}"), *folded(right)]


def _entries(found: Sweep, bar: float) -> list[str]:
    """Return the table: worst and median digits of each entry in each precision."""
    summaries = {
        entry: {name: found.summary(name, entry) for name in found.precisions}
        for entry in found.entries
    }
    shown = _shown(summaries)
    width = max(map(len, shown))
    lines = [" " * (width + 2) + "".join(f"{name:>23}" for name in found.precisions)]
    heads = f"{'worst':>13}{'median':>10}"
    lines.append(" " * (width + 2) + heads * len(found.precisions))
    for entry in shown:
        row = summaries[entry].values()
        cells = (f"{cell_of(x.worst, bar):>13}{cell_of(x.median, bar):>10}" for x in row)
        lines.append(f"  {entry:<{width}}" + "".join(cells))
    hidden = len(summaries) - len(shown)
    marks = f"{GOOD} {bar:g} digits or more   {FEW} fewer   {NONE} below 1"
    more = f"({hidden} more partials have no fewer digits at their worst than these)"
    return [*lines, marks, *([more] if hidden else [])]


def _shown(summaries: dict[str, dict[str, Summary]]) -> list[str]:
    """Return the entries to show: all, or the value and the worst where there are too many."""
    labels = list(summaries)
    if len(labels) <= MOST_ENTRIES:
        return labels

    def least(label: str) -> float:
        return min(-1.0 if x.worst is None else x.worst for x in summaries[label].values())

    worst = sorted(labels[1:], key=least)[: MOST_ENTRIES - 1]
    return [label for label in labels if label == labels[0] or label in worst]


def _histogram(found: Sweep) -> list[str]:
    """Return bars and percentages of the points by whole digits, the least of all entries."""
    width = max(map(len, found.precisions))
    counts = {name: found.summary(name).histogram for name in found.precisions}
    most = max(map(len, counts.values()))
    lines = ["Points in per cent by whole digits right, the least of value and partials:"]
    lines.append(" " * (width + 2) + "".join(f"{k:>4}" for k in range(most)))
    for name, row in counts.items():
        total = sum(row)
        if total:
            shares = [100 * count / total for count in row]
            lines.append(f"  {name:<{width}}" + "".join(f"{_share(x):>4}" for x in shares))
            bars = "".join(f"{_level(x / 100) * 3:>4}" for x in shares)
            lines.append(" " * (width + 2) + bars)
    return lines


def _share(percent: float) -> str:
    if not percent:
        return "."
    return "<1" if percent < 1 else ">99" if 99.5 <= percent < 100 else f"{percent:.0f}"


def _level(share: float) -> str:
    return LEVELS[min(8, int(share * 8) + 1)] if share else " "


def _curve(found: Sweep, curve: Curve) -> list[str]:
    """Return a band for each precision: solid up to the worst digits, shaded up to the median."""
    axis = next(axis for axis in found.axes if axis.name == curve.name)
    low, high = axis.shown(curve.starts[0]), axis.shown(curve.ends[-1])
    wide = max(1, COLUMNS // len(curve.starts))
    lines = [
        f"Digits along {curve.name}, the least of value and partials:"
        f" {LEVELS[-1]} worst  {SHADE} median"
    ]
    for name in found.precisions:
        cap = found.caps[name]
        rows = _band(curve.worst[name], curve.median[name], cap)
        for k, row in enumerate(rows):
            label = (name, "", "", "")[k] if k < HEIGHT else ""
            tick = f"{cap:.1f}" if k == 0 else "0" if k == HEIGHT - 1 else ""
            shown = "".join(cell * wide for cell in row)
            lines.append(f"  {label:<11}{tick:>5} ┤{shown}")
    gap = max(2, len(curve.starts) * wide - len(low) - len(high))
    lines.append(" " * 19 + low + " " * gap + high)
    return lines


def _band(worst: Sequence[float | None], median: Sequence[float | None], cap: float) -> list[str]:
    """Return the rows of one band, from above."""
    rows: list[str] = []
    for k in reversed(range(HEIGHT)):
        cells = (_band_cell(low, middle, k, cap) for low, middle in zip(worst, median, strict=True))
        rows.append("".join(cells))
    return rows


def _band_cell(low: float | None, middle: float | None, row: int, cap: float) -> str:
    if low is None or middle is None:
        return "?" if row == 0 else " "
    solid = low / cap * HEIGHT - row
    if solid >= 1 / 16:
        return LEVELS[max(1, min(8, round(solid * 8)))]
    return SHADE if middle / cap * HEIGHT - row >= 1 / 2 else " "


def _remarks(found: Sweep) -> list[str]:
    """Return what is to be said about numbers that did not come out, and about the judge."""
    remarks = _merged([(name, _odd(found, name)) for name in found.precisions], "{names}: {text}")
    remarks += _merged(
        [(name, f"first at {at(where)}: {what}") for name, (where, what) in found.raised.items()],
        f"{found.function} raised in {{names}}, {{text}}",
    )
    if found.unsettled:
        remarks.append(
            f"The reference is not settled at {points(found.unsettled)}: no digits beyond those"
            " that its two widest runs share are counted there."
        )
    hidden = len(found.notes) - MOST_NOTES
    return remarks + list(found.notes[:MOST_NOTES]) + ([f"... {hidden} more"] if hidden > 0 else [])


def _merged(pairs: list[tuple[str, str]], shape: str) -> list[str]:
    """Return each text once, with the names of all precisions that it holds for."""
    names: dict[str, list[str]] = {}
    for name, text in pairs:
        names.setdefault(text, []).append(name)
    return [shape.format(names=together(own), text=text) for text, own in names.items() if text]


def together(names: Sequence[str]) -> str:
    """Return 'a', 'a and b' or 'a, b and c'."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _odd(found: Sweep, name: str) -> str:
    """Return how many points did not come out as finite numbers; '' if all did."""
    counts = found.counts(name)
    odd = [f"{counts[x]:,} {x}" for x in ("NaN", "infinite", "raised") if counts[x]]
    if not odd:
        return ""
    undefined = found.summary(name).undefined - counts["raised"]
    too = f"; at {undefined:,} the reference is NaN too" if undefined > 0 else ""
    return f"{counts['valid']:,} points valid, {', '.join(odd)}{too}."


def _verdicts(found: Sweep) -> list[str]:
    """Return one sentence about each precision."""
    if not found.size:
        return []
    return [_verdict(found, name) for name in found.precisions]


def _verdict(found: Sweep, name: str) -> str:
    whole, cap, point = found.summary(name), found.caps[name], found.worst_point(name)
    if whole.worst is None or point is None:
        return f"{name} has no digits anywhere: every point is undefined or raised."
    every = "at every point" if not whole.undefined else "wherever it has digits"
    if is_whole(whole.worst, cap):
        return f"{name} holds all of its {cap:.1f} digits {every}."
    entry = next(x for x, row in found.digits[name].items() if row[point] == whole.worst)
    place = f"at {at(whole.where)}"
    if whole.worst < 1:
        return f"{name}: no digit of {entry} is right {place}."
    least = f"(least: {entry} {place})"
    return f"{name} holds {whole.worst:.1f} of {cap:.1f} digits {every} {least}."
