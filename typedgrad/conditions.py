"""Conditions: how much a problem itself magnifies the rounding of its inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from typedgrad.engines.exact import ExactPrecision, Real
from typedgrad.errors import TypedgradError
from typedgrad.gradient import gradient, jacobian
from typedgrad.judge import Verdict, exact_outputs
from typedgrad.points import Point
from typedgrad.study import Study

MOST_INPUTS, MOST_INSTRUCTIONS = 16, 40_000
BITS, GROWTH = 10, 3  # a condition number needs few digits; a sweep triples a program


class Conditions(NamedTuple):
    """Condition numbers by entry, None where there is none; what was left out, and why."""

    numbers: dict[str, float | None]
    left_out: str


def condition(
    inputs: Sequence[Real], slopes: Sequence[Real], result: Real, numbers: ExactPrecision
) -> float | None:
    """Return sum of abs(x df/dx / f); None where f is 0, or it is no finite float64."""
    if not result:
        return None
    total = numbers.lift(0)
    for x, slope in zip(inputs, slopes, strict=True):
        total = total + abs(x * slope)
    found = total / abs(result)
    size = float(found.x) if numbers.is_finite(found) else math.inf
    return size if math.isfinite(size) else None


def of_value(point: Point, results: Mapping[str, Real], numbers: ExactPrecision) -> float | None:
    """Return the condition number of the value, from its partials."""
    inputs = [x.lifted(numbers) for x in point.inputs]
    slopes = [results[name] for name in point.partials]
    return condition(inputs, slopes, results["value"], numbers)


def conditions(study: Study, verdict: Verdict) -> Conditions:
    """Return the condition numbers of the value and of each partial on the path of a study.

    Those of the partials need all second derivatives; they are left out for a function of many
    inputs or instructions.
    """
    point = study.point
    found = {"value": of_value(point, verdict.results, verdict.numbers)}
    why = reason(study)
    if why or not point.inputs:
        return Conditions(found, why)
    try:
        return Conditions(found | of_partials(study, verdict), "")
    except TypedgradError as error:  # a rule that cannot be differentiated twice
        return Conditions(found, error.text().partition("\n")[0])


def reason(study: Study) -> str:
    """Return why the second derivatives of a study are not worked out; empty if they are."""
    inputs, size = len(study.point.inputs), len(study.full)
    if inputs > MOST_INPUTS:
        return f"{inputs} inputs are more than {MOST_INPUTS}"
    if GROWTH * inputs * size > MOST_INSTRUCTIONS:
        return f"the function makes {len(study.value)} operations"
    return ""


def of_partials(study: Study, verdict: Verdict) -> dict[str, float | None]:
    """Return the condition number of each partial, by second derivatives."""
    count = len(study.point.inputs)
    texts = [x.exact for x in study.point.inputs]
    second = exact_outputs(jacobian(gradient(study.value)), texts, BITS)
    rows = list(second.results.values())
    inputs = [x.lifted(second.numbers) for x in study.point.inputs]
    found: dict[str, float | None] = {}
    for k, name in enumerate(study.point.partials):
        partial = second.numbers.convert(verdict.results[name], verdict.numbers)
        own = rows[k * count : (k + 1) * count]
        found[name] = condition(inputs, own, partial, second.numbers)
    return found
