"""Files of points: CSV and JSON to points by name, their numbers kept as they are written."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from typing_extensions import TypeIs

from typedgrad.errors import BadPoints, ParameterMismatch, TypedgradError, Unreadable
from typedgrad.points import input_of, parameters, point_of

MOST_BYTES, MOST_POINTS = 4_000_000, 1000
KINDS: dict[type, str] = {bool: "a truth value", dict: "an object", list: "a list in a list"}
PLACED = re.compile(r"(\w+)\[(\d+)\]")


def is_list(x: object) -> TypeIs[list[Any]]:
    """Tell whether x is a list."""
    return isinstance(x, list)


def is_dict(x: object) -> TypeIs[dict[str, Any]]:
    """Tell whether x is an object of a JSON file."""
    return isinstance(x, dict)


class PointFile:
    """One file of points; whatever is wrong with it is one error that names it and the place."""

    def __init__(self, path: str) -> None:
        self.path = path

    def points(self, f: Callable[..., Any]) -> list[dict[str, Any]]:
        """Return the points of the file, each of which is one that f takes.

        Raises `BadPoints` for a file that is missing, huge, binary or no CSV or JSON, for a name
        that f does not have, and for what is no number.
        """
        text = self.text()
        as_json = self.path.lower().endswith(".json") or text.lstrip()[:1] in ("[", "{")
        found: list[dict[str, Any]] = []
        for spot, at in self.objects(text) if as_json else self.rows(text, f):
            found.append(at)
            if len(found) > MOST_POINTS:
                hint = "give fewer; `typedgrad sweep` is for many points"
                self.refuse(f"there are more than {MOST_POINTS}", hint)
            self.fits(f, at, spot)
        if not found:
            self.refuse("there is none", "give at least one point")
        return found

    def refuse(self, problem: str, hint: str, spot: str = "") -> NoReturn:
        """Raise the error of this file."""
        spot = f", {spot}" if spot else ""
        raise BadPoints(path=self.path, spot=spot, problem=problem, hint=hint)

    def text(self) -> str:
        """Return the text of the file."""
        path = Path(self.path)
        hint = "give the path of a CSV or JSON file behind the @"
        if not self.path:
            raise Unreadable(what="--at", text="@ without a file", hint=hint)
        if not path.is_file():
            self.refuse("it is a folder" if path.is_dir() else "there is no such file", hint)
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            self.refuse(error.strerror or "it cannot be read", hint)
        if len(data) > MOST_BYTES:
            self.refuse(f"it has more than {MOST_BYTES // 1_000_000} MB", "split the file")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.refuse("it is no text in UTF-8", hint)
        if "\0" in text:
            self.refuse("it is no text", hint)
        return text

    def fits(self, f: Callable[..., Any], at: dict[str, Any], spot: str) -> None:
        """Refuse a point that the function does not take."""
        try:
            point_of(f, at, {})
        except ParameterMismatch as error:
            facts = error.facts
            problem = f"{facts['function']} takes {facts['wanted']}, but {facts['given']} is there"
            self.refuse(problem, "give one number for each name", spot)
        except TypedgradError as error:
            self.refuse(error.text().partition("\n")[0], "write numbers as 2, -0.5 or 1e-3", spot)

    def number(self, name: str, text: str, spot: str) -> str:
        """Return the text of a number, which must be one."""
        try:
            input_of(name, text)
        except Unreadable:
            self.refuse(
                f"{text[:40]!r} is no number", "write numbers as 2, -0.5, 1e-3 or 1/3", spot
            )
        return text.strip()

    def rows(self, text: str, f: Callable[..., Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the points of a CSV file: names in the first row, one point in each other."""
        reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
        names: list[str] = []
        try:
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                if not names:
                    names = self.header([cell.strip() for cell in row], f)
                    continue
                spot = f"row {reader.line_num}"
                if len(row) != len(names):
                    hint = "give as many numbers as there are names in the first row"
                    self.refuse(f"{len(row)} numbers for {len(names)} names", hint, spot)
                yield spot, self.row(names, row, spot)
        except csv.Error as error:
            self.refuse(
                f"it is no CSV ({error})", "write x,y and then 1,2", f"row {reader.line_num}"
            )

    def header(self, names: list[str], f: Callable[..., Any]) -> list[str]:
        """Return the names of the columns, each of which must be one of the function."""
        known = [p.name for p in parameters(f)]
        for k, name in enumerate(names, 1):
            spot = f"column {k} of the first row"
            placed = PLACED.fullmatch(name)
            own = placed[1] if placed else name
            if own not in known:
                hint = f"the names are {', '.join(known) or 'none'}; a vector's are w[0],w[1],..."
                self.refuse(f"{name[:40]!r} is no name of an argument", hint, spot)
            if name in names[: k - 1]:
                self.refuse(f"{name} is there twice", "give each name once", spot)
            if placed and int(placed[2]) and f"{own}[{int(placed[2]) - 1}]" not in names:
                self.refuse(f"{name} without the place before it", "begin with [0]", spot)
            if placed and own in names:
                self.refuse(f"{name} beside {own}", "give the vector in one way", spot)
        return names

    def row(self, names: list[str], row: list[str], spot: str) -> dict[str, Any]:
        """Return the point of one row; '1;2;3' is a vector, as are the columns w[0], w[1]."""
        at: dict[str, Any] = {}
        placed: dict[str, dict[int, str]] = {}
        for name, cell in zip(names, row, strict=True):
            where = f"{spot}, column {name}"
            parts = [self.number(name, each, where) for each in cell.rstrip("; ").split(";")]
            match = PLACED.fullmatch(name)
            if match and len(parts) == 1:
                placed.setdefault(match[1], {})[int(match[2])] = parts[0]
            elif match:
                self.refuse("several numbers in one place", "give one number", where)
            else:
                at[name] = parts if ";" in cell else parts[0]
        return at | {name: [own[k] for k in sorted(own)] for name, own in placed.items()}

    def objects(self, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the points of a JSON file: a list of objects, or one object."""
        shape = 'write [{"x": 1, "w": [1, 2]}, {"x": 2, "w": [3, 4]}]'
        try:
            data: Any = json.loads(
                text,
                parse_float=str,
                parse_int=str,
                parse_constant=str,
                object_pairs_hook=self.once,
            )
        except json.JSONDecodeError as error:
            self.refuse(f"it is no JSON ({error.msg})", shape, f"line {error.lineno}")
        except RecursionError:
            self.refuse("its brackets are nested too deeply", shape)
        found = data if is_list(data) else [data]
        for k, each in enumerate(found, 1):
            if not is_dict(each):
                self.refuse("it is no object with names and numbers", shape, f"point {k}")
            yield f"point {k}", {name: self.read(name, x, k) for name, x in each.items()}

    def once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return an object of a JSON file, in which each name is there once."""
        found = dict(pairs)
        for name in found:
            if sum(name == other for other, _ in pairs) > 1:
                self.refuse(f"{name[:40]} is there twice in one point", "give each name once")
        return found

    def read(self, name: str, x: Any, k: int) -> Any:
        """Return a number of a JSON file, or a list of numbers."""
        spot = f"point {k}, {name[:40]}"
        many = x if is_list(x) else [x]
        for each in many:
            if not isinstance(each, str):
                what = next(
                    (text for kind, text in KINDS.items() if isinstance(each, kind)), "null"
                )
                self.refuse(f"{what} is no number", "give a number or a list of numbers", spot)
        read = [self.number(name, each, spot) for each in many]
        return read if is_list(x) else read[0]
