"""Runs: one function at one point in several precisions, each beside the truth on its path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import zip_longest
from typing import Any, NamedTuple

from typedgrad.conditions import conditions, of_value
from typedgrad.engines.exact import Real, exact_precision
from typedgrad.errors import EndlessPath, TypedgradError
from typedgrad.findings import OWN, Difference, Reference
from typedgrad.grading import shown
from typedgrad.judge import (
    JUDGING,
    MOST_BITS,
    Verdict,
    exact_outputs,
    first_width,
    judged,
    judged_study,
)
from typedgrad.numbers import Constant, NumberSystem
from typedgrad.points import Point
from typedgrad.program import Program
from typedgrad.simplify import without_dead
from typedgrad.source import short
from typedgrad.study import Study, every_value, study
from typedgrad.trial import SELECTIONS, Step, Trial, trial

# Up to this size a function is recorded in every precision, for it may look at its precision.
SMALL = 20_000
PLAIN = 2000  # programs up to this size run at once; a kernel of their own is not worth its making
MOST_PRICED = 150_000  # larger programs are not run again for the price of rounding the inputs
MOST_TESTS = 10_000  # comparisons on the path of exact numbers, beside four times those of a run
MOST_SCALES = 8  # as many as a report has remarks
SHARED = (int, float, str, Fraction, Constant)


@dataclass(frozen=True)
class Run:
    """What one precision gave, and the truth beside it.

    `tests` is how many comparisons decided its path; `rounded` holds the truth at the inputs that
    the precision really has, None where they are exact or where that was not worked out. `straight`
    is the truth on the path of exact numbers, for a run that `is_astray`: it is judged on a path of
    its own; None where that is not known. `scales` has, for what should be 0 and is not, the
    largest number on the way to it.
    """

    numbers: NumberSystem[Any]
    results: dict[str, Any]
    verdict: Verdict
    reference: Reference
    difference: Difference | None
    tests: int
    rounded: dict[str, Real] | None
    straight: Verdict | None = None
    scales: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_astray(self) -> bool:
        """Tell whether this run is judged on its own path, and exact numbers take another."""
        judged = f"judged on the path of {self.numbers.name}"
        return self.difference is not None and self.difference.judged == judged


class Truth(NamedTuple):
    """A study whose path is judged, its settled results, and the same as data."""

    study: Study
    verdict: Verdict
    reference: Reference


def runs_of(
    f: Callable[..., Any], point: Point, systems: Sequence[NumberSystem[Any]], own: bool
) -> tuple[list[Run], tuple[str, ...]]:
    """Return a run for each precision, and what must be said about how they were made.

    The truth follows the path of each run, or with `own` the path that exact numbers take. A
    function that cannot be recorded is run as it is, and its truth follows its own path.
    """
    try:
        return recorded(f, point, systems, own), ()
    except EndlessPath:
        raise
    except TypedgradError as error:  # if the function itself is wrong, it is so in the next run too
        why = error.text().partition("\n")[0]
    remark = (
        f"{point.function} was run without being recorded ({why}): the reference takes its own"
        " path, and condition numbers of the partials are left out."
    )
    return eager(f, point, systems), (remark,)


def recorded(
    f: Callable[..., Any], point: Point, systems: Sequence[NumberSystem[Any]], own: bool
) -> list[Run]:
    """Return the runs by programs; the function itself runs once where one program serves all."""
    bits = max(numbers.bits for numbers in systems)
    found = studies(f, point, systems)
    shared: dict[int, list[str]] = {}
    for numbers, each in zip(systems, found, strict=True):
        shared.setdefault(id(each), []).append(numbers.name)
    with JUDGING:
        exact = {id(s): exact_tests(s) for s in found}
        if own:
            alone = truth(own_study(f, point, bits, found), bits, OWN)
            truths = dict.fromkeys(exact, alone)
        else:
            paths = {key: ", ".join(names) for key, names in shared.items()}
            truths = {
                id(s): truth(s, bits, paths[id(s)]) for s in {id(s): s for s in found}.values()
            }
        runs = [
            run_beside(s, numbers, truths[id(s)], exact[id(s)])
            for numbers, s in zip(systems, found, strict=True)
        ]
        if not any(run.is_astray for run in runs):
            return runs
        known = straight(f, point, bits, found)
        return [replace(run, straight=known) if run.is_astray else run for run in runs]


def straight(
    f: Callable[..., Any], point: Point, bits: int, found: Sequence[Study]
) -> Verdict | None:
    """Return the truth on the path of exact numbers; None where that does not end, or raises."""
    try:
        return judged_study(own_study(f, point, bits, found), bits)
    except TypedgradError:
        return None


def studies(
    f: Callable[..., Any], point: Point, systems: Sequence[NumberSystem[Any]]
) -> list[Study]:
    """Return a study for each precision, the same one where it serves several."""
    found: list[Study] = []
    for numbers in systems:
        known = next((s for s in found if is_large(s) and serves(s, numbers)), None)
        new = known or study(f, point, numbers)
        equal = next((s for s in found if is_alike(s, new)), None)
        found.append(equal or new)
    return found


def is_large(known: Study) -> bool:
    """Tell whether another recording would take too long."""
    return len(known.trace.program) > SMALL


def serves(known: Study, numbers: NumberSystem[Any]) -> bool:
    """Tell whether the programs of one precision are those of another."""
    plain = all(type(x) in SHARED for x in known.trace.program.constants)
    return plain and known.keeps_path(numbers)


def is_alike(one: Study, other: Study) -> bool:
    """Tell whether two precisions did the same."""
    outcomes = [g.outcome for g in one.guards] == [g.outcome for g in other.guards]
    return one is other or (
        not is_large(one) and outcomes and one.trace.program == other.trace.program
    )


def own_study(f: Callable[..., Any], point: Point, bits: int, runs: Sequence[Study]) -> Study:
    """Return the study of the path that exact numbers take, at a width that can tell.

    Raises `EndlessPath` if it makes far more comparisons than the runs.
    """
    width, most = first_width(bits), MOST_TESTS + 4 * max(len(run.guards) for run in runs)
    while True:
        found = study(f, point, exact_precision(width), most)
        if width * 4 > MOST_BITS or exact_tests(found) == [g.outcome for g in found.guards]:
            return found
        width *= 2


def truth(judge: Study, bits: int, path: str) -> Truth:
    """Return the settled results of a study, and who says so."""
    verdict = judged_study(judge, bits)
    known = conditions(judge, verdict)
    found = reference_of(verdict, path)
    reference = replace(found, conditions=known.numbers, left_out=known.left_out)
    return Truth(judge, verdict, reference)


def reference_of(verdict: Verdict, path: str) -> Reference:
    """Return a verdict as data."""
    texts = {name: shown(x, verdict.figures(name, 40)) for name, x in verdict.results.items()}
    return Reference(verdict.judge, verdict.bits, verdict.settled, texts, verdict.proved, path)


def run_beside(own: Study, numbers: NumberSystem[Any], truth: Truth, exact: Sequence[bool]) -> Run:
    """Return the run of a study in a precision, beside the truth; `exact` are its true tests."""
    results = dict(zip(own.labels, outputs(own, own.full, numbers), strict=True))
    whose = OWN if truth.reference.path == OWN else numbers.name
    parted = parting(own, numbers, exact, whose) or selection(own, numbers)
    rounded = at_rounded(truth.study, numbers, truth.verdict)
    verdict, reference = truth.verdict, truth.reference
    run = Run(numbers, results, verdict, reference, parted, len(own.guards), rounded)
    return replace(run, scales=scales(own, run))


def scales(own: Study, run: Run) -> dict[str, Any]:
    """Return the largest number on the way to each of the first results that should be 0."""
    found: dict[str, Any] = {}
    for k, (name, x) in enumerate(run.results.items()):
        if x and not run.verdict.results[name] and len(found) < MOST_SCALES:
            way = without_dead(own.full.select([k]))
            values = every_value(way, own.inputs(run.numbers), run.numbers)
            made = [*values[: way.inputs], *values[way.first :]]
            sizes = [abs(each) for each in made if run.numbers.is_finite(each)]
            found[name] = max(sizes, default=None)
    return found


def outputs(known: Study, program: Program, numbers: NumberSystem[Any]) -> list[Any]:
    """Return the outputs of a program of a study in a precision."""
    return known.run(program, numbers, "python" if len(program) <= PLAIN else "auto")


def texts_of(point: Point) -> list[str]:
    """Return the exact numbers of a point, as its programs take them."""
    return [x.exact for x in point.inputs] or ["0"]


def exact_tests(known: Study) -> list[bool]:
    """Return how each comparison on a study's path comes out in exact numbers."""
    if not known.guards:
        return []
    return [bool(x) for x in exact_outputs(known.tests, texts_of(known.point), 1).results.values()]


