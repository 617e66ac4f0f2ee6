"""What the templates of a page show of a blame: a listing with heat, a waterfall, tables."""

from __future__ import annotations

import linecache
import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from typedgrad.report.culprits import verdict
from typedgrad.report.svg import step
from typedgrad.report.views import MOST

if TYPE_CHECKING:
    from typedgrad.culprits import Cause, Culprits, Share

STEPS, NEAR = 12, 3
SMALL = 5e-4  # a share that is printed as 0.0 %
HEATS = (0.001, 0.01, 0.03, 0.1, 0.3)  # where each colour begins, as a part of the error


class Part(NamedTuple):
    """One place, variable or kind of operation with its share, as texts."""

    name: str
    where: str
    share: str
    heat: int
    size: str
    times: str
    operands: str
    causes: list[str]
    split: str


class Listed(NamedTuple):
    """A line of the listing; number 0 stands for lines that are left out."""

    number: int
    source: str
    share: str
    heat: int
    tag: str
    parts: list[Part]
    sentences: list[str]


class Source(NamedTuple):
    """The listed lines of one file."""

    file: str
    lines: list[Listed]


class Step(NamedTuple):
    """A row of the waterfall."""

    where: str
    text: str
    share: str
    sum: str
    bar: Markup
    kind: str


class Panel(NamedTuple):
    """Everything about one blamed result."""

    title: str
    tab: str
    lead: str
    facts: list[tuple[str, str]]
    causes: list[str]
    remarks: list[str]
    sources: list[Source]
    unplaced: list[Part]
    left_out: str
    steps: list[Step]
    tables: list[tuple[str, list[Part]]]
    in_error: bool
    model: str
    picture: Markup


def panel(found: Culprits, picture: str = "") -> Panel:
    """Return what is shown of one blame; its picture is SVG as `to_svg` gives it."""
    unit = unit_of(found)
    placed = [share for share in found.lines[:MOST] if share.line > 0]
    unplaced = [_part(share, unit) for share in found.lines[:MOST] if share.line <= 0]
    named = (("By variable", found.variables), ("By kind of operation", found.operations))
    tables = [
        (title, [_part(share, unit, share.label) for share in shares[:STEPS]])
        for title, shares in named
    ]
    tables.append(("By expression", [_part(x, unit) for x in found.expressions[:STEPS]]))
    return Panel(
        title=f"{found.label} in {found.precision}",
        tab=f"{found.label}, {found.precision}",
        lead=verdict(found),
        facts=_facts(found),
        causes=_sentences(found.causes),
        remarks=[remark.text for remark in found.remarks],
        sources=_sources(placed, found.expressions[:MOST], unit),
        unplaced=unplaced,
        left_out=_rest(found),
        steps=_steps(found),
        tables=[(name, parts) for name, parts in tables if parts],
        in_error=unit == "error",
        model=f"Model: {found.model}. Judge: {found.judge}, {found.judge_bits} bits.",
        picture=Markup(picture),
    )


def unit_of(found: Culprits) -> str:
    """Return what shares are parts of: 'error', 'ulp', or '' where they are not known."""
    return found.unit if math.isfinite(found.explained) and found.entry.stands else ""


def percent(x: float, unit: str = "error") -> str:
    """Return a share as text with its sign: of the error, or in units of the last place."""
    if not unit or not math.isfinite(x):
        return "unknown"
    if unit == "ulp":
        text = f"{x:+.2f}"
    else:
        text = f"{100 * x:+.1f}" if abs(x) < 1e4 else f"{100 * x:+.2e}"
    text = text[1:] if float(text) == 0 else text
    return f"{text} {'ulp' if unit == 'ulp' else '%'}".replace("-", "−")


def heat(x: float) -> int:
    """Return the colour of a share, from 0 to 5: six steps, each about three times the last.

    >>> [heat(x) for x in (0.0, 0.002, 0.02, -0.05, 0.2, 0.9)]
    [0, 1, 2, 3, 4, 5]
    """
    return 5 if not math.isfinite(x) else sum(abs(x) >= edge for edge in HEATS)


def _facts(found: Culprits) -> list[tuple[str, str]]:
    entry = found.entry
    right = "undefined" if entry.digits is None else f"{entry.digits:.1f} of {entry.cap:.1f}"
    facts = [
        ("digits right", right),
        ("computed", entry.got),
        ("exact" if entry.stands else "reference (not settled)", entry.truth),
        ("relative error", f"{entry.relative:.2e}".replace("-", "−")),
        ("explained", _explained(found)),
    ]
    if math.isfinite(found.spread) and found.spread > 1.5 and found.unit != "ulp":
        facts.append(("contributions before they cancel", f"{found.spread:.3g} × the error"))
    if found.label != "value":
        unit = unit_of(found)
        facts.append(("from the function's values", percent(found.phases.values, unit)))
        facts.append(("from the reverse sweep", percent(found.phases.sweep, unit)))
    return facts


def _explained(found: Culprits) -> str:
    unit = unit_of(found)
    if unit == "ulp":
        return f"contributions of {found.spread:.2f} last places, which compensate"
    return percent(found.explained, unit).removeprefix("+")


def _sentences(causes: Iterable[Cause]) -> list[str]:
    return list(dict.fromkeys(cause.text for cause in causes))[:STEPS]


def _part(share: Share, unit: str, name: str = "") -> Part:
    both = share.split.values and share.split.sweep
    split = f"values {percent(share.split.values, unit)}, sweep {percent(share.split.sweep, unit)}"
    return Part(
        name=name or share.text or share.label,
        where=_spot(share) if not name else "",
        share=percent(share.signed, unit),
        heat=heat(share.signed),
        size=percent(share.absolute, unit).removeprefix("+"),
        times=_times(share, unit),
        operands=_operands(share),
        causes=_sentences(share.causes),
        split=split if both else "",
    )


