"""What the templates of a page show of several points: the fewest digits, and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from typedgrad.report.several import worst_of
from typedgrad.report.views import (
    KINDS,
    MOST,
    MOST_TILES,
    SAID,
    Grid,
    Line,
    Tile,
    Verdict,
    grid_view,
    mark_of,
    tile,
)

if TYPE_CHECKING:
    from typedgrad.several import Several, Spread

LISTED = 20


class Amount(NamedTuple):
    """Worst and median digits of one entry in one precision, and where the worst is."""

    worst: str
    median: str
    where: str
    mark: str
    kind: str
    said: str


class Survey(NamedTuple):
    """The table of several points, and the grid of each of the first of them."""

    caption: str
    heads: list[tuple[str, str]]
    rows: list[tuple[str, list[Amount]]]
    hidden: int
    remarks: list[str]
    points: list[tuple[str, Grid]]
    unlisted: int


def amount(worst: float | None, median: float | None, where: str) -> Amount:
    """Return worst and median digits as texts with their mark."""
    mark = mark_of(worst)
    low, middle = ("NaN" if x is None else f"{x:.1f}" for x in (worst, median))
    return Amount(low, middle, where, mark, KINDS[mark], SAID[mark])


def several_verdict(found: Several[Any]) -> Verdict:
    """Return where paths part, then one sentence for each precision."""
    parted = [
        f"{part}, at {point.point.call}"
        for point in found.points
        for part in point.branches.differences
    ]
    more = [f"Paths part {len(parted) - LISTED} times more."] if len(parted) > LISTED else []
    lines: list[Line] = []
    for name in found.precisions:
        mark = mark_of(found.worst(name)[1].worst)
        lines.append(Line(KINDS[mark], mark, worst_of(found, name)))
    return Verdict([*parted[:LISTED], *more], lines, _tiles(found))


def _tiles(found: Several[Any]) -> list[Tile]:
    """Return the fewest digits of each precision, and of what and where they are."""
    caps = {column.name: column.cap for column in found.points[0].columns}
    tiles: list[Tile] = []
    for name in found.precisions[:MOST_TILES]:
        label, spread = found.worst(name)
        where = f"fewest in {label} at {found.points[spread.at].point.call}"
        tiles.append(tile(name, spread.worst, caps[name], where))
    return tiles


def survey(found: Several[Any]) -> Survey:
    """Return what is shown of several points."""
    labels = list(dict.fromkeys(x for row in found.spreads.values() for x in row))
    kept = labels[:MOST]
    rows = [(x, [_amount(found, found.spreads[n].get(x)) for n in found.precisions]) for x in kept]
    first = found.points[0]
    return Survey(
        caption=f"Fewest and middle digits over {len(found.points)} points; reference at the first:"
        f" {first.reference}.",
        heads=[(c.name, f"holds {c.cap:.1f} digits, {c.bits} bits") for c in first.columns],
        rows=rows,
        hidden=len(labels) - len(kept),
        remarks=[],
        points=[(point.point.call, grid_view(point)) for point in found.points[:LISTED]],
        unlisted=max(0, len(found.points) - LISTED),
    )


def _amount(found: Several[Any], spread: Spread | None) -> Amount:
    if spread is None:
        return amount(None, None, "")
    return amount(spread.worst, spread.median, found.points[spread.at].point.call)
