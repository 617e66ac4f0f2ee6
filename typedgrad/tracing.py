"""One run of a function on a tape, and the program that it leaves behind."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator
from contextlib import contextmanager
from inspect import currentframe
from itertools import chain, compress
from struct import pack
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from typedgrad.arena import Arrays
from typedgrad.deferred import DeferredTape, tape_for
from typedgrad.errors import BadArguments, BadResult, NotRecordable, OtherTape
from typedgrad.machine import machine_of
from typedgrad.node import ALIAS
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE
from typedgrad.operators import WATCHER
from typedgrad.program import Program, sealed
from typedgrad.source import Place, Places, caller
from typedgrad.tape import Tape
from typedgrad.transforms import ACTIVE
from typedgrad.trees import NUMBER, Form, flatten, restore, statics

TESTS = dict(
    lt="less", le="less_equal", gt="greater", ge="greater_equal", eq="equal", ne="not_equal"
)
INFINITY = float("inf")
MORE = 3  # arguments, which a node keeps as a tuple
PIECE = 1 << 13  # numbers that are packed at a time, within the cache
new: Callable[..., Any] = object.__new__


class Guard(NamedTuple):
    """A comparison that decided something: its row, how it came out, and where it stands."""

    row: str
    outcome: bool
    at: Place | None

    @property
    def place(self) -> str:
        """The place as 'file.py:7'."""
        return "an unknown line" if self.at is None else self.at.label

    @property
    def test(self) -> str:
        """The row of the comparison, and the user's text of it where that is known."""
        text = "" if self.at is None else self.at.text
        return f"{self.row}, `{text}`," if text else self.row


class Trace(NamedTuple):
    """What one run left behind.

    The outputs of the program are the numbers of the result and then one 0 or 1 for each guard.
    """

    program: Program
    guards: tuple[Guard, ...]
    result: Form


