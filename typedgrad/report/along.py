"""What the templates of a page show of a sweep: digits by entry, curves, histograms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from typedgrad.report.surveys import Amount, amount
from typedgrad.report.svg import STYLES, Axis, Band, columns, curve
from typedgrad.report.views import KINDS, MOST, MOST_TILES, Line, Tile, mark_of, tile

if TYPE_CHECKING:
    from typedgrad.sweeping.spreads import Curve, Summary
    from typedgrad.sweeping.swept import Sweep

MOST_CURVES = 4


class Drawn(NamedTuple):
    """Digits along one input: the picture, and its numbers as rows."""

    title: str
    picture: Markup
    heads: list[str]
    rows: list[list[str]]


class Bars(NamedTuple):
    """The histogram of one precision, and how many points came out in which way."""

    name: str
    picture: Markup
    counts: str
    last: int


class Along(NamedTuple):
    """Everything about a sweep."""

    parted: list[str]
    tiles: list[Tile]
    lines: list[Line]
    caption: str
    heads: list[tuple[str, str]]
    rows: list[tuple[str, list[Amount]]]
    hidden: int
    curves: list[Drawn]
    bars: list[Bars]
    remarks: list[str]


def along(found: Sweep) -> Along:
    """Return what is shown of a sweep."""
    names = found.precisions
    parted = [
        f"{name} takes another path than the reference at {part.points:,} of {found.size:,} points,"
        f" first at {place(part.where)}: {part.place}  {part.test}  is {part.here} in {name}."
        for name, part in found.apart.items()
    ]
    if not found.is_complete:
        parted.append(f"Not finished: {found.size:,} of {found.total:,} points are done.")
    lines = [_line(name, found.summary(name), found.caps[name]) for name in names if found.size]
    kept = found.entries[:MOST]
    shown = found.size > 0
    return Along(
        parted,
        [_tile(found, name) for name in names[:MOST_TILES]] if found.size else [],
        lines,
        caption=f"Fewest and middle digits over {found.size:,} points, and where the fewest are.",
        heads=[(name, f"holds {found.caps[name]:.1f} digits") for name in names],
        rows=[(x, [_amount(found.summary(n, x)) for n in names]) for x in kept] if shown else [],
        hidden=len(found.entries) - len(kept),
        curves=_curves(found) if shown else [],
        bars=[_bars(found, k) for k in range(len(names))] if shown else [],
        remarks=_remarks(found),
    )


def place(where: dict[str, str]) -> str:
    """Return a point as 'x=1, y=2'."""
    return ", ".join(f"{name}={text}" for name, text in where.items())


def called(found: Sweep) -> str:
    """Return the call with its ranges, as a title."""
    ranges = [f"{axis.name}={axis.text}" for axis in found.axes]
    fixed = [f"{name}={text}" for name, text in found.fixed.items()]
    return f"{found.function}({', '.join(ranges + fixed)})"


def _tile(found: Sweep, name: str) -> Tile:
    whole = found.summary(name)
    where = f"fewest at {place(whole.where)}" if whole.worst is not None else "at no point"
    return tile(name, whole.worst, found.caps[name], where)


def _line(name: str, whole: Summary, cap: float) -> Line:
    mark = mark_of(whole.worst)
    if whole.worst is None or whole.median is None:
        return Line(KINDS[mark], mark, f"{name} has no digits at any point.")
    text = f"{name}: at least {whole.worst:.1f} of {cap:.1f} digits, fewest at {place(whole.where)}"
    missing = f"; {whole.undefined:,} points have none" if whole.undefined else ""
    return Line(
        KINDS[mark], mark, f"{text}; half of the points have {whole.median:.1f} or more{missing}."
    )


def _amount(x: Summary) -> Amount:
    return amount(x.worst, x.median, place(x.where))


def _curves(found: Sweep) -> list[Drawn]:
    some = [axis for axis in found.axes if len(set(found.points[axis.name].tolist())) > 1]
    return [
        _drawn(found, found.curve(axis.name), axis.is_log, bool(axis.listed))
        for axis in some[:MOST_CURVES]
    ]


def _drawn(found: Sweep, of: Curve, is_log: bool, is_list: bool) -> Drawn:
    """Return the picture of one curve: a band from the worst to the median of each bin."""
    name = f"{of.name}, by place in its list" if is_list else of.name
    log = is_log and of.starts[0] > 0
    axis = Axis(name, of.starts[0], of.ends[-1], log)
    spans = [*zip(of.starts, of.ends, strict=True)]
    middles = [math.sqrt(a) * math.sqrt(b) if log else a / 2 + b / 2 for a, b in spans]
    bands = [
        Band(p, found.caps[p], [*zip(middles, of.worst[p], of.median[p], strict=True)])
        for p in found.precisions
    ]
    title = f"Digits right along {name}, the least of value and partials"
    ends = "; ".join(_range(p, of) for p in found.precisions)
    rows = [
        [f"{a:.6g}" if a == b else f"{a:.6g} to {b:.6g}", *(_pair(of, p, k) for p in of.worst)]
        for k, (a, b) in enumerate(spans)
    ]
    picture = curve(bands, axis, f"{title}: {ends}")
    return Drawn(title, picture, [of.name, *(f"{p}: fewest, middle" for p in of.worst)], rows)


def _range(name: str, of: Curve) -> str:
    known = [x for x in of.worst[name] if x is not None]
    return f"{name} from {min(known):.1f} to {max(known):.1f}" if known else f"{name} unknown"


def _pair(of: Curve, name: str, k: int) -> str:
    low, middle = of.worst[name][k], of.median[name][k]
    return "–" if low is None or middle is None else f"{low:.1f}, {middle:.1f}"


def _bars(found: Sweep, k: int) -> Bars:
    name = found.precisions[k]
    counts = found.summary(name).histogram
    total = sum(counts) or 1
    shares = ", ".join(f"{j} digits {100 * n / total:.3g} %" for j, n in enumerate(counts) if n)
    states = [f"{n:,} {state}" for state, n in found.counts(name).items() if n]
    title = f"Points of {name} by whole digits right: {shares}"
    return Bars(name, columns(counts, title, STYLES[k % 5]), ", ".join(states), len(counts) - 1)


def _remarks(found: Sweep) -> list[str]:
    remarks = [
        f"{found.function} raised in {name}, first at {place(where)}: {what}"
        for name, (where, what) in found.raised.items()
    ]
    if found.unsettled:
        remarks.append(
            f"The reference is not settled at {found.unsettled:,} points; only the digits on which"
            " its two widest runs agree are counted there."
        )
    return [*remarks, *found.notes]
