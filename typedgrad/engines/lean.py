"""A program with fewer passes over arrays: negations and products that sums can do without.

The bits stay: x + -y is x - y, for all numbers, and a product that is there need not be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from typedgrad.program import Builder, Program

Pairs: TypeAlias = list[tuple[int, int]]


def lean(program: Program, ones: Sequence[int]) -> Program:
    """Return a program with the same outputs; what has become dead is still there.

    `ones` holds the constants that are 1 in the precision at hand.
    """
    return _Lean(program, ones).program()


class _Lean:
    def __init__(self, program: Program, ones: Sequence[int]) -> None:
        self.old = program
        self.ones = ones
        self.made = Builder(program.inputs, program.constants)
        self.negated: dict[int, int] = {}
        self.products: dict[tuple[int, int], int] = {}

    def program(self) -> Program:
        number = list(range(self.old.first))
        for op, args in self.old.instructions():
            number.append(self._value(op, [number[k] for k in args]))
        outputs: list[int] = self.old.outputs.tolist()
        return self.made.program([number[v] for v in outputs], self.old.names)

    def _value(self, op: str, args: list[int]) -> int:
        if op in ("add", "sub") and args[1] in self.negated:
            other = "sub" if op == "add" else "add"
            return self.made.emit(other, [args[0], self.negated[args[1]]])
        if op == "add" and args[0] in self.negated:
            return self.made.emit("sub", [args[1], self.negated[args[0]]])
        if op == "azdot":
            half = len(args) // 2
            return self._fold(list(zip(args[:half], args[half:], strict=True)))
        value = self.made.emit(op, args)
        if op == "neg":
            self.negated[value] = args[0]
        elif op == "azmul":
            self.products[args[0], args[1]] = value
        return value

    def _fold(self, pairs: Pairs) -> int:
        if self.ones:
            one = self.ones[0]
            pairs = [(self.products[p], one) if p in self.products else p for p in pairs]
            a, b = pairs[-1]
            if len(pairs) > 1 and b in self.ones and a in self.negated:
                return self.made.emit("sub", [self._head(pairs[:-1]), self.negated[a]])
        return self.made.emit("azdot", [a for a, _ in pairs] + [b for _, b in pairs])

    def _head(self, pairs: Pairs) -> int:
        [(a, b), *others] = pairs
        if not others:
            return a if b in self.ones else self._value("azmul", [a, b])
        return self.made.emit("azdot", [a for a, _ in pairs] + [b for _, b in pairs])
