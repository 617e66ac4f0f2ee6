"""One run of a function on a tape, and the program that it leaves behind."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from typedgrad.errors import BadResult, NotRecordable
from typedgrad.node import ALIAS, LEAF, MANY
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE
from typedgrad.operators import WATCHER
from typedgrad.program import Program
from typedgrad.source import Place, caller
from typedgrad.tape import Tape
from typedgrad.trees import Form, flatten, restore

TESTS = dict(
    lt="less", le="less_equal", gt="greater", ge="greater_equal", eq="equal", ne="not_equal"
)


class Guard(NamedTuple):
    """A comparison that decided something: its row, where it stands, and how it came out."""

    row: str
    outcome: bool
    place: str


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
        self.tape: Tape[Any] = Tape(numbers)
        self.tests: list[tuple[str, int, int]] = []
        self.guards: list[Guard] = []
        self.known: dict[Place, int] = {}
        self.placed: array[int] | None = array("i") if sources else None

    def run(self, f: Callable[..., Any], form: Form, inputs: list[Any]) -> Trace:
        """Run the function and return what it did."""
        handles = [self.tape(x) for x in inputs]
        args = restore(form, iter(handles))
        self.tape.guarded = True
        with self.watched(), self.located(handles[0].era):
            result = f(*args)
        flat: list[Any] = []
        shape = flatten(result, flat, self.function)
        if not flat or any(part.kind == "static" for part in leaves(shape)):
            kind, wanted = type(result).__name__, f"Values of {self.tape.numbers.name}"
            value = repr(result)[:60]
            raise BadResult(function=self.function, value=value, type=kind, wanted=wanted)
        outputs = [handles[0].operand(y, "record").index for y in flat]
        return Trace(self.program(len(inputs), outputs), tuple(self.guards), shape)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Write down every comparison, as an instruction whose outcome must come again."""
        token = WATCHER.set(self.compared)
        try:
            yield
        finally:
            WATCHER.reset(token)

    def compared(self, test: str, outcome: bool, left: Any, right: Any) -> None:
        """Take note of one comparison."""
        if test == "isnan":
            test, right = "ne", left
        if test not in TESTS or right is None:
            raise NotRecordable(what=f"{test}()")
        at = caller(sys._getframe(2))
        place = "an unknown line" if at is None else at.label
        self.guards.append(Guard(TESTS[test], outcome, place))
        self.tests.append((TESTS[test], left.index, right.index))

    @contextmanager
    def located(self, era: Any) -> Iterator[None]:
        """Take note of the user's place for every node, if sources are wanted."""
        rows, placed = self.tape.arrays.rows, self.placed
        if placed is None:
            yield
            return

        def push_row(row: Any) -> None:
            rows.append(row)
            at = caller(sys._getframe(1))
            placed.append(-1 if at is None else self.known.setdefault(at, len(self.known)))

        era.push_row = push_row
        try:
            yield
        finally:
            era.push_row = rows.append

    def program(self, inputs: int, outputs: list[int]) -> Program:
        """Return the arrays of the tape as a program, the comparisons behind its results."""
        arrays = self.tape.arrays
        rows = arrays.rows[inputs:]
        code_of: dict[Any, int] = {}
        codes = [code_of.setdefault(row.op, len(code_of)) for row in rows]
        if LEAF in code_of:
            raise NotRecordable(what="detach()")
        args, counts = flat_arguments(arrays.lefts[inputs:], arrays.rights[inputs:])
        for name, left, right in self.tests:
            codes.append(code_of.setdefault(TABLE[name], len(code_of)))
            args.extend((left, right))
            counts.append(2)
        tests = range(inputs + len(rows), inputs + len(codes))
        code = np.array(codes, np.int32)
        alias = code_of.get(ALIAS, len(code_of))
        kept = code != alias
        code -= code > alias
        number = numbering(inputs, len(arrays.constants), kept, args, counts)
        sizes = np.frombuffer(counts, np.int32)
        used = np.repeat(kept, sizes)
        starts = np.concatenate([[0], np.cumsum(sizes[kept], dtype=np.int64)])
        parts: dict[str, Any] = dict(codes=code[kept], starts=starts)
        parts["args"] = number[np.frombuffer(args, np.int32)[used]]
        parts["outputs"] = number[np.array([*outputs, *tests], np.int64)]
        if self.placed is not None:
            placed = np.full(len(codes), -1, np.int32)
            placed[: len(rows)] = self.placed
            parts |= dict(places=placed[kept], sources=[place_of(at) for at in self.known])
        ops = [op.name for op in code_of if op is not ALIAS]
        return Program(inputs, arrays.constants, ops, **parts)


def flat_arguments(lefts: list[Any], rights: list[Any]) -> tuple[array[int], array[int]]:
    """Return the positions that nodes take, one after the other, and how many each takes."""
    args, counts = array("i"), array("i")
    take, count = args.append, counts.append
    for left, right in zip(lefts, rights, strict=True):
        if right is None:
            take(left)
            count(1)
        elif right is MANY:
            args.extend(left)
            count(len(left))
        else:
            take(left)
            take(right)
            count(2)
    return args, counts


def numbering(inputs: int, constants: int, kept: Any, args: Any, counts: Any) -> Any:
    """Return the value that each position of a tape becomes; constants are looked up from the end.

    An alias has the value of its argument.
    """
    first = inputs + constants
    nodes = np.cumsum(kept) - 1 + first
    number = np.concatenate([np.arange(inputs), nodes, np.arange(first - 1, inputs - 1, -1)])
    starts = np.cumsum(np.frombuffer(counts, np.int32)) - counts
    for alias in np.flatnonzero(~kept).tolist():
        number[inputs + alias] = number[args[int(starts[alias])]]
    return number


def leaves(form: Form) -> Iterator[Form]:
    """Yield the parts of a form that have no parts."""
    if not form.parts:
        yield form
    for part in form.parts:
        yield from leaves(part)


def place_of(at: Place) -> tuple[str, int, int, int]:
    """Return file, line, column and end column of a place."""
    left, right = at.columns
    return at.code.co_filename, at.line, left, right
