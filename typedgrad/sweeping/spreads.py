"""Digits over many points as records: their spread, their curve, and where paths part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typedgrad.findings import Digits


@dataclass(frozen=True)
class Summary:
    """One entry of one precision over all points: worst and median digits, and their spread.

    `where` is the worst point, as text by input; `histogram[d]` counts the points with d whole
    digits. `undefined` counts the points without digits: undefined in the reference too, or raised.
    """

    worst: Digits
    median: Digits
    where: dict[str, str]
    histogram: tuple[int, ...]
    undefined: int

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain data."""
        return {
            "worst": self.worst,
            "at": self.where,
            "median": self.median,
            "histogram": list(self.histogram),
            "undefined": self.undefined,
        }


@dataclass(frozen=True)
class Curve:
    """Digits along one input, worst and median over the points of each bin, by precision.

    `starts` and `ends` are the first and the last number of each bin that was looked at.
    """

    name: str
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    worst: dict[str, tuple[Digits, ...]]
    median: dict[str, tuple[Digits, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as plain data."""
        return {
            "starts": list(self.starts),
            "ends": list(self.ends),
            "worst": {name: list(row) for name, row in self.worst.items()},
            "median": {name: list(row) for name, row in self.median.items()},
        }


@dataclass(frozen=True)
class Apart:
    """How often a precision took another path than the reference, and where it did so first."""

    points: int
    where: dict[str, str]
    place: str
    test: str
    here: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**vars(self)}
