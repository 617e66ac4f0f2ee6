"""The judge of values and derivatives: mpmath, with its precision raised until it settles."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any

import mpmath
import numpy as np

import typedgrad as tg
from typedgrad.machine import machine_of
from typedgrad.op import Op

BEYOND = 2**40  # a power of 2 that is out of range in every precision


MP: Any = mpmath.MPContext()
full_exp, full_power = MP.exp, MP.power


def quick_exp(x: Any, **options: Any) -> Any:
    """Return exp(x) by its power of two: mpmath multiplies whole powers of e out, for minutes."""
    size = MP.mag(x) if x and MP.isfinite(x) else 0
    if isinstance(x, MP.mpc) or not 20 < size < 60000:
        return full_exp(x, **options)
    with MP.extraprec(size + 20):
        n = int(MP.floor(x / MP.ln2))
        return MP.ldexp(full_exp(x - n * MP.ln2), n)


def short_power(x: Any, p: Any) -> Any:
    """Return x**p, cut short where it is far out of range."""
    bits = p * MP.log(abs(x), 2) if x and MP.isfinite(x) else MP.zero
    if abs(bits) > BEYOND:
        sign = -1 if x < 0 and p % 2 else 1
        return sign * MP.ldexp(1, BEYOND if bits > 0 else -BEYOND)
    return full_power(x, p)


MP.exp, MP.power = quick_exp, short_power
PRECISIONS: tuple[Any, ...] = (tg.float32, tg.float64, tg.longdouble)
FAR = 1e6
# (step below x, working precision), both in bits. A step is far below the distance from a number
# of 64 bits to any singularity; the later rungs are for waves at huge x and for derivatives that
# are tiny beside the value.
VALUE_LADDER = (300, 1200, 6000, 36000)
# Functions with waves or steps that are short beside huge arguments, and functions that take
# seconds in tens of thousands of bits: points that need those are left out.
WAVES: tuple[str, ...] = ("sin", "cos", "tan", "sinc", "sinc_slope", "floor_divide", "remainder")
WAVES += ("floor", "ceil", "trunc", "round")
STEEP = ("share", "share2", "logaddexp", "logaddexp2", "exp_sub")  # of the difference of two
TAME = ("polygamma", "trigamma")  # judged at ordinary points: elsewhere mpmath takes minutes
EXPENSIVE: tuple[str, ...] = ("pow", "pow_constant", "base_slope", "exponent_slope", "polygamma")
EXPENSIVE += ("erf", "erfc", "gamma", "lgamma", "digamma", "gelu", "normal_cdf", *STEEP)
SLOPE_LADDER = ((200, 700), (1400, 4600), (200, 20000), (17000, 54000))


class Unjudged(ArithmeticError):
    """What is raised at poles and where mpmath gives up."""


def to_exact(numbers: Any, x: Any) -> Any:
    """Return a finite scalar as an mpmath number, exactly."""
    top, bottom = numbers.to_ratio(x)
    return MP.ldexp(MP.mpf(top), 1 - bottom.bit_length())


def meaning(op: Op) -> Callable[..., Any]:
    """Return the function of mpmath that the row stands for; NaN where it is not real."""
    f: Any = op.exact
    if isinstance(f, str):
        name = f
        f = lambda mp, *xs: getattr(mp, name)(*xs)  # noqa: E731

    def real(*xs: Any) -> Any:
        try:
            y = MP.convert(f(MP, *xs))
        except (ArithmeticError, ValueError, MP.NoConvergence) as e:
            raise Unjudged(f"{op.name}{xs}: {e}") from e
        if isinstance(y, MP.mpc):
            return MP.nan if y.imag else y.real
        return y

    return real


def settle(f: Callable[[], Any], limit: int, more: int) -> Any:
    """Return f() at the first precision at which twice the bits say the same; 0 only at last."""
    fine = MP.nan
    for least in VALUE_LADDER:
        bits = least + more
        with MP.workprec(bits):
            rough = f()
            if rough and MP.isfinite(rough) and abs(MP.mag(rough)) > limit:
                return rough
        with MP.workprec(2 * bits + 50):
            fine = f()
            if not MP.isfinite(fine) or 0 < abs(fine) >= MP.ldexp(abs(rough - fine), 120):
                return fine
    return fine if fine == 0 else None


def true_value(op: Op, numbers: Any, args: Sequence[Any]) -> Any:
    """Return what the row means at finite arguments; NaN outside the domain, None if unsettled."""
    f = meaning(op)
    more = _spread(numbers, args) if op.name in WAVES else 0
    return settle(lambda: f(*(to_exact(numbers, x) for x in args)), 8 * numbers.max_exponent, more)


def true_partial(op: Op, numbers: Any, args: Sequence[Any], place: int) -> Any:
    """Return the derivative in one place; None at kinks, edges and poles, where it is a choice."""
    f = meaning(op)
    if op.name in STEEP and min(abs(x) for x in args) > 2**40:
        return None

    def along(t: Any) -> Any:
        xs = [to_exact(numbers, x) for x in args]
        return f(*xs[:place], xs[place] + t, *xs[place + 1 :])

    with MP.workprec(100):
        size = abs(to_exact(numbers, args[place]))
        lowest = MP.mag(to_exact(numbers, smallest(numbers))) - 8
        here = along(MP.zero)
        if here and MP.isfinite(here) and abs(MP.mag(here)) > 8 * numbers.max_exponent:
            return None  # far out of range, and slow
    more = _spread(numbers, args) if op.name in WAVES else 0
    return slope(along, size, lowest, more, SLOPE_LADDER[: 2 if op.name in EXPENSIVE else 4])


def _spread(numbers: Any, args: Sequence[Any]) -> int:
    """Return the number of bits that a quotient of the arguments may have before its point."""
    sizes = [MP.mag(to_exact(numbers, x)) for x in args if x]
    lowest = min(sizes, default=0) if len(sizes) > 1 else 0
    return max(0, max(sizes, default=0) - lowest)


def slope(
    along: Callable[[Any], Any],
    size: Any,
    lowest: int,
    more: int,
    ladder: Sequence[tuple[int, int]],
) -> Any:
    """Return the derivative of along at 0, where its left and right differences are one."""
    a, b = MP.zero, MP.zero
    for rung, least in ladder:
        step, bits = rung + more, least + 3 * more
        with MP.workprec(bits):
            h = MP.ldexp(size or MP.one, -step)
            here, left, right = along(MP.zero), along(-h), along(h)
            if not all(MP.isfinite(y) for y in (here, left, right)):
                return None
            a, b = (here - left) / h, (right - here) / h
            noise = MP.mag(here) - bits - MP.mag(h) if here else lowest - 1
            if a == 0 and b == 0:
                if here and noise < lowest:
                    return MP.zero
            elif abs(a - b) <= MP.ldexp(abs(a + b), -90) and noise + 90 < MP.mag(a):
                return (a + b) / 2
    return MP.zero if a == 0 and b == 0 and len(ladder) == len(SLOPE_LADDER) else None


@cache
def smallest(numbers: Any) -> Any:
    return np.nextafter(numbers.scalar(0), numbers.scalar(1))


def ulps(numbers: Any, found: Any, truth: Any) -> float:
    """Return the distance of a result from the truth in units of the truth's last place."""
    if MP.isnan(truth):
        return 0.0 if np.isnan(found) else float("inf")
    if np.isnan(found):
        return float("inf")
    with MP.workprec(400):
        limit = MP.ldexp(1, numbers.max_exponent)
        top = limit - MP.ldexp(limit, -numbers.bits - 1)
        if MP.isinf(truth) or abs(truth) >= top:
            return _from_infinity(numbers, found, truth)
        exponent = max(MP.mag(truth) - 1, numbers.min_exponent) if truth else numbers.min_exponent
        unit = MP.ldexp(1, exponent - numbers.bits + 1)
        if np.isfinite(found):
            return float(min(abs(to_exact(numbers, found) - truth) / unit, 1e300))
        if (found > 0) != (truth > 0):
            return float("inf")
        return float(min((limit - abs(truth)) / unit, 1e300))


