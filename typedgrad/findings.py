"""What a comparison finds, as records: digits right, roundings of inputs, paths that part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import log10
from typing import Any, ClassVar, TypeAlias

from typing_extensions import override

from typedgrad.errors import Unreadable
from typedgrad.points import Point

Digits: TypeAlias = float | None
UNSURE = "the reference itself stands to"
OWN = "the reference"  # whose path it is where the reference takes its own


@dataclass(frozen=True)
class Entry:
    """One number of one precision: its digits right, None where undefined; its text; a remark.

    `right` of the significant digits of the text are right to half a unit, None: all that it has.
    """

    digits: Digits
    text: str
    note: str = ""
    right: int | None = 0


@dataclass(frozen=True)
class Loss:
    """Where the digits of one entry went: `total` are missing of what the precision holds.

    `problem` of them go with the problem itself, whose condition number is `condition`: rounding
    the inputs alone may cost so many. `algorithm` are lost beyond those. `is_measured`: rounding
    the inputs was found to cost more than the condition number says, as at a jump.
    """

    total: float
    problem: float
    algorithm: float
    condition: float
    is_measured: bool = False


@dataclass(frozen=True)
class Difference:
    """Where a precision leaves the path of the reference, and whose path is judged."""

    precision: str
    where: str
    test: str
    here: str
    there: str
    number: int
    judged: str

    @override
    def __str__(self) -> str:
        spot = f"{self.where}  {self.test}" if self.where else self.test
        tests = f"test {self.number}"
        return (
            f"{self.precision} takes another path than the reference: {spot}  is {self.here}"
            f" in {self.precision}, {self.there} in the reference ({tests}); {self.judged}"
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
    `left` has the digits that are left of each entry.
    """

    names: tuple[str, ...]
    shown: tuple[str, ...]
    digits: Digits
    worst: str
    left: dict[str, Digits] = field(default_factory=dict[str, Digits])

    def to_dict(self) -> dict[str, Any]:
        """Return the names of the inputs and the digits that rounding them leaves."""
        return {"names": list(self.names), "digits": self.digits}


@dataclass(frozen=True)
class Reference:
    """Who judges, at how many bits, whether it stands still, and its results as text.

    `proved`: the digits follow from enclosures, not from two widths that agree. `path` says whose
    branches it took. `conditions` are the condition numbers of the entries, None where there is
    none (a result of 0, an infinity); entries that were not asked are absent, and `left_out` says
    why.
    """

    judge: str
    bits: int
    settled: bool
    texts: dict[str, str]
    proved: bool = False
    path: str = ""
    conditions: dict[str, float | None] = field(default_factory=dict[str, float | None])
    left_out: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.judge}, {self.bits} bits{', proved' if self.proved else ''}"

    def problem(self, entry: str) -> float | None:
        """Return the digits that an entry loses to the problem itself; None where unknown."""
        condition = self.conditions.get(entry)
        return None if condition is None else max(0.0, log10(condition)) if condition else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return who judged and how far that goes, without the results."""
        names = ("judge", "bits", "settled", "proved", "path")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Column:
    """One precision: its size, its entries, 'value' first, and the truth that they are held to.

    `parted` is empty, or says how it is judged where it left the path of exact numbers: 'on the
    path of float32'. Then `astray` has the digits that each entry has beside the results on the
    path of exact numbers, None where that path is not known; else it is empty.
    """

    name: str
    bits: int
    cap: float
    entries: dict[str, Entry]
    rounding: Rounding | None
    is_float64: bool
    reference: Reference
    parted: str = ""
    astray: dict[str, Digits] = field(default_factory=dict[str, Digits])

    @property
    def held(self) -> dict[str, Entry]:
        """The entries as a gate counts them: no more digits than the whole function has.

        A precision that took another path may have every digit of a wrong result.
        """
        if not self.astray:
            return self.entries
        return {name: self._at_most(name, entry) for name, entry in self.entries.items()}

    def _at_most(self, name: str, entry: Entry) -> Entry:
        digits = self.astray[name]
        if digits is None:
            return replace(entry, digits=None, note="the path of exact numbers is not known")
        if entry.digits is None or entry.digits <= digits:
            return entry
        return replace(entry, digits=digits, note="on the path of exact numbers")

    @property
    def notes(self) -> dict[str, str]:
        """The remarks, by entry."""
        return {name: entry.note for name, entry in self.entries.items() if entry.note}

    @property
    def worst(self) -> tuple[str, Digits]:
        """The entry with the fewest digits; an undefined one is below all others."""
        items = [(name, entry.digits) for name, entry in self.entries.items()]
        return min(items, key=lambda item: -1.0 if item[1] is None else item[1])

    def loss(self, entry: str) -> Loss | None:
        """Return where the digits of an entry went; None where no condition number is known.

        What overflow, underflow or another path took is no rounding, and is not split; nor is
        what cannot be counted because the reference itself does not stand.
        """
        digits, problem = self.entries[entry].digits, self.reference.problem(entry)
        note = self.entries[entry].note
        out = note.startswith(("overflow", "underflow", "NaN", UNSURE))
        out = out or self.parted not in ("", f"on the path of {self.name}")
        if digits is None or problem is None or out:
            return None
        if problem and note.startswith("infinite, but"):
            return None
        total = max(0.0, self.cap - digits)
        left = self.rounding.left.get(entry) if self.rounding else None
        rounded = 0.0 if left is None else self.cap - left
        own = min(max(problem, rounded), total)
        is_measured = rounded > problem + 0.05 and own > problem + 0.05
        condition = self.reference.conditions[entry] or 0.0
        return Loss(total, own, total - own, condition, is_measured)


@dataclass(frozen=True)
class Findings:
    """What a comparison found, as data.

    `digits["float32"]["d/dx"]` is the number of right decimal digits, from 0 to what the
    precision holds, or None where value and truth are both undefined.
    """

    version: ClassVar[int] = 2
    function: str
    point: Point
    reference: Reference
    columns: tuple[Column, ...]
    branches: Branches
    remarks: tuple[str, ...] = ()

    @property
    def is_one_truth(self) -> bool:
        """Tell whether all precisions are held to the same results."""
        return all(column.reference is self.reference for column in self.columns)

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
        """Tell whether the value and every partial have so many digits; undefined is not enough.

        A precision that took another path needs them on the path of exact numbers too.
        """
        held = self.column(precision).held.values()
        return all(x.digits is not None and x.digits >= digits for x in held)

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
            "reference": self.reference.to_dict(),
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
            "astray": {column.name: column.astray for column in columns if column.astray},
            "rounded_inputs": {c.name: c.rounding.to_dict() for c in columns if c.rounding},
            "notes": {column.name: column.notes for column in columns},
            "conditions": self.reference.conditions,
            "losses": {column.name: _losses(column) for column in columns},
            "own_paths": {
                column.name: column.reference.to_dict() | {"texts": column.reference.texts}
                for column in columns
                if column.reference is not self.reference
            },
            "remarks": list(self.remarks),
        }


def _losses(column: Column) -> dict[str, dict[str, float]]:
    found = {name: column.loss(name) for name in column.entries}
    return {
        name: {"problem": loss.problem, "algorithm": loss.algorithm}
        for name, loss in found.items()
        if loss is not None
    }


def _partials(results: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in results.items() if name != "value"}
