"""Programs as files: save and load, a format of numbers and exact text under one checksum.

docs/program-format.md describes it. Nothing in a file is evaluated, and no number of it is used
before it is checked.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from hashlib import sha256
from secrets import token_hex
from struct import Struct
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np

from typedgrad.errors import BadCall, BadProgram, BadProgramFile, BadProgramText, WrongWidth
from typedgrad.literals import is_literal, literal_text, read_literal
from typedgrad.op import TABLE
from typedgrad.program import Program

Path: TypeAlias = "str | os.PathLike[str]"

MAGIC = b"\x89TGP\r\n\x1a\n"
VERSION = 1
PREFIX = Struct("<8s6I")  # magic, version, and the five numbers of Sizes
CHECKSUM = 32
LIMIT = 1 << 30  # bytes
PARTS: dict[str, type] = {
    "inputs": int,
    "names": list,
    "constants": list,
    "rows": list,
    "sources": list,
}
AGAIN = "save the program again where it was made"


def save(program: Program, path: Path) -> None:
    """Write a program to a file, whole or not at all; a file that is there is replaced.

    Raises `BadProgramFile` where the file cannot be written, or a constant has a type of its own.
    """
    parts = _written(program, path)
    try:
        _replace(os.path.realpath(os.fsdecode(path)), parts)
    except (OSError, ValueError) as error:
        hint = "give the path of a file in a folder that can be written to"
        problem = getattr(error, "strerror", None) or str(error)
        raise _refused("save", path, "the file", problem, hint) from error


def _replace(target: str, parts: list[bytes]) -> None:
    """Write a file beside the target and put it in the target's place."""
    beside = f"{target}.{token_hex(8)}.tmp"
    try:
        with open(beside, "xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _written(program: Program, path: Path) -> list[bytes]:
    if not _is_program(program):
        hint = "give it the program: f.program, or f.at(...), of an f that tg.record made"
        raise BadCall(name="save", problem=f"takes a program, not {program!r:.60}", hint=hint)
    for k, x in enumerate(program.constants):
        if not is_literal(x):
            problem = f"{repr(x)[:40]} of type {type(x).__name__} has no text"
            hint = "use an int, a float, a text such as '0.1', a Fraction or a NumPy scalar"
            raise _refused("save", path, f"constant {k}", problem, hint)
    header = {
        "inputs": program.inputs,
        "names": program.names,
        "constants": [literal_text(x) for x in program.constants],
        "rows": program.ops,
        "sources": program.sources,
    }
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 4)
    arrays = [program.codes, program.starts, program.args, program.outputs]
    if program.places is not None:
        arrays.append(program.places)
    sizes = (len(program), len(program.args), len(program.outputs), len(arrays) - 4)
    parts = [PREFIX.pack(MAGIC, VERSION, len(text), *sizes), text]
    parts += [x.astype("<i4", copy=False).tobytes() for x in arrays]
    found = sha256()
    for part in parts:
        found.update(part)
    return [*parts, found.digest()]


def _is_program(x: object) -> bool:
    return isinstance(x, Program)


def load(path: Path, limit: int = LIMIT) -> Program:
    """Return the program of a file that `save` wrote, of at most `limit` bytes.

    Raises `BadProgramFile` with the place in the file, and `WrongWidth` for a longdouble that this
    machine's longdouble cannot hold.
    """
    hint = "give the path of a file that tg.save wrote"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise _refused("load", path, "the file", "it is not a regular file", hint)
        with open(path, "rb") as file:
            return _Loading(path, limit).program(file)
    except (BadProgramFile, WrongWidth):
        raise
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise _refused("load", path, "the file", problem, hint) from error


def _refused(action: str, path: Path, place: str, problem: str, hint: str) -> BadProgramFile:
    text = os.fsdecode(path)
    return BadProgramFile(action=action, path=text, place=place, problem=problem, hint=hint)


def _is(x: object, kind: type) -> bool:
    return type(x) is kind


class _Sizes(NamedTuple):
    """The header in bytes, the arrays in integers, and 1 if there are places, else 0."""

    header: int
    codes: int
    args: int
    outputs: int
    placed: int

    def lengths(self) -> list[int]:
        """Return the lengths of the arrays in the file."""
        lengths = [self.codes, self.codes + 1, self.args, self.outputs]
        return [*lengths, self.codes] if self.placed else lengths

    def total(self) -> int:
        """Return the size of the whole file."""
        return PREFIX.size + self.header + 4 * sum(self.lengths()) + CHECKSUM