def distance(numbers: Any, found: Any, truth: Any) -> Any:
    """Return the absolute error of a finite result."""
    with MP.workprec(400):
        return abs(to_exact(numbers, found) - truth)


def _from_infinity(numbers: Any, found: Any, truth: Any) -> float:
    """Return 0 for the right infinity; a finite result is measured from 2**max_exponent."""
    if (found > 0) != (truth > 0):
        return float("inf")
    if np.isinf(found):
        return 0.0
    limit = MP.ldexp(1, numbers.max_exponent)
    unit = MP.ldexp(1, numbers.max_exponent - numbers.bits)
    return float((limit - abs(to_exact(numbers, found))) / unit)


class Ground:
    """The nasty numbers of one precision."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = numbers
        self.T: Any = numbers.scalar
        self.eps: Any = numbers.eps

    def power(self, exponent: int) -> Any:
        """Return a power of two."""
        return np.ldexp(self.T(1), exponent)

    def near(self, x: Any, steps: int) -> Any:
        """Return the number some steps above x, or below for negative steps."""
        for _ in range(abs(steps)):
            x = np.nextafter(x, self.T(np.inf if steps > 0 else -np.inf))
        return x

    @cached_property
    def thresholds(self) -> list[Any]:
        """Where exponentials, powers and lengths leave the range."""
        top, low = self.numbers.max_exponent, self.numbers.min_exponent - self.numbers.bits + 1
        ln2 = self.numbers.parse("0.6931471805599453094")
        logs = [ln2 * self.T(e) for e in (top, low, top // 2)]
        found = [self.T(e) for e in (top, top - 1, low, low + 1)] + logs + [-x for x in logs]
        return [self.near(x, k) for x in found for k in (-2, 0, 2)]

    @cached_property
    def landmarks(self) -> list[Any]:
        """Numbers next to the zeros, kinks and edges of the usual functions."""
        texts = ["1", "-1", "2", "-2", "3", "-3", "0.5", "-0.5", "6", "-6"]
        texts += ["1.57079632679489661923", "-1.57079632679489661923"]
        texts += ["3.14159265358979323846", "-3.14159265358979323846"]
        found = [self.numbers.parse(text) for text in texts]
        return [self.near(x, k) for x in found for k in (-3, -1, 0, 1, 3)]

    @cached_property
    def extremes(self) -> list[Any]:
        """The smallest, the largest, and powers of two between them."""
        low, top, bits = self.numbers.min_exponent, self.numbers.max_exponent, self.numbers.bits
        sizes = [smallest(self.numbers), self.near(self.numbers.tiny, -1), self.numbers.tiny]
        sizes += [self.power(low - bits // 2) * self.T(3), self.numbers.huge, self.power(top - 1)]
        exponents = [low // 2, low // 3, -bits, -bits // 2, bits // 2, bits, top // 3, top // 2]
        sizes += [self.power(e) for e in exponents]
        return [s * x for x in sizes for s in (self.T(1), self.T(-1))]


def from_samples(ground: Ground, op: Op, dice: random.Random) -> Any:
    """Return an ordinary point of the row's samples, rounded to the precision."""
    lo, hi = op.samples
    return ground.numbers.parse(repr(dice.uniform(lo, hi)))


