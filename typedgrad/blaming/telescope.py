"""Contributions that add up to an error exactly: roundings times secant slopes, swept backwards.

With e the difference of computed and exact values, every instruction satisfies
e[i] = rounding[i] + sum(slope[j] * e[j]) by the choice of its slopes, so that the sum of
rounding[i] * adjoint[i] telescopes to the error of the result, however large it is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from typedgrad.blaming.ledger import Ledger, Run, Uses
from typedgrad.blaming.lifting import lifter
from typedgrad.blaming.limits import limits
from typedgrad.blaming.secants import STEPS, Secant, slopes
from typedgrad.engines.wide import Wide
from typedgrad.numbers import LOG10_2

if TYPE_CHECKING:
    from typedgrad.blaming.ledger import Flags, Floats

EXPLAINS, LARGEST = 1e-10, 1e290


class Step(NamedTuple):
    """What one instruction does to the deviations: raw numbers of the wide arithmetic."""

    rounding: Any
    jump: Any
    slopes: list[Any]
    change: Any


class Telescope:
    """One backward sweep over a run and its exact twin, in an arithmetic that is lent to it.

    `unit` is what contributions are divided by: the error itself, or one ulp of a right result.
    """

    def __init__(self, run: Run, wide: Wide, truth: Any, unit: Any) -> None:
        self.run = run
        self.wide = wide
        self.unit = unit
        program = run.program
        self.first: int = program.first
        self.exact: list[Any] = wide.every(program, [wide.number(text) for text in run.texts])
        finite = np.isfinite(run.values)
        held = lifter(wide, run.numbers)
        self.held: list[Any] = [
            held(x) if ok else None for x, ok in zip(run.values, finite.tolist(), strict=True)
        ]
        odd = ~finite | [not wide.is_finite(x) for x in self.exact]
        self.odd: list[bool] = odd.tolist()
        self.origins: dict[int, int] = _origins(program, odd)
        self.truth = truth
        self.adjoints: list[Any] = [None] * program.values
        self.secants: dict[str, Secant] = {}
        self.sizes: dict[int, float] = {}
        size = len(program)
        self.own: Floats = np.zeros(size)
        self.passed: Floats = np.zeros(size)
        self.most: Floats = np.zeros(size)
        self.limits: list[Any] = [held(x) if np.isfinite(x) else None for x in limits(run)]
        self.rounding: Floats = np.full(size, -np.inf)
        self.grown: Floats = np.full(size, -np.inf)
        self.jumps: Flags = np.zeros(size, np.bool)
        self.uses: list[tuple[int, int, float]] = []
        self.beyond: dict[int, float] = {}  # what inputs add that are too large for the format
        self.total: Any = unit - unit

    def is_known(self) -> bool:
        """Tell whether every exact value is known that should be, its computed one being finite."""
        return all(
            self.wide.is_finite(x) or held is None
            for x, held in zip(self.exact, self.held, strict=True)
        )

    def ledger(self) -> Ledger:
        """Sweep and return what every part of the program adds to the error."""
        root, program = self.run.root, self.run.program
        if self.odd[root] or not self.wide.is_finite(self.truth):
            origin = self.origins.get(root, root) - self.first
            return self.closed(math.nan, (origin,) if origin >= 0 else ())
        one = self.unit / self.unit
        self.adjoints[root] = one
        rows = program.ops
        codes: list[int] = program.codes.tolist()
        starts, args = program.starts.tolist(), program.args.tolist()
        for i in range(root - self.first, -1, -1):
            if self.adjoints[self.first + i] is not None:
                self.sweep(i, rows[codes[i]], args[starts[i] : starts[i + 1]])
        inputs = [self.entered(k) for k in range(program.inputs)]
        if self.first > root >= program.inputs and self.adjoints[root] is not None:
            self.total += self.error(root)
        return self.closed(self.explained(), (), inputs)

    def closed(
        self, explained: float, unknown: tuple[int, ...], inputs: list[float] | None = None
    ) -> Ledger:
        """Return the ledger as it stands."""
        at, which, parts = zip(*self.uses, strict=True) if self.uses else ((), (), ())
        uses = Uses(np.array(at, np.int64), np.array(which, np.int64), np.array(parts, float))
        uses = uses.netted(self.run.program.constants)
        entered = np.array(inputs or [0.0] * self.run.program.inputs)
        arrays = (self.own, self.passed, self.rounding, self.grown, self.jumps)
        return Ledger(*arrays, entered, uses, explained, unknown, self.most)

    def explained(self) -> float:
        """Return the sum of all contributions over the measured error."""
        measured = self.held[self.run.root] - self.truth
        if not self.wide.is_zero(measured - self.unit):
            left = abs(self.wide.to_float((self.total - measured) / self.unit))
            return 1.0 if left < EXPLAINS else 1.0 + left
        return self.wide.to_float(self.total / measured)

    def error(self, k: int) -> Any:
        """Return computed minus exact of value k."""
        return self.held[k] - self.exact[k]

    def entered(self, k: int) -> float:
        """Return what the rounding of input k adds, and book it."""
        adjoint = self.adjoints[k]
        if adjoint is None or self.odd[k]:
            return self.beyond.get(k, 0.0)
        return self.booked(adjoint * self.error(k))

    def booked(self, contribution: Any) -> float:
        """Add a contribution to the total, and return it as a part of the unit."""
        self.total += contribution
        return self.part(contribution)

    def part(self, x: Any) -> float:
        """Return a number as a part of the unit, of a size that floats can still add up."""
        return max(-LARGEST, min(self.wide.to_float(x / self.unit), LARGEST))

    def sweep(self, i: int, name: str, args: list[int]) -> None:
        """Book what instruction i adds, and pass its adjoint on to its arguments."""
        adjoint = self.adjoints[self.first + i]
        step = None if any(self.odd[k] for k in args) else self.step(i, name, args)
        if step is None:
            origin = next((self.origins[k] for k in args if self.odd[k]), self.first + i)
            part = self.booked(adjoint * self.error(self.first + i))
            if origin < self.run.program.inputs:
                self.beyond[origin] = self.beyond.get(origin, 0.0) + part
                return
            at = origin - self.first if origin >= self.first else i
            self.own[at] += part
            self.most[at] += abs(part)
            return
        part = self.booked(adjoint * (step.rounding + step.jump))
        self.own[i] += part
        self.most[i] += self.at_most(i, adjoint, step, part)
        self.passed[i] = self.part(adjoint * step.change)
        self.rounding[i] = self.wide.log2size(step.rounding)
        self.jumps[i] = not self.close(step.jump + step.change, step.change)
        self.grown[i] = self.growth(i, step.change, args)
        for k, slope in zip(args, step.slopes, strict=True):
            if slope.__class__ is not int or slope:
                self.hand(i, k, adjoint * slope)

    def at_most(self, i: int, adjoint: Any, step: Step, part: float) -> float:
        """Return the size of what instruction i adds at most; with no limit, of what it did."""
        limit = self.limits[i]
        if limit is None:
            return abs(part)
        return abs(self.wide.to_float(adjoint * (limit + abs(step.jump)) / self.unit))

    def hand(self, i: int, k: int, part: Any) -> None:
        """Add to the adjoint of value k; book the rounding of a constant where it is used."""
        program = self.run.program
        if program.inputs <= k < self.first:
            error = self.error(k)
            if not self.wide.is_zero(error):
                self.uses.append((i, k - program.inputs, self.booked(part * error)))
            return
        old = self.adjoints[k]
        self.adjoints[k] = part if old is None else old + part

    def step(self, i: int, name: str, args: list[int]) -> Step | None:
        """Return what instruction i does, None where a number of it is not finite."""
        h, a = [self.held[k] for k in args], [self.exact[k] for k in args]
        at = self.secant(name)
        value, fa = self.held[self.first + i], self.exact[self.first + i]
        fh = at.row(*h)
        if not self.wide.is_finite(fh):
            return None
        try:
            found = slopes(name, at, h, a, fh, fa)
        except ZeroDivisionError:
            return None
        if not all(s.__class__ is int or self.wide.is_finite(s) for s in found):
            return None
        jump = change = fh - fa
        if name in STEPS:
            change = sum((s * (x - y) for s, x, y in zip(found, h, a, strict=True)), fa - fa)
            jump = jump - change
        else:
            jump = fa - fa
        return Step(value - fh, jump, found, change)

    def secant(self, name: str) -> Secant:
        """Return the row of that name, ready to be asked for slopes."""
        if name not in self.secants:
            row = self.wide.row(name)
            if row is None:
                raise NotImplementedError(name)
            step = self.wide.number(f"1p-{self.wide.bits // 3}")
            self.secants[name] = Secant(row, self.close, step)
        return self.secants[name]

    def close(self, x: Any, y: Any) -> bool:
        """Tell whether two numbers agree in half of the bits, so that they stand for one."""
        size = self.wide.log2size
        gap = x - y
        return self.wide.is_zero(gap) or size(gap) < max(size(x), size(y)) - self.wide.bits / 2

    def growth(self, i: int, change: Any, args: list[int]) -> float:
        """Return the digits that the relative error of the arguments grows by."""
        before = max((self.size(k) for k in args), default=-math.inf)
        if before == -math.inf or self.wide.is_zero(change):
            return -math.inf
        k = self.first + i
        scale = max(self.wide.log2size(self.held[k]), self.wide.log2size(self.exact[k]))
        after = min(self.wide.log2size(change) - scale, 0.0)
        return (after - before) * LOG10_2

    def size(self, k: int) -> float:
        """Return log2 of the relative error of value k, at most 0."""
        if k not in self.sizes:
            size, x, y = self.wide.log2size, self.held[k], self.exact[k]
            error = x - y
            zero = self.wide.is_zero(error)
            self.sizes[k] = -math.inf if zero else min(size(error) - max(size(x), size(y)), 0.0)
        return self.sizes[k]


def _origins(program: Any, odd: Any) -> dict[int, int]:
    """Return for every value that is not finite the first one that made it so."""
    found: dict[int, int] = {}
    for k in np.flatnonzero(odd).tolist():
        i = k - program.first
        args: list[int] = program.arguments(i) if i >= 0 else []
        found[k] = next((found[j] for j in args if j in found), k)
    return found
