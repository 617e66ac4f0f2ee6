"""Small pictures as SVG that stands in a page: bars, steps of a waterfall, curves, columns.

Every picture has a name that a screen reader says; colours come from classes of the page's style.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

BAR = Markup(
    '<svg class="bar {kind}" viewBox="0 0 100 8" preserveAspectRatio="none" role="img"'
    ' aria-label="{label}"><rect class="track" width="100" height="8"/>{parts}</svg>'
)
PART = Markup('<rect class="{kind}" x="{x:.2f}" width="{width:.2f}" height="8"/>')
MARK = Markup('<rect class="rule" x="{x:.2f}" y="-2" width="0.4" height="12"/>')
WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 96, 26, 46
STYLES = ("one", "two", "three", "four", "five")


class Band(NamedTuple):
    """One precision along an input: at each x the fewest and the middle digits, where known.

    With `dots` each point is marked.
    """

    name: str
    cap: float
    points: Sequence[tuple[float, float | None, float | None]]
    dots: bool = False


class Axis(NamedTuple):
    """The horizontal axis of a curve: its name, its ends, and whether it is logarithmic."""

    name: str
    low: float
    high: float
    log: bool = False

    def at(self, x: float) -> float:
        """Return where x stands, from 0 at the low end to 1 at the high end."""
        if self.log:
            x, low, high = (math.log10(v) for v in (x, self.low, self.high))
        else:
            low, high = self.low, self.high
        return (x - low) / (high - low) if high > low else 0.5

    def ticks(self) -> list[float]:
        """Return at most eight round numbers between the ends."""
        if self.log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            step = max(1, math.ceil((last - first) / 7))
            return [10.0**k for k in range(first, last + 1, step)] or [self.low, self.high]
        return round_numbers(self.low, self.high)


def bar(parts: Sequence[tuple[str, float]], label: str, kind: str = "") -> Markup:
    """Return a bar filled from the left by parts, each a class and a fraction of the whole."""
    found, at = Markup(""), 0.0
    for name, fraction in parts:
        width = min(max(100 * fraction, 0.0), 100 - at)
        found += PART.format(kind=name, x=at, width=width)
        at += width
    return BAR.format(kind=kind, label=label, parts=found)


def step(start: float, end: float, low: float, high: float, label: str) -> Markup:
    """Return one step of a waterfall, from one running sum to the next on the scale low..high.

    Thin rules stand at 0 and at 1, the whole of what is explained.
    """
    span = (high - low) or 1.0
    left, right = sorted((100 * (x - low) / span) for x in (start, end))
    rules = Markup("").join(MARK.format(x=100 * (x - low) / span - 0.2) for x in (0.0, 1.0))
    width = max(right - left, 0.6)
    kind = "up" if end >= start else "down"
    part = PART.format(kind="fill", x=min(left, 99.4), width=width)
    return BAR.format(kind=kind, label=label, parts=part + rules)


def curve(bands: Sequence[Band], axis: Axis, title: str) -> Markup:
    """Return digits along an input: for each precision a line, and a band down to the fewest."""
    top = max((band.cap for band in bands), default=1.0)
    parts = [*_frame(axis, top)]
    ends: list[float] = []
    for number, band in enumerate(bands):
        style = STYLES[number % len(STYLES)]
        parts += _band(band, axis, top, style)
        parts += _dots(band, axis, top, style) if band.dots else []
        parts.append(_name(band, axis, top, style, ends))
    return Markup(
        '<svg class="curve" viewBox="0 0 {w} {h}" role="img" aria-label="{title}">{parts}</svg>'
    ).format(w=WIDTH, h=HEIGHT, title=title, parts=Markup("").join(parts))


def columns(counts: Sequence[int], title: str, kind: str = "one") -> Markup:
    """Return a histogram: one column for each whole number of digits, its count in its title."""
    most = max(counts, default=0) or 1
    wide = 100 / max(len(counts), 1)
    bars = Markup("").join(
        Markup(
            '<rect class="column" x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}">'
            "<title>{k} to {next} digits: {n}</title></rect>"
        ).format(
            x=k * wide + 0.1 * wide,
            y=40 - height,
            w=0.8 * wide,
            h=height,
            k=k,
            next=k + 1,
            n=n,
        )
        for k, n in enumerate(counts)
        if n
        for height in [max(40 * n / most, 0.8)]
    )
    return Markup(
        '<svg class="columns {kind}" viewBox="0 0 100 41" preserveAspectRatio="none" role="img"'
        ' aria-label="{title}"><rect class="base" y="40" width="100" height="1"/>{bars}</svg>'
    ).format(kind=kind, title=title, bars=bars)


def round_numbers(low: float, high: float, most: int = 7) -> list[float]:
    """Return the multiples of 1, 2 or 5 times a power of ten in an interval, at most so many."""
    if not high > low:
        return [low]
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    unit = next(size * k for k in (1, 2, 5, 10, 20) if (high - low) / (size * k) <= most)
    first, last = math.ceil(low / unit - 1e-9), math.floor(high / unit + 1e-9)
    return [k * unit for k in range(first, last + 1)]


def number(x: float) -> str:
    """Return a number of an axis, short."""
    text = f"{x:.4g}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e−").replace("-", "−")


def _x(axis: Axis, x: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * axis.at(x)


def _y(digits: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(max(digits, 0.0), top) / top)


def _frame(axis: Axis, top: float) -> Iterable[Markup]:
    line = Markup('<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>')
    text = Markup('<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{text}</text>')
    for digits in round_numbers(0, top):
        y = _y(digits, top)
        yield line.format(kind="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y)
        yield text.format(x=LEFT - 8, y=y + 4, kind="end", text=number(digits))
    for x in axis.ticks():
        at = _x(axis, x)
        yield line.format(kind="tick", x1=at, x2=at, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM + 5)
        yield text.format(x=at, y=HEIGHT - BOTTOM + 19, kind="middle", text=number(x))
    yield text.format(x=4, y=TOP - 13, kind="strong", text="digits right")
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield text.format(x=middle, y=HEIGHT - 8, kind="middle strong", text=axis.name)


def _band(band: Band, axis: Axis, top: float, style: str) -> Iterable[Markup]:
    """Yield the band and the line of one precision, broken where digits are unknown."""
    for run in _runs(band.points):
        upper = [f"{_x(axis, x):.1f},{_y(mid, top):.1f}" for x, _, mid in run]
        lower = [f"{_x(axis, x):.1f},{_y(low, top):.1f}" for x, low, _ in reversed(run)]
        if len(run) == 1:
            yield from _dots(Band(band.name, band.cap, run), axis, top, style)
            continue
        area, path = " ".join([*upper, *lower]), " ".join(upper)
        yield Markup('<polygon class="area {s}" points="{p}"/>').format(s=style, p=area)
        yield Markup('<polyline class="line {s}" points="{p}"/>').format(s=style, p=path)


def _dots(band: Band, axis: Axis, top: float, style: str) -> Iterable[Markup]:
    dot = Markup('<circle class="dot {s}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
    for x, _, mid in band.points:
        if mid is not None:
            yield dot.format(s=style, x=_x(axis, x), y=_y(mid, top))


def _runs(
    points: Iterable[tuple[float, float | None, float | None]],
) -> list[list[tuple[float, float, float]]]:
    runs: list[list[tuple[float, float, float]]] = [[]]
    for x, low, mid in points:
        if low is None or mid is None:
            runs.append([])
        else:
            runs[-1].append((x, low, mid))
    return [run for run in runs if run]


def _name(band: Band, axis: Axis, top: float, style: str, taken: list[float]) -> Markup:
    """Return the name beside the end of a line, moved where another name stands already."""
    known = [mid for _, _, mid in band.points if mid is not None]
    y = _y(known[-1] if known else 0, top)
    away = 3 if y < HEIGHT / 2 else -3
    while any(abs(y - other) < 15 for other in taken):
        y += away
    taken.append(y)
    return Markup('<text class="name {s}" x="{x}" y="{y:.1f}">{t}</text>').format(
        s=style, x=WIDTH - RIGHT + 8, y=y + 4, t=band.name
    )
