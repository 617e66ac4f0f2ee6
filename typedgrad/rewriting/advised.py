"""Hint: what a rewriting that was tried and won says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from typing_extensions import override


@dataclass(frozen=True)
class Hint:
    """One rewriting that won: the user's expression and the better one, with the digits of both.

    `label` is the entry that gains most in `precision`: 'value', 'd/dx', ...; `where` says where
    both forms are equal, '' for everywhere; `times` how often the line was run.
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

    @override
    def __str__(self) -> str:
        where = f", for {self.where}" if self.where else ""
        return (
            f"rewrite  {self.old}  as  {self.new}{where}: {self.label} then has {self.after:.1f}"
            f" of {self.cap:.1f} digits right in {self.precision}, not {self.before:.1f}"
            f" (line {self.line}, checked by a run)"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the hint as plain data."""
        return asdict(self)
