"""What `tune` finds, as records: candidates for a narrower precision, each estimated and run."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from typing_extensions import TypeIs, override

from typedgrad.report.advice import advised
from typedgrad.report.text import painted
from typedgrad.rewriting.advised import Hint


@dataclass(frozen=True)
class Budget:
    """The largest error that is allowed: `kind` is 'absolute', 'relative' or 'digits'."""

    kind: str
    amount: float

    def tolerance(self, size: float) -> float:
        """Return the largest absolute error of a result of this size; 0 where that is undefined."""
        if not math.isfinite(size):
            return 0.0
        if self.kind == "absolute":
            return self.amount
        return size * (self.amount if self.kind == "relative" else 10.0**-self.amount)

    @override
    def __str__(self) -> str:
        amount = f"{self.amount:g}"
        return f"{amount} digits" if self.kind == "digits" else f"{self.kind} error {amount}"


@dataclass(frozen=True)
class Outcome:
    """The error of one run against the exact result, where it takes most of its budget.

    `spot` names the result and the point; `digits` are the digits right there. `parting` is the
    comparison that came out differently, or ''. Where the exact result is NaN so is the error.
    """

    spot: str
    error: float
    tolerance: float
    digits: float
    parting: str = ""

    @property
    def fits(self) -> bool:
        """Tell whether the run took its path and stayed within the budget."""
        return not self.parting and self.error <= self.tolerance

    @property
    def is_undefined(self) -> bool:
        """Tell whether the exact result is NaN, of which no digit can be kept."""
        return math.isnan(self.error)


@dataclass(frozen=True)
class Candidate:
    """A variable, a line or a kind of call that may become narrower.

    `estimate` is the sum of the sizes of the contributions of all its roundings to the result, by
    adjoints, and `signed` the size of their sum; `measured` is what a run with this candidate
    alone changed, at `spot`, and `alone` the outcome of that run. Both are None if nothing was run.
    `noise` is what the wide precision's own roundings make there, beside which no change is told.
    `proposed` is 'safe' where the estimate fits the budget, 'optimistic' where only the signed sum
    does, else ''. `values` is how many values of the first point it covers.
    """

    name: str
    where: str
    source: str
    values: int
    spot: str
    estimate: float
    signed: float
    noise: float
    measured: float | None
    alone: Outcome | None
    proposed: str
    accepted: bool
    reason: str

    @property
    def ratio(self) -> float | None:
        """The measured change over the estimate; None without a run, or where both are noise."""
        if self.measured is None or max(self.measured, self.estimate) <= self.noise:
            return None
        return self.measured / self.estimate if self.estimate else math.inf


@dataclass(frozen=True)
class Stage:
    """One run of the series that adds one candidate after the other.

    `share` is the part of all values that is kept in the narrow precision, `stored` the part of
    those that some candidate covers.
    """

    added: str
    share: float
    stored: float
    outcome: Outcome


@dataclass(frozen=True)
class Tuning:
    """What `tune` found; printed, it is the report.

    `accepted` lists the names that may become narrower together: `together` is the outcome of the
    run with exactly these. `whole` is that of the run with none. `hints` are rewritings that keep
    more digits at one of the first five points, in the narrow precision, or in the wide one if that
    misses the budget itself.
    """

    version: ClassVar[int] = 1
    function: str
    points: tuple[str, ...]
    seed: int | None
    wide: str
    narrow: str
    by: str
    computed: bool
    labels: tuple[str, ...]
    budget: Budget
    candidates: tuple[Candidate, ...]
    whole: Outcome
    together: Outcome
    stages: tuple[Stage, ...]
    share: float
    stored: float
    judge: str
    settled: bool
    hints: tuple[Hint, ...] = ()

    @property
    def accepted(self) -> tuple[str, ...]:
        """The names of the accepted candidates."""
        return tuple(x.name for x in self.candidates if x.accepted)

    @property
    def passed(self) -> bool:
        """Tell whether the run with all accepted candidates stayed within the budget."""
        return self.together.fits

    def candidate(self, name: str) -> Candidate:
        """Return the candidate of a name; raises KeyError if there is none."""
        return {x.name: x for x in self.candidates}[name]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold; infinities and NaN are text."""
        found = asdict(self)
        ratios = [x.ratio for x in self.candidates]
        for row, ratio in zip(found["candidates"], ratios, strict=True):
            row["ratio"] = ratio
        rest = dict(version=self.version, accepted=list(self.accepted), passed=self.passed)
        return {key: _plain(x) for key, x in {**rest, **found}.items()}

    @override
    def __str__(self) -> str:
        return advised(self)

    @override
    def __repr__(self) -> str:
        names = ", ".join(self.accepted) or "nothing"
        kept = "within" if self.passed else "beyond"
        return f"<tuning of {self.function}: {self.narrow} for {names}, {kept} the budget>"

    def _repr_html_(self) -> str:
        """Return the report as a notebook shows it."""
        from typedgrad.report.html import plain

        return plain(self)

    def __rich__(self) -> object:
        """Return the report with colours, for rich."""
        return painted(str(self))


def _plain(x: Any) -> Any:
    """Return data without what JSON has no word for."""
    if is_dict(x):
        return {key: _plain(value) for key, value in x.items()}
    if is_row(x):
        return [_plain(part) for part in x]
    return str(x) if isinstance(x, float) and not math.isfinite(x) else x


def is_dict(x: object) -> TypeIs[dict[str, Any]]:
    """Tell whether x is a dict."""
    return isinstance(x, dict)


def is_row(x: object) -> TypeIs[list[Any] | tuple[Any, ...]]:
    """Tell whether x is a list or a tuple."""
    return isinstance(x, list | tuple)
