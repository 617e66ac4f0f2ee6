"""Smaller programs with the same bits: dead code, shared terms, exact identities; nothing else.

Only what holds for every number in every precision is used: x*1 is x, --x is x, x + -0.0 is x; but
not x + 0, which is not x for -0.0, and not x - x = 0 or x*0 = 0, which fail for infinities.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from typedgrad.program import Builder, Program
from typedgrad.symbolic import NOTHING
from typedgrad.templates import distinct

COMMUTATIVE = frozenset(("add", "mul"))
SINGLE = {"sum": None, "dot": "mul", "azdot": "azmul"}  # what is left of a row of one term


def simplify(program: Program) -> Program:
    """Return a program with the same outputs, bit for bit, and no more instructions.

    It takes about a microsecond an instruction.
    """
    return without_dead(Sharing(program).program())


def without_dead(program: Program) -> Program:
    """Return the program without the instructions and constants that no output needs."""
    first, starts = program.first, program.starts
    used = np.bincount(program.args, minlength=program.values)
    used += np.bincount(program.outputs, minlength=program.values)
    dead = np.flatnonzero(used[first:] == 0)
    alive = np.ones(len(program), np.bool)
    while len(dead):
        alive[dead] = False
        sizes = starts[dead + 1] - starts[dead]
        offsets = np.repeat(starts[dead + 1] - np.cumsum(sizes), sizes)
        lost = program.args[offsets + np.arange(int(sizes.sum()))]
        np.subtract.at(used, lost, 1)
        lost = distinct(np.sort(lost))
        dead = lost[(used[lost] == 0) & (lost >= first)] - first
    return _packed(program, alive, used)


def _packed(program: Program, alive: Any, used: Any) -> Program:
    """Return the program with what is alive of its instructions, constants and rows."""
    inputs, first = program.inputs, program.first
    kept = used[inputs:first] > 0
    if alive.all() and kept.all():
        return program
    constants = [x for x, keep in zip(program.constants, kept.tolist(), strict=True) if keep]
    living = np.concatenate([np.ones(inputs, np.bool), kept, alive])
    number = np.cumsum(living) - 1
    counts = np.diff(program.starts)
    args = number[program.args[np.repeat(alive, counts)]]
    starts = np.concatenate([[0], np.cumsum(counts[alive])])
    places = None if program.places is None else program.places[alive]
    codes, outputs = program.codes[alive], number[program.outputs]
    parts: dict[str, Any] = dict(codes=codes, starts=starts, args=args, outputs=outputs)
    return program.replace(constants=constants, places=places, **parts)


class Sharing:
    """One pass that gives equal instructions one value and drops those that change no bit."""

    def __init__(self, program: Program) -> None:
        self.old = program
        self.new = Builder(program.inputs, program.constants)
        self.known: dict[Any, int] = {}
        self.negated: dict[int, int] = {}
        constants = range(program.inputs, program.first)
        self.ones = {v for v in constants if self._literal(v) == (int, 1)}
        self.nothing = {v for v in constants if self._literal(v) == (str, NOTHING)}

    def _literal(self, value: int) -> Any:
        x = self.old.constants[value - self.old.inputs]
        return type(x), x

    def program(self) -> Program:
        """Return the new program; what has become dead is still there."""
        old = self.old
        number = list(range(old.first))
        places = None if old.places is None else old.places.tolist()
        origin: list[int] = []
        for i, (op, args) in enumerate(old.instructions()):
            number.append(self.value(op, [number[k] for k in args]))
            if places is not None and len(self.new.codes) > len(origin):
                origin.append(places[i])
        made = self.new.program([number[v] for v in old.outputs.tolist()], old.names)
        return made if places is None else made.replace(places=origin, sources=old.sources)

    def value(self, op: str, args: list[int]) -> int:
        """Return the value that a row of values has, as a new instruction if there is none."""
        if op in SINGLE:
            op, args = self._fold(op, args)
        same = self._same(op, args)
        if same is not None:
            return same
        key = (op, *(sorted(args) if op in COMMUTATIVE else args))
        value = self.known.get(key)
        if value is None:
            value = self.known[key] = self.new.emit(op, args)
            if op == "neg":
                self.negated[value] = args[0]
        return value

    def _fold(self, op: str, args: list[int]) -> tuple[str, list[int]]:
        single = SINGLE[op]
        if single is not None and len(args) == 2:
            return single, args
        if op == "sum" and len(args) == 2:
            return "add", args
        weights = args[len(args) // 2 :]
        if op == "azdot" and self.ones.issuperset(weights):
            return self._fold("sum", args[: len(weights)])
        return op, args

    def _same(self, op: str, args: list[int]) -> int | None:
        """Return a value that equals the row in every bit, or None."""
        if op in ("mul", "azmul", "div", "azdiv") and args[1] in self.ones:
            return args[0]
        if op in ("mul", "azmul") and args[0] in self.ones:
            return args[1]
        if op == "sum" and len(args) == 1:
            return args[0]
        if op == "add" and not self.nothing.isdisjoint(args):
            return args[0] if args[1] in self.nothing else args[1]
        if op == "neg":
            return self.negated.get(args[0])
        return args[1] if op == "where" and args[1] == args[2] else None
