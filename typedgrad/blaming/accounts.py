"""From a run and its truth to a blame: the ledger, its gathering, its causes and remarks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from typedgrad.blaming.causes import called, causes, is_pole
from typedgrad.blaming.gathering import (
    Book,
    Scale,
    by_variable,
    expressions,
    lines,
    operations,
)
from typedgrad.blaming.ledger import Ledger, Run
from typedgrad.blaming.linear import linear_ledger
from typedgrad.blaming.telescope import Telescope
from typedgrad.culprits import Entry, Remark, Share
from typedgrad.engines.wide import Mpmath, Wide, middles
from typedgrad.literals import literal_text
from typedgrad.numbers import LOG10_2, NumberSystem
from typedgrad.rewriting.hints import hints
from typedgrad.study import Study, every_value
from typedgrad.tracing import Guard

if TYPE_CHECKING:
    from typedgrad.blaming.asking import Blamed

MOST_EXACT, MOST_RETRIED = 20_000, 300_000
LEAST_BITS, MOST_BITS = 256, 1 << 14
EXPLAINED = 1e-9
NEAR = 0.01
TINY = 0.1  # of a last place
MOST_SHOWN = 500
EXACT = "exact differences, each rounding times its secant slopes"
LINEAR = "first order, each rounding times its adjoint at the computed point"


def accounted(blamed: Blamed, label: str) -> dict[str, Any]:
    """Return the parts of a blame of one result by their names."""
    run, entry = run_of(blamed, label), blamed.entry(label)
    with np.errstate(all="ignore"):
        ledger, mode, model = ledger_of(blamed, run, label)
        return gathered(blamed, run, entry, ledger) | dict(mode=mode, model=model)


def gathered(blamed: Blamed, run: Run, entry: Entry, ledger: Ledger) -> dict[str, Any]:
    """Return what a ledger tells, by the names of the parts of a blame."""
    label = entry.label
    book = Book(blamed.study, run, ledger, scale(blamed, run, entry), label)
    named = causes(book) if worth(entry) else {}
    study, verdict = blamed.study, blamed.verdict
    unit, error = ("ulp" if in_places(run, entry) else "error"), 1.0
    if unit == "ulp" and not entry.is_right:
        error = abs(entry.absolute) / last_place(run)
    return dict(
        point=study.point,
        precision=blamed.numbers.name,
        bits=blamed.numbers.bits,
        entry=entry,
        explained=ledger.explained,
        spread=book.spread,
        bound=ledger.bound / error,
        unit=unit,
        lines=lines(book, named),
        expressions=expressions(book, named)[:MOST_SHOWN],
        variables=by_variable(book),
        operations=operations(book),
        phases=book.phases,
        remarks=tuple(remarks(blamed, book, entry)),
        size=len(run.program),
        judge=verdict.judge,
        judge_bits=verdict.bits,
        hints=hints(study, verdict, label) if worth(entry) else (),
    )


def ledger_of(blamed: Blamed, run: Run, label: str) -> tuple[Ledger, str, str]:
    """Return the ledger with its mode and model: exact differences, or linear for large programs.

    Where the first order does not explain the error, exact differences do, up to a size.
    """
    size = len(run.program)
    if size > MOST_EXACT:
        entry = blamed.entry(label)
        places = in_places(run, entry)
        unit = last_place(run) if places else entry.absolute
        if math.isfinite(unit) and unit:
            ledger = linear_ledger(run, unit, entry.absolute / unit)
            near = abs(ledger.explained - 1) <= NEAR and not ledger.unknown
            if near or size > MOST_RETRIED:
                return ledger, "linear", LINEAR
    ledger, by = exact_ledger(blamed, run, label)
    return ledger, "exact", f"{EXACT}, {by.name} at {by.bits} bits"


def last_place(run: Run) -> float:
    """Return what one unit in the last place of a result is worth."""
    return float(run.numbers.ulp(run.values[run.root]))


def in_places(run: Run, entry: Entry) -> bool:
    """Tell whether an error is so far below the last place that parts of it say nothing."""
    return entry.is_right or (0 < abs(entry.absolute) < TINY * last_place(run) and entry.lost < 1)


def worth(entry: Entry) -> bool:
    """Tell whether so much is lost, and surely, that a cause is to be named."""
    return entry.digits is None or (entry.lost >= 1 and entry.stands)


def run_of(blamed: Blamed, label: str) -> Run:
    """Return the run of a result, with all its values."""
    texts = tuple(x.exact for x in blamed.study.point.inputs) or ("0",)
    return Run(blamed.program, blamed.numbers, blamed.values, blamed.root(label), texts)


def exact_ledger(blamed: Blamed, run: Run, label: str) -> tuple[Ledger, Wide]:
    """Return the ledger by exact differences, in arithmetic widened until it explains the error."""
    bits = max(LEAST_BITS, 4 * run.numbers.bits)
    while True:
        by = middles(bits, run.program.ops) or Mpmath(bits)
        ledger = telescoped(blamed, run, label, by)
        if ledger is None:
            by = Mpmath(bits)
            ledger = telescoped(blamed, run, label, by)
        if ledger is not None:
            off = abs(ledger.explained - 1)
            if off <= EXPLAINED or math.isnan(off) or bits >= MOST_BITS:
                return ledger, by
        bits *= 2


def telescoped(blamed: Blamed, run: Run, label: str, by: Wide) -> Ledger | None:
    """Return the ledger in one arithmetic, None where that cannot tell a number."""
    with by.working():
        truth = by.from_real(blamed.verdict.results[label])
        got = run.values[run.root]
        unit = by.number("1")
        if np.isfinite(got) and by.is_finite(truth):
            held = by.from_scalar(got, run.numbers)
            unit = held - truth
            if in_places(run, blamed.entry(label)):
                unit = by.from_scalar(run.numbers.ulp(got), run.numbers)
        telescope = Telescope(run, by, truth, unit)
        if by.name != "mpmath" and not telescope.is_known():
            return None
        return telescope.ledger()


def scale(blamed: Blamed, run: Run, entry: Entry) -> Scale:
    """Return how large the unit of the ledger is."""
    truth = blamed.verdict.results[entry.label]
    if not truth or not math.isfinite(entry.relative):
        return Scale(math.inf, entry.cap)
    if not in_places(run, entry):
        return Scale(math.log10(entry.relative) if entry.relative else -math.inf, entry.cap)
    return Scale(-blamed.numbers.bits * LOG10_2, entry.cap)


def remarks(blamed: Blamed, book: Book, entry: Entry) -> Iterator[Remark]:
    """Yield what is to be said of the whole run, what matters most first."""
    yield from partings(blamed)
    unknown, explained = book.ledger.unknown, book.ledger.explained
    if unknown and worth(entry) and (found := hidden(book, unknown[0])):
        yield Remark("unknown", found)
    elif unknown and worth(entry):
        i = unknown[0]
        where = book.name(book.place(i))
        more = f", and {len(unknown) - 1} more" if unknown[1:] else ""
        text = f"What {called(book, i)} ({where}) adds is unknown: it is not finite{more}."
        yield Remark("unknown", text)
    if abs(explained - 1) > NEAR:
        text = "The first order does not reach here: the shares do not add up to the error."
        yield Remark("linear", text)
    if not entry.stands:
        yield Remark("judge", f"The reference is not settled at {blamed.verdict.bits} bits.")


def hidden(book: Book, i: int) -> str:
    """Return which lines made the argument of a row that is infinite there, but not where exact.

    '' where its arguments are as they should be, and for large programs.
    """
    run, program = book.run, book.run.program
    if len(program) > MOST_EXACT or not is_pole(run, i):
        return ""
    by = Mpmath(LEAST_BITS)
    exact = by.every(program, [by.number(text) for text in run.texts])
    for k in program.arguments(i):
        if not (np.isfinite(run.values[k]) and by.is_finite(exact[k])):
            continue
        with by.working():
            error = by.from_scalar(run.values[k], run.numbers) - exact[k]
            if by.is_zero(error):
                continue
            if k < program.first:
                return given_as(book, k)
            ledger = Telescope(replace(run, root=k), by, exact[k], error).ledger()
            should = by.precision.mp.nstr(exact[k], 3, min_fixed=-5)
        made = lines(replace(book, run=replace(run, root=k), ledger=ledger), {})[:1]
        whose = [x for x in made if abs(x.signed) >= 0.1 and x.line]
        what = f"{called(book, i)}: {run.values[k]!s} would be {should} in exact arithmetic"
        return f"{what}; {part_of(whose[0])}" if whose else f"{what}."
    return ""


def given_as(book: Book, k: int) -> str:
    """Return what became of an input or a constant that the precision does not hold."""
    run, name = book.run, book.run.numbers.name
    if k >= run.program.inputs:
        shown = literal_text(run.program.constants[k - run.program.inputs])
        return f"The constant {shown} becomes {run.values[k]!s} in {name}."
    x = book.study.point.inputs[k]
    return f"{x.name} = {x.shown} becomes {run.values[k]!s} in {name}."


def part_of(share: Share) -> str:
    """Return how much of an error a line makes, in words."""
    return f"line {share.line} makes {share.signed:.0%} of that error.".replace("%", " %")


def partings(blamed: Blamed) -> Iterator[Remark]:
    """Yield a remark for tests that errors could turn, those that exact arithmetic turns first."""
    study = blamed.study
    if not study.guards:
        return
    if (size := len(study.tests)) > MOST_EXACT:
        text = f"they take {size:,} operations, more than {MOST_EXACT:,}."
        yield Remark("tests", f"Whether errors could turn a test of the code is not known: {text}")
        return
    found = list(margins(study, blamed))
    for turned in (True, False):
        for guard, is_turned, text in found:
            if is_turned is turned:
                where = f"{guard.place}  {guard.at.text if guard.at else guard.row}"
                yield Remark("unstable branch", f"unstable branch: {where}  {text}")


def margins(study: Study, blamed: Blamed) -> Iterator[tuple[Guard, bool, str]]:
    """Yield the tests whose sides are no farther apart than their errors."""
    numbers, tests = blamed.numbers, study.tests
    values = every_value(tests, study.inputs(numbers), numbers)
    by = Mpmath(LEAST_BITS)
    texts = [x.exact for x in study.point.inputs] or ["0"]
    exact = by.every(tests, [by.number(text) for text in texts])
    seen: set[str] = set()
    with by.working():
        for guard, output in zip(study.guards, tests.outputs.tolist(), strict=True):
            args = tests.arguments(output - tests.first) if output >= tests.first else []
            turned = output >= tests.first and bool(exact[output]) != guard.outcome
            if not turned and not is_close(args, values, exact, by, numbers):
                continue
            if guard.place + guard.row not in seen:
                seen.add(guard.place + guard.row)
                here = f"is {guard.outcome} in {numbers.name}"
                there = f"{not guard.outcome} in exact arithmetic; shares are on this path"
                near = "and its sides are no farther apart than their errors"
                yield guard, turned, f"{here}, {there}" if turned else f"{here}, {near}"


def is_close(
    args: list[int], values: Any, exact: list[Any], by: Mpmath, numbers: NumberSystem[Any]
) -> bool:
    """Tell whether two sides are no farther apart than the errors that they carry."""
    if len(args) != 2 or not all(np.isfinite(values[k]) and by.is_finite(exact[k]) for k in args):
        return False
    held = [by.from_scalar(values[k], numbers) for k in args]
    errors = sum(abs(x - exact[k]) for x, k in zip(held, args, strict=True))
    return bool(errors) and bool(abs(held[0] - held[1]) <= errors)
