"""The records of a page, and the data that it carries: JSON that cannot end a script element."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from typedgrad.report.views import MOST

if TYPE_CHECKING:
    from typedgrad.culprits import Culprits
    from typedgrad.findings import Findings
    from typedgrad.several import Several
    from typedgrad.sweeping.swept import Sweep
    from typedgrad.tuning.advice import Tuning

MOST_DATA = 300_000  # letters of JSON in a page, which holds them as text and as a download


@dataclass(frozen=True)
class Records:
    """What a page is made of; a record that was not asked for is None."""

    version: ClassVar[int] = 1
    comparison: Findings | Several[Any] | None = None
    blames: tuple[Culprits, ...] = ()
    tuning: Tuning | None = None
    sweep: Sweep | None = None

    @property
    def points(self) -> tuple[Findings, ...]:
        """The comparisons at each point."""
        if self.comparison is None:
            return ()
        from typedgrad.several import Several

        if isinstance(self.comparison, Several):
            return tuple(self.comparison.points)
        return (self.comparison,)

    @property
    def judge(self) -> str:
        """Who judged, as text."""
        if self.comparison is not None:
            return "; ".join(dict.fromkeys(str(x.reference) for x in self.points))
        if self.blames:
            return f"{self.blames[0].judge}, {self.blames[0].judge_bits} bits"
        if self.tuning is not None:
            return self.tuning.judge
        return "; ".join(self.sweep.judges) if self.sweep is not None else ""

    @property
    def seed(self) -> int | None:
        """The seed of the random points; None where there are none."""
        if self.sweep is not None and self.sweep.samples is not None:
            return self.sweep.seed
        return None if self.tuning is None else self.tuning.seed

    def to_dict(self) -> dict[str, Any]:
        """Return the document: its version, and a dict of each record that is there.

        Of each list of shares in a blame the 200 largest are kept.
        """
        found: dict[str, Any] = {"version": self.version}
        records = {"comparison": self.comparison, "tuning": self.tuning, "sweep": self.sweep}
        found |= {name: record.to_dict() for name, record in records.items() if record is not None}
        if self.blames:
            found["blames"] = [capped(blame).to_dict() for blame in self.blames]
        return found


def capped(blame: Culprits) -> Culprits:
    """Return a blame with the 200 largest of its shares in each list."""
    names: Sequence[str] = ("lines", "expressions", "variables", "operations")
    return replace(blame, **{name: getattr(blame, name)[:MOST] for name in names})


def json_text(data: Any) -> str:
    """Return data as JSON that can stand inside a script element: it cannot end it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for letter, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(letter, code)
    return text