def parting(
    known: Study, numbers: NumberSystem[Any], exact: Sequence[bool], whose: str
) -> Difference | None:
    """Return the first comparison that comes out otherwise in exact numbers."""
    for k, (guard, there) in enumerate(zip(known.guards, exact, strict=True), 1):
        if guard.outcome != there:
            at = guard.at
            where, test = (at.label, at.text or guard.row) if at else ("", guard.row)
            facts = (numbers.name, where, test, str(guard.outcome), str(there), k)
            return Difference(*facts, f"judged on the path of {whose}")
    return None


def selection(known: Study, numbers: NumberSystem[Any]) -> Difference | None:
    """Return the first 0 or 1 that a value was chosen by, and that is another in exact numbers."""
    program = known.value
    chosen = [code for code, name in enumerate(program.ops) if name in SELECTIONS]
    at = [i for i, code in enumerate(program.codes.tolist()) if code in chosen] if chosen else []
    if not at:
        return None
    tests = program.replace(outputs=[program.first + i for i in at])
    here = [bool(x) for x in outputs(known, tests, numbers)]
    there = [bool(x) for x in exact_outputs(tests, texts_of(known.point), 1).results.values()]
    for k, (mine, exact) in enumerate(zip(here, there, strict=True)):
        if mine != exact:
            judged = "judged by what the reference chooses"
            facts = (numbers.name, label(program, at[k]), program.op(at[k]), str(mine), str(exact))
            return Difference(*facts, len(known.guards) + k + 1, judged)
    return None


