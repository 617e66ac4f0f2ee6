"""What a comparison finds, as records: digits right, roundings of inputs, paths that part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from typing_extensions import override

from typedgrad.errors import Unreadable
from typedgrad.trial import Point

Digits: TypeAlias = float | None


@dataclass(frozen=True)
class Entry:
    """One number of one precision: its digits right, None where undefined; its text; a remark."""

    digits: Digits
    text: str
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """Where a precision leaves the path of the reference."""

    precision: str
    where: str
    test: str
    here: str
    there: str
    number: int

    @override
    def __str__(self) -> str:
        spot = f"{self.where}  {self.test}" if self.where else self.test
        tests = f"test {self.number}"
        return (
            f"{self.precision} takes another path than the reference: {spot}  is {self.here}"
            f" in {self.precision}, {self.there} in the reference ({tests})"
        )


@dataclass(frozen=True)
class Branches:
    """Whether all runs took the same path, and where not; true if they did."""

    tests: int
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Tell whether every precision took the path of the reference."""
        return not self.differences

    def __bool__(self) -> bool:
        return self.same


@dataclass(frozen=True)
class Rounding:
    """The inputs that a precision cannot hold, and what rounding them costs by itself.

    `worst` names the entry with the fewest digits; it is empty where the cost was not measured.
    """

    names: tuple[str, ...]
    shown: tuple[str, ...]
    digits: Digits
    worst: str

    def to_dict(self) -> dict[str, Any]:
        """Return the names of the inputs and the digits that rounding them leaves."""
        return {"names": list(self.names), "digits": self.digits}


@dataclass(frozen=True)
class Column:
    """One precision: its size and its entries, 'value' first."""

    name: str
    bits: int
    cap: float
    entries: dict[str, Entry]
    rounding: Rounding | None
    is_float64: bool

    @property
    def notes(self) -> dict[str, str]:
        """The remarks, by entry."""
        return {name: entry.note for name, entry in self.entries.items() if entry.note}

    @property
    def worst(self) -> tuple[str, Digits]:
        """The entry with the fewest digits; an undefined one is below all others."""
        items = [(name, entry.digits) for name, entry in self.entries.items()]
        return min(items, key=lambda item: -1.0 if item[1] is None else item[1])


@dataclass(frozen=True)
class Reference:
    """Who judges, at how many bits, whether it stands still, and its results as text."""

    judge: str
    bits: int
    settled: bool
    texts: dict[str, str]


@dataclass(frozen=True)
class Findings:
    """What a comparison found, as data.

    `digits["float32"]["d/dx"]` is the number of right decimal digits, from 0 to what the
    precision holds, or None where value and truth are both undefined.
    """

    version: ClassVar[int] = 1
    function: str
    point: Point
    reference: Reference
    columns: tuple[Column, ...]
    branches: Branches

    @property
    def digits(self) -> dict[str, dict[str, Digits]]:
        """Digits right by precision, then by 'value', 'd/dx', ..."""
        return {
            column.name: {name: entry.digits for name, entry in column.entries.items()}
            for column in self.columns
        }

    def column(self, precision: str) -> Column:
        """Return what was found for one precision."""
        for column in self.columns:
            if column.name == precision:
                return column
        names = ", ".join(column.name for column in self.columns)
        raise Unreadable(what="a precision", text=precision, hint=f"compared were: {names}")

    def enough(self, precision: str, digits: float = 6) -> bool:
        """Tell whether the value and every partial have so many digits; undefined is not enough."""
        worst = self.column(precision).worst[1]
        return worst is not None and worst >= digits

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        columns = self.columns
        found = {"reference": self.reference.texts} | {
            column.name: {name: entry.text for name, entry in column.entries.items()}
            for column in columns
        }
        return {
            "version": self.version,
            "function": self.function,
            "point": {
                x.name: [y.shown for y in x.inputs] if x.vector else x.shown
                for x in self.point.arguments
            },
            "reference": {
                "judge": self.reference.judge,
                "bits": self.reference.bits,
                "settled": self.reference.settled,
            },
            "digits": self.digits,
            "caps": {column.name: column.cap for column in columns},
            "bits": {column.name: column.bits for column in columns},
            "values": {name: results["value"] for name, results in found.items()},
            "derivatives": {name: _partials(results) for name, results in found.items()},
            "branches": {
                "same": self.branches.same,
                "tests": self.branches.tests,
                "differences": [vars(difference) for difference in self.branches.differences],
            },
            "rounded_inputs": {c.name: c.rounding.to_dict() for c in columns if c.rounding},
            "notes": {column.name: column.notes for column in columns},
        }


def _partials(results: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in results.items() if name != "value"}
