"""gate: a project's requirements, each judged by comparing its function at every point of it."""

from __future__ import annotations

import difflib
import inspect
import shlex
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from typedgrad.compare import compare
from typedgrad.errors import (
    FileMissing,
    ParameterMismatch,
    RequirementStopped,
    TypedgradError,
    Unreadable,
)
from typedgrad.findings import Column, Digits, Entry
from typedgrad.gates.requirements import At, Requirement, is_list
from typedgrad.points import beside_ranges
from typedgrad.source import raised_at


@dataclass(frozen=True)
class Outcome:
    """What one requirement came to in one precision: the worst entry of all points.

    `digits` is None where the function is undefined there; `file` and `line` are the function's,
    and `command` shows the comparison at the worst point.
    """

    version: ClassVar[int] = 1
    requirement: Requirement
    precision: str
    points: int
    entry: str
    at: str
    digits: Digits
    note: str
    file: str
    line: int
    command: str

    @property
    def enough(self) -> bool:
        """Tell whether the requirement is met."""
        return has(self.digits, self.requirement.digits)

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data that JSON can hold."""
        asked = self.requirement
        names = ("precision", "points", "entry", "at", "digits", "note", "file", "line", "command")
        found = {name: getattr(self, name) for name in names}
        table = {"table": asked.table, "target": asked.target, "required": asked.digits}
        return table | found | {"enough": self.enough}


def has(digits: Digits, bar: float) -> bool:
    """Tell whether an entry has so many digits; an undefined one has not."""
    return digits is not None and digits >= bar


def judge(requirement: Requirement, f: Callable[..., Any], path: Path) -> tuple[Outcome, ...]:
    """Return one outcome for each precision that a requirement names."""
    worst: dict[str, tuple[float, str, Entry, At]] = {}
    places = requirement.places()
    with naming(requirement, path):
        found = compare(f, points=places, precisions=requirement.precisions)
        for at, comparison in zip(places, found.points, strict=True):
            for column in comparison.columns:
                label, entry = least(column, requirement.of)
                rank = -1.0 if entry.digits is None else entry.digits
                if column.name not in worst or rank < worst[column.name][0]:
                    worst[column.name] = (rank, label, entry, at)
    file, line = _home(f, located(requirement, path))
    return tuple(
        Outcome(
            requirement=requirement,
            precision=precision,
            points=len(places),
            entry=label,
            at=", ".join(f"{name}={_short(x)}" for name, x in at.items()),
            digits=entry.digits,
            note=entry.note,
            file=file,
            line=line,
            command=_command(requirement, located(requirement, path), precision, at),
        )
        for precision, (_, label, entry, at) in worst.items()
    )


def least(column: Column, of: Sequence[str]) -> tuple[str, Entry]:
    """Return the entry with the fewest digits among those asked for, an undefined one first."""
    entries = chosen(column.held, of)
    return min(entries.items(), key=lambda x: -1.0 if x[1].digits is None else x[1].digits)


def chosen(entries: dict[str, Entry], of: Sequence[str]) -> dict[str, Entry]:
    """Return the entries that `of` names, all where it names none; "d/dw" means all of a vector."""
    for name in of:
        if not any(_means(name, label) for label in entries):
            near = difflib.get_close_matches(name, list(entries), 1, 0.5)
            listed = list(entries)[:8]
            hint = f"did you mean {near[0]}?" if near else f"its entries are {', '.join(listed)}"
            raise Unreadable(what="of", text=repr(name), hint=hint)
    wanted = {label: x for label, x in entries.items() if any(_means(name, label) for name in of)}
    return wanted or entries


def _means(name: str, label: str) -> bool:
    return label == name or label.startswith(f"{name}[")


def located(requirement: Requirement, path: Path) -> str:
    """Return the target with its path as it is from the current folder."""
    file, _, name = requirement.target.rpartition(":")
    return f"{path.parent / file}:{name}"


@contextmanager
def naming(requirement: Requirement, path: Path) -> Generator[None]:
    """Turn an error of the target into one that names the file and the table."""
    try:
        yield
    except TypedgradError as found:
        error = found
        if isinstance(found, ParameterMismatch) and requirement.ranges:
            error = beside_ranges(found, requirement.ranges)
        place = raised_at(error, judge.__code__)
        where = error.facts.get("where") or (place.carets() if place else "")
        problem = error.text().partition("\n")[0]
        facts = dict(path=path, number=requirement.table, problem=problem, where=where)
        raise RequirementStopped(**facts, hint=_hint(error)) from found


def _hint(error: TypedgradError) -> str:
    if isinstance(error, FileMissing):
        return "write the target as FILE.py:FUNCTION, with a path from the folder of this file"
    if isinstance(error, ParameterMismatch):
        return f'write at = "{error.facts["example"]}"' if error.facts["example"] else _own(error)
    return _own(error)


def _own(error: TypedgradError) -> str:
    return error.text().splitlines()[-2].removeprefix("help: ")


def _home(f: Callable[..., Any], target: str) -> tuple[str, int]:
    code = getattr(inspect.unwrap(f), "__code__", None)
    return target.rpartition(":")[0], code.co_firstlineno if code else 1


def _command(requirement: Requirement, target: str, precision: str, at: At) -> str:
    given = ",".join(f"{name}={_exact(x)}" for name, x in at.items())
    parts = ["typedgrad", "compare", target, *(["--at", given] if given else [])]
    parts += ["--precisions", precision, "--fail-under", f"{requirement.digits:g}"]
    return shlex.join(parts)


def _exact(x: Any) -> str:
    """Return a number, or a list of them, as --at takes it, and exactly the same."""
    if is_list(x):
        return ";".join(map(_exact, x)) + ";"[: len(x) == 1]
    if isinstance(x, float) and Fraction(repr(x)) != Fraction(x):
        top, bottom = x.as_integer_ratio()
        return f"{top}p{1 - bottom.bit_length()}"
    return str(x)


def _short(x: Any) -> str:
    if is_list(x):
        texts = list(map(_short, x))
        texts = [*texts[:3], "...", texts[-1]] if len(texts) > 6 else texts
        return f"[{', '.join(texts)}]"
    return f"{x:.6g}" if isinstance(x, float) else str(x)
