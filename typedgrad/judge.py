"""The judge: a function's true value and partials, in arithmetic widened until they stand still."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mpmath

from typedgrad.engines.exact import TURN, ExactPrecision, Real, exact_precision
from typedgrad.engines.wide import MOST_EXPONENT, Mpmath, Wide, middles, wide
from typedgrad.numbers import LOG10_2, SPECIAL
from typedgrad.points import Point
from typedgrad.program import Program
from typedgrad.simplify import simplify, without_dead
from typedgrad.study import Study
from typedgrad.trial import Trial, trial

FIRST_BITS, MOST_BITS, MOST_BALL_BITS = 128, 1 << 14, 1 << 11
# One look at a width that covers float64's whole range finds what both first widths absorbed.
CHECK_BITS, CHECK_NODES = 1280, 1000
SMALL = 300  # instructions of a program that is run at the greatest width if need be
MOST_SIMPLIFIED = 5000  # it takes longer than to run the program
SLACK_BITS = 40
FEW = 3  # digits: two widths that share no more have nothing but noise in common
JUDGING = TURN


@dataclass(frozen=True)
class Verdict:
    """The truth of some results: which it is, who says so, and how far it stands.

    `results` are held in `numbers`, in which errors are formed too. `stands` tells to how many
    digits each result is known; `settled`, that this is more than was asked for, for all of them;
    `proved`, that it is a theorem and not the agreement of two widths; `doubts` names the results
    of which it is not.
    """

    results: dict[str, Real]
    numbers: ExactPrecision
    judge: str
    bits: int
    settled: bool
    proved: bool
    stands: dict[str, float]
    doubts: tuple[str, ...] = ()

    def figures(self, label: str, most: int) -> int:
        """Return how many digits of a result may be shown, at most so many: each of them right."""
        stands = self.stands[label]
        return most if stands > most else max(1, int(stands) - 1)


@dataclass(frozen=True)
class TrialVerdict:
    """The reference run that is trusted, and to how many digits each of its results stands."""

    run: Trial
    numbers: ExactPrecision
    stands: dict[str, float]
    settled: bool


@dataclass(frozen=True)
class Question:
    """A program, its exact inputs as text, the names of its outputs, and the bits to settle."""

    program: Program
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    bits: int

    @property
    def need(self) -> float:
        """The digits that every result has to be known to."""
        return self.bits * LOG10_2 + 1

    @property
    def width(self) -> int:
        """The first width to try."""
        return first_width(self.bits)

    def about(self, chosen: Sequence[int]) -> Question:
        """Return the question about some of the outputs alone."""
        labels = tuple(self.labels[k] for k in chosen)
        return replace(self, program=without_dead(self.program.select(chosen)), labels=labels)

    def inputs(self, arithmetic: Wide) -> list[Any]:
        """Return the inputs in an arithmetic that is at work."""
        return [arithmetic.number(text) for text in self.texts]


def judged_study(study: Study, bits: int) -> Verdict:
    """Return the truth of the value and the partials on the path of a study.

    The inputs are exact as they were written. The width grows until every result is settled to
    more digits than `bits` hold. With python-flint that is proved, wherever balls can tell.
    """
    texts = tuple(x.exact for x in study.point.inputs) or ("0",)
    return answer(Question(study.full, texts, study.labels, bits))


def exact_outputs(program: Program, texts: Sequence[str], bits: int) -> Verdict:
    """Return the truth of the outputs of a program, named '0', '1', ..., at exact inputs."""
    labels = tuple(str(k) for k in range(len(program.outputs)))
    return answer(Question(program, tuple(texts), labels, bits))


def answer(question: Question) -> Verdict:
    """Return the truth of the outputs, by balls where they have all it takes, else by mpmath."""
    if len(question.program) <= MOST_SIMPLIFIED:
        # What is written twice becomes one number, of which balls know that it is itself.
        question = replace(question, program=simplify(question.program))
    special = any(text.strip().lower() in SPECIAL for text in question.texts)
    rigorous = not special and wide(question.width, question.program.ops).rigorous
    with TURN:
        return by_balls(question) if rigorous else by_widths(question)


def by_balls(question: Question) -> Verdict:
    """Run a program on balls that get narrower until every result is known to enough digits.

    What stays undefined or too wide is left to the agreement of two widths. What is sure to be
    less than half the width beside the largest number on the way is called 0; that is not proved.
    """
    balls, found, before, left = enclosed(question)
    with balls.working():
        results = [balls.to_real(x, balls.precision) for x in found]
        stands = [balls.right_bits(x) * LOG10_2 for x in found]
        faint = faint_among(balls, question, found, left)
        zeros = [k for k, x in enumerate(found) if balls.is_zero(x)]
        rest = [k for k in left if k not in faint]
        stuck = {k for k in rest if balls.is_stuck(before[k], found[k])}
    for k in faint:
        results[k], stands[k] = balls.precision.lift(0), math.inf
    for k, x in zip(zeros, signed_zeros(question, zeros), strict=True):
        results[k] = held(x, balls.precision)
    own = verdict(question, balls, results, stands, left)
    if not rest:
        return own
    other = by_agreement(question.about(rest))
    # On a jump two widths agree by chance, so nothing stands but what the balls know; nor does a 0
    # where the widest balls allow anything: what would not be 0 may be absorbed at every width.
    with balls.working():
        if len(question.program) <= SMALL:
            stuck |= {
                k for k in rest if balls.is_finite(found[k]) and is_nothing(question, other, k)
            }
    caps = {question.labels[k]: stands[k] for k in stuck}
    return joined(question, own, other, caps)


def is_nothing(question: Question, other: Verdict, k: int) -> bool:
    """Tell whether a verdict calls output k zero."""
    return other.results[question.labels[k]] == 0


def enclosed(question: Question) -> tuple[Wide, list[Any], list[Any], list[int]]:
    """Return the balls that were narrow enough, their outputs, and which of those still are not.

    The third are the outputs at the width before.
    """
    width, program, found = question.width, question.program, list[Any]()
    small, hope = len(program) <= SMALL, False
    most = MOST_BITS if small else MOST_BALL_BITS
    while True:
        balls = wide(width, program.ops)
        with balls.working():
            inputs = question.inputs(balls)
            before, found = found, balls.run(program, inputs)
            digits = [balls.right_bits(x) * LOG10_2 for x in found]
            left = [k for k, known in enumerate(digits) if known <= question.need]
            if left and width < most and balls.wanted <= most:
                undefined = not all(map(balls.is_finite, found))
                hope = hope or not undefined or balls.may_settle(program, inputs)
            else:
                hope = False
        if not hope:
            return balls, found, before or found, left
        width *= 2 if small else 4


def faint_among(balls: Wide, question: Question, found: list[Any], left: list[int]) -> list[int]:
    """Return which outputs are nothing beside the largest number on the way, and beside 1."""
    if not any(balls.is_finite(found[k]) for k in left):
        return []
    scale = scale_at(balls, question)
    most = min(scale - balls.bits / 2, -balls.bits / 4)
    return [k for k in left if balls.bound(found[k]) <= most]


def signed_zeros(question: Question, zeros: list[int]) -> list[Real]:
    """Return the results that are sure to be 0 with the signs that mpmath's run gives them."""
    if not zeros:
        return []
    found = run_at(Mpmath(question.width), question.about(zeros))
    return [abs(x * 0) if x else x for x in found]