def from_sizes(ground: Ground, dice: random.Random) -> Any:
    """Return a number of random sign and size, over the whole range or the middle of it."""
    low = ground.numbers.min_exponent - ground.numbers.bits + 2
    top = ground.numbers.max_exponent - 1
    exponent = dice.choice([dice.randint(low, top), dice.randint(-24, 12), dice.randint(-4, 8)])
    mantissa = ground.numbers.parse(f"{dice.getrandbits(80) + 2**80}/{2**80}")
    return np.ldexp(mantissa, exponent) * ground.T(dice.choice([1, -1]))


def special_point(ground: Ground, dice: random.Random) -> Any:
    return dice.choice([ground.thresholds, ground.landmarks, ground.extremes][dice.randrange(3)])


def point(ground: Ground, op: Op, dice: random.Random) -> Any:
    """Return one nasty point of a row."""
    kind = dice.randrange(4)
    if kind == 0:
        return from_samples(ground, op, dice)
    return from_sizes(ground, dice) if kind == 1 else special_point(ground, dice)


def companion(ground: Ground, op: Op, x: Any, dice: random.Random) -> Any:
    """Return a second argument: equal, opposite, a neighbour, of the same size, or another."""
    kind = dice.randrange(8)
    if kind == 0:
        return dice.choice([x, -x])
    if kind == 1:
        return ground.near(x, dice.choice([-1, 1, 2]))
    if kind == 2:
        return x * from_samples(ground, op, dice)
    if kind < 5:
        return from_samples(ground, op, dice)
    return point(ground, op, dice)


