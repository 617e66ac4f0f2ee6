"""A program as one graph of machine operations, choices as selects: what the batch kernel runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from typing_extensions import override

from typedgrad.engines.engine import constants_in
from typedgrad.engines.llvm.bodies import TESTS, body
from typedgrad.engines.llvm.lowering import lowered
from typedgrad.engines.llvm.symbols import Number, Sink, Test, is_number
from typedgrad.machine import machine_of
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE, Op
from typedgrad.program import Program

INPUT, CONSTANT, CALL, ROW, PYTHON = "input", "constant", "call", "row", "python"
BARRIERS = frozenset({CALL, ROW, PYTHON})
CALL_WEIGHT = 40  # an inner loop costs as much as so many plain operations
# A row heavier than this keeps its branches and runs point by point; the second number is for a
# program that has too many of them. Where there are no vectors, branches are cheap.
HEAVIEST = (3000, 200)
HEAVIEST_WIDE = (2 * CALL_WEIGHT,)
MOST_NODES = 40_000
SETTLED: dict[str, Callable[[Any, Any], Any]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


class TooLarge(Exception):
    """A program has more operations than straight code can have."""


class Graph(Sink):
    """Operations in order; each is known by its number, and none is there twice.

    `ops[n]` takes the nodes `args[n]`; `given[n]` is an input's number, a constant's scalar, the
    ufunc of a call or the name of a row.
    """

    def __init__(self, numbers: NumberSystem[Any]) -> None:
        super().__init__(numbers)
        self.ops: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.given: dict[int, Any] = {}
        self.outputs: list[int] = []
        self._known: dict[Any, int] = {}
        self._assumed: dict[int, bool] = {}

    def node(self, op: str, args: tuple[int, ...], given: Any = None, key: Any = None) -> int:
        """Return the number of a node, made now if it is not there."""
        key = (op, args, given if key is None else key)
        found = self._known.get(key)
        if found is None:
            if len(self.ops) > MOST_NODES:
                raise TooLarge
            found = self._known[key] = len(self.ops)
            self.ops.append(op)
            self.args.append(args)
            if given is not None:
                self.given[found] = given
        return found

    @override
    def constant(self, x: Any) -> int:
        return self.node(CONSTANT, (), x, "nan" if x != x else (x, bool(np.signbit(x))))

    @override
    def emit(self, op: str, *refs: Any) -> int:
        if op == "select":
            return self._select(*refs)
        if op == "abs" and self.ops[refs[0]] == "abs":
            return int(refs[0])
        return self.node(op, refs)

    def _select(self, test: int, then: int, otherwise: int) -> int:
        """Return the choice.

        Where a comparison decides whether its number stays as it is, what is computed comes first:
        a processor of masked vectors takes it in one instruction with the choice.
        """
        if then == otherwise:
            return then
        compared = self.args[test]
        if self.ops[test] == "not":
            test, then, otherwise = compared[0], otherwise, then
        elif self.ops[test] == "eq" and then in compared and self.numbers.bits <= 53:
            test, then, otherwise = self.node("ne", compared), otherwise, then
        return self.node("select", (test, then, otherwise))

    @override
    def call(self, ufunc: np.ufunc, *refs: Any) -> int:
        return self.node(CALL, refs, ufunc)

    @override
    def choose(self, test: Test, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        known = self._assumed.get(test.ref)
        if known is not None:
            return then() if known else otherwise()
        first = self._side(test.ref, True, then)
        return self.pick(test, first, self._side(test.ref, False, otherwise))

    def _side(self, test: int, holds: bool, side: Callable[[], Any]) -> Any:
        """Return one side of a choice; the same test within it is settled."""
        self._assumed[test] = holds
        try:
            return side()
        finally:
            del self._assumed[test]

    @override
    def test(self, op: str, *args: Any) -> Any:
        refs: list[int] = [self.ref(x) for x in args]
        found = [self.settled(op, *pair) for pair in self.alternatives(*refs)]
        if len(found) != 2 or None in found:
            return Test(self, self.emit(op, *refs))
        if found[0] == found[1]:
            return found[0]
        chosen: int = next(self.args[r][0] for r in refs if self.ops[r] == "select")
        return Test(self, chosen if found[0] else self.emit("not", chosen))

    def alternatives(self, a: int, b: int) -> list[tuple[int, int]]:
        """Return the pairs that a select beside a constant, or beside itself, may be."""
        if self.ops[a] == "select" and (a == b or self.ops[b] == CONSTANT):
            _, then, other = self.args[a]
            return [(then, then), (other, other)] if a == b else [(then, b), (other, b)]
        if self.ops[b] == "select" and self.ops[a] == CONSTANT:
            _, then, other = self.args[b]
            return [(a, then), (a, other)]
        return []

    def settled(self, op: str, a: int, b: int) -> bool | None:
        """Return how a comparison of two constants ends, or None where they are not constants."""
        if self.ops[a] != CONSTANT or self.ops[b] != CONSTANT:
            return None
        return bool(SETTLED[op](self.given[a], self.given[b]))

    def weight(self) -> int:
        """Return the cost of the whole graph, in plain operations."""
        return len(self.ops) + CALL_WEIGHT * sum(op in BARRIERS for op in self.ops)


@lru_cache(maxsize=2048)
def weight_of(op: Op, numbers: NumberSystem[Any]) -> int | None:
    """Return the cost of a row written with selects, or None if it cannot be written."""
    graph = Graph(numbers)
    args = [Number(graph, graph.node(INPUT, (), k)) for k in range(op.arity)]
    try:
        lowered(numbers).forward(op)(*args)
    except Exception:  # whatever the text of a row may do with symbols
        return None
    return graph.weight()


def graph_of(program: Program, numbers: NumberSystem[Any], wanted: Sequence[int]) -> Graph:
    """Return the graph of some of the outputs of a program.

    Raises `TooLarge` for a program that is too large for straight code.
    """
    *first, last = HEAVIEST if numbers.bits <= 53 else HEAVIEST_WIDE
    for heaviest in first:
        try:
            return _graph(program, numbers, wanted, heaviest)
        except TooLarge:
            continue
    return _graph(program, numbers, wanted, last)


def _graph(
    program: Program, numbers: NumberSystem[Any], wanted: Sequence[int], heaviest: int
) -> Graph:
    graph = Graph(numbers)
    values: list[Any] = [Number(graph, graph.node(INPUT, (), k)) for k in range(program.inputs)]
    values += constants_in(program, numbers)
    needed = _needed(program, [int(program.outputs[j]) for j in wanted])
    with np.errstate(all="ignore"):
        for i, (name, places) in enumerate(program.instructions()):
            there = needed[program.first + i]
            args = [values[k] for k in places] if there else []
            values.append(_applied(graph, name, args, heaviest) if there else None)
    graph.outputs = [graph.ref(values[int(program.outputs[j])]) for j in wanted]
    return graph


def _needed(program: Program, roots: list[int]) -> list[bool]:
    needed = [False] * program.values
    for root in roots:
        needed[root] = True
    args, starts = program.args.tolist(), program.starts.tolist()
    for i in range(len(program) - 1, -1, -1):
        if needed[program.first + i]:
            for k in args[starts[i] : starts[i + 1]]:
                needed[k] = True
    return needed


def _applied(graph: Graph, name: str, args: list[Any], heaviest: int) -> Any:
    """Return what a row makes of values, as plain operations if that is not too heavy."""
    op, numbers = TABLE[name], graph.numbers
    if not any(map(is_number, args)):
        return machine_of(numbers).row(op).forward(*args)
    composed = not op.sequences and not isinstance(op.forward, np.ufunc)
    if composed and (weight_of(op, numbers) or 0) > heaviest and body(name, numbers):
        return Number(graph, graph.node(ROW, tuple(map(graph.ref, args)), name))
    try:
        return lowered(numbers).forward(op)(*args)
    except TooLarge:
        raise
    except Exception:
        return Number(graph, graph.node(PYTHON, tuple(map(graph.ref, args)), name))


def is_test(op: str) -> bool:
    """Tell whether an operation gives a truth value."""
    return op in TESTS or op == "not"
