"""What a project requires: the [[tool.typedgrad.require]] tables of its pyproject.toml."""

from __future__ import annotations

import difflib
import math
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

import numpy as np

from typedgrad.errors import BadProject, BadRequirement, Unreadable
from typedgrad.machine import NUMBERS
from typedgrad.points import input_of

MOST_BYTES, MOST_SAMPLES, MOST_POINTS = 1 << 20, 10_000, 10_000
KEYS = ("target", "at", "points", "ranges", "samples", "seed", "precision", "digits", "of")
SAMPLES = 50
At = dict[str, Any]


class Written(str):
    """A number of the file as it is written there: 0.001 is one thousandth, not a double."""

    __slots__ = ()


@dataclass(frozen=True)
class Range:
    """The numbers of one parameter, from low to high, evenly or by their logarithms."""

    low: float
    high: float
    log: bool

    def at(self, share: float) -> float:
        """Return the number at a share of the way."""
        if not self.log:
            return self.low + (self.high - self.low) * share
        low, high = math.log(self.low), math.log(self.high)
        return math.exp(low + (high - low) * share)


@dataclass(frozen=True)
class Requirement:
    """So many digits of a function, in some precisions, at some points; `table` counts from 1."""

    table: int
    target: str
    precisions: tuple[str, ...]
    digits: float
    of: tuple[str, ...]
    at: At
    points: tuple[At, ...]
    ranges: dict[str, Range]
    samples: int
    seed: int

    def places(self) -> tuple[At, ...]:
        """Return the points: those written down, then those drawn from the ranges.

        Drawn numbers are float32 numbers where float32 is required and the range has them, so
        that no digit is lost by rounding what nobody wrote. Each range is cut into as many parts
        as there are samples, and each part gives one.
        """
        written = [self.at | point for point in self.points]
        if not self.ranges:
            return tuple(written or [self.at])
        dice = random.Random(self.seed)
        columns = {name: self._drawn(span, dice) for name, span in self.ranges.items()}
        drawn = [
            self.at | dict(zip(columns, row, strict=True))
            for row in zip(*columns.values(), strict=True)
        ]
        return tuple(written + drawn)

    def _drawn(self, span: Range, dice: random.Random) -> list[float]:
        shares = [(i + dice.random()) / self.samples for i in range(self.samples)]
        dice.shuffle(shares)
        found = [min(max(span.at(share), span.low), span.high) for share in shares]
        return [_held(x, span) for x in found] if "float32" in self.precisions else found


def _held(x: float, span: Range) -> float:
    with np.errstate(over="ignore", under="ignore"):
        near = float(np.float32(x))
    return near if span.low <= near <= span.high else x


def requirements(path: Path) -> tuple[Requirement, ...]:
    """Return the requirements of a project; raises `BadProject` and `BadRequirement`."""
    tool = _tool(path)
    tables: Any = tool.get("require")
    if tables is None:
        near = difflib.get_close_matches("require", list(tool), 1)
        hint = f"did you mean [[tool.typedgrad.require]], not {near[0]}?" if near else EXAMPLE
        raise BadProject(path=path, why="it has no [[tool.typedgrad.require]] table", hint=hint)
    if not is_list(tables) or not all(map(is_table, tables)):
        why = "tool.typedgrad.require is no list of tables"
        hint = "write [[tool.typedgrad.require]], with two brackets on each side"
        raise BadProject(path=path, why=why, hint=hint)
    if not tables:
        raise BadProject(path=path, why="tool.typedgrad.require is empty", hint=EXAMPLE)
    return tuple(Reader(path, i, table).read() for i, table in enumerate(tables, 1))


EXAMPLE = 'write [[tool.typedgrad.require]] with target = "loss.py:loss", at = "x=1", digits = 5'


def is_list(x: object) -> TypeGuard[list[Any]]:
    """Tell whether something of the file is an array."""
    return isinstance(x, list)


