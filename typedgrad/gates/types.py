"""check: mypy's own run with names that people use, our cures, and a test that it sees at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from uuid import uuid4

from typedgrad.errors import BlindCheck, MissingExtra, NotCheckable
from typedgrad.gates.cures import Spot, renamed, told
from typedgrad.gates.spots import source_of, span_of

# Its last line must be an error; where it is none, the types of the two before it tell why.
CANARY_NAME = "typedgrad_canary.py"
CANARY = """\
import numpy as np
import typedgrad as tg
reveal_type(np.float64(1))
reveal_type(tg.float32(2))
tg.float32(2) * np.float64(1)
"""
NUMPY_LINE, OUR_LINE, NUMPY_TYPE, OUR_TYPE, MIXING_LINE = range(1, 6)
MYPY = ["-m", "mypy", "--output", "json", "--no-pretty", "--"]


@dataclass(frozen=True)
class Mistake:
    """One thing that mypy found: where, in characters from 1, what it is, and the cure.

    `code` is ours, such as TG101, or mypy's; `end` is the column behind the last character.
    """

    file: str
    line: int
    column: int
    end: int
    severity: str
    message: str
    cure: str
    code: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Return the mistake as plain data that JSON can hold."""
        return dict(vars(self))


@dataclass(frozen=True)
class Checked:
    """What a check of the types found; true where it found no error."""

    version: ClassVar[int] = 1
    paths: tuple[str, ...]
    mistakes: tuple[Mistake, ...]

    @property
    def errors(self) -> tuple[Mistake, ...]:
        """The mistakes that are errors, without the notes."""
        return tuple(mistake for mistake in self.mistakes if mistake.severity == "error")

    def __bool__(self) -> bool:
        return not self.errors

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        found = [mistake.to_dict() for mistake in self.mistakes]
        return {"version": self.version, "passed": bool(self), "mistakes": found}


def check_types(paths: Sequence[str]) -> Checked:
    """Run mypy over files and folders, with the user's own configuration.

    A line that mixes precisions is checked along with them. Raises `BlindCheck` where it is not
    found, `NotCheckable` for a path that is not there or where mypy stops, and `MissingExtra`
    without mypy.
    """
    if find_spec("mypy") is None:
        raise MissingExtra(feature="typedgrad check", package="mypy", extra="gate")
    for path in paths:
        if not Path(path).exists():
            hint = "give files or folders, with a path from the current folder"
            raise NotCheckable(paths=path, why="there is no such file or folder", hint=hint)
    source_of.cache_clear()
    with TemporaryDirectory(prefix="typedgrad_") as folder:
        canary = Path(folder) / CANARY_NAME
        fresh = f"# {uuid4().hex}\n"  # or mypy would repeat what its cache says of it
        canary.write_text(CANARY + fresh, encoding="utf-8")
        run = subprocess.run(
            [sys.executable, *MYPY, *paths, str(canary)],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    said = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    own = [each for each in said if Path(each["file"]).name != CANARY_NAME]
    if run.returncode not in (0, 1):
        return _stopped(paths, own, run.stdout + run.stderr)
    _look([each for each in said if each not in own])
    return Checked(tuple(paths), tuple(mistake(each) for each in own))


def _stopped(paths: Sequence[str], own: Sequence[dict[str, Any]], text: str) -> Checked:
    """Return the error at which mypy stopped, where that is one of the user's code."""
    if any(each["severity"] == "error" for each in own):
        return Checked(tuple(paths), tuple(mistake(each) for each in own))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("{")]
    why = lines[-1].removeprefix("mypy: ") if lines else "mypy stopped without a word"
    hint = f"run `python -m mypy {' '.join(paths)}` to see all that it says"
    raise NotCheckable(paths=", ".join(paths), why=why, hint=hint)


def _look(canary: Sequence[dict[str, Any]]) -> None:
    """Refuse a run that did not find the mixing that was put in, and say why it did not."""
    errors = [each for each in canary if each["severity"] == "error"]
    if any(each["line"] == MIXING_LINE for each in errors):
        return
    missing = {each["line"] for each in errors if str(each["code"]).startswith("import")}
    types = {each["line"]: each["message"] for each in canary if each["severity"] == "note"}
    seen = {
        "typedgrad": OUR_LINE not in missing and 'type is "Any"' not in types.get(OUR_TYPE, ""),
        "numpy": NUMPY_LINE not in missing and "Any" not in types.get(NUMPY_TYPE, ""),
    }
    if all(seen.values()):  # in a type of ours, too, only what is NumPy's can be unknown
        seen["numpy"] = "Any" not in types.get(OUR_TYPE, "")
    for name in ("numpy", "typedgrad"):
        if not seen[name]:
            hint = (
                f"python -m pip install {name} beside mypy, and let mypy follow its imports; in a"
                " pre-commit hook list it under additional_dependencies"
            )
            raise BlindCheck(what=f"{name} is not visible to mypy here", hint=hint)
    hint = "take ignore_errors, and disable_error_code for operator, out of mypy's configuration"
    raise BlindCheck(what="mypy is told to keep quiet here", hint=hint)


def mistake(said: dict[str, Any]) -> Mistake:
    """Return a record of mypy's JSON in our words."""
    file, line, message = said["file"], max(int(said["line"]), 1), renamed(said["message"])
    source = source_of(file)
    first = max(int(said["column"]), 0)
    end_line, end = said.get("end_line") or line, said.get("end_column") or first + 1
    node = source.expression((line, first, end_line, end), said["code"] == "operator")
    is_error = said["severity"] == "error"
    words = told(message, Spot(source, node)) if is_error else None
    text = source.line(line).rstrip()
    if words is not None and node is not None:
        line, first, end_line, end = span_of(node)
        text = source.line(line).rstrip()
    elif not text.isascii():  # mypy's columns of such lines count neither bytes nor characters
        first, end = len(text) - len(text.lstrip()), len(text.encode())
    left = source.column(line, first)
    right = source.column(line, end) if end_line == line else len(text)
    return Mistake(
        file=file,
        line=line,
        column=left + 1,
        end=max(right, left + 1) + 1,
        severity=said["severity"],
        message=words.message if words else message,
        cure=words.cure if words else "",
        code=(words.code if words else "") or (said["code"] if is_error else "") or "",
        source=text,
    )
