"""What the templates of a page show of rewritings: both forms, and the digits before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from typedgrad.report.svg import bar
from typedgrad.report.views import KINDS, mark_of
from typedgrad.source import short

if TYPE_CHECKING:
    from typedgrad.report.carried import Records
    from typedgrad.rewriting.advised import Hint

MOST_HELPS, MOST_GAINS = 6, 4
WEAK = 4  # a rewriting that gains less than this part of the best is only counted


class Gain(NamedTuple):
    """One result with its digits as the function is, and after the rewriting."""

    label: str
    precision: str
    before: str
    after: str
    cap: str
    bars: tuple[Markup, Markup]


class Help(NamedTuple):
    """One rewriting: where, both forms, when it may be used, and what it gains."""

    place: str
    old: str
    new: str
    condition: str
    gains: list[Gain]
    hidden: int


class Helps(NamedTuple):
    """The rewritings of a page, those that gain most first."""

    rows: list[Help]
    hidden: int


def helps(records: Records) -> Helps | None:
    """Return the rewritings that blames and a tuning know, each once; None without any."""
    found: dict[tuple[str, int, str], dict[str, Hint]] = {}
    tuned = records.tuning.hints if records.tuning is not None else ()
    for hint in [*(x for blame in records.blames for x in blame.hints), *tuned]:
        own = found.setdefault((hint.file, hint.line, hint.new), {})
        own.setdefault(f"{hint.label} {hint.precision} {hint.at}", hint)
    rows = [sorted(own.values(), key=gained, reverse=True) for own in found.values()]
    rows.sort(key=lambda own: gained(own[0]), reverse=True)
    least = max((gained(own[0]) for own in rows), default=0.0) / WEAK
    shown = [_help(own) for own in rows[:MOST_HELPS] if gained(own[0]) >= least]
    return Helps(shown, len(rows) - len(shown)) if shown else None


def gained(x: Hint) -> float:
    """Return the digits that a rewriting gains."""
    return x.after - x.before


def _help(found: list[Hint]) -> Help:
    first = found[0]
    place = f"{short(first.file)}, line {first.line}" if first.line else ""
    gains = [_gain(hint) for hint in found[:MOST_GAINS]]
    condition = first.condition.removeprefix(", ")
    return Help(place, first.old, first.new, condition, gains, len(found) - len(gains))


def _gain(x: Hint) -> Gain:
    label = f"{x.label} at {x.at}" if x.at else x.label
    bars = tuple(
        bar(
            [("fill", digits / x.cap)],
            f"{digits:.1f} of {x.cap:.1f} digits",
            KINDS[mark_of(digits)],
        )
        for digits in (x.before, x.after)
    )
    texts = (f"{x.before:.1f}", f"{x.after:.1f}", f"{x.cap:.1f}")
    return Gain(label, x.precision, *texts, (bars[0], bars[1]))
