"""Templates: the rule of a row as instructions, written once and laid over all its nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from typedgrad.flow import distinct, first_of_each, ordered
from typedgrad.op import TABLE, Op
from typedgrad.program import LARGEST, Program, sealed
from typedgrad.symbolic import Trace, traced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32]
    Flags: TypeAlias = NDArray[np.bool]

G, Y, FIRST = 0, 1, 2  # the places of the adjoint, the result and the first argument
ONE = -1  # the first constant of every template is 1
WIDE = 16  # a template of more parts is laid down part by part in arrays, not in a loop
MASKED = 4  # rows of more arguments always get all their terms


class Term(NamedTuple):
    """What one argument receives: the product of two values, `weight` being ONE for no product."""

    argument: int
    adjoint: int
    weight: int


class Template(NamedTuple):
    """Instructions over the adjoint (value 0), the result (1), the arguments, and each other.

    Constants are numbered from -1 down, and -1 is the number 1.
    """

    ops: tuple[str, ...]
    args: tuple[tuple[int, ...], ...]
    constants: tuple[Any, ...]
    terms: tuple[Term, ...]


@lru_cache(maxsize=4096)
def template(op: Op, arity: int, wanted: tuple[bool, ...], forward: bool) -> Template:
    """Return the template of a row for the arguments that are wanted; all if `wanted` is empty.

    In reverse a last product with the adjoint is left to whoever adds the terms up. `forward`
    gives the partials instead, as the weights of terms.
    """
    if arity > WIDE and op.name in PLAIN:
        return PLAIN[op.name](arity, forward)
    return by_tracing(op, arity, wanted, forward)


def by_tracing(op: Op, arity: int, wanted: tuple[bool, ...], forward: bool) -> Template:
    """Return the template that the rule of a row writes down when it is run on symbols."""
    trace, found = traced(op.name, arity, not forward)
    chosen = [
        (j, trace.ref(term))
        for j, term in enumerate(found)
        if term is not None and (not wanted or wanted[j])
    ]
    split = [_term(trace, j, ref, forward) for j, ref in chosen]
    return _trimmed(trace, split)


def _added(arity: int, forward: bool) -> Template:
    """Return what `by_tracing` finds for a sum, in less time."""
    return Template((), (), (1,), tuple(Term(j, G, ONE) for j in range(arity)))


def _multiplied(arity: int, forward: bool) -> Template:
    """Return what `by_tracing` finds for a dot product, in less time."""
    half = arity // 2
    terms = [Term(j, G, FIRST + (j + half) % arity) for j in range(arity)]
    return Template((), (), (1,), tuple(terms))


def _absolute(arity: int, forward: bool) -> Template:
    """Return what `by_tracing` finds for an absolute dot product, in less time."""
    half, plain = arity // 2, _multiplied(arity, forward)
    if forward:
        return plain
    made = tuple((FIRST + j, G) for j in range(half))
    last = tuple(Term(half + j, FIRST + arity + j, ONE) for j in range(half))
    return Template(("azprod",) * half, made, (1,), plain.terms[:half] + last)


# Rows that long programs give very many arguments.
PLAIN: dict[str, Callable[[int, bool], Template]] = {
    **dict.fromkeys(("sum", "sum_compensated"), _added),
    **dict.fromkeys(("dot", "dot_compensated"), _multiplied),
    "azdot": _absolute,
}


def _term(trace: Trace, argument: int, ref: int, forward: bool) -> Term:
    if forward:
        return Term(argument, G, ref)
    k = ref - trace.parameters
    if k >= 0 and trace.ops[k] == "azmul":
        return Term(argument, *trace.args[k])
    return Term(argument, ref, ONE)


def _trimmed(trace: Trace, terms: list[Term]) -> Template:
    """Return the template without the instructions that no term needs."""
    base = trace.parameters
    needed = {ref for term in terms for ref in term[1:]}
    for k in range(len(trace.ops) - 1, -1, -1):
        if base + k in needed:
            needed.update(trace.args[k])
    kept = [k for k in range(len(trace.ops)) if base + k in needed]
    moved = {base + k: base + new for new, k in enumerate(kept)}
    ops = tuple(trace.ops[k] for k in kept)
    args = tuple(tuple(moved.get(ref, ref) for ref in trace.args[k]) for k in kept)
    final = tuple(Term(j, moved.get(g, g), moved.get(w, w)) for j, g, w in terms)
    return Template(ops, args, tuple(trace.constants), final)


class Group(NamedTuple):
    """The instructions of a program that share a template, in ascending order."""

    nodes: Any
    args: Any
    template: Template


def groups(program: Program, varied: Flags, forward: bool = False) -> Iterator[Group]:
    """Yield the instructions that share a row, a number of arguments and a pattern of varied ones.

    `args` is one row for each instruction. Instructions that vary with no input are left out.
    """
    counts = np.diff(program.starts)
    active = np.flatnonzero(varied[program.first :]).astype(np.int32)
    key = program.codes[active].astype(np.int64) << 40 | counts[active].astype(np.int64) << 8
    starts = program.starts[active]
    for j in range(min(MASKED, int(counts.max(initial=0)))):
        has = (counts[active] > j) & (counts[active] <= MASKED)
        position = np.minimum(starts + j, max(len(program.args) - 1, 0))
        key |= (has & varied[program.args[position]]).astype(np.int64) << j
    kinds = distinct(np.sort(key))
    kind = np.searchsorted(kinds, key)
    order = ordered(kind)
    bounds: list[int] = [*first_of_each(kind[order]).tolist(), len(order)]
    for begin, end in pairwise(bounds if len(order) else []):
        nodes = active[order[begin:end]]
        i = int(nodes[0])
        op, arity = TABLE[program.op(i)], int(counts[i])
        places = program.starts[nodes][:, None] + np.arange(arity, dtype=np.int32)
        args = program.args[places]
        wanted = tuple(varied[args[0]].tolist()) if arity <= MASKED else ()
        yield Group(nodes, args, template(op, arity, wanted, forward))


def local(ref: int, spot: Spot) -> Any:
    """Return the values that a number inside a template stands for, one for each node."""
    if ref < 0:
        return np.full(len(spot.adjoint), spot.constants[-1 - ref], np.int32)
    if ref == G:
        return spot.adjoint
    if ref == Y:
        return spot.result
    arity = spot.args.shape[1]
    return spot.args[:, ref - FIRST] if ref < FIRST + arity else spot.base + (ref - FIRST - arity)


def table(refs: Sequence[int], spot: Spot) -> Any:
    """Return `local` of many numbers, a row for each node, a column for each number."""
    numbers, arity = np.array(refs, np.int64), spot.args.shape[1]
    found: Any = np.empty((len(spot.adjoint), len(numbers)), np.int32)
    kind = np.searchsorted([0, Y, FIRST, FIRST + arity], numbers, side="right")
    for which, column in ((1, spot.adjoint), (2, spot.result)):
        found[:, kind == which] = column[:, None]
    found[:, kind == 0] = np.array(spot.constants, np.int32)[-1 - numbers[kind == 0]]
    found[:, kind == 3] = spot.args[:, numbers[kind == 3] - FIRST]
    found[:, kind == 4] = spot.base[:, None] + (numbers[kind == 4] - FIRST - arity)
    return found


class Spot(NamedTuple):
    """Where a template is laid: the new numbers of what it takes, and of its first instruction."""

    adjoint: Any
    result: Any
    args: Any
    base: Any
    constants: list[int]


class Pool:
    """The constants of a program and those that templates bring, each once."""

    def __init__(self, program: Program, inputs: int, laid: Sequence[Group]) -> None:
        self.first = inputs
        self.constants: list[Any] = list(program.constants)
        self._places: dict[Any, int] = {}
        for k, x in enumerate(self.constants):
            self._places.setdefault(_key(x), k)
        for group in laid:
            self.places(group.template)

    def place(self, x: Any) -> int:
        """Return the number of the value of a constant."""
        key = _key(x)
        if key not in self._places:
            self._places[key] = len(self.constants)
            self.constants.append(x)
        return self.first + self._places[key]

    def places(self, laid: Template) -> list[int]:
        """Return the numbers of the values of a template's constants."""
        return [self.place(x) for x in laid.constants]