def held(x: Real, numbers: ExactPrecision) -> Real:
    """Return a number in a reference arithmetic that has no fewer bits than its own."""
    scalar = numbers.scalar
    return scalar(scalar.minus_zero if x.x is x.minus_zero else numbers.mp.mpf(x.x))


def verdict(
    question: Question, by: Wide, results: list[Real], stands: list[float], doubts: Sequence[int]
) -> Verdict:
    """Return a verdict; it is settled where every result stands to the digits needed."""
    labels, settled = question.labels, min(stands) > question.need
    known = dict(zip(labels, stands, strict=True))
    values = dict(zip(labels, results, strict=True))
    names = tuple(labels[k] for k in doubts)
    return Verdict(values, by.precision, by.name, by.bits, settled, not names, known, names)


def joined(question: Question, one: Verdict, other: Verdict, caps: dict[str, float]) -> Verdict:
    """Return a verdict in which another judge's results take their places, to `caps` digits."""
    numbers = max(one.numbers, other.numbers, key=lambda numbers: numbers.bits)
    judge = f"{one.judge} and {other.judge}"
    if one.results.keys() == other.results.keys():
        numbers, judge = other.numbers, other.judge
    found = {name: other.results.get(name, x) for name, x in one.results.items()}
    results = {name: held(x, numbers) for name, x in found.items()}
    stands = one.stands | {name: min(x, caps.get(name, x)) for name, x in other.stands.items()}
    settled = other.settled and min(stands.values()) > question.need
    bits = numbers.bits
    return Verdict(results, numbers, judge, bits, settled, False, stands, one.doubts)


def by_agreement(question: Question) -> Verdict:
    """Run a program at growing widths until two agree; by mpmath where flint is undecided."""
    width, rows = question.width, question.program.ops
    if middles(width, rows) is not None:
        found = by_widths(question, lambda bits: middles(bits, rows) or Mpmath(bits))
        if found.settled and all(x and found.numbers.is_finite(x) for x in found.results.values()):
            return found
    return by_widths(question, Mpmath)