class Recorder:
    """A tape on which a function runs, and the comparisons that it makes there."""

    def __init__(self, numbers: NumberSystem[Any], function: str, sources: bool) -> None:
        self.function = function
        self.tape: Tape[Any] = tape_for(numbers)
        self.tests: list[tuple[str, int, int]] = []
        self.guards: list[Guard] = []
        self.places: Places | None = Places() if sources else None
        self.log: array[int] = array("i")

    def run(self, f: Callable[..., Any], form: Form, inputs: list[Any]) -> Trace:
        """Run the function and return what it did."""
        handles = self.leaves(inputs)
        args = restore(form, iter(handles))
        with self.listening(handles[0]):
            shape, flat = self.taken(f(*args))
            outputs = [positioned(handles[0], y) for y in flat]
        return Trace(self.program(len(inputs), outputs), tuple(self.guards), shape)

    def leaves(self, inputs: list[Any]) -> list[Any]:
        """Return the handles of new leaves, which nobody asks for a gradient."""
        first: Any = self.tape(inputs[0])
        arrays, era, cls = self.tape.arrays, first.era, first.__class__
        more = len(inputs) - 1
        arrays.rows += arrays.rows * more
        arrays.lefts += [None] * more
        arrays.rights += [None] * more
        arrays.primals += inputs[1:]
        handles = [first]
        for index in range(1, len(inputs)):
            handle = new(cls)
            handle.era = era
            handle.index = index
            handles.append(handle)
        if not isinstance(self.tape, DeferredTape):
            for handle in handles:
                handle.look(arrays)
        return handles

    def taken(self, result: Any) -> tuple[Form, list[Any]]:
        """Return the form and the numbers of a result; there must be some, and nothing else."""
        flat: list[Any] = []
        try:
            shape = flatten(result, flat, self.function)
        except BadArguments:
            shape = Form("static", None)
        if not flat or (shape is not NUMBER and next(statics(shape), flat) is not flat):
            kind, wanted = type(result).__name__, f"Values of {self.tape.numbers.name}"
            value = repr(result)[:60]
            raise BadResult(function=self.function, value=value, type=kind, wanted=wanted)
        return shape, flat

    @contextmanager
    def listening(self, home: Any) -> Generator[None]:
        """Write down every comparison, as an instruction whose outcome must come again.

        So it does with the positions that long nodes take, and the user's places if wanted. What
        transforms do meanwhile they do on the tape of `home`; an error says which function cannot
        be recorded.
        """
        arrays, era = self.tape.arrays, home.era
        arrays.guarded = arrays.recorded = True
        around, token = ACTIVE.swap([], home), WATCHER.set(self.compared)
        rows, era.log = era.rows, self.log
        if self.places is not None:
            era.push_row = self.places.noting(rows.append)
            era.rows = SimpleNamespace(append=era.push_row)
        try:
            yield
        except NotRecordable as error:
            error.name(self.function)
            raise
        finally:
            era.push_row, era.rows, era.log = rows.append, rows, None
            WATCHER.reset(token)
            ACTIVE.swap(*around)

    def compared(self, test: str, outcome: bool, left: Any, right: Any) -> None:
        """Take note of one comparison."""
        for node in (left,) if right is None else (left, right):
            if getattr(node, "index", None) is None or node.era.arrays is not self.tape.arrays:
                problem = f"compares a Value that {self.function} has from outside"
                hint = "give it to the function as an argument; a plain number may be closed over"
                raise OtherTape(op=test, problem=problem, hint=hint)
        row = TESTS.get(test, test)
        if right is None:
            row, left, right = told_by(test, left)
        self.guards.append(Guard(row, outcome, caller(currentframe())))
        self.tests.append((row, left.index, right.index))

    def program(self, inputs: int, outputs: list[int]) -> Program:
        """Return the arrays of the tape as a program, the comparisons behind its results."""
        arrays, row = self.tape.arrays, machine_of(self.tape.numbers).row
        arrays.check()
        tests = [row(TABLE[test]) for test, _, _ in self.tests]
        code_of, size = Codes(), len(arrays.rows) - inputs
        code = packed([*map(code_of.__getitem__, arrays.rows[inputs:] + tests)])
        compared = [at for _, *both in self.tests for at in both]
        kinds = [*map(takes, code_of)]
        log, taken = self.log if MORE in kinds else None, np.array(kinds, np.int64)[code]
        args, starts = arguments_of(arrays, inputs, taken, compared, log)
        parts: dict[str, Any] = dict(codes=code, starts=sealed(starts.astype(np.int32)))
        alias = code_of.get(row(ALIAS), -1)
        kept = None if alias < 0 else code != alias
        number = numbering(inputs, len(arrays.constants), kept, args, starts)
        if kept is not None:
            counts = np.diff(starts)
            parts = dict(codes=(code - (code > alias))[kept], starts=from_zero(counts[kept]))
            args = args[np.repeat(kept, counts)]
        found = [*outputs, *range(inputs + size, inputs + len(code))]
        parts |= dict(args=sealed(number.take(args)), outputs=number.take(found))
        if self.places is not None:
            tested = [self.places.number(guard.at) for guard in self.guards]
            placed = np.array([*self.places.noted, *tested], np.int32)
            placed = placed if kept is None else placed[kept]
            parts |= dict(places=placed, sources=[place_of(at) for at in self.places.known])
        ops = [row.name for row in code_of if row.op is not ALIAS]
        return Program(inputs, arrays.constants, ops, **parts)


class Codes(dict[Any, int]):
    """Numbers for rows, in the order in which they are first asked for."""

    def __missing__(self, row: Any) -> int:
        code = self[row] = len(self)
        return code


def told_by(test: str, x: Any) -> tuple[str, Any, Any]:
    """Return the comparison of two nodes that tells what a predicate of one tells."""
    if test == "isnan":
        return "not_equal", x, x
    if test == "isfinite":
        return "less", abs(x), x.constant(INFINITY)
    if test == "isinf":
        return "equal", abs(x), x.constant(INFINITY)
    if test == "signbit":  # of a NaN there is none
        return "less", TABLE["copysign"](1, x) * TABLE["equal"](x, x), x.constant(0)
    raise NotRecordable(what=f"{test}()")


def positioned(home: Any, y: Any) -> int:
    """Return the position of a number that a function has returned, of a plain one too."""
    mine = y.__class__ is home.__class__ and y.era is home.era
    return int(y.index if mine else home.operand(y, "record").index)


