"""tune: which variables, lines or calls may be narrower within an error budget; runs decide."""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from typedgrad.errors import OutOfRange
from typedgrad.numbers import NumberSystem
from typedgrad.points import Point
from typedgrad.rewriting.advised import Hint
from typedgrad.rewriting.hints import hints_at
from typedgrad.source import short
from typedgrad.study import study
from typedgrad.tuning.advice import Candidate, Outcome, Stage, Tuning
from typedgrad.tuning.budgets import Wish, asked, budget_of, looks, pair_of
from typedgrad.tuning.demotion import Group, Site
from typedgrad.tuning.wording import Facts, dropped, reason

# What may be spent on runs of candidates that no estimate proposes, and on the series of runs.
MOST_SECONDS = 8.0
MOST_STAGES = 40
MOST_PLACES = 5  # points at which rewritings are tried


def tune(
    f: Callable[..., Any],
    /,
    at: Any = None,
    *,
    points: Sequence[Any] = (),
    ranges: Mapping[str, Any] | None = None,
    samples: int = 8,
    seed: int = 0,
    absolute: float | None = None,
    relative: float | None = None,
    digits: float | None = None,
    to: str | NumberSystem[Any] = "float32",
    from_: str | NumberSystem[Any] = "float64",
    of: str = "value",
    by: str = "variable",
    stored: bool = True,
    **named: Any,
) -> Tuning:
    """Find what of f may be narrower, `to` instead of `from_`, within one budget for its error.

    The budget is the largest `absolute` or `relative` error, or the `digits` that must be right, of
    the value or, with of="all", of every partial too; at a point given as for `compare`, at several
    `points`, or at random ones from `ranges`, {"x": "1:2"}. Candidates are rounded when they are
    stored, or with stored=False computed narrow. Estimates by adjoints propose, runs in mixed
    precision decide. Raises `BadBudget`, `NotNarrower` and what `compare` raises.

    >>> def f(x, y):
    ...     small = y / 3
    ...     return x * 1000 + small
    >>> [tune(f, x=1.5, y=0.25, digits=digits).accepted for digits in (8, 12)]
    [('x', 'y', 'small'), ('x', 'y')]
    """
    budget = budget_of(absolute, relative, digits)
    wish = Wish(budget, *pair_of(from_, to), *asked(of, by), not stored, seed if ranges else None)
    return answered(f, looks(f, at, named, points, ranges, samples, seed), wish)


def answered(f: Callable[..., Any], places: Sequence[Point], wish: Wish) -> Tuning:
    """Return what may be narrower at some points."""
    sites = [
        Site(study(f, place, wish.wide), wish.narrow, wish.budget, wish.of) for place in places
    ]
    case = Case(sites, wish.by, wish.computed)
    rows, together, stages = case.decided()
    tried = wish.narrow if case.whole.fits else wish.wide
    share, part = case.shares([x.name for x in rows if x.accepted])
    return Tuning(
        function=places[0].function,
        points=tuple(place.call for place in places),
        seed=wish.seed,
        wide=wish.wide.name,
        narrow=wish.narrow.name,
        by=wish.by,
        computed=wish.computed,
        labels=sites[0].labels,
        budget=wish.budget,
        candidates=tuple(rows),
        whole=case.whole,
        together=together,
        stages=tuple(stages),
        share=share,
        stored=part,
        judge=sites[0].truth.judge,
        settled=all(site.truth.settled for site in sites),
        hints=hinted(f, places, tried, "" if wish.of == "all" else wish.of),
    )


def hinted(
    f: Callable[..., Any], places: Sequence[Point], numbers: NumberSystem[Any], of: str
) -> tuple[Hint, ...]:
    """Return the rewritings that win at the first few points, each at the one where it gains most.

    Each tells of the result `of`, if that gains. Of those of one line the one that leaves most
    digits is kept.
    """
    several = len(places) > 1
    found = [
        replace(hint, at=place.call if several else "")
        for place in places[:MOST_PLACES]
        for hint in _hints(f, place, numbers, of)
    ]
    best: dict[tuple[str, int], Hint] = {}
    for hint in sorted(found, key=lambda hint: hint.before - hint.after):
        best.setdefault((hint.file, hint.line), hint)
    return tuple(best.values())


