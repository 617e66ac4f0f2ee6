"""Several points of one function: the fewest and the middle digits, and where the fewest are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any, ClassVar, Generic

from typing_extensions import TypeVar

from typedgrad.errors import Unreadable
from typedgrad.findings import Digits, Findings

FindingsT_co = TypeVar("FindingsT_co", bound=Findings, default=Findings, covariant=True)


@dataclass(frozen=True)
class Spread:
    """The digits of one entry in one precision over several points.

    `worst` is None where the entry is undefined at one of them; `at` is the number of that point,
    from 0. `median` leaves out the `undefined` points, and is None if there are no others.
    """

    worst: Digits
    at: int
    median: Digits
    undefined: int
    points: int


@dataclass(frozen=True)
class Several(Generic[FindingsT_co]):
    """What a comparison found at each of several points.

    `digits["float32"]["d/dx"]` is the number of right digits at the point where it is least.
    """

    version: ClassVar[int] = 2
    function: str
    points: tuple[FindingsT_co, ...]

    @property
    def precisions(self) -> tuple[str, ...]:
        """The names of the precisions compared."""
        return tuple(column.name for column in self.points[0].columns)

    @cached_property
    def spreads(self) -> dict[str, dict[str, Spread]]:
        """The spread of the digits by precision, then by 'value', 'd/dx', ..."""
        found: dict[str, dict[str, Spread]] = {}
        for name in self.precisions:
            entries: dict[str, list[tuple[int, Digits]]] = {}
            for k, point in enumerate(self.points):
                for entry, digits in point.digits[name].items():
                    entries.setdefault(entry, []).append((k, digits))
            found[name] = {entry: spread(digits) for entry, digits in entries.items()}
        return found

    @property
    def digits(self) -> dict[str, dict[str, Digits]]:
        """The fewest digits right by precision, then by 'value', 'd/dx', ..."""
        return {
            name: {entry: each.worst for entry, each in entries.items()}
            for name, entries in self.spreads.items()
        }

    def worst(self, precision: str) -> tuple[str, Spread]:
        """Return the entry with the fewest digits at any point; undefined is below all others."""
        if precision not in self.spreads:
            names = ", ".join(self.spreads)
            hint = f"compared were: {names}"
            raise Unreadable(what="a precision", text=precision, hint=hint)
        return min(self.spreads[precision].items(), key=lambda item: _rank(item[1].worst))

    def enough(self, precision: str, digits: float = 6) -> bool:
        """Tell whether the value and every partial have so many digits at every point."""
        self.worst(precision)  # refuses a precision that was not compared
        return not self.short(precision, digits)

    def short(self, precision: str, digits: float) -> int:
        """Return at how many points some entry has fewer digits, or is undefined."""
        return sum(not point.enough(precision, digits) for point in self.points)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        return {
            "version": self.version,
            "function": self.function,
            "worst": {
                name: {entry: vars(each) for entry, each in entries.items()}
                for name, entries in self.spreads.items()
            },
            "points": [point.to_dict() for point in self.points],
        }


def spread(found: Sequence[tuple[int, Digits]]) -> Spread:
    """Return the spread of digits, each given with the number of its point.

    >>> spread([(0, 7.0), (1, 3.0), (2, 5.0)])
    Spread(worst=3.0, at=1, median=5.0, undefined=0, points=3)
    """
    at, worst = min(found, key=lambda item: _rank(item[1]))
    defined = [digits for _, digits in found if digits is not None]
    middle = median(defined) if defined else None
    return Spread(worst, at, middle, len(found) - len(defined), len(found))


def _rank(digits: Digits) -> float:
    return -1.0 if digits is None else digits