def takes(row: Any) -> int:
    """Return how many arguments a row's nodes keep on a tape: 1, 2, or MORE for a tuple of them."""
    return 1 if row.op is ALIAS else MORE if row.op.sequences else min(row.op.arity, MORE)


def arguments_of(
    arrays: Arrays, inputs: int, taken: Any, compared: list[int], log: array[int] | None
) -> tuple[Any, Any]:
    """Return the positions that nodes take, one after the other, and where those of each begin.

    `taken` says for each node behind the inputs what `takes` says for its row, and then for the
    tests, whose positions are in `compared`; `log` is what nodes of many arguments wrote down,
    None if there is no such row.
    """
    lefts: list[Any] = arrays.lefts[inputs:]
    own = taken[: len(lefts)]
    pair, few, many, parts = own == 2, slice(None), slice(0), lefts[:0]
    if log is not None:
        many, few = own == MORE, own != MORE
        parts += compress(lefts, many.tobytes())
        lefts = [*compress(lefts, few.tobytes())]
        own[many] = [*map(len, parts)]
    starts = from_zero(taken)
    args, begins = np.empty(int(starts[-1]), np.int32), starts[: len(own)]
    args[begins[few]] = packed(lefts)
    args[begins[pair] + 1] = packed([*compress(arrays.rights[inputs:], pair.tobytes())])
    if log is not None:
        sizes = own[many]
        offsets = np.repeat(begins[many] - np.cumsum(sizes) + sizes, sizes)
        if len(log) != len(offsets):  # interrupted half-way
            log = array("i", chain.from_iterable(parts))
        args[offsets + np.arange(len(offsets))] = np.frombuffer(log, np.int32)
    args[len(args) - len(compared) :] = compared
    return args, starts


def packed(numbers: list[int]) -> Any:
    """Return integers as an array; a third of the time that NumPy takes."""
    if len(numbers) <= PIECE:
        return np.frombuffer(pack(f"{len(numbers)}i", *numbers), np.int32)
    return np.concatenate([packed(numbers[k : k + PIECE]) for k in range(0, len(numbers), PIECE)])


def from_zero(counts: Any) -> Any:
    """Return where each of so many begins, and where the last ends."""
    starts = np.zeros(len(counts) + 1, np.int64)
    np.add.accumulate(counts, out=starts[1:])  # np.cumsum takes twice the time for a few
    return starts


def numbering(inputs: int, constants: int, kept: Any, args: Any, starts: Any) -> Any:
    """Return the value that each position of a tape becomes; constants are looked up from the end.

    An alias, which is not kept, has the value of its argument.
    """
    first = inputs + constants
    made: Any = np.arange(first, first + len(starts) - 1, dtype=np.int32)
    if kept is not None:
        made = np.cumsum(kept, dtype=np.int32) + np.int32(first - 1)
    fixed = np.arange(first - 1, inputs - 1, -1, dtype=np.int32)
    number = np.concatenate([np.arange(inputs, dtype=np.int32), made, fixed])
    for alias in () if kept is None else np.flatnonzero(~kept).tolist():
        number[inputs + alias] = number[args[int(starts[alias])]]
    return number


def place_of(at: Place) -> tuple[str, int, int, int]:
    """Return file, line, column and end column of a place."""
    left, right = at.columns
    return at.code.co_filename, at.line, left, right


def is_same(one: Program, other: Program) -> bool:
    """Tell whether two recordings of one function are the same."""
    arrays = ("codes", "starts", "args", "outputs")
    same = one.ops == other.ops and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )
    same = same and len(one.constants) == len(other.constants)
    return same and all(map(is_same_literal, one.constants, other.constants))


def is_same_literal(x: Any, y: Any) -> bool:
    """Tell whether two constants are written alike."""
    return x is y or (type(x) is type(y) and (repr(x) == repr(y) if x == y else x != x and y != y))


def difference(a: Program, b: Program) -> str:
    """Return how two recordings of one path differ, in words."""
    if len(a) != len(b):
        return f"made {len(a)} instructions and then {len(b)}"
    for x, y in zip(a.constants, b.constants, strict=False):
        if not is_same_literal(x, y):
            return f"used the number {x!r} and then {y!r}"
    return "did other operations, or returned a result of another form"
