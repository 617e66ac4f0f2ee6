"""The user's own line: where a frame or an exception stands outside this package."""

from __future__ import annotations

import linecache
import os
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType, TracebackType
from typing import Any, TypeAlias

import numpy as np
from typing_extensions import override

Span: TypeAlias = tuple[int | None, int | None, int | None, int | None]

OURS = tuple(os.path.dirname(os.path.abspath(path)) + os.sep for path in (__file__, np.__file__))


def no_frame(depth: int) -> None:
    """Return no frame: where Python does not tell of its own, no place is known."""


frame_above: Callable[[int], FrameType | None] = vars(sys).get("_getframe", no_frame)


@dataclass(frozen=True, eq=False)
class Place:
    """One instruction of a user's program: its code and its offset there.

    Code is told apart by which object it is: its own hash takes in all that is in it.
    """

    code: CodeType
    offset: int

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Place):
            return NotImplemented
        return self.code is other.code and self.offset == other.offset

    @override
    def __hash__(self) -> int:
        return hash((id(self.code), self.offset))

    @property
    def line(self) -> int:
        """The line number of the instruction."""
        return self._span()[0] or self.code.co_firstlineno

    @property
    def columns(self) -> tuple[int, int]:
        """The columns where the instruction begins and ends, in bytes of UTF-8; -1 if unknown.

        An end on a later line counts on from the first one, line breaks included.
        """
        start, end, left, right = self._span()
        if left is None or right is None or start is None or end is None:
            return -1, -1
        return left, end_column(self.code.co_filename, start, end, right)

    @property
    def file(self) -> str:
        """The path of the file, as short as it can be said from here."""
        return short(self.code.co_filename)

    @property
    def label(self) -> str:
        """The place as 'file.py:7'."""
        return f"{self.file}:{self.line}"

    @property
    def text(self) -> str:
        """The expression itself where it stands on one line, else that line."""
        start, end, left, right = self._span()
        line = self._source()
        if start == end and left is not None and right is not None:
            line = line.encode()[left:right].decode(errors="replace")
        return line.strip()

    def carets(self) -> str:
        """Return the line with carets under the expression."""
        start, end, left, right = self._span()
        source = self._source()
        number = f"{self.line:5} │ "
        shown = f"{self.label}\n{number}{source.rstrip()}"
        if start != end or left is None or right is None or not source.strip():
            return shown
        before = len(source.encode()[:left].decode(errors="replace"))
        width = len(source.encode()[left:right].decode(errors="replace"))
        return f"{shown}\n{' ' * (len(number) - 2)}│ {' ' * before}{'^' * max(width, 1)}"

    def _source(self) -> str:
        return linecache.getline(self.code.co_filename, self.line)

    def _span(self) -> Span:
        found = positions(Place(self.code, 0))
        place = self.offset // 2
        return found[place] if 0 <= place < len(found) else (None, None, None, None)


def short(path: str) -> str:
    """Return a path as short as it can be said from here."""
    return _short(path, os.getcwd())


@lru_cache(maxsize=256)
def _short(path: str, here: str) -> str:
    try:
        found = os.path.relpath(path, here)
    except ValueError:  # another drive
        return path
    return path if path.startswith("<") or found.startswith(os.pardir) else found


def end_column(file: str, start: int, end: int, right: int) -> int:
    """Return a column of line `end` as counted from the beginning of line `start`, in bytes.

    It is -1 where these are two lines and the file cannot be read.
    """
    if start == end:
        return right
    lines = [linecache.getline(file, number).encode() for number in range(start, end)]
    return sum(map(len, lines)) + right if all(lines) else -1


@lru_cache(maxsize=256)
def positions(whole: Place) -> list[Span]:
    """Return line, end line, column and end column of each instruction of a place's code."""
    return list(whole.code.co_positions())


def is_ours(code: CodeType) -> bool:
    """Tell whether code belongs to this package or to NumPy."""
    return is_our_file(code.co_filename)


@lru_cache(maxsize=4096)
def is_our_file(name: str) -> bool:
    """Tell whether a file belongs to this package or to NumPy."""
    return name.startswith((*OURS, "<frozen"))


def caller(frame: FrameType | None) -> Place | None:
    """Return the place nearest to a frame, going outwards, that is the user's."""
    frame = outside(frame)
    return None if frame is None else Place(frame.f_code, frame.f_lasti)


def outside(frame: FrameType | None) -> FrameType | None:
    """Return the frame nearest to a frame, going outwards, that is the user's."""
    while frame is not None and is_our_file(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def raised_at(error: BaseException, beneath: CodeType) -> Place | None:
    """Return the user's innermost place in a traceback, beneath the code of ours that called it."""
    place: Place | None = None
    reached = False
    step: TracebackType | None = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        reached = reached or code is beneath
        if reached and not is_ours(code):
            place = Place(step.tb_frame.f_code, step.tb_lasti)
        step = step.tb_next
    return place


class Places:
    """The user's places that operations come from, numbered in the order in which they are seen.

    `noted` has the number of each operation's place, -1 for none.
    """

    def __init__(self) -> None:
        self.known: dict[Place, int] = {}
        self.noted: array[int] = array("i")

    def number(self, at: Place | None) -> int:
        """Return the number of a place; -1 for none."""
        return -1 if at is None else self.known.setdefault(at, len(self.known))

    def noting(self, act: Callable[[Any], object]) -> Callable[[Any], None]:
        """Return what does that with its argument and notes where its caller was called from."""
        note = self.noted.append
        codes: dict[int, Offsets | None] = {}  # by id: a code's hash takes in all that is in it
        kept: list[CodeType] = []  # so that no other gets its id

        def act_and_note(x: Any) -> None:
            act(x)
            frame = frame_above(2)
            while frame is not None:
                code = frame.f_code
                key = id(code)
                if key not in codes:
                    kept.append(code)
                    codes[key] = None if is_ours(code) else Offsets(self, code)
                offsets = codes[key]
                if offsets is not None:
                    note(offsets[frame.f_lasti])
                    return
                frame = frame.f_back
            note(-1)

        return act_and_note


class Offsets(dict[int, int]):
    """The numbers of the places in one code, by their offsets."""

    def __init__(self, places: Places, code: CodeType) -> None:
        super().__init__()
        self.places = places
        self.code = code

    def __missing__(self, offset: int) -> int:
        number = self[offset] = self.places.number(Place(self.code, offset))
        return number