class _Loading:
    """One file that is read: its size first, its checksum next, and then what it says."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.limit = limit

    def wrong(self, place: str, problem: str, hint: str = AGAIN) -> BadProgramFile:
        """Return the error for a place of the file."""
        return _refused("load", self.path, place, problem, hint)

    def program(self, file: IO[bytes]) -> Program:
        """Return the program."""
        prefix = file.read(PREFIX.size)
        sizes = self.sizes(prefix)
        total, size = sizes.total(), os.fstat(file.fileno()).st_size
        if size != total:
            rest = f"{total - size} are missing" if size < total else f"{size - total} are too many"
            raise self.wrong("its size", f"of {total} bytes {rest}")
        if total > self.limit:
            hint = f"load it with limit={total} if you trust it"
            raise self.wrong("its size", f"{total} bytes are more than {self.limit}", hint)
        body = file.read(total - len(prefix))
        found = sha256(prefix)
        found.update(memoryview(body)[:-CHECKSUM])
        if found.digest() != body[-CHECKSUM:]:
            raise self.wrong("its checksum", "the contents have changed since it was saved")
        return self.built(self.header(body[: sizes.header]), body, sizes)

    def sizes(self, prefix: bytes) -> _Sizes:
        """Return the sizes that the first bytes give."""
        if prefix[: len(MAGIC)] != MAGIC:
            hint = "give the path of a file that tg.save wrote"
            raise self.wrong("its first bytes", "it is not a file of a program", hint)
        if len(prefix) < PREFIX.size:
            raise self.wrong("its size", f"it ends after {len(prefix)} bytes")
        _, version, *rest = PREFIX.unpack(prefix)
        if version != VERSION:
            hint = "load it with the version of typedgrad that saved it, or a later one"
            raise self.wrong("its version", f"{version}; this library reads {VERSION}", hint)
        sizes = _Sizes(*rest)
        if sizes.placed > 1:
            raise self.wrong(
                "its sizes", f"{sizes.placed} where 0 or 1 tells whether it has places"
            )
        return sizes

    def header(self, text: bytes) -> dict[str, Any]:
        """Return the header, of which nothing is known but the types of its parts."""
        try:
            found: Any = json.loads(text.decode("ascii"))
        except (ValueError, RecursionError) as error:
            raise self.wrong("its header", f"it is not JSON: {str(error)[:80]}") from None
        if not _is(found, dict) or {*found} != {*PARTS}:
            raise self.wrong("its header", f"it must have {', '.join(PARTS)} and nothing else")
        for name, kind in PARTS.items():
            if not _is(found[name], kind):
                raise self.wrong(f"its {name}", f"it is not of type {kind.__name__}")
        if not 0 <= found["inputs"] <= self.limit // 8:
            hint = f"load it with limit={8 * found['inputs']} if you trust it"
            raise self.wrong("its inputs", f"{found['inputs']} are too many", hint)
        header: dict[str, Any] = found
        return header

    def built(self, header: dict[str, Any], body: bytes, sizes: _Sizes) -> Program:
        """Return the program of a header and of the arrays behind it."""
        arrays: list[Any] = []
        at = sizes.header
        for length in sizes.lengths():
            arrays.append(np.frombuffer(body, "<i4", length, at))
            at += 4 * length
        codes, starts, args, outputs, *places = arrays
        constants = [self.constant(k, text) for k, text in enumerate(header["constants"])]
        rows = [self.row(name) for name in header["rows"]]
        sources = [self.source(k, place) for k, place in enumerate(header["sources"])]
        rest = (header["names"], places[0] if places else None, sources)
        try:
            return Program(header["inputs"], constants, rows, codes, starts, args, outputs, *rest)
        except BadProgram as error:
            raise self.wrong(str(error.facts["place"]), str(error.facts["problem"])) from None

    def constant(self, k: int, text: Any) -> Any:
        """Return a constant from its text."""
        if type(text) is not str:
            raise self.wrong(f"constant {k}", "it is not a text")
        try:
            return read_literal(text)
        except BadProgramText as error:
            raise self.wrong(f"constant {k}", str(error.facts["problem"])) from None

    def row(self, name: Any) -> str:
        """Return the name of a row that is there."""
        if type(name) is str and name in TABLE:
            return name
        hint = "if it is a primitive of your own, run the module that defines it before tg.load"
        raise self.wrong("its rows", f"no row is named {str(name)[:40]!r}", hint)

    def source(self, k: int, place: Any) -> tuple[Any, ...]:
        """Return a place in a source file."""
        if not _is(place, list) or [*map(type, place)] != [str, int, int, int]:
            raise self.wrong(f"source {k}", "it is not a file and three numbers")
        return tuple(place)
