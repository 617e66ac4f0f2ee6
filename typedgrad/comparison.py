"""The comparison itself: one function in several precisions, judged by the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from typedgrad.errors import Unreadable
from typedgrad.findings import (
    Branches,
    Column,
    Difference,
    Entry,
    Findings,
    Reference,
    Rounding,
)
from typedgrad.judge import JUDGING, Verdict, digits_of, judged
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumberSystem
from typedgrad.report.text import painted, table
from typedgrad.trial import Point, Step, Trial, trial

# Beyond this size the cost of rounding the inputs, which takes a run of its own, is left out.
MOST_NODES = 10_000


@dataclass(frozen=True)
class Comparison(Findings):
    """What `compare` found; printed, it is a table.

    `digits["float32"]["d/dx"]` is the number of right decimal digits, from 0 to what the
    precision holds, or None where value and truth are both undefined.
    """

    @override
    def __str__(self) -> str:
        return table(self)

    def __rich__(self) -> object:
        """Return the table with colours, for rich."""
        return painted(str(self))


def compared(
    f: Callable[..., Any], point: Point, precisions: Sequence[str | NumberSystem[Any]]
) -> Comparison:
    """Run f at a point in each precision and in the reference, and count digits."""
    systems = [_system(precision) for precision in precisions]
    runs = {numbers: trial(f, point, numbers) for numbers in systems}
    with JUDGING:
        verdict = judged(f, point, max(numbers.bits for numbers in systems))
        columns = tuple(_column(f, point, run, verdict) for run in runs.values())
    found = [parting(run, verdict.run) for run in runs.values()]
    branches = Branches(len(verdict.run.path), tuple(part for part in found if part))
    texts = {name: _shown(x) for name, x in verdict.run.results.items()}
    reference = Reference("mpmath", verdict.numbers.bits, verdict.settled, texts)
    return Comparison(point.function, point, reference, columns, branches)


def _system(precision: str | NumberSystem[Any]) -> NumberSystem[Any]:
    known = {numbers.name: numbers for numbers in NUMBERS.values()}
    if isinstance(precision, NumberSystem):
        return precision
    if precision not in known:
        hint = f"choose from {', '.join(known)}"
        raise Unreadable(what="a precision", text=repr(precision), hint=hint)
    return known[precision]


def _column(f: Callable[..., Any], point: Point, run: Trial, verdict: Verdict) -> Column:
    numbers = run.numbers
    entries = {
        name: judge_entry(x, verdict.run.results[name], numbers, verdict, verdict.stands[name])
        for name, x in run.results.items()
    }
    alike = numbers.bits == 53 and numbers.name.startswith("longdouble")
    rounding = _rounding(f, point, numbers, verdict)
    return Column(numbers.name, numbers.bits, numbers.digits, entries, rounding, alike)


def _rounding(
    f: Callable[..., Any], point: Point, numbers: NumberSystem[Any], verdict: Verdict
) -> Rounding | None:
    changed = [x for x in point.inputs if not x.fits(numbers)]
    if not changed:
        return None
    names, shown = tuple(x.name for x in changed), tuple(x.shown for x in changed)
    if verdict.run.nodes > MOST_NODES:
        return Rounding(names, shown, None, "")
    run = trial(f, point.rounded(numbers), verdict.numbers)
    found = {
        name: judge_entry(x, verdict.run.results[name], numbers, verdict).digits
        for name, x in run.results.items()
    }
    worst, digits = min(found.items(), key=lambda item: -1.0 if item[1] is None else item[1])
    return Rounding(names, shown, digits, worst)


def judge_entry(
    got: Any, truth: Any, numbers: NumberSystem[Any], verdict: Verdict, stands: float = 1e9
) -> Entry:
    """Return the digits of a number of one precision against the truth, by the table of cases."""
    wide = verdict.numbers
    x = got if wide.is_mine(got) else wide.convert(got, numbers)
    cap, text = min(numbers.digits, stands), str(got)
    lost = "" if stands > numbers.digits else f"the reference itself stands to {stands:.1f} digits"
    if x != x or truth != truth:
        both = x != x and truth != truth
        what = "both undefined (NaN)" if both else "NaN here" if x != x else "NaN in the reference"
        return Entry(None if both else 0.0, text, what)
    if x == truth:
        mismatch = not x and str(x) != str(truth)
        return Entry(cap, text, "zero of the other sign" if mismatch else lost)
    if not (wide.is_finite(x) and wide.is_finite(truth)):
        return Entry(0.0, text, _beyond(x, truth, numbers, wide))
    if not truth:
        return Entry(0.0, text, f"the exact result is 0; here {text}")
    if not x:
        return Entry(0.0, text, _beyond(x, truth, numbers, wide))
    return Entry(min(digits_of(((x - truth) / truth).x, wide.mp), cap), text, lost)


def _beyond(x: Any, truth: Any, numbers: NumberSystem[Any], wide: NumberSystem[Any]) -> str:
    exact, best = _shown(truth, 3), numbers.convert(truth, wide)
    if x == wide.convert(best, numbers):
        return f"{'overflow' if x else 'underflow'}: the exact result is {exact}"
    return f"{'infinite' if x else 'zero'}, but the exact result is {exact}"


def _shown(x: Any, digits: int = 40) -> str:
    text: str = x.mp.nstr(x.x, digits)
    return text.removesuffix(".0")


def parting(run: Trial, reference: Trial) -> Difference | None:
    """Return the first comparison at which a run leaves the path of the reference."""
    for number, (here, there) in enumerate(zip(run.path, reference.path, strict=False), 1):
        if (here.place, here.test, here.outcome) != (there.place, there.test, there.outcome):
            same = here.place == there.place
            return _difference(run, here, str(there.outcome) if same else "not made", number)
    if len(run.path) == len(reference.path):
        return None
    longer = run if len(run.path) > len(reference.path) else reference
    number = min(len(run.path), len(reference.path)) + 1
    step = longer.path[number - 1]
    return _difference(
        run, step, "not made" if longer is run else str(step.outcome), number, longer
    )


def _difference(
    run: Trial, step: Step, there: str, number: int, by: Trial | None = None
) -> Difference:
    where, test = (step.place.label, step.place.text) if step.place else ("", step.test)
    here = str(step.outcome) if by is None or by is run else "not made"
    return Difference(run.numbers.name, where, test, here, there, number)