def at_rounded(
    judge: Study, numbers: NumberSystem[Any], verdict: Verdict
) -> dict[str, Real] | None:
    """Return the truth at the inputs that a precision holds, on the path of the study."""
    if all(x.fits(numbers) for x in judge.point.inputs) or len(judge.full) > MOST_PRICED:
        return None
    held = texts_of(judge.point.rounded(numbers))
    found = exact_outputs(judge.full, held, numbers.bits)
    wide = verdict.numbers
    results = [wide.convert(x, found.numbers) for x in found.results.values()]
    return dict(zip(judge.labels, results, strict=True))


def label(program: Program, i: int) -> str:
    """Return the place of an instruction as 'file.py:7', empty where it is not known."""
    number = -1 if program.places is None else int(program.places[i])
    if number < 0:
        return ""
    file, line, _, _ = program.sources[number]
    return f"{short(file)}:{line}"


def eager(f: Callable[..., Any], point: Point, systems: Sequence[NumberSystem[Any]]) -> list[Run]:
    """Return the runs of a function that cannot be recorded; the truth follows its own path."""
    tried = [trial(f, point, numbers) for numbers in systems]
    with JUDGING:
        found = judged(f, point, max(numbers.bits for numbers in systems))
        wide = found.numbers
        verdict = Verdict(
            found.run.results, wide, "mpmath", wide.bits, found.settled, False, found.stands
        )
        known = {"value": of_value(point, verdict.results, wide)}
        reference = replace(reference_of(verdict, OWN), conditions=known)
        return [
            Run(
                run.numbers,
                run.results,
                verdict,
                reference,
                steps_parting(run, found.run),
                len(run.path),
                eager_rounded(f, point, run.numbers, verdict),
            )
            for run in tried
        ]


def eager_rounded(
    f: Callable[..., Any], point: Point, numbers: NumberSystem[Any], verdict: Verdict
) -> dict[str, Real] | None:
    """Return the truth at the inputs that a precision holds, by another run."""
    if all(x.fits(numbers) for x in point.inputs):
        return None
    return trial(f, point.rounded(numbers), verdict.numbers).results


def steps_parting(run: Trial, reference: Trial) -> Difference | None:
    """Return the first comparison at which a run leaves the path of the reference."""
    steps = enumerate(zip_longest(run.path, reference.path), 1)
    parted = ((k, *pair) for k, pair in steps if key_of(pair[0]) != key_of(pair[1]))
    for number, here, there in parted:
        step = here or there
        same = here is not None and there is not None and here.place == there.place
        where, test = (
            (step.place.label, step.place.text or step.test) if step.place else ("", step.test)
        )
        mine = "not made" if here is None else str(here.outcome)
        exact = str(there.outcome) if there and (same or here is None) else "not made"
        judged = f"judged on the path of {OWN}"
        return Difference(run.numbers.name, where, test, mine, exact, number, judged)
    return None


def key_of(step: Step | None) -> tuple[Any, ...]:
    """Return what tells one comparison on a path from another."""
    return () if step is None else (step.place, step.test, step.outcome)
