"""Points to look at: ranges, lists and random samples, the same ones whenever they are asked for.

The points of a range are float64 numbers, and exact as such; numbers of a list are exact as they
were written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from typing_extensions import TypeIs

from typedgrad.errors import BadRange, BadSweep, TooManyPoints, TypedgradError
from typedgrad.machine import NUMBERS
from typedgrad.numbers import SPECIAL, NumberSystem, decimal_ratio, is_whole
from typedgrad.points import Input, input_of

DEFAULT_COUNT = 50
MOST_POINTS = 10_000_000
MOST_COUNT = 1_000_000
MOST_LISTED = 100_000
LOG_BITS = 120
HINT = "write a range as 1:10:50 or 1:1e6:log:200, a list as 1,2.5,4"
FLOAT64 = NUMBERS[np.float64]


class Column(NamedTuple):
    """One input at many points: float64 numbers, or some of a few texts; one text is shared."""

    values: Any
    texts: tuple[str, ...] = ()
    index: Any = None

    @property
    def is_shared(self) -> bool:
        """Tell whether all points have the same number."""
        return self.values is None and self.index is None

    def rounded(self, numbers: NumberSystem[Any]) -> Any:
        """Return an array of the precision, each number rounded once; of length 1 if shared."""
        if self.values is not None:
            with np.errstate(over="ignore", under="ignore"):
                return self.values.astype(numbers.scalar)
        index = np.zeros(1, np.intp) if self.index is None else self.index
        used, places = np.unique(index, return_inverse=True)
        chosen: list[int] = used.tolist()
        few = [Input("", self.texts[k], self.texts[k]).lifted(numbers) for k in chosen]
        return np.array(few, numbers.scalar)[places]

    def exact(self, p: int) -> str:
        """Return the exact text of the number at one point."""
        if self.values is not None:
            return FLOAT64.to_text(self.values[p])
        return self.texts[0 if self.index is None else int(self.index[p])]


@dataclass(frozen=True)
class Axis:
    """What one input runs through: from `first` to `last`, or the numbers in `listed`."""

    name: str
    text: str
    first: str = ""
    last: str = ""
    count: int = 0
    is_log: bool = False
    listed: tuple[Input, ...] = ()

    @staticmethod
    def of(name: str, given: Mapping[str, Any]) -> Axis:
        """Return the axis that `to_dict` described."""
        pairs: list[list[str]] = given["listed"]
        listed = tuple([Input(name, *pair) for pair in pairs])
        parts: dict[str, Any] = {**given, "listed": listed}
        return Axis(name, **parts)

    def to_dict(self) -> dict[str, Any]:
        """Return what makes it again, but for the name, as plain data."""
        parts = ("text", "first", "last", "count", "is_log")
        listed = [[x.shown, x.exact] for x in self.listed]
        return {**{name: getattr(self, name) for name in parts}, "listed": listed}

    @property
    def start(self) -> str:
        """The first number, as text."""
        return self.listed[0].exact if self.listed else self.first

    @property
    def size(self) -> int:
        """How many numbers there are on a grid."""
        return len(self.listed) or self.count

    @cached_property
    def numbers(self) -> Any:
        """The numbers on a grid as float64, those of a list by their place in it."""
        if self.listed:
            return np.arange(len(self.listed), dtype=np.float64)
        if self.is_log:
            return np.array(_even_ratios(self.first, self.last, self.count))
        return np.array(_even_steps(self.first, self.last, self.count))

    def sampled(self, u: Any) -> Any:
        """Return the numbers at places u from 0 up to 1, as float64."""
        if self.listed:
            return np.floor(u * len(self.listed))
        low, high = float(np.float64(_value(self.first))), float(np.float64(_value(self.last)))
        if not self.is_log:
            return np.clip(low * (1 - u) + high * u, low, high)
        a, b = math.log(abs(low)), math.log(abs(high))
        return np.clip(math.copysign(1, low) * np.exp(a * (1 - u) + b * u), low, high)

    def column(self, found: Any) -> Column:
        """Return the numbers that `numbers` and `sampled` gave as exact ones."""
        if self.listed:
            return Column(None, tuple(x.exact for x in self.listed), found.astype(np.intp))
        return Column(found)

    def shown(self, x: float) -> str:
        """Return one of the numbers as a person would write it."""
        return self.listed[int(x)].shown if self.listed else repr(float(x)).removesuffix(".0")

    def exact(self, x: float) -> str:
        """Return text that reads back as exactly this number, as short as it can be."""
        if self.listed:
            one = self.listed[int(x)]
            return one.shown if decimal_ratio(one.shown) == decimal_ratio(one.exact) else one.exact
        top, bottom = decimal_ratio(self.shown(x))
        a, b = float(x).as_integer_ratio()
        return self.shown(x) if top * b == a * bottom else FLOAT64.to_text(np.float64(x))


@dataclass(frozen=True)
class Grid:
    """All points of a sweep: every combination, or random ones. The last axis runs fastest."""

    axes: tuple[Axis, ...]
    samples: int | None
    seed: int

    @property
    def size(self) -> int:
        """How many points there are."""
        return math.prod(axis.size for axis in self.axes) if self.samples is None else self.samples

    def points(self, begin: int, end: int) -> Any:
        """Return some of the points: an array of float64 with a row for each axis."""
        if self.samples is not None:
            return self._sampled(begin, end)
        shape = [axis.size for axis in self.axes]
        places = np.unravel_index(np.arange(begin, end), shape)
        return np.array([x.numbers[k] for x, k in zip(self.axes, places, strict=True)])

    def _sampled(self, begin: int, end: int) -> Any:
        """Return random points. Each takes its own draws, so cuts between points do not matter."""
        width = len(self.axes)
        generator = np.random.PCG64(self.seed)
        generator.advance(begin * width)
        raw = np.asarray(generator.random_raw((end - begin) * width), np.uint64)
        u = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return np.array([x.sampled(u[k::width]) for k, x in enumerate(self.axes)])


def grid_of(ranges: Any, samples: int | None, seed: int, function: str) -> Grid:
    """Return the points of a sweep; raises `BadRange`, `BadSweep` and `TooManyPoints`."""
    if not is_mapping(ranges) or not ranges:
        hint = 'give {"x": "1:1e6:log:200", "y": "-1:1:50"}; by the command --range x=1:10:50'
        raise BadSweep(function=function, problem="there are no ranges", hint=hint)
    options: list[tuple[str, Any, int]] = [("samples", samples, 1), ("seed", seed, 0)]
    for name, x, least in options:
        if x is not None and not (is_whole(x) and x >= least):
            hint = f"give {name} as an integer from {least} up"
            raise BadSweep(function=function, problem=f"{name} is {x!r}", hint=hint)
    axes = tuple(axis_of(str(name), x, samples is not None) for name, x in ranges.items())
    grid = Grid(axes, None if samples is None else int(samples), int(seed))
    require_size(grid)
    return grid


def is_mapping(x: object) -> TypeIs[Mapping[Any, Any]]:
    """Tell whether x is a mapping."""
    return isinstance(x, Mapping)


def is_series(x: object) -> TypeIs[Sequence[Any]]:
    """Tell whether x is a list, a tuple or an array of numbers."""
    return isinstance(x, list | tuple | range) or (isinstance(x, np.ndarray) and x.ndim == 1)


def require_size(grid: Grid) -> None:
    """Raise `TooManyPoints` for a grid that is too large."""
    if grid.size <= MOST_POINTS:
        return
    how = " × ".join(f"{x.size:,}" for x in grid.axes) if grid.samples is None else "random"
    hint = "take fewer points in each range, or random ones: samples=100000, or --random 100000"
    raise TooManyPoints(points=f"{grid.size:,}", how=how, most=f"{MOST_POINTS:,}", hint=hint)


def axis_of(name: str, given: Any, is_random: bool = False) -> Axis:
    """Return what one input runs through, from a text, a list or array, or one number."""
    if isinstance(given, str):
        text = given.strip()
        if ":" in text:
            return _range(name, text, is_random)
        return _listed(name, text, [part for part in text.split(",") if part.strip()])
    if is_series(given):
        numbers: list[Any] = list(given)
        if len(numbers) > MOST_LISTED:
            hint = f"a list has at most {MOST_LISTED:,} numbers; give a range instead"
            raise _bad(name, f"of {len(numbers):,} numbers", "it is too long", hint)
        return _listed(name, _shortened(numbers), numbers)
    return _listed(name, str(given), [given])


def _fewer() -> str:
    return f"a range has at most {MOST_COUNT:,} points; take fewer, or random ones by samples="


def _shortened(numbers: Sequence[Any]) -> str:
    texts = [str(x)[:24] for x in (*numbers[:3], *numbers[3:][-1:])]
    return ",".join([*texts[:3], "...", texts[-1]] if len(numbers) > 4 else map(str, numbers))


def _bad(name: str, text: str, problem: str, hint: str = HINT) -> BadRange:
    return BadRange(name=name, text=repr(text[:60]), problem=problem, hint=hint)


def _listed(name: str, text: str, numbers: Sequence[Any]) -> Axis:
    if not numbers:
        raise _bad(name, text, "it holds no points")
    found: list[Input] = []
    for x in numbers:
        try:
            one = input_of(name, x)
        except TypedgradError:
            raise _bad(name, text, f"{str(x)[:30]!r} is not a number") from None
        if one.exact.lower() in SPECIAL:
            raise _bad(name, text, f"{one.exact} is no point", f"fix it: --fix {name}={one.exact}")
        found.append(one)
    return Axis(name, text, listed=tuple(found))


def _range(name: str, text: str, is_random: bool) -> Axis:
    """Return the range of a text such as '1:1e6:log:200'."""
    first, last, *more = (part.strip() for part in text.split(":"))
    kinds = [word for word in more if word in ("log", "lin")]
    counts = [word for word in more if word not in ("log", "lin")]
    if len(kinds) > 1 or len(counts) > 1:
        raise _bad(name, text, "it has too many parts")
    low, high = (_end(name, text, part) for part in (first, last))
    if low > high:
        raise _bad(name, text, "it begins above its end", f"write {name}={last}:{first}")
    if low == high:
        raise _bad(name, text, "it begins where it ends", f"give one number: --fix {name}={first}")
    is_log = kinds == ["log"]
    if is_log and low <= 0 <= high:
        hint = f"leave out log, or keep to one side of 0, as {name}=1e-6:1:log"
        raise _bad(name, text, "a range in equal ratios cannot reach 0", hint)
    return Axis(name, text, first, last, _count(name, text, counts, is_random), is_log)


def _count(name: str, text: str, counts: list[str], is_random: bool) -> int:
    if not counts:
        return DEFAULT_COUNT
    if is_random:
        hint = f"leave out the {counts[0]} of {name}, or the random points"
        raise _bad(name, text, "random points have no number of steps", hint)
    count = int(counts[0]) if counts[0].isascii() and counts[0].isdigit() else -1
    if count < 2:
        hint = "give 2 points or more at the end, as 0:1:50"
        raise _bad(name, text, f"{counts[0] or 'nothing'} is not a number of points", hint)
    if count > MOST_COUNT:
        points = f"{count:,}"
        most = f"{MOST_COUNT:,} in one range"
        raise TooManyPoints(points=points, how=f"{name} alone", most=most, hint=_fewer())
    return count


def _end(name: str, text: str, part: str) -> float:
    try:
        if part.lower() in SPECIAL:
            raise _bad(name, text, f"{part} is no point", "begin and end a range with numbers")
        return _value(part)
    except OverflowError:
        problem = f"{part} is beyond float64, in which the points of a range are made"
        raise _bad(name, text, problem, "list such numbers: a list is exact as written") from None
    except TypedgradError as error:
        if isinstance(error, BadRange):
            raise
        raise _bad(name, text, f"{part!r} is not a number") from None


def _value(text: str) -> float:
    """Return the float64 next to a number's text; raises OverflowError beyond the range."""
    top, bottom = decimal_ratio(text)
    return top / bottom


def _even_steps(first: str, last: str, count: int) -> list[float]:
    """Return numbers in equal steps, each computed exactly and rounded once."""
    (a, b), (c, d) = decimal_ratio(first), decimal_ratio(last)
    low, high, bottom, steps = a * d, c * b, b * d, count - 1
    return [(low * (steps - k) + high * k) / (bottom * steps) for k in range(count)]


def _even_ratios(first: str, last: str, count: int) -> list[float]:
    """Return numbers in equal ratios, so accurate that 1, 10, 100 are these."""
    import mpmath

    mp = mpmath.MPContext()
    mp.prec = LOG_BITS
    low, high = (mp.mpf(a) / b for a, b in map(decimal_ratio, (first, last)))
    step = mp.log(high / low) / (count - 1)
    inner = [float(low * mp.exp(step * k)) for k in range(1, count - 1)]
    return [_value(first), *inner, _value(last)]
