"""Hints: rewritings of the user's expressions that were run, and kept more digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from typedgrad.gradient import value_and_gradient
from typedgrad.grading import graded
from typedgrad.judge import Verdict, exact_outputs, judged_study
from typedgrad.numbers import NumberSystem
from typedgrad.points import Point
from typedgrad.program import Place, Program
from typedgrad.rewriting.advised import Hint
from typedgrad.rewriting.patterns import Match, Matcher
from typedgrad.rewriting.replacing import replaced, worded
from typedgrad.rewriting.rows import REWRITES, Rewrite
from typedgrad.rewriting.wording import Speller, Words, fitted, text_at
from typedgrad.study import Study, run, study

LONGEST = 20_000  # instructions of a program in which patterns are looked for
GAIN, LOSS = 0.5, 0.3  # a hint wins so many digits somewhere, and costs less than so many elsewhere


def hints(found: Study, verdict: Verdict, of: str = "", first: str = "") -> tuple[Hint, ...]:
    """Return the rewritings of a function that keep more digits at its point, best first.

    With `of` that result has to gain, else any of those that the verdict knows; a hint tells of
    `first` if that gains, else of the one that gains most. Each was put into the program, run in
    the precision of the study, and judged by the truth of the program as it was; one that means
    something else here is not a hint.
    """
    program = found.value
    if len(program) > LONGEST or not found.point.inputs:
        return ()
    trying = Trying(found, verdict, of, first)
    won = [hint for group in candidates(program) if (hint := trying.hint(*group)) is not None]
    best: dict[tuple[str, int], Hint] = {}
    for hint in sorted(won, key=lambda hint: (-round(hint.after, 1), len(hint.new))):
        best.setdefault((hint.file, hint.line), hint)
    return tuple(best.values())


def hints_at(
    f: Callable[..., Any], point: Point, numbers: NumberSystem[Any], first: str = ""
) -> tuple[Hint, ...]:
    """Return the rewritings that keep more digits of a function at a point in a precision."""
    found = study(f, point, numbers)
    return hints(found, judged_study(found, numbers.bits), first=first)


def candidates(program: Program) -> Iterator[tuple[Rewrite, list[Match]]]:
    """Yield each row that fits somewhere, with its matches of one line."""
    matcher = Matcher(program)
    places: list[int] = [-1] * len(program) if program.places is None else program.places.tolist()
    for row in REWRITES:
        lines: dict[Any, list[Match]] = {}
        for match in matcher.matches(row.pattern):
            if row.pattern == "total(x)" and match.value in matcher.summands:
                continue
            place = places[match.value - program.first]
            line = program.sources[place][:2] if place >= 0 else None
            lines.setdefault(line, []).append(match)
        for matches in lines.values():
            direct = [match for match in matches if not match.others]
            yield row, direct or matches


class Trying:
    """One function at one point, in which rewritings are tried."""

    def __init__(self, found: Study, verdict: Verdict, of: str, first: str) -> None:
        self.found = found
        self.verdict = verdict
        self.labels: list[str] = [label for label in found.labels if label in verdict.results]
        self.places: list[int] = [found.labels.index(label) for label in self.labels]
        self.words: Words = Words(found.value)
        self.texts: list[str] = [x.exact for x in found.point.inputs]
        outputs = found.run(found.full, found.numbers)
        self.before: dict[str, float] = self.digits(outputs, verdict.results)
        # Of a result that is 0 no digit can be right but by luck.
        self.counted: list[str] = [label for label in self.labels if verdict.results[label]]
        self.wanted: list[str] = [label for label in self.counted if of in ("", label)]
        self.first = first

    def digits(self, outputs: list[Any], truth: Mapping[str, Any]) -> dict[str, float]:
        """Return the digits right of each entry; undefined ones are as good as none."""
        numbers, wide, stands = self.found.numbers, self.verdict.numbers, self.verdict.stands
        return {
            label: graded(x, truth[label], numbers, wide, stands[label]).digits or 0.0
            for label, x in zip(self.labels, (outputs[k] for k in self.places), strict=True)
        }

    def hint(self, row: Rewrite, matches: list[Match]) -> Hint | None:
        """Return the hint that a row makes on a line, if it wins."""
        numbers = self.found.numbers
        full = value_and_gradient(replaced(self.found.value, row.better, matches))
        after = self.digits(run(full, self.found.inputs(numbers), numbers), self.verdict.results)
        gains = {label: after[label] - self.before[label] for label in self.counted}
        label = max(self.wanted, key=gains.__getitem__, default="")
        label = self.first if gains.get(self.first, 0) >= GAIN else label
        if not label or gains[label] < GAIN or not self.wins(after, gains):
            return None
        if not self.is_same(full):
            return None
        file, line, *_ = self.words.place(matches[0].value - self.found.value.first) or ("", 0)
        spell = Speller(file)
        old, new = self.said(row, matches[0], spell)
        return Hint(
            file,
            line,
            old,
            new,
            self.validity(row, matches[0]),
            len(matches),
            label,
            self.before[label],
            after[label],
            numbers.digits,
            numbers.name,
            f"{row.pattern} = {row.better}",
            spell.needs,
        )

    def is_loop(self, place: Place | None) -> bool:
        """Tell whether a place of the source was run more than once."""
        places, sources = self.words.places, self.found.value.sources
        return sum(k >= 0 and sources[k] == place for k in places) > 1

    def validity(self, row: Rewrite, match: Match) -> str:
        """Return where a row is valid, in the user's words where there are some."""
        try:
            plain = Match(match.value, 1, match.bound)
            return worded(row.where, plain, self.words) if row.where else ""
        except (LookupError, SyntaxError):
            return row.where

    def wins(self, after: Mapping[str, float], gains: Mapping[str, float]) -> bool:
        """Tell whether no entry loses, or the worst one gains."""
        worst = min(self.before[label] for label in self.counted)
        best = min(after[label] for label in self.counted)
        return min(gains.values()) >= -LOSS or best >= worst + GAIN

    def is_same(self, full: Program) -> bool:
        """Tell whether a program has the truth of the old one, to more digits than count."""
        found = exact_outputs(full, self.texts, self.found.numbers.bits)
        wide: Any = self.verdict.numbers
        return all(
            self._close(wide.convert(found.results[str(k)], found.numbers), self.verdict.results[x])
            for k, x in zip(self.places, self.labels, strict=True)
        )

    def _close(self, x: Any, y: Any) -> bool:
        return bool(abs(x - y) <= abs(y) * self.verdict.numbers.lift(2.0**-self.found.numbers.bits))

    def said(self, row: Rewrite, match: Match, spell: Speller) -> tuple[str, str]:
        """Return both forms in the user's words, or in the letters of the row."""
        place = self.words.place(match.value - self.found.value.first)
        old = text_at(place) if place else ""
        is_sum = row.pattern == "total(x)"
        try:
            new = worded(row.better, match, self.words, spell)
            if is_sum and (not old or self.is_loop(place)):
                return f"the sum of {new.partition('(')[2][:-1]}", new
            return (old, fitted(new, old)) if old else (row.pattern, new)
        except (LookupError, SyntaxError):
            if (
                is_sum
            ):  # no words for the terms, and the row's own letter may be a name of the user's
                return "the sum of all terms added here", f"{spell('sum_compensated')}(terms)"
            spell.needs = ""
            return f"the form {row.pattern}", row.better
