"""Rigorous arithmetic: programs on the balls of python-flint."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from flint import arb, ctx
from typing_extensions import override

from typedgrad.engines.ballmath import NOUGHT, UNKNOWN
from typedgrad.engines.ballrows import CONTEXT, row_on_balls
from typedgrad.engines.bare import Wide
from typedgrad.engines.exact import TURN, ExactPrecision, Real, formula
from typedgrad.machine import NUMBERS
from typedgrad.numbers import SPECIAL, Constant, decimal_ratio
from typedgrad.program import Program

FARTHEST = 1 << 60
MOST_LOOKED_AT, SAMPLE, LOST_BITS = 1000, 64, 1 << 14
MOST_WANTED = 1 << 14
HUGE = arb((1, LOST_BITS))
EXACT_BITS = 1 << 30  # flint's number for "no error at all" is far above


class Balls(Wide):
    """Balls with midpoints of `bits` bits; every result encloses the truth.

    The width is a setting of flint for the whole process: `working` sets it and puts it back, and
    one thread at a time is at work.
    """

    name = "python-flint balls"
    rigorous = True

    @override
    @contextmanager
    def working(self) -> Generator[None]:
        with TURN:
            before, ctx.prec = ctx.prec, self.bits
            try:
                yield
            finally:
                ctx.prec = before

    @override
    def constant(self, x: Any) -> arb:
        if isinstance(x, Constant):
            return formula(CONTEXT, ball, x.meaning) if x.meaning else ball(x.text)
        if isinstance(x, str):
            return ball(x)
        if isinstance(x, int):
            return arb(x)
        kind: type[Any] = x.__class__
        numbers = NUMBERS.get(kind)
        if not math.isfinite(x):
            return UNKNOWN
        return quotient(*(numbers.to_ratio(x) if numbers else x.as_integer_ratio()))

    @override
    def from_real(self, x: Real) -> arb:
        if not x.mp.isfinite(x.x):
            return UNKNOWN
        mantissa, exponent = x.x.man_exp
        y = arb((int(mantissa), int(exponent)))
        return -y if x < 0 else y

    @override
    def to_real(self, x: arb, numbers: ExactPrecision) -> Real:
        if not x.is_finite():
            return numbers.from_special("nan")
        mantissa, exponent = (x if x.is_exact() else x.mid()).man_exp()
        return numbers.scalar(numbers.mp.ldexp(numbers.mp.mpf(int(mantissa)), int(exponent)))

    @override
    def _row(self, name: str) -> Callable[..., Any] | None:
        return row_on_balls(name)

    @override
    def twin(self, name: str) -> Callable[..., Any] | None:
        return without_itself if name == "sub" else None

    @override
    def is_finite(self, x: arb) -> bool:
        return x.is_finite()

    @override
    def is_zero(self, x: arb) -> bool:
        return x.is_zero()

    @override
    def log2size(self, x: arb) -> float:
        near = abs(float(x))
        if 1e-300 < near < 1e300:
            return math.log2(near)
        if x.is_zero() or not x.is_finite():
            return -math.inf if x.is_zero() else math.nan
        mantissa, exponent = x.mid().man_exp()
        size, power = abs(int(mantissa)), int(exponent)
        return math.log2(size) + min(max(power, -FARTHEST), FARTHEST) if size else -math.inf

    @override
    def to_float(self, x: arb) -> float:
        return float(x)

    @override
    def right_bits(self, x: arb) -> float:
        bits = x.rel_accuracy_bits()
        return math.inf if bits > EXACT_BITS else max(0.0, bits - 2.0)

    @override
    def bound(self, x: arb) -> float:
        return self.log2size(x.abs_upper()) if x.is_finite() else math.inf

    @override
    def is_stuck(self, wider: Any, x: Any) -> bool:
        ends: bool = wider.is_finite() and x.is_finite() and 2 * x.rad() > wider.rad()
        return ends and not x.is_exact()

    @override
    def may_settle(self, program: Program, inputs: list[arb]) -> bool:
        # What is undefined at exact numbers is so at every width.
        looked_at, found = 0, False

        def watch(values: list[Any], begin: int) -> None:
            nonlocal looked_at, found
            for k in range(begin, len(values)):
                if looked_at < MOST_LOOKED_AT and not found and not values[k].is_finite():
                    looked_at += 1
                    args = [values[a] for a in program.arguments(k - program.first)]
                    known = all(x.is_finite() for x in args)
                    found = known and not all(x.is_exact() for x in args)

        self.run(program, inputs, watch)
        return found or looked_at >= MOST_LOOKED_AT

    @override
    def _steps(
        self, program: Program, values: list[Any], deaths: Iterator[list[int]]
    ) -> Generator[int]:
        for begin in super()._steps(program, values, deaths):
            # A radius that is squared again and again would fill the memory with its exponent.
            wide = [k for k in range(begin, len(values), SAMPLE) if lost(values[k])]
            if wide:
                values[begin:] = [UNKNOWN if lost(x) else x for x in values[begin:]]
                self.widen(self.bits * program.values / (wide[0] + 1))
            yield begin
            if self.wanted > MOST_WANTED:
                values.extend([UNKNOWN] * (program.values - len(values)))
                return


class Middles(Balls):
    """The midpoints of balls alone: as quick, and without proof.

    A long recurrence blows balls up where its numbers are fine. What a row leaves undecided is
    unknown here too: no midpoint is taken for it.
    """

    name = "python-flint"
    rigorous = False

    @override
    def _row(self, name: str) -> Callable[..., Any] | None:
        function = row_on_balls(name)
        if function is None:
            return None

        enough = self.bits // 4

        def rounded(*args: arb) -> arb:
            y: arb = function(*args)
            return y.mid() if y.rel_accuracy_bits() > enough else UNKNOWN

        return rounded

    @override
    def constant(self, x: Any) -> arb:
        return super().constant(x).mid()


def lost(x: arb) -> bool:
    """Tell whether a finite ball is so wide that nothing can come of it."""
    return x.rel_accuracy_bits() < -LOST_BITS and x.rad() > HUGE


def without_itself(x: arb, _: arb) -> arb:
    """Return x - x, which is 0 however wide the ball of x is."""
    return NOUGHT if x.is_finite() else UNKNOWN


def ball(text: str) -> arb:
    """Return the number of exact text; infinities are not the business of balls."""
    return UNKNOWN if text.strip().lower() in SPECIAL else quotient(*decimal_ratio(text))


def quotient(top: int, bottom: int) -> arb:
    """Return top / bottom, exact where the bottom is a power of two."""
    if bottom & (bottom - 1):
        return arb(top) / arb(bottom)
    return arb((top, 1 - bottom.bit_length()))