def _key(x: Any) -> Any:
    return type(x), repr(x)


class Writer:
    """The instructions of a program and new ones behind them, laid down in any order.

    Inputs and constants may have been added to those of the old program; its values move.
    """

    def __init__(self, old: Program, inputs: int, constants: list[Any], end: int) -> None:
        self.old = old
        self.inputs = inputs
        self.constants = constants
        self.first: int = inputs + len(constants)
        self.ops: dict[str, int] = {name: code for code, name in enumerate(old.ops)}
        size = end - self.first
        self.codes: Any = np.empty(size, np.int32)
        self.counts: Any = np.zeros(size, np.int32)
        self.codes[: len(old)] = old.codes
        self.counts[: len(old)] = np.diff(old.starts)
        self.jobs: list[tuple[Any, Any, Any]] = []

    def moved(self, values: Any) -> Any:
        """Return the new numbers of old values."""
        return moved(self.old, values, self.inputs, self.first)

    def place(self, op: str, values: Any, count: Any) -> Any:
        """Make room for the instructions that give these values, each of a row."""
        rows = (values - self.first).astype(np.int32)
        self.codes[rows] = self.ops.setdefault(op, len(self.ops))
        self.counts[rows] = count
        return rows

    def lay(self, laid: Template, spot: Spot) -> None:
        """Lay a template over all its nodes."""
        if len(laid.ops) > WIDE:
            self._lay_wide(laid, spot)
            return
        for t, (op, refs) in enumerate(zip(laid.ops, laid.args, strict=True)):
            self.put(op, spot.base + t, [local(ref, spot) for ref in refs])

    def _lay_wide(self, laid: Template, spot: Spot) -> None:
        """Lay all instructions of a row and a number of arguments at once."""
        alike: dict[tuple[str, int], list[int]] = {}
        for t, (op, refs) in enumerate(zip(laid.ops, laid.args, strict=True)):
            alike.setdefault((op, len(refs)), []).append(t)
        for (op, size), places in alike.items():
            values = (spot.base[:, None] + np.array(places, spot.base.dtype)).ravel()
            columns = [[laid.args[t][k] for t in places] for k in range(size)]
            self.put(op, values, [table(column, spot).ravel() for column in columns])

    def put(self, op: str, values: Any, args: Sequence[Any]) -> None:
        """Lay one instruction of a row for each value; `args` holds one array an argument."""
        rows = self.place(op, values, len(args))
        self.jobs.extend((rows, k, arg.astype(np.int32, copy=False)) for k, arg in enumerate(args))

    def fold(self, op: str, values: Any, target: Any, *factors: Any) -> None:
        """Lay rows of any number of arguments; `target`, ascending, says whose each factor is."""
        begins = first_of_each(target)
        owners, counts = target[begins], np.append(begins[1:], len(target)) - begins
        rows = self.place(op, values[owners], counts * len(factors))
        rank = np.arange(len(target), dtype=np.int32) - np.repeat(begins.astype(np.int32), counts)
        each, step = np.repeat(rows, counts), np.repeat(counts.astype(np.int32), counts)
        for k, factor in enumerate(factors):
            self.jobs.append((each, rank + k * step, factor.astype(np.int32, copy=False)))

    def program(self, outputs: Any, names: Sequence[str], places: Any = None) -> Program:
        """Return the program; places are entries of the old program's sources."""
        old = self.old
        total = int(self.counts.sum(dtype=np.int64))
        starts = np.zeros(len(self.counts) + 1, np.int32 if total <= LARGEST else np.int64)
        np.cumsum(self.counts, out=starts[1:])
        args = np.empty(total, np.int32)
        args[: len(old.args)] = self.moved(old.args)
        while self.jobs:
            rows, rank, values = self.jobs.pop()
            args[starts[rows] + rank] = values
        parts = (sealed(self.codes), sealed(starts), sealed(args), outputs)
        sources = () if places is None else old.sources
        return Program(self.inputs, self.constants, self.ops, *parts, names, places, sources)


def moved(old: Program, values: Any, inputs: int, first: int) -> Any:
    """Return the new numbers of a program's values where it has got inputs and constants."""
    constants, results = inputs - old.inputs, first - old.first
    found: Any = values + np.int32(results - constants) * (values >= old.first)
    if constants:
        found += np.int32(constants) * (values >= old.inputs)
    return found.astype(np.int32, copy=False)
