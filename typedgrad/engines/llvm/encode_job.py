"""What the routines of the encoder share: its numbers, its arrays, and how they are read."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from typedgrad.engines.llvm.routine import Array, Number, Routine, Whole

LISTED, PAIRED, DENSE, EVEN, CUT = 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20
FOR_EVER = 2**31 - 1
RELEASED, SINGLE = -2, -1
RECORD = 4  # numbers of 32 bits in a record
AHEAD = 4096  # numbers of 32 bits between what is read and what is asked for
LEAST = 8  # instructions that are worth a record together
PLACE = 13  # bits of the place of an instruction in its stretch, and of its level

NUMBERS = (
    "count",
    "first",
    "width",
    "digits",
    "listed",
    "used",
    "written",
    "rolled",
    "cuts",
    "ahead",
)
FIELDS = (
    *NUMBERS,
    *("codes", "starts", "args", "kinds", "keys", "order", "ends", "last", "registers", "blocks"),
    *("free", "sizes", "bases", "alive", "spare", "deltas", "records", "list"),
    *("heads", "pieces", "begun"),
)


class Parts:
    """The arrays and numbers that the routines share."""

    r: Routine
    count: Whole
    first: Whole
    keys: Array
    codes: Array
    starts: Array
    args: Array
    order: Array
    registers: Array
    blocks: Array
    last: Array
    ends: Array
    kinds: Array
    heads: Array
    pieces: Array
    begun: Array

    def __init__(self, name: str) -> None:
        r = self.r = Routine(name, FIELDS)
        self.count, self.first = r.field("count").now, r.field("first").now
        self.codes, self.starts = r.array("codes"), r.array("starts")
        self.args, self.order = r.array("args"), r.array("order")
        self.keys = r.array("keys", "i64")
        self.registers, self.blocks = r.array("registers"), r.array("blocks")
        self.last, self.ends = r.array("last"), r.array("ends")
        self.kinds, self.heads = r.array("kinds"), r.array("heads")
        self.pieces, self.begun = r.array("pieces"), r.array("begun")

    def sides(self, i: Whole) -> tuple[Whole, Whole]:
        """Return how many sequences a fold takes, and how many terms they have."""
        n = self.starts[i + 1] - self.starts[i]
        paired = (self.kinds[self.codes[i] * 2] & PAIRED).differs(0)
        return paired.choose(2, 1), paired.choose(n >> 1, n)

    @contextmanager
    def taken(self, i: Whole, start: Number, stop: Number) -> Generator[Whole]:
        """Write a loop over the values that some terms of a fold take."""
        sides, terms = self.sides(i)
        with self.r.each(0, sides) as side:
            begin = self.starts[i] + side * terms
            with self.r.each(begin + start, begin + stop) as at:
                yield self.args[at]