def is_table(x: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether something of the file is a table."""
    return isinstance(x, dict)


def _tool(path: Path) -> dict[str, Any]:
    """Return the table tool.typedgrad of a file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        hint = "run typedgrad gate in the folder of pyproject.toml, or give its path"
        raise BadProject(path=path, why=f"it cannot be read: {why}", hint=hint) from None
    if len(raw) > MOST_BYTES:
        why = f"it is larger than {MOST_BYTES} bytes"
        raise BadProject(path=path, why=why, hint="give the requirements a file of their own")
    try:
        data: Any = tomllib.loads(raw.decode(), parse_float=_written)
    except (ValueError, RecursionError) as error:
        bad = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadProject(path=path, why=f"it is no TOML: {bad}"[:200], hint=EXAMPLE) from None
    for key in ("tool", "typedgrad"):
        data = data.get(key, {})
        if not is_table(data):
            raise BadProject(path=path, why=f"{key} is no table in it", hint=EXAMPLE)
    return dict(data)


def _written(text: str) -> Written:
    return Written(text.replace("_", ""))


@dataclass(frozen=True)
class Reader:
    """One table on its way to a requirement; whatever is wrong is said with file and number."""

    path: Path
    number: int
    table: Mapping[str, Any]

    def read(self) -> Requirement:
        """Return the requirement."""
        for key in self.table:
            if key not in KEYS:
                self.refuse(f"there is no key {key!r}", _meant(key, KEYS))
        ranges = {name: self.range(name, x) for name, x in self.tables("ranges").items()}
        for key in ("samples", "seed"):
            if key in self.table and not ranges:
                self.refuse(f"{key} without ranges", 'add ranges = {x = "1:1e4:log"}')
        found = Requirement(
            table=self.number,
            target=self.target(),
            precisions=self.precisions(),
            digits=self.digits(),
            of=self.texts("of", ()),
            at=self.point("at", self.table.get("at", {})),
            points=self.points(),
            ranges=ranges,
            samples=self.count("samples", SAMPLES, 1, MOST_SAMPLES),
            seed=self.count("seed", 0, 0, 1 << 63),
        )
        twice = sorted(set(ranges) & {*found.at, *(name for p in found.points for name in p)})
        if twice:
            self.refuse(f"{twice[0]} has a range and a number", "give each parameter one of them")
        self.caps(found)
        return found

    def refuse(self, problem: str, hint: str) -> NoReturn:
        """Raise the error that names file, table, problem and cure."""
        facts = dict(path=self.path, number=self.number, problem=problem, hint=hint)
        raise BadRequirement(**facts)

    def target(self) -> str:
        """Return the target FILE.py:FUNCTION."""
        target = self.table.get("target")
        if type(target) is not str or ".py:" not in target:
            what = "target is missing" if target is None else f"target = {_short(target)}"
            self.refuse(what, 'write target = "loss.py:loss", a file and a function in it')
        return str(target)

    def precisions(self) -> tuple[str, ...]:
        """Return the names of the precisions, float64 where none is given."""
        known = [numbers.name for numbers in NUMBERS.values()]
        names = self.texts("precision", ("float64",))
        for name in names:
            if name not in known:
                self.refuse(f"there is no precision {name!r}", _meant(name, known))
        return names

    def digits(self) -> float:
        """Return how many digits are required."""
        digits = self.table.get("digits")
        if isinstance(digits, bool) or not isinstance(digits, int | Written):
            what = "digits is missing" if digits is None else f"digits = {_short(digits)}"
            self.refuse(what, "write digits = 5, a number of decimal digits")
        number = float(digits)
        if not 0 < number < 1e3:
            self.refuse(f"digits = {_short(digits)}", "write digits = 5, between 0 and 1000")
        return number

    def caps(self, found: Requirement) -> None:
        """Refuse more digits than a precision holds."""
        for numbers in NUMBERS.values():
            if numbers.name in found.precisions and found.digits > numbers.digits:
                held = f"{numbers.name} holds {numbers.digits:.2f} digits here"
                self.refuse(f"digits = {found.digits:g}, but {held}", "require fewer digits")

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return a text or a list of texts."""
        given: Any = self.table.get(key, list(default))
        listed = given if is_list(given) else [given]
        if any(type(x) is not str for x in listed) or (key in self.table and not listed):
            self.refuse(f"{key} = {_short(given)}", f"write {key} as a text, or a list of texts")
        return tuple(map(str, dict.fromkeys(listed)))

    def count(self, key: str, default: int, least: int, most: int) -> int:
        """Return a whole number between two bounds."""
        given = self.table.get(key, default)
        if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
            self.refuse(f"{key} = {_short(given)}", f"write a whole number from {least} to {most}")
        return int(given)

    def points(self) -> tuple[At, ...]:
        """Return the points of the list `points`."""
        given: Any = self.table.get("points", [])
        if not is_list(given) or ("points" in self.table and not given):
            hint = 'write points = ["x=1,y=2", {x = 3, y = 4}]'
            self.refuse(f"points = {_short(given)}", hint)
        if len(given) > MOST_POINTS:
            self.refuse(f"{len(given)} points", f"give at most {MOST_POINTS}")
        return tuple(self.point("points", x) for x in given)

    def tables(self, key: str) -> Mapping[str, Any]:
        """Return a table in the table."""
        given: Any = self.table.get(key, {})
        if not is_table(given) or (key in self.table and not given):
            self.refuse(f"{key} = {_short(given)}", f'write {key} = {{x = "1:1e4:log"}}')
        return given

    def point(self, key: str, given: Any) -> At:
        """Return a point from "x=1,w=1;2;3" or {x = 1, w = [1, 2, 3]}; its numbers are exact."""
        if type(given) is str:
            return self.spelt(key, given)
        if not is_table(given):
            self.refuse(f"{key} = {_short(given)}", HOW)
        found: At = {}
        for name, x in given.items():
            self.name(key, name)
            found[name] = self.numbers(key, name, x)
        return found

    def spelt(self, key: str, text: str) -> At:
        """Return the point that a text such as "x=1,w=1;2;3" spells."""
        found: At = {}
        for part in text.split(","):
            name, equals, number = (piece.strip() for piece in part.partition("="))
            if not equals or name in found:
                self.refuse(f"{key} = {_short(text)}", HOW)
            self.name(key, name)
            pieces = number.rstrip(";").split(";")
            found[name] = self.numbers(key, name, pieces if ";" in number else number)
        return found

    def name(self, key: str, name: str) -> None:
        """Refuse what cannot be the name of a parameter."""
        if not name.isidentifier():
            self.refuse(f"{key} names {_short(name)}, which is no parameter", HOW)

    def numbers(self, key: str, name: str, given: Any) -> Any:
        """Return a number, or a list of them, that the library can read."""
        if is_list(given):
            if not given:
                self.refuse(f"{key}.{name} is empty", "write at least one number")
            return [self.numbers(key, name, x) for x in _flat(given, self, key)]
        try:
            if isinstance(given, bool) or not isinstance(given, int | str):
                raise Unreadable(what=name, text="", hint=NUMBER)
            input_of(name, given)
        except (Unreadable, ValueError):  # Python itself refuses texts of very long integers
            self.refuse(f"{key}.{name} = {_short(given)}", NUMBER)
        return str(given).strip() if isinstance(given, str) else given

    def range(self, name: str, given: Any) -> Range:
        """Return the range that "1:1e4:log" spells."""
        self.name("ranges", name)

        def bad(why: str) -> NoReturn:
            hint = 'write "LOW:HIGH" or "LOW:HIGH:log"'
            self.refuse(f"ranges.{name} = {_short(given)}{why}", hint)

        pieces = str(given).split(":") if type(given) is str else []
        if len(pieces) not in (2, 3) or pieces[2:] not in ([], ["log"], ["linear"]):
            bad("")
        try:
            low, high = float(pieces[0]), float(pieces[1])
        except ValueError:
            bad("")
        if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
            bad(": its ends are too far apart")
        if low > high:
            bad(": its first end is above the second")
        log = pieces[2:] == ["log"]
        if log and low <= 0:
            bad(": a logarithm needs ends above 0")
        return Range(low, high, log)


HOW = 'write at = "x=1,y=2" or at = {x = 1, y = "0.001", w = [1, 2, 3]}'
USUAL = {"double": "float64", "single": "float32", "extended": "longdouble"}  # names elsewhere
NUMBER = "write numbers as 2, -0.5, 1e-3, or as a text: '1/3'"


def _flat(given: list[Any], reader: Reader, key: str) -> list[Any]:
    if any(isinstance(x, list | dict) for x in given):
        reader.refuse(f"{key} holds a list in a list", NUMBER)
    return given


def _short(x: Any) -> str:
    text = f"{x}" if isinstance(x, Written) else repr(x)
    return text if len(text) < 60 else f"{text[:56]}..."


def _meant(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(USUAL.get(word, word), known, 1, 0.5)
    return f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
