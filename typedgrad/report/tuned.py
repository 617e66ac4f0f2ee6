"""What the templates of a page show of a tuning: candidates, what was run, what it gained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from typedgrad.report.svg import Axis, Band, bar, curve
from typedgrad.report.text import GOOD, NONE
from typedgrad.report.views import KINDS, MOST, Line, Tile

if TYPE_CHECKING:
    from typedgrad.tuning.advice import Budget, Candidate, Outcome, Tuning


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

    tiles: list[Tile]
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
    need = "keep" if found.budget.kind == "digits" else "stay within"
    budget = f"{found.budget.amount:g} digits" if need == "keep" else f"an {found.budget}"
    if found.budget.kind == "relative":
        budget = f"a {found.budget}"
    what = "the value" if found.labels == ("value",) else "the value and every partial"
    question = (
        f"Which values of {found.wide} may be {how} in {found.narrow}, if {what}"
        f" must {need} {budget}? Candidates are taken by {found.by}; an estimate"
        " proposes, a run decides."
    )
    return Tuned(
        tiles=_tiles(found) if found.whole.fits else [],
        lines=_lines(found),
        question=question,
        rows=[_row(x) for x in shown],
        hidden=len(found.candidates) - len(shown),
        picture=_picture(found),
        stages=[_stage(x.added, x.share, x.outcome) for x in found.stages[:MOST]],
        narrow=found.narrow,
    )


def _tiles(found: Tuning) -> list[Tile]:
    """Return how much may be narrow, and the digits that a run with all of it left."""
    run, count = found.together, len(found.accepted)
    kind = KINDS[GOOD if count else NONE]
    share = f"{100 * found.share:.0f} %"
    label = f"{share} of all values"
    part = bar([("fill", found.share)], label, kind)
    names = f"{count} of {len(found.candidates)} candidates accepted"
    mark = GOOD if count else NONE
    cap = max(run.digits, found.whole.digits, 1.0)
    wide = f"{run.digits:.1f}"
    picture = bar([("fill", run.digits / cap)], f"{wide} digits", KINDS[GOOD if run.fits else NONE])
    of = f"digits right, all in {found.wide}: {found.whole.digits:.1f}"
    fits, ok = ("within", GOOD) if run.fits else ("outside", NONE)
    said = f"{fits} the budget, {found.budget}"
    where = f"may be {found.narrow}"
    return [
        Tile(where, share, "of all values", names, mark, kind, "", part),
        Tile("then a run has", wide, of, said, ok, KINDS[ok], "", picture),
    ]


def size(x: float | None) -> str:
    """Return an error as text, '–' for one that was not measured."""
    if x is None:
        return "–"
    return f"{x:.2e}".replace("-", "−") if x else "0"


def _lines(found: Tuning) -> list[Line]:
    names, whole = found.accepted, found.whole
    if whole.is_undefined:
        text = f"The {whole.spot} is undefined (NaN): there are no digits to keep."
        return [Line(KINDS[NONE], NONE, text)]
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
    needed = digits_of(found.budget)
    top = max(1.0, needed or 0.0, *(y for _, y in known))
    ends = f"from {known[0][1]:.1f} to {known[-1][1]:.1f}"
    bands = [Band("", top, [(x, y, y) for x, y in known], dots=True)]
    axis = Axis(f"per cent of all values in {found.narrow}", 0.0, 100.0)
    if needed is not None:
        bands.append(Band("the budget", top, [(0.0, needed, needed), (100.0, needed, needed)]))
        ends += f"; the budget is {needed:.1f}"
    return curve(bands, axis, f"Digits right as candidates become {found.narrow}, {ends}")


def digits_of(budget: Budget) -> float | None:
    """Return the digits that a budget demands; None for an absolute one."""
    if budget.kind == "digits":
        return budget.amount
    return max(0.0, -math.log10(budget.amount)) if budget.kind == "relative" else None
