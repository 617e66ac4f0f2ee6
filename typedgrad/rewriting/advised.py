"""Hint: what a rewriting that was tried and won says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from typing_extensions import override


@dataclass(frozen=True)
class Hint:
    """One rewriting that won: the user's expression and the better one, with the digits of both.

    `label` is the entry that gains most in `precision`: 'value', 'd/dx', ...; `where` says where
    both forms are equal, '' for everywhere; `times` how often the line was run. `needs` is the
    import that the new form needs, '' if the file has it; `at` the call, where there are several.
    """

    file: str
    line: int
    old: str
    new: str
    where: str
    times: int
    label: str
    before: float
    after: float
    cap: float
    precision: str
    rule: str
    needs: str = ""
    at: str = ""

    @override
    def __str__(self) -> str:
        at = f"at {self.at} " if self.at else ""
        return (
            f"rewrite  {self.old}  as  {self.new}{self.condition}: {at}{self.label} then has"
            f" {self.after:.1f} of {self.cap:.1f} digits right in {self.precision}, not"
            f" {self.before:.1f} (line {self.line}, checked by a run)"
        )

    @property
    def condition(self) -> str:
        """Where the new form may be used, and what it needs, to be put behind it."""
        where = f", for {self.where}" if self.where else ""
        return where + (f", after {self.needs}" if self.needs else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the hint as plain data."""
        return asdict(self)
