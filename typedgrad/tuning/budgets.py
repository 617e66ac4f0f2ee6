"""What `tune` is asked: one budget, two precisions, and the points to look at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import TypeIs

from typedgrad.errors import BadBudget, NotNarrower, ParameterMismatch, Unreadable
from typedgrad.numbers import NumberSystem
from typedgrad.points import Point, beside_ranges, name_of, point_of, system
from typedgrad.sweeping.grids import grid_of
from typedgrad.tuning.advice import Budget

OF, BY = ("value", "all"), ("variable", "line", "call")
WRITE = "give one of absolute=1e-10, relative=1e-6 and digits=6 (--digits 6)"


@dataclass(frozen=True)
class Wish:
    """What is looked for: a budget, two precisions, whose error, and what the candidates are.

    With `computed` they are computed in the narrow precision, not only stored. `seed` is that of
    random points.
    """

    budget: Budget
    wide: NumberSystem[Any]
    narrow: NumberSystem[Any]
    of: str
    by: str
    computed: bool
    seed: int | None


def budget_of(absolute: float | None, relative: float | None, digits: float | None) -> Budget:
    """Return the one budget that was given; raises `BadBudget` for none, two, or no amount."""
    kinds = dict(absolute=absolute, relative=relative, digits=digits)
    given = {kind: amount for kind, amount in kinds.items() if amount is not None}
    if len(given) != 1:
        what = "no error budget was given" if not given else f"{' and '.join(given)} were given"
        raise BadBudget(problem=what, hint=WRITE)
    [(kind, amount)] = given.items()
    if not is_amount(amount):
        raise BadBudget(problem=f"{kind}={amount!r} is no positive number", hint=WRITE)
    return Budget(kind, float(amount))


def is_amount(x: object) -> bool:
    """Tell whether x is a finite number above 0."""
    return isinstance(x, int | float) and math.isfinite(x) and x > 0


def pair_of(
    from_: str | NumberSystem[Any], to: str | NumberSystem[Any]
) -> tuple[NumberSystem[Any], NumberSystem[Any]]:
    """Return the wide and the narrow precision; raises `NotNarrower` if they are not."""
    wide, narrow = system(from_), system(to)
    if narrow.bits >= wide.bits:
        hint = 'to="float32", from_="float64"'
        names = dict(from_=wide.name, to=narrow.name, high=wide.bits, low=narrow.bits)
        raise NotNarrower(**names, hint=hint)
    return wide, narrow


def asked(of: str, by: str) -> tuple[str, str]:
    """Return both; raises `Unreadable` for an unknown result or kind of candidate."""
    for what, text, known in (("of", of, OF), ("by", by, BY)):
        if text not in known:
            hint = f"choose from {', '.join(known)}"
            raise Unreadable(what=f"the option {what}", text=repr(text), hint=hint)
    return of, by


def looks(
    f: Callable[..., Any],
    at: Any,
    named: Mapping[str, Any],
    points: Sequence[Any],
    ranges: Mapping[str, Any] | None,
    samples: int,
    seed: int,
) -> list[Point]:
    """Return the points to look at: one, those listed, or random ones from ranges."""
    given = [point_of(f, one, named) for one in points]
    if not ranges:
        return given or [point_of(f, at, named)]
    check_random(samples, seed)
    check_fixed(ranges, {**at, **named} if is_named(at) else named)
    grid = grid_of(ranges, samples, seed, name_of(f))
    columns = grid.points(0, grid.size)
    for numbers in columns.T.tolist():
        some = {
            axis.name: axis.exact(x) if axis.listed else float(x)
            for axis, x in zip(grid.axes, numbers, strict=True)
        }
        try:
            given.append(point_of(f, at, {**named, **some}))
        except ParameterMismatch as error:
            raise beside_ranges(error, ranges) from None
    return given


def is_named(at: object) -> TypeIs[Mapping[str, Any]]:
    """Tell whether a point is given by names."""
    return isinstance(at, Mapping)


def check_fixed(ranges: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise `Unreadable` for an argument that has a range and a number."""
    for name in ranges:
        if name in given:
            hint = "give a number or a range, not both"
            raise Unreadable(what="the ranges", text=f"{name} has a number, too", hint=hint)


def check_random(samples: int, seed: int) -> None:
    """Raise `Unreadable` for a number of random points, or a seed, that there cannot be."""
    for what, x, least in (("samples", samples, 1), ("seed", seed, 0)):
        if type(x) is not int or x < least:
            raise Unreadable(what=what, text=repr(x), hint=f"give an integer from {least} up")
