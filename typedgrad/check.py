"""check_grad: derivatives from the rules against derivatives measured on the function itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from typedgrad.engines.exact import ExactPrecision, Real, exact_precision
from typedgrad.errors import TypedgradError, WrongGradient
from typedgrad.judge import JUDGING, shared
from typedgrad.numbers import LOG10_2, NumberSystem
from typedgrad.points import Point, point_of
from typedgrad.precision import float64, longdouble
from typedgrad.trial import evaluate, trial

REFERENCE_BITS = 384


@dataclass(frozen=True)
class Checked:
    """What `check_grad` found: digits that agree by argument, None where nothing can be measured.

    `reference` names the arithmetic in which the function was measured.
    """

    function: str
    reference: str
    digits: dict[str, float | None]


@dataclass(frozen=True)
class Slopes:
    """Difference quotients along one argument, to the left and to the right; None: no limit.

    Errors up to `noise` cannot be told from zero.
    """

    left: Real | None
    right: Real | None
    noise: Real

    @property
    def sides(self) -> list[Real]:
        """The slopes that exist."""
        return [side for side in (self.left, self.right) if side is not None]

    @property
    def middle(self) -> Real:
        """The derivative, where both sides agree."""
        return self.sides[0] if len(self.sides) == 1 else (self.sides[0] + self.sides[1]) / 2

    def agreement(self, got: Real) -> float:
        """Return the digits to which a derivative agrees; at a kink anything between does."""
        low, high = min(self.sides), max(self.sides)
        if low - self.noise <= got <= high + self.noise:
            return got.mp.prec * LOG10_2
        return max(shared(got, side) for side in (low, high, self.middle))


def check_grad(
    f: Callable[..., Any],
    at: Any,
    precision: NumberSystem[Any] = float64,
    digits: float | None = None,
) -> Checked:
    """Check every partial derivative of f at a point; raises `WrongGradient` for a wrong one.

    The reference does not use the rules: it is the difference quotient of the function's value in
    an arithmetic so wide that neither its step nor its rounding can be seen. Where f cannot run
    there it is the quotient in the widest precision of NumPy, with the step and the tolerance
    that follow from its digits.

    With `digits` each partial must have so many. Without, half the digits of the precision are
    asked for, and a partial that rounding alone has spoilt is not called wrong. At a kink any
    slope between the one-sided ones is right.

    >>> import typedgrad as tg
    >>> tg.check_grad(lambda x: x * x * x, (2.0,)).reference
    'mpmath, 384 bits'
    """
    point = point_of(f, at, {})
    held = point.rounded(precision)
    run = trial(f, point, precision)
    with JUDGING:
        return _compared(f, held, run.results, precision, _widest(f, held, precision), digits)


def _widest(f: Callable[..., Any], point: Point, precision: NumberSystem[Any]) -> NumberSystem[Any]:
    """Return the widest arithmetic in which f runs."""
    for wide in (judge(), longdouble):
        try:
            evaluate(f, point, wide, [])
        except TypedgradError:
            continue
        return wide
    return precision


def _compared(
    f: Callable[..., Any],
    point: Point,
    results: dict[str, Any],
    precision: NumberSystem[Any],
    wide: NumberSystem[Any],
    digits: float | None,
) -> Checked:
    """Return the agreement with the quotients in `wide`, or raise for the first that is wrong."""
    asked = precision.digits / 2 if digits is None else digits
    wanted = min(asked, wide.digits / 2 - 1)
    rules: dict[str, Any] = {}
    found: dict[str, float | None] = {}
    for i, (x, partial) in enumerate(zip(point.inputs, point.partials, strict=True)):
        got = judge().convert(results[partial], precision)
        slopes = slopes_of(f, point, i, wide)
        least = found[x.name] = None
        if not slopes.sides:
            continue
        least = found[x.name] = min(slopes.agreement(got), precision.digits)
        if least < wanted and digits is None:
            rules = rules or trial(f, point, wide).results
            if slopes.agreement(judge().convert(rules[partial], wide)) >= wanted:
                continue
        if least < wanted:
            expected = judge().mp.nstr(slopes.middle.x, 20)
            facts = dict(function=point.function, argument=x.name, got=results[partial])
            facts |= dict(expected=expected, precision=precision.name, digits=f"{least:.1f}")
            raise WrongGradient(**facts, asked=f"{wanted:.1f}")
    name = f"mpmath, {wide.bits} bits" if wide is judge() else f"differences in {wide.name}"
    return Checked(point.function, name, found)


def slopes_of(f: Callable[..., Any], point: Point, i: int, wide: NumberSystem[Any]) -> Slopes:
    """Return the slopes of f along input i; a side whose slope moves with the step has none."""
    x = judge().parse(point.inputs[i].exact)
    if not judge().is_finite(x):
        return Slopes(None, None, judge().lift(0))
    here = _value(f, point, i, wide, x)
    step = judge().lift(2.0 ** -(wide.bits // 3)) * (abs(x) if x else judge().lift(1))
    noise = step * (1 + abs(here / x if x else here))
    left, right = (_quotient(f, point, i, wide, x, here, sign * step) for sign in (-1, 1))
    if _alike(left, right, wide):
        return Slopes(left, right, noise)
    again = [_quotient(f, point, i, wide, x, here, 32 * sign * step) for sign in (-1, 1)]
    still = [
        abs(near - far) <= 64 * noise or _alike(near, far, wide)
        for near, far in zip((left, right), again, strict=True)
    ]
    return Slopes(left if still[0] else None, right if still[1] else None, noise)


def _alike(a: Real, b: Real, wide: NumberSystem[Any]) -> bool:
    return judge().is_finite(a) and shared(a, b) * 6 >= wide.digits


def _quotient(
    f: Callable[..., Any],
    point: Point,
    i: int,
    wide: NumberSystem[Any],
    x: Real,
    here: Real,
    step: Real,
) -> Real:
    held = judge().convert(wide.convert(x + step, judge()), wide)
    return (_value(f, point, i, wide, held) - here) / (held - x)


def _value(f: Callable[..., Any], point: Point, i: int, wide: NumberSystem[Any], x: Real) -> Real:
    inputs = list(point.inputs)
    inputs[i] = replace(inputs[i], exact=judge().to_text(x))
    y, _ = evaluate(f, point.with_inputs(inputs), wide, [])
    return judge().convert(y.primal, wide)


def judge() -> ExactPrecision:
    """Return the arithmetic in which slopes are formed and compared."""
    return exact_precision(REFERENCE_BITS)