def _spot(share: Share) -> str:
    return f"{share.file}:{share.line}" if share.line > 0 else _text(share)


def _times(share: Share, unit: str) -> str:
    if share.executions < 2:
        return ""
    text = f"runs {share.executions:,} times"
    if share.worst:
        text += f"; most at run {share.worst.execution:,}: {percent(share.worst.signed, unit)}"
    if share.thirds:
        text += "; by thirds " + ", ".join(percent(x, unit) for x in share.thirds)
    return text


def _operands(share: Share) -> str:
    if not share.operands:
        return ""
    result = f" gives {share.result}" if share.result else ""
    return " and ".join(share.operands) + result


def _sources(lines: Sequence[Share], expressions: Sequence[Share], unit: str) -> list[Source]:
    files = dict.fromkeys(share.file for share in lines)
    return [Source(f, _listed([x for x in lines if x.file == f], expressions, unit)) for f in files]


def _listed(lines: list[Share], expressions: Sequence[Share], unit: str) -> list[Listed]:
    """Return the lines of one file in order, with those between them where the file still fits."""
    by_line = {share.line: share for share in lines}
    parts: dict[int, list[Part]] = {}
    for share in expressions:
        if share.file == lines[0].file:
            parts.setdefault(share.line, []).append(_part(share, unit))
    context = _context(by_line)
    found: list[Listed] = []
    last = 0
    for number in sorted(by_line | context):
        if last and number > last + 1:
            found.append(Listed(0, f"{number - last - 1} lines without a share", "", 0, "", [], []))
        last = number
        if number in by_line:
            found.append(_line(by_line[number], parts.get(number, []), unit))
        else:
            found.append(Listed(number, context[number], "", 0, "", [], []))
    return found


def _line(share: Share, parts: list[Part], unit: str) -> Listed:
    sentences = [text for text in (_times(share, unit), *_sentences(share.causes)) if text]
    text = percent(share.signed, unit)
    number, source = share.line, share.source.rstrip()
    return Listed(number, source, text, heat(share.signed), share.cause, parts, sentences)


def _context(lines: dict[int, Share]) -> dict[int, str]:
    """Return the lines near the listed ones, unless the file has changed since."""
    some = next(iter(lines.values()))
    read = linecache.getlines(some.file)

    def same(share: Share) -> bool:
        return share.line <= len(read) and read[share.line - 1].rstrip() == share.source.rstrip()

    if not all(same(share) for share in lines.values()):
        return {}
    order = sorted(lines)
    near = {n for a, b in pairwise(order) if b - a <= NEAR + 1 for n in range(a + 1, b)}
    before = range(max(order[0] - NEAR, 1), order[0])
    heads = [n for n in before if read[n - 1].lstrip().startswith("def ")]
    near |= {n for n in before if heads and n >= heads[-1]}
    return {n: read[n - 1].rstrip() for n in near}


def _rest(found: Culprits) -> str:
    """Return what is said of the lines and expressions that are not listed one by one."""
    said = [
        f"{len(rest):,} more {name} with the smallest shares together take"
        f" {percent(math.fsum(share.signed for share in rest), unit_of(found))}"
        for name, rest in (("lines", found.lines[MOST:]), ("expressions", found.expressions[MOST:]))
        if rest
    ]
    return ". ".join(said) + "." if said else ""


def _steps(found: Culprits) -> list[Step]:
    """Return the waterfall: the largest shares one after the other, the rest, the measured error.

    It is empty where a share is unknown, and where there is no error: then there is no sum.
    """
    if unit_of(found) != "error":
        return []
    alone = len({share.file for share in found.lines if share.line > 0}) < 2
    rows = [(_where(share, alone), _text(share), share.signed) for share in found.lines[:STEPS]]
    rest = [share.signed for share in found.lines[STEPS:]]
    if rest:
        rows.append(("", f"{len(rest):,} more lines together", math.fsum(rest)))
    missing = found.explained - math.fsum(signed for _, _, signed in rows)
    rows += [("", "other contributions", missing)] if abs(missing) >= SMALL else []
    rows += (
        [("", "not explained", 1 - found.explained)] if abs(1 - found.explained) >= SMALL else []
    )
    sums = [0.0, *accumulate(signed for _, _, signed in rows)]
    low, high = min(0.0, *sums), max(1.0, *sums)
    steps = [_step(row, ends, low, high) for row, ends in zip(rows, pairwise(sums), strict=True)]
    bar = step(0.0, sums[-1], low, high, f"all together {percent(sums[-1])}")
    measured = percent(sums[-1]).removeprefix("+")
    return [*steps, Step("", "measured error", measured, "", bar, "total")]


def _step(row: tuple[str, str, float], ends: tuple[float, float], low: float, high: float) -> Step:
    where, text, signed = row
    start, end = ends
    label = f"from {percent(start)} to {percent(end)}"
    bar = step(start, end, low, high, label)
    return Step(where, text, percent(signed), percent(end).removeprefix("+"), bar, "")


def _text(share: Share) -> str:
    if share.line > 0:
        return share.source.strip() or share.text or share.label
    return f"rounding of {share.text}" if share.text else share.label


def _where(share: Share, alone: bool) -> str:
    if share.line <= 0:
        return ""
    return f"line {share.line}" if alone else f"{share.file}:{share.line}"