def _hints(
    f: Callable[..., Any], place: Point, numbers: NumberSystem[Any], of: str
) -> tuple[Hint, ...]:
    try:
        return hints_at(f, place, numbers, of)
    except OutOfRange:  # a number that f writes is too large for the precision
        return ()


@dataclass(frozen=True)
class Estimate:
    """One candidate at all spots, a spot being a result at a point: both sums, and if exact."""

    name: str
    sizes: list[float]
    signed: list[float]
    exact: list[bool]


@dataclass(frozen=True)
class Proposal:
    """How a candidate is proposed, 'safe', 'optimistic' or '' for not at all.

    Where its estimate does not fit safely, `spot` says at which one, and `left` what the smaller
    ones have left of the budget there.
    """

    how: str
    spot: int | None = None
    left: float = 0.0


class Case:
    """Sites with their candidates, and runs with some of them narrow."""

    def __init__(self, sites: list[Site], by: str, computed: bool) -> None:
        self.sites = sites
        self.computed = computed
        self.groups: list[dict[str, Group]] = [
            {group.name: group for group in site.groups(by, computed)} for site in sites
        ]
        self.names: list[str] = list(dict.fromkeys(name for own in self.groups for name in own))
        self.tolerances: list[float] = [t for site in sites for t in site.tolerances]
        self.noise: list[float] = [x for site in sites for x in site.noise]
        self.narrow: str = sites[0].formats[1].name
        # About what one run takes.
        self.seconds: float = sum(len(site.program) * site.kernel.pace for site in sites)
        whole, _ = self.run([])
        self.base: list[Outcome] = whole
        self.whole: Outcome = worst(whole)

    def run(self, names: Sequence[str]) -> tuple[list[Outcome], list[float]]:
        """Run with some candidates narrow; return outcome and change at each spot."""
        found: list[Outcome] = []
        changes: list[float] = []
        for site, own in zip(self.sites, self.groups, strict=True):
            outputs = site.run([own[name] for name in names if name in own], self.computed)
            found += site.outcomes(outputs)
            changes += site.changes(outputs)
        return found, changes

    def estimates(self) -> list[Estimate]:
        """Return the estimates of all candidates at all spots."""
        rows = {name: Estimate(name, [], [], []) for name in self.names}
        for site, own in zip(self.sites, self.groups, strict=True):
            found = dict(zip(own, site.estimates([*own.values()], self.computed), strict=True))
            for name, row in rows.items():
                zeros = [0.0] * len(site.labels)
                row.sizes.extend(found[name].sizes if name in found else zeros)
                row.signed.extend(found[name].signed if name in found else zeros)
                row.exact.append(name not in found or found[name].exact)
        return [*rows.values()]

    def proposed(self, rows: list[Estimate]) -> dict[str, Proposal]:
        """Return which candidates fit the budget together, by sizes or else by signed sums."""
        safe = self._greedy({row.name: row.sizes for row in rows})
        bold = self._greedy({row.name: row.signed for row in rows})
        return {
            name: Proposal("safe")
            if refused is None
            else Proposal("" if bold[name] else "optimistic", *refused)
            for name, refused in safe.items()
        }

    def _greedy(self, costs: dict[str, list[float]]) -> dict[str, tuple[int, float] | None]:
        """Return for each candidate None where it fits, smallest first, or where it does not.

        That is the number of the spot, and what is left of the budget there.
        """
        left = [t - row.error for t, row in zip(self.tolerances, self.base, strict=True)]
        found: dict[str, tuple[int, float] | None] = {}
        for name in sorted(costs, key=lambda name: self.use(costs[name])):
            over = [a - b for a, b in zip(costs[name], left, strict=True)]
            k = max(range(len(over)), key=over.__getitem__)
            found[name] = (k, left[k]) if over[k] > 0 else None
            left = left if over[k] > 0 else [-x for x in over]
        return found

    def use(self, costs: Sequence[float]) -> float:
        """Return the largest part of the budget that costs take at any spot."""
        return max(map(share_of, costs, self.tolerances))

    def decided(self) -> tuple[list[Candidate], Outcome, list[Stage]]:
        """Return the candidates with what runs say of them, and of the accepted ones together."""
        rows = self.estimates()
        if self.whole.is_undefined:
            proposed = {row.name: Proposal("") for row in rows}
        else:
            proposed = self.proposed(rows)
        every = self.seconds * len(rows) <= MOST_SECONDS and self.whole.fits
        found = [
            self._candidate(row, proposed[row.name], every or bool(proposed[row.name].how))
            for row in rows
        ]
        found, together = self._together(found)
        return found, together, self._stages(found)

    def _candidate(self, row: Estimate, proposal: Proposal, is_run: bool) -> Candidate:
        alone, changes = self.run([row.name]) if is_run else (None, row.sizes)
        k = self._telling(proposal, alone, changes)
        group = next(own[row.name] for own in self.groups if row.name in own)
        found = Candidate(
            name=row.name,
            where=f"{short(group.file)}:{group.line}" if group.line else "",
            source=linecache.getline(group.file, group.line).strip() if group.line else "",
            values=len(group.values),
            spot=self.base[k].spot,
            estimate=row.sizes[k],
            signed=row.signed[k],
            noise=self.noise[k],
            measured=None if alone is None else changes[k],
            alone=None if alone is None else worst(alone),
            proposed=proposal.how,
            accepted=bool(proposal.how) and alone is not None and worst(alone).fits,
            reason="",
        )
        case = Facts(
            result=self._result(found.spot),
            whole=self.whole,
            tolerance=self.tolerances[k],
            left=proposal.left,
            exact=self.narrow if all(row.exact) else "",
        )
        return replace(found, reason=reason(found, case))

    def _result(self, spot: str) -> str:
        """Return what to call a result: with its label and point only where there are more."""
        if len(self.base) == 1:
            return "the result"
        name = spot if len(self.sites) > 1 else spot.partition(" of ")[0]
        return f"the {name}" if name.startswith("value") else name

    def _telling(
        self, proposal: Proposal, alone: list[Outcome] | None, changes: list[float]
    ) -> int:
        """Return the spot to report: where a run failed, else where an estimate did not fit."""
        if alone is not None and proposal.how and not worst(alone).fits:
            return alone.index(worst(alone))
        if proposal.spot is not None:
            return proposal.spot
        return max(range(len(changes)), key=lambda k: share_of(changes[k], self.tolerances[k]))

    def _together(self, rows: list[Candidate]) -> tuple[list[Candidate], Outcome]:
        """Drop the worst of the accepted ones until a run with all of them fits the budget."""
        while True:
            names = [row.name for row in rows if row.accepted]
            outcome = worst(self.run(names)[0])
            if outcome.fits or not names:
                return rows, outcome
            last = max((row for row in rows if row.accepted), key=self._taken)
            gone = replace(last, accepted=False, reason=dropped(last, outcome))
            rows = [gone if row is last else row for row in rows]

    def _taken(self, row: Candidate) -> float:
        alone = row.alone
        return 0.0 if alone is None else share_of(alone.error, alone.tolerance)

    def _stages(self, rows: list[Candidate]) -> list[Stage]:
        """Add one candidate after the other, the accepted ones first, and run each time."""
        known = [row for row in rows if row.alone is not None and self.whole.fits]
        order = sorted(known, key=lambda row: (not row.accepted, self._taken(row)))
        most = min(MOST_STAGES, int(MOST_SECONDS / max(self.seconds, 1e-6)))
        found: list[Stage] = [Stage("", 0.0, 0.0, self.whole)]
        names: list[str] = []
        for row in order[:most]:
            names.append(row.name)
            found.append(Stage(row.name, *self.shares(names), worst(self.run(names)[0])))
        return found

    def shares(self, names: Sequence[str]) -> tuple[float, float]:
        """Return which part of all values is narrow, and of those that candidates cover."""
        narrow = covered = every = 0
        for site, own in zip(self.sites, self.groups, strict=True):
            every += site.base.inputs + len(site.base)
            covered += sum(len(group.values) for group in own.values())
            narrow += sum(len(own[name].values) for name in names if name in own)
        return narrow / max(every, 1), narrow / max(covered, 1)


def share_of(cost: float, tolerance: float) -> float:
    """Return a cost as a part of a tolerance, which may be 0."""
    return cost / tolerance if tolerance else math.inf if cost else 0.0


def worst(found: Sequence[Outcome]) -> Outcome:
    """Return the outcome that takes most of its budget; a run on another path is worse."""
    return max(found, key=lambda x: (bool(x.parting), share_of(x.error, x.tolerance)))