def places(op: Op) -> int:
    """Return the number of arguments that a row is tried with, three for each sequence."""
    return 3 * op.sequences or op.arity


def ordinary_arguments(ground: Ground, op: Op, dice: random.Random) -> list[Any]:
    """Return arguments from the samples, each with its own; terms of sequences have one sign."""
    args = [from_samples(ground, op, dice) for _ in range(places(op))]
    return [abs(x) for x in args] if op.sequences else args


def nasty_arguments(ground: Ground, op: Op, dice: random.Random) -> list[Any]:
    x = point(ground, op, dice)
    args = [x, *(companion(ground, op, x, dice) for _ in range(places(op) - 1))]
    dice.shuffle(args)
    return args


def nasty_points(op: Op, numbers: Any, count: int, tame: bool = False) -> Iterator[tuple[Any, ...]]:
    """Yield finite arguments of a row, some ordinary and most of them not; always the same ones."""
    dice = random.Random(f"{op.name} {numbers.name}")
    ground = Ground(numbers)
    choose = ordinary_arguments if tame or op.sequences or op.name in TAME else nasty_arguments
    while count:
        with np.errstate(all="ignore"):
            args = choose(ground, op, dice)
        if "a constant" in op.domain:
            args[0] = ground.T(dice.randrange(4))
        if "hi" in op.args:
            args[1:] = sorted(args[1:])
        if all(np.isfinite(args)):
            count -= 1
            yield tuple(args)


def true_second(op: Op, numbers: Any, args: Sequence[Any], i: int, j: int) -> tuple[Any, Any]:
    """Return a second derivative at an ordinary point and the size its rounding errors have."""
    f = meaning(op)
    with MP.workprec(1000):
        xs = [to_exact(numbers, x) for x in args]
        h = MP.ldexp(1, -120)

        def at(s: int, t: int) -> Any:
            moved = list(xs)
            moved[i] += s * h
            moved[j] += t * h
            return f(*moved)

        corners = [at(1, 1), at(1, -1), at(-1, 1), at(-1, -1)]
        here = at(0, 0)
        if not all(MP.isfinite(y) for y in (*corners, here)):
            return None, None
        found = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h * h)
        slopes = [abs(at(1, 0) - at(-1, 0)) / (2 * h), abs(at(0, 1) - at(0, -1)) / (2 * h)]
        size = min([MP.one, *(abs(x) for x in (xs[i], xs[j]) if x)])
        return found, abs(found) + (max(slopes) + abs(here)) / size


def found_partials(op: Op, numbers: Any, args: Sequence[Any]) -> tuple[Any, ...]:
    """Return the value and the partials of a row by its rule, on bare scalars; 0 for nothing."""
    row = machine_of(numbers).row(op)
    with np.errstate(all="ignore"):
        y = row.forward(*args)
        terms = row.rule(numbers.scalar(1), y, *args)
    return (y, *(numbers.scalar(0) if term is None else term for term in terms))
