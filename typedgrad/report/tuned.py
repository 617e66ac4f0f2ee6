"""What the templates of a page show of a tuning: candidates, what was run, what it gained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from typedgrad.report.svg import Axis, Band, curve
from typedgrad.report.text import GOOD, NONE
from typedgrad.report.views import KINDS, MOST, Line

if TYPE_CHECKING:
    from typedgrad.advice import Candidate, Outcome, Tuning


class Advice(NamedTuple):
    """One candidate as texts."""

    name: str
    where: str
    estimate: str
    signed: str
    measured: str
    ratio: str
    kind: str
    mark: str
    reason: str


class Tuned(NamedTuple):
    """Everything about a tuning."""

    lines: list[Line]
    question: str
    rows: list[Advice]
    hidden: int
    picture: Markup
    stages: list[tuple[str, str, str, str]]
    narrow: str


def tuned(found: Tuning) -> Tuned:
    """Return what is shown of a tuning."""
    shown = found.candidates[:MOST]
    how = "computed" if found.computed else "stored"
    question = (
        f"Which values of {found.wide} may be {how} in {found.narrow}, if {', '.join(found.labels)}"
        f" must stay within {found.budget}? Candidates are taken by {found.by}; an estimate"
        " proposes, a run decides."
    )
    return Tuned(
        lines=_lines(found),
        question=question,
        rows=[_row(x) for x in shown],
        hidden=len(found.candidates) - len(shown),
        picture=_picture(found),
        stages=[_stage(x.added, x.share, x.outcome) for x in found.stages[:MOST]],
        narrow=found.narrow,
    )


def size(x: float | None) -> str:
    """Return an error as text, '–' for one that was not measured."""
    if x is None:
        return "–"
    return f"{x:.2e}".replace("-", "−") if x else "0"


def _lines(found: Tuning) -> list[Line]:
    names, whole = found.accepted, found.whole
    if not whole.fits:
        return [_line(f"{found.wide} itself misses the budget", whole)]
    said = (
        f"May be {found.narrow}: {', '.join(names)}" if names else f"Nothing may be {found.narrow}"
    )
    share = f"{100 * found.share:.1f} % of all values"
    kind = KINDS[GOOD if names else NONE]
    first = Line(kind, GOOD if names else NONE, f"{said} ({share})." if names else f"{said}.")
    run = f"Run with all {len(names)} accepted" if names else "Run with none accepted"
    return [first, _line(run, found.together)]


def _line(what: str, run: Outcome) -> Line:
    mark = GOOD if run.fits else NONE
    compared = "≤" if run.error <= run.tolerance else ">"
    text = f"{what}: error {size(run.error)} {compared} {size(run.tolerance)} allowed, {run.spot}"
    parting = f"; another path: {run.parting}" if run.parting else ""
    return Line(KINDS[mark], mark, f"{text}{parting}: {'PASS' if run.fits else 'FAIL'}")


def _row(x: Candidate) -> Advice:
    ratio = x.ratio
    shown = "–" if ratio is None else "∞" if math.isinf(ratio) else f"{ratio:.3g}"
    mark = GOOD if x.accepted else NONE
    place = " ".join(part for part in (x.where, x.source.strip()) if part)
    sizes = (size(x.estimate), size(x.signed), size(x.measured))
    return Advice(x.name, place, *sizes, shown, KINDS[mark], mark, x.reason)


def _stage(added: str, share: float, run: Outcome) -> tuple[str, str, str, str]:
    name = added or "nothing"
    return name, f"{100 * share:.1f} %", f"{run.digits:.1f}", "yes" if run.fits else "no"


def _picture(found: Tuning) -> Markup:
    """Return the digits that are left as more and more values are narrow."""
    steps = [(100 * x.share, x.outcome.digits) for x in found.stages]
    known = [(x, y) for x, y in steps if math.isfinite(y)]
    if len(known) < 2:
        return Markup("")
    top = max(y for _, y in known)
    ends = f"from {known[0][1]:.1f} to {known[-1][1]:.1f}"
    band = Band("digits left", max(top, 1.0), [(x, y, y) for x, y in sorted(known)])
    axis = Axis(f"per cent of all values in {found.narrow}", 0.0, max(100.0, known[-1][0]))
    return curve(
        [band], axis, f"Digits right as candidates become {found.narrow}, {ends}", dots=True
    )
