"""The comparison itself: one function in several precisions, judged by the reference."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from typedgrad.errors import FunctionRaised, Unreadable
from typedgrad.findings import Branches, Column, Digits, Findings, Rounding
from typedgrad.grading import graded
from typedgrad.judge import JUDGING
from typedgrad.numbers import NumberSystem
from typedgrad.points import Point, system
from typedgrad.report.several import table_of_several
from typedgrad.report.text import fewest, painted, table
from typedgrad.runs import Run, runs_of
from typedgrad.several import Several

PATHS = ("run", "own")


@dataclass(frozen=True)
class Comparison(Findings):
    """What `compare` found; printed, it is a table.

    `digits["float32"]["d/dx"]` is the number of right decimal digits, from 0 to what the
    precision holds, or None where value and truth are both undefined.
    """

    @override
    def __str__(self) -> str:
        return table(self)

    @override
    def __repr__(self) -> str:
        worst = {column.name: column.worst[1] for column in self.columns}
        return f"<comparison of {self.point.call}: {fewest(worst)}>"

    def __rich__(self) -> object:
        """Return the table with colours, for rich."""
        return painted(str(self))

    def _repr_html_(self) -> str:
        """Return the tables as a notebook shows them."""
        from typedgrad.report.html import fragment

        return fragment(self)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write one page that needs no network and no script; `FileNotWritten` if it cannot be."""
        from typedgrad.report.files import write_text
        from typedgrad.report.html import comparison_page

        write_text(path, comparison_page(self))


@dataclass(frozen=True)
class Comparisons(Several[Comparison]):
    """What `compare` found at several points; printed, it is one table.

    `digits["float32"]["d/dx"]` is the number of right digits at the point where it is least;
    `points` has the comparison at each.
    """

    @override
    def __str__(self) -> str:
        return table_of_several(self)

    @override
    def __repr__(self) -> str:
        worst = {name: self.worst(name)[1].worst for name in self.precisions}
        return f"<comparison of {self.function} at {len(self.points)} points: {fewest(worst)}>"

    def _repr_html_(self) -> str:
        """Return the table as a notebook shows it."""
        from typedgrad.report.html import plain

        return plain(self)

    def __rich__(self) -> object:
        """Return the table with colours, for rich."""
        return painted(str(self))


def compared_at(
    f: Callable[..., Any],
    points: Sequence[Point],
    precisions: Sequence[str | NumberSystem[Any]],
    path: str = "run",
) -> Comparisons:
    """Run f at each of some points; an error of f itself names the point."""
    found: list[Comparison] = []
    for point in points:
        try:
            found.append(compared(f, point, precisions, path))
        except FunctionRaised as error:
            raise FunctionRaised(**(error.facts | {"function": point.call})) from error
    return Comparisons(points[0].function, tuple(found))


def compared(
    f: Callable[..., Any],
    point: Point,
    precisions: Sequence[str | NumberSystem[Any]],
    path: str = "run",
) -> Comparison:
    """Run f at a point in each precision and in the reference, and count digits."""
    systems = list({x.name: x for x in map(system, precisions)}.values())
    if not systems:
        raise Unreadable(what="the precisions", text="none", hint="name at least one")
    if path not in PATHS:
        raise Unreadable(what="a path", text=repr(path), hint=f"choose from {', '.join(PATHS)}")
    runs, remarks = runs_of(f, point, systems, path == "own")
    with JUDGING:
        columns = tuple(_column(point, run) for run in runs)
    widest = max(runs, key=lambda run: run.numbers.bits)
    parted = tuple(run.difference for run in runs if run.difference)
    branches = Branches(widest.tests, parted)
    return Comparison(point.function, point, widest.reference, columns, branches, remarks)


def _column(point: Point, run: Run) -> Column:
    numbers, verdict = run.numbers, run.verdict
    entries = {
        name: graded(
            x,
            verdict.results[name],
            numbers,
            verdict.numbers,
            verdict.stands[name],
            run.scales.get(name),
        )
        for name, x in run.results.items()
    }
    alike = numbers.bits == 53 and numbers.name.startswith("longdouble")
    rounding = _rounding(point, run)
    facts = (numbers.name, numbers.bits, numbers.digits, entries, rounding, alike)
    parted = run.difference.judged.removeprefix("judged ") if run.difference else ""
    return Column(*facts, run.reference, parted, _astray(run))


def _astray(run: Run) -> dict[str, Digits]:
    """Return the digits beside the path of exact numbers, for a run that is judged on its own."""
    known = run.straight
    if not run.is_astray:
        return {}
    if known is None:
        return dict.fromkeys(run.results)
    return {
        name: graded(x, known.results[name], run.numbers, known.numbers, known.stands[name]).digits
        for name, x in run.results.items()
    }


def _rounding(point: Point, run: Run) -> Rounding | None:
    changed = [x for x in point.inputs if not x.fits(run.numbers)]
    if not changed:
        return None
    names, shown = tuple(x.name for x in changed), tuple(x.shown for x in changed)
    if run.rounded is None:
        return Rounding(names, shown, None, "")
    truth, wide = run.verdict.results, run.verdict.numbers
    found = {
        name: graded(x, truth[name], run.numbers, wide).digits for name, x in run.rounded.items()
    }
    worst, digits = min(found.items(), key=lambda item: -1.0 if item[1] is None else item[1])
    return Rounding(names, shown, digits, worst, found)
