"""Smaller programs with the same bits: dead code, shared terms, exact identities; nothing else.

Only what holds for every number in every precision is used: x*1 is x, --x is x, x + -0.0 is x; but
not x + 0, which is not x for -0.0, and not x - x = 0 or x*0 = 0, which fail for infinities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from typedgrad.flow import peel
from typedgrad.merging import Merging
from typedgrad.program import Program
from typedgrad.symbolic import NOTHING

LONG = 1500  # instructions, from which on whole arrays are faster


def simplify(program: Program) -> Program:
    """Return a program with the same outputs, bit for bit, and no more instructions.

    It takes a microsecond or two an instruction; a fifth of one in a long program, unless long
    stretches of it come twice.
    """
    sharing = Sharing(program)
    quick = Merging(program, sharing.ones, sharing.nothing) if len(program) >= LONG else None
    found = None if quick is None else quick.program()
    return without_dead(sharing.program() if found is None else found)


def without_dead(program: Program) -> Program:
    """Return the program without the instructions and constants that no output needs."""
    used = np.bincount(program.args, minlength=program.values)
    used += np.bincount(program.outputs, minlength=program.values)
    kept = np.ones(len(program.args), np.bool)
    peel(used, kept, program.args, program.starts[:-1], program.starts[1:])
    return _packed(program, used[program.first :] > 0, used)


def _packed(program: Program, alive: Any, used: Any) -> Program:
    """Return the program with what is alive of its instructions, constants and rows."""
    inputs, first = program.inputs, program.first
    kept = used[inputs:first] > 0
    if alive.all() and kept.all():
        return program
    constants = [x for x, keep in zip(program.constants, kept.tolist(), strict=True) if keep]
    living = np.concatenate([np.ones(inputs, np.bool), kept, alive])
    number = np.add.accumulate(living, dtype=np.int32) - np.int32(1)
    counts = program.starts[1:] - program.starts[:-1]
    args = number[program.args[alive.repeat(counts)]]
    starts = np.zeros(np.count_nonzero(alive) + 1, np.int32)
    np.add.accumulate(counts[alive], out=starts[1:])
    places = None if program.places is None else program.places[alive]
    codes, outputs = program.codes[alive], number[program.outputs]
    parts: dict[str, Any] = dict(codes=codes, starts=starts, args=args, outputs=outputs)
    return program.replace(constants=constants, places=places, **parts)


class Sharing:
    """One pass that gives equal instructions one value and drops those that change no bit."""

    def __init__(self, program: Program) -> None:
        self.old = program
        self.ops: dict[str, int] = {name: code for code, name in enumerate(program.ops)}
        self.codes: list[int] = []
        self.sizes: list[int] = []
        self.args: list[int] = []
        self.known: dict[tuple[int, ...], int] = {}
        self.negated: dict[int, int] = {}
        constants = range(program.inputs, program.first)
        self.ones: set[int] = {v for v in constants if self._literal(v) == (int, 1)}
        self.nothing: set[int] = {v for v in constants if self._literal(v) == (str, NOTHING)}

    def _literal(self, value: int) -> Any:
        x = self.old.constants[value - self.old.inputs]
        return type(x), x

    def program(self) -> Program:
        """Return the new program; what has become dead is still there."""
        old = self.old
        number: list[int] = list(range(old.first))
        rules = [self.identities.get(name) for name in old.ops]
        origin: list[int] = []
        args: list[int] = old.args.tolist()
        ends: list[int] = old.starts[1:].tolist()
        codes: list[int] = old.codes.tolist()
        begin = 0
        for i, (code, end) in enumerate(zip(codes, ends, strict=True)):
            taken = [number[k] for k in args[begin:end]]
            begin = end
            rule = rules[code]
            same = None if rule is None else rule(self, taken)
            number.append(self.value(code, taken) if same is None else same)
            if len(self.codes) > len(origin):
                origin.append(i)
        starts = np.zeros(len(self.sizes) + 1, np.int32)
        np.cumsum(self.sizes, out=starts[1:])
        parts: dict[str, Any] = dict(codes=self.codes, args=self.args, starts=starts)
        if old.places is not None:
            parts["places"] = old.places[origin]
        parts["outputs"] = [number[v] for v in old.outputs.tolist()]
        return old.replace(ops=self.ops, **parts)

    def value(self, code: int, args: list[int]) -> int:
        """Return the value that a row of values has, as a new instruction if there is none."""
        key = (code, *args)
        value = self.known.get(key)
        if value is None:
            value = self.known[key] = self.old.first + len(self.codes)
            self.codes.append(code)
            self.sizes.append(len(args))
            self.args += args
        return value

    def _instead(self, op: str, args: list[int]) -> int:
        same = self.identities[op](self, args)
        if same is not None:
            return same
        return self.value(self.ops.setdefault(op, len(self.ops)), args)

    def _product(self, args: list[int]) -> int | None:
        a, b = args
        if b in self.ones:
            return a
        return b if a in self.ones else None

    def _quotient(self, args: list[int]) -> int | None:
        return args[0] if args[1] in self.ones else None

    def _sum(self, args: list[int]) -> int | None:
        a, b = args
        if b in self.nothing:
            return a
        if a in self.nothing:
            return b
        if a > b:
            args.reverse()
        return None

    def _fold(self, args: list[int]) -> int | None:
        if len(args) == 1:
            return args[0]
        return self._instead("add", args) if len(args) == 2 else None

    def _pair(self, args: list[int]) -> int | None:
        return self._instead("mul", args) if len(args) == 2 else None

    def _weighted(self, args: list[int]) -> int | None:
        half = len(args) // 2
        if half == 1:
            return self._instead("azmul", args)
        last = args[half]
        ones = last in self.ones and self.ones.issuperset(args[half:])
        return self._instead("sum", args[:half]) if ones else None

    def _negation(self, args: list[int]) -> int | None:
        inner = self.negated.get(args[0])
        if inner is None:
            made = self.value(self.ops["neg"], args)
            self.negated[made] = args[0]
            return made
        return inner

    def _choice(self, args: list[int]) -> int | None:
        return args[1] if args[1] == args[2] else None

    identities: ClassVar[dict[str, Callable[[Sharing, list[int]], int | None]]] = {
        **dict.fromkeys(("mul", "azmul"), _product),
        **dict.fromkeys(("div", "azdiv"), _quotient),
        **dict(add=_sum, sum=_fold, azdot=_weighted, dot=_pair, neg=_negation, where=_choice),
    }