def by_widths(question: Question, kind: Callable[[int], Wide] = Mpmath) -> Verdict:
    """Run a program at growing widths until two agree in every result."""
    width = question.width
    last = run_at(kind(width), question)
    while True:
        width *= 2
        by = kind(width)
        new = run_at(by, question)
        found = settled_by(question, by, last, new)
        last = new
        if found.settled and width < CHECK_BITS and len(question.program) <= 3 * CHECK_NODES:
            by = kind(CHECK_BITS)
            last = run_at(by, question)
            if not settled_by(question, by, new, last).settled:
                found, width = replace(found, settled=False), CHECK_BITS
        if found.settled or width >= MOST_BITS:
            return found


def settled_by(question: Question, by: Wide, last: list[Real], new: list[Real]) -> Verdict:
    """Return what two runs say, the second one by `by`, with their noise put to 0."""
    pairs = list(zip(last, new, strict=True))
    results, stands, scale = list(new), [shared(x, y) for x, y in pairs], None
    for k, (x, y) in enumerate(pairs):
        if x and y and stands[k] < FEW:
            scale = scale_at(by, question) if scale is None else scale
            if is_noise(x, y, scale):
                results[k], stands[k] = by.precision.lift(0), math.inf
    return verdict(question, by, results, stands, range(len(pairs)))


def run_at(by: Wide, question: Question) -> list[Real]:
    """Return the outputs in an arithmetic."""
    with by.working():
        found = by.run(question.program, question.inputs(by))
        return [by.to_real(x, by.precision) for x in found]


def scale_at(by: Wide, question: Question) -> float:
    """Return the log2 of the largest number on the way to the outputs, at least 0."""
    with by.working():
        return max(0.0, by.measured(question.program, question.inputs(by))[1])


def first_width(bits: int) -> int:
    """Return the first width for a judge of numbers of so many bits."""
    width = FIRST_BITS
    while width < 2 * bits:
        width *= 2
    return width


def judged(f: Callable[..., Any], point: Point, bits: int) -> TrialVerdict:
    """Run f at growing widths until two agree to more digits than `bits` hold, in every result."""
    need = bits * LOG10_2 + 1
    width = first_width(bits)
    last = trial(f, point, exact_precision(width))
    while True:
        width *= 2
        numbers = exact_precision(width)
        new = trial(f, point, numbers)
        stands = agreement(last, new)
        settled = min(stands.values()) > need
        verdict = TrialVerdict(cleaned(last, new), numbers, stands, settled)
        last = new
        if settled and width < CHECK_BITS and new.nodes <= CHECK_NODES:
            last = trial(f, point, exact_precision(CHECK_BITS))
            settled = min(agreement(new, last).values()) > need
            width = width if settled else CHECK_BITS
        if settled or width >= MOST_BITS:
            return verdict


def agreement(narrow: Trial, wider: Trial) -> dict[str, float]:
    """Return how many digits of each result two widths share; all where both are noise."""
    scale = log2_of(wider.scale)
    return {
        name: standing(x, y, scale)
        for (name, y), x in zip(wider.results.items(), narrow.results.values(), strict=True)
    }


def cleaned(narrow: Trial, wider: Trial) -> Trial:
    """Return the wider run with its noise put to 0."""
    zero, scale = wider.numbers.lift(0), log2_of(wider.scale)
    results = {
        name: zero if is_noise(x, y, scale) else y
        for (name, y), x in zip(wider.results.items(), narrow.results.values(), strict=True)
    }
    return replace(wider, results=results)


def standing(narrow: Real, wider: Real, scale: float) -> float:
    """Return the digits that two widths share, all where both are noise beside 2**scale."""
    return math.inf if is_noise(narrow, wider, scale) else shared(narrow, wider)


def shared(narrow: Real, wider: Real) -> float:
    """Return the digits that two numbers share."""
    mp = wider.mp
    x, y = mp.mpf(narrow.x), wider.x
    if x == y or (mp.isnan(x) and mp.isnan(y)):
        return math.inf
    if not (mp.isfinite(x) and mp.isfinite(y) and y):
        return 0.0
    return digits_of((x - y) / y, mp)


def digits_of(error: mpmath.mpf, mp: mpmath.MPContext) -> float:
    """Return -log10 of a relative error, at least 0."""
    part, exponent = mp.frexp(abs(error))
    if abs(exponent) > MOST_EXPONENT:
        return 0.0 if exponent > 0 else math.inf
    return max(0.0, -math.log10(float(part)) - exponent * LOG10_2)


def is_noise(narrow: Real, wider: Real, scale: float) -> bool:
    """Tell whether a result is nothing but rounding at both widths, so that its truth is 0."""
    return bool(narrow and wider and shared(narrow, wider) < FEW) and all(
        x.mp.isfinite(x.x) and log2_of(x) <= max(scale, 0.0) + 1 + SLACK_BITS - x.mp.prec
        for x in (narrow, wider)
    )


def log2_of(x: Real) -> float:
    """Return log2(abs(x)) within 1, -inf for 0."""
    if not x or not x.mp.isfinite(x.x):
        return float(x.mp.mag(x.x))
    return float(max(-MOST_EXPONENT, min(x.mp.mag(x.x), MOST_EXPONENT)))
