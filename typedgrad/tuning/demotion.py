"""Demotion: what becomes of a function at one point if some values are kept in fewer digits.

A site is a function at a point: its program, the truth, and runs in mixed precision. The estimates
are first order: the rounding of each value times its adjoint, one engine run for all values.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from typedgrad.engines.choice import engine_for
from typedgrad.engines.mix import Mix, MixedKernel, constants_as
from typedgrad.engines.mixed import mixed_kernel
from typedgrad.errors import BadBudget
from typedgrad.flow import first_of_each, ordered
from typedgrad.gradient import Reverse
from typedgrad.homes import NOWHERE, Home, homes, names
from typedgrad.judge import JUDGING, Verdict, exact_outputs, judged_study
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program
from typedgrad.simplify import without_dead
from typedgrad.source import short
from typedgrad.study import Study
from typedgrad.tuning.advice import Budget, Outcome

LEAST, NORMAL = math.ulp(0.0), sys.float_info.min


@dataclass(frozen=True)
class Group:
    """The values of one candidate at one site, by number, with the place of the first."""

    name: str
    values: Any
    file: str
    line: int


@dataclass(frozen=True)
class Numbers:
    """For each label at a site: the estimates of a candidate, by sizes and signed.

    It is `exact` where the narrow precision holds all its values.
    """

    sizes: list[float]
    signed: list[float]
    exact: bool


class Site:
    """A function at a point, on the path that the wide precision takes there."""

    def __init__(self, study: Study, narrow: NumberSystem[Any], budget: Budget, of: str) -> None:
        self.study = study
        self.formats: tuple[NumberSystem[Any], ...] = (study.numbers, narrow)
        self.labels: tuple[str, ...] = study.labels if of == "all" else ("value",)
        guarded = without_dead(study.trace.program) if study.guards else study.value
        self.base: Program = guarded
        self._reverse: Reverse | None = Reverse(guarded, int(guarded.outputs[0]))
        self.program: Program = guarded
        if len(self.labels) > 1:
            self.program = self._reverse.program()
        else:
            self._reverse = None
        self.inputs: list[Any] = study.inputs(study.numbers)
        self.truth: Verdict = self._judged()
        with JUDGING:
            sizes = [self._size(x, budget) for x in self.truth.results.values()]
        self.tolerances: list[float] = [budget.tolerance(size) for size in sizes]
        self.whole: list[Any] = self.run([])
        errors = [x.error for x in self.outcomes(self.whole)]
        steps = [math.ldexp(size, 2 - study.numbers.bits) for size in sizes]
        self.noise: list[float] = [max(pair) for pair in zip(errors, steps, strict=True)]

    def _judged(self) -> Verdict:
        study, bits = self.study, self.formats[0].bits
        if len(self.labels) > 1:
            return judged_study(study, bits)
        texts = [x.exact for x in study.point.inputs] or ["0"]
        return exact_outputs(study.value, texts, bits)

    @cached_property
    def kernel(self) -> MixedKernel:
        """The kernel of the program in both precisions."""
        return mixed_kernel(self.program, self.formats)

    def moved(self, values: Any) -> Any:
        """Return the numbers that values of the base have in the program."""
        return values if self._reverse is None else self._reverse.pool.moved(values)

    def serving(self, values: Any) -> Any:
        """Return values in the program with those of the sweep that serve their instructions."""
        found = self.moved(values)
        if self._reverse is None:
            return found
        made = np.zeros(len(self.base) + 1, np.bool)
        own = values - self.base.first
        made[own[own >= 0]] = True
        served = np.flatnonzero(made[self._reverse.owners]) + self.program.first
        return np.unique(np.concatenate([found, served]))

    def mix(self, groups: Sequence[Group], computed: bool) -> Mix:
        """Return the choice with the values of some groups in the narrow precision."""
        mix = Mix.uniform(self.program)
        if not groups:
            return mix
        values = np.concatenate([group.values for group in groups])
        return mix.demoted(self.serving(values) if computed else self.moved(values), 1, computed)

    def run(self, groups: Sequence[Group], computed: bool = False) -> list[Any]:
        """Return all outputs with some groups in the narrow precision."""
        return self.kernel.run(self.mix(groups, computed), self.inputs)

    def results(self, outputs: list[Any]) -> list[Any]:
        """Return the numbers that the labels name, among all outputs."""
        return [outputs[0], *outputs[len(self.base.outputs) :]]

    def parting(self, outputs: list[Any]) -> str:
        """Return where the first comparison is that came out as on no run of the wide precision."""
        tests = outputs[1 : len(self.base.outputs)]
        for guard, found in zip(self.study.guards, tests, strict=True):
            if bool(found) != guard.outcome:
                return f"{guard.place}  {guard.at.text}" if guard.at else guard.place
        return ""

    def spot(self, k: int) -> str:
        """Return the name of a result at this point."""
        return f"{self.labels[k]} of {self.study.point.call}"

    def outcomes(self, outputs: list[Any]) -> list[Outcome]:
        """Return the outcome of a run for each label."""
        parting, found = self.parting(outputs), self.results(outputs)
        cap = self.formats[0].digits
        rows: list[Outcome] = []
        with JUDGING:
            for k, (x, truth) in enumerate(zip(found, self.truth.results.values(), strict=True)):
                error = self._distance(x, truth)
                digits = _digits(error, self._part(x, truth), cap)
                rows.append(Outcome(self.spot(k), error, self.tolerances[k], digits, parting))
        return rows

    def _distance(self, x: Any, truth: Any) -> float:
        """Return the error of x; NaN where the truth is NaN, from which nothing is far or near."""
        numbers = self.truth.numbers
        wide = numbers.lift(x)
        if x != x or truth != truth:
            return math.nan if truth != truth else math.inf
        if not (numbers.is_finite(wide) and numbers.is_finite(truth)):
            return 0.0 if wide == truth else math.inf
        return float(abs(wide - truth)) or (0.0 if wide == truth else LEAST)

    def _part(self, x: Any, truth: Any) -> float:
        """Return the error of x as a part of the truth; infinite where that is no number."""
        numbers = self.truth.numbers
        wide = numbers.lift(x)
        if not (truth and numbers.is_finite(wide) and numbers.is_finite(truth)):
            return math.inf
        return float(abs(wide - truth) / abs(truth))

    def _size(self, truth: Any, budget: Budget) -> float:
        """Return the size of an exact result, at most the largest float where it is finite.

        A precision that reaches further than float is refused there unless the budget is absolute:
        whether its error fits cannot be told.
        """
        size = float(abs(truth))
        if not truth or not self.truth.numbers.is_finite(truth) or NORMAL <= size < math.inf:
            return size
        reach = np.finfo(self.study.numbers.scalar).maxexp
        if reach > sys.float_info.max_exp and budget.kind != "absolute":
            problem = f"{self.study.point.call} has a result below 2.2e-308 or above 1.8e308"
            hint = "give a point where results and partials are between these"
            raise BadBudget(problem=f"{problem}, where no error can be weighed", hint=hint)
        return min(size, sys.float_info.max)

    def changes(self, outputs: list[Any]) -> list[float]:
        """Return by how much each result differs from the one in the wide precision."""
        pairs = zip(self.results(outputs), self.results(self.whole), strict=True)
        exact = self.truth.numbers
        with JUDGING:
            return [self._distance(x, exact.lift(y)) for x, y in pairs]

    def groups(self, by: str, computed: bool) -> list[Group]:
        """Return the candidates by 'variable', 'line' or 'call', as they first occur."""
        if by == "call":
            codes, labels = self.base.codes.astype(np.int64), list(self.base.ops)
            return self._gathered(np.concatenate([self._none(), codes]), labels)
        if self.base.places is None:
            return []
        sources = self.base.sources
        if by == "line":
            files = {source[0] for source in sources}
            plain = len({os.path.basename(file) for file in files}) == len(files)
            said = os.path.basename if plain else short
            labels = [f"{said(file)}:{line}" for file, line, _, _ in sources]
            return self._by_source(labels, self._none())
        found = [x if computed or x.kept else NOWHERE for x in homes(sources)]
        function = self.study.point.function
        arguments = [(x.name, len(x.inputs)) for x in self.study.point.arguments]
        owners = [name for name, count in arguments for _ in range(count)] or [""]
        given = [Home(function, name, bool(name)) for name in owners]
        labels = names([*found, *given])
        inputs = np.arange(len(found), len(labels))
        head = np.concatenate([inputs, np.full(len(self.base.constants), -1)])
        return self._by_source(labels, head)

    def _none(self) -> Any:
        return np.full(self.base.first, -1, np.int64)

    def _by_source(self, labels: list[str], head: Any) -> list[Group]:
        places = self.base.places
        assert places is not None
        return self._gathered(np.concatenate([head, places.astype(np.int64)]), labels)

    def _gathered(self, codes: Any, labels: list[str]) -> list[Group]:
        """Return the groups of values with equal labels; code -1 and label '' are none."""
        number: dict[str, int] = {}
        merged = np.array([number.setdefault(x, len(number)) if x else -1 for x in labels] + [-1])
        group = merged[codes]
        order = ordered(group + 1)
        order = order[np.count_nonzero(group < 0) :]
        begins = first_of_each(group[order])
        texts = list(number)
        found = [
            Group(texts[int(group[values[0]])], values, *self._place(int(values[0])))
            for values in np.split(order, begins[1:])
            if len(values)
        ]
        return sorted(found, key=lambda x: int(x.values[0]))

    def _place(self, value: int) -> tuple[str, int]:
        """Return the file and line of a value; of an input there is none."""
        places, i = self.base.places, value - self.base.first
        if i < 0 or places is None or places[i] < 0:
            return "", 0
        file, line, _, _ = self.base.sources[int(places[i])]
        return file, line

    @cached_property
    def values(self) -> Any:
        """All values of the program in the wide precision, as an array."""
        outputs = np.arange(self.program.values, dtype=np.int32)
        return run_array(self.program.replace(outputs=outputs), self.inputs, self.formats[0])

    @cached_property
    def adjoints(self) -> list[Any]:
        """For each label, the adjoints of all values of the program."""
        p, wide = self.program, self.formats[0]
        free = p.replace(inputs=p.first, constants=(), names=())
        given = [*self.inputs, *constants_as(p, wide)]
        outputs = [free.outputs[0], *free.outputs[len(self.base.outputs) :]]
        return [run_array(Reverse(free, int(y)).adjoints(), given, wide) for y in outputs]

    def errors(self, computed: bool) -> Any:
        """Return what each value of the program changes by in the narrow precision, by itself.

        Where it is computed there, its arguments are rounded before.
        """
        wide, narrow = self.formats
        p, values = self.program, self.values
        with np.errstate(all="ignore"):
            found = values.astype(narrow.scalar)
            if computed and len(p):
                found[p.inputs : p.first] = constants_as(p, narrow)
                made = np.arange(p.values, p.values + len(p), dtype=np.int32)
                alone = p.replace(inputs=p.values, constants=(), names=(), outputs=made)
                found[p.first :] = run_array(alone, found, narrow)
            return found.astype(wide.scalar) - values

    def estimates(self, groups: Sequence[Group], computed: bool) -> list[Numbers]:
        """Return for each group what its errors add to the results, to first order."""
        errors = self.errors(computed)
        moved = self.serving if computed else self.moved
        own = [moved(group.values) for group in groups]
        rows = [Numbers([], [], not errors[values].any()) for values in own]
        for adjoint in self.adjoints:
            with np.errstate(all="ignore"):
                nothing = (adjoint == 0) | (errors == 0)
                parts = np.where(nothing, 0, adjoint * errors)
                for values, row in zip(own, rows, strict=True):
                    row.sizes.append(_plain(np.abs(parts[values]).sum()))
                    row.signed.append(_plain(abs(parts[values].sum())))
        return rows


def _plain(x: Any) -> float:
    """Return a size as a float; what is unknown counts as infinite."""
    return math.inf if x != x else float(x)


def _digits(error: float, part: float, cap: float) -> float:
    """Return the digits right of a number whose error is this part of it, from 0 to the cap."""
    if not error:
        return cap
    return min(cap, max(0.0, -math.log10(part))) if 0 < part < math.inf else 0.0


def run_array(program: Program, inputs: Any, numbers: NumberSystem[Any]) -> Any:
    """Return the outputs of a program as an array."""
    out = np.empty(len(program.outputs), numbers.scalar)
    engine_for("auto", numbers).compile(program, numbers).run(inputs, out)
    return out
