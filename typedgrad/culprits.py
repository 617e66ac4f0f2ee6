"""What a blame finds, as records: shares of one error by line, expression, variable and kind."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from typedgrad.points import Point
from typedgrad.rewriting.advised import Hint


@dataclass(frozen=True)
class Split:
    """A share of the error in two: the roundings of the function, and of the reverse sweep."""

    values: float
    sweep: float


@dataclass(frozen=True)
class Worst:
    """The execution of a line that takes the largest share, counted from 1."""

    execution: int
    signed: float


@dataclass(frozen=True)
class Cause:
    """Why a place loses digits: its kind, and one sentence that is true of this run.

    Kinds are 'absorption', 'cancellation', 'magnification', 'overflow', 'infinite', 'underflow',
    'undefined', 'unstable branch', 'input' and 'constant'. `digits` is what is lost there, where it
    is counted.
    """

    kind: str
    text: str
    digits: float = 0.0


@dataclass(frozen=True)
class Share:
    """What one place, variable or kind of operation has of the error.

    `signed` is its part of the error: over all lines these sum to 1; `absolute` is the sum of the
    sizes of its contributions over the size of the error. `digits` is what it would cost alone.
    `line` is 0 where there is none, as for a rounded input; `column` and `end` count characters
    and are -1 for a whole line. `operands` are the numbers at its largest contribution, as text.
    `thirds` are the parts of the first, middle and last third of a loop's executions.
    """

    label: str
    file: str
    line: int
    column: int
    end: int
    text: str
    source: str
    signed: float
    absolute: float
    digits: float
    split: Split
    executions: int = 1
    worst: Worst | None = None
    thirds: tuple[float, float, float] | None = None
    operands: tuple[str, ...] = ()
    result: str = ""
    causes: tuple[Cause, ...] = ()

    @property
    def cause(self) -> str:
        """The kinds of its causes as one text, empty where there is none."""
        return ", ".join(dict.fromkeys(cause.kind for cause in self.causes))


@dataclass(frozen=True)
class Remark:
    """A sentence about the whole run: a parting of paths, a first NaN, a limit of the method."""

    kind: str
    text: str


@dataclass(frozen=True)
class Entry:
    """The number that is blamed: computed, exact, its error, and the digits of it that are right.

    `stands` tells whether the exact result is settled.
    """

    label: str
    got: str
    truth: str
    digits: float | None
    cap: float
    absolute: float
    relative: float
    stands: bool = True

    @property
    def is_right(self) -> bool:
        """Tell whether no error can be told from the exact result."""
        return self.absolute == 0 == self.relative

    @property
    def lost(self) -> float:
        """How many of the digits that the precision holds are wrong."""
        return self.cap - (self.digits or 0.0)


@dataclass(frozen=True)
class Culprits:
    """Where the error of one result comes from, as data.

    `explained` is the sum of all contributions over the measured error: 1 for 100 %. `spread` is
    the sum of their sizes over it: 1 where all push one way, large where they compensate. `unit`
    is 'error', or 'ulp' where the error is nothing or below a tenth of the last place of the
    result, in whose units shares are then.
    `mode` is 'exact' or 'linear', and `model` says in a sentence what that is. `bound` is the most
    that the error could be over the measured one by the same slopes, were each rounding as large
    as its row allows, half a unit in the last place for arithmetic, and all pushing one way.
    `hints` are rewritings that keep more digits of this result; each was run.
    """

    version: ClassVar[int] = 1
    point: Point
    precision: str
    bits: int
    entry: Entry
    explained: float
    spread: float
    unit: str
    lines: tuple[Share, ...]
    expressions: tuple[Share, ...]
    variables: tuple[Share, ...]
    operations: tuple[Share, ...]
    phases: Split
    remarks: tuple[Remark, ...]
    size: int
    judge: str
    judge_bits: int
    mode: str
    model: str
    bound: float = math.nan
    hints: tuple[Hint, ...] = ()

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.point.function

    @property
    def label(self) -> str:
        """The result that is blamed: 'value' or 'd/dx'."""
        return self.entry.label

    @property
    def digits(self) -> float | None:
        """How many digits of the result are right, None where it is undefined."""
        return self.entry.digits

    @property
    def is_within_rounding(self) -> bool:
        """Tell whether less than one digit is lost, which every computation may."""
        return self.entry.digits is not None and self.entry.lost < 1

    @property
    def loops(self) -> tuple[Share, ...]:
        """The lines that ran more than once."""
        return tuple(share for share in self.lines if share.executions > 1)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """All causes that were found, those of the largest shares first."""
        return tuple(cause for share in self.expressions for cause in share.causes)

    def line(self, number: int) -> Share:
        """Return the share of a line; raises `KeyError` where it has none."""
        for share in self.lines:
            if share.line == number:
                return share
        raise KeyError(number)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold; infinite numbers are text."""
        return {
            "version": self.version,
            "function": self.function,
            "point": {x.name: x.shown for x in self.point.arguments},
            "precision": self.precision,
            "bits": self.bits,
            "of": self.label,
            "entry": _plain(self.entry),
            "explained": _plain(self.explained),
            "spread": _plain(self.spread),
            "bound": _plain(self.bound),
            "unit": self.unit,
            "lines": _plain(self.lines),
            "expressions": _plain(self.expressions),
            "variables": _plain(self.variables),
            "operations": _plain(self.operations),
            "phases": _plain(self.phases),
            "remarks": _plain(self.remarks),
            "size": self.size,
            "reference": {"judge": self.judge, "bits": self.judge_bits},
            "mode": self.mode,
            "model": self.model,
            "hints": [hint.to_dict() for hint in self.hints],
        }


def _plain(x: Any) -> Any:
    """Return a record, or a tuple of them, as dicts and lists."""
    if isinstance(x, tuple):
        parts: list[Any] = [*x]
        return [_plain(part) for part in parts]
    if isinstance(x, float):
        return x if x - x == 0 else str(x)
    if isinstance(x, Split | Worst | Cause | Share | Remark | Entry):
        return {field.name: _plain(getattr(x, field.name)) for field in fields(x)}
    return x
