"""What `tune` found as plain text: a table of candidates, reasons, the trade, and the verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from typedgrad.report.text import WIDTH, folded

if TYPE_CHECKING:
    from typedgrad.tuning.advice import Candidate, Outcome, Stage, Tuning

ACCEPTED, REJECTED = "✓", "✗"
MOST_ROWS, MOST_REASONS, MOST_POINTS, MOST_HINTS = 30, 12, 3, 5
LONGEST = 44  # letters of a name in a table of at most 100 columns


def advised(found: Tuning) -> str:
    """Return the report."""
    lines = _header(found)
    if not found.whole.is_undefined:
        lines += [*_table(found), *_reasons(found), *_trade(found)]
    lines += [line for hint in found.hints[:MOST_HINTS] for line in folded(f"help: {hint}")]
    lines += _footer(found)
    lines += [line for text in _verdict(found) for line in folded(text)]
    return "\n".join(line.rstrip() for line in lines)


def _header(found: Tuning) -> list[str]:
    shown = list(found.points[:MOST_POINTS])
    more = len(found.points) - len(shown)
    calls = "; ".join(shown) + (f"; and {more} more" if more else "")
    seed = "" if found.seed is None else f" (random, seed {found.seed})"
    how = "computed" if found.computed else "stored"
    what = "value" if found.labels == ("value",) else "value and every partial"
    return [
        *folded(f"{calls}{seed}"),
        *folded(
            f"{found.wide} → {found.narrow} where it is {how}; budget for the {what}:"
            f" {found.budget}; judge: {found.judge}"
        ),
    ]


def _table(found: Tuning) -> list[str]:
    rows = list(found.candidates)
    if not rows:
        return [f"No {found.by} was found: the lines of the function cannot be read."]
    cut = rows[:MOST_ROWS]
    width = max(len(found.by), *(len(clipped(row.name)) for row in cut))
    head = f"  {found.by:<{width}}{'values':>10}{'estimate':>11}{'signed':>10}"
    lines = [f"{head}{'measured':>11}{'ratio':>9}"]
    lines += [_row(row, width, found.by == "line") for row in cut]
    lines += [f"  ({len(rows) - len(cut)} more)"] if len(rows) > len(cut) else []
    legend = f"{ACCEPTED} accepted   {REJECTED} rejected   ratio: measured / estimate"
    noise = any(row.ratio is None and row.measured for row in cut)
    lines.append(legend + (f"   –: within {found.wide}'s own roundings" if noise else ""))
    return lines


def _row(x: Candidate, width: int, is_line: bool) -> str:
    mark = ACCEPTED if x.accepted else REJECTED
    measured = "not run" if x.measured is None else size(x.measured)
    ratio = "–" if x.ratio is None else _ratio(x.ratio)
    numbers = f"{x.values:>10}{size(x.estimate):>11}{size(x.signed):>10}{measured:>11}{ratio:>9}"
    row = f"  {clipped(x.name):<{width}}{numbers} {mark}"
    return f"{row}  {x.source}"[:WIDTH] if is_line else row


def clipped(name: str) -> str:
    """Return a name with its middle left out where it is too long for a table."""
    half = LONGEST // 2 - 2
    return name if len(name) <= LONGEST else f"{name[:half]}...{name[-half:]}"


def size(x: float) -> str:
    """Return an error or a change in two digits."""
    return f"{x:.1e}" if x and math.isfinite(x) else f"{x:g}"


def _ratio(x: float) -> str:
    return f"{x:.2g}" if 0.001 <= x < 10_000 else size(x)


def _reasons(found: Tuning) -> list[str]:
    """Return the sentences, those of what was proposed and refused first."""
    rows = sorted(found.candidates, key=lambda x: (x.accepted, not x.proposed))
    lines = [line for x in rows[:MOST_REASONS] for line in folded(f"{x.name}: {x.reason}")]
    return lines + (["..."] if len(rows) > MOST_REASONS else [])


def _trade(found: Tuning) -> list[str]:
    """Return the series of runs that add one candidate after the other."""
    if len(found.stages) < 2:
        return []
    width = max(7, *(len(clipped(stage.added)) + 2 for stage in found.stages))
    head = f"  {'added':<{width}}{found.narrow:>10} of all{'of candidates':>15}{'digits':>8}"
    lines = ["Adding one after the other, each run (digits right at the worst place):", head]
    lines += [_stage(stage, width) for stage in found.stages]
    more = len(found.candidates) + 1 - len(found.stages)
    return lines + ([f"  ({more} more were not added)"] if more else [])


def _stage(stage: Stage, width: int) -> str:
    mark = ACCEPTED if stage.outcome.fits else REJECTED
    added = f"+ {clipped(stage.added)}" if stage.added else "nothing"
    shares = f"{_percent(stage.share):>17}{_percent(stage.stored):>15}"
    return f"  {added:<{width}}{shares}{stage.outcome.digits:>8.1f} {mark}"


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"


def _footer(found: Tuning) -> list[str]:
    if found.settled:
        return []
    text = "The reference is not settled: errors may be smaller or larger than shown."
    return folded(text)


def _verdict(found: Tuning) -> list[str]:
    names = found.accepted
    if found.whole.is_undefined:
        return [f"The {found.whole.spot} is undefined (NaN): there are no digits to keep: FAIL"]
    if not found.whole.fits:
        return [
            f"{found.wide} itself misses the budget: {_against(found.whole)} for"
            f" {found.whole.spot}: FAIL"
        ]
    if not names:
        return [f"Nothing may become {found.narrow} within this budget."]
    said = f"May be {found.narrow}: {', '.join(names)}"
    share = f"{_percent(found.share)} of all values, {_percent(found.stored)} of the candidates'"
    result = "PASS" if found.together.fits else "FAIL"
    digits = f"{found.together.digits:.1f} digits right"
    spots = len(found.labels) * len(found.points)
    run = "run with all accepted" + (f", at the worst of {spots} results" if spots > 1 else "")
    return [
        f"{said} ({share}).",
        f"{run}: {_against(found.together)}, {digits}: {result}",
    ]


def _against(x: Outcome) -> str:
    sign = "<=" if x.error <= x.tolerance else ">"
    return f"error {size(x.error)} {sign} budget {size(x.tolerance)}"
